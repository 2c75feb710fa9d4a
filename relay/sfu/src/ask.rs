//! What is asked of a room, and what it answers.

use crate::{ParticipantId, PublicationId, RoomId, Source};

/// What is asked of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A device comes in. The first makes the room. Answered by [`Reply::Joined`].
    Join {
        /// The room.
        room: RoomId,
        /// Its name from now on; never used before.
        participant: ParticipantId,
        /// The client's SDP offer.
        offer: String,
        /// What each sending m-line (by its mid) is.
        tracks: Vec<(String, Source)>,
        /// Its sources that are silenced from the start: see [`Ask::Silence`].
        silenced: Vec<Source>,
    },
    /// The client changes what it publishes, or restarts ICE. Answered by [`Reply::Answered`].
    Offer {
        /// The room.
        room: RoomId,
        /// Who offers.
        participant: ParticipantId,
        /// The client's SDP offer.
        offer: String,
        /// What each sending m-line (by its mid) is.
        tracks: Vec<(String, Source)>,
    },
    /// The client answers our offer.
    Answer {
        /// The room.
        room: RoomId,
        /// Who answers.
        participant: ParticipantId,
        /// Which of our offers is answered.
        number: u32,
        /// The client's SDP answer.
        answer: String,
    },
    /// A device goes. The last closes the room.
    Leave {
        /// The room.
        room: RoomId,
        /// Who goes.
        participant: ParticipantId,
    },
    /// What a viewer has on its screen. The whole truth each time: what is not listed is not shown.
    ///
    /// Until the first one every camera counts as 320 × 180 and every screen as 1280 × 720.
    View {
        /// The room.
        room: RoomId,
        /// The viewer.
        participant: ParticipantId,
        /// What it shows, each publication once.
        tiles: Vec<Tile>,
    },
    /// Whether nothing of a source is forwarded: muted by oneself or by a moderator, or the camera is off.
    Silence {
        /// The room.
        room: RoomId,
        /// The publisher.
        participant: ParticipantId,
        /// Which of its sources, published or not yet.
        source: Source,
        /// Whether it is silenced.
        silenced: bool,
    },
    /// The call is over.
    Close {
        /// The room.
        room: RoomId,
    },
}

impl Ask {
    /// Returns the room that is asked.
    pub fn room(&self) -> RoomId {
        match self {
            Self::Join { room, .. }
            | Self::Offer { room, .. }
            | Self::Answer { room, .. }
            | Self::Leave { room, .. }
            | Self::View { room, .. }
            | Self::Silence { room, .. }
            | Self::Close { room } => *room,
        }
    }
}

/// A publication on a viewer's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// What is shown.
    pub publication: PublicationId,
    /// In pixels of the device.
    pub width: u16,
    /// In pixels of the device.
    pub height: u16,
}

/// What a room answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To [`Ask::Join`].
    Joined {
        /// Our SDP answer.
        answer: String,
        /// The name of what each sending m-line publishes.
        publications: Vec<(String, PublicationId)>,
    },
    /// To [`Ask::Offer`].
    Answered {
        /// Our SDP answer.
        answer: String,
        /// The name of what each sending m-line publishes.
        publications: Vec<(String, PublicationId)>,
    },
    /// To everything else.
    Done,
}

/// Why a room does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No more participants.
    #[error("the room already has {limit} participants")]
    RoomFull {
        /// How many there may be.
        limit: usize,
    },
    /// No more rooms.
    #[error("the worker already has as many rooms as it may")]
    TooManyRooms,
    /// The room is not there (any more).
    #[error("there is no such room")]
    NoSuchRoom,
    /// The participant is not there (any more): who wants to be in the room joins anew.
    #[error("there is no such participant in the room")]
    NoSuchParticipant,
    /// The participant has joined already.
    #[error("the participant is in the room already")]
    AlreadyThere,
    /// The SDP cannot be used.
    #[error("the description cannot be used: {0}")]
    BadDescription(&'static str),
    /// No more publications.
    #[error("a participant publishes at most {limit} tracks")]
    TooManyPublications {
        /// How many there may be.
        limit: usize,
    },
    /// No more layers.
    #[error("a publication has at most {limit} layers")]
    TooManyLayers {
        /// How many there may be.
        limit: usize,
    },
    /// The answer is to an offer that is not the last: a newer one follows or was answered.
    #[error("the answer is to an offer that does not count any more")]
    StaleAnswer,
    /// What is asked for does not exist here.
    #[error("this is not supported")]
    Unsupported,
}
