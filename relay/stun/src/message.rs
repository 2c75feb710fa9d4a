//! Reading messages: the limits, and which attributes count (RFC 8489 sections 5, 6.3 and 14).
//!
//! One pass over the bytes, without a copy: it checks header, lengths and FINGERPRINT and remembers where the integrity stands, so that a
//! [`Message`] has nothing wrong with its form. Attributes are read from their values by `stun-types` and `turn-types`.

use crate::{
    Attribute, AttributeFromRaw, AttributeStaticType, AttributeType, Fingerprint, MAGIC_COOKIE,
    MessageClass, MessageIntegrity, MessageIntegritySha256, MessageType, MessageWrite, Method,
    RawAttribute, TransactionId, integrity,
};
use stun_types::message::StunParseError;

/// The methods of RFC 8489 and RFC 8656.
pub mod method {
    pub use stun_types::message::BINDING;
    pub use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, DATA, REFRESH, SEND};
}

/// The longest message that is read, in bytes: what fits a datagram.
pub const MAX_MESSAGE: usize = 65_535;

/// The longest request that is read, in bytes. The largest that clients send are near 600.
pub const MAX_REQUEST: usize = 2048;

/// The bytes before the attributes of a message.
pub const HEADER: usize = 20;

/// The bytes before the value of an attribute.
pub(crate) const ATTRIBUTE_HEADER: usize = 4;

/// The bytes are no STUN message, and nothing is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The length field does not fit the datagram.
    #[error("the message is {length} bytes long, its datagram {datagram}")]
    Length {
        /// What the message says of itself, with its header.
        length: usize,
        /// What came.
        datagram: usize,
    },
    /// Longer than anything a client has to ask.
    #[error("a request of {0} bytes is above {MAX_REQUEST}")]
    TooLong(usize),
    /// The first bits, the length or the magic cookie are those of something else.
    #[error("no header of a STUN message")]
    Header,
    /// An attribute is longer than the message, or FINGERPRINT is not 4 bytes.
    #[error("an attribute does not fit its message")]
    Attribute,
    /// The FINGERPRINT is not that of the message.
    #[error("the fingerprint is wrong")]
    Fingerprint,
}

/// A STUN message in its datagram.
///
/// Attributes after the integrity do not count, except FINGERPRINT, and MESSAGE-INTEGRITY-SHA256 after MESSAGE-INTEGRITY (RFC 8489 section 14.5,
/// 14.6); nothing counts after FINGERPRINT.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// Where the attributes end that stand before integrity and fingerprint.
    body: usize,
    pub(crate) sha1: Option<Span>,
    pub(crate) sha256: Option<Span>,
    fingerprint: Option<Span>,
}

/// Where an attribute stands in its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Where its header begins.
    pub(crate) at: usize,
    /// The bytes of its value, without the padding.
    pub(crate) length: usize,
}

impl Span {
    pub(crate) fn value(self, bytes: &[u8]) -> &[u8] {
        let start = self.at + ATTRIBUTE_HEADER;
        &bytes[start..start + self.length]
    }

    /// Returns where the attribute ends with its padding.
    pub(crate) fn end(self) -> usize {
        self.at + ATTRIBUTE_HEADER + self.length.next_multiple_of(4)
    }
}

/// Reads one message that fills `datagram`. A FINGERPRINT is checked, an integrity is not: that takes a key.
///
/// # Errors
/// [`Malformed`] if the datagram is not one whole STUN message.
pub fn read(datagram: &[u8]) -> Result<Message<'_>, Malformed> {
    let Some((header, _)) = datagram.split_first_chunk::<HEADER>() else {
        return Err(Malformed::Length {
            length: HEADER,
            datagram: datagram.len(),
        });
    };
    let length = HEADER + usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header[0] & 0xC0 != 0
        || !length.is_multiple_of(4)
        || header[4..8] != MAGIC_COOKIE.to_be_bytes()
    {
        return Err(Malformed::Header);
    }
    if length != datagram.len() || length > MAX_MESSAGE {
        return Err(Malformed::Length {
            length,
            datagram: datagram.len(),
        });
    }
    let mut message = Message {
        bytes: datagram,
        body: length,
        sha1: None,
        sha256: None,
        fingerprint: None,
    };
    for (kind, span) in Spans::of(datagram) {
        let span = span?;
        match kind {
            Fingerprint::TYPE => {
                message.body = message.body.min(span.at);
                message.fingerprint = Some(span);
                if span.length != 4 {
                    return Err(Malformed::Attribute);
                }
                if span.value(datagram) != integrity::fingerprint(datagram, span.at) {
                    return Err(Malformed::Fingerprint);
                }
                break;
            }
            MessageIntegrity::TYPE if message.sha1.is_none() && message.sha256.is_none() => {
                message.body = span.at;
                message.sha1 = Some(span);
            }
            MessageIntegritySha256::TYPE if message.sha256.is_none() => {
                message.body = message.body.min(span.at);
                message.sha256 = Some(span);
            }
            _ => {}
        }
    }
    Ok(message)
}

