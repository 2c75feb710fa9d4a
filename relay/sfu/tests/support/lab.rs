//! A room full of clients.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sfu::{
    Ask, Certificate, Event, Limits, ParticipantId, Path, PublicationId, Refusal, Reply, RoomId,
    Rooms, Seat, Settings, Source, Tile, Via, VideoState,
};

use str0m::net::Protocol;

use super::client::{Client, Devices};
use super::ears::Ears;
use super::eyes::Eyes;
use super::link::{Conditions, Link, Random};

pub const ROOM: RoomId = RoomId(1);
/// So many datagrams are remembered.
const TAPPED: usize = 2_048;
/// Where our socket is, and under which address clients know it.
const LOCAL: &str = "10.0.0.1:3478";
const MEDIA: &str = "203.0.113.1:3478";

/// Rooms, and people with their links.
pub struct Lab {
    pub rooms: Rooms,
    pub start: Instant,
    pub now: Instant,
    pub people: Vec<Person>,
    pub events: Vec<(Instant, Event)>,
    /// Whether our offers are not answered.
    pub is_deaf: bool,
    /// What the last datagrams to the rooms were, of whoever.
    pub tapped: VecDeque<Vec<u8>>,
    random: Random,
    joined: u128,
}

pub struct Person {
    pub participant: ParticipantId,
    pub client: Client,
    pub up: Link,
    pub down: Link,
    pub address: SocketAddr,
    pub seats: Vec<Seat>,
    pub videos: BTreeMap<PublicationId, VideoState>,
    pub publications: Vec<(String, PublicationId)>,
}

impl Lab {
    pub fn new(seed: u64) -> Self {
        Self::with(seed, Limits::default())
    }

    pub fn with(seed: u64, limits: Limits) -> Self {
        let settings = Settings {
            worker: 0,
            candidates: vec![MEDIA.parse().expect("an address")],
            certificate: Certificate::generate().expect("randomness"),
            limits,
        };
        let now = start();
        Self {
            rooms: Rooms::new(settings, [seed as u8; 32]),
            start: now,
            now,
            people: Vec::new(),
            events: Vec::new(),
            is_deaf: false,
            tapped: VecDeque::new(),
            random: Random(seed),
            joined: 0,
        }
    }

    /// Lets somebody join with these devices. Returns its place in the lab.
    pub fn join(&mut self, devices: &Devices) -> usize {
        self.try_join(devices).expect("room for one more")
    }

    pub fn try_join(&mut self, devices: &Devices) -> Result<usize, Refusal> {
        self.join_silenced(devices, &[])
    }

    /// Lets somebody join of whom nothing of these sources is to be forwarded.
    pub fn join_silenced(
        &mut self,
        devices: &Devices,
        silenced: &[Source],
    ) -> Result<usize, Refusal> {
        let at = self.people.len();
        self.joined += 1;
        let participant = ParticipantId(self.joined);
        let address = SocketAddr::from(([198, 51, 100, at as u8 + 1], 40_000 + at as u16));
        let seed = self.random.next();
        let mut client = Client::new(at as u8, address, Protocol::Udp, self.start, seed, self.now);
        let (offer, tracks) = client.publish(devices, self.now);
        let ask = Ask::Join {
            room: ROOM,
            participant,
            silenced: silenced.to_vec(),
            offer,
            tracks,
        };
        let Reply::Joined {
            answer,
            publications,
        } = self.rooms.ask(ask, self.now)?
        else {
            panic!("another reply to a join");
        };
        client.take_answer(&answer, self.now);
        let mut link = || Link::new(self.random.next(), self.now);
        self.people.push(Person {
            participant,
            client,
            up: link(),
            down: link(),
            address,
            seats: Vec::new(),
            videos: BTreeMap::new(),
            publications,
        });
        Ok(at)
    }

    /// Lets somebody publish more.
    pub fn publish(&mut self, person: usize, devices: &Devices) {
        let (offer, tracks) = self.people[person].client.publish(devices, self.now);
        self.offer(person, offer, tracks);
    }

    pub fn restart_ice(&mut self, person: usize) {
        let (offer, tracks) = self.people[person].client.restart_ice();
        self.offer(person, offer, tracks);
    }

    fn offer(&mut self, person: usize, offer: String, tracks: Vec<(String, Source)>) {
        let participant = self.people[person].participant;
        let ask = Ask::Offer {
            room: ROOM,
            participant,
            offer,
            tracks,
        };
        match self.rooms.ask(ask, self.now) {
            Ok(Reply::Answered {
                answer,
                publications,
            }) => {
                self.people[person].publications = publications;
                self.people[person].client.take_answer(&answer, self.now);
            }
            other => panic!("{other:?}"),
        }
    }

