//! One worker: a thread that owns its sockets, its streams and its TURN server, and carries bytes between them.
//!
//! It works in rounds: wait, read what has come, hand it to the server, send what that says. The clock is read once a round; what leaves, leaves at its end.

use crate::{
    Counters,
    command::{Command, Shared},
    counters::{Queues, StreamCounters},
    door::canonical,
    ingress::{BATCH, Ingress},
    out::Out,
    pace::Pace,
    rings::Incoming,
    sockets::SocketId,
    streams::{Ending, MOST, StreamId, most},
};
use mio::{Events, Poll, Token};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    num::NonZero,
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use stun::{DatagramClass, stream::Next};
use turn::{
    Family, FiveTuple, Now, PeerAddr, Registry, RelayedPort, Transport, UnixMillis, WorkerId,
};

/// The token of the waker: no socket's and no stream's.
pub(crate) const WAKER: Token = Token(usize::MAX);

/// Batches that one socket may hand over in one round, so that it cannot keep the others waiting.
const SOCKET_TURN: usize = 16;

/// Reads that one stream may have in one round.
const STREAM_TURN: usize = 4;

/// Bytes that one ring may hand over in one round.
const RING_TURN: usize = 1 << 17;

/// Bytes that are read from a stream at once, beside the partial frame that waited for them.
const READ: usize = 1 << 16;

/// How soon counters are tried again if somebody was reading them.
const PUBLISH_AGAIN: Duration = Duration::from_millis(10);

/// How often the host's addresses are read again; they change with its networks.
const SURVEY: Duration = Duration::from_secs(30);

/// How exact a pause is, in nanoseconds: by default the kernel adds 50 µs.
const TIMER_SLACK: NonZero<u64> = NonZero::new(1_000).expect("1,000 is not 0");

/// Where there may be more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Socket(SocketId),
    Stream(StreamId),
}

pub(crate) struct Worker {
    pub(crate) id: WorkerId,
    pub(crate) poll: Poll,
    pub(crate) server: turn::Server,
    pub(crate) registry: Arc<Registry>,
    pub(crate) out: Out,
    pub(crate) incoming: Incoming,
    pub(crate) commands: Receiver<Command>,
    pub(crate) shared: Arc<Shared>,
}

/// A worker at work.
struct Work {
    worker: Worker,
    ingress: Ingress,
    /// What a stream is read into, and what an insider sends.
    scratch: Box<[u8]>,
    payload: Vec<u8>,
    /// Sources that may have more to read; the poll tells of each only once.
    readable: VecDeque<Source>,
    /// A ring has more to hand over.
    ringing: bool,
    counters: Counters,
    /// Datagrams to be relayed that have come. Requests do not count: who waits for an answer sends nothing meanwhile; nor do streams, which gather
    /// by themselves.
    relayed: u64,
    pace: Pace,
    surveyed: Instant,
}

impl Worker {
    /// Works until it is told to stop.
    ///
    /// # Errors
    /// The poll's, after which nothing can be heard any more.
    pub(crate) fn run(self) -> io::Result<()> {
        if let Err(error) = rustix::thread::set_current_timer_slack(Some(TIMER_SLACK)) {
            tracing::debug!(%error, "pauses will be longer than they should");
        }
        let now = Instant::now();
        let work = Work {
            worker: self,
            ingress: Ingress::new(),
            scratch: vec![0; MOST + READ].into(),
            payload: Vec::new(),
            readable: VecDeque::new(),
            ringing: false,
            counters: Counters::default(),
            relayed: 0,
            pace: Pace::new(now),
            surveyed: now,
        };
        work.run()
    }
}