/// Reads one request that fills `datagram`.
///
/// # Errors
/// As [`read`], and [`Malformed::TooLong`] before anything else is looked at.
pub fn read_request(datagram: &[u8]) -> Result<Message<'_>, Malformed> {
    if datagram.len() > MAX_REQUEST {
        return Err(Malformed::TooLong(datagram.len()));
    }
    read(datagram)
}

/// Returns whether an attribute of type `kind` is understood, or need not be.
pub fn is_understood(kind: AttributeType) -> bool {
    !kind.comprehension_required() || UNDERSTOOD.contains(&kind.value())
}

/// Returns whether `message` carries a FINGERPRINT, which its answer then carries too.
pub fn fingerprinted(message: &Message<'_>) -> bool {
    message.fingerprint.is_some()
}

impl<'a> Message<'a> {
    /// Returns the class.
    pub fn class(&self) -> MessageClass {
        match (self.bytes[0] & 1, self.bytes[1] & 0x10) {
            (0, 0) => MessageClass::Request,
            (0, _) => MessageClass::Indication,
            (_, 0) => MessageClass::Success,
            (_, _) => MessageClass::Error,
        }
    }

    /// Returns the method.
    pub fn method(&self) -> Method {
        let kind = u16::from_be_bytes([self.bytes[0], self.bytes[1]]);
        Method::new(kind & 0x000F | (kind & 0x00E0) >> 1 | (kind & 0x3E00) >> 2)
    }

    /// Returns the transaction id.
    pub fn transaction_id(&self) -> TransactionId {
        let mut id = [0; 16];
        id[4..].copy_from_slice(&self.bytes[8..HEADER]);
        TransactionId::from(u128::from_be_bytes(id))
    }

    /// Returns the whole message.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns whether there is an attribute of type `kind`.
    pub fn has_attribute(&self, kind: AttributeType) -> bool {
        self.spans().any(|(other, _)| other == kind)
    }

    /// Returns the first attribute of type `kind` as it stands on the wire.
    pub fn raw_attribute(&self, kind: AttributeType) -> Option<RawAttribute<'a>> {
        let mut attributes = self.iter_attributes().map(|(_, attribute)| attribute);
        attributes.find(|attribute| attribute.get_type() == kind)
    }

    /// Reads the first attribute of type `A`.
    ///
    /// # Errors
    /// If there is none, or its value is none of `A`.
    pub fn attribute<A: AttributeFromRaw<'a> + AttributeStaticType>(
        &self,
    ) -> Result<A, StunParseError> {
        let raw = self
            .raw_attribute(A::TYPE)
            .ok_or(StunParseError::MissingAttribute(A::TYPE))?;
        A::from_raw(raw)
    }

    /// Returns the value of the first attribute of type `kind`.
    pub fn value(&self, kind: AttributeType) -> Option<&'a [u8]> {
        self.values()
            .find(|(other, _)| *other == kind)
            .map(|(_, value)| value)
    }

    /// Returns the types and values of the attributes that count, in order.
    pub fn values(&self) -> impl Iterator<Item = (AttributeType, &'a [u8])> + use<'a> {
        let bytes = self.bytes;
        self.spans()
            .map(move |(kind, span)| (kind, span.value(bytes)))
    }

    /// Returns the attributes that count, in order, each with where its header begins.
    pub fn iter_attributes(&self) -> impl Iterator<Item = (usize, RawAttribute<'a>)> + use<'a> {
        let bytes = self.bytes;
        self.spans()
            .map(move |(kind, span)| (span.at, RawAttribute::new(kind, span.value(bytes))))
    }

    fn spans(&self) -> impl Iterator<Item = (AttributeType, Span)> + use<'a> {
        let (body, ends) = (self.body, [self.sha1, self.sha256, self.fingerprint]);
        Spans::of(self.bytes)
            .map_while(|(kind, span)| Some((kind, span.ok()?)))
            .filter(move |(_, span)| span.at < body || ends.contains(&Some(*span)))
    }

    /// Starts a message into `write`: for clients, whose messages `stun-types` writes.
    pub fn builder<B: MessageWrite>(kind: MessageType, id: TransactionId, write: B) -> B {
        stun_types::message::Message::builder(kind, id, write)
    }

    /// Starts a request with a transaction id by chance: for clients.
    pub fn builder_request<B: MessageWrite>(method: Method, write: B) -> B {
        stun_types::message::Message::builder_request(method, write)
    }

    /// Starts an indication with a transaction id by chance: for clients.
    pub fn builder_indication<B: MessageWrite>(method: Method, write: B) -> B {
        stun_types::message::Message::builder_indication(method, write)
    }
}

