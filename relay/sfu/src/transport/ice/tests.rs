//! Checks, nominations and what is asked of a path.

use std::net::SocketAddr;

use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::{Via, clock::start};

#[test]
fn a_check_with_the_password_is_answered_and_its_nomination_followed() {
    let (mut ice, now) = (ice(4), start());
    let plain = check(&mut ice, &path(1), request(&Request::default()), now);
    assert!(matches!(
        plain,
        Checked::Answered {
            nominates: false,
            ..
        }
    ));
    assert_eq!(ice.selected(), None);
    let nominating = request(&Request {
        nominates: true,
        id: 2,
        ..Request::default()
    });
    assert!(matches!(
        check(&mut ice, &path(1), nominating, now),
        Checked::Answered {
            nominates: true,
            ..
        }
    ));
    assert_eq!(ice.selected(), Some(path(1)));
}

#[test]
fn a_check_without_the_password_or_for_another_is_a_strangers() {
    let (mut ice, now) = (ice(4), start());
    for stranger in [
        Request {
            password: "another password of 24 c",
            ..Request::default()
        },
        Request {
            username: "00aaaaaa:them",
            ..Request::default()
        },
        Request {
            username: "00bbbbbb:else",
            ..Request::default()
        },
    ] {
        assert_eq!(
            check(&mut ice, &path(1), request(&stranger), now),
            Checked::Stranger
        );
    }
    assert_eq!(ice.paths.len(), 0);
}

#[test]
fn who_thinks_itself_controlled_is_told_so_and_nominates_nothing() {
    let (mut ice, now) = (ice(4), start());
    let confused = request(&Request {
        nominates: true,
        controls: false,
        ..Request::default()
    });
    let Checked::Answered {
        answer, nominates, ..
    } = check(&mut ice, &path(1), confused, now)
    else {
        panic!("an answer")
    };
    let answer = StunMessage::parse(&answer).unwrap();
    assert_eq!(answer.error_code().map(|(code, _)| code), Some(487));
    assert!(!nominates);
}

#[test]
fn the_path_that_was_heard_longest_ago_makes_room_but_never_the_one_in_use() {
    let (mut ice, now) = (ice(2), start());
    let at = |seconds| now + Duration::from_secs(seconds);
    let mut prove = |port, nominates, second| {
        let id = port as u8;
        let request = request(&Request {
            nominates,
            id,
            ..Request::default()
        });
        match check(&mut ice, &path(port), request, at(second)) {
            Checked::Answered { forgotten, .. } => forgotten,
            Checked::Stranger => panic!("the password holds"),
        }
    };
    assert_eq!(prove(1, true, 0), None);
    assert_eq!(prove(2, false, 1), None);
    assert_eq!(prove(3, false, 2), Some(path(2)));
    assert_eq!(prove(4, false, 3), Some(path(3)));
}

#[test]
fn another_path_is_sent_on_when_it_has_answered() {
    let (mut ice, now) = moving();
    assert_eq!(ice.selected(), Some(path(1)));
    let (to, request) = ice.poll_request(now).unwrap();
    assert_eq!(to, path(2));
    let request = StunMessage::parse(&request).unwrap();
    assert_eq!(request.split_username(), Some(("them", "00bbbbbb")));
    assert!(request.ice_controlled().is_some() && !request.use_candidate());
    assert!(ice.poll_request(now).is_none(), "once");
    hear(
        &mut ice,
        &path(2),
        &answer(request.trans_id(), "their password of 24 cha"),
    );
    assert_eq!(ice.selected(), Some(path(2)));
    assert_eq!(ice.deadline(), None);
    for port in [1, 2] {
        let again = nomination(10 + port as u8);
        check(&mut ice, &path(port), again, now);
        assert_eq!(ice.selected(), Some(path(port)), "it has answered before");
    }
}

#[test]
fn an_answer_from_elsewhere_to_something_else_or_without_the_password_moves_nothing() {
    let (mut ice, now) = moving();
    let (_, request) = ice.poll_request(now).unwrap();
    let id = StunMessage::parse(&request).unwrap().trans_id();
    hear(&mut ice, &path(1), &answer(id, "their password of 24 cha"));
    hear(&mut ice, &path(2), &answer(id, "the password of 24 chars"));
    hear(
        &mut ice,
        &path(2),
        &answer(TransId::new(), "their password of 24 cha"),
    );
    hear(&mut ice, &path(2), &request);
    assert_eq!(ice.selected(), Some(path(1)));
}

