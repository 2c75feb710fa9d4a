//! RFC 8656 sections 7, 8, 10 and 12: relayed addresses of IPv4, of IPv6, and of both.

use crate::support::{
    Client, Delivered, PEER, RELAY, RELAY_V6, Relay, Relayed, Request, UDP, alice, bob, port,
};
use std::net::SocketAddr;
use stun::{
    AdditionalAddressFamily, AddressErrorCode, AddressFamily, EvenPort, RequestedAddressFamily,
    method,
};
use turn::{BindError, DropReason, Family, Usage};

const PEER_V6: &str = "[2a00:1450::1]:5000";

#[test]
fn an_address_of_the_requested_family_is_given_and_ipv4_by_default() {
    for (family, ip) in [
        (None, RELAY),
        (Some(AddressFamily::IPV4), RELAY),
        (Some(AddressFamily::IPV6), RELAY_V6),
    ] {
        let (mut relay, mut alice) = (dual(), alice());
        let mut request = relay.request(method::ALLOCATE).transport(UDP);
        if let Some(family) = family {
            request = request.attribute(&RequestedAddressFamily::new(family));
        }
        let relayed = relay.ask(&mut alice, request).relayed();
        assert_eq!(relayed.ip().to_string(), ip);
    }
}

#[test]
fn a_family_that_is_not_there_is_not_supported() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let ipv6 = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .family(Family::V6);
    assert_eq!(relay.ask(&mut alice, ipv6).code(), Some(440));
    let unheard_of = relay.request(method::ALLOCATE).transport(UDP);
    let unheard_of = unheard_of.raw(0x0017, &[9, 0, 0, 0]);
    assert_eq!(relay.ask(&mut alice, unheard_of).code(), Some(440));
    let mut only_v6 = Relay::with(|settings| {
        settings.own.relay_v4 = None;
        settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap());
    });
    let default = only_v6.request(method::ALLOCATE).transport(UDP);
    assert_eq!(only_v6.ask(&mut alice, default).code(), Some(440));
}

#[test]
fn who_asks_for_both_gets_both() {
    let (mut relay, mut alice) = (dual(), alice());
    let [v4, v6] = both(&mut relay, &mut alice);
    assert_eq!(
        (v4.ip().to_string(), v6.ip().to_string()),
        (RELAY.into(), RELAY_V6.into())
    );
    assert_eq!(relay.bound.len(), 2);
    for (peer, relayed) in [(PEER, v4), (PEER_V6, v6)] {
        assert_eq!(relay.permit(&mut alice, peer), None);
        let peer: SocketAddr = peer.parse().unwrap();
        let sent = relay.send(&alice, &peer.to_string(), b"x").unwrap();
        assert_eq!(sent, Relayed::ToPeer(port(relayed), peer, b"x".to_vec()));
        let received = relay.receive(&peer.to_string(), relayed, b"y").unwrap();
        assert_eq!(received, Delivered::Indication(peer, b"y".to_vec()));
    }
}

#[test]
fn the_same_request_for_both_again_gets_the_same_addresses() {
    let (mut relay, mut alice) = (dual(), alice());
    relay.challenge(&mut alice);
    let request = ask_for_both(&mut relay).signed(&alice);
    let first = relay.exchange(alice.five_tuple, &request).unwrap();
    let again = relay.exchange(alice.five_tuple, &request).unwrap();
    assert_eq!(first.all_relayed(), again.all_relayed());
    assert_eq!(relay.bound.len(), 2);
}

#[test]
fn who_asks_for_both_gets_one_and_is_told_why_not_the_other() {
    let v6_fails = vec![Ok(()), Err(BindError::Exhausted)];
    let v4_fails = vec![Err(BindError::Exhausted)];
    let cases = [
        (Relay::new(), vec![], Family::V4, AddressFamily::IPV6, 440),
        (without_v4(), vec![], Family::V6, AddressFamily::IPV4, 440),
        (quota_of_one(), vec![], Family::V4, AddressFamily::IPV6, 508),
        (dual(), v6_fails, Family::V4, AddressFamily::IPV6, 508),
        (dual(), v4_fails, Family::V6, AddressFamily::IPV4, 508),
    ];
    for (mut relay, binds, given, missing, code) in cases {
        let mut alice = alice();
        relay.challenge(&mut alice);
        relay.binds = binds;
        let request = ask_for_both(&mut relay);
        let reply = relay.ask(&mut alice, request);
        assert_eq!(reply.all_relayed().len(), 1);
        assert_eq!(Family::of(reply.relayed().ip()), given);
        let message = reply.message();
        let error = message.attribute::<AddressErrorCode>().unwrap();
        assert_eq!((error.family(), error.error().code()), (missing, code));
        assert_eq!(relay.registry.usage().ports, 1);
    }
}

