//! What the relay says of itself: its allocations and its counters.

use std::fmt;
use std::net::SocketAddr;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::names::sign_in_of;

pub use net::Counters;
pub use turn::{Flow, Transport};

/// One allocation, of which there is never another by this id while the server runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllocationId(pub(super) turn::AllocationId);

impl fmt::Display for AllocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.0, f)
    }
}

impl FromStr for AllocationId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(|id| Self(turn::AllocationId(id)))
    }
}

/// An allocation that lives.
#[derive(Clone, Debug)]
pub struct Allocation {
    /// Its id.
    pub id: AllocationId,
    /// The relay name of the sign-in that made it.
    pub sign_in: String,
    /// The client, as the relay sees it.
    pub client: SocketAddr,
    /// How the client reaches the relay.
    pub transport: Transport,
    /// The relayed addresses.
    pub relayed: Vec<SocketAddr>,
    /// How long it lives already.
    pub age: Duration,
    /// How long it lives unless it is refreshed.
    pub expires_in: Duration,
    /// What went from the client to peers.
    pub to_peers: Flow,
    /// What went from peers to the client.
    pub to_client: Flow,
}

impl Allocation {
    pub(super) fn new(view: turn::AllocationView, now: Instant) -> Self {
        Self {
            id: AllocationId(view.id),
            sign_in: sign_in_of(&view.session).to_owned(),
            client: view.five_tuple.client,
            transport: view.five_tuple.transport,
            relayed: view.relayed,
            age: now.saturating_duration_since(view.started),
            expires_in: view.expires.saturating_duration_since(now),
            to_peers: view.to_peers,
            to_client: view.to_client,
        }
    }
}
