//! The closed relay: who is in a live call reaches whom it is in the call with, and nobody reaches anybody else.

use crate::support::{Client, Delivered, PEER, RELAY, Relay, Relayed, alice, bob, port};
use std::{net::SocketAddr, sync::Arc};
use turn::{CallKey, DropReason, LiveCalls, NotAnnounced, PeerPolicy, PeerRules, SessionName};

const CALL: CallKey = CallKey(1);
const OTHER: CallKey = CallKey(2);

/// Addresses that no peer may have, each in some spellings. The relay's own are among them.
const FORBIDDEN: [&str; 50] = [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::127.0.0.1",
    "64:ff9b:1:7f00:0:100::",
    "2002:7f00:1::1",
    "2a00:1450::5efe:127.0.0.1",
    "2a00:1450::200:5efe:127.0.0.1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:a00:1::1",
    "2001:db8::1",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::ffff:0.0.0.0",
    "255.255.255.255",
    "::ffff:255.255.255.255",
    "240.0.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "ff0e::1",
    "::ffff:224.0.0.1",
    "fe80::1",
    "fec0::1",
    "192.88.99.1",
    "100::1",
];

#[test]
fn what_a_sign_in_announces_under_its_other_name_is_its_own() {
    let calls = LiveCalls::new(PeerRules::default());
    let [by_new_secret, by_old_secret]: [SessionName; 2] =
        ["tag1.phone", "tag2.phone"].map(|name| name.parse().unwrap());
    for session in [&by_new_secret, &by_old_secret] {
        calls.join(CALL, session.clone());
        calls
            .announce(CALL, session, "8.8.8.8".parse().unwrap())
            .unwrap();
    }
    assert!(!calls.permits(&by_new_secret, "8.8.8.8".parse().unwrap()));
    let other: SessionName = "tag3.laptop".parse().unwrap();
    calls.join(CALL, other.clone());
    assert!(calls.permits(&other, "8.8.8.8".parse().unwrap()));
}

#[test]
fn no_forbidden_address_is_permitted_in_any_spelling_announced_or_not() {
    let (mut relay, calls) = closed();
    let (mut alice, mut bob) = (alice(), bob());
    call(&calls, CALL, &[&alice, &bob]);
    relay.allocate(&mut alice);
    relay.allocate(&mut bob);
    for address in FORBIDDEN {
        for announced in [false, true] {
            if announced {
                for client in [&alice, &bob] {
                    assert_eq!(
                        announce(&calls, client, address),
                        Err(NotAnnounced::Forbidden)
                    );
                }
            }
            for client in [&mut alice, &mut bob] {
                assert!(!calls.permits(&session(client), address.parse().unwrap()));
                let peer = SocketAddr::new(address.parse().unwrap(), 5000).to_string();
                let codes = [
                    relay.permit(client, &peer),
                    relay.bind(client, 0x4000, &peer),
                ];
                // 443 is for a peer of the other family.
                let refused = |code| matches!(code, Some(403 | 443));
                assert!(codes.into_iter().all(refused), "{peer}: {codes:?}");
                assert_eq!(relay.send(client, &peer, b"x"), None);
            }
        }
    }
}

#[test]
fn an_announced_address_is_reached_but_never_at_port_0() {
    let (mut relay, calls) = closed();
    let (mut alice, bob) = (alice(), bob());
    call(&calls, CALL, &[&alice, &bob]);
    announce(&calls, &bob, "8.8.8.8").unwrap();
    relay.allocate(&mut alice);
    assert_eq!(relay.bind(&mut alice, 0x4000, "8.8.8.8:0"), Some(403));
    assert_eq!(relay.permit(&mut alice, PEER), None);
    assert_eq!(relay.send(&alice, "8.8.8.8:0", b"x"), None);
    assert!(relay.send(&alice, PEER, b"x").is_some());
}

#[test]
fn only_who_is_in_the_call_reaches_what_another_has_announced_there() {
    let (mut relay, calls) = closed();
    let (mut alice, mut bob, mut carol) = (alice(), bob(), carol());
    relay.allocate(&mut alice);
    relay.allocate(&mut bob);
    relay.allocate(&mut carol);
    assert_eq!(relay.permit(&mut alice, PEER), Some(403), "no call");
    assert_eq!(
        announce(&calls, &bob, "8.8.8.8"),
        Err(NotAnnounced::NotInCall)
    );
    call(&calls, CALL, &[&alice, &bob]);
    call(&calls, OTHER, &[&carol]);
    assert_eq!(relay.permit(&mut alice, PEER), Some(403), "not announced");
    announce(&calls, &bob, "::ffff:8.8.8.8").unwrap();
    assert_eq!(relay.permit(&mut alice, PEER), None);
    assert_eq!(relay.permit(&mut alice, "8.8.4.4:5000"), Some(403));
    assert_eq!(
        relay.permit(&mut bob, PEER),
        Some(403),
        "one's own is not another's"
    );
    assert_eq!(relay.permit(&mut carol, PEER), Some(403), "another call");
}

