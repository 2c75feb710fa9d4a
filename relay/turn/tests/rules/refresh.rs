//! RFC 8656 section 8: Refresh.

use crate::support::{PEER, Relay, UDP, alice};
use stun::{AddressFamily, RequestedAddressFamily, method};
use turn::{AllocationEvent, EndReason};

#[test]
fn a_refresh_prolongs_the_allocation() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.advance(500);
    assert_eq!(relay.refresh(&mut alice, 1200).lifetime(), 1200);
    relay.advance(1199);
    assert_eq!(relay.bound.len(), 1);
    relay.advance(1);
    assert!(relay.bound.is_empty());
}

#[test]
fn a_refresh_to_0_ends_the_allocation_at_once() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    assert_eq!(relay.refresh(&mut alice, 0).lifetime(), 0);
    assert!(relay.bound.is_empty());
    assert_eq!(relay.server.next_deadline(), None);
    assert!(matches!(
        relay.events[..],
        [
            _,
            AllocationEvent::Ended {
                reason: EndReason::Released,
                ..
            }
        ]
    ));
    assert_eq!(relay.refresh(&mut alice, 0).code(), Some(437));
}

#[test]
fn the_five_tuple_is_free_for_a_new_allocation_afterwards() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    relay.refresh(&mut alice, 0);
    relay.allocate(&mut alice);
    assert_eq!(
        relay.send(&alice, PEER, b"x"),
        None,
        "permissions do not outlive their allocation"
    );
}

#[test]
fn without_an_allocation_there_is_nothing_to_refresh_permit_or_bind() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    assert_eq!(relay.refresh(&mut alice, 600).code(), Some(437));
    assert_eq!(relay.permit(&mut alice, PEER), Some(437));
    assert_eq!(relay.bind(&mut alice, 0x4000, PEER), Some(437));
}

#[test]
fn a_refresh_of_another_family_is_a_mismatch() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let ipv6 = relay
        .request(method::REFRESH)
        .attribute(&RequestedAddressFamily::new(AddressFamily::IPV6));
    assert_eq!(relay.ask(&mut alice, ipv6).code(), Some(443));
    let ipv4 = relay
        .request(method::REFRESH)
        .attribute(&RequestedAddressFamily::new(AddressFamily::IPV4))
        .transport(UDP);
    assert_eq!(relay.ask(&mut alice, ipv4).code(), None);
}
