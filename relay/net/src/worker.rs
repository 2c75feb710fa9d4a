//! One worker: a thread that owns its sockets and its TURN server, and carries bytes between them.

use crate::{
    Counters,
    allocation_log::log,
    counters::Published,
    egress::{Egress, Route},
    ingress::{BATCH, Ingress},
    sockets::{SocketId, Sockets},
};
use mio::{Events, Poll, Token};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use stun::DatagramClass;
use turn::{
    FiveTuple, Flow, Now, Output, PeerAddr, RelayedPort, SessionName, ToClient, Transport,
    UnixMillis, Via,
};

/// The token of the waker: no socket's.
pub(crate) const WAKER: Token = Token(usize::MAX);

/// Batches that one socket may hand over in one round, so that it cannot keep the others waiting.
const TURN: usize = 4;

/// How soon counters are tried again if somebody was reading them.
const PUBLISH_AGAIN: Duration = Duration::from_millis(10);

/// How often the host's addresses are read again; they change with its networks.
const SURVEY: Duration = Duration::from_secs(30);

/// Something that another thread asks of the worker.
#[derive(Debug)]
pub(crate) enum Command {
    Revoke(SessionName),
}

/// What the worker shares with its handles.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) counters: Published,
    pub(crate) stop: AtomicBool,
}

pub(crate) struct Worker {
    poll: Poll,
    sockets: Sockets,
    server: turn::Server,
    ingress: Ingress,
    egress: Egress,
    /// Sockets that may have more to read; the poll tells of each only once.
    readable: VecDeque<SocketId>,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    counters: Counters,
    surveyed: Instant,
}

impl Worker {
    pub(crate) fn new(
        poll: Poll,
        sockets: Sockets,
        server: turn::Server,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            poll,
            sockets,
            server,
            ingress: Ingress::new(),
            egress: Egress::new(),
            readable: VecDeque::new(),
            commands,
            shared,
            counters: Counters::default(),
            surveyed: Instant::now(),
        }
    }

    /// Works until it is told to stop.
    ///
    /// # Errors
    /// The poll's, after which nothing can be heard any more.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut published = true;
        loop {
            self.wait(&mut events, published)?;
            let now = now();
            if self.shared.stop.load(Ordering::Acquire) {
                self.server.stop(now);
                self.drain();
                self.egress.flush(&self.sockets);
                self.shared.counters.publish(self.snapshot());
                return Ok(());
            }
            let left = self.readable.len();
            for id in events
                .iter()
                .filter_map(|event| SocketId::of(event.token()))
            {
                if !self.readable.range(..left).any(|other| *other == id) {
                    self.readable.push_back(id);
                }
            }
            self.obey(now);
            self.survey(now);
            self.server.handle_timeout(now);
            self.drain();
            for _ in 0..self.readable.len() {
                if let Some(id) = self.readable.pop_front()
                    && self.read(id, now)
                {
                    self.readable.push_back(id);
                }
            }
            self.egress.flush(&self.sockets);
            published = self.shared.counters.publish(self.snapshot());
        }
    }

    fn wait(&mut self, events: &mut Events, published: bool) -> io::Result<()> {
        let deadline = self
            .server
            .next_deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let again = (!published).then_some(PUBLISH_AGAIN);
        let timeout = if self.readable.is_empty() {
            [deadline, again].into_iter().flatten().min()
        } else {
            Some(Duration::ZERO)
        };
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    fn obey(&mut self, now: Now) {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Revoke(session) => self.server.revoke(&session, now),
            }
            self.drain();
        }
    }

    fn survey(&mut self, now: Now) {
        if now.mono.saturating_duration_since(self.surveyed) < SURVEY {
            return;
        }
        self.surveyed = now.mono;
        match host_addresses() {
            Ok(host) => self.server.set_host_addresses(host),
            Err(error) => {
                tracing::warn!(%error, "cannot read the host's addresses; the last known ones stay")
            }
        }
    }

    /// Hands over what `id` has received. Returns whether there may be more.
    fn read(&mut self, id: SocketId, now: Now) -> bool {
        let mut failed = 0;
        for _ in 0..TURN {
            let Some(socket) = self.sockets.get(id) else {
                return false;
            };
            let local = socket.local_addr();
            let messages = match self.ingress.receive(socket) {
                Ok(messages) => messages,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => {
                    tracing::debug!(%error, "cannot receive");
                    failed += 1;
                    continue;
                }
            };
            for at in 0..messages {
                match id {
                    SocketId::Listener => self.take_from_clients(at, local, now),
                    SocketId::Relay(port) => self.take_from_peers(at, port, now),
                }
            }
            if messages < BATCH {
                return false;
            }
        }
        // A socket that does nothing but fail waits for its next event, and does not keep the thread busy.
        failed < TURN
    }

    fn take_from_clients(&mut self, at: usize, local: SocketAddr, now: Now) {
        let (meta, datagrams) = self.ingress.message(at);
        let server = meta.dst_ip.unwrap_or(local.ip()).to_canonical();
        let from = FiveTuple {
            transport: Transport::Udp,
            client: canonical(meta.addr),
            server: SocketAddr::new(server, local.port()),
        };
        for datagram in datagrams {
            count(&mut self.counters.ingress, datagram);
            match DatagramClass::of(datagram) {
                DatagramClass::Stun | DatagramClass::ChannelData => {}
                DatagramClass::Dtls | DatagramClass::Rtp | DatagramClass::Unknown => {
                    self.counters.unknown += 1;
                    continue;
                }
            }
            if let Some(to_peer) = self.server.handle_client(from, datagram, now) {
                let payload = &datagram[to_peer.payload];
                match to_peer.via {
                    Via::Socket { port, peer, .. } => {
                        let route = Route {
                            socket: SocketId::Relay(port),
                            destination: peer.get(),
                            source: None,
                        };
                        self.egress.push(&self.sockets, route, [&[], payload, &[]]);
                    }
                    Via::Hairpin(to) => {
                        push_to_client(&mut self.egress, &self.sockets, &to, payload)
                    }
                    // There is one worker, and nobody inside.
                    Via::Worker { .. } | Via::Inside { .. } => {}
                }
            }
            drain(&mut self.server, &mut self.sockets, &mut self.egress);
        }
    }

    fn take_from_peers(&mut self, at: usize, port: RelayedPort, now: Now) {
        let (meta, datagrams) = self.ingress.message(at);
        let from = PeerAddr::from(meta.addr);
        for datagram in datagrams {
            count(&mut self.counters.ingress, datagram);
            if let Some(to) = self.server.handle_peer(port, from, datagram, now) {
                push_to_client(&mut self.egress, &self.sockets, &to, datagram);
            }
        }
        drain(&mut self.server, &mut self.sockets, &mut self.egress);
    }

    fn drain(&mut self) {
        drain(&mut self.server, &mut self.sockets, &mut self.egress);
    }

    fn snapshot(&self) -> Counters {
        let sent = self.egress.sent();
        Counters {
            turn: self.server.counters(),
            egress: Flow {
                packets: sent.datagrams,
                bytes: sent.bytes,
            },
            unsent: sent.failed,
            ..self.counters
        }
    }
}

