//! Which m-lines are offered, and when.

use sfu::{Ask, Reply, Source};

use crate::support::{
    client::Devices,
    lab::{Lab, ROOM},
    secs,
};

/// How many m-lines of sound and of pictures an offer has that go down.
fn lines(offer: &str) -> (usize, usize) {
    let sending = |kind: &str| {
        let lines = offer.split("m=").skip(1);
        lines
            .filter(|line| line.starts_with(kind) && line.contains("a=sendonly"))
            .count()
    };
    (sending("audio"), sending("video"))
}

/// The streams that the m-lines which go down belong to.
fn streams(offer: &str) -> Vec<&str> {
    let lines = offer
        .lines()
        .filter_map(|line| line.strip_prefix("a=msid:"));
    lines
        .filter(|stream| stream.starts_with("seat"))
        .filter_map(|stream| stream.split(' ').next())
        .collect()
}

#[test]
fn in_a_room_of_voices_no_line_is_offered_for_pictures() {
    let mut lab = Lab::new(91);
    let one = lab.join(&Devices::microphone());
    lab.join(&Devices::microphone());
    lab.join(&Devices::microphone());
    lab.run(secs(3));
    let (_, offer) = lab.offers_to(one).pop().unwrap();
    assert_eq!(lines(&offer), (2, 0));
}

#[test]
fn the_first_picture_of_somebody_gets_a_line_beside_the_sound() {
    let mut lab = Lab::new(92);
    let viewer = lab.join(&Devices::microphone());
    let other = lab.join(&Devices::microphone());
    lab.run(secs(2));
    lab.publish(other, &Devices::NONE.and_camera(&[150, 500, 1500]));
    lab.run(secs(3));
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    let (_, offer) = lab.offers_to(viewer).pop().unwrap();
    assert_eq!(lines(&offer), (1, 1));
    let streams = streams(&offer);
    assert!(
        streams.len() == 2 && streams[0] == streams[1],
        "{streams:?}"
    );
    let eyes = lab.eyes(viewer, other, Source::Camera);
    assert!(eyes.shown(from, to).count() > 20);
    assert!(lab.speech(viewer, other, from, to) > 0.99);
    assert!(lab.ears(viewer, other).breaks.is_empty());
}

#[test]
fn a_camera_that_is_off_needs_no_line_until_it_is_on() {
    let mut lab = Lab::new(93);
    let viewer = lab.join(&Devices::microphone());
    let other = lab
        .join_silenced(&Devices::all(), &[Source::Camera])
        .unwrap();
    lab.run(secs(2));
    let (_, offer) = lab.offers_to(viewer).pop().unwrap();
    assert_eq!(lines(&offer), (1, 0));
    lab.silence(other, Source::Camera, false);
    lab.run(secs(3));
    let (from, to) = lab.run(secs(1));
    let eyes = lab.eyes(viewer, other, Source::Camera);
    assert!(eyes.shown(from, to).count() > 20);
    lab.silence(other, Source::Camera, true);
    lab.run(secs(1));
    let offers = lab.offers_to(viewer).len();
    lab.silence(other, Source::Camera, false);
    lab.run(secs(3));
    let (from, to) = lab.run(secs(1));
    let eyes = lab.eyes(viewer, other, Source::Camera);
    assert!(eyes.shown(from, to).count() > 20);
    assert_eq!(lab.offers_to(viewer).len(), offers, "the line is kept");
}

#[test]
fn a_screen_without_sound_takes_one_line() {
    let mut lab = Lab::new(94);
    let viewer = lab.join(&Devices::microphone());
    let other = lab.join(&Devices::microphone());
    lab.run(secs(2));
    lab.publish(other, &Devices::NONE.and_screen(500));
    lab.run(secs(2));
    let (_, offer) = lab.offers_to(viewer).pop().unwrap();
    assert_eq!(lines(&offer), (1, 1));
    let streams = streams(&offer);
    assert!(streams[0] != streams[1], "a screen is a stream of its own");
}

#[test]
fn whoever_comes_next_takes_the_seat_that_fits_best() {
    let mut lab = Lab::new(95);
    let viewer = lab.join(&Devices::microphone());
    let seen = lab.join(&Devices::all());
    let heard = lab.join(&Devices::microphone());
    lab.run(secs(2));
    lab.leave(seen);
    lab.leave(heard);
    lab.run(secs(1));
    let offers = lab.offers_to(viewer).len();
    lab.join(&Devices::microphone());
    let next = lab.join(&Devices::all());
    lab.run(secs(3));
    let (from, to) = lab.run(secs(1));
    assert_eq!(lab.offers_to(viewer).len(), offers);
    let eyes = lab.eyes(viewer, next, Source::Camera);
    assert!(eyes.shown(from, to).count() > 20);
}

#[test]
fn nothing_counts_as_forwarded_to_whom_has_refused_its_line() {
    let mut lab = Lab::new(96);
    let one = lab.join(&Devices::silent());
    lab.run(secs(2));
    lab.is_deaf = true;
    lab.join(&Devices::microphone());
    lab.run(secs(1));
    let (number, offer) = lab.offers_to(one).pop().unwrap();
    let now = lab.now;
    let answer = lab.people[one].client.answer(&offer, now);
    let at = answer.rfind("m=audio 9").unwrap();
    let refused = format!("{}m=audio 0{}", &answer[..at], &answer[at + 9..]);
    let ask = Ask::Answer {
        room: ROOM,
        participant: lab.people[one].participant,
        number,
        answer: refused,
    };
    assert_eq!(lab.rooms.ask(ask, lab.now), Ok(Reply::Done));
    lab.run(secs(2));
    assert!(lab.rooms.counters().received > 50);
    assert_eq!(lab.rooms.counters().forwarded, 0);
}
