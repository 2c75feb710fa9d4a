//! The packet path: relayed data from clients and from peers (RFC 8656 sections 11 and 12).
//!
//! Nothing here allocates memory, and payloads are never copied: the shell is told where they lie and where they go.

use super::{Key, Server};
use crate::{
    DropReason, FiveTuple, PeerAddr, RelayedPort, ToClient, ToPeer, Transport, Via, own::Reach,
    registry::Owner,
};
use std::{ops::Range, time::Instant};
use stun::{ChannelData, Frame, SendIndication, TransactionId};

/// The transaction ids of Data indications. Nobody waits for an answer to one, so they need only differ.
#[derive(Debug)]
pub(super) struct Indications(u128);

impl Indications {
    /// What is between one id and the next: odd, so that none comes twice, and spread over all bits.
    const STEP: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;

    pub(super) fn from(first: u128) -> Self {
        Self(first)
    }

    pub(super) fn next(&mut self) -> TransactionId {
        self.0 = self.0.wrapping_add(Self::STEP);
        TransactionId::from(self.0)
    }
}

/// Relayed data from a client.
struct Payload {
    place: Range<usize>,
    dont_fragment: bool,
}

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
        let Some(key) = self.allocations.of(&from) else {
            return self.drop(DropReason::NoAllocation);
        };
        let Some(peer) = self.allocations[key].channels.peer(data.number, now) else {
            return self.drop(DropReason::NoChannel);
        };
        let payload = Payload {
            place: data.payload,
            dont_fragment: false,
        };
        self.forward(key, peer, payload, now)
    }

    pub(super) fn forward_send(
        &mut self,
        from: FiveTuple,
        datagram: &[u8],
        now: Instant,
    ) -> Option<ToPeer> {
        let Some(key) = self.allocations.of(&from) else {
            return self.drop(DropReason::NoAllocation);
        };
        let Some(send) = SendIndication::parse(datagram) else {
            return self.drop(DropReason::Malformed);
        };
        let payload = Payload {
            place: send.payload,
            dont_fragment: send.dont_fragment,
        };
        self.forward(key, send.peer.into(), payload, now)
    }

    pub(super) fn forward_from_peer(
        &mut self,
        on: RelayedPort,
        from: PeerAddr,
        length: usize,
        now: Instant,
    ) -> Option<ToClient> {
        let key = self.receiver(on, from, now);
        let admitted = key.and_then(|key| self.admit(key, from));
        match admitted.and_then(|key| self.deliver(key, from, length, now)) {
            Ok(to) => Some(to),
            Err(reason) => self.drop(reason),
        }
    }

    /// Refuses what comes from an address of the server that could not be sent to. Everybody in a call permits the relay's address, so without this
    /// whoever writes it as a source would reach them all.
    fn admit(&mut self, key: Key, from: PeerAddr) -> Result<Key, DropReason> {
        match self.reach(from) {
            (Reach::Outside, _) => Ok(key),
            (Reach::Relayed, Some(owner)) if self.connects(key, owner) => Ok(key),
            (Reach::Relayed, Some(_)) => Err(DropReason::NotConnected),
            (Reach::Inside, _) if self.settings.inside => Ok(key),
            (Reach::Inside | Reach::Nowhere, _) | (Reach::Relayed, None) => {
                Err(DropReason::OwnAddress)
            }
        }
    }

    fn forward(
        &mut self,
        key: Key,
        peer: PeerAddr,
        payload: Payload,
        now: Instant,
    ) -> Option<ToPeer> {
        match self.way(key, peer, &payload, now) {
            Ok(via) => {
                let allocation = &mut self.allocations[key];
                allocation.to_peers.add(payload.place.len());
                self.counters
                    .to_peers
                    .add(allocation.five_tuple.transport, payload.place.len());
                Some(ToPeer {
                    payload: payload.place,
                    via,
                })
            }
            Err(reason) => self.drop(reason),
        }
    }

    /// Returns the way to `peer`, if the allocation may send there.
    fn way(
        &mut self,
        key: Key,
        peer: PeerAddr,
        payload: &Payload,
        now: Instant,
    ) -> Result<Via, DropReason> {
        let (settings, allocation) = (&self.settings, &self.allocations[key]);
        let relay = allocation.relays.get(peer.family());
        let lease = match relay {
            Some(relay) if allocation.permissions.allow(peer.ip(), now) => &relay.lease,
            Some(_) | None => return Err(DropReason::NoPermission),
        };
        if !lease.take(payload.place.len(), &settings.limits, now) {
            return Err(DropReason::OverRate);
        }
        let (on, port) = (peer.relayed_port(), lease.port());
        match self.reach(peer) {
            (Reach::Outside, _) => Ok(Via::Socket {
                port,
                peer,
                dont_fragment: payload.dont_fragment,
            }),
            (Reach::Relayed, Some(owner)) => {
                let from = PeerAddr::from(self.relayed_address(port));
                if !self.connects(key, owner) {
                    return Err(DropReason::NotConnected);
                }
                let worker = owner.worker();
                if worker == self.settings.worker {
                    let to = self.receiver(on, from, now)?;
                    let length = payload.place.len();
                    self.deliver(to, from, length, now).map(Via::Hairpin)
                } else {
                    Ok(Via::Worker { worker, on, from })
                }
            }
            (Reach::Inside, _) if self.settings.inside => Ok(Via::Inside {
                from: self.relayed_address(port),
                to: peer.get(),
            }),
            (Reach::Inside | Reach::Nowhere, _) | (Reach::Relayed, None) => {
                Err(DropReason::OwnAddress)
            }
        }
    }

    /// Returns where `peer` is, and whose it is if it is a relayed address.
    fn reach(&self, peer: PeerAddr) -> (Reach, Option<Owner>) {
        let mut owner = None;
        let reach = self.settings.own.reach(peer, || {
            owner = self.settings.registry.owner(peer.relayed_port());
            owner.is_some()
        });
        (reach, owner)
    }

    /// Returns whether the session of an allocation may send to whom a relayed port belongs.
    fn connects(&mut self, key: Key, owner: Owner) -> bool {
        let (settings, allocation) = (&self.settings, &mut self.allocations[key]);
        let mut own = allocation.relays.iter().map(|relay| relay.lease.owner());
        let (policy, other) = (&settings.peers, owner.session());
        if own.any(|own| own.session() == other) {
            return true;
        }
        drop(own);
        // The epoch is read before the policy is asked: what changes in between is asked for again.
        let epoch = policy.epoch();
        allocation.connects.to(other, epoch, || {
            let other = settings.registry.session(other);
            other.is_some_and(|other| policy.connects(&allocation.session, &other))
        })
    }

    /// Returns whose `on` is, if its client has permitted `from`.
    fn receiver(&self, on: RelayedPort, from: PeerAddr, now: Instant) -> Result<Key, DropReason> {
        let key = self.allocations.on(on).ok_or(DropReason::NoAllocation)?;
        let permissions = &self.allocations[key].permissions;
        if from.family() == on.family && permissions.allow(from.ip(), now) {
            Ok(key)
        } else {
            Err(DropReason::NoPermission)
        }
    }

    /// Returns to which client, and in which frame, a datagram goes that its allocation lets in.
    fn deliver(
        &mut self,
        key: Key,
        from: PeerAddr,
        length: usize,
        now: Instant,
    ) -> Result<ToClient, DropReason> {
        let allocation = &mut self.allocations[key];
        let relay = allocation.relays.get(from.family());
        let relay = relay.ok_or(DropReason::NoAllocation)?;
        if !relay.lease.take(length, &self.settings.limits, now) {
            return Err(DropReason::OverRate);
        }
        let frame = match allocation.channels.number(from, now) {
            Some(number) => Frame::channel_data(number, length),
            None => Frame::data_indication(self.indications.next(), from.get(), length)
                .ok_or(DropReason::TooLong)?,
        };
        let to = allocation.five_tuple;
        allocation.to_client.add(length);
        self.counters.to_clients.add(to.transport, length);
        Ok(ToClient {
            to,
            frame: match to.transport {
                Transport::Udp => frame,
                Transport::Tcp | Transport::Tls => frame.padded(),
            },
        })
    }
}
