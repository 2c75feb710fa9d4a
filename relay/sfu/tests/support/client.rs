//! A client: a whole ICE agent, DTLS, SRTP and SDP of str0m, with devices, ears and eyes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use sfu::Source;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{
    Direction, KeyframeRequest, KeyframeRequestKind, MediaKind, Mid, Pt, Rid, Simulcast,
    SimulcastLayer,
};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{ExtensionValues, RedEncoder, RedundantBlock, RtpPacket, RtpWrite};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use super::camera::{Layer, Microphone, Outgoing, SPEECH_FRAME};
use super::crypto;
use super::ears::Ears;
use super::eyes::Eyes;
use super::link::Random;

/// The names of simulcast layers, the smallest first.
pub const RIDS: [&str; 3] = ["q", "h", "f"];

/// What somebody brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices {
    pub microphone: bool,
    /// Whether it sends nothing.
    pub silent: bool,
    /// Whether each packet of speech carries the one before it again.
    pub redundant: bool,
    /// The rate of each layer in kbit/s; none: no camera.
    pub camera: Vec<u64>,
    /// The rate in kbit/s.
    pub screen: Option<u64>,
}

impl Devices {
    /// Something has to be added to it: nobody offers nothing.
    pub const NONE: Self = Self {
        microphone: false,
        silent: false,
        redundant: true,
        camera: Vec::new(),
        screen: None,
    };

    pub fn microphone() -> Self {
        Self {
            microphone: true,
            ..Self::NONE
        }
    }

    /// A microphone that sends nothing: who only looks and listens.
    pub fn silent() -> Self {
        Self {
            silent: true,
            ..Self::microphone()
        }
    }

    /// A microphone and a camera of three layers.
    pub fn all() -> Self {
        Self::microphone().and_camera(&[150, 500, 1500])
    }

    pub fn and_camera(self, kbps: &[u64]) -> Self {
        Self {
            camera: kbps.to_vec(),
            ..self
        }
    }

    pub fn and_screen(self, kbps: u64) -> Self {
        Self {
            screen: Some(kbps),
            ..self
        }
    }
}

/// One m-line that goes up.
pub struct Sending {
    pub mid: Mid,
    pub source: Source,
    pub what: What,
}

pub enum What {
    Sound(Microphone),
    /// Each with its name, if it has one.
    Picture(Vec<(Option<Rid>, Layer)>),
}

pub struct Client {
    pub rtc: Rtc,
    person: u8,
    start: Instant,
    address: SocketAddr,
    protocol: Protocol,
    pub deadline: Instant,
    pub connected: Option<Instant>,
    pub ended: bool,
    pub sending: Vec<Sending>,
    pub ears: BTreeMap<Mid, Ears>,
    pub eyes: BTreeMap<Mid, Eyes>,
    /// Datagrams to send, and where to.
    pub out: Vec<(SocketAddr, Vec<u8>)>,
    pending: Option<SdpPendingOffer>,
    random: Random,
    pub keyframe_requests: u32,
}

