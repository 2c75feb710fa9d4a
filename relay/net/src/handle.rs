//! Commanding a relay while it runs.

use crate::{
    CommandError, Counters, RoomError,
    command::{Command, Link},
    door::{DoorCounters, Places},
};
use sfu::{Ask, Reply, RoomId};
use std::sync::{Arc, atomic::Ordering};
use tokio::sync::oneshot;
use turn::{AllocationId, AllocationView, Issued, Registry, SessionName, UnixSeconds};

/// Commands a relay, from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) realm: Arc<str>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) issued: Arc<Issued>,
    pub(crate) workers: Arc<[Link]>,
    pub(crate) places: Arc<Places>,
    pub(crate) door: Arc<DoorCounters>,
}

impl Handle {
    /// Ends every allocation of `session` at once. Its credentials stay what they are.
    ///
    /// # Errors
    /// [`CommandError`] if a worker could not be told; the others were.
    pub fn revoke(&self, session: SessionName) -> Result<(), CommandError> {
        let told = self
            .workers
            .iter()
            .map(|worker| worker.command(Command::Revoke(session.clone())));
        told.fold(Ok(()), Result::and)
    }

    /// Ends every allocation of `session` at once, and refuses it new ones until `until`.
    ///
    /// # Errors
    /// [`CommandError`] if a worker could not be told to end what lives; the refusal holds.
    pub fn ban(&self, session: SessionName, until: UnixSeconds) -> Result<(), CommandError> {
        self.registry.ban(session.clone(), until);
        self.revoke(session)
    }

    /// Ends one allocation at once. Returns whether it lived.
    ///
    /// # Errors
    /// [`CommandError`] if its worker could not be told.
    pub async fn end(&self, id: AllocationId) -> Result<bool, CommandError> {
        let Some(worker) = self.workers.get(usize::from(id.worker().0)) else {
            return Ok(false);
        };
        let (answer, answered) = oneshot::channel();
        worker.command(Command::End(id, answer))?;
        answered.await.map_err(|_| CommandError::Stopped)
    }

    /// Returns every allocation that lives.
    ///
    /// # Errors
    /// [`CommandError`] if a worker could not be asked.
    pub async fn allocations(&self) -> Result<Vec<AllocationView>, CommandError> {
        let mut asked = Vec::with_capacity(self.workers.len());
        for worker in self.workers.iter() {
            let (answer, answered) = oneshot::channel();
            worker.command(Command::List(answer))?;
            asked.push(answered);
        }
        let mut allocations = Vec::new();
        for answered in asked {
            allocations.extend(answered.await.map_err(|_| CommandError::Stopped)?);
        }
        Ok(allocations)
    }

    /// Asks something of a room, whichever worker has it.
    ///
    /// # Errors
    /// [`RoomError`] if the room refuses, or could not be asked.
    pub async fn room(&self, ask: Ask) -> Result<Reply, RoomError> {
        let (answer, answered) = oneshot::channel();
        let worker = &self.workers[worker_of(ask.room(), self.workers.len())];
        worker.command(Command::Ask(Box::new(ask), answer))?;
        Ok(answered.await.map_err(|_| RoomError::Stopped)??)
    }

    /// Notes that credentials with `username` were issued, so that a client may sign in with a hash of it (RFC 8489 section 14.4).
    pub fn issued(&self, username: &str) {
        self.issued.insert(username, &self.realm);
    }

    /// Returns what was counted until the last round of each worker.
    pub fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        for worker in self.workers.iter() {
            counters += worker.shared.counters.latest();
        }
        counters.streams.open = self.places.in_use() as u64;
        counters.streams.full = self.door.full.load(Ordering::Relaxed);
        counters.streams.full_prefix = self.door.full_prefix.load(Ordering::Relaxed);
        counters.streams.crowded += self.door.crowded.load(Ordering::Relaxed);
        counters.streams.unsorted = self.door.unsorted.load(Ordering::Relaxed);
        counters
    }
}

/// Returns which of `workers` has a room: always the same, so that nobody has to look it up.
fn worker_of(room: RoomId, workers: usize) -> usize {
    (room.0 % workers as u128) as usize
}
