//! Several workers: packets between them, and commands to all of them.

use crate::support::{Client, Wire, config, eventually, socket, start};
use net::{Config, Handle, Relay};
use std::{net::SocketAddr, num::NonZero};
use turn::{SessionName, WorkerId};

#[test]
fn relayed_clients_reach_each_other_on_the_same_and_on_different_workers() {
    for workers in [2, 4] {
        let (relay, address) = start_with(workers, 20_600..=20_699);
        for same in [true, false] {
            let ((alice, a), (bob, b)) = pair(&relay, address, same);
            alice.bind(0x4000, b).unwrap();
            bob.bind(0x4001, a).unwrap();
            for size in [0, 1, 160, 1200, 9000] {
                alice.send_channel(0x4000, &vec![1; size]);
                assert_eq!(bob.receive(), (Some(0x4001), vec![1; size]));
                bob.send_channel(0x4001, &vec![2; size]);
                assert_eq!(alice.receive(), (Some(0x4000), vec![2; size]));
            }
        }
    }
}

#[test]
fn bursts_between_workers_arrive_whole_and_in_order() {
    let (relay, address) = start_with(2, 20_700..=20_749);
    let ((alice, a), (bob, b)) = pair(&relay, address, false);
    alice.bind(0x4000, b).unwrap();
    bob.bind(0x4001, a).unwrap();
    for round in 0..200u8 {
        for at in 0..8 {
            alice.send_channel(0x4000, &[round ^ at; 1200]);
        }
        for at in 0..8 {
            assert_eq!(bob.receive(), (Some(0x4001), vec![round ^ at; 1200]));
        }
    }
    assert_eq!(relay.handle().counters().overflowed, 0);
}

#[test]
fn between_workers_both_sides_need_a_permission() {
    let (relay, address) = start_with(2, 20_750..=20_799);
    for same in [true, false] {
        let ((alice, a), (bob, b)) = pair(&relay, address, same);
        let dropped = || -> u64 {
            let counters = relay.handle().counters();
            counters.turn.drops().map(|(_, count)| count).sum()
        };
        let before = dropped();
        alice.send(b, b"without any");
        eventually("it is dropped at the sender's", || dropped() == before + 1);
        alice.permit(b).unwrap();
        alice.send(b, b"with the sender's alone");
        eventually("it is dropped at the receiver's", || {
            dropped() == before + 2
        });
        bob.permit(a).unwrap();
        alice.send(b, b"with both");
        assert_eq!(bob.receive(), (None, b"with both".to_vec()));
    }
}

#[test]
fn clients_over_streams_are_spread_over_the_workers_and_reach_each_other() {
    let (relay, address) = start_with(2, 20_800..=20_849);
    let clients = ["alice", "bob"].map(|name| Client::over(Wire::tcp(address), name));
    let relayed = clients.each_ref().map(|client| client.allocate().unwrap());
    assert_ne!(
        worker_of(&relay.handle(), relayed[0]),
        worker_of(&relay.handle(), relayed[1])
    );
    clients[0].bind(0x4000, relayed[1]).unwrap();
    clients[1].bind(0x4001, relayed[0]).unwrap();
    for size in [0, 1, 1200, 9000] {
        clients[0].send_channel(0x4000, &vec![3; size]);
        assert_eq!(clients[1].receive(), (Some(0x4001), vec![3; size]));
    }
}

#[test]
fn a_session_is_revoked_and_banned_on_every_worker() {
    let (relay, address) = start_with(3, 20_850..=20_899);
    let clients: Vec<_> = (0..9).map(|_| Client::connect(address, "alice")).collect();
    clients.iter().for_each(|client| {
        client.allocate().unwrap();
    });
    let other = Client::connect(address, "bob");
    other.allocate().unwrap();
    let (alice, forever) = ("alice".parse().unwrap(), turn::UnixSeconds(u64::MAX));
    relay.handle().ban(alice, forever).unwrap();
    eventually("hers are gone and his is not", || {
        relay.handle().counters().turn.allocations == 1
    });
    assert_eq!(Client::connect(address, "alice").allocate(), Err(401));
    other.refresh(600).unwrap();
}

#[test]
fn every_allocation_is_listed_and_one_can_be_ended() {
    let (relay, address) = start_with(2, 20_900..=20_949);
    let handle = relay.handle();
    let clients: Vec<_> = (0..8).map(|_| Client::connect(address, "alice")).collect();
    let mut relayed: Vec<_> = clients
        .iter()
        .map(|client| client.allocate().unwrap())
        .collect();
    let mut listed = wait(handle.allocations()).unwrap();
    let alice: SessionName = "alice".parse().unwrap();
    assert!(listed.iter().all(|allocation| allocation.session == alice));
    let mut addresses: Vec<_> = listed
        .iter()
        .flat_map(|allocation| allocation.relayed.clone())
        .collect();
    addresses.sort();
    relayed.sort();
    assert_eq!(addresses, relayed);
    let id = listed.remove(0).id;
    assert_eq!(wait(handle.end(id)), Ok(true));
    assert_eq!(wait(handle.end(id)), Ok(false));
    assert_eq!(wait(handle.allocations()).unwrap().len(), 7);
    relay.stop();
    assert_eq!(
        wait(handle.allocations()).unwrap_err(),
        net::CommandError::Stopped
    );
}

#[test]
fn without_rooms_the_address_of_a_listener_is_nobodys() {
    let (relay, address) = start_with(2, 21_000..=21_009);
    let client = Client::connect(address, "alice");
    client.allocate().unwrap();
    client.bind(0x4000, address).unwrap();
    client.send_channel(0x4000, b"hello");
    let own_address = || {
        let counters = relay.handle().counters();
        let mut drops = counters.turn.drops();
        drops.any(|drop| drop == (turn::DropReason::OwnAddress, 1))
    };
    eventually("it is dropped", own_address);
    let peer = socket();
    peer.send_to(b"x", address).unwrap();
}

fn start_with(workers: u8, ports: std::ops::RangeInclusive<u16>) -> (Relay, SocketAddr) {
    start(Config {
        workers: NonZero::new(workers),
        ..config(ports)
    })
}

/// Returns two clients with their relayed addresses, on the same worker or not.
fn pair(
    relay: &Relay,
    address: SocketAddr,
    same: bool,
) -> ((Client, SocketAddr), (Client, SocketAddr)) {
    let client = |name: &str| {
        let client = Client::connect(address, name);
        let relayed = client.allocate().unwrap();
        (client, relayed)
    };
    let handle = relay.handle();
    let alice = client("alice");
    // Which worker a client gets is up to the kernel and the port it comes from.
    for _ in 0..100 {
        let bob = client("bob");
        if (worker_of(&handle, bob.1) == worker_of(&handle, alice.1)) == same {
            return (alice, bob);
        }
        bob.0.refresh(0).unwrap();
    }
    panic!("every client came to the same worker");
}

fn worker_of(handle: &Handle, relayed: SocketAddr) -> WorkerId {
    let allocations = wait(handle.allocations()).unwrap();
    let of = |allocation: &&turn::AllocationView| allocation.relayed.contains(&relayed);
    allocations.iter().find(of).unwrap().id.worker()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}
