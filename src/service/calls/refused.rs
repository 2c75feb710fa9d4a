//! Why a call was not started, found or changed.

use crate::domain::CallError;
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
    /// The call's own refusal.
    #[error(transparent)]
    Refused(#[from] CallError),
    /// More commands than the call can take.
    #[error("too many requests for this call at once; try again")]
    Overrun,
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
            Self::Overrun => "busy",
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
