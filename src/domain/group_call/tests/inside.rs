//! Coming in, moving, leaving, and when the call is over.

use super::*;

#[test]
fn an_empty_room_is_given_up_after_ten_seconds_and_ends_as_of_the_last_leave() {
    let mut world = World::answered();
    world.pass(secs(20));
    world.leave(BORIS).unwrap();
    world.leave(ANNA).unwrap();
    let left = world.now;
    world.pass(secs(9));
    assert_eq!(world.status(), (CallStatus::Answered, None));
    world.pass(secs(1));
    assert_eq!(world.status(), (CallStatus::Ended, Some(EndReason::Empty)));
    assert_eq!(world.call.record().ended_at, Some(left));
    assert_eq!(world.call.record().duration_secs(), Some(20));
    assert_eq!(world.heard(Audience::Everybody), ["ended empty"]);
    assert_eq!(world.asked_of_room(), [RoomAsk::Close]);
    assert_eq!(world.join(ANNA), Err(GroupRefusal::Ended));
}

#[test]
fn who_comes_back_in_time_finds_the_call() {
    let mut world = World::answered();
    world.leave(BORIS).unwrap();
    world.leave(ANNA).unwrap();
    world.pass(secs(9));
    world.people[ANNA].participant = ParticipantId::new();
    world.join(ANNA).unwrap();
    world.pass(secs(60));
    assert_eq!(world.status(), (CallStatus::Answered, None));
    let person = world.call.record().person(world.user(ANNA)).unwrap();
    assert_eq!((person.joined_at, person.left_at), (Some(T0), None));
}

#[test]
fn a_call_holds_as_many_as_it_may() {
    let mut world = World::answered();
    world.join(VERA).unwrap();
    let full = Err(GroupRefusal::Full { limit: LIMIT });
    assert_eq!(world.join(GLEB), full);
    let elsewhere = world.people[VERA].other_device(22);
    world.join_as(elsewhere).unwrap();
    world.leave(BORIS).unwrap();
    world.join(GLEB).unwrap();
}

#[test]
fn joining_from_another_device_moves_the_call_there() {
    let mut world = World::answered();
    let (old, new) = (world.people[BORIS], world.people[BORIS].other_device(22));
    world.join_as(new).unwrap();
    assert_eq!(world.heard(Audience::Socket(old.socket)), ["moved"]);
    assert_eq!(world.asked_of_room(), [RoomAsk::Leave(old.participant)]);
    assert_eq!(world.retired(), [old.session]);
    assert_eq!(world.inside(), [ANNA, BORIS]);
    assert_eq!(
        world.leave(BORIS),
        Err(GroupRefusal::NoSuchParticipant),
        "the old device speaks for nobody"
    );
    let session = world.call.record().person(old.user).unwrap().session;
    assert_eq!(session, Some(new.session));
}

#[test]
fn joining_again_from_the_same_device_replaces_the_participant_and_ends_nothing_on_the_relay() {
    let mut world = World::answered();
    let old = world.people[BORIS];
    world.people[BORIS].participant = ParticipantId::new();
    world.join(BORIS).unwrap();
    assert_eq!(world.asked_of_room(), [RoomAsk::Leave(old.participant)]);
    assert_eq!(world.retired(), []);
    assert_eq!(
        world.heard(Audience::Socket(old.socket)),
        Vec::<String>::new()
    );
}

#[test]
fn who_leaves_is_let_go_by_the_room_and_the_relay() {
    let mut world = World::answered();
    world.leave(BORIS).unwrap();
    assert!(world.saved_first());
    let boris = world.people[BORIS];
    assert_eq!(world.asked_of_room(), [RoomAsk::Leave(boris.participant)]);
    assert_eq!(world.retired(), [boris.session]);
    assert_eq!(world.heard(Audience::Everybody), ["changed"]);
    let person = world.call.record().person(boris.user).unwrap();
    assert_eq!(person.left_at, Some(world.now));
}

#[test]
fn whom_the_room_lost_has_left() {
    let mut world = World::answered();
    world.gone(BORIS);
    assert_eq!(world.inside(), [ANNA]);
    assert!(world.saved_first());
    world.gone(BORIS);
    assert!(world.said.is_empty(), "a report of nobody says nothing");
}

#[test]
fn a_lost_socket_takes_nobody_out() {
    let mut world = World::answered();
    let socket = world.people[BORIS].socket;
    world.apply(GroupCommand::Detach(socket)).unwrap();
    world.pass(secs(600));
    assert_eq!(world.inside(), [ANNA, BORIS]);
}

