//! What leaves: datagrams of one route and size leave in one system call.
//!
//! Several runs are gathered side by side, so that flows which take turns still leave in lots. Datagrams from one socket to one destination keep their order.

mod run;

use crate::sockets::{SocketId, Sockets};
use run::Run;
use std::net::{IpAddr, SocketAddr};
use turn::{IcmpError, RelayedPort};

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

impl Route {
    /// Returns whether its datagrams and those of `other` keep their order.
    fn keeps_order_with(&self, other: &Self) -> bool {
        (self.destination, self.socket) == (other.destination, other.socket)
    }

    /// Returns a number that routes which keep their order share, and few others.
    fn tag(&self) -> u32 {
        let ip = match self.destination.ip() {
            IpAddr::V4(ip) => ip.to_bits(),
            IpAddr::V6(ip) => ip.to_bits() as u32,
        };
        let socket = self.socket.token().0 as u32;
        ip.rotate_left(16) ^ u32::from(self.destination.port()) ^ socket.rotate_left(8)
    }
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
    /// The runs that wait, then those that have left and only keep their memory.
    runs: Vec<Run>,
    /// The tags of the runs that wait, side by side, so that one is found quickly.
    tags: Vec<u32>,
    /// Which of them has waited longest.
    oldest: usize,
    sent: Sent,
    /// ICMP errors that stood in the way.
    icmp: Vec<(RelayedPort, IcmpError)>,
}

impl Egress {
    /// Takes one datagram, made of `parts`, for `route`. It leaves with the next [`Egress::flush`] at the latest.
    pub(crate) fn push(&mut self, sockets: &Sockets, route: Route, parts: [&[u8]; 3]) {
        let length = parts.iter().map(|part| part.len()).sum();
        let at = match self.waiting(&route) {
            Some(at) => {
                if !self.runs[at].takes(&route, length) {
                    self.send(at, sockets);
                    self.runs[at].begin(route, length);
                }
                at
            }
            None => {
                let at = self.place(&route, sockets);
                self.runs[at].begin(route, length);
                at
            }
        };
        self.runs[at].push(parts);
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self, sockets: &Sockets) {
        for at in (self.oldest..self.tags.len()).chain(0..self.oldest) {
            self.send(at, sockets);
        }
        self.tags.clear();
        self.oldest = 0;
    }

    /// Returns what was sent since the start.
    pub(crate) fn sent(&self) -> Sent {
        self.sent
    }

    /// Fetches the ICMP errors that wait at a relay socket.
    pub(crate) fn fetch_icmp(&mut self, sockets: &Sockets, port: RelayedPort) {
        if let Some(socket) = sockets.get(SocketId::Relay(port)) {
            run::fetch_icmp(socket, port, &mut self.icmp);
        }
    }

    /// Takes an ICMP error that was fetched.
    pub(crate) fn take_icmp(&mut self) -> Option<(RelayedPort, IcmpError)> {
        self.icmp.pop()
    }

    /// Returns which run waits for the socket and the destination of `route`.
    fn waiting(&self, route: &Route) -> Option<usize> {
        let tag = route.tag();
        let same =
            |at: &usize| self.tags[*at] == tag && self.runs[*at].route().keeps_order_with(route);
        (0..self.tags.len()).find(same)
    }

    /// Returns a place for a run for `route`: that of the oldest, which leaves, if there is no other.
    fn place(&mut self, route: &Route, sockets: &Sockets) -> usize {
        let at = self.tags.len();
        if at < RUNS {
            self.tags.push(route.tag());
            if at == self.runs.len() {
                self.runs.push(Run::new(*route));
            }
            return at;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % RUNS;
        self.send(at, sockets);
        self.tags[at] = route.tag();
        at
    }

    fn send(&mut self, at: usize, sockets: &Sockets) {
        self.runs[at].send(sockets, &mut self.sent, &mut self.icmp);
    }
}

#[cfg(test)]
mod tests;
