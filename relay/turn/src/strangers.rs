//! What is answered to who has not signed in: so many bytes a second to one address prefix, and to all.
//!
//! Whoever spoofs a source can make a server send to it. So answers to strangers cost bytes out of a bucket for the prefix (IPv4 /24, IPv6 /48) and
//! out of one for all. A prefix from which a session has signed in pays from neither: nobody can shut out a household by spoofing its address.
//! Nor does a stream, whose handshake no spoofed source gets through.
//! The table has a fixed size and no locks; prefixes that fall on the same place share it, and where they fall is keyed.

use crate::bucket::Bucket;
use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv6Addr},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// The places of the table: with 12 bytes for each, 192 KiB.
const PLACES: usize = 1 << 14;

/// How much of its rate may go out at once.
const BURST: Duration = Duration::from_secs(2);

/// How much is answered to strangers, in bytes of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrangerLimits {
    /// To one address prefix in a second.
    pub bytes_per_second_per_prefix: u64,
    /// To all in a second.
    pub bytes_per_second: u64,
}

impl Default for StrangerLimits {
    fn default() -> Self {
        Self {
            bytes_per_second_per_prefix: 16 * 1024,
            bytes_per_second: 1024 * 1024,
        }
    }
}

/// The budgets of strangers, and which prefixes are none: one for all servers of a relay.
pub struct Strangers {
    limits: StrangerLimits,
    /// What the buckets count their time from.
    epoch: Instant,
    /// A hasher that was told the key.
    keyed: DefaultHasher,
    places: Box<[Place]>,
    all: Bucket,
}

#[derive(Debug, Default)]
struct Place {
    bucket: Bucket,
    signed_in: AtomicU32,
}

impl Strangers {
    /// Makes full budgets. `key` is random; no time that it is told later may lie before `now`.
    pub fn new(limits: StrangerLimits, key: [u8; 32], now: Instant) -> Self {
        let mut keyed = DefaultHasher::new();
        keyed.write(&key);
        Self {
            limits,
            epoch: now,
            keyed,
            places: (0..PLACES).map(|_| Place::default()).collect(),
            all: Bucket::default(),
        }
    }

    /// Counts one allocation more of a session at `client`: its prefix is no stranger.
    pub fn signed_in(&self, client: IpAddr) {
        self.place(client).signed_in.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one allocation less: to be told once for each [`Strangers::signed_in`].
    pub fn signed_out(&self, client: IpAddr) {
        self.place(client).signed_in.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes `bytes` out of the budgets for an answer to `client`. Returns whether it may be sent.
    pub fn take(&self, client: IpAddr, bytes: usize, now: Instant) -> bool {
        let place = self.place(client);
        if place.signed_in.load(Ordering::Relaxed) > 0 {
            return true;
        }
        let (bytes, now) = (bytes as u64, now.saturating_duration_since(self.epoch));
        let take = |bucket: &Bucket, rate| bucket.take(bytes, rate, BURST, now);
        take(&place.bucket, self.limits.bytes_per_second_per_prefix)
            && take(&self.all, self.limits.bytes_per_second)
    }

    fn place(&self, client: IpAddr) -> &Place {
        let mut hasher = self.keyed.clone();
        prefix(client).hash(&mut hasher);
        &self.places[hasher.finish() as usize % PLACES]
    }
}

impl fmt::Debug for Strangers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strangers")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Returns the first 24 bits of an IPv4 address, or the first 48 of an IPv6 one: what one household or host has, at least.
fn prefix(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(ip) => u64::from(ip.to_bits() >> 8) | 1 << 63,
        IpAddr::V6(ip) => (Ipv6Addr::to_bits(ip) >> 80) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_prefix_gets_its_burst_and_then_its_rate() {
        let (strangers, now) = strangers();
        assert!(strangers.take(ip("9.9.9.9"), 200, now));
        assert!(!strangers.take(ip("9.9.9.10"), 1, now));
        assert!(!strangers.take(ip("::ffff:9.9.9.10"), 1, now));
        assert!(strangers.take(ip("9.9.8.9"), 200, now));
        assert!(strangers.take(ip("2001:db8::1"), 200, now));
        assert!(!strangers.take(ip("2001:db8:0:ffff::1"), 1, now));
        assert!(strangers.take(ip("9.9.9.9"), 100, now + SECOND));
        assert!(!strangers.take(ip("9.9.9.9"), 1, now + SECOND));
    }

    #[test]
    fn all_prefixes_together_get_no_more_than_the_rate_for_all() {
        let (strangers, now) = strangers();
        let sent = |now| {
            let prefixes = (0..=255u8).flat_map(|a| (0..8u8).map(move |b| [a, b]));
            prefixes
                .filter(|[a, b]| strangers.take(IpAddr::from([9, *a, *b, 1]), 10, now))
                .count()
        };
        assert_eq!(sent(now), 2 * 1000 / 10);
        assert_eq!(sent(now + SECOND), 1000 / 10);
    }

    #[test]
    fn a_prefix_with_a_session_pays_nothing_until_its_last_allocation_ends() {
        let (strangers, now) = strangers();
        strangers.signed_in(ip("9.9.9.9"));
        strangers.signed_in(ip("9.9.9.77"));
        assert!((0..1000).all(|_| strangers.take(ip("9.9.9.1"), 100, now)));
        strangers.signed_out(ip("9.9.9.77"));
        assert!(strangers.take(ip("9.9.9.1"), 1000, now));
        strangers.signed_out(ip("9.9.9.9"));
        assert!(strangers.take(ip("9.9.9.1"), 200, now));
        assert!(!strangers.take(ip("9.9.9.1"), 1, now));
    }

    #[test]
    fn where_a_prefix_falls_depends_on_the_key() {
        let now = epoch();
        let fall = |key: u8| {
            let strangers = Strangers::new(StrangerLimits::default(), [key; 32], now);
            let place: *const Place = strangers.place(ip("9.9.9.9"));
            (0..PLACES).find(|at| std::ptr::eq(&strangers.places[*at], place))
        };
        assert_eq!(fall(1), fall(1));
        assert!((2..6).any(|key| fall(key) != fall(1)));
    }

    fn strangers() -> (Strangers, Instant) {
        let limits = StrangerLimits {
            bytes_per_second_per_prefix: 100,
            bytes_per_second: 1000,
        };
        let now = epoch();
        (Strangers::new(limits, [1; 32], now), now)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "virtual time needs some instant to count from"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }

    fn ip(ip: &str) -> IpAddr {
        ip.parse().unwrap()
    }
}
