//! The server: every allocation of one worker, and the way each datagram takes.
//!
//! Owns the allocations and their deadlines. What is done for each method stands beside it: `requests` takes and answers them, `sign_in` finds out who asks,
//! `allocate` makes, refreshes and ends allocations, `reach` grants permissions and channels, `forward` is the packet path.

mod allocate;
mod forward;
mod reach;
mod requests;
mod sign_in;

use crate::{
    AllocationEvent, AllocationId, AllocationView, Counters, CredentialLimits, DropReason,
    EndReason, Family, FiveTuple, Issued, Now, Output, OwnAddresses, PeerAddr, PeerPolicy,
    Registry, RelayedPort, Secret, SessionName, Strangers, ToClient, ToPeer, WorkerId,
    allocation::Allocation, nonce::Nonces,
};
use allocate::Pending;
use rand::{SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    hash::{BuildHasherDefault, DefaultHasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
    sync::Arc,
    time::Instant,
};
use stun::DatagramClass;

pub use allocate::BindError;

/// What nobody may have more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Relayed addresses in all.
    pub allocations: usize,
    /// Relayed addresses of one user. A browser makes one for each URL, interface and address family.
    pub allocations_per_user: usize,
    /// Permissions of one allocation.
    pub permissions: usize,
    /// Channels of one allocation.
    pub channels: usize,
    /// Payload bytes that one user sends and receives in a second.
    pub user_bytes_per_second: u64,
    /// Packets that one user sends and receives in a second.
    pub user_packets_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allocations: 4096,
            allocations_per_user: 48,
            permissions: 64,
            channels: 64,
            user_bytes_per_second: 12_500_000,
            user_packets_per_second: 20_000,
        }
    }
}

/// What a server is made of.
pub struct Settings {
    /// The realm of the credentials.
    pub realm: String,
    /// The secrets that credentials may be made with. With none, nobody can sign in.
    pub secrets: Vec<Secret>,
    /// How long credentials may live.
    pub credentials: CredentialLimits,
    /// The usernames that were issued: the same for all servers of a relay.
    pub issued: Arc<Issued>,
    /// What nonces are made with: the same for all servers of a relay, so that each knows those of the others.
    pub nonce_key: [u8; 32],
    /// What strangers are answered: the same for all servers of a relay.
    pub strangers: Arc<Strangers>,
    /// The ports of relayed addresses.
    pub relay_ports: RangeInclusive<u16>,
    /// The server's own addresses.
    pub own: OwnAddresses,
    /// Who may reach whom.
    pub peers: Arc<dyn PeerPolicy>,
    /// What nobody may have more of: the same for all servers of a relay.
    pub limits: Limits,
    /// What all servers of a relay hold in common.
    pub registry: Arc<Registry>,
    /// Which of them this is.
    pub worker: WorkerId,
    /// There are peers in this process, at the addresses of the listeners.
    pub inside: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = f.debug_struct("Settings");
        settings
            .field("realm", &self.realm)
            .field("relay_ports", &self.relay_ports)
            .field("own", &self.own);
        settings
            .field("limits", &self.limits)
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

/// Keys are five-tuples of clients that have signed in, so nobody else can aim at a bucket, and no randomness is needed.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// A TURN server without sockets and without a clock (RFC 8489, RFC 8656).
///
/// After each input the shell drains [`Server::poll_output`] until it is `None`, then waits for the next input or until
/// [`Server::next_deadline`].
pub struct Server {
    settings: Settings,
    nonces: Nonces,
    rng: StdRng,
    allocations: Map<FiveTuple, Allocation>,
    /// Allocations whose relay socket is being bound.
    pending: Map<FiveTuple, Pending>,
    /// Whose each relayed port is; of pending ones too.
    ports: Map<RelayedPort, FiveTuple>,
    /// The allocations of each session; pending ones too.
    sessions: BTreeMap<SessionName, Vec<FiveTuple>>,
    deadlines: BTreeSet<(Instant, FiveTuple)>,
    /// Allocations that were ever made.
    made: u64,
    outputs: VecDeque<Output>,
    counters: Counters,
}

impl Server {
    /// Makes a server whose ports and transaction ids come from `seed`.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        Self {
            nonces: Nonces::new(&settings.nonce_key),
            rng: StdRng::from_seed(seed),
            settings,
            allocations: Map::default(),
            pending: Map::default(),
            ports: Map::default(),
            sessions: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            made: 0,
            outputs: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Takes a datagram from a client. Returns where the shell sends its payload, uncopied, if it was relayed data; an answer waits in
    /// [`Server::poll_output`].
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

    /// Takes a datagram that came to a relay socket. Returns to which client the shell sends it, uncopied, and in which frame.
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

    /// Takes the end of a stream: what its client held ends with it.
    pub fn handle_closed(&mut self, from: FiveTuple, now: Now) {
        self.end_of(from, EndReason::Closed, now.mono);
    }

