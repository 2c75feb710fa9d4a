//! Starting and stopping a relay.

mod listeners;

use crate::{
    Allocations, Config, Handle, StartError,
    allocations::{self, Teller},
    command::{Command, Link, Shared},
    door::{Door, DoorCounters, Inside, Places},
    egress::Egress,
    host,
    https::Https,
    out::Out,
    rings,
    rooms::{Candidates, Rooms},
    socket::{Offload, Socket},
    sockets::{RelayIps, Sockets},
    streams::Streams,
    tls::Tls,
    worker::{WAKER, Worker},
};
use listeners::{Listeners, relay_ips};
use mio::{Poll, Waker};
use sfu::{Certificate, Event};
use std::{
    io,
    net::{IpAddr, SocketAddr},
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

/// Connections of HTTP that may wait for who serves them.
const PAGES: usize = 256;

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
    https_listen: Vec<SocketAddr>,
    pages: Option<mpsc::Receiver<Https>>,
    allocations: Option<Allocations>,
}

/// Held by a worker's thread: tells when it ends though nobody stopped it.
struct Alarm {
    worker: WorkerId,
    shared: Arc<Shared>,
    died: Arc<Notify>,
}

impl Relay {
    /// Starts a relay. Its listeners are bound when this returns.
    ///
    /// # Errors
    /// [`StartError`], which names the address, the file or the value at fault.
    pub fn start(config: Config) -> Result<Self, StartError> {
        config.check()?;
        let tls = config.certificates.as_ref().map(Tls::new).transpose()?;
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
        let (teller, allocations) = allocations::queue();
        let now = Instant::now();
        let external = [
            config.relay_v4.map(IpAddr::from),
            config.relay_v6.map(IpAddr::from),
        ];
        let media: Vec<_> = listeners.media().collect();
        let own_listeners = [&media[..], &listeners.tls_listen].concat();
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
            candidates: Candidates::of(external.into_iter().flatten(), &media),
            certificate: config.rooms.map(|_| Certificate::generate()).transpose()?,
            events,
            teller,
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

        let streams = &common.config.streams;
        let places = Places::new(streams.in_all, streams.per_prefix);
        let pages = common.config.pages;
        let page_places = Places::new(pages.in_all, pages.per_prefix);
        let (pages, served) = mpsc::channel(PAGES);
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
            pages: (!listeners.https_listen.is_empty()).then_some(served),
            https_listen: listeners.https_listen,
            allocations: Some(allocations),
            handle,
        };
        let workers = Arc::clone(&relay.handle.workers);
        let inside = Inside::new(
            tls,
            (places, page_places),
            pages,
            counters,
            workers,
            common.config.rooms.is_some(),
        );
        relay.door = Some(Door::open(listeners.entrances, inside)?);
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

    /// Returns the addresses at which it serves pages too, in the order of the configuration.
    pub fn https_addrs(&self) -> &[SocketAddr] {
        &self.https_listen
    }

    /// Returns the connections of HTTP that come in there, once: there is one to serve them.
    pub fn pages(&mut self) -> Option<mpsc::Receiver<Https>> {
        self.pages.take()
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

    /// Returns what tells of the allocations of all workers, once: there is one to hear it.
    pub fn allocations(&mut self) -> Option<Allocations> {
        self.allocations.take()
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
    teller: Teller,
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
                allocations: self.teller.clone(),
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
