//! Who is not heard any more.

use std::time::Duration;

use sfu::{Event, GoneWhy, ParticipantId};

use crate::support::{client::Devices, lab::Lab, link::Conditions, millis, secs};

#[test]
fn who_vanishes_is_lost_after_4_s_and_gone_after_12() {
    let mut lab = Lab::new(31);
    let stays = lab.join(&Devices::all());
    let vanishes = lab.join(&Devices::all());
    lab.run(secs(2));
    let then = lab.now;
    lab.vanish(vanishes);
    lab.run(secs(14));
    let id = lab.people[vanishes].participant;
    let lost = when(
        &lab,
        |event| matches!(event, Event::Lost { participant, .. } if *participant == id),
    );
    let gone = when(&lab, |event| is_gone(event, id, GoneWhy::Silent));
    assert!((secs(4)..millis(4_300)).contains(&(lost.unwrap() - then)));
    assert!((secs(12)..millis(12_300)).contains(&(gone.unwrap() - then)));
    assert!(lab.people[stays].seats.is_empty(), "its seat is free");
    assert_eq!(lab.rooms.counters().participants, 1);
}

#[test]
#[expect(clippy::wildcard_enum_match_arm, reason = "three events are looked at")]
fn who_comes_back_in_time_is_back() {
    let mut lab = Lab::new(32);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    lab.run(secs(2));
    let before = lab.people[two].up.conditions;
    lab.link(
        two,
        Conditions {
            loss: 1.0,
            ..before
        },
    );
    lab.run(secs(6));
    lab.link(two, before);
    lab.run(secs(3));
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    let id = lab.people[two].participant;
    let mut told = Vec::new();
    for (_, event) in &lab.events {
        match event {
            Event::Lost { participant, .. } if *participant == id => told.push("lost"),
            Event::Back { participant, .. } if *participant == id => told.push("back"),
            event if is_gone(event, id, GoneWhy::Silent) => told.push("gone"),
            _other => {}
        }
    }
    assert_eq!(told, ["lost", "back"]);
    assert!(lab.speech(one, two, from, to) > 0.99);
}

#[test]
fn who_never_connects_is_gone_after_20_s() {
    let mut lab = Lab::new(33);
    let never = lab.join(&Devices::all());
    lab.vanish(never);
    lab.run(secs(22));
    let id = lab.people[never].participant;
    let gone = when(&lab, |event| is_gone(event, id, GoneWhy::Failed)).unwrap();
    assert!((secs(20)..secs(22)).contains(&(gone - lab.start)));
    assert_eq!(lab.rooms.counters().rooms, 0);
}

#[test]
fn who_closes_its_connection_is_gone_at_once() {
    let mut lab = Lab::new(34);
    lab.join(&Devices::all());
    let closes = lab.join(&Devices::all());
    lab.run(secs(2));
    let then = lab.now;
    lab.people[closes].client.rtc.close().unwrap();
    lab.people[closes].client.deadline = lab.now;
    lab.run(secs(2));
    let id = lab.people[closes].participant;
    let gone = when(&lab, |event| is_gone(event, id, GoneWhy::Closed)).unwrap();
    assert!(gone - then < Duration::from_millis(500));
}

fn is_gone(event: &Event, id: ParticipantId, wanted: GoneWhy) -> bool {
    matches!(event, Event::Gone { participant, why, .. } if *participant == id && *why == wanted)
}

fn when(lab: &Lab, is: impl Fn(&Event) -> bool) -> Option<std::time::Instant> {
    let mut all = lab.events.iter();
    all.find(|(_, event)| is(event)).map(|(at, _)| *at)
}