    /// Takes the result of an [`Output::Bind`].
    pub fn handle_bound(&mut self, port: RelayedPort, result: Result<(), BindError>) {
        self.finish_allocate(port, result);
    }

    /// Ends what has expired.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(&(deadline, five_tuple)) = self.deadlines.first()
            && deadline <= now.mono
        {
            self.deadlines.pop_first();
            self.end_of(five_tuple, EndReason::Expired, deadline);
        }
    }

    /// Ends every allocation of `session` at once. Its credentials stay what they are.
    pub fn revoke(&mut self, session: &SessionName, now: Now) {
        for five_tuple in self.sessions.get(session).cloned().unwrap_or_default() {
            self.end_of(five_tuple, EndReason::Revoked, now.mono);
        }
    }

    /// Ends one allocation at once. Returns whether it lived.
    pub fn end(&mut self, id: AllocationId, now: Now) -> bool {
        let mut living = self.allocations.iter();
        let Some((&five_tuple, _)) = living.find(|(_, allocation)| allocation.id == id) else {
            return false;
        };
        self.end_of(five_tuple, EndReason::Removed, now.mono);
        true
    }

    /// Returns every allocation that lives.
    pub fn allocations(&self) -> impl Iterator<Item = AllocationView> {
        self.allocations
            .iter()
            .map(|(five_tuple, allocation)| AllocationView {
                id: allocation.id,
                session: allocation.session.clone(),
                five_tuple: *five_tuple,
                relayed: self.relayed_addresses(allocation),
                started: allocation.started,
                to_peers: allocation.to_peers,
                to_client: allocation.to_client,
            })
    }

    /// Returns whether the client of `five_tuple` has an allocation, or has asked for one.
    pub fn has_allocation(&self, five_tuple: &FiveTuple) -> bool {
        self.allocations.contains_key(five_tuple) || self.pending.contains_key(five_tuple)
    }

    /// Ends every allocation, as the server goes away.
    pub fn stop(&mut self, now: Now) {
        let five_tuples: Vec<_> = self
            .pending
            .keys()
            .chain(self.allocations.keys())
            .copied()
            .collect();
        for five_tuple in five_tuples {
            self.end_of(five_tuple, EndReason::Stopped, now.mono);
        }
    }

    /// Returns the next thing for the shell to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns when [`Server::handle_timeout`] has something to do.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Returns what was counted so far.
    pub fn counters(&self) -> Counters {
        Counters {
            allocations: self.allocations.len() as u64,
            ..self.counters
        }
    }

    /// Replaces what is known of the host's addresses.
    pub fn set_host_addresses(&mut self, host: Vec<IpAddr>) {
        self.settings.own.host = host;
    }

    /// Ends the allocation of `five_tuple`, pending or not, and frees its port.
    fn end_of(&mut self, five_tuple: FiveTuple, reason: EndReason, now: Instant) {
        if let Some(pending) = self.pending.remove(&five_tuple) {
            self.ports.remove(&pending.lease.port());
            self.forget(&pending.session, five_tuple);
            // The shell binds the port or has done so; `finish_allocate` finds it nobody's.
            return;
        }
        let Some(ended) = self.allocations.remove(&five_tuple) else {
            return;
        };
        let port = ended.lease.port();
        self.ports.remove(&port);
        self.deadlines.remove(&(ended.expires, five_tuple));
        self.forget(&ended.session, five_tuple);
        self.outputs.push_back(Output::Unbind(port));
        let client = five_tuple.client.ip();
        self.settings.peers.vanished(&ended.session, client);
        self.settings.strangers.signed_out(client);
        self.outputs
            .push_back(Output::Event(AllocationEvent::Ended {
                id: ended.id,
                five_tuple,
                relayed: self.relayed_addresses(&ended),
                age: now.saturating_duration_since(ended.started),
                to_peers: ended.to_peers,
                to_client: ended.to_client,
                session: ended.session,
                reason,
            }));
    }

    fn forget(&mut self, session: &SessionName, five_tuple: FiveTuple) {
        if let Some(five_tuples) = self.sessions.get_mut(session) {
            five_tuples.retain(|other| *other != five_tuple);
            if five_tuples.is_empty() {
                self.sessions.remove(session);
            }
        }
    }

    /// Returns the allocation of `five_tuple`.
    fn allocation(&self, five_tuple: &FiveTuple) -> Option<&Allocation> {
        self.allocations.get(five_tuple)
    }

    fn relayed_addresses(&self, allocation: &Allocation) -> Vec<SocketAddr> {
        vec![self.relayed_address(allocation.lease.port())]
    }

    fn relayed_address(&self, port: RelayedPort) -> SocketAddr {
        let relay = self.settings.own.relay(port.family);
        let unspecified = || match port.family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        };
        SocketAddr::new(relay.unwrap_or_else(unspecified), port.port)
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
