//! CreatePermission and ChannelBind: whom an allocation may reach (RFC 8656 sections 10 and 12).

use super::{Key, Server, sign_in::Caller};
use crate::{Family, FiveTuple, PeerAddr, Refusal, channels::BindRefused};
use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};
use stun::{
    Answer, Attribute, AttributeFromRaw, AttributeStaticType, ChannelNumber,
    ChannelNumberAttribute, Message, XorPeerAddress,
};

impl Server {
    pub(super) fn create_permission(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<Answer, Refusal> {
        let key = self.owned(from, caller)?;
        let peers = peers(request)?;
        if peers.is_empty() {
            return Err(Refusal::BadRequest);
        }
        let mut ips = Vec::with_capacity(peers.len());
        for peer in peers {
            ips.push(self.permitted(key, peer)?.ip());
        }
        self.grant(key, &ips, now)?;
        Ok(Answer::success(request))
    }

    pub(super) fn bind_channel(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<Answer, Refusal> {
        let most = self.settings.limits.channels;
        let key = self.owned(from, caller)?;
        let number = request
            .attribute::<ChannelNumberAttribute>()
            .map_err(|_| Refusal::BadRequest)?;
        let number = ChannelNumber::try_from(number.channel()).map_err(|_| Refusal::BadRequest)?;
        let peer = peers(request)?
            .first()
            .copied()
            .ok_or(Refusal::BadRequest)?;
        let peer = self.permitted(key, peer)?;
        if peer.port() == 0 {
            return Err(Refusal::Forbidden);
        }
        self.allocations[key]
            .channels
            .check(number, peer, most, now)
            .map_err(|refused| match refused {
                BindRefused::Taken => Refusal::BadRequest,
                BindRefused::Full => Refusal::InsufficientCapacity,
            })?;
        self.grant(key, &[peer.ip()], now)?;
        self.allocations[key].channels.bind(number, peer, now);
        Ok(Answer::success(request))
    }

    /// Returns the allocation of `from`, if `caller` made it (RFC 8656 section 5).
    pub(super) fn owned(&self, from: FiveTuple, caller: &Caller<'_>) -> Result<Key, Refusal> {
        let key = self
            .allocations
            .of(&from)
            .ok_or(Refusal::AllocationMismatch)?;
        if *self.allocations[key].username == *caller.username {
            Ok(key)
        } else {
            Err(Refusal::WrongCredentials)
        }
    }

    /// Returns `peer` as it is kept, if the allocation has a relayed address of its family and its session may reach it.
    fn permitted(&self, key: Key, peer: SocketAddr) -> Result<PeerAddr, Refusal> {
        let (allocation, ip) = (&self.allocations[key], peer.ip());
        if allocation.relays.get(Family::of(ip)).is_none() {
            return Err(Refusal::PeerAddressFamilyMismatch);
        }
        let permitted = match self.settings.own.permits(ip) {
            // No datagram leaves an IPv6 socket for such an address.
            _ if ip != ip.to_canonical() => false,
            Some(permitted) => permitted,
            None => self.settings.peers.permits(&allocation.session, ip),
        };
        if permitted {
            Ok(PeerAddr::from(peer))
        } else {
            Err(Refusal::Forbidden)
        }
    }

    /// Grants permissions for all of `peers` or none.
    fn grant(&mut self, key: Key, peers: &[IpAddr], now: Instant) -> Result<(), Refusal> {
        let most = self.settings.limits.permissions;
        if self.allocations[key].permissions.grant(peers, most, now) {
            Ok(())
        } else {
            Err(Refusal::InsufficientCapacity)
        }
    }
}

/// Returns every XOR-PEER-ADDRESS of `request`.
fn peers(request: &Message<'_>) -> Result<Vec<SocketAddr>, Refusal> {
    let id = request.transaction_id();
    let attributes = request
        .iter_attributes()
        .filter(|(_, attribute)| attribute.get_type() == XorPeerAddress::TYPE);
    let peers = attributes
        .map(|(_, attribute)| XorPeerAddress::from_raw_ref(&attribute).map(|peer| peer.addr(id)));
    peers
        .collect::<Result<_, _>>()
        .map_err(|_| Refusal::BadRequest)
}
