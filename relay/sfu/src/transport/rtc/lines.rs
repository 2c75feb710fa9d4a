//! The m-lines of a connection: which of ours carries which codec under which number, and which of the client's are which layers.

use str0m::{
    Rtc,
    format::Codec as StrCodec,
    media::{Mid, Pt, Rid},
};

use super::config;
use crate::{
    description::{Line, MediaLine},
    descriptor::VideoCodec,
    transport::Codec,
};

/// Codecs that are carried.
const CODECS: [Codec; 6] = [
    Codec::Opus,
    Codec::Red,
    Codec::Video(VideoCodec::Vp8),
    Codec::Video(VideoCodec::Vp9),
    Codec::Video(VideoCodec::H264),
    Codec::Video(VideoCodec::Av1),
];

#[derive(Debug, Default)]
pub(super) struct Lines {
    all: Vec<State>,
    /// Lines before this one are known from before the last description.
    before: usize,
    /// Payload types of retransmissions, as bits.
    retransmissions: u128,
}

/// What a datagram of ours is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// RTP for the first time.
    Media,
    /// RTP that is sent again, or padding in its form.
    Retransmission,
    /// Anything else; also the padding of SSRC 0, which probes before there is media.
    Other,
}

#[derive(Debug)]
struct State {
    name: String,
    mid: Mid,
    stopped: bool,
    /// In the client's order; none without simulcast.
    rids: Vec<Rid>,
    /// How each of [`CODECS`] goes down on it.
    ways: [Option<Pt>; CODECS.len()],
}

impl Lines {
    /// Takes over the m-lines of a description that now holds.
    pub(super) fn read(&mut self, lines: &[MediaLine], rtc: &Rtc) {
        self.before = self.all.len();
        self.all = lines.iter().map(|line| State::new(line, rtc)).collect();
        self.retransmissions = 0;
        for params in rtc.codec_config().params() {
            if let Some(pt) = params.resend() {
                self.retransmissions |= 1 << (*pt & 0x7F);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns whether every m-line that is in use stands in its place.
    pub(super) fn all_stand_in(&self, lines: &[MediaLine]) -> bool {
        lines.len() >= self.all.len()
            && self
                .all
                .iter()
                .zip(lines)
                .all(|(known, line)| known.stopped || known.name == line.mid)
    }

    pub(super) fn line_of(&self, mid: Mid) -> Option<Line> {
        let index = self.all.iter().position(|state| state.mid == mid)?;
        Some(Line(index as u16))
    }

    /// Returns which m-line and layer a stream of the client is.
    pub(super) fn origin_of(&self, mid: Mid, rid: Option<Rid>) -> Option<(Line, u8)> {
        let line = self.line_of(mid)?;
        let rids = &self.all[usize::from(line.0)].rids;
        let layer = match rid {
            Some(rid) if !rids.is_empty() => rids.iter().position(|known| *known == rid)?,
            Some(_) | None => 0,
        };
        Some((line, layer as u8))
    }

    /// Returns what a layer of the client's is called.
    pub(super) fn layer_of(&self, line: Line, layer: u8) -> Option<(Mid, Option<Rid>)> {
        let state = self.all.get(usize::from(line.0))?;
        if state.rids.is_empty() {
            return Some((state.mid, None));
        }
        let rid = state.rids.get(usize::from(layer))?;
        Some((state.mid, Some(*rid)))
    }

    /// Returns how a codec goes down on an m-line, if it does.
    pub(super) fn way_of(&self, line: Line, codec: Codec) -> Option<(Mid, Pt)> {
        let state = self.all.get(usize::from(line.0))?;
        let index = CODECS.iter().position(|known| *known == codec)?;
        Some((state.mid, state.ways[index]?))
    }

    /// Returns the m-lines that came with the last description and on which we send.
    pub(super) fn new_sending(&self) -> impl Iterator<Item = Mid> + '_ {
        let new = self.all.iter().skip(self.before);
        new.filter(|state| state.ways.iter().any(Option::is_some))
            .map(|state| state.mid)
    }

    /// Returns what a datagram of ours is.
    pub(super) fn kind_of(&self, datagram: &[u8]) -> Kind {
        match datagram {
            [first, second, ..] if (128..192).contains(first) && !(192..224).contains(second) => {
                if self.retransmissions >> (second & 0x7F) & 1 == 1 {
                    Kind::Retransmission
                } else if datagram.get(8..12) == Some(&[0; 4]) {
                    Kind::Other
                } else {
                    Kind::Media
                }
            }
            _ => Kind::Other,
        }
    }
}

impl State {
    fn new(line: &MediaLine, rtc: &Rtc) -> Self {
        let mid = Mid::from(line.mid.as_str());
        let mut ways = [None; CODECS.len()];
        let sending = rtc
            .media(mid)
            .filter(|media| media.direction().is_sending());
        if let Some(media) = sending {
            for params in rtc.codec_config().params() {
                if !media.remote_pts().contains(&params.pt()) {
                    continue;
                }
                let mut set = |codec: Codec, pt: Pt| {
                    if let Some(index) = CODECS.iter().position(|known| *known == codec) {
                        ways[index].get_or_insert(pt);
                    }
                };
                if let Some(codec) = codec_of(params.spec().codec) {
                    set(codec, params.pt());
                }
                if let Some(red) = params.red()
                    && *params.pt() == config::OPUS
                {
                    set(Codec::Red, red);
                }
            }
        }
        Self {
            name: line.mid.clone(),
            mid,
            stopped: line.rejected,
            rids: line
                .rids
                .iter()
                .map(|rid| Rid::from(rid.as_str()))
                .collect(),
            ways,
        }
    }
}

pub(super) fn codec_of(codec: StrCodec) -> Option<Codec> {
    [
        (StrCodec::Opus, Codec::Opus),
        (StrCodec::Vp8, Codec::Video(VideoCodec::Vp8)),
        (StrCodec::Vp9, Codec::Video(VideoCodec::Vp9)),
        (StrCodec::H264, Codec::Video(VideoCodec::H264)),
        (StrCodec::Av1, Codec::Video(VideoCodec::Av1)),
    ]
    .into_iter()
    .find_map(|(theirs, ours)| (theirs == codec).then_some(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_again_and_what_only_probes_is_not_media() {
        let lines = Lines {
            retransmissions: 1 << 97,
            ..Lines::default()
        };
        let rtp = |payload_type: u8, ssrc: u8| {
            let mut datagram = [0; 12];
            datagram[..2].copy_from_slice(&[0x90, 0x80 | payload_type]);
            datagram[11] = ssrc;
            lines.kind_of(&datagram)
        };
        assert_eq!(rtp(96, 7), Kind::Media);
        assert_eq!(rtp(97, 7), Kind::Retransmission);
        assert_eq!(rtp(96, 0), Kind::Other, "padding before there is media");
        assert_eq!(lines.kind_of(&[0x80, 200, 0, 0]), Kind::Other, "RTCP");
        assert_eq!(lines.kind_of(&[22, 254]), Kind::Other, "DTLS");
        assert_eq!(lines.kind_of(&[]), Kind::Other);
    }
}
