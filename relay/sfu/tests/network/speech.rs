//! Speech comes through.

use std::time::Instant;

use crate::support::client::Devices;
use crate::support::lab::Lab;
use crate::support::link::Conditions;
use crate::support::{millis, secs};

/// Two people talk over such links. Returns the part of the first one's speech that reaches the second in time.
fn share(seed: u64, devices: &Devices, conditions: Conditions) -> f64 {
    let mut lab = Lab::new(seed);
    let (a, b) = (lab.join(devices), lab.join(devices));
    lab.run(secs(2));
    lab.link(a, conditions);
    lab.link(b, conditions);
    lab.run(secs(1));
    let span = lab.run(secs(8));
    settled(&mut lab, span, a, b)
}

/// The part of a span's speech that came, after it has had the time to.
fn settled(lab: &mut Lab, (from, to): (Instant, Instant), speaker: usize, listener: usize) -> f64 {
    lab.run(millis(500));
    let ears = lab.ears(listener, speaker);
    assert_eq!(ears.breaks, [""; 0]);
    assert_eq!(ears.levels, ears.packets, "each names its loudness");
    lab.speech(listener, speaker, from, to)
}

#[test]
fn speech_is_whole_over_a_good_link() {
    assert!(share(1, &Devices::microphone(), Conditions::GOOD) > 0.99);
}

#[test]
fn speech_is_whole_over_a_long_way_with_jitter_and_swapped_datagrams() {
    let conditions = Conditions::GOOD.delay(120).jitter(40).swapped(0.05);
    assert!(share(2, &Devices::microphone(), conditions) > 0.99);
}

#[test]
fn of_what_a_link_loses_redundancy_brings_nearly_all_back() {
    // 5 % up and 5 % down are 9.75 % for each packet, 0.95 % for two in a row.
    let whole = share(3, &Devices::microphone(), Conditions::GOOD.loss(0.05));
    assert!(whole > 0.97, "{whole}");
    let bare = Devices {
        redundant: false,
        ..Devices::microphone()
    };
    let bare = share(3, &bare, Conditions::GOOD.loss(0.05));
    assert!((0.85..0.95).contains(&bare), "{bare}");
}

#[test]
fn speech_survives_a_link_that_loses_a_fifth() {
    let share = share(4, &Devices::microphone(), Conditions::GOOD.loss(0.1));
    assert!(share > 0.94, "{share}");
}

#[test]
fn speech_is_whole_while_pictures_do_not_fit() {
    let mut lab = Lab::new(5);
    let (a, b) = (lab.join(&Devices::all()), lab.join(&Devices::all()));
    lab.run(secs(4));
    lab.people[b].down.conditions = Conditions::GOOD.kbps(150);
    lab.run(secs(6));
    let span = lab.run(secs(6));
    let share = settled(&mut lab, span, a, b);
    assert!(share > 0.97, "{share}");
}
