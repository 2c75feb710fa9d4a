//! What people send: packets of pictures and of speech, each with the time at which it left.

use std::time::{Duration, Instant};

/// Pictures in a second.
const RATE: u32 = 30;

/// The most of a picture that one packet carries, in bytes.
const PACKET: usize = 1_100;

/// A keyframe is so many times as large as another picture.
const KEY: usize = 4;

/// Bytes of a packet of speech, and how often one leaves.
const SPEECH: usize = 100;
const SPEECH_PERIOD: Duration = Duration::from_millis(20);

/// Where the time stands in a payload: behind the descriptor and the header of a VP8 picture.
const STAMP: std::ops::Range<usize> = 17..25;

/// An RTP packet without its header.
#[derive(Debug)]
pub(crate) struct Packet {
    /// Extended beyond 16 bits.
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Vec<u8>,
}

impl Packet {
    /// Notes when it leaves, in time since 1970.
    pub(crate) fn stamp(&mut self, now: Duration) {
        self.payload[STAMP].copy_from_slice(&(now.as_nanos() as u64).to_be_bytes());
    }
}

/// Returns when the packet with this payload left, in time since 1970.
pub(crate) fn sent_at(payload: &[u8]) -> Option<Duration> {
    let stamp = payload.get(STAMP)?.first_chunk()?;
    Some(Duration::from_nanos(u64::from_be_bytes(*stamp)))
}

/// One layer of a camera: VP8.
#[derive(Debug)]
pub(crate) struct Pictures {
    kbps: u64,
    /// When the next picture leaves.
    pub(crate) due: Instant,
    /// Whether somebody needs a picture that rests on no other.
    pub(crate) wants_key: bool,
    seq: u64,
    count: u32,
}

impl Pictures {
    pub(crate) fn new(kbps: u64, due: Instant) -> Self {
        Self {
            kbps,
            due,
            wants_key: true,
            seq: 0,
            count: 0,
        }
    }

    /// Returns the packets of the next picture.
    pub(crate) fn next(&mut self) -> impl Iterator<Item = Packet> {
        let key = std::mem::take(&mut self.wants_key);
        let mean = self.kbps as usize * 1_000 / 8 / RATE as usize;
        let size = if key { mean * KEY } else { mean };
        let packets = size.div_ceil(PACKET);
        let length = (size / packets).max(STAMP.end);
        let [high, low] = (self.count as u16 & 0x7FFF).to_be_bytes();
        let tl0 = self.count as u8;
        let timestamp = self.count.wrapping_mul(90_000 / RATE);
        let seq = self.seq;
        self.count += 1;
        self.seq += packets as u64;
        self.due += Duration::from_secs(1) / RATE;
        (0..packets).map(move |at| {
            // RFC 7741: the descriptor with picture id and TL0PICIDX, and of the picture's header whether it rests on others.
            let starts = if at == 0 { 0x10 } else { 0 };
            let mut payload = vec![0x80 | starts, 0xE0, 0x80 | high, low, tl0, 0x20];
            payload.push(u8::from(!key));
            payload.resize(length, 0xA5);
            Packet {
                seq: seq + at as u64,
                timestamp,
                marker: at + 1 == packets,
                payload,
            }
        })
    }
}

/// A microphone whose owner speaks: Opus.
#[derive(Debug)]
pub(crate) struct Speech {
    /// RFC 6464.
    pub(crate) level: i8,
    /// When the next packet leaves.
    pub(crate) due: Instant,
    count: u32,
}

impl Speech {
    pub(crate) fn new(level: i8, due: Instant) -> Self {
        Self {
            level,
            due,
            count: 0,
        }
    }

    /// Returns the next packet.
    pub(crate) fn next(&mut self) -> Packet {
        let count = self.count;
        self.count += 1;
        self.due += SPEECH_PERIOD;
        Packet {
            seq: count.into(),
            timestamp: count.wrapping_mul(960),
            marker: count == 0,
            payload: vec![0x78; SPEECH],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_pictures_has_the_rate_and_a_keyframe_where_one_was_asked_for() {
        let mut pictures = Pictures::new(1_200, Instant::now());
        assert_eq!(pictures.next().filter(|packet| packet.marker).count(), 1);
        let packets: Vec<_> = (0..RATE)
            .flat_map(|_| pictures.next().collect::<Vec<_>>())
            .collect();
        let bytes: usize = packets.iter().map(|packet| packet.payload.len()).sum();
        assert!((145_000..=150_000).contains(&bytes), "{bytes}");
        assert!(
            packets
                .windows(2)
                .all(|pair| pair[1].seq == pair[0].seq + 1)
        );
        assert!(packets.iter().all(|packet| packet.payload[6] == 1));
        pictures.wants_key = true;
        assert!(pictures.next().all(|packet| packet.payload[6] == 0));
    }

    #[test]
    fn a_packet_tells_when_it_left() {
        let at = Duration::from_nanos(1_795_000_000_123_456_789);
        let mut packet = Speech::new(-20, Instant::now()).next();
        packet.stamp(at);
        assert_eq!(sent_at(&packet.payload), Some(at));
        assert_eq!(sent_at(&packet.payload[..20]), None);
    }
}
