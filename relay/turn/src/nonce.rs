//! Nonces that need no memory: the time and a MAC over it and the client's address (RFC 8489 section 9.2).
//!
//! Before these stands the nonce cookie, which tells a client what it may use: no attacker can take that from a challenge unnoticed, as the MAC
//! covers it. Where the whole does not fit, the nonce has no cookie, and offers nothing.

use crate::{UnixMillis, UnixSeconds};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::net::{IpAddr, SocketAddr};

/// The nonce cookie with the bits of password algorithms (0) and username anonymity (1), counted from the right as erratum 6290 has it.
const COOKIE: &str = "obMatJos2AAAD";

/// One unit of a nonce's time, in seconds. With 24 bits of units it comes round after 8 years.
const UNIT: u64 = 16;

/// How many units a nonce is good: an hour at most.
const LIFETIME: u32 = 3600 / UNIT as u32;

const TIME: usize = 3;
const MAC: usize = 6;

/// What a nonce offers to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// PASSWORD-ALGORITHMS, which goes with it, and USERHASH.
    Everything,
    /// What RFC 5389 has.
    Nothing,
}

impl Offer {
    /// Returns what `nonce` says that it offers, whoever made it.
    pub(crate) fn of(nonce: &[u8]) -> Self {
        if nonce.starts_with(COOKIE.as_bytes()) {
            Self::Everything
        } else {
            Self::Nothing
        }
    }

    fn cookie(self) -> &'static str {
        match self {
            Self::Everything => COOKIE,
            Self::Nothing => "",
        }
    }

    /// Returns how long a nonce with it is, in bytes.
    pub(crate) fn length(self) -> usize {
        self.cookie().len() + (TIME + MAC) / 3 * 4
    }
}

/// Issues nonces and knows them again.
#[derive(Clone)]
pub(crate) struct Nonces {
    mac: Hmac<Sha1>,
}

impl Nonces {
    /// Issues nonces that only the holders of the same `key` know again.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self {
            mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
        }
    }

    /// Returns a nonce for `client`.
    pub(crate) fn issue(&self, offer: Offer, client: SocketAddr, now: UnixMillis) -> String {
        let time = units(now).to_be_bytes();
        let mac = self.mac(offer, &time[1..], client).finalize().into_bytes();
        let mut bytes = [0; TIME + MAC];
        bytes[..TIME].copy_from_slice(&time[1..]);
        bytes[TIME..].copy_from_slice(&mac[..MAC]);
        let mut nonce = String::with_capacity(offer.length());
        nonce.push_str(offer.cookie());
        BASE64_URL_SAFE_NO_PAD.encode_string(bytes, &mut nonce);
        nonce
    }

    /// Returns whether `nonce` was issued to `client` in the last hour.
    pub(crate) fn knows(&self, nonce: &[u8], client: SocketAddr, now: UnixMillis) -> bool {
        let offer = Offer::of(nonce);
        let mut bytes = [0; TIME + MAC];
        let encoded = &nonce[offer.cookie().len()..];
        if BASE64_URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) != Ok(bytes.len()) {
            return false;
        }
        let (time, mac) = bytes.split_at(TIME);
        let issued = u32::from_be_bytes([0, time[0], time[1], time[2]]);
        let age = units(now).wrapping_sub(issued) & 0x00FF_FFFF;
        age < LIFETIME
            && self
                .mac(offer, time, client)
                .verify_truncated_left(mac)
                .is_ok()
    }

    fn mac(&self, offer: Offer, time: &[u8], client: SocketAddr) -> Hmac<Sha1> {
        let mut mac = self.mac.clone();
        mac.update(time);
        mac.update(&[offer.cookie().len() as u8]);
        mac.update(&client.port().to_be_bytes());
        match client.ip() {
            IpAddr::V4(ip) => mac.update(&ip.octets()),
            IpAddr::V6(ip) => mac.update(&ip.octets()),
        }
        mac
    }
}

/// Returns the time in units, of which a nonce has the last 24 bits.
fn units(now: UnixMillis) -> u32 {
    (UnixSeconds::from(now).0 / UNIT) as u32 & 0x00FF_FFFF
}

#[cfg(test)]
mod tests {
    use super::*;
    use Offer::{Everything, Nothing};
    use proptest::prelude::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    #[test]
    fn a_nonce_is_known_again_for_an_hour_and_no_longer() {
        for (offer, length) in [(Everything, 25), (Nothing, 12)] {
            let nonces = Nonces::new(&[1; 32]);
            let nonce = nonces.issue(offer, client("192.0.2.1:1000"), NOW);
            assert_eq!((nonce.len(), offer.length()), (length, length));
            let knows = |seconds: u64| {
                let later = UnixMillis(NOW.0 + seconds * 1000);
                nonces.knows(nonce.as_bytes(), client("192.0.2.1:1000"), later)
            };
            assert!(knows(0) && knows(3600 - UNIT));
            assert!(!knows(3600) && !knows(86_400));
        }
    }

    #[test]
    fn a_nonce_of_another_client_another_server_or_the_future_is_foreign() {
        let nonces = Nonces::new(&[1; 32]);
        let nonce = nonces.issue(Everything, client("192.0.2.1:1000"), NOW);
        let nonce = nonce.as_bytes();
        assert!(Nonces::new(&[1; 32]).knows(nonce, client("192.0.2.1:1000"), NOW));
        assert!(!nonces.knows(nonce, client("192.0.2.1:1001"), NOW));
        assert!(!nonces.knows(nonce, client("192.0.2.2:1000"), NOW));
        assert!(!Nonces::new(&[2; 32]).knows(nonce, client("192.0.2.1:1000"), NOW));
        let before = UnixMillis(NOW.0 - UNIT * 1000);
        assert!(!nonces.knows(nonce, client("192.0.2.1:1000"), before));
    }

    #[test]
    fn the_cookie_can_neither_be_taken_away_nor_put_on() {
        let (nonces, client) = (Nonces::new(&[1; 32]), client("192.0.2.1:1000"));
        let with = nonces.issue(Everything, client, NOW);
        assert!(!nonces.knows(&with.as_bytes()[COOKIE.len()..], client, NOW));
        let without = nonces.issue(Nothing, client, NOW);
        assert!(!nonces.knows(format!("{COOKIE}{without}").as_bytes(), client, NOW));
    }

    #[test]
    fn a_nonce_outlives_the_turn_of_its_clock() {
        let (nonces, client) = (Nonces::new(&[1; 32]), client("192.0.2.1:1000"));
        let turn = UnixMillis((1 << 24) * UNIT * 1000 * 7);
        let nonce = nonces.issue(Nothing, client, UnixMillis(turn.0 - 1));
        assert!(nonces.knows(nonce.as_bytes(), client, turn));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_nonce(cookie: bool, bytes: Vec<u8>) {
            let nonce = [if cookie { COOKIE.as_bytes() } else { b"" }, &bytes].concat();
            prop_assert!(!Nonces::new(&[1; 32]).knows(&nonce, client("192.0.2.1:1000"), NOW));
        }
    }

    fn client(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }
}
