//! The certificate that TLS is served with.

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::NoServerSessionStorage,
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio_rustls::TlsAcceptor;

/// The protocol of TURN over TLS in ALPN (RFC 7443 section 3).
pub(crate) const ALPN: &[u8] = b"stun.turn";

/// Where the certificate and its key are, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate of the server, followed by those that signed it.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1, without a passphrase.
    pub key: PathBuf,
}

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read, or is no PEM.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The file has no certificate.
    #[error("{0} holds no certificate (no BEGIN CERTIFICATE)")]
    NoCertificate(PathBuf),
    /// The file has no key.
    #[error("{0} holds no private key without a passphrase (no BEGIN PRIVATE KEY)")]
    NoKey(PathBuf),
    /// The key is of another certificate.
    #[error("the key in {key} does not belong to the certificate in {certificate}")]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate or the key is none that TLS can be served with.
    #[error("cannot serve TLS with {certificate} and {key}: {source}")]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
}

/// The certificate that is served now.
#[derive(Debug)]
pub(crate) struct Served {
    files: Tls,
    /// Guards what new connections are given; those that are open keep what they have.
    config: Mutex<Arc<ServerConfig>>,
}

impl Served {
    /// Reads the files.
    pub(crate) fn load(files: Tls) -> Result<Self, TlsError> {
        let config = Mutex::new(files.load()?);
        Ok(Self { files, config })
    }

    /// Reads the files again, as certificates are renewed under a server that runs. What cannot be served changes nothing.
    pub(crate) fn renew(&self) {
        match self.files.load() {
            Ok(config) => *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config,
            Err(error) => {
                tracing::warn!(%error, "cannot read the certificate again; the one before stays");
            }
        }
    }

    /// Returns what takes a new connection through its handshake.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&config).into()
    }
}

impl Tls {
    /// Reads both files.
    fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|source| unread(&self.certificate, source))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(self.certificate.clone()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|source| {
            if matches!(source, pem::Error::NoItemsFound) {
                TlsError::NoKey(self.key.clone())
            } else {
                unread(&self.key, source)
            }
        })?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|source| self.unusable(source))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // A client connects once for a call: keeping sessions to resume would cost memory and bytes for nothing.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    fn unusable(&self, source: rustls::Error) -> TlsError {
        let (certificate, key) = (self.certificate.clone(), self.key.clone());
        if matches!(source, rustls::Error::InconsistentKeys(_)) {
            return TlsError::Mismatch { certificate, key };
        }
        TlsError::Unusable {
            certificate,
            key,
            source,
        }
    }
}

fn unread(path: &Path, source: pem::Error) -> TlsError {
    TlsError::Read {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use std::fs;
    use tempfile::TempDir;

    #[test]
    fn a_certificate_with_its_key_is_served() {
        let files = Files::new();
        let (certificate, key) = files.issue("one");
        assert!(Tls { certificate, key }.load().is_ok());
    }

    #[test]
    fn what_cannot_be_served_is_said_with_the_file_at_fault() {
        let files = Files::new();
        let (certificate, key) = files.issue("one");
        let (_, other) = files.issue("two");
        let (missing, empty) = (files.path("missing"), files.path("empty"));
        fs::write(&empty, "").unwrap();
        let error = |certificate: &PathBuf, key: &PathBuf| {
            Tls {
                certificate: certificate.clone(),
                key: key.clone(),
            }
            .load()
            .unwrap_err()
        };
        for (error, fault) in [
            (error(&missing, &key), &missing),
            (error(&certificate, &missing), &missing),
            (error(&empty, &key), &empty),
            (error(&key, &key), &key),
            (error(&certificate, &empty), &empty),
            (error(&certificate, &certificate), &certificate),
            (error(&certificate, &other), &other),
        ] {
            let said = error.to_string();
            assert!(said.contains(&fault.display().to_string()), "{said}");
        }
        assert!(matches!(
            error(&certificate, &other),
            TlsError::Mismatch { .. }
        ));
        assert!(matches!(error(&certificate, &empty), TlsError::NoKey(_)));
        assert!(matches!(error(&key, &key), TlsError::NoCertificate(_)));
    }

    #[test]
    fn a_renewed_certificate_is_served_and_a_damaged_one_is_not() {
        let files = Files::new();
        let (certificate, key) = files.issue("one");
        let (renewed, renewed_key) = files.issue("two");
        let tls = Tls { certificate, key };
        let served = Served::load(tls.clone()).unwrap();
        let in_force = || Arc::as_ptr(served.acceptor().config());
        let first = in_force();
        fs::copy(renewed, &tls.certificate).unwrap();
        served.renew();
        assert_eq!(in_force(), first, "the key is still the old one");
        fs::copy(renewed_key, &tls.key).unwrap();
        served.renew();
        assert_ne!(in_force(), first);
    }

    struct Files(TempDir);

    impl Files {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
            let CertifiedKey { cert, signing_key } =
                generate_simple_self_signed(vec!["localhost".into()]).unwrap();
            let (certificate, key) = (
                self.path(&format!("{name}.crt")),
                self.path(&format!("{name}.key")),
            );
            fs::write(&certificate, cert.pem()).unwrap();
            fs::write(&key, signing_key.serialize_pem()).unwrap();
            (certificate, key)
        }
    }
}
