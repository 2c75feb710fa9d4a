//! The JSON shapes that both edges speak: what a user, chat, message, call or change looks like on the wire.
//!
//! Owns names and formats of the contract with deployed clients and of `docs/protocol.md`. Knows no transport.

mod explanation;
mod group;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{self, CallId, CallRecord, ChatId, InviteId, MessageId, UnixMillis, UserId};

pub use explanation::{CallExplanation, ExplainedStep};
pub use group::{
    CallEntry, CallPerson, CallShape, GroupCall, GroupParticipant, LinkState, Outcome,
};

/// Somebody as everybody may see them.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct User {
    id: UserId,
    username: String,
    is_admin: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: UnixMillis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: UnixMillis,
}

impl From<&domain::User> for User {
    fn from(user: &domain::User) -> Self {
        Self {
            id: user.id,
            username: user.name.to_string(),
            is_admin: user.is_admin,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// Somebody, in few words.
#[derive(Serialize, ToSchema, Debug, Clone)]
pub struct Person {
    id: UserId,
    username: String,
}

impl Person {
    /// Names somebody.
    #[must_use]
    pub fn new(id: UserId, name: &domain::UserName) -> Self {
        Self {
            id,
            username: name.to_string(),
        }
    }
}

/// A participant of a chat.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    id: UserId,
    username: String,
    /// Up to which `seq` they have read.
    read_seq: i64,
}

/// What a chat is for.
#[derive(Serialize, ToSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// Everybody's.
    Family,
    /// Two people's.
    Private,
    /// Some people's.
    Group,
}

/// A chat as its reader sees it.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    id: ChatId,
    name: String,
    is_private: bool,
    kind: ChatKind,
    participants: Vec<Member>,
    #[schema(required = true)]
    last_message: Option<Message>,
    unread_count: i64,
    /// The number of its last change.
    rev: i64,
    /// Up to which `seq` the reader has read.
    read_seq: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: UnixMillis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: UnixMillis,
}

impl From<&domain::Chat> for Chat {
    fn from(chat: &domain::Chat) -> Self {
        let member = |m: &domain::Member| Member {
            id: m.id,
            username: m.name.to_string(),
            read_seq: m.read_seq,
        };
        Self {
            id: chat.id,
            name: chat.name.clone(),
            is_private: chat.kind == domain::ChatKind::Private,
            kind: match chat.kind {
                domain::ChatKind::Family => ChatKind::Family,
                domain::ChatKind::Private => ChatKind::Private,
                domain::ChatKind::Group => ChatKind::Group,
            },
            participants: chat.members.iter().map(member).collect(),
            last_message: chat.last_message.as_ref().map(Message::from),
            unread_count: chat.unread,
            rev: chat.rev,
            read_seq: chat.read_seq,
            created_at: chat.created_at,
            updated_at: chat.updated_at,
        }
    }
}

/// The chat of a message.
#[derive(Serialize, ToSchema, Debug, Clone)]
pub struct ChatRef {
    id: ChatId,
    name: String,
}

/// What a message is.
#[derive(Serialize, ToSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// Words.
    Text,
}

/// A message.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    id: MessageId,
    content: String,
    kind: MessageKind,
    sender: Person,
    sender_id: UserId,
    chat: ChatRef,
    chat_id: ChatId,
    /// Its place in the chat: the `rev` under which it was posted.
    seq: i64,
    /// The `rev` of its last change.
    rev: i64,
    /// The sender's own name for it.
    #[schema(required = true)]
    client_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: UnixMillis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: UnixMillis,
}

impl From<&domain::Message> for Message {
    fn from(message: &domain::Message) -> Self {
        Self {
            id: message.id,
            content: message.content.clone(),
            kind: match message.kind {
                domain::MessageKind::Text => MessageKind::Text,
            },
            sender: Person::new(message.sender, &message.sender_name),
            sender_id: message.sender,
            chat: ChatRef {
                id: message.chat,
                name: message.chat_name.to_string(),
            },
            chat_id: message.chat,
            seq: message.seq,
            rev: message.rev,
            client_id: message.client_id.clone(),
            created_at: message.created_at,
            updated_at: message.updated_at,
        }
    }
}

