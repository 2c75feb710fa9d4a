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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::{Via, clock::start};

    #[test]
    fn a_check_with_the_password_is_answered_and_its_nomination_followed() {
        let (mut ice, now) = (ice(4), start());
        let plain = check(&mut ice, &path(1), request(&Request::default()), now);
        assert!(matches!(
            plain,
            Checked::Answered {
                nominates: false,
                ..
            }
        ));
        assert_eq!(ice.selected(), None);
        let nominating = request(&Request {
            nominates: true,
            id: 2,
            ..Request::default()
        });
        assert!(matches!(
            check(&mut ice, &path(1), nominating, now),
            Checked::Answered {
                nominates: true,
                ..
            }
        ));
        assert_eq!(ice.selected(), Some(path(1)));
    }

    #[test]
    fn a_check_without_the_password_or_for_another_is_a_strangers() {
        let (mut ice, now) = (ice(4), start());
        for stranger in [
            Request {
                password: "another password of 24 c",
                ..Request::default()
            },
            Request {
                username: "00aaaaaa:them",
                ..Request::default()
            },
            Request {
                username: "00bbbbbb:else",
                ..Request::default()
            },
        ] {
            assert_eq!(
                check(&mut ice, &path(1), request(&stranger), now),
                Checked::Stranger
            );
        }
        assert_eq!(ice.paths.len(), 0);
    }

    #[test]
    fn who_thinks_itself_controlled_is_told_so_and_nominates_nothing() {
        let (mut ice, now) = (ice(4), start());
        let confused = request(&Request {
            nominates: true,
            controls: false,
            ..Request::default()
        });
        let Checked::Answered {
            answer, nominates, ..
        } = check(&mut ice, &path(1), confused, now)
        else {
            panic!("an answer")
        };
        let answer = StunMessage::parse(&answer).unwrap();
        assert_eq!(answer.error_code().map(|(code, _)| code), Some(487));
        assert!(!nominates);
    }

    #[test]
    fn the_path_that_was_heard_longest_ago_makes_room_but_never_the_one_in_use() {
        let (mut ice, now) = (ice(2), start());
        let at = |seconds| now + std::time::Duration::from_secs(seconds);
        let mut prove = |port, nominates, second| {
            let id = port as u8;
            let request = request(&Request {
                nominates,
                id,
                ..Request::default()
            });
            match check(&mut ice, &path(port), request, at(second)) {
                Checked::Answered { forgotten, .. } => forgotten,
                Checked::Stranger => panic!("the password holds"),
            }
        };
        assert_eq!(prove(1, true, 0), None);
        assert_eq!(prove(2, false, 1), None);
        assert_eq!(prove(3, false, 2), Some(path(2)));
        assert_eq!(prove(4, false, 3), Some(path(3)));
    }

    struct Request {
        username: &'static str,
        password: &'static str,
        nominates: bool,
        controls: bool,
        id: u8,
    }

    impl Default for Request {
        fn default() -> Self {
            Self {
                username: "00bbbbbb:them",
                password: "the password of 24 chars",
                nominates: false,
                controls: true,
                id: 1,
            }
        }
    }

    fn ice(most_paths: usize) -> Ice {
        let credentials = |ufrag: &str, password: &str| Credentials {
            ufrag: ufrag.to_owned(),
            password: password.to_owned(),
        };
        let ours = credentials("00bbbbbb", "the password of 24 chars");
        Ice::new(
            ours,
            credentials("them", "their password of 24 cha"),
            most_paths,
        )
    }

    fn path(port: u16) -> Path {
        let address = |port| SocketAddr::from(([192, 0, 2, 1], port));
        Path {
            via: Via::Udp,
            remote: address(port),
            local: address(3478),
            media: address(3478),
        }
    }

    fn check(ice: &mut Ice, path: &Path, request: Vec<u8>, now: Instant) -> Checked {
        ice.handle_check(path, &StunMessage::parse(&request).unwrap(), now)
    }

    fn request(request: &Request) -> Vec<u8> {
        let mut id = StdRng::from_seed([request.id; 32]);
        let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        bytes.extend((0..12).map(|_| id.next_u32() as u8));
        let mut add = |kind: u16, value: &[u8]| {
            bytes.extend(kind.to_be_bytes());
            bytes.extend((value.len() as u16).to_be_bytes());
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        };
        add(0x0006, request.username.as_bytes());
        add(0x0024, &1_u32.to_be_bytes());
        add(
            if request.controls { 0x802a } else { 0x8029 },
            &7_u64.to_be_bytes(),
        );
        if request.nominates {
            add(0x0025, &[]);
        }
        // The length counts the integrity, which ends the message (RFC 8489 section 14.5).
        let length = (bytes.len() - 20 + 24) as u16;
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        let hmac = crypto::provider().sha1_hmac_provider;
        let integrity = hmac.sha1_hmac(request.password.as_bytes(), &[&bytes]);
        bytes.extend([0, 8, 0, 20]);
        bytes.extend(integrity);
        bytes
    }
}
