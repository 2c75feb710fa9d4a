//! Who sits where: which pair of m-lines carries whose sound and picture to each participant.
//!
//! A seat is offered when it is needed, and kept for the next publisher when its own has left, so that most comings and goings ask for no new offer.

use std::time::Instant;

use super::Room;
use crate::{
    Event,
    participant::{Pair, Seat as Pairing},
    transport::OfferedLine,
    worker::Worker,
};

impl Room {
    /// Gives everybody a seat for everybody.
    pub(super) fn arrange_all(&mut self, worker: &mut Worker, now: Instant) {
        let all: Vec<usize> = self.participants.iter().map(|(index, _)| index).collect();
        for index in &all {
            self.arrange(*index, worker);
        }
        for index in all {
            self.want_sound(index);
            self.participants[index].is_stale = true;
        }
        self.round = self.round.min(now + super::ROUND);
    }

    /// Gives one viewer a seat for everybody who publishes, and offers what is missing.
    pub(super) fn arrange(&mut self, viewer: usize, worker: &mut Worker) {
        let mut missing = self.seat_all(viewer);
        if !missing.is_empty() && self.participants[viewer].offered.is_none() {
            self.offer_seats(viewer, missing.len(), worker);
            missing = self.seat_all(viewer);
        }
        // Who found no seat gets one with the next offer, after the answer to this one.
        drop(missing);
        self.tell_seats(viewer, worker);
    }

    /// Seats whoever finds a free one; returns who does not.
    fn seat_all(&mut self, viewer: usize) -> Vec<(usize, Pair)> {
        let mut present: Vec<(usize, Pair)> = Vec::new();
        for (_, publication) in &self.publications {
            let of = (publication.publisher, Pair::of(publication.source));
            if publication.publisher != viewer && !present.contains(&of) {
                present.push(of);
            }
        }
        present.sort_by_key(|(publisher, pair)| {
            (Pair::ALL.iter().position(|one| one == pair), *publisher)
        });
        let participant = &mut self.participants[viewer];
        let mut missing = Vec::new();
        for of in present {
            let (publisher, pair) = of;
            let seat = participant
                .seat_of(publisher, pair)
                .or_else(|| participant.free_seat());
            match seat {
                Some(seat) => participant.seats[seat].of = Some(of),
                None => missing.push(of),
            }
        }
        self.settle_seats(viewer);
        missing
    }

    /// Ties m-lines and publications together as the seats are.
    pub(super) fn settle_seats(&mut self, viewer: usize) {
        let participant = &mut self.participants[viewer];
        for (index, publication) in &mut self.publications {
            let of = (publication.publisher, Pair::of(publication.source));
            publication.seats.retain(|(other, _)| *other != viewer);
            if let Some(seat) = participant.seat_of(of.0, of.1) {
                publication.seats.push((viewer, seat));
                let is_video = publication.source.is_video();
                let down = participant.seats[seat].down(is_video);
                if down.publication != Some(index) {
                    down.clear();
                    down.publication = Some(index);
                }
            }
        }
    }

    fn offer_seats(&mut self, viewer: usize, seats: usize, worker: &mut Worker) {
        let room = self.id;
        let participant = &mut self.participants[viewer];
        let mut lines: Vec<[OfferedLine; 2]> = Vec::with_capacity(seats);
        let Some(offer) = participant.transport.offer(seats, &mut lines) else {
            return;
        };
        let new = lines.into_iter();
        participant
            .seats
            .extend(new.map(|lines| Pairing::new(lines, &mut worker.random)));
        let number = participant.next_offer;
        participant.next_offer += 1;
        participant.offered = Some(number);
        worker.tell(Event::Offer {
            room,
            participant: participant.id,
            number,
            offer,
        });
        self.touch(viewer, worker);
    }

    /// Takes back the seats of an offer that was not answered.
    pub(super) fn drop_offer(&mut self, viewer: usize) {
        let participant = &mut self.participants[viewer];
        if participant.offered.take().is_some() {
            participant.seats.retain(|seat| seat.is_ready);
            self.settle_seats(viewer);
        }
    }

    fn tell_seats(&mut self, viewer: usize, worker: &mut Worker) {
        let mut seats = Vec::new();
        for seat in &self.participants[viewer].seats {
            for down in [&seat.sound, &seat.picture] {
                let Some(publication) = down.publication.and_then(|one| self.publications.get(one))
                else {
                    continue;
                };
                seats.push(crate::Seat {
                    mid: down.mid.clone(),
                    publication: publication.id,
                    publisher: self.participants[publication.publisher].id,
                    source: publication.source,
                });
            }
        }
        let participant = &mut self.participants[viewer];
        if participant.told_seats != seats {
            participant.told_seats.clone_from(&seats);
            worker.tell(Event::Seats {
                room: self.id,
                participant: participant.id,
                seats,
            });
        }
    }
}
