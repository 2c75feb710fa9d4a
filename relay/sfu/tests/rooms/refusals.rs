//! What is refused, and that nothing is left of it.

use sfu::{Ask, Limits, ParticipantId, Refusal, RoomId, Source};

use crate::support::{
    client::Devices,
    lab::{Lab, ROOM},
    secs,
};

type Tracks = Vec<(String, Source)>;

#[test]
fn a_room_has_its_limit_of_participants() {
    let limits = Limits {
        participants: 2,
        ..Limits::default()
    };
    let mut lab = Lab::with(51, limits);
    lab.join(&Devices::microphone());
    lab.join(&Devices::microphone());
    let full = Refusal::RoomFull { limit: 2 };
    assert_eq!(lab.try_join(&Devices::microphone()), Err(full));
    assert_eq!(lab.rooms.counters().refused.room_full, 1);
    lab.leave(0);
    assert!(lab.try_join(&Devices::microphone()).is_ok());
}

#[test]
fn a_participant_has_its_limit_of_publications_and_a_publication_of_layers() {
    let limits = Limits {
        publications: 1,
        layers: 2,
        ..Limits::default()
    };
    let mut lab = Lab::with(52, limits);
    let publications = Refusal::TooManyPublications { limit: 1 };
    let layers = Refusal::TooManyLayers { limit: 2 };
    assert_eq!(lab.try_join(&Devices::all()), Err(publications));
    let camera = Devices::NONE.and_camera(&[150, 500, 1500]);
    assert_eq!(lab.try_join(&camera), Err(layers));
    assert_eq!(lab.rooms.counters().rooms, 0, "no room is left of it");
    assert!(lab.try_join(&Devices::NONE.and_camera(&[150, 500])).is_ok());
}

#[test]
fn a_worker_has_its_limit_of_rooms() {
    let limits = Limits {
        rooms: 1,
        ..Limits::default()
    };
    let mut lab = Lab::with(53, limits);
    lab.join(&Devices::microphone());
    let ask = Ask::Join {
        room: RoomId(2),
        participant: ParticipantId(9),
        silenced: Vec::new(),
        offer: String::new(),
        tracks: Vec::new(),
    };
    assert_eq!(lab.rooms.ask(ask, lab.now), Err(Refusal::TooManyRooms));
}

#[test]
fn who_is_not_there_can_do_nothing() {
    let mut lab = Lab::new(54);
    let there = lab.join(&Devices::microphone());
    let leave = |room, participant| Ask::Leave { room, participant };
    let stranger = ParticipantId(77);
    let gone = lab.rooms.ask(leave(ROOM, stranger), lab.now);
    assert_eq!(gone, Err(Refusal::NoSuchParticipant));
    let nowhere = lab.rooms.ask(leave(RoomId(5), stranger), lab.now);
    assert_eq!(nowhere, Err(Refusal::NoSuchRoom));
    let again = Ask::Join {
        room: ROOM,
        participant: lab.people[there].participant,
        silenced: Vec::new(),
        offer: String::new(),
        tracks: Vec::new(),
    };
    assert_eq!(lab.rooms.ask(again, lab.now), Err(Refusal::AlreadyThere));
}

#[test]
fn a_description_out_of_bounds_is_refused_with_its_reason() {
    let mut lab = Lab::new(55);
    lab.join(&Devices::all());
    lab.run(secs(1));
    for (offer, reason) in [
        ("a=x\r\n".repeat(200_000), "longer than one of a full room"),
        (
            "a=x\r\n".repeat(10_000),
            "more lines than one of a full room",
        ),
        (String::new(), "no a=fingerprint"),
    ] {
        let ask = Ask::Join {
            room: ROOM,
            participant: ParticipantId(99),
            silenced: Vec::new(),
            offer,
            tracks: Vec::new(),
        };
        let refused = Err(Refusal::BadDescription(reason));
        assert_eq!(lab.rooms.ask(ask, lab.now), refused);
    }
    assert_eq!(lab.rooms.counters().participants, 1);
}

#[test]
fn tracks_have_to_fit_the_description() {
    let mut lab = Lab::new(56);
    let now = lab.now;
    let mut asked = 100;
    let mut join = |tracks: &dyn Fn(Tracks) -> Tracks| {
        asked += 1;
        let address = ([198, 51, 100, 200], 9).into();
        let mut client = crate::support::client::Client::new(
            7,
            address,
            str0m::net::Protocol::Udp,
            now,
            asked,
            now,
        );
        let (offer, named) = client.publish(&Devices::all(), now);
        let ask = Ask::Join {
            room: ROOM,
            participant: ParticipantId(u128::from(asked)),
            silenced: Vec::new(),
            offer,
            tracks: tracks(named),
        };
        lab.rooms.ask(ask, now).map(drop)
    };
    let bad = |reason| Err(Refusal::BadDescription(reason));
    assert_eq!(
        join(&|tracks| vec![("zz".into(), tracks[0].1)]),
        bad("a track names no m-line that sends")
    );
    assert_eq!(
        join(&|tracks| vec![(tracks[0].0.clone(), Source::Camera)]),
        bad("a track's source is of another kind than its m-line")
    );
    assert_eq!(
        join(&|tracks| vec![tracks[0].clone(), tracks[0].clone()]),
        bad("two tracks have the same source or m-line")
    );
    assert_eq!(
        join(&|_| Vec::new()),
        Ok(()),
        "an m-line that is no track is no publication"
    );
}
