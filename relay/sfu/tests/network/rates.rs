//! Links that carry less than there is, and links whose rate falls and comes back.

use sfu::{PauseWhy, Source, VideoState};

use crate::support::client::Devices;
use crate::support::lab::Lab;
use crate::support::link::Conditions;
use crate::support::{millis, secs};

const CAMERA: Source = Source::Camera;

/// A viewer of one large picture, with everything there is.
fn viewer_of_everything(seed: u64) -> (Lab, usize, usize) {
    let mut lab = Lab::new(seed);
    let a = lab.join(&Devices::all());
    let b = lab.join(&Devices::microphone());
    lab.run(secs(1));
    lab.view(b, &[(a, CAMERA, 1280, 720)]);
    lab.run(secs(6));
    assert_eq!(lab.eyes(b, a, CAMERA).layer(), Some(2));
    (lab, a, b)
}

#[test]
fn the_layer_yields_to_the_link_and_comes_back_when_the_cut_ends() {
    let (mut lab, a, b) = viewer_of_everything(21);
    lab.people[b].down.conditions = Conditions::GOOD.kbps(900);
    lab.run(secs(8));
    let (from, to) = lab.run(secs(4));
    let eyes = lab.eyes(b, a, CAMERA);
    assert!(eyes.layer() < Some(2), "in the cut");
    let freeze = eyes.longest_freeze(from, to);
    assert!(freeze < millis(1000), "{freeze:?}");
    assert!(lab.speech(b, a, from, to - millis(400)) > 0.97);

    lab.people[b].down.conditions = Conditions::GOOD;
    lab.run_until(secs(40), |lab| lab.eyes(b, a, CAMERA).layer() == Some(2));
    assert_eq!(lab.eyes(b, a, CAMERA).breaks, [""; 0]);
}

#[test]
fn a_deep_cut_costs_the_picture_and_no_speech_and_the_picture_comes_back_in_it() {
    let (mut lab, a, b) = viewer_of_everything(22);
    lab.people[b].down.conditions = Conditions::GOOD.kbps(400);
    lab.run(secs(7));
    let (from, to) = lab.run(secs(4));
    assert!(lab.speech(b, a, from, to - millis(400)) > 0.97);
    lab.run_until(secs(20), |lab| {
        lab.video(b, a, CAMERA) == Some(VideoState::Playing { layer: 0 })
    });
    lab.run(secs(1));
    let (from, to) = lab.run(secs(3));
    let eyes = lab.eyes(b, a, CAMERA);
    let freeze = eyes.longest_freeze(from, to);
    assert!(freeze < millis(1000), "{freeze:?}");
    assert_eq!(eyes.breaks, [""; 0]);
}

#[test]
fn a_link_too_thin_for_any_picture_pauses_them_and_carries_speech() {
    let mut lab = Lab::new(22);
    let a = lab.join(&Devices::all());
    let b = lab.join(&Devices::microphone());
    lab.run(secs(3));
    lab.people[b].down.conditions = Conditions::GOOD.kbps(120);
    lab.run_until(secs(10), |lab| {
        lab.video(b, a, CAMERA) == Some(VideoState::Paused(PauseWhy::Bandwidth))
    });
    lab.run(secs(2));
    let (from, to) = lab.run(secs(3));
    assert!(lab.speech(b, a, from, to - millis(400)) > 0.97);
    lab.people[b].down.conditions = Conditions::GOOD;
    lab.run_until(secs(20), |lab| {
        matches!(lab.video(b, a, CAMERA), Some(VideoState::Playing { .. }))
    });
}

#[test]
fn nobody_suffers_from_anothers_bad_link() {
    let mut lab = Lab::new(23);
    let a = lab.join(&Devices::all());
    let (bad, good) = (
        lab.join(&Devices::microphone()),
        lab.join(&Devices::microphone()),
    );
    lab.run(secs(2));
    for viewer in [bad, good] {
        lab.view(viewer, &[(a, CAMERA, 640, 360)]);
    }
    lab.run(secs(3));
    lab.people[bad].down.conditions = Conditions::GOOD.kbps(200).loss(0.1);
    lab.run(secs(1));
    let (from, to) = lab.run(secs(8));
    let eyes = lab.eyes(good, a, CAMERA);
    assert!(
        eyes.longest_freeze(from, to) < millis(300),
        "{:?}",
        eyes.longest_freeze(from, to)
    );
    assert_eq!(eyes.layer(), Some(1));
    assert!(eyes.shown(from, to).count() >= 195);
    assert!(lab.speech(good, a, from, to - millis(400)) > 0.99);
}

#[test]
fn among_many_pictures_each_has_its_smallest_layer_before_one_has_more() {
    let mut lab = Lab::new(24);
    let publishers: Vec<_> = (0..3).map(|_| lab.join(&Devices::all())).collect();
    let viewer = lab.join(&Devices::silent());
    lab.people[viewer].down.conditions = Conditions::GOOD.kbps(1000);
    lab.run(secs(1));
    let tiles: Vec<_> = publishers.iter().map(|a| (*a, CAMERA, 640, 360)).collect();
    lab.view(viewer, &tiles);
    lab.run(secs(8));
    let (from, to) = lab.run(secs(3));
    for a in publishers {
        let eyes = lab.eyes(viewer, a, CAMERA);
        assert!(
            eyes.shown(from, to).count() > 50,
            "{}",
            eyes.shown(from, to).count()
        );
    }
}