impl Client {
    /// Begins at `address`, to send by UDP or by TCP.
    pub fn new(
        person: u8,
        address: SocketAddr,
        protocol: Protocol,
        start: Instant,
        seed: u64,
        now: Instant,
    ) -> Self {
        let mut rtc = Rtc::builder()
            .set_crypto_provider(crypto::provider())
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, true)
            .enable_vp8(true)
            .set_stats_interval(None)
            .build(now);
        rtc.add_local_candidate(candidate(address, protocol));
        Self {
            rtc,
            person,
            start,
            address,
            protocol,
            deadline: now,
            connected: None,
            ended: false,
            sending: Vec::new(),
            ears: BTreeMap::new(),
            eyes: BTreeMap::new(),
            out: Vec::new(),
            pending: None,
            random: Random(seed),
            keyframe_requests: 0,
        }
    }

    /// Offers what the devices give, beside what goes up already. Returns the offer and what each m-line is.
    pub fn publish(&mut self, devices: &Devices, now: Instant) -> (String, Vec<(String, Source)>) {
        let mut new = Vec::new();
        let mut api = self.rtc.sdp_api();
        let mut add = |kind, simulcast| {
            let stream = Some(format!("person{}", self.person));
            api.add_media(kind, Direction::SendOnly, stream, None, simulcast)
        };
        if devices.microphone {
            let mid = add(MediaKind::Audio, None);
            let mut microphone = Microphone::new(devices.redundant, self.random.next(), now);
            microphone.on = !devices.silent;
            new.push(Sending {
                mid,
                source: Source::Microphone,
                what: What::Sound(microphone),
            });
        }
        if !devices.camera.is_empty() {
            let rids = RIDS[..devices.camera.len()].iter().copied();
            let simulcast = (devices.camera.len() > 1).then(|| {
                rids.clone().fold(Simulcast::new(), |mut simulcast, rid| {
                    simulcast.add_send_layer(SimulcastLayer::new(rid));
                    simulcast
                })
            });
            let named = simulcast.is_some();
            let mid = add(MediaKind::Video, simulcast);
            let layers = rids.zip(&devices.camera).map(|(rid, kbps)| {
                let layer = Layer::new(*kbps, self.random.next(), now);
                (named.then(|| Rid::from(rid)), layer)
            });
            new.push(Sending {
                mid,
                source: Source::Camera,
                what: What::Picture(layers.collect()),
            });
        }
        if let Some(kbps) = devices.screen {
            let mid = add(MediaKind::Video, None);
            let layer = Layer::new(kbps, self.random.next(), now);
            new.push(Sending {
                mid,
                source: Source::Screen,
                what: What::Picture(vec![(None, layer)]),
            });
        }
        let (offer, pending) = api.apply().expect("something new");
        self.pending = Some(pending);
        self.sending.extend(new);
        (offer.to_sdp_string(), self.tracks())
    }

    /// Offers new ICE credentials.
    pub fn restart_ice(&mut self) -> (String, Vec<(String, Source)>) {
        let mut api = self.rtc.sdp_api();
        api.ice_restart(true);
        let (offer, pending) = api.apply().expect("something new");
        self.pending = Some(pending);
        (offer.to_sdp_string(), self.tracks())
    }

    fn tracks(&self) -> Vec<(String, Source)> {
        self.sending
            .iter()
            .map(|sending| (sending.mid.to_string(), sending.source))
            .collect()
    }

    pub fn take_answer(&mut self, answer: &str, now: Instant) {
        let answer = SdpAnswer::from_sdp_string(answer).expect("an answer");
        let pending = self.pending.take().expect("an offer");
        self.rtc
            .sdp_api()
            .accept_answer(pending, answer)
            .expect("an answer to the offer");
        self.deadline = now;
    }

    pub fn answer(&mut self, offer: &str, now: Instant) -> String {
        let offer = SdpOffer::from_sdp_string(offer).expect("an offer");
        let answer = self
            .rtc
            .sdp_api()
            .accept_offer(offer)
            .expect("an offer that fits");
        self.deadline = now;
        answer.to_sdp_string()
    }

    /// Moves to another address, without a new ICE agent; the old one is there no more.
    pub fn move_to(&mut self, address: SocketAddr) {
        let old = candidate(self.address, self.protocol);
        self.address = address;
        self.rtc
            .add_local_candidate(candidate(address, self.protocol));
        self.rtc.direct_api().invalidate_candidate(&old);
    }

    pub fn receive(&mut self, from: SocketAddr, datagram: &[u8], now: Instant) {
        let Ok(contents) = datagram.try_into() else {
            return;
        };
        let receive = Receive {
            proto: self.protocol,
            source: from,
            destination: self.address,
            contents,
        };
        self.rtc
            .handle_input(Input::Receive(now, receive))
            .expect("a datagram of the rooms");
        self.drain(now);
    }

    /// Returns when there is something to do.
    pub fn next(&self) -> Instant {
        let media = self.sending.iter().flat_map(|sending| match &sending.what {
            What::Sound(microphone) => vec![microphone.next()],
            What::Picture(layers) => layers.iter().map(|(_, layer)| layer.next()).collect(),
        });
        if self.ended {
            return self.start + super::secs(1 << 30);
        }
        media.chain([self.deadline]).min().expect("a deadline")
    }

    /// Does what is due: media, timers, keyframe requests.
    pub fn work(&mut self, now: Instant) {
        if self.ended {
            return;
        }
        let written = self.send_media(now);
        for (mid, eyes) in &mut self.eyes {
            if eyes.is_stuck(now)
                && let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                self.deadline = now;
            }
        }
        if written || self.deadline <= now {
            self.rtc
                .handle_input(Input::Timeout(now))
                .expect("time goes on");
            self.drain(now);
        }
    }

    fn send_media(&mut self, now: Instant) -> bool {
        let (opus, red, vp8) = self.payload_types();
        let (person, start, connected) = (self.person, self.start, self.connected.is_some());
        let mut packets = Vec::new();
        for sending in &mut self.sending {
            match &mut sending.what {
                What::Sound(microphone) => {
                    while microphone.next() <= now {
                        if let Some((mut packet, before)) = microphone.frame(person, start) {
                            let older = before.filter(|_| microphone.redundant).map(|payload| {
                                RedundantBlock {
                                    pt: *opus,
                                    timestamp_offset: 48 * SPEECH_FRAME.as_millis() as u32,
                                    payload,
                                }
                            });
                            let kind = if microphone.redundant { red } else { opus };
                            if microphone.redundant {
                                packet.payload = RedEncoder::encode(
                                    *opus,
                                    &packet.payload,
                                    &older.into_iter().collect::<Vec<_>>(),
                                );
                            }
                            packets.push((sending.mid, None, kind, Some(microphone.level), packet));
                        }
                    }
                }
                What::Picture(layers) => {
                    for (at, (rid, layer)) in layers.iter_mut().enumerate() {
                        while layer.next() <= now {
                            for packet in layer.frame(person, at as u8, start, now) {
                                packets.push((sending.mid, *rid, vp8, None, packet));
                            }
                        }
                    }
                }
            }
        }
        if !connected {
            return false;
        }
        let written = !packets.is_empty();
        for (mid, rid, kind, level, packet) in packets {
            self.write(mid, rid, kind, level, packet, now);
        }
        written
    }

    fn write(
        &mut self,
        mid: Mid,
        rid: Option<Rid>,
        kind: Pt,
        level: Option<i8>,
        packet: Outgoing,
        now: Instant,
    ) {
        let mut api = self.rtc.direct_api();
        // Refused m-lines have no stream.
        let Some(stream) = api.stream_tx_by_mid(mid, rid) else {
            return;
        };
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
            voice_activity: level.map(|level| level > -50),
            ..ExtensionValues::default()
        });
        stream.write_rtp(write);
    }

    /// Opus, RED and VP8.
    fn payload_types(&self) -> (Pt, Pt, Pt) {
        let params = self.rtc.codec_config().params();
        let of = |codec| {
            params
                .iter()
                .find(|params| params.spec().codec == codec)
                .expect("a codec of ours")
        };
        let opus = of(Codec::Opus);
        (
            opus.pt(),
            opus.red().unwrap_or(opus.pt()),
            of(Codec::Vp8).pt(),
        )
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output().expect("what comes is well") {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
                Output::Transmit(transmit) => {
                    if transmit.proto == self.protocol {
                        self.out
                            .push((transmit.destination, transmit.contents.into()));
                    }
                }
                Output::Event(event) => self.handle(event, now),
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the rest of str0m's events tell nothing that a test looks at"
    )]
    fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Connected => self.connected = Some(now),
            Event::RtpPacket(packet) => self.take(&packet, now),
            Event::KeyframeRequest(request) => self.refresh(&request),
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) | Event::Closed => {
                self.connected = None;
            }
            _other => {}
        }
    }

    fn take(&mut self, packet: &RtpPacket, now: Instant) {
        let (opus, red, _) = self.payload_types();
        let ssrc = packet.header.ssrc;
        let mid = {
            let mut api = self.rtc.direct_api();
            api.stream_rx(&ssrc).expect("a stream that is known").mid()
        };
        let header = &packet.header;
        let (seq, timestamp, kind) = (*packet.seq_no, header.timestamp, header.payload_type);
        if kind == opus || kind == red {
            let level = header.ext_vals.audio_level.is_some();
            self.ears.entry(mid).or_default().take(
                seq,
                timestamp,
                kind == red && red != opus,
                level,
                &packet.payload,
                now,
            );
        } else if !packet.payload.is_empty() {
            self.eyes.entry(mid).or_default().take(
                seq,
                timestamp,
                header.marker,
                &packet.payload,
                now,
            );
        }
    }

    fn refresh(&mut self, request: &KeyframeRequest) {
        self.keyframe_requests += 1;
        for sending in &mut self.sending {
            if let What::Picture(layers) = &mut sending.what
                && sending.mid == request.mid
            {
                for (_, layer) in layers.iter_mut().filter(|(rid, _)| *rid == request.rid) {
                    layer.wants_key = true;
                }
            }
        }
    }

    /// Returns where packets of an m-line that goes up are written, and under which payload type: of a picture its smallest layer.
    pub fn way(&self, sending: usize) -> (Mid, Option<Rid>, Pt) {
        let (opus, _, vp8) = self.payload_types();
        let sending = &self.sending[sending];
        match &sending.what {
            What::Sound(_) => (sending.mid, None, opus),
            What::Picture(layers) => (sending.mid, layers[0].0, vp8),
        }
    }

    pub fn microphone(&mut self) -> &mut Microphone {
        let sound = self.sending.iter_mut().find_map(|sending| {
            if let What::Sound(microphone) = &mut sending.what {
                Some(microphone)
            } else {
                None
            }
        });
        sound.expect("a microphone")
    }

    /// The layers of what it sends from a source.
    pub fn layers(&mut self, source: Source) -> impl Iterator<Item = &mut Layer> {
        self.sending
            .iter_mut()
            .filter(move |sending| sending.source == source)
            .flat_map(|sending| match &mut sending.what {
                What::Picture(layers) => layers.iter_mut().map(|(_, layer)| layer).collect(),
                What::Sound(_) => Vec::new(),
            })
    }
}

fn candidate(address: SocketAddr, protocol: Protocol) -> Candidate {
    let builder = Candidate::builder();
    let candidate = if protocol == Protocol::Udp {
        builder.udp().host(address).build()
    } else {
        builder.tcp().host(address).tcptype(TcpType::Active).build()
    };
    candidate.expect("an address")
}
