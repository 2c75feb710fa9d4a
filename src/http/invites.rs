//! `/invitation-codes`: making, listing, checking.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Origin, Signed};
use super::field::{Faults, Field};
use super::users::allowed;
use crate::domain::{InviteCode, UnixMillis};
use crate::wire::Invite;

/// What a code allows.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerateBody {
    /// How many may use it; any number if missing.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 1)]
    usage_limit: Field<i32>,
    /// When it stops working; never if missing.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Field<UnixMillis>,
}

/// A code to check.
#[derive(Deserialize, ToSchema)]
pub(super) struct CheckBody {
    #[serde(default)]
    #[schema(value_type = String)]
    code: Field<String>,
}

/// A code that can be used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckedBody {
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<UnixMillis>,
}

/// Makes a code (administrators).
#[utoipa::path(post, path = "/invitation-codes/generate", tag = "invitations", request_body = GenerateBody, responses(
    (status = 201, body = Invite), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
))]
pub(super) async fn generate(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Body(body): Body<GenerateBody>,
) -> Result<(StatusCode, Json<Invite>), ApiError> {
    let mut faults = Faults::default();
    let limit = faults.optional(body.usage_limit, "usageLimit", "a whole number");
    if limit.is_some_and(|limit| limit < 1) {
        faults.add::<()>(
            "usageLimit",
            "invite.limit",
            "usageLimit must not be less than 1".into(),
        );
    }
    let expires = faults.optional(
        body.expires_at,
        "expiresAt",
        "a time as in 2030-01-31T12:00:00Z",
    );
    if expires.is_some_and(|at| at <= app.clock.now()) {
        faults.add::<()>(
            "expiresAt",
            "invite.expires",
            "expiresAt must lie in the future".into(),
        );
    }
    faults.finish(Some(()))?;
    let invite = app.invites.generate(&actor, limit, expires).await?;
    Ok((StatusCode::CREATED, Json(Invite::from(&invite))))
}

/// Lists all codes, newest first (administrators).
#[utoipa::path(get, path = "/invitation-codes", tag = "invitations", responses(
    (status = 200, body = Vec<Invite>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
))]
pub(super) async fn list(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<Json<Vec<Invite>>, ApiError> {
    Ok(Json(
        app.invites
            .list(&actor)
            .await?
            .iter()
            .map(Invite::from)
            .collect(),
    ))
}

/// Says whether a code can be used, without using it.
#[utoipa::path(post, path = "/invitation-codes/check", tag = "invitations", request_body = CheckBody, security(()), responses(
    (status = 200, body = CheckedBody),
    (status = 400, body = ErrorBody, description = "`invite.unknown`, `invite.expired` or `invite.used`"),
    (status = 429, body = ErrorBody),
))]
pub(super) async fn check(
    State(app): State<Shared>,
    from: Origin,
    Body(body): Body<CheckBody>,
) -> Result<Json<CheckedBody>, ApiError> {
    app.invitations.attempt(from.address)?;
    let mut faults = Faults::default();
    let code = faults
        .required(body.code, "code", "a string")
        .map(|text| InviteCode::parse(&text));
    let code = code.and_then(|code| faults.parsed(code));
    let code = faults.finish(code)?;
    allowed(&app, &from, &code)?;
    Ok(Json(CheckedBody {
        expires_at: app.invites.check(&code).await?.expires_at,
    }))
}
