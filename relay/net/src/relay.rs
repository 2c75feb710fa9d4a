//! Starting and stopping a relay, and commanding it while it runs.

use crate::{
    Counters,
    socket::Socket,
    sockets::Sockets,
    worker::{Command, Shared, WAKER, Worker, host_addresses},
};
use mio::{Poll, Waker};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};
use turn::{
    CredentialLimits, Limits, OwnAddresses, PeerRules, Registry, Secret, Server, SessionName,
    Settings, StrangerLimits, Strangers, WorkerId,
};

/// Commands that may wait for the worker.
const COMMANDS: usize = 256;

/// The longest realm, in bytes: with it a challenge is three times the smallest Allocate and no more.
const MAX_REALM: usize = 32;

/// What a relay is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where clients reach it over UDP.
    pub listen: SocketAddr,
    /// The IPv4 address of relayed addresses, as peers see it. Behind a 1:1 NAT it is none of the host's.
    pub relay_address: IpAddr,
    /// The ports of relayed addresses.
    pub relay_ports: RangeInclusive<u16>,
    /// The realm of the credentials: 1 to 32 bytes.
    pub realm: String,
    /// The secrets that credentials may be made with: at least one.
    pub secrets: Vec<Secret>,
    /// Who may reach whom.
    pub peers: PeerRules,
    /// What nobody may have more of.
    pub limits: Limits,
}

/// Why a relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listen address cannot be had.
    #[error("cannot listen on {address} (UDP): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Relay sockets cannot be bound.
    #[error("cannot bind relay sockets to {address}: {source}")]
    RelayBind {
        /// The address.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The relayed address is not one that a client could give to a peer.
    #[error("relay address {0}: must be an IPv4 address that peers can send to")]
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
    /// The system has no more of something.
    #[error("cannot start the relay: {0}")]
    System(#[from] io::Error),
}

/// A relay that runs. It stops when it is dropped, too.
#[derive(Debug)]
pub struct Relay {
    handle: Handle,
    local: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Starts a relay. Its listener is bound when this returns.
    ///
    /// # Errors
    /// [`StartError`], which names the address or the value at fault.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let (config, relay_v4) = checked(config)?;
        let listener = Socket::bind(config.listen).map_err(|source| StartError::Listen {
            address: config.listen,
            source,
        })?;
        let local = listener.local_addr();
        let host = host_addresses()?;
        let relay_ip = relay_ip(&config, &host);
        Socket::bind(SocketAddr::new(relay_ip, 0)).map_err(|source| StartError::RelayBind {
            address: relay_ip,
            source,
        })?;

        let own = OwnAddresses {
            relay_v4: Some(relay_v4),
            listeners: vec![local],
            host,
            open_loopback: config.peers.allow_loopback,
            ..OwnAddresses::default()
        };
        let settings = Settings {
            realm: config.realm,
            secrets: config.secrets,
            relay_ports: config.relay_ports,
            own,
            peers: Arc::new(config.peers),
            limits: config.limits,
            credentials: CredentialLimits::default(),
            issued: Arc::default(),
            nonce_key: random()?,
            strangers: Arc::new(Strangers::new(
                StrangerLimits::default(),
                random()?,
                Instant::now(),
            )),
            registry: Arc::new(Registry::new(Instant::now())),
            worker: WorkerId(0),
            inside: false,
        };
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let sockets = Sockets::new(poll.registry().try_clone()?, listener, relay_ip)?;
        let (commands, inbox) = sync_channel(COMMANDS);
        let shared = Arc::new(Shared::default());
        let worker = Worker::new(
            poll,
            sockets,
            Server::new(settings, random()?),
            inbox,
            Arc::clone(&shared),
        );
        let thread = thread::Builder::new().name("relay".into()).spawn(move || {
            if let Err(error) = worker.run() {
                tracing::error!(%error, "the relay has stopped");
            }
        })?;
        Ok(Self {
            handle: Handle {
                commands,
                waker,
                shared,
            },
            local,
            thread: Some(thread),
        })
    }

    /// Returns the address that the listener is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Returns a handle to it, for any thread.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends every allocation, closes every socket and waits for the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.handle.shared.stop.store(true, Ordering::Release);
        if let Err(error) = self.handle.waker.wake() {
            tracing::error!(%error, "cannot wake the relay to stop it");
            return;
        }
        if thread.join().is_err() {
            tracing::error!("the relay's thread panicked");
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.end();
    }
}

/// Commands a relay, from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: SyncSender<Command>,
    waker: Arc<Waker>,
    shared: Arc<Shared>,
}

/// Why a session was not revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevokeError {
    /// Too many commands wait; later it will do.
    #[error("the relay is busy")]
    Busy,
    /// The relay has stopped, and with it every allocation.
    #[error("the relay has stopped")]
    Stopped,
}

impl Handle {
    /// Ends every allocation of `session` at once. Its credentials stay what they are.
    ///
    /// # Errors
    /// [`RevokeError`] if the command could not be given.
    pub fn revoke(&self, session: SessionName) -> Result<(), RevokeError> {
        self.commands
            .try_send(Command::Revoke(session))
            .map_err(|error| match error {
                TrySendError::Full(_) => RevokeError::Busy,
                TrySendError::Disconnected(_) => RevokeError::Stopped,
            })?;
        self.waker.wake().map_err(|_| RevokeError::Stopped)
    }

    /// Returns what was counted until the last round.
    pub fn counters(&self) -> Counters {
        self.shared.counters.latest()
    }
}

fn checked(config: Config) -> Result<(Config, Ipv4Addr), StartError> {
    let IpAddr::V4(relay) = config.relay_address else {
        return Err(StartError::RelayAddress(config.relay_address));
    };
    if relay.is_unspecified() || relay.is_multicast() || relay.is_broadcast() {
        return Err(StartError::RelayAddress(config.relay_address));
    }
    if config.relay_ports.is_empty() || config.relay_ports.contains(&0) {
        return Err(StartError::RelayPorts(config.relay_ports));
    }
    if !(1..=MAX_REALM).contains(&config.realm.len()) {
        return Err(StartError::Realm(config.realm));
    }
    if config.secrets.is_empty() {
        return Err(StartError::NoSecret);
    }
    Ok((config, relay))
}

fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Returns what relay sockets are bound to: the relayed address if the host has it, else the listener's, else every address.
fn relay_ip(config: &Config, host: &[IpAddr]) -> IpAddr {
    let listen = config.listen.ip();
    if host.contains(&config.relay_address) {
        config.relay_address
    } else if listen.is_ipv4() {
        listen
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    }
}
