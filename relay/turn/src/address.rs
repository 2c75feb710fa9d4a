//! The addresses of an allocation: its five-tuple, its relayed port, its peers (RFC 8656 section 2).

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// How a client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
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
        let transport = match self.transport {
            Transport::Udp => "udp",
        };
        write!(f, "{transport} {} -> {}", self.client, self.server)
    }
}

/// The port of a relayed address. While an allocation lives, no other has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayedPort(pub u16);

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
}

impl From<SocketAddr> for PeerAddr {
    fn from(address: SocketAddr) -> Self {
        Self(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }
}
