//! Every allocation of one server, found by its client and by its relayed ports.

use crate::{FiveTuple, RelayedPort, allocation::Allocation};
use foldhash::fast::FixedState;
use slab::Slab;
use std::{
    collections::HashMap,
    ops::{Index, IndexMut},
};

/// Where an allocation lies while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(usize);

/// The allocations. What they are found by, clients choose a part of: hence hashes with a seed.
#[derive(Debug)]
pub(crate) struct Allocations {
    living: Slab<Allocation>,
    by_client: HashMap<FiveTuple, Key, FixedState>,
    by_port: HashMap<RelayedPort, Key, FixedState>,
}

impl Allocations {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            living: Slab::new(),
            by_client: HashMap::with_hasher(FixedState::with_seed(seed)),
            by_port: HashMap::with_hasher(FixedState::with_seed(seed)),
        }
    }

    pub(crate) fn insert(&mut self, allocation: Allocation) -> Key {
        let (five_tuple, entry) = (allocation.five_tuple, self.living.vacant_entry());
        let key = Key(entry.key());
        self.by_client.insert(five_tuple, key);
        for relay in allocation.relays.iter() {
            self.by_port.insert(relay.lease.port(), key);
        }
        entry.insert(allocation);
        key
    }

    pub(crate) fn remove(&mut self, key: Key) -> Allocation {
        let allocation = self.living.remove(key.0);
        self.by_client.remove(&allocation.five_tuple);
        for relay in allocation.relays.iter() {
            self.by_port.remove(&relay.lease.port());
        }
        allocation
    }

    /// Lets `port` lead nowhere.
    pub(crate) fn remove_port(&mut self, port: RelayedPort) {
        self.by_port.remove(&port);
    }

    pub(crate) fn of(&self, five_tuple: &FiveTuple) -> Option<Key> {
        self.by_client.get(five_tuple).copied()
    }

    pub(crate) fn on(&self, port: RelayedPort) -> Option<Key> {
        self.by_port.get(&port).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Allocation)> {
        self.living
            .iter()
            .map(|(key, allocation)| (Key(key), allocation))
    }

    pub(crate) fn len(&self) -> usize {
        self.living.len()
    }
}

impl Index<Key> for Allocations {
    type Output = Allocation;

    fn index(&self, key: Key) -> &Allocation {
        &self.living[key.0]
    }
}

impl IndexMut<Key> for Allocations {
    fn index_mut(&mut self, key: Key) -> &mut Allocation {
        &mut self.living[key.0]
    }
}
