//! ICE, as a lite agent does it (RFC 8445 section 2.5): it answers checks and follows the client's nomination.
//!
//! Owns the credentials of one connection, which paths have proven the password, and which of them is sent on. Only answers and requests of ICE are
//! sent to an address that has done no more than that: who can write a false source into its datagrams, or repeats from elsewhere what it has seen,
//! proves it too. The first nomination is followed at once, as DTLS comes next and asks for answers of its own; later ones once the new path has
//! answered a request.

use std::time::{Duration, Instant};

use rand::Rng;
use smallvec::SmallVec;
use str0m::{
    crypto::Sha1HmacProvider,
    ice::{StunMessage, TransId},
};

use crate::{Path, allowance::Allowance, crypto, transport::LEEWAY, ufrag};

/// Bytes of the longest answer: an IPv6 address, integrity and fingerprint take 80.
const LONGEST_ANSWER: usize = 128;

/// Bytes of the longest request: two ufrags of up to 256, and 80 beside.
const LONGEST_REQUEST: usize = 640;

/// Transaction ids that are remembered: who has just seen a check is not even answered when it repeats it from elsewhere.
const REMEMBERED: usize = 32;

/// Checks in a second that are answered, and so many at once. A client that looks for a way sends some 20 (RFC 8445 section 14.2).
const CHECKS_PER_SECOND: u64 = 50;
const CHECKS_AT_ONCE: u64 = 200;

/// After how long a path is asked again; each time it is twice as long.
const AGAIN: Duration = Duration::from_millis(100);

/// How often a path is asked: for 6 s. Each further nomination begins anew.
const TRIES: u32 = 6;

/// Of our requests, which make no candidate pairs: that of a host candidate over UDP (RFC 8445 section 5.1.2.1).
const PRIORITY: u32 = (126 << 24) | (65_535 << 8) | 255;

pub(crate) struct Ice {
    pub(crate) local: Credentials,
    remote: Credentials,
    paths: SmallVec<[Proven; 4]>,
    most_paths: usize,
    /// Where the client wants what we send: the path of its last check with USE-CANDIDATE, if it has answered.
    selected: Option<Path>,
    /// Whether a nomination was ever followed.
    has_followed: bool,
    /// The path that the client wants to move to, and that has yet to answer.
    asked: Option<Asked>,
    checks: Allowance,
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
    /// Whether it may be sent on.
    answers: bool,
}

#[derive(Debug)]
struct Asked {
    path: Path,
    id: TransId,
    tries: u32,
    next: Instant,
}

/// What came of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The password does not hold, it is not for us, or there are too many: nothing is answered.
    Stranger,
    /// It holds.
    Answered {
        answer: Vec<u8>,
        /// Whether the client wants the path to be sent on.
        nominates: bool,
        /// A path that was forgotten for it.
        forgotten: Option<Path>,
    },
}

impl Ice {
    pub(crate) fn new(
        local: Credentials,
        remote: Credentials,
        most_paths: usize,
        now: Instant,
    ) -> Self {
        Self {
            local,
            remote,
            paths: SmallVec::new(),
            most_paths: most_paths.max(1),
            selected: None,
            has_followed: false,
            asked: None,
            checks: Allowance::new(CHECKS_PER_SECOND, CHECKS_AT_ONCE, now),
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
        self.asked = None;
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
        if !known
            || self.is_repeated_elsewhere(path, message.trans_id())
            || !self.checks.take(1, now)
        {
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
            self.nominate(path, now);
        }
        Checked::Answered {
            answer: bytes,
            nominates,
            forgotten,
        }
    }

    /// Follows a nomination, or asks the path first.
    fn nominate(&mut self, path: &Path, now: Instant) {
        let Some(proven) = self.paths.iter_mut().find(|proven| proven.path == *path) else {
            return;
        };
        proven.answers |= !self.has_followed;
        if proven.answers {
            self.has_followed = true;
            self.selected = Some(*path);
            self.asked = None;
        } else if self.asked.as_ref().is_none_or(|asked| asked.path != *path) {
            self.asked = Some(Asked {
                path: *path,
                id: TransId::new(),
                tries: 0,
                next: now,
            });
        }
    }

    /// Returns the request that is due, and where it goes.
    pub(crate) fn poll_request(&mut self, now: Instant) -> Option<(Path, Vec<u8>)> {
        let asked = self.asked.as_mut()?;
        if asked.next > now + LEEWAY {
            return None;
        }
        if asked.tries == TRIES {
            self.asked = None;
            return None;
        }
        asked.next = now + AGAIN * 2_u32.pow(asked.tries);
        asked.tries += 1;
        let name = format!("{}:{}", self.remote.ufrag, self.local.ufrag);
        // With the lowest tie-breaker it is the client who has its way where both think themselves controlled.
        let request = StunMessage::binding_request(&name, asked.id, false, 0, PRIORITY, false);
        let mut bytes = vec![0; LONGEST_REQUEST];
        let password = Some(self.remote.password.as_bytes());
        let hmac = |key: &[u8], parts: &[&[u8]]| self.hmac.sha1_hmac(key, parts);
        let length = request.to_bytes(password, &mut bytes, hmac).ok()?;
        bytes.truncate(length);
        Some((asked.path, bytes))
    }

    /// Returns when [`Self::poll_request`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.asked.as_ref().map(|asked| asked.next)
    }

    /// Takes an answer. To the request that waits for it, on its path and with the client's password, it lets the nomination be followed.
    pub(crate) fn handle_answer(&mut self, path: &Path, message: &StunMessage<'_>) {
        let hmac = |key: &[u8], parts: &[&[u8]]| self.hmac.sha1_hmac(key, parts);
        let asked = self.asked.as_ref();
        let is_it = message.is_successful_binding_response()
            && asked.is_some_and(|asked| asked.path == *path && asked.id == message.trans_id())
            && message.verify(self.remote.password.as_bytes(), hmac);
        let proven = self.paths.iter_mut().find(|proven| proven.path == *path);
        if let Some(proven) = proven.filter(|_| is_it) {
            proven.answers = true;
            self.selected = Some(*path);
            self.asked = None;
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
            answers: false,
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

#[cfg(test)]
mod tests;
