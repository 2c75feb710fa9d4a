//! The server's certificate: from files, which are read again when they change, or from an ACME authority (RFC 8555), renewed in time.
//!
//! Owns what is served now, what an authority is to be shown while it asks, and the files under `acme/` in the data directory. A certificate that cannot be
//! renewed or read stays in force, with a warning. Does not listen: who does asks [`Certificates`] for each connection.

mod acme;
mod kept;
mod pem;
mod renewal;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::sync::Notify;

pub use acme::{Acme, AcmeError};
pub use kept::KeepError;
pub use pem::PemError;

use pem::Certificate;

/// The protocol by which an authority asks for its answer in a handshake (RFC 8737 section 6.2).
const ACME_TLS: &[u8] = b"acme-tls/1";

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// From files that somebody else renews, both in PEM.
    Files {
        /// The certificate of the server, followed by those that signed it.
        certificate: PathBuf,
        /// Its private key: PKCS#8, PKCS#1 or SEC1, without a passphrase.
        key: PathBuf,
    },
    /// From an authority.
    Acme(Acme),
}

/// Why there is no certificate to start with.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The configured files cannot be served.
    #[error(transparent)]
    Files(#[from] PemError),
    /// What was kept of the authority cannot be read, or nothing can be kept.
    #[error(transparent)]
    Kept(#[from] KeepError),
}

/// What is served, and how its renewal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// From when and until when the certificate that is served is good; nothing is served before the first is there.
    pub validity: Option<Validity>,
    /// Why the last attempt to have a newer one failed, if it did.
    pub failure: Option<String>,
}

/// When a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Not before this.
    pub from: SystemTime,
    /// Not after this.
    pub until: SystemTime,
}

/// The certificate of the server. Cheap to clone.
#[derive(Clone)]
pub struct Certificates {
    source: Arc<Source>,
    shared: Arc<Shared>,
}

struct Shared {
    /// Guards what new connections are given; those that are open keep what they have.
    state: Mutex<State>,
    /// Somebody wants the files to be read, or the authority to be asked, now.
    asked: Notify,
    /// Something of the status has changed.
    changed: Notify,
}

#[derive(Default)]
struct State {
    served: Option<Certificate>,
    failure: Option<String>,
    challenge: Option<Challenge>,
}

/// What an authority is shown while it looks whether the name is ours.
enum Challenge {
    /// In a handshake (RFC 8737).
    Tls(Arc<CertifiedKey>),
    /// At `/.well-known/acme-challenge/TOKEN` (RFC 8555 section 8.3).
    Http {
        token: String,
        authorization: String,
    },
}

impl Certificates {
    /// Reads what there is. Of an authority there may be nothing yet: [`Certificates::keep`] asks for it.
    ///
    /// # Errors
    /// [`CertificateError`], which names the file at fault.
    pub fn load(source: Source) -> Result<Self, CertificateError> {
        let served = match &source {
            Source::Files { certificate, key } => Some(pem::load(certificate, key)?),
            Source::Acme(acme) => acme.kept()?,
        };
        let state = State {
            served,
            ..State::default()
        };
        Ok(Self {
            source: Arc::new(source),
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                asked: Notify::new(),
                changed: Notify::new(),
            }),
        })
    }

    /// Keeps the certificate fresh; ends never.
    pub async fn keep(self) {
        match &*self.source {
            Source::Files { certificate, key } => {
                renewal::watch(&self.shared, certificate, key).await;
            }
            Source::Acme(acme) => renewal::renew(&self.shared, acme).await,
        }
    }

    /// Reads the files again, or asks the authority for what is missing or due, without waiting for its time.
    pub fn refresh(&self) {
        self.shared.asked.notify_one();
    }

    /// Returns what is served, and how its renewal goes.
    #[must_use]
    pub fn status(&self) -> Status {
        let state = self.shared.state();
        Status {
            validity: state.served.as_ref().map(|served| served.validity),
            failure: state.failure.clone(),
        }
    }

    /// Waits until there is a certificate, or the first attempt to have one has failed. Returns the status then.
    pub async fn settled(&self) -> Status {
        loop {
            let changed = self.shared.changed.notified();
            let status = self.status();
            if status.validity.is_some() || status.failure.is_some() {
                return status;
            }
            changed.await;
        }
    }

    /// Returns what an authority that asks for `token` over HTTP is to be answered.
    #[must_use]
    pub fn http_challenge(&self, asked: &str) -> Option<String> {
        match &self.shared.state().challenge {
            Some(Challenge::Http {
                token,
                authorization,
            }) if token == asked => Some(authorization.clone()),
            Some(Challenge::Http { .. } | Challenge::Tls(_)) | None => None,
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let state = self.shared.state();
        let is_acme = (hello.alpn()).is_some_and(|mut names| names.any(|name| name == ACME_TLS));
        match &state.challenge {
            Some(Challenge::Tls(answer)) if is_acme => Some(Arc::clone(answer)),
            Some(Challenge::Tls(_) | Challenge::Http { .. }) | None if is_acme => None,
            Some(Challenge::Tls(_) | Challenge::Http { .. }) | None => {
                state.served.as_ref().map(|served| Arc::clone(&served.key))
            }
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves `certificate` from now on.
    fn serve(&self, certificate: Certificate) {
        let mut state = self.state();
        state.served = Some(certificate);
        state.failure = None;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Notes that a newer certificate cannot be had; what is served stays.
    fn fail(&self, why: String) {
        self.state().failure = Some(why);
        self.changed.notify_waiters();
    }

    /// Returns whether `certificate` is another than what is served, or what is served could not be read lately.
    fn is_news(&self, certificate: &Certificate) -> bool {
        let state = self.state();
        let same = |served: &Certificate| served.key.cert == certificate.key.cert;
        state.failure.is_some() || !state.served.as_ref().is_some_and(same)
    }

    fn validity(&self) -> Option<Validity> {
        self.state().served.as_ref().map(|served| served.validity)
    }
}

impl Validity {
    /// Returns how long it is good.
    fn length(&self) -> Duration {
        let length = self.until.duration_since(self.from);
        length.unwrap_or_default()
    }
}
