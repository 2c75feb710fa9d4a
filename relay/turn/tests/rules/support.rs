//! A relay with a clock of its own, and clients that know how to ask it.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use stun::{
    AttributeStaticType, AttributeWrite, ChannelNumberAttribute, Data, ErrorCode,
    IntegrityAlgorithm, IntegrityKey, Lifetime, LongTermKeyCredentials, Message, MessageClass,
    MessageType, MessageWrite, MessageWriteExt, MessageWriteVec, Method, Nonce, Realm,
    RequestedTransport, TransactionId, Username, XorPeerAddress, XorRelayedAddress, method,
};
use turn::{
    AllocationEvent, BindError, Credentials, DropReason, FiveTuple, Now, Output, OwnAddresses,
    PeerAddr, PeerRules, Quotas, RelayedPort, Secret, Server, Settings, ToClient, ToPeer,
    Transport, UnixMillis, UnixSeconds, Via,
};

pub(crate) const REALM: &str = "zvonilka";
pub(crate) const LISTENER: &str = "198.51.100.7:3478";
pub(crate) const RELAY: &str = "198.51.100.7";
pub(crate) const PEER: &str = "8.8.8.8:5000";
pub(crate) const UDP: u8 = 17;

/// A server, its clock and its shell.
pub(crate) struct Relay {
    pub(crate) server: Server,
    pub(crate) now: Now,
    /// Relay sockets that are bound.
    pub(crate) bound: BTreeSet<RelayedPort>,
    /// How the next binds end; with none left they succeed.
    pub(crate) binds: Vec<Result<(), BindError>>,
    pub(crate) events: Vec<AllocationEvent>,
    sent: Vec<(FiveTuple, Vec<u8>)>,
    next_id: u128,
}

impl Relay {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Returns a relay with other settings than [`settings`].
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        Self {
            server: Server::new(settings, [7; 32]),
            now: Now {
                mono: epoch(),
                unix: UnixMillis(1_700_000_000_000),
            },
            bound: BTreeSet::new(),
            binds: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            next_id: 0,
        }
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
        Request {
            message: Message::builder(kind, id, MessageWriteVec::new()),
            id,
        }
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

