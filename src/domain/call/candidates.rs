//! The addresses that a side announces as ICE candidates (RFC 8839 section 5.1), read out of what otherwise passes unread.
//!
//! Owns how many of them a side may have: the relay lets packets through to each.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::{CallError, SignalKind};
use crate::domain::{CandidateKind, Protocol};

/// The addresses that one side has announced in a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Announced(BTreeSet<IpAddr>);

impl Announced {
    /// Most addresses of one side: a device has a few, and finds others as it moves from network to network.
    pub(super) const MAX: usize = 64;

    /// Returns which of `addresses` are new.
    ///
    /// # Errors
    /// [`CallError::TooMuch`] if they are more than the side may have.
    pub(super) fn fresh(&self, addresses: BTreeSet<IpAddr>) -> Result<BTreeSet<IpAddr>, CallError> {
        let fresh: BTreeSet<_> = addresses.difference(&self.0).copied().collect();
        if self.0.len() + fresh.len() > Self::MAX {
            return Err(CallError::TooMuch);
        }
        Ok(fresh)
    }

    pub(super) fn add(&mut self, fresh: &BTreeSet<IpAddr>) {
        self.0.extend(fresh);
    }
}

/// Returns the addresses of all candidates in the `sdp` or `candidate` member of a signal, as clients of any age write it.
/// Names are passed over: those of mDNS mean nothing to the relay.
pub(super) fn addresses(kind: SignalKind, payload: &Value) -> BTreeSet<IpAddr> {
    match kind {
        SignalKind::Offer | SignalKind::Answer => text(payload, "sdp")
            .lines()
            .filter(|line| line.starts_with("a=candidate:"))
            .filter_map(address)
            .collect(),
        SignalKind::Candidate => address(text(payload, "candidate")).into_iter().collect(),
    }
}

/// Returns of which kinds the candidates of a signal are, and over what.
#[must_use]
pub fn kinds(kind: SignalKind, payload: &Value) -> BTreeSet<(CandidateKind, Protocol)> {
    match kind {
        SignalKind::Offer | SignalKind::Answer => text(payload, "sdp")
            .lines()
            .filter(|line| line.starts_with("a=candidate:"))
            .filter_map(kind_of)
            .collect(),
        SignalKind::Candidate => kind_of(text(payload, "candidate")).into_iter().collect(),
    }
}

/// Returns what stands third and behind `typ` in a candidate.
fn kind_of(candidate: &str) -> Option<(CandidateKind, Protocol)> {
    let mut words = candidate.split_ascii_whitespace();
    let protocol = match words.nth(2)? {
        udp if udp.eq_ignore_ascii_case("udp") => Protocol::Udp,
        tcp if tcp.eq_ignore_ascii_case("tcp") => Protocol::Tcp,
        _ => return None,
    };
    words.find(|word| *word == "typ")?;
    let kind = match words.next()? {
        "host" => CandidateKind::Host,
        "srflx" => CandidateKind::Srflx,
        "prflx" => CandidateKind::Prflx,
        "relay" => CandidateKind::Relay,
        _ => return None,
    };
    Some((kind, protocol))
}

/// A signal is an object as browsers make it, or the text alone.
fn text<'a>(payload: &'a Value, member: &str) -> &'a str {
    payload
        .get(member)
        .unwrap_or(payload)
        .as_str()
        .unwrap_or_default()
}

/// Returns the connection address of a candidate, with or without `a=` in front: the fifth word, after foundation, component, transport and
/// priority.
fn address(candidate: &str) -> Option<IpAddr> {
    candidate.split_ascii_whitespace().nth(4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_candidate_is_read_as_an_object_and_as_text() {
        let line =
            "candidate:1 1 udp 2113937151 192.0.2.7 50000 typ srflx raddr 10.0.0.7 rport 50001";
        for payload in [
            json!({"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0}),
            json!({"candidate": line, "sdpMid": null, "usernameFragment": "abcd"}),
            json!(line),
            json!(format!("a={line}\r\n")),
        ] {
            assert_eq!(
                read(SignalKind::Candidate, &payload),
                ["192.0.2.7"],
                "{payload}"
            );
        }
        let v6 =
            json!({"candidate": "candidate:2 1 tcp 1 ::ffff:192.0.2.7 9 typ host tcptype active"});
        assert_eq!(read(SignalKind::Candidate, &v6), ["::ffff:192.0.2.7"]);
    }

    #[test]
    fn a_description_has_the_candidates_of_all_its_lines() {
        let sdp = "v=0\r\nc=IN IP4 198.51.100.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
                   a=candidate:1 1 udp 1 192.0.2.7 50000 typ host\r\na=candidate:1 2 udp 1 192.0.2.7 50001 typ host\r\n\
                   a=remote-candidates:1 192.0.2.9 1\r\na=candidate:2 1 udp 1 2001:db8::7 50000 typ relay raddr 0.0.0.0 rport 0\r\n";
        for payload in [
            json!({"type": "offer", "sdp": sdp}),
            json!(sdp),
            json!(sdp.replace("\r\n", "\n")),
        ] {
            for kind in [SignalKind::Offer, SignalKind::Answer] {
                assert_eq!(read(kind, &payload), ["192.0.2.7", "2001:db8::7"]);
            }
        }
    }

    #[test]
    fn the_kinds_of_candidates_are_read_wherever_they_stand() {
        let sdp = "v=0\r\na=candidate:1 1 udp 1 phone.local 50000 typ host\r\n\
                   a=candidate:2 1 TCP 1 192.0.2.7 9 typ relay raddr 0.0.0.0 rport 0\r\na=candidate:3 1 udp 1 x 1 typ new\r\n";
        let both = [
            (CandidateKind::Host, Protocol::Udp),
            (CandidateKind::Relay, Protocol::Tcp),
        ];
        assert!(
            kinds(SignalKind::Offer, &json!({"sdp": sdp}))
                .into_iter()
                .eq(both)
        );
        let one = kinds(
            SignalKind::Candidate,
            &json!("candidate:1 1 udp 1 192.0.2.7 1 typ srflx"),
        );
        assert!(one.into_iter().eq([(CandidateKind::Srflx, Protocol::Udp)]));
        assert!(
            kinds(
                SignalKind::Candidate,
                &json!("candidate:1 1 udp 1 192.0.2.7 1 host")
            )
            .is_empty()
        );
    }

    #[test]
    fn names_and_nonsense_announce_nothing() {
        for payload in [
            json!("candidate:1 1 udp 1 5e9c1f7e-0e1c.local 50000 typ host"),
            json!("candidate:1 1 udp 1 host.example.org 50000 typ host"),
            json!(""),
            json!(null),
            json!(["candidate:1 1 udp 1 192.0.2.7 1 typ host"]),
            json!({"candidate": {"candidate": 5}}),
            json!({}),
        ] {
            assert_eq!(
                read(SignalKind::Candidate, &payload),
                Vec::<String>::new(),
                "{payload}"
            );
            assert_eq!(
                read(SignalKind::Offer, &payload),
                Vec::<String>::new(),
                "{payload}"
            );
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text: String) {
            for kind in [SignalKind::Offer, SignalKind::Answer, SignalKind::Candidate] {
                addresses(kind, &json!(text));
                drop(kinds(kind, &json!(text)));
            }
        }
    }

    fn read(kind: SignalKind, payload: &Value) -> Vec<String> {
        addresses(kind, payload)
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}
