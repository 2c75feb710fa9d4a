//! Relay to relay: both clients are here, and the datagram never sees a socket in between.

use crate::support::{Client, Delivered, RELAY, Relay, Relayed, alice, bob, port};
use std::{net::SocketAddr, sync::Arc};
use turn::{DropReason, PeerRules};

#[test]
fn data_for_a_relayed_address_goes_straight_to_its_client() {
    let (mut relay, mut alice, mut bob, a, b) = pair();
    relay.permit(&mut alice, RELAY_0);
    relay.permit(&mut bob, RELAY_0);
    let sent = relay.send(&alice, &b.to_string(), b"hello").unwrap();
    assert_eq!(
        sent,
        Relayed::ToClient(bob.five_tuple, Delivered::Indication(a, b"hello".to_vec()))
    );
    relay.bind(&mut bob, 0x4001, &a.to_string());
    relay.bind(&mut alice, 0x4002, &b.to_string());
    let sent = relay.send_channel(&alice, 0x4002, b"hello").unwrap();
    assert_eq!(
        sent,
        Relayed::ToClient(
            bob.five_tuple,
            Delivered::Channel(0x4001, b"hello".to_vec())
        )
    );
}

#[test]
fn both_sides_need_a_permission() {
    let (mut relay, mut alice, mut bob, _, b) = pair();
    relay.permit(&mut alice, RELAY_0);
    assert_eq!(
        relay.send(&alice, &b.to_string(), b"x"),
        None,
        "bob has not permitted alice"
    );
    relay.permit(&mut bob, RELAY_0);
    assert!(relay.send(&alice, &b.to_string(), b"x").is_some());
    relay.advance(299);
    relay.permit(&mut bob, RELAY_0);
    relay.advance(1);
    assert_eq!(
        relay.send(&alice, &b.to_string(), b"x"),
        None,
        "alice's permission is over"
    );
}

#[test]
fn a_client_reaches_its_own_relayed_address() {
    let (mut relay, mut alice, _, a, _) = pair();
    relay.permit(&mut alice, RELAY_0);
    let sent = relay.send(&alice, &a.to_string(), b"check").unwrap();
    assert_eq!(
        sent,
        Relayed::ToClient(
            alice.five_tuple,
            Delivered::Indication(a, b"check".to_vec())
        )
    );
}

#[test]
fn the_servers_own_address_reaches_no_listener_and_no_other_socket() {
    let (mut relay, mut alice, mut bob, _, b) = pair();
    relay.permit(&mut alice, RELAY_0);
    relay.refresh(&mut bob, 0);
    for port in [3478, 443, 22, 49_999, b.port()] {
        assert_eq!(
            relay.send(&alice, &format!("{RELAY}:{port}"), b"x"),
            None,
            "port {port}"
        );
    }
    assert_eq!(relay.drops(DropReason::OwnAddress), 5);
}

#[test]
fn an_open_loopback_reaches_relayed_ports_first_and_the_listener_never() {
    let mut relay = Relay::with(|settings| {
        settings.own.relay_v4 = Some("127.0.0.1".parse().unwrap());
        settings.own.listeners = vec!["127.0.0.1:3478".parse().unwrap()];
        settings.own.open_loopback = true;
        settings.peers = Arc::new(PeerRules {
            allow_loopback: true,
            ..PeerRules::default()
        });
    });
    let (mut alice, mut bob) = (alice(), bob());
    let (a, b) = (relay.allocate(&mut alice), relay.allocate(&mut bob));
    relay.permit(&mut alice, "127.0.0.1:1");
    relay.permit(&mut bob, "127.0.0.1:1");
    assert!(
        matches!(relay.send(&alice, &b.to_string(), b"x"), Some(Relayed::ToClient(to, _)) if to == bob.five_tuple)
    );
    let peer: SocketAddr = "127.0.0.1:5000".parse().unwrap();
    let out = relay.send(&alice, "127.0.0.1:5000", b"x");
    assert_eq!(out, Some(Relayed::ToPeer(port(a), peer, b"x".to_vec())));
    assert_eq!(relay.send(&alice, "127.0.0.1:3478", b"x"), None);
}

#[test]
fn what_passes_straight_through_is_counted_on_both_sides() {
    let (mut relay, mut alice, mut bob, _, b) = pair();
    relay.permit(&mut alice, RELAY_0);
    relay.permit(&mut bob, RELAY_0);
    relay.send(&alice, &b.to_string(), b"four");
    let counters = relay.server.counters();
    assert_eq!(
        (
            counters.to_peers.total().bytes,
            counters.to_clients.total().bytes
        ),
        (4, 4)
    );
}

const RELAY_0: &str = "198.51.100.7:0";

fn pair() -> (Relay, Client, Client, SocketAddr, SocketAddr) {
    assert!(RELAY_0.starts_with(RELAY));
    let (mut relay, mut alice, mut bob) = (Relay::new(), alice(), bob());
    let (a, b) = (relay.allocate(&mut alice), relay.allocate(&mut bob));
    (relay, alice, bob, a, b)
}
