//! Offers from both sides at once.

use sfu::{Ask, Refusal, Reply, Source};

use crate::support::{
    client::Devices,
    lab::{Lab, ROOM},
    secs,
};

#[test]
fn our_offer_gives_way_to_the_clients_and_comes_again_under_a_new_number() {
    let mut lab = Lab::new(41);
    let one = lab.join(&Devices::all());
    lab.run(secs(2));
    lab.is_deaf = true;
    lab.join(&Devices::all());
    lab.run(secs(1));
    // Our offer is on its way to the first when it offers itself.
    let first = last_offer(&lab, one).expect("a seat for the second");
    lab.publish(one, &Devices::NONE.and_screen(500));
    let again = last_offer(&lab, one);
    lab.run(secs(1));
    let second = last_offer(&lab, one).or(again).unwrap();
    assert!(second.0 > first.0);

    let stale = lab.people[one].participant;
    let ask = Ask::Answer {
        room: ROOM,
        participant: stale,
        number: first.0,
        answer: String::new(),
    };
    assert_eq!(lab.rooms.ask(ask, lab.now), Err(Refusal::StaleAnswer));

    lab.is_deaf = false;
    let now = lab.now;
    let answer = lab.people[one].client.answer(&second.1, now);
    let ask = Ask::Answer {
        room: ROOM,
        participant: stale,
        number: second.0,
        answer,
    };
    assert_eq!(lab.rooms.ask(ask, lab.now), Ok(Reply::Done));
    lab.run(secs(3));
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert!(lab.speech(one, 1, from, to) > 0.99);
    assert!(lab.eyes(one, 1, Source::Camera).shown(from, to).count() > 15);
}

#[test]
fn an_answer_that_does_not_fit_is_refused_and_harms_nobody() {
    let mut lab = Lab::new(42);
    let one = lab.join(&Devices::all());
    lab.run(secs(2));
    lab.is_deaf = true;
    let two = lab.join(&Devices::all());
    lab.run(secs(1));
    let (number, offer) = last_offer(&lab, one).unwrap();
    let ask = |answer: String| Ask::Answer {
        room: ROOM,
        participant: lab.people[one].participant,
        number,
        answer,
    };
    let cut = offer.split("m=").next().unwrap().to_owned();
    let ask = ask(cut);
    assert!(matches!(
        lab.rooms.ask(ask, lab.now),
        Err(Refusal::BadDescription(_))
    ));
    lab.is_deaf = false;
    lab.run(secs(1));
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    let heard = lab.people[two].client.ears.len();
    assert!(heard <= 1 && from < to);
    assert_eq!(lab.rooms.counters().participants, 2);
}

#[test]
fn what_was_offered_and_badly_answered_is_offered_again() {
    let mut lab = Lab::new(43);
    let one = lab.join(&Devices::all());
    lab.run(secs(2));
    lab.is_deaf = true;
    let two = lab.join(&Devices::all());
    lab.run(secs(1));
    let (number, _) = last_offer(&lab, one).unwrap();
    lab.is_deaf = false;
    let ask = Ask::Answer {
        room: ROOM,
        participant: lab.people[one].participant,
        number,
        answer: "no answer".to_owned(),
    };
    assert!(lab.rooms.ask(ask, lab.now).is_err());
    assert_eq!(last_offer(&lab, one).unwrap().0, number, "not at once");
    lab.run(secs(3));
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert_eq!(last_offer(&lab, one).unwrap().0, number + 1);
    assert!(lab.speech(one, two, from, to) > 0.99);
}

#[test]
fn an_offer_that_is_not_answered_within_10_s_is_told_again() {
    let mut lab = Lab::new(44);
    let one = lab.join(&Devices::all());
    lab.run(secs(2));
    lab.is_deaf = true;
    let two = lab.join(&Devices::all());
    lab.run(secs(9));
    let told = lab.offers_to(one);
    lab.is_deaf = false;
    lab.run(secs(3));
    assert_eq!(lab.offers_to(one).len(), told.len() + 1);
    assert_eq!(last_offer(&lab, one), told.last().cloned());
    let (from, to) = lab.run(secs(1));
    lab.run(secs(12));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert_eq!(lab.offers_to(one).len(), told.len() + 1, "it is answered");
}

fn last_offer(lab: &Lab, person: usize) -> Option<(u32, String)> {
    lab.offers_to(person).pop()
}
