//! How many streams may be open, in all and from one neighbourhood, and who goes where it is crowded.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

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

/// How many connections may be open to who serves pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    /// Connections in all.
    pub in_all: usize,
    /// Connections of one address prefix: IPv4 /24, IPv6 /48.
    pub per_prefix: usize,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self {
            in_all: 4000,
            per_prefix: 256,
        }
    }
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
    /// Guards who has a place, at the beginning and the end of a stream.
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    of_prefix: HashMap<IpAddr, usize>,
    /// The oldest first.
    held: BTreeMap<PlaceId, Held>,
    next: u64,
}

#[derive(Debug)]
struct Held {
    prefix: IpAddr,
    stands: Stands,
}

/// Where a stream stands, and whether its place can be had.
#[derive(Debug)]
enum Stands {
    /// At the door: this tells it to go.
    Door(Arc<Notify>),
    /// With this worker.
    Worker(usize),
    /// It was told to go.
    Leaving,
    /// It has an allocation or a room: its place is its own.
    Settled,
}

/// Which place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlaceId(u64);

/// The place of one stream, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    id: PlaceId,
    wanted: Arc<Notify>,
}

impl Places {
    pub(crate) fn new(in_all: usize, per_prefix: usize) -> Arc<Self> {
        Arc::new(Self {
            in_all,
            per_prefix,
            taken: Mutex::default(),
        })
    }

    /// Takes a place for a stream of `client`.
    pub(crate) fn take(self: &Arc<Self>, client: IpAddr) -> Result<Place, Full> {
        let prefix = prefix(client);
        let mut taken = self.taken();
        if taken.held.len() >= self.in_all {
            return Err(Full::InAll);
        }
        let of_prefix = taken.of_prefix.get(&prefix).copied().unwrap_or(0);
        if of_prefix >= self.per_prefix {
            return Err(Full::OfPrefix);
        }
        taken.of_prefix.insert(prefix, of_prefix + 1);
        let (id, wanted) = (PlaceId(taken.next), Arc::<Notify>::default());
        taken.next += 1;
        let stands = Stands::Door(Arc::clone(&wanted));
        taken.held.insert(id, Held { prefix, stands });
        Ok(Place {
            places: Arc::clone(self),
            id,
            wanted,
        })
    }

    /// Tells the oldest stream to go whose place would do for `client` and is not its own. Returns the worker that is to do it, unless the door does.
    pub(crate) fn make_room(&self, full: Full, client: IpAddr) -> Option<(usize, PlaceId)> {
        let wanted = (full == Full::OfPrefix).then(|| prefix(client));
        let mut taken = self.taken();
        let would_do = |held: &Held| wanted.is_none_or(|prefix| prefix == held.prefix);
        for (id, held) in &mut taken.held {
            if !would_do(held) {
                continue;
            }
            match &held.stands {
                Stands::Door(wanted) => {
                    wanted.notify_one();
                    held.stands = Stands::Leaving;
                    return None;
                }
                Stands::Worker(worker) => {
                    let worker = *worker;
                    held.stands = Stands::Leaving;
                    return Some((worker, *id));
                }
                Stands::Leaving | Stands::Settled => {}
            }
        }
        None
    }

    /// Returns how many places are taken.
    pub(crate) fn in_use(&self) -> usize {
        self.taken().held.len()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(crate) fn id(&self) -> PlaceId {
        self.id
    }

    /// Waits, at the door, until somebody else is to have it.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Notes that the stream is with a worker. Returns whether it may: somebody else may be to have its place.
    pub(super) fn moves_to(&self, worker: usize) -> bool {
        let mut taken = self.places.taken();
        let held = taken.held.get_mut(&self.id).expect("it is held");
        let stays = matches!(held.stands, Stands::Door(_));
        if stays {
            held.stands = Stands::Worker(worker);
        }
        stays
    }

    /// Notes that nobody else is to have it.
    pub(crate) fn settles(&self) {
        let mut taken = self.places.taken();
        let held = taken.held.get_mut(&self.id).expect("it is held");
        held.stands = Stands::Settled;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let Some(held) = taken.held.remove(&self.id) else {
            return;
        };
        if let Some(of_prefix) = taken.of_prefix.get_mut(&held.prefix) {
            *of_prefix -= 1;
            if *of_prefix == 0 {
                taken.of_prefix.remove(&held.prefix);
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

    #[test]
    fn the_oldest_that_is_not_settled_goes_and_nobody_twice() {
        let places = places(100, 4);
        let address = ip("192.0.2.1");
        let _other = places.take(ip("198.51.100.1")).unwrap();
        let taken: Vec<_> = (0..4).map(|_| places.take(address).unwrap()).collect();
        assert!(taken[0].moves_to(1) && taken[1].moves_to(2) && taken[2].moves_to(3));
        taken[0].settles();
        let make_room = || places.make_room(Full::OfPrefix, address);
        assert_eq!(make_room(), Some((2, taken[1].id())));
        assert_eq!(make_room(), Some((3, taken[2].id())));
        // The last is at the door, and told there.
        assert_eq!(make_room(), None);
        assert!(!taken[3].moves_to(1));
        taken[1].settles();
        assert_eq!(make_room(), None);
    }

    fn places(in_all: usize, per_prefix: usize) -> Arc<Places> {
        Places::new(in_all, per_prefix)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }
}
