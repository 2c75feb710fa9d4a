//! Starting and stopping a relay.

use crate::{
    Config, Handle, StartError,
    command::{Command, Link, Shared},
    door::{Door, DoorCounters, Entrance, Places},
    egress::Egress,
    host,
    out::Out,
    rings,
    rooms::{Candidates, Rooms},
    socket::{Offload, Socket},
    sockets::{RelayIps, Sockets},
    streams::Streams,
    tls::Served,
    worker::{WAKER, Worker},
};
use mio::{Poll, Waker};
use sfu::{Certificate, Event};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};
use tokio::sync::{Notify, mpsc};
use turn::{Issued, OwnAddresses, Registry, Server, Settings, Strangers, WorkerId};

/// Commands that may wait for a worker.
const COMMANDS: usize = 256;

/// Events of rooms that may wait for who listens.
const EVENTS: usize = 4096;

/// How often a port that the system picks for UDP is tried for TCP too, before that is an error.
const SAME_PORT: usize = 16;

/// A relay that runs. It stops when it is dropped, too.
#[derive(Debug)]
pub struct Relay {
    handle: Handle,
    listen: Vec<SocketAddr>,
    tls_listen: Vec<SocketAddr>,
    door: Option<Door>,
    threads: Vec<JoinHandle<()>>,
    died: Arc<Notify>,
    events: Option<mpsc::Receiver<Event>>,
}

/// Held by a worker's thread: tells when it ends though nobody stopped it.
struct Alarm {
    worker: WorkerId,
    shared: Arc<Shared>,
    died: Arc<Notify>,
}

/// What is listened on.
struct Listeners {
    /// The UDP sockets of each worker, in the order of the listen addresses.
    udp: Vec<Vec<Socket>>,
    entrances: Vec<Entrance>,
    listen: Vec<SocketAddr>,
    tls_listen: Vec<SocketAddr>,
}

impl Relay {
    /// Starts a relay. Its listeners are bound when this returns.
    ///
    /// # Errors
    /// [`StartError`], which names the address, the file or the value at fault.
    pub fn start(config: Config) -> Result<Self, StartError> {
        config.check()?;
        let tls = config.tls.clone().map(Served::load).transpose()?;
        let workers = config.workers()?;
        let listeners = Listeners::bind(&config, workers)?;
        let host = host::addresses()?;
        let relay = relay_ips(&config, &host);
        for ip in [relay.v4, relay.v6].into_iter().flatten() {
            let bound =
                Offload::probe().and_then(|offload| Socket::relay((ip, 0).into(), &offload));
            bound.map_err(|source| StartError::RelayBind {
                address: ip,
                source,
            })?;
        }

        let (events, heard) = mpsc::channel(EVENTS);
        let now = Instant::now();
        let mut own_listeners = listeners.listen.clone();
        own_listeners.extend(&listeners.tls_listen);
        let common = Common {
            registry: Arc::new(Registry::new(now)),
            strangers: Arc::new(Strangers::new(config.strangers, random()?, now)),
            issued: Arc::default(),
            nonce_key: random()?,
            own: OwnAddresses {
                relay_v4: config.relay_v4,
                relay_v6: config.relay_v6,
                listeners: own_listeners,
                host,
                open_loopback: config.allow_loopback,
            },
            relay,
            candidates: Candidates::of(&config, &listeners.listen),
            certificate: config.rooms.map(|_| Certificate::generate()).transpose()?,
            events,
            config,
        };
        let desks: Vec<_> = (0..workers)
            .map(|_| Desk::new())
            .collect::<io::Result<_>>()?;
        let (links, desks): (Vec<_>, Vec<_>) = desks.into_iter().unzip();
        let wakers: Vec<_> = links.iter().map(|link| Arc::clone(&link.waker)).collect();
        let mut threads = Vec::new();
        let died = Arc::new(Notify::new());
        let parts = listeners.udp.into_iter().zip(rings::between(&wakers));
        for (id, (desk, (sockets, rings))) in (0..).zip(desks.into_iter().zip(parts)) {
            let alarm = Alarm {
                worker: WorkerId(id),
                shared: Arc::clone(&desk.shared),
                died: Arc::clone(&died),
            };
            let worker = common.worker(WorkerId(id), desk, sockets, rings)?;
            let serve = move || {
                let _alarm = alarm;
                if let Err(error) = worker.run() {
                    tracing::error!(%error, "a worker of the relay has stopped");
                }
            };
            let name = format!("relay-{id}");
            threads.push(thread::Builder::new().name(name).spawn(serve)?);
        }

        let places = Places::new(&common.config.streams);
        let counters = Arc::new(DoorCounters::default());
        let handle = Handle {
            workers: links.into(),
            realm: common.config.realm.as_str().into(),
            registry: Arc::clone(&common.registry),
            issued: Arc::clone(&common.issued),
            places: Arc::clone(&places),
            door: Arc::clone(&counters),
        };
        let mut relay = Self {
            listen: listeners.listen,
            tls_listen: listeners.tls_listen,
            door: None,
            threads,
            died,
            events: common.config.rooms.map(|_| heard),
            handle,
        };
        let workers = Arc::clone(&relay.handle.workers);
        relay.door = Some(Door::open(
            listeners.entrances,
            tls,
            places,
            counters,
            workers,
            common.config.rooms.is_some(),
        )?);
        Ok(relay)
    }

