//! Whatever comes in whatever order, at two workers of one relay: no panic, no datagram without permission, no timer, port or entry that stays.

use crate::support::{
    Client, PEER, RELAY, RELAY_V6, Relay, Relayed, RelayedPort, Reply, Request, UDP, port,
};
use proptest::prelude::*;
use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use stun::{AdditionalAddressFamily, AddressFamily, EvenPort, Lifetime, ReservationToken, method};
use turn::{BindError, Family, IcmpError, Now, PeerAddr, Settings, Transport, UnixSeconds, Usage};

/// One thing that happens. Clients, sessions, peers and channels are told by small numbers.
#[derive(Debug, Clone)]
enum Step {
    Allocate(usize, Ask, Vec<Option<BindError>>),
    Refresh(usize, u32, Option<Family>),
    Permit(usize, Vec<usize>),
    Bind(usize, u16, usize),
    Send(usize, usize),
    SendChannel(usize, u16),
    /// From one client to where another is relayed.
    SendRelayed(usize, usize, Family),
    Receive(usize, usize),
    Icmp(usize, usize),
    Close(usize),
    End(usize),
    Revoke(usize),
    Ban(usize, u64),
    Advance(u64),
    Garbage(usize, Vec<u8>),
    Mutated(usize, usize, u8),
}

/// What an Allocate asks for.
#[derive(Debug, Clone, Copy)]
enum Ask {
    One(Family),
    Both,
    Pair,
    /// What was kept last.
    Reserved,
}

/// Two sessions of one user, and another user's.
const SESSIONS: [&str; 3] = ["alice.phone", "alice.desk", "bob"];
const CLIENTS: usize = 6;
const WORKERS: usize = 2;
/// Relayed addresses that one user may have: fewer than its clients can ask for.
const QUOTA: usize = 7;
const PEERS: [&str; 6] = [
    PEER,
    "8.8.8.8:5001",
    "1.1.1.1:5000",
    "[2a00:1450::1]:5000",
    "198.51.100.7:0",
    "[2001:db8::7]:0",
];

fn step() -> impl Strategy<Value = Step> {
    let error = prop_oneof![Just(BindError::InUse), Just(BindError::Exhausted)];
    let binds = prop::collection::vec(prop::option::weighted(0.3, error), 0..3);
    let family = || prop_oneof![Just(Family::V4), Just(Family::V6)];
    let ask = prop_oneof![
        4 => family().prop_map(Ask::One),
        3 => Just(Ask::Both),
        2 => Just(Ask::Pair),
        2 => Just(Ask::Reserved),
    ];
    let lifetime = prop_oneof![Just(0), 0..4000u32];
    let seconds = prop_oneof![0..40u64, 100..700u64];
    let bytes = prop::collection::vec(any::<u8>(), 0..80);
    let (client, peer, channel) = (|| 0..CLIENTS, || 0..PEERS.len(), || 0x4000..0x4003u16);
    let peers = prop::collection::vec(peer(), 1..4);
    let session = || 0..SESSIONS.len();
    prop_oneof![
        5 => (client(), ask, binds).prop_map(|(client, ask, binds)| Step::Allocate(client, ask, binds)),
        2 => (client(), lifetime, prop::option::of(family())).prop_map(|(client, lifetime, family)| Step::Refresh(client, lifetime, family)),
        4 => (client(), peers).prop_map(|(client, peers)| Step::Permit(client, peers)),
        3 => (client(), channel(), peer()).prop_map(|(client, channel, peer)| Step::Bind(client, channel, peer)),
        3 => (client(), peer()).prop_map(|(client, peer)| Step::Send(client, peer)),
        3 => (client(), channel()).prop_map(|(client, channel)| Step::SendChannel(client, channel)),
        5 => (client(), client(), family()).prop_map(|(client, to, family)| Step::SendRelayed(client, to, family)),
        3 => (client(), peer()).prop_map(|(client, peer)| Step::Receive(client, peer)),
        1 => (client(), peer()).prop_map(|(client, peer)| Step::Icmp(client, peer)),
        1 => client().prop_map(Step::Close),
        1 => client().prop_map(Step::End),
        1 => session().prop_map(Step::Revoke),
        1 => (session(), 1..400u64).prop_map(|(session, seconds)| Step::Ban(session, seconds)),
        3 => seconds.prop_map(Step::Advance),
        1 => (client(), bytes).prop_map(|(client, bytes)| Step::Garbage(client, bytes)),
        1 => (client(), 0..120usize, any::<u8>()).prop_map(|(client, at, byte)| Step::Mutated(client, at, byte)),
    ]
}

