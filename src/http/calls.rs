//! `/calls`: starting, answering, ending, history, ICE servers.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::auth::MessageBody;
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Id, Paging, Signed, Words};
use super::field::{Faults, Field};
use crate::domain::{Before, CallId, CallKind, ClientReport, Command, Invalid, UnixMillis, UserId};
use crate::service::TransportPolicy;
use crate::wire::{Call, CallEntry, CallExplanation};

/// Whom to call.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InitiateBody {
    #[serde(default)]
    #[schema(value_type = Uuid)]
    target_user_id: Field<UserId>,
    #[serde(default, rename = "type")]
    #[schema(value_type = crate::wire::CallKind)]
    kind: Field<String>,
}

/// What to do with a ringing call.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RespondBody {
    #[serde(default)]
    #[schema(value_type = Uuid)]
    call_id: Field<CallId>,
    /// `accept` or `reject`.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^(accept|reject)$")]
    action: Field<String>,
}

/// An ICE server, as `RTCIceServer` has it.
#[derive(Serialize, ToSchema)]
pub(super) struct IceServer {
    urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    /// Seconds until the credential is refused for new allocations.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
}

/// Which candidates may be used, as `RTCConfiguration` has it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum IceTransportPolicy {
    /// Any.
    All,
    /// Relayed ones alone.
    Relay,
}

/// To be used whole as `RTCConfiguration`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RtcConfiguration {
    ice_servers: Vec<IceServer>,
    ice_transport_policy: IceTransportPolicy,
}

/// Calls somebody.
#[utoipa::path(post, path = "/calls/initiate", tag = "calls", request_body = InitiateBody, responses(
    (status = 201, body = Call), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody, description = "`call.busy`: the other is in a call; `call.already`: the caller is, on another device"),
))]
pub(super) async fn initiate(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Body(body): Body<InitiateBody>,
) -> Result<(StatusCode, Json<Call>), ApiError> {
    let mut faults = Faults::default();
    let target = faults.required(body.target_user_id, "targetUserId", "a UUID");
    let kind = faults.required(body.kind, "type", "\"voice\" or \"video\"");
    let kind = kind.and_then(|text| {
        CallKind::parse(&text).or_else(|| {
            faults.add(
                "type",
                "call.type",
                "type must be one of the following values: voice, video".into(),
            )
        })
    });
    let (target, kind) = faults.finish(target.zip(kind))?;
    Ok((
        StatusCode::CREATED,
        Json(Call::from(&app.calls.initiate(&actor, target, kind).await?)),
    ))
}

/// Accepts or declines a ringing call (its receiver).
#[utoipa::path(post, path = "/calls/respond", tag = "calls", request_body = RespondBody, responses(
    (status = 200, body = Call), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn respond(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Body(body): Body<RespondBody>,
) -> Result<Json<Call>, ApiError> {
    let mut faults = Faults::default();
    let id = faults.required(body.call_id, "callId", "a UUID");
    let (user, session) = (actor.user, actor.session);
    let command = match faults
        .required(body.action, "action", "\"accept\" or \"reject\"")
        .as_deref()
    {
        Some("accept") => Some(Command::Accept {
            user,
            session,
            socket: None,
        }),
        Some("reject") => Some(Command::Reject { user, socket: None }),
        Some(_) => faults.add(
            "action",
            "call.action",
            "action must be one of the following values: accept, reject".into(),
        ),
        None => None,
    };
    let (id, command) = faults.finish(id.zip(command))?;
    Ok(Json(Call::from(
        &app.calls.command(id, command).await?.call,
    )))
}

/// Hangs up.
#[utoipa::path(post, path = "/calls/{callId}/end", tag = "calls", params(("callId" = Uuid, Path)), responses(
    (status = 200, body = Call), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn end(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<CallId>,
) -> Result<Json<Call>, ApiError> {
    let command = Command::End {
        user: actor.user,
        socket: None,
    };
    Ok(Json(Call::from(
        &app.calls.command(id, command).await?.call,
    )))
}

/// Returns the caller's calls between two, newest first.
#[utoipa::path(get, path = "/calls/history", tag = "calls", params(("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200, body = Vec<Call>), (status = 401, body = ErrorBody)))]
pub(super) async fn history(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Paging(page): Paging,
) -> Result<Json<Vec<Call>>, ApiError> {
    Ok(Json(
        app.calls
            .history(&actor, page)
            .await?
            .iter()
            .map(Call::from)
            .collect(),
    ))
}

