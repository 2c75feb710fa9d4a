//! A run: datagrams of one route and size, but for a last shorter one, which leave in one system call.

use super::{Route, Sent};
use crate::{
    socket::{MOST_SEGMENTS, Socket},
    sockets::{SocketId, Sockets},
};
use std::io;
use turn::{IcmpError, RelayedPort};

/// The longest datagram that is joined with others, in bytes. The kernel refuses segments that do not fit the path; these fit the least MTU that IPv6
/// allows (RFC 8200 section 5).
const MAX_SEGMENT: usize = 1232;

/// The most that one run may carry, in bytes.
const MAX_RUN: usize = 65_000;

/// How often a datagram is sent at most, if ICMP errors about others stand in its way. Once more is enough, unless another comes in between.
const ATTEMPTS: usize = 4;

#[derive(Debug)]
pub(super) struct Run {
    route: Route,
    bytes: Vec<u8>,
    /// The size of every datagram but the last.
    segment: usize,
    datagrams: usize,
    /// No more than this join.
    most: usize,
}

impl Run {
    pub(super) fn new(route: Route) -> Self {
        Self {
            route,
            bytes: Vec::new(),
            segment: 0,
            datagrams: 0,
            most: 0,
        }
    }

    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    #[cfg(test)]
    pub(super) fn datagrams(&self) -> usize {
        self.datagrams
    }

    /// Begins anew, with a first datagram of `length` bytes.
    pub(super) fn begin(&mut self, route: Route, length: usize) {
        self.bytes.clear();
        self.route = route;
        self.segment = length;
        self.datagrams = 0;
        let joined = (1..=MAX_SEGMENT).contains(&length) && !route.dont_fragment;
        self.most = if joined { MOST_SEGMENTS } else { 1 };
    }

    /// Returns whether a datagram of `length` bytes for `route` may join.
    pub(super) fn takes(&self, route: &Route, length: usize) -> bool {
        self.route == *route
            && self.datagrams < self.most
            && (1..=self.segment).contains(&length)
            && self.bytes.len() + length <= MAX_RUN
    }

    /// Adds a datagram, made of `parts`.
    pub(super) fn push(&mut self, parts: [&[u8]; 3]) {
        let before = self.bytes.len();
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.datagrams += 1;
        if self.bytes.len() - before < self.segment {
            // Only the last segment may be shorter.
            self.most = self.datagrams;
        }
    }

    /// Sends it, and adds to `sent` what became of it and to `icmp` what stood in its way.
    pub(super) fn send(
        &self,
        sockets: &Sockets,
        sent: &mut Sent,
        icmp: &mut Vec<(RelayedPort, IcmpError)>,
    ) {
        let Some(socket) = sockets.get(self.route.socket) else {
            sent.failed += self.datagrams as u64;
            return;
        };
        let segment = (self.datagrams > 1).then_some(self.segment);
        match self.attempt(socket, &self.bytes, segment, icmp) {
            Ok(()) => sent.count(self.datagrams, self.bytes.len()),
            Err(error) if self.datagrams > 1 && error.kind() != io::ErrorKind::WouldBlock => {
                // Some ways take no offload: those through IPsec, or through a link narrower than a segment.
                tracing::debug!(%error, datagrams = self.datagrams, "cannot send a run at once");
                for datagram in self.bytes.chunks(self.segment) {
                    match self.attempt(socket, datagram, None, icmp) {
                        Ok(()) => sent.count(1, datagram.len()),
                        Err(error) => sent.fail(1, &error),
                    }
                }
            }
            Err(error) => sent.fail(self.datagrams, &error),
        }
    }

    /// Sends `bytes` from `socket`. An ICMP error that nobody has fetched fails the next send, whatever its destination: then it is sent again.
    fn attempt(
        &self,
        socket: &Socket,
        bytes: &[u8],
        segment: Option<usize>,
        icmp: &mut Vec<(RelayedPort, IcmpError)>,
    ) -> io::Result<()> {
        let route = &self.route;
        let once = || {
            if route.dont_fragment {
                socket.send_whole(route.destination, bytes)
            } else {
                socket.send(route.destination, route.source, bytes, segment)
            }
        };
        for attempt in 1..ATTEMPTS {
            match (once(), route.socket) {
                (Err(error), SocketId::Relay(port))
                    if error.kind() != io::ErrorKind::WouldBlock =>
                {
                    let fetched = fetch_icmp(socket, port, icmp);
                    // The kernel may have had no room for the first one.
                    if fetched == 0 && attempt > 1 {
                        return Err(error);
                    }
                }
                (result, _) => return result,
            }
        }
        once()
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

/// Fetches the ICMP errors that wait at the socket of `port`. Returns how many there were.
pub(super) fn fetch_icmp(
    socket: &Socket,
    port: RelayedPort,
    icmp: &mut Vec<(RelayedPort, IcmpError)>,
) -> usize {
    let before = icmp.len();
    while let Some(error) = socket.take_icmp() {
        icmp.push((port, error));
    }
    icmp.len() - before
}
