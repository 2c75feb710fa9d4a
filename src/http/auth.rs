//! `/auth`: signing in, refreshing, signing out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Origin, Signed};
use super::field::{Faults, Field};
use crate::domain::UserId;
use crate::service::SignedIn;

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub(super) struct LoginBody {
    #[serde(default)]
    #[schema(value_type = String, example = "Анна")]
    username: Field<String>,
    #[serde(default)]
    #[schema(value_type = String, format = Password)]
    password: Field<String>,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
pub(super) struct RefreshBody {
    #[serde(default)]
    #[schema(value_type = String)]
    refresh_token: Field<String>,
}

/// Who signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    id: UserId,
    username: String,
    is_admin: bool,
}

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct TokensBody {
    access_token: String,
    refresh_token: String,
    /// Seconds the access token lives from now.
    expires_in: u64,
    /// Seconds the refresh token lives from now.
    refresh_expires_in: u64,
    user: Me,
}

/// A sentence.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageBody {
    #[schema(value_type = String)]
    pub(super) message: &'static str,
}

impl From<SignedIn> for TokensBody {
    fn from(signed: SignedIn) -> Self {
        Self {
            access_token: signed.access,
            refresh_token: signed.refresh,
            expires_in: signed.access_lifetime.as_secs(),
            refresh_expires_in: signed.refresh_lifetime.as_secs(),
            user: Me {
                id: signed.user.id,
                username: signed.user.name.to_string(),
                is_admin: signed.user.is_admin,
            },
        }
    }
}

/// Signs in on a new device.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = LoginBody, security(()), responses(
    (status = 200, body = TokensBody),
    (status = 400, body = ErrorBody, description = "A field is missing or of the wrong type"),
    (status = 401, body = ErrorBody, description = "The name or the password is wrong"),
    (status = 429, body = ErrorBody, description = "Too many attempts from this address; see Retry-After"),
    (status = 503, body = ErrorBody, description = "Too many sign-ins at once; see Retry-After"),
))]
pub(super) async fn login(
    State(app): State<Shared>,
    from: Origin,
    headers: HeaderMap,
    Body(body): Body<LoginBody>,
) -> Result<Json<TokensBody>, ApiError> {
    app.logins.attempt(from.address)?;
    let mut faults = Faults::default();
    let name = faults.required(body.username, "username", "a string");
    let password = faults.required(body.password, "password", "a string");
    let (name, password) = faults.finish(name.zip(password))?;
    let label = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or("");
    Ok(Json(app.auth.login(&name, password, label).await?.into()))
}

/// Gives a new pair of tokens. The old refresh token stays good until the new one is used, and a minute longer.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = RefreshBody, security(()), responses(
    (status = 200, body = TokensBody),
    (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody, description = "The session is over: sign in again"),
))]
pub(super) async fn refresh(
    State(app): State<Shared>,
    Body(body): Body<RefreshBody>,
) -> Result<Json<TokensBody>, ApiError> {
    let mut faults = Faults::default();
    let token = faults.required(body.refresh_token, "refresh_token", "a string");
    let token = faults.finish(token)?;
    Ok(Json(app.auth.refresh(&token).await?.into()))
}

/// Signs out: the session's tokens, sockets and relays end.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses((status = 200, body = MessageBody), (status = 401, body = ErrorBody)))]
pub(super) async fn logout(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<Json<MessageBody>, ApiError> {
    app.auth.logout(&actor).await?;
    Ok(Json(MessageBody {
        message: "Signed out",
    }))
}
