//! Whatever comes in whatever order: no panic, no datagram without permission, no timer and no port that stays.

use crate::support::{Client, Relay, Relayed, Reply, Request, UDP};
use proptest::prelude::*;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use stun::{XorRelayedAddress, method};
use turn::BindError;

/// One thing that happens. Clients, peers and channels are told by small numbers.
#[derive(Debug, Clone)]
enum Step {
    Allocate {
        client: usize,
        binds: Vec<Option<BindError>>,
    },
    Refresh {
        client: usize,
        lifetime: u32,
    },
    Permit {
        client: usize,
        peers: Vec<usize>,
    },
    Bind {
        client: usize,
        channel: u16,
        peer: usize,
    },
    Send {
        client: usize,
        peer: usize,
    },
    SendChannel {
        client: usize,
        channel: u16,
    },
    Receive {
        client: usize,
        peer: usize,
    },
    Revoke {
        session: usize,
    },
    Advance {
        seconds: u64,
    },
    Garbage {
        client: usize,
        bytes: Vec<u8>,
    },
    Mutated {
        client: usize,
        at: usize,
        byte: u8,
    },
}

const SESSIONS: [&str; 2] = ["alice", "bob"];
const CLIENTS: usize = 4;
const PEERS: [&str; 3] = ["8.8.8.8:5000", "8.8.8.8:5001", "1.1.1.1:5000"];

fn step() -> impl Strategy<Value = Step> {
    let bind = prop::option::weighted(
        0.3,
        prop_oneof![Just(BindError::InUse), Just(BindError::Exhausted)],
    );
    prop_oneof![
        3 => (0..CLIENTS, prop::collection::vec(bind, 0..3)).prop_map(|(client, binds)| Step::Allocate { client, binds }),
        2 => (0..CLIENTS, prop_oneof![Just(0), 0..4000u32]).prop_map(|(client, lifetime)| Step::Refresh { client, lifetime }),
        3 => (0..CLIENTS, prop::collection::vec(0..PEERS.len(), 1..4)).prop_map(|(client, peers)| Step::Permit { client, peers }),
        3 => (0..CLIENTS, 0x4000..0x4003u16, 0..PEERS.len()).prop_map(|(client, channel, peer)| Step::Bind { client, channel, peer }),
        3 => (0..CLIENTS, 0..PEERS.len()).prop_map(|(client, peer)| Step::Send { client, peer }),
        3 => (0..CLIENTS, 0x4000..0x4003u16).prop_map(|(client, channel)| Step::SendChannel { client, channel }),
        3 => (0..CLIENTS, 0..PEERS.len()).prop_map(|(client, peer)| Step::Receive { client, peer }),
        1 => (0..SESSIONS.len()).prop_map(|session| Step::Revoke { session }),
        3 => prop_oneof![0..10u64, 100..700u64].prop_map(|seconds| Step::Advance { seconds }),
        1 => (0..CLIENTS, prop::collection::vec(any::<u8>(), 0..80)).prop_map(|(client, bytes)| Step::Garbage { client, bytes }),
        1 => (0..CLIENTS, 0..120usize, any::<u8>()).prop_map(|(client, at, byte)| Step::Mutated { client, at, byte }),
    ]
}

proptest! {
    #[test]
    fn no_sequence_passes_a_datagram_without_permission_or_leaves_anything_behind(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            prop_assert_eq!(world.relay.bound.len() as u64, world.relay.server.counters().allocations);
        }
        world.relay.advance(3600);
        prop_assert!(world.relay.bound.is_empty());
        prop_assert_eq!(world.relay.server.next_deadline(), None);
        prop_assert_eq!(world.relay.server.counters().allocations, 0);
    }
}

/// The relay and what the test believes of it.
struct World {
    relay: Relay,
    clients: Vec<Client>,
    /// The relayed address of each client and when it ends.
    allocations: HashMap<usize, (SocketAddr, Instant)>,
    /// Until when each client permits each address.
    permissions: HashMap<(usize, IpAddr), Instant>,
}

