//! What a relay is bound to: its listeners, and where its relay sockets will be.

use crate::{
    Config, StartError,
    door::{Entrance, Served},
    socket::Socket,
    sockets::RelayIps,
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// How often a port that the system picks for UDP is tried for TCP too, before that is an error.
const SAME_PORT: usize = 16;

/// What is listened on.
pub(super) struct Listeners {
    /// The UDP sockets of each worker, in the order of the listen addresses.
    pub(super) udp: Vec<Vec<Socket>>,
    pub(super) entrances: Vec<Entrance>,
    pub(super) listen: Vec<SocketAddr>,
    pub(super) tls_listen: Vec<SocketAddr>,
    pub(super) https_listen: Vec<SocketAddr>,
}

impl Listeners {
    /// Returns where UDP is heard, and TCP beside it.
    pub(super) fn media(&self) -> impl Iterator<Item = SocketAddr> {
        self.listen.iter().chain(&self.https_listen).copied()
    }
}

impl Listeners {
    /// Binds all of them, so that each worker hears every UDP address.
    pub(super) fn bind(config: &Config, workers: u8) -> Result<Self, StartError> {
        let mut listeners = Self {
            udp: (0..workers).map(|_| Vec::new()).collect(),
            entrances: Vec::new(),
            listen: Vec::new(),
            tls_listen: Vec::new(),
            https_listen: Vec::new(),
        };
        let all = [
            (&config.listen, Served::Media),
            (&config.https_listen, Served::All),
        ];
        let all = all
            .iter()
            .flat_map(|(list, served)| list.iter().map(move |address| (*list, address, *served)));
        for (list, address, served) in all {
            // An unspecified IPv6 address takes IPv4 too, unless that has a listener of its own.
            let only_v6 = takes_only_v6(*address, list);
            let (socket, entrance) = bind_both(*address, only_v6, served)?;
            for worker in &mut listeners.udp[1..] {
                let beside = socket.listen_beside(only_v6);
                worker.push(beside.map_err(|source| unheard(*address, "UDP", source))?);
            }
            match served {
                Served::All => listeners.https_listen.push(socket.local_addr()),
                Served::Media | Served::TurnOverTls => listeners.listen.push(socket.local_addr()),
            }
            listeners.udp[0].push(socket);
            listeners.entrances.push(entrance);
        }
        for address in &config.tls_listen {
            let only_v6 = takes_only_v6(*address, &config.tls_listen);
            let entrance = Entrance::bind(*address, only_v6, Served::TurnOverTls)
                .map_err(|source| unheard(*address, "TLS", source))?;
            listeners.tls_listen.push(entrance.listener.local_addr()?);
            listeners.entrances.push(entrance);
        }
        Ok(listeners)
    }
}

/// Listens on one port for UDP and TCP.
fn bind_both(
    address: SocketAddr,
    only_v6: bool,
    served: Served,
) -> Result<(Socket, Entrance), StartError> {
    let mut attempts = if address.port() == 0 { SAME_PORT } else { 1 };
    loop {
        attempts -= 1;
        let socket =
            Socket::listen(address, only_v6).map_err(|source| unheard(address, "UDP", source))?;
        match Entrance::bind(socket.local_addr(), only_v6, served) {
            Ok(entrance) => return Ok((socket, entrance)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempts > 0 => {}
            Err(source) => return Err(unheard(address, "TCP", source)),
        }
    }
}

fn unheard(address: SocketAddr, protocol: &'static str, source: io::Error) -> StartError {
    StartError::Listen {
        address,
        protocol,
        source,
    }
}

fn takes_only_v6(address: SocketAddr, all: &[SocketAddr]) -> bool {
    let others = |other: &SocketAddr| other.is_ipv4() && other.port() == address.port();
    !address.ip().is_unspecified() || all.iter().any(others)
}

/// Returns what relay sockets are bound to, for each family that is relayed: the relayed address if the host has it, else the address of a listener (of loopback
/// only if there is no other, as nothing leaves the host from there), else every address.
pub(super) fn relay_ips(config: &Config, host: &[IpAddr]) -> RelayIps {
    let ip = |relay: IpAddr, any: IpAddr| {
        if host.contains(&relay) {
            return relay;
        }
        let listeners = config.listen.iter().map(SocketAddr::ip);
        listeners
            .filter(|ip| ip.is_ipv4() == relay.is_ipv4())
            .min_by_key(IpAddr::is_loopback)
            .unwrap_or(any)
    };
    RelayIps {
        v4: config
            .relay_v4
            .map(|relay| ip(relay.into(), Ipv4Addr::UNSPECIFIED.into())),
        v6: config
            .relay_v6
            .map(|relay| ip(relay.into(), Ipv6Addr::UNSPECIFIED.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PageLimits, StreamLimits};
    use std::sync::Arc;
    use turn::{CredentialLimits, Limits, PeerRules, StrangerLimits};

    #[test]
    fn relay_sockets_are_not_bound_to_loopback_if_others_are_listened_on() {
        for (listen, bound) in [
            (&["127.0.0.1:1", "192.0.2.7:1"][..], "192.0.2.7"),
            (&["127.0.0.1:1", "0.0.0.0:2"], "0.0.0.0"),
            (&["127.0.0.1:1"], "127.0.0.1"),
            (&["[::]:1"], "0.0.0.0"),
        ] {
            let config = Config {
                listen: listen.iter().map(|at| at.parse().unwrap()).collect(),
                tls_listen: vec![],
                https_listen: vec![],
                pages: PageLimits::default(),
                certificates: None,
                relay_v4: Some(Ipv4Addr::new(203, 0, 113, 1)),
                relay_v6: None,
                relay_ports: 1..=2,
                realm: "x".into(),
                secrets: vec![],
                peers: Arc::new(PeerRules::default()),
                allow_loopback: false,
                limits: Limits::default(),
                strangers: StrangerLimits::default(),
                credentials: CredentialLimits::default(),
                workers: None,
                streams: StreamLimits::default(),
                rooms: None,
            };
            let ips = relay_ips(&config, &[Ipv4Addr::LOCALHOST.into()]);
            assert_eq!(ips.v4, Some(bound.parse().unwrap()), "{listen:?}");
        }
    }
}
