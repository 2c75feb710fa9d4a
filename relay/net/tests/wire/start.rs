//! Starting and stopping.

use crate::support::{Client, config, mapped_address, socket, start};
use net::{CommandError, Config, Relay, StartError};
use std::{
    net::{IpAddr, UdpSocket},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::time::timeout;
use turn::{PeerPolicy, SessionName};

#[test]
fn a_listen_address_that_is_taken_is_named() {
    let taken = socket();
    let address = taken.local_addr().unwrap();
    let error = Relay::start(Config {
        listen: vec![address],
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
    let relay_v4 = |ip: &str| {
        Relay::start(Config {
            relay_v4: Some(ip.parse().unwrap()),
            ..good()
        })
    };
    for ip in ["0.0.0.0", "224.0.0.1", "255.255.255.255"] {
        assert!(matches!(relay_v4(ip), Err(StartError::RelayAddress(_))));
    }
    for ip in ["::", "ff02::1", "::ffff:192.0.2.1"] {
        let relay = Relay::start(Config {
            relay_v6: Some(ip.parse().unwrap()),
            ..good()
        });
        assert!(matches!(relay, Err(StartError::RelayAddress(_))), "{ip}");
    }
    assert!(matches!(
        Relay::start(Config {
            relay_v4: None,
            ..good()
        }),
        Err(StartError::NoRelayAddress)
    ));
    assert!(matches!(
        Relay::start(Config {
            listen: vec![],
            ..good()
        }),
        Err(StartError::NoListener)
    ));
    assert!(matches!(
        Relay::start(Config {
            tls_listen: vec!["127.0.0.1:0".parse().unwrap()],
            ..good()
        }),
        Err(StartError::NoCertificate(_))
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
        Err(CommandError::Stopped)
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

#[tokio::test]
async fn a_worker_that_dies_is_noticed() {
    let died = |relay: Relay| async move {
        let died = timeout(Duration::from_secs(5), relay.died()).await;
        relay.stop();
        died.is_ok()
    };
    let (faulty, address) = start(Config {
        peers: Arc::new(Faulty),
        ..config(20_140..=20_149)
    });
    let client = Client::connect(address, "alice");
    // Nobody answers it.
    let _asking = thread::spawn(move || client.allocate());
    assert!(died(faulty).await);
    let (sound, address) = start(config(20_150..=20_159));
    assert_eq!(mapped_address(&socket(), address).1, address);
    assert!(
        timeout(Duration::from_millis(50), sound.died())
            .await
            .is_err()
    );
}

/// Panics as soon as somebody has an allocation.
struct Faulty;

impl PeerPolicy for Faulty {
    fn permits(&self, _: &SessionName, _: IpAddr) -> bool {
        false
    }

    fn connects(&self, _: &SessionName, _: &SessionName) -> bool {
        false
    }

    fn epoch(&self) -> u64 {
        0
    }

    fn appeared(&self, _: &SessionName, _: IpAddr) {
        panic!("a fault, as the test wants it");
    }
}