/// One change in a chat.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Change {
    /// A message was posted or changed.
    Message {
        /// The chat's number of this change.
        rev: i64,
        /// The message as it is now.
        message: Box<Message>,
    },
    /// Somebody read.
    #[serde(rename_all = "camelCase")]
    Read {
        /// The chat's number of this change.
        rev: i64,
        /// Who.
        user_id: UserId,
        /// Up to which `seq`.
        seq: i64,
    },
}

impl From<&domain::Change> for Change {
    fn from(change: &domain::Change) -> Self {
        match change {
            domain::Change::Message(message) => Self::Message {
                rev: message.rev,
                message: Box::new(Message::from(message.as_ref())),
            },
            domain::Change::Read { rev, user, seq } => Self::Read {
                rev: *rev,
                user_id: *user,
                seq: *seq,
            },
        }
    }
}

/// An invitation code.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    id: InviteId,
    code: String,
    /// It can be used no more.
    is_used: bool,
    #[schema(required = true)]
    usage_limit: Option<i32>,
    usage_count: i32,
    #[schema(required = true)]
    used_by_user_id: Option<UserId>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    used_at: Option<UnixMillis>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<UnixMillis>,
    #[schema(value_type = String, format = DateTime)]
    created_at: UnixMillis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: UnixMillis,
}

impl From<&domain::Invite> for Invite {
    fn from(invite: &domain::Invite) -> Self {
        Self {
            id: invite.id,
            code: invite.code.to_string(),
            is_used: invite
                .usage_limit
                .is_some_and(|limit| invite.usage_count >= limit),
            usage_limit: invite.usage_limit,
            usage_count: invite.usage_count,
            used_by_user_id: invite.used_by,
            used_at: invite.used_at,
            expires_at: invite.expires_at,
            created_at: invite.created_at,
            updated_at: invite.updated_at,
        }
    }
}

/// Where a call stands.
#[derive(Serialize, ToSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum CallStatus {
    /// It rings.
    Ringing,
    /// It goes on.
    Answered,
    /// It was answered and is over.
    Ended,
    /// Nobody answered.
    Missed,
    /// The receiver declined.
    Rejected,
}

impl From<domain::CallStatus> for CallStatus {
    fn from(status: domain::CallStatus) -> Self {
        match status {
            domain::CallStatus::Ringing => Self::Ringing,
            domain::CallStatus::Answered => Self::Answered,
            domain::CallStatus::Ended => Self::Ended,
            domain::CallStatus::Missed => Self::Missed,
            domain::CallStatus::Rejected => Self::Rejected,
        }
    }
}

/// Sound, or a picture too.
#[derive(Serialize, ToSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum CallKind {
    /// Sound.
    Voice,
    /// Sound and picture.
    Video,
}

impl From<domain::CallKind> for CallKind {
    fn from(kind: domain::CallKind) -> Self {
        match kind {
            domain::CallKind::Voice => Self::Voice,
            domain::CallKind::Video => Self::Video,
        }
    }
}

/// A call.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    id: CallId,
    chat_id: ChatId,
    caller_id: UserId,
    receiver_id: UserId,
    caller: Person,
    receiver: Person,
    status: CallStatus,
    #[serde(rename = "type")]
    kind: CallKind,
    /// When it was accepted.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    started_at: Option<UnixMillis>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    ended_at: Option<UnixMillis>,
    /// Seconds from the answer to the end.
    #[schema(required = true)]
    duration: Option<i64>,
    /// Why it is over: `hangup`, `rejected`, `missed`, `cancelled`, `lost`, `closed`.
    #[schema(required = true, value_type = Option<String>)]
    end_reason: Option<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: UnixMillis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: UnixMillis,
}

impl From<&CallRecord> for Call {
    fn from(call: &CallRecord) -> Self {
        Self {
            id: call.id,
            chat_id: call.chat,
            caller_id: call.caller.user,
            receiver_id: call.receiver.user,
            caller: Person::new(call.caller.user, &call.caller.name),
            receiver: Person::new(call.receiver.user, &call.receiver.name),
            status: call.status.into(),
            kind: call.kind.into(),
            started_at: call.answered_at,
            ended_at: call.ended_at,
            duration: call.duration_secs(),
            end_reason: call.reason.map(domain::EndReason::as_str),
            created_at: call.created_at,
            updated_at: call.updated_at,
        }
    }
}
