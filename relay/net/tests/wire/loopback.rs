//! Our own client and a plain peer.

use crate::support::{
    Client, SOON, Wire, config, eventually, mapped_address, receive, socket, start,
};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

#[test]
fn a_binding_request_is_answered() {
    let (_relay, address) = start(config(20_000..=20_009));
    let socket = socket();
    assert_eq!(
        mapped_address(&socket, address),
        (socket.local_addr().unwrap(), address)
    );
}

#[test]
fn a_wildcard_listener_answers_from_the_address_that_was_asked() {
    let (_relay, address) = start(net::Config {
        listen: vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))],
        ..config(20_010..=20_019)
    });
    let asked = SocketAddr::from(([127, 0, 0, 2], address.port()));
    assert_eq!(mapped_address(&socket(), asked).1, asked);
}

#[test]
fn an_ipv6_listener_serves_both_families() {
    let (_relay, address) = start(net::Config {
        listen: vec!["[::]:0".parse().unwrap()],
        ..config(20_020..=20_029)
    });
    let over_ipv4 = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()));
    let client = Client::connect(over_ipv4, "alice");
    assert_eq!(
        mapped_address(client.socket(), over_ipv4),
        (client.socket().local_addr().unwrap(), over_ipv4)
    );
    client.allocate().unwrap();
    let ipv6 = UdpSocket::bind("[::1]:0").unwrap();
    ipv6.set_read_timeout(Some(SOON)).unwrap();
    let asked: SocketAddr = format!("[::1]:{}", address.port()).parse().unwrap();
    assert_eq!(
        mapped_address(&ipv6, asked),
        (ipv6.local_addr().unwrap(), asked)
    );
}

#[test]
fn data_goes_to_a_peer_and_back_by_indication_and_by_channel() {
    let (_relay, address) = start(config(20_030..=20_039));
    let (client, peer) = (Client::connect(address, "alice"), socket());
    let (relayed, peer_address) = (client.allocate().unwrap(), peer.local_addr().unwrap());
    client.permit(peer_address).unwrap();
    client.send(peer_address, b"by indication");
    assert_eq!(received_from(&peer), (b"by indication".to_vec(), relayed));
    peer.send_to(b"and back", relayed).unwrap();
    assert_eq!(client.receive(), (None, b"and back".to_vec()));

    client.bind(0x4000, peer_address).unwrap();
    client.send_channel(0x4000, b"by channel");
    assert_eq!(received_from(&peer), (b"by channel".to_vec(), relayed));
    peer.send_to(b"and back", relayed).unwrap();
    assert_eq!(client.receive(), (Some(0x4000), b"and back".to_vec()));
}

#[test]
fn bursts_arrive_whole_and_in_order_whatever_their_sizes() {
    let (_relay, address) = start(config(20_040..=20_049));
    let (alice, bob, peer) = (
        Client::connect(address, "alice"),
        Client::connect(address, "bob"),
        socket(),
    );
    let (a, b, p) = (
        alice.allocate().unwrap(),
        bob.allocate().unwrap(),
        peer.local_addr().unwrap(),
    );
    alice.bind(0x4000, b).unwrap();
    bob.bind(0x4001, a).unwrap();
    alice.bind(0x4002, p).unwrap();
    for round in 0..50usize {
        let burst: Vec<Vec<u8>> = (0..8)
            .map(|at| {
                vec![(round * 8 + at) as u8; [1200, 1200, 160, 0, 1400, 9000][(round + at / 3) % 6]]
            })
            .collect();
        burst
            .iter()
            .for_each(|payload| alice.send_channel(0x4000, payload));
        for payload in &burst {
            assert_eq!(bob.receive(), (Some(0x4001), payload.clone()));
        }
        burst
            .iter()
            .for_each(|payload| alice.send_channel(0x4002, payload));
        for payload in &burst {
            assert_eq!(receive(&peer), *payload);
        }
        for payload in &burst {
            peer.send_to(payload, a).unwrap();
        }
        for payload in &burst {
            assert_eq!(alice.receive(), (Some(0x4002), payload.clone()));
        }
    }
}

#[test]
fn relay_to_relay_needs_no_relay_socket_traffic() {
    let (relay, address) = start(config(20_050..=20_059));
    let (alice, bob) = (
        Client::connect(address, "alice"),
        Client::connect(address, "bob"),
    );
    let (a, b) = (alice.allocate().unwrap(), bob.allocate().unwrap());
    alice.permit(b).unwrap();
    bob.permit(a).unwrap();
    alice.send(b, b"hello");
    assert_eq!(bob.receive(), (None, b"hello".to_vec()));
    // Challenge, allocation and permission of each, and one datagram of data.
    eventually("seven datagrams came in and seven went out", || {
        let counters = relay.handle().counters();
        (
            counters.ingress.total().packets,
            counters.egress.total().packets,
        ) == (7, 7)
    });
}

