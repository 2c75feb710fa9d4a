//! What happens in calls, written down so that it can be said later why one went as it did.
//!
//! Owns the queue and the one task that writes: a call gives a step away and goes on. What finds no room, or is more than a call may have, is
//! counted, and the count stands in the record. What the relay tells goes by the name of a sign-in; here it finds the call that the sign-in is
//! in, or waits for one.

mod places;

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::domain::{CallId, CallStep, SessionId, Step, UnixMillis, UserId};
use crate::media::RelayEvents;
use crate::store::{self as repo, Db, StoreError};

use super::{Clock, Tasks};
use places::Places;

/// Entries that may wait to be written.
const QUEUE: usize = 2048;
/// Steps that are written in one transaction.
const BATCH: usize = 128;
/// How long a step waits for others to be written with.
const GATHER: Duration = Duration::from_millis(250);
/// Calls of which it is known how many steps were lost.
const COUNTED: usize = 1024;

/// Takes down what happens in calls. Cheap to clone; nothing that calls it waits.
#[derive(Clone)]
pub struct Journal {
    entries: mpsc::Sender<Entry>,
    /// Guards how many steps of which call are lost. Held for look-ups alone, and only when something was lost.
    lost: Arc<Mutex<HashMap<CallId, u32>>>,
    clock: Clock,
    certificate: CertificateEnd,
}

/// Tells when the certificate that is served now ends; `None` without one.
type CertificateEnd = Arc<dyn Fn() -> Option<UnixMillis> + Send + Sync>;

/// A sign-in that takes part in a call.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) call: CallId,
    pub(super) user: UserId,
    pub(super) session: SessionId,
}

enum Entry {
    Step(CallId, CallStep),
    /// A sign-in of this relay name takes part in a call.
    Joins(String, Part),
    /// It does no more.
    Leaves(String),
    Over(CallId),
    /// The relay, or whoever issues its credentials, tells of a sign-in.
    Relay(String, UnixMillis, Step),
    /// The relay told more than could be heard.
    Unheard(u32),
    Written(oneshot::Sender<()>),
}

impl Journal {
    /// Starts to write into `db`.
    #[must_use]
    pub fn start(db: Db, clock: Clock, tasks: &Tasks) -> Self {
        let (entries, heard) = mpsc::channel(QUEUE);
        let journal = Self {
            entries,
            lost: Arc::default(),
            clock,
            certificate: Arc::new(|| None),
        };
        let writer = Writer {
            db,
            clock: journal.clock.clone(),
            lost: Arc::clone(&journal.lost),
            places: Places::default(),
            waiting: Vec::new(),
        };
        tasks.start(writer.run(heard, tasks.clone()));
        journal
    }

    /// Takes down with each call that begins whether the server's certificate had ended; `end` tells when it does.
    #[must_use]
    pub fn with_certificate(
        self,
        end: impl Fn() -> Option<UnixMillis> + Send + Sync + 'static,
    ) -> Self {
        let certificate = Arc::new(end);
        Self {
            certificate,
            ..self
        }
    }

    /// Takes down that somebody called.
    pub(super) fn begin(&self, call: CallId, by: (UserId, SessionId), video: bool) {
        let (user, session) = by;
        self.step(call, Some((user, Some(session))), Step::Started { video });
        let end = (self.certificate)();
        if let Some(since) = end.filter(|end| *end <= self.clock.now()) {
            self.step(call, None, Step::CertificateExpired { since });
        }
    }

    /// Hears what the relay tells of allocations until it stops.
    pub fn listen(&self, mut relay: RelayEvents, tasks: &Tasks) {
        let (this, stopping) = (self.clone(), tasks.clone());
        tasks.start(async move {
            let mut unheard = 0;
            loop {
                let next = tokio::select! {
                    biased;
                    () = stopping.stopped() => return,
                    next = relay.next() => next,
                };
                let Some((sign_in, step)) = next else { return };
                this.of_sign_in(sign_in, step);
                let lost = relay.lost();
                if lost > unheard {
                    let more = u32::try_from(lost - unheard).unwrap_or(u32::MAX);
                    unheard = lost;
                    this.give(Entry::Unheard(more), None);
                }
            }
        });
    }

    /// Takes down a step of a call: the server's own, or somebody's.
    pub(super) fn step(&self, call: CallId, who: Option<(UserId, Option<SessionId>)>, step: Step) {
        let at = self.clock.now();
        let step = CallStep {
            at,
            user: who.map(|(user, _)| user),
            session: who.and_then(|(_, session)| session),
            device: None,
            step,
        };
        self.give(Entry::Step(call, step), Some(call));
    }

    /// From here on what the relay tells of this sign-in belongs to a call.
    pub(super) fn joins(&self, sign_in: String, part: Part) {
        let call = part.call;
        self.give(Entry::Joins(sign_in, part), Some(call));
    }

    /// A sign-in speaks in its call no more.
    pub(super) fn leaves(&self, sign_in: String) {
        self.give(Entry::Leaves(sign_in), None);
    }

