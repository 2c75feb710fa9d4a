//! Our server as its own process: `serve`.

use crate::{
    client::SECRET,
    rooms,
    server::{REALM, RELAY_PORTS},
};
use anyhow::Context;
use net::{Config, PageLimits, Relay, StreamLimits};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::ResolvesServerCert,
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{
    io::{self, Read},
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    sync::Arc,
};
use turn::{CredentialLimits, Limits, PeerRules, Secret, StrangerLimits};

/// How our server is started.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) listen: SocketAddr,
    /// A certificate and its key, to serve over TLS too.
    pub(crate) files: Option<(PathBuf, PathBuf)>,
    pub(crate) workers: NonZero<u8>,
    /// Microphones that are sent to each participant of a room; without it there are no rooms.
    pub(crate) audible: Option<usize>,
}

/// Serves until standard input ends; rooms are commanded over that.
///
/// # Errors
/// If the relay does not start, or an order cannot be read.
pub(crate) fn serve(setup: Setup) -> anyhow::Result<()> {
    let Setup {
        listen,
        files,
        workers,
        audible,
    } = setup;
    let mut relay = Relay::start(Config {
        listen: vec![listen],
        tls_listen: Vec::new(),
        https_listen: Vec::new(),
        pages: PageLimits::default(),
        certificates: files.map(certificate).transpose()?,
        relay_v4: match listen.ip() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        },
        relay_v6: None,
        relay_ports: RELAY_PORTS,
        realm: REALM.into(),
        secrets: vec![Secret::new(SECRET).context("the secret is empty")?],
        peers: Arc::new(PeerRules {
            allow_loopback: true,
            ..PeerRules::default()
        }),
        allow_loopback: true,
        limits: Limits::default(),
        strangers: StrangerLimits::default(),
        credentials: CredentialLimits::default(),
        workers: Some(workers),
        streams: StreamLimits::default(),
        rooms: audible.map(|audible| sfu::Limits {
            audible,
            ..sfu::Limits::default()
        }),
    })?;
    if audible.is_some() {
        rooms::serve::serve(&mut relay)?;
    } else {
        io::stdin().read_to_end(&mut Vec::new())?;
    }
    relay.stop();
    Ok(())
}

fn certificate((chain, key): (PathBuf, PathBuf)) -> anyhow::Result<Arc<dyn ResolvesServerCert>> {
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}
