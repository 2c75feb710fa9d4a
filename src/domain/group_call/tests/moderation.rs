//! What moderators do.

use super::*;

#[test]
fn only_who_started_it_and_administrators_moderate() {
    let mut world = World::answered();
    let lock = Moderation::Lock(true);
    assert_eq!(world.moderate(BORIS, lock), Err(GroupRefusal::NotModerator));
    world.moderate(ANNA, lock).unwrap();
    let by = world.user(VERA);
    let command = GroupCommand::Moderate {
        by,
        admin: true,
        action: Moderation::Lock(false),
    };
    world.apply(command).unwrap();
    assert!(!world.call.record().locked);
}

#[test]
fn who_is_muted_by_a_moderator_may_unmute_themselves() {
    let mut world = World::answered();
    let (anna, boris) = (world.user(ANNA), world.people[BORIS]);
    world.moderate(ANNA, Moderation::Mute(boris.user)).unwrap();
    assert_eq!(world.asked_of_room(), [silenced(&boris, true)]);
    let shown = world.call.view().participants[1].clone();
    assert_eq!((shown.muted, shown.muted_by), (true, Some(anna)));
    let command = GroupCommand::Switch {
        speaker: boris.speaker(),
        muted: false,
        camera: true,
        screen: false,
    };
    world.apply(command).unwrap();
    assert_eq!(world.asked_of_room(), [silenced(&boris, false)]);
    let shown = world.call.view().participants[1].clone();
    assert_eq!((shown.muted, shown.muted_by), (false, None));
}

#[test]
fn nobody_new_joins_a_locked_call_but_who_was_in_it_comes_back() {
    let mut world = World::answered();
    world.pass(secs(45));
    world.leave(BORIS).unwrap();
    world.moderate(ANNA, Moderation::Lock(true)).unwrap();
    assert!(world.saved_first());
    assert_eq!(world.join(VERA), Err(GroupRefusal::Locked));
    world.join(BORIS).unwrap();
    assert_eq!(world.invite(BORIS, VERA), Err(GroupRefusal::Locked));
    world.invite(ANNA, VERA).unwrap();
    world.join(VERA).unwrap();
}

#[test]
fn who_was_removed_comes_back_only_if_a_moderator_invites_them() {
    let mut world = World::answered();
    world.join(VERA).unwrap();
    let boris = world.user(BORIS);
    world.moderate(ANNA, Moderation::Remove(boris)).unwrap();
    assert_eq!(world.user_heard(BORIS), ["removed"]);
    assert_eq!(world.inside(), [ANNA, VERA]);
    assert_eq!(world.join(BORIS), Err(GroupRefusal::Removed));
    assert_eq!(world.invite(VERA, BORIS), Err(GroupRefusal::NotModerator));
    world.invite(ANNA, BORIS).unwrap();
    world.join(BORIS).unwrap();
}

#[test]
fn who_is_removed_while_it_rings_is_rung_no_longer() {
    let mut world = World::answered();
    let vera = world.user(VERA);
    world.moderate(ANNA, Moderation::Remove(vera)).unwrap();
    assert_eq!(world.user_heard(VERA), ["stop over", "removed"]);
    assert_eq!(world.outcome(VERA), Outcome::Missed);
}

#[test]
fn whom_a_call_rings_and_who_started_it_come_in_although_it_is_locked() {
    let mut world = World::ringing();
    world.moderate(ANNA, Moderation::Lock(true)).unwrap();
    world.join(ANNA).unwrap();
    world.join(VERA).unwrap();
    world.pass(secs(45));
    assert_eq!(world.join(GLEB), Err(GroupRefusal::Locked), "it rang out");
}

#[test]
fn who_started_a_call_and_was_removed_from_it_moderates_no_more() {
    let mut world = World::answered();
    let (anna, by) = (world.user(ANNA), world.user(VERA));
    let command = GroupCommand::Moderate {
        by,
        admin: true,
        action: Moderation::Remove(anna),
    };
    world.apply(command).unwrap();
    assert_eq!(world.invite(ANNA, ANNA), Err(GroupRefusal::Stranger));
    let lock = world.moderate(ANNA, Moderation::Lock(true));
    assert_eq!(lock, Err(GroupRefusal::NotModerator));
    assert_eq!(world.join(ANNA), Err(GroupRefusal::Removed));
}

#[test]
fn nobody_who_was_removed_lets_themselves_in_not_even_an_administrator() {
    let mut world = World::answered();
    let user = world.user(BORIS);
    world.moderate(ANNA, Moderation::Remove(user)).unwrap();
    let invite = GroupCommand::Invite {
        by: user,
        admin: true,
        user,
        name: UserName::stored("x".into()),
        busy: false,
    };
    assert_eq!(world.apply(invite), Err(GroupRefusal::Stranger));
}

#[test]
fn a_call_that_the_operator_ends_is_over_for_everybody_at_once() {
    let mut world = World::answered();
    let inside = [ANNA, BORIS].map(|who| world.people[who].session);
    world.apply(GroupCommand::Close).unwrap();
    assert!(world.saved_first());
    let retired: Vec<_> = (world.said.iter())
        .filter_map(|effect| match effect {
            GroupEffect::Retire(session) => Some(*session),
            GroupEffect::Save(_) | GroupEffect::Room(_) | GroupEffect::Emit(..) => None,
        })
        .collect();
    assert_eq!(retired, inside);
    assert_eq!(world.asked_of_room(), [RoomAsk::Close]);
    let record = world.call.record();
    assert_eq!(
        (record.status, record.reason, record.ended_at),
        (CallStatus::Ended, Some(EndReason::Closed), Some(world.now))
    );
    assert!(record.people.iter().all(|person| !person.is_inside()));
    assert_eq!(world.call.deadline(), None);

    let mut world = World::ringing();
    world.apply(GroupCommand::Close).unwrap();
    let record = world.call.record();
    assert_eq!(
        (record.status, record.reason),
        (CallStatus::Missed, Some(EndReason::Closed))
    );
}
