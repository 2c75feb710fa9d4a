//! What our connections show in DTLS.

use str0m::crypto::dtls::DtlsCert;

use crate::crypto::dtls;

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
        dtls::new_certificate().map(Self).map_err(CertificateError)
    }

    pub(crate) fn dtls(&self) -> DtlsCert {
        self.0.clone()
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
