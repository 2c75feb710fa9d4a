//! The UDP sockets of one worker: its listeners, and one relay socket for each relayed address.

use crate::socket::{Offload, Socket};
use foldhash::fast::RandomState;
use mio::{Interest, Registry, Token};
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
};
use turn::{BindError, Family, RelayedPort};

/// Which socket of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SocketId {
    Listener(u8),
    Relay(RelayedPort),
}

/// The token of the relay socket of the first IPv6 port; those of IPv4 are the port numbers.
const RELAYS_V6: usize = 1 << 16;

/// The token of the first listener.
const LISTENERS: usize = 2 << 16;

/// Tokens from here on are none of these sockets'.
pub(crate) const FIRST_FREE: usize = 3 << 16;

impl SocketId {
    /// Returns the token under which the poll tells of it.
    pub(crate) fn token(self) -> Token {
        Token(match self {
            Self::Listener(at) => LISTENERS + usize::from(at),
            Self::Relay(port) => match port.family {
                Family::V4 => usize::from(port.port),
                Family::V6 => RELAYS_V6 + usize::from(port.port),
            },
        })
    }

    /// Returns whose `token` is, if it is a socket's.
    pub(crate) fn of(token: Token) -> Option<Self> {
        let relay = |family, port: usize| {
            let port = port as u16;
            Self::Relay(RelayedPort { family, port })
        };
        match token.0 {
            port @ ..RELAYS_V6 => Some(relay(Family::V4, port)),
            port @ RELAYS_V6..LISTENERS => Some(relay(Family::V6, port - RELAYS_V6)),
            at @ LISTENERS..FIRST_FREE => u8::try_from(at - LISTENERS).ok().map(Self::Listener),
            FIRST_FREE.. => None,
        }
    }
}

/// What relay sockets are bound to. Families without an address are not relayed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelayIps {
    pub(crate) v4: Option<IpAddr>,
    pub(crate) v6: Option<IpAddr>,
}

#[derive(Debug)]
pub(crate) struct Sockets {
    registry: Registry,
    listeners: Vec<Socket>,
    /// Hashed quickly: the ports are drawn here, so nobody can make them collide.
    relays: HashMap<RelayedPort, Socket, RandomState>,
    relay: RelayIps,
    offload: Offload,
}

impl Sockets {
    /// Watches `listeners` with `registry`; relay sockets will be bound to the addresses of `relay`.
    pub(crate) fn new(
        registry: Registry,
        mut listeners: Vec<Socket>,
        relay: RelayIps,
    ) -> io::Result<Self> {
        for (at, listener) in (0..).zip(&mut listeners) {
            let token = SocketId::Listener(at).token();
            registry.register(listener.source(), token, Interest::READABLE)?;
        }
        Ok(Self {
            registry,
            listeners,
            relays: HashMap::default(),
            relay,
            offload: Offload::probe()?,
        })
    }

    /// Returns the socket, unless it is a relay socket that is closed.
    pub(crate) fn get(&self, id: SocketId) -> Option<&Socket> {
        match id {
            SocketId::Listener(at) => self.listeners.get(usize::from(at)),
            SocketId::Relay(port) => self.relays.get(&port),
        }
    }

    /// Returns the listener that a client reached at `server`, and the address it leaves from where the socket is bound to several.
    pub(crate) fn listener(&self, server: SocketAddr) -> (SocketId, Option<IpAddr>) {
        let local = |at: &usize| self.listeners[*at].local_addr();
        let mut all = 0..self.listeners.len();
        if let Some(at) = all.clone().find(|at| local(at) == server) {
            return (SocketId::Listener(at as u8), None);
        }
        let wildcard = |address: SocketAddr| {
            address.ip().is_unspecified()
                && address.port() == server.port()
                && (address.is_ipv6() || server.is_ipv4())
        };
        // One of the server's family, else an IPv6 listener that takes IPv4 too.
        let at = all
            .clone()
            .find(|at| wildcard(local(at)) && local(at).is_ipv4() == server.is_ipv4())
            .or_else(|| all.find(|at| wildcard(local(at))));
        (SocketId::Listener(at.unwrap_or(0) as u8), Some(server.ip()))
    }

    /// Binds the relay socket of `port`.
    pub(crate) fn bind(&mut self, port: RelayedPort) -> Result<(), BindError> {
        let ip = match port.family {
            Family::V4 => self.relay.v4,
            Family::V6 => self.relay.v6,
        };
        let Some(ip) = ip else {
            return Err(BindError::Exhausted);
        };
        let address = SocketAddr::new(ip, port.port);
        let bound = Socket::relay(address, &self.offload).and_then(|mut socket| {
            let token = SocketId::Relay(port).token();
            self.registry
                .register(socket.source(), token, Interest::READABLE)?;
            Ok(socket)
        });
        match bound {
            Ok(socket) => {
                self.relays.insert(port, socket);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                tracing::debug!(%address, "relay port is in use");
                Err(BindError::InUse)
            }
            Err(error) => {
                tracing::warn!(%error, "cannot bind a relay socket");
                Err(BindError::Exhausted)
            }
        }
    }

    /// Closes the relay socket of `port`. The poll forgets what is closed.
    pub(crate) fn unbind(&mut self, port: RelayedPort) {
        self.relays.remove(&port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::Poll;

    #[test]
    fn a_token_is_of_one_socket_and_none_of_the_first_free() {
        let relay = |family, port| SocketId::Relay(RelayedPort { family, port });
        for id in [
            relay(Family::V4, 0),
            relay(Family::V4, u16::MAX),
            relay(Family::V6, 0),
            relay(Family::V6, u16::MAX),
            SocketId::Listener(0),
            SocketId::Listener(u8::MAX),
        ] {
            assert_eq!(SocketId::of(id.token()), Some(id));
        }
        assert_eq!(SocketId::of(Token(FIRST_FREE)), None);
    }

    #[test]
    fn answers_leave_from_the_listener_that_was_asked() {
        let listeners = ["127.0.0.2:0", "127.0.0.3:0", "0.0.0.0:0", "[::1]:0"]
            .map(|address| Socket::listen(address.parse().unwrap(), true).unwrap());
        let addresses = listeners.each_ref().map(Socket::local_addr);
        let registry = Poll::new().unwrap().registry().try_clone().unwrap();
        let relay = RelayIps { v4: None, v6: None };
        let sockets = Sockets::new(registry, listeners.into(), relay).unwrap();
        for (at, address) in (0..).zip(addresses) {
            if !address.ip().is_unspecified() {
                assert_eq!(sockets.listener(address), (SocketId::Listener(at), None));
            }
        }
        let asked = SocketAddr::from(([127, 0, 0, 9], addresses[2].port()));
        assert_eq!(
            sockets.listener(asked),
            (SocketId::Listener(2), Some(asked.ip()))
        );
    }
}
