//! The server: every allocation of one worker, and the way each datagram takes.
//!
//! Owns the allocations and their timers. What is done for each method stands beside it: `requests` takes and answers them, `sign_in` finds
//! out who asks, `allocate` makes allocations and `pending` waits for their sockets, `refresh` prolongs and ends them, `reach` grants permissions and channels, `forward` is the
//! packet path, `icmp` tells of what was lost on the way.

mod allocate;
mod forward;
mod icmp;
mod pending;
mod reach;
mod refresh;
mod requests;
mod sign_in;

use crate::{
    AllocationEvent, AllocationId, AllocationView, Counters, DropReason, EndReason, Family,
    FiveTuple, Now, Output, PeerAddr, RelayedPort, SessionName, Settings, ToClient, ToPeer,
    allocation::Allocation,
    allocations::{Allocations, Key},
    nonce::Nonces,
    registry::Token,
    timers::Timers,
};
use forward::Indications;
use pending::Pending;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::VecDeque,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Instant,
};
use stun::DatagramClass;

pub use icmp::IcmpError;
pub use pending::BindError;

/// What a server waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The first end of a relayed address of this allocation.
    Allocation(Key),
    /// The end of a reservation.
    Reservation(Token),
}

/// A TURN server without sockets and without a clock (RFC 8489, RFC 8656).
///
/// After each input the shell drains [`Server::poll_output`] until it is `None`, then waits for the next input or until
/// [`Server::next_deadline`].
pub struct Server {
    settings: Settings,
    nonces: Nonces,
    rng: StdRng,
    allocations: Allocations,
    /// Allocations whose relay sockets are being bound: few, as long as that is quick.
    pending: Vec<Pending>,
    timers: Timers<Timer>,
    /// Allocations that were ever made.
    made: u64,
    indications: Indications,
    outputs: VecDeque<Output>,
    counters: Counters,
}

