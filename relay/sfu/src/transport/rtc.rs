//! A connection over `str0m`: it does SDP, DTLS, SRTP, feedback, congestion control and egress; ICE is [`Ice`]'s.
//!
//! `str0m` believes in one unchanging pair of addresses: each check that nominates is shown to it as coming from there, and what it sends goes to
//! the path that [`Ice`] has selected. So it holds no addresses, however many there are, and none that did not prove the password.

mod clock;
mod config;
mod ingress;
mod keeping;
mod lines;
mod ssrcs;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use str0m::{
    Event, IceCreds, Input, Output, Rtc,
    bwe::BweKind,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    ice::StunMessage,
    media::{Direction, KeyframeRequestKind, MediaKind},
    net::{DatagramRecv, Protocol, Receive},
    rtp::RtpWrite,
};

use super::{
    Codec, Egress, Extensions, Happening, LEEWAY, OfferedLine, Out, Report, Transport, WantedLine,
    ice::{Checked, Credentials, Ice},
};
use crate::{
    Bitrate, Path, Refusal, Settings,
    description::{self, Description, Line, MOST_OWN_LINES},
    descriptor::VideoCodec,
    ufrag,
};
use clock::SenderClock;
use ingress::Allowances;
use keeping::Keeping;
use lines::{Kind, Lines};
use ssrcs::Ssrcs;

/// The pair that `str0m` believes in (addresses of RFC 5737).
const OURS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);
const THEIRS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 9);

/// What is to be found out of a new connection's link before anybody knows what it will be sent.
const FIRST_DESIRED: Bitrate = Bitrate(2_000_000);

/// Its pacer lets one packet go at a moment. So many are let go at once: more than this would be 200 Mbit/s.
const MOST_STEPS: usize = 32;

/// After each packet its pacer wants to look around at once, which costs as much as the packet did. After the last one that waits for so long, as the
/// next packet is mostly there by then.
const REST: Duration = Duration::from_millis(2);

/// Faults in a row at which a connection is given up.
const MOST_FAULTS: u32 = 64;

pub(crate) struct RtcTransport {
    rtc: Rtc,
    ice: Ice,
    /// For new credentials.
    random: StdRng,
    worker: u8,
    candidates: Vec<SocketAddr>,
    pending: Option<Pending>,
    lines: Lines,
    keeping: Keeping,
    /// How many of the m-lines we have offered.
    seated: usize,
    ssrcs: Ssrcs,
    clock: SenderClock,
    allowances: Allowances,
    report: Report,
    /// Packets of media that were written and have not left yet.
    unsent: usize,
    /// NACKs that were reported before, of all streams.
    nacks_before: u64,
    nacks_now: u64,
    faults: u32,
    deadline: Instant,
    closed: bool,
}

struct Pending {
    offer: SdpPendingOffer,
    mids: Vec<String>,
}

impl RtcTransport {
    /// Makes a connection to the client that has sent `offer`, and answers it.
    pub(crate) fn join(
        settings: &Settings,
        offer: &Description,
        random: &mut impl Rng,
        now: Instant,
    ) -> Result<(Self, String), Refusal> {
        let mut seed = [0; 32];
        random.fill_bytes(&mut seed);
        let mut random = StdRng::from_seed(seed);
        let local = Credentials::new(settings.worker, &mut random);
        let mut rtc = config::rtc(&settings.certificate, &local, now);
        rtc.add_local_candidate(config::candidate(OURS));
        let mut transport = Self {
            rtc,
            ice: Ice::new(local, remote_of(offer), settings.limits.paths, now),
            random,
            worker: settings.worker,
            candidates: settings.candidates.clone(),
            pending: None,
            lines: Lines::default(),
            keeping: Keeping::new(),
            seated: 0,
            ssrcs: Ssrcs::default(),
            clock: SenderClock::default(),
            allowances: Allowances::new(&settings.limits, now),
            report: Report::default(),
            unsent: 0,
            nacks_before: 0,
            nacks_now: 0,
            faults: 0,
            deadline: now,
            closed: false,
        };
        let answer = transport.accept(offer, now)?;
        transport.set_budget(Bitrate::default(), FIRST_DESIRED);
        Ok((transport, answer))
    }

