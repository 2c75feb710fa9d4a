//! What our connections show in DTLS.

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use str0m::crypto::dtls::DtlsCert;

/// A self-signed certificate and its key: one for all connections of a process, since a client checks its fingerprint alone.
#[derive(Clone)]
pub struct Certificate(DtlsCert);

impl Certificate {
    /// Makes a new one, of the system's randomness.
    ///
    /// # Errors
    ///
    /// When there is no randomness or it cannot be signed.
    pub fn generate() -> Result<Self, CertificateError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(CertificateError)?;
        let mut params = CertificateParams::default();
        // No name: it would only tell what runs here.
        params.distinguished_name = DistinguishedName::new();
        let certificate = params.self_signed(&key).map_err(CertificateError)?;
        Ok(Self(DtlsCert {
            certificate: certificate.der().to_vec(),
            private_key: key.serialize_der(),
        }))
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Of both it says only how long they are.
        f.debug_tuple("Certificate").field(&self.0).finish()
    }
}

/// No certificate could be made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate for DTLS could be made")]
pub struct CertificateError(#[source] rcgen::Error);