proptest! {
    #[test]
    fn no_sequence_passes_a_datagram_without_permission_or_leaves_anything_behind(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for (at, step) in steps.into_iter().enumerate() {
            world.take(step);
            world.check_bound();
            if at % 10 == 0 {
                world.check_held();
            }
        }
        world.check_held();
        world.advance(3600);
        for relay in &world.relays {
            prop_assert!(relay.bound.is_empty());
            prop_assert_eq!(relay.server.next_deadline(), None);
            prop_assert_eq!(relay.server.counters().allocations, 0);
        }
        let usage = world.relays[0].registry.usage();
        prop_assert_eq!(Usage { bans: 0, ..usage }, Usage::default());
    }
}

/// The relay and what the test believes of it.
struct World {
    relays: Vec<Relay>,
    clients: Vec<Client>,
    /// The relayed addresses of each client, and when each ends.
    relayed: HashMap<(usize, Family), (SocketAddr, Instant)>,
    /// Until when each client permits each address.
    permissions: HashMap<(usize, IpAddr), Instant>,
    /// Until when each session is banned.
    bans: HashMap<usize, UnixSeconds>,
    /// The last token that was told.
    token: u64,
}

impl World {
    fn new() -> Self {
        let dual = |settings: &mut Settings| {
            settings.own.relay_v6 = Some(RELAY_V6.parse().unwrap());
            settings.limits.allocations_per_user = QUOTA;
        };
        let first = Relay::with(dual);
        let second = first.sibling(1, dual);
        let client = |at: usize| {
            let session = SESSIONS[at % SESSIONS.len()];
            let mut client = Client::of(session, &format!("9.9.9.9:{}", 1000 + at));
            client.five_tuple.transport = Transport::ALL[at % Transport::ALL.len()];
            client
        };
        Self {
            relays: vec![first, second],
            clients: (0..CLIENTS).map(client).collect(),
            relayed: HashMap::new(),
            permissions: HashMap::new(),
            bans: HashMap::new(),
            token: 0,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Allocate(client, ask, binds) => self.allocate(client, ask, binds),
            Step::Refresh(client, lifetime, family) => self.refresh(client, lifetime, family),
            Step::Permit(client, peers) => self.ask_permission(client, &peers),
            Step::Bind(client, channel, peer) => {
                let request = self.relay(client).request(method::CHANNEL_BIND);
                let request = request.channel(channel).peer(PEERS[peer]);
                if self.ask(client, request).code().is_none() {
                    assert!(self.lives(client, family(peer)));
                    self.permit(client, peer);
                }
            }
            Step::Send(client, peer) => {
                let sender = self.clients[client].clone();
                let sent = self.relay(client).send(&sender, PEERS[peer], b"data");
                let peer: SocketAddr = PEERS[peer].parse().unwrap();
                let may = self.permits(client, peer) && peer.port() != 0;
                assert_eq!(sent.is_some(), may);
            }
            Step::SendChannel(client, channel) => {
                let sender = self.clients[client].clone();
                if let Some(sent) = self.relay(client).send_channel(&sender, channel, b"data") {
                    let Relayed::ToPeer(_, peer, _) = sent else {
                        panic!("no channel leads to a relayed address");
                    };
                    assert!(self.permits(client, peer));
                }
            }
            Step::SendRelayed(client, to, family) => self.send_relayed(client, to, family),
            Step::Receive(client, peer) => {
                if let Some((relayed, _)) = self.relayed.get(&(client, family(peer))).copied() {
                    let received = self.relay(client).receive(PEERS[peer], relayed, b"data");
                    let peer: SocketAddr = PEERS[peer].parse().unwrap();
                    let may = self.permits(client, peer) && peer.port() != 0;
                    assert_eq!(received.is_some(), may);
                }
            }
            Step::Icmp(client, peer) => {
                if let Some((relayed, _)) = self.relayed.get(&(client, family(peer))).copied() {
                    let peer: SocketAddr = PEERS[peer].parse().unwrap();
                    let (kind, code) = (3, 3);
                    let error = IcmpError {
                        peer: peer.into(),
                        kind,
                        code,
                        data: 0,
                    };
                    let (now, relay) = (self.now(), self.relay(client));
                    relay.server.handle_icmp(port(relayed), error, now);
                    let told = relay.said().is_some();
                    assert_eq!(told, self.permits(client, peer));
                }
            }
            Step::Close(client) => {
                let (from, now) = (self.clients[client].five_tuple, self.now());
                self.relay(client).server.handle_closed(from, now);
                self.relay(client).drain();
                self.forget(client, None);
            }
            Step::End(client) => {
                let (from, now) = (self.clients[client].five_tuple, self.now());
                let relay = self.relay(client);
                let view = relay
                    .server
                    .allocations()
                    .find(|view| view.five_tuple == from);
                let ended = view.is_some_and(|view| relay.server.end(view.id, now));
                relay.drain();
                assert_eq!(ended, self.lives_at_all(client));
                self.forget(client, None);
            }
            Step::Revoke(session) => self.revoke(session),
            Step::Ban(session, seconds) => {
                let until = UnixSeconds(UnixSeconds::from(self.now().unix).0 + seconds);
                let name = SESSIONS[session].parse().unwrap();
                self.relays[0].registry.ban(name, until);
                let known = self.bans.entry(session).or_insert(until);
                *known = until.max(*known);
                self.revoke(session);
            }
            Step::Advance(seconds) => self.advance(seconds),
            Step::Garbage(client, bytes) => {
                let (from, now) = (self.clients[client].five_tuple, self.now());
                let relay = self.relay(client);
                let passed = relay.server.handle_client(from, &bytes, now).is_some();
                assert!(relay.answers() <= 1);
                assert!(!passed || self.lives_at_all(client));
            }
            Step::Mutated(client, at, byte) => {
                let (sender, now) = (self.clients[client].clone(), self.now());
                let relay = self.relay(client);
                let request = relay.request(method::REFRESH).lifetime(0);
                let mut bytes = request.signed(&sender);
                let at = at % bytes.len();
                // Every byte is covered by the integrity, so the allocation stays.
                if bytes[at] != byte {
                    bytes[at] = byte;
                    let passed = relay.server.handle_client(sender.five_tuple, &bytes, now);
                    assert!(passed.is_none() && relay.answers() <= 1);
                }
            }
        }
    }

