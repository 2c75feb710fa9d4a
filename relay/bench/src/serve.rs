//! Our server as its own process: `serve`.

use crate::{
    client::SECRET,
    server::{REALM, RELAY_PORTS},
};
use anyhow::Context;
use net::{Config, Relay};
use std::{
    io::{self, Read},
    net::SocketAddr,
};
use turn::{Limits, PeerRules, Secret};

/// Serves on `listen` until standard input ends.
///
/// # Errors
/// If the relay does not start.
pub(crate) fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let relay = Relay::start(Config {
        listen,
        relay_address: listen.ip(),
        relay_ports: RELAY_PORTS,
        realm: REALM.into(),
        secrets: vec![Secret::new(SECRET).context("the secret is empty")?],
        peers: PeerRules {
            allow_loopback: true,
            ..PeerRules::default()
        },
        limits: Limits::default(),
    })?;
    io::stdin().read_to_end(&mut Vec::new())?;
    relay.stop();
    Ok(())
}