#[test]
fn who_asks_for_both_and_can_have_neither_is_refused() {
    let mut nothing = Relay::with(|settings| settings.own.relay_v4 = None);
    let (mut alice, mut bob) = (alice(), bob());
    let request = ask_for_both(&mut nothing);
    assert_eq!(nothing.ask(&mut alice, request).code(), Some(440));
    let mut full = quota_of_one();
    full.allocate(&mut bob);
    let mut second = Client::of("bob", "9.9.9.10:1001");
    let request = ask_for_both(&mut full);
    assert_eq!(full.ask(&mut second, request).code(), Some(486));
    let mut unbound = dual();
    unbound.challenge(&mut bob);
    unbound.binds = vec![Err(BindError::Exhausted); 2];
    let request = ask_for_both(&mut unbound);
    assert_eq!(unbound.ask(&mut bob, request).code(), Some(508));
    assert_eq!(unbound.registry.usage(), Usage::default());
}

#[test]
fn an_even_port_of_both_families_is_even_in_both() {
    let (mut relay, mut alice) = (dual(), alice());
    let request = ask_for_both(&mut relay).attribute(&EvenPort::new(false));
    let reply = relay.ask(&mut alice, request);
    let relayed = reply.all_relayed();
    assert_eq!(relayed.len(), 2);
    assert!(relayed.iter().all(|relayed| relayed.port() % 2 == 0));
}

#[test]
fn a_peer_needs_a_relayed_address_of_its_family() {
    for (family, good, foreign) in [(Family::V4, PEER, PEER_V6), (Family::V6, PEER_V6, PEER)] {
        let (mut relay, mut alice) = (dual(), alice());
        let request = relay
            .request(method::ALLOCATE)
            .transport(UDP)
            .family(family);
        relay.ask(&mut alice, request);
        assert_eq!(relay.permit(&mut alice, foreign), Some(443));
        assert_eq!(relay.bind(&mut alice, 0x4000, foreign), Some(443));
        let mixed = relay
            .request(method::CREATE_PERMISSION)
            .peer(good)
            .peer(foreign);
        assert_eq!(relay.ask(&mut alice, mixed).code(), Some(443));
        assert_eq!(relay.send(&alice, good, b"x"), None, "all or none");
        assert_eq!(relay.permit(&mut alice, good), None);
        assert_eq!(relay.bind(&mut alice, 0x4000, good), None);
        assert_eq!(relay.send(&alice, foreign, b"x"), None);
        assert!(relay.send_channel(&alice, 0x4000, b"x").is_some());
    }
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_no_ipv6_peer() {
    let (mut relay, mut alice) = (dual(), alice());
    both(&mut relay, &mut alice);
    for peer in [
        "[::ffff:8.8.8.8]:1",
        "[::ffff:127.0.0.1]:1",
        "[::ffff:198.51.100.7]:1",
    ] {
        assert_eq!(relay.permit(&mut alice, peer), Some(403), "{peer}");
        assert_eq!(relay.bind(&mut alice, 0x4000, peer), Some(403), "{peer}");
    }
}

#[test]
fn a_datagram_of_one_family_on_a_port_of_the_other_is_dropped() {
    let (mut relay, mut alice) = (dual(), alice());
    let [v4, v6] = both(&mut relay, &mut alice);
    relay.permit(&mut alice, PEER);
    relay.permit(&mut alice, PEER_V6);
    assert_eq!(relay.receive(PEER, v6, b"x"), None);
    assert_eq!(relay.receive(PEER_V6, v4, b"x"), None);
    assert_eq!(relay.drops(DropReason::NoPermission), 2);
}

#[test]
fn a_refresh_of_one_family_to_0_ends_that_one_with_its_permissions_and_channels() {
    let mut relay = Relay::with(|settings| {
        settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap());
        (settings.limits.permissions, settings.limits.channels) = (2, 2);
    });
    let mut alice = alice();
    let [v4, v6] = both(&mut relay, &mut alice);
    relay.bind(&mut alice, 0x4000, PEER);
    relay.bind(&mut alice, 0x4001, PEER_V6);
    let refresh = relay
        .request(method::REFRESH)
        .lifetime(0)
        .family(Family::V6);
    assert_eq!(relay.ask(&mut alice, refresh).lifetime(), 0);
    assert_eq!(relay.bound.iter().copied().collect::<Vec<_>>(), [port(v4)]);
    assert_eq!(relay.registry.worker_of(port(v6)), None);
    assert!(relay.send_channel(&alice, 0x4000, b"x").is_some());
    assert_eq!(relay.send_channel(&alice, 0x4001, b"x"), None);
    assert_eq!(relay.receive(PEER_V6, v6, b"x"), None);
    assert_eq!(relay.permit(&mut alice, PEER_V6), Some(443));
    let room = relay.bind(&mut alice, 0x4002, "1.1.1.1:1");
    assert_eq!(room, None, "what has ended takes no room");
    let again = relay
        .request(method::REFRESH)
        .lifetime(0)
        .family(Family::V6);
    assert_eq!(relay.ask(&mut alice, again).code(), Some(443));
    let last = relay
        .request(method::REFRESH)
        .lifetime(0)
        .family(Family::V4);
    assert_eq!(relay.ask(&mut alice, last).lifetime(), 0);
    assert_eq!(relay.server.counters().allocations, 0);
    assert_eq!(relay.server.next_deadline(), None);
}