    fn allocate(&mut self, client: usize, ask: Ask, binds: Vec<Option<BindError>>) {
        let request = self.relay(client).request(method::ALLOCATE).transport(UDP);
        let request = match ask {
            Ask::One(family) => request.family(family),
            Ask::Both => request.attribute(&AdditionalAddressFamily::new(AddressFamily::IPV6)),
            Ask::Pair => request.attribute(&EvenPort::new(true)),
            Ask::Reserved => request.attribute(&ReservationToken::new(self.token)),
        };
        self.challenge(client);
        let binds = binds.into_iter().map(|bind| bind.map_or(Ok(()), Err));
        self.relay(client).binds = binds.collect();
        let reply = self.relays[client % WORKERS].ask(&mut self.clients[client], request);
        self.relay(client).binds.clear();
        if self.lives_at_all(client) {
            return assert_eq!(reply.code(), Some(437));
        }
        if self.is_banned(client) {
            return assert_eq!(reply.code(), Some(401));
        }
        self.forget(client, None);
        if reply.code().is_some() {
            return;
        }
        let ends = self.now().mono + Duration::from_secs(600);
        for relayed in reply.all_relayed() {
            let family = Family::of(relayed.ip());
            let ours = if family == Family::V4 {
                RELAY
            } else {
                RELAY_V6
            };
            assert_eq!(relayed.ip().to_string(), ours);
            self.relayed.insert((client, family), (relayed, ends));
        }
        assert!(self.lives_at_all(client));
        if let Ok(token) = reply.message().attribute::<ReservationToken>() {
            self.token = token.token();
        }
    }

