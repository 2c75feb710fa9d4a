//! The cryptography under the transport: hashes and AES-GCM of `ring`, DTLS of `dimpl`.
//!
//! Owns which algorithm comes from where; what is done with them is the transport's.

pub(crate) mod dtls;
mod hash;
mod srtp;

use std::sync::{Arc, LazyLock};

use str0m::crypto::CryptoProvider;

/// Returns what a connection is built with.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        Arc::new(CryptoProvider {
            srtp_provider: &srtp::Srtp,
            sha1_hmac_provider: &hash::Hash,
            sha1_provider: &hash::Hash,
            sha256_provider: &hash::Hash,
            dtls_provider: &dtls::Dtls,
        })
    });
    PROVIDER.clone()
}
