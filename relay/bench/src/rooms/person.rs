//! A participant: ICE, DTLS, SRTP and SDP of its own over a socket of its own, with a microphone, a camera and a count of what it receives.
//!
//! It acknowledges packets (TWCC), asks for what is missing (NACK, RTX) and sends keyframes when asked, as a browser does. What it sends itself is not
//! paced: a picture leaves at once, so that the time a packet is on its way is the server's.

use super::{
    crypto,
    heard::{Came, Heard},
    line::Line,
    load::Camera,
    media::{Packet, Pictures, Speech, sent_at},
};
use crate::socket::wall_clock;
use anyhow::{Context, bail};
use sfu::Source;
use std::time::{Duration, Instant};
use str0m::{
    Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    format::Codec,
    media::{Direction, KeyframeRequest, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer},
    net::Receive,
    rtp::{ExtensionValues, RtpPacket, RtpWrite},
};

/// The names of simulcast layers, the smallest first.
const RIDS: [&str; 3] = ["q", "h", "f"];

/// Datagrams that one participant may take before others get their turn.
const TURN: usize = 32;

/// What a camera sends: each layer under its name, or one without.
type Layers = Vec<(Option<Rid>, Pictures)>;

/// A participant.
pub(crate) struct Person {
    rtc: Rtc,
    pub(crate) line: Line,
    pub(crate) heard: Heard,
    /// When the connection has something to do.
    deadline: Instant,
    pending: Option<SdpPendingOffer>,
    connected: bool,
    opus: Pt,
    vp8: Pt,
    microphone: Option<(Mid, Speech)>,
    camera: Option<(Mid, Layers)>,
    /// Packets of media that left.
    pub(crate) sent: usize,
    /// How late each lot of them left, in nanoseconds, in no order.
    pub(crate) lateness: Vec<u32>,
}

impl Person {
    /// Makes one that reaches the server over `line`.
    ///
    /// # Errors
    /// If there is no such candidate or codec.
    pub(crate) fn new(line: Line, now: Instant) -> anyhow::Result<Self> {
        let mut rtc = Rtc::builder()
            .set_crypto_provider(crypto::provider())
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_stats_interval(None)
            .build(now);
        rtc.add_local_candidate(line.candidate()?);
        let of = |codec| {
            let mut params = rtc.codec_config().params().iter();
            let found = params.find(|params| params.spec().codec == codec);
            found.map(|params| params.pt()).context("no such codec")
        };
        let (opus, vp8) = (of(Codec::Opus)?, of(Codec::Vp8)?);
        Ok(Self {
            rtc,
            line,
            heard: Heard::default(),
            deadline: now,
            pending: None,
            connected: false,
            opus,
            vp8,
            microphone: None,
            camera: None,
            sent: 0,
            lateness: Vec::new(),
        })
    }

    /// Offers sound, as loud as `level` (RFC 6464), and what `camera` shows, from `due` on. Returns the offer and what each m-line is.
    ///
    /// # Errors
    /// None in practice: there is something to offer.
    pub(crate) fn offer(
        &mut self,
        sends: Option<(i8, Camera)>,
        due: Instant,
    ) -> anyhow::Result<(String, Vec<(String, String)>)> {
        let mut tracks = Vec::new();
        let mut api = self.rtc.sdp_api();
        match sends {
            Some((level, camera)) => {
                let direction = Direction::SendOnly;
                let mid = api.add_media(MediaKind::Audio, direction, None, None, None);
                self.microphone = Some((mid, Speech::new(level, due)));
                tracks.push((mid, Source::Microphone));
                let layers = camera.layers();
                if !layers.is_empty() {
                    let named = layers.len() > 1;
                    let simulcast = named.then(|| {
                        let mut simulcast = Simulcast::new();
                        for rid in RIDS {
                            simulcast.add_send_layer(SimulcastLayer::new(rid));
                        }
                        simulcast
                    });
                    let mid = api.add_media(MediaKind::Video, direction, None, None, simulcast);
                    let pictures = RIDS.into_iter().zip(layers).map(|(rid, kbps)| {
                        (named.then(|| Rid::from(rid)), Pictures::new(*kbps, due))
                    });
                    self.camera = Some((mid, pictures.collect()));
                    tracks.push((mid, Source::Camera));
                }
            }
            // Who only watches offers an m-line all the same: a description has one at least.
            None => {
                api.add_media(MediaKind::Audio, Direction::Inactive, None, None, None);
            }
        }
        let (offer, pending) = api.apply().context("nothing to offer")?;
        self.pending = Some(pending);
        let tracks = tracks
            .into_iter()
            .map(|(mid, source)| (mid.to_string(), source.as_str().to_owned()));
        Ok((offer.to_sdp_string(), tracks.collect()))
    }

    /// Takes the answer to its offer.
    ///
    /// # Errors
    /// If it does not fit.
    pub(crate) fn take_answer(&mut self, answer: &str, now: Instant) -> anyhow::Result<()> {
        let answer = SdpAnswer::from_sdp_string(answer)?;
        let pending = self.pending.take().context("an answer to nothing")?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        self.deadline = now;
        Ok(())
    }

