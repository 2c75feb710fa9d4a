//! What leaves: datagrams of one destination and size leave in one system call.
//!
//! Several runs are gathered side by side, so that flows which take turns still leave in lots. Datagrams from one socket to one destination keep their order.

use crate::{
    socket::Socket,
    sockets::{SocketId, Sockets},
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
};
use turn::{IcmpError, RelayedPort};

/// The longest datagram that is joined with others, in bytes. The kernel refuses segments that do not fit the path, and after one
/// refusal its sockets do without offload for good; these fit the least MTU that IPv6 allows (RFC 8200 section 5).
const MAX_SEGMENT: usize = 1232;

/// The most that one send may carry, in bytes.
const MAX_RUN: usize = 65_000;

/// Runs that are gathered side by side.
const RUNS: usize = 64;

/// Where a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) socket: SocketId,
    pub(crate) destination: SocketAddr,
    /// The address of the host that it leaves from, where the socket is bound to all of them.
    pub(crate) source: Option<IpAddr>,
    /// It is lost rather than fragmented.
    pub(crate) dont_fragment: bool,
}

/// What became of the datagrams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    pub(crate) failed: u64,
}

/// The datagrams that wait to be sent. Its memory is made once.
#[derive(Debug, Default)]
pub(crate) struct Egress {
    runs: Vec<Run>,
    /// The memory of runs that have left.
    spare: Vec<Vec<u8>>,
    sent: Sent,
    /// ICMP errors that stood in the way.
    icmp: Vec<(RelayedPort, IcmpError)>,
}

/// Datagrams of one route and size, but for a last shorter one.
#[derive(Debug)]
struct Run {
    route: Route,
    bytes: Vec<u8>,
    segment: usize,
    datagrams: usize,
    most: usize,
}

impl Egress {
    /// Takes one datagram, made of `parts`, for `route`. It leaves with the next [`Egress::flush`] at the latest.
    pub(crate) fn push(&mut self, sockets: &Sockets, route: Route, parts: [&[u8]; 3]) {
        let length = parts.iter().map(|part| part.len()).sum();
        let same = |run: &Run| {
            (run.route.destination, run.route.socket) == (route.destination, route.socket)
        };
        let at = match self.runs.iter().rposition(same) {
            Some(at) if self.runs[at].joins(route, length) => at,
            Some(at) => {
                let run = &mut self.runs[at];
                send(run, sockets, &mut self.sent, &mut self.icmp);
                run.begin(sockets, route, length);
                at
            }
            None => {
                if self.runs.len() == RUNS {
                    self.flush(sockets);
                }
                let mut run = Run::new(route, self.spare.pop().unwrap_or_default());
                run.begin(sockets, route, length);
                self.runs.push(run);
                self.runs.len() - 1
            }
        };
        self.runs[at].push(parts, length);
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self, sockets: &Sockets) {
        for mut run in self.runs.drain(..) {
            send(&mut run, sockets, &mut self.sent, &mut self.icmp);
            self.spare.push(run.bytes);
        }
    }

    /// Returns what was sent since the start.
    pub(crate) fn sent(&self) -> Sent {
        self.sent
    }

    /// Fetches the ICMP errors that wait at a relay socket.
    pub(crate) fn fetch_icmp(&mut self, sockets: &Sockets, port: RelayedPort) {
        if let Some(socket) = sockets.get(SocketId::Relay(port)) {
            fetch_icmp(socket, port, &mut self.icmp);
        }
    }

    /// Takes an ICMP error that was fetched.
    pub(crate) fn take_icmp(&mut self) -> Option<(RelayedPort, IcmpError)> {
        self.icmp.pop()
    }
}

impl Run {
    fn new(route: Route, bytes: Vec<u8>) -> Self {
        Self {
            route,
            bytes,
            segment: 0,
            datagrams: 0,
            most: 0,
        }
    }

