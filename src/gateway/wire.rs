//! The wire names of events, for deployed clients and for ours.

use serde::Serialize;
use serde_json::{Value, json};

use super::group_wire;
use crate::domain::{CallEvent, Change, Event, SignalKind};
use crate::wire::{self, CallKind, CallStatus};

/// Names an event; `None` if such a client does not know it.
pub(super) fn event(event: &Event, legacy: bool) -> Option<(&'static str, Value)> {
    match event {
        Event::Changed { chat, change } => match (change, legacy) {
            (Change::Message(message), true) => Some((
                "messageReceived",
                value(&wire::Message::from(message.as_ref()))?,
            )),
            (Change::Read { .. }, true) => None,
            (change, false) => Some((
                "change",
                json!({ "chatId": chat, "change": value(&wire::Change::from(change))? }),
            )),
        },
        Event::ChatChanged { chat, created } => match (created, legacy) {
            (true, true) => Some(("chatCreated", value(&wire::Chat::from(chat.as_ref()))?)),
            (false, true) => None,
            (_, false) => Some(("chat_changed", value(&wire::Chat::from(chat.as_ref()))?)),
        },
        Event::ChatRemoved(chat) => (!legacy).then(|| ("chat_removed", json!({ "chatId": chat }))),
        Event::UserChanged(_) if legacy => None,
        Event::UserChanged(user) => {
            Some(("user_changed", value(&wire::User::from(user.as_ref()))?))
        }
        Event::UserRemoved(user) => (!legacy).then(|| ("user_removed", json!({ "id": user }))),
        Event::Online(user) => Some(("userConnected", json!(user))),
        Event::Offline(user) => Some(("userDisconnected", json!(user))),
        Event::SessionEnded(why) => {
            (!legacy).then(|| ("session_ended", json!({ "code": why.code() })))
        }
        Event::Stopping => (!legacy).then(|| ("server_stopping", json!({}))),
        Event::Call(event) => call(event, legacy),
        // Deployed clients know calls between two alone.
        Event::Group(_) if legacy => None,
        Event::Group(event) => group_wire::event(event),
    }
}

fn call(event: &CallEvent, legacy: bool) -> Option<(&'static str, Value)> {
    Some(match event {
        CallEvent::Incoming {
            call,
            from,
            name,
            kind,
            expires_in,
        } => (
            "incoming_call",
            json!({
                "callId": call,
                "remoteUserId": from,
                "callerName": name.as_str(),
                "callType": CallKind::from(*kind),
                "expiresIn": expires_in,
            }),
        ),
        CallEvent::Initiated(call) => ("call_initiated", json!({ "callId": call })),
        CallEvent::Ringing { call, devices } if !legacy => (
            "call_ringing",
            json!({ "callId": call, "devices": devices }),
        ),
        CallEvent::Peer { call, present } if !legacy => (
            "call_peer",
            json!({ "callId": call, "state": if *present { "back" } else { "lost" } }),
        ),
        CallEvent::Ringing { .. } | CallEvent::Peer { .. } => return None,
        CallEvent::Accepted { call, receiver } => (
            "call_accepted",
            json!({ "callId": call, "receiverId": receiver }),
        ),
        CallEvent::Rejected(call) => ("call_rejected", json!({ "callId": call })),
        CallEvent::Ended {
            call,
            reason,
            duration,
        } => (
            "call_ended",
            json!({ "callId": call, "reason": reason.as_str(), "duration": duration }),
        ),
        CallEvent::Status { call, status, at } => (
            "call_status_changed",
            json!({ "callId": call, "status": CallStatus::from(*status), "timestamp": at }),
        ),
        CallEvent::Signal {
            call,
            kind,
            payload,
            from,
        } => {
            let (name, member) = match kind {
                SignalKind::Offer => ("sdp_offer", "sdp"),
                SignalKind::Answer => ("sdp_answer", "sdp"),
                SignalKind::Candidate => ("ice_candidate", "candidate"),
            };
            (
                name,
                json!({ "callId": call, member: payload.as_ref(), "from": from }),
            )
        }
    })
}

/// Writes a wire shape.
pub(super) fn value(shape: &impl Serialize) -> Option<Value> {
    serde_json::to_value(shape)
        .inspect_err(|error| tracing::error!(%error, "an event could not be written"))
        .ok()
}
