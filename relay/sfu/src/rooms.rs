//! All rooms of a worker.
//!
//! Owns which rooms there are, whose a datagram is, and what is due when.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use foldhash::fast::FixedState;
use rand::{Rng, SeedableRng, rngs::StdRng};
use slab::Slab;

use crate::{
    Ask, Counters, Event, Path, Refusal, Reply, RoomId, Settings, Taken, Transmit,
    room::{self, Room},
    transport::LEEWAY,
    ufrag,
    worker::{Place, Worker},
};

/// All rooms of a worker.
pub struct Rooms {
    rooms: Slab<Room>,
    by_id: HashMap<RoomId, usize, FixedState>,
    worker: Worker,
    /// What [`Self::poll_transmit`] has lent.
    lent: Vec<u8>,
}

impl Rooms {
    /// Makes none yet. Everything random comes of `seed`, but what `str0m` and DTLS draw for themselves.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        let mut random = StdRng::from_seed(seed);
        let hashes = random.next_u64();
        Self {
            rooms: Slab::new(),
            by_id: HashMap::with_hasher(FixedState::with_seed(hashes)),
            worker: Worker::new(settings, random, hashes),
            lent: Vec::new(),
        }
    }

    /// Does what a room is asked.
    ///
    /// # Errors
    ///
    /// Why it is not done.
    pub fn ask(&mut self, ask: Ask, now: Instant) -> Result<Reply, Refusal> {
        self.worker.now = Some(now);
        let id = ask.room();
        let reply = self.do_ask(ask, now);
        if let Err(refusal) = reply {
            self.worker.counters.refused.count(refusal);
        }
        self.drop_if_empty(id);
        self.end_what_ended(now);
        reply
    }

    fn do_ask(&mut self, ask: Ask, now: Instant) -> Result<Reply, Refusal> {
        let place = match (&ask, self.by_id.get(&ask.room())) {
            (_, Some(place)) => *place,
            (Ask::Join { room, .. }, None) => self.open(*room, now)?,
            (_, None) => return Err(Refusal::NoSuchRoom),
        };
        let (room, worker) = (&mut self.rooms[place], &mut self.worker);
        match ask {
            Ask::Join {
                participant,
                offer,
                tracks,
                silenced,
                ..
            } => room.join(participant, &offer, (&tracks, &silenced), worker, now),
            Ask::Offer {
                participant,
                offer,
                tracks,
                ..
            } => room.offer(participant, &offer, &tracks, worker, now),
            Ask::Answer {
                participant,
                number,
                answer,
                ..
            } => room.answer(participant, number, &answer, worker, now),
            Ask::Leave { participant, .. } => room.leave(participant, worker, now),
            Ask::View {
                participant, tiles, ..
            } => room.view(participant, &tiles, worker, now),
            Ask::Silence {
                participant,
                source,
                silenced,
                ..
            } => room.silence(participant, (source, silenced), worker, now),
            Ask::Close { .. } => {
                room.close(worker, now);
                Ok(Reply::Done)
            }
        }
    }

    fn open(&mut self, id: RoomId, now: Instant) -> Result<usize, Refusal> {
        let limits = &self.worker.settings.limits;
        if self.rooms.len() >= limits.rooms {
            return Err(Refusal::TooManyRooms);
        }
        let entry = self.rooms.vacant_entry();
        let place = entry.key();
        entry.insert(Room::new(id, place, limits.audible, now));
        self.by_id.insert(id, place);
        Ok(place)
    }

    fn drop_if_empty(&mut self, id: RoomId) {
        if let Some(&place) = self.by_id.get(&id)
            && self.rooms[place].is_empty()
        {
            self.rooms.remove(place);
            self.by_id.remove(&id);
        }
    }

    /// Takes a datagram. On [`Taken::Known`] whatever else comes on this path is for this worker.
    pub fn handle_datagram(&mut self, path: &Path, datagram: &[u8], now: Instant) -> Taken {
        self.worker.now = Some(now);
        let is_check = datagram.first().is_some_and(|first| *first < 4);
        let place = match ufrag::ufrag_of_request(datagram) {
            Some(ufrag) if is_check => self.worker.routes.of_ufrag(ufrag),
            Some(_) | None => self.worker.routes.of_path(path),
        };
        let taken = place.is_some_and(|place| self.handle_at(place, path, datagram, now));
        self.end_what_ended(now);
        if !taken {
            self.worker.counters.dropped.stranger += 1;
        }
        // A check of the time before a restart does not end the path on which it comes.
        if taken || self.worker.routes.of_path(path).is_some() {
            Taken::Known
        } else {
            Taken::Nobody
        }
    }

    fn handle_at(&mut self, place: Place, path: &Path, datagram: &[u8], now: Instant) -> bool {
        let worker = &mut self.worker;
        let Some(room) = self.rooms.get_mut(place.room) else {
            return false;
        };
        let Some(participant) = room.participant_mut(place.participant) else {
            return false;
        };
        let out = &mut worker.out;
        if ufrag::ufrag_of_request(datagram).is_some() {
            if !participant.transport.handle_check(path, datagram, now, out) {
                return false;
            }
        } else {
            participant
                .transport
                .handle_datagram(path, datagram, now, out);
        }
        participant.heard = now;
        room::list(participant, place, worker);
        room.handle_happenings(place.participant, worker, now);
        true
    }

    /// Takes note that a stream or a relayed allocation has ended.
    pub fn handle_closed(&mut self, path: &Path, now: Instant) {
        self.worker.now = Some(now);
        let Some(place) = self.worker.routes.of_path(path) else {
            return;
        };
        self.worker.routes.remove_path(path, place);
        if let Some(room) = self.rooms.get_mut(place.room)
            && let Some(participant) = room.participant_mut(place.participant)
        {
            participant.transport.forget_path(path);
        }
    }

    /// Does what is due. The shell calls it once a round, after all datagrams of the round.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.worker.now = None;
        self.begin_rounds(now);
        self.wake_due(now);
        let mut next = 0;
        while let Some(&place) = self.worker.active.get(next) {
            next += 1;
            self.drive(place, now);
        }
        self.worker.active.clear();
        self.end_what_ended(now);
    }

    fn begin_rounds(&mut self, now: Instant) {
        let worker = &mut self.worker;
        let mut emptied = Vec::new();
        for (_, room) in &mut self.rooms {
            if room.round <= now {
                room.handle_round(worker, now);
            }
            if room.is_empty() {
                emptied.push(room.id);
            }
        }
        for id in emptied {
            self.drop_if_empty(id);
        }
    }

    fn wake_due(&mut self, now: Instant) {
        while let Some(&(due, place)) = self.worker.due.first()
            && due <= now + LEEWAY
        {
            self.worker.due.pop_first();
            if let Some(room) = self.rooms.get_mut(place.room)
                && let Some(participant) = room.participant_mut(place.participant)
            {
                participant.due = None;
                room::touch(participant, place, &mut self.worker);
            }
        }
    }

    /// Drives a connection that has something to do, and takes note of when it has again.
    fn drive(&mut self, place: Place, now: Instant) {
        let worker = &mut self.worker;
        let Some(room) = self.rooms.get_mut(place.room) else {
            return;
        };
        let Some(participant) = room.participant_mut(place.participant) else {
            return;
        };
        participant.is_active = false;
        if participant.is_touched || participant.transport.deadline() <= now + LEEWAY {
            participant.is_touched = false;
            participant.transport.handle_timeout(now, &mut worker.out);
            room.handle_happenings(place.participant, worker, now);
        }
        let Some(participant) = room.participant_mut(place.participant) else {
            return;
        };
        let deadline = participant.transport.deadline();
        if participant.due != Some(deadline) {
            if let Some(due) = participant.due.replace(deadline) {
                worker.due.remove(&(due, place));
            }
            worker.due.insert((deadline, place));
        }
    }

    /// Gives a room up: everybody of it is told to be gone, however much waits to be told.
    pub fn give_up(&mut self, id: RoomId, now: Instant) {
        if let Some(&place) = self.by_id.get(&id) {
            self.rooms[place].give_up(&mut self.worker, now);
            self.drop_if_empty(id);
        }
    }

    fn end_what_ended(&mut self, now: Instant) {
        while let Some((id, participant)) = self.worker.ended.pop() {
            if let Some(&place) = self.by_id.get(&id) {
                self.rooms[place].end_connection(participant, &mut self.worker, now);
                self.drop_if_empty(id);
            }
        }
        while let Some(id) = self.worker.overflowed.pop() {
            self.worker.counters.overflowed += 1;
            self.give_up(id, now);
        }
    }

    /// Returns the next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        let (path, payload) = self.transmits().pop_front()?;
        self.lent = payload;
        Some(Transmit {
            path,
            payload: &self.lent,
        })
    }

    fn transmits(&mut self) -> &mut VecDeque<(Path, Vec<u8>)> {
        &mut self.worker.out.transmits
    }

    /// Returns the next event to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.worker.events.pop_front()
    }

    /// Returns when [`Self::handle_timeout`] is due at the latest.
    pub fn next_deadline(&self) -> Option<Instant> {
        let asked = self.worker.now.filter(|_| !self.worker.active.is_empty());
        let due = self.worker.due.first().map(|(due, _)| *due);
        let round = self.rooms.iter().map(|(_, room)| room.round).min();
        [asked, due, round].into_iter().flatten().min()
    }

    /// Returns what was counted.
    pub fn counters(&self) -> Counters {
        let mut counters = self.worker.counters;
        counters.rooms = self.rooms.len() as u64;
        for (_, room) in &self.rooms {
            let (participants, publications, subscriptions) = room.count();
            counters.participants += participants;
            counters.publications += publications;
            counters.subscriptions += subscriptions;
        }
        counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Certificate, GoneWhy, Limits, ParticipantId, Source, clock, worker::MOST_EVENTS};

    const OFFER: &str = include_str!("../../../tests/foreign/offer.sdp");

    #[test]
    fn who_was_in_a_room_that_had_more_to_tell_than_was_taken_is_told_to_be_out_of_it() {
        let settings = Settings {
            worker: 0,
            candidates: vec!["192.0.2.1:3478".parse().unwrap()],
            certificate: Certificate::generate().unwrap(),
            limits: Limits::default(),
        };
        let (mut rooms, now, room) = (Rooms::new(settings, [7; 32]), clock::start(), RoomId(1));
        let join = |id| Ask::Join {
            room,
            participant: ParticipantId(id),
            silenced: Vec::new(),
            offer: OFFER.into(),
            tracks: vec![("0".into(), Source::Microphone)],
        };
        rooms.ask(join(1), now).unwrap();
        let speakers = Vec::new();
        for _ in 0..MOST_EVENTS {
            let speakers = speakers.clone();
            rooms.worker.tell(Event::Speakers { room, speakers });
        }
        rooms.ask(join(2), now).unwrap();
        rooms.handle_timeout(now);
        let mut gone = Vec::new();
        while let Some(event) = rooms.poll_event() {
            if let Event::Gone {
                participant, why, ..
            } = event
            {
                gone.push((participant.0, why));
            }
        }
        assert_eq!(gone, [(1, GoneWhy::Shed), (2, GoneWhy::Shed)]);
        assert_eq!(rooms.counters().overflowed, 1);
        assert!(rooms.ask(join(1), now).is_ok(), "they come back");
    }
}
