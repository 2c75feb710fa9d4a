//! A relay with a clock of its own, and clients that know how to ask it.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};
use stun::{Data, MessageClass, MessageType, Method, Nonce, TransactionId, XorPeerAddress, method};
use turn::{
    AllocationEvent, BindError, CredentialLimits, DropReason, Family, FiveTuple, Issued, Limits,
    Now, Output, OwnAddresses, PeerAddr, PeerRules, RefusedWhy, Registry, Server, Settings,
    StrangerLimits, Strangers, ToClient, ToPeer, UnixMillis, Via, WorkerId,
};

pub(crate) const REALM: &str = "zvonilka";
pub(crate) const LISTENER: &str = "198.51.100.7:3478";
pub(crate) const RELAY: &str = "198.51.100.7";
pub(crate) const RELAY_V6: &str = "2001:db8::7";
pub(crate) const PEER: &str = "8.8.8.8:5000";
pub(crate) const UDP: u8 = 17;

pub(crate) use crate::client::{Client, Reply, Request, alice, bob, secret};
pub(crate) use turn::RelayedPort;

/// A server, its clock and its shell.
pub(crate) struct Relay {
    pub(crate) server: Server,
    pub(crate) now: Now,
    /// Relay sockets that are bound.
    pub(crate) bound: BTreeSet<RelayedPort>,
    /// How the next binds end; with none left they succeed.
    pub(crate) binds: Vec<Result<(), BindError>>,
    pub(crate) events: Vec<AllocationEvent>,
    pub(crate) issued: Arc<Issued>,
    pub(crate) registry: Arc<Registry>,
    sent: Vec<(FiveTuple, Vec<u8>)>,
    next_id: u128,
}

