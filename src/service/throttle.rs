//! How often one address prefix may try something that could be guessed.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Prefixes remembered before idle ones are forgotten.
const SWEEP_AT: usize = 4096;

/// Too many attempts.
#[derive(Debug, thiserror::Error, Clone, Copy)]
#[error("too many attempts; try again in {} s", retry_after.as_secs())]
pub struct Throttled {
    /// When the next attempt would be allowed, at least one second.
    pub retry_after: Duration,
}

/// A limit on attempts for each IPv4 address or IPv6 /64.
pub struct Throttle {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Throttle {
    /// Allows `per_minute` attempts a minute, all at once if need be.
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_minute(per_minute)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    /// [`Throttled`] if there were too many.
    pub fn attempt(&self, from: IpAddr) -> Result<(), Throttled> {
        if self.limiter.len() > SWEEP_AT {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&prefix(from)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Throttled {
                retry_after: Duration::from_secs(wait.as_secs() + 1),
            }
        })
    }
}

fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_stopped_and_another_is_not() {
        let throttle = Throttle::new(NonZeroU32::new(3).unwrap());
        let guesser: IpAddr = "2001:db8::1".parse().unwrap();
        for _ in 0..3 {
            throttle.attempt(guesser).unwrap();
        }
        let refused = throttle
            .attempt("2001:db8::2".parse().unwrap())
            .unwrap_err();
        assert!((1..=21).contains(&refused.retry_after.as_secs()));
        throttle.attempt("192.0.2.1".parse().unwrap()).unwrap();
    }
}
