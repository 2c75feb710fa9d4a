//! What comes: which RTP is let in at all, whose layer it is, and how much of each kind is read.

use std::{sync::Arc, time::Instant};

use str0m::{media::Pt, rtp::RtpPacket};

use super::{RtcTransport, config, lines, ssrcs::Admission};
use crate::{
    Limits,
    allowance::Allowance,
    description::Line,
    red,
    transport::{Body, Codec, Extensions, Happening, Ingress, Out},
};

/// RTP payloads above this would not fit into an Ethernet frame with everything around them.
const LONGEST_PAYLOAD: usize = 1_400;

/// RTCP packets in a second that are read. A client sends some 30 of its own accord.
const FEEDBACK_PER_SECOND: u64 = 200;

/// DTLS records in a second that are read. A handshake has some 20.
const HANDSHAKE_PER_SECOND: u64 = 50;

/// RTP packets in a second that are read beside those of pictures: sound, retransmissions and probes.
const MEDIA_PER_SECOND: u64 = 1_000;

/// Bytes of a packet of a picture at least, on average.
const LEAST_OF_A_PICTURE: u64 = 500;

/// How much of each kind may come. Each datagram costs a walk through all that `str0m` keeps of the connection, also one that does not decrypt.
pub(super) struct Allowances {
    media: Allowance,
    feedback: Allowance,
    handshake: Allowance,
}

impl Allowances {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let pictures = limits.publications as u64 * limits.video_bitrate.0 / 8 / LEAST_OF_A_PICTURE;
        let for_2_s = |rate| Allowance::new(rate, 2 * rate, now);
        Self {
            media: for_2_s(MEDIA_PER_SECOND + pictures),
            feedback: for_2_s(FEEDBACK_PER_SECOND),
            handshake: for_2_s(HANDSHAKE_PER_SECOND),
        }
    }
}

impl RtcTransport {
    /// Takes RTP, RTCP and DTLS, so much as may come of it.
    pub(super) fn take(&mut self, datagram: &[u8], now: Instant, out: &mut Out) {
        let (allowance, is_media) = match datagram {
            // RFC 5761 section 4: the second byte tells RTCP from RTP.
            [128..192, 192..224, ..] => (&mut self.allowances.feedback, false),
            [128..192, ..] => (&mut self.allowances.media, true),
            [20..64, ..] => (&mut self.allowances.handshake, false),
            _ => return,
        };
        if !allowance.take(1, now) {
            out.happenings.push(Happening::Malformed);
            return;
        }
        if is_media && !self.admits(datagram) {
            out.happenings.push(Happening::UnknownSsrc);
            return;
        }
        self.receive(datagram, now, out);
    }

    pub(super) fn handle_packet(&mut self, packet: RtpPacket, out: &mut Out) {
        let ssrc = *packet.header.ssrc;
        let Some((line, layer)) = self.origin_of(&packet) else {
            out.happenings.push(Happening::UnknownSsrc);
            return;
        };
        let codec = self.codec_of(packet.header.payload_type);
        let fitting = codec.filter(|_| packet.payload.len() <= LONGEST_PAYLOAD);
        let Some((codec, payload)) = fitting.and_then(|codec| readable(codec, &packet.payload))
        else {
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
                payload,
                extensions,
                sampled,
            },
        }));
    }

    fn origin_of(&mut self, packet: &RtpPacket) -> Option<(Line, u8)> {
        let ssrc = *packet.header.ssrc;
        if let Some(origin) = self.ssrcs.origin(ssrc) {
            return Some(origin);
        }
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&packet.header.ssrc)?;
        let origin = self.lines.origin_of(stream.mid(), stream.rid())?;
        self.ssrcs.set_origin(ssrc, origin);
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

    /// Returns whether RTP of this datagram's SSRC is let in. Who has had too many ends here.
    fn admits(&mut self, datagram: &[u8]) -> bool {
        let Some(ssrc) = datagram.get(8..12) else {
            return false;
        };
        let ssrc = u32::from_be_bytes([ssrc[0], ssrc[1], ssrc[2], ssrc[3]]);
        match self.ssrcs.admit(ssrc) {
            Admission::Admitted => true,
            Admission::Refused => false,
            Admission::Exhausted => {
                self.rtc.disconnect();
                true
            }
        }
    }
}

/// Returns the payload as it may go on. Redundant sound names the numbers of its blocks, which go through untouched: only what everybody calls the
/// same stays in it.
fn readable(codec: Codec, payload: &Arc<[u8]>) -> Option<(Codec, Arc<[u8]>)> {
    if codec == Codec::Red {
        let primary = red::primary(payload)?;
        if primary.payload_type != config::OPUS {
            return Some((Codec::Opus, Arc::from(primary.payload)));
        }
    }
    Some((codec, Arc::clone(payload)))
}

#[cfg(test)]
mod tests {
    use str0m::rtp::{RedEncoder, RedundantBlock};

    use super::*;

    #[test]
    fn redundant_sound_stays_so_only_under_the_number_that_everybody_has_for_opus() {
        let red = |payload_type| {
            let older = RedundantBlock {
                pt: payload_type,
                timestamp_offset: 960,
                payload: vec![1, 2, 3],
            };
            Arc::from(RedEncoder::encode(payload_type, &[7, 8], &[older]))
        };
        let (common, other): (Arc<[u8]>, Arc<[u8]>) = (red(111), red(96));
        assert_eq!(
            readable(Codec::Red, &common),
            Some((Codec::Red, Arc::clone(&common)))
        );
        assert_eq!(
            readable(Codec::Red, &other),
            Some((Codec::Opus, Arc::from([7, 8])))
        );
        assert_eq!(readable(Codec::Red, &Arc::from([0x80])), None);
        assert_eq!(
            readable(Codec::Opus, &other),
            Some((Codec::Opus, Arc::clone(&other)))
        );
    }
}
