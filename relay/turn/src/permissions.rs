//! Permissions of one allocation: which peer addresses may send to its client, and be sent to.
//!
//! Owns expiry (RFC 8656 section 9, 300 s). Does not know channels: the server refreshes permissions when a channel is bound.

use crate::Family;
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

/// How long a permission lasts (RFC 8656 section 9).
const LIFETIME: Duration = Duration::from_secs(300);

/// The permissions of one allocation. The few there are lie in a row: looking through them is quicker than hashing.
#[derive(Debug, Default)]
pub(crate) struct Permissions {
    granted: Vec<Permission>,
}

#[derive(Debug)]
struct Permission {
    peer: IpAddr,
    until: Instant,
}

impl Permissions {
    /// Lets all of `peers` through until `now` + 300 s, or none of them if there would be more than `most` permissions then. Ports do not matter
    /// (RFC 8656 section 10.2).
    pub(crate) fn grant(&mut self, peers: &[IpAddr], most: usize, now: Instant) -> bool {
        self.granted.retain(|permission| now < permission.until);
        let known = |peer: &&IpAddr| {
            self.granted
                .iter()
                .any(|permission| permission.peer == **peer)
        };
        let new = peers
            .iter()
            .enumerate()
            .filter(|(at, peer)| !known(peer) && !peers[..*at].contains(peer))
            .count();
        if self.granted.len() + new > most {
            return false;
        }
        let until = now + LIFETIME;
        for &peer in peers {
            match self
                .granted
                .iter_mut()
                .find(|permission| permission.peer == peer)
            {
                Some(permission) => permission.until = until,
                None => self.granted.push(Permission { peer, until }),
            }
        }
        true
    }

    /// Takes back what is granted to peers of `family`.
    pub(crate) fn forget(&mut self, family: Family) {
        self.granted
            .retain(|permission| Family::of(permission.peer) != family);
    }

    /// Returns whether `peer` has a permission that has not expired.
    pub(crate) fn allow(&self, peer: IpAddr, now: Instant) -> bool {
        self.granted
            .iter()
            .any(|permission| permission.peer == peer && now < permission.until)
    }
}
