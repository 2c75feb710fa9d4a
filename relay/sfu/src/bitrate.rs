//! How much comes of one stream, and whether anything comes at all.

use std::time::{Duration, Instant};

use crate::Bitrate;

/// Of so much time the rate is the mean: longer than the pause between two keyframes is not, shorter than a breath of a quiet camera neither.
const SLOT: Duration = Duration::from_millis(100);
const SLOTS: usize = 20;
/// The first moments count as so long, or one packet would look like a flood.
const SHORTEST: Duration = Duration::from_millis(500);
/// A stream of which nothing came for so long has stopped. A screen that stands still sends a frame a second.
const STOPPED: Duration = Duration::from_millis(1500);
/// The headers of a packet: RTP with its extensions, SRTP, UDP and IP.
const HEADERS: u64 = 70;

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
        }
    }

    /// Counts a packet whose payload has so many bytes.
    pub(crate) fn count(&mut self, payload: usize, now: Instant) {
        if !self.lives(now) {
            *self = Self::new();
        }
        self.turn(now);
        let bytes = payload as u64 + HEADERS;
        self.bytes[self.at] += bytes;
        self.total += bytes;
        self.since.get_or_insert(now);
        self.last = Some(now);
    }

    /// Returns the mean of the last 2 s.
    pub(crate) fn rate(&mut self, now: Instant) -> Bitrate {
        self.turn(now);
        let window = SLOT * SLOTS as u32;
        let Some(since) = self.since else {
            return Bitrate(0);
        };
        let measured = now.saturating_duration_since(since).clamp(SHORTEST, window);
        Bitrate(self.total * 8 * 1000 / measured.as_millis() as u64)
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
        let end = steady(&mut meter, start(), 500);
        let rate = meter.rate(end).0;
        assert!((950_000..=1_050_000).contains(&rate), "{rate}");
    }

    #[test]
    fn the_first_second_counts_as_what_it_is() {
        let mut meter = Meter::new();
        let end = steady(&mut meter, start(), 100);
        let rate = meter.rate(end).0;
        assert!((950_000..=1_050_000).contains(&rate), "{rate}");
    }

    #[test]
    fn one_packet_is_no_flood() {
        let (mut meter, now) = (Meter::new(), start());
        meter.count(1200, now);
        assert!(meter.rate(now) < Bitrate(25_000));
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
    fn the_rate_falls_when_the_stream_does() {
        let mut meter = Meter::new();
        let end = steady(&mut meter, start(), 300);
        assert!(meter.rate(end + millis(1000)) < Bitrate(550_000));
        assert_eq!(meter.rate(end + millis(5000)), Bitrate(0));
    }

    #[test]
    fn a_stream_that_comes_back_is_measured_anew() {
        let mut meter = Meter::new();
        let end = steady(&mut meter, start(), 300);
        let end = steady(&mut meter, end + millis(3000), 100);
        let rate = meter.rate(end).0;
        assert!((950_000..=1_050_000).contains(&rate), "{rate}");
    }
}