impl World {
    fn new() -> Self {
        let client = |at: usize| {
            Client::of(
                SESSIONS[at % SESSIONS.len()],
                &format!("9.9.9.9:{}", 1000 + at),
            )
        };
        let mut relay = Relay::new();
        let mut clients: Vec<_> = (0..CLIENTS).map(client).collect();
        clients
            .iter_mut()
            .for_each(|client| relay.challenge(client));
        Self {
            relay,
            clients,
            allocations: HashMap::new(),
            permissions: HashMap::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Allocate { client, binds } => {
                self.relay.binds = binds
                    .into_iter()
                    .map(|bind| bind.map_or(Ok(()), Err))
                    .collect();
                let request = self.relay.request(method::ALLOCATE).transport(UDP);
                let reply = self.ask(client, request);
                self.relay.binds.clear();
                if reply.has::<XorRelayedAddress>() {
                    let ends = self.relay.now.mono + Duration::from_secs(600);
                    assert!(!self.lives(client));
                    self.forget(client);
                    self.allocations.insert(client, (reply.relayed(), ends));
                }
            }
            Step::Refresh { client, lifetime } => {
                let request = self.relay.request(method::REFRESH).lifetime(lifetime);
                let reply = self.ask(client, request);
                assert_eq!(reply.code().is_none(), self.lives(client));
                if lifetime == 0 {
                    self.forget(client);
                } else if let Some((_, ends)) = self.allocations.get_mut(&client)
                    && reply.code().is_none()
                {
                    *ends = self.relay.now.mono + Duration::from_secs(u64::from(reply.lifetime()));
                }
            }
            Step::Permit { client, peers } => {
                let mut request = self.relay.request(method::CREATE_PERMISSION);
                for peer in &peers {
                    request = request.peer(PEERS[*peer]);
                }
                let reply = self.ask(client, request);
                assert_eq!(reply.code().is_none(), self.lives(client));
                peers
                    .into_iter()
                    .filter(|_| reply.code().is_none())
                    .for_each(|peer| self.permit(client, peer));
            }
            Step::Bind {
                client,
                channel,
                peer,
            } => {
                let request = self
                    .relay
                    .request(method::CHANNEL_BIND)
                    .channel(channel)
                    .peer(PEERS[peer]);
                let reply = self.ask(client, request);
                if reply.code().is_none() {
                    assert!(self.lives(client));
                    self.permit(client, peer);
                }
            }
            Step::Send { client, peer } => {
                let sent = self.relay.send(&self.clients[client], PEERS[peer], b"data");
                assert_eq!(
                    sent.is_some(),
                    self.lives(client) && self.permits(client, PEERS[peer].parse().unwrap())
                );
            }
            Step::SendChannel { client, channel } => {
                if let Some(sent) = self
                    .relay
                    .send_channel(&self.clients[client], channel, b"data")
                {
                    let Relayed::ToPeer(_, peer, _) = sent else {
                        panic!("no peer is relayed here")
                    };
                    assert!(self.lives(client) && self.permits(client, peer));
                }
            }
            Step::Receive { client, peer } => {
                if let Some((relayed, _)) = self.allocations.get(&client).copied() {
                    let received = self.relay.receive(PEERS[peer], relayed, b"data");
                    assert_eq!(
                        received.is_some(),
                        self.lives(client) && self.permits(client, PEERS[peer].parse().unwrap())
                    );
                }
            }
            Step::Revoke { session } => {
                self.relay
                    .server
                    .revoke(&SESSIONS[session].parse().unwrap(), self.relay.now);
                self.relay.drain();
                (0..CLIENTS)
                    .filter(|client| client % SESSIONS.len() == session)
                    .for_each(|client| self.forget(client));
            }
            Step::Advance { seconds } => self.relay.advance(seconds),
            Step::Garbage { client, bytes } => {
                let from = self.clients[client].five_tuple;
                assert!(
                    self.relay
                        .server
                        .handle_client(from, &bytes, self.relay.now)
                        .is_none_or(|_| self.lives(client))
                );
                assert!(self.relay.answers() <= 1);
            }
            Step::Mutated { client, at, byte } => {
                let mut bytes = self
                    .relay
                    .request(method::REFRESH)
                    .lifetime(0)
                    .signed(&self.clients[client]);
                let at = at % bytes.len();
                // Every byte is covered by the integrity, so the allocation stays.
                if bytes[at] != byte {
                    bytes[at] = byte;
                    assert!(
                        self.relay
                            .server
                            .handle_client(self.clients[client].five_tuple, &bytes, self.relay.now)
                            .is_none()
                    );
                    assert!(self.relay.answers() <= 1);
                }
            }
        }
    }

    /// Asks with a nonce of now.
    fn ask(&mut self, client: usize, request: Request) -> Reply {
        let client = &mut self.clients[client];
        self.relay.challenge(client);
        self.relay.ask(client, request)
    }

    fn lives(&self, client: usize) -> bool {
        self.allocations
            .get(&client)
            .is_some_and(|(_, ends)| self.relay.now.mono < *ends)
    }

    fn permit(&mut self, client: usize, peer: usize) {
        let ip = PEERS[peer].parse::<SocketAddr>().unwrap().ip();
        self.permissions
            .insert((client, ip), self.relay.now.mono + Duration::from_secs(300));
    }

    fn permits(&self, client: usize, peer: SocketAddr) -> bool {
        self.permissions
            .get(&(client, peer.ip()))
            .is_some_and(|until| self.relay.now.mono < *until)
    }

    fn forget(&mut self, client: usize) {
        self.allocations.remove(&client);
        self.permissions.retain(|(other, _), _| *other != client);
    }
}
