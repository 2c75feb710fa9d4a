//! What a room tells of its own accord.

use crate::{ParticipantId, PublicationId, RoomId, Source};

/// What a room tells of its own accord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Our offer to a participant. A newer one takes its place; after glare it comes again under a new number, unanswered after 10 s under its own.
    Offer {
        /// The room.
        room: RoomId,
        /// Who is to answer it.
        participant: ParticipantId,
        /// What the answer names.
        number: u32,
        /// Our SDP offer.
        offer: String,
    },
    /// Which m-line carries which publication to a participant: all of them, at each change.
    Seats {
        /// The room.
        room: RoomId,
        /// Who receives them.
        participant: ParticipantId,
        /// All that carry something.
        seats: Vec<Seat>,
    },
    /// ICE and DTLS stand.
    Connected {
        /// The room.
        room: RoomId,
        /// Whose.
        participant: ParticipantId,
    },
    /// Nothing has been heard of a participant for 4 s.
    Lost {
        /// The room.
        room: RoomId,
        /// Of whom.
        participant: ParticipantId,
    },
    /// A lost participant is heard again.
    Back {
        /// The room.
        room: RoomId,
        /// Who.
        participant: ParticipantId,
    },
    /// A participant is out of the room without having been asked for.
    Gone {
        /// The room.
        room: RoomId,
        /// Who.
        participant: ParticipantId,
        /// Why.
        why: GoneWhy,
    },
    /// Who speaks: the loudest first, at most three. At most 5 times a second.
    Speakers {
        /// The room.
        room: RoomId,
        /// Who.
        speakers: Vec<ParticipantId>,
    },
    /// What a viewer gets of a picture, and which layer.
    Video {
        /// The room.
        room: RoomId,
        /// The viewer.
        participant: ParticipantId,
        /// Of what.
        publication: PublicationId,
        /// What it gets.
        state: VideoState,
    },
    /// Which layers of a publication somebody watches, for its publisher.
    Layers {
        /// The room.
        room: RoomId,
        /// The publisher.
        participant: ParticipantId,
        /// Of what.
        publication: PublicationId,
        /// Bit 0 is the smallest layer.
        wanted: u8,
    },
    /// How good a participant's connection is. Looked at every 2 s.
    Quality {
        /// The room.
        room: RoomId,
        /// Whose.
        participant: ParticipantId,
        /// How good.
        quality: Quality,
        /// What is wrong, unless it is good.
        why: Option<QualityWhy>,
    },
    /// The first packet of media was forwarded to a participant.
    First {
        /// The room.
        room: RoomId,
        /// To whom.
        participant: ParticipantId,
    },
}

impl Event {
    /// Returns the room that tells it.
    pub fn room(&self) -> RoomId {
        match self {
            Self::Offer { room, .. }
            | Self::Seats { room, .. }
            | Self::Connected { room, .. }
            | Self::Lost { room, .. }
            | Self::Back { room, .. }
            | Self::Gone { room, .. }
            | Self::Speakers { room, .. }
            | Self::Video { room, .. }
            | Self::Layers { room, .. }
            | Self::Quality { room, .. }
            | Self::First { room, .. } => *room,
        }
    }
}

/// An m-line that carries a publication down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The m-line.
    pub mid: String,
    /// What it carries.
    pub publication: PublicationId,
    /// Whose that is.
    pub publisher: ParticipantId,
    /// What that is.
    pub source: Source,
}

/// Why a participant is out of its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoneWhy {
    /// Nothing was heard of it for 12 s.
    Silent,
    /// It closed its connection.
    Closed,
    /// It was not connected within 20 s.
    Failed,
    /// Its room had more to tell than was taken, and was given up with all who were in it.
    Shed,
}

/// What a viewer gets of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoState {
    /// It gets this layer; 0 is the smallest.
    Playing {
        /// Which.
        layer: u8,
    },
    /// It gets nothing.
    Paused(PauseWhy),
}

/// Why a viewer gets nothing of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseWhy {
    /// The viewer's link does not carry it.
    Bandwidth,
    /// The viewer does not show it.
    Hidden,
    /// The publisher sends nothing.
    Publisher,
    /// The viewer cannot decode it.
    Codec,
}

/// How good a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Nothing to notice.
    Good,
    /// It can be noticed.
    Fair,
    /// It hinders the talk.
    Poor,
}

/// What is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QualityWhy {
    /// So many % of what the participant sends do not arrive.
    LossUp(u8),
    /// So many % of what it is sent do not arrive.
    LossDown(u8),
    /// So many milliseconds there and back.
    Delay(u16),
    /// Its link does not carry what it wants to see.
    Bandwidth,
}
