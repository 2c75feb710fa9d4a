//! The rooms of one worker: which datagrams are theirs, which are for rooms of other workers, and who hears of their events.
//!
//! What a datagram means, `sfu` says. Here is only whose it is: a connectivity check names the worker in its ufrag, and what comes on a path that such a
//! check has proven to another worker goes there (see [`routes`]). Everything else is for the rooms of this worker, which know their participants.

mod candidates;
mod routes;

pub(crate) use candidates::Candidates;

use crate::rings::{Outgoing, Record};
use routes::Routes;
use sfu::{Ask, Event, Path, Refusal, Reply, Settings, Taken, Transmit, Via};
use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};
use stun::DatagramClass;
use tokio::sync::mpsc::{Sender, error::TrySendError};
use turn::WorkerId;

/// Checks that are handed to other workers in one round: anybody can write one, and what is in a full ring is media.
const MOST_CHECKS: usize = 64;

pub(crate) struct Rooms {
    rooms: sfu::Rooms,
    candidates: Candidates,
    routes: Routes,
    events: Sender<Event>,
    /// An event that found no room in the channel.
    untold: Option<Event>,
    /// Checks that were handed to other workers in this round.
    checks: usize,
    /// Checks that were too many.
    shed: u64,
}

impl Rooms {
    /// Makes the rooms of a worker. `events` hears what they tell.
    pub(crate) fn new(
        settings: Settings,
        candidates: Candidates,
        seed: [u8; 32],
        events: Sender<Event>,
    ) -> Self {
        Self {
            rooms: sfu::Rooms::new(settings, seed),
            candidates,
            routes: Routes::default(),
            events,
            untold: None,
            checks: 0,
            shed: 0,
        }
    }

    /// Returns the path of what came from `remote` to `local`, an address of the host, or for [`Via::Relay`] a media address.
    pub(crate) fn path(&self, via: Via, remote: SocketAddr, local: SocketAddr) -> Path {
        let media = match via {
            Via::Udp | Via::Tcp => self.candidates.meant_by(local),
            Via::Relay => local,
        };
        Path {
            via,
            remote,
            local,
            media,
        }
    }

    /// Does what a room is asked. A bug that this meets ends that room: it may be half changed, and who was in it joins anew.
    pub(crate) fn ask(&mut self, ask: Ask, now: Instant) -> Result<Reply, Refusal> {
        let room = ask.room();
        let rooms = &mut self.rooms;
        let answered = guarded(|| rooms.ask(ask, now));
        answered.unwrap_or_else(|| {
            let closed = guarded(|| rooms.give_up(room, now));
            tracing::error!(
                room = room.0,
                closed = closed.is_some(),
                "a room met a bug and is closed"
            );
            Err(Refusal::NoSuchRoom)
        })
    }

    /// Takes a datagram of a client, or hands it to the worker whose it is. Returns `false` if it is no room's: STUN that is no connectivity check, or
    /// something else than rooms speak.
    pub(crate) fn take(
        &mut self,
        path: &Path,
        datagram: &[u8],
        rings: &mut Outgoing,
        now: Instant,
    ) -> bool {
        let owner = match DatagramClass::of(datagram) {
            DatagramClass::Stun if sfu::is_answer(datagram) => self.routes.owner(path),
            DatagramClass::Stun => match sfu::worker_of_request(datagram).map(WorkerId) {
                None => return false,
                Some(owner) if rings.reach(owner) => {
                    self.checks += 1;
                    if self.checks > MOST_CHECKS {
                        self.shed += 1;
                        return true;
                    }
                    Some(owner)
                }
                Some(_) => None,
            },
            DatagramClass::Dtls | DatagramClass::Rtp => self.routes.owner(path),
            DatagramClass::ChannelData | DatagramClass::Unknown => return false,
        };
        match owner {
            Some(owner) => {
                let path = *path;
                rings.push(owner, &Record::Media { path, datagram });
            }
            None => {
                let taken = self.rooms.handle_datagram(path, datagram, now);
                if taken == Taken::Known {
                    // A check that is right here, on a path that was another worker's.
                    self.routes.forget(path);
                }
            }
        }
        true
    }

    /// Takes a frame of a stream, which the door has given to the worker whose it is.
    pub(crate) fn take_frame(&mut self, path: &Path, frame: &[u8], now: Instant) -> Taken {
        self.rooms.handle_datagram(path, frame, now)
    }

