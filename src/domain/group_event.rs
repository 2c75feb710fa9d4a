//! What happened in a group call, for those who are connected.

use std::sync::Arc;

use super::{
    CallId, CallKind, ChatId, EndReason, Link, ParticipantId, PublicationId, Quality, QualityWhy,
    Seat, UnixMillis, UserId, UserName, VideoState,
};

/// A living group call as everybody may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupView {
    /// Its id.
    pub id: CallId,
    /// Its chat.
    pub chat: ChatId,
    /// Sound or picture.
    pub kind: CallKind,
    /// Who started it.
    pub started_by: UserId,
    /// When.
    pub started_at: UnixMillis,
    /// Nobody new may join.
    pub locked: bool,
    /// Grows with each change, over a restart too unless the clock was put back.
    pub version: i64,
    /// For whom it rings.
    pub ringing: Vec<UserId>,
    /// Who is in it, in the order they came.
    pub participants: Vec<ParticipantView>,
}

/// Somebody's device in a group call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParticipantView {
    /// New for each join.
    pub id: ParticipantId,
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: UserName,
    /// Since when.
    pub joined_at: UnixMillis,
    /// Whether media passes.
    pub link: Link,
    /// The microphone is off.
    pub muted: bool,
    /// Who turned it off, if it was a moderator.
    pub muted_by: Option<UserId>,
    /// The camera is on.
    pub camera: bool,
    /// A screen is shared.
    pub screen: bool,
}

/// Why somebody's devices stop to ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopWhy {
    /// They joined, on another device of theirs.
    JoinedElsewhere,
    /// They declined.
    Declined,
    /// Time was up.
    Missed,
    /// The call is over, or they were removed from it.
    Over,
}

impl StopWhy {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JoinedElsewhere => "joined_elsewhere",
            Self::Declined => "declined",
            Self::Missed => "missed",
            Self::Over => "over",
        }
    }
}

/// A call that reaches somebody, and through whom.
#[derive(Clone, Debug)]
pub struct GroupSummons {
    /// The call.
    pub call: Arc<GroupView>,
    /// Who started it or invites.
    pub from: UserId,
    /// Their name.
    pub name: UserName,
    /// The name of its chat.
    pub chat_name: Arc<str>,
}

/// One thing that happened in a group call.
#[derive(Clone, Debug)]
pub enum GroupEvent {
    /// It rings here.
    Incoming {
        /// What rings.
        summons: GroupSummons,
        /// Milliseconds until it counts as missed.
        expires_in: u64,
    },
    /// It would ring here, were this person not in another call.
    Notice(GroupSummons),
    /// It began or changed.
    Changed(Arc<GroupView>),
    /// It is over.
    Ended {
        /// The call.
        call: CallId,
        /// Its chat.
        chat: ChatId,
        /// Why.
        reason: EndReason,
        /// Seconds it lasted, if a second person joined.
        duration: Option<i64>,
    },
    /// It rings here no longer.
    StopRinging {
        /// The call.
        call: CallId,
        /// Why.
        why: StopWhy,
    },
    /// The call between two that this device is in became this one.
    Grown(Arc<GroupView>),
    /// This participant must answer an offer of the room.
    Offer {
        /// The call.
        call: CallId,
        /// The participant.
        participant: ParticipantId,
        /// Which offer.
        number: u32,
        /// The description.
        sdp: Arc<str>,
    },
    /// What comes to this participant, and where.
    Seats {
        /// The call.
        call: CallId,
        /// The participant.
        participant: ParticipantId,
        /// All of it.
        seats: Arc<[Seat]>,
    },
    /// Who speaks, the loudest first.
    Speakers {
        /// The call.
        call: CallId,
        /// Who.
        speakers: Arc<[ParticipantId]>,
    },
    /// Whose links changed.
    Quality {
        /// The call.
        call: CallId,
        /// How they are.
        links: Arc<[(ParticipantId, Quality, Option<QualityWhy>)]>,
    },
    /// What becomes of a video that this participant watches.
    Video {
        /// The call.
        call: CallId,
        /// The viewer.
        participant: ParticipantId,
        /// Which video.
        publication: PublicationId,
        /// What.
        state: VideoState,
    },
    /// Which layers of a video of this participant somebody watches.
    Layers {
        /// The call.
        call: CallId,
        /// The publisher.
        participant: ParticipantId,
        /// Which video.
        publication: PublicationId,
        /// Bit `n` is layer `n`.
        wanted: u8,
    },
    /// The call goes on on another device of this person.
    Moved(CallId),
    /// A moderator removed this person from the call.
    Removed(CallId),
}
