//! Feeding rooms with sequences: asks with offers that are nearly right, datagrams of anybody, media of clients that mean harm, time.
//!
//! Its clients are those of the rules of rooms: some are honest, and must be served until the end.

#![no_main]

#[allow(dead_code, reason = "the rules need more of it")]
#[path = "../../sfu/tests/support/mod.rs"]
mod support;

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sfu::{Ask, Limits, ParticipantId, PublicationId, RoomId, Source, Tile};
use str0m::net::Protocol;
use str0m::rtp::{ExtensionValues, RtpWrite};
use support::client::{Client, Devices};
use support::lab::{self, Lab, ROOM};
use support::millis;

#[derive(Debug, Arbitrary)]
enum Step<'a> {
    /// An honest client.
    Come {
        devices: u8,
    },
    Go {
        person: u8,
    },
    /// Somebody's device dies.
    Vanish {
        person: u8,
    },
    Publish {
        person: u8,
        devices: u8,
    },
    RestartIce {
        person: u8,
    },
    Join {
        room: u8,
        participant: u8,
        changes: Vec<Change<'a>>,
        tracks: Vec<(u8, u8)>,
    },
    Offer {
        participant: u8,
        changes: Vec<Change<'a>>,
        tracks: Vec<(u8, u8)>,
    },
    Answer {
        participant: u8,
        number: u8,
        changes: Vec<Change<'a>>,
    },
    View {
        participant: u8,
        tiles: Vec<(u8, u16, u16)>,
    },
    Silence {
        participant: u8,
        source: u8,
        silenced: bool,
    },
    Leave {
        participant: u8,
    },
    Close {
        room: u8,
    },
    Datagram {
        from: u8,
        bytes: &'a [u8],
    },
    /// Well encrypted, and otherwise anything.
    Media {
        person: u8,
        sending: u8,
        seq: u32,
        timestamp: u32,
        marker: bool,
        level: i8,
        payload: &'a [u8],
    },
    Loss {
        person: u8,
        loss: u8,
    },
    Run {
        millis: u8,
    },
}

/// A change of a description.
#[derive(Debug, Arbitrary)]
enum Change<'a> {
    Drop { line: u16 },
    Double { line: u16 },
    Swap { line: u16, with: u16 },
    Put { line: u16, text: &'a str },
    Replace { line: u16, at: u8, text: &'a str },
    Cut { at: u16 },
}

const PEOPLE: usize = 4;

fuzz_target!(|steps: Vec<Step<'_>>| {
    let mut world = World::new();
    for step in steps.into_iter().take(64) {
        world.take(step);
    }
    world.end();
});

/// A description that is right, and the m-lines that it has. It is made once, as keys take their time.
static OFFER: LazyLock<(String, Vec<String>)> = LazyLock::new(|| {
    let address = "198.51.100.99:9".parse().expect("an address");
    let now = lab::start();
    let mut client = Client::new(99, address, Protocol::Udp, now, 1, now);
    let (offer, tracks) = client.publish(&devices(0x0F), now);
    (offer, tracks.into_iter().map(|(mid, _)| mid).collect())
});

struct World {
    lab: Lab,
    offer: &'static str,
    mids: &'static [String],
}

impl World {
    fn new() -> Self {
        let limits = Limits {
            participants: 6,
            rooms: 3,
            ..Limits::default()
        };
        let lab = Lab::with(1, limits);
        let (offer, mids) = &*OFFER;
        Self { lab, offer, mids }
    }

