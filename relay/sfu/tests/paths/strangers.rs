//! Datagrams of nobody, of somebody who has listened, and of somebody who sends nonsense.

use proptest::prelude::*;
use sfu::{Source, Taken};

use super::moving::{elsewhere, last_check};
use crate::support::{
    client::Devices,
    lab::{Lab, path},
    secs,
};

#[test]
fn dtls_rtp_and_checks_of_a_stranger_are_counted_and_answered_by_nothing() {
    let mut lab = Lab::new(71);
    lab.join(&Devices::all());
    lab.join(&Devices::all());
    lab.run(secs(2));
    let mut forged = last_check(&lab);
    let last = forged.len() - 1;
    forged[last - 10] ^= 1;
    let hello = [&[22, 254, 253][..], &[0; 60]].concat();
    let media = lab.tapped.iter().find(|bytes| bytes[0] >= 128).cloned();
    let before = lab.rooms.counters().dropped.stranger;
    let stranger = path(elsewhere());
    for datagram in [forged, hello, media.unwrap(), Vec::new(), vec![0; 2_000]] {
        let taken = lab.rooms.handle_datagram(&stranger, &datagram, lab.now);
        assert_eq!(taken, Taken::Nobody);
    }
    assert_eq!(lab.rooms.counters().dropped.stranger, before + 5);
    assert!(lab.rooms.poll_transmit().is_none());
}

#[test]
fn a_check_that_is_repeated_from_elsewhere_is_not_answered_and_moves_nothing() {
    let mut lab = Lab::new(72);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    lab.run(secs(3));
    let check = last_check(&lab);
    let taken = lab
        .rooms
        .handle_datagram(&path(elsewhere()), &check, lab.now);
    assert_eq!(taken, Taken::Nobody);
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert!(lab.speech(two, one, from, to) > 0.99);
}

#[test]
fn a_check_that_is_repeated_from_elsewhere_later_moves_nothing_either() {
    let mut lab = Lab::new(78);
    let one = lab.join(&Devices::microphone());
    let two = lab.join(&Devices::microphone());
    lab.run(secs(3));
    let check = last_check(&lab);
    lab.run(secs(120));
    let stranger = path(elsewhere());
    let taken = lab.rooms.handle_datagram(&stranger, &check, lab.now);
    assert_eq!(taken, Taken::Known, "it is not remembered for so long");
    let mut sent = 0;
    while let Some(transmit) = lab.rooms.poll_transmit() {
        assert_eq!(transmit.path, stranger);
        assert!(transmit.payload.len() < 160, "an answer and a request");
        sent += 1;
    }
    assert_eq!(sent, 2);
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert!(lab.speech(two, one, from, to) > 0.99);
}

#[test]
fn nonsense_on_a_proven_path_harms_neither_its_sender_nor_anybody() {
    let mut lab = Lab::new(73);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    lab.run(secs(2));
    let known = path(lab.people[one].address);
    let mut noise = 1_u64;
    for round in 0..2_000_u64 {
        let mut bytes = Vec::new();
        for _ in 0..(round % 90) {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            bytes.push((noise >> 56) as u8);
        }
        // RTP, RTCP, DTLS and STUN in turn.
        if let [first, second, ..] = &mut bytes[..] {
            (*first, *second) = match round % 4 {
                0 => (0x90, 111),
                1 => (0x81, 205),
                2 => (22, 254),
                _ => (0, 1),
            };
        }
        lab.rooms.handle_datagram(&known, &bytes, lab.now);
        if round % 100 == 0 {
            lab.rooms.handle_timeout(lab.now);
        }
    }
    lab.run(secs(1));
    let (from, to) = lab.run(secs(2));
    lab.run(secs(1));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert!(lab.speech(two, one, from, to) > 0.99);
    let eyes = lab.eyes(two, one, Source::Camera);
    assert!(eyes.shown(from, to).count() > 30);
    assert!(lab.rooms.counters().dropped.malformed > 0);
}

#[test]
fn a_flood_of_a_participants_is_counted_and_not_worked_off() {
    let mut lab = Lab::new(76);
    let one = lab.join(&Devices::microphone());
    let two = lab.join(&Devices::microphone());
    lab.run(secs(2));
    let known = path(lab.people[one].address);
    let mut media = lab
        .tapped
        .iter()
        .find(|bytes| bytes[0] >= 128 && bytes[1] < 192)
        .unwrap()
        .clone();
    let last = media.len() - 1;
    media[last] ^= 1;
    let before = lab.rooms.counters().dropped.malformed;
    for _ in 0..20_000 {
        lab.rooms.handle_datagram(&known, &media, lab.now);
    }
    assert!(lab.rooms.counters().dropped.malformed > before + 10_000);
    lab.run(secs(1));
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert!(lab.speech(two, one, from, to) > 0.99);
}

#[test]
fn who_sends_as_ever_more_streams_is_out_at_last_and_nobody_else() {
    let mut lab = Lab::new(77);
    let one = lab.join(&Devices::microphone());
    let two = lab.join(&Devices::microphone());
    let bad = lab.join(&Devices::microphone());
    lab.run(secs(2));
    let known = path(lab.people[bad].address);
    for round in 0..10_u32 {
        for at in 0..100 {
            let ssrc = (1_000 * round + at).to_be_bytes();
            let media = [&[0x80, 111, 0, 1, 0, 0, 0, 1], &ssrc[..], &[9; 20]].concat();
            lab.rooms.handle_datagram(&known, &media, lab.now);
        }
        assert_eq!(
            lab.rooms.counters().participants,
            if round < 8 { 3 } else { 2 }
        );
        if round < 8 {
            lab.restart_ice(bad);
        }
    }
    lab.vanish(bad);
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert!(lab.speech(two, one, from, to) > 0.99);
}

#[test]
fn media_of_a_former_connection_is_not_taken_twice() {
    let mut lab = Lab::new(74);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    lab.run(secs(2));
    let known = path(lab.people[one].address);
    let before = lab.rooms.counters().received;
    for datagram in lab.tapped.clone() {
        lab.rooms.handle_datagram(&known, &datagram, lab.now);
    }
    assert_eq!(lab.rooms.counters().received, before);
    lab.run(secs(1));
    assert!(lab.ears(two, one).breaks.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_datagram_makes_the_rooms_panic(datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..40)) {
        let mut lab = Lab::new(75);
        let one = lab.join(&Devices::microphone());
        let known = path(lab.people[one].address);
        for datagram in datagrams {
            let taken = lab.rooms.handle_datagram(&known, &datagram, lab.now);
            prop_assert_eq!(taken, Taken::Nobody);
        }
        lab.rooms.handle_timeout(lab.now);
    }
}
