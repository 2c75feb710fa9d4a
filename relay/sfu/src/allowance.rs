//! How much of something may come: so much at once, and so much in a second.

use std::time::Instant;

/// So much at once, and so much in a second: a token bucket, which is full at first.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: f64,
    rate: f64,
    most: f64,
    since: Instant,
}

impl Allowance {
    /// Allows `rate` in a second, and `most` at once.
    pub(crate) fn new(rate: u64, most: u64, now: Instant) -> Self {
        Self {
            left: most as f64,
            rate: rate as f64,
            most: most as f64,
            since: now,
        }
    }

    /// Takes `amount` if there is so much, and returns whether there was.
    pub(crate) fn take(&mut self, amount: u64, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since);
        self.since = self.since.max(now);
        self.left = (self.left + passed.as_secs_f64() * self.rate).min(self.most);
        let amount = amount as f64;
        let enough = self.left >= amount;
        if enough {
            self.left -= amount;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::start;

    #[test]
    fn so_much_goes_at_once_and_so_much_in_a_second() {
        let now = start();
        let mut allowance = Allowance::new(100_000, 200_000, now);
        let mut taken = |at| (0..1_000).filter(|_| allowance.take(1_000, at)).count();
        assert_eq!(taken(now), 200);
        assert_eq!(taken(now + Duration::from_millis(100)), 10);
        assert_eq!(taken(now + Duration::from_secs(60)), 200);
    }

    #[test]
    fn many_small_amounts_earn_the_rate_too() {
        let now = start();
        let mut allowance = Allowance::new(100_000, 200_000, now);
        let mut taken = 0;
        for micros in 0..1_000_000 {
            taken += usize::from(allowance.take(1, now + Duration::from_micros(micros)));
        }
        assert!((299_000..=300_001).contains(&taken), "{taken}");
    }
}
