//! Which call a sign-in is in, what the relay told of it before there was one, and how much has been written of each call.

use std::collections::{BTreeSet, HashMap, VecDeque};

use tokio::time::{Duration, Instant};

use super::Part;
use crate::domain::{CallId, CallStep, RelayRefusal, RelayTransport, Step, UnixMillis, UserId};

/// Steps of one person in one call; the server's own count as one person's.
const OF_PERSON: u32 = 120;
/// Steps of one call.
const OF_CALL: u32 = 1500;
/// After its end the relay still tells what a call's allocations have carried.
const LINGER: Duration = Duration::from_secs(60);
/// What the relay told of a sign-in belongs to the call that it is in so soon after.
const EARLY: Duration = Duration::from_secs(120);
/// Sign-ins of which something is kept until they are in a call, and steps of each.
const SIGN_INS: usize = 4096;
const STEPS: usize = 16;
/// An allocation that carried less was tried and not used.
const USED: u64 = 1000;

#[derive(Default)]
pub(super) struct Places {
    places: HashMap<String, Place>,
    early: HashMap<String, Early>,
    written: HashMap<CallId, Written>,
}

/// A sign-in in a call.
struct Place {
    part: Part,
    /// Until when it is still heard of, once it has left or the call is over.
    until: Option<Instant>,
    /// What was told of it already: each once.
    told: BTreeSet<Told>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Made(RelayTransport),
    Refused(RelayTransport, RelayRefusal),
}

/// What was told of a sign-in that is in no call.
struct Early {
    at: Instant,
    /// Also of the next call, as some clients ask once for many.
    issued: Option<(UnixMillis, Step)>,
    steps: VecDeque<(Instant, UnixMillis, Step)>,
}

struct Written {
    in_all: u32,
    of_person: HashMap<Option<UserId>, u32>,
    over: Option<Instant>,
}

impl Places {
    /// Returns whether a step may be written, and counts it if so.
    pub(super) fn has_room(
        &mut self,
        call: CallId,
        user: Option<UserId>,
        step: &Step,
        now: Instant,
    ) -> bool {
        let written = self.written.entry(call).or_insert_with(|| Written {
            in_all: 0,
            of_person: HashMap::new(),
            over: None,
        });
        // Nothing ever comes of a call that has ended and of which this process knows nothing else.
        if matches!(step, Step::Ended { .. }) {
            written.over = Some(now + LINGER);
            return true;
        }
        let of_person = written.of_person.entry(user).or_default();
        if *of_person >= OF_PERSON || written.in_all >= OF_CALL {
            return false;
        }
        *of_person += 1;
        written.in_all += 1;
        true
    }

    /// Puts a sign-in into a call. Returns what was told of it before.
    pub(super) fn join(
        &mut self,
        sign_in: String,
        part: Part,
        now: Instant,
    ) -> Vec<(CallId, CallStep)> {
        let mut heard = Vec::new();
        if let Some(early) = self.early.get_mut(&sign_in) {
            heard.extend(early.issued.clone());
            let steps = early.steps.drain(..);
            let fresh = steps.filter(|(since, ..)| now.duration_since(*since) <= EARLY);
            heard.extend(fresh.map(|(_, at, step)| (at, step)));
        }
        if let Some(place) = self.places.get_mut(&sign_in)
            && place.part.call == part.call
        {
            // The same call again, after a restart of its task.
            place.until = None;
            place.part = part;
            heard.clear();
        } else {
            let place = Place {
                part,
                until: None,
                told: BTreeSet::new(),
            };
            self.places.insert(sign_in.clone(), place);
        }
        let heard = heard.into_iter();
        let place = self.places.get_mut(&sign_in);
        place.map_or_else(Vec::new, |place| {
            heard
                .filter_map(|(at, step)| place.step(at, step))
                .collect()
        })
    }

    /// Takes a sign-in out of its call.
    pub(super) fn leave(&mut self, sign_in: &str, now: Instant) {
        if let Some(place) = self.places.get_mut(sign_in) {
            place.until.get_or_insert(now + LINGER);
        }
    }

    /// Takes everybody out of a call.
    pub(super) fn over(&mut self, call: CallId, now: Instant) {
        for place in self.places.values_mut() {
            if place.part.call == call {
                place.until.get_or_insert(now + LINGER);
            }
        }
    }

    /// Returns to which call what was told of a sign-in belongs, if it is in one; else it is kept for the next.
    pub(super) fn hear(
        &mut self,
        sign_in: String,
        at: UnixMillis,
        step: Step,
        now: Instant,
    ) -> Option<(CallId, CallStep)> {
        let (is_issue, is_end) = (
            matches!(step, Step::ServersIssued { .. }),
            matches!(step, Step::AllocationEnded { .. }),
        );
        let place = self.places.get_mut(&sign_in);
        // What a sign-in whose call is over asks for is for its next one; what it still holds was of the last.
        let Some(place) = place.filter(|place| place.until.is_none() || is_end) else {
            self.keep(sign_in, at, step, now);
            return None;
        };
        let told = place.step(at, step.clone());
        if is_issue {
            self.keep(sign_in, at, step, now);
        }
        told
    }

    fn keep(&mut self, sign_in: String, at: UnixMillis, step: Step, now: Instant) {
        if self.early.len() >= SIGN_INS && !self.early.contains_key(&sign_in) {
            let oldest = self.early.iter().min_by_key(|(_, early)| early.at);
            let oldest = oldest.map(|(sign_in, _)| sign_in.clone());
            oldest.map(|sign_in| self.early.remove(&sign_in));
        }
        let early = self.early.entry(sign_in).or_insert_with(|| Early {
            at: now,
            issued: None,
            steps: VecDeque::new(),
        });
        early.at = now;
        if let Step::ServersIssued { .. } = step {
            early.issued = Some((at, step));
        } else {
            if early.steps.len() >= STEPS {
                early.steps.pop_front();
            }
            early.steps.push_back((now, at, step));
        }
    }

    /// The calls that go on.
    pub(super) fn living(&self) -> BTreeSet<CallId> {
        let living = self.places.values().filter(|place| place.until.is_none());
        living.map(|place| place.part.call).collect()
    }

    /// Forgets what nothing more is heard of.
    pub(super) fn forget(&mut self, now: Instant) {
        let stays = |until: &Option<Instant>| until.is_none_or(|until| until > now);
        self.places.retain(|_, place| stays(&place.until));
        self.written.retain(|_, written| stays(&written.over));
    }
}

impl Place {
    fn step(&mut self, at: UnixMillis, step: Step) -> Option<(CallId, CallStep)> {
        let is_new = match step {
            Step::Allocated { over } => self.told.insert(Told::Made(over)),
            Step::AllocationRefused { over, why } => self.told.insert(Told::Refused(over, why)),
            Step::AllocationEnded { sent, received, .. } => sent.max(received) >= USED,
            Step::Started { .. }
            | Step::Rang { .. }
            | Step::Accepted
            | Step::Declined
            | Step::Moved
            | Step::Left
            | Step::ServersIssued { .. }
            | Step::Signaled { .. }
            | Step::Candidate { .. }
            | Step::RoomReached
            | Step::RoomLost
            | Step::RoomHeard
            | Step::SignalingLost
            | Step::SignalingBack
            | Step::Restarted
            | Step::CertificateExpired { .. }
            | Step::Reported { .. }
            | Step::Ended { .. }
            | Step::Dropped { .. } => true,
        };
        let step = CallStep {
            at,
            user: Some(self.part.user),
            session: Some(self.part.session),
            device: None,
            step,
        };
        is_new.then_some((self.part.call, step))
    }
}
