//! RFC 8656 section 12: channels.

use crate::support::{Delivered, PEER, Relay, Relayed, alice, port};
use stun::method;
use turn::DropReason;

#[test]
fn a_channel_carries_data_both_ways() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    assert_eq!(relay.bind(&mut alice, 0x4abc, PEER), None);
    let sent = relay.send_channel(&alice, 0x4abc, b"hello").unwrap();
    assert_eq!(
        sent,
        Relayed::ToPeer(port(relayed), PEER.parse().unwrap(), b"hello".to_vec())
    );
    assert_eq!(
        relay.receive(PEER, relayed, b"there"),
        Some(Delivered::Channel(0x4abc, b"there".to_vec()))
    );
}

#[test]
fn a_channel_is_for_a_port_and_its_permission_for_the_address() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.bind(&mut alice, 0x4000, PEER);
    let other = "8.8.8.8:5001";
    assert_eq!(
        relay.receive(other, relayed, b"x"),
        Some(Delivered::Indication(other.parse().unwrap(), b"x".to_vec()))
    );
}

#[test]
fn a_channel_lasts_600_seconds_and_its_permission_300() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.refresh(&mut alice, 3600);
    relay.bind(&mut alice, 0x4000, PEER);
    relay.advance(300);
    assert_eq!(relay.send_channel(&alice, 0x4000, b"x"), None);
    relay.permit(&mut alice, PEER);
    assert!(relay.send_channel(&alice, 0x4000, b"x").is_some());
    relay.advance(299);
    assert!(relay.send_channel(&alice, 0x4000, b"x").is_some());
    relay.permit(&mut alice, PEER);
    relay.advance(1);
    assert_eq!(relay.send_channel(&alice, 0x4000, b"x"), None);
    assert_eq!(relay.drops(DropReason::NoChannel), 1);
}

#[test]
fn binding_again_refreshes_channel_and_permission() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.refresh(&mut alice, 3600);
    for _ in 0..6 {
        assert_eq!(relay.bind(&mut alice, 0x4000, PEER), None);
        relay.advance(299);
        assert!(relay.send_channel(&alice, 0x4000, b"x").is_some());
    }
}

#[test]
fn a_number_stands_for_one_peer_and_a_peer_has_one_number() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.bind(&mut alice, 0x4000, PEER);
    assert_eq!(relay.bind(&mut alice, 0x4000, "8.8.8.8:5001"), Some(400));
    assert_eq!(relay.bind(&mut alice, 0x4001, PEER), Some(400));
    assert_eq!(relay.bind(&mut alice, 0x4001, "8.8.8.8:5001"), None);
}

#[test]
fn a_number_cools_down_for_300_seconds_before_another_peer_gets_it() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.refresh(&mut alice, 3600);
    relay.bind(&mut alice, 0x4000, PEER);
    relay.advance(899);
    assert_eq!(relay.bind(&mut alice, 0x4000, "8.8.4.4:1"), Some(400));
    relay.advance(1);
    assert_eq!(relay.bind(&mut alice, 0x4000, "8.8.4.4:1"), None);
}

#[test]
fn an_expired_channel_may_be_bound_to_its_peer_again() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.refresh(&mut alice, 3600);
    relay.bind(&mut alice, 0x4000, PEER);
    relay.advance(700);
    assert_eq!(relay.bind(&mut alice, 0x4000, PEER), None);
    assert!(relay.send_channel(&alice, 0x4000, b"x").is_some());
}

#[test]
fn numbers_outside_the_range_and_missing_attributes_are_bad_requests() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    for number in [0, 0x3FFF, 0x7FFF, 0x8000, 0xFFFF] {
        assert_eq!(
            relay.bind(&mut alice, number, PEER),
            Some(400),
            "{number:#x}"
        );
    }
    let without_number = relay.request(method::CHANNEL_BIND).peer(PEER);
    assert_eq!(relay.ask(&mut alice, without_number).code(), Some(400));
    let without_peer = relay.request(method::CHANNEL_BIND).channel(0x4000);
    assert_eq!(relay.ask(&mut alice, without_peer).code(), Some(400));
}

#[test]
fn numbers_of_rfc_5766_are_served() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    assert_eq!(relay.bind(&mut alice, 0x7FFE, PEER), None);
    assert!(relay.send_channel(&alice, 0x7FFE, b"x").is_some());
}

#[test]
fn a_channel_to_port_0_is_forbidden() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    assert_eq!(relay.bind(&mut alice, 0x4000, "8.8.8.8:0"), Some(403));
}

#[test]
fn data_on_a_channel_that_is_not_bound_is_dropped() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    assert_eq!(relay.send_channel(&alice, 0x4000, b"x"), None);
    relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    assert_eq!(relay.send_channel(&alice, 0x4000, b"x"), None);
    assert_eq!(
        (
            relay.drops(DropReason::NoAllocation),
            relay.drops(DropReason::NoChannel)
        ),
        (1, 1)
    );
}
