//! What nobody may have more of.

use crate::support::{Client, PEER, Relay, UDP, alice, bob};
use stun::method;
use turn::{DropReason, RefusedWhy, Usage};

#[test]
fn a_user_has_at_most_its_quota_of_allocations() {
    let mut relay = Relay::with(|settings| settings.limits.allocations_per_user = 2);
    let mut clients: Vec<_> = (1..=3)
        .map(|port| Client::of("alice", &format!("9.9.9.9:{port}")))
        .collect();
    relay.allocate(&mut clients[0]);
    relay.allocate(&mut clients[1]);
    let third = relay.request(method::ALLOCATE).transport(UDP);
    assert_eq!(relay.ask(&mut clients[2], third).code(), Some(486));
    assert_eq!(relay.refusals(), [RefusedWhy::Quota]);
    relay.allocate(&mut bob());
    relay.refresh(&mut clients[0], 0);
    relay.allocate(&mut clients[2]);
}

#[test]
fn a_user_makes_at_most_its_quota_of_allocations_in_ten_seconds_after_a_burst_of_three() {
    let mut relay = Relay::with(|settings| settings.limits.allocations_per_user = 2);
    let made = |relay: &mut Relay| {
        let made = (1..=10).take_while(|_| {
            let mut client = alice();
            let request = relay.request(method::ALLOCATE).transport(UDP);
            let code = relay.ask(&mut client, request).code();
            assert!(matches!(code, None | Some(486)), "{code:?}");
            code.is_none() && relay.refresh(&mut client, 0).code().is_none()
        });
        made.count()
    };
    assert_eq!(made(&mut relay), 6);
    relay.allocate(&mut bob());
    relay.advance(10);
    assert_eq!(made(&mut relay), 2);
    relay.advance(3600);
    assert_eq!(relay.registry.usage(), Usage::default());
}

#[test]
fn the_server_has_at_most_its_quota_of_allocations() {
    let mut relay = Relay::with(|settings| settings.limits.allocations = 1);
    relay.allocate(&mut alice());
    let second = relay.request(method::ALLOCATE).transport(UDP);
    assert_eq!(relay.ask(&mut bob(), second).code(), Some(508));
    assert_eq!(relay.refusals(), [RefusedWhy::Full]);
}

#[test]
fn every_port_of_the_range_is_given_once() {
    let mut relay = Relay::with(|settings| settings.relay_ports = 50_000..=50_009);
    let mut clients: Vec<_> = (1..=11)
        .map(|port| Client::of("alice", &format!("9.9.9.9:{port}")))
        .collect();
    for client in &mut clients[..10] {
        relay.allocate(client);
    }
    assert_eq!(relay.bound.len(), 10);
    let eleventh = relay.request(method::ALLOCATE).transport(UDP);
    assert_eq!(relay.ask(&mut clients[10], eleventh).code(), Some(508));
    relay.advance(600);
    relay.allocate(&mut clients[10]);
}

#[test]
fn an_allocation_has_at_most_its_quota_of_permissions_and_all_or_none_are_granted() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.limits.permissions = 3),
        alice(),
    );
    relay.allocate(&mut alice);
    let four = relay
        .request(method::CREATE_PERMISSION)
        .peer("1.1.1.1:1")
        .peer("1.1.1.2:1")
        .peer("1.1.1.3:1")
        .peer("1.1.1.4:1");
    assert_eq!(relay.ask(&mut alice, four).code(), Some(508));
    assert_eq!(relay.send(&alice, "1.1.1.1:1", b"x"), None);
    let three = relay
        .request(method::CREATE_PERMISSION)
        .peer("1.1.1.1:1")
        .peer("1.1.1.1:2")
        .peer("1.1.1.2:1")
        .peer("1.1.1.3:1");
    assert_eq!(
        relay.ask(&mut alice, three).code(),
        None,
        "an address counts once"
    );
    assert_eq!(
        relay.permit(&mut alice, "1.1.1.1:9"),
        None,
        "a refresh needs no room"
    );
    assert_eq!(relay.bind(&mut alice, 0x4000, "1.1.1.4:1"), Some(508));
    relay.advance(300);
    assert_eq!(
        relay.permit(&mut alice, "1.1.1.4:1"),
        None,
        "expired permissions take no room"
    );
}

#[test]
fn an_allocation_has_at_most_its_quota_of_channels() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.limits.channels = 1),
        alice(),
    );
    relay.allocate(&mut alice);
    assert_eq!(relay.bind(&mut alice, 0x4000, "1.1.1.1:1"), None);
    assert_eq!(relay.bind(&mut alice, 0x4001, "1.1.1.1:2"), Some(508));
    assert_eq!(relay.bind(&mut alice, 0x4000, "1.1.1.1:1"), None);
}

#[test]
fn a_request_of_hundreds_of_peers_is_not_looked_at() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let mut request = relay.request(method::CREATE_PERMISSION);
    for host in 0..500 {
        request = request.peer(&format!("1.1.{}.{}:1", host / 256, host % 256));
    }
    let request = request.signed(&alice);
    assert_eq!(relay.exchange(alice.five_tuple, &request), None);
}

#[test]
fn a_user_sends_and_receives_so_many_bytes_a_second_both_together() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.limits.user_bytes_per_second = 1000),
        alice(),
    );
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    assert!(relay.send(&alice, PEER, &[0; 600]).is_some());
    assert!(relay.receive(PEER, relayed, &[0; 300]).is_some());
    assert_eq!(relay.receive(PEER, relayed, &[0; 200]), None);
    assert!(relay.send(&alice, PEER, &[0; 100]).is_some());
    assert_eq!(relay.send(&alice, PEER, &[0; 1]), None);
    assert_eq!(relay.drops(DropReason::OverRate), 2);
    relay.advance(1);
    assert!(relay.send(&alice, PEER, &[0; 1000]).is_some());
}

#[test]
fn what_nobody_permits_takes_nothing_of_the_rate() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.limits.user_packets_per_second = 1),
        alice(),
    );
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    for _ in 0..10 {
        assert_eq!(relay.receive("8.8.8.9:1", relayed, b"flood"), None);
        assert_eq!(relay.send(&alice, "8.8.8.9:1", b"x"), None);
    }
    assert!(relay.receive(PEER, relayed, b"x").is_some());
}

#[test]
fn who_ends_its_allocation_and_makes_another_has_no_more_of_the_rate() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.limits.user_packets_per_second = 5),
        alice(),
    );
    let mut sent = 0;
    for _ in 0..10 {
        relay.allocate(&mut alice);
        relay.permit(&mut alice, PEER);
        sent += usize::from(relay.send(&alice, PEER, b"x").is_some());
        relay.refresh(&mut alice, 0);
    }
    assert_eq!(sent, 5);
}
