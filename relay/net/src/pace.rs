//! Adaptive coalescing: when to pause after a round, so that an even pace is served in lots.
//!
//! At an even pace each packet wakes the thread, which costs more than the packet does. A short pause lets some gather. It follows a round that has
//! already sent what there was, so a packet that comes after silence is never held back.

use std::time::{Duration, Instant};

/// How long a pause lasts at most: what it can add to a packet's way, and twice what it adds on average.
const LONGEST: Duration = Duration::from_micros(300);

/// How long a pause lasts at least: it must be worth its wake-up.
const SHORTEST: Duration = Duration::from_micros(50);

/// Packets a second below which no pause is worth its wake-up: the longest would gather less than one and a half.
const RATE: u128 = 5_000;

/// How long packets are counted before the rate is known.
const WINDOW: Duration = Duration::from_millis(4);

/// A round of more packets than this was a lot already. A pause that gathers more was too long.
const LOT: u64 = 8;

/// A pause that gathers fewer packets than this was too short.
const FEW: u64 = 4;

#[derive(Debug)]
pub(crate) struct Pace {
    since: Instant,
    packets: u64,
    fast: bool,
    /// How long the next pause lasts.
    pause: Duration,
    /// Whether the last round was followed by one.
    paused: bool,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            packets: 0,
            fast: false,
            pause: LONGEST,
            paused: false,
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
        if self.paused && packets > LOT {
            self.pause = SHORTEST.max(self.pause / 2);
        } else if self.paused && packets < FEW {
            self.pause = LONGEST.min(self.pause * 2);
        }
        self.paused = self.fast && (1..=LOT).contains(&packets);
        self.paused.then_some(self.pause)
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

    #[test]
    fn pauses_last_as_long_as_a_lot_takes_to_gather() {
        let mut drive = Drive::new();
        drive.rounds(100, Duration::from_micros(100), 1);
        assert_eq!(drive.pace.pause, LONGEST);
        for _ in 0..5 {
            // Most of a lot comes during the pause that its beginning is followed by.
            drive.rounds(1, Duration::from_micros(900), LOT / 2);
            drive.rounds(1, Duration::from_micros(100), 2 * LOT);
        }
        assert_eq!(drive.pace.pause, SHORTEST);
        drive.rounds(100, Duration::from_micros(200), FEW);
        assert_eq!(drive.pace.pause, SHORTEST);
        drive.rounds(100, Duration::from_micros(100), 1);
        assert_eq!(drive.pace.pause, LONGEST);
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
