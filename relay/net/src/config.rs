//! What a relay is started with, and what of that cannot work.

use crate::{PageLimits, StreamLimits};
use rustls::server::ResolvesServerCert;
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZero,
    ops::RangeInclusive,
    sync::Arc,
    thread,
};
use turn::{CredentialLimits, Limits, PeerPolicy, Secret, StrangerLimits};

/// The longest realm, in bytes: with it a challenge is three times the smallest Allocate and no more.
const MAX_REALM: usize = 32;

/// Workers if nothing is said: this many at most.
const MOST_WORKERS: usize = 16;

/// What a relay is started with.
#[derive(Clone)]
pub struct Config {
    /// Where clients reach it over UDP and TCP: at least one address.
    pub listen: Vec<SocketAddr>,
    /// Where clients reach it over TLS alone.
    pub tls_listen: Vec<SocketAddr>,
    /// Where pages are served over TLS, beside all that is heard at `listen`: one port for networks that let nothing else out.
    pub https_listen: Vec<SocketAddr>,
    /// Connections that may be open at `https_listen` and are no streams, in all and from one prefix.
    pub pages: PageLimits,
    /// The certificate for each connection. With it, clients may speak TLS on every listen address.
    pub certificates: Option<Arc<dyn ResolvesServerCert>>,
    /// The IPv4 address of relayed addresses, as peers see it. Behind a 1:1 NAT it is none of the host's.
    pub relay_v4: Option<Ipv4Addr>,
    /// The IPv6 address of relayed addresses.
    pub relay_v6: Option<Ipv6Addr>,
    /// The ports of relayed addresses.
    pub relay_ports: RangeInclusive<u16>,
    /// The realm of the credentials: 1 to 32 bytes.
    pub realm: String,
    /// The secrets that credentials may be made with: at least one.
    pub secrets: Vec<Secret>,
    /// Who may reach whom.
    pub peers: Arc<dyn PeerPolicy>,
    /// Sockets of this host may be reached over loopback: for a server that only this machine reaches.
    pub allow_loopback: bool,
    /// What nobody may have more of.
    pub limits: Limits,
    /// What those who have not signed in may cost.
    pub strangers: StrangerLimits,
    /// How long credentials live, and how far clocks may differ.
    pub credentials: CredentialLimits,
    /// Threads that carry packets. If nothing is said: one on up to two CPUs, else one for every two, at most 16.
    pub workers: Option<NonZero<u8>>,
    /// What streams may take.
    pub streams: StreamLimits,
    /// What rooms may have. Without it there are none.
    pub rooms: Option<sfu::Limits>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("tls_listen", &self.tls_listen)
            .field("https_listen", &self.https_listen)
            .field("relay_v4", &self.relay_v4)
            .field("relay_v6", &self.relay_v6)
            .field("relay_ports", &self.relay_ports)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// Why a relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nowhere to listen.
    #[error("no listen address is given")]
    NoListener,
    /// A listen address cannot be had.
    #[error("cannot listen on {address} ({protocol}): {source}{}", hint(*address, source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What was to be heard there: UDP, TCP or TLS.
        protocol: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// TLS is to be served without a certificate.
    #[error("cannot listen on {0} (TLS): no certificate is given")]
    NoCertificate(SocketAddr),
    /// TLS cannot be served.
    #[error("cannot serve TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// Relay sockets cannot be bound.
    #[error("cannot bind relay sockets to {address}: {source}")]
    RelayBind {
        /// The address.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// There is no relayed address.
    #[error("no relay address is given, neither IPv4 nor IPv6")]
    NoRelayAddress,
    /// The relayed address is not one that a client could give to a peer.
    #[error("relay address {0}: must be an address of one host that peers can send to")]
    RelayAddress(IpAddr),
    /// The port range has no port.
    #[error("relay ports {}-{}: must be from 1 up, and the first not above the last", .0.start(), .0.end())]
    RelayPorts(RangeInclusive<u16>),
    /// The realm is empty or too long.
    #[error("realm {0:?}: must be 1 to {MAX_REALM} bytes")]
    Realm(String),
    /// There is no secret.
    #[error("no secret is given, so nobody could sign in")]
    NoSecret,
    /// There is no certificate for the connections of rooms.
    #[error(transparent)]
    RoomCertificate(#[from] sfu::CertificateError),
    /// The system has no more of something.
    #[error("cannot start the relay: {0}")]
    System(#[from] io::Error),
}

/// What would help.
fn hint(address: SocketAddr, error: &io::Error) -> &'static str {
    let kind = error.kind();
    if kind == io::ErrorKind::PermissionDenied && address.port() < 1024 {
        " (ports below 1024 need root or the capability CAP_NET_BIND_SERVICE, which the packaged service has)"
    } else if kind == io::ErrorKind::AddrInUse {
        " (`ss -lntup` shows by what)"
    } else {
        ""
    }
}

impl Config {
    /// Checks what can be told without asking the system.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        if self.listen.is_empty() {
            return Err(StartError::NoListener);
        }
        if let (Some(address), None) = (
            self.tls_listen.iter().chain(&self.https_listen).next(),
            &self.certificates,
        ) {
            return Err(StartError::NoCertificate(*address));
        }
        let relay: Vec<IpAddr> = self
            .relay_v4
            .map(IpAddr::from)
            .into_iter()
            .chain(self.relay_v6.map(IpAddr::from))
            .collect();
        if relay.is_empty() {
            return Err(StartError::NoRelayAddress);
        }
        for ip in relay {
            let broadcast = ip == IpAddr::from(Ipv4Addr::BROADCAST);
            let dressed = ip.to_canonical() != ip;
            if ip.is_unspecified() || ip.is_multicast() || broadcast || dressed {
                return Err(StartError::RelayAddress(ip));
            }
        }
        if self.relay_ports.is_empty() || self.relay_ports.contains(&0) {
            return Err(StartError::RelayPorts(self.relay_ports.clone()));
        }
        if !(1..=MAX_REALM).contains(&self.realm.len()) {
            return Err(StartError::Realm(self.realm.clone()));
        }
        if self.secrets.is_empty() {
            return Err(StartError::NoSecret);
        }
        Ok(())
    }

    /// Returns how many workers there are to be.
    pub(crate) fn workers(&self) -> io::Result<u8> {
        if let Some(workers) = self.workers {
            return Ok(workers.get());
        }
        let cpus = thread::available_parallelism()?.get();
        Ok((cpus / 2).clamp(1, MOST_WORKERS) as u8)
    }
}
