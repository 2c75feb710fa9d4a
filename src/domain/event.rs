//! What happened, for those who are connected. The bus carries it, the gateway names it.

use std::sync::Arc;

use serde_json::Value;

use super::{
    CallId, CallKind, CallStatus, Change, Chat, ChatId, EndReason, GroupEvent, SignalKind,
    UnixMillis, User, UserId, UserName,
};

/// Why a session is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionEnd {
    /// Its user signed out.
    SignedOut,
    /// A used refresh token came back: somebody else may have it.
    TokenReused,
    /// The account is gone.
    AccountRemoved,
    /// The password was changed.
    PasswordChanged,
}

impl SessionEnd {
    /// The stable code for clients.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "session.signed_out",
            Self::TokenReused => "session.token_reused",
            Self::AccountRemoved => "session.account_removed",
            Self::PasswordChanged => "session.password_changed",
        }
    }
}

/// One thing that happened. Cheap to clone: it goes to many listeners.
#[derive(Clone, Debug)]
pub enum Event {
    /// A chat changed by one `rev`.
    Changed {
        /// The chat.
        chat: ChatId,
        /// What changed.
        change: Change,
    },
    /// This listener's user is in a chat that is new to it (`created`) or looks different from before.
    ChatChanged {
        /// The chat as this user sees it.
        chat: Arc<Chat>,
        /// It was just made.
        created: bool,
    },
    /// A chat is gone for this listener's user.
    ChatRemoved(ChatId),
    /// Somebody registered, or an account changed.
    UserChanged(Arc<User>),
    /// An account is gone.
    UserRemoved(UserId),
    /// Somebody's first device came.
    Online(UserId),
    /// Somebody's last device went.
    Offline(UserId),
    /// This listener's session is over: it must sign in again.
    SessionEnded(SessionEnd),
    /// The server is about to stop.
    Stopping,
    /// Something happened in a call.
    Call(CallEvent),
    /// Something happened in a group call.
    Group(GroupEvent),
}

/// One thing that happened in a call.
#[derive(Clone, Debug)]
pub enum CallEvent {
    /// It rings here.
    Incoming {
        /// The call.
        call: CallId,
        /// Who calls.
        from: UserId,
        /// Their name.
        name: UserName,
        /// Sound or picture.
        kind: CallKind,
        /// Milliseconds until it counts as missed.
        expires_in: u64,
    },
    /// The caller's call was made.
    Initiated(CallId),
    /// On how many devices it rings.
    Ringing {
        /// The call.
        call: CallId,
        /// Sockets that got the ring.
        devices: usize,
    },
    /// The receiver accepted.
    Accepted {
        /// The call.
        call: CallId,
        /// Who.
        receiver: UserId,
    },
    /// The receiver declined.
    Rejected(CallId),
    /// It is over, for those who hear it.
    Ended {
        /// The call.
        call: CallId,
        /// Why.
        reason: EndReason,
        /// Seconds it lasted.
        duration: Option<i64>,
    },
    /// Its row changed.
    Status {
        /// The call.
        call: CallId,
        /// Where it stands.
        status: CallStatus,
        /// Since when.
        at: UnixMillis,
    },
    /// The other side's offer, answer or candidate, as it came.
    Signal {
        /// The call.
        call: CallId,
        /// Which.
        kind: SignalKind,
        /// The `sdp` or `candidate` member.
        payload: Arc<Value>,
        /// Who sent it.
        from: UserId,
    },
    /// The other side's connection to the server went or came back.
    Peer {
        /// The call.
        call: CallId,
        /// Whether it is there.
        present: bool,
    },
}
