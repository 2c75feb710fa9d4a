//! How datagrams come from a participant and go to it.

use std::net::SocketAddr;

/// What carries the datagrams of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// UDP datagrams.
    Udp,
    /// Frames of an ICE-TCP stream (RFC 4571).
    Tcp,
    /// A TURN allocation of this very process: nothing of it touches a relay socket.
    Relay,
}

/// Where a datagram of a participant comes from, and how it is answered.
///
/// The shell fills all of it, and is given the same path back with each datagram that goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// What carries it.
    pub via: Via,
    /// The participant's address; for [`Via::Relay`] its relayed address.
    pub remote: SocketAddr,
    /// The address of our socket that it came to.
    pub local: SocketAddr,
    /// The candidate of ours, as it was advertised, that it was sent to.
    pub media: SocketAddr,
}

/// A datagram to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// The way it goes: one on which its participant has proven itself.
    pub path: Path,
    /// What is sent.
    pub payload: &'a [u8],
}

/// Whose a datagram was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Of nobody here: it is counted, and its sender hears nothing.
    Nobody,
    /// Of a participant that has proven this path: what else comes on it is for this worker.
    Known,
}
