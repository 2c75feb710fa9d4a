//! Other networks, other addresses.

use std::net::SocketAddr;

use sfu::{Event, Taken};

use crate::support::{
    client::Devices,
    lab::{Lab, path},
    secs,
};

#[test]
fn who_moves_to_another_network_goes_on_there_without_joining_again() {
    let mut lab = Lab::new(61);
    let one = lab.join(&Devices::all());
    let moves = lab.join(&Devices::all());
    lab.run(secs(2));
    let offers = lab.events.len();
    lab.move_to(moves, elsewhere());
    lab.run(secs(2));
    let (from, to) = lab.run(secs(2));
    lab.run(secs(1));
    assert!(lab.speech(one, moves, from, to) > 0.99);
    assert!(lab.speech(moves, one, from, to) > 0.99);
    let gone = lab.events[offers..]
        .iter()
        .any(|(_, event)| matches!(event, Event::Gone { .. } | Event::Lost { .. }));
    assert!(!gone);
    assert!(lab.ears(one, moves).breaks.is_empty());
}

#[test]
fn after_a_restart_checks_with_the_old_credentials_prove_nothing() {
    let mut lab = Lab::new(62);
    let one = lab.join(&Devices::microphone());
    lab.run(secs(3));
    let old = last_check(&lab);
    lab.restart_ice(one);
    lab.run(secs(3));
    let taken = lab.rooms.handle_datagram(&path(elsewhere()), &old, lab.now);
    assert_eq!(taken, Taken::Nobody);
    assert!(lab.rooms.poll_transmit().is_none());
}

#[test]
fn a_path_that_ended_is_nobodys_until_it_proves_itself_again() {
    let mut lab = Lab::new(63);
    let one = lab.join(&Devices::microphone());
    lab.run(secs(3));
    let known = path(lab.people[one].address);
    let media = lab.tapped.iter().find(|bytes| bytes[0] >= 128).cloned();
    lab.rooms.handle_closed(&known, lab.now);
    let taken = lab.rooms.handle_datagram(&known, &media.unwrap(), lab.now);
    assert_eq!(taken, Taken::Nobody);
    lab.run(secs(4));
    assert_eq!(lab.rooms.counters().participants, 1);
    let media = lab.tapped.iter().find(|bytes| bytes[0] >= 128).cloned();
    let taken = lab.rooms.handle_datagram(&known, &media.unwrap(), lab.now);
    assert_eq!(taken, Taken::Known);
}

#[test]
fn a_participant_that_has_gone_leaves_no_path_behind() {
    let mut lab = Lab::new(64);
    let one = lab.join(&Devices::microphone());
    lab.run(secs(2));
    let check = last_check(&lab);
    lab.leave(one);
    while lab.rooms.poll_transmit().is_some() {}
    for bytes in [&check[..], &[0x80, 111, 0, 1], &[22, 254, 253]] {
        let from = path(lab.people[one].address);
        let taken = lab.rooms.handle_datagram(&from, bytes, lab.now);
        assert_eq!(taken, Taken::Nobody);
    }
    assert!(lab.rooms.poll_transmit().is_none());
}

pub(crate) fn elsewhere() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 77], 5_000))
}

pub(crate) fn last_check(lab: &Lab) -> Vec<u8> {
    let mut all = lab.tapped.iter();
    let check = all.find(|bytes| bytes[..2] == [0, 1]);
    check.expect("a client checks its path").clone()
}
