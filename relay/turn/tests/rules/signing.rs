//! RFC 8489 sections 9.2 and 14: password algorithms, the two integrities, USERHASH, and who tampers with them.

use crate::{
    client::{OFFERED, Style, fingerprinted},
    support::{Client, REALM, Relay, Request, UDP, alice},
};
use stun::{
    Fingerprint, IntegrityAlgorithm, MessageIntegrity, MessageIntegritySha256, Nonce,
    PasswordAlgorithmValue, PasswordAlgorithms, Realm, Userhash, Username, method,
};

use IntegrityAlgorithm::{Sha1, Sha256};
use PasswordAlgorithmValue::{MD5, SHA256};

const ANOTHERS_ORDER: &[u8] = &[0, 1, 0, 0, 0, 2, 0, 0];
const MD5_ALONE: &[u8] = &[0, 1, 0, 0];
const AS_OFFERED: &[u8] = &[0, 2, 0, 0, 0, 1, 0, 0];

#[test]
fn every_algorithm_signs_in_with_every_integrity_and_is_answered_by_the_strongest_it_used() {
    for algorithm in [None, Some(MD5), Some(SHA256)] {
        for (integrity, answered) in [
            (&[Sha1][..], Sha1),
            (&[Sha256], Sha256),
            (&[Sha1, Sha256], Sha256),
            (&[Sha256, Sha1], Sha256),
        ] {
            let (mut relay, mut alice) = (Relay::new(), alice());
            alice.style = Style {
                algorithm,
                integrity,
                ..Style::default()
            };
            relay.challenge(&mut alice);
            for method in [method::ALLOCATE, method::REFRESH] {
                let request = relay.request(method).transport(UDP);
                let reply = relay.ask(&mut alice, request);
                assert_eq!(reply.code(), None, "{:?}", alice.style);
                assert_eq!(reply.message().integrity(), Some(answered));
                assert_ne!(
                    reply.has::<MessageIntegrity>(),
                    reply.has::<MessageIntegritySha256>()
                );
                assert!(!reply.has::<Nonce>() && !reply.has::<Realm>());
            }
        }
    }
}

#[test]
fn a_refusal_of_who_has_signed_in_is_signed_as_the_request_was() {
    for integrity in [&[Sha1][..], &[Sha256]] {
        let (mut relay, mut alice) = (Relay::new(), modern(integrity));
        relay.allocate(&mut alice);
        let request = relay.request(method::ALLOCATE).transport(UDP);
        let reply = relay.ask(&mut alice, request);
        assert_eq!(reply.code(), Some(437));
        assert_eq!(reply.message().integrity(), integrity.first().copied());
    }
}

#[test]
fn a_sha_256_may_be_cut_to_16_bytes_and_not_to_less() {
    for (cut, code) in [
        (32, None),
        (28, None),
        (16, None),
        (12, Some(401)),
        (0, Some(401)),
    ] {
        let (mut relay, mut alice) = (Relay::new(), modern(&[Sha256]));
        alice.style.cut = cut;
        let request = relay.request(method::ALLOCATE).transport(UDP);
        assert_eq!(relay.ask(&mut alice, request).code(), code, "{cut}");
    }
}

#[test]
fn of_two_integrities_the_stronger_must_be_right() {
    let (mut relay, mut alice) = (Relay::new(), modern(&[Sha1, Sha256]));
    relay.challenge(&mut alice);
    let mut request = relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .signed(&alice);
    *request.last_mut().unwrap() ^= 1;
    let reply = relay.exchange(alice.five_tuple, &request).unwrap();
    assert_eq!(reply.code(), Some(401));
}

#[test]
fn a_list_of_algorithms_that_is_not_the_one_offered_is_a_bad_request() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.challenge(&mut alice);
    let (none, sha256): (Option<&[u8]>, &[u8]) = (None, &[0, 2, 0, 0]);
    for (algorithm, algorithms) in [
        (Some(sha256), none),
        (none, Some(AS_OFFERED)),
        (Some(sha256), Some(ANOTHERS_ORDER)),
        (Some(MD5_ALONE), Some(MD5_ALONE)),
        (Some(&[0, 3, 0, 0]), Some(AS_OFFERED)),
        (Some(&[0, 2, 0, 4, 0, 0, 0, 0]), Some(AS_OFFERED)),
    ] {
        let mut request = claim(&mut relay, &alice);
        if let Some(algorithm) = algorithm {
            request = request.raw(0x001D, algorithm);
        }
        if let Some(algorithms) = algorithms {
            request = request.raw(0x8002, algorithms);
        }
        let request = request.integrity(&alice);
        let reply = relay.exchange(alice.five_tuple, &request).unwrap();
        assert_eq!(reply.code(), Some(400), "{algorithm:?} {algorithms:?}");
        assert!(!reply.has::<Nonce>() && reply.message().integrity().is_none());
    }
}

