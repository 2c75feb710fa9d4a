//! Group calls over real sockets: every way to a room, on one worker and across several.

use crate::{
    people::{Room, Way, small},
    sfu_support::client::Devices,
    support::{config, start},
};
use net::{Config, Relay, StreamLimits};
use sfu::Event;
use std::{net::Ipv4Addr, num::NonZero};

/// More than one person has to come to the wrong worker among so many.
const CROWD: usize = 4;

/// A packet of RTP.
const RTP: &[u8] = &[0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9];

#[test]
fn people_hear_and_see_each_other_over_udp() {
    let mut room = Room::new(0, start_rooms(1, 21_200..=21_209));
    for _ in 0..3 {
        room.join(Way::udp(), &small());
    }
    room.until_all_hear_and_see(0..3);
    let counters = room.relay.handle().counters();
    assert_eq!(counters.rooms.rooms, 1);
    assert_eq!(counters.rooms.participants, 3);
    assert_eq!(counters.rooms.dropped.stranger, 0);
    for person in &room.people {
        let (id, participant) = (room.id, person.participant);
        assert!(room.was_told(&Event::Connected {
            room: id,
            participant
        }));
    }
}

#[test]
fn people_hear_and_see_each_other_over_tcp() {
    for workers in [1, 2] {
        let relay = start_rooms(workers, 21_210..=21_219);
        let address = relay.local_addrs()[0];
        let mut room = Room::new(1, relay);
        room.join(Way::tcp(address), &small());
        room.join(Way::udp(), &small());
        room.join(Way::tcp(address), &small());
        room.until_all_hear_and_see(0..3);
        let counters = room.relay.handle().counters();
        assert_eq!(counters.streams.unread, 0);
        assert_eq!(counters.streams.strangers, 0);
    }
}

#[test]
fn relayed_people_reach_a_room_through_no_relay_socket() {
    for workers in [1, 2, 3] {
        for at in 0..u128::from(workers) {
            // Over UDP the kernel picks the worker; over TCP they take turns. The room is on each of them once.
            let mut room = Room::new(at, start_rooms(workers, 21_220..=21_249));
            let address = room.media;
            room.join(Way::relayed(address, "alice"), &small());
            room.join(Way::relayed_tcp(address, "bob"), &Devices::microphone());
            room.join(Way::relayed_tcp(address, "carol"), &Devices::microphone());
            room.join(Way::udp(), &Devices::microphone());
            room.until_all_hear_and_see(0..1);
            let counters = room.relay.handle().counters();
            assert_eq!(counters.turn.allocations, 3);
            assert_eq!((counters.astray, counters.overflowed), (0, 0));
        }
    }
}

#[test]
fn people_reach_a_room_behind_an_address_that_is_none_of_the_hosts() {
    for listen in ["0.0.0.0:0", "[::]:0", "127.0.0.1:0"] {
        let (relay, bound) = start(Config {
            listen: vec![listen.parse().unwrap()],
            relay_v4: Some(Ipv4Addr::new(203, 0, 113, 1)),
            workers: NonZero::new(2),
            rooms: Some(sfu::Limits::default()),
            ..config(21_310..=21_319)
        });
        let mut room = Room::new(0, relay);
        room.address = (Ipv4Addr::LOCALHOST, bound.port()).into();
        room.media = (Ipv4Addr::new(203, 0, 113, 1), bound.port()).into();
        let (address, devices) = (room.address, Devices::microphone());
        room.join(Way::udp(), &devices);
        room.join(Way::udp(), &devices);
        room.join(Way::tcp(address), &devices);
        room.join(Way::relayed(address, "alice"), &devices);
        room.until_all_hear();
    }
}

#[test]
fn whichever_worker_the_kernel_gives_a_datagram_to_it_gets_to_the_room() {
    for workers in [2, 3] {
        for at in 0..u128::from(workers) {
            let mut room = Room::new(at, start_rooms(workers, 21_280..=21_289));
            for _ in 0..CROWD {
                room.join(Way::udp(), &Devices::microphone());
            }
            room.until_all_hear();
            let dropped = room.relay.handle().counters().rooms.dropped;
            assert_eq!((dropped.stranger, dropped.malformed), (0, 0));
        }
    }
}

#[test]
fn who_has_left_is_a_stranger_on_every_worker() {
    let mut room = Room::new(1, start_rooms(2, 21_290..=21_299));
    for _ in 0..CROWD {
        room.join(Way::udp(), &Devices::microphone());
    }
    room.until_all_hear();
    for place in 1..CROWD {
        room.leave(place);
    }
    let strangers = |room: &Room| room.relay.handle().counters().rooms.dropped.stranger;
    let before = strangers(&room);
    room.until("what they go on to send is nobody's", |room| {
        for person in &room.people[1..] {
            if let Way::Udp(socket) = &person.way {
                socket.send_to(RTP, room.media).unwrap();
            }
        }
        strangers(room) > before + 10 * CROWD as u64
    });
    assert_eq!(room.relay.handle().counters().rooms.participants, 1);
}

#[test]
fn who_reads_nothing_loses_its_media_and_harms_nobody() {
    let (relay, address) = start(Config {
        rooms: Some(sfu::Limits::default()),
        streams: StreamLimits {
            buffered: 1 << 12,
            ..StreamLimits::default()
        },
        ..config(21_300..=21_309)
    });
    let mut room = Room::new(0, relay);
    let devices = Devices::microphone().and_camera(&[1500]);
    let (loud, deaf) = (
        room.join(Way::udp(), &devices),
        room.join(Way::narrow_tcp(address), &Devices::microphone()),
    );
    let other = room.join(Way::udp(), &Devices::microphone());
    room.until_all_hear();
    room.deafen(deaf);
    room.until("there is no room for more", |room| {
        let counters = room.relay.handle().counters();
        assert!(counters.queues.streams <= 1 << 12);
        counters.streams.unread > 0
    });
    let before = room.hears(other, loud);
    room.until("others go on hearing", |room| {
        room.hears(other, loud) > before + 20
    });
    assert_eq!(room.relay.handle().counters().streams.stuck, 0);
}

fn start_rooms(workers: u8, ports: std::ops::RangeInclusive<u16>) -> Relay {
    let (relay, _) = start(Config {
        workers: NonZero::new(workers),
        rooms: Some(sfu::Limits::default()),
        ..config(ports)
    });
    relay
}
