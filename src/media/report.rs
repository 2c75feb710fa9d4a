//! What the relay says of itself: its allocations and its counters.

use std::fmt;
use std::net::SocketAddr;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::{Duration, Instant};

use turn::{AllocationEvent, RefusedWhy};

use super::names::sign_in_of;
use crate::domain::{RelayRefusal, RelayTransport, Step};

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

/// What the relay tells of allocations, in order.
#[derive(Debug)]
pub struct RelayEvents(net::Allocations);

impl RelayEvents {
    /// Takes what the relay tells of allocations; `None` if somebody has taken it before.
    #[must_use]
    pub fn of(relay: &mut net::Relay) -> Option<Self> {
        relay.allocations().map(Self)
    }

    /// Waits for the next event: the relay name of a sign-in, and what became of it. `None` once the relay has stopped.
    pub async fn next(&mut self) -> Option<(String, Step)> {
        let event = self.0.next().await?;
        Some(match event {
            AllocationEvent::Started {
                session,
                five_tuple,
                ..
            } => {
                let over = over(five_tuple.transport);
                (sign_in_of(&session).to_owned(), Step::Allocated { over })
            }
            AllocationEvent::Refused {
                session,
                five_tuple,
                why,
            } => {
                let (over, why) = (over(five_tuple.transport), refusal(why));
                let step = Step::AllocationRefused { over, why };
                (sign_in_of(&session).to_owned(), step)
            }
            AllocationEvent::Ended {
                session,
                five_tuple,
                to_peers,
                to_client,
                ..
            } => {
                let step = Step::AllocationEnded {
                    over: over(five_tuple.transport),
                    sent: to_peers.bytes,
                    received: to_client.bytes,
                };
                (sign_in_of(&session).to_owned(), step)
            }
        })
    }

    /// Returns how many events found no room so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.0.lost()
    }
}

const fn over(transport: Transport) -> RelayTransport {
    match transport {
        Transport::Udp => RelayTransport::Udp,
        Transport::Tcp => RelayTransport::Tcp,
        Transport::Tls => RelayTransport::Tls,
    }
}

const fn refusal(why: RefusedWhy) -> RelayRefusal {
    match why {
        RefusedWhy::Expired => RelayRefusal::Expired,
        RefusedWhy::Banned => RelayRefusal::Banned,
        RefusedWhy::Quota => RelayRefusal::Quota,
        RefusedWhy::Full => RelayRefusal::Full,
        RefusedWhy::Request => RelayRefusal::Request,
    }
}
