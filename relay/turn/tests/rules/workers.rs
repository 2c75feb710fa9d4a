//! Several servers on one registry: ports, quotas and bans are common, and data for another worker's client is handed over.

use crate::support::{
    Client, Delivered, PEER, RELAY, Relay, Relayed, RelayedPort, UDP, alice, bob, port,
};
use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use stun::method;
use turn::{DropReason, PeerAddr, PeerPolicy, SessionName, Settings, UnixSeconds, Usage, WorkerId};

const RELAY_0: &str = "198.51.100.7:0";

#[test]
fn data_for_a_client_of_another_worker_is_handed_to_that_worker() {
    let (mut first, mut second, mut alice, mut bob, a, b) = pair(|_| {});
    first.permit(&mut alice, RELAY_0);
    let sent = first.send(&alice, &b.to_string(), b"hello").unwrap();
    let expected = Relayed::ToWorker(WorkerId(1), port(b), PeerAddr::from(a), b"hello".to_vec());
    assert_eq!(sent, expected);
    assert_eq!(
        second.take(port(b), a.into(), b"hello"),
        None,
        "bob has not permitted alice"
    );
    second.permit(&mut bob, RELAY_0);
    let received = second.take(port(b), a.into(), b"hello").unwrap();
    assert_eq!(received, Delivered::Indication(a, b"hello".to_vec()));
}

#[test]
fn both_sides_need_a_permission_across_workers_too() {
    let (mut first, mut second, mut alice, mut bob, a, b) = pair(|_| {});
    second.permit(&mut bob, RELAY_0);
    assert_eq!(first.send(&alice, &b.to_string(), b"x"), None);
    assert_eq!(first.drops(DropReason::NoPermission), 1);
    first.permit(&mut alice, RELAY_0);
    assert!(first.send(&alice, &b.to_string(), b"x").is_some());
    second.advance(300);
    assert_eq!(second.take(port(b), a.into(), b"x"), None);
    assert_eq!(second.drops(DropReason::NoPermission), 1);
}

#[test]
fn a_port_is_given_once_by_all_workers_together() {
    let few = |settings: &mut Settings| settings.relay_ports = 50_000..=50_009;
    let mut first = Relay::with(few);
    let mut second = first.sibling(1, few);
    let mut given = HashSet::new();
    for host in 1..=5 {
        for relay in [&mut first, &mut second] {
            let mut client = Client::of("alice", &format!("9.9.9.{host}:1000"));
            given.insert(relay.allocate(&mut client));
        }
    }
    assert_eq!(given.len(), 10);
    let eleventh = second.request(method::ALLOCATE).transport(UDP);
    let mut client = Client::of("alice", "9.9.9.99:1000");
    assert_eq!(second.ask(&mut client, eleventh).code(), Some(508));
    first.server.stop(first.now);
    second.allocate(&mut client);
}

#[test]
fn a_user_has_its_quota_once_whichever_sessions_and_workers_it_uses() {
    let two = |settings: &mut Settings| settings.limits.allocations_per_user = 2;
    let mut first = Relay::with(two);
    let mut second = first.sibling(1, two);
    first.allocate(&mut Client::of("alice.phone", "9.9.9.1:1000"));
    second.allocate(&mut Client::of("alice.desk", "9.9.9.2:1000"));
    let third = second.request(method::ALLOCATE).transport(UDP);
    let mut tablet = Client::of("alice.tablet", "9.9.9.3:1000");
    assert_eq!(second.ask(&mut tablet, third).code(), Some(486));
    second.allocate(&mut Client::of("bob.phone", "9.9.9.4:1000"));
    first.server.stop(first.now);
    second.allocate(&mut tablet);
}

