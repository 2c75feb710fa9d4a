//! What a restart leaves of a call.

use super::*;

impl World {
    fn restart(&mut self, after: Duration) {
        self.now = self.now.plus(after);
        let members = self.people.iter().map(|person| person.user);
        let record = self.call.record().clone();
        (self.call, self.said) = GroupCall::restore(record, limits(), members, self.now);
    }
}

#[test]
fn who_was_in_the_call_is_awaited_and_joins_anew() {
    let mut world = World::answered();
    world.moderate(ANNA, Moderation::Lock(true)).unwrap();
    let version = world.call.view().version;
    world.restart(secs(2));
    assert_eq!(world.call.inside().len(), 2, "they are still in a call");
    assert!(world.inside().is_empty(), "but nobody is in the room");
    assert!(world.call.view().version > version);
    let old = world.people[BORIS].speaker();
    let socket = SocketId(99);
    let resumed = world.apply(GroupCommand::Resume {
        speaker: old,
        socket,
    });
    assert_eq!(resumed, Err(GroupRefusal::NoSuchParticipant));
    for who in [ANNA, BORIS] {
        world.people[who].participant = ParticipantId::new();
        world.join(who).unwrap();
        assert_eq!(world.retired(), [], "the same sign-in goes on");
    }
    world.pass(secs(60));
    assert_eq!(world.status(), (CallStatus::Answered, None));
    assert_eq!(world.join(VERA), Err(GroupRefusal::Locked));
}

#[test]
fn a_call_that_nobody_comes_back_to_was_over_when_the_server_died() {
    let mut world = World::answered();
    world.pass(secs(25));
    let alive = world.call.record().last_alive_at;
    world.restart(secs(600));
    world.pass(secs(29));
    assert_eq!(world.status(), (CallStatus::Answered, None));
    world.pass(secs(1));
    assert_eq!(world.status(), (CallStatus::Ended, Some(EndReason::Lost)));
    assert_eq!(world.call.record().ended_at, Some(alive));
    let people = world.call.record().people.iter();
    let left: Vec<_> = people.filter_map(|person| person.left_at).collect();
    assert_eq!(left, [alive, alive]);
}

#[test]
fn who_does_not_come_back_has_left_while_the_others_go_on() {
    let mut world = World::answered();
    world.restart(secs(2));
    world.people[ANNA].participant = ParticipantId::new();
    world.join(ANNA).unwrap();
    world.pass(secs(30));
    assert_eq!(world.call.inside().len(), 1);
    let boris = world.call.record().person(world.user(BORIS)).unwrap();
    assert_eq!(boris.left_at, Some(T0));
}

#[test]
fn what_rang_rings_on_for_the_time_that_is_left() {
    let mut world = World::ringing();
    world.join(ANNA).unwrap();
    world.restart(secs(20));
    let socket = SocketId(88);
    world.attach(world.people[BORIS], socket);
    let heard = world.heard(Audience::Socket(socket));
    assert_eq!(heard, ["changed", "incoming 25000"]);
    world.pass(secs(25));
    assert_eq!(world.outcome(BORIS), Outcome::Missed);
}