impl Relay {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Returns a relay with other settings than [`settings`].
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let now = Now {
            mono: epoch(),
            unix: UnixMillis(1_700_000_000_000),
        };
        let mut settings = settings(Arc::new(Registry::new(now.mono)));
        change(&mut settings);
        let seed = [settings.worker.0; 32];
        Self {
            issued: Arc::clone(&settings.issued),
            registry: Arc::clone(&settings.registry),
            server: Server::new(settings, seed),
            now,
            bound: BTreeSet::new(),
            binds: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            next_id: 0,
        }
    }

    /// Returns another worker of the same relay.
    pub(crate) fn sibling(&self, worker: u8, change: impl FnOnce(&mut Settings)) -> Self {
        let now = self.now;
        let relay = Self::with(|settings| {
            settings.registry = Arc::clone(&self.registry);
            settings.worker = WorkerId(worker);
            change(settings);
        });
        Self { now, ..relay }
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now.mono += Duration::from_secs(seconds);
        self.now.unix.0 += seconds * 1000;
        self.server.handle_timeout(self.now);
        self.drain();
    }

    /// Starts a request.
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.start(MessageClass::Request, method)
    }

    /// Starts an indication.
    pub(crate) fn indication(&mut self, method: Method) -> Request {
        self.start(MessageClass::Indication, method)
    }

    fn start(&mut self, class: MessageClass, method: Method) -> Request {
        self.next_id += 1;
        let id = TransactionId::from(self.next_id);
        let kind = MessageType::from_class_method(class, method);
        Request::new(kind, id)
    }

    /// Sends `datagram` and returns the one answer, if there is one.
    pub(crate) fn exchange(&mut self, from: FiveTuple, datagram: &[u8]) -> Option<Reply> {
        assert!(
            self.server
                .handle_client(from, datagram, self.now)
                .is_none(),
            "a request is not relayed"
        );
        self.drain();
        let mut sent = std::mem::take(&mut self.sent);
        assert!(sent.len() <= 1, "one datagram out for one in");
        let (to, bytes) = sent.pop()?;
        assert_eq!(to, from);
        Some(Reply { bytes })
    }

    /// Drains the server and returns how many answers it sent.
    pub(crate) fn answers(&mut self) -> usize {
        self.drain();
        std::mem::take(&mut self.sent).len()
    }

    /// Drains the server and returns the one thing it sent, if it sent one.
    pub(crate) fn said(&mut self) -> Option<(FiveTuple, Vec<u8>)> {
        self.drain();
        assert!(self.sent.len() <= 1);
        self.sent.pop()
    }

    /// Signs `request` as `client` does, who asks for a nonce first if it has none, and returns the answer.
    pub(crate) fn ask(&mut self, client: &mut Client, request: Request) -> Reply {
        if client.nonce.is_none() {
            self.challenge(client);
        }
        let bytes = request.signed(client);
        let reply = self.exchange(client.five_tuple, &bytes).expect("an answer");
        if reply.code() != Some(401) && reply.code() != Some(438) {
            assert!(
                reply.message().is_signed_with(client.key()),
                "answers are signed"
            );
        }
        reply
    }

    /// Lets `client` learn a nonce.
    pub(crate) fn challenge(&mut self, client: &mut Client) {
        let request = self.request(method::ALLOCATE).transport(UDP).bytes();
        let challenge = self
            .exchange(client.five_tuple, &request)
            .expect("a challenge");
        client.nonce = Some(
            challenge
                .message()
                .attribute::<Nonce>()
                .unwrap()
                .nonce()
                .into(),
        );
    }

    /// Makes an allocation and returns its relayed address.
    pub(crate) fn allocate(&mut self, client: &mut Client) -> SocketAddr {
        let request = self.request(method::ALLOCATE).transport(UDP);
        self.ask(client, request).relayed()
    }

    pub(crate) fn permit(&mut self, client: &mut Client, peer: &str) -> Option<u16> {
        let request = self.request(method::CREATE_PERMISSION).peer(peer);
        self.ask(client, request).code()
    }

    pub(crate) fn bind(&mut self, client: &mut Client, channel: u16, peer: &str) -> Option<u16> {
        let request = self
            .request(method::CHANNEL_BIND)
            .channel(channel)
            .peer(peer);
        self.ask(client, request).code()
    }

    pub(crate) fn refresh(&mut self, client: &mut Client, lifetime: u32) -> Reply {
        let request = self.request(method::REFRESH).lifetime(lifetime);
        self.ask(client, request)
    }

    /// Sends `payload` to `peer` by a Send indication.
    pub(crate) fn send(&mut self, client: &Client, peer: &str, payload: &[u8]) -> Option<Relayed> {
        let datagram = self
            .indication(method::SEND)
            .peer(peer)
            .attribute(&Data::new(payload))
            .bytes();
        self.relay(client.five_tuple, &datagram)
    }

    /// Sends `payload` by a channel.
    pub(crate) fn send_channel(
        &mut self,
        client: &Client,
        channel: u16,
        payload: &[u8],
    ) -> Option<Relayed> {
        let length = payload.len() as u16;
        let datagram = [&channel.to_be_bytes(), &length.to_be_bytes(), payload].concat();
        self.relay(client.five_tuple, &datagram)
    }

    fn relay(&mut self, from: FiveTuple, datagram: &[u8]) -> Option<Relayed> {
        let ToPeer { payload, via } = self.server.handle_client(from, datagram, self.now)?;
        let payload = &datagram[payload];
        Some(match via {
            Via::Socket { port, peer, .. } => Relayed::ToPeer(port, peer.get(), payload.to_vec()),
            Via::Hairpin(to) => Relayed::ToClient(to.to, Delivered::of(&to, payload)),
            Via::Worker { worker, on, from } => {
                Relayed::ToWorker(worker, on, from, payload.to_vec())
            }
            Via::Inside { from, to } => Relayed::Inside(from, to, payload.to_vec()),
        })
    }

    /// Sends `payload` from `peer` to a relayed address.
    pub(crate) fn receive(
        &mut self,
        peer: &str,
        relayed: SocketAddr,
        payload: &[u8],
    ) -> Option<Delivered> {
        let peer = PeerAddr::from(peer.parse::<SocketAddr>().unwrap());
        self.take(port(relayed), peer, payload)
    }

    /// Hands over a datagram for a relayed port.
    pub(crate) fn take(
        &mut self,
        on: RelayedPort,
        from: PeerAddr,
        payload: &[u8],
    ) -> Option<Delivered> {
        let to = self.server.handle_peer(on, from, payload, self.now)?;
        Some(Delivered::of(&to, payload))
    }

    pub(crate) fn drops(&self, reason: DropReason) -> u64 {
        self.server
            .counters()
            .drops()
            .find(|(other, _)| *other == reason)
            .map_or(0, |(_, count)| count)
    }

    /// Returns why allocations were refused to those who had signed in.
    pub(crate) fn refusals(&self) -> Vec<RefusedWhy> {
        let why = |event: &AllocationEvent| match event {
            AllocationEvent::Refused { why, .. } => Some(*why),
            AllocationEvent::Started { .. } | AllocationEvent::Ended { .. } => None,
        };
        self.events.iter().filter_map(why).collect()
    }

    /// Does what a shell does.
    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Transmit(transmit) => self.sent.push((transmit.to, transmit.message)),
                Output::Bind(port) => {
                    let result = if self.binds.is_empty() {
                        Ok(())
                    } else {
                        self.binds.remove(0)
                    };
                    if result.is_ok() {
                        assert!(self.bound.insert(port), "{port:?} is bound twice");
                    }
                    self.server.handle_bound(port, result);
                }
                Output::Unbind(port) => assert!(self.bound.remove(&port), "{port:?} is not bound"),
                Output::Event(event) => self.events.push(event),
            }
        }
    }
}

