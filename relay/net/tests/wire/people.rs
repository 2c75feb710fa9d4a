//! People in a room: clients of `sfu`'s tests over real sockets, in real time.

use crate::{
    sfu_support::{
        client::{Client, Devices},
        eyes::Eyes,
        millis,
    },
    support::{self, Wire, tcp},
};
use net::{Relay, RoomError};
use sfu::{Ask, Event, ParticipantId, Reply, RoomId};
use socket2::{Domain, Socket, Type};
use std::{
    cell::RefCell,
    io::{ErrorKind, Read, Write},
    mem,
    net::{SocketAddr, TcpStream, UdpSocket},
    ops::Range,
    thread,
    time::{Duration, Instant},
};
use str0m::net::Protocol;
use stun::{ChannelData, stream::Next};
use tokio::{runtime::Runtime, sync::mpsc::Receiver};

/// How long may take what depends on how fast the estimate of a link grows, on a host that has other things to do.
const PATIENCE: Duration = Duration::from_secs(40);

/// The channel that every relayed client has bound to the media address.
const CHANNEL: u16 = 0x4000;

/// A room and everybody in it.
pub(crate) struct Room {
    pub(crate) id: RoomId,
    pub(crate) relay: Relay,
    /// What clients are told.
    pub(crate) media: SocketAddr,
    /// Where that is.
    pub(crate) address: SocketAddr,
    pub(crate) people: Vec<Person>,
    pub(crate) events: Vec<Event>,
    heard: Receiver<Event>,
    runtime: Runtime,
    start: Instant,
}

pub(crate) struct Person {
    pub(crate) participant: ParticipantId,
    pub(crate) client: Client,
    pub(crate) way: Way,
}

/// How somebody's datagrams get to the media address.
pub(crate) enum Way {
    Udp(UdpSocket),
    /// ICE-TCP, and what has come of the next frame.
    Tcp(TcpStream, Vec<u8>),
    /// An allocation of this relay over UDP.
    Relayed(support::Client),
    /// … over TCP, and what has come of the next frame.
    RelayedTcp(support::Client, TcpStream, Vec<u8>),
    /// ICE-TCP, but nothing is read.
    Deaf(TcpStream),
}

impl Room {
    pub(crate) fn new(id: u128, mut relay: Relay) -> Self {
        let address = relay.local_addrs()[0];
        Self {
            id: RoomId(id),
            media: address,
            address,
            heard: relay.rooms_events().unwrap(),
            relay,
            people: Vec::new(),
            events: Vec::new(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
            start: Instant::now(),
        }
    }

    pub(crate) fn ask(&self, ask: Ask) -> Result<Reply, RoomError> {
        self.runtime.block_on(self.relay.handle().room(ask))
    }

    /// Lets somebody in whose datagrams take this way. Returns the place among the people.
    pub(crate) fn join(&mut self, way: Way, devices: &Devices) -> usize {
        let (place, now) = (self.people.len(), Instant::now());
        let (address, protocol) = match &way {
            Way::Udp(socket) => (socket.local_addr().unwrap(), Protocol::Udp),
            Way::Tcp(stream, _) | Way::Deaf(stream) => {
                (stream.local_addr().unwrap(), Protocol::Tcp)
            }
            Way::Relayed(client) | Way::RelayedTcp(client, ..) => {
                let relayed = client.allocate().unwrap();
                client.bind(CHANNEL, self.media).unwrap();
                (relayed, Protocol::Udp)
            }
        };
        way.do_not_wait();
        let seed = place as u64 + 1;
        let mut client = Client::new(place as u8, address, protocol, self.start, seed, now);
        let (offer, tracks) = client.publish(devices, now);
        let participant = ParticipantId(place as u128);
        let ask = Ask::Join {
            room: self.id,
            participant,
            silenced: Vec::new(),
            offer,
            tracks,
        };
        let Ok(Reply::Joined { answer, .. }) = self.ask(ask) else {
            panic!("not let in");
        };
        client.take_answer(&answer, Instant::now());
        self.people.push(Person {
            participant,
            client,
            way,
        });
        place
    }

    /// Lets somebody who is here over TCP read nothing any more.
    pub(crate) fn deafen(&mut self, place: usize) {
        let way = &mut self.people[place].way;
        if let Way::Tcp(stream, _) = way {
            *way = Way::Deaf(stream.try_clone().unwrap());
        }
    }

    pub(crate) fn leave(&mut self, place: usize) {
        let (room, participant) = (self.id, self.people[place].participant);
        let left = self.ask(Ask::Leave { room, participant });
        assert_eq!(left, Ok(Reply::Done));
    }

    /// Lets everybody go on until something holds.
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            let counters = || self.relay.handle().counters();
            assert!(start.elapsed() < PATIENCE, "{what}: {:?}", counters());
            self.step();
        }
    }

    /// Waits until everybody hears everybody else.
    pub(crate) fn until_all_hear(&mut self) {
        self.until("everybody hears everybody", |room| {
            room.pairs().all(|(one, other)| room.hears(one, other) > 10)
        });
    }

    /// Waits until everybody hears everybody else, and somebody sees each of these. Whom a picture is sent depends on what its link seems to carry.
    pub(crate) fn until_all_hear_and_see(&mut self, shown: Range<usize>) {
        self.until_all_hear();
        self.until("each picture is seen", |room| {
            let mut shown = shown.clone();
            shown.all(|shown| (0..room.people.len()).any(|viewer| room.sees(viewer, shown) > 5))
        });
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let all = 0..self.people.len();
        let pairs = all
            .clone()
            .flat_map(move |one| all.clone().map(move |other| (one, other)));
        pairs.filter(|(one, other)| one != other)
    }

    /// Returns how many frames of somebody's speech somebody has heard.
    pub(crate) fn hears(&self, listener: usize, speaker: usize) -> usize {
        let ears = self.people[listener].client.ears.values();
        let frames = ears.flat_map(|ears| ears.heard.keys());
        frames
            .filter(|(person, _)| usize::from(*person) == speaker)
            .count()
    }

    /// Returns how many whole pictures of somebody somebody has seen.
    pub(crate) fn sees(&self, viewer: usize, publisher: usize) -> usize {
        let frames = self.people[viewer].eyes().flat_map(|eyes| &eyes.decoded);
        frames
            .filter(|frame| usize::from(frame.seen.mark.person) == publisher)
            .count()
    }

    /// Returns whether an event has come.
    pub(crate) fn was_told(&self, event: &Event) -> bool {
        self.events.contains(event)
    }

    fn step(&mut self) {
        for person in &mut self.people {
            let now = Instant::now();
            if person.client.next() <= now {
                person.client.work(now);
            }
            for (to, datagram) in mem::take(&mut person.client.out) {
                if to == self.media {
                    person.way.send(&datagram, self.address);
                }
            }
            while let Some(datagram) = person.way.receive() {
                person.client.receive(self.media, &datagram, Instant::now());
            }
        }
        while let Ok(event) = self.heard.try_recv() {
            self.take(&event);
            self.events.push(event);
        }
        thread::sleep(millis(1));
    }

    fn take(&mut self, event: &Event) {
        let Event::Offer {
            room,
            participant,
            number,
            offer,
        } = event
        else {
            return;
        };
        let mut people = self.people.iter_mut();
        let Some(person) = people.find(|person| person.participant == *participant) else {
            return;
        };
        let ask = Ask::Answer {
            room: *room,
            participant: *participant,
            number: *number,
            answer: person.client.answer(offer, Instant::now()),
        };
        // A newer offer follows a stale answer, and who has left needs none.
        let _ = self.ask(ask);
    }
}