#[test]
fn nothing_reaches_the_listener_or_a_silent_port_of_the_relay() {
    let (relay, address) = start(config(20_060..=20_069));
    let (client, peer) = (Client::connect(address, "alice"), socket());
    client.allocate().unwrap();
    client.permit(address).unwrap();
    client.send(address, b"to the listener");
    client.send(peer.local_addr().unwrap(), b"to the peer");
    assert_eq!(receive(&peer), b"to the peer");
    let dropped = || {
        relay
            .handle()
            .counters()
            .turn
            .drops()
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    eventually("one drop is counted", || dropped() == 1);
}

#[test]
fn revoking_a_session_ends_its_allocation_and_closes_its_port() {
    let (relay, address) = start(config(20_070..=20_079));
    let client = Client::connect(address, "alice");
    let relayed = client.allocate().unwrap();
    assert!(UdpSocket::bind(relayed).is_err());
    relay.handle().revoke("alice".parse().unwrap()).unwrap();
    eventually("the port is free", || UdpSocket::bind(relayed).is_ok());
    assert_eq!(client.refresh(600), Err(437));
    assert_eq!(relay.handle().counters().turn.allocations, 0);
}

#[test]
fn a_port_that_another_program_has_is_passed_over() {
    let (taken, port) = loop {
        let taken = socket();
        let port = taken.local_addr().unwrap().port();
        if port < u16::MAX && UdpSocket::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            break (taken, port);
        }
    };
    for _ in 0..8 {
        let (_relay, address) = start(config(port..=port + 1));
        let client = Client::connect(address, "alice");
        assert_eq!(client.allocate().unwrap().port(), port + 1);
    }
    drop(taken);
}

#[test]
fn datagrams_of_other_protocols_are_counted_and_ignored() {
    let (relay, address) = start(config(20_090..=20_099));
    let socket = socket();
    for first in [20, 63, 128, 191, 200] {
        socket.send_to(&[first; 100], address).unwrap();
    }
    socket.send_to(&[], address).unwrap();
    eventually("six are counted", || relay.handle().counters().unknown == 6);
    assert_eq!(relay.handle().counters().egress.total().packets, 0);
}

#[test]
fn a_client_hears_that_nobody_is_there_and_loses_no_other_datagram() {
    for (client, nobody, peer) in [families("127.0.0.1:0", 20_100), families("[::1]:0", 20_110)] {
        let nobody_address = nobody.local_addr().unwrap();
        let peer_address = peer.local_addr().unwrap();
        drop(nobody);
        client.0.bind(0x4000, nobody_address).unwrap();
        client.0.bind(0x4001, peer_address).unwrap();
        for round in 0..50u8 {
            client.0.send_channel(0x4000, b"to nobody");
            client.0.send_channel(0x4001, &[round; 100]);
            assert_eq!(receive(&peer), [round; 100]);
        }
        let message = client.0.wire.receive();
        let message = stun::read(&message).unwrap();
        let from = message.attribute::<stun::XorPeerAddress>().unwrap();
        assert_eq!(from.addr(message.transaction_id()), nobody_address);
        let unreachable = if nobody_address.is_ipv4() {
            (3u16, 3u16)
        } else {
            (1, 4)
        };
        let [_, _, t0, t1, ..] = message.value(0x8004.into()).unwrap() else {
            panic!("no ICMP attribute")
        };
        let bits = u16::from_be_bytes([*t0, *t1]);
        assert_eq!((bits >> 9, bits & 0x1FF), unreachable);
    }
}

#[test]
fn an_ipv6_allocation_reaches_an_ipv6_peer_and_back() {
    let ((client, _relay, relayed), _, peer) = families("[::1]:0", 20_120);
    let peer_address = peer.local_addr().unwrap();
    client.bind(0x4000, peer_address).unwrap();
    client.send_channel(0x4000, b"hello");
    assert_eq!(received_from(&peer), (b"hello".to_vec(), relayed));
    peer.send_to(b"and back", relayed).unwrap();
    assert_eq!(client.receive(), (Some(0x4000), b"and back".to_vec()));
}

#[test]
fn several_listen_addresses_are_served_each_from_its_own() {
    let listen = ["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"].map(|text| text.parse().unwrap());
    let (relay, _) = start(net::Config {
        listen: listen.to_vec(),
        ..config(20_130..=20_139)
    });
    for address in relay.local_addrs() {
        let client = Client::connect(*address, "alice");
        assert_eq!(mapped_address(client.socket(), *address).1, *address);
        client.allocate().unwrap();
        let client = Client::over(Wire::tcp(*address), "alice");
        client.allocate().unwrap();
    }
}

/// Returns a client with an allocation of the family of `any` and its relayed address, and two sockets of that family.
fn families(any: &str, ports: u16) -> ((Client, net::Relay, SocketAddr), UdpSocket, UdpSocket) {
    let (relay, address) = start(net::Config {
        listen: vec![any.parse().unwrap()],
        relay_v6: Some(std::net::Ipv6Addr::LOCALHOST),
        ..config(ports..=ports + 9)
    });
    let client = Client::connect(address, "alice");
    let family = if address.is_ipv4() {
        stun::AddressFamily::IPV4
    } else {
        stun::AddressFamily::IPV6
    };
    let relayed = client.allocate_of(family).unwrap();
    let socket = || {
        let socket = UdpSocket::bind(any).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket
    };
    ((client, relay, relayed), socket(), socket())
}

fn received_from(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    (buffer[..length].to_vec(), from)
}
