//! What all servers of one relay hold in common: whose each relayed port is, how much each user holds, what is reserved and who is banned.
//!
//! Whose a port is costs one load. Everything else stands behind locks that are taken when an allocation begins or ends, never for a packet.

mod bans;
mod holders;
mod lease;
mod ports;
mod reservations;

use crate::{Limits, Refusal, RelayedPort, SessionName, UnixSeconds, WorkerId};
use bans::Bans;
use holders::{Holders, User};
use ports::Owners;
use reservations::{Held, Reservations};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

pub(crate) use holders::SessionId;
pub(crate) use lease::Lease;
pub(crate) use ports::{Owner, Ports};
pub(crate) use reservations::Token;

/// The registry of one relay, which each of its servers is given.
#[derive(Debug)]
pub struct Registry {
    /// What the buckets count their time from.
    epoch: Instant,
    owners: Owners,
    /// Guards what each session and each user holds. Taken after `reservations` where both are.
    holders: Mutex<Holders>,
    /// Guards which ports are kept for whom.
    reservations: Mutex<Reservations>,
    /// Guards who is banned.
    bans: Mutex<Bans>,
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
    /// Relayed addresses that are kept for a later Allocate.
    pub reservations: usize,
    /// Sessions that are banned.
    pub bans: usize,
}

/// Who wants relayed addresses, and which will do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) worker: WorkerId,
    pub(crate) session: &'a SessionName,
    pub(crate) limits: &'a Limits,
    pub(crate) ports: Ports<'a>,
}

impl Registry {
    /// Makes a registry of which nothing is held. No time that it is told later may lie before `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            owners: Owners::new(),
            holders: Mutex::default(),
            reservations: Mutex::default(),
            bans: Mutex::default(),
        }
    }

    /// Refuses `session` new allocations until `until`. Those that live are to be revoked beside.
    pub fn ban(&self, session: SessionName, until: UnixSeconds) {
        locked(&self.bans).ban(session, until);
    }

    /// Returns which worker serves `port`, if it is anybody's.
    pub fn worker_of(&self, port: RelayedPort) -> Option<WorkerId> {
        self.owner(port).map(Owner::worker)
    }

    /// Returns what is held. It looks at every port: not for each packet.
    pub fn usage(&self) -> Usage {
        let (reservations, bans) = (
            locked(&self.reservations).count(),
            locked(&self.bans).count(),
        );
        Usage {
            ports: self.owners.count(),
            reservations,
            bans,
            ..locked(&self.holders).usage()
        }
    }

    /// Returns whether `session` is banned at `now`.
    pub(crate) fn is_banned(&self, session: &SessionName, now: UnixSeconds) -> bool {
        locked(&self.bans).is_banned(session, now)
    }

    /// Returns whose `port` is.
    pub(crate) fn owner(&self, port: RelayedPort) -> Option<Owner> {
        self.owners.owner(port)
    }

    /// Returns the name of a session that holds something.
    pub(crate) fn session(&self, id: SessionId) -> Option<SessionName> {
        locked(&self.holders).name(id)
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
        let (owner, user) = self.hold(wanted, now)?;
        let Some(port) = self.owners.claim(&wanted.ports, owner) else {
            locked(&self.holders).release(owner.session());
            return Err(Refusal::InsufficientCapacity);
        };
        Ok(Lease::new(Arc::clone(self), port, owner, user))
    }

    /// Leases an even port and the one above it.
    ///
    /// # Errors
    /// As [`Registry::lease`].
    pub(crate) fn lease_pair(
        self: &Arc<Self>,
        wanted: &Wanted<'_>,
        now: Instant,
    ) -> Result<[Lease; 2], Refusal> {
        let (owner, user) = self.hold(wanted, now)?;
        let pair = self.hold(wanted, now).and_then(|_| {
            let pair = self.owners.claim_pair(&wanted.ports, owner);
            pair.ok_or_else(|| {
                locked(&self.holders).release(owner.session());
                Refusal::InsufficientCapacity
            })
        });
        match pair {
            Ok(pair) => {
                Ok(pair.map(|port| Lease::new(Arc::clone(self), port, owner, Arc::clone(&user))))
            }
            Err(refusal) => {
                locked(&self.holders).release(owner.session());
                Err(refusal)
            }
        }
    }

    /// Keeps what is leased for whoever of the same user brings `token`, until `until`; [`Registry::expire`] ends it then.
    pub(crate) fn reserve(&self, token: Token, lease: Lease, until: Instant) {
        let name = self.session(lease.owner().session());
        let user = name.map_or_else(Box::default, |name| name.user().into());
        let (port, owner) = lease.keep();
        let held = Held {
            port,
            owner,
            user,
            until,
        };
        if let Some(before) = locked(&self.reservations).keep(token, held) {
            self.give_back(before.port, before.owner);
        }
    }

    /// Leases what is kept for `token` to `session`.
    ///
    /// # Errors
    /// 508 if nothing is kept for it, or not for this user.
    pub(crate) fn redeem(
        self: &Arc<Self>,
        token: Token,
        session: &SessionName,
        worker: WorkerId,
        now: Instant,
    ) -> Result<Lease, Refusal> {
        let mut reservations = locked(&self.reservations);
        let held = reservations
            .take(token, session.user(), now)
            .ok_or(Refusal::InsufficientCapacity)?;
        let (owner, user) = {
            let mut holders = locked(&self.holders);
            let (id, user) = holders.transfer(held.owner.session(), session);
            (Owner::new(worker, id), user)
        };
        self.owners.pass_on(held.port, owner);
        Ok(Lease::new(Arc::clone(self), held.port, owner, user))
    }

    /// Ends what is kept for `token`, if it was not redeemed.
    pub(crate) fn expire(&self, token: Token) {
        if let Some(held) = locked(&self.reservations).expire(token) {
            self.give_back(held.port, held.owner);
        }
    }

    /// Counts one more relayed address.
    fn hold(&self, wanted: &Wanted<'_>, now: Instant) -> Result<(Owner, Arc<User>), Refusal> {
        let now = self.since_epoch(now);
        let (id, user) = locked(&self.holders).hold(wanted.session, wanted.limits, now)?;
        Ok((Owner::new(wanted.worker, id), user))
    }

    fn give_back(&self, port: RelayedPort, owner: Owner) {
        self.owners.free(port);
        locked(&self.holders).release(owner.session());
    }

    fn since_epoch(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }
}

/// Returns what `mutex` guards. Nothing panics while it is held, and what it guards would be whole even then.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