    /// Returns its answer to the server's offer.
    ///
    /// # Errors
    /// If that cannot be used.
    pub(crate) fn answer(&mut self, offer: &str, now: Instant) -> anyhow::Result<String> {
        let offer = SdpOffer::from_sdp_string(offer)?;
        let answer = self.rtc.sdp_api().accept_offer(offer)?;
        self.deadline = now;
        Ok(answer.to_sdp_string())
    }

    /// Returns the m-line of its camera.
    pub(crate) fn camera_mid(&self) -> Option<String> {
        self.camera.as_ref().map(|(mid, _)| mid.to_string())
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Sends what is due and does what the connection has to do. Returns whether there was anything.
    ///
    /// # Errors
    /// If the server is gone.
    pub(crate) fn work(&mut self, now: Instant) -> anyhow::Result<bool> {
        let mut worked = false;
        while let Some((mid, speech)) = self.microphone.as_mut().filter(|(_, it)| it.due <= now) {
            let (mid, level, late) = (*mid, speech.level, now - speech.due);
            let packet = speech.next();
            worked = true;
            self.note(late);
            self.write(mid, None, Some(level), packet)?;
        }
        let layers = self.camera.as_ref().map_or(0, |(_, layers)| layers.len());
        for at in 0..layers {
            while let Some((mid, rid, pictures)) = self.layer(at).filter(|(.., it)| it.due <= now) {
                let late = now - pictures.due;
                let packets: Vec<_> = pictures.next().collect();
                worked = true;
                self.note(late);
                for packet in packets {
                    self.write(mid, rid, None, packet)?;
                }
            }
        }
        if self.deadline <= now {
            worked = true;
            self.rtc.handle_input(Input::Timeout(now))?;
            self.drain(now)?;
        }
        Ok(worked)
    }

    /// Takes what has come. Returns whether there may be more.
    ///
    /// # Errors
    /// If the server is gone.
    pub(crate) fn receive(&mut self, now: Instant) -> anyhow::Result<bool> {
        for _ in 0..TURN {
            let (proto, source, destination) = self.line.path();
            let Some((datagram, at)) = self.line.receive()? else {
                return Ok(false);
            };
            let Ok(contents) = datagram.try_into() else {
                continue;
            };
            let receive = Receive {
                proto,
                source,
                destination,
                contents,
            };
            self.rtc.handle_input(Input::Receive(now, receive))?;
            self.drain_with(now, at)?;
        }
        Ok(true)
    }

    fn layer(&mut self, at: usize) -> Option<(Mid, Option<Rid>, &mut Pictures)> {
        let (mid, layers) = self.camera.as_mut()?;
        let (rid, pictures) = layers.get_mut(at)?;
        Some((*mid, *rid, pictures))
    }

    fn note(&mut self, late: Duration) {
        self.lateness
            .push(u32::try_from(late.as_nanos()).unwrap_or(u32::MAX));
    }

    /// Sends a packet at once, if there is somebody to send it to.
    fn write(
        &mut self,
        mid: Mid,
        rid: Option<Rid>,
        level: Option<i8>,
        mut packet: Packet,
    ) -> anyhow::Result<()> {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, rid).filter(|_| self.connected) else {
            return Ok(());
        };
        packet.stamp(wall_clock());
        let now = Instant::now();
        let kind = if level.is_some() { self.opus } else { self.vp8 };
        let write = RtpWrite::new(
            kind,
            packet.seq.into(),
            packet.timestamp,
            now,
            packet.payload,
        )
        .marker(packet.marker)
        .nackable(level.is_none())
        .ext_vals(ExtensionValues {
            audio_level: level,
            voice_activity: level.map(|_| true),
            ..ExtensionValues::default()
        });
        stream.write_rtp(write);
        self.sent += 1;
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(now)
    }

    fn drain(&mut self, now: Instant) -> anyhow::Result<()> {
        self.drain_with(now, wall_clock())
    }

    /// Sends what there is to send, and takes what came `at` that time since 1970.
    fn drain_with(&mut self, now: Instant, at: Duration) -> anyhow::Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return Ok(());
                }
                Output::Transmit(transmit) => self.line.send(&transmit.contents)?,
                Output::Event(Event::RtpPacket(packet)) => self.take(&packet, now, at),
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::KeyframeRequest(request)) => self.refresh(&request),
                Output::Event(Event::Closed) => bail!("the server has closed a connection"),
                Output::Event(_) => {}
            }
        }
    }

    fn take(&mut self, packet: &RtpPacket, now: Instant, at: Duration) {
        // What has no stamp is padding, which probes the way.
        let Some(sent) = sent_at(&packet.payload) else {
            return;
        };
        let came = Came {
            ssrc: *packet.header.ssrc,
            picture: packet.header.payload_type == self.vp8,
            seq: *packet.seq_no,
            took: at.saturating_sub(sent),
        };
        self.heard.take(came, now);
    }

    fn refresh(&mut self, request: &KeyframeRequest) {
        let layers = self.camera.iter_mut().flat_map(|(_, layers)| layers);
        for (rid, pictures) in layers {
            if *rid == request.rid {
                pictures.wants_key = true;
            }
        }
    }
}
