//! One device in a room: its connection, what it is shown, and how it fares.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use foldhash::fast::FixedState;
use rand::Rng;
use smallvec::SmallVec;

use crate::{
    Bitrate, ParticipantId, PauseWhy, PublicationId, Quality, Source, VideoState,
    choice::Choice,
    description::Line,
    quality::QualityMeter,
    recovery::Recovery,
    rewrite::Rewriter,
    transport::{Body, OfferedLine, Transport},
};

/// Nothing heard for so long: it is lost.
pub(crate) const LOST: Duration = Duration::from_secs(4);
/// Nothing heard for so long: it is gone.
pub(crate) const SILENT: Duration = Duration::from_secs(12);
/// Not connected within so long: it is gone.
pub(crate) const FAILED: Duration = Duration::from_secs(20);

/// Before the first view every camera and screen counts as shown so large.
const CAMERA_UNSEEN: (u16, u16) = (320, 180);
const SCREEN_UNSEEN: (u16, u16) = (1280, 720);

pub(crate) struct Participant {
    pub(crate) id: ParticipantId,
    pub(crate) transport: Box<dyn Transport + Send>,
    pub(crate) link: Link,
    pub(crate) heard: Instant,
    /// What it publishes: the m-line, and the publication's place in the room.
    pub(crate) published: SmallVec<[(Line, usize); 4]>,
    pub(crate) seats: Vec<Seat>,
    pub(crate) told_seats: Vec<crate::Seat>,
    /// The offer of ours that waits for its answer.
    pub(crate) offered: Option<u32>,
    pub(crate) next_offer: u32,
    /// What is on its screen; `None` until it has said so.
    pub(crate) view: Option<HashMap<PublicationId, (u16, u16), FixedState>>,
    silenced: [bool; 4],
    pub(crate) choice: Choice,
    pub(crate) estimate: Option<Bitrate>,
    /// How much of what it shows is missing because of its link.
    pub(crate) shortage: Quality,
    pub(crate) recovery: Recovery,
    pub(crate) quality: QualityMeter,
    /// Whether its choice is to be made anew at the next occasion.
    pub(crate) is_stale: bool,
    pub(crate) was_sent_media: bool,
    /// Whether it is among the active of this round, and has something to send or to wait for.
    pub(crate) is_active: bool,
    pub(crate) is_touched: bool,
    /// The deadline under which it is kept.
    pub(crate) due: Option<Instant>,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Connecting {
        since: Instant,
    },
    Connected,
    /// Connected once, and silent.
    Lost,
}

/// What goes together into a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    /// Microphone and camera.
    Person,
    /// A screen and its sound.
    Screen,
}

impl Pair {
    pub(crate) const ALL: [Self; 2] = [Self::Person, Self::Screen];

    pub(crate) fn of(source: Source) -> Self {
        match source {
            Source::Microphone | Source::Camera => Self::Person,
            Source::Screen | Source::ScreenAudio => Self::Screen,
        }
    }
}

/// Two m-lines of one stream that go down.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Whether the client has answered the offer of it.
    pub(crate) is_ready: bool,
    /// Whose what it carries at present: the publisher's place in the room.
    pub(crate) of: Option<(usize, Pair)>,
    pub(crate) sound: Down,
    pub(crate) picture: Down,
}

/// One m-line that goes down.
#[derive(Debug)]
pub(crate) struct Down {
    pub(crate) line: Line,
    pub(crate) mid: String,
    pub(crate) rewriter: Rewriter<Body>,
    /// The publication's place in the room.
    pub(crate) publication: Option<usize>,
    /// The layer that was chosen.
    pub(crate) layer: Option<u8>,
    /// The layer that it should be, if the publisher sent it.
    pub(crate) wish: Option<u8>,
    /// Why nothing comes.
    pub(crate) paused: Option<PauseWhy>,
    /// What the viewer was told of it.
    pub(crate) told: Option<VideoState>,
}

impl Participant {
    pub(crate) fn new(
        id: ParticipantId,
        transport: Box<dyn Transport + Send>,
        now: Instant,
    ) -> Self {
        Self {
            id,
            transport,
            link: Link::Connecting { since: now },
            heard: now,
            published: SmallVec::new(),
            seats: Vec::new(),
            told_seats: Vec::new(),
            offered: None,
            next_offer: 1,
            view: None,
            silenced: [false; 4],
            choice: Choice::default(),
            estimate: None,
            shortage: Quality::Good,
            recovery: Recovery::default(),
            quality: QualityMeter::new(),
            is_stale: true,
            was_sent_media: false,
            is_active: false,
            is_touched: false,
            due: None,
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        match self.link {
            Link::Connecting { .. } => false,
            Link::Connected | Link::Lost => true,
        }
    }

    pub(crate) fn silence(&mut self, source: Source, silenced: bool) {
        self.silenced[source as usize] = silenced;
    }

    pub(crate) fn is_silenced(&self, source: Source) -> bool {
        self.silenced[source as usize]
    }

    /// Returns how large it shows a publication, if it does.
    pub(crate) fn tile_of(&self, publication: PublicationId, source: Source) -> Option<(u16, u16)> {
        match (&self.view, source) {
            (Some(view), _) => view.get(&publication).copied(),
            (None, Source::Screen) => Some(SCREEN_UNSEEN),
            (None, _) => Some(CAMERA_UNSEEN),
        }
    }

    pub(crate) fn seat_of(&self, publisher: usize, pair: Pair) -> Option<usize> {
        let of = Some((publisher, pair));
        self.seats.iter().position(|seat| seat.of == of)
    }

    pub(crate) fn free_seat(&self) -> Option<usize> {
        self.seats.iter().position(|seat| seat.of.is_none())
    }
}

impl Seat {
    pub(crate) fn new([sound, picture]: [OfferedLine; 2], random: &mut impl Rng) -> Self {
        Self {
            is_ready: false,
            of: None,
            sound: Down::new(sound, 48_000, random),
            picture: Down::new(picture, 90_000, random),
        }
    }

    pub(crate) fn down(&mut self, is_video: bool) -> &mut Down {
        if is_video {
            &mut self.picture
        } else {
            &mut self.sound
        }
    }

    /// Lets nobody sit here.
    pub(crate) fn clear(&mut self) {
        self.of = None;
        self.sound.clear();
        self.picture.clear();
    }
}

impl Down {
    fn new(offered: OfferedLine, clock: u32, random: &mut impl Rng) -> Self {
        // In the lower half, so that no receiver takes a first packet for one of the round before.
        let first = (random.next_u32() % 32_767 + 1) as u16;
        Self {
            line: offered.line,
            mid: offered.mid,
            rewriter: Rewriter::new(clock, first),
            publication: None,
            layer: None,
            wish: None,
            paused: None,
            told: None,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.publication = None;
        self.layer = None;
        self.wish = None;
        self.paused = None;
        self.told = None;
        self.rewriter.want(None);
    }
}
