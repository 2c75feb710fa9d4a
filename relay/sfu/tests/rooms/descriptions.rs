//! What our descriptions say, and what others may say.

use proptest::prelude::*;
use sfu::{Ask, Event, GoneWhy, ParticipantId, Refusal, Source};
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

#[test]
fn an_offer_that_gives_two_codecs_one_number_is_refused_and_harms_nobody() {
    let mut lab = Lab::new(94);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    lab.run(secs(2));
    let head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\n\
                a=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n";
    let (whole, _) = client().publish(&Devices::microphone(), lab.now);
    let fingerprint = whole.lines().find(|line| line.contains("a=fingerprint"));
    let sound = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n\
                 a=rtpmap:111 opus/48000/2\r\n";
    let offer = with_conflict(&format!("{head}{}\r\n{sound}", fingerprint.unwrap()), "VP8");
    let refusal = Refusal::BadDescription("the offer contradicts itself or what stands");
    let joined = lab.rooms.ask(join(offer, Vec::new()), lab.now);
    assert_eq!(joined, Err(refusal));
    assert_eq!(lab.rooms.counters().participants, 2);
    let (from, to) = lab.run(secs(1));
    lab.run(secs(1));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert!(lab.speech(two, one, from, to) > 0.99);
}

#[test]
fn who_makes_an_offer_that_cannot_be_taken_after_all_is_out_and_nobody_else() {
    let mut lab = Lab::new(95);
    let one = lab.join(&Devices::all());
    let two = lab.join(&Devices::all());
    let bad = lab.join(&Devices::microphone());
    lab.run(secs(2));
    let participant = lab.people[bad].participant;
    let (offer, tracks) = lab.people[bad]
        .client
        .publish(&Devices::NONE.and_screen(300), lab.now);
    let ask = Ask::Offer {
        room: ROOM,
        participant,
        offer: with_conflict(&offer, "VP9"),
        tracks,
    };
    let refusal = Refusal::BadDescription("the offer contradicts itself or what stands");
    assert_eq!(lab.rooms.ask(ask, lab.now), Err(refusal));
    let (from, to) = lab.run(secs(1));
    let gone = lab.events.iter().any(|(_, event)| {
        matches!(event, Event::Gone { participant: gone, why: GoneWhy::Closed, .. } if *gone == participant)
    });
    assert!(gone);
    lab.run(secs(1));
    assert!(lab.speech(one, two, from, to) > 0.99);
    assert!(lab.speech(two, one, from, to) > 0.99);
}

#[test]
fn layers_that_a_client_asks_to_receive_are_refused() {
    let mut lab = Lab::new(96);
    let (offer, tracks) = client().publish(&Devices::all(), lab.now);
    let layers: Vec<String> = (0..500).map(|rid| rid.to_string()).collect();
    let offer = offer.replace(
        "a=simulcast:send q;h;f",
        &format!("a=simulcast:recv {}", layers.join(";")),
    );
    let refusal = Refusal::BadDescription("a=simulcast asks for layers to receive");
    assert_eq!(lab.rooms.ask(join(offer, tracks), lab.now), Err(refusal));
}

/// Adds an m-line in which a codec has the number that Opus has in another.
fn with_conflict(offer: &str, codec: &str) -> String {
    let line = format!(
        "m=video 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:bad\r\na=sendrecv\r\na=rtcp-mux\r\n\
         a=rtpmap:111 {codec}/90000\r\n"
    );
    let (before, rest) = offer.split_once("a=group:BUNDLE").expect("a group");
    let (mids, rest) = rest.split_once("\r\n").expect("its end");
    format!("{before}a=group:BUNDLE{mids} bad\r\n{rest}{line}")
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
        participant: ParticipantId(1_000),
        silenced: Vec::new(),
        offer,
        tracks,
    }
}