#[test]
fn a_user_has_its_rate_once_whichever_sessions_and_workers_it_uses() {
    let ten = |settings: &mut Settings| settings.limits.user_packets_per_second = 10;
    let mut first = Relay::with(ten);
    let mut second = first.sibling(1, ten);
    let mut phone = Client::of("alice.phone", "9.9.9.1:1000");
    let mut desk = Client::of("alice.desk", "9.9.9.2:1000");
    for (relay, client) in [(&mut first, &mut phone), (&mut second, &mut desk)] {
        relay.allocate(client);
        relay.permit(client, PEER);
    }
    let sent = (0..6).filter(|_| first.send(&phone, PEER, b"x").is_some());
    assert_eq!(sent.count(), 6);
    let sent = (0..6).filter(|_| second.send(&desk, PEER, b"x").is_some());
    assert_eq!(sent.count(), 4);
    assert_eq!(second.drops(DropReason::OverRate), 2);
}

#[test]
fn a_name_of_an_allocation_says_its_worker_and_is_never_given_again() {
    let (first, second, ..) = pair(|_| {});
    let names = first
        .server
        .allocations()
        .chain(second.server.allocations());
    let names: Vec<_> = names.map(|view| view.id).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), 2);
    let workers: Vec<_> = names.into_iter().map(|id| id.worker()).collect();
    assert_eq!(workers, [WorkerId(0), WorkerId(1)]);
}

#[test]
fn whose_a_port_is_anybody_may_ask() {
    let (first, mut second, _, mut bob, _, b) = pair(|_| {});
    assert_eq!(first.registry.worker_of(port(b)), Some(WorkerId(1)));
    second.refresh(&mut bob, 0);
    assert_eq!(first.registry.worker_of(port(b)), None);
}

#[test]
fn a_port_that_is_nobodys_is_reached_by_nobody() {
    let (mut first, mut second, mut alice, mut bob, _, b) = pair(|_| {});
    first.permit(&mut alice, RELAY_0);
    second.refresh(&mut bob, 0);
    assert_eq!(first.send(&alice, &b.to_string(), b"x"), None);
    assert_eq!(first.drops(DropReason::OwnAddress), 1);
}

#[test]
fn a_banned_session_makes_no_allocation_until_its_ban_is_over() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let until = UnixSeconds(UnixSeconds::from(relay.now.unix).0 + 60);
    relay.registry.ban("alice".parse().unwrap(), until);
    let request = relay.request(method::ALLOCATE).transport(UDP);
    assert_eq!(relay.ask(&mut alice, request).code(), Some(401));
    relay.allocate(&mut bob());
    relay.advance(60);
    relay.allocate(&mut alice);
}

#[test]
fn nothing_is_left_in_the_registry_when_all_has_ended() {
    let (mut first, mut second, ..) = pair(|_| {});
    let usage = Usage {
        ports: 2,
        allocations: 2,
        sessions: 2,
        users: 2,
        ..Usage::default()
    };
    assert_eq!(first.registry.usage(), usage);
    first.advance(600);
    second.server.stop(second.now);
    assert_eq!(first.registry.usage(), Usage::default());
}

#[test]
fn sessions_that_the_policy_does_not_connect_do_not_reach_each_other() {
    let policy = Arc::new(Calls::default());
    let (mut first, mut second, mut alice, mut bob, a, b) =
        pair(|settings| settings.peers = policy.clone());
    first.permit(&mut alice, RELAY_0);
    second.permit(&mut bob, RELAY_0);
    assert_eq!(first.send(&alice, &b.to_string(), b"x"), None);
    assert_eq!(first.drops(DropReason::NotConnected), 1);
    policy.connected.store(true, Ordering::Relaxed);
    policy.epoch.fetch_add(1, Ordering::Relaxed);
    assert!(first.send(&alice, &b.to_string(), b"x").is_some());
    assert!(second.send(&bob, &a.to_string(), b"x").is_some());
    policy.connected.store(false, Ordering::Relaxed);
    policy.epoch.fetch_add(1, Ordering::Relaxed);
    assert_eq!(first.send(&alice, &b.to_string(), b"x"), None);
}