impl Work {
    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut published = true;
        let mut round = Instant::now();
        loop {
            self.wait(&mut events, published, round)?;
            let now = now();
            round = now.mono;
            if self.worker.shared.stop.load(Ordering::Acquire) {
                self.worker.server.stop(now);
                self.worker.out.drain(&mut self.worker.server);
                self.send(now);
                self.worker.shared.counters.publish(self.snapshot());
                return Ok(());
            }
            let before = self.relayed;
            self.note(&events, now);
            self.obey(now);
            self.survey(now);
            self.worker.server.handle_timeout(now);
            self.worker.out.drain(&mut self.worker.server);
            for _ in 0..self.readable.len() {
                if let Some(source) = self.readable.pop_front()
                    && self.read(source, now)
                {
                    self.readable.push_back(source);
                }
            }
            self.ringing = self.hear(now);
            self.look_inside(now);
            self.send(now);
            published = self.worker.shared.counters.publish(self.snapshot());
            let relayed = self.relayed - before;
            let pause = self.pace.after_round(now.mono, relayed);
            if let Some(pause) = pause.filter(|_| !self.has_more()) {
                thread::sleep(pause);
            }
        }
    }

    /// Waits until something has come or something is due. `round` is when the last round began.
    fn wait(&mut self, events: &mut Events, published: bool, round: Instant) -> io::Result<()> {
        let inside = self.worker.out.inside.as_ref();
        let deadline = [
            self.worker.server.next_deadline(),
            self.worker.out.streams.next_deadline(),
            inside.and_then(|inside| inside.next_deadline()),
        ];
        let deadline = deadline.into_iter().flatten().min();
        let timeout = if self.has_more() {
            Some(Duration::ZERO)
        } else {
            let again = (!published).then_some(PUBLISH_AGAIN);
            let deadline = deadline.map(|deadline| deadline.saturating_duration_since(round));
            [deadline, again].into_iter().flatten().min()
        };
        match self.worker.poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    /// Notes what the poll says.
    fn note(&mut self, events: &Events, now: Now) {
        let left = self.readable.len();
        for event in events {
            let token = event.token();
            let source = if token == WAKER {
                continue;
            } else if let Some(id) = SocketId::of(token) {
                if let (SocketId::Relay(port), true) = (id, event.is_error()) {
                    let out = &mut self.worker.out;
                    out.egress.fetch_icmp(&out.sockets, port);
                }
                Source::Socket(id)
            } else if let Some(id) = StreamId::of(token) {
                if event.is_writable() {
                    self.worker.out.streams.write(id);
                }
                Source::Stream(id)
            } else {
                continue;
            };
            if !self.readable.range(..left).any(|other| *other == source) {
                self.readable.push_back(source);
            }
        }
        self.worker.out.hand_icmp(&mut self.worker.server, now);
    }

    fn obey(&mut self, now: Now) {
        let worker = &mut self.worker;
        while let Ok(command) = worker.commands.try_recv() {
            worker.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            match command {
                Command::Revoke(session) => worker.server.revoke(&session, now),
                // Who asked may have gone away.
                Command::End(id, answer) => drop(answer.send(worker.server.end(id, now))),
                Command::List(answer) => drop(answer.send(worker.server.allocations().collect())),
                Command::Adopt(arrival) => match worker.out.streams.adopt(*arrival, now.mono) {
                    Ok((id, read)) => {
                        self.scratch[..read.len()].copy_from_slice(&read);
                        if take_frames(worker, id, &self.scratch[..read.len()], now) {
                            self.readable.push_back(Source::Stream(id));
                        }
                    }
                    Err(error) => tracing::warn!(%error, "cannot watch a stream"),
                },
            }
            worker.out.drain(&mut worker.server);
        }
    }

    fn survey(&mut self, now: Now) {
        if now.mono.saturating_duration_since(self.surveyed) < SURVEY {
            return;
        }
        self.surveyed = now.mono;
        match host_addresses() {
            Ok(host) => self.worker.server.set_host_addresses(host),
            Err(error) => {
                tracing::warn!(%error, "cannot read the host's addresses; the last known ones stay")
            }
        }
    }

    /// Hands over what `source` has received. Returns whether there may be more.
    fn read(&mut self, source: Source, now: Now) -> bool {
        match source {
            Source::Socket(id) => self.read_socket(id, now),
            Source::Stream(id) => (0..STREAM_TURN).all(|_| {
                let filled = self.worker.out.streams.read(id, &mut self.scratch);
                filled.is_some_and(|filled| {
                    let bytes = &self.scratch[..filled];
                    take_frames(&mut self.worker, id, bytes, now)
                })
            }),
        }
    }

    fn read_socket(&mut self, id: SocketId, now: Now) -> bool {
        let mut failed = 0;
        for _ in 0..SOCKET_TURN {
            let Some(socket) = self.worker.out.sockets.get(id) else {
                return false;
            };
            let local = socket.local_addr();
            let messages = match self.ingress.receive(socket) {
                Ok(messages) => messages,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => {
                    tracing::debug!(%error, "cannot receive");
                    failed += 1;
                    continue;
                }
            };
            for at in 0..messages {
                match id {
                    SocketId::Listener(_) => self.take_from_clients(at, local, now),
                    SocketId::Relay(port) => self.take_from_peers(at, port, now),
                }
            }
            if messages < BATCH {
                return false;
            }
        }
        // A socket that does nothing but fail waits for its next event, and does not keep the thread busy.
        failed < SOCKET_TURN
    }

    fn take_from_clients(&mut self, at: usize, local: SocketAddr, now: Now) {
        let (meta, datagrams) = self.ingress.message(at);
        let server = meta.dst_ip.unwrap_or(local.ip()).to_canonical();
        let from = FiveTuple {
            transport: Transport::Udp,
            client: canonical(meta.addr),
            server: SocketAddr::new(server, local.port()),
        };
        let worker = &mut self.worker;
        for datagram in datagrams {
            self.counters.ingress.add(Transport::Udp, datagram.len());
            match DatagramClass::of(datagram) {
                DatagramClass::Stun | DatagramClass::ChannelData => {}
                DatagramClass::Dtls | DatagramClass::Rtp | DatagramClass::Unknown => {
                    self.counters.unknown += 1;
                    continue;
                }
            }
            if let Some(to_peer) = worker.server.handle_client(from, datagram, now) {
                self.relayed += 1;
                worker.out.send_to_peer(to_peer, datagram, now);
            }
            worker.out.drain(&mut worker.server);
        }
    }

    fn take_from_peers(&mut self, at: usize, port: RelayedPort, now: Now) {
        let (meta, datagrams) = self.ingress.message(at);
        let from = PeerAddr::from(meta.addr);
        for datagram in datagrams {
            self.relayed += 1;
            self.counters.ingress.add(Transport::Udp, datagram.len());
            let Worker { server, out, .. } = &mut self.worker;
            take_from_peer(server, out, (port, from), datagram, now);
        }
    }

    /// Takes what other workers have handed over. Returns whether there is more.
    fn hear(&mut self, now: Now) -> bool {
        let Worker {
            incoming,
            server,
            out,
            ..
        } = &mut self.worker;
        let mut more = false;
        for ring in 0..incoming.rings() {
            let waiting = incoming.waiting(ring);
            more |= waiting > RING_TURN;
            let mut left = waiting.min(RING_TURN);
            while left > 0
                && let Some((port, from, payload, taken)) = incoming.next(ring)
            {
                left = left.saturating_sub(taken);
                self.relayed += 1;
                take_from_peer(server, out, (port, from), payload, now);
            }
        }
        more
    }

    /// Lets the inside do what is due, and sends what it has to send.
    fn look_inside(&mut self, now: Now) {
        let worker = &mut self.worker;
        let Some(inside) = &mut worker.out.inside else {
            return;
        };
        if inside
            .next_deadline()
            .is_some_and(|deadline| deadline <= now.mono)
        {
            inside.handle_timeout(now.mono);
        }
        loop {
            self.payload.clear();
            let inside = worker.out.inside.as_mut();
            let Some((from, to)) =
                inside.and_then(|inside| inside.poll_transmit(&mut self.payload))
            else {
                return;
            };
            self.relayed += 1;
            worker.take_from_inside(from, to, &self.payload, now);
        }
    }

    /// Sends what waits, tells the server what that brought to light, and closes what has ended.
    fn send(&mut self, now: Now) {
        let Worker { out, server, .. } = &mut self.worker;
        out.streams
            .end_idle(now.mono, |client| server.has_allocation(client));
        out.egress.flush(&out.sockets);
        out.hand_icmp(server, now);
        out.streams.flush();
        while let Some(client) = out.streams.close_next() {
            server.handle_closed(client, now);
            out.drain(server);
        }
        out.egress.flush(&out.sockets);
        out.rings.wake();
    }

    /// Returns whether something was left for the next round.
    fn has_more(&self) -> bool {
        self.ringing || !self.readable.is_empty()
    }

    fn snapshot(&self) -> Counters {
        let Worker {
            out,
            server,
            shared,
            ..
        } = &self.worker;
        let (sent, streams) = (out.egress.sent(), out.streams.counted());
        let mut counters = Counters {
            turn: server.counters(),
            ingress: streams.ingress,
            egress: streams.egress,
            unsent: sent.failed,
            overflowed: out.rings.dropped(),
            astray: out.astray,
            streams: StreamCounters {
                garbage: streams.garbage,
                idle: streams.idle,
                stuck: streams.stuck,
                overflowed: streams.overflowed,
                ..StreamCounters::default()
            },
            queues: Queues {
                commands: shared.waiting.load(Ordering::Relaxed),
                rings: out.rings.waiting() as u64,
                streams: out.streams.waiting() as u64,
            },
            ..self.counters
        };
        counters.ingress += self.counters.ingress;
        counters.egress.udp.packets += sent.datagrams;
        counters.egress.udp.bytes += sent.bytes;
        counters
    }
}

