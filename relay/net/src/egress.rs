//! What leaves: datagrams of one destination and size that follow each other leave in one system call.

use crate::sockets::{SocketId, Sockets};
use std::{
    io,
    net::{IpAddr, SocketAddr},
};

/// The longest datagram that is joined with others, in bytes. The kernel refuses segments that do not fit the path, and after one
/// refusal the socket does without offload for good; these fit the least MTU that IPv6 allows (RFC 8200 section 5).
const MAX_SEGMENT: usize = 1232;

/// The most that one send may carry, in bytes.
const MAX_RUN: usize = 65_000;

/// Where a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) socket: SocketId,
    pub(crate) destination: SocketAddr,
    /// The address of the host that it leaves from, where the socket is bound to all of them.
    pub(crate) source: Option<IpAddr>,
}

/// What became of the datagrams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    pub(crate) failed: u64,
}

/// A run of datagrams that waits to be sent. Its memory is made once.
#[derive(Debug)]
pub(crate) struct Egress {
    run: Vec<u8>,
    route: Option<Route>,
    segment: usize,
    datagrams: usize,
    most: usize,
    sent: Sent,
}

impl Egress {
    pub(crate) fn new() -> Self {
        Self {
            run: Vec::with_capacity(1 << 17),
            route: None,
            segment: 0,
            datagrams: 0,
            most: 0,
            sent: Sent::default(),
        }
    }

    /// Takes one datagram, made of `parts`, for `route`. It leaves with the next [`Egress::flush`] at the latest.
    pub(crate) fn push(&mut self, sockets: &Sockets, route: Route, parts: [&[u8]; 3]) {
        let length = parts.iter().map(|part| part.len()).sum();
        if !self.joins(route, length) {
            self.flush(sockets);
            self.route = Some(route);
            self.segment = length;
            let offload = (1..=MAX_SEGMENT).contains(&length);
            self.most = if offload {
                sockets
                    .get(route.socket)
                    .map_or(1, |socket| socket.most_segments())
            } else {
                1
            };
        }
        for part in parts {
            self.run.extend_from_slice(part);
        }
        self.datagrams += 1;
        if length < self.segment {
            // Only the last segment may be shorter.
            self.most = self.datagrams;
        }
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self, sockets: &Sockets) {
        let Some(route) = self.route.take() else {
            return;
        };
        if let Some(socket) = sockets.get(route.socket) {
            let segment = (self.datagrams > 1).then_some(self.segment);
            match socket.send(route.destination, route.source, &self.run, segment) {
                Ok(()) => self.count(self.datagrams, self.run.len()),
                Err(error) if self.datagrams > 1 && error.kind() != io::ErrorKind::WouldBlock => {
                    tracing::debug!(%error, datagrams = self.datagrams, "cannot send a run at once");
                    for at in (0..self.run.len()).step_by(self.segment) {
                        let datagram = &self.run[at..self.run.len().min(at + self.segment)];
                        let length = datagram.len();
                        match socket.send(route.destination, route.source, datagram, None) {
                            Ok(()) => self.count(1, length),
                            Err(error) => self.fail(1, &error),
                        }
                    }
                }
                Err(error) => self.fail(self.datagrams, &error),
            }
        }
        self.run.clear();
        self.datagrams = 0;
    }

    /// Returns what was sent since the start.
    pub(crate) fn sent(&self) -> Sent {
        self.sent
    }

    fn joins(&self, route: Route, length: usize) -> bool {
        self.route == Some(route)
            && self.datagrams < self.most
            && (1..=self.segment).contains(&length)
            && self.run.len() + length <= MAX_RUN
    }

    fn count(&mut self, datagrams: usize, bytes: usize) {
        self.sent.datagrams += datagrams as u64;
        self.sent.bytes += bytes as u64;
    }

    fn fail(&mut self, datagrams: usize, error: &io::Error) {
        tracing::trace!(%error, datagrams, "cannot send");
        self.sent.failed += datagrams as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Socket;
    use mio::Poll;
    use std::net::UdpSocket;

    #[test]
    fn a_run_ends_with_its_destination_its_size_or_a_shorter_datagram() {
        let (sockets, first, second) = (sockets(), receiver(), receiver());
        let mut egress = Egress::new();
        let sizes = [100, 100, 100, 60, 100, 200, 200, 1300, 1300, 0, 0, 5];
        for (at, size) in sizes.into_iter().enumerate() {
            for receiver in [&first, &first, &second] {
                egress.push(
                    &sockets,
                    route(receiver),
                    [&[at as u8; 4], &vec![1; size], &[]],
                );
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
    fn equal_datagrams_to_one_destination_leave_together() {
        let (sockets, receiver) = (sockets(), receiver());
        let mut egress = Egress::new();
        for _ in 0..8 {
            egress.push(&sockets, route(&receiver), [&[], &[7; 1200], &[]]);
        }
        assert_eq!(
            (egress.datagrams, egress.run.len(), egress.sent().datagrams),
            (8, 9600, 0)
        );
        egress.flush(&sockets);
        assert_eq!(
            egress.sent(),
            Sent {
                datagrams: 8,
                bytes: 9600,
                failed: 0
            }
        );
        for _ in 0..8 {
            assert_eq!(receive(&receiver), [7; 1200]);
        }
    }

    #[test]
    fn what_cannot_be_sent_is_counted() {
        let (sockets, receiver) = (sockets(), receiver());
        let mut egress = Egress::new();
        let far = Route {
            destination: "[2001:db8::1]:9".parse().unwrap(),
            ..route(&receiver)
        };
        for _ in 0..3 {
            egress.push(&sockets, far, [&[], &[7; 100], &[]]);
        }
        egress.push(&sockets, route(&receiver), [&[], b"near", &[]]);
        egress.flush(&sockets);
        assert_eq!(
            egress.sent(),
            Sent {
                datagrams: 1,
                bytes: 4,
                failed: 3
            }
        );
        assert_eq!(receive(&receiver), b"near");
    }

    fn sockets() -> Sockets {
        let registry = Poll::new().unwrap().registry().try_clone().unwrap();
        let loopback = "127.0.0.1:0".parse().unwrap();
        Sockets::new(registry, Socket::bind(loopback).unwrap(), loopback.ip()).unwrap()
    }

    fn receiver() -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(std::time::Duration::from_secs(5)))
            .unwrap();
        socket
    }

    fn route(to: &UdpSocket) -> Route {
        Route {
            socket: SocketId::Listener,
            destination: to.local_addr().unwrap(),
            source: None,
        }
    }

    fn receive(socket: &UdpSocket) -> Vec<u8> {
        let mut buffer = [0; 2000];
        let length = socket.recv(&mut buffer).unwrap();
        buffer[..length].to_vec()
    }
}
