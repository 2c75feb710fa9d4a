//! How good one participant's connection is, in three words, and what is wrong with it.
//!
//! Owns the thresholds and their slowness: one bad moment is not told, and what has become good must stay so for a while.

use std::time::Duration;

use crate::{Quality, QualityWhy};

/// What was measured in the last 2 s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// The part of what the participant sent that did not arrive, 0 to 1; `None` if it sent nothing.
    pub(crate) loss_up: Option<f32>,
    /// The part of what it was sent that did not arrive.
    pub(crate) loss_down: Option<f32>,
    /// There and back.
    pub(crate) delay: Option<Duration>,
    /// How much is missing because of the link: see [`Plan::shortage`](crate::choice::Plan::shortage).
    pub(crate) shortage: Quality,
}

/// A connection is fair from the first of these on and poor from the second: parts lost, and milliseconds.
const LOSS: [f32; 2] = [0.03, 0.10];
const DELAY: [f32; 2] = [300.0, 600.0];
/// What is bad already is good again only under this part of the threshold.
const RELEASE: f32 = 0.7;
/// So many samples in a row must be worse, or better, before it is told.
const WORSE: u32 = 2;
const BETTER: u32 = 3;

/// One participant's connection.
#[derive(Debug)]
pub(crate) struct QualityMeter {
    told: Verdict,
    /// What the last samples say, and how many in a row are on that side.
    next: u32,
}

type Verdict = (Quality, Option<QualityWhy>);

impl QualityMeter {
    /// Begins with a good one.
    pub(crate) fn new() -> Self {
        Self {
            told: (Quality::Good, None),
            next: 0,
        }
    }

    /// Takes a sample. Returns how good the connection is, if that has changed, or what is wrong with it has.
    pub(crate) fn sample(&mut self, sample: Sample) -> Option<Verdict> {
        let verdict = self.judge(sample);
        if same(verdict, self.told) {
            self.next = 0;
            return None;
        }
        self.next += 1;
        let needed = if verdict.0 < self.told.0 {
            BETTER
        } else {
            WORSE
        };
        if self.next < needed {
            return None;
        }
        self.next = 0;
        self.told = verdict;
        Some(verdict)
    }

    /// The worst of all that was measured; of equals the first.
    fn judge(&self, sample: Sample) -> Verdict {
        let percent = |part: f32| (part * 100.0).round().clamp(0.0, 100.0) as u8;
        let millis = |delay: Duration| u16::try_from(delay.as_millis()).unwrap_or(u16::MAX);
        let causes = [
            sample.loss_up.map(|loss| {
                let why = QualityWhy::LossUp(percent(loss));
                (self.grade(loss, LOSS, why), why)
            }),
            sample.loss_down.map(|loss| {
                let why = QualityWhy::LossDown(percent(loss));
                (self.grade(loss, LOSS, why), why)
            }),
            sample.delay.map(|delay| {
                let why = QualityWhy::Delay(millis(delay));
                (self.grade(f32::from(millis(delay)), DELAY, why), why)
            }),
            Some((sample.shortage, QualityWhy::Bandwidth)),
        ];
        let worst = causes
            .into_iter()
            .flatten()
            .filter(|(quality, _)| *quality > Quality::Good)
            .rev()
            .max_by_key(|(quality, _)| *quality);
        worst.map_or((Quality::Good, None), |(quality, why)| (quality, Some(why)))
    }

    fn grade(&self, value: f32, [fair, poor]: [f32; 2], why: QualityWhy) -> Quality {
        let held = |quality: Quality| {
            let told =
                self.told.1.is_some_and(|told| same_kind(told, why)) && self.told.0 >= quality;
            if told { RELEASE } else { 1.0 }
        };
        if value >= poor * held(Quality::Poor) {
            Quality::Poor
        } else if value >= fair * held(Quality::Fair) {
            Quality::Fair
        } else {
            Quality::Good
        }
    }
}

