//! RFC 8489 section 9.2: long-term credentials, here ephemeral ones.

use crate::support::{Client, PEER, REALM, Relay, UDP, alice, secret};
use stun::{Nonce, Realm, method};
use turn::{Credentials, UnixSeconds};

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
    for realm in [REALM, "thirty-two.bytes.of.realm.example"] {
        let realm = &realm[..realm.len().min(32)];
        let (mut relay, alice) = (
            Relay::with(|settings| settings.realm = realm.into()),
            alice(),
        );
        let allocate = relay.request(method::ALLOCATE).transport(UDP).bytes();
        let challenge = relay
            .exchange(alice.five_tuple, &allocate)
            .expect("an Allocate is always answered");
        assert!(
            challenge.bytes.len() <= 3 * allocate.len(),
            "{} for {}",
            challenge.bytes.len(),
            allocate.len()
        );
        let bare = relay.request(method::REFRESH).bytes();
        if let Some(challenge) = relay.exchange(alice.five_tuple, &bare) {
            assert!(challenge.bytes.len() <= 3 * bare.len());
        }
    }
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
    let request = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .raw(0x0006, b"1:alice")
        .bytes();
    let mut signed = request.clone();
    signed.extend([0x00, 0x08, 0, 20]);
    signed.extend([0; 20]);
    signed[3] = (signed.len() - 20) as u8;
    assert_eq!(
        relay.exchange(alice.five_tuple, &signed).unwrap().code(),
        Some(400)
    );
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
        UnixSeconds(1_800_000_000),
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
        UnixSeconds(1_800_000_000),
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
fn expired_credentials_make_no_allocation() {
    let (mut relay, mut late) = (
        Relay::new(),
        Client::until("alice", "9.9.9.9:1000", 1_700_000_000),
    );
    let request = relay.request(method::ALLOCATE).transport(UDP);
    assert_eq!(relay.ask(&mut late, request).code(), Some(401));
    assert!(relay.bound.is_empty());
}

#[test]
fn an_allocation_outlives_its_credentials() {
    let (mut relay, mut alice) = (
        Relay::new(),
        Client::until("alice", "9.9.9.9:1000", 1_700_000_100),
    );
    relay.allocate(&mut alice);
    relay.advance(200);
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
