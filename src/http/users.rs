//! `/users`: registering, people, accounts, push tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::auth::MessageBody;
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Id, Origin, Signed};
use super::field::{Faults, Field};
use crate::domain::{Invalid, InviteCode, Password, UnixMillis, UserId, UserName};
use crate::service::RegisterError;
use crate::wire::User;

/// Longest push token kept, in bytes.
const PUSH_TOKEN: usize = 4096;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RegisterBody {
    /// 1 to 40 characters. Names that look alike are one name.
    #[serde(default)]
    #[schema(value_type = String, max_length = 40)]
    username: Field<String>,
    #[serde(default)]
    #[schema(value_type = String, min_length = 6, format = Password)]
    password: Field<String>,
    #[serde(default)]
    #[schema(value_type = String)]
    invitation_code: Field<String>,
}

/// What to change of an account.
#[derive(Deserialize, ToSchema)]
pub(super) struct UpdateBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40)]
    username: Field<String>,
    /// A new one ends all other sessions of the account.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 6, format = Password)]
    password: Field<String>,
}

/// What an account may do.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleBody {
    #[serde(default)]
    #[schema(value_type = bool)]
    is_admin: Field<bool>,
}

/// A push token of Firebase.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PushBody {
    #[serde(default)]
    #[schema(value_type = String)]
    fcm_token: Field<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    platform: Field<String>,
}

/// Whether somebody is there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PresenceBody {
    user_id: UserId,
    online: bool,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_seen_at: Option<UnixMillis>,
    in_call: bool,
}

/// Makes an account with an invitation. The first one becomes the administrator.
#[utoipa::path(post, path = "/users/register", tag = "users", request_body = RegisterBody, security(()), responses(
    (status = 201, body = User),
    (status = 400, body = ErrorBody, description = "Bad data, or the invitation is unknown, expired or used up"),
    (status = 409, body = ErrorBody, description = "The name is taken; `details.suggestion` is free"),
    (status = 429, body = ErrorBody), (status = 503, body = ErrorBody),
))]
pub(super) async fn register(
    State(app): State<Shared>,
    from: Origin,
    Body(body): Body<RegisterBody>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    app.invitations.attempt(from.address)?;
    let mut faults = Faults::default();
    let name = faults
        .required(body.username, "username", "a string")
        .map(|text| UserName::parse(&text));
    let name = name.and_then(|name| faults.parsed(name));
    let password = faults
        .required(body.password, "password", "a string")
        .map(Password::choose);
    let password = password.and_then(|password| faults.parsed(password));
    let code = faults
        .required(body.invitation_code, "invitationCode", "a string")
        .map(|text| InviteCode::parse(&text));
    let code = code.and_then(|code| faults.parsed(code));
    let ((name, password), code) = faults.finish(name.zip(password).zip(code))?;
    allowed(&app, &from, &code)?;
    let user = app.auth.register(name, password, code).await?;
    Ok((StatusCode::CREATED, Json(User::from(&user))))
}

/// In a local run the invitation that everybody knows works for requests made on this machine alone.
pub(super) fn allowed(app: &Shared, from: &Origin, code: &InviteCode) -> Result<(), RegisterError> {
    if app.rules.local_invite.as_deref() == Some(code.as_str()) && !from.direct {
        return Err(RegisterError::UnknownInvite);
    }
    Ok(())
}

/// Returns the caller's account.
#[utoipa::path(get, path = "/users/profile", tag = "users", responses((status = 200, body = User), (status = 401, body = ErrorBody)))]
pub(super) async fn profile(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<Json<User>, ApiError> {
    Ok(Json(User::from(&app.people.get(actor.user).await?)))
}

/// Returns everybody but the caller.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = Vec<User>), (status = 401, body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<Json<Vec<User>>, ApiError> {
    Ok(Json(
        app.people
            .others(&actor)
            .await?
            .iter()
            .map(User::from)
            .collect(),
    ))
}

