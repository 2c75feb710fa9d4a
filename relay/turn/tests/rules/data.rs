//! RFC 8656 section 11: Send and Data indications.

use crate::support::{Delivered, PEER, Relay, Relayed, alice, port};
use proptest::prelude::*;
use stun::{Data, DontFragment, method};
use turn::{DropReason, Via};

#[test]
fn a_send_indication_leaves_from_the_relayed_port_and_a_data_indication_comes_back() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    let sent = relay.send(&alice, PEER, b"hello").unwrap();
    assert_eq!(
        sent,
        Relayed::ToPeer(port(relayed), PEER.parse().unwrap(), b"hello".to_vec())
    );
    let received = relay.receive(PEER, relayed, b"there").unwrap();
    assert_eq!(
        received,
        Delivered::Indication(PEER.parse().unwrap(), b"there".to_vec())
    );
}

#[test]
fn an_empty_payload_is_relayed() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    assert!(
        matches!(relay.send(&alice, PEER, b""), Some(Relayed::ToPeer(_, _, payload)) if payload.is_empty())
    );
    assert_eq!(
        relay.receive(PEER, relayed, b""),
        Some(Delivered::Indication(PEER.parse().unwrap(), vec![]))
    );
}

#[test]
fn a_datagram_from_a_peer_without_permission_is_dropped() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    assert_eq!(relay.receive("8.8.8.9:5000", relayed, b"x"), None);
    assert_eq!(relay.drops(DropReason::NoPermission), 1);
}

#[test]
fn an_indication_without_allocation_peer_or_data_is_dropped() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    assert_eq!(relay.send(&alice, PEER, b"x"), None);
    assert_eq!(relay.drops(DropReason::NoAllocation), 1);
    relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    let without_peer = relay
        .indication(method::SEND)
        .attribute(&Data::new(b"x"))
        .bytes();
    let without_data = relay.indication(method::SEND).peer(PEER).bytes();
    for datagram in [without_peer, without_data] {
        assert_eq!(relay.exchange(alice.five_tuple, &datagram), None);
    }
    assert_eq!(relay.drops(DropReason::Malformed), 2);
}

#[test]
fn an_indication_that_must_not_be_fragmented_says_so_to_the_shell() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    relay.bind(&mut alice, 0x4000, PEER);
    let plain = relay.indication(method::SEND).peer(PEER);
    let plain = plain.attribute(&Data::new(b"x")).bytes();
    let whole = relay.indication(method::SEND).peer(PEER);
    let whole = whole
        .attribute(&DontFragment::new())
        .attribute(&Data::new(b"x"))
        .bytes();
    let channel = vec![0x40, 0, 0, 1, b'x'];
    for (datagram, expected) in [(plain, false), (whole, true), (channel, false)] {
        let sent = relay
            .server
            .handle_client(alice.five_tuple, &datagram, relay.now);
        let Some(Via::Socket { dont_fragment, .. }) = sent.map(|sent| sent.via) else {
            panic!("it was not sent");
        };
        assert_eq!(dont_fragment, expected);
    }
}

#[test]
fn nothing_is_sent_to_port_0() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    assert_eq!(relay.send(&alice, "8.8.8.8:0", b"x"), None);
}

#[test]
fn what_is_relayed_is_counted() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    relay.send(&alice, PEER, b"four");
    relay.receive(PEER, relayed, b"sixsix");
    relay.receive(PEER, relayed, b"sixsix");
    let counters = relay.server.counters();
    assert_eq!(
        (
            counters.to_peers.total().packets,
            counters.to_peers.total().bytes
        ),
        (1, 4)
    );
    assert_eq!(
        (
            counters.to_clients.total().packets,
            counters.to_clients.total().bytes
        ),
        (2, 12)
    );
}

proptest! {
    #[test]
    fn every_payload_goes_through_unchanged(payload in prop::collection::vec(any::<u8>(), 0..1500), channel: bool) {
        let (mut relay, mut alice) = (Relay::new(), alice());
        let relayed = relay.allocate(&mut alice);
        relay.bind(&mut alice, 0x4000, PEER);
        let sent = if channel { relay.send_channel(&alice, 0x4000, &payload) } else { relay.send(&alice, PEER, &payload) };
        let expected = Relayed::ToPeer(port(relayed), PEER.parse().unwrap(), payload.clone());
        prop_assert_eq!(sent, Some(expected));
        let peer = if channel { PEER } else { "8.8.8.8:5001" };
        let expected =
            if channel { Delivered::Channel(0x4000, payload.clone()) } else { Delivered::Indication(peer.parse().unwrap(), payload.clone()) };
        prop_assert_eq!(relay.receive(peer, relayed, &payload), Some(expected));
    }
}
