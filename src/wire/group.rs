//! The shapes of group calls, and of the history of all calls.

use serde::Serialize;
use utoipa::ToSchema;

use super::{CallKind, CallStatus, Person};
use crate::domain::{
    self, CallForm, CallId, ChatId, ParticipantId, ParticipantView, UnixMillis, UserId,
};

/// A living group call.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct GroupCall {
    id: CallId,
    chat_id: ChatId,
    #[serde(rename = "type")]
    kind: CallKind,
    started_by: UserId,
    #[schema(value_type = String, format = DateTime)]
    started_at: UnixMillis,
    /// Nobody new may join.
    locked: bool,
    /// Grows with each change while the server runs. What comes first on a new connection counts whatever its version.
    version: i64,
    /// For whom it rings.
    ringing: Vec<UserId>,
    /// Who is in it, in the order they came.
    participants: Vec<GroupParticipant>,
}

impl From<&domain::GroupView> for GroupCall {
    fn from(call: &domain::GroupView) -> Self {
        Self {
            id: call.id,
            chat_id: call.chat,
            kind: call.kind.into(),
            started_by: call.started_by,
            started_at: call.started_at,
            locked: call.locked,
            version: call.version,
            ringing: call.ringing.clone(),
            participants: call.participants.iter().map(Into::into).collect(),
        }
    }
}

/// Somebody's device in a group call.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct GroupParticipant {
    /// New for each join.
    participant_id: ParticipantId,
    user_id: UserId,
    username: String,
    #[schema(value_type = String, format = DateTime)]
    joined_at: UnixMillis,
    /// Whether its media passes.
    state: LinkState,
    muted: bool,
    /// The moderator who muted it.
    #[schema(required = true)]
    muted_by: Option<UserId>,
    camera: bool,
    screen: bool,
}

impl From<&ParticipantView> for GroupParticipant {
    fn from(participant: &ParticipantView) -> Self {
        Self {
            participant_id: participant.id,
            user_id: participant.user,
            username: participant.name.to_string(),
            joined_at: participant.joined_at,
            state: participant.link.into(),
            muted: participant.muted,
            muted_by: participant.muted_by,
            camera: participant.camera,
            screen: participant.screen,
        }
    }
}

/// Whether a participant's media passes.
#[derive(Serialize, ToSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Not yet.
    Connecting,
    /// It does.
    Connected,
    /// Nothing was heard of it for some seconds.
    Lost,
}

impl From<domain::Link> for LinkState {
    fn from(link: domain::Link) -> Self {
        match link {
            domain::Link::Connecting => Self::Connecting,
            domain::Link::Connected => Self::Connected,
            domain::Link::Lost => Self::Lost,
        }
    }
}

/// Between whom media passes.
#[derive(Serialize, ToSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum CallShape {
    /// Between two devices.
    Private,
    /// Through the server's room.
    Group,
}

/// What became of somebody's part in a call.
#[derive(Serialize, ToSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// They are or were in it.
    Joined,
    /// They declined.
    Declined,
    /// It rang and they did not come in time.
    Missed,
    /// It rings, or they started it and have not come.
    Rang,
    /// They were in another call.
    Busy,
}

impl From<domain::Outcome> for Outcome {
    fn from(outcome: domain::Outcome) -> Self {
        match outcome {
            domain::Outcome::Joined => Self::Joined,
            domain::Outcome::Declined => Self::Declined,
            domain::Outcome::Missed => Self::Missed,
            domain::Outcome::Rang => Self::Rang,
            domain::Outcome::Busy => Self::Busy,
        }
    }
}

/// Somebody's part in a call of the history.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct CallPerson {
    user: Person,
    outcome: Outcome,
    /// When they joined first.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    joined_at: Option<UnixMillis>,
    /// When they left last.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    left_at: Option<UnixMillis>,
}

/// A call of either form in the history.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct CallEntry {
    id: CallId,
    chat_id: ChatId,
    form: CallShape,
    #[serde(rename = "type")]
    kind: CallKind,
    status: CallStatus,
    started_by: Person,
    /// Everybody it has to do with, who started it first.
    participants: Vec<CallPerson>,
    /// When it began to ring.
    #[schema(value_type = String, format = DateTime)]
    started_at: UnixMillis,
    /// When the second person was in it.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    answered_at: Option<UnixMillis>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    ended_at: Option<UnixMillis>,
    /// Seconds from the answer to the end.
    #[schema(required = true)]
    duration: Option<i64>,
    /// Why it is over: `hangup`, `rejected`, `missed`, `cancelled`, `lost`, `empty`, `closed`.
    #[schema(required = true, value_type = Option<String>)]
    reason: Option<&'static str>,
}

impl From<&domain::CallEntry> for CallEntry {
    fn from(entry: &domain::CallEntry) -> Self {
        let call = &entry.call;
        let person = |person: &domain::GroupPerson| CallPerson {
            user: Person::new(person.user, &person.name),
            outcome: person.outcome.into(),
            joined_at: person.joined_at,
            left_at: person.left_at,
        };
        Self {
            id: call.id,
            chat_id: call.chat,
            form: match entry.form {
                CallForm::Private => CallShape::Private,
                CallForm::Group => CallShape::Group,
            },
            kind: call.kind.into(),
            status: call.status.into(),
            started_by: Person::new(call.started_by, &call.starter_name()),
            participants: call.people.iter().map(person).collect(),
            started_at: call.created_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            duration: call.duration_secs(),
            reason: call.reason.map(domain::EndReason::as_str),
        }
    }
}
