//! The wire names of what happens in group calls.

use serde_json::{Value, json};

use super::wire::value;
use crate::domain::{GroupEvent, GroupSummons, GroupView, QualityWhy, Seat, VideoState};
use crate::wire::{GroupCall, Person};

/// Layers of a video at most.
const LAYERS: u8 = 3;

/// Names an event.
pub(super) fn event(event: &GroupEvent) -> Option<(&'static str, Value)> {
    Some(match event {
        GroupEvent::Incoming {
            summons,
            expires_in,
        } => {
            let mut incoming = summoned(summons)?;
            incoming["expiresIn"] = json!(expires_in);
            ("group_incoming", incoming)
        }
        GroupEvent::Notice(summons) => ("group_notice", summoned(summons)?),
        GroupEvent::Changed(view) => ("group_call", json!({ "call": call(view)? })),
        GroupEvent::Grown(view) => ("group_grown", json!({ "call": call(view)? })),
        GroupEvent::Ended {
            call,
            chat,
            reason,
            duration,
        } => (
            "group_ended",
            json!({ "callId": call, "chatId": chat, "reason": reason.as_str(), "duration": duration }),
        ),
        GroupEvent::StopRinging { call, why } => (
            "group_stop_ringing",
            json!({ "callId": call, "why": why.as_str() }),
        ),
        GroupEvent::Offer {
            call,
            participant,
            number,
            sdp,
        } => (
            "group_server_offer",
            json!({
                "callId": call, "participantId": participant, "number": number,
                "sdp": { "type": "offer", "sdp": sdp.as_ref() },
            }),
        ),
        GroupEvent::Seats {
            call,
            participant,
            seats,
        } => {
            let seats: Vec<_> = seats.iter().map(seat).collect();
            (
                "group_seats",
                json!({ "callId": call, "participantId": participant, "seats": seats }),
            )
        }
        GroupEvent::Speakers { call, speakers } => (
            "group_speakers",
            json!({ "callId": call, "speakers": speakers.as_ref() }),
        ),
        GroupEvent::Quality { call, links } => {
            let links = links.iter().map(|(participant, quality, why)| {
                json!({ "participantId": participant, "quality": quality.as_str(), "why": why.map(quality_why) })
            });
            (
                "group_quality",
                json!({ "callId": call, "participants": links.collect::<Vec<_>>() }),
            )
        }
        GroupEvent::Video {
            call,
            participant,
            publication,
            state,
        } => {
            let mut video = json!({ "callId": call, "participantId": participant, "publication": publication.0 });
            match state {
                VideoState::Playing { layer } => {
                    video["state"] = json!("playing");
                    video["layer"] = json!(layer);
                }
                VideoState::Paused(why) => {
                    video["state"] = json!("paused");
                    video["why"] = json!(why.as_str());
                }
            }
            ("group_video", video)
        }
        GroupEvent::Layers {
            call,
            participant,
            publication,
            wanted,
        } => {
            let wanted = (0..LAYERS).map(|layer| wanted & (1 << layer) != 0);
            (
                "group_layers",
                json!({
                    "callId": call, "participantId": participant, "publication": publication.0,
                    "wanted": wanted.collect::<Vec<_>>(),
                }),
            )
        }
        GroupEvent::Moved(call) => ("group_moved", json!({ "callId": call })),
        GroupEvent::Removed(call) => ("group_removed", json!({ "callId": call })),
    })
}

fn call(view: &GroupView) -> Option<Value> {
    value(&GroupCall::from(view))
}

fn summoned(summons: &GroupSummons) -> Option<Value> {
    Some(json!({
        "call": call(&summons.call)?,
        "from": value(&Person::new(summons.from, &summons.name))?,
        "chatName": summons.chat_name.as_ref(),
    }))
}

fn seat(seat: &Seat) -> Value {
    json!({
        "mid": seat.mid, "publication": seat.publication.0, "participantId": seat.publisher,
        "source": seat.source.as_str(),
    })
}

fn quality_why(why: QualityWhy) -> Value {
    let (kind, value) = match why {
        QualityWhy::LossUp(percent) => ("loss_up", percent.into()),
        QualityWhy::LossDown(percent) => ("loss_down", percent.into()),
        QualityWhy::Delay(millis) => ("delay", millis),
        QualityWhy::Bandwidth => ("bandwidth", 0),
    };
    json!({ "kind": kind, "value": value })
}
