//! Adaptive coalescing: when to pause after a round, so that an even pace is served in lots.
//!
//! At an even pace each packet wakes the thread, which costs more than the packet does. A short pause lets some gather. It follows a round that has
//! already sent what there was, so a packet that comes after silence is never held back.

use std::time::{Duration, Instant};

/// How long a pause lasts: the most that it can add to a packet's way.
const PAUSE: Duration = Duration::from_micros(200);

/// Packets a second below which no pause is worth its wake-up: one [`PAUSE`] would hardly gather two.
const RATE: u128 = 4_000;

/// How long packets are counted before the rate is known.
const WINDOW: Duration = Duration::from_millis(4);

/// A round of more packets than this was a lot already.
const LOT: u64 = 8;

#[derive(Debug)]
pub(crate) struct Pace {
    since: Instant,
    packets: u64,
    fast: bool,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            packets: 0,
            fast: false,
        }
    }

    /// Takes a round that began at `now` and had `packets`. Returns how long to pause before the next one.
    pub(crate) fn after_round(&mut self, now: Instant, packets: u64) -> Option<Duration> {
        self.packets += packets;
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= WINDOW {
            self.fast = u128::from(self.packets) * 1_000_000 >= RATE * elapsed.as_micros();
            self.since = now;
            self.packets = 0;
        }
        (self.fast && (1..=LOT).contains(&packets)).then_some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_the_rate_no_packet_is_followed_by_a_pause() {
        let mut drive = Drive::new();
        assert_eq!(drive.rounds(1_000, Duration::from_micros(500), 1), 0);
    }

    #[test]
    fn an_even_pace_above_the_rate_is_served_with_pauses() {
        let mut drive = Drive::new();
        drive.rounds(100, Duration::from_micros(100), 1);
        assert_eq!(drive.rounds(100, Duration::from_micros(200), 2), 100);
    }

    #[test]
    fn lots_and_empty_rounds_are_followed_by_none() {
        let mut drive = Drive::new();
        drive.rounds(100, Duration::from_micros(100), 1);
        assert_eq!(drive.rounds(100, Duration::from_millis(1), LOT + 1), 0);
        assert_eq!(drive.rounds(3, Duration::from_micros(100), 0), 0);
    }

    #[test]
    fn the_first_packet_after_silence_is_followed_by_none() {
        let mut drive = Drive::new();
        assert!(drive.rounds(100, Duration::from_micros(100), 1) > 0);
        assert_eq!(drive.rounds(1, Duration::from_secs(1), 1), 0);
        assert_eq!(drive.rounds(10, Duration::from_micros(100), 1), 0);
    }

    struct Drive {
        pace: Pace,
        now: Instant,
    }

    impl Drive {
        fn new() -> Self {
            let now = Instant::now();
            Self {
                pace: Pace::new(now),
                now,
            }
        }

        /// Returns how many of `rounds` were followed by a pause.
        fn rounds(&mut self, rounds: usize, every: Duration, packets: u64) -> usize {
            (0..rounds)
                .filter(|_| {
                    self.now += every;
                    self.pace.after_round(self.now, packets).is_some()
                })
                .count()
        }
    }
}
