//! What a viewer sees is one stream, however often it is another layer or another publisher.

use sfu::Source;

use crate::support::client::Devices;
use crate::support::lab::Lab;
use crate::support::link::{Conditions, Random};
use crate::support::{millis, secs};

const CAMERA: Source = Source::Camera;

/// Lets a viewer change the size of its tile for so long. Returns the switches between layers that it saw.
fn switches(seed: u64, conditions: Conditions, rounds: u32) -> usize {
    let mut lab = Lab::new(seed);
    let mut random = Random(seed);
    let a = lab.join(&Devices::silent().and_camera(&[40, 80, 120]));
    let b = lab.join(&Devices::silent());
    lab.run(secs(2));
    lab.link(b, conditions);
    for _ in 0..rounds {
        match random.below(7) {
            0 => lab.view(b, &[]),
            size => {
                let height = [90, 360, 720][size as usize % 3];
                lab.view(b, &[(a, CAMERA, height * 16 / 9, height)]);
            }
        }
        lab.run(millis(100 + random.below(600)));
    }
    let eyes = lab.eyes(b, a, CAMERA);
    assert_eq!(eyes.breaks, [""; 0]);
    let layers: Vec<_> = eyes
        .decoded
        .iter()
        .map(|frame| frame.seen.mark.layer)
        .collect();
    layers.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[test]
fn over_a_good_link_no_switch_is_seen_in_the_numbers() {
    let switches = switches(41, Conditions::GOOD, 120);
    assert!(switches > 30, "{switches}");
}

#[test]
fn over_a_link_that_loses_and_swaps_no_switch_is_seen_in_the_numbers() {
    let switches = switches(42, Conditions::GOOD.loss(0.05).jitter(10).swapped(0.05), 60);
    assert!(switches > 10, "{switches}");
}

#[test]
fn a_seat_goes_on_when_another_publisher_takes_it() {
    let mut lab = Lab::new(43);
    let viewer = lab.join(&Devices::silent());
    for _ in 0..4 {
        let devices = Devices::microphone().and_camera(&[60, 120]);
        let a = lab.join(&devices);
        lab.run(secs(2));
        assert!(
            lab.eyes(viewer, a, CAMERA)
                .decoded
                .iter()
                .any(|frame| frame.seen.mark.person == a as u8)
        );
        lab.leave(a);
        lab.run(millis(300));
    }
    let client = &lab.people[viewer].client;
    assert_eq!(client.eyes.len(), 1, "one seat for all of them");
    for eyes in client.eyes.values() {
        assert_eq!(eyes.breaks, [""; 0]);
    }
    for ears in client.ears.values() {
        assert_eq!(ears.breaks, [""; 0]);
    }
}
