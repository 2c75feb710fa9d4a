//! Pictures come through, in the layer that fits the tile.

use sfu::{PauseWhy, Source, VideoState};

use crate::support::client::Devices;
use crate::support::lab::Lab;
use crate::support::link::Conditions;
use crate::support::{millis, secs};

const CAMERA: Source = Source::Camera;

fn publisher_and_viewer(seed: u64) -> (Lab, usize, usize) {
    let mut lab = Lab::new(seed);
    let a = lab.join(&Devices::all());
    let b = lab.join(&Devices::microphone());
    lab.run(secs(3));
    (lab, a, b)
}

#[test]
fn a_picture_is_seen_soon_after_joining() {
    let mut lab = Lab::new(11);
    let a = lab.join(&Devices::all());
    lab.run(secs(3));
    let b = lab.join(&Devices::microphone());
    let since = lab.now;
    lab.run(secs(1));
    let first = lab.eyes(b, a, CAMERA).decoded[0].at - since;
    assert!(first < millis(700), "{first:?}");
}

#[test]
fn the_layer_follows_the_size_of_the_tile() {
    let (mut lab, a, b) = publisher_and_viewer(12);
    for (width, height, layer) in [
        (160, 90, 0),
        (1280, 720, 2),
        (640, 360, 1),
        (160, 90, 0),
        (640, 360, 1),
    ] {
        lab.view(b, &[(a, CAMERA, width, height)]);
        let (from, to) = lab.run(secs(6));
        let eyes = lab.eyes(b, a, CAMERA);
        assert_eq!(eyes.layer(), Some(layer), "{width} × {height}");
        assert!(
            eyes.longest_freeze(from, to) < millis(400),
            "{width} × {height}: {:?}",
            eyes.longest_freeze(from, to)
        );
        assert_eq!(lab.video(b, a, CAMERA), Some(VideoState::Playing { layer }));
    }
    assert_eq!(lab.eyes(b, a, CAMERA).breaks, [""; 0]);
}

#[test]
fn a_picture_that_is_not_shown_is_not_sent_and_comes_back_at_once() {
    let (mut lab, a, b) = publisher_and_viewer(13);
    lab.view(b, &[]);
    lab.run(millis(300));
    let (from, to) = lab.run(secs(3));
    assert_eq!(lab.eyes(b, a, CAMERA).shown(from, to).count(), 0);
    assert_eq!(
        lab.video(b, a, CAMERA),
        Some(VideoState::Paused(PauseWhy::Hidden))
    );
    lab.view(b, &[(a, CAMERA, 320, 180)]);
    let (from, to) = lab.run(secs(1));
    assert!(lab.eyes(b, a, CAMERA).shown(from, to).count() > 10);
    assert_eq!(lab.eyes(b, a, CAMERA).breaks, [""; 0]);
}

#[test]
fn layers_that_nobody_watches_are_not_sent_up() {
    let (mut lab, a, b) = publisher_and_viewer(14);
    lab.view(b, &[(a, CAMERA, 160, 90)]);
    lab.run(secs(4));
    let on: Vec<_> = lab.people[a]
        .client
        .layers(CAMERA)
        .map(|layer| layer.on)
        .collect();
    assert_eq!(on, [true, false, false]);
    lab.view(b, &[(a, CAMERA, 1280, 720)]);
    lab.run(secs(5));
    assert_eq!(lab.eyes(b, a, CAMERA).layer(), Some(2));
}

#[test]
fn pictures_go_on_over_links_that_lose_and_swap() {
    let (mut lab, a, b) = publisher_and_viewer(15);
    let conditions = Conditions::GOOD.loss(0.03).jitter(15).swapped(0.02);
    lab.link(a, conditions);
    lab.link(b, conditions);
    lab.run(secs(2));
    let (from, to) = lab.run(secs(8));
    let eyes = lab.eyes(b, a, CAMERA);
    let shown = eyes.shown(from, to).count();
    assert!(shown > 170, "{shown} of 200");
    assert!(
        eyes.longest_freeze(from, to) < millis(1200),
        "{:?}",
        eyes.longest_freeze(from, to)
    );
    assert_eq!(eyes.breaks, [""; 0]);
}

#[test]
fn a_publisher_that_stops_is_told_and_comes_back() {
    let (mut lab, a, b) = publisher_and_viewer(16);
    lab.silence(a, CAMERA, true);
    lab.run(secs(1));
    assert_eq!(
        lab.video(b, a, CAMERA),
        Some(VideoState::Paused(PauseWhy::Publisher))
    );
    let (from, to) = lab.run(secs(2));
    assert_eq!(lab.eyes(b, a, CAMERA).shown(from, to).count(), 0);
    lab.silence(a, CAMERA, false);
    let (from, to) = lab.run(secs(2));
    assert!(lab.eyes(b, a, CAMERA).shown(from, to).count() > 25);
    assert_eq!(lab.eyes(b, a, CAMERA).breaks, [""; 0]);
}
