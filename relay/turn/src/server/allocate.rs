//! Allocate: what is asked for, and which relayed addresses it gets (RFC 8656 section 7.2).

use super::{
    Server,
    pending::{Bind, Other, Pending},
    sign_in::Caller,
};
use crate::{
    AllocationEvent, Family, FiveTuple, Now, Output, Refusal, RefusedWhy, SessionName,
    allocation::Allocation,
    registry::{Lease, Ports, Token, Wanted},
};
use rand::RngExt;
use std::time::Instant;
use stun::{
    AdditionalAddressFamily, AddressErrorCode, AddressFamily, Answer, AttributeFromRaw,
    AttributeStaticType, ErrorCode, EvenPort, Lifetime, Message, RequestedAddressFamily,
    RequestedTransport, ReservationToken, XorMappedAddress, XorRelayedAddress,
};

/// The protocol number of UDP in REQUESTED-TRANSPORT.
const UDP: u8 = 17;

/// Which relayed addresses a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// One of this family.
    One { family: Family, even: bool },
    /// One of this family, on an even port, with the next port kept for later.
    Pair { family: Family },
    /// One of each family, or of one of them.
    Both { even: bool },
    /// The one that was kept.
    Reserved(Token),
}

/// What was leased of a wish.
struct Leased {
    binds: Vec<Bind>,
    /// Which of two families could not be had, and why.
    missing: Option<(Family, Refusal)>,
}

impl Server {
    pub(super) fn allocate(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller<'_>,
        now: Now,
    ) -> Result<Option<Answer>, Refusal> {
        if self.is_pending(&from) {
            return Ok(None);
        }
        if let Some(allocation) = self.allocation(&from) {
            let repeated = allocation.transaction == request.transaction_id()
                && *allocation.username == *caller.username;
            return if repeated {
                Ok(Some(self.allocated(allocation, request, now.mono)))
            } else {
                Err(Refusal::AllocationMismatch)
            };
        }
        let (limits, unix) = (&self.settings.credentials, now.unix.into());
        if !limits.accept(caller.expires, unix) {
            self.tell_refused(from, &caller.session, RefusedWhy::Expired);
            return Err(Refusal::Unauthorized);
        }
        if self.settings.registry.is_banned(&caller.session, unix) {
            self.tell_refused(from, &caller.session, RefusedWhy::Banned);
            return Err(Refusal::Unauthorized);
        }
        let leased = Wish::of(request).and_then(|wish| self.lease(wish, caller, now.mono));
        let Leased { binds, missing } = match leased {
            Ok(leased) => leased,
            Err(refusal) => {
                self.tell_refused(from, &caller.session, refusal.into());
                return Err(refusal);
            }
        };
        self.wait(Pending {
            from,
            session: caller.session.clone(),
            username: caller.username.as_ref().into(),
            signer: caller.signer.clone(),
            request: request.as_bytes().to_vec(),
            at: now,
            binds,
            missing,
        });
        Ok(None)
    }

    pub(super) fn tell_refused(
        &mut self,
        five_tuple: FiveTuple,
        session: &SessionName,
        why: RefusedWhy,
    ) {
        let session = session.clone();
        let refused = AllocationEvent::Refused {
            session,
            five_tuple,
            why,
        };
        self.outputs.push_back(Output::Event(refused));
    }

    /// Returns the answer to the Allocate that made `allocation`.
    pub(super) fn allocated(
        &self,
        allocation: &Allocation,
        request: &Message<'_>,
        now: Instant,
    ) -> Answer {
        let id = request.transaction_id();
        let left = allocation.first_end().saturating_duration_since(now);
        let client = allocation.five_tuple.client;
        let mut answer = Answer::success(request);
        for relayed in self.relayed_addresses(allocation) {
            answer = answer.with(&XorRelayedAddress::new(relayed, id));
        }
        answer = answer
            .with(&Lifetime::new(left.as_secs() as u32))
            .with(&XorMappedAddress::new(client, id));
        if let Some(Token(token)) = allocation.extra.reserved {
            answer = answer.with(&ReservationToken::new(token));
        }
        if let Some((family, refusal)) = allocation.extra.missing {
            let error = ErrorCode::new(refusal.code(), refusal.reason());
            let error = error.expect("a refusal's code is an error code");
            answer = answer.with(&AddressErrorCode::new(on_the_wire(family), error));
        }
        answer
    }

    /// Leases what `wish` says.
    fn lease(&mut self, wish: Wish, caller: &Caller<'_>, now: Instant) -> Result<Leased, Refusal> {
        let bind = match wish {
            Wish::Both { even } => return self.lease_both(even, caller, now),
            Wish::One { family, even } => self.lease_one(family, even, caller, now)?,
            Wish::Pair { family } => {
                let start = self.rng.random();
                let wanted = self.wanted(family, true, caller, start)?;
                let [lease, above] = self.settings.registry.lease_pair(&wanted, now)?;
                Bind::new(lease, Other::Pair(above))
            }
            Wish::Reserved(token) => {
                let (session, worker) = (&caller.session, self.settings.worker);
                let registry = &self.settings.registry;
                let lease = registry.redeem(token, session, worker, now)?;
                Bind::new(lease, Other::None)
            }
        };
        Ok(Leased {
            binds: vec![bind],
            missing: None,
        })
    }

