//! Clients over TCP and TLS: what they are served, and what they cannot do to others.

use crate::support::{
    Client, SOON, Wire, certificate, config, eventually, mapped_address, socket, start, tcp, tls,
};
use net::{Config, Relay, StreamLimits};
use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A Binding request.
const BINDING: &[u8] = b"\x00\x01\x00\x00\x21\x12\xa4\x42............";

#[test]
fn data_goes_to_a_peer_and_back_over_tcp_and_tls() {
    let (files, relay, address) = start_tls(20_400..=20_409);
    let tls_address = relay.tls_addrs()[0];
    for (at, wire) in [
        Wire::tcp(address),
        Wire::tls(address, &files, false),
        Wire::tls(tls_address, &files, true),
        Wire::tls(tls_address, &files, false),
    ]
    .into_iter()
    .enumerate()
    {
        let (client, peer) = (Client::over(wire, "alice"), socket());
        let relayed = client.allocate().unwrap();
        let peer_address = peer.local_addr().unwrap();
        client.permit(peer_address).unwrap();
        client.send(peer_address, b"by indication");
        assert_eq!(crate::support::receive(&peer), b"by indication");
        client.bind(0x4000 + at as u16, peer_address).unwrap();
        for size in [0, 1, 2, 3, 4, 1200, 9000, 60_000] {
            let payload = vec![size as u8; size];
            client.send_channel(0x4000 + at as u16, &payload);
            assert_eq!(crate::support::receive(&peer), payload);
            peer.send_to(&payload, relayed).unwrap();
            assert_eq!(client.receive(), (Some(0x4000 + at as u16), payload));
        }
    }
    eventually("frames are counted by what carries them", || {
        let ingress = relay.handle().counters().ingress;
        ingress.tcp.packets > 8 && ingress.tls.packets > 24
    });
}

#[test]
fn clients_of_different_transports_reach_each_other() {
    let (files, _relay, address) = start_tls(20_410..=20_419);
    let clients = [
        Client::connect(address, "alice"),
        Client::over(Wire::tcp(address), "bob"),
        Client::over(Wire::tls(address, &files, true), "carol"),
    ];
    let relayed = clients.each_ref().map(|client| client.allocate().unwrap());
    for client in &clients {
        for (channel, peer) in (0x4000..).zip(relayed) {
            client.bind(channel, peer).unwrap();
        }
    }
    for (from, sender) in (0x4000..).zip(&clients) {
        for (to, receiver) in (0x4000..).zip(&clients) {
            sender.send_channel(to, b"hello");
            assert_eq!(receiver.receive(), (Some(from), b"hello".to_vec()));
        }
    }
}

#[test]
fn the_end_of_a_stream_ends_its_allocation() {
    let (relay, address) = start(config(20_420..=20_429));
    let client = Client::over(Wire::tcp(address), "alice");
    client.allocate().unwrap();
    eventually("it is counted", || {
        relay.handle().counters().turn.allocations == 1
    });
    drop(client);
    eventually("the allocation is gone", || {
        let counters = relay.handle().counters();
        counters.turn.allocations == 0 && counters.streams.open == 0
    });
}

#[test]
fn frames_may_come_in_any_pieces_and_several_at_once() {
    let (_relay, address) = start(config(20_430..=20_439));
    let mut stream = tcp(address);
    stream.set_nodelay(true).unwrap();
    for byte in BINDING {
        stream.write_all(&[*byte]).unwrap();
    }
    assert_eq!(answers(&mut stream), 1);
    stream.write_all(&BINDING.repeat(100)).unwrap();
    for _ in 0..100 {
        assert_eq!(answers(&mut stream), 1);
    }
}

