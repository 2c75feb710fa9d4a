//! The ciphers of SRTP: AES-GCM (RFC 7714) by `ring`, AES counter mode (RFC 3711) for who knows nothing better.

use std::fmt;

use aes::{
    Aes128, Aes256,
    cipher::{BlockCipherEncrypt, KeyInit, KeyIvInit, StreamCipher},
};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, Tag, UnboundKey};
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80Cipher, CryptoError, SrtpProvider,
    SupportedAeadAes128Gcm, SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};

/// Bytes of an AES-GCM tag.
const TAG: usize = 16;

/// Bytes of associated data that are joined without allocating: an SRTCP header and its index are 12.
const JOINED: usize = 64;

#[derive(Debug)]
pub(super) struct Srtp;

impl SrtpProvider for Srtp {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        &Self
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &Self
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &Self
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        let cipher = Aes128::new_from_slice(key).expect("a key of 16 bytes");
        derive(&cipher, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        let cipher = Aes256::new_from_slice(key).expect("a key of 32 bytes");
        derive(&cipher, input, output);
    }
}

/// Encrypts one block for the derivation of keys (RFC 3711 section 4.3.3).
fn derive(cipher: &impl BlockCipherEncrypt, input: &[u8], output: &mut [u8]) {
    let mut block = input.try_into().expect("one block of 16 bytes");
    cipher.encrypt_block(&mut block);
    output[..block.len()].copy_from_slice(&block);
}

impl SupportedAes128CmSha1_80 for Srtp {
    fn create_cipher(&self, key: [u8; 16], _encrypt: bool) -> Box<dyn Aes128CmSha1_80Cipher> {
        Box::new(CounterMode { key })
    }
}

impl SupportedAeadAes128Gcm for Srtp {
    fn create_cipher(&self, key: [u8; 16], _encrypt: bool) -> Box<dyn AeadAes128GcmCipher> {
        Box::new(Gcm::new(&AES_128_GCM, &key))
    }
}

impl SupportedAeadAes256Gcm for Srtp {
    fn create_cipher(&self, key: [u8; 32], _encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        Box::new(Gcm::new(&AES_256_GCM, &key))
    }
}

struct CounterMode {
    key: [u8; 16],
}

impl CounterMode {
    fn apply(&self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        let output = output.get_mut(..input.len()).ok_or_else(too_short)?;
        output.copy_from_slice(input);
        ctr::Ctr128BE::<Aes128>::new(&self.key.into(), iv.into()).apply_keystream(output);
        Ok(())
    }
}

impl fmt::Debug for CounterMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CounterMode").finish_non_exhaustive()
    }
}

impl Aes128CmSha1_80Cipher for CounterMode {
    fn encrypt(
        &mut self,
        iv: &[u8; 16],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.apply(iv, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 16],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.apply(iv, input, output)
    }
}

#[derive(Debug)]
struct Gcm(LessSafeKey);

impl Gcm {
    fn new(algorithm: &'static Algorithm, key: &[u8]) -> Self {
        let key = UnboundKey::new(algorithm, key).expect("a key of the algorithm's length");
        Self(LessSafeKey::new(key))
    }

    fn seal(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        let length = input.len();
        let (text, rest) = output.split_at_mut_checked(length).ok_or_else(too_short)?;
        let end = rest.get_mut(..TAG).ok_or_else(too_short)?;
        text.copy_from_slice(input);
        let nonce = Nonce::assume_unique_for_key(*iv);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(aad), text)
            .map_err(|_| CryptoError::Other("AES-GCM does not seal so much".into()))?;
        end.copy_from_slice(tag.as_ref());
        Ok(())
    }

    fn open(
        &self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let length = input.len().checked_sub(TAG).ok_or_else(too_short)?;
        let (cipher, tag) = input.split_at(length);
        let text = output.get_mut(..length).ok_or_else(too_short)?;
        text.copy_from_slice(cipher);
        let tag = Tag::try_from(tag).expect("cut to its length");
        let (mut joined, spilled);
        let aad = match aads {
            [one] => one,
            several => {
                let length = several.iter().map(|part| part.len()).sum::<usize>();
                if length <= JOINED {
                    joined = [0; JOINED];
                    let mut at = 0;
                    for part in several {
                        joined[at..at + part.len()].copy_from_slice(part);
                        at += part.len();
                    }
                    &joined[..length]
                } else {
                    spilled = several.concat();
                    &spilled
                }
            }
        };
        self.0
            .open_in_place_separate_tag(
                Nonce::assume_unique_for_key(*iv),
                Aad::from(aad),
                tag,
                text,
                0..,
            )
            .map_err(|_| CryptoError::Other("AES-GCM does not hold".into()))?;
        Ok(length)
    }
}

fn too_short() -> CryptoError {
    CryptoError::Other("the buffer is too short".into())
}

impl AeadAes128GcmCipher for Gcm {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.seal(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.open(iv, aads, input, output)
    }
}

impl AeadAes256GcmCipher for Gcm {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.seal(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.open(iv, aads, input, output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_a_changed_byte_does_not() {
        let mut cipher = SupportedAeadAes128Gcm::create_cipher(&Srtp, [3; 16], true);
        let (mut sealed, mut opened) = ([0; 21], [0; 21]);
        cipher
            .encrypt(&[1; 12], b"header", b"words", &mut sealed)
            .unwrap();
        let length = cipher
            .decrypt(&[1; 12], &[b"hea", b"der"], &sealed, &mut opened)
            .unwrap();
        assert_eq!(&opened[..length], b"words");
        sealed[0] ^= 1;
        assert!(
            cipher
                .decrypt(&[1; 12], &[b"header"], &sealed, &mut opened)
                .is_err()
        );
        assert!(
            cipher
                .decrypt(&[1; 12], &[b"header"], b"short", &mut opened)
                .is_err()
        );
    }

    #[test]
    fn keys_are_derived_as_rfc_3711_appendix_b_3_has_it() {
        let master = hex("e1f97a0d3e018be0d64fa32c06de4139");
        let mut output = [0; 32];
        Srtp.srtp_aes_128_ecb_round(
            &master,
            &hex("0ec675ad498afeebb6960b3aabe60000"),
            &mut output,
        );
        assert_eq!(output[..16], hex("c61e7a93744f39ee10734afe3ff7a087"));
    }

    fn hex(text: &str) -> [u8; 16] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    }
}
