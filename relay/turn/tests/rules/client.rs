//! Clients, what they write and what they are answered.

use crate::support::{LISTENER, REALM};
use std::net::SocketAddr;
use stun::{
    AttributeStaticType, AttributeWrite, ChannelNumberAttribute, ErrorCode, IntegrityAlgorithm,
    IntegrityKey, Lifetime, LongTermKeyCredentials, Message, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Nonce, Realm, RequestedTransport, TransactionId, Username,
    XorPeerAddress, XorRelayedAddress,
};
use turn::{Credentials, FiveTuple, Secret, Transport, UnixSeconds};

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
    pub(crate) fn new(kind: MessageType, id: TransactionId) -> Self {
        Self {
            message: Message::builder(kind, id, MessageWriteVec::new()),
            id,
        }
    }

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

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}
