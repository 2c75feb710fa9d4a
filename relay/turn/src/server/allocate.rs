//! Allocate and Refresh: the life of an allocation (RFC 8656 sections 7 and 8).

use super::{Server, sign_in::Caller};
use crate::{
    AllocationEvent, AllocationId, EndReason, Family, FiveTuple, Now, Output, Refusal, RelayedPort,
    SessionName,
    allocation::{Allocation, granted_lifetime},
    channels::Channels,
    permissions::Permissions,
    registry::{Lease, Ports, Wanted},
};
use rand::RngExt;
use std::{ops::RangeInclusive, time::Instant};
use stun::{
    AdditionalAddressFamily, AddressErrorCode, AddressFamily, Answer, AttributeFromRaw,
    AttributeStaticType, ErrorCode, EvenPort, Lifetime, Message, RequestedAddressFamily,
    RequestedTransport, ReservationToken, Signer, XorMappedAddress, XorRelayedAddress,
};

/// The protocol number of UDP in REQUESTED-TRANSPORT.
const UDP: u8 = 17;

/// How many ports are tried before a request is refused: one may be in use by somebody else on the host.
const ATTEMPTS: u8 = 8;

/// Why a relay socket could not be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Somebody else has the port: another may do.
    #[error("the port is in use")]
    InUse,
    /// No port will do: no descriptors, no memory, no such address.
    #[error("no relay socket can be bound")]
    Exhausted,
}

/// Which ports a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parity {
    Any,
    Even,
}

/// An Allocate that waits for its relay socket.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) session: SessionName,
    pub(super) lease: Lease,
    parity: Parity,
    username: Box<str>,
    signer: Signer,
    request: Vec<u8>,
    at: Now,
    attempts: u8,
}

impl Server {
    pub(super) fn allocate(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller<'_>,
        now: Now,
    ) -> Result<Option<Answer>, Refusal> {
        if self.pending.contains_key(&from) {
            return Ok(None);
        }
        if let Some(allocation) = self.allocations.get(&from) {
            let repeated = allocation.transaction == request.transaction_id()
                && *allocation.username == *caller.username;
            return if repeated {
                Ok(Some(self.allocated(from, allocation, request, now.mono)))
            } else {
                Err(Refusal::AllocationMismatch)
            };
        }
        let limits = &self.settings.credentials;
        if !limits.accept(caller.expires, now.unix.into()) {
            return Err(Refusal::Unauthorized);
        }
        let parity = check_allocate(request)?;
        let session = &caller.session;
        let start = self.rng.random();
        let wanted = Wanted {
            worker: self.settings.worker,
            session,
            limits: &self.settings.limits,
            ports: ports(&self.settings.relay_ports, parity, start),
        };
        let lease = self.settings.registry.lease(&wanted, now.mono)?;
        let port = lease.port();
        self.sessions.entry(session.clone()).or_default().push(from);
        self.ports.insert(port, from);
        self.pending.insert(
            from,
            Pending {
                session: session.clone(),
                lease,
                parity,
                username: caller.username.as_ref().into(),
                signer: caller.signer.clone(),
                request: request.as_bytes().to_vec(),
                at: now,
                attempts: 1,
            },
        );
        self.outputs.push_back(Output::Bind(port));
        Ok(None)
    }

    pub(super) fn finish_allocate(&mut self, port: RelayedPort, result: Result<(), BindError>) {
        let from = self.ports.get(&port).copied().filter(|from| {
            self.pending
                .get(from)
                .is_some_and(|pending| pending.lease.port() == port)
        });
        let Some((from, mut pending)) =
            from.and_then(|from| Some((from, self.pending.remove(&from)?)))
        else {
            if result.is_ok() {
                self.outputs.push_back(Output::Unbind(port));
            }
            return;
        };
        match result {
            Ok(()) => self.start(from, pending),
            Err(error) => {
                let start = self.rng.random();
                let ports = ports(&self.settings.relay_ports, pending.parity, start);
                let changed = error == BindError::InUse
                    && pending.attempts < ATTEMPTS
                    && pending.lease.change(&ports);
                self.ports.remove(&port);
                if changed {
                    let port = pending.lease.port();
                    pending.attempts += 1;
                    self.ports.insert(port, from);
                    self.pending.insert(from, pending);
                    self.outputs.push_back(Output::Bind(port));
                } else {
                    self.forget(&pending.session, from);
                    self.refuse_pending(from, &pending);
                }
            }
        }
    }

