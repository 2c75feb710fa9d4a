//! One allocation: what a client holds between its Allocate and the end (RFC 8656 section 3.2).

use crate::{
    AllocationId, Flow, SessionName, channels::Channels, permissions::Permissions, registry::Lease,
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
    pub(crate) session: SessionName,
    /// The username it was made with; only that one may change it.
    pub(crate) username: Box<str>,
    /// How it signs: the key that goes with `username`.
    pub(crate) signer: Signer,
    /// The request that made it: the same again gets the same answer.
    pub(crate) transaction: TransactionId,
    pub(crate) lease: Lease,
    pub(crate) started: Instant,
    pub(crate) expires: Instant,
    pub(crate) permissions: Permissions,
    pub(crate) channels: Channels,
    pub(crate) to_peers: Flow,
    pub(crate) to_client: Flow,
}

/// Returns the lifetime that is granted to who asks for `requested` seconds.
pub(crate) fn granted_lifetime(requested: Option<u32>) -> Duration {
    let requested = requested.map_or(DEFAULT_LIFETIME, |seconds| {
        Duration::from_secs(u64::from(seconds))
    });
    requested.clamp(DEFAULT_LIFETIME, MAX_LIFETIME)
}
