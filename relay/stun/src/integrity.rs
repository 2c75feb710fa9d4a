//! What stands at the end of a message: integrity and fingerprint (RFC 8489 sections 14.5 to 14.7), and the key that integrity takes (section 9.2.2).
//!
//! Written by hand and not through `stun-types`, where a key is tied to one hash: a client that chose MD5 for its password signs by SHA-256 too.

use crate::{
    Fingerprint, IntegrityAlgorithm, Message, PasswordAlgorithmValue,
    message::{HEADER, Span},
};
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use std::fmt;

/// The key of a long-term credential (RFC 8489 section 9.2.2). Its `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// MD5 over username, realm and password.
    Md5([u8; 16]),
    /// SHA-256 over username, realm and password.
    Sha256([u8; 32]),
}

impl Key {
    /// Derives a key. The three are hashed as they are: in ASCII, OpaqueString changes nothing.
    pub fn long_term(
        algorithm: PasswordAlgorithmValue,
        username: &str,
        realm: &str,
        password: &str,
    ) -> Self {
        fn over<D: Digest>(parts: [&str; 3]) -> D {
            let [username, realm, password] = parts;
            let hash = D::new().chain_update(username).chain_update(":");
            hash.chain_update(realm)
                .chain_update(":")
                .chain_update(password)
        }
        let parts = [username, realm, password];
        match algorithm {
            PasswordAlgorithmValue::MD5 => Self::Md5(over::<Md5>(parts).finalize().into()),
            PasswordAlgorithmValue::SHA256 => Self::Sha256(over::<Sha256>(parts).finalize().into()),
        }
    }

    /// Returns how the key was derived.
    pub fn algorithm(&self) -> PasswordAlgorithmValue {
        match self {
            Self::Md5(_) => PasswordAlgorithmValue::MD5,
            Self::Sha256(_) => PasswordAlgorithmValue::SHA256,
        }
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Md5(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// How a client signs its requests, and the server its answers to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The key.
    pub key: Key,
    /// The hash, and so the attribute.
    pub integrity: IntegrityAlgorithm,
}

impl Message<'_> {
    /// Returns by which hash the message is signed, if it is. SHA-256 is the stronger, so MESSAGE-INTEGRITY is not looked at beside it.
    pub fn integrity(&self) -> Option<IntegrityAlgorithm> {
        match (self.sha256, self.sha1) {
            (Some(_), _) => Some(IntegrityAlgorithm::Sha256),
            (None, Some(_)) => Some(IntegrityAlgorithm::Sha1),
            (None, None) => None,
        }
    }

    /// Returns whether the message is signed with `key`. A MESSAGE-INTEGRITY-SHA256 may be cut to 16 bytes (RFC 8489 section 14.6).
    pub fn is_signed_with(&self, key: impl AsRef<[u8]>) -> bool {
        let (bytes, key) = (self.as_bytes(), key.as_ref());
        match (self.sha256, self.sha1) {
            (Some(span), _) => {
                let length = span.length;
                (16..=32).contains(&length)
                    && length.is_multiple_of(4)
                    && verifies::<Hmac<Sha256>>(key, bytes, span)
            }
            (None, Some(span)) => span.length == 20 && verifies::<Hmac<Sha1>>(key, bytes, span),
            (None, None) => false,
        }
    }
}

fn verifies<M: Mac + hmac::digest::KeyInit>(key: &[u8], message: &[u8], span: Span) -> bool {
    mac::<M>(key, message, span.at, span.end())
        .verify_truncated_left(span.value(message))
        .is_ok()
}

/// Appends the attribute that signs `message`.
pub(crate) fn sign(message: &mut Vec<u8>, signer: &Signer) {
    let (at, key) = (message.len(), signer.key.as_ref());
    match signer.integrity {
        IntegrityAlgorithm::Sha1 => {
            let mac = mac::<Hmac<Sha1>>(key, message, at, at + 24).finalize();
            append(message, [0x00, 0x08], &mac.into_bytes());
        }
        IntegrityAlgorithm::Sha256 => {
            let mac = mac::<Hmac<Sha256>>(key, message, at, at + 36).finalize();
            append(message, [0x00, 0x1C], &mac.into_bytes());
        }
    }
}

/// Appends the FINGERPRINT of `message`.
pub(crate) fn print(message: &mut Vec<u8>) {
    let fingerprint = fingerprint(message, message.len());
    append(message, [0x80, 0x28], &fingerprint);
}

/// Returns the value of the FINGERPRINT that stands at `at` in `message`.
pub(crate) fn fingerprint(message: &[u8], at: usize) -> [u8; 4] {
    let (head, body) = until(message, at, at + 8);
    let crc = u32::from_be_bytes(Fingerprint::compute(&[&head, body]));
    (crc ^ 0x5354_554E).to_be_bytes()
}

fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], message: &[u8], at: usize, end: usize) -> M {
    let mut mac = <M as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    let (head, body) = until(message, at, end);
    mac.update(&head);
    mac.update(body);
    mac
}

/// Returns what is hashed for an attribute that stands from `at` to `end`: all before it, with the length as if the message ended with it.
fn until(message: &[u8], at: usize, end: usize) -> ([u8; 4], &[u8]) {
    let [l0, l1] = ((end - HEADER) as u16).to_be_bytes();
    ([message[0], message[1], l0, l1], &message[4..at])
}

fn append(message: &mut Vec<u8>, kind: [u8; 2], value: &[u8]) {
    message.extend(kind);
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    let length = ((message.len() - HEADER) as u16).to_be_bytes();
    message[2..4].copy_from_slice(&length);
}
