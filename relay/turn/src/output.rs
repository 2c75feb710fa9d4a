//! What the server asks of its shell, and what it tells it.

use crate::{FiveTuple, Flow, PeerAddr, RelayedPort, SessionName};
use std::{net::SocketAddr, ops::Range, time::Duration};
use stun::Frame;

/// Something for the shell to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this to a client.
    Transmit(Transmit),
    /// Bind a relay socket to this port and answer with `handle_bound`.
    Bind(RelayedPort),
    /// Close the relay socket of this port.
    Unbind(RelayedPort),
    /// Nothing to do; something to tell.
    Event(AllocationEvent),
}

/// A message to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Which client, and from which address of the server.
    pub to: FiveTuple,
    /// The message.
    pub message: Vec<u8>,
}

/// Where relayed data from a client goes. The payload stays where it is in the datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToPeer {
    /// The payload's place in the datagram.
    pub payload: Range<usize>,
    /// How it goes on.
    pub via: Via,
}

/// The way to a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// Out of the relay socket with this port.
    Socket(RelayedPort, PeerAddr),
    /// The peer is relayed here too: straight to its client, through no socket.
    Hairpin(ToClient),
}

/// Where data from a peer goes: to a client, with this around the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToClient {
    /// Which client, and from which address of the server.
    pub to: FiveTuple,
    /// What goes before and after the payload.
    pub frame: Frame,
}

/// The life of an allocation, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllocationEvent {
    /// It began.
    Started {
        /// Whose it is.
        session: SessionName,
        /// The client.
        five_tuple: FiveTuple,
        /// Its relayed transport address.
        relayed: SocketAddr,
        /// How long it lives unless it is refreshed.
        lifetime: Duration,
    },
    /// It ended.
    Ended {
        /// Whose it was.
        session: SessionName,
        /// The client.
        five_tuple: FiveTuple,
        /// Its relayed transport address.
        relayed: SocketAddr,
        /// How long it lived.
        age: Duration,
        /// What went from its client to peers.
        to_peers: Flow,
        /// What went from peers to its client.
        to_client: Flow,
        /// Why it ended.
        reason: EndReason,
    },
}

/// Why an allocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Its client said so.
    Released,
    /// Its client did not refresh it.
    Expired,
    /// Its session was revoked.
    Revoked,
    /// The server stopped.
    Stopped,
}

impl EndReason {
    /// Returns the name under which it is logged.
    pub fn name(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Stopped => "stopped",
        }
    }
}