    fn take(&mut self, step: Step<'_>) {
        let now = self.lab.now;
        match step {
            Step::Come { devices: bits } => {
                if self.lab.people.len() < PEOPLE {
                    let _ = self.lab.try_join(&devices(bits));
                }
            }
            Step::Go { person } => {
                if let Some(person) = self.here(person) {
                    self.lab.leave(person);
                }
            }
            Step::Vanish { person } => {
                if let Some(person) = self.here(person) {
                    self.lab.vanish(person);
                }
            }
            Step::Publish {
                person,
                devices: bits,
            } => {
                if let Some(person) = self.here(person)
                    && self.lab.people[person].client.sending.len() < 2
                {
                    self.lab.publish(person, &devices(bits & 0x0E | 0x08));
                }
            }
            Step::RestartIce { person } => {
                if let Some(person) = self.here(person) {
                    self.lab.restart_ice(person);
                }
            }
            Step::Join {
                room,
                participant,
                changes,
                tracks,
            } => {
                let (offer, tracks) = (self.described(&changes), self.tracks(&tracks));
                let participant = ParticipantId(100 + u128::from(participant % 8));
                self.ask(Ask::Join {
                    room: room_of(room),
                    participant,
                    silenced: Vec::new(),
                    offer,
                    tracks,
                });
            }
            Step::Offer {
                participant,
                changes,
                tracks,
            } => {
                let (offer, tracks) = (self.described(&changes), self.tracks(&tracks));
                self.ask(Ask::Offer {
                    room: ROOM,
                    participant: stranger(participant),
                    offer,
                    tracks,
                });
            }
            Step::Answer {
                participant,
                number,
                changes,
            } => {
                let answer = self.described(&changes);
                self.ask(Ask::Answer {
                    room: ROOM,
                    participant: stranger(participant),
                    number: number.into(),
                    answer,
                });
            }
            Step::View { participant, tiles } => {
                let tiles = tiles.into_iter().map(|(publication, width, height)| Tile {
                    publication: PublicationId(publication.into()),
                    width,
                    height,
                });
                self.ask(Ask::View {
                    room: ROOM,
                    participant: anybody(participant),
                    tiles: tiles.collect(),
                });
            }
            Step::Silence {
                participant,
                source,
                silenced,
            } => {
                self.ask(Ask::Silence {
                    room: ROOM,
                    participant: anybody(participant),
                    source: source_of(source),
                    silenced,
                });
            }
            Step::Leave { participant } => {
                self.ask(Ask::Leave {
                    room: ROOM,
                    participant: stranger(participant),
                });
            }
            // The room of the honest ones stays.
            Step::Close { room } => self.ask(Ask::Close {
                room: RoomId(2 + u128::from(room % 3)),
            }),
            Step::Datagram { from, bytes } => {
                let known = self
                    .lab
                    .people
                    .get(usize::from(from))
                    .map(|person| person.address);
                let address = known.unwrap_or(([192, 0, 2, from], 4000).into());
                self.lab
                    .rooms
                    .handle_datagram(&lab::path(address), bytes, now);
            }
            Step::Media {
                person,
                sending,
                seq,
                timestamp,
                marker,
                level,
                payload,
            } => {
                if let Some(person) = self.here(person) {
                    self.send(person, sending, (seq, timestamp, marker, level, payload));
                }
            }
            Step::Loss { person, loss } => {
                if let Some(person) = self.here(person) {
                    self.lab.people[person].down.conditions.loss = f64::from(loss) / 256.0;
                }
            }
            Step::Run { millis: span } => {
                self.lab.run(millis(u64::from(span) * 4));
            }
        }
    }

    /// Honest people who are still here.
    fn here(&self, person: u8) -> Option<usize> {
        let person = usize::from(person) % PEOPLE;
        let client = &self.lab.people.get(person)?.client;
        (!client.ended).then_some(person)
    }

    fn ask(&mut self, ask: Ask) {
        let _ = self.lab.rooms.ask(ask, self.lab.now);
    }

