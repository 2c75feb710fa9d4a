//! Allocates that wait for their relay sockets, and what becomes of them.

use super::{Server, Timer};
use crate::{
    AllocationEvent, AllocationId, Family, FiveTuple, Now, Output, Refusal, RelayedPort,
    SessionName,
    allocation::{Allocation, Extra, Relay, Relays, granted_lifetime},
    channels::Channels,
    connects::Connects,
    permissions::Permissions,
    registry::{Lease, Ports, Token},
};
use rand::RngExt;
use std::{ops::RangeInclusive, time::Duration};
use stun::{Answer, Lifetime, Signer};

/// How many ports are tried before a request is refused: one may be in use by somebody else on the host.
const ATTEMPTS: u8 = 8;

/// How long a port is kept for who brings the token (RFC 8656 section 7.2).
const RESERVATION: Duration = Duration::from_secs(30);

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

/// An Allocate that waits for its relay sockets.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) from: FiveTuple,
    pub(super) session: SessionName,
    pub(super) username: Box<str>,
    pub(super) signer: Signer,
    pub(super) request: Vec<u8>,
    pub(super) at: Now,
    /// One for each family it gets.
    pub(super) binds: Vec<Bind>,
    /// Which family it does not get, and why.
    pub(super) missing: Option<(Family, Refusal)>,
}

/// A relay socket that is being bound.
#[derive(Debug)]
pub(super) struct Bind {
    pub(super) lease: Lease,
    pub(super) other: Other,
    pub(super) bound: bool,
    pub(super) attempts: u8,
}

/// Which port will do as well.
#[derive(Debug)]
pub(super) enum Other {
    /// Any.
    Any,
    /// An even one.
    Even,
    /// An even one with a free one above it, which is leased here.
    Pair(Lease),
    /// None: it was kept for this request.
    None,
}

impl Server {
    pub(super) fn is_pending(&self, from: &FiveTuple) -> bool {
        self.pending.iter().any(|pending| pending.from == *from)
    }

    /// Begins to bind what `pending` leased.
    pub(super) fn wait(&mut self, pending: Pending) {
        let ports = pending.binds.iter().map(|bind| bind.lease.port());
        self.outputs.extend(ports.map(Output::Bind));
        self.pending.push(pending);
    }

    pub(super) fn finish_bind(&mut self, port: RelayedPort, result: Result<(), BindError>) {
        let waits = |bind: &Bind| bind.lease.port() == port && !bind.bound;
        let Some((at, bind)) = self.pending.iter().enumerate().find_map(|(at, pending)| {
            let bind = pending.binds.iter().position(waits)?;
            Some((at, bind))
        }) else {
            // Whom it was for has gone.
            if result.is_ok() {
                self.outputs.push_back(Output::Unbind(port));
            }
            return;
        };
        let (start, pending) = (self.rng.random(), &mut self.pending[at]);
        match result {
            Ok(()) => pending.binds[bind].bound = true,
            Err(error) => {
                let range = &self.settings.relay_ports;
                if error == BindError::InUse && pending.binds[bind].change(range, start) {
                    let port = pending.binds[bind].lease.port();
                    self.outputs.push_back(Output::Bind(port));
                } else {
                    pending.binds.remove(bind);
                    pending.missing = Some((port.family, Refusal::InsufficientCapacity));
                }
            }
        }
        if pending.binds.iter().all(|bind| bind.bound) {
            let pending = self.pending.swap_remove(at);
            if pending.binds.is_empty() {
                self.refuse_pending(&pending);
            } else {
                self.start(pending);
            }
        }
    }

    /// Forgets the pending allocations that `gone` says.
    pub(super) fn abandon(&mut self, gone: impl Fn(&Pending) -> bool) {
        for pending in self.pending.extract_if(.., |pending| gone(pending)) {
            // What is not bound yet, `finish_bind` finds nobody's.
            let bound = pending.binds.iter().filter(|bind| bind.bound);
            self.outputs
                .extend(bound.map(|bind| Output::Unbind(bind.lease.port())));
        }
    }

    fn start(&mut self, pending: Pending) {
        let request = stun::read_request(&pending.request).expect("it was read before it was kept");
        let requested = request.attribute::<Lifetime>().ok();
        let lifetime = granted_lifetime(requested.map(|lifetime| lifetime.seconds()));
        let (from, now) = (pending.from, pending.at.mono);
        let (mut relays, mut reserved) = (Relays::default(), None);
        for bind in pending.binds {
            relays.insert(Relay {
                lease: bind.lease,
                expires: now + lifetime,
            });
            if let Other::Pair(above) = bind.other {
                reserved = Some(self.reserve(above, pending.at));
            }
        }
        let allocation = Allocation {
            id: AllocationId::new(self.settings.worker, self.made),
            five_tuple: from,
            session: pending.session,
            username: pending.username,
            signer: pending.signer,
            transaction: request.transaction_id(),
            extra: Extra {
                reserved,
                missing: pending.missing,
            },
            relays,
            started: now,
            permissions: Permissions::default(),
            channels: Channels::default(),
            connects: Connects::default(),
            to_peers: Default::default(),
            to_client: Default::default(),
        };
        self.made += 1;
        self.counters.allocated += 1;
        let answer = self
            .allocated(&allocation, &request, now)
            .finish(Some(&allocation.signer), stun::fingerprinted(&request));
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
        let key = self.allocations.insert(allocation);
        self.timers.set(now + lifetime, Timer::Allocation(key));
    }

    /// Keeps `lease` for who brings the token that is returned.
    fn reserve(&mut self, lease: Lease, now: Now) -> Token {
        let (token, until) = (Token(self.rng.random()), now.mono + RESERVATION);
        self.settings.registry.reserve(token, lease, until);
        self.timers.set(until, Timer::Reservation(token));
        token
    }

    fn refuse_pending(&mut self, pending: &Pending) {
        let request = stun::read_request(&pending.request).expect("it was read before it was kept");
        let refusal = Refusal::InsufficientCapacity;
        self.counters.refused(refusal);
        self.tell_refused(pending.from, &pending.session, refusal.into());
        let answer = Answer::error(&request, refusal.code(), refusal.reason());
        let message = answer.finish(Some(&pending.signer), stun::fingerprinted(&request));
        self.transmit(pending.from, message);
    }
}

impl Bind {
    /// Leases another port in place of this one. Returns whether there was one that will do.
    fn change(&mut self, range: &RangeInclusive<u16>, start: u16) -> bool {
        self.attempts += 1;
        let ports = Ports {
            family: self.lease.port().family,
            range,
            even: !matches!(self.other, Other::Any),
            start,
        };
        self.attempts < ATTEMPTS
            && match &mut self.other {
                Other::Any | Other::Even => self.lease.change(&ports),
                Other::Pair(above) => self.lease.change_pair(above, &ports),
                Other::None => false,
            }
    }
}