    fn refresh(&mut self, client: usize, lifetime: u32, family: Option<Family>) {
        let request = self.relay(client).request(method::REFRESH);
        let request = request.lifetime(lifetime);
        let request = match family {
            Some(family) => request.family(family),
            None => request,
        };
        let reply = self.ask(client, request);
        let expected = match family {
            _ if !self.lives_at_all(client) => Some(437),
            Some(family) if !self.lives(client, family) => Some(443),
            Some(_) | None => None,
        };
        assert_eq!(reply.code(), expected);
        if expected.is_some() {
            return;
        }
        if lifetime == 0 {
            return self.forget(client, family);
        }
        let granted = reply.message().attribute::<Lifetime>().unwrap().seconds();
        let ends = self.now().mono + Duration::from_secs(granted.into());
        for one in [Family::V4, Family::V6] {
            if family.is_none_or(|family| family == one)
                && self.lives(client, one)
                && let Some((_, until)) = self.relayed.get_mut(&(client, one))
            {
                *until = ends;
            }
        }
    }

    fn ask_permission(&mut self, client: usize, peers: &[usize]) {
        let mut request = self.relay(client).request(method::CREATE_PERMISSION);
        for peer in peers {
            request = request.peer(PEERS[*peer]);
        }
        let granted = self.ask(client, request).code().is_none();
        let good = peers.iter().all(|peer| self.lives(client, family(*peer)));
        assert_eq!(granted, good);
        if granted {
            peers.iter().for_each(|peer| self.permit(client, *peer));
        }
    }

    /// Sends to where `to` is, or was, relayed: it arrives at whoever is relayed there, if both permit the other.
    fn send_relayed(&mut self, client: usize, to: usize, family: Family) {
        let Some((there, _)) = self.relayed.get(&(to, family)).copied() else {
            return;
        };
        let sender = self.clients[client].clone();
        let arrived = match self
            .relay(client)
            .send(&sender, &there.to_string(), b"data")
        {
            None => None,
            Some(Relayed::ToClient(five_tuple, _)) => Some((client % WORKERS, five_tuple)),
            Some(Relayed::ToWorker(worker, on, from, payload)) => {
                let here = self.relayed[&(client, family)].0;
                assert_eq!((on, from), (port(there), PeerAddr::from(here)));
                let (worker, now) = (usize::from(worker.0), self.now());
                assert_ne!(worker, client % WORKERS);
                assert!(self.permits(client, there));
                let server = &mut self.relays[worker].server;
                let to = server.handle_peer(on, from, &payload, now);
                to.map(|to| (worker, to.to))
            }
            Some(Relayed::ToPeer(..) | Relayed::Inside(..)) => panic!("{there} is the server's"),
        };
        let now = self.now().mono;
        let mut living = self.relayed.iter();
        let owner = living
            .find(|((_, one), (address, ends))| (*one, *address) == (family, there) && now < *ends);
        let owner = owner.map(|((owner, _), _)| *owner);
        let expected =
            owner.filter(|owner| self.permits(client, there) && self.permits(*owner, there));
        let expected = expected.map(|owner| (owner % WORKERS, self.clients[owner].five_tuple));
        assert_eq!(arrived, expected);
    }