/// Says who is online, when the others were here last, and who is in a call.
#[utoipa::path(get, path = "/users/presence", tag = "users", responses((status = 200, body = Vec<PresenceBody>), (status = 401, body = ErrorBody)))]
pub(super) async fn presence(
    State(app): State<Shared>,
    _: Signed,
) -> Result<Json<Vec<PresenceBody>>, ApiError> {
    let body = |presence: crate::service::Presence| PresenceBody {
        user_id: presence.user,
        online: presence.online,
        last_seen_at: presence.last_seen_at,
        in_call: presence.in_call,
    };
    Ok(Json(
        app.people.presence().await?.into_iter().map(body).collect(),
    ))
}

/// Returns an account.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = Uuid, Path)), responses(
    (status = 200, body = User), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn get(
    State(app): State<Shared>,
    _: Signed,
    Id(id): Id<UserId>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(User::from(&app.people.get(id).await?)))
}

/// Changes one's own account, or as administrator any.
#[utoipa::path(put, path = "/users/{id}", tag = "users", params(("id" = Uuid, Path)), request_body = UpdateBody, responses(
    (status = 200, body = User), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
))]
pub(super) async fn update(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<UserId>,
    Body(body): Body<UpdateBody>,
) -> Result<Json<User>, ApiError> {
    let mut faults = Faults::default();
    let name = faults
        .optional(body.username, "username", "a string")
        .map(|text| UserName::parse(&text));
    let name = name.and_then(|name| faults.parsed(name));
    let password = faults
        .optional(body.password, "password", "a string")
        .map(Password::choose);
    let password = password.and_then(|password| faults.parsed(password));
    faults.finish(Some(()))?;
    Ok(Json(User::from(
        &app.people.update(&actor, id, name, password).await?,
    )))
}

/// Removes one's own account, or as administrator any.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn remove(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<UserId>,
) -> Result<StatusCode, ApiError> {
    app.people.remove(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an account an administrator, or one no longer (administrators).
#[utoipa::path(put, path = "/users/{id}/role", tag = "users", params(("id" = Uuid, Path)), request_body = RoleBody, responses(
    (status = 200, body = User), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody, description = "`user.last_admin`: the others would be left without one"), (status = 404, body = ErrorBody),
))]
pub(super) async fn role(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<UserId>,
    Body(body): Body<RoleBody>,
) -> Result<Json<User>, ApiError> {
    let mut faults = Faults::default();
    let is_admin = faults.required(body.is_admin, "isAdmin", "true or false");
    let is_admin = faults.finish(is_admin)?;
    let user = app.people.set_role(&actor, id, is_admin).await?;
    Ok(Json(User::from(&user)))
}

/// Keeps the Firebase token of the caller's device.
#[utoipa::path(post, path = "/users/fcm-token", tag = "users", request_body = PushBody, responses(
    (status = 200, body = MessageBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
))]
pub(super) async fn push(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Body(body): Body<PushBody>,
) -> Result<Json<MessageBody>, ApiError> {
    let mut faults = Faults::default();
    let platform = faults
        .optional(body.platform, "platform", "a string")
        .unwrap_or_else(|| "fcm".into());
    let token = faults.required(body.fcm_token, "fcmToken", "a string");
    let token = token.and_then(|token| faults.parsed(visible(token, "fcmToken")));
    let platform = faults.parsed(visible(platform, "platform"));
    let (token, platform) = faults.finish(token.zip(platform))?;
    app.people.set_push(&actor, &platform, &token).await?;
    Ok(Json(MessageBody { message: "Saved" }))
}

/// Keeps the Firebase token of the caller's device, under the name the deployed clients expect later.
#[utoipa::path(post, path = "/notifications/register", tag = "users", request_body = PushBody, responses(
    (status = 201, body = MessageBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
))]
pub(super) async fn register_push(
    app: State<Shared>,
    actor: Signed,
    body: Body<PushBody>,
) -> Result<(StatusCode, Json<MessageBody>), ApiError> {
    Ok((StatusCode::CREATED, push(app, actor, body).await?))
}

fn visible(text: String, field: &'static str) -> Result<String, Invalid> {
    if text.is_empty() || text.len() > PUSH_TOKEN || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!("{field} must be 1 to {PUSH_TOKEN} visible ASCII characters");
        return Err(Invalid::one(field, "push.bad", message));
    }
    Ok(text)
}
