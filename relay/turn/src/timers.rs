//! What is to happen when, and the next of it at hand: it is asked for with each packet.

use std::{collections::BTreeSet, time::Instant};

/// Moments, each with what is to happen then.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    set: BTreeSet<(Instant, T)>,
    next: Option<Instant>,
}

impl<T: Ord + Copy> Timers<T> {
    pub(crate) fn new() -> Self {
        Self {
            set: BTreeSet::new(),
            next: None,
        }
    }

    pub(crate) fn set(&mut self, at: Instant, what: T) {
        self.set.insert((at, what));
        self.next = self.next.map_or(Some(at), |next| Some(next.min(at)));
    }

    pub(crate) fn clear(&mut self, at: Instant, what: T) {
        self.set.remove(&(at, what));
        self.look();
    }

    /// Takes the first thing that was to happen until `now`, and when it was.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        if self.next.is_none_or(|next| now < next) {
            return None;
        }
        let first = self.set.pop_first();
        self.look();
        first
    }

    /// Takes everything that was to happen at any time.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.next = None;
        std::mem::take(&mut self.set)
            .into_iter()
            .map(|(_, what)| what)
    }

    /// Returns when the first thing is to happen.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    fn look(&mut self) {
        self.next = self.set.first().map(|(at, _)| *at);
    }
}
