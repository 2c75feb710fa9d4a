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
    pub(crate) offering: Offering,
    pub(crate) next_offer: u32,
    pub(crate) next_seat: u32,
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

/// How it stands with what we offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Offering {
    /// Nothing is under way.
    Idle,
    /// An offer waits for its answer; then it is told again.
    Waits {
        number: u32,
        offer: String,
        until: Instant,
    },
    /// An answer could not be taken: nothing is offered until then.
    Refused { until: Instant },
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

/// The m-lines of one stream that go down: at most one of sound and one of pictures, each offered once it is needed.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Its stream's.
    pub(crate) number: u32,
    /// Whose what it carries at present: the publisher's place in the room.
    pub(crate) of: Option<(usize, Pair)>,
    pub(crate) sound: Option<Down>,
    pub(crate) picture: Option<Down>,
}

/// One m-line that goes down.
#[derive(Debug)]
pub(crate) struct Down {
    /// Whether the client has answered the offer of it.
    pub(crate) is_ready: bool,
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
            offering: Offering::Idle,
            next_offer: 1,
            next_seat: 1,
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

    /// Returns the seat where nobody sits that fits best what is to be carried.
    pub(crate) fn free_seat(&self, needs: Kinds) -> Option<usize> {
        let free = self.seats.iter().enumerate();
        free.filter(|(_, seat)| seat.of.is_none())
            .min_by_key(|(_, seat)| {
                let lacking = needs.without(seat.kinds());
                (lacking.count(), seat.kinds().without(needs).count())
            })
            .map(|(index, _)| index)
    }
}

/// Sound, pictures, both or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds {
    pub(crate) sound: bool,
    pub(crate) picture: bool,
}

impl Kinds {
    pub(crate) fn without(self, others: Self) -> Self {
        Self {
            sound: self.sound && !others.sound,
            picture: self.picture && !others.picture,
        }
    }

    pub(crate) fn count(self) -> usize {
        usize::from(self.sound) + usize::from(self.picture)
    }
}

impl Seat {
    pub(crate) fn new(number: u32) -> Self {
        Self {
            number,
            of: None,
            sound: None,
            picture: None,
        }
    }

    /// Gives it an m-line.
    pub(crate) fn add(&mut self, line: OfferedLine, is_video: bool, random: &mut impl Rng) {
        if is_video {
            self.picture = Some(Down::new(line, 90_000, random));
        } else {
            self.sound = Some(Down::new(line, 48_000, random));
        }
    }

    /// Returns what it has m-lines for.
    pub(crate) fn kinds(&self) -> Kinds {
        Kinds {
            sound: self.sound.is_some(),
            picture: self.picture.is_some(),
        }
    }

    pub(crate) fn down(&mut self, is_video: bool) -> Option<&mut Down> {
        if is_video {
            self.picture.as_mut()
        } else {
            self.sound.as_mut()
        }
    }

    pub(crate) fn downs(&mut self) -> impl Iterator<Item = &mut Down> {
        self.sound.iter_mut().chain(&mut self.picture)
    }

    /// Takes back the m-lines that were not answered; returns whether any is left.
    pub(crate) fn keep_ready(&mut self) -> bool {
        self.sound.take_if(|down| !down.is_ready);
        self.picture.take_if(|down| !down.is_ready);
        self.kinds().count() > 0
    }

    /// Lets nobody sit here.
    pub(crate) fn clear(&mut self) {
        self.of = None;
        self.downs().for_each(Down::clear);
    }
}

impl Down {
    fn new(offered: OfferedLine, clock: u32, random: &mut impl Rng) -> Self {
        // In the lower half, so that no receiver takes a first packet for one of the round before.
        let first = (random.next_u32() % 32_767 + 1) as u16;
        Self {
            is_ready: false,
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
