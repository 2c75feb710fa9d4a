//! RFC 8656 sections 3.1 and 12.5: clients that come over TCP and TLS.

use crate::support::{Client, PEER, RELAY_V6, Relay, Relayed, UDP, alice, bob};
use stun::method;
use turn::{
    AllocationEvent, DropReason, EndReason, Family, FiveTuple, Flow, PeerAddr, ToClient, ToPeer,
    Transport, Usage, Via,
};

const RELAY_0: &str = "198.51.100.7:0";

#[test]
fn a_frame_for_a_stream_is_padded_to_4_bytes_and_one_for_udp_is_not() {
    for (transport, padding) in [
        (Transport::Udp, 0),
        (Transport::Tcp, 3),
        (Transport::Tls, 3),
    ] {
        let (mut relay, mut client) = (Relay::new(), over(transport, alice()));
        let relayed = relay.allocate(&mut client);
        relay.bind(&mut client, 0x4000, PEER);
        let to = received(&mut relay, relayed, b"hello").unwrap();
        assert_eq!(
            (to.to, to.frame.padding().len()),
            (client.five_tuple, padding)
        );
        assert_eq!(
            to.frame.head(),
            [0x40, 0, 0, 5],
            "the length is the payload's"
        );
    }
}

#[test]
fn a_data_indication_is_the_same_over_every_transport() {
    for transport in Transport::ALL {
        let (mut relay, mut client) = (Relay::new(), over(transport, alice()));
        let relayed = relay.allocate(&mut client);
        relay.permit(&mut client, PEER);
        let to = received(&mut relay, relayed, b"hello").unwrap();
        let whole = [to.frame.head(), b"hello", to.frame.padding()].concat();
        assert_eq!(whole.len() % 4, 0);
        assert!(stun::read(&whole).is_ok());
    }
}

#[test]
fn a_frame_of_a_stream_is_relayed_like_a_datagram() {
    let (mut relay, mut client) = (Relay::new(), over(Transport::Tls, alice()));
    relay.allocate(&mut client);
    relay.bind(&mut client, 0x4000, PEER);
    let sent = relay.send_channel(&client, 0x4000, b"hello");
    assert!(matches!(sent, Some(Relayed::ToPeer(_, _, payload)) if payload == b"hello"));
}

#[test]
fn data_between_a_stream_and_a_datagram_client_gets_the_frame_of_its_receiver() {
    let mut relay = Relay::new();
    let (mut alice, mut bob) = (over(Transport::Udp, alice()), over(Transport::Tcp, bob()));
    let (a, b) = (relay.allocate(&mut alice), relay.allocate(&mut bob));
    relay.bind(&mut alice, 0x4000, &b.to_string());
    relay.bind(&mut bob, 0x4001, &a.to_string());
    let datagram = [0x40, 0, 0, 1, b'x'];
    let padding = |relay: &mut Relay, from: FiveTuple, datagram: &[u8]| {
        let sent = relay.server.handle_client(from, datagram, relay.now);
        let Some(ToPeer {
            via: Via::Hairpin(to),
            ..
        }) = sent
        else {
            panic!("it was not relayed");
        };
        to.frame.padding().len()
    };
    assert_eq!(padding(&mut relay, alice.five_tuple, &datagram), 3);
    assert_eq!(
        padding(&mut relay, bob.five_tuple, &[0x40, 1, 0, 1, b'x']),
        0
    );
}

#[test]
fn a_payload_too_long_for_an_indication_is_dropped_and_not_read_as_other_frames() {
    let mut relay = Relay::with(|settings| {
        settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap());
    });
    let (mut alice, mut bob) = (over(Transport::Tcp, alice()), over(Transport::Tcp, bob()));
    let (a, b) = (relay.allocate(&mut alice), relay.allocate(&mut bob));
    relay.bind(&mut alice, 0x4000, &b.to_string());
    relay.permit(&mut bob, RELAY_0);
    let payload = vec![0x40; 65_535];
    let send = |relay: &mut Relay, length| {
        let sent = relay.send_channel(&alice, 0x4000, &payload[..length]);
        sent.is_some()
    };
    assert!(send(&mut relay, 65_496));
    assert!(!send(&mut relay, 65_517) && !send(&mut relay, 65_535));
    assert_eq!(relay.drops(DropReason::TooLong), 2);
    relay.bind(&mut bob, 0x4000, &a.to_string());
    assert!(send(&mut relay, 65_535), "a channel has room for it");

    let mut carol = over(Transport::Tls, Client::of("carol", "9.9.9.11:1000"));
    let request = relay.request(method::ALLOCATE).transport(UDP);
    let request = request.family(Family::V6);
    let relayed = relay.ask(&mut carol, request).relayed();
    let peer = "[2a00:1450::1]:5000";
    relay.permit(&mut carol, peer);
    let longest = &payload[..65_527];
    assert_eq!(relay.receive(peer, relayed, longest), None);
    assert_eq!(relay.drops(DropReason::TooLong), 3);
}