    /// Begins anew with a datagram of `length` bytes.
    fn begin(&mut self, sockets: &Sockets, route: Route, length: usize) {
        self.bytes.clear();
        self.route = route;
        self.segment = length;
        self.datagrams = 0;
        self.most = if (1..=MAX_SEGMENT).contains(&length) {
            sockets
                .get(route.socket)
                .map_or(1, |socket| socket.most_segments())
        } else {
            1
        };
    }

    fn joins(&self, route: Route, length: usize) -> bool {
        self.route == route
            && self.datagrams < self.most
            && (1..=self.segment).contains(&length)
            && self.bytes.len() + length <= MAX_RUN
    }

    fn push(&mut self, parts: [&[u8]; 3], length: usize) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.datagrams += 1;
        if length < self.segment {
            // Only the last segment may be shorter.
            self.most = self.datagrams;
        }
    }
}

fn send(
    run: &mut Run,
    sockets: &Sockets,
    sent: &mut Sent,
    icmp: &mut Vec<(RelayedPort, IcmpError)>,
) {
    let Some(socket) = sockets.get(run.route.socket) else {
        return;
    };
    let route = run.route;
    let once = |bytes: &[u8], segment| {
        if route.dont_fragment {
            socket.send_whole(route.destination, bytes)
        } else {
            socket.send(route.destination, route.source, bytes, segment)
        }
    };
    let mut attempt = |bytes: &[u8], segment| match (route.socket, once(bytes, segment)) {
        (SocketId::Relay(port), Err(error)) if error.kind() != io::ErrorKind::WouldBlock => {
            // An ICMP error that nobody has fetched fails the next send, whatever its destination.
            fetch_icmp(socket, port, icmp);
            once(bytes, segment)
        }
        (_, result) => result,
    };
    let segment = (run.datagrams > 1).then_some(run.segment);
    match attempt(&run.bytes, segment) {
        Ok(()) => sent.count(run.datagrams, run.bytes.len()),
        Err(error) if run.datagrams > 1 && error.kind() != io::ErrorKind::WouldBlock => {
            tracing::debug!(%error, datagrams = run.datagrams, "cannot send a run at once");
            for datagram in run.bytes.chunks(run.segment) {
                match attempt(datagram, None) {
                    Ok(()) => sent.count(1, datagram.len()),
                    Err(error) => sent.fail(1, &error),
                }
            }
        }
        Err(error) => sent.fail(run.datagrams, &error),
    }
}

fn fetch_icmp(socket: &Socket, port: RelayedPort, icmp: &mut Vec<(RelayedPort, IcmpError)>) {
    while let Some(error) = socket.take_icmp() {
        icmp.push((port, error));
    }
}

impl Sent {
    fn count(&mut self, datagrams: usize, bytes: usize) {
        self.datagrams += datagrams as u64;
        self.bytes += bytes as u64;
    }

    fn fail(&mut self, datagrams: usize, error: &io::Error) {
        tracing::trace!(%error, datagrams, "cannot send");
        self.failed += datagrams as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sockets::RelayIps;
    use mio::Poll;
    use std::net::UdpSocket;

    #[test]
    fn a_run_ends_with_its_destination_its_size_or_a_shorter_datagram() {
        let (sockets, first, second) = (sockets(), receiver(), receiver());
        let mut egress = Egress::default();
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
        let mut egress = Egress::default();
        for _ in 0..8 {
            egress.push(&sockets, route(&receiver), [&[], &[7; 1200], &[]]);
        }
        assert_eq!((egress.runs[0].datagrams, egress.sent().datagrams), (8, 0));
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
        let mut egress = Egress::default();
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
        let listener = Socket::listen(loopback, false).unwrap();
        let relay = RelayIps {
            v4: Some(loopback.ip()),
            v6: None,
        };
        Sockets::new(registry, vec![listener], relay).unwrap()
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
            socket: SocketId::Listener(0),
            destination: to.local_addr().unwrap(),
            source: None,
            dont_fragment: false,
        }
    }

    fn receive(socket: &UdpSocket) -> Vec<u8> {
        let mut buffer = [0; 2000];
        let length = socket.recv(&mut buffer).unwrap();
        buffer[..length].to_vec()
    }
}