    /// Takes what another worker has handed over for rooms.
    pub(crate) fn take_record(
        &mut self,
        sender: WorkerId,
        record: &Record<'_>,
        rings: &mut Outgoing,
        now: Instant,
    ) {
        match record {
            Record::Media { path, datagram } => {
                let taken = self.rooms.handle_datagram(path, datagram, now);
                match (DatagramClass::of(datagram), taken) {
                    (DatagramClass::Stun, Taken::Known) => rings.push(sender, &Record::Mine(*path)),
                    (DatagramClass::Dtls | DatagramClass::Rtp, Taken::Nobody) => {
                        rings.push(sender, &Record::NotMine(*path));
                    }
                    (_, Taken::Known | Taken::Nobody) => {}
                }
            }
            Record::Mine(path) => self.routes.note(*path, sender, now),
            Record::NotMine(path) => self.routes.forget_of(path, sender),
            Record::Closed(path) => self.rooms.handle_closed(path, now),
            // It is the TURN server's.
            Record::Relayed { .. } => {}
        }
    }

    /// Notes that a stream has ended.
    pub(crate) fn stream_closed(&mut self, remote: SocketAddr, local: SocketAddr, now: Instant) {
        self.rooms
            .handle_closed(&self.path(Via::Tcp, remote, local), now);
    }

    /// Notes that the allocation with this relayed address has ended.
    pub(crate) fn allocation_ended(
        &mut self,
        relayed: SocketAddr,
        rings: &mut Outgoing,
        now: Instant,
    ) {
        for at in 0..self.candidates.as_slice().len() {
            let media = self.candidates.as_slice()[at];
            let path = self.path(Via::Relay, relayed, media);
            match self.routes.forget(&path) {
                Some(owner) => rings.push(owner, &Record::Closed(path)),
                None => self.rooms.handle_closed(&path, now),
            }
        }
    }

    /// Does what is due at the end of a round.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.checks = 0;
        self.rooms.handle_timeout(now);
        self.routes.sweep(now);
    }

    /// Returns the next datagram to send.
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        self.rooms.poll_transmit()
    }

    /// Tells what there is to tell, as far as there is room for it.
    pub(crate) fn tell(&mut self) {
        while let Some(event) = self.untold.take().or_else(|| self.rooms.poll_event()) {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.untold = Some(event);
                    return;
                }
                // Nobody listens, and nobody ever will.
                Err(TrySendError::Closed(_)) => {}
            }
        }
    }

    /// Returns whether events wait for room.
    pub(crate) fn has_untold(&self) -> bool {
        self.untold.is_some()
    }

    /// Returns when [`Rooms::handle_timeout`] has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.rooms.next_deadline()
    }

    pub(crate) fn counters(&self) -> sfu::Counters {
        let mut counters = self.rooms.counters();
        counters.dropped.stranger += self.shed;
        counters
    }
}

/// Returns `None` where it panics: the hook has said where.
fn guarded<T>(asked: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(asked)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rings::between;
    use mio::{Poll, Token, Waker};
    use std::sync::Arc;

    #[test]
    fn checks_for_another_worker_do_not_fill_its_ring() {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let [(mut rings, _), (_, mut other)]: [_; 2] = between(&[Arc::clone(&waker), waker])
            .try_into()
            .ok()
            .unwrap();
        let settings = Settings {
            worker: 0,
            candidates: Vec::new(),
            certificate: sfu::Certificate::generate().unwrap(),
            limits: sfu::Limits::default(),
        };
        let (events, _heard) = tokio::sync::mpsc::channel(1);
        let mut rooms = Rooms::new(settings, Candidates::of([], &[]), [7; 32], events);
        let now = Instant::now();
        let check = b"\0\x01\0\x14\x21\x12\xa4\x42............\0\x06\0\x0f01aaaaaa:theirs\0";
        let local = ([192, 0, 2, 1], 3478).into();
        let mut handed = |rooms: &mut Rooms| {
            for port in 0..1_000 {
                let path = rooms.path(Via::Udp, ([192, 0, 2, 7], port).into(), local);
                assert!(rooms.take(&path, check, &mut rings, now));
            }
            let mut handed = 0;
            while other.next(0).is_some() {
                handed += 1;
            }
            handed
        };
        assert_eq!(handed(&mut rooms), MOST_CHECKS);
        rooms.handle_timeout(now);
        assert_eq!(handed(&mut rooms), MOST_CHECKS);
        let shed = 2 * (1_000 - MOST_CHECKS as u64);
        assert_eq!(rooms.counters().dropped.stranger, shed);
    }
}