/// Returns the caller's calls between two that ring or go on.
#[utoipa::path(get, path = "/calls/active", tag = "calls", responses((status = 200, body = Vec<Call>), (status = 401, body = ErrorBody)))]
pub(super) async fn active(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<Json<Vec<Call>>, ApiError> {
    Ok(Json(
        app.calls
            .active(&actor)
            .await?
            .iter()
            .map(Call::from)
            .collect(),
    ))
}

/// One page of the history of calls.
#[derive(Serialize, ToSchema)]
pub(super) struct CallLog {
    /// Newest first.
    calls: Vec<CallEntry>,
    /// There are older ones.
    more: bool,
}

/// Returns the caller's calls of both forms, newest first: with `before` those older than that call or time.
#[utoipa::path(get, path = "/calls/log", tag = "calls", params(
    ("before" = Option<String>, Query, description = "The id of a call, or a time as RFC 3339 has it"),
    ("limit" = Option<i64>, Query, description = "At most 200; without it 50"),
), responses((status = 200, body = CallLog), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub(super) async fn log(
    State(app): State<Shared>,
    Signed(actor): Signed,
    words: Words,
    Paging(page): Paging,
) -> Result<Json<CallLog>, ApiError> {
    let before = words.get("before").map(before).transpose()?;
    let (calls, more) = app.calls.log(&actor, before, page.limit).await?;
    let calls = calls.iter().map(CallEntry::from).collect();
    Ok(Json(CallLog { calls, more }))
}

fn before(text: &str) -> Result<Before, Invalid> {
    let time = || UnixMillis::parse(text).map(Before::Time);
    let call = text.parse().ok().map(Before::Call);
    call.or_else(time).ok_or_else(|| {
        let must = "before must be the id of a call or a time (RFC 3339)";
        Invalid::one("before", "type", must)
    })
}

/// Returns one call of either form that the caller has to do with.
#[utoipa::path(get, path = "/calls/log/{callId}", tag = "calls", params(("callId" = Uuid, Path)), responses(
    (status = 200, body = CallEntry), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn log_entry(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<CallId>,
) -> Result<Json<CallEntry>, ApiError> {
    let entry = app.calls.log_entry(&actor, id).await?;
    Ok(Json(CallEntry::from(&entry)))
}

/// Issues ICE servers. The answer is a whole `RTCConfiguration`.
#[utoipa::path(get, path = "/calls/webrtc-config", tag = "calls", responses(
    (status = 200, body = RtcConfiguration), (status = 401, body = ErrorBody),
))]
pub(super) async fn webrtc_config(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<impl IntoResponse, ApiError> {
    let unavailable = || {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Sign out and in again, then call",
        )
    };
    let ice = app.ice.config(&actor).ok_or_else(unavailable)?;
    let body = RtcConfiguration {
        ice_servers: vec![
            IceServer {
                urls: vec![ice.stun],
                username: None,
                credential: None,
                ttl: None,
            },
            IceServer {
                urls: ice.turn,
                username: Some(ice.username),
                credential: Some(ice.credential),
                ttl: Some(ice.lifetime.as_secs()),
            },
        ],
        ice_transport_policy: match ice.policy {
            TransportPolicy::All => IceTransportPolicy::All,
            TransportPolicy::Relay => IceTransportPolicy::Relay,
        },
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)))
}

/// Says why a call of either form went as it did (its people, and administrators).
#[utoipa::path(get, path = "/calls/{callId}/explanation", tag = "calls", params(("callId" = Uuid, Path)), responses(
    (status = 200, body = CallExplanation), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn explanation(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<CallId>,
) -> Result<Json<CallExplanation>, ApiError> {
    let story = app.calls.story(&actor, id).await?;
    Ok(Json(CallExplanation::from(&story)))
}

/// Tells what this device saw of a call until now (its people). A later report says all of an earlier one again.
#[utoipa::path(post, path = "/calls/{callId}/report", tag = "calls", params(("callId" = Uuid, Path)), request_body = ClientReport, responses(
    (status = 204), (status = 400, body = ErrorBody, description = "It breaks a bound, or has what a report has not; `call.ended`: an hour ago"),
    (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 429, body = ErrorBody, description = "`call.too_much`: this call has been told of often enough"),
))]
pub(super) async fn report(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<CallId>,
    Body(report): Body<ClientReport>,
) -> Result<StatusCode, ApiError> {
    app.calls.report(&actor, id, report.bounded()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a call between two (its participants).
#[utoipa::path(get, path = "/calls/{callId}", tag = "calls", params(("callId" = Uuid, Path)), responses(
    (status = 200, body = Call), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn get(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<CallId>,
) -> Result<Json<Call>, ApiError> {
    Ok(Json(Call::from(&app.calls.get(&actor, id).await?)))
}

/// Removes a call that is over from the history (administrators).
#[utoipa::path(delete, path = "/calls/{callId}", tag = "calls", params(("callId" = Uuid, Path)), responses(
    (status = 200, body = MessageBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody, description = "`call.live`: it is not over"),
))]
pub(super) async fn delete(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<CallId>,
) -> Result<Json<MessageBody>, ApiError> {
    app.calls.delete(&actor, id).await?;
    Ok(Json(MessageBody { message: "Deleted" }))
}
