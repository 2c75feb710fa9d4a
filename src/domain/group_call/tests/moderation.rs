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
