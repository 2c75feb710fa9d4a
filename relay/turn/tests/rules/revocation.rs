//! Ending what a session holds, from outside.

use crate::support::{Client, PEER, Relay, UDP, alice, bob};
use stun::method;
use turn::{AllocationEvent, EndReason, RefusedWhy};

#[test]
fn revoking_a_session_ends_all_its_allocations_at_once_and_no_other() {
    let (mut relay, mut first, mut second, mut bob) = (
        Relay::new(),
        alice(),
        Client::of("alice", "9.9.9.9:1001"),
        bob(),
    );
    let relayed = relay.allocate(&mut first);
    relay.allocate(&mut second);
    relay.allocate(&mut bob);
    relay.permit(&mut first, PEER);
    relay.server.revoke(&"alice".parse().unwrap(), relay.now);
    assert_eq!(relay.receive(PEER, relayed, b"x"), None);
    assert_eq!(relay.send(&first, PEER, b"x"), None);
    relay.drain();
    assert_eq!(
        (relay.bound.len(), relay.server.counters().allocations),
        (1, 1)
    );
    let revoked = relay.events.iter().filter(|event| {
        matches!(
            event,
            AllocationEvent::Ended {
                reason: EndReason::Revoked,
                ..
            }
        )
    });
    assert_eq!(revoked.count(), 2);
}

#[test]
fn revoking_an_unknown_session_does_nothing() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.server.revoke(&"nobody".parse().unwrap(), relay.now);
    relay.drain();
    assert_eq!(relay.bound.len(), 1);
}

#[test]
fn the_end_of_an_allocation_tells_what_it_carried() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    relay.send(&alice, PEER, b"four");
    relay.receive(PEER, relayed, b"sixsix");
    relay.advance(60);
    relay.server.stop(relay.now);
    relay.drain();
    let [
        _,
        AllocationEvent::Ended {
            session,
            age,
            to_peers,
            to_client,
            reason,
            ..
        },
    ] = &relay.events[..]
    else {
        panic!("{:?}", relay.events);
    };
    assert_eq!(
        (
            session.as_str(),
            age.as_secs(),
            to_peers.bytes,
            to_client.bytes
        ),
        ("alice", 60, 4, 6)
    );
    assert_eq!(*reason, EndReason::Stopped);
    assert!(relay.bound.is_empty());
}

#[test]
fn a_refusal_is_told_with_its_cause_of_those_alone_who_signed_in() {
    let mut relay = Relay::new();
    let mut guesses = alice();
    guesses.credentials.credential = "guess".into();
    let mut expired = Client::until("alice", "9.9.9.9:1001", 1_699_000_000);
    let mut banned = Client::of("bob", "9.9.9.9:1002");
    let until = turn::UnixSeconds(1_700_000_600);
    relay.registry.ban("bob".parse().unwrap(), until);
    for client in [&mut guesses, &mut expired, &mut banned] {
        let request = relay.request(method::ALLOCATE).transport(UDP);
        assert_eq!(relay.ask(client, request).code(), Some(401));
    }
    assert_eq!(
        relay.refusals(),
        [RefusedWhy::Expired, RefusedWhy::Banned],
        "a name that nobody proved is anybody's"
    );
}