#[test]
fn no_algorithm_is_named_where_none_was_offered() {
    let mut relay =
        Relay::with(|settings| settings.realm = "a realm of thirty-two characters".into());
    let mut alice = alice();
    alice.realm = "a realm of thirty-two characters".into();
    relay.challenge(&mut alice);
    alice.style.algorithm = Some(SHA256);
    let request = relay.request(method::ALLOCATE).transport(UDP);
    let bytes = request.signed(&alice);
    assert_eq!(
        relay.exchange(alice.five_tuple, &bytes).unwrap().code(),
        Some(400)
    );
    alice.style.algorithm = None;
    relay.allocate(&mut alice);
}

#[test]
fn whoever_takes_the_cookie_from_a_challenge_is_noticed() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    relay.challenge(&mut alice);
    let nonce = alice.nonce.take().unwrap();
    alice.nonce = Some(nonce["obMatJos2AAAD".len()..].into());
    let request = relay.request(method::ALLOCATE).transport(UDP);
    let reply = relay.ask(&mut alice, request);
    assert_eq!(reply.code(), Some(438));
    assert_eq!(reply.offered(), OFFERED);
    assert!(reply.nonce().starts_with("obMatJos2AAAD") && reply.has::<Realm>());
    assert!(!reply.has::<Username>() && !reply.has::<Userhash>());
}

#[test]
fn a_username_that_was_issued_may_be_hidden() {
    for integrity in [&[Sha1][..], &[Sha256]] {
        let (mut relay, mut alice) = (Relay::new(), modern(integrity));
        alice.style.hidden = true;
        let request = relay.request(method::ALLOCATE).transport(UDP);
        assert_eq!(
            relay.ask(&mut alice, request).code(),
            Some(401),
            "not known yet"
        );
        relay.issued.insert(&alice.credentials.username, REALM);
        relay.allocate(&mut alice);
        alice.style.hidden = false;
        assert_eq!(
            relay.refresh(&mut alice, 600).code(),
            None,
            "one and the same username"
        );
    }
}

#[test]
fn a_key_of_another_algorithm_or_secret_is_unauthorized() {
    let (mut relay, mut alice) = (Relay::new(), modern(&[Sha256]));
    relay.allocate(&mut alice);
    let request = relay.request(method::REFRESH).claimed(&alice);
    alice.style.algorithm = Some(MD5);
    let bytes = request.integrity(&alice);
    assert_eq!(
        relay.exchange(alice.five_tuple, &bytes).unwrap().code(),
        Some(401)
    );
    assert_eq!(
        relay.refresh(&mut alice, 600).code(),
        None,
        "MD5 was chosen openly"
    );
}

#[test]
fn what_stands_after_the_integrity_is_ignored_and_the_fingerprint_is_not() {
    let (mut relay, mut alice) = (Relay::new(), modern(&[Sha256]));
    relay.allocate(&mut alice);
    let lifetime_0 = [0x00, 0x0D, 0, 4, 0, 0, 0, 0];
    let unknown = [0x7F, 0xFF, 0, 0];
    let mut request = relay.request(method::REFRESH).signed(&alice);
    request.extend(lifetime_0);
    request.extend(unknown);
    let length = (request.len() - stun::HEADER) as u16;
    request[2..4].copy_from_slice(&length.to_be_bytes());
    let reply = relay.exchange(alice.five_tuple, &request).unwrap();
    assert_eq!((reply.code(), reply.lifetime()), (None, 600));
    assert!(!reply.has::<Fingerprint>());
    let reply = relay
        .exchange(alice.five_tuple, &fingerprinted(request.clone()))
        .unwrap();
    assert!(reply.has::<Fingerprint>());
    let kinds: Vec<u16> = reply
        .message()
        .values()
        .map(|(kind, _)| kind.into())
        .collect();
    assert_eq!(kinds, [0x000D, 0x001C, 0x8028], "FINGERPRINT comes last");
    let mut wrong = fingerprinted(request);
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(relay.exchange(alice.five_tuple, &wrong), None);
}

#[test]
fn a_challenge_is_not_signed_and_has_everything_to_sign_in_with() {
    let (mut relay, alice) = (Relay::new(), alice());
    let request = relay.request(method::ALLOCATE).transport(UDP).bytes();
    let reply = relay.exchange(alice.five_tuple, &request).unwrap();
    assert_eq!(reply.code(), Some(401));
    assert!(reply.has::<Nonce>() && reply.has::<Realm>() && reply.has::<PasswordAlgorithms>());
    assert!(!reply.has::<Username>() && reply.message().integrity().is_none());
}

/// Returns a client that signs as RFC 8489 has it.
fn modern(integrity: &'static [IntegrityAlgorithm]) -> Client {
    let mut client = alice();
    client.style.algorithm = Some(SHA256);
    client.style.integrity = integrity;
    client
}

/// Starts an Allocate that says who `client` is, and nothing of algorithms.
fn claim(relay: &mut Relay, client: &Client) -> Request {
    relay
        .request(method::ALLOCATE)
        .transport(UDP)
        .claimed(client)
}
