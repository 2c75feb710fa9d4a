//! For whom a call rings, for how long, and what becomes of it.

use super::*;

#[test]
fn everybody_but_who_started_it_is_rung_and_who_is_busy_gets_a_notice() {
    let world = World::with_busy(&[VERA]);
    assert!(world.saved_first());
    for who in [BORIS, GLEB, DASHA] {
        assert_eq!(world.user_heard(who), ["incoming 45000"]);
    }
    assert_eq!(world.user_heard(VERA), ["notice"]);
    assert_eq!(world.user_heard(ANNA), Vec::<String>::new());
    assert_eq!(world.outcome(VERA), Outcome::Busy);
    assert_eq!(world.outcome(BORIS), Outcome::Rang);
    assert_eq!(world.call.view().ringing.len(), 3);
}

#[test]
fn a_device_that_comes_while_it_rings_rings_for_the_time_that_is_left() {
    let mut world = World::ringing();
    world.join(ANNA).unwrap();
    world.pass(secs(5));
    let socket = SocketId(77);
    world.attach(world.people[BORIS], socket);
    let heard = world.heard(Audience::Socket(socket));
    assert_eq!(heard, ["changed", "incoming 40000"]);
    let socket = SocketId(78);
    world.attach(world.people[ANNA], socket);
    assert_eq!(world.heard(Audience::Socket(socket)), ["changed"]);
}

#[test]
fn who_does_not_come_in_time_missed_it_once_and_the_call_goes_on() {
    let mut world = World::answered();
    world.pass(secs(45));
    for who in [VERA, GLEB, DASHA] {
        assert_eq!(world.user_heard(who), ["stop missed"]);
        assert_eq!(world.outcome(who), Outcome::Missed);
    }
    assert_eq!(world.inside(), [ANNA, BORIS]);
    world.pass(secs(120));
    assert_eq!(world.user_heard(VERA), Vec::<String>::new());
    assert_eq!(world.status(), (CallStatus::Answered, None));
}

#[test]
fn who_missed_it_may_join_later() {
    let mut world = World::answered();
    world.pass(secs(50));
    world.join(VERA).unwrap();
    assert_eq!(world.outcome(VERA), Outcome::Joined);
}

#[test]
fn declining_stops_all_devices_of_the_person() {
    let mut world = World::answered();
    let user = world.user(VERA);
    world.apply(GroupCommand::Decline(user)).unwrap();
    assert_eq!(world.user_heard(VERA), ["stop declined"]);
    assert_eq!(world.outcome(VERA), Outcome::Declined);
    assert!(world.saved_first());
    world.apply(GroupCommand::Decline(user)).unwrap();
    assert!(world.said.is_empty(), "declining twice is declining once");
    world.join(VERA).unwrap();
    assert_eq!(world.outcome(VERA), Outcome::Joined);
}

#[test]
fn joining_stops_the_other_devices_of_the_person() {
    let mut world = World::ringing();
    world.join(BORIS).unwrap();
    let (user, except) = (world.user(BORIS), Some(world.people[BORIS].socket));
    let heard = world.heard(Audience::User { user, except });
    assert_eq!(heard, ["stop joined_elsewhere"]);
}

#[test]
fn a_call_is_answered_when_the_second_person_joins() {
    let mut world = World::ringing();
    world.join(ANNA).unwrap();
    assert_eq!(world.status(), (CallStatus::Ringing, None));
    world.pass(secs(7));
    world.join(BORIS).unwrap();
    assert_eq!(world.status(), (CallStatus::Answered, None));
    assert_eq!(world.call.record().answered_at, Some(world.now));
}

#[test]
fn a_call_that_nobody_else_joined_is_missed_when_it_ends() {
    let mut world = World::ringing();
    world.join(ANNA).unwrap();
    world.pass(secs(60));
    assert_eq!(world.status(), (CallStatus::Ringing, None), "one may wait");
    world.leave(ANNA).unwrap();
    assert_eq!(
        world.status(),
        (CallStatus::Missed, Some(EndReason::Missed))
    );
    assert_eq!(world.heard(Audience::Everybody), ["ended missed"]);
}

#[test]
fn who_hangs_up_before_anybody_came_cancels_the_call_at_once() {
    let mut world = World::ringing();
    world.join(ANNA).unwrap();
    world.leave(ANNA).unwrap();
    let cancelled = (CallStatus::Missed, Some(EndReason::Cancelled));
    assert_eq!(world.status(), cancelled);
    assert_eq!(world.user_heard(BORIS), ["stop over"]);
    assert_eq!(world.outcome(BORIS), Outcome::Missed);

    let mut never_came = World::ringing();
    let user = never_came.user(ANNA);
    never_came.apply(GroupCommand::Decline(user)).unwrap();
    assert_eq!(never_came.status(), cancelled);
}

#[test]
fn a_call_that_nobody_ever_joins_is_given_up() {
    let mut world = World::ringing();
    world.pass(secs(30));
    let cancelled = (CallStatus::Missed, Some(EndReason::Cancelled));
    assert_eq!(world.status(), cancelled);
    assert_eq!(world.call.record().ended_at, Some(T0));
}

#[test]
fn somebody_may_be_rung_again() {
    let mut world = World::answered();
    world.pass(secs(45));
    world.invite(BORIS, VERA).unwrap();
    assert_eq!(world.user_heard(VERA), ["incoming 45000"]);
    assert_eq!(world.outcome(VERA), Outcome::Rang);
    world.invite(BORIS, ANNA).unwrap();
    assert!(world.said.is_empty(), "who is in it is not rung");
    world.leave(BORIS).unwrap();
    world.invite(ANNA, BORIS).unwrap();
    world.pass(secs(45));
    assert_eq!(world.outcome(BORIS), Outcome::Joined, "they were in it");
}

#[test]
fn who_declined_is_left_in_peace_for_a_minute_but_not_by_moderators() {
    let mut world = World::answered();
    let user = world.user(VERA);
    world.apply(GroupCommand::Decline(user)).unwrap();
    world.pass(secs(59));
    assert!(world.invite(BORIS, VERA).is_err());
    world.pass(secs(1));
    world.invite(BORIS, VERA).unwrap();
    world.apply(GroupCommand::Decline(user)).unwrap();
    world.invite(ANNA, VERA).unwrap();
}

#[test]
fn only_who_is_in_the_call_invites() {
    let mut world = World::answered();
    assert_eq!(world.invite(VERA, GLEB), Err(GroupRefusal::Stranger));
    world.leave(BORIS).unwrap();
    assert_eq!(world.invite(BORIS, GLEB), Err(GroupRefusal::Stranger));
}
