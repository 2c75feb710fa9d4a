//! Chats, their participants, messages and changes.

use std::sync::Arc;

use super::{ChatId, Fault, Invalid, MessageId, UnixMillis, UserId, UserName};

/// What a chat is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChatKind {
    /// Everybody's chat, made by the server.
    Family,
    /// Two people.
    Private,
    /// Some people.
    Group,
}

impl ChatKind {
    /// The name the store and our protocol use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Private => "private",
            Self::Group => "group",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Family, Self::Private, Self::Group]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// One participant as others see them.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: UserName,
    /// Up to which `seq` they have read.
    pub read_seq: i64,
}

/// A chat as one of its participants sees it.
#[derive(Clone, Debug)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// What it is for.
    pub kind: ChatKind,
    /// Its name.
    pub name: String,
    /// The number of its last change.
    pub rev: i64,
    /// Everybody in it, in the order they came.
    pub members: Vec<Member>,
    /// The newest message this participant may see.
    pub last_message: Option<Message>,
    /// Messages of others that this participant has not read.
    pub unread: i64,
    /// Up to which `seq` this participant has read.
    pub read_seq: i64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it changed last.
    pub updated_at: UnixMillis,
}

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// Words.
    Text,
}

impl MessageKind {
    /// The name the store and our protocol use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text == Self::Text.as_str()).then_some(Self::Text)
    }
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The chat it was posted in.
    pub chat: ChatId,
    /// That chat's name.
    pub chat_name: Arc<str>,
    /// Its place in the chat: the chat's `rev` under which it was posted.
    pub seq: i64,
    /// The chat's `rev` of its last change.
    pub rev: i64,
    /// Who wrote it.
    pub sender: UserId,
    /// The sender's name.
    pub sender_name: UserName,
    /// What it is.
    pub kind: MessageKind,
    /// Its text.
    pub content: String,
    /// The sender's own name for it.
    pub client_id: Option<String>,
    /// When it was posted.
    pub created_at: UnixMillis,
    /// When it changed last.
    pub updated_at: UnixMillis,
}

/// One change in a chat, numbered by the chat's `rev`.
#[derive(Clone, Debug)]
pub enum Change {
    /// A message was posted or changed.
    Message(Arc<Message>),
    /// Somebody read up to `seq`.
    Read {
        /// The number of this change.
        rev: i64,
        /// Who read.
        user: UserId,
        /// Up to where.
        seq: i64,
    },
}

impl Change {
    /// The chat's `rev` this change took.
    #[must_use]
    pub fn rev(&self) -> i64 {
        match self {
            Self::Message(message) => message.rev,
            Self::Read { rev, .. } => *rev,
        }
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many at most, 1 to 200.
    pub limit: i64,
    /// How many to skip.
    pub offset: i64,
}

impl Page {
    /// Most items in one answer; who asks for more gets these.
    pub const MAX: i64 = 200;
    const USUAL: i64 = 50;

    /// Takes what a client asked for.
    ///
    /// # Errors
    /// [`Invalid`] for a limit below 1 or an offset below 0.
    pub fn parse(limit: Option<i64>, offset: Option<i64>) -> Result<Self, Invalid> {
        let (limit, offset) = (limit.unwrap_or(Self::USUAL), offset.unwrap_or(0));
        let low = |field, code, least: i64| Fault {
            field,
            code,
            message: format!("{field} must not be less than {least}"),
        };
        let mut faults = Vec::new();
        if limit < 1 {
            faults.push(low("limit", "limit.low", 1));
        }
        if offset < 0 {
            faults.push(low("offset", "offset.low", 0));
        }
        Invalid::all(faults).map_or(Ok(()), Err)?;
        Ok(Self {
            limit: limit.min(Self::MAX),
            offset,
        })
    }

    /// The first `limit` items.
    #[must_use]
    pub const fn first(limit: i64) -> Self {
        Self { limit, offset: 0 }
    }
}
