//! What the relay is told of a call: who takes part, where they may be reached, and when that is over.

use std::net::IpAddr;

use super::super::{Announced, RelayChange};
use super::*;

fn candidate(address: &str) -> String {
    format!("candidate:1 1 udp 1 {address} 5000 typ host")
}

impl World {
    fn relay_heard(&self) -> Vec<RelayChange> {
        relay_changes(&self.said)
    }

    /// Whether the relay is told before anybody else is.
    fn relay_heard_first(&self) -> bool {
        let at = |wanted: fn(&Effect) -> bool| self.said.iter().position(wanted);
        at(|effect| matches!(effect, Effect::Relay(_)))
            < at(|effect| matches!(effect, Effect::Emit(_)))
    }
}

fn relay_changes(effects: &[Effect]) -> Vec<RelayChange> {
    let changes = effects.iter().filter_map(|effect| match effect {
        Effect::Relay(change) => Some(change.clone()),
        Effect::Emit(_) | Effect::Save(_) => None,
    });
    changes.collect()
}

fn announced(session: SessionId, addresses: &[&str]) -> RelayChange {
    let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
    RelayChange::Announce(session, addresses)
}

#[test]
fn the_caller_takes_part_from_the_first_ring_and_the_receiver_from_the_answer() {
    let mut world = World::ringing();
    let (caller, receiver) = (world.caller, world.receiver);
    assert_eq!(world.relay_heard(), [RelayChange::Join(caller.0, caller.1)]);
    world.attach(PHONE);
    assert_eq!(world.relay_heard(), []);
    world.accept(Some(PHONE)).unwrap();
    assert_eq!(
        world.relay_heard(),
        [RelayChange::Join(receiver.0, receiver.1)]
    );
    assert!(world.relay_heard_first());
}

#[test]
fn a_candidate_is_announced_before_it_is_passed_on_and_once() {
    let mut world = World::answered();
    let (caller, receiver) = (world.caller.1, world.receiver.1);
    let trickled = candidate("192.0.2.1");
    world
        .signal(true, CALLER, SignalKind::Candidate, &trickled)
        .unwrap();
    assert_eq!(world.relay_heard(), [announced(caller, &["192.0.2.1"])]);
    assert!(world.relay_heard_first());
    world
        .signal(true, CALLER, SignalKind::Candidate, &trickled)
        .unwrap();
    assert_eq!(world.relay_heard(), []);

    let sdp = format!(
        "v=0\r\na={}\r\na={}\r\n",
        candidate("192.0.2.1"),
        candidate("2001:db8::1")
    );
    world
        .signal(false, PHONE, SignalKind::Answer, &sdp)
        .unwrap();
    assert_eq!(
        world.relay_heard(),
        [announced(receiver, &["192.0.2.1", "2001:db8::1"])]
    );
    assert!(world.relay_heard_first());
    world.signal(false, PHONE, SignalKind::Offer, &sdp).unwrap();
    assert_eq!(world.relay_heard(), []);
}

#[test]
fn what_is_refused_is_not_announced() {
    let mut world = World::on_two_devices();
    let line = candidate("192.0.2.1");
    for (from_caller, socket) in [(false, PHONE), (true, LAPTOP)] {
        world
            .signal(from_caller, socket, SignalKind::Candidate, &line)
            .unwrap_err();
        assert_eq!(world.relay_heard(), []);
    }
    world.end(true).unwrap();
    world
        .signal(true, CALLER, SignalKind::Candidate, &line)
        .unwrap_err();
    assert_eq!(world.relay_heard(), []);
}

#[test]
fn a_side_announces_no_more_than_its_number_of_addresses() {
    let mut world = World::answered();
    for n in 0..Announced::MAX {
        let line = candidate(&format!("192.0.2.{n}"));
        world
            .signal(true, CALLER, SignalKind::Candidate, &line)
            .unwrap();
    }
    let one_more = candidate("198.51.100.1");
    let refused = world.signal(true, CALLER, SignalKind::Candidate, &one_more);
    assert_eq!(refused, Err(CallError::TooMuch));
    assert_eq!((world.relay_heard(), world.said.len()), (vec![], 0));
    let known = candidate("192.0.2.0");
    world
        .signal(true, CALLER, SignalKind::Candidate, &known)
        .unwrap();
    world
        .signal(false, PHONE, SignalKind::Candidate, &one_more)
        .unwrap();
    assert_eq!(
        world.relay_heard(),
        [announced(world.receiver.1, &["198.51.100.1"])]
    );
}

