//! What clients send on `/calls`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Gateway;
use super::chat::{id, to_value};
use super::group;
use super::inbox::weight;
use super::session::{Answer, Refusal, Speaker};
use crate::domain::{CallError, CallId, Command, SignalKind};
use crate::service::CallRefused;
use crate::wire;

/// Longest SDP that is passed on, in bytes, about.
const LONGEST_SDP: usize = 128 << 10;
/// Longest candidate that is passed on, in bytes, about.
const LONGEST_CANDIDATE: usize = 4 << 10;

impl From<CallRefused> for Refusal {
    fn from(error: CallRefused) -> Self {
        match &error {
            CallRefused::Store(_) | CallRefused::Panicked(_) => Self::inside(&error),
            CallRefused::NotFound
            | CallRefused::NoSuchUser
            | CallRefused::WithSelf
            | CallRefused::Busy
            | CallRefused::Already
            | CallRefused::NotAdmin
            | CallRefused::StillLive
            | CallRefused::Overrun
            | CallRefused::NoSuchChat
            | CallRefused::NotInChat
            | CallRefused::PeerTooOld
            | CallRefused::PeerAway
            | CallRefused::SignedOut
            | CallRefused::Stopping
            | CallRefused::TooManyReports
            | CallRefused::Group(_)
            | CallRefused::Room(_)
            | CallRefused::Refused(_) => Self {
                code: error.code(),
                message: error.to_string(),
            },
        }
    }
}

/// Serves one event.
pub(super) async fn handle(
    gateway: &Gateway,
    speaker: &Speaker,
    name: &str,
    mut data: Value,
) -> Result<Answer, Refusal> {
    if let Some(served) = group::handle(gateway, speaker, name, &data).await {
        return served;
    }
    let (user, session, socket, legacy) = (
        speaker.actor.user,
        speaker.actor.session,
        speaker.socket,
        speaker.legacy,
    );
    let signal = |kind, payload| Command::Signal {
        user,
        session,
        socket,
        legacy,
        kind,
        payload: Arc::new(payload),
    };
    let call: CallId;
    let command = match name {
        "accept_call" => Command::Accept {
            user,
            session,
            socket: Some(socket),
        },
        "reject_call" => Command::Reject {
            user,
            socket: Some(socket),
        },
        "end_call" => Command::End {
            user,
            socket: Some(socket),
        },
        "sdp_offer" => signal(SignalKind::Offer, member(&mut data, "sdp", LONGEST_SDP)?),
        "sdp_answer" => signal(SignalKind::Answer, member(&mut data, "sdp", LONGEST_SDP)?),
        "ice_candidate" => signal(
            SignalKind::Candidate,
            member(&mut data, "candidate", LONGEST_CANDIDATE)?,
        ),
        "join_call_room" => Command::Join {
            user,
            session,
            socket,
            legacy,
        },
        "leave_call_room" => {
            call = id(&data, "callId")?;
            gateway.calls.get(&speaker.actor, call).await?;
            return Ok(Answer::Event("left_call_room", json!({ "callId": call })));
        }
        _ => return Ok(Answer::Nothing),
    };
    call = id(&data, "callId")?;
    match gateway.calls.command(call, command).await {
        Ok(joined) if name == "join_call_room" => {
            if legacy {
                return Ok(Answer::Event("joined_call_room", json!({ "callId": call })));
            }
            let record = to_value(&wire::Call::from(&joined.call))?;
            Ok(Answer::Result(
                json!({ "call": record, "resendOffer": joined.resend_offer }),
            ))
        }
        Ok(joined) => Ok(Answer::Result(
            json!({ "call": to_value(&wire::Call::from(&joined.call))? }),
        )),
        // Both hung up at once, or one did so through REST as well: it is over, which is what was asked for.
        Err(CallRefused::Refused(CallError::Ended))
            if matches!(name, "end_call" | "reject_call") =>
        {
            let record = gateway.calls.get(&speaker.actor, call).await?;
            Ok(Answer::Result(
                json!({ "call": to_value(&wire::Call::from(&record))? }),
            ))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Takes out the member that is passed on unread.
fn member(data: &mut Value, name: &'static str, longest: usize) -> Result<Value, Refusal> {
    let payload = data
        .get_mut(name)
        .map(Value::take)
        .filter(|payload| !payload.is_null());
    let payload = payload.ok_or_else(|| Refusal {
        code: "invalid",
        message: format!("{name} should not be empty"),
    })?;
    if weight(&payload) > longest {
        return Err(Refusal {
            code: "call.too_much",
            message: format!("{name} must be at most {longest} bytes long"),
        });
    }
    Ok(payload)
}
