//! The addresses of an allocation: its five-tuple, its relayed ports, its peers (RFC 8656 section 2), and its own name.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// How a client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

impl Transport {
    /// Every transport, in the order of the counters.
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// Returns the name under which it is reported.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// What tells one client from another, and what an allocation belongs to (RFC 8656 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiveTuple {
    /// The protocol between client and server.
    pub transport: Transport,
    /// The client, as the server sees it.
    pub client: SocketAddr,
    /// The server's address that the client uses; answers leave from it.
    pub server: SocketAddr,
}

impl fmt::Display for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = self.transport.name();
        write!(f, "{transport} {} -> {}", self.client, self.server)
    }
}

/// The family of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Returns the family of `ip`.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// The port of a relayed address. While an allocation lives, no other has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayedPort {
    /// The family of the relayed address.
    pub family: Family,
    /// Its port.
    pub port: u16,
}

/// One of the servers of a relay: each is driven by a worker of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u8);

/// The name of an allocation, of which there is never another in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllocationId(pub u64);

impl AllocationId {
    /// Names the allocation that `worker` made after `count` others.
    pub(crate) fn new(worker: WorkerId, count: u64) -> Self {
        Self(u64::from(worker.0) << 56 | (count & (u64::MAX >> 8)))
    }

    /// Returns which worker made it.
    pub fn worker(self) -> WorkerId {
        WorkerId((self.0 >> 56) as u8)
    }
}

/// The address of a peer. An IPv4 address in IPv6 clothes is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddr(SocketAddr);

impl PeerAddr {
    /// Returns the address.
    pub fn get(self) -> SocketAddr {
        self.0
    }

    /// Returns the address without its port: what a permission is for.
    pub fn ip(self) -> IpAddr {
        self.0.ip()
    }

    /// Returns the port.
    pub fn port(self) -> u16 {
        self.0.port()
    }

    /// Returns the family.
    pub fn family(self) -> Family {
        Family::of(self.0.ip())
    }

    /// Returns which relayed port it is, if its address is the relay's.
    pub(crate) fn relayed_port(self) -> RelayedPort {
        RelayedPort {
            family: self.family(),
            port: self.port(),
        }
    }
}

impl From<SocketAddr> for PeerAddr {
    fn from(address: SocketAddr) -> Self {
        Self(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }
}
