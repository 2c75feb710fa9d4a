//! RFC 8489 section 9.2: long-term credentials, here ephemeral ones.

use crate::{
    client::OFFERED,
    support::{Client, PEER, REALM, Relay, UDP, alice, secret},
};
use std::time::Duration;
use stun::{ErrorCode, Nonce, PasswordAlgorithms, Realm, method};
use turn::{CredentialLimits, Credentials, DropReason, UnixSeconds};

/// What every nonce begins with that offers something, and the bits of what it offers.
const COOKIE: &str = "obMatJos2AAAD";

#[test]
fn a_request_without_integrity_is_challenged_with_realm_and_nonce() {
    let (mut relay, alice) = (Relay::new(), alice());
    for method in [
        method::ALLOCATE,
        method::REFRESH,
        method::CREATE_PERMISSION,
        method::CHANNEL_BIND,
    ] {
        let request = relay.request(method).transport(UDP).bytes();
        let reply = relay.exchange(alice.five_tuple, &request).unwrap();
        assert_eq!(reply.code(), Some(401));
        assert_eq!(reply.message().attribute::<Realm>().unwrap().realm(), REALM);
        assert!(reply.has::<Nonce>() && !reply.has::<stun::MessageIntegrity>());
    }
}

#[test]
fn a_challenge_is_at_most_three_times_its_request_or_is_not_sent() {
    let alice = alice();
    for length in 1..=64 {
        let realm = "r".repeat(length);
        let mut relay = Relay::with(|settings| settings.realm.clone_from(&realm));
        let bare = relay.request(method::REFRESH).bytes();
        let allocate = relay.request(method::ALLOCATE).transport(UDP).bytes();
        let printed = relay
            .request(method::ALLOCATE)
            .transport(UDP)
            .fingerprinted();
        let padded = relay
            .request(method::ALLOCATE)
            .raw(0x8022, &[0; 96])
            .bytes();
        for request in [bare, allocate, printed, padded] {
            let dropped = relay.drops(DropReason::Amplifying);
            let Some(challenge) = relay.exchange(alice.five_tuple, &request) else {
                assert_eq!(relay.drops(DropReason::Amplifying), dropped + 1);
                assert!(
                    length > 32 || request.len() == 20,
                    "every Allocate is answered"
                );
                continue;
            };
            assert!(challenge.bytes.len() <= 3 * request.len());
            assert_eq!(
                challenge.nonce().starts_with(COOKIE),
                challenge.has::<PasswordAlgorithms>()
            );
        }
    }
}

#[test]
fn the_allocate_of_a_browser_is_offered_everything_in_exactly_three_times_its_bytes() {
    let (mut relay, alice) = (Relay::new(), alice());
    let allocate = relay.request(method::ALLOCATE).transport(UDP).bytes();
    let challenge = relay.exchange(alice.five_tuple, &allocate).unwrap();
    assert_eq!((allocate.len(), challenge.bytes.len()), (28, 84));
    assert_eq!(challenge.offered(), OFFERED);
    let error = challenge.message().attribute::<ErrorCode>().unwrap();
    assert_eq!((error.code(), error.reason()), (401, ""));
    let long = relay
        .request(method::ALLOCATE)
        .raw(0x8022, &[0; 96])
        .bytes();
    let challenge = relay.exchange(alice.five_tuple, &long).unwrap();
    let error = challenge.message().attribute::<ErrorCode>().unwrap();
    assert_eq!((error.code(), error.reason()), (401, "Unauthenticated"));
}

#[test]
fn a_stranger_leaves_nothing_behind() {
    let mut relay = Relay::new();
    for port in 1..200 {
        let stranger = Client::of("stranger", &format!("9.9.9.9:{port}"));
        let request = relay.request(method::ALLOCATE).transport(UDP).bytes();
        relay.exchange(stranger.five_tuple, &request).unwrap();
    }
    assert_eq!(relay.server.next_deadline(), None);
    assert!(relay.bound.is_empty());
}

#[test]
fn a_request_that_lacks_username_realm_or_nonce_is_a_bad_request() {
    let (mut relay, alice) = (Relay::new(), alice());
    let parts: [(u16, &[u8]); 3] = [(0x0006, b"1:alice"), (0x0014, b"zvonilka"), (0x0015, b"n")];
    for missing in 0..3 {
        let mut request = relay.request(method::ALLOCATE).transport(UDP);
        for (at, (kind, value)) in parts.into_iter().enumerate() {
            if at != missing {
                request = request.raw(kind, value);
            }
        }
        let request = request.integrity(&alice);
        let reply = relay.exchange(alice.five_tuple, &request).unwrap();
        assert_eq!(reply.code(), Some(400));
        assert!(!reply.has::<Nonce>() && !reply.has::<Realm>());
        assert!(!reply.has::<stun::MessageIntegrity>());
    }
}

