//! A relay on loopback and a small client.

use net::{Config, PageLimits, Relay, StreamLimits};
use rcgen::generate_simple_self_signed;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::ResolvesServerCert,
    sign::SingleCertAndKey,
};
use std::{
    cell::RefCell,
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use stun::{
    AddressFamily, AttributeWrite, ChannelData, ChannelNumberAttribute, Data, ErrorCode,
    IntegrityAlgorithm, IntegrityKey, Key, Lifetime, LongTermKeyCredentials, Message, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method, Nonce, PasswordAlgorithmValue, Realm,
    RequestedAddressFamily, RequestedTransport, TransactionId, Username, XorMappedAddress,
    XorPeerAddress, XorRelayedAddress, method, stream::Next,
};
use tempfile::TempDir;
use turn::{
    CredentialLimits, Credentials, Limits, PeerRules, Secret, SessionName, StrangerLimits,
    UnixSeconds,
};

pub(crate) const REALM: &str = "zvonilka";
pub(crate) const SECRET: &str = "north";

/// How long a test waits for what must come.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Returns the configuration of a local run on a free port, with relayed ports that no other test uses.
pub(crate) fn config(relay_ports: std::ops::RangeInclusive<u16>) -> Config {
    Config {
        listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
        tls_listen: vec![],
        https_listen: vec![],
        pages: PageLimits::default(),
        certificates: None,
        relay_v4: Some(Ipv4Addr::LOCALHOST),
        relay_v6: None,
        relay_ports,
        realm: REALM.into(),
        secrets: vec![Secret::new(SECRET).unwrap()],
        peers: Arc::new(PeerRules {
            allow_loopback: true,
            ..PeerRules::default()
        }),
        allow_loopback: true,
        limits: Limits::default(),
        strangers: StrangerLimits::default(),
        credentials: CredentialLimits::default(),
        workers: None,
        streams: StreamLimits::default(),
        rooms: None,
    }
}

/// Waits until `what` holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < SOON, "{what}");
        std::thread::yield_now();
    }
}

/// Returns a socket on loopback that gives up waiting after [`SOON`].
pub(crate) fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket
}

/// What carries a client's messages.
pub(crate) enum Wire {
    Udp(UdpSocket),
    /// TCP, or TLS over it.
    Stream(RefCell<Box<dyn Stream>>),
}

/// Bytes both ways.
pub(crate) trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl Wire {
    /// Connects over TCP.
    pub(crate) fn tcp(relay: SocketAddr) -> Self {
        Self::stream(tcp(relay))
    }

    /// Connects over TLS to a relay with the certificate of [`certificate`].
    pub(crate) fn tls(relay: SocketAddr, files: &TempDir, alpn: bool) -> Self {
        Self::stream(tls(relay, files, alpn))
    }

    fn stream(stream: impl Stream + 'static) -> Self {
        Self::Stream(RefCell::new(Box::new(stream)))
    }

    pub(crate) fn send(&self, message: &[u8]) {
        match self {
            Self::Udp(socket) => {
                socket.send(message).unwrap();
            }
            Self::Stream(stream) => {
                let padding = &[0; 3][..message.len().wrapping_neg() & 3];
                let bytes = [message, padding].concat();
                stream.borrow_mut().write_all(&bytes).unwrap();
            }
        }
    }

    /// Returns the next message, without its padding.
    pub(crate) fn receive(&self) -> Vec<u8> {
        match self {
            Self::Udp(socket) => receive(socket),
            Self::Stream(stream) => {
                let stream = &mut **stream.borrow_mut();
                let mut bytes = vec![0; 4];
                stream.read_exact(&mut bytes).unwrap();
                loop {
                    match stun::stream::next(&bytes, stun::MAX_MESSAGE).unwrap() {
                        Next::Frame { length, .. } => {
                            bytes.truncate(length);
                            return bytes;
                        }
                        Next::Missing { bytes: missing } => {
                            let at = bytes.len();
                            bytes.resize(at + missing, 0);
                            stream.read_exact(&mut bytes[at..]).unwrap();
                        }
                    }
                }
            }
        }
    }
}