    /// Moves somebody to another network, and offers new ICE credentials from there.
    pub fn move_to(&mut self, person: usize, address: SocketAddr) {
        self.people[person].address = address;
        self.people[person].client.move_to(address);
        self.restart_ice(person);
    }

    pub fn leave(&mut self, person: usize) {
        let participant = self.people[person].participant;
        let ask = Ask::Leave {
            room: ROOM,
            participant,
        };
        self.rooms.ask(ask, self.now).expect("somebody who is here");
        self.people[person].client.ended = true;
    }

    /// Somebody's device dies: nothing is said.
    pub fn vanish(&mut self, person: usize) {
        self.people[person].client.ended = true;
    }

    /// Shows these pictures of these people, and no others.
    pub fn view(&mut self, person: usize, tiles: &[(usize, Source, u16, u16)]) {
        let tiles = tiles
            .iter()
            .map(|(publisher, source, width, height)| Tile {
                publication: self.publication(*publisher, *source),
                width: *width,
                height: *height,
            })
            .collect();
        let ask = Ask::View {
            room: ROOM,
            participant: self.people[person].participant,
            tiles,
        };
        self.rooms.ask(ask, self.now).expect("a view");
    }

    pub fn silence(&mut self, person: usize, source: Source, silenced: bool) {
        let ask = Ask::Silence {
            room: ROOM,
            participant: self.people[person].participant,
            source,
            silenced,
        };
        self.rooms.ask(ask, self.now).expect("a publisher");
    }

    pub fn publication(&self, person: usize, source: Source) -> PublicationId {
        let person = &self.people[person];
        let sending = person
            .client
            .sending
            .iter()
            .find(|sending| sending.source == source)
            .expect("a publication");
        let named = person
            .publications
            .iter()
            .find(|(mid, _)| *mid == sending.mid.to_string());
        named.expect("a name for it").1
    }

    /// All offers of ours to somebody, by their numbers.
    pub fn offers_to(&self, person: usize) -> Vec<(u32, String)> {
        let id = self.people[person].participant;
        let offers = self.events.iter().filter_map(|(_, event)| {
            if let Event::Offer {
                participant,
                number,
                offer,
                ..
            } = event
            {
                (*participant == id).then(|| (*number, offer.clone()))
            } else {
                None
            }
        });
        offers.collect()
    }

    /// What somebody sees of somebody else's picture.
    pub fn eyes(&self, viewer: usize, publisher: usize, source: Source) -> &Eyes {
        let publication = self.publication(publisher, source);
        let person = &self.people[viewer];
        let seat = person
            .seats
            .iter()
            .find(|seat| seat.publication == publication)
            .expect("a seat");
        let seen = person.client.eyes.iter();
        seen.filter(|(mid, _)| mid.to_string() == seat.mid)
            .map(|(_, eyes)| eyes)
            .next()
            .expect("a picture")
    }

    pub fn ears(&self, listener: usize, publisher: usize) -> &Ears {
        let publication = self.publication(publisher, Source::Microphone);
        let person = &self.people[listener];
        let seat = person
            .seats
            .iter()
            .find(|seat| seat.publication == publication)
            .expect("a seat");
        let heard = person.client.ears.iter();
        heard
            .filter(|(mid, _)| mid.to_string() == seat.mid)
            .map(|(_, ears)| ears)
            .next()
            .expect("a sound")
    }

    /// The part of somebody's speech of a span of time that came to somebody else in time.
    pub fn speech(&self, listener: usize, publisher: usize, from: Instant, to: Instant) -> f64 {
        let ears = self.ears(listener, publisher);
        ears.share(publisher as u8, self.start, from, to)
    }

    /// What a viewer was told of a picture last.
    pub fn video(&self, viewer: usize, publisher: usize, source: Source) -> Option<VideoState> {
        let publication = self.publication(publisher, source);
        self.people[viewer].videos.get(&publication).copied()
    }

    /// Both ways of somebody's link.
    pub fn link(&mut self, person: usize, conditions: Conditions) {
        self.people[person].up.conditions = conditions;
        self.people[person].down.conditions = conditions;
    }

    /// Lets time go on. Returns the span.
    pub fn run(&mut self, span: Duration) -> (Instant, Instant) {
        let (from, end) = (self.now, self.now + span);
        while self.now < end {
            let next = self.next().max(self.now + Duration::from_millis(1));
            self.now = next.min(end);
            self.step();
        }
        (from, end)
    }

