//! SDP as it comes and as it goes (RFC 8866, RFC 8829).
//!
//! Owns what may come: a description is bounded and read through here before anything else sees it, and what is not needed (candidates) is left out.
//! What stands in the codecs' lines is the transport's.

use std::{fmt::Write as _, net::SocketAddr};

/// Bytes of an m-line and its attributes: one of a picture has some 1,700 in a browser, and a client may know more codecs.
const OF_A_MEDIA_LINE: usize = 2_250;

/// Lines of an m-line and its attributes: one of a picture has about 50 in a browser.
const LINES_OF_A_MEDIA_LINE: usize = 60;

/// Bytes of a line.
const LONGEST_LINE: usize = 2_048;

/// m-lines of a client's own: what it publishes, what it has stopped publishing, and lines to receive on that it brings along.
pub(crate) const MOST_OWN_LINES: usize = 32;

/// m-lines that carry one participant to another: a seat for microphone and camera, one for a screen and its sound.
const LINES_OF_A_PARTICIPANT: usize = 4;

/// Formats of an m-line.
const MOST_FORMATS: usize = 64;

/// Header extensions, attributes of formats and SSRC groups of an m-line in all: each may become state. A browser with many
/// codecs writes some 250.
const MOST_ATTRIBUTES: usize = 512;

/// RIDs of an m-line. How many layers a publication may have is its limit's, and less.
const MOST_RIDS: usize = 8;

/// SSRCs of an m-line: three layers with their retransmissions, and then some.
const MOST_SSRCS: usize = 16;

/// SSRCs of all m-lines that send: each becomes a stream.
const MOST_SSRCS_SENT: usize = 64;

/// Which m-line of a description, from 0. It keeps its place in all descriptions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Line(pub(crate) u16);

/// What a description may have at most. It grows with the participants of a room: each is carried to each other in m-lines of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescriptionBounds {
    /// Bytes.
    pub bytes: usize,
    /// Lines.
    pub lines: usize,
    pub(crate) media_lines: usize,
}

impl DescriptionBounds {
    /// Returns those of a room of so many participants.
    pub const fn of(participants: usize) -> Self {
        let media_lines = MOST_OWN_LINES + LINES_OF_A_PARTICIPANT * participants.saturating_sub(1);
        Self {
            bytes: media_lines * OF_A_MEDIA_LINE,
            lines: media_lines * LINES_OF_A_MEDIA_LINE,
            media_lines,
        }
    }
}

/// A description that came, within bounds.
#[derive(Debug)]
pub(crate) struct Description {
    /// Without candidates.
    pub(crate) text: String,
    /// The sender's ICE ufrag.
    pub(crate) ufrag: String,
    /// The sender's ICE password.
    pub(crate) password: String,
    /// Its m-lines, in order.
    pub(crate) lines: Vec<MediaLine>,
}

/// An m-line that came.
#[derive(Debug, Default)]
pub(crate) struct MediaLine {
    pub(crate) video: bool,
    pub(crate) mid: String,
    /// Whether its port is 0, and so it is stopped.
    pub(crate) rejected: bool,
    /// Whether its sender sends on it.
    pub(crate) sends: bool,
    /// RIDs of its simulcast layers in the order of the line; none without simulcast.
    pub(crate) rids: Vec<String>,
    /// What it says to be sent as; nothing, mostly, with simulcast.
    pub(crate) ssrcs: Vec<u32>,
    named_rids: usize,
    attributes: usize,
}

