//! Asking an ACME authority for a certificate (RFC 8555).

use std::{path::PathBuf, sync::Arc, time::Duration};

use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, ChallengeType, Identifier, KeyAuthorization,
    NewAccount, NewOrder, Problem, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::{crypto::ring, pki_types::PrivatePkcs8KeyDer, sign::CertifiedKey};
use tokio::time::sleep;

use crate::causes::chain;

use super::{
    Challenge, Shared,
    kept::{Folder, KeepError},
    pem::Certificate,
};

/// How often it is asked whether it has looked, and how many times.
const LOOK: Duration = Duration::from_millis(500);
const LOOKS: u32 = 180;

/// How long it may take to sign.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(90));

/// An authority, and what is asked of it.
#[derive(Debug, Clone)]
pub struct Acme {
    domain: String,
    email: Option<String>,
    directory: String,
    root: Option<PathBuf>,
    folder: Folder,
    ways: Vec<Way>,
}

/// How the authority looks whether the name is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By a handshake on port 443.
    Tls,
    /// By a request on port 80.
    Http,
}

/// Why there is no certificate from the authority.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// It cannot be spoken with.
    #[error("the authority at {directory} cannot be asked: {}", chain(source))]
    Unreachable {
        /// Its directory.
        directory: String,
        /// What went wrong.
        source: instant_acme::Error,
    },
    /// It looked, and did not find this server under the name.
    #[error(
        "the authority did not find this server at {domain}: {}; the name must lead to this server, and port {} must be open to everybody",
        said.join("; "),
        ports.join(" or ")
    )]
    Refused {
        /// The name.
        domain: String,
        /// What it said of each way that was tried.
        said: Vec<String>,
        /// The ports that it asked at.
        ports: Vec<&'static str>,
    },
    /// What it gave, or the account, cannot be kept.
    #[error(transparent)]
    Kept(#[from] KeepError),
    /// The answer to its question cannot be made.
    #[error("the answer to the authority's challenge cannot be made: {0}")]
    Answer(#[from] rcgen::Error),
    /// The answer cannot be served.
    #[error("the answer to the authority's challenge cannot be served: {0}")]
    Unservable(#[from] rustls::Error),
}

impl Acme {
    /// Describes what is to be asked: a certificate of `domain`, from the authority with this `directory`, which is trusted by `root` if that is given (a PEM
    /// file) and by the system's roots else. What comes is kept in `folder`. Over HTTP it is only tried if `port_80` is served.
    #[must_use]
    pub fn new(
        domain: String,
        email: Option<String>,
        directory: String,
        root: Option<PathBuf>,
        folder: PathBuf,
        port_80: bool,
    ) -> Self {
        let ways = if port_80 {
            vec![Way::Tls, Way::Http]
        } else {
            vec![Way::Tls]
        };
        Self {
            domain,
            email,
            directory,
            root,
            folder: Folder(folder),
            ways,
        }
    }

    /// Returns the certificate that is kept, if there is one.
    pub(super) fn kept(&self) -> Result<Option<Certificate>, KeepError> {
        self.folder.certificate(&self.domain)
    }

    /// Asks for a certificate, one way after the other, and keeps it.
    pub(super) async fn obtain(&self, shared: &Shared) -> Result<Certificate, AcmeError> {
        let account = self.account().await?;
        let mut said = Vec::new();
        for way in &self.ways {
            let outcome = self.order(&account, *way, shared).await;
            shared.state().challenge = None;
            match outcome? {
                Ok(certificate) => return Ok(certificate),
                Err(why) => said.push(format!("{}: {why}", way.name())),
            }
        }
        Err(AcmeError::Refused {
            domain: self.domain.clone(),
            said,
            ports: self.ways.iter().map(|way| way.port()).collect(),
        })
    }

    /// Returns the account that is kept, or a new one.
    async fn account(&self) -> Result<Account, AcmeError> {
        let builder = || {
            match &self.root {
                Some(root) => Account::builder_with_root(root),
                None => Account::builder(),
            }
            .map_err(|source| self.unreachable(source))
        };
        if let Some(credentials) = self.folder.account(&self.directory)? {
            let account = builder()?.from_credentials(credentials).await;
            return account.map_err(|source| self.unreachable(source));
        }
        let email = self.email.as_ref().map(|email| format!("mailto:{email}"));
        let contact: Vec<&str> = email.iter().map(String::as_str).collect();
        let new = NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let made = builder()?.create(&new, self.directory.clone(), None).await;
        let (account, credentials) = made.map_err(|source| self.unreachable(source))?;
        self.folder.keep_account(&self.directory, credentials)?;
        Ok(account)
    }

    /// Goes one way. The inner error is what the authority said when it did not find us.
    async fn order(
        &self,
        account: &Account,
        way: Way,
        shared: &Shared,
    ) -> Result<Result<Certificate, String>, AcmeError> {
        let unreachable = |source| self.unreachable(source);
        let names = [Identifier::Dns(self.domain.clone())];
        let order = account.new_order(&NewOrder::new(&names)).await;
        let mut order = order.map_err(unreachable)?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(unreachable)?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(way.challenge()) else {
                return Ok(Err("the authority does not look this way".to_owned()));
            };
            let answer = self.answer(way, &challenge.token, &challenge.key_authorization())?;
            shared.state().challenge = Some(answer);
            challenge.set_ready().await.map_err(unreachable)?;
        }
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(unreachable)?;
            let outcome = looked(&mut authorization, way).await;
            if let Err(why) = outcome.map_err(unreachable)? {
                return Ok(Err(why));
            }
        }
        order.poll_ready(&PATIENCE).await.map_err(unreachable)?;
        let key = order.finalize().await.map_err(unreachable)?;
        let chain = order.poll_certificate(&PATIENCE).await;
        let chain = chain.map_err(unreachable)?;
        Ok(Ok(self.folder.keep_certificate(
            &self.domain,
            &chain,
            &key,
        )?))
    }

    fn answer(
        &self,
        way: Way,
        token: &str,
        authorization: &KeyAuthorization,
    ) -> Result<Challenge, AcmeError> {
        match way {
            Way::Http => Ok(Challenge::Http {
                token: token.to_owned(),
                authorization: authorization.as_str().to_owned(),
            }),
            Way::Tls => {
                let key = KeyPair::generate()?;
                let mut params = CertificateParams::new(vec![self.domain.clone()])?;
                let digest = authorization.digest();
                params.custom_extensions =
                    vec![CustomExtension::new_acme_identifier(digest.as_ref())];
                let chain = vec![params.self_signed(&key)?.der().clone()];
                let key = PrivatePkcs8KeyDer::from(key.serialize_der());
                // Not `from_der`, which refuses the critical extension that this certificate is about.
                let key = ring::sign::any_ecdsa_type(&key.into())?;
                Ok(Challenge::Tls(Arc::new(CertifiedKey::new(chain, key))))
            }
        }
    }

    fn unreachable(&self, source: instant_acme::Error) -> AcmeError {
        AcmeError::Unreachable {
            directory: self.directory.clone(),
            source,
        }
    }
}