    fn send(&mut self, person: usize, sending: u8, packet: (u32, u32, bool, i8, &[u8])) {
        let now = self.lab.now;
        let (seq, timestamp, marker, level, payload) = packet;
        let client = &mut self.lab.people[person].client;
        if client.connected.is_none() || client.sending.is_empty() {
            return;
        }
        let (mid, rid, kind) = client.way(usize::from(sending) % client.sending.len());
        let write = RtpWrite::new(
            kind,
            (u64::from(seq) & 0xFFFF).into(),
            timestamp,
            now,
            &payload[..payload.len().min(1100)],
        )
        .marker(marker)
        .ext_vals(ExtensionValues {
            audio_level: Some(level.min(0)),
            voice_activity: Some(marker),
            ..ExtensionValues::default()
        });
        if let Some(stream) = client.rtc.direct_api().stream_tx_by_mid(mid, rid) {
            stream.write_rtp(write);
            client.deadline = now;
        }
    }

    /// A description that was right before these changes.
    fn described(&self, changes: &[Change<'_>]) -> String {
        let mut lines: Vec<String> = self.offer.lines().map(str::to_owned).collect();
        for change in changes.iter().take(8) {
            if lines.is_empty() {
                break;
            }
            let index = |line: &u16| usize::from(*line) % lines.len();
            match change {
                Change::Drop { line } => {
                    let line = index(line);
                    lines.remove(line);
                }
                Change::Double { line } => {
                    let line = index(line);
                    lines.insert(line, lines[line].clone());
                }
                Change::Swap { line, with } => {
                    let (line, with) = (index(line), index(with));
                    lines.swap(line, with);
                }
                Change::Put { line, text } => {
                    let line = index(line);
                    lines.insert(line, (*text).to_owned());
                }
                Change::Replace { line, at, text } => {
                    let line = index(line);
                    let mut kept = lines[line].clone();
                    let at = usize::from(*at).min(kept.len());
                    if kept.is_char_boundary(at) {
                        kept.truncate(at);
                        kept.push_str(text);
                        lines[line] = kept;
                    }
                }
                Change::Cut { at } => {
                    let left = usize::from(*at) % lines.len() + 1;
                    lines.truncate(left);
                }
            }
        }
        lines.join("\r\n") + "\r\n"
    }

    fn tracks(&self, tracks: &[(u8, u8)]) -> Vec<(String, Source)> {
        if tracks.is_empty() {
            let sources = [Source::Microphone, Source::Camera, Source::Screen];
            return self.mids.iter().cloned().zip(sources).collect();
        }
        let mid = |at: u8| {
            self.mids
                .get(usize::from(at))
                .cloned()
                .unwrap_or_else(|| at.to_string())
        };
        tracks
            .iter()
            .map(|(at, source)| (mid(*at), source_of(*source)))
            .collect()
    }

    /// When all have gone, nothing is left.
    fn end(&mut self) {
        self.lab.run(millis(300));
        for room in 1..=4 {
            self.ask(Ask::Close { room: RoomId(room) });
        }
        for person in &mut self.lab.people {
            person.client.ended = true;
        }
        self.lab.run(millis(300));
        let counters = self.lab.rooms.counters();
        assert_eq!((counters.rooms, counters.participants), (0, 0));
        assert_eq!((counters.publications, counters.subscriptions), (0, 0));
    }
}

fn devices(bits: u8) -> Devices {
    Devices {
        microphone: bits & 1 != 0 || bits & 0x0E == 0,
        silent: bits & 32 != 0,
        redundant: bits & 16 != 0,
        camera: if bits & 2 != 0 {
            vec![40, 60, 80]
        } else if bits & 4 != 0 {
            vec![50]
        } else {
            Vec::new()
        },
        screen: (bits & 8 != 0).then_some(80),
    }
}

fn room_of(room: u8) -> RoomId {
    RoomId(1 + u128::from(room % 4))
}

fn stranger(participant: u8) -> ParticipantId {
    ParticipantId(100 + u128::from(participant % 8))
}

/// The honest ones, and the others.
fn anybody(participant: u8) -> ParticipantId {
    if participant < 128 {
        ParticipantId(1 + u128::from(participant % 8))
    } else {
        stranger(participant)
    }
}

fn source_of(source: u8) -> Source {
    [
        Source::Microphone,
        Source::Camera,
        Source::Screen,
        Source::ScreenAudio,
    ][usize::from(source) % 4]
}