#[test]
fn a_side_that_moves_to_another_sign_in_leaves_with_the_old_one_and_announces_anew() {
    let mut world = World::answered();
    let ((user, before), line) = (world.caller, candidate("192.0.2.1"));
    world
        .signal(true, CALLER, SignalKind::Candidate, &line)
        .unwrap();
    let (session, socket) = (SessionId::new(), SocketId(9));
    world
        .apply(Command::Join {
            user,
            session,
            socket,
            legacy: false,
        })
        .unwrap();
    assert_eq!(
        world.relay_heard(),
        [RelayChange::Leave(before), RelayChange::Join(user, session)]
    );
    world.caller = (user, session);
    world
        .signal(true, socket, SignalKind::Candidate, &line)
        .unwrap();
    assert_eq!(world.relay_heard(), [announced(session, &["192.0.2.1"])]);
}

#[test]
fn a_side_that_comes_back_with_its_own_sign_in_stays_what_it_was() {
    let mut world = World::answered();
    world.apply(Command::Detach(CALLER)).unwrap();
    let ((user, session), socket) = (world.caller, SocketId(9));
    world
        .apply(Command::Join {
            user,
            session,
            socket,
            legacy: false,
        })
        .unwrap();
    assert_eq!(world.relay_heard(), []);
}

#[test]
fn however_a_call_ends_the_relay_hears_of_it_before_the_people_do() {
    let gone = |side: fn(&World) -> UserId| {
        move |world: &mut World| {
            let user = side(world);
            let session = None;
            world.apply(Command::Gone { user, session }).unwrap();
        }
    };
    type Way<'a> = (&'a str, fn() -> World, &'a dyn Fn(&mut World));
    let ways: [Way<'_>; 8] = [
        ("hung up", World::answered, &|world| {
            world.end(false).unwrap();
        }),
        ("cancelled", World::on_two_devices, &|world| {
            world.end(true).unwrap();
        }),
        ("rejected", World::on_two_devices, &|world| {
            let user = world.receiver.0;
            let socket = None;
            world.apply(Command::Reject { user, socket }).unwrap();
        }),
        ("missed", World::on_two_devices, &|world| {
            world.pass(secs(45));
        }),
        ("the caller was lost", World::on_two_devices, &|world| {
            world.apply(Command::Detach(CALLER)).unwrap();
            world.pass(secs(10));
        }),
        ("lost", World::answered, &|world| {
            world.apply(Command::Detach(PHONE)).unwrap();
            world.pass(secs(30));
        }),
        (
            "the caller is gone",
            World::answered,
            &gone(|world| world.caller.0),
        ),
        (
            "the receiver is gone",
            World::on_two_devices,
            &gone(|world| world.receiver.0),
        ),
    ];
    for (way, start, end) in ways {
        let mut world = start();
        end(&mut world);
        assert!(!world.status().is_live(), "{way}");
        assert_eq!(world.relay_heard(), [RelayChange::End], "{way}");
        assert!(world.relay_heard_first(), "{way}");
    }
}

#[test]
fn after_a_restart_those_who_spoke_take_part_and_announce_again() {
    let mut world = World::answered();
    let line = candidate("192.0.2.1");
    world
        .signal(true, CALLER, SignalKind::Candidate, &line)
        .unwrap();
    let (call, effects) = Call::restore(world.call.record().clone(), world.call.limits, world.now);
    let ((caller, at), (receiver, on)) = (world.caller, world.receiver);
    assert_eq!(
        relay_changes(&effects),
        [
            RelayChange::Join(caller, at),
            RelayChange::Join(receiver, on)
        ]
    );
    world.call = call;
    world
        .apply(Command::Join {
            user: caller,
            session: at,
            socket: CALLER,
            legacy: false,
        })
        .unwrap();
    world
        .signal(true, CALLER, SignalKind::Candidate, &line)
        .unwrap();
    assert_eq!(world.relay_heard(), [announced(at, &["192.0.2.1"])]);

    world.end(true).unwrap();
    let (_, effects) = Call::restore(world.call.record().clone(), world.call.limits, world.now);
    assert_eq!(relay_changes(&effects), []);
}