/// Connects over TCP; reading gives up after [`SOON`].
pub(crate) fn tcp(relay: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(relay).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

/// Connects over TLS.
pub(crate) fn tls(
    relay: SocketAddr,
    files: &TempDir,
    alpn: bool,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(files.path().join("crt")).unwrap();
    roots.add(certificate).unwrap();
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    if alpn {
        config.alpn_protocols = vec![b"stun.turn".to_vec()];
    }
    let name = "localhost".try_into().unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(client, tcp(relay))
}

/// Issues credentials that live for an hour.
pub(crate) fn credentials(session: &SessionName) -> Credentials {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let expires = UnixSeconds(now.as_secs() + 3600);
    Credentials::issue(&Secret::new(SECRET).unwrap(), session, expires)
}

/// Makes a certificate for localhost, which clients find in a file of its own.
pub(crate) fn certificate() -> (TempDir, Arc<dyn ResolvesServerCert>) {
    let files = tempfile::tempdir().unwrap();
    let made = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    fs::write(files.path().join("crt"), made.cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = rustls::crypto::ring::default_provider();
    let chain = vec![made.cert.der().clone()];
    let certified = rustls::sign::CertifiedKey::from_der(chain, key.into(), &provider).unwrap();
    (files, Arc::new(SingleCertAndKey::from(certified)))
}

/// A TURN client.
pub(crate) struct Client {
    pub(crate) wire: Wire,
    credentials: Credentials,
    nonce: String,
}

impl Client {
    /// Connects to `relay` over UDP as `session` and learns a nonce.
    pub(crate) fn connect(relay: SocketAddr, session: &str) -> Self {
        let any = SocketAddr::new(relay.ip(), 0);
        let socket = UdpSocket::bind(any).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket.connect(relay).unwrap();
        Self::over(Wire::Udp(socket), session)
    }

    /// Speaks over `wire` as `session`, and learns a nonce.
    pub(crate) fn over(wire: Wire, session: &str) -> Self {
        let credentials = credentials(&session.parse().unwrap());
        let mut client = Self {
            wire,
            credentials,
            nonce: String::new(),
        };
        let (id, request) = request(method::ALLOCATE);
        let challenge =
            client.exchange(with(request, &[&RequestedTransport::new(17)]).finish(), id);
        client.nonce = stun::read(&challenge)
            .unwrap()
            .attribute::<Nonce>()
            .unwrap()
            .nonce()
            .into();
        client
    }

    /// Makes an allocation and returns its relayed address, or the error code.
    pub(crate) fn allocate(&self) -> Result<SocketAddr, u16> {
        self.allocate_of(AddressFamily::IPV4)
    }

    /// Makes an allocation of one family.
    pub(crate) fn allocate_of(&self, family: AddressFamily) -> Result<SocketAddr, u16> {
        let answer = self.ask(method::ALLOCATE, |_| {
            vec![
                Box::new(RequestedTransport::new(17)),
                Box::new(RequestedAddressFamily::new(family)),
            ]
        })?;
        let answer = stun::read(&answer).unwrap();
        Ok(answer
            .attribute::<XorRelayedAddress>()
            .unwrap()
            .addr(answer.transaction_id()))
    }

    pub(crate) fn refresh(&self, lifetime: u32) -> Result<(), u16> {
        self.ask(method::REFRESH, |_| vec![Box::new(Lifetime::new(lifetime))])
            .map(drop)
    }

    pub(crate) fn permit(&self, peer: SocketAddr) -> Result<(), u16> {
        self.ask(method::CREATE_PERMISSION, |id| {
            vec![Box::new(XorPeerAddress::new(peer, id))]
        })
        .map(drop)
    }

    pub(crate) fn bind(&self, channel: u16, peer: SocketAddr) -> Result<(), u16> {
        let attributes = |id| -> Vec<Box<dyn AttributeWrite>> {
            vec![
                Box::new(ChannelNumberAttribute::new(channel)),
                Box::new(XorPeerAddress::new(peer, id)),
            ]
        };
        self.ask(method::CHANNEL_BIND, attributes).map(drop)
    }

    pub(crate) fn send_channel(&self, channel: u16, payload: &[u8]) {
        let length = payload.len() as u16;
        let datagram = [&channel.to_be_bytes(), &length.to_be_bytes(), payload].concat();
        self.wire.send(&datagram);
    }

    pub(crate) fn send(&self, peer: SocketAddr, payload: &[u8]) {
        let message = Message::builder_indication(method::SEND, MessageWriteVec::new());
        let peer = XorPeerAddress::new(peer, message.transaction_id());
        self.wire
            .send(&with(message, &[&peer, &Data::new(payload)]).finish());
    }

    /// Returns the socket of a client over UDP.
    pub(crate) fn socket(&self) -> &UdpSocket {
        match &self.wire {
            Wire::Udp(socket) => socket,
            Wire::Stream(_) => panic!("a stream"),
        }
    }

    /// Returns the payload of the next datagram and its channel, or none for a Data indication.
    pub(crate) fn receive(&self) -> (Option<u16>, Vec<u8>) {
        let datagram = self.wire.receive();
        if let Some(data) = ChannelData::parse(&datagram) {
            return (Some(data.number.get()), datagram[data.payload].to_vec());
        }
        let message = stun::read(&datagram).unwrap();
        (None, message.attribute::<Data>().unwrap().data().to_vec())
    }

    fn ask(
        &self,
        method: Method,
        attributes: impl FnOnce(TransactionId) -> Vec<Box<dyn AttributeWrite>>,
    ) -> Result<Vec<u8>, u16> {
        let (id, message) = request(method);
        let attributes = attributes(id);
        let attributes: Vec<&dyn AttributeWrite> =
            attributes.iter().map(|attribute| &**attribute).collect();
        let mut message = with(message, &attributes);
        message = with(
            message,
            &[
                &Username::new(&self.credentials.username).unwrap(),
                &Realm::new(REALM).unwrap(),
                &Nonce::new(&self.nonce).unwrap(),
            ],
        );
        message
            .add_message_integrity_with_key(&self.key(), IntegrityAlgorithm::Sha1)
            .unwrap();
        let answer = self.exchange(message.finish(), id);
        let read = stun::read(&answer).unwrap();
        let error = read.attribute::<ErrorCode>().map(|error| error.code());
        assert!(error == Ok(401) || read.is_signed_with(self.signed_with()));
        error.map_or(Ok(()), Err)?;
        Ok(answer)
    }

    fn exchange(&self, message: Vec<u8>, id: TransactionId) -> Vec<u8> {
        self.wire.send(&message);
        let answer = self.wire.receive();
        assert_eq!(stun::read(&answer).unwrap().transaction_id(), id);
        answer
    }

    /// Returns the key that answers are signed with.
    fn signed_with(&self) -> Key {
        let Credentials {
            username,
            credential,
        } = &self.credentials;
        Key::long_term(PasswordAlgorithmValue::MD5, username, REALM, credential)
    }

    fn key(&self) -> IntegrityKey {
        let Credentials {
            username,
            credential,
        } = self.credentials.clone();
        LongTermKeyCredentials::new(username, credential, REALM.into())
            .make_key(IntegrityAlgorithm::Sha1)
    }
}

/// Asks `relay` for the address of `socket`.
pub(crate) fn mapped_address(socket: &UdpSocket, relay: SocketAddr) -> (SocketAddr, SocketAddr) {
    let (_, request) = request(method::BINDING);
    socket.send_to(&request.finish(), relay).unwrap();
    let mut buffer = [0; 200];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    let answer = stun::read(&buffer[..length]).unwrap();
    (
        answer
            .attribute::<XorMappedAddress>()
            .unwrap()
            .addr(answer.transaction_id()),
        from,
    )
}

pub(crate) fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 16];
    let length = socket.recv(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// Returns a relay with `config` and where it listens.
pub(crate) fn start(config: Config) -> (Relay, SocketAddr) {
    let relay = Relay::start(config).unwrap();
    let address = relay.local_addrs()[0];
    (relay, address)
}

fn request(method: Method) -> (TransactionId, MessageWriteVec) {
    let message = Message::builder_request(method, MessageWriteVec::new());
    (message.transaction_id(), message)
}

fn with(mut message: MessageWriteVec, attributes: &[&dyn AttributeWrite]) -> MessageWriteVec {
    for attribute in attributes {
        message.add_attribute(*attribute).unwrap();
    }
    message
}
