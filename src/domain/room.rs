//! One group call's media as the backend sees it: what participants publish, what a room is asked, and what it reports.
//!
//! Owns the words. Session descriptions pass through unread; a room of the relay reads them.

use std::sync::Arc;

use super::ParticipantId;

/// A track that goes up into a room. Unique in its room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PublicationId(pub u32);

/// Where what is published comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// A microphone.
    Microphone,
    /// A camera.
    Camera,
    /// A screen or window.
    Screen,
    /// The sound of a screen or window.
    ScreenAudio,
}

impl Source {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Microphone => "microphone",
            Self::Camera => "camera",
            Self::Screen => "screen",
            Self::ScreenAudio => "screen_audio",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Microphone,
            Self::Camera,
            Self::Screen,
            Self::ScreenAudio,
        ]
        .into_iter()
        .find(|source| source.as_str() == text)
    }
}

/// A session description (RFC 8866) from a client. What it says, and whether it is too long, is the room's to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sdp(pub String);

/// A media line of a client's offer and what it carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// The line's name (RFC 8843 section 8).
    pub mid: String,
    /// What it carries.
    pub source: Source,
}

/// The name that a room gave to what a media line carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// The line.
    pub mid: String,
    /// What it is in the room.
    pub publication: PublicationId,
}

/// Where a subscriber finds a publication.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seat {
    /// The media line of the subscriber's connection.
    pub mid: String,
    /// What comes there.
    pub publication: PublicationId,
    /// Whose it is.
    pub publisher: ParticipantId,
    /// What it is.
    pub source: Source,
}

/// How large a participant shows a publication, in pixels of its screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tile {
    /// What is shown.
    pub publication: PublicationId,
    /// How wide.
    pub width: u16,
    /// How high.
    pub height: u16,
}

/// What becomes of a video on its way to one viewer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VideoState {
    /// It is sent, in this layer.
    Playing {
        /// 0 is the smallest.
        layer: u8,
    },
    /// Nothing of it is sent.
    Paused(PauseWhy),
}

/// Why a video is not sent to a viewer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PauseWhy {
    /// The viewer's link has no room for it.
    Bandwidth,
    /// The viewer does not show it.
    Hidden,
    /// Its publisher sends nothing.
    Publisher,
    /// The viewer cannot decode it.
    Codec,
}

impl PauseWhy {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bandwidth => "bandwidth",
            Self::Hidden => "hidden",
            Self::Publisher => "publisher",
            Self::Codec => "codec",
        }
    }
}

/// How good a participant's link is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quality {
    /// Nothing is missing.
    Good,
    /// Something is.
    Fair,
    /// Speech suffers.
    Poor,
}

impl Quality {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
        }
    }
}

/// What is wrong with a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QualityWhy {
    /// What the participant sends is lost, percent.
    LossUp(u8),
    /// What it is sent is lost, percent.
    LossDown(u8),
    /// Packets take long, round trip in milliseconds.
    Delay(u16),
    /// There is less room than what should be sent needs.
    Bandwidth,
}

/// What a room is asked without waiting for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RoomAsk {
    /// Lets a participant go.
    Leave(ParticipantId),
    /// Forwards nothing of what a participant publishes from here, or forwards it again.
    Silence {
        /// Whose.
        participant: ParticipantId,
        /// What.
        source: Source,
        /// Nothing of it.
        silenced: bool,
    },
    /// Ends the room.
    Close,
}

/// A newcomer's connection.
#[derive(Clone, Debug)]
pub struct Joining {
    /// The newcomer.
    pub participant: ParticipantId,
    /// Its offer.
    pub offer: Sdp,
    /// What the offer's lines carry.
    pub tracks: Vec<Track>,
    /// What of it is not forwarded from the start.
    pub silenced: Vec<Source>,
}

/// What a room answers to an offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The description.
    pub sdp: String,
    /// What the offer's lines are in the room.
    pub publications: Vec<Published>,
}

/// What a room tells by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoomReport {
    /// A participant must answer this offer; it replaces the one before.
    Offer {
        /// Who.
        participant: ParticipantId,
        /// Which offer.
        number: u32,
        /// The description.
        sdp: Arc<str>,
    },
    /// What comes to a participant on which media line: all of it.
    Seats {
        /// Who.
        participant: ParticipantId,
        /// Where and what.
        seats: Arc<[Seat]>,
    },
    /// A participant's media came up, went, or came back.
    Link(ParticipantId, Link),
    /// A participant is in the room no longer.
    Gone(ParticipantId),
    /// Who speaks, the loudest first.
    Speakers(Arc<[ParticipantId]>),
    /// What becomes of a video that a participant watches.
    Video {
        /// The viewer.
        participant: ParticipantId,
        /// Which video.
        publication: PublicationId,
        /// What.
        state: VideoState,
    },
    /// Which layers of a participant's video somebody watches.
    Layers {
        /// The publisher.
        participant: ParticipantId,
        /// Which video.
        publication: PublicationId,
        /// Bit `n` is layer `n`.
        wanted: u8,
    },
    /// How good a participant's link is.
    Quality {
        /// Whose.
        participant: ParticipantId,
        /// How good.
        quality: Quality,
        /// What is wrong with it.
        why: Option<QualityWhy>,
    },
    /// A participant was sent the first media of another.
    Heard(ParticipantId),
}

/// Whether a participant's media passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// It never has yet.
    Connecting,
    /// It does.
    Connected,
    /// Nothing was heard of it for some seconds.
    Lost,
}

impl Link {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Lost => "lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_by_the_name_it_is_written_with() {
        for name in ["microphone", "camera", "screen", "screen_audio"] {
            assert_eq!(Source::parse(name).map(Source::as_str), Some(name));
        }
        assert_eq!(Source::parse("tape"), None);
    }
}
