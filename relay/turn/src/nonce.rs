//! Nonces that need no memory: the time and a MAC over it and the client's address (RFC 8489 section 9.2.4).

use crate::{UnixMillis, UnixSeconds};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::net::{IpAddr, SocketAddr};

/// How long a nonce is good, in seconds.
const LIFETIME: u64 = 3600;
const TIME: usize = 4;
const MAC: usize = 8;

/// Issues nonces and knows them again.
#[derive(Clone)]
pub(crate) struct Nonces {
    mac: Hmac<Sha1>,
}

impl Nonces {
    /// Issues nonces that only the holder of the same `key` knows again.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            mac: Hmac::new_from_slice(&key).expect("HMAC takes a key of any length"),
        }
    }

    /// Returns a nonce for `client`: 16 characters, so that a challenge stays small.
    pub(crate) fn issue(&self, client: SocketAddr, now: UnixMillis) -> String {
        let time = (UnixSeconds::from(now).0 as u32).to_be_bytes();
        let mac = self.mac(time, client).finalize().into_bytes();
        let mut bytes = [0; TIME + MAC];
        bytes[..TIME].copy_from_slice(&time);
        bytes[TIME..].copy_from_slice(&mac[..MAC]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns whether `nonce` was issued to `client` in the last hour.
    pub(crate) fn knows(&self, nonce: &str, client: SocketAddr, now: UnixMillis) -> bool {
        let mut bytes = [0; TIME + MAC];
        if BASE64_URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes) != Ok(bytes.len()) {
            return false;
        }
        let (time, mac) = bytes.split_at(TIME);
        let time: [u8; TIME] = time.try_into().expect("split there");
        let age = UnixSeconds::from(now)
            .0
            .wrapping_sub(u64::from(u32::from_be_bytes(time)));
        age <= LIFETIME && self.mac(time, client).verify_truncated_left(mac).is_ok()
    }

    fn mac(&self, time: [u8; TIME], client: SocketAddr) -> Hmac<Sha1> {
        let mut mac = self.mac.clone();
        mac.update(&time);
        match client.ip() {
            IpAddr::V4(ip) => mac.update(&ip.octets()),
            IpAddr::V6(ip) => mac.update(&ip.octets()),
        }
        mac.update(&client.port().to_be_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    #[test]
    fn a_nonce_is_known_again_for_an_hour() {
        let nonces = Nonces::new([1; 32]);
        let nonce = nonces.issue(client("192.0.2.1:1000"), NOW);
        assert_eq!(nonce.len(), 16);
        assert!(nonces.knows(
            &nonce,
            client("192.0.2.1:1000"),
            UnixMillis(NOW.0 + 3_600_000)
        ));
        assert!(!nonces.knows(
            &nonce,
            client("192.0.2.1:1000"),
            UnixMillis(NOW.0 + 3_601_000)
        ));
    }

    #[test]
    fn a_nonce_of_another_client_another_server_or_the_future_is_foreign() {
        let nonces = Nonces::new([1; 32]);
        let nonce = nonces.issue(client("192.0.2.1:1000"), NOW);
        assert!(!nonces.knows(&nonce, client("192.0.2.1:1001"), NOW));
        assert!(!nonces.knows(&nonce, client("192.0.2.2:1000"), NOW));
        assert!(!Nonces::new([2; 32]).knows(&nonce, client("192.0.2.1:1000"), NOW));
        assert!(!nonces.knows(&nonce, client("192.0.2.1:1000"), UnixMillis(NOW.0 - 1000)));
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_no_nonce(text: String) {
            prop_assert!(!Nonces::new([1; 32]).knows(&text, client("192.0.2.1:1000"), NOW));
        }
    }

    fn client(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }
}