    fn lease_both(
        &mut self,
        even: bool,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<Leased, Refusal> {
        let v4 = self.lease_one(Family::V4, even, caller, now);
        let v6 = self.lease_one(Family::V6, even, caller, now);
        let (binds, missing) = match (v4, v6) {
            (Ok(v4), Ok(v6)) => (vec![v4, v6], None),
            (Ok(v4), Err(refusal)) => (vec![v4], Some((Family::V6, partial(refusal)))),
            (Err(refusal), Ok(v6)) => (vec![v6], Some((Family::V4, partial(refusal)))),
            // What is not there at all says less than what there is no more of.
            (Err(Refusal::AddressFamilyNotSupported), Err(refusal)) | (Err(refusal), Err(_)) => {
                return Err(refusal);
            }
        };
        Ok(Leased { binds, missing })
    }

    fn lease_one(
        &mut self,
        family: Family,
        even: bool,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<Bind, Refusal> {
        let start = self.rng.random();
        let wanted = self.wanted(family, even, caller, start)?;
        let lease = self.settings.registry.lease(&wanted, now)?;
        let other = if even { Other::Even } else { Other::Any };
        Ok(Bind::new(lease, other))
    }

    fn wanted<'a>(
        &'a self,
        family: Family,
        even: bool,
        caller: &'a Caller<'_>,
        start: u16,
    ) -> Result<Wanted<'a>, Refusal> {
        if self.settings.own.relay(family).is_none() {
            return Err(Refusal::AddressFamilyNotSupported);
        }
        Ok(Wanted {
            worker: self.settings.worker,
            session: &caller.session,
            limits: &self.settings.limits,
            ports: Ports {
                family,
                range: &self.settings.relay_ports,
                even,
                start,
            },
        })
    }
}

impl Wish {
    /// Reads what an Allocate asks for, in the order of RFC 8656 section 7.2.
    fn of(request: &Message<'_>) -> Result<Self, Refusal> {
        let transport = optional::<RequestedTransport>(request)?.ok_or(Refusal::BadRequest)?;
        if transport.protocol() != UDP {
            return Err(Refusal::UnsupportedTransport);
        }
        let token = optional::<ReservationToken>(request)?;
        let even_port = optional::<EvenPort>(request)?;
        let requested = request.has_attribute(RequestedAddressFamily::TYPE);
        let additional = request.has_attribute(AdditionalAddressFamily::TYPE);
        optional::<Lifetime>(request)?;
        if let Some(token) = token {
            return if even_port.is_some() || requested || additional {
                Err(Refusal::BadRequest)
            } else {
                Ok(Self::Reserved(Token(token.token())))
            };
        }
        if requested && additional {
            return Err(Refusal::BadRequest);
        }
        let pair = even_port.as_ref().is_some_and(EvenPort::requested);
        let even = even_port.is_some();
        if additional {
            let family = optional::<AdditionalAddressFamily>(request)?.map(|one| one.family());
            return if pair || family != Some(AddressFamily::IPV6) {
                Err(Refusal::BadRequest)
            } else {
                Ok(Self::Both { even })
            };
        }
        let family = requested_family(request)?.unwrap_or(Family::V4);
        Ok(if pair {
            Self::Pair { family }
        } else {
            Self::One { family, even }
        })
    }
}

impl Bind {
    fn new(lease: Lease, other: Other) -> Self {
        Self {
            lease,
            other,
            bound: false,
            attempts: 0,
        }
    }
}

/// Returns the family of REQUESTED-ADDRESS-FAMILY, if there is one.
///
/// # Errors
/// 440 for a family that nobody has heard of, 400 for what is none.
pub(super) fn requested_family(request: &Message<'_>) -> Result<Option<Family>, Refusal> {
    let Some(raw) = request.raw_attribute(RequestedAddressFamily::TYPE) else {
        return Ok(None);
    };
    match RequestedAddressFamily::from_raw_ref(&raw).map(|family| family.family()) {
        Ok(AddressFamily::IPV4) => Ok(Some(Family::V4)),
        Ok(AddressFamily::IPV6) => Ok(Some(Family::V6)),
        Err(_) if raw.value.len() == 4 => Err(Refusal::AddressFamilyNotSupported),
        Err(_) => Err(Refusal::BadRequest),
    }
}

/// Returns an attribute that may be missing but not broken.
pub(super) fn optional<'a, A: AttributeFromRaw<'a> + AttributeStaticType>(
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

/// Returns what ADDRESS-ERROR-CODE says of a family that could not be had: it knows 440 and 508 (RFC 8656 section 18.12).
fn partial(refusal: Refusal) -> Refusal {
    if refusal == Refusal::AddressFamilyNotSupported {
        refusal
    } else {
        Refusal::InsufficientCapacity
    }
}

fn on_the_wire(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::IPV4,
        Family::V6 => AddressFamily::IPV6,
    }
}
