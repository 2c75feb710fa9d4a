//! What a link is thought to carry.

use sfu::{PauseWhy, Source, VideoState};

use crate::support::{client::Devices, lab::Lab, link::Conditions, millis, secs};

#[test]
fn a_link_that_stumbled_without_losing_anything_is_found_again() {
    let mut lab = Lab::new(81);
    let publisher = lab.join(&Devices::microphone().and_camera(&[400]));
    let viewer = lab.join(&Devices::microphone());
    lab.run(secs(1));
    // A host that is busy: everything comes in heaps, nothing is lost.
    let busy = Conditions {
        rate: Some(120_000),
        queue: secs(60),
        ..Conditions::GOOD
    };
    lab.people[viewer].down.conditions = busy;
    lab.run(millis(1_500));
    lab.people[viewer].down.conditions = Conditions::GOOD;
    let paused = Some(VideoState::Paused(PauseWhy::Bandwidth));
    lab.run_until(secs(3), |lab| {
        lab.video(viewer, publisher, Source::Camera) == paused
    });
    // What has heaped up goes by first.
    lab.run_until(secs(12), |lab| {
        lab.video(viewer, publisher, Source::Camera) == Some(VideoState::Playing { layer: 0 })
    });
    let (from, to) = lab.run(secs(3));
    let shown = lab.eyes(viewer, publisher, Source::Camera).shown(from, to);
    assert!(shown.count() > 60);
}
