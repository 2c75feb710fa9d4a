//! A token bucket that any thread may take from, without a lock.
//!
//! It is kept as the one number of the generic cell rate algorithm (ITU-T I.371): the time at which the bucket would be full again.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A bucket that is full at first.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When it is full again, in nanoseconds of the clock that `take` is told.
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes `amount` out, if there is as much. The bucket fills by `rate` a second and holds what comes in `burst`; `now` is the time since
    /// some moment that is the same for everybody who takes from it. A rate of 0 is a bucket that never has anything.
    pub(crate) fn take(&self, amount: u64, rate: u64, burst: Duration, now: Duration) -> bool {
        let (burst, now) = (nanos(burst), nanos(now));
        let Some(cost) = amount.saturating_mul(1_000_000_000).checked_div(rate) else {
            return false;
        };
        let taken = |full_at: u64| {
            let full_at = full_at.max(now).saturating_add(cost);
            (full_at - now <= burst).then_some(full_at)
        };
        // Nothing else is read by the order of these: the number itself is all there is.
        self.full_at
            .try_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    /// Returns whether nothing is missing from it.
    pub(crate) fn is_full(&self, now: Duration) -> bool {
        self.full_at.load(Ordering::Relaxed) <= nanos(now)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_its_rate() {
        let bucket = Bucket::default();
        let now = Duration::from_secs(100);
        assert!(bucket.take(60, 100, SECOND, now) && bucket.take(40, 100, SECOND, now));
        assert!(!bucket.take(1, 100, SECOND, now));
        assert!(bucket.take(10, 100, SECOND, now + SECOND / 10));
        assert!(!bucket.take(1, 100, SECOND, now + SECOND / 10));
    }

    #[test]
    fn what_is_refused_takes_nothing() {
        let bucket = Bucket::default();
        assert!(!bucket.take(101, 100, SECOND, SECOND));
        assert!(bucket.take(100, 100, SECOND, SECOND));
    }

    #[test]
    fn no_rate_is_no_more_than_nothing() {
        assert!(!Bucket::default().take(1, 0, SECOND, SECOND));
        assert!(Bucket::default().take(u64::MAX, u64::MAX, SECOND, SECOND));
    }

    #[test]
    fn a_clock_that_is_a_little_behind_gives_no_more() {
        let bucket = Bucket::default();
        assert!(bucket.take(100, 100, SECOND, SECOND * 2));
        assert!(!bucket.take(1, 100, SECOND, SECOND));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_when_no_more_than_burst_and_rate_is_given(
            asked in prop::collection::vec((0..2000u64, 0..400u64), 1..200), rate in 1..5000u64,
        ) {
            let (bucket, mut now, mut given) = (Bucket::default(), SECOND, 0);
            let start = now;
            for (amount, millis) in asked {
                now += Duration::from_millis(millis);
                given += if bucket.take(amount, rate, SECOND, now) { amount } else { 0 };
                let most = rate as f64 * ((now - start) + SECOND).as_secs_f64();
                prop_assert!(given as f64 <= most + 1.0, "{given} of {most}");
            }
        }
    }
}
