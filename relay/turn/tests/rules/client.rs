//! Clients, what they write and what they are answered.

use crate::support::{LISTENER, REALM};
use hmac::{Hmac, Mac, digest::KeyInit};
use sha1::Sha1;
use sha2::Sha256;
use std::net::SocketAddr;
use stun::{
    AddressFamily, Attribute, AttributeFromRaw, AttributeStaticType, AttributeWrite,
    ChannelNumberAttribute, ErrorCode, IntegrityAlgorithm, Key, Lifetime, Message, MessageType,
    MessageWrite, MessageWriteExt, MessageWriteVec, Nonce, PasswordAlgorithm,
    PasswordAlgorithmValue, PasswordAlgorithms, Realm, RequestedAddressFamily, RequestedTransport,
    TransactionId, Userhash, Username, XorPeerAddress, XorRelayedAddress,
};
use turn::{Credentials, Family, FiveTuple, Secret, Transport, UnixSeconds};

/// A client and what it signs with.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) five_tuple: FiveTuple,
    pub(crate) credentials: Credentials,
    pub(crate) realm: String,
    pub(crate) nonce: Option<String>,
    pub(crate) style: Style,
}

/// How a client signs.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// The algorithm for its password that it names; without one it is MD5, and the client one of RFC 5389.
    pub(crate) algorithm: Option<PasswordAlgorithmValue>,
    /// The integrities in their order.
    pub(crate) integrity: &'static [IntegrityAlgorithm],
    /// To how many bytes a SHA-256 is cut.
    pub(crate) cut: usize,
    /// Its username is shown as a hash.
    pub(crate) hidden: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            algorithm: None,
            integrity: &[IntegrityAlgorithm::Sha1],
            cut: 32,
            hidden: false,
        }
    }
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
            style: Style::default(),
        }
    }

    pub(crate) fn key(&self) -> Key {
        let Credentials {
            username,
            credential,
        } = &self.credentials;
        let algorithm = self.style.algorithm;
        let algorithm = algorithm.unwrap_or(PasswordAlgorithmValue::MD5);
        Key::long_term(algorithm, username, &self.realm, credential)
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

    pub(crate) fn family(self, family: Family) -> Self {
        self.attribute(&RequestedAddressFamily::new(match family {
            Family::V4 => AddressFamily::IPV4,
            Family::V6 => AddressFamily::IPV6,
        }))
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
        self.claimed(client).integrity(client)
    }

    /// Says who `client` is, in its style.
    pub(crate) fn claimed(self, client: &Client) -> Self {
        let nonce = client.nonce.as_deref().unwrap_or("none");
        let username = &client.credentials.username;
        let claimed = if client.style.hidden {
            self.attribute(&Userhash::new(Userhash::compute(username, &client.realm)))
        } else {
            self.attribute(&Username::new(username).unwrap())
        };
        let claimed = claimed
            .attribute(&Realm::new(&client.realm).unwrap())
            .attribute(&Nonce::new(nonce).unwrap());
        match client.style.algorithm {
            Some(algorithm) => claimed
                .attribute(&PasswordAlgorithm::new(algorithm))
                .attribute(&PasswordAlgorithms::new(&OFFERED)),
            None => claimed,
        }
    }

    /// Signs with the key and in the style of `client`, and ends the message.
    pub(crate) fn integrity(self, client: &Client) -> Vec<u8> {
        let (mut bytes, key) = (self.message.finish(), client.key());
        for integrity in client.style.integrity {
            let (kind, length) = match integrity {
                IntegrityAlgorithm::Sha1 => (0x0008u16, 20),
                IntegrityAlgorithm::Sha256 => (0x001C, client.style.cut),
            };
            let until = (bytes.len() - stun::HEADER + 4 + length) as u16;
            bytes[2..4].copy_from_slice(&until.to_be_bytes());
            let mac = match integrity {
                IntegrityAlgorithm::Sha1 => mac::<Hmac<Sha1>>(key.as_ref(), &bytes),
                IntegrityAlgorithm::Sha256 => mac::<Hmac<Sha256>>(key.as_ref(), &bytes),
            };
            bytes.extend([kind, length as u16].map(u16::to_be_bytes).concat());
            bytes.extend(&mac[..length]);
        }
        bytes
    }
}

/// Adds the FINGERPRINT of a message that is written.
pub(crate) fn fingerprinted(mut message: Vec<u8>) -> Vec<u8> {
    let length = (message.len() - stun::HEADER + 8) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
    let crc = u32::from_be_bytes(stun::Fingerprint::compute(&[&message])) ^ 0x5354_554E;
    message.extend([0x80, 0x28, 0, 4]);
    message.extend(crc.to_be_bytes());
    message
}

/// What the server offers in PASSWORD-ALGORITHMS.
pub(crate) const OFFERED: [PasswordAlgorithmValue; 2] =
    [PasswordAlgorithmValue::SHA256, PasswordAlgorithmValue::MD5];

fn mac<M: Mac + KeyInit>(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mac = <M as Mac>::new_from_slice(key).unwrap();
    mac.chain_update(bytes).finalize().into_bytes().to_vec()
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

    pub(crate) fn nonce(&self) -> String {
        let nonce = self.message().attribute::<Nonce>().unwrap();
        nonce.nonce().into()
    }

    /// Returns the algorithms for passwords that are offered.
    pub(crate) fn offered(&self) -> Vec<PasswordAlgorithmValue> {
        let offered = self.message().attribute::<PasswordAlgorithms>().unwrap();
        offered.algorithms().to_vec()
    }

    pub(crate) fn relayed(&self) -> SocketAddr {
        let message = self.message();
        assert_eq!(self.code(), None);
        message
            .attribute::<XorRelayedAddress>()
            .unwrap()
            .addr(message.transaction_id())
    }

    /// Returns every relayed address.
    pub(crate) fn all_relayed(&self) -> Vec<SocketAddr> {
        let message = self.message();
        let attributes = message.iter_attributes();
        let relayed =
            attributes.filter(|(_, attribute)| attribute.get_type() == XorRelayedAddress::TYPE);
        let addresses = relayed.map(|(_, attribute)| {
            let relayed = XorRelayedAddress::from_raw_ref(&attribute).unwrap();
            relayed.addr(message.transaction_id())
        });
        addresses.collect()
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
