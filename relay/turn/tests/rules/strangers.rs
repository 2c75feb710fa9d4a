//! What who has not signed in is answered: one datagram for one, and no more bytes than the budgets have.

use crate::support::{Client, Relay, UDP, alice};
use std::sync::Arc;
use stun::method;
use turn::{DropReason, FiveTuple, Settings, StrangerLimits, Strangers, Transport};

const LIMITS: StrangerLimits = StrangerLimits {
    bytes_per_second_per_prefix: 1000,
    bytes_per_second: 10_000,
};

#[test]
fn a_flood_of_binding_requests_in_one_prefixs_name_sends_it_no_more_than_its_budget() {
    let mut relay = Relay::with(limited);
    for _ in 0..10 {
        let sent = flood(&mut relay, |n| format!("9.9.9.{}:1000", n % 256));
        assert!(sent <= 2 * LIMITS.bytes_per_second_per_prefix as usize);
        relay.advance(1);
    }
    assert!(relay.drops(DropReason::Budget) > 9000);
    assert!(relay.server.counters().bindings < 400);
}

#[test]
fn a_flood_in_the_name_of_all_the_world_is_answered_no_more_than_the_budget_of_all() {
    let mut relay = Relay::with(limited);
    let sent = flood(&mut relay, |n| format!("{}.{}.1.1:1000", n / 256, n % 256));
    assert!((19_000..=20_000).contains(&sent), "{sent}");
    relay.advance(1);
    let sent = flood(&mut relay, |n| format!("[2001:db8:{n:x}::1]:1000"));
    assert!((9000..=10_000).contains(&sent), "{sent}");
}

#[test]
fn every_answer_to_a_stranger_is_paid_for() {
    let (mut relay, mut wrong, stale) = (Relay::with(limited), alice(), alice());
    relay.challenge(&mut wrong);
    wrong.credentials.credential = "guess".into();
    let requests = [
        relay.request(method::ALLOCATE).transport(UDP).bytes(),
        relay.request(method::ALLOCATE).signed(&wrong),
        relay.request(method::ALLOCATE).signed(&stale),
        relay.request(method::ALLOCATE).integrity(&stale),
        relay.request(method::BINDING).raw(0x7FFF, &[]).bytes(),
    ];
    for request in requests {
        let mut sent = 0;
        while let Some(reply) = relay.exchange(wrong.five_tuple, &request) {
            sent += reply.bytes.len();
        }
        assert!((500..=2000).contains(&sent), "{sent}");
        relay.advance(2);
    }
}

#[test]
fn a_prefix_from_which_somebody_has_signed_in_is_answered_whatever_is_sent_in_its_name() {
    let (mut relay, mut alice) = (Relay::with(limited), alice());
    relay.allocate(&mut alice);
    let neighbours = |n: usize| format!("9.9.9.{}:1000", n % 256);
    let all = flood(&mut relay, neighbours);
    assert_eq!(all, 1000 * 32);
    let mut bob = Client::of("bob", "9.9.9.200:1000");
    relay.allocate(&mut bob);
    relay.refresh(&mut bob, 0);
    assert_eq!(flood(&mut relay, neighbours), all);
    relay.refresh(&mut alice, 0);
    assert!(flood(&mut relay, neighbours) <= 2000);
}

#[test]
fn who_signs_in_pays_for_the_challenge_alone() {
    let (mut relay, mut alice) = (Relay::with(limited), alice());
    relay.challenge(&mut alice);
    flood(&mut relay, |n| format!("9.9.9.{}:1000", n % 256));
    relay.allocate(&mut alice);
    assert_eq!(relay.refresh(&mut alice, 600).code(), None);
}

#[test]
fn who_comes_by_a_stream_signs_in_whatever_is_sent_in_the_name_of_its_address() {
    let mut relay = Relay::with(limited);
    flood(&mut relay, |n| format!("9.9.9.{}:1000", n % 256));
    flood(&mut relay, |n| format!("{}.{}.1.1:1000", n / 256, n % 256));
    for transport in [Transport::Tcp, Transport::Tls] {
        let mut alice = alice();
        alice.five_tuple.transport = transport;
        relay.allocate(&mut alice);
        relay.refresh(&mut alice, 0);
    }
}

#[test]
fn the_budgets_are_those_of_all_workers_together() {
    let (mut one, strangers) = (Relay::with(limited), strangers());
    let mut other = Relay::with(|settings| settings.strangers = Arc::clone(&strangers));
    let mut third = Relay::with(|settings| settings.strangers = Arc::clone(&strangers));
    let source = |n: usize| format!("9.9.9.{}:1000", n % 256);
    let alone = flood(&mut one, source);
    assert_eq!(flood(&mut other, source) + flood(&mut third, source), alone);
}

fn limited(settings: &mut Settings) {
    settings.strangers = strangers();
}

fn strangers() -> Arc<Strangers> {
    let now = crate::support::epoch();
    Arc::new(Strangers::new(LIMITS, [6; 32], now))
}

/// Sends 1,000 Binding requests, the n-th from `source(n)`, and returns how many bytes are sent back.
fn flood(relay: &mut Relay, source: impl Fn(usize) -> String) -> usize {
    let sent = (0..1000).map(|n| {
        let five_tuple = FiveTuple {
            client: source(n).parse().unwrap(),
            ..alice().five_tuple
        };
        let request = relay.request(method::BINDING).bytes();
        let reply = relay.exchange(five_tuple, &request);
        reply.map_or(0, |reply| reply.bytes.len())
    });
    sent.sum()
}
