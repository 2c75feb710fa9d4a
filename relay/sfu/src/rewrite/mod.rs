//! What a receiver sees of one subscription: one stream without a break, whatever streams it is made of one after the other.
//!
//! Owns the sequence numbers, timestamps and picture numbers that go down, and the moment at which one stream gives way to another: a layer to
//! another layer, a publisher to the next one on the same seat, nothing to something. Knows neither why that is wanted nor how anything is sent.
//!
//! - A picture changes streams only where a keyframe of the wanted one begins; the old one goes on until then. Sound changes at any packet.
//! - What is missing in the source is missing below as well, under the same distance, so that whoever asks for it again can be given it.
//! - No number is given twice, ever: each makes one SRTP nonce (RFC 3711 section 8.2).

mod seen;

use std::collections::VecDeque;
use std::time::Instant;

use crate::descriptor::{Descriptor, Patch};
use seen::Seen;

/// One stream of packets: one layer of a publication for as long as it has its SSRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StreamKey(pub(crate) u64);

/// A packet of a stream. `P` goes through untouched and is cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet<P> {
    pub(crate) stream: StreamKey,
    /// Extended (RFC 3550 appendix A.1).
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    /// Whether a receiver can begin here: sound always, pictures with [`Descriptor::keyframe`].
    pub(crate) starts: bool,
    pub(crate) descriptor: Option<Descriptor>,
    pub(crate) body: P,
}

/// A packet as it goes down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rewritten<P> {
    /// Extended; the first one is below 65,536, as nobody tells a receiver of rollovers before it.
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    /// What the payload needs besides.
    pub(crate) patch: Option<Patch>,
    pub(crate) body: P,
}

/// A source whose numbers jump further than this has begun anew. Half of it would do for a receiver's own extending.
const MAX_JUMP: u64 = 10_000;
/// Packets of the wanted stream that are kept in case that the keyframe's first one comes late: lost and sent again, or overtaken.
const MAX_EARLY: usize = 128;

/// One subscription's continuity.
#[derive(Debug)]
pub(crate) struct Rewriter<P> {
    /// Ticks in a second of all its streams' timestamps.
    clock: u32,
    first_seq: u16,
    wanted: Option<StreamKey>,
    going: Option<Going>,
    last: Option<Last>,
    seen: Seen,
    early: VecDeque<Packet<P>>,
}

/// The stream that goes, and how far its numbers are from ours.
#[derive(Debug, Clone, Copy)]
struct Going {
    stream: StreamKey,
    /// The source's number of the first packet that was taken.
    first: u64,
    /// The source's highest number.
    highest: u64,
    seq: u64,
    timestamp: u32,
    picture: u16,
    tl0: u8,
}

/// The highest numbers that have gone down.
#[derive(Debug, Clone, Copy)]
struct Last {
    seq: u64,
    timestamp: u32,
    at: Instant,
    picture: u16,
    tl0: u8,
}

impl<P: Clone> Rewriter<P> {
    /// Begins with `first_seq`, for streams whose timestamps have `clock` ticks in a second.
    pub(crate) fn new(clock: u32, first_seq: u16) -> Self {
        Self {
            clock,
            first_seq,
            wanted: None,
            going: None,
            last: None,
            seen: Seen::default(),
            early: VecDeque::new(),
        }
    }

    /// Says which stream should go; `None`: nothing at all, from now on.
    pub(crate) fn want(&mut self, stream: Option<StreamKey>) {
        if self.wanted == stream {
            return;
        }
        self.wanted = stream;
        self.early = VecDeque::new();
        if stream.is_none() {
            self.going = None;
        }
    }

    /// Returns the stream that goes.
    pub(crate) fn going(&self) -> Option<StreamKey> {
        self.going.map(|going| going.stream)
    }

    /// Returns the stream whose next keyframe is waited for.
    pub(crate) fn waits(&self) -> Option<StreamKey> {
        self.wanted.filter(|wanted| Some(*wanted) != self.going())
    }

    /// Returns whether packets of `stream` are of any use to [`Self::take`].
    pub(crate) fn takes(&self, stream: StreamKey) -> bool {
        self.wanted == Some(stream) || self.going() == Some(stream)
    }

