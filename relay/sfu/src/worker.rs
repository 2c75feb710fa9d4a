//! What all rooms of a worker share: who is reached how, what waits to be sent and told, and who needs attention in this round.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Instant,
};

use foldhash::fast::FixedState;
use rand::rngs::StdRng;

use crate::{
    Counters, DescriptionBounds, Event, ParticipantId, Path, Refusal, RoomId, Settings,
    description::Description, transport::Out,
};

/// Events that wait at most; a room that has more to tell is given up.
pub(crate) const MOST_EVENTS: usize = 65_536;

/// Where a participant is kept: its room's place, and its own in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) room: usize,
    pub(crate) participant: usize,
}

pub(crate) struct Worker {
    pub(crate) settings: Settings,
    pub(crate) random: StdRng,
    pub(crate) counters: Counters,
    pub(crate) events: VecDeque<Event>,
    /// Of whatever connection is driven; its happenings are worked off at once.
    pub(crate) out: Out,
    /// Who has something to do in this round, and maybe more than once.
    pub(crate) active: Vec<Place>,
    /// When each connection has something to do.
    pub(crate) due: BTreeSet<(Instant, Place)>,
    pub(crate) routes: Routes,
    /// Rooms whose events nobody takes.
    pub(crate) overflowed: Vec<RoomId>,
    /// Participants whose connection has ended of itself.
    pub(crate) ended: Vec<(RoomId, ParticipantId)>,
    /// The moment of the last input.
    pub(crate) now: Option<Instant>,
}

impl Worker {
    pub(crate) fn new(settings: Settings, random: StdRng, hashes: u64) -> Self {
        Self {
            settings,
            random,
            counters: Counters::default(),
            events: VecDeque::new(),
            out: Out::default(),
            active: Vec::new(),
            due: BTreeSet::new(),
            routes: Routes::new(hashes),
            overflowed: Vec::new(),
            ended: Vec::new(),
            now: None,
        }
    }

    /// Reads a client's description through.
    pub(crate) fn read(&self, description: &str) -> Result<Description, Refusal> {
        let bounds = DescriptionBounds::of(self.settings.limits.participants);
        Description::parse(description, bounds).map_err(Refusal::BadDescription)
    }

    pub(crate) fn tell(&mut self, event: Event) {
        if self.events.len() < MOST_EVENTS {
            self.events.push_back(event);
        } else if !self.overflowed.contains(&event.room()) {
            self.overflowed.push(event.room());
        }
    }
}

/// By what a datagram is known to be whose.
pub(crate) struct Routes {
    by_ufrag: HashMap<String, Place, FixedState>,
    by_path: HashMap<Path, Place, FixedState>,
}

impl Routes {
    fn new(hashes: u64) -> Self {
        let state = FixedState::with_seed(hashes);
        Self {
            by_ufrag: HashMap::with_hasher(state.clone()),
            by_path: HashMap::with_hasher(state),
        }
    }

    pub(crate) fn of_ufrag(&self, ufrag: &str) -> Option<Place> {
        self.by_ufrag.get(ufrag).copied()
    }

    pub(crate) fn of_path(&self, path: &Path) -> Option<Place> {
        self.by_path.get(path).copied()
    }

    pub(crate) fn add_ufrag(&mut self, ufrag: String, place: Place) {
        self.by_ufrag.insert(ufrag, place);
    }

    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    /// A path is whose check came on it last.
    pub(crate) fn add_path(&mut self, path: Path, place: Place) {
        self.by_path.insert(path, place);
    }

    pub(crate) fn remove_path(&mut self, path: &Path, place: Place) {
        if self.of_path(path) == Some(place) {
            self.by_path.remove(path);
        }
    }

    pub(crate) fn remove_participant(&mut self, place: Place) {
        self.by_path.retain(|_, of| *of != place);
        self.by_ufrag.retain(|_, of| *of != place);
    }
}
