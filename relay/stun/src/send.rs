//! Send indications, read in place (RFC 8656 section 11.2).

use crate::{
    Attribute, AttributeFromRaw, AttributeStaticType, Data, DontFragment, MessageClass,
    XorPeerAddress, is_understood, message::ATTRIBUTE_HEADER, method, read,
};
use std::{net::SocketAddr, ops::Range};

/// A Send indication, told by its peer and where its payload lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendIndication {
    /// Where the payload is to go.
    pub peer: SocketAddr,
    /// The payload's place in the datagram. It may be empty.
    pub payload: Range<usize>,
    /// The payload is to leave with DF set (RFC 8656 section 11.2).
    pub dont_fragment: bool,
}

impl SendIndication {
    /// Finds peer and payload in `datagram`.
    ///
    /// Returns `None` if it is no Send indication, lacks one of them, or carries what must be understood and is not (RFC 8489 section 6.3.2).
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let message = read(datagram).ok()?;
        if (message.class(), message.method()) != (MessageClass::Indication, method::SEND) {
            return None;
        }
        let (mut peer, mut payload, mut dont_fragment) = (None, None, false);
        for (at, attribute) in message.iter_attributes() {
            let start = at + ATTRIBUTE_HEADER;
            match attribute.get_type() {
                XorPeerAddress::TYPE if peer.is_none() => {
                    let address = XorPeerAddress::from_raw_ref(&attribute).ok()?;
                    peer = Some(address.addr(message.transaction_id()));
                }
                Data::TYPE if payload.is_none() => {
                    payload = Some(start..start + attribute.value.len());
                }
                DontFragment::TYPE => dont_fragment = true,
                other if !is_understood(other) => return None,
                _ => {}
            }
        }
        Some(Self {
            peer: peer?,
            payload: payload?,
            dont_fragment,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AttributeWrite, Message, MessageWrite, MessageWriteExt, MessageWriteVec, RawAttribute,
    };
    use proptest::prelude::*;

    const PEER: &str = "8.8.8.8:5000";

    #[test]
    fn peer_and_payload_are_found_in_any_order() {
        let id = 7.into();
        let (peer, data) = (
            XorPeerAddress::new(PEER.parse().unwrap(), id),
            Data::new(b"hello"),
        );
        let (first, second) = (send(&[&peer, &data]), send(&[&data, &peer]));
        for (datagram, payload) in [(first, 36..41), (second, 24..29)] {
            let found = SendIndication::parse(&datagram).unwrap();
            assert_eq!(&datagram[payload.clone()], b"hello");
            let expected = SendIndication {
                peer: PEER.parse().unwrap(),
                payload,
                dont_fragment: false,
            };
            assert_eq!(found, expected);
        }
        let datagram = send(&[&peer, &DontFragment::new(), &data]);
        assert!(SendIndication::parse(&datagram).unwrap().dont_fragment);
    }

    #[test]
    fn without_peer_or_payload_or_with_what_is_not_understood_it_is_none() {
        let (peer, data) = (
            XorPeerAddress::new(PEER.parse().unwrap(), 7.into()),
            Data::new(b"hello"),
        );
        assert_eq!(SendIndication::parse(&send(&[&peer])), None);
        assert_eq!(SendIndication::parse(&send(&[&data])), None);
        let (required, optional) = (
            RawAttribute::new(0x7F00.into(), &[]),
            RawAttribute::new(0xFF00.into(), &[]),
        );
        assert_eq!(
            SendIndication::parse(&send(&[&peer, &required, &data])),
            None
        );
        assert!(SendIndication::parse(&send(&[&peer, &optional, &data])).is_some());
        let mut request = send(&[&peer, &data]);
        request[1] = 0x06;
        assert_eq!(SendIndication::parse(&request), None);
    }

    proptest! {
        #[test]
        fn arbitrary_attributes_never_give_a_payload_outside_the_datagram(mut rest in prop::collection::vec(any::<u8>(), 2..100)) {
            rest.truncate(rest.len() / 4 * 4 + 2);
            let attributes = [&[0x00, 0x12, 0, 8, 0, 1, 0x21, 0x13, 0x21, 0x12, 0xA4, 0x43, 0x00, 0x13], &rest[..]].concat();
            let mut datagram = vec![0x00, 0x16, 0, attributes.len() as u8, 0x21, 0x12, 0xA4, 0x42];
            datagram.extend([7; 12]);
            datagram.extend(attributes);
            if let Some(found) = SendIndication::parse(&datagram) {
                prop_assert!(datagram.get(found.payload).is_some());
            }
        }
    }

    fn send(attributes: &[&dyn AttributeWrite]) -> Vec<u8> {
        let kind = crate::MessageType::from_class_method(MessageClass::Indication, method::SEND);
        let mut message = Message::builder(kind, 7.into(), MessageWriteVec::new());
        for attribute in attributes {
            message.add_attribute(*attribute).unwrap();
        }
        message.finish()
    }
}