/// Waits until the authority has looked. The inner error is what it said when it did not find us.
async fn looked(
    authorization: &mut AuthorizationHandle<'_>,
    way: Way,
) -> Result<Result<(), String>, instant_acme::Error> {
    for _ in 0..LOOKS {
        sleep(LOOK).await;
        let state = authorization.refresh().await?;
        match state.status {
            AuthorizationStatus::Pending => {}
            AuthorizationStatus::Valid => return Ok(Ok(())),
            AuthorizationStatus::Invalid
            | AuthorizationStatus::Revoked
            | AuthorizationStatus::Expired
            | AuthorizationStatus::Deactivated => {
                let asked =
                    |challenge: &&instant_acme::Challenge| challenge.r#type == way.challenge();
                let failed = state.challenges.iter().find(asked);
                let problem = failed.and_then(|challenge| challenge.error.as_ref());
                return Ok(Err(problem.map_or_else(unsaid, problem_of)));
            }
        }
    }
    Ok(Err("it did not look in time".to_owned()))
}

fn problem_of(problem: &Problem) -> String {
    let (kind, detail) = (&problem.r#type, &problem.detail);
    (detail.clone().or(kind.clone())).unwrap_or_else(unsaid)
}

fn unsaid() -> String {
    "it did not say why".to_owned()
}

impl Way {
    fn challenge(self) -> ChallengeType {
        match self {
            Self::Tls => ChallengeType::TlsAlpn01,
            Self::Http => ChallengeType::Http01,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls-alpn-01",
            Self::Http => "http-01",
        }
    }

    fn port(self) -> &'static str {
        match self {
            Self::Tls => "443",
            Self::Http => "80",
        }
    }
}
