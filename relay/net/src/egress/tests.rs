//! The rules of what leaves.

use super::*;
use crate::{socket::Socket, sockets::RelayIps};
use mio::Poll;
use std::{net::UdpSocket, time::Duration};
use turn::Family;

#[test]
fn order_is_kept_within_a_route_whatever_the_sizes() {
    let (sockets, first, second) = (sockets(), receiver(), receiver());
    let mut egress = Egress::default();
    let sizes = [100, 100, 100, 60, 100, 200, 200, 1300, 1300, 0, 0, 5];
    for (at, size) in sizes.into_iter().enumerate() {
        for receiver in [&first, &first, &second] {
            let parts = [&[at as u8; 4][..], &vec![1; size], &[]];
            egress.push(&sockets, route(receiver), parts);
        }
    }
    egress.flush(&sockets);
    for (at, size) in sizes.into_iter().enumerate() {
        let expected = [&[at as u8; 4], &vec![1; size][..]].concat();
        for receiver in [&first, &first, &second] {
            assert_eq!(receive(receiver), expected);
        }
    }
    assert_eq!((egress.sent().datagrams, egress.sent().failed), (36, 0));
}

#[test]
fn equal_datagrams_of_one_route_leave_together() {
    let (sockets, receivers) = (sockets(), [receiver(), receiver()]);
    let mut egress = Egress::default();
    for _ in 0..8 {
        for receiver in &receivers {
            egress.push(&sockets, route(receiver), [&[], &[7; 1200], &[]]);
        }
    }
    let waiting: Vec<_> = egress.runs.iter().map(Run::datagrams).collect();
    assert_eq!((waiting, egress.sent()), (vec![8, 8], Sent::default()));
    egress.flush(&sockets);
    assert_eq!(egress.sent(), sent(16, 16 * 1200, 0));
    for receiver in &receivers {
        for _ in 0..8 {
            assert_eq!(receive(receiver), [7; 1200]);
        }
    }
}

#[test]
fn a_shorter_datagram_ends_a_run_and_a_longer_one_begins_another() {
    let (sockets, receiver) = (sockets(), receiver());
    let mut egress = Egress::default();
    let sizes_and_left = [(100, 0), (100, 0), (60, 0), (60, 3), (100, 4), (100, 4)];
    for (size, left) in sizes_and_left {
        egress.push(&sockets, route(&receiver), [&[], &vec![7; size], &[]]);
        assert_eq!(egress.sent().datagrams, left);
    }
    egress.flush(&sockets);
    for (size, _) in sizes_and_left {
        assert_eq!(receive(&receiver).len(), size);
    }
}

#[test]
fn a_run_holds_no_more_than_the_kernel_takes() {
    let (sockets, receiver) = (sockets(), receiver());
    let mut egress = Egress::default();
    for _ in 0..65 {
        egress.push(&sockets, route(&receiver), [&[], &[7; 10], &[]]);
    }
    assert_eq!(egress.sent(), sent(64, 640, 0));
    egress.flush(&sockets);
    for _ in 0..65 {
        egress.push(&sockets, route(&receiver), [&[], &[7; 1232], &[]]);
    }
    egress.flush(&sockets);
    assert_eq!((egress.sent().datagrams, egress.sent().failed), (130, 0));
}

#[test]
fn with_more_routes_than_places_the_oldest_leaves() {
    let sockets = sockets();
    let receivers: Vec<_> = (0..RUNS + 3).map(|_| receiver()).collect();
    let mut egress = Egress::default();
    for (at, receiver) in receivers.iter().enumerate() {
        egress.push(&sockets, route(receiver), [&[], &[at as u8], &[]]);
    }
    assert_eq!(egress.sent().datagrams, 3);
    for (at, receiver) in receivers[..3].iter().enumerate() {
        assert_eq!(receive(receiver), [at as u8]);
    }
    egress.flush(&sockets);
    for (at, receiver) in receivers.iter().enumerate().skip(3) {
        assert_eq!(receive(receiver), [at as u8]);
    }
}

