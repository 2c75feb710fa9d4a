//! What a client sends: pictures in VP8 packets and speech in Opus packets, each with a mark by which a receiver knows whose and which it is.

use std::time::{Duration, Instant};

/// The mark of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The place of the client in its lab.
    pub person: u8,
    pub layer: u8,
    /// The running number of the frame in its layer.
    pub frame: u32,
    pub key: bool,
    /// Microseconds after the lab's start.
    pub captured: u64,
}

const MARK: usize = 15;

impl Mark {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend([self.person, self.layer, u8::from(self.key)]);
        to.extend(self.frame.to_be_bytes());
        to.extend(self.captured.to_be_bytes());
    }

    fn read(from: &[u8]) -> Option<Self> {
        let from: &[u8; MARK] = from.first_chunk()?;
        Some(Self {
            person: from[0],
            layer: from[1],
            key: from[2] != 0,
            frame: u32::from_be_bytes(from[3..7].try_into().ok()?),
            captured: u64::from_be_bytes(from[7..].try_into().ok()?),
        })
    }
}

/// One layer of a picture.
#[derive(Debug)]
pub struct Layer {
    pub kbps: u64,
    /// Whether the publisher sends it.
    pub on: bool,
    pub wants_key: bool,
    pub keyframes: u32,
    frame: u32,
    picture: u16,
    tl0: u8,
    /// Extended, of RTP.
    pub seq: u64,
    timestamp_base: u32,
    next: Instant,
}

/// A packet to send.
pub struct Outgoing {
    pub seq: u64,
    pub timestamp: u32,
    pub marker: bool,
    pub payload: Vec<u8>,
}

const FRAME: Duration = Duration::from_millis(40);
const PAYLOAD: usize = 1100;
/// A keyframe is so many times as large as another.
const KEY: u64 = 5;

impl Layer {
    /// `seed` makes the numbers begin anywhere.
    pub fn new(kbps: u64, seed: u64, now: Instant) -> Self {
        Self {
            kbps,
            on: true,
            wants_key: true,
            keyframes: 0,
            frame: 0,
            picture: seed as u16 & 0x7FFF,
            tl0: (seed >> 16) as u8,
            seq: seed >> 24 & 0x7FFF,
            timestamp_base: (seed >> 32) as u32,
            next: now,
        }
    }

    pub fn next(&self) -> Instant {
        self.next
    }

    /// Returns the packets of the next frame.
    pub fn frame(&mut self, person: u8, layer: u8, start: Instant, now: Instant) -> Vec<Outgoing> {
        let captured = self.next;
        self.next = captured + FRAME;
        if !self.on {
            // Whoever switches it on again begins with a keyframe.
            self.wants_key = true;
            return Vec::new();
        }
        let key = std::mem::take(&mut self.wants_key);
        self.keyframes += u32::from(key);
        self.frame += 1;
        self.picture = (self.picture + 1) & 0x7FFF;
        self.tl0 = self.tl0.wrapping_add(1);
        let since = (captured - start).as_micros() as u64;
        let mark = Mark {
            person,
            layer,
            frame: self.frame,
            key,
            captured: since,
        };
        let mean = self.kbps * 1000 / 8 * FRAME.as_millis() as u64 / 1000;
        let size = if key { mean * KEY } else { mean } as usize;
        let packets = size.div_ceil(PAYLOAD).max(1);
        let timestamp = self.timestamp_base.wrapping_add((since * 90 / 1000) as u32);
        debug_assert!(now >= captured);
        (0..packets)
            .map(|at| {
                self.seq += 1;
                let first = if at == 0 { 0x10 } else { 0 };
                let [high, low] = self.picture.to_be_bytes();
                let mut payload = vec![0x80 | first, 0xE0, 0x80 | high, low, self.tl0, 0x20];
                payload.push(u8::from(!key));
                mark.write(&mut payload);
                payload.resize((size / packets).max(payload.len()), 0xA5);
                Outgoing {
                    seq: self.seq,
                    timestamp,
                    marker: at + 1 == packets,
                    payload,
                }
            })
            .collect()
    }
}

/// What a viewer reads of a packet of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub mark: Mark,
    /// Whether the frame begins here.
    pub first: bool,
    pub picture: u16,
    pub tl0: u8,
}

/// Reads a packet of a picture.
pub fn read_picture(payload: &[u8]) -> Option<Seen> {
    let [head, _, high, low, tl0, ..] = payload else {
        return None;
    };
    Some(Seen {
        mark: Mark::read(payload.get(7..)?)?,
        first: head & 0x10 != 0,
        picture: u16::from_be_bytes([high & 0x7F, *low]),
        tl0: *tl0,
    })
}

/// A microphone.
#[derive(Debug)]
pub struct Microphone {
    /// RFC 6464.
    pub level: i8,
    pub on: bool,
    /// Whether each packet carries the one before it again.
    pub redundant: bool,
    frame: u32,
    pub seq: u64,
    timestamp_base: u32,
    next: Instant,
    before: Option<Vec<u8>>,
}

pub const SPEECH_FRAME: Duration = Duration::from_millis(20);

impl Microphone {
    pub fn new(redundant: bool, seed: u64, now: Instant) -> Self {
        Self {
            level: -30,
            on: true,
            redundant,
            frame: 0,
            seq: seed & 0x7FFF,
            timestamp_base: (seed >> 32) as u32,
            next: now,
            before: None,
        }
    }

    pub fn next(&self) -> Instant {
        self.next
    }

    /// Returns the next packet: Opus, with the block before it.
    pub fn frame(&mut self, person: u8, start: Instant) -> Option<(Outgoing, Option<Vec<u8>>)> {
        let captured = self.next;
        self.next += SPEECH_FRAME;
        if !self.on {
            self.before = None;
            return None;
        }
        self.frame += 1;
        self.seq += 1;
        let since = (captured - start).as_micros() as u64;
        let mark = Mark {
            person,
            layer: 0,
            frame: self.frame,
            key: false,
            captured: since,
        };
        let mut payload = Vec::new();
        mark.write(&mut payload);
        payload.resize(80, 0x5A);
        let before = self.before.replace(payload.clone());
        let timestamp = self.timestamp_base.wrapping_add((since * 48 / 1000) as u32);
        let packet = Outgoing {
            seq: self.seq,
            timestamp,
            marker: false,
            payload,
        };
        Some((packet, before))
    }
}

/// Reads a frame of speech.
pub fn read_speech(payload: &[u8]) -> Option<Mark> {
    Mark::read(payload)
}
