//! What stands around a payload on its way to a client: a ChannelData header, or the head of a Data indication.
//!
//! Written by hand and not through `stun-types`, as it is needed for each relayed packet.

use crate::{ChannelData, ChannelNumber, MAGIC_COOKIE, TransactionId, message::HEADER};
use std::net::{IpAddr, SocketAddr};

const DATA_INDICATION: u16 = 0x0017;
const XOR_PEER_ADDRESS: u16 = 0x0012;
const DATA: u16 = 0x0013;

/// The bytes before a payload, and the count of zero bytes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    head: [u8; Self::MAX_HEAD],
    len: u8,
    padding: u8,
}

impl Frame {
    /// The longest head: a Data indication from an IPv6 peer.
    pub const MAX_HEAD: usize = HEADER + 24 + 4;

    /// Frames `payload` bytes as ChannelData for a datagram, where padding is left out (RFC 8656 section 12.5).
    pub fn channel_data(number: ChannelNumber, payload: usize) -> Self {
        let mut frame = Self {
            head: [0; Self::MAX_HEAD],
            len: ChannelData::HEADER as u8,
            padding: 0,
        };
        frame.head[..2].copy_from_slice(&number.get().to_be_bytes());
        frame.head[2..4].copy_from_slice(&(payload as u16).to_be_bytes());
        frame
    }

    /// Returns the frame as a stream carries it: ChannelData ends at a multiple of 4 bytes, as every STUN message does (RFC 8656 section 12.5).
    pub fn padded(mut self) -> Self {
        let length = u16::from_be_bytes([self.head[2], self.head[3]]);
        if usize::from(self.len) == ChannelData::HEADER {
            self.padding = ChannelData::padding(usize::from(length)) as u8;
        }
        self
    }

    /// Frames `payload` bytes as a Data indication from `peer` (RFC 8656 section 11.4).
    ///
    /// Returns `None` if the length field cannot say how long that is: on a stream, the rest of the payload would be read as further frames.
    pub fn data_indication(
        transaction: TransactionId,
        peer: SocketAddr,
        payload: usize,
    ) -> Option<Self> {
        let padding = ChannelData::padding(payload);
        let mut frame = Self {
            head: [0; Self::MAX_HEAD],
            len: 0,
            padding: padding as u8,
        };
        let attributes = if peer.is_ipv4() { 12 + 4 } else { 24 + 4 };
        let length = u16::try_from(attributes + payload + padding).ok()?;
        let id = (u128::from(transaction) | u128::from(MAGIC_COOKIE) << 96).to_be_bytes();
        frame.put(&DATA_INDICATION.to_be_bytes());
        frame.put(&length.to_be_bytes());
        frame.put(&id);
        frame.put(&XOR_PEER_ADDRESS.to_be_bytes());
        frame.put(&(attributes as u16 - 8).to_be_bytes());
        let port = peer.port() ^ (MAGIC_COOKIE >> 16) as u16;
        match peer.ip() {
            IpAddr::V4(ip) => {
                frame.put(&[0, 1]);
                frame.put(&port.to_be_bytes());
                frame.put(&(ip.to_bits() ^ MAGIC_COOKIE).to_be_bytes());
            }
            IpAddr::V6(ip) => {
                frame.put(&[0, 2]);
                frame.put(&port.to_be_bytes());
                frame.put(&(ip.to_bits() ^ u128::from_be_bytes(id)).to_be_bytes());
            }
        }
        frame.put(&DATA.to_be_bytes());
        frame.put(&(payload as u16).to_be_bytes());
        Some(frame)
    }

    /// Returns the bytes that go before the payload.
    pub fn head(&self) -> &[u8] {
        &self.head[..usize::from(self.len)]
    }

    /// Returns the zero bytes that go after the payload.
    pub fn padding(&self) -> &'static [u8] {
        &[0; 3][..usize::from(self.padding)]
    }

    fn put(&mut self, bytes: &[u8]) {
        let at = usize::from(self.len);
        self.head[at..at + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Data, MessageClass, XorPeerAddress, method, read};
    use proptest::prelude::*;

    #[test]
    fn a_channel_data_frame_reads_back_as_its_channel_and_length() {
        let number = ChannelNumber::try_from(0x4abc).unwrap();
        let datagram = framed(&Frame::channel_data(number, 5), b"hello");
        assert_eq!(
            ChannelData::parse(&datagram),
            Some(ChannelData {
                number,
                payload: 4..9
            })
        );
        assert_eq!(datagram.len(), 9);
    }

    #[test]
    fn on_a_stream_channel_data_is_padded_and_a_data_indication_stays() {
        let number = ChannelNumber::try_from(0x4000).unwrap();
        for (payload, padding) in [(0, 0), (1, 3), (2, 2), (3, 1), (4, 0), (65_535, 1)] {
            let frame = Frame::channel_data(number, payload).padded();
            assert_eq!(frame.padding().len(), padding);
        }
        let peer = "8.8.8.8:5000".parse().unwrap();
        let indication = Frame::data_indication(TransactionId::from(1), peer, 5).unwrap();
        assert_eq!(indication.padded(), indication);
    }

    #[test]
    fn a_payload_that_fills_a_message_is_framed_and_none_above() {
        for (peer, most) in [("8.8.8.8:5000", 65_516), ("[2a00:1450::1]:5000", 65_504)] {
            let frame = |payload| Frame::data_indication(7.into(), peer.parse().unwrap(), payload);
            let longest = frame(most).unwrap();
            assert_eq!(longest.head()[2..4], 65_532u16.to_be_bytes());
            assert_eq!((frame(most + 1), frame(65_535)), (None, None));
        }
    }

    proptest! {
        #[test]
        fn a_data_indication_frame_reads_back_as_its_peer_and_payload(
            id: u128, peer: SocketAddr, payload in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let peer = SocketAddr::new(peer.ip(), peer.port());
            let id = TransactionId::from(id);
            let datagram = framed(&Frame::data_indication(id, peer, payload.len()).unwrap(), &payload);
            let message = read(&datagram).unwrap();
            prop_assert_eq!((message.class(), message.method()), (MessageClass::Indication, method::DATA));
            prop_assert_eq!(message.transaction_id(), id);
            prop_assert_eq!(message.attribute::<XorPeerAddress>().unwrap().addr(id), peer);
            let data = message.attribute::<Data>().unwrap();
            prop_assert_eq!(data.data(), &payload[..]);
        }
    }

    fn framed(frame: &Frame, payload: &[u8]) -> Vec<u8> {
        [frame.head(), payload, frame.padding()].concat()
    }
}
