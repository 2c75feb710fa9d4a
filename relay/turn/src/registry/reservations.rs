//! Relayed ports that are kept for a later Allocate (RFC 8656 section 7.2).

use super::Owner;
use crate::RelayedPort;
use std::{collections::HashMap, time::Instant};

/// What a client is told, and brings again: by chance, as who guesses one gets another's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Token(pub(crate) u64);

/// A port that is kept.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) port: RelayedPort,
    pub(super) owner: Owner,
    pub(super) user: Box<str>,
    pub(super) until: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Reservations {
    kept: HashMap<Token, Held>,
}

impl Reservations {
    /// Keeps `held` for `token`. Returns what was kept for it before: nothing, as tokens go.
    pub(super) fn keep(&mut self, token: Token, held: Held) -> Option<Held> {
        self.kept.insert(token, held)
    }

    /// Takes what is kept for `token`, if it is `user`'s and not over.
    pub(super) fn take(&mut self, token: Token, user: &str, now: Instant) -> Option<Held> {
        let held = self.kept.get(&token)?;
        let good = *held.user == *user && now < held.until;
        good.then(|| self.kept.remove(&token)).flatten()
    }

    /// Takes what is kept for `token`.
    pub(super) fn expire(&mut self, token: Token) -> Option<Held> {
        self.kept.remove(&token)
    }

    pub(super) fn count(&self) -> usize {
        self.kept.len()
    }
}
