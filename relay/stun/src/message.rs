//! Reading messages: the limits, and what `stun-types` leaves to its caller.

use crate::{AttributeStaticType, Fingerprint, Message};
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
pub(crate) const HEADER: usize = 20;

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
    /// Header, an attribute or the fingerprint is wrong.
    #[error("no STUN message")]
    Stun(#[from] StunParseError),
}

/// Reads one message that fills `datagram`. A FINGERPRINT is checked, an integrity is not: that takes a key.
///
/// # Errors
/// [`Malformed`] if the datagram is not one whole STUN message.
pub fn read(datagram: &[u8]) -> Result<Message<'_>, Malformed> {
    if let [_, _, l0, l1, ..] = datagram {
        let length = HEADER + usize::from(u16::from_be_bytes([*l0, *l1]));
        if length != datagram.len() || datagram.len() > MAX_MESSAGE {
            return Err(Malformed::Length {
                length,
                datagram: datagram.len(),
            });
        }
    }
    quietly(|| Message::from_bytes(datagram)).map_err(Malformed::from)
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

/// Returns whether `message` carries a FINGERPRINT, which its answer then carries too.
pub fn fingerprinted(message: &Message<'_>) -> bool {
    message.has_attribute(Fingerprint::TYPE)
}

/// `stun-types` warns of each message it refuses: with strangers at the port, that is a log anybody can fill.
fn quietly<T>(read: impl FnOnce() -> T) -> T {
    tracing::dispatcher::with_default(&tracing::Dispatch::none(), read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MessageClass, MessageWrite, MessageWriteExt, MessageWriteVec};
    use proptest::prelude::*;

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
        assert_eq!(
            read(&bytes).unwrap_err(),
            Malformed::Stun(StunParseError::FingerprintMismatch)
        );
    }

    #[test]
    fn a_wrong_cookie_is_no_message() {
        let mut bytes = binding();
        bytes[4] ^= 1;
        assert_eq!(
            read(&bytes).unwrap_err(),
            Malformed::Stun(StunParseError::NotStun)
        );
    }

    #[test]
    fn a_request_above_the_limit_is_not_looked_at() {
        assert_eq!(
            read_request(&[0; MAX_REQUEST + 1]).unwrap_err(),
            Malformed::TooLong(MAX_REQUEST + 1)
        );
    }

    #[test]
    fn an_attribute_after_the_integrity_is_ignored() {
        let mut bytes = binding();
        bytes.extend([0x00, 0x08, 0, 20]);
        bytes.extend([0; 20]);
        bytes.extend([0x00, 0x0C, 0, 4, 0x40, 0, 0, 0]);
        bytes[3] = 32;
        let message = read(&bytes).unwrap();
        assert!(!message.has_attribute(crate::ChannelNumberAttribute::TYPE));
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
                for (_, attribute) in message.iter_attributes() {
                    prop_assert!(usize::from(attribute.header.length()) <= bytes.len());
                }
                let _ = (message.attribute::<crate::Username>(), message.attribute::<crate::Realm>(), message.attribute::<crate::Nonce>());
                let _ = (message.attribute::<crate::XorPeerAddress>(), message.attribute::<crate::Data>(), message.attribute::<crate::Lifetime>());
            }
        }

        #[test]
        fn a_cut_message_is_refused(cut in 0..20usize) {
            prop_assert!(read(&binding()[..cut]).is_err());
        }
    }

    fn binding() -> Vec<u8> {
        let bytes = Message::builder_request(method::BINDING, MessageWriteVec::new()).finish();
        assert_eq!(read(&bytes).unwrap().class(), MessageClass::Request);
        bytes
    }
}