    /// Signs `request` as `client` does, who asks for a nonce first if it has none, and returns the answer.
    pub(crate) fn ask(&mut self, client: &mut Client, request: Request) -> Reply {
        if client.nonce.is_none() {
            self.challenge(client);
        }
        let bytes = request.signed(client);
        let reply = self.exchange(client.five_tuple, &bytes).expect("an answer");
        if reply.code() != Some(401) && reply.code() != Some(438) {
            assert!(
                reply
                    .message()
                    .validate_integrity_with_key(&client.key())
                    .is_ok(),
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
            Via::Socket(port, peer) => Relayed::ToPeer(port, peer.get(), payload.to_vec()),
            Via::Hairpin(to) => Relayed::ToClient(to.to, Delivered::of(&to, payload)),
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
        let to = self
            .server
            .handle_peer(RelayedPort(relayed.port()), peer, payload, self.now)?;
        Some(Delivered::of(&to, payload))
    }

    pub(crate) fn drops(&self, reason: DropReason) -> u64 {
        self.server
            .counters()
            .drops()
            .find(|(other, _)| *other == reason)
            .map_or(0, |(_, count)| count)
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

/// A client and what it signs with.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) five_tuple: FiveTuple,
    pub(crate) credentials: Credentials,
    pub(crate) realm: String,
    pub(crate) nonce: Option<String>,
}

impl Client {
    /// Returns a client of `session` at `address`, whose credentials live for a day.
    pub(crate) fn of(session: &str, address: &str) -> Self {
        Self::until(session, address, 1_700_000_000 + 86_400)
    }

    pub(crate) fn until(session: &str, address: &str, expires: u64) -> Self {
        let credentials = Credentials::issue(
            &secret("north"),
            &session.parse().unwrap(),
            UnixSeconds(expires),
        );
        let five_tuple = FiveTuple {
            transport: Transport::Udp,
            client: address.parse().unwrap(),
            server: LISTENER.parse().unwrap(),
        };
        Self {
            five_tuple,
            credentials,
            realm: REALM.into(),
            nonce: None,
        }
    }

    pub(crate) fn key(&self) -> IntegrityKey {
        let Credentials {
            username,
            credential,
        } = self.credentials.clone();
        LongTermKeyCredentials::new(username, credential, self.realm.clone())
            .make_key(IntegrityAlgorithm::Sha1)
    }
}

pub(crate) fn alice() -> Client {
    Client::of("alice", "9.9.9.9:1000")
}

pub(crate) fn bob() -> Client {
    Client::of("bob", "9.9.9.10:1000")
}

/// A message that is being written.
pub(crate) struct Request {
    message: MessageWriteVec,
    id: TransactionId,
}

impl Request {
    pub(crate) fn attribute(mut self, attribute: &dyn AttributeWrite) -> Self {
        self.message.add_attribute(attribute).unwrap();
        self
    }

    pub(crate) fn raw(self, kind: u16, value: &[u8]) -> Self {
        self.attribute(&stun::RawAttribute::new(kind.into(), value))
    }

    pub(crate) fn transport(self, protocol: u8) -> Self {
        self.attribute(&RequestedTransport::new(protocol))
    }

    pub(crate) fn lifetime(self, seconds: u32) -> Self {
        self.attribute(&Lifetime::new(seconds))
    }

    pub(crate) fn peer(self, peer: &str) -> Self {
        let peer = XorPeerAddress::new(peer.parse().unwrap(), self.id);
        self.attribute(&peer)
    }

    pub(crate) fn channel(self, number: u16) -> Self {
        self.attribute(&ChannelNumberAttribute::new(number))
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.message.finish()
    }

    pub(crate) fn fingerprinted(mut self) -> Vec<u8> {
        self.message.add_fingerprint().unwrap();
        self.message.finish()
    }

    pub(crate) fn signed(self, client: &Client) -> Vec<u8> {
        let nonce = client.nonce.as_deref().unwrap_or("none");
        let mut request = self
            .attribute(&Username::new(&client.credentials.username).unwrap())
            .attribute(&Realm::new(&client.realm).unwrap())
            .attribute(&Nonce::new(nonce).unwrap());
        request
            .message
            .add_message_integrity_with_key(&client.key(), IntegrityAlgorithm::Sha1)
            .unwrap();
        request.message.finish()
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn message(&self) -> Message<'_> {
        stun::read(&self.bytes).unwrap()
    }

    /// Returns the error code, or `None` for a success.
    pub(crate) fn code(&self) -> Option<u16> {
        self.message()
            .attribute::<ErrorCode>()
            .ok()
            .map(|error| error.code())
    }

    pub(crate) fn relayed(&self) -> SocketAddr {
        let message = self.message();
        assert_eq!(self.code(), None);
        message
            .attribute::<XorRelayedAddress>()
            .unwrap()
            .addr(message.transaction_id())
    }

    pub(crate) fn lifetime(&self) -> u32 {
        self.message().attribute::<Lifetime>().unwrap().seconds()
    }

    pub(crate) fn has<A: AttributeStaticType>(&self) -> bool {
        self.message().has_attribute(A::TYPE)
    }
}

pub(crate) fn settings() -> Settings {
    let relay: IpAddr = RELAY.parse().unwrap();
    Settings {
        realm: REALM.into(),
        secrets: vec![secret("north"), secret("south")],
        relay_ports: 50_000..=50_999,
        own: OwnAddresses {
            relay,
            listener: LISTENER.parse().unwrap(),
            host: vec![relay],
            open_loopback: false,
        },
        peers: Box::new(PeerRules::default()),
        quotas: Quotas::default(),
    }
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time needs some instant to count from"
)]
fn epoch() -> Instant {
    Instant::now()
}
