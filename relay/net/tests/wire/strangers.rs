//! Who is in no room: counted, and answered nothing.

use crate::support::{Client, config, eventually, mapped_address, receive, socket, start, tcp};
use net::{Config, Relay};
use sfu::{Ask, Refusal, RoomId};
use std::{
    io::{Read, Write},
    net::SocketAddr,
    num::NonZero,
    time::Duration,
};

/// A connectivity check for nobody's ufrag on the worker `worker`, without a right word of integrity.
fn check(worker: u8) -> Vec<u8> {
    let name = format!("{worker:02x}aaaaaa:theirs\0");
    let mut check = b"\x00\x01\x00\x00\x21\x12\xa4\x42............".to_vec();
    check.extend([0, 6, 0, 15]);
    check.extend(name.as_bytes());
    check.extend([0, 8, 0, 20]);
    check.extend([7; 20]);
    check[3] = (check.len() - 20) as u8;
    check
}

/// A handshake record of DTLS and a packet of RTP.
const MEDIA: [&[u8]; 2] = [
    &[22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9],
];

#[test]
fn checks_handshakes_and_media_of_nobody_are_counted_and_not_answered() {
    for workers in [1, 2] {
        let (relay, address) = start_rooms(workers, 21_100..=21_109);
        let stranger = socket();
        let foreign = check(workers);
        let own: Vec<_> = (0..workers).map(check).collect();
        let datagrams = MEDIA.into_iter().chain(own.iter().map(Vec::as_slice));
        let mut sent = 0;
        for datagram in datagrams.chain([foreign.as_slice()]) {
            stranger.send_to(datagram, address).unwrap();
            sent += 1;
        }
        eventually("all are counted", || {
            relay.handle().counters().rooms.dropped.stranger == sent
        });
        // Whatever would have been answered would come before this.
        mapped_address(&stranger, address);
        stranger
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        assert!(stranger.recv(&mut [0; 99]).is_err());
        assert_eq!(relay.handle().counters().unknown, 0);
    }
}

#[test]
fn a_stream_that_begins_with_a_check_of_nobody_is_closed_and_counted() {
    let (relay, address) = start_rooms(2, 21_110..=21_119);
    for worker in [0, 1] {
        let mut stream = tcp(address);
        stream.write_all(&framed(&check(worker))).unwrap();
        assert_eq!(stream.read(&mut [0; 99]).unwrap(), 0);
    }
    eventually("both are counted", || {
        let counters = relay.handle().counters();
        (counters.streams.strangers, counters.rooms.dropped.stranger) == (2, 2)
    });
    let mut stream = tcp(address);
    stream.write_all(&framed(&check(2))).unwrap();
    assert_eq!(stream.read(&mut [0; 99]).unwrap(), 0);
    eventually("what is no worker's is closed at the door", || {
        relay.handle().counters().streams.unsorted == 1
    });
}

#[test]
fn a_relayed_stranger_reaches_no_room_and_no_listener() {
    let (relay, address) = start_rooms(2, 21_120..=21_129);
    let client = Client::connect(address, "alice");
    client.allocate().unwrap();
    client.bind(0x4000, address).unwrap();
    client.send_channel(0x4000, MEDIA[1]);
    client.send_channel(0x4000, &check(0));
    client.send_channel(0x4000, &check(1));
    client.send_channel(0x4000, b"\x00\x01\x00\x00\x21\x12\xa4\x42............");
    client.send_channel(0x4000, b"\x40\x00\x00\x00");
    eventually("all are counted", || {
        let counters = relay.handle().counters();
        (counters.rooms.dropped.stranger, counters.astray) == (3, 2)
    });
    client.refresh(600).unwrap();
}

#[test]
fn without_rooms_media_is_of_no_protocol_and_a_room_is_not_supported() {
    let (relay, address) = start(config(21_130..=21_139));
    let stranger = socket();
    for datagram in MEDIA {
        stranger.send_to(datagram, address).unwrap();
    }
    eventually("it is counted", || relay.handle().counters().unknown == 2);
    // A check is a Binding request like any other then.
    stranger.send_to(&check(0), address).unwrap();
    assert_eq!(receive(&stranger)[..2], [1, 1]);
    let mut stream = tcp(address);
    stream.write_all(&framed(&check(0))).unwrap();
    assert_eq!(stream.read(&mut [0; 99]).unwrap(), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let room = RoomId(7);
    let closed = runtime.unwrap().block_on(async {
        let handle = relay.handle();
        handle.room(Ask::Close { room }).await
    });
    assert_eq!(closed, Err(net::RoomError::Refused(Refusal::Unsupported)));
}

fn framed(frame: &[u8]) -> Vec<u8> {
    [&(frame.len() as u16).to_be_bytes(), frame].concat()
}

fn start_rooms(workers: u8, ports: std::ops::RangeInclusive<u16>) -> (Relay, SocketAddr) {
    start(Config {
        workers: NonZero::new(workers),
        rooms: Some(sfu::Limits::default()),
        ..config(ports)
    })
}