#[test]
fn a_refresh_of_one_family_prolongs_that_one_alone() {
    let (mut relay, mut alice) = (dual(), alice());
    let [v4, v6] = both(&mut relay, &mut alice);
    let refresh = relay
        .request(method::REFRESH)
        .lifetime(1200)
        .family(Family::V6);
    assert_eq!(relay.ask(&mut alice, refresh).lifetime(), 1200);
    relay.permit(&mut alice, PEER);
    relay.advance(599);
    assert_eq!(relay.bound.len(), 2);
    relay.advance(1);
    assert_eq!(relay.bound.iter().copied().collect::<Vec<_>>(), [port(v6)]);
    assert_eq!(relay.receive(PEER, v4, b"x"), None);
    assert_eq!(relay.refresh(&mut alice, 1200).lifetime(), 1200);
    relay.advance(1200);
    assert_eq!((relay.bound.len(), relay.server.next_deadline()), (0, None));
}

#[test]
fn a_refresh_without_a_family_is_for_both() {
    let (mut relay, mut alice) = (dual(), alice());
    both(&mut relay, &mut alice);
    relay.refresh(&mut alice, 1200);
    relay.advance(1199);
    assert_eq!(relay.bound.len(), 2);
    relay.refresh(&mut alice, 0);
    assert_eq!((relay.bound.len(), relay.server.next_deadline()), (0, None));
}

#[test]
fn relayed_addresses_of_one_family_reach_each_other() {
    let (mut relay, mut alice, mut bob) = (dual(), alice(), bob());
    let ([a4, a6], [b4, b6]) = (both(&mut relay, &mut alice), both(&mut relay, &mut bob));
    for (relayed_of_alice, relayed_of_bob) in [(a4, b4), (a6, b6)] {
        relay.permit(&mut alice, &relayed_of_bob.to_string());
        relay.permit(&mut bob, &relayed_of_alice.to_string());
        let sent = relay
            .send(&alice, &relayed_of_bob.to_string(), b"x")
            .unwrap();
        let delivered = Delivered::Indication(relayed_of_alice, b"x".to_vec());
        assert_eq!(sent, Relayed::ToClient(bob.five_tuple, delivered));
    }
}

fn dual() -> Relay {
    Relay::with(|settings| settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap()))
}

fn without_v4() -> Relay {
    Relay::with(|settings| {
        settings.own.relay_v4 = None;
        settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap());
    })
}

fn quota_of_one() -> Relay {
    Relay::with(|settings| {
        settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap());
        settings.limits.allocations_per_user = 1;
    })
}

fn ask_for_both(relay: &mut Relay) -> Request {
    relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .attribute(&AdditionalAddressFamily::new(AddressFamily::IPV6))
}

/// Makes an allocation of both families, and returns the relayed addresses: IPv4 first.
fn both(relay: &mut Relay, client: &mut Client) -> [SocketAddr; 2] {
    let request = ask_for_both(relay);
    let mut relayed = relay.ask(client, request).all_relayed();
    relayed.sort();
    relayed.try_into().unwrap()
}