impl Server {
    /// Makes a server whose ports and transaction ids come from `seed`.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        let mut rng = StdRng::from_seed(seed);
        Self {
            nonces: Nonces::new(&settings.nonce_key),
            allocations: Allocations::new(rng.random()),
            indications: Indications::from(rng.random()),
            rng,
            settings,
            pending: Vec::new(),
            timers: Timers::new(),
            made: 0,
            outputs: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Takes a datagram from a client, or a frame from its stream without the padding. Returns where the shell sends its payload, uncopied, if it
    /// was relayed data; an answer waits in [`Server::poll_output`].
    pub fn handle_client(&mut self, from: FiveTuple, datagram: &[u8], now: Now) -> Option<ToPeer> {
        self.handle_timeout(now);
        match DatagramClass::of(datagram) {
            DatagramClass::ChannelData => self.forward_channel_data(from, datagram, now.mono),
            DatagramClass::Stun => self.handle_message(from, datagram, now),
            DatagramClass::Dtls | DatagramClass::Rtp | DatagramClass::Unknown => {
                self.drop(DropReason::Malformed)
            }
        }
    }

    /// Takes a datagram for a relayed address: from its socket, from another worker, or from a peer in this process. Returns to which client the
    /// shell sends it, uncopied, and in which frame.
    pub fn handle_peer(
        &mut self,
        on: RelayedPort,
        from: PeerAddr,
        datagram: &[u8],
        now: Now,
    ) -> Option<ToClient> {
        self.handle_timeout(now);
        self.forward_from_peer(on, from, datagram.len(), now.mono)
    }

    /// Takes an ICMP error that came for a datagram out of a relay socket. If its client has permitted that peer, a Data indication tells it.
    pub fn handle_icmp(&mut self, on: RelayedPort, error: IcmpError, now: Now) {
        self.handle_timeout(now);
        self.tell_of_icmp(on, error, now.mono);
    }

    /// Takes the end of a stream: what its client held ends with it.
    pub fn handle_closed(&mut self, from: FiveTuple, now: Now) {
        self.handle_timeout(now);
        self.abandon(|pending| pending.from == from);
        if let Some(key) = self.allocations.of(&from) {
            self.end_of(key, EndReason::Closed, now.mono);
        }
    }

    /// Takes the result of an [`Output::Bind`].
    pub fn handle_bound(&mut self, port: RelayedPort, result: Result<(), BindError>) {
        self.finish_bind(port, result);
    }

    /// Ends what has expired.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some((at, timer)) = self.timers.pop(now.mono) {
            match timer {
                Timer::Allocation(key) => self.expire(key, at),
                Timer::Reservation(token) => self.settings.registry.expire(token),
            }
        }
    }

    /// Ends every allocation of `session` at once. Its credentials stay what they are.
    pub fn revoke(&mut self, session: &SessionName, now: Now) {
        self.abandon(|pending| pending.session == *session);
        let held = self.allocations.iter();
        let held = held.filter(|(_, allocation)| allocation.session == *session);
        for key in held.map(|(key, _)| key).collect::<Vec<_>>() {
            self.end_of(key, EndReason::Revoked, now.mono);
        }
    }

    /// Ends one allocation at once. Returns whether it lived.
    pub fn end(&mut self, id: AllocationId, now: Now) -> bool {
        let mut living = self.allocations.iter();
        let found = living.find(|(_, allocation)| allocation.id == id);
        let Some(key) = found.map(|(key, _)| key) else {
            return false;
        };
        drop(living);
        self.end_of(key, EndReason::Removed, now.mono);
        true
    }

    /// Ends every allocation and reservation, as the server goes away.
    pub fn stop(&mut self, now: Now) {
        self.abandon(|_| true);
        let living = self.allocations.iter().map(|(key, _)| key);
        for key in living.collect::<Vec<_>>() {
            self.end_of(key, EndReason::Stopped, now.mono);
        }
        for timer in self.timers.take() {
            if let Timer::Reservation(token) = timer {
                self.settings.registry.expire(token);
            }
        }
    }

    /// Returns the next thing for the shell to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns when [`Server::handle_timeout`] has something to do.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Returns what was counted so far.
    pub fn counters(&self) -> Counters {
        Counters {
            allocations: self.allocations.len() as u64,
            ..self.counters
        }
    }

    /// Returns every allocation that lives.
    pub fn allocations(&self) -> impl Iterator<Item = AllocationView> {
        let view = |(_, allocation): (Key, &Allocation)| AllocationView {
            id: allocation.id,
            session: allocation.session.clone(),
            five_tuple: allocation.five_tuple,
            relayed: self.relayed_addresses(allocation),
            started: allocation.started,
            expires: allocation.last_end(),
            to_peers: allocation.to_peers,
            to_client: allocation.to_client,
        };
        self.allocations.iter().map(view)
    }

    /// Returns whether the client of `five_tuple` has an allocation, or has asked for one.
    pub fn has_allocation(&self, five_tuple: &FiveTuple) -> bool {
        self.allocations.of(five_tuple).is_some() || self.is_pending(five_tuple)
    }

    /// Replaces what is known of the host's addresses.
    pub fn set_host_addresses(&mut self, host: Vec<IpAddr>) {
        self.settings.own.host = host;
    }

    /// Ends an allocation and gives back what it held.
    fn end_of(&mut self, key: Key, reason: EndReason, now: Instant) {
        let ended = self.allocations.remove(key);
        if let Some(at) = ended.relays.first_end() {
            self.timers.clear(at, Timer::Allocation(key));
        }
        let (five_tuple, relayed) = (ended.five_tuple, self.relayed_addresses(&ended));
        for relay in ended.relays.iter() {
            self.outputs.push_back(Output::Unbind(relay.lease.port()));
        }
        let client = five_tuple.client.ip();
        self.settings.peers.vanished(&ended.session, client);
        self.settings.strangers.signed_out(client);
        self.outputs
            .push_back(Output::Event(AllocationEvent::Ended {
                id: ended.id,
                session: ended.session,
                five_tuple,
                relayed,
                age: now.saturating_duration_since(ended.started),
                to_peers: ended.to_peers,
                to_client: ended.to_client,
                reason,
            }));
    }

    /// Returns the allocation of `five_tuple`.
    fn allocation(&self, five_tuple: &FiveTuple) -> Option<&Allocation> {
        self.allocations
            .of(five_tuple)
            .map(|key| &self.allocations[key])
    }

    fn relayed_addresses(&self, allocation: &Allocation) -> Vec<SocketAddr> {
        let ports = allocation.relays.iter().map(|relay| relay.lease.port());
        ports.map(|port| self.relayed_address(port)).collect()
    }

    fn relayed_address(&self, port: RelayedPort) -> SocketAddr {
        // A port is only leased of a family that has an address.
        let ip = self.settings.own.relay(port.family);
        let ip = ip.unwrap_or(match port.family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        });
        SocketAddr::new(ip, port.port)
    }

    /// Counts a datagram that goes no further.
    fn drop<T>(&mut self, reason: DropReason) -> Option<T> {
        self.counters.dropped(reason);
        None
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("settings", &self.settings)
            .field("allocations", &self.allocations.len())
            .finish_non_exhaustive()
    }
}
