//! What our descriptions say, and what others may say.

use proptest::prelude::*;
use sfu::{Ask, Event, ParticipantId, Source};
use str0m::net::Protocol;

use crate::support::{
    client::{Client, Devices},
    lab::{Lab, ROOM},
    secs,
};

#[test]
fn an_offer_of_ours_repeats_the_layers_of_what_the_client_publishes() {
    let mut lab = Lab::new(91);
    let first = lab.join(&Devices::all());
    lab.run(secs(1));
    lab.join(&Devices::all());
    lab.run(secs(1));
    let id = lab.people[first].participant;
    let mut offers = lab.events.iter().filter_map(|(_, event)| {
        if let Event::Offer {
            participant, offer, ..
        } = event
        {
            (*participant == id).then_some(offer)
        } else {
            None
        }
    });
    let offer = offers.next().unwrap();
    for line in [
        "a=simulcast:recv q;h;f",
        "a=rid:q recv",
        "a=rid:h recv",
        "a=rid:f recv",
    ] {
        assert!(offer.contains(line), "{line}");
    }
}

#[test]
fn our_answer_has_our_candidates_and_lets_silence_be_left_out() {
    let lab = Lab::new(92);
    let mut client = client();
    let (offer, tracks) = client.publish(&Devices::all(), lab.now);
    let mut rooms = lab.rooms;
    let ask = join(offer, tracks);
    let Ok(sfu::Reply::Joined { answer, .. }) = rooms.ask(ask, lab.now) else {
        panic!("an answer")
    };
    for line in [
        "a=ice-lite",
        " 203.0.113.1 3478 typ host\r\n",
        " 203.0.113.1 3478 typ host tcptype passive\r\n",
        "useinbandfec=1;usedtx=1",
        " red/48000/2",
    ] {
        assert!(answer.contains(line), "{line}");
    }
    assert!(!answer.contains("192.0.2."), "nothing of the inside");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_description_makes_the_rooms_panic(
        cuts in proptest::collection::vec((0.0..1.0_f64, 0..6_u8, "[ -~]{0,12}"), 1..6)
    ) {
        let lab = Lab::new(93);
        let (offer, tracks) = client().publish(&Devices::all(), lab.now);
        let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
        for (place, how, text) in cuts {
            let at = (place * lines.len() as f64) as usize;
            match how {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, format!("a={text}")),
                2 => lines[at].push_str(&text),
                3 => {
                    let half = lines[at].len() / 2;
                    lines[at].truncate(half);
                }
                4 => lines.swap(at, 0),
                _ => lines.insert(at, lines[at].clone()),
            }
            if lines.is_empty() {
                lines.push(text);
            }
        }
        let mut rooms = lab.rooms;
        // Taken or refused: both are well.
        let _ = rooms.ask(join(lines.join("\r\n"), tracks), lab.now);
        rooms.handle_timeout(lab.now);
    }
}

fn client() -> Client {
    let now = crate::support::lab::start();
    let address = ([198, 51, 100, 200], 9).into();
    Client::new(7, address, Protocol::Udp, now, 1, now)
}

fn join(offer: String, tracks: Vec<(String, Source)>) -> Ask {
    Ask::Join {
        room: ROOM,
        participant: ParticipantId(1),
        user: 1,
        offer,
        tracks,
    }
}