#[test]
fn the_end_of_a_stream_ends_its_allocation() {
    let (mut relay, mut client) = (Relay::new(), over(Transport::Tcp, alice()));
    relay.allocate(&mut client);
    assert!(relay.server.has_allocation(&client.five_tuple));
    relay.permit(&mut client, RELAY_0);
    relay.server.handle_closed(client.five_tuple, relay.now);
    relay.drain();
    assert!(relay.bound.is_empty() && !relay.server.has_allocation(&client.five_tuple));
    assert_eq!(relay.registry.usage(), Usage::default());
    let Some(AllocationEvent::Ended { reason, .. }) = relay.events.last() else {
        panic!("nothing ended");
    };
    assert_eq!(*reason, EndReason::Closed);
}

#[test]
fn the_end_of_a_stream_ends_an_allocate_that_waits_for_its_socket() {
    let (mut relay, mut client) = (Relay::new(), over(Transport::Tcp, alice()));
    relay.challenge(&mut client);
    let request = relay.request(method::ALLOCATE).transport(UDP);
    let request = request.signed(&client);
    let from = client.five_tuple;
    relay.server.handle_client(from, &request, relay.now);
    assert!(relay.server.has_allocation(&from));
    relay.server.handle_closed(from, relay.now);
    assert!(!relay.server.has_allocation(&from));
    assert_eq!(relay.answers(), 0);
    assert!(relay.bound.is_empty());
    assert_eq!(relay.registry.usage(), Usage::default());
}

#[test]
fn the_end_of_a_stream_without_an_allocation_is_nothing() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let other = over(Transport::Tcp, Client::of("alice", "9.9.9.9:1000"));
    relay.server.handle_closed(other.five_tuple, relay.now);
    assert!(
        relay.server.has_allocation(&alice.five_tuple),
        "that was another five-tuple"
    );
}

#[test]
fn what_is_relayed_is_counted_by_the_transport_of_the_client() {
    let mut relay = Relay::new();
    for (transport, count) in [
        (Transport::Udp, 1),
        (Transport::Tcp, 2),
        (Transport::Tls, 3),
    ] {
        let mut client = over(transport, alice());
        let relayed = relay.allocate(&mut client);
        relay.permit(&mut client, PEER);
        for _ in 0..count {
            relay.send(&client, PEER, b"four");
            relay.receive(PEER, relayed, b"sixsix");
        }
    }
    let counters = relay.server.counters();
    for (transport, packets) in Transport::ALL.into_iter().zip(1..) {
        let (to_peers, to_clients) = (4 * packets, 6 * packets);
        let flow = |bytes| Flow { packets, bytes };
        assert_eq!(counters.to_peers.of(transport), flow(to_peers));
        assert_eq!(counters.to_clients.of(transport), flow(to_clients));
    }
    assert_eq!(
        counters.to_peers.total(),
        Flow {
            packets: 6,
            bytes: 24
        }
    );
}

#[test]
fn one_allocation_can_be_ended_by_its_name() {
    let (mut relay, mut alice, mut bob) = (Relay::new(), alice(), bob());
    relay.allocate(&mut alice);
    relay.allocate(&mut bob);
    let views: Vec<_> = relay.server.allocations().collect();
    let view = views.iter().find(|view| view.session.as_str() == "alice");
    let view = view.unwrap();
    assert_eq!(view.five_tuple, alice.five_tuple);
    assert_eq!(view.expires.duration_since(view.started).as_secs(), 600);
    assert!(relay.server.end(view.id, relay.now));
    assert!(!relay.server.end(view.id, relay.now));
    relay.drain();
    assert_eq!(relay.send(&alice, PEER, b"x"), None);
    assert_eq!(relay.drops(DropReason::NoAllocation), 1);
    assert!(matches!(
        relay.events.last(),
        Some(AllocationEvent::Ended {
            reason: EndReason::Removed,
            ..
        })
    ));
    assert!(relay.server.has_allocation(&bob.five_tuple));
}

fn over(transport: Transport, mut client: Client) -> Client {
    client.five_tuple.transport = transport;
    client
}

fn received(relay: &mut Relay, relayed: std::net::SocketAddr, payload: &[u8]) -> Option<ToClient> {
    let peer: std::net::SocketAddr = PEER.parse().unwrap();
    let on = crate::support::port(relayed);
    relay
        .server
        .handle_peer(on, PeerAddr::from(peer), payload, relay.now)
}