    fn revoke(&mut self, session: usize) {
        let (name, now) = (SESSIONS[session].parse().unwrap(), self.now());
        for relay in &mut self.relays {
            relay.server.revoke(&name, now);
            relay.drain();
        }
        (0..CLIENTS)
            .filter(|client| client % SESSIONS.len() == session)
            .for_each(|client| self.forget(client, None));
    }

    fn advance(&mut self, seconds: u64) {
        for relay in &mut self.relays {
            relay.advance(seconds);
        }
    }

    /// Compares what is bound with what lives.
    fn check_bound(&self) {
        let now = self.now().mono;
        for (at, relay) in self.relays.iter().enumerate() {
            let living = self
                .relayed
                .iter()
                .filter(|((client, _), (_, ends))| client % WORKERS == at && now < *ends);
            let living: BTreeSet<RelayedPort> =
                living.map(|(_, (relayed, _))| port(*relayed)).collect();
            assert_eq!(relay.bound, living);
        }
    }

    /// Compares what is held with what is bound and kept. It looks at every port there is.
    fn check_held(&self) {
        let bound: usize = self.relays.iter().map(|relay| relay.bound.len()).sum();
        let usage = self.relays[0].registry.usage();
        assert_eq!(usage.ports, bound + usage.reservations);
        assert_eq!(usage.allocations, usage.ports);
        assert!(usage.ports <= 2 * QUOTA);
    }

    /// Asks with a nonce of now.
    fn ask(&mut self, client: usize, request: Request) -> Reply {
        self.challenge(client);
        self.relays[client % WORKERS].ask(&mut self.clients[client], request)
    }

    fn challenge(&mut self, client: usize) {
        self.relays[client % WORKERS].challenge(&mut self.clients[client]);
    }

    fn relay(&mut self, client: usize) -> &mut Relay {
        &mut self.relays[client % WORKERS]
    }

    fn now(&self) -> Now {
        self.relays[0].now
    }

    fn lives(&self, client: usize, family: Family) -> bool {
        let relayed = self.relayed.get(&(client, family));
        relayed.is_some_and(|(_, ends)| self.now().mono < *ends)
    }

    fn lives_at_all(&self, client: usize) -> bool {
        self.lives(client, Family::V4) || self.lives(client, Family::V6)
    }

    fn is_banned(&self, client: usize) -> bool {
        let until = self.bans.get(&(client % SESSIONS.len()));
        until.is_some_and(|until| UnixSeconds::from(self.now().unix) < *until)
    }

    fn permit(&mut self, client: usize, peer: usize) {
        let ip = PEERS[peer].parse::<SocketAddr>().unwrap().ip();
        let until = self.now().mono + Duration::from_secs(300);
        self.permissions.insert((client, ip), until);
    }

    /// Returns whether `client` lives in the family of `peer` and permits it.
    fn permits(&self, client: usize, peer: SocketAddr) -> bool {
        let until = self.permissions.get(&(client, peer.ip()));
        let permits = until.is_some_and(|until| self.now().mono < *until);
        permits && self.lives(client, Family::of(peer.ip()))
    }

    /// Forgets what `client` has in `family`, or all.
    fn forget(&mut self, client: usize, family: Option<Family>) {
        let gone = |other: usize, one: Family| {
            other == client && family.is_none_or(|family| family == one)
        };
        self.relayed.retain(|(other, one), _| !gone(*other, *one));
        self.permissions
            .retain(|(other, ip), _| !gone(*other, Family::of(*ip)));
    }
}

fn family(peer: usize) -> Family {
    Family::of(PEERS[peer].parse::<SocketAddr>().unwrap().ip())
}
