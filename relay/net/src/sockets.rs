//! The sockets of one worker: the listener, and one relay socket for each allocation.

use crate::socket::Socket;
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
    Listener,
    Relay(RelayedPort),
}

/// Past every port number, which are the tokens of the relay sockets.
const LISTENER: Token = Token(1 << 16);

impl SocketId {
    fn token(self) -> Token {
        match self {
            Self::Listener => LISTENER,
            Self::Relay(port) => Token(usize::from(port.port)),
        }
    }

    /// Returns whose `token` is, if it is a socket's.
    pub(crate) fn of(token: Token) -> Option<Self> {
        match token {
            LISTENER => Some(Self::Listener),
            Token(port) => u16::try_from(port).ok().map(|port| {
                Self::Relay(RelayedPort {
                    family: Family::V4,
                    port,
                })
            }),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Sockets {
    registry: Registry,
    listener: Socket,
    relays: HashMap<RelayedPort, Socket>,
    relay_ip: IpAddr,
}

impl Sockets {
    /// Watches `listener` with `registry`; relay sockets will be bound to `relay_ip`.
    pub(crate) fn new(
        registry: Registry,
        mut listener: Socket,
        relay_ip: IpAddr,
    ) -> io::Result<Self> {
        registry.register(listener.source(), LISTENER, Interest::READABLE)?;
        Ok(Self {
            registry,
            listener,
            relays: HashMap::new(),
            relay_ip,
        })
    }

    /// Returns the socket, unless it is a relay socket that is closed.
    pub(crate) fn get(&self, id: SocketId) -> Option<&Socket> {
        match id {
            SocketId::Listener => Some(&self.listener),
            SocketId::Relay(port) => self.relays.get(&port),
        }
    }

    /// Binds the relay socket of `port`.
    pub(crate) fn bind(&mut self, port: RelayedPort) -> Result<(), BindError> {
        let address = SocketAddr::new(self.relay_ip, port.port);
        let bound = Socket::bind(address).and_then(|mut socket| {
            self.registry.register(
                socket.source(),
                SocketId::Relay(port).token(),
                Interest::READABLE,
            )?;
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

    /// Closes the relay socket of `port`.
    pub(crate) fn unbind(&mut self, port: RelayedPort) {
        if let Some(mut socket) = self.relays.remove(&port)
            && let Err(error) = self.registry.deregister(socket.source())
        {
            tracing::warn!(%error, "cannot stop watching a relay socket");
        }
    }
}
