//! Why a call was not started, found or changed.

use crate::domain::{CallError, GroupRefusal};
use crate::media::RoomRefusal;
use crate::service::tasks::Panicked;
use crate::store::StoreError;

/// Why a call was not started, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum CallRefused {
    /// There is no such call.
    #[error("there is no such call")]
    NotFound,
    /// There is no such living user.
    #[error("there is no such user")]
    NoSuchUser,
    /// One cannot call oneself.
    #[error("you cannot call yourself")]
    WithSelf,
    /// The other is in a call.
    #[error("this user is in another call; try again later")]
    Busy,
    /// The actor is in a call on another device.
    #[error("you are in another call on another device; end it first")]
    Already,
    /// Only administrators may.
    #[error("only an administrator may do this")]
    NotAdmin,
    /// It goes on: its row is still being written.
    #[error("the call is not over yet; end it first")]
    StillLive,
    /// There is no such chat.
    #[error("there is no such chat")]
    NoSuchChat,
    /// The actor is not in the chat.
    #[error("you are not a participant of this chat")]
    NotInChat,
    /// One of the two has a client that does not know group calls.
    #[error("one of you has a client that is too old for a call of three")]
    PeerTooOld,
    /// One of the two has no connection to the server.
    #[error("one of you has no connection to the server just now; try again")]
    PeerAway,
    /// The sign-in has ended.
    #[error("this sign-in has ended; sign in again")]
    SignedOut,
    /// The call's own refusal.
    #[error(transparent)]
    Refused(#[from] CallError),
    /// The group call's own refusal.
    #[error(transparent)]
    Group(#[from] GroupRefusal),
    /// Its room's.
    #[error(transparent)]
    Room(#[from] RoomRefusal),
    /// More commands than the call can take.
    #[error("too many requests for this call at once; try again")]
    Overrun,
    /// The server is about to be stopped, once the calls that go on are over.
    #[error("the server is about to be restarted; call again in a few minutes")]
    Stopping,
    /// More than is kept.
    #[error("this call has been told of often enough")]
    TooManyReports,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A use case panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl CallRefused {
    /// The stable code for clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "call.unknown",
            Self::NoSuchUser => "user.unknown",
            Self::WithSelf => "call.self",
            Self::Busy => "call.busy",
            Self::Already => "call.already",
            Self::NotAdmin => "not_admin",
            Self::StillLive => "call.live",
            Self::Overrun | Self::PeerAway => "busy",
            Self::SignedOut => "auth.token",
            Self::TooManyReports => "call.too_much",
            Self::Stopping => "call.stopping",
            Self::NoSuchChat => "chat.unknown",
            Self::NotInChat => "chat.not_participant",
            Self::PeerTooOld => "call.peer_too_old",
            Self::Group(refusal) => of_group(*refusal),
            Self::Room(refusal) => of_room(*refusal),
            Self::Refused(CallError::Forbidden) => "call.not_participant",
            Self::Refused(CallError::NotRinging) => "call.not_ringing",
            Self::Refused(CallError::Ended) => "call.ended",
            Self::Refused(CallError::AnsweredElsewhere) => "call.answered_elsewhere",
            Self::Refused(CallError::OtherDevice) => "call.other_device",
            Self::Refused(CallError::NotAccepted) => "call.not_accepted",
            Self::Refused(CallError::TooMuch) => "call.too_much",
            Self::Store(_) | Self::Panicked(_) => "internal",
        }
    }
}

const fn of_group(refusal: GroupRefusal) -> &'static str {
    match refusal {
        GroupRefusal::Ended => "call.ended",
        GroupRefusal::Full { .. } => "call.full",
        GroupRefusal::Locked => "call.locked",
        GroupRefusal::Removed => "call.removed",
        GroupRefusal::NotModerator => "call.not_moderator",
        GroupRefusal::Declined => "call.declined",
        GroupRefusal::Stranger => "call.not_participant",
        GroupRefusal::NoSuchParticipant => "call.unknown_participant",
        GroupRefusal::TooMuch => "call.too_much",
    }
}

const fn of_room(refusal: RoomRefusal) -> &'static str {
    match refusal {
        RoomRefusal::Full { .. } => "call.full",
        RoomRefusal::NoSuchParticipant => "call.unknown_participant",
        RoomRefusal::BadDescription(_) => "call.bad_sdp",
        RoomRefusal::TooManyPublications { .. } => "call.publications",
        RoomRefusal::TooManyLayers { .. } => "call.layers",
        RoomRefusal::StaleAnswer => "call.stale_answer",
        RoomRefusal::Unavailable => "busy",
    }
}
