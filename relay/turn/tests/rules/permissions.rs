//! RFC 8656 sections 9 and 10: permissions.

use crate::support::{PEER, RELAY, Relay, alice};
use std::sync::Arc;
use stun::method;
use turn::{DropReason, PeerRules};

#[test]
fn a_permission_lets_its_peer_through_for_300_seconds() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    assert_eq!(relay.receive(PEER, relayed, b"x"), None);
    assert_eq!(relay.permit(&mut alice, PEER), None);
    relay.advance(299);
    assert!(
        relay.receive(PEER, relayed, b"x").is_some() && relay.send(&alice, PEER, b"x").is_some()
    );
    relay.advance(1);
    assert_eq!(relay.receive(PEER, relayed, b"x"), None);
    assert_eq!(relay.send(&alice, PEER, b"x"), None);
    assert_eq!(relay.drops(DropReason::NoPermission), 3);
}

#[test]
fn a_permission_is_for_an_address_whatever_the_port() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, "8.8.8.8:0");
    assert!(relay.receive("8.8.8.8:1", relayed, b"x").is_some());
    assert!(relay.receive("8.8.8.8:65535", relayed, b"x").is_some());
    assert_eq!(relay.receive("8.8.8.9:1", relayed, b"x"), None);
}

#[test]
fn a_permission_is_refreshed_by_a_new_request() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    relay.advance(200);
    relay.permit(&mut alice, PEER);
    relay.advance(299);
    assert!(relay.receive(PEER, relayed, b"x").is_some());
}

#[test]
fn data_does_not_refresh_a_permission() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    relay.advance(200);
    relay.send(&alice, PEER, b"x");
    relay.receive(PEER, relayed, b"x");
    relay.advance(100);
    assert_eq!(relay.send(&alice, PEER, b"x"), None);
}

#[test]
fn one_request_permits_several_peers_or_none() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let mixed = relay
        .request(method::CREATE_PERMISSION)
        .peer("1.1.1.1:1")
        .peer("10.0.0.1:1");
    assert_eq!(relay.ask(&mut alice, mixed).code(), Some(403));
    assert_eq!(relay.send(&alice, "1.1.1.1:1", b"x"), None);
    let good = relay
        .request(method::CREATE_PERMISSION)
        .peer("1.1.1.1:1")
        .peer("1.1.1.2:1");
    assert_eq!(relay.ask(&mut alice, good).code(), None);
    assert!(
        relay.send(&alice, "1.1.1.1:1", b"x").is_some()
            && relay.send(&alice, "1.1.1.2:1", b"x").is_some()
    );
}

#[test]
fn a_request_without_a_readable_peer_is_a_bad_request() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let none = relay.request(method::CREATE_PERMISSION);
    assert_eq!(relay.ask(&mut alice, none).code(), Some(400));
    let broken = relay
        .request(method::CREATE_PERMISSION)
        .peer(PEER)
        .raw(0x0012, &[0, 1, 0]);
    assert_eq!(relay.ask(&mut alice, broken).code(), Some(400));
}

#[test]
fn a_peer_of_another_family_is_a_mismatch() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    for peer in [
        "[2a00:1450::1]:1",
        "[::ffff:8.8.8.8]:1",
        "[::ffff:127.0.0.1]:1",
    ] {
        assert_eq!(relay.permit(&mut alice, peer), Some(443), "{peer}");
        assert_eq!(relay.bind(&mut alice, 0x4000, peer), Some(443), "{peer}");
    }
}

#[test]
fn peers_that_are_no_hosts_on_the_internet_are_forbidden() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    for peer in [
        "127.0.0.1:1",
        "127.255.255.254:1",
        "0.0.0.0:1",
        "0.1.2.3:1",
        "10.0.0.1:1",
        "172.16.0.1:1",
        "192.168.1.1:1",
        "100.64.0.1:1",
        "169.254.169.254:80",
        "192.0.2.1:1",
        "224.0.0.1:1",
        "240.0.0.1:1",
        "255.255.255.255:1",
    ] {
        assert_eq!(relay.permit(&mut alice, peer), Some(403), "{peer}");
        assert_eq!(relay.bind(&mut alice, 0x4000, peer), Some(403), "{peer}");
        assert_eq!(relay.send(&alice, peer, b"x"), None, "{peer}");
    }
}

#[test]
fn private_and_loopback_peers_are_permitted_where_they_are_allowed() {
    let rules = PeerRules {
        allow_private: true,
        allow_loopback: true,
        deny: Vec::new(),
        ..PeerRules::default()
    };
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.peers = Arc::new(rules)),
        alice(),
    );
    relay.allocate(&mut alice);
    assert_eq!(relay.permit(&mut alice, "192.168.1.1:1"), None);
    assert_eq!(relay.permit(&mut alice, "127.0.0.1:1"), None);
    assert_eq!(relay.permit(&mut alice, "169.254.169.254:1"), Some(403));
}

#[test]
fn the_relay_address_is_permitted_and_the_hosts_other_addresses_are_not() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.own.host.push("9.9.9.200".parse().unwrap())),
        alice(),
    );
    relay.allocate(&mut alice);
    assert_eq!(relay.permit(&mut alice, &format!("{RELAY}:1")), None);
    assert_eq!(relay.permit(&mut alice, "9.9.9.200:1"), Some(403));
}
