//! Whose each relayed port is, told by one load and claimed by one exchange.

use super::SessionId;
use crate::{Family, RelayedPort, WorkerId};
use std::{
    ops::RangeInclusive,
    sync::atomic::{AtomicU64, Ordering},
};

const PORTS: usize = 1 << 16;

/// Whose a relayed port is: a worker's (8 bits), and there a session's (56 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u64);

impl Owner {
    pub(super) fn new(worker: WorkerId, session: SessionId) -> Self {
        Self(u64::from(worker.0) << 56 | session.0)
    }

    /// Returns the worker that serves the port.
    pub(crate) fn worker(self) -> WorkerId {
        WorkerId((self.0 >> 56) as u8)
    }

    /// Returns whose it is there.
    pub(crate) fn session(self) -> SessionId {
        SessionId(self.0 & (u64::MAX >> 8))
    }
}

/// Which ports will do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports<'a> {
    pub(crate) family: Family,
    pub(crate) range: &'a RangeInclusive<u16>,
    pub(crate) even: bool,
    /// Where in the range to look first: by chance, so that the next port cannot be told.
    pub(crate) start: u16,
}

impl Ports<'_> {
    fn iter(&self) -> impl Iterator<Item = RelayedPort> {
        let (first, last) = (u32::from(*self.range.start()), u32::from(*self.range.end()));
        let count = (last + 1).saturating_sub(first);
        let (family, start, even) = (self.family, u32::from(self.start), self.even);
        (0..count)
            .map(move |step| (first + (start + step) % count) as u16)
            .filter(move |port| !even || port % 2 == 0)
            .map(move |port| RelayedPort { family, port })
    }
}

/// The owners of all ports of both families: 0 is nobody, else an [`Owner`], whose session is never 0.
#[derive(Debug)]
pub(super) struct Owners {
    v4: Box<[AtomicU64]>,
    v6: Box<[AtomicU64]>,
}

impl Owners {
    pub(super) fn new() -> Self {
        let nobodys = || (0..PORTS).map(|_| AtomicU64::new(0)).collect();
        Self {
            v4: nobodys(),
            v6: nobodys(),
        }
    }

    pub(super) fn owner(&self, port: RelayedPort) -> Option<Owner> {
        match self.slot(port).load(Ordering::Acquire) {
            0 => None,
            owner => Some(Owner(owner)),
        }
    }

    /// Makes one of `ports` the `owner`'s, if any is nobody's.
    pub(super) fn claim(&self, ports: &Ports<'_>, owner: Owner) -> Option<RelayedPort> {
        ports.iter().find(|port| self.take(*port, owner))
    }

    /// Makes an even one of `ports` and the one above it the `owner`'s.
    pub(super) fn claim_pair(&self, ports: &Ports<'_>, owner: Owner) -> Option<[RelayedPort; 2]> {
        let pairs = ports
            .iter()
            .filter(|low| low.port % 2 == 0)
            .filter_map(|low| {
                let port = low.port.checked_add(1)?;
                ports
                    .range
                    .contains(&port)
                    .then_some([low, RelayedPort { port, ..low }])
            });
        let mut pairs = pairs;
        pairs.find(|[low, high]| {
            if !self.take(*low, owner) {
                return false;
            }
            let both = self.take(*high, owner);
            if !both {
                self.free(*low);
            }
            both
        })
    }

    /// Makes `port`, which is somebody's, the `owner`'s.
    pub(super) fn pass_on(&self, port: RelayedPort, owner: Owner) {
        self.slot(port).store(owner.0, Ordering::Release);
    }

    /// Makes `port` nobody's.
    pub(super) fn free(&self, port: RelayedPort) {
        self.slot(port).store(0, Ordering::Release);
    }

    /// Returns how many ports are somebody's.
    pub(super) fn count(&self) -> usize {
        self.v4
            .iter()
            .chain(&self.v6)
            .filter(|owner| owner.load(Ordering::Relaxed) != 0)
            .count()
    }

    fn take(&self, port: RelayedPort, owner: Owner) -> bool {
        self.slot(port)
            .compare_exchange(0, owner.0, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    fn slot(&self, port: RelayedPort) -> &AtomicU64 {
        let owners = match port.family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        &owners[usize::from(port.port)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_to_one_of_those_who_want_it_at_once() {
        let owners = Owners::new();
        let claimed = std::thread::scope(|scope| {
            let claim = |worker| {
                let owners = &owners;
                move || {
                    let owner = Owner::new(WorkerId(worker), SessionId(1));
                    let claim = |_| owners.claim(&ports(&(10..=109), false), owner);
                    (0..100).filter_map(claim).collect::<Vec<_>>()
                }
            };
            let workers = [scope.spawn(claim(0)), scope.spawn(claim(1))];
            workers.map(|worker| worker.join().unwrap()).concat()
        });
        let mut distinct = claimed.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(
            (claimed.len(), distinct.len(), owners.count()),
            (100, 100, 100)
        );
    }

    #[test]
    fn a_pair_is_an_even_port_and_the_next_and_both_are_free() {
        let owners = Owners::new();
        let owner = Owner::new(WorkerId(3), SessionId(1));
        assert!(owners.take(v4(13), owner));
        let range = 11..=16;
        assert_eq!(
            owners.claim_pair(&ports(&range, true), owner),
            Some([v4(14), v4(15)])
        );
        assert_eq!(
            owners.claim_pair(&ports(&range, true), owner),
            None,
            "16 is the last"
        );
        assert_eq!(owners.owner(v4(12)), None, "half a pair is given back");
        assert_eq!(owners.owner(v4(14)).unwrap().worker(), WorkerId(3));
    }

    #[test]
    fn the_families_have_ports_of_their_own() {
        let owners = Owners::new();
        let v6 = RelayedPort {
            family: Family::V6,
            port: 10,
        };
        assert!(owners.take(v4(10), Owner(1)) && owners.take(v6, Owner(2)));
        owners.free(v4(10));
        assert_eq!(
            (owners.owner(v4(10)), owners.owner(v6)),
            (None, Some(Owner(2)))
        );
    }

    #[test]
    fn the_last_port_of_all_can_be_had() {
        let owners = Owners::new();
        let range = 65_535..=65_535;
        assert_eq!(owners.claim_pair(&ports(&range, false), Owner(1)), None);
        assert_eq!(
            owners.claim(&ports(&range, false), Owner(1)),
            Some(v4(65_535))
        );
    }

    fn ports(range: &RangeInclusive<u16>, even: bool) -> Ports<'_> {
        Ports {
            family: Family::V4,
            range,
            even,
            start: 40_000,
        }
    }

    fn v4(port: u16) -> RelayedPort {
        RelayedPort {
            family: Family::V4,
            port,
        }
    }
}
