//! What has happened since the start, as numbers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{CallForm, EndReason};

/// Counts what use cases did. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Default)]
struct Counts {
    messages: AtomicU64,
    /// Guards how many calls ended how, by the names of form and reason. Held for one addition.
    calls: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

impl Tally {
    /// A message was posted.
    pub(super) fn message(&self) {
        self.0.messages.fetch_add(1, Ordering::Relaxed);
    }

    /// A call is over.
    pub(super) fn call_ended(&self, form: CallForm, reason: Option<EndReason>) {
        let reason = reason.map_or("unknown", EndReason::as_str);
        let calls = &self.0.calls;
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry((form.as_str(), reason)).or_default() += 1;
    }

    /// How many messages were posted.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.0.messages.load(Ordering::Relaxed)
    }

    /// How many calls ended, by the names of form and reason.
    #[must_use]
    pub fn calls_ended(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        let calls = &self.0.calls;
        calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