    /// Returns the addresses that it listens on over UDP and TCP, in the order of the configuration.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.listen
    }

    /// Returns the addresses that it listens on over TLS alone, in the order of the configuration.
    pub fn tls_addrs(&self) -> &[SocketAddr] {
        &self.tls_listen
    }

    /// Returns a handle to it, for any thread.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits until a worker dies, by a panic or as it can hear nothing any more. Its clients are served by nobody then: only a new start mends that.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// Returns what the rooms of all workers tell, once: there is one to hear it. Who is too slow holds up the events, and then loses rooms.
    pub fn rooms_events(&mut self) -> Option<mpsc::Receiver<Event>> {
        self.events.take()
    }

    /// Ends every allocation and every room, closes every socket and waits for the threads.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.door.take());
        for worker in self.handle.workers.iter() {
            worker.shared.stop.store(true, Ordering::Release);
            if let Err(error) = worker.waker.wake() {
                tracing::error!(%error, "cannot wake a worker of the relay to stop it");
            }
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker of the relay panicked");
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if !self.shared.stop.load(Ordering::Acquire) {
            tracing::error!(worker = self.worker.0, "a worker of the relay died");
            self.died.notify_one();
        }
    }
}

/// What all workers are made of.
struct Common {
    config: Config,
    relay: RelayIps,
    own: OwnAddresses,
    registry: Arc<Registry>,
    strangers: Arc<Strangers>,
    issued: Arc<Issued>,
    nonce_key: [u8; 32],
    candidates: Candidates,
    /// There is one if there are rooms.
    certificate: Option<Certificate>,
    events: mpsc::Sender<Event>,
}

impl Common {
    fn worker(
        &self,
        id: WorkerId,
        desk: Desk,
        listeners: Vec<Socket>,
        (rings, incoming): (rings::Outgoing, rings::Incoming),
    ) -> Result<Worker, StartError> {
        let config = &self.config;
        let settings = Settings {
            realm: config.realm.clone(),
            secrets: config.secrets.clone(),
            relay_ports: config.relay_ports.clone(),
            own: self.own.clone(),
            peers: Arc::clone(&config.peers),
            limits: config.limits,
            credentials: config.credentials,
            registry: Arc::clone(&self.registry),
            strangers: Arc::clone(&self.strangers),
            issued: Arc::clone(&self.issued),
            nonce_key: self.nonce_key,
            worker: id,
            inside: config.rooms.is_some(),
        };
        let watch = || desk.poll.registry().try_clone();
        Ok(Worker {
            id,
            server: Server::new(settings, random()?),
            registry: Arc::clone(&self.registry),
            out: Out {
                sockets: Sockets::new(watch()?, listeners, self.relay)?,
                egress: Egress::default(),
                streams: Streams::new(watch()?, config.streams),
                rings,
                rooms: self.rooms(id)?,
                ended: Vec::new(),
                astray: 0,
            },
            incoming,
            poll: desk.poll,
            commands: desk.commands,
            shared: desk.shared,
        })
    }

    fn rooms(&self, worker: WorkerId) -> io::Result<Option<Box<Rooms>>> {
        let Some((limits, certificate)) = self.config.rooms.zip(self.certificate.clone()) else {
            return Ok(None);
        };
        let settings = sfu::Settings {
            worker: worker.0,
            candidates: self.candidates.as_slice().to_vec(),
            certificate,
            limits,
        };
        let (candidates, events) = (self.candidates.clone(), self.events.clone());
        let rooms = Rooms::new(settings, candidates, random()?, events);
        Ok(Some(Box::new(rooms)))
    }
}

fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Where a worker is told what to do: the other end of its [`Link`].
struct Desk {
    poll: Poll,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
}

impl Desk {
    fn new() -> io::Result<(Link, Self)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (sender, commands) = sync_channel(COMMANDS);
        let shared = Arc::new(Shared::default());
        let link = Link {
            commands: sender,
            waker,
            shared: Arc::clone(&shared),
        };
        Ok((
            link,
            Self {
                poll,
                commands,
                shared,
            },
        ))
    }
}

impl Listeners {
    fn bind(config: &Config, workers: u8) -> Result<Self, StartError> {
        let mut listeners = Self {
            udp: (0..workers).map(|_| Vec::new()).collect(),
            entrances: Vec::new(),
            listen: Vec::new(),
            tls_listen: Vec::new(),
        };
        for address in &config.listen {
            // An unspecified IPv6 address takes IPv4 too, unless that has a listener of its own.
            let only_v6 = takes_only_v6(*address, &config.listen);
            let (socket, entrance) = bind_both(*address, only_v6)?;
            for worker in &mut listeners.udp[1..] {
                let beside = socket.listen_beside(only_v6);
                worker.push(beside.map_err(|source| unheard(*address, "UDP", source))?);
            }
            listeners.listen.push(socket.local_addr());
            listeners.udp[0].push(socket);
            listeners.entrances.push(entrance);
        }
        for address in &config.tls_listen {
            let only_v6 = takes_only_v6(*address, &config.tls_listen);
            let entrance = Entrance::bind(*address, only_v6, false)
                .map_err(|source| unheard(*address, "TLS", source))?;
            listeners.tls_listen.push(entrance.listener.local_addr()?);
            listeners.entrances.push(entrance);
        }
        Ok(listeners)
    }
}

/// Listens on one port for UDP and TCP.
fn bind_both(address: SocketAddr, only_v6: bool) -> Result<(Socket, Entrance), StartError> {
    let mut attempts = if address.port() == 0 { SAME_PORT } else { 1 };
    loop {
        attempts -= 1;
        let socket =
            Socket::listen(address, only_v6).map_err(|source| unheard(address, "UDP", source))?;
        match Entrance::bind(socket.local_addr(), only_v6, true) {
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
fn relay_ips(config: &Config, host: &[IpAddr]) -> RelayIps {
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
    use crate::StreamLimits;
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
                tls: None,
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
