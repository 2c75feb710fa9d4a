//! What the store keeps of a call.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::group_record::duration_secs;
use super::{CallId, ChatId, SessionId, UnixMillis, UserId, UserName};

/// Sound alone, or a picture too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// Sound.
    Voice,
    /// Sound and picture.
    Video,
}

impl CallKind {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Video => "video",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Voice, Self::Video]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Between whom media passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallForm {
    /// Between two devices.
    Private,
    /// Through a room.
    Group,
}

impl CallForm {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Private, Self::Group]
            .into_iter()
            .find(|form| form.as_str() == text)
    }
}

/// Where a call stands, as its row says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallStatus {
    /// The receiver's devices ring.
    Ringing,
    /// It was accepted and goes on.
    Answered,
    /// It was accepted and is over.
    Ended,
    /// It rang and nobody accepted.
    Missed,
    /// The receiver declined.
    Rejected,
}

impl CallStatus {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Ended => "ended",
            Self::Missed => "missed",
            Self::Rejected => "rejected",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Ringing,
            Self::Answered,
            Self::Ended,
            Self::Missed,
            Self::Rejected,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }

    /// Whether the call goes on.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Ringing | Self::Answered => true,
            Self::Ended | Self::Missed | Self::Rejected => false,
        }
    }
}

/// Why a call is over, for those who were in it.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// One of the two hung up.
    #[serde(rename = "hangup")]
    HangUp,
    /// The receiver declined.
    Rejected,
    /// Nobody accepted in time.
    Missed,
    /// The caller gave up while it rang.
    Cancelled,
    /// Another device of the same person accepted: over for this device alone.
    AnsweredElsewhere,
    /// One side was gone for too long; of a group call: nobody came back after a restart.
    Lost,
    /// Nobody was in a group call any more.
    Empty,
    /// Whoever runs the server ended it.
    Closed,
}

impl EndReason {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HangUp => "hangup",
            Self::Rejected => "rejected",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
            Self::AnsweredElsewhere => "answered_elsewhere",
            Self::Lost => "lost",
            Self::Empty => "empty",
            Self::Closed => "closed",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::HangUp,
            Self::Rejected,
            Self::Missed,
            Self::Cancelled,
            Self::AnsweredElsewhere,
            Self::Lost,
            Self::Empty,
            Self::Closed,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == text)
    }
}

/// One side's part in a call.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: UserName,
    /// The sign-in that speaks for them, once known.
    pub session: Option<SessionId>,
}

/// A call's row: what is true of it now.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Its id.
    pub id: CallId,
    /// The chat it belongs to.
    pub chat: ChatId,
    /// Sound or picture.
    pub kind: CallKind,
    /// Where it stands.
    pub status: CallStatus,
    /// Why it is over; `None` while it goes on.
    pub reason: Option<EndReason>,
    /// Who called.
    pub caller: Leg,
    /// Who was called.
    pub receiver: Leg,
    /// When it began to ring.
    pub created_at: UnixMillis,
    /// When its row changed last.
    pub updated_at: UnixMillis,
    /// When it was accepted.
    pub answered_at: Option<UnixMillis>,
    /// When it was over.
    pub ended_at: Option<UnixMillis>,
    /// When the server knew last that it went on.
    pub last_alive_at: UnixMillis,
}

impl CallRecord {
    /// Seconds from the answer to the end; `None` if it was never answered or is not over.
    #[must_use]
    pub fn duration_secs(&self) -> Option<i64> {
        duration_secs(self.answered_at, self.ended_at)
    }

    /// Whether `user` takes part in it.
    #[must_use]
    pub fn has(&self, user: UserId) -> bool {
        self.caller.user == user || self.receiver.user == user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_name_in_rows_and_in_records() {
        for name in [
            "hangup",
            "rejected",
            "missed",
            "cancelled",
            "answered_elsewhere",
            "lost",
            "empty",
            "closed",
        ] {
            let reason = EndReason::parse(name).expect("a reason");
            assert_eq!(serde_json::to_value(reason).expect("JSON"), name);
        }
    }
}
