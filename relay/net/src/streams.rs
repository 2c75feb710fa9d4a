//! The streams of one worker: clients over TCP and TLS, of TURN and of ICE.
//!
//! Owns the streams, the bytes that wait in them and when they are closed. A slow, silent or hostile client costs bounded memory: a partial frame is at most
//! as long as a frame may be, a queue at most what the limits say, and relayed datagrams that find no room are dropped.

mod stream;

use crate::{
    counters::Traffic,
    door::{Arrival, PlaceId, Spoken, StreamLimits},
    sockets::FIRST_FREE,
};
use mio::{Registry, Token};
use slab::Slab;
use std::{
    collections::{BTreeSet, HashMap},
    io,
    time::Instant,
};
use stream::{Pool, Stream};
use turn::FiveTuple;

pub(crate) use stream::Ending;

/// The longest frame of a client without an allocation, in bytes.
const MOST_BEFORE: usize = stun::MAX_REQUEST;

/// The longest frame of a client with one, in bytes: the most that a length field says, and the header of ChannelData.
pub(crate) const MOST: usize = u16::MAX as usize + stun::ChannelData::HEADER;

/// The longest frame of ICE, in bytes: as much as a datagram may have that is not to be fragmented.
pub(crate) const MOST_ICE: usize = 1500;

/// Bytes that answers may wait beyond what relayed datagrams may: whoever floods a client must not cost it its answers.
const ANSWERS: usize = 4096;

/// Returns how long a frame may be.
pub(crate) fn most(has_allocation: bool) -> usize {
    if has_allocation { MOST } else { MOST_BEFORE }
}

/// Which stream of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId(usize);

impl StreamId {
    /// Returns whose `token` is, if it can be a stream's.
    pub(crate) fn of(token: Token) -> Option<Self> {
        token.0.checked_sub(FIRST_FREE).map(Self)
    }
}

/// What is counted about streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) ingress: Traffic,
    pub(crate) egress: Traffic,
    /// Relayed datagrams that found no room in the queue of a client.
    pub(crate) overflowed: u64,
    /// The same of rooms' datagrams.
    pub(crate) unread: u64,
    pub(crate) garbage: u64,
    pub(crate) strangers: u64,
    pub(crate) crowded: u64,
    pub(crate) idle: u64,
    pub(crate) stuck: u64,
}

pub(crate) struct Streams {
    registry: Registry,
    limits: StreamLimits,
    streams: Slab<Stream>,
    ids: HashMap<FiveTuple, StreamId>,
    pool: Pool,
    /// Those with something to write.
    dirty: Vec<StreamId>,
    /// Those to be closed.
    ending: Vec<StreamId>,
    /// When each is looked at next.
    looks: BTreeSet<(Instant, StreamId)>,
    /// Bytes that wait to be written, in all.
    waiting: usize,
    counted: Counted,
}

impl Streams {
    pub(crate) fn new(registry: Registry, limits: StreamLimits) -> Self {
        Self {
            registry,
            limits,
            streams: Slab::new(),
            ids: HashMap::new(),
            pool: Pool::default(),
            dirty: Vec::new(),
            ending: Vec::new(),
            looks: BTreeSet::new(),
            waiting: 0,
            counted: Counted::default(),
        }
    }

    /// Takes a stream over, and returns what the door had read of it.
    pub(crate) fn adopt(
        &mut self,
        arrival: Arrival,
        now: Instant,
    ) -> io::Result<(StreamId, Vec<u8>)> {
        let entry = self.streams.vacant_entry();
        let id = StreamId(entry.key());
        let five_tuple = arrival.five_tuple;
        let look = now + self.limits.idle;
        let token = Token(FIRST_FREE + id.0);
        let mut stream = Stream::adopt(arrival, &self.registry, token, now, look)?;
        let read = stream.read_before();
        entry.insert(stream);
        // One that is still here has ended unheard: its client has the same port again.
        if let Some(other) = self.ids.insert(five_tuple, id) {
            self.end(other, Ending::Gone);
        }
        self.looks.insert((look, id));
        Ok((id, read))
    }

    /// Returns the five-tuple of a stream that is open.
    pub(crate) fn five_tuple(&self, id: StreamId) -> Option<FiveTuple> {
        let stream = self.streams.get(id.0)?;
        stream.ending.is_none().then_some(stream.five_tuple)
    }

    /// Returns what is spoken on a stream that is open.
    pub(crate) fn spoken(&self, id: StreamId) -> Option<Spoken> {
        let stream = self.streams.get(id.0)?;
        stream.ending.is_none().then_some(stream.spoken)
    }

    /// Puts what has come, behind the partial frame that waited for it, into `scratch`. Returns how many bytes that are, or `None` if nothing has come.
    pub(crate) fn read(&mut self, id: StreamId, scratch: &mut [u8]) -> Option<usize> {
        let stream = self.streams.get_mut(id.0)?;
        match stream.read(scratch) {
            Ok(filled) => Some(filled),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Err(error) => {
                tracing::trace!(%error, "a stream has ended");
                self.end(id, Ending::Gone);
                None
            }
        }
    }

    /// Notes that a whole message of `bytes` came.
    pub(crate) fn heard(&mut self, id: StreamId, bytes: usize, now: Instant) {
        if let Some(stream) = self.streams.get_mut(id.0) {
            stream.heard = now;
            self.counted.ingress.add(stream.five_tuple.transport, bytes);
        }
    }

