//! The one error body: `{statusCode, error, message, code, details?}`, as deployed clients and ours expect it.

use std::any::Any;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::causes::chain;
use crate::domain::{CallError, GroupRefusal, Invalid};
use crate::service::{
    AuthError, CallRefused, ChatError, InviteError, PeopleError, RegisterError, RelayRefused,
    RoomRefusal, Throttled,
};

/// What happened: one sentence, or one for each broken rule.
#[derive(Serialize, ToSchema, Debug, Clone, PartialEq, Eq)]
#[serde(untagged)]
pub(super) enum Sentences {
    /// One.
    One(String),
    /// One for each broken rule.
    Many(Vec<String>),
}

/// The body of every error.
#[derive(Serialize, ToSchema, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorBody {
    /// The HTTP status.
    status_code: u16,
    /// Its reason phrase.
    #[schema(value_type = String)]
    error: &'static str,
    /// What happened and what would help, in English.
    message: Sentences,
    /// The same for machines; stable.
    #[schema(value_type = String)]
    code: &'static str,
    /// Values for a translation of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

/// An error on its way to the client.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Sentences,
    details: Option<Value>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// An error with one sentence.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: Sentences::One(message.into()),
            details: None,
            retry_after: None,
        }
    }

    fn retry(code: &'static str, status: StatusCode, message: String, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::new(status, code, message)
        }
    }

    fn with(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Something failed inside: logged here, once, and not told.
    pub(super) fn inside(error: &(dyn std::error::Error + 'static)) -> Self {
        let chain = chain(error);
        tracing::error!(error = chain, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something failed inside the server; try again later",
        )
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "auth.token",
            "The token is missing, not valid, or its session is over; sign in again",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            status_code: self.status.as_u16(),
            error: self.status.canonical_reason().unwrap_or("Error"),
            message: self.message,
            code: self.code,
            details: self.details,
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(
                header::RETRY_AFTER,
                HeaderValue::from(after.as_secs().max(1)),
            );
        }
        response
    }
}

/// Answers a method that a path does not have.
pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "This path does not take this method; see /api-docs",
    )
}

/// Answers a request that took too long.
pub(super) fn too_slow() -> ApiError {
    let message = "The request did not arrive or could not be served in time; try again";
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "slow", message)
}

/// Answers for a handler that panicked. The panic hook has logged where.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something failed inside the server; try again later",
    )
    .into_response()
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let faults = invalid.faults();
        let details = faults
            .iter()
            .map(|fault| json!({"field": fault.field, "code": fault.code}))
            .collect::<Vec<_>>();
        Self {
            status: StatusCode::BAD_REQUEST,
            code: if let [only] = faults {
                only.code
            } else {
                "invalid"
            },
            message: Sentences::Many(faults.iter().map(|fault| fault.message.clone()).collect()),
            details: Some(json!({ "faults": details })),
            retry_after: None,
        }
    }
}

impl From<Throttled> for ApiError {
    fn from(error: Throttled) -> Self {
        Self::retry(
            "throttled",
            StatusCode::TOO_MANY_REQUESTS,
            sentence(&error),
            error.retry_after,
        )
    }
}

fn busy(error: crate::service::Busy) -> ApiError {
    ApiError::retry(
        "busy",
        StatusCode::SERVICE_UNAVAILABLE,
        sentence(&error),
        error.retry_after,
    )
}

/// An error's text as a sentence of its own.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::WrongCredentials => Self::new(
                StatusCode::UNAUTHORIZED,
                "auth.credentials",
                sentence(&error),
            ),
            AuthError::BadToken => Self::unauthorized(),
            AuthError::Busy(error) => busy(error),
            AuthError::Store(_) | AuthError::Panicked(_) => Self::inside(&error),
        }
    }
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        let bad = |code| Self::new(StatusCode::BAD_REQUEST, code, sentence(&error));
        match &error {
            RegisterError::UnknownInvite => bad("invite.unknown"),
            RegisterError::ExpiredInvite => bad("invite.expired"),
            RegisterError::UsedInvite => bad("invite.used"),
            RegisterError::NameTaken { suggestion } => {
                Self::new(StatusCode::CONFLICT, "name.taken", sentence(&error))
                    .with(json!({"suggestion": suggestion.as_str()}))
            }
            RegisterError::Busy(error) => busy(*error),
            RegisterError::Store(_) | RegisterError::Panicked(_) => Self::inside(&error),
        }
    }
}

impl From<InviteError> for ApiError {
    fn from(error: InviteError) -> Self {
        let bad = |code| Self::new(StatusCode::BAD_REQUEST, code, sentence(&error));
        match &error {
            InviteError::NotAdmin => {
                Self::new(StatusCode::FORBIDDEN, "not_admin", sentence(&error))
            }
            InviteError::Unknown => bad("invite.unknown"),
            InviteError::Expired => bad("invite.expired"),
            InviteError::UsedUp => bad("invite.used"),
            InviteError::Store(_) => Self::inside(&error),
        }
    }
}

