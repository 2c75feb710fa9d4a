//! One allocation: what a client holds between its Allocate and the end (RFC 8656 section 3.2).

use crate::{
    AllocationId, Family, FiveTuple, Flow, Refusal, SessionName,
    channels::Channels,
    connects::Connects,
    permissions::Permissions,
    registry::{Lease, Token},
};
use std::time::{Duration, Instant};
use stun::{Signer, TransactionId};

/// What an allocation lives if its client asks for less or nothing (RFC 8656 section 3.2).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// What an allocation lives at most without a refresh (RFC 8656 section 7.2).
const MAX_LIFETIME: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) id: AllocationId,
    pub(crate) five_tuple: FiveTuple,
    pub(crate) session: SessionName,
    /// The username it was made with; only that one may change it.
    pub(crate) username: Box<str>,
    /// How it signs: the key that goes with `username`.
    pub(crate) signer: Signer,
    /// The request that made it: the same again gets the same answer.
    pub(crate) transaction: TransactionId,
    /// What its answer said beside the addresses.
    pub(crate) extra: Extra,
    pub(crate) relays: Relays,
    pub(crate) started: Instant,
    pub(crate) permissions: Permissions,
    pub(crate) channels: Channels,
    pub(crate) connects: Connects,
    pub(crate) to_peers: Flow,
    pub(crate) to_client: Flow,
}

impl Allocation {
    /// Returns when the first of its relayed addresses ends.
    pub(crate) fn first_end(&self) -> Instant {
        self.relays.first_end().unwrap_or(self.started)
    }

    /// Returns when the last of its relayed addresses ends.
    pub(crate) fn last_end(&self) -> Instant {
        let ends = self.relays.iter().map(|relay| relay.expires);
        ends.max().unwrap_or(self.started)
    }
}

/// What the answer to an Allocate says beside the addresses.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extra {
    /// For which token the next port is kept.
    pub(crate) reserved: Option<Token>,
    /// Which family could not be had, and why.
    pub(crate) missing: Option<(Family, Refusal)>,
}

/// One relayed transport address of an allocation.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) lease: Lease,
    pub(crate) expires: Instant,
}

/// The relayed transport addresses of an allocation: one of each family at most, and each lives for itself (RFC 8656 section 6).
#[derive(Debug, Default)]
pub(crate) struct Relays {
    v4: Option<Relay>,
    v6: Option<Relay>,
}

impl Relays {
    pub(crate) fn insert(&mut self, relay: Relay) {
        let family = relay.lease.port().family;
        *self.slot(family) = Some(relay);
    }

    pub(crate) fn get(&self, family: Family) -> Option<&Relay> {
        match family {
            Family::V4 => self.v4.as_ref(),
            Family::V6 => self.v6.as_ref(),
        }
    }

    pub(crate) fn take(&mut self, family: Family) -> Option<Relay> {
        self.slot(family).take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Relay> {
        self.v4.iter().chain(&self.v6)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Relay> {
        self.v4.iter_mut().chain(&mut self.v6)
    }

    /// Returns when the first of them ends.
    pub(crate) fn first_end(&self) -> Option<Instant> {
        self.iter().map(|relay| relay.expires).min()
    }

    fn slot(&mut self, family: Family) -> &mut Option<Relay> {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }
}

/// Returns the lifetime that is granted to who asks for `requested` seconds.
pub(crate) fn granted_lifetime(requested: Option<u32>) -> Duration {
    let requested = requested.map_or(DEFAULT_LIFETIME, |seconds| {
        Duration::from_secs(u64::from(seconds))
    });
    requested.clamp(DEFAULT_LIFETIME, MAX_LIFETIME)
}
