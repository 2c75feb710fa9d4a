//! ICE, as a lite agent does it (RFC 8445 section 2.5): it answers checks and follows the client's nomination.
//!
//! Owns the credentials of one connection, which paths have proven the password, and which of them is sent on. Nothing is ever sent to an address that has
//! not proven it.

use std::time::Instant;

use rand::Rng;
use smallvec::SmallVec;
use str0m::{
    crypto::Sha1HmacProvider,
    ice::{StunMessage, TransId},
};

use crate::{Path, crypto, ufrag};

/// Bytes of the longest answer: an IPv6 address, integrity and fingerprint take 80.
const LONGEST_ANSWER: usize = 128;

/// Transaction ids that are remembered, so that who has seen a check cannot use it from elsewhere.
const REMEMBERED: usize = 32;

pub(crate) struct Ice {
    pub(crate) local: Credentials,
    remote: Credentials,
    paths: SmallVec<[Proven; 4]>,
    most_paths: usize,
    /// Where the client wants what we send: the path of its last check with USE-CANDIDATE.
    selected: Option<Path>,
    seen: SmallVec<[(TransId, Path); 4]>,
    next_seen: usize,
    hmac: &'static dyn Sha1HmacProvider,
}

/// A ufrag and its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) ufrag: String,
    pub(crate) password: String,
}

impl Credentials {
    pub(crate) fn new(worker: u8, random: &mut impl Rng) -> Self {
        Self {
            ufrag: ufrag::new_ufrag(worker, random),
            password: ufrag::new_password(random),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Proven {
    path: Path,
    heard: Instant,
}

/// What came of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The password does not hold, or it is not for us: nothing is answered.
    Stranger,
    /// It holds.
    Answered {
        answer: Vec<u8>,
        /// Whether the path is sent on from now.
        nominates: bool,
        /// A path that was forgotten for it.
        forgotten: Option<Path>,
    },
}

impl Ice {
    pub(crate) fn new(local: Credentials, remote: Credentials, most_paths: usize) -> Self {
        Self {
            local,
            remote,
            paths: SmallVec::new(),
            most_paths: most_paths.max(1),
            selected: None,
            seen: SmallVec::new(),
            next_seen: 0,
            hmac: crypto::provider().sha1_hmac_provider,
        }
    }

    /// Returns whether the client has begun anew (RFC 8445 section 9).
    pub(crate) fn is_restarted_by(&self, remote: &Credentials) -> bool {
        self.remote != *remote
    }

    /// Begins anew. What was proven stays in use until the client nominates again.
    pub(crate) fn restart(&mut self, local: Credentials, remote: Credentials) {
        self.local = local;
        self.remote = remote;
    }

    /// Returns where datagrams go.
    pub(crate) fn selected(&self) -> Option<Path> {
        self.selected
    }

    /// Takes a Binding request.
    pub(crate) fn handle_check(
        &mut self,
        path: &Path,
        message: &StunMessage<'_>,
        now: Instant,
    ) -> Checked {
        let hmac = |key: &[u8], parts: &[&[u8]]| self.hmac.sha1_hmac(key, parts);
        let known = message.is_binding_request()
            && message.split_username()
                == Some((self.local.ufrag.as_str(), self.remote.ufrag.as_str()))
            && message.verify(self.local.password.as_bytes(), hmac);
        if !known || self.is_repeated_elsewhere(path, message.trans_id()) {
            return Checked::Stranger;
        }
        let conflict = message.ice_controlled().is_some();
        let answer = if conflict {
            StunMessage::binding_role_conflict_reply(message.trans_id())
        } else {
            StunMessage::binding_reply(message.trans_id(), path.remote)
        };
        let mut bytes = vec![0; LONGEST_ANSWER];
        let password = Some(self.local.password.as_bytes());
        let Ok(length) = answer.to_bytes(password, &mut bytes, hmac) else {
            return Checked::Stranger;
        };
        bytes.truncate(length);
        let forgotten = self.prove(path, now);
        let nominates = !conflict && message.use_candidate();
        if nominates {
            self.selected = Some(*path);
        }
        Checked::Answered {
            answer: bytes,
            nominates,
            forgotten,
        }
    }

    /// Returns whether this check has come on another path before: then somebody repeats what it has seen.
    fn is_repeated_elsewhere(&mut self, path: &Path, id: TransId) -> bool {
        if let Some((_, first)) = self.seen.iter().find(|(seen, _)| *seen == id) {
            return first != path;
        }
        if self.seen.len() < REMEMBERED {
            self.seen.push((id, *path));
        } else {
            self.seen[self.next_seen] = (id, *path);
            self.next_seen = (self.next_seen + 1) % REMEMBERED;
        }
        false
    }

    fn prove(&mut self, path: &Path, now: Instant) -> Option<Path> {
        if let Some(proven) = self.paths.iter_mut().find(|proven| proven.path == *path) {
            proven.heard = now;
            return None;
        }
        let mut forgotten = None;
        if self.paths.len() >= self.most_paths {
            let oldest = (0..self.paths.len())
                .filter(|&index| Some(self.paths[index].path) != self.selected)
                .min_by_key(|&index| self.paths[index].heard);
            if let Some(oldest) = oldest {
                forgotten = Some(self.paths.swap_remove(oldest).path);
            }
        }
        self.paths.push(Proven {
            path: *path,
            heard: now,
        });
        forgotten
    }

    /// Forgets a path that has ended.
    pub(crate) fn forget(&mut self, path: &Path) {
        self.paths.retain(|proven| proven.path != *path);
        if self.selected == Some(*path) {
            self.selected = None;
        }
    }
}