impl Description {
    /// Reads a description through.
    ///
    /// # Errors
    ///
    /// In words for who wrote it.
    pub(crate) fn parse(sdp: &str, bounds: DescriptionBounds) -> Result<Self, &'static str> {
        if sdp.len() > bounds.bytes {
            return Err("longer than one of a full room");
        }
        let mut description = Self {
            text: String::with_capacity(sdp.len()),
            ufrag: String::new(),
            password: String::new(),
            lines: Vec::new(),
        };
        let mut has_fingerprint = false;
        for (count, line) in sdp.lines().enumerate() {
            if count >= bounds.lines {
                return Err("more lines than one of a full room");
            }
            if line.len() > LONGEST_LINE {
                return Err("a line is longer than 2048 bytes");
            }
            if !line.is_ascii() {
                return Err("not ASCII");
            }
            if line.starts_with("a=candidate:") || line.starts_with("a=end-of-candidates") {
                continue;
            }
            has_fingerprint |= line.starts_with("a=fingerprint:");
            description.read(line, bounds)?;
            description.text.push_str(line);
            description.text.push_str("\r\n");
        }
        if !has_fingerprint {
            return Err("no a=fingerprint");
        }
        description.check()?;
        Ok(description)
    }

    fn read(&mut self, line: &str, bounds: DescriptionBounds) -> Result<(), &'static str> {
        if let Some(media) = line.strip_prefix("m=") {
            if self.lines.len() >= bounds.media_lines {
                return Err("more m-lines than one of a full room");
            }
            self.lines.push(MediaLine::new(media)?);
        } else if let Some(ufrag) = line.strip_prefix("a=ice-ufrag:") {
            keep_first(&mut self.ufrag, ufrag, 4)?;
        } else if let Some(password) = line.strip_prefix("a=ice-pwd:") {
            keep_first(&mut self.password, password, 22)?;
        } else if line.starts_with("a=ice-lite") {
            return Err("both sides are ICE-lite");
        } else if let (Some(attribute), Some(media)) =
            (line.strip_prefix("a="), self.lines.last_mut())
        {
            media.read(attribute)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.lines.is_empty() {
            return Err("no m-line");
        }
        if self.ufrag.is_empty() || self.password.is_empty() {
            return Err("no a=ice-ufrag or a=ice-pwd");
        }
        for (index, line) in self.lines.iter().enumerate() {
            if line.mid.is_empty() {
                return Err("an m-line without a=mid");
            }
            if self.lines[..index]
                .iter()
                .any(|other| other.mid == line.mid)
            {
                return Err("a mid stands twice");
            }
        }
        if self.ssrcs().count() > MOST_SSRCS_SENT {
            return Err("too many SSRCs");
        }
        Ok(())
    }

    /// Returns the SSRCs of what its sender sends.
    pub(crate) fn ssrcs(&self) -> impl Iterator<Item = u32> + '_ {
        let sending = self.lines.iter().filter(|line| line.sends);
        sending.flat_map(|line| line.ssrcs.iter().copied())
    }

    /// Returns the m-line of that mid.
    pub(crate) fn line_of(&self, mid: &str) -> Option<(Line, &MediaLine)> {
        let index = self.lines.iter().position(|line| line.mid == mid)?;
        Some((Line(index as u16), &self.lines[index]))
    }
}

