//! What all servers of one relay hold in common: whose each relayed port is, and how much each user holds.
//!
//! Whose a port is costs one load. Everything else stands behind a lock that is taken when an allocation begins or ends, never for a packet.

use crate::{Family, Limits, Refusal, RelayedPort, SessionName, WorkerId, bucket::Bucket};
use std::{
    collections::{HashMap, VecDeque},
    ops::RangeInclusive,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const PORTS: usize = 1 << 16;

/// How much of its rate a user may use at once.
const BURST: Duration = Duration::from_secs(1);

/// The registry of one relay, which each of its servers is given.
#[derive(Debug)]
pub struct Registry {
    /// What the buckets count their time from.
    epoch: Instant,
    /// Whose each port is, for both families: 0 is nobody's, else an [`Owner`].
    owners: [Box<[AtomicU64]>; 2],
    /// Guards what each session and each user holds.
    holders: Mutex<Holders>,
}

/// Whose a relayed port is: a worker's, and there a session's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u64);

impl Owner {
    fn new(worker: WorkerId, session: SessionId) -> Self {
        Self(u64::from(worker.0) << 56 | session.0)
    }

    /// Returns the worker that serves the port.
    pub(crate) fn worker(self) -> WorkerId {
        WorkerId((self.0 >> 56) as u8)
    }

    fn session(self) -> SessionId {
        SessionId(self.0 & (u64::MAX >> 8))
    }
}

/// A session that holds something: counted from 1, and never used again, in 56 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SessionId(u64);

/// What a user of the relay may use, whichever of its sessions and workers uses it.
#[derive(Debug, Default)]
pub(crate) struct User {
    bytes: Bucket,
    packets: Bucket,
}

#[derive(Debug, Default)]
struct Holders {
    sessions: HashMap<SessionName, Held<SessionId>>,
    names: HashMap<SessionId, SessionName>,
    users: HashMap<Box<str>, Held<Arc<User>>>,
    /// Users that held nothing at some time. They stay until their buckets are full, so that to go and come back gains nothing.
    idle: VecDeque<Box<str>>,
    last: u64,
    count: usize,
}

/// How many relayed addresses somebody holds.
#[derive(Debug)]
struct Held<T> {
    who: T,
    count: usize,
}

/// What is held of a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Relayed ports that are somebody's.
    pub ports: usize,
    /// Relayed addresses that are counted.
    pub allocations: usize,
    /// Sessions that hold one.
    pub sessions: usize,
    /// Users that hold one.
    pub users: usize,
}

/// Which relayed port is wanted, and by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) worker: WorkerId,
    pub(crate) session: &'a SessionName,
    pub(crate) limits: &'a Limits,
    pub(crate) ports: Ports<'a>,
}

/// Which ports will do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports<'a> {
    pub(crate) family: Family,
    pub(crate) range: &'a RangeInclusive<u16>,
    pub(crate) even: bool,
    /// Where in the range to look first: by chance, so that the next port cannot be told.
    pub(crate) start: u16,
}

impl Registry {
    /// Makes a registry of which nothing is held. No time that it is told later may lie before `now`.
    pub fn new(now: Instant) -> Self {
        let nobodys = || (0..PORTS).map(|_| AtomicU64::new(0)).collect();
        Self {
            epoch: now,
            owners: [nobodys(), nobodys()],
            holders: Mutex::default(),
        }
    }

    /// Returns what is held. It looks at every port: not for each packet.
    pub fn usage(&self) -> Usage {
        let owners = self.owners.iter().flatten();
        let holders = self.holders();
        Usage {
            ports: owners
                .filter(|owner| owner.load(Ordering::Relaxed) != 0)
                .count(),
            allocations: holders.count,
            sessions: holders.sessions.len(),
            users: holders.users.values().filter(|user| user.count > 0).count(),
        }
    }

    /// Returns whose `port` is.
    pub(crate) fn owner(&self, port: RelayedPort) -> Option<Owner> {
        match self.slot(port).load(Ordering::Acquire) {
            0 => None,
            owner => Some(Owner(owner)),
        }
    }