    /// Gives an input and works off what it brings. A bug that it meets in `str0m` ends this connection and no other.
    fn drive(&mut self, input: Input<'_>, out: &mut Out) {
        let driven = catch_unwind(AssertUnwindSafe(|| {
            if self.rtc.handle_input(input).is_err() {
                out.happenings.push(Happening::Malformed);
            }
            self.drain(out);
        }));
        if driven.is_err() {
            out.happenings.push(Happening::Malformed);
            self.end(out);
        }
    }

    fn drain(&mut self, out: &mut Out) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(deadline)) => {
                    self.deadline = deadline;
                    self.faults = 0;
                    break;
                }
                Ok(Output::Transmit(transmit)) => {
                    // Checks are answered by `Ice`.
                    let is_check = transmit.contents.first().is_some_and(|first| *first < 4);
                    if is_check {
                        continue;
                    }
                    let payload: Vec<u8> = transmit.contents.into();
                    match self.lines.kind_of(&payload) {
                        Kind::Media => self.unsent = self.unsent.saturating_sub(1),
                        Kind::Retransmission => self.report.retransmitted += 1,
                        Kind::Other => {}
                    }
                    if let Some(path) = self.ice.selected() {
                        out.transmits.push_back((path, payload));
                    }
                }
                Ok(Output::Event(event)) => self.handle_event(event, out),
                Err(_) => {
                    out.happenings.push(Happening::Malformed);
                    self.faults += 1;
                    if self.faults > MOST_FAULTS {
                        self.rtc.disconnect();
                    }
                }
            }
        }
        if !self.rtc.is_alive() {
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Out) {
        self.rtc.disconnect();
        if !self.closed {
            self.closed = true;
            out.happenings.push(Happening::Closed);
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left tells of things that are known here already (ICE, m-lines) or not used (data channels, pauses, REMB)"
    )]
    fn handle_event(&mut self, event: Event, out: &mut Out) {
        match event {
            Event::Connected => out.happenings.push(Happening::Connected),
            Event::RtpPacket(packet) => self.handle_packet(packet, out),
            Event::KeyframeRequest(request) => {
                if let Some(line) = self.lines.line_of(request.mid) {
                    out.happenings.push(Happening::KeyframeWanted(line));
                }
            }
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                let estimate = Bitrate(estimate.as_u64());
                out.happenings.push(Happening::Estimate(estimate));
            }
            Event::MediaEgressStats(stats) => self.nacks_now += stats.nacks,
            Event::PeerStats(stats) => {
                self.report.loss_up = stats.ingress_loss_fraction;
                self.report.loss_down = stats.egress_loss_fraction;
                self.report.rtt = stats.rtt;
                self.keeping.note(stats.rtt);
                self.lines.let_rest(&mut self.rtc);
                self.report.nacks = self.nacks_now.saturating_sub(self.nacks_before);
                self.nacks_before = std::mem::take(&mut self.nacks_now);
                out.happenings
                    .push(Happening::Report(std::mem::take(&mut self.report)));
            }
            Event::Closed if !self.closed => {
                self.closed = true;
                out.happenings.push(Happening::Closed);
            }
            _other => {}
        }
    }

    fn receive(&mut self, datagram: &[u8], now: Instant, out: &mut Out) {
        let Ok(contents) = DatagramRecv::try_from(datagram) else {
            out.happenings.push(Happening::Malformed);
            return;
        };
        let input = Receive {
            proto: Protocol::Udp,
            source: THEIRS,
            destination: OURS,
            contents,
        };
        self.drive(Input::Receive(now, input), out);
    }

    /// Changes the connection by a description. What `str0m` refuses, or fails at, it has done by half: that ends the connection, and its client
    /// joins anew.
    fn change<T>(&mut self, change: impl FnOnce(&mut Rtc) -> Option<T>) -> Option<T> {
        let rtc = &mut self.rtc;
        let changed = guarded(|| change(rtc));
        if changed.is_none() {
            self.rtc.disconnect();
        }
        changed
    }

    /// Lets go of the streams that a description has named before and this one does not: `str0m` would keep them for ever.
    fn let_go_of_streams(&mut self, description: &Description) {
        let mut api = self.rtc.direct_api();
        for former in self.ssrcs.name(description.ssrcs().collect()) {
            api.remove_stream_rx(former.into());
        }
    }

    /// Checks that m-lines which are there keep their places (RFC 8829 section 5.2.2).
    fn check_places(&self, offer: &Description) -> Result<(), Refusal> {
        let kept = self.lines.all_stand_in(&offer.lines);
        kept.then_some(()).ok_or(Refusal::BadDescription(
            "m-lines are missing or in another order",
        ))
    }
}