    pub(super) fn refresh(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<Answer, Refusal> {
        let allocation = super::reach::owned(&mut self.allocations, from, caller)?;
        if let Some(family) = optional::<RequestedAddressFamily>(request)?
            && family.family() != AddressFamily::IPV4
        {
            return Err(Refusal::PeerAddressFamilyMismatch);
        }
        let requested = optional::<Lifetime>(request)?.map(|lifetime| lifetime.seconds());
        if requested == Some(0) {
            self.end_of(from, EndReason::Released, now);
            return Ok(Answer::success(request).with(&Lifetime::new(0)));
        }
        let lifetime = granted_lifetime(requested);
        self.deadlines.remove(&(allocation.expires, from));
        allocation.expires = now + lifetime;
        self.deadlines.insert((allocation.expires, from));
        Ok(Answer::success(request).with(&Lifetime::new(lifetime.as_secs() as u32)))
    }

    fn start(&mut self, from: FiveTuple, pending: Pending) {
        let request = stun::read_request(&pending.request).expect("it was read before it was kept");
        let lifetime = granted_lifetime(
            request
                .attribute::<Lifetime>()
                .ok()
                .map(|lifetime| lifetime.seconds()),
        );
        let now = pending.at.mono;
        let allocation = Allocation {
            id: AllocationId::new(self.settings.worker, self.made),
            session: pending.session,
            username: pending.username,
            signer: pending.signer,
            transaction: request.transaction_id(),
            lease: pending.lease,
            started: now,
            expires: now + lifetime,
            permissions: Permissions::default(),
            channels: Channels::default(),
            to_peers: Default::default(),
            to_client: Default::default(),
        };
        let answer = self
            .allocated(from, &allocation, &request, now)
            .finish(Some(&allocation.signer), stun::fingerprinted(&request));
        self.made += 1;
        self.counters.allocated += 1;
        let client = from.client.ip();
        self.settings.peers.appeared(&allocation.session, client);
        self.settings.strangers.signed_in(client);
        self.transmit(from, answer);
        self.outputs
            .push_back(Output::Event(AllocationEvent::Started {
                id: allocation.id,
                session: allocation.session.clone(),
                five_tuple: from,
                relayed: self.relayed_addresses(&allocation),
                lifetime,
            }));
        self.deadlines.insert((allocation.expires, from));
        self.allocations.insert(from, allocation);
    }

    fn refuse_pending(&mut self, from: FiveTuple, pending: &Pending) {
        let request = stun::read_request(&pending.request).expect("it was read before it was kept");
        self.counters.refused(Refusal::InsufficientCapacity);
        let answer = Answer::error(
            &request,
            Refusal::InsufficientCapacity.code(),
            Refusal::InsufficientCapacity.reason(),
        );
        self.transmit(
            from,
            answer.finish(Some(&pending.signer), stun::fingerprinted(&request)),
        );
    }

    /// Returns the answer to the Allocate that made `allocation`.
    fn allocated(
        &self,
        from: FiveTuple,
        allocation: &Allocation,
        request: &Message<'_>,
        now: Instant,
    ) -> Answer {
        let id = request.transaction_id();
        let lifetime = allocation.expires.saturating_duration_since(now).as_secs() as u32;
        let answer = Answer::success(request)
            .with(&XorRelayedAddress::new(
                self.relayed_address(allocation.lease.port()),
                id,
            ))
            .with(&Lifetime::new(lifetime))
            .with(&XorMappedAddress::new(from.client, id));
        if !request.has_attribute(AdditionalAddressFamily::TYPE) {
            return answer;
        }
        let refusal = Refusal::AddressFamilyNotSupported;
        let error = ErrorCode::new(refusal.code(), refusal.reason()).expect("440 is an error code");
        answer.with(&AddressErrorCode::new(AddressFamily::IPV6, error))
    }
}

/// Returns which ports of `range` will do.
fn ports(range: &RangeInclusive<u16>, parity: Parity, start: u16) -> Ports<'_> {
    Ports {
        family: Family::V4,
        range,
        even: parity == Parity::Even,
        start,
    }
}

/// Checks what an Allocate asks for (RFC 8656 section 7.2), and returns which ports it may get.
fn check_allocate(request: &Message<'_>) -> Result<Parity, Refusal> {
    let transport = optional::<RequestedTransport>(request)?.ok_or(Refusal::BadRequest)?;
    if transport.protocol() != UDP {
        return Err(Refusal::UnsupportedTransport);
    }
    let family = request.raw_attribute(RequestedAddressFamily::TYPE);
    let additional = request.has_attribute(AdditionalAddressFamily::TYPE);
    let even_port = optional::<EvenPort>(request)?;
    let token = optional::<ReservationToken>(request)?.is_some();
    if (token && (even_port.is_some() || family.is_some() || additional))
        || (additional && (even_port.is_some() || family.is_some()))
    {
        return Err(Refusal::BadRequest);
    }
    if additional
        && optional::<AdditionalAddressFamily>(request)?
            .is_none_or(|family| family.family() != AddressFamily::IPV6)
    {
        return Err(Refusal::BadRequest);
    }
    if let Some(family) = family {
        match RequestedAddressFamily::from_raw_ref(&family) {
            Ok(family) if family.family() == AddressFamily::IPV4 => {}
            Ok(_) | Err(_) => return Err(Refusal::AddressFamilyNotSupported),
        }
    }
    optional::<Lifetime>(request)?;
    match even_port {
        // No port is kept for a later request, so there is no reservation to give or to find.
        _ if token => Err(Refusal::InsufficientCapacity),
        Some(even_port) if even_port.requested() => Err(Refusal::InsufficientCapacity),
        Some(_) => Ok(Parity::Even),
        None => Ok(Parity::Any),
    }
}

/// Returns an attribute that may be missing but not broken.
fn optional<'a, A: AttributeFromRaw<'a> + AttributeStaticType>(
    request: &'a Message<'_>,
) -> Result<Option<A>, Refusal> {
    if !request.has_attribute(A::TYPE) {
        return Ok(None);
    }
    request
        .attribute::<A>()
        .map(Some)
        .map_err(|_| Refusal::BadRequest)
}
