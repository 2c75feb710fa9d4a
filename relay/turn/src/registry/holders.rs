//! How many relayed addresses each session and each user holds, and the rates that a user may use.

use super::Usage;
use crate::{Limits, Refusal, SessionName, bucket::Bucket};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// How much of its rate a user may use at once.
const BURST: Duration = Duration::from_secs(1);

/// In how much time a user may make as many relayed addresses as it may hold.
const TURNOVER: Duration = Duration::from_secs(10);

/// How much of that it may use at once: a family behind one browser that starts again does not wait.
const TURNOVER_BURST: Duration = Duration::from_secs(30);

/// A session that holds something: counted from 1, and never used again, in 56 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(pub(crate) u64);

/// What a user of the relay may use, whichever of its sessions and workers uses it.
#[derive(Debug, Default)]
pub(super) struct User {
    bytes: Bucket,
    packets: Bucket,
    /// Relayed addresses made, of which each costs sockets and lines in the log.
    made: Bucket,
}

impl User {
    /// Takes a new relayed address out of what the user may make.
    fn take_new(&self, limits: &Limits, now: Duration) -> bool {
        let rate = limits.allocations_per_user as u64;
        self.made
            .take(TURNOVER.as_secs(), rate, TURNOVER_BURST, now)
    }

    /// Takes a packet of `bytes` payload bytes out of what the user may use in a second.
    pub(super) fn take(&self, bytes: usize, limits: &Limits, now: Duration) -> bool {
        let (packets, rate) = (limits.user_packets_per_second, limits.user_bytes_per_second);
        self.packets.take(1, packets, BURST, now) && self.bytes.take(bytes as u64, rate, BURST, now)
    }

    fn is_rested(&self, now: Duration) -> bool {
        self.packets.is_full(now) && self.bytes.is_full(now) && self.made.is_full(now)
    }
}

/// Everybody who holds something.
#[derive(Debug, Default)]
pub(super) struct Holders {
    sessions: HashMap<SessionName, Holding<SessionId>>,
    names: HashMap<SessionId, SessionName>,
    users: HashMap<Box<str>, Holding<Arc<User>>>,
    /// Users that held nothing at some time. They stay until their buckets are full, so that to go and come back gains nothing.
    idle: VecDeque<Box<str>>,
    /// The last id that was given.
    last: u64,
    count: usize,
}

/// How many relayed addresses somebody holds.
#[derive(Debug)]
struct Holding<T> {
    who: T,
    count: usize,
}

impl Holders {
    /// Counts one more relayed address of `session`.
    ///
    /// # Errors
    /// 486 if its user has as many as a user may have or makes them too fast, 508 if there are as many as there may be.
    pub(super) fn hold(
        &mut self,
        session: &SessionName,
        limits: &Limits,
        now: Duration,
    ) -> Result<(SessionId, Arc<User>), Refusal> {
        self.sweep(now);
        let held = self.users.get(session.user()).map_or(0, |user| user.count);
        if held >= limits.allocations_per_user {
            return Err(Refusal::AllocationQuotaReached);
        }
        if self.count >= limits.allocations {
            return Err(Refusal::InsufficientCapacity);
        }
        let (id, user) = self.add(session);
        if user.take_new(limits, now) {
            Ok((id, user))
        } else {
            self.release(id);
            Err(Refusal::AllocationQuotaReached)
        }
    }

    /// Counts one relayed address of `from` as one of `to`.
    pub(super) fn transfer(&mut self, from: SessionId, to: &SessionName) -> (SessionId, Arc<User>) {
        let added = self.add(to);
        self.release(from);
        added
    }

    /// Counts one relayed address of `session` less.
    pub(super) fn release(&mut self, session: SessionId) {
        let Some(name) = self.names.get(&session).cloned() else {
            return;
        };
        self.count -= 1;
        if let Some(holding) = self.sessions.get_mut(&name) {
            holding.count -= 1;
            if holding.count == 0 {
                self.sessions.remove(&name);
                self.names.remove(&session);
            }
        }
        if let Some(holding) = self.users.get_mut(name.user()) {
            holding.count -= 1;
            if holding.count == 0 {
                self.idle.push_back(name.user().into());
            }
        }
    }

    pub(super) fn name(&self, session: SessionId) -> Option<SessionName> {
        self.names.get(&session).cloned()
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            allocations: self.count,
            sessions: self.sessions.len(),
            users: self.users.values().filter(|user| user.count > 0).count(),
            ..Usage::default()
        }
    }

    fn add(&mut self, session: &SessionName) -> (SessionId, Arc<User>) {
        self.count += 1;
        let user = self
            .users
            .entry(session.user().into())
            .or_insert_with(|| Holding {
                who: Arc::default(),
                count: 0,
            });
        user.count += 1;
        let holding = self.sessions.entry(session.clone()).or_insert_with(|| {
            self.last += 1;
            let who = SessionId(self.last);
            self.names.insert(who, session.clone());
            Holding { who, count: 0 }
        });
        holding.count += 1;
        (holding.who, Arc::clone(&user.who))
    }

    /// Forgets users that hold nothing and whose buckets are full.
    fn sweep(&mut self, now: Duration) {
        while let Some(name) = self.idle.front() {
            match self.users.get(name) {
                Some(user) if user.count == 0 && !user.who.is_rested(now) => return,
                Some(user) if user.count == 0 => {
                    self.users.remove(name);
                }
                Some(_) | None => {}
            }
            self.idle.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        allocations: 3,
        allocations_per_user: 2,
        permissions: 0,
        channels: 0,
        user_bytes_per_second: 100,
        user_packets_per_second: 100,
    };

    #[test]
    fn the_sessions_of_a_user_share_its_quota() {
        let mut holders = Holders::default();
        let (first, _) = hold(&mut holders, "alice.1").unwrap();
        hold(&mut holders, "alice.2").unwrap();
        let full = hold(&mut holders, "alice.3").unwrap_err();
        assert_eq!(full, Refusal::AllocationQuotaReached);
        hold(&mut holders, "bob").unwrap();
        let full = hold(&mut holders, "carol").unwrap_err();
        assert_eq!(full, Refusal::InsufficientCapacity);
        holders.release(first);
        hold(&mut holders, "alice.3").unwrap();
    }

    #[test]
    fn a_user_that_goes_and_comes_back_finds_its_bucket_as_it_was() {
        let mut holders = Holders::default();
        let (id, user) = hold(&mut holders, "alice").unwrap();
        assert!(user.take(100, &LIMITS, BURST));
        holders.release(id);
        let (id, user) = hold(&mut holders, "alice").unwrap();
        assert!(!user.take(1, &LIMITS, BURST));
        holders.release(id);
        holders.sweep(BURST * 2 + TURNOVER);
        assert!(holders.users.is_empty() && holders.idle.is_empty());
    }

    #[test]
    fn the_id_of_a_session_is_never_given_again() {
        let mut holders = Holders::default();
        let (first, _) = hold(&mut holders, "alice").unwrap();
        holders.release(first);
        let (second, _) = hold(&mut holders, "alice").unwrap();
        assert_ne!(first, second);
        assert_eq!((holders.name(first), holders.names.len()), (None, 1));
    }

    fn hold(holders: &mut Holders, session: &str) -> Result<(SessionId, Arc<User>), Refusal> {
        holders.hold(&session.parse().unwrap(), &LIMITS, BURST)
    }
}
