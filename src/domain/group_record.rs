//! What the store keeps of a group call, and what the history shows of any call.

use super::{
    CallForm, CallId, CallKind, CallRecord, CallStatus, ChatId, EndReason, SessionId, UnixMillis,
    UserId, UserName,
};

/// What became of somebody's part in a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// They are or were in it.
    Joined,
    /// They declined.
    Declined,
    /// It rang and they did not come in time.
    Missed,
    /// It rings, or they started it and have not come yet.
    Rang,
    /// They were in another call and saw a notice.
    Busy,
}

impl Outcome {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Declined => "declined",
            Self::Missed => "missed",
            Self::Rang => "rang",
            Self::Busy => "busy",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Joined,
            Self::Declined,
            Self::Missed,
            Self::Rang,
            Self::Busy,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == text)
    }
}

/// What a moderator has decided about somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// They may come in although the call is locked.
    Invited,
    /// They may not come back.
    Removed,
}

impl Admission {
    /// The name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Removed => "removed",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Invited, Self::Removed]
            .into_iter()
            .find(|admission| admission.as_str() == text)
    }
}

/// Somebody's part in a group call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupPerson {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: UserName,
    /// What became of it.
    pub outcome: Outcome,
    /// What a moderator decided.
    pub admission: Option<Admission>,
    /// The sign-in that joined last.
    pub session: Option<SessionId>,
    /// When it began to ring for them last.
    pub rung_at: Option<UnixMillis>,
    /// When they joined first.
    pub joined_at: Option<UnixMillis>,
    /// When they left last; `None` while they are in it.
    pub left_at: Option<UnixMillis>,
}

impl GroupPerson {
    /// Somebody whom the call has not reached yet.
    #[must_use]
    pub const fn new(user: UserId, name: UserName, outcome: Outcome) -> Self {
        Self {
            user,
            name,
            outcome,
            admission: None,
            session: None,
            rung_at: None,
            joined_at: None,
            left_at: None,
        }
    }

    /// Whether they are in it, or were when the server stopped.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        self.joined_at.is_some() && self.left_at.is_none()
    }
}

/// A group call's row with those of its people: what is true of it now.
#[derive(Clone, Debug)]
pub struct GroupRecord {
    /// Its id.
    pub id: CallId,
    /// The chat it belongs to.
    pub chat: ChatId,
    /// That chat's name when the call began or was taken up.
    pub chat_name: String,
    /// Sound or picture.
    pub kind: CallKind,
    /// Ringing until a second person joins, then answered.
    pub status: CallStatus,
    /// Why it is over; `None` while it goes on.
    pub reason: Option<EndReason>,
    /// Who started it.
    pub started_by: UserId,
    /// Nobody new may join.
    pub locked: bool,
    /// Everybody it has to do with, who started it first.
    pub people: Vec<GroupPerson>,
    /// When it was started.
    pub created_at: UnixMillis,
    /// When its row changed last.
    pub updated_at: UnixMillis,
    /// When the second person joined.
    pub answered_at: Option<UnixMillis>,
    /// When it was over.
    pub ended_at: Option<UnixMillis>,
    /// When the server knew last that somebody was in it.
    pub last_alive_at: UnixMillis,
}

impl GroupRecord {
    /// A call that starts now. `others` are the other members of the chat.
    #[must_use]
    pub fn start(
        (chat, chat_name): (ChatId, String),
        kind: CallKind,
        starter: (UserId, UserName),
        others: impl Iterator<Item = (UserId, UserName)>,
        now: UnixMillis,
    ) -> Self {
        let started_by = starter.0;
        let people = std::iter::once(starter).chain(others);
        let person = |(user, name)| GroupPerson::new(user, name, Outcome::Rang);
        Self {
            id: CallId::new(),
            chat,
            chat_name,
            kind,
            status: CallStatus::Ringing,
            reason: None,
            started_by,
            locked: false,
            people: people.map(person).collect(),
            created_at: now,
            updated_at: now,
            answered_at: None,
            ended_at: None,
            last_alive_at: now,
        }
    }

    /// What an answered call between two becomes when a third is invited. Both are in it.
    #[must_use]
    pub fn grown(call: &CallRecord, chat_name: String, now: UnixMillis) -> Self {
        let joined = [
            (&call.caller, Some(call.created_at)),
            (&call.receiver, call.answered_at),
        ];
        let person = |(leg, joined_at): (&super::CallLeg, _)| GroupPerson {
            session: leg.session,
            joined_at,
            ..GroupPerson::new(leg.user, leg.name.clone(), Outcome::Joined)
        };
        Self {
            id: call.id,
            chat: call.chat,
            chat_name,
            kind: call.kind,
            status: call.status,
            reason: None,
            started_by: call.caller.user,
            locked: false,
            people: joined.into_iter().map(person).collect(),
            created_at: call.created_at,
            updated_at: now,
            answered_at: call.answered_at,
            ended_at: None,
            last_alive_at: now,
        }
    }

    /// Returns somebody's part.
    #[must_use]
    pub fn person(&self, user: UserId) -> Option<&GroupPerson> {
        self.people.iter().find(|person| person.user == user)
    }

    /// Returns the name of who started it, who is always one of its people.
    #[must_use]
    pub fn starter_name(&self) -> UserName {
        let starter = self.person(self.started_by);
        starter.map_or_else(
            || UserName::stored(String::new()),
            |starter| starter.name.clone(),
        )
    }

    /// Seconds that it lasted once answered; `None` if it never was or is not over.
    #[must_use]
    pub fn duration_secs(&self) -> Option<i64> {
        duration_secs(self.answered_at, self.ended_at)
    }
}

/// A call of either form in somebody's history.
#[derive(Clone, Debug)]
pub struct CallEntry {
    /// Between two, or in a room.
    pub form: CallForm,
    /// The rest; of a call between two, what a group call's row would say of it.
    pub call: GroupRecord,
}

/// From where on the history is shown, backwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// Calls older than this one.
    Call(CallId),
    /// Calls that began before.
    Time(UnixMillis),
}

/// Seconds from the answer to the end; `None` for a call that was never answered or is not over.
pub(super) fn duration_secs(
    answered_at: Option<UnixMillis>,
    ended_at: Option<UnixMillis>,
) -> Option<i64> {
    let span = ended_at?.since(answered_at?);
    i64::try_from((span.as_millis() + 500) / 1000).ok()
}