#[test]
fn a_client_that_says_a_byte_a_minute_is_closed_and_others_are_not() {
    let (relay, address) = start(Config {
        streams: StreamLimits {
            idle: Duration::from_millis(200),
            ..StreamLimits::default()
        },
        ..config(20_440..=20_449)
    });
    let client = Client::over(Wire::tcp(address), "alice");
    client.allocate().unwrap();
    let mut slow = tcp(address);
    slow.write_all(&BINDING[..19]).unwrap();
    let start = Instant::now();
    assert_eq!(slow.read(&mut [0]).unwrap(), 0);
    assert!(start.elapsed() >= Duration::from_millis(150));
    eventually("it is counted", || {
        relay.handle().counters().streams.idle == 1
    });
    // With an allocation a client may be silent for as long as that lives.
    client.refresh(600).unwrap();
}

#[test]
fn a_giant_frame_is_refused_when_it_is_announced() {
    let (relay, address) = start(config(20_450..=20_459));
    let mut stream = tcp(address);
    stream.write_all(BINDING).unwrap();
    assert_eq!(answers(&mut stream), 1);
    stream
        .write_all(b"\x00\x03\xff\xfc\x21\x12\xa4\x42")
        .unwrap();
    assert!(is_closed(&mut stream));
    let mut stream = tcp(address);
    stream.write_all(BINDING).unwrap();
    stream.write_all(b"\x40\x00\xff\xff").unwrap();
    assert_eq!(answers(&mut stream), 1);
    assert!(is_closed(&mut stream));
    eventually("both are counted", || {
        relay.handle().counters().streams.garbage == 2
    });
}

#[test]
fn a_stream_that_turns_into_garbage_is_closed() {
    let (relay, address) = start(config(20_460..=20_469));
    let mut stream = tcp(address);
    stream.write_all(BINDING).unwrap();
    assert_eq!(answers(&mut stream), 1);
    stream.write_all(b"\xff").unwrap();
    assert!(is_closed(&mut stream));
    eventually("it is counted", || {
        relay.handle().counters().streams.garbage == 1
    });
}

#[test]
fn what_begins_as_something_else_is_closed_at_the_door() {
    let (files, relay, address) = start_tls(20_470..=20_479);
    let mut http = tcp(address);
    http.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(is_closed(&mut http));
    let mut http = tls(address, &files, false);
    http.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(is_closed(&mut http));
    let mut plain = tcp(relay.tls_addrs()[0]);
    plain.write_all(BINDING).unwrap();
    assert!(is_closed(&mut plain));
    eventually("three are counted and none is open", || {
        let streams = relay.handle().counters().streams;
        (streams.unsorted, streams.open) == (3, 0)
    });
}

#[test]
fn a_client_that_never_reads_loses_its_packets_and_harms_nobody() {
    for over_tls in [false, true] {
        let (files, relay, address) = start_tls(20_480..=20_489);
        let wire = if over_tls {
            Wire::tls(address, &files, true)
        } else {
            Wire::tcp(address)
        };
        let (deaf, bob) = (Client::over(wire, "alice"), Client::connect(address, "bob"));
        let (a, b) = (deaf.allocate().unwrap(), bob.allocate().unwrap());
        deaf.bind(0x4000, b).unwrap();
        bob.bind(0x4000, a).unwrap();
        let queued = || relay.handle().counters().queues.streams;
        eventually("its queue is full", || {
            for _ in 0..100 {
                bob.send_channel(0x4000, &[7; 1200]);
            }
            assert!(queued() <= 128 << 10, "{}", queued());
            relay.handle().counters().streams.overflowed > 0
        });
        assert_eq!(mapped_address(&socket(), address).1, address);
        bob.refresh(600).unwrap();
        let ask = || {
            if let Wire::Stream(stream) = &deaf.wire {
                let _ = stream.borrow_mut().write_all(BINDING);
            }
        };
        // Whoever floods a client does not cost it its answers: they have room beyond the packets.
        let answered = || relay.handle().counters().turn.bindings;
        let before = answered();
        ask();
        eventually("it is answered", || answered() > before);
        assert_eq!(relay.handle().counters().streams.stuck, 0);
        // An answer that finds no room there either closes the stream.
        eventually("it is closed", || {
            ask();
            relay.handle().counters().streams.stuck == 1
        });
        eventually("nothing waits any more", || queued() == 0);
    }
}