    /// Keeps the beginning of a frame until more has come.
    pub(crate) fn keep(&mut self, id: StreamId, rest: &[u8]) {
        if let Some(stream) = self.streams.get_mut(id.0) {
            stream.keep(rest, &mut self.pool);
        }
    }

    /// Queues a relayed datagram, or drops it.
    pub(crate) fn relay(&mut self, to: &FiveTuple, parts: [&[u8]; 3]) {
        if let Some(id) = self.ids.get(to).copied()
            && !self.push(id, parts, self.limits.buffered)
        {
            self.counted.overflowed += 1;
        }
    }

    /// Queues a datagram of a room with its length before it (RFC 4571 section 2), or drops it.
    pub(crate) fn send_media(&mut self, to: &FiveTuple, datagram: &[u8]) {
        let Some(id) = self.ids.get(to).copied() else {
            return;
        };
        let length = (datagram.len() as u16).to_be_bytes();
        if datagram.len() > MOST_ICE
            || !self.push(id, [&length, datagram, &[]], self.limits.buffered)
        {
            self.counted.unread += 1;
        }
    }

    /// Queues an answer. A client that leaves no room for it does not read, and is closed.
    pub(crate) fn answer(&mut self, to: &FiveTuple, message: &[u8]) {
        if let Some(id) = self.ids.get(to).copied()
            && !self.push(id, [&[], message, &[]], self.limits.buffered + ANSWERS)
        {
            self.end(id, Ending::Stuck);
        }
    }

    /// Writes what waits in the streams that something was queued for: once each.
    pub(crate) fn flush(&mut self) {
        for at in 0..self.dirty.len() {
            self.write(self.dirty[at]);
        }
        self.dirty.clear();
    }

    /// Writes what waits in a stream.
    pub(crate) fn write(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(id.0) else {
            return;
        };
        stream.dirty = false;
        if stream.ending.is_some() {
            return;
        }
        let before = stream.waiting();
        let written = stream.write(&mut self.pool);
        self.waiting -= before - stream.waiting();
        if let Err(error) = written {
            tracing::trace!(%error, "cannot write to a stream");
            self.end(id, Ending::Gone);
        }
    }

    /// Marks a stream as one to be closed, by [`Streams::close_next`].
    pub(crate) fn end(&mut self, id: StreamId, ending: Ending) {
        let Some(stream) = self.streams.get_mut(id.0) else {
            return;
        };
        if stream.ending.is_some() {
            return;
        }
        stream.ending = Some(ending);
        self.ending.push(id);
        match ending {
            Ending::Gone => {}
            Ending::Garbage => self.counted.garbage += 1,
            Ending::Idle => self.counted.idle += 1,
            Ending::Stuck => self.counted.stuck += 1,
            Ending::Stranger => self.counted.strangers += 1,
            Ending::Crowded => self.counted.crowded += 1,
        }
    }

    /// Closes one of the streams that are to be closed, and returns whose it was and what was spoken on it.
    pub(crate) fn close_next(&mut self) -> Option<(FiveTuple, Spoken)> {
        let id = self.ending.pop()?;
        let stream = self.streams.try_remove(id.0)?;
        let (five_tuple, spoken) = (stream.five_tuple, stream.spoken);
        self.looks.remove(&(stream.look, id));
        self.waiting -= stream.waiting();
        tracing::debug!(%five_tuple, ending = ?stream.ending, "stream closed");
        stream.close(&mut self.pool);
        if self.ids.get(&five_tuple) == Some(&id) {
            self.ids.remove(&five_tuple);
        }
        Some((five_tuple, spoken))
    }

    /// Ends the streams that have had neither an allocation nor a whole message for too long.
    pub(crate) fn end_idle(&mut self, now: Instant, has_allocation: impl Fn(&FiveTuple) -> bool) {
        while let Some((at, id)) = self.looks.first().copied()
            && at <= now
        {
            self.looks.pop_first();
            let Some(stream) = self.streams.get_mut(id.0) else {
                continue;
            };
            let since = if has_allocation(&stream.five_tuple) {
                now
            } else {
                stream.heard
            };
            stream.look = since + self.limits.idle;
            if stream.look > now {
                self.looks.insert((stream.look, id));
            } else {
                self.end(id, Ending::Idle);
            }
        }
    }

    /// Ends the stream with this place, unless it has an allocation or a room.
    pub(crate) fn evict(&mut self, place: PlaceId, has_allocation: impl Fn(&FiveTuple) -> bool) {
        let mut streams = self.streams.iter();
        let Some((id, stream)) = streams.find(|(_, stream)| stream.place.id() == place) else {
            return;
        };
        // A stream of ICE ends with the first frame that is not of a participant.
        if stream.spoken == Spoken::Ice || has_allocation(&stream.five_tuple) {
            stream.place.settles();
        } else {
            self.end(StreamId(id), Ending::Crowded);
        }
    }

    /// Returns when [`Streams::end_idle`] has something to look at.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.looks.first().map(|(at, _)| *at)
    }

    /// Returns what was counted since the start.
    pub(crate) fn counted(&self) -> Counted {
        self.counted
    }

    /// Returns how many bytes wait to be written, in all.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    fn push(&mut self, id: StreamId, parts: [&[u8]; 3], most: usize) -> bool {
        let Some(stream) = self.streams.get_mut(id.0) else {
            return true;
        };
        if !stream.push(parts, most, &mut self.pool) {
            return false;
        }
        if !stream.dirty {
            stream.dirty = true;
            self.dirty.push(id);
        }
        let length = parts.iter().map(|part| part.len()).sum();
        self.waiting += length;
        self.counted.egress.add(stream.five_tuple.transport, length);
        true
    }
}