    /// Leases a relayed address to a session until the lease is dropped.
    ///
    /// # Errors
    /// 486 if its user has as many as a user may have, 508 if there are as many as there may be or no port is left.
    pub(crate) fn lease(
        self: &Arc<Self>,
        wanted: &Wanted<'_>,
        now: Instant,
    ) -> Result<Lease, Refusal> {
        let (session, user) =
            self.holders()
                .hold(wanted.session, wanted.limits, self.since_epoch(now))?;
        let owner = Owner::new(wanted.worker, session);
        let Some(port) = self.claim(&wanted.ports, owner) else {
            self.holders().release(session);
            return Err(Refusal::InsufficientCapacity);
        };
        Ok(Lease {
            registry: Arc::clone(self),
            port,
            owner,
            user,
        })
    }

    /// Makes one of `ports` the `owner`'s, if any is nobody's.
    fn claim(&self, ports: &Ports<'_>, owner: Owner) -> Option<RelayedPort> {
        let (first, last) = (
            u32::from(*ports.range.start()),
            u32::from(*ports.range.end()),
        );
        let count = (last + 1).checked_sub(first).filter(|count| *count > 0)?;
        (0..count)
            .map(|step| RelayedPort {
                family: ports.family,
                port: (first + (u32::from(ports.start) + step) % count) as u16,
            })
            .filter(|port| !ports.even || port.port % 2 == 0)
            .find(|port| {
                let slot = self.slot(*port);
                slot.compare_exchange(0, owner.0, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
            })
    }

    fn slot(&self, port: RelayedPort) -> &AtomicU64 {
        let owners = match port.family {
            Family::V4 => &self.owners[0],
            Family::V6 => &self.owners[1],
        };
        &owners[usize::from(port.port)]
    }

    fn since_epoch(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }

    fn holders(&self) -> MutexGuard<'_, Holders> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holders {
    /// Counts one more relayed address of `session`.
    fn hold(
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
        self.count += 1;
        let user = self
            .users
            .entry(session.user().into())
            .or_insert_with(|| Held {
                who: Arc::default(),
                count: 0,
            });
        user.count += 1;
        let known = self.sessions.entry(session.clone()).or_insert_with(|| {
            self.last += 1;
            let who = SessionId(self.last);
            self.names.insert(who, session.clone());
            Held { who, count: 0 }
        });
        known.count += 1;
        Ok((known.who, Arc::clone(&user.who)))
    }

    /// Counts one relayed address of `session` less.
    fn release(&mut self, session: SessionId) {
        let Some(name) = self.names.get(&session).cloned() else {
            return;
        };
        self.count -= 1;
        if let Some(held) = self.sessions.get_mut(&name) {
            held.count -= 1;
            if held.count == 0 {
                self.sessions.remove(&name);
                self.names.remove(&session);
            }
        }
        if let Some(user) = self.users.get_mut(name.user()) {
            user.count -= 1;
            if user.count == 0 {
                self.idle.push_back(name.user().into());
            }
        }
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

impl User {
    /// Takes a packet of `bytes` payload bytes out of what the user may use in a second.
    fn take(&self, bytes: usize, limits: &Limits, now: Duration) -> bool {
        self.packets
            .take(1, limits.user_packets_per_second, BURST, now)
            && self
                .bytes
                .take(bytes as u64, limits.user_bytes_per_second, BURST, now)
    }

    fn is_rested(&self, now: Duration) -> bool {
        self.packets.is_full(now) && self.bytes.is_full(now)
    }
}

/// A relayed port that is a session's, and counted, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    registry: Arc<Registry>,
    port: RelayedPort,
    owner: Owner,
    user: Arc<User>,
}

impl Lease {
    pub(crate) fn port(&self) -> RelayedPort {
        self.port
    }

    /// Changes the port for another one of `ports`. Returns whether there was one.
    pub(crate) fn change(&mut self, ports: &Ports<'_>) -> bool {
        let Some(other) = self.registry.claim(ports, self.owner) else {
            return false;
        };
        self.registry.slot(self.port).store(0, Ordering::Release);
        self.port = other;
        true
    }

    /// Takes a packet of `bytes` payload bytes out of what the user may use in a second.
    pub(crate) fn take(&self, bytes: usize, limits: &Limits, now: Instant) -> bool {
        self.user
            .take(bytes, limits, self.registry.since_epoch(now))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.registry.slot(self.port).store(0, Ordering::Release);
        self.registry.holders().release(self.owner.session());
    }
}
