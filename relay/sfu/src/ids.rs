//! Names of what a worker holds: rooms, participants, publications.

/// The media of one group call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u128);

/// One device that has joined a room. A device that joins again is another participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(pub u128);

/// A track that goes up, unique in its room and never given twice there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicationId(pub u32);

/// What a publication shows or sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Speech.
    Microphone,
    /// The face that speaks.
    Camera,
    /// A screen or a window.
    Screen,
    /// The sound of what the screen shows.
    ScreenAudio,
}

impl Source {
    /// Returns whether this is a picture.
    pub fn is_video(self) -> bool {
        match self {
            Self::Camera | Self::Screen => true,
            Self::Microphone | Self::ScreenAudio => false,
        }
    }

    /// Returns its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Microphone => "microphone",
            Self::Camera => "camera",
            Self::Screen => "screen",
            Self::ScreenAudio => "screen_audio",
        }
    }

    /// Returns the source of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Microphone,
            Self::Camera,
            Self::Screen,
            Self::ScreenAudio,
        ]
        .into_iter()
        .find(|source| source.as_str() == name)
    }
}
