//! The m-lines of a connection: which of ours carries which codec under which number, and which of the client's are which layers.

use str0m::{
    Rtc,
    format::Codec as StrCodec,
    media::{Mid, Pt, Rid},
    rtp::Ssrc,
};

use super::{
    config,
    keeping::{self, Span},
};
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
    /// The stream that goes down on it.
    stream: Option<Stream>,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: Ssrc,
    /// For how long its packets are kept.
    kept: Option<Span>,
    /// Whether anything was written since the last report.
    is_used: bool,
}

impl Lines {
    /// Takes over the m-lines of a description that now holds.
    pub(super) fn read(&mut self, lines: &[MediaLine], rtc: &mut Rtc) {
        let mut before = std::mem::take(&mut self.all).into_iter();
        self.all = lines
            .iter()
            .map(|line| State::new(line, before.next(), rtc))
            .collect();
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

    /// Returns whether a codec goes down on an m-line.
    pub(super) fn carries(&self, line: Line, codec: Codec) -> bool {
        let state = self.all.get(usize::from(line.0));
        state.is_some_and(|state| state.stream.is_some() && state.way_of(codec).is_some())
    }

    /// Returns how a packet goes down on an m-line, if it does, and what is to be kept of the stream if that is another than before.
    pub(super) fn use_way(
        &mut self,
        line: Line,
        codec: Codec,
        span: Span,
    ) -> Option<(Ssrc, Pt, Option<Span>)> {
        let state = self.all.get_mut(usize::from(line.0))?;
        let way = state.way_of(codec)?;
        let stream = state.stream.as_mut()?;
        let wanted = matches!(codec, Codec::Video(_)).then_some(span);
        stream.is_used = true;
        let news = wanted.filter(|_| stream.kept != wanted);
        stream.kept = wanted;
        Some((stream.ssrc, way, news))
    }

    /// Forgets what was sent on m-lines on which nothing was written since the last call.
    pub(super) fn let_rest(&mut self, rtc: &mut Rtc) {
        let mut api = rtc.direct_api();
        for stream in self
            .all
            .iter_mut()
            .filter_map(|state| state.stream.as_mut())
        {
            let rests = !std::mem::take(&mut stream.is_used);
            if rests
                && stream.kept.take().is_some()
                && let Some(stream) = api.stream_tx(&stream.ssrc)
            {
                keeping::keep(stream, None);
            }
        }
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
    /// Reads a line that may have been there before.
    fn new(line: &MediaLine, before: Option<Self>, rtc: &mut Rtc) -> Self {
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
        let known = before.filter(|before| before.mid == mid);
        let stream = known.and_then(|before| before.stream);
        let is_sending = ways.iter().any(Option::is_some);
        Self {
            name: line.mid.clone(),
            mid,
            stream: stream
                .or_else(|| Stream::new(mid, rtc))
                .filter(|_| is_sending),
            stopped: line.rejected,
            rids: line
                .rids
                .iter()
                .map(|rid| Rid::from(rid.as_str()))
                .collect(),
            ways,
        }
    }

    fn way_of(&self, codec: Codec) -> Option<Pt> {
        let index = CODECS.iter().position(|known| *known == codec)?;
        self.ways[index]
    }
}

impl Stream {
    fn new(mid: Mid, rtc: &mut Rtc) -> Option<Self> {
        let mut api = rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        keeping::keep(stream, None);
        Some(Self {
            ssrc: stream.ssrc(),
            kept: None,
            is_used: false,
        })
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
