//! What is done to a call, what comes of it, and why it may refuse.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use super::super::{CallEvent, CallRecord, SessionId, SocketId, UserId};

/// What passes between the two sides unread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignalKind {
    /// An SDP offer.
    Offer,
    /// An SDP answer.
    Answer,
    /// An ICE candidate.
    Candidate,
}

/// What somebody or the clock does to a call.
#[derive(Clone, Debug)]
pub enum Command {
    /// A socket of one of the two came.
    Attach {
        /// Whose.
        user: UserId,
        /// Its sign-in.
        session: SessionId,
        /// Which.
        socket: SocketId,
        /// It does not know how to rejoin by itself (`join_call_room` with an acknowledgement).
        legacy: bool,
    },
    /// A socket is gone.
    Detach(SocketId),
    /// An offer, answer or candidate for the other side.
    Signal {
        /// Who sends it.
        user: UserId,
        /// Their sign-in.
        session: SessionId,
        /// Through which socket.
        socket: SocketId,
        /// It does not know how to rejoin: a new socket of its sign-in speaks on for the old one.
        legacy: bool,
        /// What it is.
        kind: SignalKind,
        /// The `sdp` or `candidate` member as it came.
        payload: Arc<Value>,
    },
    /// The receiver takes the call, through a socket or (`None`) through REST.
    Accept {
        /// Who.
        user: UserId,
        /// Their sign-in.
        session: SessionId,
        /// The socket that becomes the receiver's leg.
        socket: Option<SocketId>,
    },
    /// The receiver declines.
    Reject {
        /// Who.
        user: UserId,
        /// The socket that asked: it is not told again.
        socket: Option<SocketId>,
    },
    /// One of the two hangs up.
    End {
        /// Who.
        user: UserId,
        /// The socket that asked: it is not told again.
        socket: Option<SocketId>,
    },
    /// A socket takes over its user's side.
    Join {
        /// Who.
        user: UserId,
        /// Their sign-in.
        session: SessionId,
        /// The socket.
        socket: SocketId,
        /// Only where that side is this sign-in's already (deployed clients join without wanting to move a call).
        legacy: bool,
    },
    /// A user, or one sign-in of theirs, was ended by the server.
    Gone {
        /// Who.
        user: UserId,
        /// Which sign-in; `None`: all.
        session: Option<SessionId>,
    },
    /// Whoever runs the server ends it.
    Close,
    /// Time passed.
    Tick,
}

impl Command {
    /// Who gives it, if a user does.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Attach { user, .. }
            | Self::Signal { user, .. }
            | Self::Accept { user, .. }
            | Self::Reject { user, .. }
            | Self::End { user, .. }
            | Self::Join { user, .. }
            | Self::Gone { user, .. } => Some(*user),
            Self::Detach(_) | Self::Close | Self::Tick => None,
        }
    }
}

/// What is to be done, in order.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Write the row. Nothing that follows may be seen before it is written.
    Save(Box<CallRecord>),
    /// Tell the relay. What follows may be passed on only when it knows.
    Relay(RelayChange),
    /// Tell somebody.
    Emit(Emit),
}

/// What the relay must know of a call, as it carries packets between those who take part and to their candidates alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RelayChange {
    /// This sign-in of the user speaks for a side from here on.
    Join(UserId, SessionId),
    /// It may be reached at these addresses too.
    Announce(SessionId, Vec<IpAddr>),
    /// It speaks for its side no longer.
    Leave(SessionId),
    /// The call is over.
    End,
}

/// One event and who hears it.
#[derive(Clone, Debug)]
pub struct Emit {
    /// Who.
    pub to: Target,
    /// This socket does not.
    pub except: Option<SocketId>,
    /// What.
    pub event: CallEvent,
}

/// Who hears an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// One socket.
    Socket(SocketId),
    /// Every socket of one sign-in.
    Session(SessionId),
    /// Every socket of one user.
    User(UserId),
}

/// Why a command was refused. Nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError {
    /// The user is not in this call, or only the other side may do this.
    #[error("you do not take part in this call in this way")]
    Forbidden,
    /// It rings no longer.
    #[error("the call is not ringing")]
    NotRinging,
    /// It is over.
    #[error("the call has ended")]
    Ended,
    /// The receiver accepted on another device.
    #[error("the call was answered on another device")]
    AnsweredElsewhere,
    /// Another device speaks for this side.
    #[error("this call goes on on another device")]
    OtherDevice,
    /// The receiver must accept before it may answer.
    #[error("accept the call before sending an answer or candidates")]
    NotAccepted,
    /// More candidates than a call keeps while it rings.
    #[error("too many candidates")]
    TooMuch,
}
