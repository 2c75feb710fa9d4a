//! Muting, speakers, and pictures that nobody shows.

use sfu::{Event, PauseWhy, Source, VideoState};

use crate::support::{client::Devices, lab::Lab, secs};

#[test]
fn of_a_silenced_source_nothing_is_forwarded_until_it_speaks_again() {
    let mut lab = Lab::new(21);
    let listener = lab.join(&Devices::all());
    let speaker = lab.join(&Devices::all());
    lab.run(secs(2));
    lab.silence(speaker, Source::Microphone, true);
    lab.silence(speaker, Source::Camera, true);
    lab.run(secs(1));
    let (from, to) = lab.run(secs(2));
    lab.run(secs(1));
    assert_eq!(lab.speech(listener, speaker, from, to), 0.0);
    assert_eq!(
        lab.eyes(listener, speaker, Source::Camera)
            .shown(from, to)
            .count(),
        0
    );
    let paused = VideoState::Paused(PauseWhy::Publisher);
    assert_eq!(lab.video(listener, speaker, Source::Camera), Some(paused));

    lab.silence(speaker, Source::Microphone, false);
    lab.silence(speaker, Source::Camera, false);
    lab.run(secs(3));
    let (from, to) = lab.run(secs(2));
    lab.run(secs(1));
    assert!(lab.speech(listener, speaker, from, to) > 0.99);
    assert!(
        lab.eyes(listener, speaker, Source::Camera)
            .shown(from, to)
            .count()
            > 40
    );
    assert!(lab.ears(listener, speaker).breaks.is_empty());
    assert!(
        lab.eyes(listener, speaker, Source::Camera)
            .breaks
            .is_empty()
    );
}

#[test]
fn who_was_silenced_before_publishing_is_silent_when_it_does() {
    let mut lab = Lab::new(22);
    let listener = lab.join(&Devices::all());
    let speaker = lab.join(&Devices::microphone());
    lab.silence(speaker, Source::Camera, true);
    lab.run(secs(1));
    lab.publish(speaker, &Devices::NONE.and_camera(&[150, 500, 1500]));
    lab.run(secs(2));
    let (from, to) = lab.run(secs(1));
    let seat = lab.people[listener].seats.iter();
    assert_eq!(seat.filter(|seat| seat.source == Source::Camera).count(), 0);
    let forwarded = lab.people[listener].client.eyes.values();
    assert_eq!(
        forwarded
            .map(|eyes| eyes.shown(from, to).count())
            .sum::<usize>(),
        0
    );
}

#[test]
fn the_viewer_and_the_publisher_are_told_of_a_picture_that_is_hidden() {
    let mut lab = Lab::new(23);
    let viewer = lab.join(&Devices::all());
    let publisher = lab.join(&Devices::all());
    lab.run(secs(3));
    lab.view(viewer, &[]);
    lab.run(secs(3));
    let hidden = VideoState::Paused(PauseWhy::Hidden);
    assert_eq!(lab.video(viewer, publisher, Source::Camera), Some(hidden));
    assert_eq!(last_layers(&lab, publisher), Some(0));

    lab.view(viewer, &[(publisher, Source::Camera, 1280, 720)]);
    lab.run(secs(6));
    let playing = VideoState::Playing { layer: 2 };
    assert_eq!(lab.video(viewer, publisher, Source::Camera), Some(playing));
    assert_eq!(last_layers(&lab, publisher), Some(0b100));
}

#[test]
fn who_speaks_is_told_to_the_room() {
    let mut lab = Lab::new(24);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    lab.people[two].client.microphone().level = -90;
    lab.run(secs(3));
    let speakers: Vec<_> = lab
        .events
        .iter()
        .filter_map(|(_, event)| {
            if let Event::Speakers { speakers, .. } = event {
                Some(speakers.clone())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(speakers.last(), Some(&vec![lab.people[one].participant]));
}

fn last_layers(lab: &Lab, publisher: usize) -> Option<u8> {
    let id = lab.people[publisher].participant;
    let mut all = lab.events.iter().rev();
    all.find_map(|(_, event)| {
        if let Event::Layers {
            participant,
            wanted,
            ..
        } = event
        {
            (*participant == id).then_some(*wanted)
        } else {
            None
        }
    })
}
