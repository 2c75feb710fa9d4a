//! Why a command was refused, as the answer says it.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::causes::chain;
use crate::domain::{CallError, GroupRefusal, Invalid};
use crate::service::{CallRefused, InviteError, PeopleError, RegisterError, RelayRefused};

/// What kind of refusal it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What was asked for cannot be read.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// It may not be done as things stand.
    Refused,
    /// Another try may do.
    Busy,
    /// Something failed inside the server; its log says what.
    Internal,
}

/// The body of every refusal.
#[derive(Debug, Serialize, Deserialize)]
pub struct RefusedBody {
    /// For machines.
    pub error: Kind,
    /// What happened and what would help.
    pub message: String,
}

/// A refusal on its way to the command line.
#[derive(Debug)]
pub(super) struct Refused(RefusedBody);

impl Refused {
    pub(super) fn new(error: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(RefusedBody { error, message })
    }

    fn of(error: Kind, why: &dyn std::error::Error) -> Self {
        Self::new(error, why.to_string())
    }

    /// Something failed inside: logged here, once; the operator may know what.
    fn inside(error: &dyn std::error::Error) -> Self {
        let chain = chain(error);
        tracing::error!(error = chain, "a command failed");
        Self::new(Kind::Internal, chain)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0.error {
            Kind::Invalid => StatusCode::BAD_REQUEST,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Refused => StatusCode::CONFLICT,
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(self.0)).into_response()
    }
}

/// Answers for a path that is not served: the command line is of another version than the server.
pub(super) async fn no_such_route(uri: Uri) -> Refused {
    let version = env!("CARGO_PKG_VERSION");
    let message = format!(
        "the running server is zvonilka {version} and does not know {}; restart it after an upgrade",
        uri.path()
    );
    Refused::new(Kind::Invalid, message)
}

impl From<Invalid> for Refused {
    fn from(error: Invalid) -> Self {
        Self::of(Kind::Invalid, &error)
    }
}

impl From<PeopleError> for Refused {
    fn from(error: PeopleError) -> Self {
        match &error {
            PeopleError::NotFound => Self::of(Kind::NotFound, &error),
            PeopleError::NotAdmin
            | PeopleError::Forbidden
            | PeopleError::LastAdmin
            | PeopleError::NameTaken => Self::of(Kind::Refused, &error),
            PeopleError::Busy(_) => Self::of(Kind::Busy, &error),
            PeopleError::Store(_) | PeopleError::Panicked(_) => Self::inside(&error),
        }
    }
}

impl From<RegisterError> for Refused {
    fn from(error: RegisterError) -> Self {
        match &error {
            RegisterError::NameTaken { .. }
            | RegisterError::UnknownInvite
            | RegisterError::ExpiredInvite
            | RegisterError::UsedInvite => Self::of(Kind::Refused, &error),
            RegisterError::Busy(_) => Self::of(Kind::Busy, &error),
            RegisterError::Store(_) | RegisterError::Panicked(_) => Self::inside(&error),
        }
    }
}

impl From<InviteError> for Refused {
    fn from(error: InviteError) -> Self {
        match &error {
            InviteError::Unknown => Self::new(
                Kind::NotFound,
                "there is no such invitation; `zvonilka invite list` shows all",
            ),
            InviteError::Expired => Self::new(Kind::Refused, "this invitation has expired already"),
            InviteError::UsedUp => {
                Self::new(Kind::Refused, "this invitation has been used up already")
            }
            InviteError::NotAdmin => Self::of(Kind::Refused, &error),
            InviteError::Store(_) => Self::inside(&error),
        }
    }
}

impl From<RelayRefused> for Refused {
    fn from(error: RelayRefused) -> Self {
        match &error {
            RelayRefused::NoSuchAllocation => Self::of(Kind::NotFound, &error),
            RelayRefused::NotAdmin => Self::of(Kind::Refused, &error),
            RelayRefused::Busy(_) => Self::of(Kind::Busy, &error),
            RelayRefused::Store(_) => Self::inside(&error),
        }
    }
}

impl From<CallRefused> for Refused {
    fn from(error: CallRefused) -> Self {
        match &error {
            CallRefused::NotFound => Self::of(Kind::NotFound, &error),
            CallRefused::Overrun | CallRefused::Stopping => Self::of(Kind::Busy, &error),
            CallRefused::Refused(CallError::Ended) | CallRefused::Group(GroupRefusal::Ended) => {
                Self::new(Kind::Refused, "the call has ended already")
            }
            CallRefused::Store(_) | CallRefused::Panicked(_) => Self::inside(&error),
            CallRefused::NoSuchUser
            | CallRefused::WithSelf
            | CallRefused::Busy
            | CallRefused::Already
            | CallRefused::NotAdmin
            | CallRefused::StillLive
            | CallRefused::NoSuchChat
            | CallRefused::NotInChat
            | CallRefused::PeerTooOld
            | CallRefused::PeerAway
            | CallRefused::SignedOut
            | CallRefused::TooManyReports
            | CallRefused::Refused(_)
            | CallRefused::Group(_)
            | CallRefused::Room(_) => Self::of(Kind::Refused, &error),
        }
    }
}