/// Walks over every attribute of a message, whether it counts or not.
struct Spans<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Spans<'a> {
    fn of(message: &'a [u8]) -> Self {
        Self {
            bytes: message,
            at: HEADER,
        }
    }
}

impl Iterator for Spans<'_> {
    type Item = (AttributeType, Result<Span, Malformed>);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let &[k0, k1, l0, l1] = self.bytes.get(at..)?.first_chunk()?;
        let kind = AttributeType::new(u16::from_be_bytes([k0, k1]));
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let span = Span { at, length };
        self.at = span.end();
        let fits = self.at <= self.bytes.len();
        Some((kind, fits.then_some(span).ok_or(Malformed::Attribute)))
    }
}

/// The attributes that must be understood and are (RFC 8489 section 14, RFC 8656 section 18).
const UNDERSTOOD: [u16; 17] = [
    0x0006, 0x0008, 0x000C, 0x000D, 0x0012, 0x0013, 0x0014, 0x0015, 0x0017, 0x0018, 0x0019, 0x001A,
    0x001C, 0x001D, 0x001E, 0x0020, 0x0022,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelNumberAttribute, IntegrityAlgorithm, MessageWriteExt, MessageWriteVec};
    use proptest::prelude::*;

    const KEY: &[u8] = b"key";

    #[test]
    fn a_message_must_fill_its_datagram() {
        let mut bytes = binding();
        bytes.extend([0; 4]);
        assert_eq!(
            read(&bytes).unwrap_err(),
            Malformed::Length {
                length: 20,
                datagram: 24
            }
        );
        assert_eq!(
            read(&bytes[..19]).unwrap_err(),
            Malformed::Length {
                length: 20,
                datagram: 19
            }
        );
    }

    #[test]
    fn a_wrong_fingerprint_is_no_message() {
        let mut message = Message::builder_request(method::BINDING, MessageWriteVec::new());
        message.add_fingerprint().unwrap();
        let mut bytes = message.finish();
        assert!(fingerprinted(&read(&bytes).unwrap()));
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(read(&bytes).unwrap_err(), Malformed::Fingerprint);
    }

    #[test]
    fn a_wrong_cookie_length_or_first_bit_is_no_message() {
        for at in [0, 3, 4] {
            let mut bytes = binding();
            bytes[at] ^= 0x81;
            assert_eq!(read(&bytes).unwrap_err(), Malformed::Header);
        }
    }

    #[test]
    fn an_attribute_longer_than_its_message_is_no_message() {
        let mut bytes = binding();
        bytes[3] = 8;
        bytes.extend([0x80, 0x22, 0, 5, 0, 0, 0, 0]);
        assert_eq!(read(&bytes).unwrap_err(), Malformed::Attribute);
    }

    #[test]
    fn a_request_above_the_limit_is_not_looked_at() {
        assert_eq!(
            read_request(&[0; MAX_REQUEST + 1]).unwrap_err(),
            Malformed::TooLong(MAX_REQUEST + 1)
        );
    }

    #[test]
    fn class_and_method_are_those_of_the_first_two_bytes() {
        for method in [0x001, 0x008, 0x00B, 0x080, 0xFFF].map(Method::new) {
            for class in [
                MessageClass::Request,
                MessageClass::Indication,
                MessageClass::Success,
                MessageClass::Error,
            ] {
                let kind = MessageType::from_class_method(class, method);
                let bytes = Message::builder(kind, 7.into(), MessageWriteVec::new()).finish();
                let message = read(&bytes).unwrap();
                assert_eq!((message.class(), message.method()), (class, method));
                assert_eq!(message.transaction_id(), 7.into());
            }
        }
    }

    /// The letters are attributes: S and T for the two integrities, C for CHANNEL-NUMBER, F for FINGERPRINT.
    #[test]
    fn only_what_stands_before_the_integrity_counts_and_the_stronger_integrity_and_the_fingerprint()
    {
        for (attributes, counts) in [
            ("", ""),
            ("CSTF", "CSTF"),
            ("STCF", "STF"),
            ("SCTCF", "STF"),
            ("TSCF", "TF"),
            ("TTF", "TF"),
            ("SCSF", "SF"),
            ("SCF", "SF"),
            ("TC", "T"),
            ("FCST", "F"),
            ("CFSTC", "CF"),
        ] {
            let bytes = with(attributes);
            let message = read(&bytes).unwrap();
            let kinds =
                message
                    .iter_attributes()
                    .map(|(_, attribute)| match attribute.get_type() {
                        MessageIntegrity::TYPE => 'S',
                        MessageIntegritySha256::TYPE => 'T',
                        ChannelNumberAttribute::TYPE => 'C',
                        _ => 'F',
                    });
            assert_eq!(kinds.collect::<String>(), counts, "{attributes}");
            assert_eq!(fingerprinted(&message), counts.contains('F'));
            let integrity = match (counts.contains('T'), counts.contains('S')) {
                (true, _) => Some(IntegrityAlgorithm::Sha256),
                (false, true) => Some(IntegrityAlgorithm::Sha1),
                (false, false) => None,
            };
            assert_eq!(message.integrity(), integrity, "{attributes}");
            assert!(!message.is_signed_with(KEY), "the values are all zero");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn arbitrary_attributes_never_panic(kind in any::<u16>(), mut body in prop::collection::vec(any::<u8>(), 0..200)) {
            body.truncate(body.len() / 4 * 4);
            let mut bytes = binding();
            bytes[..2].copy_from_slice(&(kind & 0x3FFF).to_be_bytes());
            bytes[2..4].copy_from_slice(&(body.len() as u16).to_be_bytes());
            bytes.extend(body);
            if let Ok(message) = read(&bytes) {
                for (at, attribute) in message.iter_attributes() {
                    prop_assert_eq!(&bytes[at + 4..][..attribute.value.len()], &attribute.value[..]);
                }
                let _ = (message.attribute::<crate::Username>(), message.attribute::<crate::Realm>(), message.attribute::<crate::Nonce>());
                let _ = (message.attribute::<crate::XorPeerAddress>(), message.attribute::<crate::Data>(), message.attribute::<crate::Lifetime>());
                prop_assert!(!message.is_signed_with(KEY));
            }
        }

        #[test]
        fn another_implementation_refuses_the_same_messages(kind in 0..0x4000u16, mut body in prop::collection::vec(any::<u8>(), 0..40)) {
            body.truncate(body.len() / 4 * 4);
            // No integrity and no fingerprint: what stands after them is where the two differ.
            body.iter_mut().step_by(4).for_each(|byte| *byte |= 0x40);
            let mut bytes = [kind, body.len() as u16].map(u16::to_be_bytes).concat();
            bytes.extend(MAGIC_COOKIE.to_be_bytes());
            bytes.extend([7; 12]);
            bytes.extend(body);
            let foreign = stun_types::message::Message::from_bytes(&bytes);
            prop_assert_eq!(read(&bytes).is_ok(), foreign.is_ok());
        }

        #[test]
        fn a_cut_message_is_refused(cut in 0..20usize) {
            prop_assert!(read(&binding()[..cut]).is_err());
        }
    }

    fn with(attributes: &str) -> Vec<u8> {
        let mut bytes = binding();
        for letter in attributes.chars() {
            match letter {
                'S' => bytes.extend([&[0x00, 0x08, 0, 20][..], &[0; 20]].concat()),
                'T' => bytes.extend([&[0x00, 0x1C, 0, 32][..], &[0; 32]].concat()),
                'C' => bytes.extend([0x00, 0x0C, 0, 4, 0x40, 0, 0, 0]),
                _ => {
                    let fingerprint = integrity::fingerprint(&bytes, bytes.len());
                    bytes.extend([&[0x80, 0x28, 0, 4][..], &fingerprint].concat());
                }
            }
        }
        let length = bytes.len() - HEADER;
        bytes[3] = length as u8;
        bytes
    }

    fn binding() -> Vec<u8> {
        let bytes = Message::builder_request(method::BINDING, MessageWriteVec::new()).finish();
        assert_eq!(read(&bytes).unwrap().class(), MessageClass::Request);
        bytes
    }
}
