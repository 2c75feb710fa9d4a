//! Two devices in a room hear and see each other.

mod support;

use sfu::Source;
use support::{client::Devices, lab::Lab, secs};

#[test]
fn two_who_join_hear_and_see_each_other() {
    let mut lab = Lab::new(1);
    let ann = lab.join(&Devices::all());
    let bob = lab.join(&Devices::all());
    lab.run(secs(2));
    let (from, to) = lab.run(secs(3));
    lab.run(secs(1));
    for (one, other) in [(ann, bob), (bob, ann)] {
        assert!(lab.speech(one, other, from, to) > 0.99);
        let eyes = lab.eyes(one, other, Source::Camera);
        assert!(eyes.shown(from, to).count() > 60);
    }
}