/// The figures alone are no change.
fn same(a: Verdict, b: Verdict) -> bool {
    a.0 == b.0
        && match (a.1, b.1) {
            (Some(a), Some(b)) => same_kind(a, b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
}

fn same_kind(a: QualityWhy, b: QualityWhy) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Sample = Sample {
        loss_up: Some(0.0),
        loss_down: Some(0.0),
        delay: Some(Duration::from_millis(40)),
        shortage: Quality::Good,
    };

    fn told(meter: &mut QualityMeter, sample: Sample, times: usize) -> Vec<Verdict> {
        (0..times).filter_map(|_| meter.sample(sample)).collect()
    }

    #[test]
    fn a_good_connection_is_not_told() {
        assert_eq!(told(&mut QualityMeter::new(), FINE, 10), []);
    }

    #[test]
    fn each_cause_is_named_with_its_figure() {
        let cases = [
            (
                Sample {
                    loss_up: Some(0.05),
                    ..FINE
                },
                Quality::Fair,
                QualityWhy::LossUp(5),
            ),
            (
                Sample {
                    loss_down: Some(0.2),
                    ..FINE
                },
                Quality::Poor,
                QualityWhy::LossDown(20),
            ),
            (
                Sample {
                    delay: Some(Duration::from_millis(700)),
                    ..FINE
                },
                Quality::Poor,
                QualityWhy::Delay(700),
            ),
            (
                Sample {
                    shortage: Quality::Fair,
                    ..FINE
                },
                Quality::Fair,
                QualityWhy::Bandwidth,
            ),
        ];
        for (sample, quality, why) in cases {
            assert_eq!(
                told(&mut QualityMeter::new(), sample, 5),
                [(quality, Some(why))]
            );
        }
    }

    #[test]
    fn the_worst_cause_is_told() {
        let sample = Sample {
            loss_up: Some(0.04),
            loss_down: Some(0.5),
            shortage: Quality::Poor,
            ..FINE
        };
        assert_eq!(
            told(&mut QualityMeter::new(), sample, 2),
            [(Quality::Poor, Some(QualityWhy::LossDown(50)))]
        );
    }

    #[test]
    fn one_bad_moment_is_not_told() {
        let mut meter = QualityMeter::new();
        let bad = Sample {
            loss_down: Some(0.5),
            ..FINE
        };
        for _ in 0..5 {
            assert_eq!(told(&mut meter, bad, 1), []);
            assert_eq!(told(&mut meter, FINE, 1), []);
        }
    }

    #[test]
    fn what_has_become_good_must_stay_so_for_three_samples() {
        let mut meter = QualityMeter::new();
        told(
            &mut meter,
            Sample {
                loss_down: Some(0.5),
                ..FINE
            },
            2,
        );
        assert_eq!(told(&mut meter, FINE, 2), []);
        assert_eq!(told(&mut meter, FINE, 1), [(Quality::Good, None)]);
    }

    #[test]
    fn around_a_threshold_nothing_changes() {
        let mut meter = QualityMeter::new();
        told(
            &mut meter,
            Sample {
                loss_up: Some(0.035),
                ..FINE
            },
            2,
        );
        for loss in [0.025, 0.035, 0.022, 0.028].repeat(5) {
            assert_eq!(
                told(
                    &mut meter,
                    Sample {
                        loss_up: Some(loss),
                        ..FINE
                    },
                    1
                ),
                []
            );
        }
        assert_eq!(
            told(
                &mut meter,
                Sample {
                    loss_up: Some(0.02),
                    ..FINE
                },
                3
            ),
            [(Quality::Good, None)]
        );
    }

    #[test]
    fn what_was_not_measured_is_not_wrong() {
        let nothing = Sample {
            loss_up: None,
            loss_down: None,
            delay: None,
            shortage: Quality::Good,
        };
        assert_eq!(told(&mut QualityMeter::new(), nothing, 5), []);
    }
}
