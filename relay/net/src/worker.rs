//! One worker: a thread that owns its sockets, its streams, its TURN server and its rooms, and carries bytes between them.
//!
//! It works in rounds: wait, read what has come, hand it to the server and the rooms, send what they say. The clock is read once a round; what leaves,
//! leaves at its end.

mod take;

use crate::{
    Counters,
    command::{Command, Shared},
    counters::{Queues, StreamCounters},
    door::Spoken,
    host,
    ingress::Ingress,
    out::Out,
    pace::Pace,
    rings::Incoming,
    sockets::SocketId,
    streams::{MOST, StreamId},
};
use mio::{Events, Poll, Token};
use sfu::Refusal;
use std::{
    collections::VecDeque,
    io,
    num::NonZero,
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use take::take_frames;
use turn::{FiveTuple, Now, Registry, UnixMillis, WorkerId};

/// The token of the waker: no socket's and no stream's.
pub(crate) const WAKER: Token = Token(usize::MAX);

/// Bytes that are read from a stream at once, beside the partial frame that waited for them.
const READ: usize = 1 << 16;

/// How soon is tried again what found somebody reading the counters, or no room for an event.
const AGAIN: Duration = Duration::from_millis(10);

/// How often the host's addresses are read again; they change with its networks.
const SURVEY: Duration = Duration::from_secs(30);

/// How exact a pause is, in nanoseconds: by default the kernel adds 50 µs.
const TIMER_SLACK: NonZero<u64> = NonZero::new(1_000).expect("1,000 is not 0");

/// Commands that are obeyed in one round: whoever joins a room must not hold up who is in one.
const COMMANDS_TURN: usize = 16;

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
    /// What a stream is read into.
    scratch: Box<[u8]>,
    /// Sources that may have more to read; the poll tells of each only once.
    readable: VecDeque<Source>,
    /// There may be more commands.
    commanded: bool,
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
            readable: VecDeque::new(),
            commanded: false,
            ringing: false,
            counters: Counters::default(),
            relayed: 0,
            pace: Pace::new(now),
            surveyed: now,
        };
        work.run()
    }

    /// Closes the streams that have ended, and says so to whom they were.
    fn close_streams(&mut self, now: Now) {
        let Self { out, server, .. } = self;
        while let Some((client, spoken)) = out.streams.close_next() {
            match (spoken, &mut out.rooms) {
                (Spoken::Ice, Some(rooms)) => {
                    rooms.stream_closed(client.client, client.server, now.mono);
                }
                (Spoken::Turn | Spoken::Ice, _) => {
                    server.handle_closed(client, now);
                    out.drain(server);
                }
            }
        }
    }
}

impl Work {
    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut published = true;
        let mut served = Instant::now();
        loop {
            self.wait(&mut events, published, served)?;
            let now = now();
            if self.worker.shared.stop.load(Ordering::Acquire) {
                self.worker.server.stop(now);
                self.worker.out.drain(&mut self.worker.server);
                self.send(now);
                self.worker.shared.counters.publish(self.snapshot());
                return Ok(());
            }
            let before = self.relayed;
            self.note(&events, now);
            self.commanded = self.obey(now);
            self.survey(now);
            self.worker.server.handle_timeout(now);
            self.worker.out.drain(&mut self.worker.server);
            // First what says whose a path is: what comes on it may be waiting in a socket.
            self.ringing = self.hear(now);
            for _ in 0..self.readable.len() {
                if let Some(source) = self.readable.pop_front()
                    && self.read(source, now)
                {
                    self.readable.push_back(source);
                }
            }
            served = self.serve_rooms(now);
            self.send(now);
            published = self.worker.shared.counters.publish(self.snapshot());
            let relayed = self.relayed - before;
            let pause = self.pace.after_round(now.mono, relayed);
            if let Some(pause) = pause.filter(|_| !self.has_more()) {
                thread::sleep(pause);
            }
        }
    }

    /// Waits until something has come or something is due. `served` is the last time that was read: when the rooms did what was due.
    fn wait(&mut self, events: &mut Events, published: bool, served: Instant) -> io::Result<()> {
        let rooms = self.worker.out.rooms.as_ref();
        let deadline = [
            self.worker.server.next_deadline(),
            self.worker.out.streams.next_deadline(),
            rooms.and_then(|rooms| rooms.next_deadline()),
        ];
        let deadline = deadline.into_iter().flatten().min();
        let timeout = if self.has_more() {
            Some(Duration::ZERO)
        } else {
            let untold = rooms.is_some_and(|rooms| rooms.has_untold());
            let again = (!published || untold).then_some(AGAIN);
            let deadline = deadline.map(|deadline| deadline.saturating_duration_since(served));
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

    /// Does what it was told to. Returns whether there may be more.
    fn obey(&mut self, now: Now) -> bool {
        let worker = &mut self.worker;
        for _ in 0..COMMANDS_TURN {
            let Ok(command) = worker.commands.try_recv() else {
                return false;
            };
            worker.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            match command {
                Command::Revoke(session) => worker.server.revoke(&session, now),
                // Who asked may have gone away.
                Command::End(id, answer) => drop(answer.send(worker.server.end(id, now))),
                Command::Ask(ask, answer) => {
                    let answered = match &mut worker.out.rooms {
                        Some(rooms) => rooms.ask(*ask, now.mono),
                        None => Err(Refusal::Unsupported),
                    };
                    drop(answer.send(answered));
                }
                Command::List(answer) => drop(answer.send(worker.server.allocations().collect())),
                Command::Evict(place) => {
                    let server = &worker.server;
                    let settled = |client: &FiveTuple| server.has_allocation(client);
                    worker.out.streams.evict(place, settled);
                }
                Command::Adopt(arrival) => match worker.out.streams.adopt(*arrival, now.mono) {
                    Ok((id, read)) => {
                        // If it takes another's place, what was that one's ends before anything of this one begins.
                        worker.close_streams(now);
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
        true
    }

    fn survey(&mut self, now: Now) {
        if now.mono.saturating_duration_since(self.surveyed) < SURVEY {
            return;
        }
        self.surveyed = now.mono;
        match host::addresses() {
            Ok(host) => self.worker.server.set_host_addresses(host),
            Err(error) => {
                tracing::warn!(%error, "cannot read the host's addresses; the last known ones stay")
            }
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
        self.worker.close_streams(now);
        let out = &mut self.worker.out;
        out.egress.flush(&out.sockets);
        out.rings.wake();
    }

    /// Returns whether something was left for the next round.
    fn has_more(&self) -> bool {
        self.commanded || self.ringing || !self.readable.is_empty()
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
            rooms: out
                .rooms
                .as_ref()
                .map(|rooms| rooms.counters())
                .unwrap_or_default(),
            streams: StreamCounters {
                garbage: streams.garbage,
                idle: streams.idle,
                stuck: streams.stuck,
                strangers: streams.strangers,
                crowded: streams.crowded,
                overflowed: streams.overflowed,
                unread: streams.unread,
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
