//! What the core costs without any socket. It prints and judges nothing:
//! `CARGO_PROFILE_TEST_OPT_LEVEL=3 CARGO_PROFILE_DEV_OPT_LEVEL=3 cargo test -p zvonilka-turn --test rules speed -- --ignored --nocapture`

use crate::support::{Client, PEER, Relay, UDP, alice};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use stun::{Data, method};

const ROUNDS: u32 = 20_000;

#[test]
#[ignore = "a measurement, for an optimised build"]
fn what_each_message_costs() {
    let mut relay = Relay::with(|settings| settings.relay_ports = 10_000..=60_000);
    let mut alice = alice();
    relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    let binding = relay.request(method::BINDING).bytes();
    cost("Binding", || {
        relay.exchange(alice.five_tuple, &binding);
    });
    let challenge = relay.request(method::ALLOCATE).transport(UDP).bytes();
    cost("challenge", || {
        relay.exchange(alice.five_tuple, &challenge);
    });
    let refresh = relay.request(method::REFRESH).lifetime(600).signed(&alice);
    cost("Refresh", || {
        relay.exchange(alice.five_tuple, &refresh);
    });
    let data = Data::new(&[7; 160]);
    let send = relay
        .indication(method::SEND)
        .peer(PEER)
        .attribute(&data)
        .bytes();
    cost("Send, read", || {
        black_box(stun::SendIndication::parse(black_box(&send)));
    });
    cost("Send, 160 bytes", || {
        let (from, now) = (alice.five_tuple, relay.now);
        black_box(relay.server.handle_client(from, &send, now));
    });
    cost("Allocate and Refresh 0", allocations(&mut relay));
}

/// Returns what makes and ends one allocation, with the requests written beforehand.
fn allocations(relay: &mut Relay) -> impl FnMut() {
    let mut carol = Client::of("carol", "9.9.9.11:1000");
    relay.challenge(&mut carol);
    let allocate = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .signed(&carol);
    let end = relay.request(method::REFRESH).lifetime(0).signed(&carol);
    move || {
        for request in [&allocate, &end] {
            let reply = relay.exchange(carol.five_tuple, request).unwrap();
            black_box(reply);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn cost(what: &str, mut once: impl FnMut()) {
    let started = Instant::now();
    (0..ROUNDS).for_each(|_| once());
    let each: Duration = started.elapsed() / ROUNDS;
    eprintln!("{what:24} {each:?}");
}