impl Transport for RtcTransport {
    fn accept(&mut self, offer: &Description, now: Instant) -> Result<String, Refusal> {
        let parsed = guarded(|| SdpOffer::from_sdp_string(&offer.text).ok())
            .ok_or(Refusal::BadDescription("not an SDP offer"))?;
        self.check_places(offer)?;
        if offer.lines.len() - self.seated > MOST_OWN_LINES {
            return Err(Refusal::BadDescription(
                "too many m-lines of the client's own",
            ));
        }
        // From here on a refusal ends the connection.
        self.deadline = now;
        self.pending = None;
        let remote = remote_of(offer);
        if self.ice.is_restarted_by(&remote) {
            let local = Credentials::new(self.worker, &mut self.random);
            let mut api = self.rtc.direct_api();
            api.set_remote_ice_credentials(creds_of(&remote));
            api.set_local_ice_credentials(creds_of(&local));
            self.ice.restart(local, remote);
        } else if self.lines.is_empty() {
            let remote = creds_of(&remote);
            self.rtc.direct_api().set_remote_ice_credentials(remote);
        }
        let answer = self
            .change(|rtc| rtc.sdp_api().accept_offer(parsed).ok())
            .ok_or(Refusal::BadDescription(
                "the offer contradicts itself or what stands",
            ))?;
        self.lines.read(&offer.lines, &mut self.rtc);
        self.ssrcs.begin_anew();
        self.let_go_of_streams(offer);
        Ok(description::with_candidates(
            &answer.to_sdp_string(),
            &self.candidates,
        ))
    }

    fn offer(&mut self, wanted: &[WantedLine], lines: &mut Vec<OfferedLine>) -> Option<String> {
        if self.pending.is_some() || wanted.is_empty() {
            return None;
        }
        let (offer, pending, mids) = self.change(|rtc| {
            let mut api = rtc.sdp_api();
            let mut mids = Vec::with_capacity(wanted.len());
            for WantedLine { seat, is_video } in wanted {
                let kind = if *is_video {
                    MediaKind::Video
                } else {
                    MediaKind::Audio
                };
                let stream = Some(format!("seat{seat}"));
                let mid = api.add_media(kind, Direction::SendOnly, stream, None, None);
                mids.push(mid.to_string());
            }
            let (offer, pending) = api.apply()?;
            Some((offer, pending, mids))
        })?;
        let first = self.lines.len();
        lines.extend(mids.iter().enumerate().map(|(at, mid)| OfferedLine {
            line: Line((first + at) as u16),
            mid: mid.clone(),
        }));
        let text = description::with_candidates(&offer.to_sdp_string(), &self.candidates);
        self.pending = Some(Pending {
            offer: pending,
            mids,
        });
        Some(text)
    }

    fn withdraw(&mut self) {
        self.pending = None;
    }

    fn answer(&mut self, answer: &Description) -> Result<(), Refusal> {
        let bad = Refusal::BadDescription;
        let Some(pending) = self.pending.take() else {
            return Err(Refusal::StaleAnswer);
        };
        let parsed = guarded(|| SdpAnswer::from_sdp_string(&answer.text).ok())
            .ok_or(bad("not an SDP answer"))?;
        self.check_places(answer)?;
        let new = answer.lines.get(self.lines.len()..).unwrap_or_default();
        if !new.iter().map(|line| &line.mid).eq(pending.mids.iter()) {
            return Err(bad("the answer does not have the m-lines of the offer"));
        }
        if self.ice.is_restarted_by(&remote_of(answer)) {
            return Err(bad("ICE is restarted by an offer alone"));
        }
        self.change(|rtc| rtc.sdp_api().accept_answer(pending.offer, parsed).ok())
            .ok_or(bad("the answer contradicts itself or the offer"))?;
        self.lines.read(&answer.lines, &mut self.rtc);
        self.seated += pending.mids.len();
        self.let_go_of_streams(answer);
        Ok(())
    }

