//! How much comes of one stream, and whether anything comes at all.

use std::time::{Duration, Instant};

use crate::Bitrate;

/// The rate is the mean of so much time: long enough that the keyframe with which a stream begins does not look like its rate.
const SLOT: Duration = Duration::from_millis(100);
const SLOTS: usize = 20;
const WINDOW: Duration = Duration::from_secs(2);
/// Of a stream that was never measured for so long, the rate is that of its first second: too high rather than unknown.
const FIRST: Duration = Duration::from_secs(1);
/// A stream of which nothing came for so long has stopped. A screen that stands still sends a frame a second.
const STOPPED: Duration = Duration::from_millis(1500);
/// The headers of a packet: RTP with its extensions, SRTP, UDP and IP.
pub(crate) const HEADERS: u64 = 70;

/// Measures one stream. Only what a viewer would be sent counts: no padding and no probes.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    bytes: [u64; SLOTS],
    total: u64,
    /// When the slot `at` began; `None` before the first packet.
    slot_began: Option<Instant>,
    at: usize,
    /// When what the slots hold began.
    since: Option<Instant>,
    last: Option<Instant>,
    /// The rate as it was when it could last be told.
    rate: Bitrate,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            bytes: [0; SLOTS],
            total: 0,
            slot_began: None,
            at: 0,
            since: None,
            last: None,
            rate: Bitrate(0),
        }
    }

    /// Counts a packet whose payload has so many bytes.
    pub(crate) fn count(&mut self, payload: usize, now: Instant) {
        if !self.lives(now) {
            *self = Self {
                rate: self.rate,
                ..Self::new()
            };
        }
        let slot = self.at;
        self.turn(now);
        let since = *self.since.get_or_insert(now);
        let measured = now.saturating_duration_since(since);
        let known = self.rate != Bitrate(0);
        // Only while it comes: how a stream ends is not what it takes.
        if slot != self.at && (measured >= WINDOW || (measured >= FIRST && !known)) {
            let span = measured.min(SLOT * (SLOTS as u32 - 1));
            self.rate = Bitrate(self.total * 8 * 1000 / span.as_millis() as u64);
        }
        let bytes = payload as u64 + HEADERS;
        self.bytes[self.at] += bytes;
        self.total += bytes;
        self.last = Some(now);
    }

    /// Returns the mean of 2 s, the last in which it came; 0 if it never came for a second.
    pub(crate) fn rate(&self) -> Bitrate {
        self.rate
    }

    /// Returns whether something came in the last 1.5 s.
    pub(crate) fn lives(&self, now: Instant) -> bool {
        self.last
            .is_some_and(|last| now.saturating_duration_since(last) < STOPPED)
    }

    /// Forgets what is older than all slots.
    fn turn(&mut self, now: Instant) {
        let began = *self.slot_began.get_or_insert(now);
        let passed = now.saturating_duration_since(began).as_millis() / SLOT.as_millis();
        for _ in 0..passed.min(SLOTS as u128) {
            self.at = (self.at + 1) % SLOTS;
            self.total -= self.bytes[self.at];
            self.bytes[self.at] = 0;
        }
        if passed >= SLOTS as u128 {
            self.slot_began = Some(now);
        } else {
            self.slot_began = Some(began + SLOT * passed as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::start;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// 1,250 bytes with their headers every 10 ms: 1 Mbit/s.
    fn steady(meter: &mut Meter, from: Instant, packets: u64) -> Instant {
        for at in 0..packets {
            meter.count(1250 - HEADERS as usize, from + millis(10 * at));
        }
        from + millis(10 * packets)
    }

    #[test]
    fn a_steady_stream_has_its_rate() {
        let mut meter = Meter::new();
        steady(&mut meter, start(), 500);
        let rate = meter.rate().0;
        assert!((950_000..=1_050_000).contains(&rate), "{rate}");
    }

    #[test]
    fn a_stream_that_begins_has_no_rate_yet() {
        let (mut meter, now) = (Meter::new(), start());
        (0..40).for_each(|_| meter.count(1200, now));
        let end = steady(&mut meter, now, 99);
        assert_eq!(meter.rate(), Bitrate(0));
        steady(&mut meter, end, 20);
        assert!(meter.rate() > Bitrate(1_000_000), "with its keyframe");
        steady(&mut meter, end, 400);
        assert!(meter.rate() < Bitrate(1_100_000));
    }

    #[test]
    fn a_stream_of_which_nothing_comes_for_1_5_s_has_stopped() {
        let (mut meter, now) = (Meter::new(), start());
        assert!(!meter.lives(now));
        meter.count(100, now);
        assert!(meter.lives(now + millis(1499)));
        assert!(!meter.lives(now + millis(1500)));
    }

    #[test]
    fn the_rate_follows_the_stream_within_2_s() {
        let mut meter = Meter::new();
        let end = steady(&mut meter, start(), 300);
        for at in 0..110 {
            meter.count(1250 - HEADERS as usize, end + millis(20 * at));
        }
        let half = meter.rate().0;
        assert!((450_000..=550_000).contains(&half), "{half}");
    }

    #[test]
    fn how_a_stream_ends_does_not_count() {
        let mut meter = Meter::new();
        let end = steady(&mut meter, start(), 300);
        assert!(meter.lives(end + millis(1000)));
        let rate = meter.rate().0;
        assert!((950_000..=1_050_000).contains(&rate), "{rate}");
    }

    #[test]
    fn a_stream_that_stops_and_comes_back_has_the_rate_that_it_had_until_there_is_another() {
        let mut meter = Meter::new();
        let end = steady(&mut meter, start(), 300);
        let rate = meter.rate();
        let end = end + millis(3000);
        meter.count(1200, end);
        assert_eq!(meter.rate(), rate);
        for at in 0..150 {
            meter.count(1250 - HEADERS as usize, end + millis(20 * at));
        }
        let half = meter.rate().0;
        assert!((450_000..=550_000).contains(&half), "{half}");
    }
}
