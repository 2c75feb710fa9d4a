//! The packet path: relayed data from clients and from peers (RFC 8656 sections 11 and 12).
//!
//! Nothing here allocates memory, and payloads are never copied: the shell is told where they lie and where they go.

use super::Server;
use crate::{DropReason, FiveTuple, PeerAddr, RelayedPort, ToClient, ToPeer, Via, own::Reach};
use rand::RngExt;
use std::{net::SocketAddr, ops::Range, time::Instant};
use stun::{
    AttributeStaticType, ChannelData, Data, DontFragment, Frame, TransactionId, XorPeerAddress,
};

impl Server {
    pub(super) fn forward_channel_data(
        &mut self,
        from: FiveTuple,
        datagram: &[u8],
        now: Instant,
    ) -> Option<ToPeer> {
        let Some(data) = ChannelData::parse(datagram) else {
            return self.drop(DropReason::Malformed);
        };
        let Some(allocation) = self.allocations.get(&from) else {
            return self.drop(DropReason::NoAllocation);
        };
        let Some(peer) = allocation.channels.peer(data.number, now) else {
            return self.drop(DropReason::NoChannel);
        };
        self.forward(from, peer, data.payload, now)
    }

    pub(super) fn forward_send(
        &mut self,
        from: FiveTuple,
        datagram: &[u8],
        now: Instant,
    ) -> Option<ToPeer> {
        if !self.allocations.contains_key(&from) {
            return self.drop(DropReason::NoAllocation);
        }
        let Some((peer, payload)) = parse_send(datagram) else {
            return self.drop(DropReason::Malformed);
        };
        self.forward(from, peer.into(), payload, now)
    }

    pub(super) fn forward_from_peer(
        &mut self,
        on: RelayedPort,
        from: PeerAddr,
        length: usize,
        now: Instant,
    ) -> Option<ToClient> {
        let Some(to) = self.ports.get(&on).copied() else {
            return self.drop(DropReason::NoAllocation);
        };
        self.deliver(to, from, length, now)
    }

    fn forward(
        &mut self,
        from: FiveTuple,
        peer: PeerAddr,
        payload: Range<usize>,
        now: Instant,
    ) -> Option<ToPeer> {
        let allocation = self.allocations.get_mut(&from)?;
        if !allocation.permissions.allow(peer.ip(), now) {
            return self.drop(DropReason::NoPermission);
        }
        let limits = &self.settings.limits;
        if !allocation.lease.take(payload.len(), limits, now) {
            return self.drop(DropReason::OverRate);
        }
        let relayed = allocation.lease.port();
        let on = RelayedPort {
            family: peer.family(),
            port: peer.port(),
        };
        let owner = self.settings.registry.owner(on);
        let via = match (self.settings.own.reach(peer, owner.is_some()), owner) {
            (Reach::Relayed, Some(owner)) => {
                let sender = PeerAddr::from(self.relayed_address(relayed));
                if owner.worker() == self.settings.worker {
                    Via::Hairpin(self.forward_from_peer(on, sender, payload.len(), now)?)
                } else {
                    Via::Worker {
                        worker: owner.worker(),
                        on,
                        from: sender,
                    }
                }
            }
            (Reach::Outside, _) => Via::Socket {
                port: relayed,
                peer,
                dont_fragment: false,
            },
            (Reach::Inside, _) if self.settings.inside => Via::Inside {
                from: self.relayed_address(relayed),
                to: peer.get(),
            },
            (Reach::Inside | Reach::Nowhere, _) | (Reach::Relayed, None) => {
                return self.drop(DropReason::OwnAddress);
            }
        };
        self.counters.to_peers.add(payload.len());
        self.allocations.get_mut(&from)?.to_peers.add(payload.len());
        Some(ToPeer { payload, via })
    }

    fn deliver(
        &mut self,
        to: FiveTuple,
        from: PeerAddr,
        length: usize,
        now: Instant,
    ) -> Option<ToClient> {
        let Some(allocation) = self.allocations.get_mut(&to) else {
            return self.drop(DropReason::NoAllocation);
        };
        if !allocation.permissions.allow(from.ip(), now) {
            return self.drop(DropReason::NoPermission);
        }
        let limits = &self.settings.limits;
        if !allocation.lease.take(length, limits, now) {
            return self.drop(DropReason::OverRate);
        }
        allocation.to_client.add(length);
        self.counters.to_clients.add(length);
        let frame = match allocation.channels.number(from, now) {
            Some(number) => Frame::channel_data(number, length),
            None => Frame::data_indication(
                TransactionId::from(self.rng.random::<u128>()),
                from.get(),
                length,
            ),
        };
        Some(ToClient { to, frame })
    }
}

/// Returns the peer of a Send indication and where its payload lies. One with DONT-FRAGMENT is none (RFC 8656 section 11.3).
fn parse_send(datagram: &[u8]) -> Option<(SocketAddr, Range<usize>)> {
    let message = stun::read(datagram).ok()?;
    if message.has_attribute(DontFragment::TYPE) {
        return None;
    }
    let peer = message
        .attribute::<XorPeerAddress>()
        .ok()?
        .addr(message.transaction_id());
    let (offset, data) = message.raw_attribute_and_offset(Data::TYPE)?;
    let start = offset + 4;
    Some((peer, start..start + usize::from(data.header.length())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_give_a_payload_outside_the_datagram(mut rest in prop::collection::vec(any::<u8>(), 2..100)) {
            rest.truncate(rest.len() / 4 * 4 + 2);
            let attributes = [&[0x00, 0x12, 0, 8, 0, 1, 0x21, 0x13, 0x21, 0x12, 0xA4, 0x43, 0x00, 0x13], &rest[..]].concat();
            let mut datagram = vec![0x00, 0x16, 0, attributes.len() as u8, 0x21, 0x12, 0xA4, 0x42];
            datagram.extend([7; 12]);
            datagram.extend(attributes);
            if let Some((_, payload)) = parse_send(&datagram) {
                prop_assert!(datagram.get(payload).is_some());
            }
        }
    }
}
