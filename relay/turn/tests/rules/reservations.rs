//! RFC 8656 section 7.2: EVEN-PORT and RESERVATION-TOKEN.

use crate::support::{Client, Relay, Reply, UDP, alice, bob};
use stun::{EvenPort, ReservationToken, method};
use turn::{BindError, Settings, Usage};

#[test]
fn an_even_port_is_given_to_who_asks_for_one() {
    for _ in 0..20 {
        let (mut relay, mut alice) = (Relay::new(), alice());
        let request = relay.request(method::ALLOCATE).transport(UDP);
        let request = request.attribute(&EvenPort::new(false));
        let reply = relay.ask(&mut alice, request);
        assert_eq!(reply.relayed().port() % 2, 0);
        assert!(!reply.has::<ReservationToken>());
    }
}

#[test]
fn the_next_port_is_kept_and_given_to_who_brings_the_token() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let reply = reserve(&mut relay, &mut alice);
    let port = reply.relayed().port();
    assert_eq!(port % 2, 0);
    relay.advance(29);
    let mut second = Client::of("alice", "9.9.9.9:1001");
    let redeemed = redeem(&mut relay, &mut second, token(&reply));
    assert_eq!(redeemed.relayed().port(), port + 1);
    let mut third = Client::of("alice", "9.9.9.9:1002");
    let again = redeem(&mut relay, &mut third, token(&reply));
    assert_eq!(again.code(), Some(508), "a token is good once");
}

#[test]
fn a_reservation_ends_after_30_seconds() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let reply = reserve(&mut relay, &mut alice);
    let held = relay.registry.usage();
    assert_eq!((held.ports, held.allocations, held.reservations), (2, 2, 1));
    relay.advance(30);
    let held = relay.registry.usage();
    assert_eq!((held.ports, held.allocations, held.reservations), (1, 1, 0));
    let mut second = Client::of("alice", "9.9.9.9:1001");
    let late = redeem(&mut relay, &mut second, token(&reply));
    assert_eq!(late.code(), Some(508));
}

#[test]
fn a_reservation_outlives_the_allocation_and_ends_with_the_server() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    reserve(&mut relay, &mut alice);
    relay.refresh(&mut alice, 0);
    assert_eq!(relay.registry.usage().ports, 1);
    relay.server.stop(relay.now);
    assert_eq!(relay.registry.usage(), Usage::default());
    assert_eq!(relay.server.next_deadline(), None);
}

#[test]
fn a_reservation_is_for_its_user_whichever_session_brings_the_token() {
    let mut relay = Relay::new();
    let mut phone = Client::of("alice.phone", "9.9.9.9:1000");
    let reply = reserve(&mut relay, &mut phone);
    let stolen = redeem(&mut relay, &mut bob(), token(&reply));
    assert_eq!(stolen.code(), Some(508));
    let mut desk = Client::of("alice.desk", "9.9.9.9:1001");
    let redeemed = redeem(&mut relay, &mut desk, token(&reply));
    assert_eq!(redeemed.relayed().port(), reply.relayed().port() + 1);
    let view = relay
        .server
        .allocations()
        .map(|view| view.session.to_string());
    assert!(view.into_iter().any(|session| session == "alice.desk"));
    relay.refresh(&mut phone, 0);
    relay.refresh(&mut desk, 0);
    assert_eq!(relay.registry.usage(), Usage::default());
}

#[test]
fn a_reservation_is_found_by_every_worker() {
    let (mut first, mut alice) = (Relay::new(), alice());
    let mut second = first.sibling(1, |_| {});
    let reply = reserve(&mut first, &mut alice);
    let mut client = Client::of("alice", "9.9.9.9:1001");
    let redeemed = redeem(&mut second, &mut client, token(&reply));
    assert_eq!(redeemed.relayed().port(), reply.relayed().port() + 1);
    first.advance(30);
    let held = first.registry.usage();
    assert_eq!((held.ports, held.allocations), (2, 2), "it is the other's");
    second.refresh(&mut client, 0);
    first.refresh(&mut alice, 0);
    assert_eq!(first.registry.usage(), Usage::default());
}

#[test]
fn the_same_request_again_gets_the_same_token() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.challenge(&mut alice);
    let request = relay.request(method::ALLOCATE).transport(UDP);
    let request = request.attribute(&EvenPort::new(true)).signed(&alice);
    let first = relay.exchange(alice.five_tuple, &request).unwrap();
    let again = relay.exchange(alice.five_tuple, &request).unwrap();
    assert_eq!(token(&first), token(&again));
    assert_eq!(relay.registry.usage().ports, 2);
}

#[test]
fn a_pair_that_somebody_else_has_half_of_is_passed_over() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.challenge(&mut alice);
    relay.binds = vec![Err(BindError::InUse); 3];
    let reply = reserve(&mut relay, &mut alice);
    assert_eq!(reply.relayed().port() % 2, 0);
    assert_eq!((relay.bound.len(), relay.registry.usage().ports), (1, 2));
}

#[test]
fn without_two_ports_in_a_row_there_is_no_reservation() {
    let one_pair = |settings: &mut Settings| settings.relay_ports = 50_001..=50_004;
    let (mut relay, mut alice, mut bob) = (Relay::with(one_pair), alice(), bob());
    assert_eq!(reserve(&mut relay, &mut alice).relayed().port(), 50_002);
    assert_eq!(reserve(&mut relay, &mut bob).code(), Some(508));
    assert_eq!(relay.registry.usage().ports, 2);
}

#[test]
fn a_reservation_counts_as_an_allocation() {
    let three = |settings: &mut Settings| settings.limits.allocations_per_user = 3;
    let (mut relay, mut alice) = (Relay::with(three), alice());
    reserve(&mut relay, &mut alice);
    let mut second = Client::of("alice", "9.9.9.9:1001");
    assert_eq!(reserve(&mut relay, &mut second).code(), Some(486));
    assert_eq!(relay.registry.usage().allocations, 2);
    relay.allocate(&mut second);
}

#[test]
fn a_kept_port_that_cannot_be_bound_is_no_capacity() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let reply = reserve(&mut relay, &mut alice);
    let mut second = Client::of("alice", "9.9.9.9:1001");
    relay.challenge(&mut second);
    relay.binds = vec![Err(BindError::InUse)];
    let redeemed = redeem(&mut relay, &mut second, token(&reply));
    assert_eq!((redeemed.code(), relay.binds.len()), (Some(508), 0));
    assert_eq!(relay.registry.usage().ports, 1);
}

#[test]
fn an_unknown_token_is_no_capacity() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    assert_eq!(redeem(&mut relay, &mut alice, 1).code(), Some(508));
}

fn reserve(relay: &mut Relay, client: &mut Client) -> Reply {
    let request = relay.request(method::ALLOCATE).transport(UDP);
    relay.ask(client, request.attribute(&EvenPort::new(true)))
}

fn redeem(relay: &mut Relay, client: &mut Client, token: u64) -> Reply {
    let request = relay.request(method::ALLOCATE).transport(UDP);
    relay.ask(client, request.attribute(&ReservationToken::new(token)))
}

fn token(reply: &Reply) -> u64 {
    let message = reply.message();
    message.attribute::<ReservationToken>().unwrap().token()
}
