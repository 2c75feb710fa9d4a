//! Feeding a server with sequences: requests that are signed and mean anything, any bytes, peers, time. Its harness is that of the rules.

#![no_main]

#[allow(dead_code, reason = "the rules need more of it")]
#[path = "../../turn/tests/rules/client.rs"]
mod client;
#[allow(dead_code, reason = "the rules need more of it")]
#[path = "../../turn/tests/rules/support.rs"]
mod support;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;
use stun::{
    AdditionalAddressFamily, AddressFamily, Data, EvenPort, RequestedAddressFamily, method,
};
use support::{Client, RELAY_V6, Relay, Relayed, UDP, port};
use turn::{IcmpError, Transport, UnixSeconds, Usage};

#[derive(Debug, Arbitrary)]
enum Step<'a> {
    Allocate {
        client: u8,
        family: Option<bool>,
        both: bool,
        even: Option<bool>,
        lifetime: Option<u16>,
    },
    Refresh {
        client: u8,
        family: Option<bool>,
        lifetime: u16,
    },
    Permit {
        client: u8,
        peers: [u8; 3],
    },
    Bind {
        client: u8,
        channel: u8,
        peer: u8,
    },
    Send {
        client: u8,
        peer: u8,
        payload: &'a [u8],
    },
    SendChannel {
        client: u8,
        channel: u8,
        payload: &'a [u8],
    },
    Receive {
        client: u8,
        peer: u8,
        payload: &'a [u8],
    },
    /// Any attributes in any request that is signed.
    Signed {
        client: u8,
        method: u8,
        attributes: Vec<(u16, &'a [u8])>,
    },
    /// Any bytes.
    Bytes {
        client: u8,
        bytes: &'a [u8],
    },
    Icmp {
        client: u8,
        peer: u8,
        kind: u8,
        code: u8,
        data: u32,
    },
    Close {
        client: u8,
    },
    Revoke {
        session: bool,
    },
    Ban {
        session: bool,
    },
    Advance {
        seconds: u16,
    },
}

/// The first three may be reached from the internet; nothing may ever leave for the others.
const PEERS: [&str; 12] = [
    "8.8.8.8:5000",
    "1.1.1.1:5000",
    "[2a00:1450::1]:5000",
    "8.8.8.8:0",
    "10.0.0.1:80",
    "127.0.0.1:22",
    "169.254.169.254:80",
    "255.255.255.255:9",
    "198.51.100.7:3478",
    "[::ffff:10.0.0.1]:80",
    "[2002:7f00:1::]:80",
    "[64:ff9b::a9fe:a9fe]:80",
];
const REACHABLE: usize = 3;
const CLIENTS: usize = 4;

fuzz_target!(|steps: Vec<Step<'_>>| {
    let mut world = World::new();
    // That takes as long as everything else together.
    let looks_at_every_port = steps.len() % 32 == 31;
    for step in steps {
        world.take(step);
    }
    world.relay.advance(3600);
    assert!(world.relay.bound.is_empty(), "{:?}", world.relay.bound);
    if looks_at_every_port {
        let usage = world.relay.registry.usage();
        // Bans are forgotten when others are made; how many there may be is bounded.
        assert_eq!(
            usage,
            Usage {
                bans: usage.bans,
                ..Usage::default()
            }
        );
    }
    assert_eq!(world.relay.server.next_deadline(), None);
});

struct World {
    relay: Relay,
    clients: Vec<Client>,
    /// The relayed addresses that each client was told last.
    relayed: Vec<Vec<SocketAddr>>,
}

impl World {
    fn new() -> Self {
        let mut relay = Relay::with(|settings| {
            settings.own.relay_v6 = Some(RELAY_V6.parse().expect("an address"));
            settings
                .own
                .host
                .push(RELAY_V6.parse().expect("an address"));
            settings.relay_ports = 50_000..=50_011;
            settings.limits.permissions = 4;
            settings.limits.channels = 4;
        });
        let mut clients: Vec<_> = (0..CLIENTS)
            .map(|at| Client::of(session(at % 2 == 0), &format!("9.9.9.9:{}", 1000 + at)))
            .collect();
        clients[2].five_tuple.transport = Transport::Tcp;
        clients[3].five_tuple.transport = Transport::Tls;
        clients
            .iter_mut()
            .for_each(|client| relay.challenge(client));
        Self {
            relay,
            clients,
            relayed: vec![Vec::new(); CLIENTS],
        }
    }

