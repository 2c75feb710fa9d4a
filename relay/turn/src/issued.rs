//! Which usernames were issued, told by their hashes: for clients that do not want to show theirs (RFC 8489 section 14.4, USERHASH).
//!
//! Credentials are checked without memory, but a hash can be turned into its username only by who remembers it. Whoever issues credentials tells.

use crate::EphemeralUsername;
use std::{
    collections::{HashMap, VecDeque},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use stun::Userhash;

/// How many are remembered. Above that the oldest are forgotten, and their clients have to show their usernames.
const MOST: usize = 16_384;

type Hash = [u8; 32];

/// The usernames that were issued lately: one for all servers of a relay.
#[derive(Debug, Default)]
pub struct Issued {
    /// Guards what is known. It is written when credentials are issued, and read for each request with a USERHASH.
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    usernames: HashMap<Hash, Box<str>>,
    /// The order in which they came.
    order: VecDeque<Hash>,
}

impl Issued {
    /// Remembers `username` of `realm`. What is no username of ours is not remembered.
    pub fn insert(&self, username: &str, realm: &str) {
        if EphemeralUsername::parse(username).is_err() {
            return;
        }
        let hash = Userhash::compute(username, realm);
        let mut known = self.write();
        if known.usernames.insert(hash, username.into()).is_none() {
            known.order.push_back(hash);
        }
        if known.order.len() > MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.usernames.remove(&oldest);
        }
    }

    /// Returns the username that `hash` is of.
    pub(crate) fn username(&self, hash: &[u8]) -> Option<Box<str>> {
        self.read().usernames.get(hash).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issued_username_is_found_by_its_hash_and_realm() {
        let issued = Issued::default();
        issued.insert("1700000000:alice", "zvonilka");
        let hash = |username, realm| issued.username(&Userhash::compute(username, realm));
        assert_eq!(
            hash("1700000000:alice", "zvonilka").as_deref(),
            Some("1700000000:alice")
        );
        assert_eq!(hash("1700000000:alice", "elsewhere"), None);
        assert_eq!(hash("1700000000:bob", "zvonilka"), None);
        assert_eq!(issued.username(b"short"), None);
    }

    #[test]
    fn what_is_no_username_of_ours_is_not_remembered() {
        let issued = Issued::default();
        issued.insert("alice", "zvonilka");
        assert!(issued.read().usernames.is_empty());
    }

    #[test]
    fn no_more_than_the_latest_are_remembered() {
        let issued = Issued::default();
        for expires in 0..MOST + 10 {
            issued.insert(&format!("{expires}:alice"), "zvonilka");
            issued.insert(&format!("{expires}:alice"), "zvonilka");
        }
        let known = issued.read();
        assert_eq!((known.usernames.len(), known.order.len()), (MOST, MOST));
        let oldest = Userhash::compute("9:alice", "zvonilka");
        assert!(!known.usernames.contains_key(&oldest));
        let latest = Userhash::compute(&format!("{}:alice", MOST + 9), "zvonilka");
        assert!(known.usernames.contains_key(&latest));
    }
}