impl Person {
    fn eyes(&self) -> impl Iterator<Item = &Eyes> {
        self.client.eyes.values()
    }
}

impl Way {
    pub(crate) fn udp() -> Self {
        Self::Udp(support::socket())
    }

    pub(crate) fn tcp(relay: SocketAddr) -> Self {
        let stream = tcp(relay);
        stream.set_nodelay(true).unwrap();
        Self::Tcp(stream, Vec::new())
    }

    /// As [`Way::tcp`], with room for little that has not been read.
    pub(crate) fn narrow_tcp(relay: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(1 << 12).unwrap();
        socket.connect(&relay.into()).unwrap();
        Self::Tcp(socket.into(), Vec::new())
    }

    pub(crate) fn relayed(relay: SocketAddr, session: &str) -> Self {
        Self::Relayed(support::Client::connect(relay, session))
    }

    pub(crate) fn relayed_tcp(relay: SocketAddr, session: &str) -> Self {
        let stream = tcp(relay);
        let wire = Wire::Stream(RefCell::new(Box::new(stream.try_clone().unwrap())));
        let client = support::Client::over(wire, session);
        Self::RelayedTcp(client, stream, Vec::new())
    }

    fn do_not_wait(&self) {
        match self {
            Self::Udp(socket) => socket.set_nonblocking(true),
            Self::Relayed(client) => client.socket().set_nonblocking(true),
            Self::Tcp(stream, _) | Self::RelayedTcp(_, stream, _) => stream.set_nonblocking(true),
            Self::Deaf(_) => Ok(()),
        }
        .unwrap();
    }

    fn send(&mut self, datagram: &[u8], media: SocketAddr) {
        match self {
            Self::Udp(socket) => drop(socket.send_to(datagram, media).unwrap()),
            Self::Tcp(stream, _) | Self::Deaf(stream) => {
                let length = (datagram.len() as u16).to_be_bytes();
                // A stream that the relay has closed says so when it is read.
                let _ = stream.write_all(&[&length, datagram].concat());
            }
            Self::Relayed(client) | Self::RelayedTcp(client, ..) => {
                client.send_channel(CHANNEL, datagram);
            }
        }
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Udp(socket) => datagram(socket),
            Self::Relayed(client) => data(&datagram(client.socket())?),
            Self::Tcp(stream, read) => {
                fill(stream, read);
                let (length, _) = read.split_first_chunk()?;
                let end = 2 + usize::from(u16::from_be_bytes(*length));
                let frame = read.get(2..end)?.to_vec();
                read.drain(..end);
                Some(frame)
            }
            Self::RelayedTcp(_, stream, read) => {
                fill(stream, read);
                match stun::stream::next(read, stun::MAX_MESSAGE).unwrap() {
                    Next::Frame { length, padding } => {
                        let frame = data(&read[..length]);
                        read.drain(..length + padding);
                        frame
                    }
                    Next::Missing { .. } => None,
                }
            }
            Self::Deaf(_) => None,
        }
    }
}

fn datagram(socket: &UdpSocket) -> Option<Vec<u8>> {
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer).ok()?;
    Some(buffer[..length].to_vec())
}

fn data(frame: &[u8]) -> Option<Vec<u8>> {
    let data = ChannelData::parse(frame)?;
    Some(frame[data.payload].to_vec())
}

fn fill(stream: &mut TcpStream, read: &mut Vec<u8>) {
    let mut buffer = [0; 1 << 16];
    match stream.read(&mut buffer) {
        Ok(length) => read.extend_from_slice(&buffer[..length]),
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
    }
}

/// Somebody who speaks and is seen, in one layer.
pub(crate) fn small() -> Devices {
    Devices::microphone().and_camera(&[60])
}