impl MediaLine {
    fn new(media: &str) -> Result<Self, &'static str> {
        let mut words = media.split(' ');
        let video = match words.next() {
            Some("audio") => false,
            Some("video") => true,
            _ => return Err("only audio and video are taken, no data channels"),
        };
        let rejected = words.next() == Some("0");
        if words.count() > MOST_FORMATS {
            return Err("an m-line has too many formats");
        }
        Ok(Self {
            video,
            rejected,
            sends: true,
            ..Self::default()
        })
    }

    fn read(&mut self, attribute: &str) -> Result<(), &'static str> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "mid" => {
                let plain = value
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || c == b'_');
                if value.is_empty() || value.len() > 16 || !plain {
                    return Err("a mid is not 1 to 16 letters, digits or underscores");
                }
                self.mid = value.to_owned();
            }
            "sendrecv" | "sendonly" => self.sends = true,
            "recvonly" | "inactive" => self.sends = false,
            // RFC 9143: its port is 0 as it has none of its own.
            "bundle-only" => self.rejected = false,
            "simulcast" => self.rids = rids_of(value)?,
            "ssrc" => {
                let ssrc = value.split(' ').next().and_then(|ssrc| ssrc.parse().ok());
                let ssrc = ssrc.ok_or("an a=ssrc without an SSRC")?;
                if !self.ssrcs.contains(&ssrc) {
                    self.ssrcs.push(ssrc);
                }
                if self.ssrcs.len() > MOST_SSRCS {
                    return Err("an m-line has too many SSRCs");
                }
            }
            "rid" => {
                self.named_rids += 1;
                if self.named_rids > MOST_RIDS {
                    return Err("an m-line has too many RIDs");
                }
            }
            "extmap" | "rtpmap" | "fmtp" | "rtcp-fb" | "ssrc-group" => {
                self.attributes += 1;
                if self.attributes > MOST_ATTRIBUTES {
                    return Err("an m-line has too many attributes");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Returns the RIDs that `a=simulcast` says are sent.
fn rids_of(simulcast: &str) -> Result<Vec<String>, &'static str> {
    let mut words = simulcast.split(' ');
    let mut rids = Vec::new();
    while let (Some(direction), Some(list)) = (words.next(), words.next()) {
        if direction != "send" {
            // Nothing goes to a client in layers, and each that it asks for would become a stream.
            return Err("a=simulcast asks for layers to receive");
        }
        for rid in list.split(';') {
            // Alternatives of a layer and its being paused at first do not matter here.
            let rid = rid.split(',').next().unwrap_or_default();
            let rid = rid.trim_start_matches('~');
            if rid.is_empty() || rid.len() > 8 || !rid.bytes().all(|c| c.is_ascii_alphanumeric()) {
                return Err("a rid is not 1 to 8 letters or digits");
            }
            if rids.len() >= MOST_RIDS {
                return Err("too many simulcast layers");
            }
            rids.push(rid.to_owned());
        }
    }
    Ok(rids)
}

fn keep_first(kept: &mut String, value: &str, shortest: usize) -> Result<(), &'static str> {
    if value.len() < shortest || value.len() > 256 {
        return Err("an ICE ufrag or password has no length that RFC 8839 allows");
    }
    if kept.is_empty() {
        value.clone_into(kept);
    }
    Ok(())
}

/// Returns our description with our candidates in the place of the transport's own.
pub(crate) fn with_candidates(sdp: &str, candidates: &[SocketAddr]) -> String {
    let mut text = String::with_capacity(sdp.len() + 160 * candidates.len());
    let mut told = false;
    for line in sdp.lines() {
        if line.starts_with("a=candidate:") {
            if !told {
                told = true;
                write_candidates(&mut text, candidates);
            }
            continue;
        }
        if line.starts_with("a=end-of-candidates") {
            continue;
        }
        text.push_str(line);
        if line.starts_with("a=fmtp:") && line.contains("useinbandfec=1") {
            // Silence need not be sent.
            text.push_str(";usedtx=1");
        }
        text.push_str("\r\n");
    }
    text
}

