//! When a publisher is asked for a keyframe: many viewers ask, one question goes up.
//!
//! One value for each layer of a publication.

use std::time::{Duration, Instant};

/// Between two questions: what they ask for is on its way that long.
const SPACING: Duration = Duration::from_millis(400);
/// Between two questions nobody but a waiting switch asks: it grows to [`LONGEST`], for a publisher that does not answer.
const RETRY: Duration = Duration::from_millis(600);
const LONGEST: Duration = Duration::from_secs(3);

/// The keyframes of one layer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keyframes {
    /// Somebody has asked since the last question went up.
    asked: bool,
    /// A switch waits for one.
    waiting: bool,
    sent: Option<Instant>,
    /// Questions since the last keyframe.
    unanswered: u32,
}

impl Keyframes {
    /// A viewer has lost the picture.
    pub(crate) fn ask(&mut self) {
        self.asked = true;
    }

    /// Says whether some subscription waits for a keyframe in order to switch to this layer.
    pub(crate) fn wait(&mut self, waiting: bool) {
        if waiting && !self.waiting {
            self.asked = true;
            self.unanswered = 0;
        }
        self.waiting = waiting;
    }

    /// A keyframe has begun: whoever asked before has what it asked for.
    pub(crate) fn arrived(&mut self) {
        self.asked = false;
        self.unanswered = 0;
    }

    /// Returns whether the publisher is to be asked now; what is due is then done.
    pub(crate) fn poll(&mut self, now: Instant) -> bool {
        let due = self.deadline(now).is_some_and(|due| due <= now);
        if due {
            self.asked = false;
            self.sent = Some(now);
            self.unanswered = self.unanswered.saturating_add(1);
        }
        due
    }

    /// Returns when [`Self::poll`] has something to say: `now` if at once.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        let Some(sent) = self.sent else {
            return (self.asked || self.waiting).then_some(now);
        };
        let spaced = self.asked.then(|| sent + SPACING);
        let again = self.waiting.then(|| sent + self.patience());
        spaced.into_iter().chain(again).min()
    }

    fn patience(&self) -> Duration {
        let doubled = self.unanswered.saturating_sub(1).min(3);
        (RETRY * 2u32.pow(doubled)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::start;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// When the publisher is asked within `span`, looked at every 10 ms.
    fn questions(keyframes: &mut Keyframes, start: Instant, span: u64) -> Vec<u64> {
        (0..=span)
            .step_by(10)
            .filter(|at| keyframes.poll(start + millis(*at)))
            .collect()
    }

    #[test]
    fn the_first_to_ask_is_heard_at_once() {
        let (mut keyframes, now) = (Keyframes::default(), start());
        assert_eq!(keyframes.deadline(now), None);
        keyframes.ask();
        assert_eq!(keyframes.deadline(now), Some(now));
        assert!(keyframes.poll(now));
        assert!(!keyframes.poll(now));
        assert_eq!(keyframes.deadline(now), None);
    }

    #[test]
    fn a_storm_becomes_one_question_in_400_ms() {
        let (mut keyframes, now) = (Keyframes::default(), start());
        let mut asked = 0;
        for at in 0..2000 {
            keyframes.ask();
            asked += u32::from(keyframes.poll(now + millis(at)));
        }
        assert_eq!(asked, 5);
    }

    #[test]
    fn who_asks_too_early_is_heard_later_once() {
        let (mut keyframes, now) = (Keyframes::default(), start());
        keyframes.ask();
        assert!(keyframes.poll(now));
        keyframes.ask();
        keyframes.ask();
        assert_eq!(questions(&mut keyframes, now + millis(10), 5000), [390]);
    }

    #[test]
    fn a_keyframe_is_the_answer_to_all_who_asked_before_it() {
        let (mut keyframes, now) = (Keyframes::default(), start());
        keyframes.ask();
        assert!(keyframes.poll(now));
        keyframes.ask();
        keyframes.arrived();
        assert_eq!(questions(&mut keyframes, now, 5000), [0u64; 0]);
    }

    #[test]
    fn while_a_switch_waits_it_is_asked_again_and_ever_more_rarely() {
        let (mut keyframes, now) = (Keyframes::default(), start());
        keyframes.wait(true);
        assert_eq!(
            questions(&mut keyframes, now, 12_000),
            [0, 600, 1800, 4200, 7200, 10_200]
        );
        keyframes.arrived();
        keyframes.wait(false);
        assert_eq!(
            questions(&mut keyframes, now + millis(12_010), 5000),
            [0u64; 0]
        );
    }
}
