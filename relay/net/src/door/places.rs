//! How many streams may be open, in all and from one neighbourhood.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What streams may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Streams in all.
    pub in_all: usize,
    /// Streams of one address prefix: IPv4 /24, IPv6 /48.
    pub per_prefix: usize,
    /// How long a stream may be without an allocation and a whole message before it is closed.
    pub idle: Duration,
    /// Bytes that may wait to be written to one stream. Relayed datagrams above it are dropped.
    pub buffered: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            in_all: 2000,
            per_prefix: 64,
            idle: Duration::from_secs(30),
            buffered: 128 << 10,
        }
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// There are as many streams as there may be.
    InAll,
    /// There are as many of this neighbourhood.
    OfPrefix,
}

/// The places of all streams.
#[derive(Debug)]
pub(crate) struct Places {
    in_all: usize,
    per_prefix: usize,
    /// Guards the counts, at the beginning and the end of a stream.
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    of_prefix: HashMap<IpAddr, usize>,
}

/// The place of one stream, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    prefix: IpAddr,
}

impl Places {
    pub(crate) fn new(limits: &StreamLimits) -> Arc<Self> {
        Arc::new(Self {
            in_all: limits.in_all,
            per_prefix: limits.per_prefix,
            taken: Mutex::default(),
        })
    }

    /// Takes a place for a stream of `client`.
    pub(crate) fn take(self: &Arc<Self>, client: IpAddr) -> Result<Place, Full> {
        let prefix = prefix(client);
        let mut taken = self.taken();
        if taken.in_all >= self.in_all {
            return Err(Full::InAll);
        }
        let of_prefix = taken.of_prefix.get(&prefix).copied().unwrap_or(0);
        if of_prefix >= self.per_prefix {
            return Err(Full::OfPrefix);
        }
        taken.of_prefix.insert(prefix, of_prefix + 1);
        taken.in_all += 1;
        Ok(Place {
            places: Arc::clone(self),
            prefix,
        })
    }

    /// Returns how many places are taken.
    pub(crate) fn in_use(&self) -> usize {
        self.taken().in_all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.in_all -= 1;
        if let Some(of_prefix) = taken.of_prefix.get_mut(&self.prefix) {
            *of_prefix -= 1;
            if *of_prefix == 0 {
                taken.of_prefix.remove(&self.prefix);
            }
        }
    }
}

fn prefix(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & (!0 << 8)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (!0 << 80)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_its_share_and_no_more_until_one_leaves() {
        let places = places(100, 2);
        let (first, _second) = (
            places.take(ip("192.0.2.1")).unwrap(),
            places.take(ip("::ffff:192.0.2.200")).unwrap(),
        );
        assert_eq!(places.take(ip("192.0.2.3")).unwrap_err(), Full::OfPrefix);
        places.take(ip("192.0.3.1")).unwrap();
        drop(first);
        places.take(ip("192.0.2.3")).unwrap();
    }

    #[test]
    fn an_ipv6_prefix_is_48_bits() {
        let places = places(100, 1);
        let _first = places.take(ip("2001:db8:1::1")).unwrap();
        assert_eq!(
            places.take(ip("2001:db8:1:ffff::1")).unwrap_err(),
            Full::OfPrefix
        );
        places.take(ip("2001:db8:2::1")).unwrap();
    }

    #[test]
    fn there_are_as_many_places_as_the_limit_says_and_each_comes_back() {
        let places = places(3, 10);
        let taken: Vec<_> = (0..3)
            .map(|at| places.take(IpAddr::from([10, at, 0, 1])).unwrap())
            .collect();
        assert_eq!(places.take(ip("192.0.2.1")).unwrap_err(), Full::InAll);
        assert_eq!(places.in_use(), 3);
        drop(taken);
        assert_eq!(places.in_use(), 0);
        assert!(places.taken().of_prefix.is_empty());
    }

    fn places(in_all: usize, per_prefix: usize) -> Arc<Places> {
        Places::new(&StreamLimits {
            in_all,
            per_prefix,
            ..StreamLimits::default()
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }
}
