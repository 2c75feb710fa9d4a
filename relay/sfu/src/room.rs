//! One room: who is in it, what they publish, and who is sent what.
//!
//! Owns participants and publications and everything that is asked of them. How packets go through is in [`forward`], who sits where in [`seats`], and what is
//! done from time to time in [`rounds`]. [`tracks`] has what is published.

mod forward;
mod rounds;
mod seats;
mod tracks;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use slab::Slab;

use crate::{
    Event, GoneWhy, ParticipantId, Refusal, Reply, RoomId, Source, Tile,
    participant::{Link, Offering, Participant, Seat},
    publication::Publication,
    speakers::Speakers,
    transport::{Happening, Transport, rtc::RtcTransport},
    worker::{Place, Worker},
};

/// Tiles of a view that are read: as many as there may be publications to see.
const MOST_TILES: usize = 256;

/// How often a room looks after itself, and how often if nobody in it is connected.
const ROUND: Duration = Duration::from_millis(50);
const IDLE_ROUND: Duration = Duration::from_secs(1);

pub(crate) struct Room {
    pub(crate) id: RoomId,
    /// Its own place among the worker's rooms.
    place: usize,
    participants: Slab<Participant>,
    publications: Slab<Publication>,
    next_publication: u32,
    next_stream: u64,
    speakers: Speakers,
    /// When it looks after itself next.
    pub(crate) round: Instant,
    /// When choices were made anew for everybody.
    chosen: Option<Instant>,
}

