//! Joining, leaving, and the seats that are kept for the next.

use sfu::{Ask, Event, Reply, Source};

use crate::support::{
    client::Devices,
    lab::{Lab, ROOM},
    secs,
};

#[test]
fn who_joins_later_hears_and_sees_everybody_who_is_there() {
    let mut lab = Lab::new(11);
    let first = lab.join(&Devices::all());
    lab.run(secs(2));
    let second = lab.join(&Devices::all());
    lab.run(secs(2));
    let third = lab.join(&Devices::all());
    lab.run(secs(2));
    let (from, to) = lab.run(secs(2));
    lab.run(secs(1));
    for listener in [first, second, third] {
        for speaker in [first, second, third] {
            if listener != speaker {
                assert!(lab.speech(listener, speaker, from, to) > 0.99);
                let eyes = lab.eyes(listener, speaker, Source::Camera);
                assert!(eyes.shown(from, to).count() > 40);
            }
        }
    }
}

#[test]
fn the_seat_of_who_has_left_is_given_to_the_next_without_an_offer() {
    let mut lab = Lab::new(12);
    let stays = lab.join(&Devices::all());
    let leaves = lab.join(&Devices::all());
    lab.run(secs(2));
    let mids: Vec<_> = lab.people[stays]
        .seats
        .iter()
        .map(|seat| seat.mid.clone())
        .collect();
    lab.leave(leaves);
    lab.run(secs(1));
    assert!(lab.people[stays].seats.is_empty());

    let offers = lab.offers_to(stays).len();
    let comes = lab.join(&Devices::all());
    lab.run(secs(2));
    let (from, to) = lab.run(secs(2));
    lab.run(secs(1));
    assert_eq!(lab.offers_to(stays).len(), offers, "no new offer");
    let now: Vec<_> = lab.people[stays]
        .seats
        .iter()
        .map(|seat| seat.mid.clone())
        .collect();
    assert_eq!(now, mids);
    assert!(lab.speech(stays, comes, from, to) > 0.99);
    assert!(
        lab.eyes(stays, comes, Source::Camera)
            .shown(from, to)
            .count()
            > 40
    );
}

#[test]
fn what_a_seat_carries_goes_on_without_a_break_over_its_publishers() {
    let mut lab = Lab::new(13);
    let stays = lab.join(&Devices::all());
    for _ in 0..3 {
        let other = lab.join(&Devices::all());
        lab.run(secs(2));
        assert!(lab.eyes(stays, other, Source::Camera).breaks.is_empty());
        assert!(lab.ears(stays, other).breaks.is_empty());
        lab.leave(other);
        lab.run(secs(1));
    }
}

#[test]
fn a_screen_has_a_seat_beside_the_camera_and_gives_it_back() {
    let mut lab = Lab::new(14);
    let viewer = lab.join(&Devices::all());
    let sharer = lab.join(&Devices::all());
    lab.run(secs(2));
    lab.publish(sharer, &Devices::NONE.and_screen(800));
    lab.run(secs(3));
    let (from, to) = lab.run(secs(2));
    lab.run(secs(1));
    assert!(
        lab.eyes(viewer, sharer, Source::Screen)
            .shown(from, to)
            .count()
            > 10
    );
    assert!(
        lab.eyes(viewer, sharer, Source::Camera)
            .shown(from, to)
            .count()
            > 40
    );
    assert_eq!(lab.rooms.counters().publications, 5);
}

#[test]
fn a_room_ends_with_its_last_participant() {
    let mut lab = Lab::new(15);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    lab.run(secs(1));
    assert_eq!(lab.rooms.counters().rooms, 1);
    lab.leave(one);
    lab.leave(two);
    let counters = lab.rooms.counters();
    assert_eq!(
        (counters.rooms, counters.participants, counters.publications),
        (0, 0, 0)
    );
    lab.run(secs(5));
    assert!(
        !lab.events
            .iter()
            .any(|(_, event)| matches!(event, Event::Gone { .. }))
    );
}

#[test]
fn a_call_that_is_over_ends_for_everybody() {
    let mut lab = Lab::new(16);
    let one = lab.join(&Devices::all());
    lab.join(&Devices::all());
    lab.run(secs(1));
    assert_eq!(
        lab.rooms.ask(Ask::Close { room: ROOM }, lab.now),
        Ok(Reply::Done)
    );
    assert_eq!(lab.rooms.counters().participants, 0);
    lab.run(secs(1));
    assert!(
        lab.people[one].client.connected.is_none(),
        "the client is told"
    );
}

#[test]
fn the_same_person_moves_by_leaving_first() {
    let mut lab = Lab::new(17);
    let other = lab.join(&Devices::all());
    let phone = lab.join(&Devices::all());
    lab.run(secs(2));
    lab.leave(phone);
    let laptop = lab.join(&Devices::all());
    lab.run(secs(2));
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert!(lab.speech(other, laptop, from, to) > 0.99);
    assert!(lab.speech(laptop, other, from, to) > 0.99);
}
