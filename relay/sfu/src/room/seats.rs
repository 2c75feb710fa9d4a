//! Who sits where: which m-lines carry whose sound and picture to each participant.
//!
//! A line is offered when it is needed, and kept for the next publisher when its own has left, so that most comings and goings ask for no new offer.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::Room;
use crate::{
    Event,
    participant::{Kinds, Offering, Pair, Seat},
    transport::WantedLine,
    worker::Worker,
};

/// What is not answered within so long is told again: the client has lost it, or we its answer.
const UNANSWERED: Duration = Duration::from_secs(10);
/// After an answer that could not be taken, nothing is offered for so long.
const REFUSED: Duration = Duration::from_secs(2);

/// Lines that somebody's seat lacks, or a seat that is not there.
struct Missing {
    seat: Option<usize>,
    lines: Kinds,
}

impl Room {
    /// Gives everybody a seat for everybody.
    pub(super) fn arrange_all(&mut self, worker: &mut Worker, now: Instant) {
        let all: Vec<usize> = self.participants.iter().map(|(index, _)| index).collect();
        for index in &all {
            self.arrange(*index, worker, now);
        }
        for index in all {
            self.want_sound(index);
            self.participants[index].is_stale = true;
        }
        self.round = self.round.min(now + super::ROUND);
    }

    /// Gives one viewer a seat for everybody who publishes, and offers what is missing.
    pub(super) fn arrange(&mut self, viewer: usize, worker: &mut Worker, now: Instant) {
        let missing = self.seat_all(viewer);
        // What is still missing then comes with the next offer, after the answer to this one.
        if !missing.is_empty() && self.participants[viewer].offering == Offering::Idle {
            self.offer_lines(viewer, &missing, worker, now);
            self.seat_all(viewer);
        }
        self.tell_seats(viewer, worker);
    }

    /// Seats whoever finds a place; returns what is missing.
    fn seat_all(&mut self, viewer: usize) -> Vec<Missing> {
        let mut present: Vec<((usize, Pair), Kinds)> = Vec::new();
        for (_, publication) in &self.publications {
            let of = (publication.publisher, Pair::of(publication.source));
            if publication.publisher == viewer || !publication.needs_line() {
                continue;
            }
            let known = present.iter().position(|(other, _)| *other == of);
            let index = known.unwrap_or_else(|| {
                present.push((of, Kinds::default()));
                present.len() - 1
            });
            let needs = &mut present[index].1;
            needs.picture |= publication.source.is_video();
            needs.sound |= !publication.source.is_video();
        }
        present.sort_by_key(|((publisher, pair), _)| {
            (Pair::ALL.iter().position(|one| one == pair), *publisher)
        });
        let participant = &mut self.participants[viewer];
        let mut missing = Vec::new();
        for (of, needs) in present {
            let seat = participant
                .seat_of(of.0, of.1)
                .or_else(|| participant.free_seat(needs));
            let has = seat.map_or_else(Kinds::default, |seat| {
                participant.seats[seat].of = Some(of);
                participant.seats[seat].kinds()
            });
            let lines = needs.without(has);
            if lines.count() > 0 {
                missing.push(Missing { seat, lines });
            }
        }
        self.settle_seats(viewer);
        missing
    }

    /// Ties m-lines and publications together as the seats are.
    fn settle_seats(&mut self, viewer: usize) {
        let participant = &mut self.participants[viewer];
        for (index, publication) in &mut self.publications {
            let of = (publication.publisher, Pair::of(publication.source));
            publication.seats.retain(|(other, _)| *other != viewer);
            let Some(seat) = participant.seat_of(of.0, of.1) else {
                continue;
            };
            if let Some(down) = participant.seats[seat].down(publication.source.is_video()) {
                publication.seats.push((viewer, seat));
                if down.publication != Some(index) {
                    down.clear();
                    down.publication = Some(index);
                }
            }
        }
    }

    fn offer_lines(
        &mut self,
        viewer: usize,
        missing: &[Missing],
        worker: &mut Worker,
        now: Instant,
    ) {
        // Whatever becomes of it: a connection that it ends says so.
        self.touch(viewer, worker);
        let participant = &mut self.participants[viewer];
        let mut wanted = Vec::new();
        for Missing { seat, lines } in missing {
            let seat = seat.map_or(participant.next_seat, |seat| participant.seats[seat].number);
            participant.next_seat = participant.next_seat.max(seat + 1);
            let kinds = [(lines.sound, false), (lines.picture, true)];
            let kinds = kinds.into_iter().filter(|(is_missing, _)| *is_missing);
            wanted.extend(kinds.map(|(_, is_video)| WantedLine { seat, is_video }));
        }
        let mut lines = Vec::with_capacity(wanted.len());
        let Some(offer) = participant.transport.offer(&wanted, &mut lines) else {
            return;
        };
        for (WantedLine { seat, is_video }, line) in wanted.into_iter().zip(lines) {
            let seats = &mut participant.seats;
            let known = seats.iter().position(|known| known.number == seat);
            let index = known.unwrap_or_else(|| {
                seats.push(Seat::new(seat));
                seats.len() - 1
            });
            seats[index].add(line, is_video, &mut worker.random);
        }
        let number = participant.next_offer;
        participant.next_offer += 1;
        let until = now + UNANSWERED;
        participant.offering = Offering::Waits {
            number,
            offer: offer.clone(),
            until,
        };
        worker.tell(Event::Offer {
            room: self.id,
            participant: participant.id,
            number,
            offer,
        });
    }

    /// Takes back the lines of an offer that was not answered.
    pub(super) fn drop_offer(&mut self, viewer: usize) {
        let participant = &mut self.participants[viewer];
        participant.transport.withdraw();
        participant.offering = Offering::Idle;
        participant.seats.retain_mut(Seat::keep_ready);
        self.settle_seats(viewer);
    }

    /// An answer could not be taken: what was offered is offered again in a while.
    pub(super) fn refuse_answer(&mut self, viewer: usize, now: Instant) {
        self.drop_offer(viewer);
        let until = now + REFUSED;
        self.participants[viewer].offering = Offering::Refused { until };
    }

    /// Tells again what was not answered in time, and offers anew what was answered badly.
    pub(super) fn offer_again(&mut self, worker: &mut Worker, now: Instant) {
        let mut refused: SmallVec<[usize; 4]> = SmallVec::new();
        for (viewer, participant) in &mut self.participants {
            match &mut participant.offering {
                Offering::Waits {
                    number,
                    offer,
                    until,
                } if *until <= now => {
                    *until = now + UNANSWERED;
                    worker.tell(Event::Offer {
                        room: self.id,
                        participant: participant.id,
                        number: *number,
                        offer: offer.clone(),
                    });
                }
                Offering::Refused { until } if *until <= now => {
                    participant.offering = Offering::Idle;
                    refused.push(viewer);
                }
                Offering::Idle | Offering::Waits { .. } | Offering::Refused { .. } => {}
            }
        }
        for viewer in refused {
            self.arrange(viewer, worker, now);
        }
    }

    fn tell_seats(&mut self, viewer: usize, worker: &mut Worker) {
        let mut seats = Vec::new();
        for seat in &self.participants[viewer].seats {
            for down in seat.sound.iter().chain(&seat.picture) {
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