/// Returns every address of the host.
pub(crate) fn host_addresses() -> io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?
        .iter()
        .map(|interface| interface.ip().to_canonical())
        .collect())
}

/// Returns an IPv4 address in IPv6 clothes as what it is; an IPv6 address keeps its scope.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

fn now() -> Now {
    // A clock before 1970 makes every nonce stale, which is as it should be.
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        mono: Instant::now(),
        unix: UnixMillis(unix.as_millis() as u64),
    }
}

/// Does what the server asks for, until it asks for nothing.
fn drain(server: &mut turn::Server, sockets: &mut Sockets, egress: &mut Egress) {
    while let Some(output) = server.poll_output() {
        match output {
            Output::Transmit(transmit) => egress.push(
                sockets,
                to_client(&transmit.to),
                [&[], &transmit.message, &[]],
            ),
            Output::Bind(port) => server.handle_bound(port, sockets.bind(port)),
            Output::Unbind(port) => {
                egress.flush(sockets);
                sockets.unbind(port);
            }
            Output::Event(event) => log(&event),
        }
    }
}

fn push_to_client(egress: &mut Egress, sockets: &Sockets, to: &ToClient, payload: &[u8]) {
    egress.push(
        sockets,
        to_client(&to.to),
        [to.frame.head(), payload, to.frame.padding()],
    );
}

fn to_client(to: &FiveTuple) -> Route {
    match to.transport {
        // Clients come over UDP alone.
        Transport::Udp | Transport::Tcp | Transport::Tls => Route {
            socket: SocketId::Listener,
            destination: to.client,
            source: Some(to.server.ip()),
        },
    }
}

fn count(flow: &mut Flow, datagram: &[u8]) {
    flow.packets += 1;
    flow.bytes += datagram.len() as u64;
}
