//! A relayed port as a value: who drops it gives it back, so none is ever lost.

use super::{Owner, Ports, Registry, holders::User};
use crate::{Limits, RelayedPort};
use std::{sync::Arc, time::Instant};

/// A relayed port that is a session's, and counted, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    registry: Arc<Registry>,
    port: RelayedPort,
    owner: Owner,
    user: Arc<User>,
    /// It is a reservation's, which gives it back.
    kept: bool,
}

impl Lease {
    pub(super) fn new(
        registry: Arc<Registry>,
        port: RelayedPort,
        owner: Owner,
        user: Arc<User>,
    ) -> Self {
        Self {
            registry,
            port,
            owner,
            user,
            kept: false,
        }
    }

    pub(crate) fn port(&self) -> RelayedPort {
        self.port
    }

    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    /// Changes the port for another one of `ports`. Returns whether there was one.
    pub(crate) fn change(&mut self, ports: &Ports<'_>) -> bool {
        let owners = &self.registry.owners;
        let Some(other) = owners.claim(ports, self.owner) else {
            return false;
        };
        owners.free(self.port);
        self.port = other;
        true
    }

    /// Changes this port and the one above it, which is `above`'s, for another pair of `ports`. Returns whether there was one.
    pub(crate) fn change_pair(&mut self, above: &mut Self, ports: &Ports<'_>) -> bool {
        let owners = &self.registry.owners;
        let Some([low, high]) = owners.claim_pair(ports, self.owner) else {
            return false;
        };
        owners.free(self.port);
        owners.free(above.port);
        (self.port, above.port) = (low, high);
        true
    }

    /// Takes a packet of `bytes` payload bytes out of what the user may use in a second.
    pub(crate) fn take(&self, bytes: usize, limits: &Limits, now: Instant) -> bool {
        self.user
            .take(bytes, limits, self.registry.since_epoch(now))
    }

    /// Hands port and count to a reservation.
    pub(super) fn keep(mut self) -> (RelayedPort, Owner) {
        self.kept = true;
        (self.port, self.owner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.kept {
            self.registry.give_back(self.port, self.owner);
        }
    }
}