#[test]
fn who_does_not_answer_is_asked_for_6_s_and_then_no_more() {
    let (mut ice, start) = moving();
    let mut asked = Vec::new();
    for millis in 0..20_000 {
        let now = start + Duration::from_millis(millis);
        if ice.deadline().is_some_and(|deadline| deadline <= now) && ice.poll_request(now).is_some()
        {
            asked.push(millis);
        }
    }
    assert_eq!(asked, [0, 100, 300, 700, 1_500, 3_100]);
    assert_eq!(ice.deadline(), None);
    assert_eq!(ice.selected(), Some(path(1)));
}

#[test]
fn a_path_that_takes_the_place_of_one_that_ended_has_to_answer_too() {
    let (mut ice, now) = moving();
    ice.forget(&path(1));
    assert_eq!(ice.selected(), None);
    let (to, _) = ice.poll_request(now).unwrap();
    assert_eq!((to, ice.selected()), (path(2), None));
}

#[test]
fn so_many_checks_are_answered_at_once_and_so_many_in_a_second() {
    let (mut ice, now) = (ice(4), start());
    let mut answered = |at| {
        let checks =
            (0..1_000).map(|_| check(&mut ice, &path(1), request(&Request::default()), at));
        checks
            .filter(|checked| *checked != Checked::Stranger)
            .count()
    };
    assert_eq!(answered(now), 200);
    assert_eq!(answered(now + Duration::from_secs(1)), 50);
}

/// A connection that is sent on path 1, and whose client has nominated path 2.
fn moving() -> (Ice, Instant) {
    let (mut ice, now) = (ice(4), start());
    check(&mut ice, &path(1), nomination(1), now);
    check(&mut ice, &path(2), nomination(2), now);
    (ice, now)
}

fn nomination(id: u8) -> Vec<u8> {
    request(&Request {
        nominates: true,
        id,
        ..Request::default()
    })
}

fn answer(id: TransId, password: &str) -> Vec<u8> {
    let mut bytes = vec![0; LONGEST_ANSWER];
    let hmac = crypto::provider().sha1_hmac_provider;
    let length = StunMessage::binding_reply(id, path(9).remote)
        .to_bytes(Some(password.as_bytes()), &mut bytes, |key, parts| {
            hmac.sha1_hmac(key, parts)
        })
        .unwrap();
    bytes.truncate(length);
    bytes
}

fn hear(ice: &mut Ice, path: &Path, answer: &[u8]) {
    ice.handle_answer(path, &StunMessage::parse(answer).unwrap());
}

struct Request {
    username: &'static str,
    password: &'static str,
    nominates: bool,
    controls: bool,
    id: u8,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            username: "00bbbbbb:them",
            password: "the password of 24 chars",
            nominates: false,
            controls: true,
            id: 1,
        }
    }
}

fn ice(most_paths: usize) -> Ice {
    let credentials = |ufrag: &str, password: &str| Credentials {
        ufrag: ufrag.to_owned(),
        password: password.to_owned(),
    };
    let ours = credentials("00bbbbbb", "the password of 24 chars");
    Ice::new(
        ours,
        credentials("them", "their password of 24 cha"),
        most_paths,
        start(),
    )
}

fn path(port: u16) -> Path {
    let address = |port| SocketAddr::from(([192, 0, 2, 1], port));
    Path {
        via: Via::Udp,
        remote: address(port),
        local: address(3478),
        media: address(3478),
    }
}

fn check(ice: &mut Ice, path: &Path, request: Vec<u8>, now: Instant) -> Checked {
    ice.handle_check(path, &StunMessage::parse(&request).unwrap(), now)
}

fn request(request: &Request) -> Vec<u8> {
    let mut id = StdRng::from_seed([request.id; 32]);
    let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    bytes.extend((0..12).map(|_| id.next_u32() as u8));
    let mut add = |kind: u16, value: &[u8]| {
        bytes.extend(kind.to_be_bytes());
        bytes.extend((value.len() as u16).to_be_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    };
    add(0x0006, request.username.as_bytes());
    add(0x0024, &1_u32.to_be_bytes());
    add(
        if request.controls { 0x802a } else { 0x8029 },
        &7_u64.to_be_bytes(),
    );
    if request.nominates {
        add(0x0025, &[]);
    }
    // The length counts the integrity, which ends the message (RFC 8489 section 14.5).
    let length = (bytes.len() - 20 + 24) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let hmac = crypto::provider().sha1_hmac_provider;
    let integrity = hmac.sha1_hmac(request.password.as_bytes(), &[&bytes]);
    bytes.extend([0, 8, 0, 20]);
    bytes.extend(integrity);
    bytes
}
