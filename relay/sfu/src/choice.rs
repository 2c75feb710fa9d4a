//! Which layer of each picture one participant is sent.
//!
//! Rests on what the participant shows and how large, on what its link carries, and on what each layer takes. Sound is never touched: its share is
//! taken off first. Then every picture gets its smallest layer before any gets a larger one; screens come before speakers, and those before others.
//! A layer goes down at once when the link does not carry it, and up only with room to spare, some time after the last fall.

mod candidate;
mod purse;
mod tiles;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::{Bitrate, PauseWhy, PublicationId, Quality, Source};
use candidate::{Candidate, Class};
use purse::{HEADROOM, Purse, TOLERANCE, UNSETTLED};
use tiles::Tile;

/// What a participant might be sent of one publication.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    pub(crate) publication: PublicationId,
    pub(crate) source: Source,
    /// Width and height on the participant's screen; `None` if it does not show it.
    pub(crate) tile: Option<(u16, u16)>,
    /// Whether the publisher speaks.
    pub(crate) speaking: bool,
    /// Whether nothing of it is to be forwarded.
    pub(crate) silenced: bool,
    /// Whether the participant understands its codec.
    pub(crate) decodable: bool,
    /// The smallest first.
    pub(crate) layers: &'a [Layer],
}

/// A layer as it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) rate: Bitrate,
    pub(crate) lives: bool,
}

/// What a participant is sent of one publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) publication: PublicationId,
    pub(crate) state: State,
    /// The layer that it should be: the publisher has to send that too, even if another goes down meanwhile.
    pub(crate) wish: Option<u8>,
}

/// What becomes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// This layer, which lives.
    Play(u8),
    /// Nothing yet: the publisher has only just been asked for it. Nothing is told of that.
    Wait,
    /// Nothing.
    Paused(PauseWhy),
}

/// What a participant is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In the order in which they were asked for.
    pub(crate) decisions: Vec<Decision>,
    /// What it takes, sound included.
    pub(crate) current: Bitrate,
    /// So much is to be found out of the link, with the room to spare that it needs: what everything takes that the participant could use. After the link
    /// has fallen nothing more than goes already, and then only what comes next: probes take from a thin link what is left of it.
    pub(crate) desired: Bitrate,
    /// `Fair` if pictures are smaller than they might be, `Poor` if some are missing, because of the link.
    pub(crate) shortage: Quality,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            decisions: Vec::new(),
            current: Bitrate(0),
            desired: Bitrate(0),
            shortage: Quality::Good,
        }
    }
}

/// After a fall nothing rises for so long; doubled whenever what has risen falls again, up to the longest.
const PATIENCE: Duration = Duration::from_secs(3);
const LONGEST_PATIENCE: Duration = Duration::from_secs(30);
/// For so long after a rise the estimate is still finding out what it means, and may be below what goes by more.
const SETTLING: Duration = Duration::from_secs(3);
/// A probe for less than the estimate would lower it: whoever is sent little must be found able to take more all the same.
const LEAST_DESIRED: Bitrate = Bitrate(2_000_000);
/// A link that loses this part of everything is full.
const FULL: f32 = 0.25;
/// A fall so long after a rise was not the rise's fault.
const BLAMED: Duration = Duration::from_secs(10);
/// One participant's choices.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    before: BTreeMap<PublicationId, Before>,
    fell: Option<Instant>,
    rose: Option<Instant>,
    patience: Duration,
    /// The most that a plan of the last 3 s took: what is lost may still be of that.
    lately: Option<(u64, Instant)>,
    plan: Plan,
}

/// What was decided last on a publication.
#[derive(Debug, Clone, Copy)]
struct Before {
    wish: Option<u8>,
    /// Since when it is wished for and does not come.
    missing: Option<Instant>,
}

