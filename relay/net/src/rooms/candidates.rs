//! The media addresses of the server: its external addresses with the ports of the listeners.

use crate::Config;
use std::net::{IpAddr, SocketAddr};

/// The candidates that participants are told, and which of them a datagram was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidates(Vec<SocketAddr>);

impl Candidates {
    /// Returns those of a relay that listens on `listen`: IPv4 first, and the ports in the order of the configuration.
    pub(crate) fn of(config: &Config, listen: &[SocketAddr]) -> Self {
        let external = [
            config.relay_v4.map(IpAddr::from),
            config.relay_v6.map(IpAddr::from),
        ];
        let mut candidates = Vec::new();
        for ip in external.into_iter().flatten() {
            for listener in listen {
                let candidate = SocketAddr::new(ip, listener.port());
                // An unspecified IPv6 address takes IPv4 too.
                let hears = listener.is_ipv4() == ip.is_ipv4()
                    || (listener.is_ipv6() && listener.ip().is_unspecified());
                if hears && !candidates.contains(&candidate) {
                    candidates.push(candidate);
                }
            }
        }
        Self(candidates)
    }

    pub(crate) fn as_slice(&self) -> &[SocketAddr] {
        &self.0
    }

    /// Returns the candidate that was meant by who sent to `local`, an address of the host: the network may have translated it.
    pub(crate) fn meant_by(&self, local: SocketAddr) -> SocketAddr {
        let same = |candidate: &&SocketAddr| {
            candidate.port() == local.port() && candidate.is_ipv4() == local.is_ipv4()
        };
        self.0.iter().find(same).copied().unwrap_or(local)
    }
}
