//! RFC 8656 section 7: Allocate.

use crate::support::{RELAY, Relay, UDP, alice};
use stun::{
    AdditionalAddressFamily, AddressFamily, DontFragment, EvenPort, MessageIntegrity,
    RequestedAddressFamily, ReservationToken, XorMappedAddress, method,
};
use turn::{AllocationEvent, BindError, DropReason};

#[test]
fn an_allocation_gives_a_relayed_address_of_the_range_and_its_lifetime() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let request = relay.request(method::ALLOCATE).transport(UDP);
    let reply = relay.ask(&mut alice, request);
    let relayed = reply.relayed();
    assert_eq!(relayed.ip().to_string(), RELAY);
    assert!((50_000..=50_999).contains(&relayed.port()));
    assert_eq!(reply.lifetime(), 600);
    let message = reply.message();
    assert_eq!(
        message
            .attribute::<XorMappedAddress>()
            .unwrap()
            .addr(message.transaction_id()),
        alice.five_tuple.client
    );
    assert!(reply.has::<MessageIntegrity>());
    assert_eq!(relay.bound.len(), 1);
}

#[test]
fn the_lifetime_is_what_was_asked_for_between_10_minutes_and_an_hour() {
    for (asked, granted) in [
        (0, 600),
        (60, 600),
        (600, 600),
        (1800, 1800),
        (3600, 3600),
        (u32::MAX, 3600),
    ] {
        let (mut relay, mut alice) = (Relay::new(), alice());
        let request = relay
            .request(method::ALLOCATE)
            .transport(UDP)
            .lifetime(asked);
        assert_eq!(
            relay.ask(&mut alice, request).lifetime(),
            granted,
            "asked for {asked}"
        );
    }
}

#[test]
fn an_allocation_ends_when_its_lifetime_does() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.advance(599);
    assert_eq!(relay.bound.len(), 1);
    relay.advance(1);
    assert!(relay.bound.is_empty());
    assert_eq!(relay.server.next_deadline(), None);
    assert!(matches!(
        relay.events[..],
        [
            AllocationEvent::Started { .. },
            AllocationEvent::Ended { .. }
        ]
    ));
}

#[test]
fn the_same_request_again_gets_the_same_address() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.challenge(&mut alice);
    let request = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .signed(&alice);
    let first = relay.exchange(alice.five_tuple, &request).unwrap();
    relay.advance(1);
    let again = relay.exchange(alice.five_tuple, &request).unwrap();
    assert_eq!(first.relayed(), again.relayed());
    assert_eq!((first.lifetime(), again.lifetime()), (600, 599));
    assert_eq!(relay.bound.len(), 1);
}

#[test]
fn another_request_on_the_same_five_tuple_is_a_mismatch() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let request = relay.request(method::ALLOCATE).transport(UDP);
    assert_eq!(relay.ask(&mut alice, request).code(), Some(437));
}

#[test]
fn only_udp_is_relayed() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let without = relay.request(method::ALLOCATE);
    assert_eq!(relay.ask(&mut alice, without).code(), Some(400));
    let tcp = relay.request(method::ALLOCATE).transport(6);
    assert_eq!(relay.ask(&mut alice, tcp).code(), Some(442));
}

#[test]
fn dont_fragment_is_understood() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let request = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .attribute(&DontFragment::new());
    assert_eq!(relay.ask(&mut alice, request).code(), None);
}

#[test]
fn attributes_that_contradict_each_other_are_a_bad_request() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let family = RequestedAddressFamily::new(AddressFamily::IPV4);
    let additional = AdditionalAddressFamily::new(AddressFamily::IPV6);
    let (token, pair) = (ReservationToken::new(1), EvenPort::new(true));
    let pairs: [[&dyn stun::AttributeWrite; 2]; 5] = [
        [&token, &pair],
        [&token, &family],
        [&token, &additional],
        [&additional, &family],
        [&additional, &pair],
    ];
    for [one, other] in pairs {
        let request = relay
            .request(method::ALLOCATE)
            .transport(UDP)
            .attribute(one)
            .attribute(other);
        assert_eq!(
            relay.ask(&mut alice, request).code(),
            Some(400),
            "{one:?} and {other:?}"
        );
    }
    let additional_ipv4 = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .raw(0x8000, &[1, 0, 0, 0]);
    assert_eq!(relay.ask(&mut alice, additional_ipv4).code(), Some(400));
}

#[test]
fn a_broken_attribute_is_a_bad_request() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    for (kind, value) in [(0x000D, &[0; 2][..]), (0x0018, &[]), (0x0022, &[0; 4])] {
        let request = relay
            .request(method::ALLOCATE)
            .transport(UDP)
            .raw(kind, value);
        assert_eq!(
            relay.ask(&mut alice, request).code(),
            Some(400),
            "{kind:#x}"
        );
    }
    let request = relay.request(method::ALLOCATE).raw(0x0019, &[17]);
    assert_eq!(relay.ask(&mut alice, request).code(), Some(400));
}

#[test]
fn a_port_that_somebody_else_has_is_passed_over() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.binds = vec![Err(BindError::InUse); 3];
    relay.allocate(&mut alice);
    assert_eq!(
        (relay.bound.len(), relay.server.counters().allocations),
        (1, 1)
    );
}

#[test]
fn no_relay_socket_means_no_capacity_and_nothing_left_behind() {
    for binds in [
        vec![Err(BindError::Exhausted)],
        vec![Err(BindError::InUse); 8],
    ] {
        let (mut relay, mut alice) = (
            Relay::with(|settings| settings.limits.allocations_per_user = 1),
            alice(),
        );
        relay.binds = binds;
        let request = relay.request(method::ALLOCATE).transport(UDP);
        assert_eq!(relay.ask(&mut alice, request).code(), Some(508));
        assert_eq!((relay.bound.len(), relay.binds.len()), (0, 0));
        relay.allocate(&mut alice);
    }
}

#[test]
fn a_request_that_waits_for_its_socket_is_answered_once() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.challenge(&mut alice);
    let request = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .signed(&alice);
    for _ in 0..3 {
        relay
            .server
            .handle_client(alice.five_tuple, &request, relay.now);
    }
    assert_eq!(relay.answers(), 1);
    assert_eq!(relay.bound.len(), 1);
}

#[test]
fn a_port_that_is_bound_for_nobody_is_closed_again() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.relay_ports = 50_000..=50_000),
        alice(),
    );
    relay.challenge(&mut alice);
    let request = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .signed(&alice);
    relay
        .server
        .handle_client(alice.five_tuple, &request, relay.now);
    relay.server.revoke(&"alice".parse().unwrap(), relay.now);
    relay.drain();
    assert!(relay.bound.is_empty());
    assert_eq!(relay.server.counters().allocations, 0);
    assert_eq!(relay.send(&alice, "8.8.8.8:1", b"x"), None);
    assert_eq!(relay.drops(DropReason::NoAllocation), 1);
    relay.allocate(&mut alice);
}
