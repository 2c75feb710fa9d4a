//! Certificates and keys in PEM files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};

use super::Validity;

/// A certificate that can be served.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) validity: Validity,
}

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// The file cannot be read, or is no PEM.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The file has no certificate.
    #[error("{} holds no certificate (no BEGIN CERTIFICATE)", .0.display())]
    NoCertificate(PathBuf),
    /// The file has a certificate that cannot be understood.
    #[error("the first certificate in {} is damaged", .0.display())]
    Damaged(PathBuf),
    /// The file has no key.
    #[error("{} holds no private key without a passphrase (no BEGIN PRIVATE KEY)", .0.display())]
    NoKey(PathBuf),
    /// The key is of another certificate.
    #[error("the key in {} does not belong to the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate or the key is none that TLS can be served with.
    #[error("cannot serve TLS with {} and {}: {source}", certificate.display(), key.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
}

/// Reads both files, which may be the same.
pub(super) fn load(certificate: &Path, key: &Path) -> Result<Certificate, PemError> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| unread(certificate, source))?;
    let Some(own) = chain.first() else {
        return Err(PemError::NoCertificate(certificate.into()));
    };
    let validity = validity(own).ok_or_else(|| PemError::Damaged(certificate.into()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|source| {
        if matches!(source, pem::Error::NoItemsFound) {
            PemError::NoKey(key.into())
        } else {
            unread(key, source)
        }
    })?;
    match CertifiedKey::from_der(chain, private, &ring::default_provider()) {
        Ok(certified) => Ok(Certificate {
            key: Arc::new(certified),
            validity,
        }),
        Err(rustls::Error::InconsistentKeys(_)) => Err(PemError::Mismatch {
            certificate: certificate.into(),
            key: key.into(),
        }),
        Err(source) => Err(PemError::Unusable {
            certificate: certificate.into(),
            key: key.into(),
            source,
        }),
    }
}

fn unread(path: &Path, source: pem::Error) -> PemError {
    PemError::Read {
        path: path.into(),
        source,
    }
}

fn validity(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let (_, read) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let time = |at: x509_parser::time::ASN1Time| {
        let seconds = u64::try_from(at.timestamp()).ok()?;
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    };
    Some(Validity {
        from: time(read.validity().not_before)?,
        until: time(read.validity().not_after)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::generate_simple_self_signed;
    use std::fs;
    use tempfile::TempDir;

    #[test]
    fn a_certificate_with_its_key_is_served_for_as_long_as_it_says() {
        let files = Files::new();
        let (certificate, key) = files.issue("one");
        let read = load(&certificate, &key).unwrap();
        assert!(read.validity.from < read.validity.until);
    }

    #[test]
    fn what_cannot_be_served_is_said_with_the_file_at_fault() {
        let files = Files::new();
        let (certificate, key) = files.issue("one");
        let (_, other) = files.issue("two");
        let (missing, empty) = (files.path("missing"), files.path("empty"));
        fs::write(&empty, "").unwrap();
        let damaged = files.path("damaged");
        let nothing = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fs::write(&damaged, nothing).unwrap();
        let error = |certificate, key| load(certificate, key).unwrap_err();
        for (error, fault) in [
            (error(&missing, &key), &missing),
            (error(&certificate, &missing), &missing),
            (error(&empty, &key), &empty),
            (error(&key, &key), &key),
            (error(&damaged, &key), &damaged),
            (error(&certificate, &empty), &empty),
            (error(&certificate, &certificate), &certificate),
            (error(&certificate, &other), &other),
        ] {
            let said = error.to_string();
            assert!(said.contains(&fault.display().to_string()), "{said}");
        }
        assert!(matches!(
            error(&certificate, &other),
            PemError::Mismatch { .. }
        ));
        assert!(matches!(error(&certificate, &empty), PemError::NoKey(_)));
        assert!(matches!(error(&key, &key), PemError::NoCertificate(_)));
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
            let made = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
            let (certificate, key) = (
                self.path(&format!("{name}.crt")),
                self.path(&format!("{name}.key")),
            );
            fs::write(&certificate, made.cert.pem()).unwrap();
            fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            (certificate, key)
        }
    }
}
