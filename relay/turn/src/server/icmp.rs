//! ICMP errors on the way to a peer, as a client is told of them (RFC 8656 section 11.5).

use super::Server;
use crate::{DropReason, Family, FiveTuple, Output, PeerAddr, RelayedPort, Transmit};
use std::time::Instant;
use stun::{
    AttributeWrite, Message, MessageClass, MessageType, MessageWrite, MessageWriteExt,
    MessageWriteVec, RawAttribute, TransactionId, XorPeerAddress, method,
};

/// ICMP (RFC 8656 section 18.13).
const ICMP: u16 = 0x8004;

/// An ICMP error for a datagram that left a relay socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// Where the datagram was to go; its family says whether this is ICMPv4 or ICMPv6.
    pub peer: PeerAddr,
    /// The ICMP type.
    pub kind: u8,
    /// The ICMP code.
    pub code: u8,
    /// The MTU of the next hop, in bytes, where the datagram was too big for it.
    pub data: u32,
}

impl Server {
    pub(super) fn tell_of_icmp(&mut self, on: RelayedPort, error: IcmpError, now: Instant) {
        if !error.is_told() {
            return;
        }
        match self.hears_of(on, error.peer, now) {
            Ok(to) => {
                let message = error.indication(self.indications.next());
                self.counters.icmp += 1;
                self.outputs
                    .push_back(Output::Transmit(Transmit { to, message }));
            }
            Err(reason) => self.counters.dropped(reason),
        }
    }

    /// Returns whose `on` is, if it has permitted `peer` and may get a packet.
    fn hears_of(
        &self,
        on: RelayedPort,
        peer: PeerAddr,
        now: Instant,
    ) -> Result<FiveTuple, DropReason> {
        let key = self.allocations.on(on).ok_or(DropReason::NoAllocation)?;
        let allocation = &self.allocations[key];
        let relay = allocation.relays.get(peer.family());
        let Some(relay) = relay.filter(|_| allocation.permissions.allow(peer.ip(), now)) else {
            return Err(DropReason::NoPermission);
        };
        if relay.lease.take(0, &self.settings.limits, now) {
            Ok(allocation.five_tuple)
        } else {
            Err(DropReason::OverRate)
        }
    }
}

impl IcmpError {
    /// Returns whether clients are told: that a peer was not reached, that a datagram was too big, or that it went too far (section 11.5).
    fn is_told(&self) -> bool {
        match self.peer.family() {
            Family::V4 => matches!(self.kind, 3 | 11),
            Family::V6 => matches!(self.kind, 1..=3),
        }
    }

    fn indication(&self, id: TransactionId) -> Vec<u8> {
        let kind = MessageType::from_class_method(MessageClass::Indication, method::DATA);
        let mut message = Message::builder(kind, id, MessageWriteVec::with_capacity(64));
        let value = self.value();
        let attributes: [&dyn AttributeWrite; 2] = [
            &XorPeerAddress::new(self.peer.get(), id),
            &RawAttribute::new(ICMP.into(), &value),
        ];
        for attribute in attributes {
            message
                .add_attribute(attribute)
                .expect("the message grows, and has no integrity");
        }
        message.finish()
    }

    /// Returns the value of the ICMP attribute: 16 bits of nothing, 7 of type, 9 of code, and an MTU where there is one.
    fn value(&self) -> [u8; 8] {
        let too_big = match self.peer.family() {
            Family::V4 => (self.kind, self.code) == (3, 4),
            Family::V6 => self.kind == 2,
        };
        let kind = u32::from(self.kind) << 9 | u32::from(self.code);
        let data = if too_big { self.data } else { 0 };
        (u64::from(kind) << 32 | u64::from(data)).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    #[test]
    fn the_value_has_type_and_code_and_an_mtu_only_where_a_datagram_was_too_big() {
        let cases = [
            (V4, 3, 4, [0, 0, 6, 4, 0, 0, 5, 0xDC]),
            (V4, 3, 3, [0, 0, 6, 3, 0, 0, 0, 0]),
            (V4, 11, 0, [0, 0, 22, 0, 0, 0, 0, 0]),
            (V6, 2, 0, [0, 0, 4, 0, 0, 0, 5, 0xDC]),
            (V6, 1, 4, [0, 0, 2, 4, 0, 0, 0, 0]),
        ];
        for (peer, kind, code, value) in cases {
            assert_eq!(
                error(peer, kind, code).value(),
                value,
                "{peer} {kind} {code}"
            );
        }
    }

    #[test]
    fn only_what_the_rfc_lists_is_told() {
        let told = |peer| (0..=255).filter(move |kind| error(peer, *kind, 0).is_told());
        assert_eq!(told(V4).collect::<Vec<_>>(), [3, 11]);
        assert_eq!(told(V6).collect::<Vec<_>>(), [1, 2, 3]);
    }

    const V4: &str = "8.8.8.8:5000";
    const V6: &str = "[2a00:1450::1]:5000";

    fn error(peer: &str, kind: u8, code: u8) -> IcmpError {
        IcmpError {
            peer: peer.parse::<SocketAddr>().unwrap().into(),
            kind,
            code,
            data: 1500,
        }
    }
}
