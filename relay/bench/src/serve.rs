//! Our server as its own process: `serve`.

use crate::{
    client::SECRET,
    server::{REALM, RELAY_PORTS},
};
use anyhow::Context;
use net::{Config, Relay, StreamLimits, Tls};
use std::{
    io::{self, Read},
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    sync::Arc,
};
use turn::{CredentialLimits, Limits, PeerRules, Secret, StrangerLimits};

/// Serves on `listen` until standard input ends; over TLS too if there are `files`: a certificate and its key.
///
/// # Errors
/// If the relay does not start.
pub(crate) fn serve(listen: SocketAddr, files: Option<(PathBuf, PathBuf)>) -> anyhow::Result<()> {
    let relay = Relay::start(Config {
        listen: vec![listen],
        tls_listen: Vec::new(),
        tls: files.map(|(certificate, key)| Tls { certificate, key }),
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
        workers: NonZero::new(1),
        streams: StreamLimits::default(),
        rooms: None,
    })?;
    io::stdin().read_to_end(&mut Vec::new())?;
    relay.stop();
    Ok(())
}
