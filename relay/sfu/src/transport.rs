//! One participant's connection, as the rooms see it: descriptions, media in and out, and how much may go.
//!
//! Owns the words between rooms and transport. How ICE, DTLS, SRTP, feedback, congestion control and egress are done is [`rtc`]'s, behind [`Transport`],
//! so that another egress can take its place.

pub(crate) mod ice;
pub(crate) mod rtc;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Bitrate, Path, Refusal,
    description::{Description, Line},
    descriptor::{Patch, VideoCodec},
};

/// What is due within this time is done now: sockets and timers are no more exact.
pub(crate) const LEEWAY: Duration = Duration::from_millis(1);

/// One participant's connection.
pub(crate) trait Transport {
    /// Takes a client's offer and answers it. An offer of ours that waits for its answer is dropped.
    ///
    /// # Errors
    ///
    /// Either nothing has changed, or the connection has ended and the next [`Self::handle_timeout`] says so.
    fn accept(&mut self, offer: &Description, now: Instant) -> Result<String, Refusal>;

    /// Offers more m-lines to send on; `None` while an offer waits for its answer.
    ///
    /// `lines` is given the new m-lines in the same order.
    fn offer(&mut self, wanted: &[WantedLine], lines: &mut Vec<OfferedLine>) -> Option<String>;

    /// Takes back the offer that waits for its answer, if there is one.
    fn withdraw(&mut self);

    /// Takes the answer to the last offer.
    ///
    /// # Errors
    ///
    /// Either nothing has changed but that the offer counts no more, or the connection has ended and the next [`Self::handle_timeout`] says so.
    fn answer(&mut self, answer: &Description) -> Result<(), Refusal>;

    /// Takes the connectivity check whose ufrag is ours; false: it does not hold.
    fn handle_check(&mut self, path: &Path, datagram: &[u8], now: Instant, out: &mut Out) -> bool;

    /// Takes any other datagram of a proven path.
    fn handle_datagram(&mut self, path: &Path, datagram: &[u8], now: Instant, out: &mut Out);

    /// Forgets a path that has ended.
    fn forget_path(&mut self, path: &Path);

    /// Puts a packet into an m-line that [`Self::carries`] its codec. It goes at the next [`Self::handle_timeout`], or later if the link does not carry it yet.
    fn write(&mut self, line: Line, packet: Egress);

    /// Returns whether packets of a codec can be put into an m-line.
    fn carries(&self, line: Line, codec: Codec) -> bool;

    /// Asks the client for a keyframe of a layer that it sends.
    fn request_keyframe(&mut self, line: Line, layer: u8);

    /// Says what all that is sent needs at least, and what it would be with every wish fulfilled.
    fn set_budget(&mut self, minimum: Bitrate, desired: Bitrate);

    /// Begins anew to find out what the link carries, from an estimate that is given.
    fn restart_estimate(&mut self, estimate: Bitrate);

    /// Does what is due, and what was written.
    fn handle_timeout(&mut self, now: Instant, out: &mut Out);

    /// Returns when [`Self::handle_timeout`] is due.
    fn deadline(&self) -> Instant;

    /// Returns the ufrag by which checks are for this connection.
    fn ufrag(&self) -> &str;

    /// Ends the connection, and says so to the client if there is one.
    fn close(&mut self, now: Instant, out: &mut Out);
}

/// An m-line that is to be offered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WantedLine {
    /// Lines of one seat make one stream.
    pub(crate) seat: u32,
    pub(crate) is_video: bool,
}

/// An m-line of ours.
#[derive(Debug, Clone)]
pub(crate) struct OfferedLine {
    pub(crate) line: Line,
    pub(crate) mid: String,
}

/// What comes out of a connection.
#[derive(Debug, Default)]
pub(crate) struct Out {
    /// Datagrams to send.
    pub(crate) transmits: std::collections::VecDeque<(Path, Vec<u8>)>,
    /// Everything else, in order.
    pub(crate) happenings: Vec<Happening>,
}

/// What a connection tells.
#[derive(Debug)]
pub(crate) enum Happening {
    /// ICE and DTLS stand.
    Connected,
    /// The client has closed the connection, or it is broken for good.
    Closed,
    /// A path has proven itself.
    Proven(Path),
    /// A path does not count any more.
    Forgotten(Path),
    /// A packet of media.
    Media(Ingress),
    /// RTP of no m-line or layer that was offered.
    UnknownSsrc,
    /// Something that cannot be read, or that there is too much of.
    Malformed,
    /// The client has lost a picture.
    KeyframeWanted(Line),
    /// What the client's link carries.
    Estimate(Bitrate),
    /// How it goes; every 2 s.
    Report(Report),
}

/// Of the last 2 s.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Report {
    /// Share of what the client sent that did not arrive, 0 to 1.
    pub(crate) loss_up: Option<f32>,
    /// Share of what it was sent that did not arrive.
    pub(crate) loss_down: Option<f32>,
    /// There and back.
    pub(crate) rtt: Option<Duration>,
    /// Reports of missing packets that came from it.
    pub(crate) nacks: u64,
    /// Packets that it was sent again.
    pub(crate) retransmitted: u64,
}

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Opus,
    /// Opus with older frames beside it (RFC 2198).
    Red,
    Video(VideoCodec),
}

/// A packet that came.
#[derive(Debug, Clone)]
pub(crate) struct Ingress {
    pub(crate) line: Line,
    pub(crate) layer: u8,
    pub(crate) ssrc: u32,
    /// Extended.
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) body: Body,
}

/// What goes through untouched.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) codec: Codec,
    pub(crate) marker: bool,
    pub(crate) payload: Arc<[u8]>,
    pub(crate) extensions: Extensions,
    /// When it was sampled, by our clock as well as it is known.
    pub(crate) sampled: Instant,
}

/// Header extensions that go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extensions {
    /// RFC 6464: dB, 0 is the loudest, −127 silence.
    pub(crate) level: Option<i8>,
    /// RFC 6464.
    pub(crate) voice: Option<bool>,
    /// Quarters that a picture is turned by, in the numbering of 3GPP TS 26.114.
    pub(crate) orientation: Option<u8>,
}

/// A packet to send.
#[derive(Debug, Clone)]
pub(crate) struct Egress {
    /// Extended, the first below 65,536.
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) patch: Option<Patch>,
    pub(crate) body: Body,
}