    /// A call is over.
    pub(super) fn over(&self, call: CallId) {
        self.give(Entry::Over(call), None);
    }

    /// Takes down what became of a sign-in at the relay.
    pub(super) fn of_sign_in(&self, sign_in: String, step: Step) {
        let at = self.clock.now();
        self.give(Entry::Relay(sign_in, at, step), None);
    }

    /// Returns once all that was given before is written, or soon if the queue is full.
    pub(super) async fn written(&self) {
        let (reply, written) = oneshot::channel();
        if self.entries.try_send(Entry::Written(reply)).is_ok() {
            // It may have stopped: then what there is was written.
            drop(written.await);
        }
    }

    fn give(&self, entry: Entry, call: Option<CallId>) {
        if self.entries.try_send(entry).is_err()
            && let Some(call) = call
        {
            count(&mut lock(&self.lost), call, 1);
        }
    }
}

struct Writer {
    db: Db,
    clock: Clock,
    lost: Arc<Mutex<HashMap<CallId, u32>>>,
    places: Places,
    waiting: Vec<(CallId, CallStep)>,
}

impl Writer {
    async fn run(mut self, mut entries: mpsc::Receiver<Entry>, tasks: Tasks) {
        let mut due: Option<Instant> = None;
        loop {
            let idle = Instant::now() + Duration::from_secs(3600);
            let entry = tokio::select! {
                biased;
                () = sleep_until(due.unwrap_or(idle)), if due.is_some() => None,
                entry = entries.recv() => match entry {
                    Some(entry) => Some(entry),
                    None => break,
                },
                () = tasks.stopped() => break,
            };
            if let Some(entry) = entry {
                self.take(entry).await;
                if self.waiting.len() < BATCH {
                    let has_some = !self.waiting.is_empty() || !lock(&self.lost).is_empty();
                    due = has_some.then(|| due.unwrap_or_else(|| Instant::now() + GATHER));
                    continue;
                }
            }
            self.write().await;
            due = None;
        }
        while let Ok(entry) = entries.try_recv() {
            self.take(entry).await;
        }
        self.write().await;
    }

    async fn take(&mut self, entry: Entry) {
        let now = Instant::now();
        let (lost, waiting) = (&self.lost, &mut self.waiting);
        let mut keep = |places: &mut Places, call, step: CallStep| {
            if places.has_room(call, step.user, &step.step, now) {
                waiting.push((call, step));
            } else {
                count(&mut lock(lost), call, 1);
            }
        };
        match entry {
            Entry::Step(call, step) => keep(&mut self.places, call, step),
            Entry::Joins(sign_in, part) => {
                for (call, step) in self.places.join(sign_in, part, now) {
                    keep(&mut self.places, call, step);
                }
            }
            Entry::Leaves(sign_in) => self.places.leave(&sign_in, now),
            Entry::Over(call) => self.places.over(call, now),
            Entry::Relay(sign_in, at, step) => {
                if let Some((call, step)) = self.places.hear(sign_in, at, step, now) {
                    keep(&mut self.places, call, step);
                }
            }
            Entry::Unheard(steps) => {
                for call in self.places.living() {
                    count(&mut lock(lost), call, steps);
                }
            }
            Entry::Written(reply) => {
                self.write().await;
                let is_awaited = reply.send(()).is_ok();
                tracing::trace!(is_awaited, "all steps are written");
            }
        }
    }

    async fn write(&mut self) {
        self.places.forget(Instant::now());
        let lost = mem::take(&mut *lock(&self.lost));
        let steps = mem::take(&mut self.waiting);
        if steps.is_empty() && lost.is_empty() {
            return;
        }
        if let Err(error) = self.write_all(&steps, &lost).await {
            tracing::error!(%error, steps = steps.len(), "steps of calls could not be written down");
            let mut counted = lock(&self.lost);
            for (call, steps) in lost {
                count(&mut counted, call, steps);
            }
            for (call, _) in steps {
                count(&mut counted, call, 1);
            }
        }
    }

    async fn write_all(
        &self,
        steps: &[(CallId, CallStep)],
        lost: &HashMap<CallId, u32>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        for (call, step) in steps {
            repo::call_steps::insert(&mut tx, *call, step).await?;
        }
        for (call, steps) in lost {
            let step = CallStep {
                at: self.clock.now(),
                user: None,
                session: None,
                device: None,
                step: Step::Dropped { steps: *steps },
            };
            repo::call_steps::insert(&mut tx, *call, &step).await?;
        }
        tx.commit().await
    }
}

fn lock(lost: &Mutex<HashMap<CallId, u32>>) -> MutexGuard<'_, HashMap<CallId, u32>> {
    // Every change of the map is complete before anything can panic.
    lost.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(lost: &mut HashMap<CallId, u32>, call: CallId, steps: u32) {
    if lost.len() < COUNTED || lost.contains_key(&call) {
        let counted = lost.entry(call).or_default();
        *counted = counted.saturating_add(steps);
    }
}
