//! One way between a client and the rooms.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// The part that is lost, 0 to 1.
    pub loss: f64,
    pub delay: Duration,
    /// Up to so much is added to the delay of each datagram, which keep their order all the same.
    pub jitter: Duration,
    /// The part that comes `jitter` or 10 ms later than it should, behind others.
    pub swapped: f64,
    /// Bits in a second; what is above waits.
    pub rate: Option<u64>,
    /// What waits for longer is dropped at the tail.
    pub queue: Duration,
}

impl Conditions {
    /// 20 ms, and nothing else.
    pub const GOOD: Self = Self {
        loss: 0.0,
        delay: Duration::from_millis(20),
        jitter: Duration::ZERO,
        swapped: 0.0,
        rate: None,
        queue: Duration::from_millis(300),
    };

    pub fn loss(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    pub fn delay(self, millis: u64) -> Self {
        Self {
            delay: Duration::from_millis(millis),
            ..self
        }
    }

    pub fn jitter(self, millis: u64) -> Self {
        Self {
            jitter: Duration::from_millis(millis),
            ..self
        }
    }

    pub fn swapped(self, swapped: f64) -> Self {
        Self { swapped, ..self }
    }

    pub fn kbps(self, kbps: u64) -> Self {
        Self {
            rate: Some(kbps * 1000),
            ..self
        }
    }

    pub fn unlimited(self) -> Self {
        Self { rate: None, ..self }
    }
}

/// IPv4 and UDP.
const HEADERS: u64 = 28;

/// One way.
pub struct Link {
    pub conditions: Conditions,
    random: Random,
    /// When the last datagram will have left the bottleneck.
    free: Instant,
    /// When the last one in order arrives.
    last: Instant,
    flying: BTreeMap<(Instant, u64), Vec<u8>>,
    number: u64,
    pub counts: Counts,
}

/// What happened on a way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub sent: u64,
    pub bytes: u64,
    pub lost: u64,
    pub dropped: u64,
}

impl Link {
    pub fn new(seed: u64, now: Instant) -> Self {
        Self {
            conditions: Conditions::GOOD,
            random: Random(seed),
            free: now,
            last: now,
            flying: BTreeMap::new(),
            number: 0,
            counts: Counts::default(),
        }
    }

    pub fn send(&mut self, datagram: Vec<u8>, now: Instant) {
        let Conditions {
            loss,
            delay,
            jitter,
            swapped,
            rate,
            queue,
        } = self.conditions;
        let bytes = datagram.len() as u64 + HEADERS;
        self.counts.sent += 1;
        self.counts.bytes += bytes;
        if self.random.part() < loss {
            self.counts.lost += 1;
            return;
        }
        let mut leaves = now;
        if let Some(rate) = rate {
            let start = self.free.max(now);
            if start - now > queue {
                self.counts.dropped += 1;
                return;
            }
            leaves = start + Duration::from_nanos(bytes * 8 * 1_000_000_000 / rate);
            self.free = leaves;
        }
        let mut arrives = leaves + delay + jitter.mul_f64(self.random.part());
        if self.random.part() < swapped {
            arrives += jitter.max(Duration::from_millis(10));
        } else {
            arrives = arrives.max(self.last);
            self.last = arrives;
        }
        self.number += 1;
        self.flying.insert((arrives, self.number), datagram);
    }

    /// Returns the next datagram that has arrived.
    pub fn take(&mut self, now: Instant) -> Option<Vec<u8>> {
        let first = self.flying.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub fn next(&self) -> Option<Instant> {
        self.flying
            .first_key_value()
            .map(|((arrives, _), _)| *arrives)
    }
}

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
