//! What the room tells reaches whom it concerns, and a socket that comes back hears the latest of it.

use super::super::super::{Link, Quality, Seat, VideoState};
use super::*;

impl World {
    fn reports(&mut self, report: RoomReport) {
        self.apply(GroupCommand::Room(report)).unwrap();
    }

    fn offers(&mut self, who: usize, number: u32) {
        let participant = self.people[who].participant;
        self.reports(RoomReport::Offer {
            participant,
            number,
            sdp: "v=0".into(),
        });
    }

    fn plays(&mut self, to: usize, of: usize) {
        let publication = PublicationId(self.people[of].socket.0 as u32);
        self.reports(RoomReport::Video {
            participant: self.people[to].participant,
            publication,
            state: VideoState::Playing { layer: 0 },
        });
    }

    fn resume(&mut self, who: usize, socket: SocketId) -> Result<(), GroupRefusal> {
        let speaker = self.people[who].speaker();
        self.apply(GroupCommand::Resume { speaker, socket })
    }
}

#[test]
fn a_report_for_one_reaches_that_one_alone() {
    let mut world = World::answered();
    world.offers(BORIS, 1);
    let boris = world.people[BORIS].socket;
    assert_eq!(world.heard(Audience::Socket(boris)), ["offer 1"]);
    assert_eq!(world.said.len(), 1);
    let stranger = RoomReport::Link(ParticipantId::new(), Link::Lost);
    world.reports(stranger);
    assert!(world.said.is_empty());
}

#[test]
fn a_link_that_changes_is_shown_to_everybody() {
    let mut world = World::answered();
    world.pass(secs(1));
    let boris = world.people[BORIS].participant;
    world.reports(RoomReport::Link(boris, Link::Connected));
    assert_eq!(world.heard(Audience::Everybody), ["changed"]);
    world.reports(RoomReport::Link(boris, Link::Connected));
    assert!(world.said.is_empty());
    world.reports(RoomReport::Link(boris, Link::Lost));
    assert_eq!(world.call.view().participants[1].link, Link::Lost);
}

#[test]
fn a_socket_that_comes_back_hears_the_latest_of_everything() {
    let mut world = World::answered();
    let (anna, boris) = (world.people[ANNA], world.people[BORIS]);
    world.apply(GroupCommand::Detach(boris.socket)).unwrap();
    world.offers(BORIS, 1);
    world.offers(BORIS, 2);
    assert!(world.said.is_empty(), "nobody is there to hear it");
    let seat = Seat {
        mid: "3".into(),
        publication: PublicationId(1),
        publisher: anna.participant,
        source: Source::Camera,
    };
    world.reports(RoomReport::Seats {
        participant: boris.participant,
        seats: vec![seat].into(),
    });
    world.plays(BORIS, ANNA);
    world.reports(RoomReport::Speakers([anna.participant].into()));
    world.reports(RoomReport::Quality {
        participant: anna.participant,
        quality: Quality::Good,
        why: None,
    });
    let socket = SocketId(55);
    world.resume(BORIS, socket).unwrap();
    let all = ["seats 1", "offer 2", "video 1", "speakers 1", "quality 1"];
    assert_eq!(world.heard(Audience::Socket(socket)), all);

    let answered = GroupCommand::Answered {
        participant: boris.participant,
        number: 2,
    };
    world.apply(answered).unwrap();
    world.leave(ANNA).unwrap();
    world.resume(BORIS, socket).unwrap();
    let heard = world.heard(Audience::Socket(socket));
    assert!(!heard.contains(&"offer 2".to_owned()), "it is answered");
    assert!(!heard.contains(&"video 1".to_owned()), "its publisher left");
}

#[test]
fn a_video_that_nobody_publishes_is_not_kept() {
    let mut world = World::answered();
    for n in 100..200 {
        world.reports(RoomReport::Video {
            participant: world.people[BORIS].participant,
            publication: PublicationId(n),
            state: VideoState::Playing { layer: 2 },
        });
        assert!(world.said.is_empty());
    }
    world.plays(ANNA, BORIS);
    let participant = world.people[BORIS].participant;
    let publications = vec![PublicationId(9)];
    world
        .apply(GroupCommand::Offered {
            participant,
            publications,
        })
        .unwrap();
    world.resume(ANNA, SocketId(56)).unwrap();
    assert!(world.said.is_empty(), "it is published no longer");
}

#[test]
fn however_fast_somebody_switches_all_are_shown_it_ten_times_a_second_at_most_and_the_last_of_it() {
    let mut world = World::answered();
    let speaker = world.people[BORIS].speaker();
    let mut shown = 0;
    for n in 0..20 {
        world.pass(Duration::from_millis(10));
        shown += world.heard(Audience::Everybody).len();
        let muted = n % 2 == 0;
        let [camera, screen] = [true, false];
        let command = GroupCommand::Switch {
            speaker,
            muted,
            camera,
            screen,
        };
        world.apply(command).unwrap();
        shown += world.heard(Audience::Everybody).len();
    }
    assert_eq!(shown, 2, "in 200 ms");
    world.pass(Duration::from_millis(100));
    assert_eq!(world.heard(Audience::Everybody), ["changed"]);
    world.pass(Duration::from_millis(300));
    assert_eq!(world.heard(Audience::Everybody), Vec::<String>::new());
}