/// UDP first; TCP for who has no other way (RFC 6544).
fn write_candidates(text: &mut String, candidates: &[SocketAddr]) {
    const HOST_UDP: u32 = 126;
    const HOST_TCP: u32 = 90;
    for (transport, preference, suffix) in
        [("udp", HOST_UDP, ""), ("tcp", HOST_TCP, " tcptype passive")]
    {
        for (index, address) in candidates.iter().enumerate() {
            let local = 65_535_u32.saturating_sub(index as u32);
            let priority = (preference << 24) | (local << 8) | 255;
            let (ip, port) = (address.ip(), address.port());
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "a=candidate:{transport}{index} 1 {transport} {priority} {ip} {port} typ host{suffix}\r\n"
            );
        }
    }
    text.push_str("a=end-of-candidates\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: DescriptionBounds = DescriptionBounds::of(33);

    const HEAD: &str = "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 AA\r\n";

    #[test]
    fn a_description_is_read_through_and_loses_its_candidates() {
        let sdp = format!(
            "{HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=sendonly\r\n\
             m=video 0 UDP/TLS/RTP/SAVPF 96\na=mid:v1\na=recvonly\na=simulcast:send q;~h,x;f\n"
        );
        let description = Description::parse(&sdp, BOUNDS).unwrap();
        assert!(!description.text.contains("candidate"));
        assert_eq!(description.ufrag, "abcd");
        let [audio, video] = &description.lines[..] else {
            panic!("two m-lines")
        };
        assert!(!audio.video && audio.sends && !audio.rejected && audio.rids.is_empty());
        assert!(video.video && !video.sends && video.rejected);
        assert_eq!(video.rids, ["q", "h", "f"]);
        assert_eq!(description.line_of("v1").unwrap().0, Line(1));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_its_reason() {
        let line = "m=audio 9 X 1\r\na=mid:0\r\n";
        let ssrcs: String = (0..17)
            .map(|ssrc| format!("a=ssrc:{ssrc} cname:x\r\n"))
            .collect();
        let sending: String = (0..9)
            .map(|mid| {
                let ssrcs: String = (0..8)
                    .map(|ssrc| format!("a=ssrc:{} cname:x\r\n", 10 * mid + ssrc))
                    .collect();
                format!("m=audio 9 X 1\r\na=mid:{mid}\r\n{ssrcs}")
            })
            .collect();
        let rids: String = (0..9).map(|rid| format!("a=rid:{rid} send\r\n")).collect();
        let lines: String = (0..161)
            .map(|mid| format!("m=audio 9 X 1\r\na=mid:{mid}\r\n"))
            .collect();
        let cases = [
            (
                format!("{HEAD}{}", "a".repeat(400_000)),
                "longer than one of a full room",
            ),
            (
                format!("{HEAD}{}", "a=x\r\n".repeat(10_000)),
                "more lines than one of a full room",
            ),
            (
                format!("{HEAD}a={}", "a".repeat(3_000)),
                "a line is longer than 2048 bytes",
            ),
            (format!("{HEAD}{line}a=x:й"), "not ASCII"),
            (HEAD.to_owned(), "no m-line"),
            (line.to_owned(), "no a=fingerprint"),
            (
                format!("{HEAD}m=audio 9 X 1\r\n"),
                "an m-line without a=mid",
            ),
            (format!("{HEAD}{line}{line}"), "a mid stands twice"),
            (
                format!("{HEAD}{line}{ssrcs}"),
                "an m-line has too many SSRCs",
            ),
            (
                format!("{HEAD}{lines}"),
                "more m-lines than one of a full room",
            ),
            (format!("{HEAD}{sending}"), "too many SSRCs"),
            (format!("{HEAD}{line}{rids}"), "an m-line has too many RIDs"),
            (
                format!("{HEAD}{line}a=simulcast:send 1;2;3;4;5;6;7;8;9\r\n"),
                "too many simulcast layers",
            ),
            (
                format!("{HEAD}{line}a=simulcast:recv 1;2;3;4\r\n"),
                "a=simulcast asks for layers to receive",
            ),
            (
                format!("{HEAD}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n"),
                "only audio and video are taken, no data channels",
            ),
            (
                format!("{HEAD}a=ice-lite\r\n{line}"),
                "both sides are ICE-lite",
            ),
            (
                format!("{HEAD}m=audio 9 X 1\r\na=mid:a-b\r\n"),
                "a mid is not 1 to 16 letters, digits or underscores",
            ),
            (
                format!("{HEAD}{line}a=simulcast:send averylongrid\r\n"),
                "a rid is not 1 to 8 letters or digits",
            ),
        ];
        for (sdp, reason) in cases {
            assert_eq!(Description::parse(&sdp, BOUNDS).unwrap_err(), reason);
        }
    }

    #[test]
    fn our_candidates_take_the_place_of_the_transports_own() {
        let own = "v=0\r\nm=audio 9 X 1\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=fmtp:111 useinbandfec=1\r\n";
        let told = with_candidates(own, &["198.51.100.7:3478".parse().unwrap()]);
        assert!(!told.contains("192.0.2.1"));
        assert!(told.contains("a=candidate:udp0 1 udp 2130706431 198.51.100.7 3478 typ host\r\n"));
        assert!(told.contains(" 198.51.100.7 3478 typ host tcptype passive\r\n"));
        assert!(told.contains("a=fmtp:111 useinbandfec=1;usedtx=1\r\n"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(a=(mid|ssrc|simulcast|rid):[a-z0-9;, ~]{0,20}\r\n|m=(audio|video) [0-9]{0,3}\r\n|.{0,30}\n){0,20}") {
            let _ = Description::parse(&text, BOUNDS);
        }
    }
}