impl Choice {
    /// Decides anew. `estimate` is what the link carries, `None` if that is not known; `audio` what of it sound takes.
    pub(crate) fn decide(
        &mut self,
        estimate: Option<Bitrate>,
        audio: Bitrate,
        wanted: &[Wanted<'_>],
        now: Instant,
    ) -> &Plan {
        let budget = estimate.map_or(u64::MAX / 1000, |estimate| {
            estimate.0.saturating_sub(audio.0)
        });
        let mut candidates = self.candidates(wanted, now);
        let settling = self
            .rose
            .is_some_and(|rose| now.saturating_duration_since(rose) < SETTLING);
        let mut purse = Purse {
            budget,
            spent: 0,
            tolerance: if settling { UNSETTLED } else { TOLERANCE },
            may_rise: true,
        };
        self.note_fall(&candidates, &purse, now);
        purse.may_rise = self.may_rise(now);
        give_smallest(&mut candidates, &mut purse);
        give_larger(&mut candidates, &mut purse);
        if candidates.iter().any(Candidate::has_risen) {
            self.rose = Some(now);
        }
        self.settle(wanted, &candidates, &mut purse, audio, now);
        &self.plan
    }

    /// What can be shown at all, the most important first.
    fn candidates<'a>(&self, wanted: &'a [Wanted<'a>], now: Instant) -> Vec<Candidate<'a>> {
        let shown = wanted.iter().enumerate().filter_map(|(at, wanted)| {
            let tile = Tile::new(wanted.tile?)?;
            let can = wanted.decodable && !wanted.silenced && !wanted.layers.is_empty();
            let before = self.before.get(&wanted.publication).copied();
            can.then(|| Candidate {
                at,
                wanted,
                tile,
                best: tile.best_layer(wanted.source, wanted.layers.len()),
                before,
                absent: Candidate::is_absent(before.and_then(|before| before.missing), now),
                given: None,
            })
        });
        let mut candidates: Vec<_> = shown.collect();
        candidates.sort_by_key(|candidate| {
            (
                candidate.class(),
                std::cmp::Reverse(candidate.tile.area()),
                candidate.wanted.publication,
            )
        });
        candidates
    }

    /// The link does not carry what it did: then nothing rises for a while.
    fn note_fall(&mut self, candidates: &[Candidate<'_>], purse: &Purse, now: Instant) {
        let held = candidates
            .iter()
            .filter_map(|candidate| Some((candidate, candidate.before?.wish?)));
        let took: u64 = held
            .map(|(candidate, wish)| candidate.cost(wish.min(candidate.best)))
            .sum();
        if purse.holds(took) {
            return;
        }
        let blamed = self
            .rose
            .take()
            .is_some_and(|rose| now.saturating_duration_since(rose) < BLAMED);
        if blamed {
            self.patience = (self.patience * 2).clamp(PATIENCE * 2, LONGEST_PATIENCE);
        } else if !self.fell_lately(now) {
            self.patience = PATIENCE;
        }
        self.fell = Some(now);
    }

    /// Returns what of the last plans a link carries that loses so much of it; `None` if that says nothing, as a link that merely loses carries all.
    ///
    /// The estimate follows such a loss slowly: with a queue that stays full the delay does not grow any more.
    pub(crate) fn carried(&self, loss: f32) -> Option<Bitrate> {
        let (sent, _) = self.lately?;
        let arrived = sent as f64 * f64::from(1.0 - loss.clamp(0.0, 1.0));
        (loss >= FULL).then_some(Bitrate(arrived as u64))
    }

    /// The link is found out about anew: what it did before does not count.
    pub(crate) fn forget_fall(&mut self) {
        self.fell = None;
        self.rose = None;
    }

    fn fell_lately(&self, now: Instant) -> bool {
        self.fell
            .is_some_and(|fell| now.saturating_duration_since(fell) < 2 * LONGEST_PATIENCE)
    }

    fn may_rise(&self, now: Instant) -> bool {
        self.fell
            .is_none_or(|fell| now.saturating_duration_since(fell) >= self.patience.max(PATIENCE))
    }

    /// Writes the plan, and what the next decision has to know.
    fn settle(
        &mut self,
        wanted: &[Wanted<'_>],
        candidates: &[Candidate<'_>],
        purse: &mut Purse,
        audio: Bitrate,
        now: Instant,
    ) {
        let mut plan = Plan {
            decisions: wanted.iter().map(Decision::without_picture).collect(),
            ..Plan::default()
        };
        let mut before = BTreeMap::new();
        let (mut current, mut desired) = (audio.0, audio.0);
        for candidate in candidates {
            let missing = candidate.missing_since(now);
            let state = candidate.state(purse, missing, now);
            if let State::Play(layer) = state {
                current += candidate.cost(layer);
            }
            desired += candidate.cost(candidate.best);
            plan.shortage = plan.shortage.max(candidate.shortage());
            plan.decisions[candidate.at].state = state;
            plan.decisions[candidate.at].wish = candidate.given;
            before.insert(
                candidate.wanted.publication,
                Before {
                    wish: candidate.given,
                    missing,
                },
            );
        }
        if self.lately.is_none_or(|(most, at)| {
            current >= most || now.saturating_duration_since(at) >= SETTLING
        }) {
            self.lately = Some((current, now));
        }
        let step = candidates.iter().find_map(Candidate::next_step);
        plan.current = Bitrate(current);
        if !self.may_rise(now) {
            desired = current;
        } else if self.fell_lately(now) {
            desired = current + step.unwrap_or(0);
        }
        plan.desired = Bitrate(desired.max(current) * HEADROOM / 100);
        if !self.fell_lately(now) {
            plan.desired = plan.desired.max(LEAST_DESIRED);
        }
        self.plan = plan;
        self.before = before;
    }
}

fn give_smallest(candidates: &mut [Candidate<'_>], purse: &mut Purse) {
    for candidate in candidates {
        // What is new on the screen is no rise: it need not wait until a fall is forgotten, and takes the room to spare.
        let new = candidate.before.is_none();
        let held = candidate.before.is_some_and(|before| before.wish.is_some());
        let cost = candidate.cost(0);
        if (new && purse.pay(cost, true)) || (!new && purse.pay_smallest(cost, held)) {
            candidate.given = Some(0);
        }
    }
}

fn give_larger(candidates: &mut [Candidate<'_>], purse: &mut Purse) {
    for class in [Class::Screen, Class::Speaker, Class::Other] {
        for step in 1..=candidates
            .iter()
            .map(|candidate| candidate.best)
            .max()
            .unwrap_or(0)
        {
            let mut of_class = candidates.iter_mut().filter(|candidate| {
                candidate.class() == class
                    && candidate.given == Some(step - 1)
                    && candidate.best >= step
            });
            of_class.by_ref().for_each(|candidate| {
                let more = candidate
                    .cost(step)
                    .saturating_sub(candidate.cost(step - 1));
                let held = candidate
                    .before
                    .and_then(|before| before.wish)
                    .is_some_and(|wish| wish >= step);
                if purse.pay(more, held) {
                    candidate.given = Some(step);
                }
            });
        }
    }
}

impl Decision {
    /// What becomes of a publication that is no candidate.
    fn without_picture(wanted: &Wanted<'_>) -> Self {
        let why = if !wanted.decodable {
            PauseWhy::Codec
        } else if wanted.silenced || wanted.layers.is_empty() {
            PauseWhy::Publisher
        } else {
            PauseWhy::Hidden
        };
        Self {
            publication: wanted.publication,
            state: State::Paused(why),
            wish: None,
        }
    }
}

#[cfg(test)]
mod tests;