#[test]
fn a_wrong_password_username_or_realm_is_unauthorized() {
    let mut relay = Relay::new();
    let mut wrong_password = alice();
    wrong_password.credentials.credential = "guess".into();
    let mut no_expiry = alice();
    no_expiry.credentials.username = "alice".into();
    let mut foreign_realm = alice();
    foreign_realm.realm = "elsewhere".into();
    let mut foreign_secret = alice();
    foreign_secret.credentials = Credentials::issue(
        &secret("west"),
        &"alice".parse().unwrap(),
        UnixSeconds(1_700_086_400),
    );
    for mut client in [wrong_password, no_expiry, foreign_realm, foreign_secret] {
        let request = relay.request(method::ALLOCATE).transport(UDP);
        assert_eq!(
            relay.ask(&mut client, request).code(),
            Some(401),
            "{:?}",
            client.credentials
        );
    }
    assert!(relay.bound.is_empty());
}

#[test]
fn credentials_of_every_secret_are_good() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    alice.credentials = Credentials::issue(
        &secret("south"),
        &"alice".parse().unwrap(),
        UnixSeconds(1_700_086_400),
    );
    relay.allocate(&mut alice);
    assert_eq!(relay.permit(&mut alice, PEER), None);
}

#[test]
fn an_old_nonce_is_stale_and_the_new_one_is_good() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    for _ in 0..7 {
        relay.refresh(&mut alice, 3600);
        relay.advance(500);
    }
    relay.advance(101);
    let reply = relay.refresh(&mut alice, 3600);
    assert_eq!(reply.code(), Some(438));
    alice.nonce = Some(reply.message().attribute::<Nonce>().unwrap().nonce().into());
    assert_eq!(relay.refresh(&mut alice, 3600).code(), None);
}

#[test]
fn a_nonce_of_another_client_is_stale() {
    let (mut relay, mut alice, mut mallory) =
        (Relay::new(), alice(), Client::of("alice", "9.9.9.66:1000"));
    relay.allocate(&mut alice);
    mallory.nonce = alice.nonce.clone();
    let request = relay.request(method::ALLOCATE).transport(UDP);
    assert_eq!(relay.ask(&mut mallory, request).code(), Some(438));
}

#[test]
fn credentials_make_an_allocation_until_they_expire_and_if_they_do_not_live_too_long() {
    let credentials = CredentialLimits {
        lifetime: Duration::from_secs(3600),
        clock_skew: Duration::from_secs(60),
    };
    let now = 1_700_000_000;
    for (expires, code) in [
        (now - 60, Some(401)),
        (now - 59, None),
        (now + 3660, None),
        (now + 3661, Some(401)),
        (u64::MAX, Some(401)),
    ] {
        let mut relay = Relay::with(|settings| settings.credentials = credentials);
        let mut client = Client::until("alice", "9.9.9.9:1000", expires);
        let request = relay.request(method::ALLOCATE).transport(UDP);
        let reply = relay.ask(&mut client, request);
        assert_eq!(reply.code(), code, "{expires}");
        assert_eq!(relay.bound.is_empty(), code.is_some());
    }
}

#[test]
fn an_allocation_outlives_its_credentials() {
    let (mut relay, mut alice) = (
        Relay::new(),
        Client::until("alice", "9.9.9.9:1000", 1_700_000_100),
    );
    relay.allocate(&mut alice);
    relay.advance(300);
    assert_eq!(relay.refresh(&mut alice, 600).code(), None);
    assert_eq!(relay.permit(&mut alice, PEER), None);
}

#[test]
fn an_allocation_obeys_only_the_username_that_made_it() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let mut other = Client::of("bob", "9.9.9.9:1000");
    assert_eq!(relay.refresh(&mut other, 0).code(), Some(441));
    assert_eq!(relay.permit(&mut other, PEER), Some(441));
    assert_eq!(relay.bind(&mut other, 0x4000, PEER), Some(441));
    assert_eq!(relay.server.counters().allocations, 1);
}

#[test]
fn a_changed_request_is_unauthorized() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.allocate(&mut alice);
    let mut request = relay
        .request(method::CREATE_PERMISSION)
        .peer(PEER)
        .signed(&alice);
    request[31] ^= 1;
    assert_eq!(
        relay.exchange(alice.five_tuple, &request).unwrap().code(),
        Some(401)
    );
    assert_eq!(relay.send(&alice, PEER, b"x"), None);
}

#[test]
fn only_who_signs_rightly_is_told_that_the_nonce_is_stale() {
    let mut relay = Relay::new();
    let (mut right, mut wrong) = (alice(), alice());
    wrong.credentials.credential = "guess".into();
    for (client, code) in [(&mut right, 438), (&mut wrong, 401)] {
        client.nonce = Some("obMatJos2AAADold".into());
        let request = relay.request(method::ALLOCATE).transport(UDP);
        assert_eq!(relay.ask(client, request).code(), Some(code));
    }
}

#[test]
fn a_nonce_is_good_at_every_worker_and_after_a_restart_with_the_same_key() {
    let (mut one, mut other, mut stranger) = (
        Relay::new(),
        Relay::new(),
        Relay::with(|settings| settings.nonce_key = [9; 32]),
    );
    let mut alice = alice();
    one.challenge(&mut alice);
    let ask = |relay: &mut Relay, client: &mut Client| {
        let request = relay.request(method::ALLOCATE).transport(UDP);
        relay.ask(client, request).code()
    };
    assert_eq!(ask(&mut stranger, &mut alice), Some(438));
    assert_eq!(ask(&mut other, &mut alice), None);
}
