//! What a client sees on one m-line: a decoder that wants every packet of every frame, and asks for a keyframe when it is stuck.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::camera::{self, Seen};

/// A gap so old is not filled any more.
const GIVEN_UP: Duration = Duration::from_millis(300);
/// Between two keyframe requests.
const SPACING: Duration = Duration::from_millis(500);

/// One m-line of pictures.
#[derive(Debug, Default)]
pub struct Eyes {
    waiting: BTreeMap<u64, Packet>,
    /// The next packet to decode.
    next: Option<u64>,
    /// Packets of the frame that is being put together.
    frame: Option<Seen>,
    stuck: Option<Instant>,
    asked: Option<Instant>,
    pub decoded: Vec<Decoded>,
    pub breaks: Vec<String>,
    pub bytes: u64,
    pub packets: u64,
    pub requests: u32,
}

#[derive(Debug, Clone, Copy)]
struct Packet {
    seen: Seen,
    timestamp: u32,
    marker: bool,
}

/// A frame that was shown.
#[derive(Debug, Clone, Copy)]
pub struct Decoded {
    pub at: Instant,
    pub seen: Seen,
    pub timestamp: u32,
}

impl Eyes {
    pub fn take(&mut self, seq: u64, timestamp: u32, marker: bool, payload: &[u8], now: Instant) {
        self.bytes += payload.len() as u64;
        self.packets += 1;
        let Some(seen) = camera::read_picture(payload) else {
            return self.breaks.push(format!("{seq}: no picture of a lab"));
        };
        if self.next.is_some_and(|next| seq < next) {
            return;
        }
        let packet = Packet {
            seen,
            timestamp,
            marker,
        };
        self.waiting.insert(seq, packet);
        if self.next.is_none() && seen.first && seen.mark.key {
            self.next = Some(seq);
        }
        self.decode(now);
    }

    /// Returns whether a keyframe is to be asked for.
    pub fn is_stuck(&mut self, now: Instant) -> bool {
        self.skip(now);
        let stuck = self
            .stuck
            .is_some_and(|since| now.saturating_duration_since(since) >= GIVEN_UP);
        let asks = stuck
            && self
                .asked
                .is_none_or(|asked| now.saturating_duration_since(asked) >= SPACING);
        if asks {
            self.asked = Some(now);
            self.requests += 1;
        }
        asks
    }

    fn decode(&mut self, now: Instant) {
        while let Some(next) = self.next
            && let Some(packet) = self.waiting.remove(&next)
        {
            self.next = Some(next + 1);
            self.stuck = None;
            self.put_together(packet, now);
        }
        if self.waiting.is_empty() {
            self.stuck = None;
        } else {
            self.stuck.get_or_insert(now);
        }
    }

    fn put_together(&mut self, packet: Packet, now: Instant) {
        let Packet {
            seen,
            timestamp,
            marker,
        } = packet;
        if seen.first {
            self.frame = Some(seen);
            self.check(seen, timestamp);
        }
        if marker && self.frame.take().is_some() {
            self.decoded.push(Decoded {
                at: now,
                seen,
                timestamp,
            });
        }
    }

    /// Without a gap, every frame follows the one before in all its numbers.
    fn check(&mut self, seen: Seen, timestamp: u32) {
        let Some(last) = self.decoded.last() else {
            return;
        };
        let rests = seen.mark.key || seen.picture == (last.seen.picture + 1) & 0x7FFF;
        let forward = timestamp.wrapping_sub(last.timestamp).cast_signed() > 0;
        let newer = seen.picture.wrapping_sub(last.seen.picture) & 0x7FFF;
        let same =
            (seen.mark.person, seen.mark.layer) == (last.seen.mark.person, last.seen.mark.layer);
        if !rests || !forward || !(1..1 << 14).contains(&newer) || (!same && !seen.mark.key) {
            self.breaks
                .push(format!("{last:?} -> {seen:?} {timestamp}"));
        }
    }

    /// Goes on with the next keyframe if what is missing does not come.
    fn skip(&mut self, now: Instant) {
        let given_up = self
            .stuck
            .is_some_and(|since| now.saturating_duration_since(since) >= GIVEN_UP);
        if !given_up {
            return;
        }
        let key = self
            .waiting
            .iter()
            .find(|(_, packet)| packet.seen.first && packet.seen.mark.key);
        if let Some((seq, _)) = key {
            let seq = *seq;
            self.waiting = self.waiting.split_off(&seq);
            self.next = Some(seq);
            self.frame = None;
            self.decode(now);
        }
    }

    /// Returns the frames that were shown in a span of time.
    pub fn shown(&self, from: Instant, to: Instant) -> impl Iterator<Item = &Decoded> {
        self.decoded
            .iter()
            .filter(move |frame| (from..to).contains(&frame.at))
    }

    /// Returns the longest time in a span without a new frame.
    pub fn longest_freeze(&self, from: Instant, to: Instant) -> Duration {
        let times = self.shown(from, to).map(|frame| frame.at);
        let times: Vec<_> = std::iter::once(from)
            .chain(times)
            .chain(std::iter::once(to))
            .collect();
        times
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .max()
            .unwrap_or_default()
    }

    /// Returns the layer that was shown last.
    pub fn layer(&self) -> Option<u8> {
        self.decoded.last().map(|frame| frame.seen.mark.layer)
    }
}
