//! What is measured, and what each server should reach.

use crate::{
    rooms::load::{self as room, Camera, LineKind},
    wire::Transport,
};
use clap::ValueEnum;
use serde::Serialize;
use std::{num::NonZero, time::Duration};

/// One thing that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    /// 10 flows of 160 B to plain UDP peers, 20 packets each millisecond
    PeerAudio,
    /// 200 flows of 1200 B to plain UDP peers, 20 packets each millisecond
    PeerLarge,
    /// The audio of clients that reach the server over TCP
    PeerAudioTcp,
    /// The audio of clients that reach the server over TLS
    PeerAudioTls,
    /// 10 flows of 160 B from allocation to allocation, 20 packets each millisecond
    RelayAudio,
    /// 200 flows of 1200 B from allocation to allocation, 20 packets each millisecond
    RelayLarge,
    /// 10 flows from allocation to allocation, 2 bursts of 8 x 1200 B each millisecond, as a network card with receive offload hands them over
    RelayVideo,
    /// The same bursts, datagram by datagram
    RelayVideoSingle,
    /// 10 flows of 160 B from allocation to allocation, one packet each 100 us
    RelayEven,
    /// 10 flows of 160 B from allocation to allocation, one packet each millisecond
    RelayQuiet,
    /// CPU of a challenge, an Allocate and a Refresh to 0; memory of allocations that live
    Allocations,
    /// A room of 10 with sound and picture (1.2 Mbit/s), each to all
    #[value(name = "rooms-10")]
    #[serde(rename = "rooms-10")]
    Rooms10,
    /// A room in which one sends sound and picture, and 30 watch
    #[value(name = "rooms-1-30")]
    #[serde(rename = "rooms-1-30")]
    Rooms1To30,
    /// A room of 20 who all speak, each to all
    #[value(name = "rooms-20-audio")]
    #[serde(rename = "rooms-20-audio")]
    Rooms20Audio,
    /// The same, but only the loudest are sent, as is the default
    #[value(name = "rooms-20-audible")]
    #[serde(rename = "rooms-20-audible")]
    Rooms20Audible,
    /// A room of 20 with sound and three simulcast layers; each sees nine others in a grid
    #[value(name = "rooms-20-layers")]
    #[serde(rename = "rooms-20-layers")]
    Rooms20Layers,
    /// A room of 10 like the first, all of them on TURN allocations of the same server
    RoomsRelayed,
    /// A room of 10 like the first, over ICE-TCP
    RoomsTcp,
    /// A room of 10 like the first, on a server of 2 workers: half of what comes crosses from one to the other
    RoomsWorkers,
}

/// What is done in a scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// Packets go through TURN.
    Traffic(Load),
    /// Allocations are made.
    Allocations,
    /// People meet in a room.
    Rooms(room::Load),
}

/// Who receives what a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// A socket without TURN.
    Peer,
    /// A client of the same server; both have bound a channel to the other's relayed address.
    Client,
}

/// A load: `lot` packets leave at once each `period`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How senders reach the server; receivers use datagrams.
    pub(crate) transport: Transport,
    pub(crate) receiver: Receiver,
    /// Pairs of a sender and a receiver.
    pub(crate) flows: usize,
    /// Bytes of one payload: a multiple of 4, so that a stream needs no padding.
    pub(crate) size: usize,
    pub(crate) period: Duration,
    pub(crate) lot: usize,
    /// Packets of one flow that follow each other; a part of `lot`.
    pub(crate) burst: usize,
    /// Whether a burst is one send (and reaches the server as one buffer, if it takes those).
    pub(crate) joined: bool,
}

impl Load {
    const AUDIO: Self = Self {
        transport: Transport::Udp,
        receiver: Receiver::Client,
        flows: 10,
        size: 160,
        period: Duration::from_millis(1),
        lot: 20,
        burst: 1,
        joined: false,
    };

    const LARGE: Self = Self {
        flows: 200,
        size: 1200,
        ..Self::AUDIO
    };

    const VIDEO: Self = Self {
        size: 1200,
        lot: 16,
        burst: 8,
        ..Self::AUDIO
    };
}

impl Scenario {
    /// Returns what is done.
    pub(crate) fn work(self) -> Work {
        let receiver = Receiver::Peer;
        let (ten, twenty) = (room::Load::TEN, room::Load::TWENTY);
        let audible = sfu::Limits::default().audible;
        match self {
            Self::PeerAudio => Work::Traffic(Load {
                receiver,
                ..Load::AUDIO
            }),
            Self::PeerLarge => Work::Traffic(Load {
                receiver,
                ..Load::LARGE
            }),
            Self::PeerAudioTcp => Work::Traffic(Load {
                receiver,
                transport: Transport::Tcp,
                ..Load::AUDIO
            }),
            Self::PeerAudioTls => Work::Traffic(Load {
                receiver,
                transport: Transport::Tls,
                ..Load::AUDIO
            }),
            Self::RelayAudio => Work::Traffic(Load::AUDIO),
            Self::RelayLarge => Work::Traffic(Load::LARGE),
            Self::RelayVideo => Work::Traffic(Load {
                joined: true,
                ..Load::VIDEO
            }),
            Self::RelayVideoSingle => Work::Traffic(Load::VIDEO),
            Self::RelayEven => Work::Traffic(Load {
                period: Duration::from_micros(100),
                lot: 1,
                ..Load::AUDIO
            }),
            Self::RelayQuiet => Work::Traffic(Load {
                lot: 1,
                ..Load::AUDIO
            }),
            Self::Allocations => Work::Allocations,
            Self::Rooms10 => Work::Rooms(ten),
            Self::Rooms1To30 => Work::Rooms(room::Load {
                participants: 31,
                senders: 1,
                ..ten
            }),
            Self::Rooms20Audio => Work::Rooms(twenty),
            Self::Rooms20Audible => Work::Rooms(room::Load { audible, ..twenty }),
            Self::Rooms20Layers => Work::Rooms(room::Load {
                camera: Camera::Layers,
                audible,
                ..twenty
            }),
            Self::RoomsRelayed => Work::Rooms(room::Load {
                line: LineKind::Relayed,
                ..ten
            }),
            Self::RoomsTcp => Work::Rooms(room::Load {
                line: LineKind::Tcp,
                ..ten
            }),
            Self::RoomsWorkers => Work::Rooms(room::Load {
                workers: NonZero::<u8>::MIN.saturating_add(1),
                ..ten
            }),
        }
    }

    /// Returns the ratio to coturn's CPU that is to be reached, if one is set.
    pub(crate) fn goal(self) -> Option<f64> {
        match self {
            Self::PeerAudio => Some(0.90),
            Self::RelayAudio | Self::RelayLarge => Some(0.55),
            Self::RelayVideo => Some(0.35),
            Self::RelayEven => Some(0.45),
            Self::Allocations => Some(0.25),
            Self::PeerLarge
            | Self::PeerAudioTcp
            | Self::PeerAudioTls
            | Self::RelayVideoSingle
            | Self::RelayQuiet
            | Self::Rooms10
            | Self::Rooms1To30
            | Self::Rooms20Audio
            | Self::Rooms20Audible
            | Self::Rooms20Layers
            | Self::RoomsRelayed
            | Self::RoomsTcp
            | Self::RoomsWorkers => None,
        }
    }

    /// Returns its name, as `--only` takes it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// The ratio to coturn's memory of living allocations that is to be reached.
pub(crate) const MEMORY_GOAL: f64 = 0.20;