impl Room {
    pub(crate) fn new(id: RoomId, place: usize, audible: usize, now: Instant) -> Self {
        Self {
            id,
            place,
            participants: Slab::new(),
            publications: Slab::new(),
            next_publication: 1,
            next_stream: 1,
            speakers: Speakers::new(audible),
            round: now + IDLE_ROUND,
            chosen: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    pub(crate) fn participant_mut(&mut self, participant: usize) -> Option<&mut Participant> {
        self.participants.get_mut(participant)
    }

    fn find(&self, id: ParticipantId) -> Result<usize, Refusal> {
        let mut all = self.participants.iter();
        all.find(|(_, participant)| participant.id == id)
            .map(|(index, _)| index)
            .ok_or(Refusal::NoSuchParticipant)
    }

    fn place_of(&self, participant: usize) -> Place {
        Place {
            room: self.place,
            participant,
        }
    }

    /// Takes note that a connection has something to do in this round.
    fn touch(&mut self, index: usize, worker: &mut Worker) {
        let place = self.place_of(index);
        touch(&mut self.participants[index], place, worker);
    }

    pub(crate) fn join(
        &mut self,
        id: ParticipantId,
        offer: &str,
        (tracks, silenced): (&[(String, Source)], &[Source]),
        worker: &mut Worker,
        now: Instant,
    ) -> Result<Reply, Refusal> {
        let limit = worker.settings.limits.participants;
        if self.participants.len() >= limit {
            return Err(Refusal::RoomFull { limit });
        }
        if self.find(id).is_ok() {
            return Err(Refusal::AlreadyThere);
        }
        let offer = worker.read(offer)?;
        let tracks = tracks::checked(tracks, &offer, worker)?;
        let (transport, answer) =
            RtcTransport::join(&worker.settings, &offer, &mut worker.random, now)?;
        let ufrag = transport.ufrag().to_owned();
        let mut participant = Participant::new(id, Box::new(transport), now);
        for source in silenced {
            participant.silence(*source, true);
        }
        let index = self.participants.insert(participant);
        worker.routes.add_ufrag(ufrag, self.place_of(index));
        let publications = self.publish(index, tracks, worker, now);
        self.touch(index, worker);
        self.arrange_all(worker, now);
        self.round = self.round.min(now + ROUND);
        Ok(Reply::Joined {
            answer,
            publications,
        })
    }

    pub(crate) fn offer(
        &mut self,
        id: ParticipantId,
        offer: &str,
        tracks: &[(String, Source)],
        worker: &mut Worker,
        now: Instant,
    ) -> Result<Reply, Refusal> {
        let index = self.find(id)?;
        let offer = worker.read(offer)?;
        let tracks = tracks::checked(tracks, &offer, worker)?;
        let place = self.place_of(index);
        // Whatever becomes of it: a connection that it ends says so.
        self.touch(index, worker);
        let participant = &mut self.participants[index];
        let ufrag = participant.transport.ufrag().to_owned();
        let answer = participant.transport.accept(&offer, now)?;
        if participant.transport.ufrag() != ufrag {
            let renewed = participant.transport.ufrag().to_owned();
            worker.routes.remove_ufrag(&ufrag);
            worker.routes.add_ufrag(renewed, place);
        }
        self.drop_offer(index);
        let publications = self.publish(index, tracks, worker, now);
        self.arrange_all(worker, now);
        Ok(Reply::Answered {
            answer,
            publications,
        })
    }

    pub(crate) fn answer(
        &mut self,
        id: ParticipantId,
        number: u32,
        answer: &str,
        worker: &mut Worker,
        now: Instant,
    ) -> Result<Reply, Refusal> {
        let index = self.find(id)?;
        let place = self.place_of(index);
        let participant = &mut self.participants[index];
        match participant.offering {
            Offering::Waits { number: waits, .. } if waits == number => {}
            Offering::Idle | Offering::Waits { .. } | Offering::Refused { .. } => {
                return Err(Refusal::StaleAnswer);
            }
        }
        touch(participant, place, worker);
        let taken = worker
            .read(answer)
            .and_then(|answer| participant.transport.answer(&answer));
        if let Err(refusal) = taken {
            self.refuse_answer(index, now);
            return Err(refusal);
        }
        participant.offering = Offering::Idle;
        for down in participant.seats.iter_mut().flat_map(Seat::downs) {
            down.is_ready = true;
        }
        participant.is_stale = true;
        self.arrange(index, worker, now);
        self.want_sound(index);
        self.choose(index, now, worker);
        self.ask_keyframes(now, worker);
        Ok(Reply::Done)
    }

    pub(crate) fn view(
        &mut self,
        id: ParticipantId,
        tiles: &[Tile],
        worker: &mut Worker,
        now: Instant,
    ) -> Result<Reply, Refusal> {
        let index = self.find(id)?;
        let mut view = HashMap::default();
        for tile in tiles.iter().take(MOST_TILES) {
            view.insert(tile.publication, (tile.width, tile.height));
        }
        self.participants[index].view = Some(view);
        self.choose(index, now, worker);
        self.ask_keyframes(now, worker);
        Ok(Reply::Done)
    }

    pub(crate) fn silence(
        &mut self,
        id: ParticipantId,
        (source, silenced): (Source, bool),
        worker: &mut Worker,
        now: Instant,
    ) -> Result<Reply, Refusal> {
        let index = self.find(id)?;
        self.participants[index].silence(source, silenced);
        let mut all = self.publications.iter();
        let publication = all
            .find(|(_, one)| one.publisher == index && one.source == source)
            .map(|(publication, _)| publication);
        if let Some(publication) = publication {
            self.publications[publication].silenced = silenced;
            if source == Source::Microphone && silenced {
                self.speakers.left(id);
            }
            self.want_sound_of(publication);
            self.make_stale(publication);
            if !silenced {
                self.arrange_all(worker, now);
            }
        }
        Ok(Reply::Done)
    }

    /// Takes a participant out, and says so to its client.
    pub(crate) fn leave(
        &mut self,
        id: ParticipantId,
        worker: &mut Worker,
        now: Instant,
    ) -> Result<Reply, Refusal> {
        let index = self.find(id)?;
        self.remove(index, worker, now);
        Ok(Reply::Done)
    }

    pub(crate) fn close(&mut self, worker: &mut Worker, now: Instant) {
        while let Some((index, _)) = self.participants.iter().next() {
            self.end(index, worker, now);
        }
    }

    /// Lets everybody go and tells so, however much waits to be told.
    pub(crate) fn give_up(&mut self, worker: &mut Worker, now: Instant) {
        for (_, participant) in &self.participants {
            worker.counters.gone += 1;
            worker.events.push_back(Event::Gone {
                room: self.id,
                participant: participant.id,
                why: GoneWhy::Shed,
            });
        }
        self.close(worker, now);
    }

    fn gone(&mut self, index: usize, why: GoneWhy, worker: &mut Worker, now: Instant) {
        let Some(participant) = self.participants.get(index) else {
            return;
        };
        let participant = participant.id;
        worker.counters.gone += 1;
        worker.tell(Event::Gone {
            room: self.id,
            participant,
            why,
        });
        self.remove(index, worker, now);
    }

    fn remove(&mut self, index: usize, worker: &mut Worker, now: Instant) {
        self.end(index, worker, now);
        self.arrange_all(worker, now);
    }

    /// Takes a participant out and leaves its seats at the others empty.
    fn end(&mut self, index: usize, worker: &mut Worker, now: Instant) {
        let place = self.place_of(index);
        let Some(mut participant) = self.participants.try_remove(index) else {
            return;
        };
        participant.transport.close(now, &mut worker.out);
        worker.out.happenings.clear();
        worker.routes.remove_participant(place);
        if let Some(due) = participant.due {
            worker.due.remove(&(due, place));
        }
        self.speakers.left(participant.id);
        self.publications.retain(|_, one| one.publisher != index);
        for (_, publication) in &mut self.publications {
            publication.seats.retain(|(viewer, _)| *viewer != index);
        }
        for (_, other) in &mut self.participants {
            for seat in &mut other.seats {
                if seat.of.is_some_and(|(publisher, _)| publisher == index) {
                    seat.clear();
                }
            }
        }
    }

    pub(crate) fn count(&self) -> (u64, u64, u64) {
        let subscriptions = self.publications.iter().map(|(_, one)| one.seats.len());
        (
            self.participants.len() as u64,
            self.publications.len() as u64,
            subscriptions.sum::<usize>() as u64,
        )
    }

    /// Works off what a connection tells.
    pub(crate) fn handle_happenings(&mut self, index: usize, worker: &mut Worker, now: Instant) {
        if worker.out.happenings.is_empty() {
            return;
        }
        let mut happenings = std::mem::take(&mut worker.out.happenings);
        for happening in happenings.drain(..) {
            self.handle_happening(index, happening, worker, now);
        }
        worker.out.happenings = happenings;
    }

    fn handle_happening(
        &mut self,
        index: usize,
        happening: Happening,
        worker: &mut Worker,
        now: Instant,
    ) {
        let place = self.place_of(index);
        let (room, Some(participant)) = (self.id, self.participants.get_mut(index)) else {
            return;
        };
        match happening {
            Happening::Media(packet) => self.forward(index, packet, worker, now),
            Happening::Connected => {
                participant.link = Link::Connected;
                participant.heard = now;
                participant.is_stale = true;
                let participant = participant.id;
                worker.tell(Event::Connected { room, participant });
                self.want_sound(index);
                self.choose(index, now, worker);
                self.ask_keyframes(now, worker);
            }
            Happening::Closed => worker.ended.push((room, participant.id)),
            Happening::Proven(path) => worker.routes.add_path(path, place),
            Happening::Forgotten(path) => worker.routes.remove_path(&path, place),
            Happening::UnknownSsrc => worker.counters.dropped.unknown_ssrc += 1,
            Happening::Malformed => worker.counters.dropped.malformed += 1,
            Happening::KeyframeWanted(line) => {
                worker.counters.keyframes_asked += 1;
                self.keyframe_wanted(index, line, worker, now);
            }
            Happening::Estimate(estimate) => {
                let fell = participant
                    .estimate
                    .is_some_and(|before| estimate.0 < before.0 / 20 * 19);
                participant.estimate = Some(estimate);
                participant.is_stale |= fell;
            }
            Happening::Report(report) => {
                participant.recovery.note(report.loss_down, report.rtt);
                self.report(index, report, worker, now);
            }
        }
    }

    /// Takes out a participant whose connection has ended of itself.
    pub(crate) fn end_connection(&mut self, id: ParticipantId, worker: &mut Worker, now: Instant) {
        let Ok(index) = self.find(id) else { return };
        let why = if self.participants[index].is_connected() {
            GoneWhy::Closed
        } else {
            GoneWhy::Failed
        };
        self.gone(index, why, worker, now);
    }
}

/// Takes note that a connection has something to do in this round.
pub(crate) fn touch(participant: &mut Participant, place: Place, worker: &mut Worker) {
    participant.is_touched = true;
    list(participant, place, worker);
}

/// Takes note that a connection's deadline may have changed.
pub(crate) fn list(participant: &mut Participant, place: Place, worker: &mut Worker) {
    if !participant.is_active {
        participant.is_active = true;
        worker.active.push(place);
    }
}
