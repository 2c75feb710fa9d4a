//! What a room takes of memory, counted by the allocator of this program: what is freed when the rooms are dropped is what they held.

mod support;

use peak_alloc::PeakAlloc;
use sfu::{Certificate, Limits, Rooms, Settings};
use support::{client::Devices, lab::Lab, secs};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Of each of six who all see and hear the others, pictures of 800 kbit/s. All bounds are a fifth above what was counted.
const SEEN: usize = 610 * 1024;
/// Of each of six who all hear the others.
const HEARD: usize = 270 * 1024;
/// Of rooms that nobody is in any more: what waits to be sent is in a buffer that stays.
const EMPTY: usize = 45 * 1024;

#[test]
fn a_participant_takes_so_much_and_gives_it_back() {
    let camera = Devices::microphone().and_camera(&[800]);
    let seen = held(&mut room(&camera)) / 6;
    assert!(seen <= SEEN, "{} KiB with pictures", seen / 1024);
    let heard = held(&mut room(&Devices::microphone())) / 6;
    assert!(heard <= HEARD, "{} KiB with sound", heard / 1024);
    let mut lab = room(&camera);
    for person in 0..6 {
        lab.leave(person);
    }
    lab.run(secs(1));
    let empty = held(&mut lab);
    assert!(empty <= EMPTY, "{} KiB with nobody", empty / 1024);
}

/// Six who have been together for a while.
fn room(devices: &Devices) -> Lab {
    let mut lab = Lab::new(97);
    for _ in 0..6 {
        lab.join(devices);
        lab.run(secs(1));
    }
    lab.run(secs(6));
    lab
}

/// What the rooms hold; nothing is left in them.
fn held(lab: &mut Lab) -> usize {
    let settings = Settings {
        worker: 0,
        candidates: Vec::new(),
        certificate: Certificate::generate().expect("randomness"),
        limits: Limits::default(),
    };
    let rooms = std::mem::replace(&mut lab.rooms, Rooms::new(settings, [0; 32]));
    let before = ALLOCATOR.current_usage();
    drop(rooms);
    before - ALLOCATOR.current_usage()
}
