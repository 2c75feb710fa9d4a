//! What a worker's rooms are told at their making, and what nobody may have more of.

use std::net::SocketAddr;

use crate::Certificate;

/// What a worker's rooms are told at their making.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The worker's index. Each of our ICE ufrags begins with it: see [`worker_of_request`](crate::worker_of_request).
    pub worker: u8,
    /// Addresses that are advertised, each as a UDP candidate and as a passive TCP one.
    pub candidates: Vec<SocketAddr>,
    /// What all connections of the process show in DTLS.
    pub certificate: Certificate,
    /// What nobody may have more of.
    pub limits: Limits,
}

/// What nobody may have more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rooms of one worker.
    pub rooms: usize,
    /// Participants of one room.
    pub participants: usize,
    /// Publications of one participant.
    pub publications: usize,
    /// Simulcast layers of one publication; at most 3.
    pub layers: usize,
    /// Of one publication of video, all layers together and headers included.
    pub video_bitrate: Bitrate,
    /// Of one publication of sound, headers included: music of 128 kbit/s in stereo, each packet with the one before it, takes 290 kbit/s.
    pub audio_bitrate: Bitrate,
    /// Microphones that are sent to a participant: the loudest, when a room has more.
    pub audible: usize,
    /// Paths of one participant that are remembered.
    pub paths: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rooms: 1024,
            participants: 32,
            publications: 4,
            layers: 3,
            video_bitrate: Bitrate(3_000_000),
            audio_bitrate: Bitrate(384_000),
            audible: 5,
            paths: 8,
        }
    }
}

/// Bits in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bitrate(pub u64);
