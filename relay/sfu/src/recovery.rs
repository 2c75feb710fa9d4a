//! A link that was thought worse than it is.
//!
//! An estimate falls when packets come later than they should: a host or a phone that was busy for a moment looks like a full link. What it fell to is
//! then all that is sent, and from so little it grows slowly. So whoever misses pictures without losing a packet is found out about anew; and ever more
//! rarely where that brings nothing that lasts, as a link that is really thin answers the same each time.

use std::time::{Duration, Instant};

use crate::Quality;

/// Shortage of so long is not over by itself in the next moment.
const SHORT: Duration = Duration::from_millis(1_500);
/// Between two tries; doubled each time up to the longest, and as at first after so long without shortage: a thin link fills up sooner.
const PATIENCE: Duration = Duration::from_secs(3);
const LONGEST_PATIENCE: Duration = Duration::from_secs(48);
const CALM: Duration = Duration::from_secs(4);
/// A link that loses more, or is slower there and back, is full.
const LOSES: f32 = 0.02;
const SLOW: Duration = Duration::from_millis(400);

/// One participant's.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    /// Whether the last report says that the link is full.
    is_full: bool,
    short_since: Option<Instant>,
    well_since: Option<Instant>,
    tried: Option<Instant>,
    tries: u32,
}

impl Recovery {
    /// Takes note of what the last 2 s were like.
    pub(crate) fn note(&mut self, loss: Option<f32>, rtt: Option<Duration>) {
        self.is_full = loss.is_some_and(|loss| loss > LOSES) || rtt.is_some_and(|rtt| rtt > SLOW);
    }

    /// Returns whether the link is to be found out about anew, now. `shortage` is what is missing because of it.
    pub(crate) fn is_due(&mut self, shortage: Quality, now: Instant) -> bool {
        if shortage == Quality::Good {
            self.short_since = None;
            let well = *self.well_since.get_or_insert(now);
            if now.saturating_duration_since(well) >= CALM {
                self.tries = 0;
            }
            return false;
        }
        self.well_since = None;
        let since = *self.short_since.get_or_insert(now);
        let patience = (PATIENCE * (1 << self.tries.min(4))).min(LONGEST_PATIENCE);
        let is_early = self
            .tried
            .is_some_and(|tried| now.saturating_duration_since(tried) < patience);
        if self.is_full || is_early || now.saturating_duration_since(since) < SHORT {
            return false;
        }
        self.tried = Some(now);
        self.tries += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::start;

    /// The seconds, to one place, at which a link that stays short is found out about.
    fn tries(recovery: &mut Recovery, from: Instant, seconds: u64) -> Vec<f64> {
        let due = (0..seconds * 10).filter(|at| {
            let now = from + Duration::from_millis(100 * at);
            recovery.is_due(Quality::Poor, now)
        });
        due.map(|at| at as f64 / 10.0).collect()
    }

    #[test]
    fn a_shortage_without_loss_is_looked_into_and_ever_more_rarely() {
        let mut recovery = Recovery::default();
        recovery.note(Some(0.0), Some(Duration::from_millis(50)));
        let tries = tries(&mut recovery, start(), 100);
        assert_eq!(tries, [1.5, 7.5, 19.5, 43.5, 91.5]);
    }

    #[test]
    fn a_link_that_loses_or_is_slow_is_left_alone() {
        let mut recovery = Recovery::default();
        recovery.note(Some(0.05), None);
        assert!(tries(&mut recovery, start(), 20).is_empty());
        recovery.note(Some(0.0), Some(Duration::from_secs(1)));
        assert!(tries(&mut recovery, start(), 20).is_empty());
    }

    #[test]
    fn a_try_that_brought_everything_for_4_s_was_right_and_the_next_comes_as_soon() {
        let (mut recovery, now) = (Recovery::default(), start());
        assert_eq!(tries(&mut recovery, now, 30).len(), 3);
        let later = now + Duration::from_secs(30);
        let again = calm(&mut recovery, later, 4);
        assert_eq!(tries(&mut recovery, again, 8), [1.5, 7.5]);
    }

    #[test]
    fn a_try_whose_success_does_not_last_is_held_against_the_next() {
        let (mut recovery, now) = (Recovery::default(), start());
        assert_eq!(tries(&mut recovery, now, 8).len(), 2);
        let again = calm(&mut recovery, now + Duration::from_secs(8), 3);
        assert_eq!(tries(&mut recovery, again, 20), [8.5]);
    }

    /// Nothing is missing for so many seconds; returns when they are over.
    fn calm(recovery: &mut Recovery, from: Instant, seconds: u64) -> Instant {
        for second in 0..=seconds {
            assert!(!recovery.is_due(Quality::Good, from + Duration::from_secs(second)));
        }
        from + Duration::from_secs(seconds)
    }
}
