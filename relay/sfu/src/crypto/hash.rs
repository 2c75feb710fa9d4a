//! HMAC-SHA1 of connectivity checks and SRTP, and the hashes of fingerprints.

use ring::{digest, hmac};
use str0m::crypto::{Sha1HmacProvider, Sha1Provider, Sha256Provider};

#[derive(Debug)]
pub(super) struct Hash;

impl Sha1HmacProvider for Hash {
    fn sha1_hmac(&self, key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        let mut context = hmac::Context::with_key(&key);
        for payload in payloads {
            context.update(payload);
        }
        array_of(context.sign().as_ref())
    }
}

impl Sha1Provider for Hash {
    fn sha1(&self, bytes: &[u8]) -> [u8; 20] {
        array_of(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
    }
}

impl Sha256Provider for Hash {
    fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        array_of(digest::digest(&digest::SHA256, bytes).as_ref())
    }
}

fn array_of<const N: usize>(digest: &[u8]) -> [u8; N] {
    digest.try_into().expect("a digest has one length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hmac_is_that_of_rfc_2202_however_its_text_is_cut() {
        let expected = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
        let hex = |bytes: [u8; 20]| bytes.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            hex(Hash.sha1_hmac(b"Jefe", &[b"what do ya want for nothing?"])),
            expected
        );
        assert_eq!(
            hex(Hash.sha1_hmac(b"Jefe", &[b"what do ya ", b"", b"want for nothing?"])),
            expected
        );
    }
}
