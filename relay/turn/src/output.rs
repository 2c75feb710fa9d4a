//! What the server asks of its shell, and what it tells it.

use crate::{AllocationId, FiveTuple, Flow, PeerAddr, Refusal, RelayedPort, SessionName, WorkerId};
use std::{
    net::SocketAddr,
    ops::Range,
    time::{Duration, Instant},
};
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
    /// Out of a relay socket.
    Socket {
        /// The socket's port.
        port: RelayedPort,
        /// Where to.
        peer: PeerAddr,
        /// The datagram is lost rather than fragmented (RFC 8656 section 11.2).
        dont_fragment: bool,
    },
    /// The peer is relayed here too: straight to its client, through no socket.
    Hairpin(ToClient),
    /// The peer is relayed by another worker, whose server takes the payload by [`Server::handle_peer`](crate::Server::handle_peer).
    Worker {
        /// Which worker.
        worker: WorkerId,
        /// The relayed port that it is for.
        on: RelayedPort,
        /// The sender's relayed address.
        from: PeerAddr,
    },
    /// The peer is in this process, at a media address of the server.
    Inside {
        /// The sender's relayed address.
        from: SocketAddr,
        /// The media address.
        to: SocketAddr,
    },
}

/// Where data from a peer goes: to a client, with this around the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToClient {
    /// Which client, and from which address of the server.
    pub to: FiveTuple,
    /// What goes before and after the payload.
    pub frame: Frame,
}

/// The life of an allocation, for the log and for whoever asks later why a call had none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllocationEvent {
    /// It began.
    Started {
        /// Its name.
        id: AllocationId,
        /// Whose it is.
        session: SessionName,
        /// The client.
        five_tuple: FiveTuple,
        /// Its relayed transport addresses.
        relayed: Vec<SocketAddr>,
        /// How long it lives unless it is refreshed.
        lifetime: Duration,
    },
    /// It ended.
    Ended {
        /// Its name.
        id: AllocationId,
        /// Whose it was.
        session: SessionName,
        /// The client.
        five_tuple: FiveTuple,
        /// Its relayed transport addresses.
        relayed: Vec<SocketAddr>,
        /// How long it lived.
        age: Duration,
        /// What went from its client to peers.
        to_peers: Flow,
        /// What went from peers to its client.
        to_client: Flow,
        /// Why it ended.
        reason: EndReason,
    },
    /// Somebody who had signed in was refused one. Who had not is not told of: the name could be anybody's.
    Refused {
        /// Who asked.
        session: SessionName,
        /// The client.
        five_tuple: FiveTuple,
        /// Why.
        why: RefusedWhy,
    },
}

/// Why an allocation was refused to somebody who had signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedWhy {
    /// Its credentials have expired, or would live longer than any are issued for.
    Expired,
    /// Its session has ended.
    Banned,
    /// Its user has as many as it may have, or makes them too fast.
    Quota,
    /// The server has no more ports or sockets.
    Full,
    /// The request asks for what there is not here.
    Request,
}

impl RefusedWhy {
    /// Returns the name under which it is logged.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Banned => "banned",
            Self::Quota => "quota",
            Self::Full => "full",
            Self::Request => "request",
        }
    }
}

impl From<Refusal> for RefusedWhy {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AllocationQuotaReached => Self::Quota,
            Refusal::InsufficientCapacity => Self::Full,
            Refusal::BadRequest
            | Refusal::Unauthorized
            | Refusal::Forbidden
            | Refusal::UnknownAttribute
            | Refusal::AllocationMismatch
            | Refusal::StaleNonce
            | Refusal::AddressFamilyNotSupported
            | Refusal::WrongCredentials
            | Refusal::UnsupportedTransport
            | Refusal::PeerAddressFamilyMismatch => Self::Request,
        }
    }
}

/// An allocation that lives, for the administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationView {
    /// Its name.
    pub id: AllocationId,
    /// Whose it is.
    pub session: SessionName,
    /// The client.
    pub five_tuple: FiveTuple,
    /// Its relayed transport addresses.
    pub relayed: Vec<SocketAddr>,
    /// When it began.
    pub started: Instant,
    /// When it ends unless it is refreshed.
    pub expires: Instant,
    /// What went from its client to peers.
    pub to_peers: Flow,
    /// What went from peers to its client.
    pub to_client: Flow,
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
    /// The stream to its client ended.
    Closed,
    /// Somebody ended this one.
    Removed,
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
            Self::Closed => "closed",
            Self::Removed => "removed",
            Self::Stopped => "stopped",
        }
    }
}
