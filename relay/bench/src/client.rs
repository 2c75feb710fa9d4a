//! A TURN client: signs in, allocates, binds channels. Relayed data is the generator's.

use crate::wire::Wire;
use anyhow::{Context, anyhow, ensure};
use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use stun::{
    AttributeWrite, ChannelNumberAttribute, ErrorCode, IntegrityAlgorithm, IntegrityKey, Lifetime,
    LongTermKeyCredentials, Message, MessageClass, MessageWrite, MessageWriteExt, MessageWriteVec,
    Method, Nonce, Realm, RequestedTransport, TransactionId, Username, XorPeerAddress,
    XorRelayedAddress, method,
};
use turn::{Credentials, Secret, UnixSeconds};

/// The secret of every server that is measured.
pub(crate) const SECRET: &str = "north";

/// The protocol number of UDP in REQUESTED-TRANSPORT.
const UDP: u8 = 17;

/// A client with an allocation.
#[derive(Debug)]
pub(crate) struct Client {
    wire: Wire,
    username: String,
    key: IntegrityKey,
    realm: String,
    nonce: String,
    relayed: SocketAddr,
}

impl Client {
    /// Makes an allocation over `wire` as `user`: a challenge, and a signed Allocate.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub(crate) fn allocate(mut wire: Wire, user: &str) -> anyhow::Result<Self> {
        let (id, request) = request(method::ALLOCATE);
        let request = with(request, &[&RequestedTransport::new(UDP)])?;
        let answer = exchange(&mut wire, &request.finish(), id)?;
        let challenge = stun::read(&answer)?;
        let realm = challenge
            .attribute::<Realm>()
            .map_err(|_| refusal(&challenge));
        let realm = realm?.realm().to_owned();
        let nonce = challenge.attribute::<Nonce>()?.nonce().to_owned();
        let Credentials {
            username,
            credential,
        } = credentials(user)?;
        let key = LongTermKeyCredentials::new(username.clone(), credential, realm.clone())
            .make_key(IntegrityAlgorithm::Sha1);
        let mut client = Self {
            wire,
            username,
            key,
            realm,
            nonce,
            relayed: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        };
        let (id, request) = self::request(method::ALLOCATE);
        let answer = client.ask(id, request, &[&RequestedTransport::new(UDP)])?;
        let answer = stun::read(&answer)?;
        client.relayed = answer
            .attribute::<XorRelayedAddress>()?
            .addr(answer.transaction_id());
        Ok(client)
    }

    /// Returns the relayed address.
    pub(crate) fn relayed(&self) -> SocketAddr {
        self.relayed
    }

    /// Binds `channel` to `peer`.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub(crate) fn bind(&mut self, channel: u16, peer: SocketAddr) -> anyhow::Result<()> {
        let (id, request) = request(method::CHANNEL_BIND);
        let channel = ChannelNumberAttribute::new(channel);
        self.ask(id, request, &[&channel, &XorPeerAddress::new(peer, id)])?;
        Ok(())
    }

    /// Ends the allocation, Refresh to 0, and returns what carried it.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub(crate) fn end(mut self) -> anyhow::Result<Wire> {
        let (id, request) = request(method::REFRESH);
        self.ask(id, request, &[&Lifetime::new(0)])?;
        Ok(self.wire)
    }

    /// Returns what carries it, for relayed data.
    pub(crate) fn into_wire(self) -> Wire {
        self.wire
    }

    fn ask(
        &mut self,
        id: TransactionId,
        request: MessageWriteVec,
        attributes: &[&dyn AttributeWrite],
    ) -> anyhow::Result<Vec<u8>> {
        let request = with(request, attributes)?;
        let identity: [&dyn AttributeWrite; 3] = [
            &Username::new(&self.username)?,
            &Realm::new(&self.realm)?,
            &Nonce::new(&self.nonce)?,
        ];
        let mut request = with(request, &identity)?;
        request.add_message_integrity_with_key(&self.key, IntegrityAlgorithm::Sha1)?;
        let bytes = exchange(&mut self.wire, &request.finish(), id)?;
        let answer = stun::read(&bytes)?;
        if answer.class() != MessageClass::Success {
            return Err(refusal(&answer));
        }
        Ok(bytes)
    }
}

/// Returns whether a TURN server answers at `server` within `patience`.
pub(crate) fn answers(server: SocketAddr, patience: Duration) -> anyhow::Result<bool> {
    let socket = UdpSocket::bind(SocketAddr::new(server.ip(), 0))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(patience))?;
    let (_, request) = request(method::BINDING);
    // A port that nobody has bound yet is an error of this socket, not ours.
    Ok(socket.send(&request.finish()).is_ok() && socket.recv(&mut [0; 512]).is_ok())
}

fn credentials(user: &str) -> anyhow::Result<Credentials> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let secret = Secret::new(SECRET).context("the secret is empty")?;
    Ok(Credentials::issue(
        &secret,
        &user.parse()?,
        UnixSeconds(now + 3600),
    ))
}

fn exchange(wire: &mut Wire, request: &[u8], id: TransactionId) -> anyhow::Result<Vec<u8>> {
    wire.send(request)?;
    let answer = wire.receive()?;
    let of = stun::read(&answer)?.transaction_id();
    ensure!(of == id, "an answer to another request");
    Ok(answer)
}

/// Tells what `answer` says instead of what was asked for.
fn refusal(answer: &Message<'_>) -> anyhow::Error {
    let reason = answer.attribute::<ErrorCode>().map_or_else(
        |_| "no reason".into(),
        |error| format!("{} {}", error.code(), error.reason()),
    );
    anyhow!("{} is refused: {reason}", answer.method())
}

fn request(method: Method) -> (TransactionId, MessageWriteVec) {
    let message = Message::builder_request(method, MessageWriteVec::new());
    (message.transaction_id(), message)
}

fn with(
    mut message: MessageWriteVec,
    attributes: &[&dyn AttributeWrite],
) -> anyhow::Result<MessageWriteVec> {
    for attribute in attributes {
        message.add_attribute(*attribute)?;
    }
    Ok(message)
}
