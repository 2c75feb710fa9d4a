//! Which paths are for rooms of other workers: the kernel gave their datagrams to this one.
//!
//! A path is here once its participant has proven it to the owner of the room, and for as long as it goes on to do so: connectivity checks repeat
//! every few seconds (RFC 7675). It ends at once where the owner says so.

use foldhash::fast::RandomState;
use sfu::Path;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use turn::WorkerId;

/// Paths that are known at most.
const MOST: usize = 1 << 16;

/// How long a path is known after it was proven.
const LIFETIME: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// Hashed quickly: who is in here has signed in.
    owners: HashMap<Path, Route, RandomState>,
    /// When the next one may have ended.
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Route {
    owner: WorkerId,
    until: Instant,
}

impl Routes {
    /// Returns whose `path` is, if it is another worker's.
    pub(crate) fn owner(&self, path: &Path) -> Option<WorkerId> {
        if self.owners.is_empty() {
            return None;
        }
        self.owners.get(path).map(|route| route.owner)
    }

    /// Notes that `path` was proven to `owner`. Where there is no room, its datagrams are nobody's.
    pub(crate) fn note(&mut self, path: Path, owner: WorkerId, now: Instant) {
        let until = now + LIFETIME;
        if self.owners.len() < MOST || self.owners.contains_key(&path) {
            self.owners.insert(path, Route { owner, until });
            self.swept.get_or_insert(now);
        }
    }

    /// Forgets `path` if it is `owner`'s.
    pub(crate) fn forget_of(&mut self, path: &Path, owner: WorkerId) {
        if self.owner(path) == Some(owner) {
            self.owners.remove(path);
        }
    }

    /// Forgets `path`, and returns whose it was.
    pub(crate) fn forget(&mut self, path: &Path) -> Option<WorkerId> {
        self.owners.remove(path).map(|route| route.owner)
    }

    /// Forgets what has not been proven for too long. It looks at them all, every [`LIFETIME`] at most.
    pub(crate) fn sweep(&mut self, now: Instant) {
        let Some(swept) = self.swept else { return };
        if now.saturating_duration_since(swept) >= LIFETIME {
            self.owners.retain(|_, route| route.until > now);
            self.swept = (!self.owners.is_empty()).then_some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sfu::Via;

    #[test]
    fn a_path_is_known_while_it_is_proven_and_until_its_owner_says_otherwise() {
        let (mut routes, start) = (Routes::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let (alice, bob) = (path(1), path(2));
        routes.note(alice, WorkerId(1), start);
        routes.note(bob, WorkerId(2), start);
        for seconds in (0..100).step_by(5) {
            routes.note(alice, WorkerId(1), at(seconds));
            routes.sweep(at(seconds));
            assert_eq!(routes.owner(&alice), Some(WorkerId(1)));
        }
        assert_eq!(routes.owner(&bob), None);
        routes.forget_of(&alice, WorkerId(2));
        assert_eq!(routes.owner(&alice), Some(WorkerId(1)));
        routes.forget_of(&alice, WorkerId(1));
        assert_eq!(routes.owner(&alice), None);
    }

    #[test]
    fn there_are_no_more_than_there_may_be() {
        let (mut routes, now) = (Routes::default(), Instant::now());
        for at in 0..=MOST as u32 {
            routes.note(path(at), WorkerId(1), now);
        }
        assert_eq!(routes.owner(&path(MOST as u32 - 1)), Some(WorkerId(1)));
        assert_eq!(routes.owner(&path(MOST as u32)), None);
        routes.note(path(0), WorkerId(2), now);
        assert_eq!(routes.owner(&path(0)), Some(WorkerId(2)));
    }

    fn path(at: u32) -> Path {
        let local = "192.0.2.1:3478".parse().unwrap();
        let [_, a, b, c] = at.to_be_bytes();
        Path {
            via: Via::Udp,
            remote: ([10, a, b, c], 1000).into(),
            local,
            media: local,
        }
    }
}