/// Data that went on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Relayed {
    ToPeer(RelayedPort, SocketAddr, Vec<u8>),
    ToClient(FiveTuple, Delivered),
    ToWorker(WorkerId, RelayedPort, PeerAddr, Vec<u8>),
    Inside(SocketAddr, SocketAddr, Vec<u8>),
}

/// Data as its client gets it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    Channel(u16, Vec<u8>),
    Indication(SocketAddr, Vec<u8>),
}

impl Delivered {
    fn of(to: &ToClient, payload: &[u8]) -> Self {
        let datagram = [to.frame.head(), payload, to.frame.padding()].concat();
        if let Some(data) = stun::ChannelData::parse(&datagram) {
            return Self::Channel(data.number.get(), datagram[data.payload].to_vec());
        }
        let message = stun::read(&datagram).unwrap();
        assert_eq!(
            (message.class(), message.method()),
            (MessageClass::Indication, method::DATA)
        );
        let peer = message
            .attribute::<XorPeerAddress>()
            .unwrap()
            .addr(message.transaction_id());
        Self::Indication(peer, message.attribute::<Data>().unwrap().data().to_vec())
    }
}

/// Returns the port of a relayed address.
pub(crate) fn port(relayed: SocketAddr) -> RelayedPort {
    RelayedPort {
        family: Family::of(relayed.ip()),
        port: relayed.port(),
    }
}

fn settings(registry: Arc<Registry>) -> Settings {
    Settings {
        realm: REALM.into(),
        secrets: vec![secret("north"), secret("south")],
        relay_ports: 50_000..=50_999,
        own: OwnAddresses {
            relay_v4: Some(RELAY.parse().unwrap()),
            listeners: vec![LISTENER.parse().unwrap()],
            host: vec![RELAY.parse().unwrap()],
            ..OwnAddresses::default()
        },
        credentials: CredentialLimits::default(),
        issued: Arc::default(),
        nonce_key: [5; 32],
        strangers: Arc::new(Strangers::new(StrangerLimits::default(), [6; 32], epoch())),
        peers: Arc::new(PeerRules::default()),
        limits: Limits::default(),
        registry,
        worker: WorkerId(0),
        inside: false,
    }
}

/// Returns the moment at which every relay's time begins: one, so that the servers of a relay agree on it.
pub(crate) fn epoch() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "virtual time needs some instant to count from"
    )]
    static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
    *EPOCH
}