    /// Lets time go on until something holds; at most for so long.
    pub fn run_until(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let from = self.now;
        while !holds(self) {
            assert!(self.now - from < limit, "not within {limit:?}");
            self.now = self.next().max(self.now + Duration::from_millis(1));
            self.step();
        }
        self.now - from
    }

    fn next(&self) -> Instant {
        let people = self.people.iter().flat_map(|person| {
            [
                Some(person.client.next()),
                person.up.next(),
                person.down.next(),
            ]
        });
        people
            .chain([self.rooms.next_deadline()])
            .flatten()
            .min()
            .unwrap_or(self.now + Duration::from_secs(1))
    }

    fn step(&mut self) {
        let now = self.now;
        for person in &mut self.people {
            person.client.work(now);
            for (to, datagram) in std::mem::take(&mut person.client.out) {
                if to == MEDIA.parse().expect("an address") {
                    person.up.send(datagram, now);
                }
            }
            let path = path(person.address);
            while let Some(datagram) = person.up.take(now) {
                self.rooms.handle_datagram(&path, &datagram, now);
                self.tapped.truncate(TAPPED - 1);
                self.tapped.push_front(datagram);
            }
        }
        self.rooms.handle_timeout(now);
        self.send();
        while let Some(event) = self.rooms.poll_event() {
            self.take(event);
        }
        for person in &mut self.people {
            while let Some(datagram) = person.down.take(now) {
                if !person.client.ended {
                    let from = MEDIA.parse().expect("an address");
                    person.client.receive(from, &datagram, now);
                }
            }
        }
    }

    fn send(&mut self) {
        let places: HashMap<_, _> = self
            .people
            .iter()
            .enumerate()
            .map(|(at, person)| (person.address, at))
            .collect();
        while let Some(transmit) = self.rooms.poll_transmit() {
            assert_eq!(transmit.path, path(transmit.path.remote), "another path");
            if let Some(at) = places.get(&transmit.path.remote) {
                self.people[*at]
                    .down
                    .send(transmit.payload.to_vec(), self.now);
            }
        }
    }

    fn take(&mut self, event: Event) {
        let now = self.now;
        self.events.push((now, event.clone()));
        let Some(at) = self.place(&event) else {
            return;
        };
        let person = &mut self.people[at];
        match event {
            Event::Offer { .. } if self.is_deaf => {}
            Event::Offer { number, offer, .. } => {
                let ask = Ask::Answer {
                    room: ROOM,
                    participant: person.participant,
                    number,
                    answer: person.client.answer(&offer, now),
                };
                match self.rooms.ask(ask, now) {
                    Ok(Reply::Done) | Err(Refusal::StaleAnswer) => {}
                    other => panic!("{other:?}"),
                }
            }
            Event::Seats { seats, .. } => person.seats = seats,
            Event::Video {
                publication, state, ..
            } => {
                person.videos.insert(publication, state);
            }
            Event::Layers {
                publication,
                wanted,
                ..
            } => {
                let mid = person
                    .publications
                    .iter()
                    .find(|(_, named)| *named == publication)
                    .map(|(mid, _)| mid.clone());
                let sending = person.client.sending.iter();
                let source = sending
                    .filter(|sending| Some(sending.mid.to_string()) == mid)
                    .map(|sending| sending.source)
                    .next();
                if let Some(source) = source {
                    for (at, layer) in person.client.layers(source).enumerate() {
                        layer.on = wanted >> at & 1 == 1;
                    }
                }
            }
            Event::Connected { .. }
            | Event::Lost { .. }
            | Event::Back { .. }
            | Event::Gone { .. }
            | Event::Speakers { .. }
            | Event::Quality { .. }
            | Event::First { .. } => {}
        }
    }

    /// Whom an event concerns.
    fn place(&self, event: &Event) -> Option<usize> {
        let participant = match event {
            Event::Offer { participant, .. }
            | Event::Seats { participant, .. }
            | Event::Connected { participant, .. }
            | Event::Lost { participant, .. }
            | Event::Back { participant, .. }
            | Event::Gone { participant, .. }
            | Event::Video { participant, .. }
            | Event::Layers { participant, .. }
            | Event::Quality { participant, .. }
            | Event::First { participant, .. } => *participant,
            Event::Speakers { .. } => return None,
        };
        self.people
            .iter()
            .position(|person| person.participant == participant && !person.client.ended)
    }
}

pub fn path(remote: SocketAddr) -> Path {
    Path {
        via: Via::Udp,
        remote,
        local: LOCAL.parse().expect("an address"),
        media: MEDIA.parse().expect("an address"),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "there is no other way to a first `Instant`"
)]
pub fn start() -> Instant {
    Instant::now()
}
