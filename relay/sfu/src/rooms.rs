//! All rooms of a worker.
//!
//! Owns which rooms there are, whose a datagram is, and what is due when.

use std::{collections::VecDeque, time::Instant};

use crate::{Ask, Counters, Event, Path, Refusal, Reply, Settings, Taken, Transmit};

/// All rooms of a worker.
pub struct Rooms {
    events: VecDeque<Event>,
    counters: Counters,
}

impl Rooms {
    /// Makes none yet. Everything random comes of `seed`, but the keys of DTLS.
    pub fn new(_settings: Settings, _seed: [u8; 32]) -> Self {
        Self {
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Does what a room is asked.
    ///
    /// # Errors
    ///
    /// Why it is not done; then nothing has changed.
    pub fn ask(&mut self, ask: Ask, _now: Instant) -> Result<Reply, Refusal> {
        let refusal = match ask {
            Ask::Join { .. } => Refusal::Unsupported,
            Ask::Offer { .. }
            | Ask::Answer { .. }
            | Ask::Leave { .. }
            | Ask::View { .. }
            | Ask::Silence { .. }
            | Ask::Close { .. } => Refusal::NoSuchRoom,
        };
        self.counters.refused.count(refusal);
        Err(refusal)
    }

    /// Takes a datagram. On [`Taken::Known`] whatever else comes on this path is for this worker.
    pub fn handle_datagram(&mut self, _path: &Path, _datagram: &[u8], _now: Instant) -> Taken {
        self.counters.dropped.stranger += 1;
        Taken::Nobody
    }

    /// Takes note that a stream or a relayed allocation has ended.
    pub fn handle_closed(&mut self, _path: &Path, _now: Instant) {}

    /// Does what is due. The shell calls it once a round, after all datagrams of the round.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// Returns the next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        None
    }

    /// Returns the next event to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Returns when [`Self::handle_timeout`] is due at the latest.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Returns what was counted.
    pub fn counters(&self) -> Counters {
        self.counters
    }
}