impl From<PeopleError> for ApiError {
    fn from(error: PeopleError) -> Self {
        match &error {
            PeopleError::NotFound => {
                Self::new(StatusCode::NOT_FOUND, "user.unknown", sentence(&error))
            }
            PeopleError::Forbidden => {
                Self::new(StatusCode::FORBIDDEN, "not_allowed", sentence(&error))
            }
            PeopleError::NotAdmin => {
                Self::new(StatusCode::FORBIDDEN, "not_admin", sentence(&error))
            }
            PeopleError::LastAdmin => {
                Self::new(StatusCode::FORBIDDEN, "user.last_admin", sentence(&error))
            }
            PeopleError::NameTaken => {
                Self::new(StatusCode::CONFLICT, "name.taken", sentence(&error))
            }
            PeopleError::Busy(error) => busy(*error),
            PeopleError::Store(_) | PeopleError::Panicked(_) => Self::inside(&error),
        }
    }
}

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        let (status, code) = match &error {
            ChatError::NotFound => (StatusCode::NOT_FOUND, "chat.unknown"),
            ChatError::NoSuchUser => (StatusCode::NOT_FOUND, "user.unknown"),
            ChatError::NotParticipant => (StatusCode::FORBIDDEN, "chat.not_participant"),
            ChatError::FamilyStays => (StatusCode::FORBIDDEN, "chat.family"),
            ChatError::WithSelf => (StatusCode::BAD_REQUEST, "chat.self"),
            ChatError::TooMany => (StatusCode::BAD_REQUEST, "chat.too_many"),
            ChatError::Store(_) | ChatError::Panicked(_) => return Self::inside(&error),
        };
        Self::new(status, code, sentence(&error))
    }
}

impl From<RelayRefused> for ApiError {
    fn from(error: RelayRefused) -> Self {
        match &error {
            RelayRefused::NotAdmin => {
                Self::new(StatusCode::FORBIDDEN, "not_admin", sentence(&error))
            }
            RelayRefused::NoSuchAllocation => Self::new(
                StatusCode::NOT_FOUND,
                "allocation.unknown",
                sentence(&error),
            ),
            RelayRefused::Busy(_) => {
                let (status, soon) = (StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(1));
                Self::retry("busy", status, sentence(&error), soon)
            }
            RelayRefused::Store(_) => Self::inside(&error),
        }
    }
}

impl From<CallRefused> for ApiError {
    fn from(error: CallRefused) -> Self {
        let status = match &error {
            CallRefused::Overrun | CallRefused::PeerAway => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return Self::retry(
                    error.code(),
                    status,
                    sentence(&error),
                    Duration::from_secs(1),
                );
            }
            CallRefused::Stopping => {
                let (status, later) = (StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(60));
                return Self::retry(error.code(), status, sentence(&error), later);
            }
            CallRefused::NotFound | CallRefused::NoSuchUser | CallRefused::NoSuchChat => {
                StatusCode::NOT_FOUND
            }
            CallRefused::Busy
            | CallRefused::Already
            | CallRefused::StillLive
            | CallRefused::PeerTooOld => StatusCode::CONFLICT,
            CallRefused::NotAdmin | CallRefused::NotInChat => StatusCode::FORBIDDEN,
            CallRefused::Group(refusal) => of_group(*refusal),
            CallRefused::Room(refusal) => of_room(*refusal),
            CallRefused::TooManyReports => StatusCode::TOO_MANY_REQUESTS,
            CallRefused::SignedOut => StatusCode::UNAUTHORIZED,
            CallRefused::WithSelf => StatusCode::BAD_REQUEST,
            CallRefused::Refused(CallError::Forbidden) => StatusCode::FORBIDDEN,
            CallRefused::Refused(
                CallError::NotRinging
                | CallError::Ended
                | CallError::AnsweredElsewhere
                | CallError::OtherDevice
                | CallError::NotAccepted
                | CallError::TooMuch,
            ) => StatusCode::BAD_REQUEST,
            CallRefused::Store(_) | CallRefused::Panicked(_) => return Self::inside(&error),
        };
        Self::new(status, error.code(), sentence(&error))
    }
}

const fn of_group(refusal: GroupRefusal) -> StatusCode {
    match refusal {
        GroupRefusal::Ended | GroupRefusal::Full { .. } => StatusCode::CONFLICT,
        GroupRefusal::Locked
        | GroupRefusal::Removed
        | GroupRefusal::NotModerator
        | GroupRefusal::Declined
        | GroupRefusal::Stranger => StatusCode::FORBIDDEN,
        GroupRefusal::NoSuchParticipant => StatusCode::NOT_FOUND,
        GroupRefusal::TooMuch => StatusCode::TOO_MANY_REQUESTS,
    }
}

const fn of_room(refusal: RoomRefusal) -> StatusCode {
    match refusal {
        RoomRefusal::Full { .. }
        | RoomRefusal::TooManyPublications { .. }
        | RoomRefusal::TooManyLayers { .. }
        | RoomRefusal::StaleAnswer => StatusCode::CONFLICT,
        RoomRefusal::NoSuchParticipant => StatusCode::NOT_FOUND,
        RoomRefusal::BadDescription(_) => StatusCode::BAD_REQUEST,
        RoomRefusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
