//! What clients send on `/`.

use serde::Serialize;
use serde_json::Value;

use super::Gateway;
use super::session::{Answer, Refusal, Speaker};
use crate::domain::{ChatName, ClientId, Content, Invalid, Page};
use crate::service::ChatError;
use crate::wire;

/// Most messages in one answer: with the longest texts it is still a few megabytes.
const MESSAGES: i64 = 100;

impl From<ChatError> for Refusal {
    fn from(error: ChatError) -> Self {
        let code = match &error {
            ChatError::NotFound => "chat.unknown",
            ChatError::NoSuchUser => "user.unknown",
            ChatError::NotParticipant => "chat.not_participant",
            ChatError::WithSelf => "chat.self",
            ChatError::TooMany => "chat.too_many",
            ChatError::FamilyStays => "chat.family",
            ChatError::Store(_) | ChatError::Panicked(_) => return Self::inside(&error),
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let code = if let [only] = invalid.faults() {
            only.code
        } else {
            "invalid"
        };
        Self {
            code,
            message: invalid.to_string(),
        }
    }
}

impl Refusal {
    /// Something failed inside: logged here, and not told.
    pub(super) fn inside(error: &dyn std::error::Error) -> Self {
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%error, source, "an event could not be served");
        Self {
            code: "internal",
            message: "something failed inside the server; try again later".into(),
        }
    }
}

/// Serves one event.
pub(super) async fn handle(
    gateway: &Gateway,
    speaker: &Speaker,
    name: &str,
    data: &Value,
) -> Result<Answer, Refusal> {
    let actor = &speaker.actor;
    match name {
        "getChats" => {
            let chats = gateway.chats.list(actor).await?;
            answer(
                "userChats",
                &chats.iter().map(wire::Chat::from).collect::<Vec<_>>(),
            )
        }
        "createChat" => {
            let name = ChatName::parse(text(data, "name")?)?;
            let others = ids(data, "participantIds")?;
            let chat = gateway.chats.group(actor, name, others).await?;
            if speaker.legacy {
                // Every participant hears `chatCreated`, its maker too.
                return Ok(Answer::Nothing);
            }
            answer("chatCreated", &wire::Chat::from(&chat))
        }
        "sendMessage" => {
            let chat = id(data, "chatId")?;
            let content = Content::parse(text(data, "content")?, gateway.message_limit)?;
            let client_id = match data.get("clientId") {
                None | Some(Value::Null) => None,
                Some(_) => Some(ClientId::parse(text(data, "clientId")?)?),
            };
            let sent = gateway.chats.send(actor, chat, content, client_id).await?;
            answer("messageSent", &wire::Message::from(sent.message.as_ref()))
        }
        "getMessages" => {
            let page = Page::parse(number(data, "limit")?, number(data, "offset")?)?;
            let page = Page {
                limit: page.limit.min(MESSAGES),
                ..page
            };
            let messages = gateway
                .chats
                .history(actor, id(data, "chatId")?, page)
                .await?;
            answer(
                "chatMessages",
                &messages.iter().map(wire::Message::from).collect::<Vec<_>>(),
            )
        }
        _ => Ok(Answer::Nothing),
    }
}

fn answer(event: &'static str, value: &impl Serialize) -> Result<Answer, Refusal> {
    Ok(Answer::Event(event, to_value(value)?))
}

/// Turns a wire shape into JSON.
pub(super) fn to_value(value: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::inside(&error))
}

/// Returns a member that must be a string.
pub(super) fn text<'a>(data: &'a Value, name: &'static str) -> Result<&'a str, Refusal> {
    data.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| wrong(name, "a string"))
}

/// Returns a member that must be an id.
pub(super) fn id<T: std::str::FromStr>(data: &Value, name: &'static str) -> Result<T, Refusal> {
    text(data, name)?.parse().map_err(|_| wrong(name, "a UUID"))
}

fn ids<T: std::str::FromStr>(data: &Value, name: &'static str) -> Result<Vec<T>, Refusal> {
    let bad = || wrong(name, "a list of UUIDs");
    let items = data.get(name).and_then(Value::as_array).ok_or_else(bad)?;
    items
        .iter()
        .map(|item| {
            item.as_str()
                .and_then(|text| text.parse().ok())
                .ok_or_else(bad)
        })
        .collect()
}

fn number(data: &Value, name: &'static str) -> Result<Option<i64>, Refusal> {
    match data.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| wrong(name, "a whole number")),
    }
}

/// Refuses a member that is not what it must be.
pub(super) fn wrong(name: &'static str, what: &str) -> Refusal {
    Refusal {
        code: "invalid",
        message: format!("{name} must be {what}"),
    }
}