    fn take(&mut self, step: Step<'_>) {
        match step {
            Step::Allocate {
                client,
                family,
                both,
                even,
                lifetime,
            } => {
                let mut request = self.relay.request(method::ALLOCATE).transport(UDP);
                if let Some(v6) = family {
                    request = request.attribute(&RequestedAddressFamily::new(family_of(v6)));
                }
                if both {
                    request = request.attribute(&AdditionalAddressFamily::new(AddressFamily::IPV6));
                }
                if let Some(reserve) = even {
                    request = request.attribute(&EvenPort::new(reserve));
                }
                if let Some(seconds) = lifetime {
                    request = request.lifetime(u32::from(seconds));
                }
                self.ask(client, request);
            }
            Step::Refresh {
                client,
                family,
                lifetime,
            } => {
                let mut request = self
                    .relay
                    .request(method::REFRESH)
                    .lifetime(u32::from(lifetime));
                if let Some(v6) = family {
                    request = request.attribute(&RequestedAddressFamily::new(family_of(v6)));
                }
                self.ask(client, request);
            }
            Step::Permit { client, peers } => {
                let mut request = self.relay.request(method::CREATE_PERMISSION);
                for at in peers {
                    request = request.peer(peer(at));
                }
                self.ask(client, request);
            }
            Step::Bind {
                client,
                channel,
                peer: at,
            } => {
                let request = self
                    .relay
                    .request(method::CHANNEL_BIND)
                    .channel(number(channel))
                    .peer(peer(at));
                self.ask(client, request);
            }
            Step::Send {
                client,
                peer: at,
                payload,
            } => {
                let sent = self
                    .relay
                    .send(&self.clients[index(client)], peer(at), payload);
                self.check(sent);
            }
            Step::SendChannel {
                client,
                channel,
                payload,
            } => {
                let sent =
                    self.relay
                        .send_channel(&self.clients[index(client)], number(channel), payload);
                self.check(sent);
            }
            Step::Receive {
                client,
                peer: at,
                payload,
            } => {
                for relayed in self.relayed[index(client)].clone() {
                    self.relay.receive(peer(at), relayed, payload);
                }
            }
            Step::Signed {
                client,
                method,
                attributes,
            } => {
                let methods = [
                    method::ALLOCATE,
                    method::REFRESH,
                    method::CREATE_PERMISSION,
                    method::CHANNEL_BIND,
                    method::BINDING,
                ];
                let mut request = self
                    .relay
                    .request(methods[usize::from(method) % methods.len()]);
                for (kind, value) in attributes.into_iter().take(20) {
                    // Integrity and fingerprint are made by who signs.
                    let kind = kind & 0x803F;
                    if ![0x0008, 0x001C, 0x8028].contains(&kind) && value.len() < 700 {
                        request = request.raw(kind, value);
                    }
                }
                self.ask(client, request);
            }
            Step::Bytes { client, bytes } => {
                let from = self.clients[index(client)].five_tuple;
                let _ = self.relay.server.handle_client(from, bytes, self.relay.now);
                assert!(self.relay.answers() <= 1);
            }
            Step::Icmp {
                client,
                peer: at,
                kind,
                code,
                data,
            } => {
                let peer = peer(at).parse::<SocketAddr>().expect("an address").into();
                for relayed in self.relayed[index(client)].clone() {
                    let error = IcmpError {
                        peer,
                        kind,
                        code,
                        data,
                    };
                    self.relay
                        .server
                        .handle_icmp(port(relayed), error, self.relay.now);
                    assert!(self.relay.answers() <= 1);
                }
            }
            Step::Close { client } => {
                self.relay
                    .server
                    .handle_closed(self.clients[index(client)].five_tuple, self.relay.now);
                self.relay.drain();
            }
            Step::Revoke { session: which } => {
                self.relay
                    .server
                    .revoke(&session(which).parse().expect("a name"), self.relay.now);
                self.relay.drain();
            }
            Step::Ban { session: which } => {
                let until = UnixSeconds(self.relay.now.unix.0 / 1000 + 60);
                self.relay
                    .registry
                    .ban(session(which).parse().expect("a name"), until);
            }
            Step::Advance { seconds } => self.relay.advance(u64::from(seconds % 700)),
        }
        let relayed = self
            .relay
            .server
            .allocations()
            .map(|allocation| allocation.relayed.len())
            .sum::<usize>();
        assert!(
            self.relay.bound.len() >= relayed,
            "a reservation may be bound besides"
        );
    }

    /// Signs and sends; an answer is not promised, as any attribute may be in the request.
    fn ask(&mut self, client: u8, request: client::Request) {
        let client = index(client);
        let bytes = request.signed(&self.clients[client]);
        if let Some(reply) = self.relay.exchange(self.clients[client].five_tuple, &bytes)
            && matches!(reply.code(), Some(401 | 438))
        {
            self.relay.challenge(&mut self.clients[client]);
        }
        let mine = self.clients[client].five_tuple;
        let views = self
            .relay
            .server
            .allocations()
            .filter(|allocation| allocation.five_tuple == mine);
        self.relayed[client] = views
            .flat_map(|allocation| allocation.relayed.clone())
            .collect();
    }

    /// What leaves the server goes where it may.
    fn check(&self, sent: Option<Relayed>) {
        match sent {
            Some(Relayed::ToPeer(_, to, _)) => {
                let reachable = PEERS[..REACHABLE]
                    .iter()
                    .map(|peer| peer.parse::<SocketAddr>().expect("an address"));
                assert!(
                    reachable.map(|peer| peer.ip()).any(|ip| ip == to.ip()) && to.port() != 0,
                    "{to}"
                );
            }
            Some(Relayed::ToClient(to, _)) => {
                assert!(self.clients.iter().any(|client| client.five_tuple == to))
            }
            Some(other @ (Relayed::ToWorker(..) | Relayed::Inside(..))) => {
                panic!("{other:?}: there is one worker and nobody inside")
            }
            None => {}
        }
    }
}

fn session(which: bool) -> &'static str {
    if which { "alice" } else { "bob" }
}

fn family_of(v6: bool) -> AddressFamily {
    if v6 {
        AddressFamily::IPV6
    } else {
        AddressFamily::IPV4
    }
}

fn index(client: u8) -> usize {
    usize::from(client) % CLIENTS
}

fn peer(at: u8) -> &'static str {
    PEERS[usize::from(at) % PEERS.len()]
}

fn number(channel: u8) -> u16 {
    0x4000 + u16::from(channel % 4)
}