    fn handle_check(&mut self, path: &Path, datagram: &[u8], now: Instant, out: &mut Out) -> bool {
        let Ok(message) = StunMessage::parse(datagram) else {
            return false;
        };
        match self.ice.handle_check(path, &message, now) {
            Checked::Stranger => false,
            Checked::Answered {
                answer,
                nominates,
                forgotten,
            } => {
                out.transmits.push_back((*path, answer));
                out.happenings.push(Happening::Proven(*path));
                out.happenings.extend(forgotten.map(Happening::Forgotten));
                if nominates {
                    out.transmits.extend(self.ice.poll_request(now));
                    self.receive(datagram, now, out);
                }
                true
            }
        }
    }

    fn handle_datagram(&mut self, path: &Path, datagram: &[u8], now: Instant, out: &mut Out) {
        if ufrag::is_answer(datagram) {
            if let Ok(message) = StunMessage::parse(datagram) {
                self.ice.handle_answer(path, &message);
            }
            return;
        }
        self.take(datagram, now, out);
    }

    fn forget_path(&mut self, path: &Path) {
        self.ice.forget(path);
    }

    fn write(&mut self, line: Line, packet: Egress) {
        let (codec, span) = (packet.body.codec, self.keeping.span());
        let Some((ssrc, payload_type, kept)) = self.lines.use_way(line, codec, span) else {
            return;
        };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx(&ssrc) else {
            return;
        };
        if kept.is_some() {
            keeping::keep(stream, kept);
        }
        let body = packet.body;
        let (payload, vp8) = match (packet.patch, body.codec) {
            (None, _) => (body.payload, None),
            (Some(patch), Codec::Video(VideoCodec::Vp8)) => match patch.vp8(&body.payload) {
                Some(vp8) => (body.payload, Some(vp8)),
                None => (patch.copied(&body.payload), None),
            },
            (Some(patch), _) => (patch.copied(&body.payload), None),
        };
        let mut write = RtpWrite::new(
            payload_type,
            packet.seq.into(),
            packet.timestamp,
            body.sampled,
            payload,
        )
        .marker(body.marker)
        .nackable(matches!(body.codec, Codec::Video(_)))
        .ext_vals(config::extensions(body.extensions));
        if let Some(vp8) = vp8 {
            write = write.vp8_patch(vp8);
        }
        stream.write_rtp(write);
        self.unsent += 1;
    }

    fn carries(&self, line: Line, codec: Codec) -> bool {
        self.lines.carries(line, codec)
    }

    fn request_keyframe(&mut self, line: Line, layer: u8) {
        let Some((mid, rid)) = self.lines.layer_of(line, layer) else {
            return;
        };
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_rx_by_mid(mid, rid) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    fn set_budget(&mut self, minimum: Bitrate, desired: Bitrate) {
        let bitrate = |bitrate: Bitrate| str0m::bwe::Bitrate::bps(bitrate.0);
        self.rtc
            .bwe()
            .set_bitrate(bitrate(minimum), bitrate(desired));
    }

    fn restart_estimate(&mut self, estimate: Bitrate) {
        let estimate = str0m::bwe::Bitrate::bps(estimate.0);
        self.rtc.bwe().reset(estimate);
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Out) {
        out.transmits.extend(self.ice.poll_request(now));
        let mut at = now;
        for _ in 0..MOST_STEPS {
            let waiting = self.unsent > 0;
            self.drive(Input::Timeout(at), out);
            if waiting && self.unsent == 0 {
                self.deadline = self.deadline.max(now + REST);
                break;
            }
            if self.deadline > now + LEEWAY {
                break;
            }
            at = self.deadline.max(at + Duration::from_micros(1));
        }
    }

    fn deadline(&self) -> Instant {
        let asked = self.ice.deadline();
        asked.map_or(self.deadline, |asked| asked.min(self.deadline))
    }

    fn ufrag(&self) -> &str {
        &self.ice.local.ufrag
    }

    fn close(&mut self, now: Instant, out: &mut Out) {
        self.closed = true;
        if self.rtc.close().is_ok() {
            self.handle_timeout(now, out);
        }
        self.rtc.disconnect();
    }
}

/// Does what is asked of `str0m`. A bug that this meets is a refusal.
fn guarded<T>(change: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(change)).ok().flatten()
}

fn remote_of(description: &Description) -> Credentials {
    Credentials {
        ufrag: description.ufrag.clone(),
        password: description.password.clone(),
    }
}

fn creds_of(credentials: &Credentials) -> IceCreds {
    IceCreds {
        ufrag: credentials.ufrag.clone(),
        pass: credentials.password.clone(),
    }
}

/// How often [`Happening::Report`] comes.
pub(crate) const REPORT_INTERVAL: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
