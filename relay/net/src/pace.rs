//! Adaptive coalescing: when to pause after a round, so that an even pace is served in lots.
//!
//! At an even pace each packet wakes the thread, which costs more than the packet does. A short pause lets some gather. It follows a round that has
//! already sent what there was, so a packet that comes after silence is never held back. Packets that come in lots wake the thread once for each lot as it
//! is: a pause would only wake it once more.

use std::time::{Duration, Instant};

/// How long a pause lasts: the most that it can add to a packet's way, and twice what it adds on average.
const PAUSE: Duration = Duration::from_micros(300);

/// Wake-ups a second, and then packets, below which there is no pause: it would gather less than one and a half.
const RATE: u128 = 5_000;

/// How long packets are counted before the rate is known.
const WINDOW: Duration = Duration::from_millis(4);

/// A round of more packets than this was a lot already.
const LOT: u64 = 8;

/// Before a round that begins so long after the last one, the thread slept.
const GAP: Duration = Duration::from_micros(30);

#[derive(Debug)]
pub(crate) struct Pace {
    /// When the last round began.
    last: Instant,
    /// When the window began; what follows is counted in it.
    since: Instant,
    packets: u64,
    /// Rounds for a few packets that the thread was woken for.
    wakeups: u64,
    /// Rounds that were lots.
    lots: u64,
    /// Whether packets come at a pace that pauses are good for.
    even: bool,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            last: now,
            since: now,
            packets: 0,
            wakeups: 0,
            lots: 0,
            even: false,
        }
    }

    /// Takes a round that began at `now` and had `packets`. Returns how long to pause before the next one.
    pub(crate) fn after_round(&mut self, now: Instant, packets: u64) -> Option<Duration> {
        let few = (1..=LOT).contains(&packets);
        let slept = now.saturating_duration_since(self.last) >= GAP;
        self.last = now;
        self.packets += packets;
        self.wakeups += u64::from(few && slept);
        self.lots += u64::from(packets > LOT);
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= WINDOW {
            let fast = |count: u64| u128::from(count) * 1_000_000 >= RATE * elapsed.as_micros();
            self.even = if self.even {
                fast(self.packets) && self.lots == 0
            } else {
                fast(self.wakeups)
            };
            self.since = now;
            (self.packets, self.wakeups, self.lots) = (0, 0, 0);
        }
        (self.even && few).then_some(PAUSE)
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
    fn lots_that_come_in_several_rounds_are_followed_by_none() {
        let mut drive = Drive::new();
        drive.rounds(100, Duration::from_micros(100), 1);
        for lot in 0..20 {
            let paused = drive.rounds(1, Duration::from_micros(900), 3)
                + drive.rounds(1, Duration::from_micros(100), 2 * LOT)
                + drive.rounds(1, Duration::from_micros(80), 1);
            assert!(paused == 0 || lot < 5, "{paused} in lot {lot}");
        }
        assert!(drive.rounds(200, Duration::from_micros(100), 1) > 100);
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