#[test]
fn routes_that_share_a_tag_are_told_apart() {
    let (sockets, receiver) = (sockets(), receiver());
    let mut egress = Egress::default();
    let near = route(&receiver);
    let SocketAddr::V4(address) = near.destination else {
        panic!("{near:?} is no IPv4 route");
    };
    let ip = IpAddr::V6(address.ip().to_ipv6_compatible());
    let far = Route {
        destination: SocketAddr::new(ip, address.port()),
        ..near
    };
    assert_eq!(near.tag(), far.tag());
    for route in [near, far, near] {
        egress.push(&sockets, route, [&[], b"x", &[]]);
    }
    egress.flush(&sockets);
    assert_eq!(egress.sent(), sent(2, 2, 1));
}

#[test]
fn a_datagram_that_must_not_be_fragmented_leaves_alone() {
    let (sockets, receiver) = (sockets(), receiver());
    let mut egress = Egress::default();
    for dont_fragment in [true, true, false, true] {
        let route = Route {
            dont_fragment,
            ..route(&receiver)
        };
        egress.push(&sockets, route, [&[], b"x", &[]]);
    }
    egress.flush(&sockets);
    for _ in 0..4 {
        assert_eq!(receive(&receiver), b"x");
    }
}

#[test]
fn what_cannot_be_sent_is_counted() {
    let (sockets, receiver) = (sockets(), receiver());
    let mut egress = Egress::default();
    let far = Route {
        destination: "[2001:db8::1]:9".parse().unwrap(),
        ..route(&receiver)
    };
    let closed = Route {
        socket: SocketId::Relay(port(1)),
        ..route(&receiver)
    };
    for route in [far, far, far, closed] {
        egress.push(&sockets, route, [&[], &[7; 100], &[]]);
    }
    egress.push(&sockets, route(&receiver), [&[], b"near", &[]]);
    egress.flush(&sockets);
    assert_eq!(egress.sent(), sent(1, 4, 4));
    assert_eq!(receive(&receiver), b"near");
}

#[test]
fn no_datagram_is_lost_by_an_icmp_error_about_another() {
    let (mut sockets, receiver) = (sockets(), receiver());
    let mut egress = Egress::default();
    let port = (49_152..)
        .map(port)
        .find(|port| sockets.bind(*port).is_ok());
    let port = port.unwrap();
    let to = |destination| Route {
        socket: SocketId::Relay(port),
        destination,
        source: None,
        dont_fragment: false,
    };
    let nobody = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for _ in 0..3 {
        egress.push(&sockets, to(nobody), [&[], b"lost", &[]]);
        egress.push(
            &sockets,
            to(receiver.local_addr().unwrap()),
            [&[], b"kept", &[]],
        );
        egress.flush(&sockets);
        assert_eq!(receive(&receiver), b"kept");
    }
    assert_eq!(egress.sent().failed, 0);
    let (on, error) = egress.take_icmp().unwrap();
    assert_eq!((on, error.peer.get()), (port, nobody));
}

fn sockets() -> Sockets {
    let registry = Poll::new().unwrap().registry().try_clone().unwrap();
    let loopback = "127.0.0.1:0".parse().unwrap();
    let listener = Socket::listen(loopback, false).unwrap();
    let relay = RelayIps {
        v4: Some(loopback.ip()),
        v6: None,
    };
    Sockets::new(registry, vec![listener], relay).unwrap()
}

fn receiver() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let patience = Some(Duration::from_secs(5));
    socket.set_read_timeout(patience).unwrap();
    socket
}

fn route(to: &UdpSocket) -> Route {
    Route {
        socket: SocketId::Listener(0),
        destination: to.local_addr().unwrap(),
        source: None,
        dont_fragment: false,
    }
}

fn port(port: u16) -> RelayedPort {
    let family = Family::V4;
    RelayedPort { family, port }
}

fn sent(datagrams: u64, bytes: u64, failed: u64) -> Sent {
    Sent {
        datagrams,
        bytes,
        failed,
    }
}

fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2000];
    let length = socket.recv(&mut buffer).unwrap();
    buffer[..length].to_vec()
}
