//! Rooms of group calls without sockets: a selective forwarding unit (RFC 7667 section 3.7).
//!
//! Owns participants, their publications and subscriptions, who gets which layer of what, and the WebRTC connections that carry it (ICE, DTLS, SRTP,
//! congestion control). It is told the bytes, the time and its randomness, and says what to send; it knows no sockets, threads or clocks, and nothing of
//! chats or calls.
//!
//! [`Rooms`] is driven by a shell: it gives each datagram to `handle_datagram`, calls `handle_timeout` once after all of a round, and drains
//! `poll_transmit` and `poll_event`. It comes back with the next input or at `next_deadline`.

mod allowance;
mod ask;
mod bitrate;
mod certificate;
mod choice;
#[cfg(test)]
mod clock;
mod counters;
mod crypto;
mod description;
mod descriptor;
mod event;
mod ids;
mod keyframes;
mod participant;
mod path;
mod publication;
mod quality;
mod recovery;
mod red;
mod rewrite;
mod room;
mod rooms;
mod settings;
mod speakers;
mod transport;
mod ufrag;
mod worker;

pub use ask::{Ask, Refusal, Reply, Tile};
pub use certificate::{Certificate, CertificateError};
pub use counters::{Counters, Dropped, Refused};
pub use description::DescriptionBounds;
pub use event::{Event, GoneWhy, PauseWhy, Quality, QualityWhy, Seat, VideoState};
pub use ids::{ParticipantId, PublicationId, RoomId, Source};
pub use path::{Path, Taken, Transmit, Via};
pub use rooms::Rooms;
pub use settings::{Bitrate, Limits, Settings};
pub use ufrag::{is_answer, worker_of_request};
