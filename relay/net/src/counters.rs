//! What the shell counts beside the server, and how it gets out of the worker's thread.

use std::sync::{Mutex, PoisonError};
use turn::Flow;

/// A snapshot of what a relay counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// What the TURN server counted.
    pub turn: turn::Counters,
    /// Datagrams that came in, on every socket, with all their bytes above UDP.
    pub ingress: Flow,
    /// Datagrams that went out, on every socket, with all their bytes above UDP.
    pub egress: Flow,
    /// Datagrams that the kernel did not take.
    pub unsent: u64,
    /// Datagrams to the listener that are of no protocol spoken here (RFC 7983).
    pub unknown: u64,
}

/// The last snapshot that the worker gave out.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Guards the copy of one snapshot, never more.
    latest: Mutex<Counters>,
}

impl Published {
    /// Returns the last snapshot.
    pub(crate) fn latest(&self) -> Counters {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives `counters` out, unless somebody is reading just now: the worker waits for nobody. Returns whether it did.
    pub(crate) fn publish(&self, counters: Counters) -> bool {
        let Ok(mut latest) = self.latest.try_lock() else {
            return false;
        };
        *latest = counters;
        true
    }
}
