//! What the shell counts beside the server, and how it gets out of the workers' threads.

use std::{
    ops::AddAssign,
    sync::{Mutex, PoisonError},
};
use turn::{Flow, Transport};

/// A snapshot of what a relay counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// What the TURN servers counted.
    pub turn: turn::Counters,
    /// Datagrams and frames that came in, from clients and peers, with all their bytes above UDP, TCP or TLS.
    pub ingress: Traffic,
    /// Datagrams and frames that went out, to clients and peers.
    pub egress: Traffic,
    /// Datagrams that the kernel did not take.
    pub unsent: u64,
    /// Datagrams to a listener that are of no protocol spoken here (RFC 7983).
    pub unknown: u64,
    /// Datagrams that found no room on their way to another worker.
    pub overflowed: u64,
    /// Datagrams between relayed clients and rooms that were nobody's.
    pub astray: u64,
    /// What the rooms counted.
    pub rooms: sfu::Counters,
    /// What became of connections and streams.
    pub streams: StreamCounters,
    /// What waits.
    pub queues: Queues,
}

/// Packets and bytes, by what carries them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Datagrams: those of clients and those of peers.
    pub udp: Flow,
    /// Frames over TCP.
    pub tcp: Flow,
    /// Frames over TLS.
    pub tls: Flow,
}

/// What became of connections and streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamCounters {
    /// Connections that are open, those included that have not yet said what they are.
    pub open: u64,
    /// Refused: there were as many as there may be and none could go, or a worker was busy.
    pub full: u64,
    /// Refused: there were as many of their address prefix as there may be, and none could go.
    pub full_prefix: u64,
    /// Closed at the door: they were neither TURN nor ICE, failed, or took too long to say what they are.
    pub unsorted: u64,
    /// Closed: what came was not what they began with, or a frame too long.
    pub garbage: u64,
    /// Closed: ICE of nobody in a room.
    pub strangers: u64,
    /// Closed: they had neither an allocation nor a room, and others wanted their places.
    pub crowded: u64,
    /// Closed: no allocation and no whole message for too long.
    pub idle: u64,
    /// Closed: the client does not read, and an answer found no room.
    pub stuck: u64,
    /// Relayed datagrams that found no room in the queue of their client.
    pub overflowed: u64,
    /// Datagrams of rooms that found no room in the queue of their participant.
    pub unread: u64,
}

/// What waits, as a depth and not as a count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queues {
    /// Commands to workers.
    pub commands: u64,
    /// Bytes between workers.
    pub rings: u64,
    /// Bytes to be written to streams.
    pub streams: u64,
}

impl Traffic {
    /// Returns the sum of all.
    pub fn total(&self) -> Flow {
        let mut total = self.udp;
        total += self.tcp;
        total += self.tls;
        total
    }

    pub(crate) fn add(&mut self, transport: Transport, bytes: usize) {
        let flow = match transport {
            Transport::Udp => &mut self.udp,
            Transport::Tcp => &mut self.tcp,
            Transport::Tls => &mut self.tls,
        };
        flow.packets += 1;
        flow.bytes += bytes as u64;
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.udp += other.udp;
        self.tcp += other.tcp;
        self.tls += other.tls;
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.turn += other.turn;
        self.ingress += other.ingress;
        self.egress += other.egress;
        self.unsent += other.unsent;
        self.unknown += other.unknown;
        self.overflowed += other.overflowed;
        self.astray += other.astray;
        self.rooms += other.rooms;
        self.streams.open += other.streams.open;
        self.streams.full += other.streams.full;
        self.streams.full_prefix += other.streams.full_prefix;
        self.streams.unsorted += other.streams.unsorted;
        self.streams.garbage += other.streams.garbage;
        self.streams.idle += other.streams.idle;
        self.streams.stuck += other.streams.stuck;
        self.streams.overflowed += other.streams.overflowed;
        self.streams.unread += other.streams.unread;
        self.streams.strangers += other.streams.strangers;
        self.streams.crowded += other.streams.crowded;
        self.queues.commands += other.queues.commands;
        self.queues.rings += other.queues.rings;
        self.queues.streams += other.queues.streams;
    }
}

/// The last snapshot that a worker gave out.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Guards the copy of one snapshot, never more.
    latest: Mutex<Counters>,
}

impl Published {
    /// Returns the last snapshot.
    pub(crate) fn latest(&self) -> Counters {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives `counters` out, unless somebody is reading just now: the worker waits for nobody. Returns whether it did.
    pub(crate) fn publish(&self, counters: Counters) -> bool {
        let Ok(mut latest) = self.latest.try_lock() else {
            return false;
        };
        *latest = counters;
        true
    }
}
