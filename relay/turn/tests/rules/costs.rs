//! What packets and allocations cost: no packet takes memory, and an allocation takes little.

use crate::support::{Client, PEER, RELAY_V6, Relay, alice, bob, port};
use stun::{Data, method};
use turn::{DropReason, Family, PeerAddr, Transport};

#[test]
fn no_packet_of_a_client_takes_memory() {
    for transport in Transport::ALL {
        let (mut relay, mut alice, mut bob) = (Relay::new(), over(transport, alice()), bob());
        let mut second = relay.sibling(1, |_| {});
        let mut carol = Client::of("carol", "9.9.9.11:1000");
        relay.allocate(&mut alice);
        let (b, c) = (relay.allocate(&mut bob), second.allocate(&mut carol));
        relay.bind(&mut bob, 0x4000, &b.to_string());
        relay.permit(&mut alice, "8.8.8.9:1");
        for (channel, peer) in [
            (0x4000, PEER),
            (0x4001, &b.to_string()),
            (0x4002, &c.to_string()),
        ] {
            assert_eq!(relay.bind(&mut alice, channel, peer), None);
        }
        let send = relay.indication(method::SEND).peer("8.8.8.9:1");
        let send = send.attribute(&Data::new(b"data")).bytes();
        let unbound = relay.indication(method::SEND).peer("8.8.8.10:1");
        let unbound = unbound.attribute(&Data::new(b"data")).bytes();
        let channel = |number: u8| vec![0x40, number, 0, 4, 1, 2, 3, 4];
        let good = [send, channel(0), channel(1), channel(2)];
        let bad = [unbound, channel(3), vec![0x40], vec![0x80; 20]];
        for (datagrams, passes) in [(good, true), (bad, false)] {
            for datagram in datagrams {
                // The policy's answer for a new pair of sessions is kept, and that takes some.
                let mut once = || {
                    let from = alice.five_tuple;
                    relay
                        .server
                        .handle_client(from, &datagram, relay.now)
                        .is_some()
                };
                assert_eq!(once(), passes, "{datagram:?}");
                let cost = allocation_counter::measure(|| {
                    for _ in 0..100 {
                        assert_eq!(once(), passes);
                    }
                });
                assert_eq!(cost.count_total, 0, "{transport:?} {datagram:?}");
            }
        }
    }
}

#[test]
fn no_packet_of_a_peer_takes_memory() {
    for transport in Transport::ALL {
        let (mut relay, mut alice) = (Relay::new(), over(transport, alice()));
        let relayed = relay.allocate(&mut alice);
        relay.bind(&mut alice, 0x4000, PEER);
        for (peer, passes) in [(PEER, true), ("8.8.8.8:5001", true), ("8.8.8.9:1", false)] {
            let peer = PeerAddr::from(peer.parse::<std::net::SocketAddr>().unwrap());
            let cost = allocation_counter::measure(|| {
                for _ in 0..100 {
                    let to = relay
                        .server
                        .handle_peer(port(relayed), peer, b"data", relay.now);
                    assert_eq!(to.is_some(), passes);
                }
            });
            assert_eq!(cost.count_total, 0);
        }
        assert_eq!(relay.drops(DropReason::NoPermission), 100);
    }
}

#[test]
fn a_thousand_allocations_take_less_than_a_mebibyte_and_a_half() {
    let mut relay = Relay::with(|settings| {
        settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap());
        settings.limits.allocations_per_user = 1000;
        settings.relay_ports = 49_152..=65_535;
    });
    let client = |at: usize| {
        Client::of(
            "0123456789abcdef.0123456789abcdef",
            &format!("9.9.9.9:{at}"),
        )
    };
    let mut clients: Vec<_> = (1..=1000).map(client).collect();
    let cost = allocation_counter::measure(|| {
        for client in &mut clients {
            let request = relay
                .request(method::ALLOCATE)
                .transport(17)
                .family(Family::V4);
            assert_eq!(relay.ask(client, request).code(), None);
            relay.bind(client, 0x4000, PEER);
            relay.permit(client, "1.1.1.1:1");
        }
        relay.events = Vec::new();
        relay.bound = Default::default();
    });
    assert_eq!(relay.server.counters().allocations, 1000);
    assert!(cost.bytes_current < 3 << 19, "{} bytes", cost.bytes_current);
}

fn over(transport: Transport, mut client: Client) -> Client {
    client.five_tuple.transport = transport;
    client
}
