//! One joined device: who it is, what it last heard, and how fast it may ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::{
    CallId, GroupEvent, Link, ParticipantId, ParticipantView, PublicationId, Quality, QualityWhy,
    Seat, SessionId, SocketId, UnixMillis, UserId, UserName, VideoState,
};
use super::{GroupRefusal, Newcomer};

#[derive(Clone, Debug)]
pub(super) struct Participant {
    pub(super) id: ParticipantId,
    pub(super) user: UserId,
    pub(super) session: SessionId,
    /// `None` while its connection to the server is lost; its media may go on.
    pub(super) socket: Option<SocketId>,
    pub(super) link: Link,
    pub(super) muted: bool,
    pub(super) muted_by: Option<UserId>,
    pub(super) camera: bool,
    pub(super) screen: bool,
    pub(super) publications: BTreeSet<PublicationId>,
    pub(super) quality: Option<(Quality, Option<QualityWhy>)>,
    pub(super) latest: Latest,
    pub(super) pace: Pace,
    name: UserName,
    joined_at: UnixMillis,
}

impl Participant {
    pub(super) fn new(
        id: ParticipantId,
        newcomer: Newcomer,
        publications: Vec<PublicationId>,
        now: UnixMillis,
    ) -> Self {
        Self {
            id,
            user: newcomer.user,
            session: newcomer.session,
            socket: Some(newcomer.socket),
            link: Link::Connecting,
            muted: newcomer.muted,
            muted_by: None,
            camera: newcomer.camera,
            screen: false,
            publications: publications.into_iter().collect(),
            quality: None,
            latest: Latest::default(),
            pace: Pace::default(),
            name: newcomer.name,
            joined_at: now,
        }
    }

    pub(super) fn view(&self) -> ParticipantView {
        ParticipantView {
            id: self.id,
            user: self.user,
            name: self.name.clone(),
            joined_at: self.joined_at,
            link: self.link,
            muted: self.muted,
            muted_by: self.muted_by,
            camera: self.camera,
            screen: self.screen,
        }
    }
}

/// What a participant was told last, for a socket that comes in place of one that was lost. As large as its room at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest {
    /// An offer of the room that is not answered yet.
    pub(super) offer: Option<(u32, Arc<str>)>,
    pub(super) seats: Option<Arc<[Seat]>>,
    pub(super) video: BTreeMap<PublicationId, VideoState>,
    pub(super) layers: BTreeMap<PublicationId, u8>,
}

impl Latest {
    /// All of it, as it was told.
    pub(super) fn events(&self, call: CallId, participant: ParticipantId) -> Vec<GroupEvent> {
        let seats = self.seats.iter().map(|seats| GroupEvent::Seats {
            call,
            participant,
            seats: Arc::clone(seats),
        });
        let offer = self.offer.iter().map(|(number, sdp)| GroupEvent::Offer {
            call,
            participant,
            number: *number,
            sdp: Arc::clone(sdp),
        });
        let video = self
            .video
            .iter()
            .map(|(&publication, &state)| GroupEvent::Video {
                call,
                participant,
                publication,
                state,
            });
        let layers = (self.layers.iter()).map(|(&publication, &wanted)| GroupEvent::Layers {
            call,
            participant,
            publication,
            wanted,
        });
        seats.chain(offer).chain(video).chain(layers).collect()
    }
}

/// What a participant asks for. Each kind has a budget of its own, so that none takes what another needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupRequest {
    /// Its offers.
    Offer,
    /// Its answers.
    Answer,
    /// What it shows.
    View,
    /// Its switches.
    Switch,
    /// A socket that speaks on.
    Resume,
    /// Its candidates.
    Candidate,
}

impl GroupRequest {
    const KINDS: usize = 6;

    /// Most of them in a second.
    const fn most(self) -> u32 {
        match self {
            Self::Offer | Self::Resume => 5,
            Self::Answer | Self::View | Self::Switch | Self::Candidate => 20,
        }
    }
}

/// How much a participant has asked for in this second, and how many candidates it has sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    second: UnixMillis,
    asked: [u32; GroupRequest::KINDS],
    candidates: u32,
}

impl Pace {
    /// Most candidates of one participant.
    const CANDIDATES: u32 = 64;

    pub(super) fn request(
        &mut self,
        request: GroupRequest,
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        if now.since(self.second) >= Duration::from_secs(1) {
            (self.second, self.asked) = (now, Default::default());
        }
        let asked = &mut self.asked[request as usize];
        *asked += 1;
        let mut too_much = *asked > request.most();
        if request == GroupRequest::Candidate {
            self.candidates = self.candidates.saturating_add(1);
            too_much |= self.candidates > Self::CANDIDATES;
        }
        if too_much {
            return Err(GroupRefusal::TooMuch);
        }
        Ok(())
    }
}

/// How often somebody has come, invited or moderated lately: each of these is shown to everybody.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tempo {
    since: UnixMillis,
    steps: u32,
}

impl Tempo {
    const SPAN: Duration = Duration::from_secs(10);
    /// Most steps in that span.
    pub(super) const STEPS: u32 = 20;

    pub(super) fn step(&mut self, now: UnixMillis) -> Result<(), GroupRefusal> {
        if now.since(self.since) >= Self::SPAN {
            *self = Self {
                since: now,
                steps: 0,
            };
        }
        self.steps += 1;
        if self.steps > Self::STEPS {
            return Err(GroupRefusal::TooMuch);
        }
        Ok(())
    }
}