#[test]
fn the_policy_is_asked_once_for_each_pair_and_epoch() {
    let policy = Arc::new(Calls::default());
    policy.connected.store(true, Ordering::Relaxed);
    let (mut first, _second, mut alice, _, _, b) = pair(|settings| settings.peers = policy.clone());
    first.permit(&mut alice, RELAY_0);
    for _ in 0..5 {
        assert!(first.send(&alice, &b.to_string(), b"x").is_some());
    }
    assert_eq!(policy.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_session_reaches_its_own_relayed_addresses_whatever_the_policy_says() {
    let policy = Arc::new(Calls::default());
    let mut relay = Relay::with(|settings| settings.peers = policy.clone());
    let mut clients = [alice(), Client::of("alice", "9.9.9.9:1001")];
    let relayed = clients.each_mut().map(|client| relay.allocate(client));
    for client in &mut clients {
        relay.permit(client, RELAY_0);
    }
    for to in relayed {
        assert!(relay.send(&clients[0], &to.to_string(), b"x").is_some());
    }
    assert_eq!(policy.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn the_policy_hears_of_the_beginning_and_the_end_of_an_allocation() {
    let policy = Arc::new(Calls::default());
    let mut relay = Relay::with(|settings| settings.peers = policy.clone());
    let mut alice = alice();
    relay.allocate(&mut alice);
    assert_eq!(policy.living.load(Ordering::Relaxed), 1);
    relay.refresh(&mut alice, 0);
    assert_eq!(policy.living.load(Ordering::Relaxed), 0);
}

#[test]
fn a_peer_inside_is_reached_at_the_servers_media_address_alone() {
    let mut relay = Relay::with(|settings| settings.inside = true);
    let mut alice = alice();
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, RELAY_0);
    let media: SocketAddr = format!("{RELAY}:3478").parse().unwrap();
    let sent = relay.send(&alice, &media.to_string(), b"x").unwrap();
    assert_eq!(sent, Relayed::Inside(relayed, media, b"x".to_vec()));
    for other in [22, 443, 49_999] {
        assert_eq!(relay.send(&alice, &format!("{RELAY}:{other}"), b"x"), None);
    }
    let received = relay.take(port(relayed), media.into(), b"y").unwrap();
    assert_eq!(received, Delivered::Indication(media, b"y".to_vec()));
}

#[test]
fn where_nobody_is_inside_the_media_address_is_nobodys() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    relay.permit(&mut alice, RELAY_0);
    assert_eq!(relay.send(&alice, &format!("{RELAY}:3478"), b"x"), None);
    assert_eq!(relay.drops(DropReason::OwnAddress), 1);
}

/// A policy that connects all sessions or none.
#[derive(Default)]
struct Calls {
    connected: AtomicBool,
    epoch: AtomicU64,
    asked: AtomicU64,
    living: AtomicU64,
}

impl PeerPolicy for Calls {
    fn permits(&self, _session: &SessionName, _peer: IpAddr) -> bool {
        false
    }

    fn connects(&self, one: &SessionName, other: &SessionName) -> bool {
        assert_ne!(one, other);
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.connected.load(Ordering::Relaxed)
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    fn appeared(&self, _session: &SessionName, client: IpAddr) {
        assert_eq!(client.to_string(), "9.9.9.9");
        self.living.fetch_add(1, Ordering::Relaxed);
    }

    fn vanished(&self, _session: &SessionName, _client: IpAddr) {
        self.living.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Two workers, alice at the first and bob at the second, and their relayed addresses.
fn pair(change: impl Fn(&mut Settings)) -> (Relay, Relay, Client, Client, SocketAddr, SocketAddr) {
    let mut first = Relay::with(&change);
    let mut second = first.sibling(1, &change);
    let (mut alice, mut bob) = (alice(), Client::of("bob", "9.9.9.9:1002"));
    let (a, b) = (first.allocate(&mut alice), second.allocate(&mut bob));
    let of: [RelayedPort; 2] = [port(a), port(b)];
    assert_ne!(of[0], of[1]);
    (first, second, alice, bob, a, b)
}
