//! What comes: which RTP is let in at all, whose layer it is, and how much feedback is read.

use std::time::Instant;

use str0m::{media::Pt, rtp::RtpPacket};

use super::{RtcTransport, lines};
use crate::{
    description::Line,
    transport::{Body, Codec, Extensions, Happening, Ingress, Out},
};

/// SSRCs of one client that are let in between two of its offers: four publications of three layers with their retransmissions are 24.
const MOST_SSRCS: usize = 64;

/// RTP payloads above this would not fit into an Ethernet frame with everything around them.
const LONGEST_PAYLOAD: usize = 1_400;

/// RTCP packets in a second that are read. A client sends some 30 of its own accord.
const FEEDBACK_PER_SECOND: f64 = 200.0;
const FEEDBACK_BURST: f64 = 400.0;

/// So much at once, and so much in a second.
pub(super) struct Allowance {
    left: f64,
    since: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            left: FEEDBACK_BURST,
            since: now,
        }
    }

    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.since = now;
        self.left = (self.left + passed * FEEDBACK_PER_SECOND).min(FEEDBACK_BURST);
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

impl RtcTransport {
    pub(super) fn handle_packet(&mut self, packet: RtpPacket, out: &mut Out) {
        let ssrc = *packet.header.ssrc;
        let Some((line, layer)) = self.origin_of(&packet) else {
            out.happenings.push(Happening::UnknownSsrc);
            return;
        };
        let codec = self.codec_of(packet.header.payload_type);
        let Some(codec) = codec.filter(|_| packet.payload.len() <= LONGEST_PAYLOAD) else {
            out.happenings.push(Happening::Malformed);
            return;
        };
        let sampled = self.clock.sampled(&packet);
        let values = &packet.header.ext_vals;
        let extensions = Extensions {
            level: values.audio_level,
            voice: values.voice_activity,
            orientation: values.video_orientation.map(|turned| turned as u8),
        };
        out.happenings.push(Happening::Media(Ingress {
            line,
            layer,
            ssrc,
            seq: *packet.seq_no,
            timestamp: packet.header.timestamp,
            body: Body {
                codec,
                marker: packet.header.marker,
                payload: packet.payload,
                extensions,
                sampled,
            },
        }));
    }

    fn origin_of(&mut self, packet: &RtpPacket) -> Option<(Line, u8)> {
        let ssrc = *packet.header.ssrc;
        if let Some(Some(origin)) = self.ssrcs.get(&ssrc) {
            return Some(*origin);
        }
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&packet.header.ssrc)?;
        let origin = self.lines.origin_of(stream.mid(), stream.rid())?;
        self.ssrcs.insert(ssrc, Some(origin));
        Some(origin)
    }

    fn codec_of(&self, payload_type: Pt) -> Option<Codec> {
        let params = self.rtc.codec_config().params();
        params.iter().find_map(|params| {
            if params.red() == Some(payload_type) {
                Some(Codec::Red)
            } else {
                (params.pt() == payload_type)
                    .then(|| lines::codec_of(params.spec().codec))
                    .flatten()
            }
        })
    }

    /// Returns whether RTP of this datagram's SSRC is let in.
    pub(super) fn admits(&mut self, datagram: &[u8]) -> bool {
        let Some(ssrc) = datagram.get(8..12) else {
            return false;
        };
        let ssrc = u32::from_be_bytes([ssrc[0], ssrc[1], ssrc[2], ssrc[3]]);
        if self.ssrcs.contains_key(&ssrc) {
            return true;
        }
        let admits = self.ssrcs.len() < MOST_SSRCS;
        if admits {
            self.ssrcs.insert(ssrc, None);
        }
        admits
    }
}
