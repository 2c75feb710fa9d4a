//! One track that goes up: its layers as they come, and who is sent it.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::{
    Bitrate, PublicationId, Source,
    allowance::Allowance,
    bitrate::{HEADERS, Meter},
    description::Line,
    keyframes::Keyframes,
    rewrite::StreamKey,
    transport::Codec,
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
        let rate = limit.0 / 8;
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
            allowance: Allowance::new(rate, rate * BURST.as_secs(), now),
            wanted: Wanted {
                told: all_of(layers),
                fewer_since: None,
            },
        }
    }

    /// Returns whether a packet with a payload of so many bytes is within the publication's limit; it counts then, with its headers.
    pub(crate) fn allows(&mut self, payload: usize, now: Instant) -> bool {
        self.allowance.take(payload as u64 + HEADERS, now)
    }

    /// Returns whether a viewer needs an m-line for it: none as long as there is no picture.
    pub(crate) fn needs_line(&self) -> bool {
        !self.source.is_video() || !self.silenced
    }

    /// Returns which layer a stream is.
    pub(crate) fn layer_of(&self, stream: Option<StreamKey>) -> Option<u8> {
        let mut layers = self.layers.iter();
        let layer = layers.position(|layer| stream.is_some() && layer.key == stream)?;
        Some(layer as u8)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, clock::start};

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
    fn a_publication_gets_its_rate_and_a_burst_of_2_s_headers_included() {
        let now = start();
        let payload = 1_000 - HEADERS as usize;
        let mut publication = publication(now);
        let mut taken = |at| {
            let packets = 0..1_000;
            packets.filter(|_| publication.allows(payload, at)).count()
        };
        assert_eq!(taken(now), 200);
        assert_eq!(taken(now + Duration::from_millis(100)), 10);
    }

    #[test]
    fn music_in_stereo_that_is_sent_twice_is_within_the_limit_of_sound() {
        let now = start();
        let limit = Limits::default().audio_bitrate;
        let line = (Line(0), "0".to_owned());
        let id = PublicationId(1);
        let mut music = Publication::new(id, 0, line, Source::ScreenAudio, 1, limit, now);
        let payload = 5 + 2 * 128_000 / 8 / 50;
        let all =
            (0..50 * 60).all(|at| music.allows(payload, now + Duration::from_millis(20 * at)));
        assert!(all);
    }

    #[test]
    fn a_stream_of_tiny_packets_is_no_more_than_their_headers_allow() {
        let now = start();
        let mut publication = publication(now);
        let mut taken = 0;
        for micros in 0..1_000_000 {
            taken += u64::from(publication.allows(1, now + Duration::from_micros(micros)));
        }
        assert!(taken <= 300_000 / HEADERS, "{taken}");
    }
}