impl Worker {
    /// Takes a datagram from the inside to a relayed address, on whichever worker that is.
    fn take_from_inside(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8], now: Now) {
        let on = RelayedPort {
            family: Family::of(to.ip()),
            port: to.port(),
        };
        let from = PeerAddr::from(from);
        match self.registry.worker_of(on) {
            Some(worker) if worker == self.id => {
                take_from_peer(&mut self.server, &mut self.out, (on, from), payload, now);
            }
            Some(worker) => self.out.rings.push(worker, on, from, payload),
            None => self.out.astray += 1,
        }
    }
}

/// Takes a payload that came to a relayed port from a peer.
fn take_from_peer(
    server: &mut turn::Server,
    out: &mut Out,
    (on, from): (RelayedPort, PeerAddr),
    payload: &[u8],
    now: Now,
) {
    if let Some(to) = server.handle_peer(on, from, payload, now) {
        out.send_to_client(&to, payload);
    }
    out.drain(server);
}

/// Hands the whole frames in `bytes` to the server, and keeps the rest for later. Returns whether the stream goes on.
fn take_frames(worker: &mut Worker, id: StreamId, bytes: &[u8], now: Now) -> bool {
    let mut rest = bytes;
    loop {
        // An answer that found no room may have ended it.
        let Some(from) = worker.out.streams.five_tuple(id) else {
            return false;
        };
        let most = most(worker.server.has_allocation(&from));
        match stun::stream::next(rest, most) {
            Ok(Next::Frame { length, padding }) => {
                let frame = &rest[..length];
                worker.out.streams.heard(id, length, now.mono);
                if let Some(to_peer) = worker.server.handle_client(from, frame, now) {
                    worker.out.send_to_peer(to_peer, frame, now);
                }
                worker.out.drain(&mut worker.server);
                rest = &rest[length + padding..];
            }
            Ok(Next::Missing { .. }) => {
                worker.out.streams.keep(id, rest);
                return true;
            }
            Err(error) => {
                tracing::debug!(%error, "a stream carries no TURN");
                worker.out.streams.end(id, Ending::Garbage);
                return false;
            }
        }
    }
}

/// Returns every address of the host.
pub(crate) fn host_addresses() -> io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?
        .iter()
        .map(|interface| interface.ip().to_canonical())
        .collect())
}

fn now() -> Now {
    // A clock before 1970 makes every nonce stale, which is as it should be.
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        mono: Instant::now(),
        unix: UnixMillis(unix.as_millis() as u64),
    }
}
