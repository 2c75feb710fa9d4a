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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        CallId, ChatId, EndReason, ParticipantId, PauseWhy, PublicationId, Quality, Source,
    };

    fn named(told: &GroupEvent) -> (&'static str, Value) {
        event(told).unwrap()
    }

    #[test]
    fn what_a_viewer_and_a_publisher_are_told_has_the_shapes_of_the_protocol() {
        let (call, participant) = (CallId::new(), ParticipantId::new());
        let publication = PublicationId(7);
        let video = |state| {
            named(&GroupEvent::Video {
                call,
                participant,
                publication,
                state,
            })
        };
        let common = json!({ "callId": call, "participantId": participant, "publication": 7 });
        let mut playing = common.clone();
        playing["state"] = json!("playing");
        playing["layer"] = json!(2);
        let mut paused = common.clone();
        paused["state"] = json!("paused");
        paused["why"] = json!("bandwidth");
        assert_eq!(
            video(VideoState::Playing { layer: 2 }),
            ("group_video", playing)
        );
        let why = VideoState::Paused(PauseWhy::Bandwidth);
        assert_eq!(video(why), ("group_video", paused));
        let layers = named(&GroupEvent::Layers {
            call,
            participant,
            publication,
            wanted: 0b101,
        });
        let mut wanted = common;
        wanted["wanted"] = json!([true, false, true]);
        assert_eq!(layers, ("group_layers", wanted));
    }

    #[test]
    fn what_all_are_told_has_the_shapes_of_the_protocol() {
        let (call, chat, participant) = (CallId::new(), ChatId::new(), ParticipantId::new());
        let seat = Seat {
            mid: "3".into(),
            publication: PublicationId(1),
            publisher: participant,
            source: Source::ScreenAudio,
        };
        let seats = GroupEvent::Seats {
            call,
            participant,
            seats: Arc::new([seat]),
        };
        let seat = json!({ "mid": "3", "publication": 1, "participantId": participant, "source": "screen_audio" });
        let told = json!({ "callId": call, "participantId": participant, "seats": [seat] });
        assert_eq!(named(&seats), ("group_seats", told));
        let links = Arc::new([
            (participant, Quality::Poor, Some(QualityWhy::LossUp(12))),
            (participant, Quality::Good, None),
        ]);
        let poor = json!({ "participantId": participant, "quality": "poor", "why": { "kind": "loss_up", "value": 12 } });
        let good = json!({ "participantId": participant, "quality": "good", "why": null });
        let told = json!({ "callId": call, "participants": [poor, good] });
        let quality = GroupEvent::Quality { call, links };
        assert_eq!(named(&quality), ("group_quality", told));
        let ended = GroupEvent::Ended {
            call,
            chat,
            reason: EndReason::Empty,
            duration: Some(9),
        };
        let told = json!({ "callId": call, "chatId": chat, "reason": "empty", "duration": 9 });
        assert_eq!(named(&ended), ("group_ended", told));
    }
}
