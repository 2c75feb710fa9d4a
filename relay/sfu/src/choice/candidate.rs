//! One picture that a layer is sought for: how important it is, what its layers take, and what becomes of it.

use std::time::{Duration, Instant};

use super::{Before, Purse, State, Tile, Wanted};
use crate::{Bitrate, PauseWhy, Quality, Source};

/// A layer that nobody has measured yet takes so much, by its place.
pub(super) const EXPECTED: [Bitrate; 3] = [Bitrate(150_000), Bitrate(500_000), Bitrate(1_500_000)];
/// A publisher has so long to begin with what it is asked for before its silence is told.
const GRACE: Duration = Duration::from_millis(1500);

/// A picture that a layer is sought for.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    /// Its place among what was asked for.
    pub(super) at: usize,
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) tile: Tile,
    /// The largest layer that is of any use.
    pub(super) best: u8,
    pub(super) before: Option<Before>,
    /// Whether what was wished for has not come within the time that a publisher has: then it takes nothing of the link either.
    pub(super) absent: bool,
    pub(super) given: Option<u8>,
}

/// What goes before what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Screen,
    Speaker,
    Other,
}

impl Candidate<'_> {
    pub(super) fn class(&self) -> Class {
        match (self.wanted.source, self.wanted.speaking) {
            (Source::Screen | Source::ScreenAudio, _) => Class::Screen,
            (Source::Camera | Source::Microphone, true) => Class::Speaker,
            (Source::Camera | Source::Microphone, false) => Class::Other,
        }
    }

    /// Returns whether a layer is asked for in vain since `missing`.
    pub(super) fn is_absent(missing: Option<Instant>, now: Instant) -> bool {
        missing.is_some_and(|since| now.saturating_duration_since(since) >= GRACE)
    }

    /// What a layer takes: as it is measured; as it is expected while it is to come; what goes instead of it if it does not come.
    pub(super) fn cost(&self, layer: u8) -> u64 {
        if self.absent && !self.lives(layer) {
            let below = (0..layer).rev().find(|below| self.lives(*below));
            return below.map_or(0, |below| self.cost(below));
        }
        let at = usize::from(layer);
        let measured = self.wanted.layers.get(at).map(|layer| layer.rate);
        let expected = match (self.wanted.source, self.wanted.layers.len()) {
            (Source::Screen, 1) => EXPECTED[2],
            (_, 1) => EXPECTED[1],
            _ => EXPECTED[at.min(EXPECTED.len() - 1)],
        };
        measured.filter(|rate| rate.0 > 0).unwrap_or(expected).0
    }

    pub(super) fn lives(&self, layer: u8) -> bool {
        self.wanted
            .layers
            .get(usize::from(layer))
            .is_some_and(|layer| layer.lives)
    }

    pub(super) fn has_risen(&self) -> bool {
        self.before.is_some_and(|before| self.given > before.wish)
    }

    pub(super) fn missing_since(&self, now: Instant) -> Option<Instant> {
        let wish = self.given?;
        let before = self.before.and_then(|before| before.missing);
        (!self.lives(wish)).then(|| before.unwrap_or(now))
    }

    /// The wished layer if it lives, else the nearest below it, else one above it if that fits too; then it is paid for.
    pub(super) fn state(&self, purse: &mut Purse, missing: Option<Instant>, now: Instant) -> State {
        let Some(wish) = self.given else {
            return State::Paused(PauseWhy::Bandwidth);
        };
        if let Some(layer) = (0..=wish).rev().find(|layer| self.lives(*layer)) {
            return State::Play(layer);
        }
        let layers = self.wanted.layers.len() as u8;
        let above = (wish + 1..layers).find(|layer| self.lives(*layer));
        let with = |layer: u8| purse.spent.saturating_sub(self.cost(wish)) + self.cost(layer);
        match above.map(|layer| (layer, with(layer))) {
            Some((layer, whole)) if whole <= purse.budget => {
                purse.spent = whole;
                State::Play(layer)
            }
            _ if !Self::is_absent(missing, now) => State::Wait,
            Some(_) => State::Paused(PauseWhy::Bandwidth),
            None => State::Paused(PauseWhy::Publisher),
        }
    }

    pub(super) fn shortage(&self) -> Quality {
        match self.given {
            None => Quality::Poor,
            Some(given) if given < self.best => Quality::Fair,
            Some(_) => Quality::Good,
        }
    }

    /// What one layer more would take.
    pub(super) fn next_step(&self) -> Option<u64> {
        match self.given {
            None => Some(self.cost(0)),
            Some(given) if given < self.best => {
                Some(self.cost(given + 1).saturating_sub(self.cost(given)))
            }
            Some(_) => None,
        }
    }
}
