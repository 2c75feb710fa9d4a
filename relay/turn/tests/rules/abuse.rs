//! What strangers and bad guests try, and the bytes that they get out of the server for it.

use crate::support::{Client, PEER, RELAY, Relay, Relayed, UDP, alice, bob};
use std::net::SocketAddr;
use stun::{Data, method};
use turn::{DropReason, FiveTuple};

/// What went in and what came out of it, to whomever.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Traffic {
    bytes_in: usize,
    datagrams_out: usize,
    bytes_out: usize,
}

impl Traffic {
    /// Sends `datagram` as `from`, who is answered by at most one datagram.
    fn send(&mut self, relay: &mut Relay, from: FiveTuple, datagram: &[u8]) {
        self.bytes_in += datagram.len();
        if let Some(reply) = relay.exchange(from, datagram) {
            self.datagrams_out += 1;
            self.bytes_out += reply.bytes.len();
        }
    }
}

#[test]
fn no_answer_to_a_stranger_is_more_than_three_times_its_request_or_than_one_datagram() {
    let mut relay = Relay::new();
    let requests = [
        relay.request(method::BINDING).bytes(),
        relay.request(method::ALLOCATE).bytes(),
        relay.request(method::ALLOCATE).transport(UDP).bytes(),
        relay.request(method::REFRESH).bytes(),
        relay.request(method::CREATE_PERMISSION).peer(PEER).bytes(),
        relay
            .request(method::CHANNEL_BIND)
            .channel(0x4000)
            .peer(PEER)
            .bytes(),
        relay.request(method::BINDING).raw(0x7FFF, &[]).bytes(),
        relay
            .request(method::ALLOCATE)
            .transport(UDP)
            .signed(&alice()),
        relay
            .indication(method::SEND)
            .peer(PEER)
            .attribute(&Data::new(b"x"))
            .bytes(),
        relay.indication(method::BINDING).bytes(),
        vec![0x40, 0, 0, 4, 1, 2, 3, 4],
        vec![0; 1200],
    ];
    for (at, request) in requests.into_iter().enumerate() {
        let mut traffic = Traffic::default();
        traffic.send(&mut relay, stranger("203.0.113.7:1000"), &request);
        assert!(
            traffic.bytes_out <= 3 * traffic.bytes_in,
            "request {at}: {traffic:?}"
        );
    }
}

#[test]
fn a_replayed_allocate_makes_nothing_elsewhere_and_nothing_more_where_it_was_made() {
    let mut relay = Relay::new();
    let mut anna = alice();
    relay.challenge(&mut anna);
    let request = relay.request(method::ALLOCATE).transport(UDP).signed(&anna);
    let made = relay.exchange(anna.five_tuple, &request).unwrap();
    let mut replays = Traffic::default();
    for port in 1..=100 {
        replays.send(
            &mut relay,
            stranger(&format!("9.9.9.9:{}", 2000 + port)),
            &request,
        );
    }
    assert_eq!(relay.server.counters().allocations, 1);
    assert!(replays.bytes_out <= 3 * replays.bytes_in, "{replays:?}");
    let again = relay.exchange(anna.five_tuple, &request).unwrap();
    assert_eq!(again.relayed(), made.relayed());
    assert_eq!(relay.server.counters().allocated, 1);
}

#[test]
fn five_hundred_peers_in_one_request_are_permitted_to_nobody() {
    for (peers, answered) in [(500, false), (150, true)] {
        let mut relay = Relay::new();
        let mut anna = alice();
        relay.allocate(&mut anna);
        let request = (0..peers).fold(relay.request(method::CREATE_PERMISSION), |request, at| {
            request.peer(&format!("8.8.{}.{}:5000", at / 250, at % 250))
        });
        let mut traffic = Traffic::default();
        let request = request.signed(&anna);
        traffic.send(&mut relay, anna.five_tuple, &request);
        assert_eq!(
            traffic.datagrams_out,
            usize::from(answered),
            "{peers} peers: {traffic:?}"
        );
        assert!(traffic.bytes_out < 100, "{traffic:?}");
        for at in 0..peers {
            let peer = format!("8.8.{}.{}:5000", at / 250, at % 250);
            assert_eq!(relay.send(&anna, &peer, b"data"), None, "{peer} of {peers}");
        }
    }
}

#[test]
fn a_loop_between_two_allocations_ends_with_the_datagram_that_began_it() {
    let mut relay = Relay::new();
    let (mut anna, mut boris) = (alice(), bob());
    let (of_anna, of_boris) = (relay.allocate(&mut anna), relay.allocate(&mut boris));
    relay.bind(&mut anna, 0x4000, &of_boris.to_string());
    relay.bind(&mut boris, 0x4000, &of_anna.to_string());
    // The payload is itself ChannelData that would go back, and again inside it.
    let mut payload = b"end".to_vec();
    for _ in 0..8 {
        let length = (payload.len() as u16).to_be_bytes();
        payload = [&[0x40, 0x00], &length, &payload[..]].concat();
    }
    let sent = relay.send_channel(&anna, 0x4000, &payload);
    assert!(
        matches!(sent, Some(Relayed::ToClient(to, _)) if to == boris.five_tuple),
        "{sent:?}"
    );
    assert_eq!(relay.answers(), 0, "nothing goes on by itself");
    // To itself: a connectivity check, and no more than one datagram either.
    relay.bind(&mut anna, 0x4001, &of_anna.to_string());
    let sent = relay.send_channel(&anna, 0x4001, &payload);
    assert!(
        matches!(sent, Some(Relayed::ToClient(to, _)) if to == anna.five_tuple),
        "{sent:?}"
    );
    assert_eq!(relay.answers(), 0);
}

#[test]
fn the_listener_is_no_peer_for_requests_through_the_relay() {
    let mut relay = Relay::new();
    let mut anna = alice();
    relay.allocate(&mut anna);
    let listener = format!("{RELAY}:3478");
    relay.permit(&mut anna, &listener);
    for request in [
        relay.request(method::BINDING).bytes(),
        relay.request(method::ALLOCATE).transport(UDP).bytes(),
    ] {
        assert_eq!(relay.send(&anna, &listener, &request), None);
    }
    assert_eq!(relay.answers(), 0);
    assert_eq!(relay.drops(DropReason::OwnAddress), 2);
}

#[test]
fn ten_thousand_allocations_made_and_dropped_leave_nothing_behind() {
    let mut relay = Relay::with(|settings| settings.limits.allocations_per_user = 2_000);
    for round in 0..10 {
        let mut clients: Vec<_> = (0..1_000u32)
            .map(|at| {
                Client::of(
                    &format!("user{}", at % 5),
                    &format!("9.9.{round}.{}:{}", at % 250, 1000 + at),
                )
            })
            .collect();
        for client in &mut clients {
            relay.allocate(client);
            relay.permit(client, PEER);
        }
        assert_eq!(relay.bound.len(), 1_000);
        for (at, client) in clients.iter_mut().enumerate() {
            match at % 3 {
                0 => assert_eq!(relay.refresh(client, 0).code(), None),
                1 => relay.server.handle_closed(client.five_tuple, relay.now),
                _ => {}
            }
        }
        relay.advance(600);
        assert!(relay.bound.is_empty());
        relay.events.clear();
    }
    assert_eq!(relay.server.counters().allocations, 0);
    assert_eq!(relay.server.counters().allocated, 10_000);
    assert_eq!(relay.server.next_deadline(), None);
}

fn stranger(address: &str) -> FiveTuple {
    FiveTuple {
        client: address.parse::<SocketAddr>().unwrap(),
        ..alice().five_tuple
    }
}
