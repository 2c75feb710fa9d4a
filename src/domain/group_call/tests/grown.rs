//! A call between two that becomes a group call.

use super::super::super::{CallId, CallLeg, CallRecord};
use super::*;

impl World {
    /// Anna and Boris, who speak with each other; Anna invites Vera.
    fn grown() -> Self {
        let mut world = Self::ringing();
        let leg = |person: &Person| CallLeg {
            user: person.user,
            name: UserName::stored("x".into()),
            session: Some(person.session),
        };
        let call = CallRecord {
            id: CallId::new(),
            chat: ChatId::new(),
            kind: CallKind::Voice,
            status: CallStatus::Answered,
            reason: None,
            caller: leg(&world.people[ANNA]),
            receiver: leg(&world.people[BORIS]),
            created_at: T0,
            updated_at: T0,
            answered_at: Some(T0.plus(secs(3))),
            ended_at: None,
            last_alive_at: T0,
        };
        world.now = T0.plus(secs(60));
        let record = GroupRecord::grown(&call, "Анна & Борис".into(), world.now);
        let third = (world.user(VERA), UserName::stored("x".into()), false);
        let grown = GroupCall::grow(record, limits(), world.user(ANNA), third, world.now);
        (world.call, world.said) = grown.unwrap();
        world
    }
}

#[test]
fn both_are_told_to_come_into_the_room_and_the_third_is_rung() {
    let mut world = World::grown();
    assert!(world.saved_first());
    for who in [ANNA, BORIS] {
        let session = world.people[who].session;
        assert_eq!(world.heard(Audience::Session(session)), ["grown"]);
    }
    assert_eq!(world.user_heard(VERA), ["incoming 45000"]);
    for who in [ANNA, BORIS, VERA] {
        world.join(who).unwrap();
        assert_eq!(world.retired(), [], "what they hold on the relay stays");
    }
    assert_eq!(world.status(), (CallStatus::Answered, None));
    assert_eq!(world.call.record().answered_at, Some(T0.plus(secs(3))));
}

#[test]
fn a_grown_call_that_nobody_comes_to_is_over() {
    let mut world = World::grown();
    let since = world.now;
    world.pass(secs(30));
    assert_eq!(world.status(), (CallStatus::Ended, Some(EndReason::Lost)));
    assert_eq!(world.call.record().ended_at, Some(since));
    assert_eq!(world.retired().len(), 2);
}

#[test]
fn who_hangs_up_in_place_of_coming_into_the_room_has_left() {
    let mut world = World::grown();
    let user = world.user(BORIS);
    world.apply(GroupCommand::Decline(user)).unwrap();
    assert_eq!(world.retired(), [world.people[BORIS].session]);
    assert_eq!(world.call.inside().len(), 1);
}

#[test]
fn a_device_whose_socket_was_away_when_the_call_grew_hears_of_it_when_it_is_back() {
    let mut world = World::grown();
    let (boris, socket) = (world.people[BORIS], SocketId(77));
    world.attach(boris, socket);
    assert_eq!(world.heard(Audience::Socket(socket)), ["changed", "grown"]);
    world.attach(boris.other_device(22), socket);
    assert_eq!(world.heard(Audience::Socket(socket)), ["changed"]);
    world.join(BORIS).unwrap();
    world.attach(boris, socket);
    assert_eq!(world.heard(Audience::Socket(socket)), ["changed"]);
}
