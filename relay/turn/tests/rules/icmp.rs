//! RFC 8656 section 11.5: what a client hears of ICMP errors.

use crate::support::{Client, PEER, Relay, alice, port};
use std::net::SocketAddr;
use stun::{Data, MessageClass, XorPeerAddress, method};
use turn::{DropReason, IcmpError};

#[test]
fn an_icmp_error_for_a_permitted_peer_reaches_the_client_as_a_data_indication() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    let heard = hear(&mut relay, &alice, relayed, error(PEER, 3, 4)).unwrap();
    let message = stun::read(&heard).unwrap();
    assert_eq!(
        (message.class(), message.method()),
        (MessageClass::Indication, method::DATA)
    );
    let peer = message.attribute::<XorPeerAddress>().unwrap();
    assert_eq!(peer.addr(message.transaction_id()).to_string(), PEER);
    let icmp = message.raw_attribute(0x8004.into()).unwrap();
    assert_eq!(&*icmp.value, [0, 0, 6, 4, 0, 0, 5, 0xDC]);
    assert!(
        message.attribute::<Data>().is_err(),
        "ICMP stands in place of DATA"
    );
    assert_eq!(relay.server.counters().icmp, 1);
}

#[test]
fn an_icmp_error_without_allocation_or_permission_is_dropped() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    assert_eq!(hear(&mut relay, &alice, relayed, error(PEER, 3, 3)), None);
    assert_eq!(relay.drops(DropReason::NoPermission), 1);
    relay.permit(&mut alice, PEER);
    assert_eq!(
        hear(&mut relay, &alice, relayed, error("8.8.8.9:1", 3, 3)),
        None
    );
    relay.advance(300);
    assert_eq!(hear(&mut relay, &alice, relayed, error(PEER, 3, 3)), None);
    relay.refresh(&mut alice, 0);
    assert_eq!(hear(&mut relay, &alice, relayed, error(PEER, 3, 3)), None);
    assert_eq!(relay.drops(DropReason::NoAllocation), 1);
}

#[test]
fn an_icmp_message_that_is_no_error_of_the_way_is_not_told() {
    let (mut relay, mut alice) = (Relay::new(), alice());
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    for kind in [0, 4, 5, 8, 12] {
        assert_eq!(
            hear(&mut relay, &alice, relayed, error(PEER, kind, 0)),
            None
        );
    }
}

#[test]
fn icmp_errors_take_from_the_rate_of_the_user() {
    let (mut relay, mut alice) = (
        Relay::with(|settings| settings.limits.user_packets_per_second = 5),
        alice(),
    );
    let relayed = relay.allocate(&mut alice);
    relay.permit(&mut alice, PEER);
    let heard = (0..9).filter(|_| hear(&mut relay, &alice, relayed, error(PEER, 3, 1)).is_some());
    assert_eq!(heard.count(), 5);
    assert_eq!(relay.drops(DropReason::OverRate), 4);
    assert_eq!(relay.send(&alice, PEER, b"x"), None);
}

fn hear(
    relay: &mut Relay,
    client: &Client,
    relayed: SocketAddr,
    error: IcmpError,
) -> Option<Vec<u8>> {
    relay.server.handle_icmp(port(relayed), error, relay.now);
    let (to, message) = relay.said()?;
    assert_eq!(to, client.five_tuple);
    Some(message)
}

fn error(peer: &str, kind: u8, code: u8) -> IcmpError {
    IcmpError {
        peer: peer.parse::<SocketAddr>().unwrap().into(),
        kind,
        code,
        data: 1500,
    }
}
