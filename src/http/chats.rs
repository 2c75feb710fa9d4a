//! `/chats` and `/messages`: chats, history, changes, posting, read marks.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Id, Numbers, Paging, Signed};
use super::field::{Faults, Field};
use crate::domain::{ChatId, ClientId, Content, Page, UserId};
use crate::wire::{Change, Chat, Message};

/// Whom to chat with.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrivateBody {
    #[serde(default)]
    #[schema(value_type = Uuid)]
    target_user_id: Field<UserId>,
}

/// A message to post.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendBody {
    #[serde(default)]
    #[schema(value_type = String)]
    content: Field<String>,
    /// The client's own name for it: the same one again posts nothing new.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    client_id: Field<String>,
}

/// Up to where one has read.
#[derive(Deserialize, ToSchema)]
pub(super) struct ReadBody {
    #[serde(default)]
    #[schema(value_type = i64)]
    seq: Field<i64>,
}

/// A read mark.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadMark {
    read_seq: i64,
    unread_count: i64,
}

/// Part of a chat's history, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct History {
    messages: Vec<Message>,
    /// There are earlier ones.
    more: bool,
}

/// What changed, in order of `rev`.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangesBody {
    /// The chat's last change.
    rev: i64,
    changes: Vec<Change>,
    /// There is more after the last of them.
    more: bool,
}

/// Lists the caller's chats, the last touched first.
#[utoipa::path(get, path = "/chats", tag = "chats", responses((status = 200, body = Vec<Chat>), (status = 401, body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<Json<Vec<Chat>>, ApiError> {
    Ok(Json(
        app.chats
            .list(&actor)
            .await?
            .iter()
            .map(Chat::from)
            .collect(),
    ))
}

/// Finds or makes the private chat with somebody.
#[utoipa::path(post, path = "/chats/private", tag = "chats", request_body = PrivateBody, responses(
    (status = 201, body = Chat), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn private(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Body(body): Body<PrivateBody>,
) -> Result<(StatusCode, Json<Chat>), ApiError> {
    let mut faults = Faults::default();
    let target = faults.required(body.target_user_id, "targetUserId", "a UUID");
    let target = faults.finish(target)?;
    Ok((
        StatusCode::CREATED,
        Json(Chat::from(&app.chats.private(&actor, target).await?)),
    ))
}

/// Hides a chat with all that is in it from the caller, until something new is posted. The family chat stays.
#[utoipa::path(delete, path = "/chats/{chatId}", tag = "chats", params(("chatId" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn hide(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<ChatId>,
) -> Result<StatusCode, ApiError> {
    app.chats.hide(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns messages of the newest `limit` after skipping `offset`, oldest first. With `offset` 0 they count as read.
#[utoipa::path(get, path = "/messages/{chatId}", tag = "chats",
    params(("chatId" = Uuid, Path), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)), responses(
    (status = 200, body = Vec<Message>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn messages(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<ChatId>,
    Paging(page): Paging,
) -> Result<Json<Vec<Message>>, ApiError> {
    Ok(Json(
        app.chats
            .history(&actor, id, page)
            .await?
            .iter()
            .map(Message::from)
            .collect(),
    ))
}

/// Returns the newest messages with `seq < before`, oldest first.
#[utoipa::path(get, path = "/chats/{chatId}/messages", tag = "chats",
    params(("chatId" = Uuid, Path), ("before" = Option<i64>, Query), ("limit" = Option<i64>, Query)), responses(
    (status = 200, body = History), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn history(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<ChatId>,
    numbers: Numbers,
) -> Result<Json<History>, ApiError> {
    let limit = Page::parse(numbers.get("limit")?, None)?.limit;
    let (messages, more) = app
        .chats
        .before(&actor, id, numbers.get("before")?, limit)
        .await?;
    Ok(Json(History {
        messages: messages.iter().map(Message::from).collect(),
        more,
    }))
}

/// Returns what changed after `rev` = `after`.
#[utoipa::path(get, path = "/chats/{chatId}/changes", tag = "chats",
    params(("chatId" = Uuid, Path), ("after" = Option<i64>, Query), ("limit" = Option<i64>, Query)), responses(
    (status = 200, body = ChangesBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn changes(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<ChatId>,
    numbers: Numbers,
) -> Result<Json<ChangesBody>, ApiError> {
    let limit = Page::parse(numbers.get("limit")?.or(Some(Page::MAX)), None)?.limit;
    let found = app
        .chats
        .changes(&actor, id, numbers.get("after")?.unwrap_or(0), limit)
        .await?;
    let changes = found.changes.iter().map(Change::from).collect();
    Ok(Json(ChangesBody {
        rev: found.rev,
        changes,
        more: found.more,
    }))
}

/// Posts a message.
#[utoipa::path(post, path = "/chats/{chatId}/messages", tag = "chats", params(("chatId" = Uuid, Path)), request_body = SendBody, responses(
    (status = 201, body = Message),
    (status = 200, body = Message, description = "It had been posted before under this `clientId`"),
    (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn send(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<ChatId>,
    Body(body): Body<SendBody>,
) -> Result<(StatusCode, Json<Message>), ApiError> {
    let mut faults = Faults::default();
    let content = faults.required(body.content, "content", "a string");
    let content =
        content.and_then(|text| faults.parsed(Content::parse(&text, app.rules.message_limit)));
    let client_id = faults
        .optional(body.client_id, "clientId", "a string")
        .map(|text| ClientId::parse(&text));
    let client_id = client_id.and_then(|client_id| faults.parsed(client_id));
    let content = faults.finish(content)?;
    let sent = app.chats.send(&actor, id, content, client_id).await?;
    let status = if sent.repeated {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(Message::from(sent.message.as_ref()))))
}

/// Moves the caller's read mark forward.
#[utoipa::path(post, path = "/chats/{chatId}/read", tag = "chats", params(("chatId" = Uuid, Path)), request_body = ReadBody, responses(
    (status = 200, body = ReadMark), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(super) async fn read(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<ChatId>,
    Body(body): Body<ReadBody>,
) -> Result<Json<ReadMark>, ApiError> {
    let mut faults = Faults::default();
    let seq = faults.required(body.seq, "seq", "a whole number");
    let seq = faults.finish(seq)?;
    let marked = app.chats.mark_read(&actor, id, seq).await?;
    Ok(Json(ReadMark {
        read_seq: marked.read_seq,
        unread_count: marked.unread,
    }))
}