#[test]
fn a_session_is_reached_where_its_allocation_was_made_from_as_long_as_that_lives() {
    let (mut relay, calls) = closed();
    let (mut alice, mut bob) = (alice(), bob());
    call(&calls, CALL, &[&alice, &bob]);
    relay.allocate(&mut alice);
    relay.allocate(&mut bob);
    assert_eq!(relay.permit(&mut alice, "9.9.9.10:7"), None);
    relay.refresh(&mut bob, 0);
    assert_eq!(relay.permit(&mut alice, "9.9.9.10:7"), Some(403));
}

#[test]
fn what_has_ended_is_not_reached() {
    let (mut relay, calls) = closed();
    let (mut alice, mut bob) = (alice(), bob());
    relay.allocate(&mut alice);
    let relayed = relay.allocate(&mut bob).to_string();
    for end in [
        |calls: &LiveCalls| calls.leave(CALL, &"bob".parse().unwrap()),
        |calls: &LiveCalls| calls.leave(CALL, &"alice".parse().unwrap()),
        |calls: &LiveCalls| drop(calls.end(CALL)),
    ] {
        call(&calls, CALL, &[&alice, &bob]);
        announce(&calls, &bob, "8.8.8.8").unwrap();
        assert_eq!(relay.permit(&mut alice, PEER), None);
        meet(&mut relay, &mut alice, &mut bob);
        assert!(relay.send(&alice, &relayed, b"x").is_some());
        end(&calls);
        assert_eq!(relay.send(&alice, &relayed, b"x"), None);
        assert_eq!(relay.permit(&mut alice, PEER), Some(403));
        calls.end(CALL);
        call(&calls, CALL, &[&alice, &bob]);
        assert_eq!(
            relay.permit(&mut alice, PEER),
            Some(403),
            "to be announced again"
        );
        calls.end(CALL);
    }
}

#[test]
fn sessions_of_one_call_reach_each_others_relayed_addresses_and_others_do_not() {
    let (mut relay, calls) = closed();
    let (mut alice, mut bob, mut carol) = (alice(), bob(), carol());
    call(&calls, CALL, &[&alice, &bob]);
    call(&calls, OTHER, &[&carol]);
    relay.allocate(&mut alice);
    let relayed = relay.allocate(&mut bob).to_string();
    relay.allocate(&mut carol);
    meet(&mut relay, &mut alice, &mut bob);
    assert_eq!(
        relay.permit(&mut carol, &relayed),
        None,
        "it is the relay's address"
    );
    assert!(matches!(
        relay.send(&alice, &relayed, b"x"),
        Some(Relayed::ToClient(to, Delivered::Indication(_, _))) if to == bob.five_tuple
    ));
    assert_eq!(relay.send(&carol, &relayed, b"x"), None);
    assert_eq!(relay.drops(DropReason::NotConnected), 1);
    calls.join(OTHER, session(&bob));
    assert!(relay.send(&carol, &relayed, b"x").is_some());
}

#[test]
fn an_address_of_the_server_as_a_source_opens_nothing() {
    let (mut relay, calls) = closed();
    let (mut alice, mut bob, mut carol) = (alice(), bob(), carol());
    call(&calls, CALL, &[&alice, &bob]);
    let [a, b, c] = [&mut alice, &mut bob, &mut carol].map(|client| relay.allocate(client));
    meet(&mut relay, &mut alice, &mut bob);
    assert!(relay.take(port(a), b.into(), b"x").is_some());
    assert_eq!(relay.take(port(a), c.into(), b"x"), None);
    assert_eq!(relay.drops(DropReason::NotConnected), 1);
    let nobodys = (50_000..51_000).map(|port| SocketAddr::new(a.ip(), port));
    let nobodys = nobodys.filter(|at| ![a, b, c].contains(at));
    let ports = [0, 22, 3478, 40_000].map(|port| SocketAddr::new(a.ip(), port));
    for source in nobodys.take(3).chain(ports) {
        assert_eq!(relay.take(port(a), source.into(), b"x"), None, "{source}");
    }
    assert_eq!(relay.drops(DropReason::OwnAddress), 7);
}

#[test]
fn a_session_reaches_its_own_relayed_address() {
    let (mut relay, _) = closed();
    let mut alice = alice();
    let relayed = relay.allocate(&mut alice).to_string();
    relay.permit(&mut alice, &relayed);
    assert!(relay.send(&alice, &relayed, b"x").is_some());
}

/// Returns a closed relay, and what it is told of calls.
fn closed() -> (Relay, Arc<LiveCalls>) {
    let calls = Arc::new(LiveCalls::new(PeerRules::default()));
    let peers = Arc::clone(&calls);
    (Relay::with(|settings| settings.peers = peers), calls)
}

fn call(calls: &LiveCalls, key: CallKey, clients: &[&Client]) {
    for client in clients {
        calls.join(key, session(client));
    }
}

fn announce(calls: &LiveCalls, client: &Client, address: &str) -> Result<(), NotAnnounced> {
    calls.announce(CALL, &session(client), address.parse().unwrap())
}

/// Lets both permit the relay's address.
fn meet(relay: &mut Relay, one: &mut Client, other: &mut Client) {
    for client in [one, other] {
        assert_eq!(relay.permit(client, &format!("{RELAY}:1")), None);
    }
}

fn session(client: &Client) -> SessionName {
    let (_, session) = client.credentials.username.split_once(':').unwrap();
    session.parse().unwrap()
}

fn carol() -> Client {
    Client::of("carol", "9.9.9.11:1000")
}
