//! Starting and stopping.

use crate::support::{Client, config, mapped_address, socket, start};
use net::{Config, Relay, RevokeError, StartError};
use std::net::{IpAddr, Ipv6Addr, UdpSocket};

#[test]
fn a_listen_address_that_is_taken_is_named() {
    let taken = socket();
    let address = taken.local_addr().unwrap();
    let error = Relay::start(Config {
        listen: address,
        ..config(20_100..=20_109)
    })
    .unwrap_err();
    assert!(matches!(error, StartError::Listen { address: named, .. } if named == address));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn what_cannot_work_is_refused_at_the_start() {
    #[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
    let reversed = config(20_100..=20_099);
    assert!(matches!(
        Relay::start(reversed),
        Err(StartError::RelayPorts(_))
    ));
    assert!(matches!(
        Relay::start(config(0..=10)),
        Err(StartError::RelayPorts(_))
    ));
    let good = || config(20_110..=20_119);
    let relay_address = |ip: IpAddr| {
        Relay::start(Config {
            relay_address: ip,
            ..good()
        })
    };
    assert!(matches!(
        relay_address(Ipv6Addr::LOCALHOST.into()),
        Err(StartError::RelayAddress(_))
    ));
    assert!(matches!(
        relay_address("0.0.0.0".parse().unwrap()),
        Err(StartError::RelayAddress(_))
    ));
    assert!(matches!(
        Relay::start(Config {
            realm: String::new(),
            ..good()
        }),
        Err(StartError::Realm(_))
    ));
    assert!(matches!(
        Relay::start(Config {
            realm: "x".repeat(33),
            ..good()
        }),
        Err(StartError::Realm(_))
    ));
    assert!(matches!(
        Relay::start(Config {
            secrets: vec![],
            ..good()
        }),
        Err(StartError::NoSecret)
    ));
}

#[test]
fn stopping_frees_every_port_and_the_handle_says_so() {
    let (relay, address) = start(config(20_120..=20_129));
    let client = Client::connect(address, "alice");
    let relayed = client.allocate().unwrap();
    let handle = relay.handle();
    relay.stop();
    UdpSocket::bind(address).unwrap();
    UdpSocket::bind(relayed).unwrap();
    assert_eq!(
        handle.revoke("alice".parse().unwrap()),
        Err(RevokeError::Stopped)
    );
    assert_eq!(handle.counters().turn.allocations, 0);
    assert_eq!(handle.counters().turn.allocated, 1);
}

#[test]
fn a_relay_that_is_dropped_stops() {
    let (relay, address) = start(config(20_130..=20_139));
    assert_eq!(mapped_address(&socket(), address).1, address);
    drop(relay);
    UdpSocket::bind(address).unwrap();
}