    /// Takes a packet of a stream and gives what goes down of it to `send`: mostly one packet, none, or with the first of a keyframe all that came before it.
    pub(crate) fn take(
        &mut self,
        packet: &Packet<P>,
        now: Instant,
        send: &mut impl FnMut(Rewritten<P>),
    ) {
        if let Some(going) = self.going
            && going.stream == packet.stream
        {
            if packet.seq.abs_diff(going.highest) <= MAX_JUMP {
                return self.forward(packet, now, send);
            }
            self.going = None;
        }
        if self.wanted != Some(packet.stream) {
            return;
        }
        if !packet.starts {
            if self.early.len() == MAX_EARLY {
                self.early.pop_front();
            }
            self.early.push_back(packet.clone());
            return;
        }
        self.begin(packet, now);
        self.forward(packet, now, send);
        let mut early = std::mem::take(&mut self.early);
        early.make_contiguous().sort_by_key(|packet| packet.seq);
        for packet in early
            .iter()
            .filter(|early| early.seq.abs_diff(packet.seq) < MAX_JUMP)
        {
            self.forward(packet, now, send);
        }
    }

    /// Lets the stream of `packet` go from it on, behind everything that has gone down.
    fn begin(&mut self, packet: &Packet<P>, now: Instant) {
        let (picture, tl0) = numbers(packet.descriptor);
        let first = match self.last {
            None => Last {
                seq: u64::from(self.first_seq),
                timestamp: packet.timestamp,
                at: now,
                picture,
                tl0,
            },
            Some(last) => Last {
                seq: last.seq + 1,
                timestamp: last.timestamp.wrapping_add(self.ticks_since(last.at, now)),
                at: now,
                picture: last.picture.wrapping_add(1),
                tl0: last.tl0.wrapping_add(1),
            },
        };
        self.going = Some(Going {
            stream: packet.stream,
            first: packet.seq,
            highest: packet.seq,
            seq: first.seq.wrapping_sub(packet.seq),
            timestamp: first.timestamp.wrapping_sub(packet.timestamp),
            picture: first.picture.wrapping_sub(picture),
            tl0: first.tl0.wrapping_sub(tl0),
        });
    }

    /// Timestamps go on by the wall clock over a switch, by one tick at least.
    fn ticks_since(&self, then: Instant, now: Instant) -> u32 {
        let micros = now.saturating_duration_since(then).as_micros();
        let ticks = micros * u128::from(self.clock) / 1_000_000;
        // What is above 32 bits goes round, as the timestamps do.
        ((ticks & u128::from(u32::MAX)) as u32).max(1)
    }

    fn forward(&mut self, packet: &Packet<P>, now: Instant, send: &mut impl FnMut(Rewritten<P>)) {
        let Some(going) = &mut self.going else { return };
        // Before the first packet lie the numbers of what went before.
        if packet.seq < going.first {
            return;
        }
        going.highest = going.highest.max(packet.seq);
        let seq = packet.seq.wrapping_add(going.seq);
        if !self.seen.insert(seq) {
            return;
        }
        let timestamp = packet.timestamp.wrapping_add(going.timestamp);
        let (picture, tl0) = numbers(packet.descriptor);
        let picture = picture.wrapping_add(going.picture) & 0x7FFF;
        let tl0 = tl0.wrapping_add(going.tl0);
        self.remember(packet.descriptor, seq, timestamp, picture, tl0, now);
        send(Rewritten {
            seq,
            timestamp,
            patch: packet
                .descriptor
                .and_then(|descriptor| descriptor.patch(picture, tl0)),
            body: packet.body.clone(),
        });
    }

    fn remember(
        &mut self,
        descriptor: Option<Descriptor>,
        seq: u64,
        timestamp: u32,
        picture: u16,
        tl0: u8,
        now: Instant,
    ) {
        let last = self.last.get_or_insert(Last {
            seq,
            timestamp,
            at: now,
            picture,
            tl0,
        });
        last.seq = last.seq.max(seq);
        // The moment belongs to the newest timestamp, not to what came late.
        if timestamp.wrapping_sub(last.timestamp) < 1 << 31 {
            last.timestamp = timestamp;
            last.at = now;
        }
        let has = |wanted: fn(&Descriptor) -> bool| descriptor.as_ref().is_some_and(wanted);
        if has(|descriptor| descriptor.picture.is_some())
            && picture.wrapping_sub(last.picture) & 0x7FFF < 1 << 14
        {
            last.picture = picture;
        }
        if has(|descriptor| descriptor.tl0.is_some()) && tl0.wrapping_sub(last.tl0) < 1 << 7 {
            last.tl0 = tl0;
        }
    }
}

/// The picture's numbers, 0 where there are none.
fn numbers(descriptor: Option<Descriptor>) -> (u16, u8) {
    let picture = descriptor.and_then(|descriptor| descriptor.picture);
    let tl0 = descriptor.and_then(|descriptor| descriptor.tl0);
    (
        picture.map_or(0, |picture| picture.value),
        tl0.map_or(0, |tl0| tl0.value),
    )
}

#[cfg(test)]
mod tests;
