//! What many viewers or bad links ask for stays bounded.

use sfu::Source;

use crate::support::client::Devices;
use crate::support::lab::Lab;
use crate::support::link::Conditions;
use crate::support::secs;

const CAMERA: Source = Source::Camera;

#[test]
fn a_storm_of_keyframe_requests_becomes_a_few() {
    let mut lab = Lab::new(31);
    let a = lab.join(&Devices::silent().and_camera(&[100]));
    let viewers: Vec<_> = (0..6).map(|_| lab.join(&Devices::silent())).collect();
    lab.run(secs(3));
    for viewer in &viewers {
        lab.people[*viewer].down.conditions = Conditions::GOOD.loss(0.4);
    }
    let before = lab.people[a].client.keyframe_requests;
    lab.run(secs(6));
    let after = lab.people[a].client.keyframe_requests;
    let asked: u32 = viewers
        .iter()
        .map(|viewer| lab.eyes(*viewer, a, CAMERA).requests)
        .sum();
    assert!(asked > 20, "{asked} asked");
    assert!(after - before <= 16, "{} in 6 s", after - before);
}

#[test]
fn what_is_sent_again_stays_a_part_of_what_is_sent() {
    let mut lab = Lab::new(32);
    lab.join(&Devices::silent().and_camera(&[300]));
    let b = lab.join(&Devices::silent());
    lab.run(secs(5));
    lab.people[b].down.conditions = Conditions::GOOD.loss(0.3);
    lab.run(secs(2));
    let (bytes, nacks) = (lab.people[b].down.counts.bytes, lab.rooms.counters().nacks);
    lab.run(secs(6));
    assert!(lab.rooms.counters().nacks > nacks);
    let kbps = (lab.people[b].down.counts.bytes - bytes) * 8 / 6000;
    // 300 kbit/s and keyframes; a NACK for each loss, each answer lost in its turn, would be 1.43 times that.
    assert!(kbps < 600, "{kbps}");
}
