//! CreatePermission and ChannelBind: whom an allocation may reach (RFC 8656 sections 10 and 12).

use super::{Map, Server, sign_in::Caller};
use crate::{
    FiveTuple, PeerAddr, Refusal, SessionName, allocation::Allocation, channels::BindRefused,
};
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
        owned(&mut self.allocations, from, caller)?;
        let peers = peers(request)?;
        if peers.is_empty() {
            return Err(Refusal::BadRequest);
        }
        let mut ips = Vec::with_capacity(peers.len());
        for peer in peers {
            ips.push(self.permitted(&caller.session, peer)?.ip());
        }
        self.grant(from, caller, &ips, now)?;
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
        owned(&mut self.allocations, from, caller)?;
        let number = request
            .attribute::<ChannelNumberAttribute>()
            .map_err(|_| Refusal::BadRequest)?;
        let number = ChannelNumber::try_from(number.channel()).map_err(|_| Refusal::BadRequest)?;
        let peer = peers(request)?
            .first()
            .copied()
            .ok_or(Refusal::BadRequest)?;
        let peer = self.permitted(&caller.session, peer)?;
        if peer.port() == 0 {
            return Err(Refusal::Forbidden);
        }
        let allocation = owned(&mut self.allocations, from, caller)?;
        allocation
            .channels
            .check(number, peer, most, now)
            .map_err(|refused| match refused {
                BindRefused::Taken => Refusal::BadRequest,
                BindRefused::Full => Refusal::InsufficientCapacity,
            })?;
        let allocation = self.grant(from, caller, &[peer.ip()], now)?;
        allocation.channels.bind(number, peer, now);
        Ok(Answer::success(request))
    }

    /// Returns `peer` as it is kept, if `session` may reach it from an IPv4 relayed address.
    fn permitted(&self, session: &SessionName, peer: SocketAddr) -> Result<PeerAddr, Refusal> {
        if !peer.is_ipv4() {
            return Err(Refusal::PeerAddressFamilyMismatch);
        }
        let ip: IpAddr = peer.ip();
        let permitted = self
            .settings
            .own
            .permits(ip)
            .unwrap_or_else(|| self.settings.peers.permits(session, ip));
        if permitted {
            Ok(PeerAddr::from(peer))
        } else {
            Err(Refusal::Forbidden)
        }
    }

    /// Grants permissions for all of `peers` or none.
    fn grant(
        &mut self,
        from: FiveTuple,
        caller: &Caller<'_>,
        peers: &[IpAddr],
        now: Instant,
    ) -> Result<&mut Allocation, Refusal> {
        let most = self.settings.limits.permissions;
        let allocation = owned(&mut self.allocations, from, caller)?;
        if allocation.permissions.grant(peers, most, now) {
            Ok(allocation)
        } else {
            Err(Refusal::InsufficientCapacity)
        }
    }
}

/// Returns the allocation of `from`, if `caller` made it (RFC 8656 section 5).
pub(super) fn owned<'a>(
    allocations: &'a mut Map<FiveTuple, Allocation>,
    from: FiveTuple,
    caller: &Caller<'_>,
) -> Result<&'a mut Allocation, Refusal> {
    let allocation = allocations
        .get_mut(&from)
        .ok_or(Refusal::AllocationMismatch)?;
    if *allocation.username == *caller.username {
        Ok(allocation)
    } else {
        Err(Refusal::WrongCredentials)
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
