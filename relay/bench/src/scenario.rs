//! What is measured, and what each server should reach.

use crate::wire::Transport;
use clap::ValueEnum;
use serde::Serialize;
use std::time::Duration;

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

impl Scenario {
    /// Returns the load, unless it is not about packets.
    pub(crate) fn load(self) -> Option<Load> {
        let audio = Load {
            transport: Transport::Udp,
            receiver: Receiver::Client,
            flows: 10,
            size: 160,
            period: Duration::from_millis(1),
            lot: 20,
            burst: 1,
            joined: false,
        };
        let large = Load {
            flows: 200,
            size: 1200,
            ..audio
        };
        let video = Load {
            size: 1200,
            lot: 16,
            burst: 8,
            ..audio
        };
        let receiver = Receiver::Peer;
        Some(match self {
            Self::PeerAudio => Load { receiver, ..audio },
            Self::PeerLarge => Load { receiver, ..large },
            Self::PeerAudioTcp => Load {
                receiver,
                transport: Transport::Tcp,
                ..audio
            },
            Self::PeerAudioTls => Load {
                receiver,
                transport: Transport::Tls,
                ..audio
            },
            Self::RelayAudio => audio,
            Self::RelayLarge => large,
            Self::RelayVideo => Load {
                joined: true,
                ..video
            },
            Self::RelayVideoSingle => video,
            Self::RelayEven => Load {
                period: Duration::from_micros(100),
                lot: 1,
                ..audio
            },
            Self::RelayQuiet => Load { lot: 1, ..audio },
            Self::Allocations => return None,
        })
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
            | Self::RelayQuiet => None,
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
