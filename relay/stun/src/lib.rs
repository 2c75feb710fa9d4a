//! The STUN and TURN codec: bytes to messages and back (RFC 8489, RFC 8656).
//!
//! Owns what a datagram may look like: its class by the first byte, the limits of a message, which attributes count, integrity and fingerprint,
//! the framing of relayed data. The values of attributes are read and written by `stun-types` and `turn-types`, whose types this crate hands
//! on. Knows no allocations, no credentials and no time.
//!
//! Control messages are read with [`read`] and answered with [`Answer`]. Relayed data has its own path without a copy and
//! without memory of its own: [`ChannelData::parse`] and [`SendIndication::parse`] find the payload in place, [`Frame`] is what goes before and after a payload.
//! On a stream, [`stream::next`] finds where a frame ends.

mod answer;
mod channel_data;
mod class;
mod frame;
mod integrity;
mod message;
mod send;
pub mod stream;

/// Bytes 4 to 7 of every message (RFC 8489 section 5).
pub const MAGIC_COOKIE: u32 = 0x2112_A442;

pub use answer::Answer;
pub use channel_data::{ChannelData, ChannelNumber};
pub use class::DatagramClass;
pub use frame::Frame;
pub use integrity::{Key, Signer};
pub use message::{
    HEADER, MAX_MESSAGE, MAX_REQUEST, Malformed, Message, fingerprinted, is_understood, method,
    read, read_request,
};
pub use send::SendIndication;
pub use stun_types::{
    AddressFamily,
    attribute::{
        Attribute, AttributeFromRaw, AttributeStaticType, AttributeType, AttributeWrite, ErrorCode,
        Fingerprint, MessageIntegrity, MessageIntegritySha256, Nonce, PasswordAlgorithm,
        PasswordAlgorithmValue, PasswordAlgorithms, RawAttribute, Realm, UnknownAttributes,
        Userhash, Username, XorMappedAddress,
    },
    message::{
        IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, MessageClass, MessageType,
        MessageWrite, MessageWriteExt, MessageWriteVec, Method, TransactionId,
    },
};
pub use turn_types::attribute::{
    AdditionalAddressFamily, AddressErrorCode, ChannelNumber as ChannelNumberAttribute, Data,
    DontFragment, EvenPort, Lifetime, RequestedAddressFamily, RequestedTransport, ReservationToken,
    XorPeerAddress, XorRelayedAddress,
};