#[test]
fn a_sign_in_that_is_over_leaves_and_an_account_that_is_gone_rings_no_more() {
    let mut world = World::answered();
    let (boris, vera) = (world.people[BORIS], world.user(VERA));
    let other = Some(SessionId::new());
    let gone = |user, session| GroupCommand::Gone { user, session };
    world.apply(gone(boris.user, other)).unwrap();
    assert_eq!(world.inside(), [ANNA, BORIS]);
    world.apply(gone(boris.user, Some(boris.session))).unwrap();
    assert_eq!(world.inside(), [ANNA]);
    world.apply(gone(vera, None)).unwrap();
    assert_eq!(world.outcome(VERA), Outcome::Missed);
    assert!(!world.call.audience().contains(&vera));
}

#[test]
fn a_device_that_is_taken_out_because_its_sign_in_goes_elsewhere_is_told_so() {
    let mut world = World::answered();
    let boris = world.people[BORIS];
    let (user, session) = (boris.user, Some(boris.session));
    world.apply(GroupCommand::Gone { user, session }).unwrap();
    assert_eq!(world.heard(Audience::Socket(boris.socket)), ["moved"]);
}

#[test]
fn a_living_call_says_so_every_ten_seconds() {
    let mut world = World::answered();
    world.pass(secs(45));
    world.pass(secs(30));
    let saves = world.said.iter();
    assert_eq!(
        saves.filter(|e| matches!(e, GroupEffect::Save(_))).count(),
        3
    );
    let alive = world.call.record().last_alive_at;
    assert!(world.now.since(alive) <= secs(10));
}

#[test]
fn ones_own_switches_are_shown_and_nothing_is_forwarded_that_is_off() {
    let mut world = World::answered();
    world.pass(secs(1));
    let speaker = world.people[BORIS].speaker();
    let switch = |muted, camera, screen| GroupCommand::Switch {
        speaker,
        muted,
        camera,
        screen,
    };
    world.apply(switch(true, true, false)).unwrap();
    assert_eq!(
        world.asked_of_room(),
        [silenced(&world.people[BORIS], true)]
    );
    assert_eq!(world.heard(Audience::Everybody), ["changed"]);
    assert!(!world.saved_first(), "it is not in the row");
    world.apply(switch(true, true, false)).unwrap();
    assert!(world.said.is_empty());
    world.apply(switch(false, false, true)).unwrap();
    assert_eq!(
        world.asked_of_room().len(),
        4,
        "microphone, camera, both of the screen"
    );
    let shown = world.call.view().participants[1].clone();
    assert_eq!(
        (shown.muted, shown.camera, shown.screen),
        (false, false, true)
    );
}

#[test]
fn a_participant_asks_so_often_and_no_more_and_no_kind_takes_what_another_needs() {
    let mut world = World::answered();
    let speaker = world.people[BORIS].speaker();
    let too_much = Err(GroupRefusal::TooMuch);
    let budgets = [
        (GroupRequest::View, 20),
        (GroupRequest::Switch, 20),
        (GroupRequest::Answer, 20),
        (GroupRequest::Candidate, 20),
        (GroupRequest::Offer, 5),
        (GroupRequest::Resume, 5),
    ];
    for (request, most) in budgets {
        for _ in 0..most {
            let asked = world.call.request(&speaker, request, world.now);
            assert_eq!(asked, Ok(()), "{request:?}");
        }
        let asked = world.call.request(&speaker, request, world.now);
        assert_eq!(asked, too_much, "{request:?}");
    }
    world.pass(secs(1));
    for (request, _) in budgets {
        world.call.request(&speaker, request, world.now).unwrap();
    }
}

#[test]
fn a_participant_has_so_many_candidates_and_asks_for_the_rest_all_the_same() {
    let mut world = World::answered();
    let speaker = world.people[BORIS].speaker();
    for _ in 0..64 {
        world.pass(secs(1));
        let candidate = GroupRequest::Candidate;
        world.call.request(&speaker, candidate, world.now).unwrap();
    }
    world.pass(secs(1));
    let one_more = world
        .call
        .request(&speaker, GroupRequest::Candidate, world.now);
    assert_eq!(one_more, Err(GroupRefusal::TooMuch));
    world
        .call
        .request(&speaker, GroupRequest::View, world.now)
        .unwrap();
}

#[test]
fn somebody_comes_and_goes_so_often_and_no_more() {
    let mut world = World::answered();
    let user = world.user(BORIS);
    for _ in 0..20 {
        world.call.paced(user, world.now).unwrap();
    }
    let too_much = Err(GroupRefusal::TooMuch);
    assert_eq!(world.call.paced(user, world.now), too_much);
    assert_eq!(world.call.paced(world.user(VERA), world.now), Ok(()));
    world.pass(secs(10));
    assert_eq!(world.call.paced(user, world.now), Ok(()));
}