#[test]
fn thousands_of_idle_connections_leave_room_for_others() {
    let (relay, address) = start(Config {
        streams: StreamLimits {
            in_all: 300,
            per_prefix: 200,
            ..StreamLimits::default()
        },
        ..config(20_490..=20_499)
    });
    let idle: Vec<TcpStream> = (0..1000).map(|_| tcp(address)).collect();
    eventually("those above the limit are closed", || {
        let streams = relay.handle().counters().streams;
        streams.open == 200 && streams.full_prefix + streams.crowded == 800
    });
    // Where it is crowded, who makes use of a place has it from who makes none.
    Client::over(Wire::tcp(address), "bob").allocate().unwrap();
    Client::connect(address, "alice").allocate().unwrap();
    let elsewhere = SocketAddr::from(([127, 0, 1, 1], 0));
    assert_eq!(answers(&mut tcp_from(elsewhere, address)), 1);
    drop(idle);
    eventually("their places are free", || {
        relay.handle().counters().streams.open == 0
    });
    let client = Client::over(Wire::tcp(address), "alice");
    client.allocate().unwrap();
}

#[test]
fn where_it_is_crowded_the_oldest_without_an_allocation_goes_and_nobody_else() {
    let (relay, address) = start(Config {
        streams: StreamLimits {
            per_prefix: 2,
            ..StreamLimits::default()
        },
        ..config(20_510..=20_519)
    });
    let alice = Client::over(Wire::tcp(address), "alice");
    alice.allocate().unwrap();
    let mut idle = tcp(address);
    idle.write_all(BINDING).unwrap();
    assert_eq!(answers(&mut idle), 1);
    let bob = Client::over(Wire::tcp(address), "bob");
    bob.allocate().unwrap();
    assert!(is_closed(&mut idle));
    assert!(is_closed(&mut tcp(address)));
    let streams = relay.handle().counters().streams;
    assert_eq!(
        (streams.open, streams.crowded, streams.full_prefix),
        (2, 1, 1)
    );
    alice.refresh(600).unwrap();
    bob.refresh(600).unwrap();
}

#[test]
fn a_stream_survives_any_number_of_others() {
    let (_relay, address) = start(config(20_500..=20_509));
    let client = Client::over(Wire::tcp(address), "alice");
    let (relayed, peer) = (client.allocate().unwrap(), socket());
    client.bind(0x4000, peer.local_addr().unwrap()).unwrap();
    let others = thread::spawn(move || {
        for _ in 0..200 {
            let mut other = tcp(address);
            other.write_all(BINDING).unwrap();
            assert_eq!(answers(&mut other), 1);
        }
    });
    for round in 0..200u8 {
        peer.send_to(&[round; 1200], relayed).unwrap();
        assert_eq!(client.receive(), (Some(0x4000), vec![round; 1200]));
    }
    others.join().unwrap();
}

fn start_tls(ports: std::ops::RangeInclusive<u16>) -> (TempDir, Relay, SocketAddr) {
    let (files, tls) = certificate();
    let (relay, address) = start(Config {
        certificates: Some(tls),
        tls_listen: vec!["127.0.0.1:0".parse().unwrap()],
        ..config(ports)
    });
    (files, relay, address)
}

/// Returns how many Binding answers come: one, or none if the stream ends.
fn answers(stream: &mut TcpStream) -> usize {
    let mut answer = [0; 32];
    match stream.read_exact(&mut answer) {
        Ok(()) => {
            assert_eq!(answer[..2], [1, 1]);
            1
        }
        Err(error) => {
            assert_ne!(
                error.kind(),
                ErrorKind::WouldBlock,
                "no answer after {SOON:?}"
            );
            0
        }
    }
}

fn is_closed(stream: &mut impl Read) -> bool {
    match stream.read(&mut [0; 9]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn tcp_from(local: SocketAddr, relay: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&local.into()).unwrap();
    socket.connect(&relay.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(BINDING).unwrap();
    stream
}
