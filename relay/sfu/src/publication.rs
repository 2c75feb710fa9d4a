//! One track that goes up: its layers as they come, and who is sent it.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::{
    Bitrate, PublicationId, Source, bitrate::Meter, description::Line, keyframes::Keyframes,
    rewrite::StreamKey, transport::Codec,
};

/// A layer that nobody watches any more is told so late: people look away and back.
const LET_GO: Duration = Duration::from_secs(2);

/// How far above its limit a publication may be for a moment: a keyframe is large.
const BURST: Duration = Duration::from_secs(2);

/// Bits for each layer.
pub(crate) type LayerSet = u8;

#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) id: PublicationId,
    /// The publisher's place in the room.
    pub(crate) publisher: usize,
    pub(crate) line: Line,
    pub(crate) mid: String,
    pub(crate) source: Source,
    /// Silenced by itself or by a moderator.
    pub(crate) silenced: bool,
    /// What came last.
    pub(crate) codec: Option<Codec>,
    /// The smallest first.
    pub(crate) layers: SmallVec<[Layer; 3]>,
    /// Who has a seat for it: the viewer's place in the room, and the seat's at the viewer.
    pub(crate) seats: Vec<(usize, usize)>,
    /// Of sound: whether it is among the loudest.
    pub(crate) audible: bool,
    allowance: Allowance,
    wanted: Wanted,
}

/// One simulcast encoding.
#[derive(Debug)]
pub(crate) struct Layer {
    ssrc: Option<u32>,
    /// The stream that it is at present.
    pub(crate) key: Option<StreamKey>,
    pub(crate) meter: Meter,
    pub(crate) keyframes: Keyframes,
    /// Whether it lived when it was looked at last.
    pub(crate) lived: bool,
}

/// Which layers the publisher has been told to send.
#[derive(Debug)]
struct Wanted {
    told: LayerSet,
    /// Since when fewer are wanted than told.
    fewer_since: Option<Instant>,
}

/// Bytes that may still come.
#[derive(Debug)]
struct Allowance {
    left: u64,
    rate: Bitrate,
    since: Instant,
}

impl Publication {
    pub(crate) fn new(
        id: PublicationId,
        publisher: usize,
        (line, mid): (Line, String),
        source: Source,
        layers: usize,
        limit: Bitrate,
        now: Instant,
    ) -> Self {
        let layers = layers.max(1);
        Self {
            id,
            publisher,
            line,
            mid,
            source,
            silenced: false,
            codec: None,
            layers: (0..layers).map(|_| Layer::new()).collect(),
            seats: Vec::new(),
            audible: false,
            allowance: Allowance::new(limit, now),
            wanted: Wanted {
                told: all_of(layers),
                fewer_since: None,
            },
        }
    }

    /// Returns whether a packet of so many bytes is within the publication's limit; it counts then.
    pub(crate) fn allows(&mut self, bytes: usize, now: Instant) -> bool {
        self.allowance.take(bytes as u64, now)
    }

    /// Returns what the publisher is to be told, if that is news: more at once, less after a while.
    pub(crate) fn want(&mut self, wanted: LayerSet, now: Instant) -> Option<LayerSet> {
        let wanted = wanted & all_of(self.layers.len());
        let told = self.wanted.told;
        if wanted & !told != 0 {
            // What is let go of on the way out stays on until its time.
            self.wanted.told |= wanted;
            self.wanted.fewer_since = (self.wanted.told != wanted).then_some(now);
            return Some(self.wanted.told);
        }
        if wanted == told {
            self.wanted.fewer_since = None;
            return None;
        }
        let since = *self.wanted.fewer_since.get_or_insert(now);
        if now.saturating_duration_since(since) < LET_GO {
            return None;
        }
        self.wanted.told = wanted;
        self.wanted.fewer_since = None;
        Some(wanted)
    }
}

fn all_of(layers: usize) -> LayerSet {
    ((1_u16 << layers) - 1) as LayerSet
}

impl Layer {
    fn new() -> Self {
        Self {
            ssrc: None,
            key: None,
            meter: Meter::new(),
            keyframes: Keyframes::default(),
            lived: false,
        }
    }

    /// Takes note of the SSRC of a packet. Returns whether the stream is another than before.
    pub(crate) fn is_new_stream(&mut self, ssrc: u32, next: &mut u64) -> bool {
        if self.ssrc == Some(ssrc) {
            return false;
        }
        self.ssrc = Some(ssrc);
        self.key = Some(StreamKey(*next));
        *next += 1;
        true
    }
}

impl Allowance {
    fn new(rate: Bitrate, now: Instant) -> Self {
        Self {
            left: most(rate),
            rate,
            since: now,
        }
    }

    fn take(&mut self, bytes: u64, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_micros() as u64;
        let earned = passed.saturating_mul(self.rate.0) / 8_000_000;
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(most(self.rate));
            self.since = now;
        }
        let enough = self.left >= bytes;
        if enough {
            self.left -= bytes;
        }
        enough
    }
}

fn most(rate: Bitrate) -> u64 {
    rate.0 / 8 * BURST.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::start;

    fn publication(now: Instant) -> Publication {
        let line = (Line(0), "0".to_owned());
        Publication::new(
            PublicationId(1),
            0,
            line,
            Source::Camera,
            3,
            Bitrate(800_000),
            now,
        )
    }

    #[test]
    fn a_layer_that_somebody_wants_is_told_at_once_and_one_that_nobody_does_after_2_s() {
        let now = start();
        let mut publication = publication(now);
        assert_eq!(publication.want(0b001, now), None);
        assert_eq!(
            publication.want(0b001, now + Duration::from_millis(1_999)),
            None
        );
        assert_eq!(publication.want(0b001, now + LET_GO), Some(0b001));
        assert_eq!(publication.want(0b011, now + LET_GO), Some(0b011));
        assert_eq!(publication.want(0b001, now + LET_GO), None);
        assert_eq!(publication.want(0b011, now + 2 * LET_GO), None);
        assert_eq!(publication.want(0b001, now + 3 * LET_GO), None);
    }

    #[test]
    fn a_publication_gets_its_rate_and_a_burst_of_2_s() {
        let now = start();
        let mut publication = publication(now);
        let taken = (0..1_000)
            .filter(|_| publication.allows(1_000, now))
            .count();
        assert_eq!(taken, 200);
        let later = now + Duration::from_millis(100);
        let taken = (0..1_000)
            .filter(|_| publication.allows(1_000, later))
            .count();
        assert_eq!(taken, 10);
    }

    #[test]
    fn a_stream_of_many_tiny_packets_earns_its_rate_too() {
        let now = start();
        let mut publication = publication(now);
        let mut taken = 0;
        for micros in 0..1_000_000 {
            taken += usize::from(publication.allows(1, now + Duration::from_micros(micros)));
        }
        assert!((290_000..=301_000).contains(&taken), "{taken}");
    }
}
