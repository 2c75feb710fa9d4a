//! What our own clients send on `/calls` about group calls.

use serde_json::{Value, json};

use super::Gateway;
use super::chat::{id, text, to_value, wrong};
use super::session::{Answer, Refusal, Speaker};
use crate::domain::{
    self, Answered, CallKind, GroupCommand, Moderation, PublicationId, Sdp, Source, Tile, Track,
};
use crate::service::Joins;
use crate::wire::GroupCall;

/// Most lines that one offer names.
const TRACKS: usize = 32;
/// Longest name of a line, in bytes.
const LONGEST_MID: usize = 32;
/// Most pictures that one view names.
const TILES: usize = 256;
/// Longest candidate, in bytes.
const LONGEST_CANDIDATE: usize = 4 << 10;

/// Serves one event; `None` if it is not of group calls, or comes from a deployed client.
pub(super) async fn handle(
    gateway: &Gateway,
    speaker: &Speaker,
    name: &str,
    data: &Value,
) -> Option<Result<Answer, Refusal>> {
    if speaker.legacy || !name.starts_with("group_") {
        return None;
    }
    let served = match name {
        "group_start" => start(gateway, speaker, data).await,
        "group_join" => join(gateway, speaker, data).await,
        "group_offer" => offer(gateway, speaker, data).await,
        "group_answer" => answer(gateway, speaker, data).await,
        "group_candidate" => candidate(gateway, speaker, data).await,
        "group_resume" => resume(gateway, speaker, data).await,
        "group_state" => state(gateway, speaker, data).await,
        "group_view" => view(gateway, speaker, data).await,
        "group_leave" => leave(gateway, speaker, data).await,
        "group_decline" => decline(gateway, speaker, data).await,
        "group_invite" => invite(gateway, speaker, data).await,
        "group_moderate" => moderate(gateway, speaker, data).await,
        _ => return None,
    };
    Some(served.map(Answer::Result))
}

type Served = Result<Value, Refusal>;

async fn start(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let kind = text(data, "type")?;
    let kind = CallKind::parse(kind).ok_or_else(|| wrong("type", "voice or video"))?;
    let chat = id(data, "chatId")?;
    let started = gateway.calls.group_start(&speaker.actor, chat, kind).await;
    let (call, started) = started?;
    Ok(json!({ "call": shape(&call)?, "started": started }))
}

async fn join(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let joins = Joins {
        socket: speaker.socket,
        offer: sdp(data, "offer")?,
        tracks: tracks(data)?,
        muted: flag(data, "muted")?,
        camera: flag(data, "camera")?,
    };
    let call = id(data, "callId")?;
    let entered = gateway
        .calls
        .group_join(&speaker.actor, call, joins)
        .await?;
    let mut joined = described(&entered.answered);
    joined["participantId"] = json!(entered.participant);
    joined["call"] = shape(&entered.call)?;
    Ok(joined)
}

async fn offer(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let offer = (sdp(data, "offer")?, tracks(data)?);
    let (call, speaker) = (id(data, "callId")?, speaks(speaker, data)?);
    let answered = gateway.calls.group_offer(call, speaker, offer).await?;
    Ok(described(&answered))
}

async fn answer(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let number = data.get("number").and_then(Value::as_u64);
    let number = number.and_then(|number| u32::try_from(number).ok());
    let number = number.ok_or_else(|| wrong("number", "that of the offer"))?;
    let answer = (number, sdp(data, "answer")?);
    let (call, speaker) = (id(data, "callId")?, speaks(speaker, data)?);
    gateway.calls.group_answer(call, speaker, answer).await?;
    Ok(json!({}))
}

async fn candidate(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let candidate = data.get("candidate").unwrap_or(&Value::Null);
    if super::inbox::weight(candidate) > LONGEST_CANDIDATE {
        return Err(Refusal {
            code: "call.too_much",
            message: format!("candidate must be at most {LONGEST_CANDIDATE} bytes long"),
        });
    }
    let (call, speaker) = (id(data, "callId")?, speaks(speaker, data)?);
    gateway.calls.group_candidate(call, speaker).await?;
    Ok(json!({}))
}

async fn resume(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let (call, socket) = (id(data, "callId")?, speaker.socket);
    let speaker = speaks(speaker, data)?;
    let (call, resumed) = gateway.calls.group_resume(call, speaker, socket).await?;
    Ok(json!({ "resumed": resumed, "call": shape(&call)? }))
}

async fn state(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let command = GroupCommand::Switch {
        speaker: speaks(speaker, data)?,
        muted: flag(data, "muted")?,
        camera: flag(data, "camera")?,
        screen: flag(data, "screen")?,
    };
    carry_out(gateway, speaker, data, command).await?;
    Ok(json!({}))
}

async fn view(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let tiles = list(data, "tiles", TILES)?.iter().map(tile);
    let tiles = tiles.collect::<Option<_>>();
    let tiles = tiles.ok_or_else(|| wrong("tiles", "a list of {publication, width, height}"))?;
    let (call, speaker) = (id(data, "callId")?, speaks(speaker, data)?);
    gateway.calls.group_view(call, speaker, tiles).await?;
    Ok(json!({}))
}

async fn leave(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let command = GroupCommand::Leave(speaks(speaker, data)?);
    carry_out(gateway, speaker, data, command).await?;
    Ok(json!({}))
}

async fn decline(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let command = GroupCommand::Decline(speaker.actor.user);
    carry_out(gateway, speaker, data, command).await?;
    Ok(json!({}))
}

async fn invite(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let (call, user) = (id(data, "callId")?, id(data, "userId")?);
    let invited = gateway.calls.group_invite(&speaker.actor, call, user).await;
    Ok(json!({ "call": shape(invited?.as_ref())? }))
}

async fn moderate(gateway: &Gateway, speaker: &Speaker, data: &Value) -> Served {
    let action = match text(data, "action")? {
        "mute" => Moderation::Mute(id(data, "userId")?),
        "remove" => Moderation::Remove(id(data, "userId")?),
        "lock" => Moderation::Lock(true),
        "unlock" => Moderation::Lock(false),
        _ => return Err(wrong("action", "mute, remove, lock or unlock")),
    };
    let call = id(data, "callId")?;
    let done = gateway.calls.group_moderate(&speaker.actor, call, action);
    Ok(json!({ "call": shape(done.await?.as_ref())? }))
}

async fn carry_out(
    gateway: &Gateway,
    speaker: &Speaker,
    data: &Value,
    command: GroupCommand,
) -> Result<(), Refusal> {
    let (user, call) = (speaker.actor.user, id(data, "callId")?);
    gateway.calls.group_command(user, call, command).await?;
    Ok(())
}

fn shape(call: &domain::GroupView) -> Result<Value, Refusal> {
    to_value(&GroupCall::from(call))
}

fn described(answered: &Answered) -> Value {
    let published = answered.publications.iter();
    let publications = published.map(|p| json!({ "mid": p.mid, "publication": p.publication.0 }));
    json!({
        "sdp": { "type": "answer", "sdp": answered.sdp },
        "publications": publications.collect::<Vec<_>>(),
    })
}

/// Returns the participant that a request is of.
fn speaks(speaker: &Speaker, data: &Value) -> Result<domain::Speaker, Refusal> {
    Ok(domain::Speaker {
        user: speaker.actor.user,
        session: speaker.actor.session,
        participant: id(data, "participantId")?,
    })
}

/// Returns the description, as browsers make it. It is no longer than a packet may be.
fn sdp(data: &Value, kind: &'static str) -> Result<Sdp, Refusal> {
    let sdp = data.get("sdp").unwrap_or(&Value::Null);
    if text(sdp, "type")? != kind {
        return Err(wrong("sdp.type", kind));
    }
    Ok(Sdp(text(sdp, "sdp")?.to_owned()))
}

fn tracks(data: &Value) -> Result<Vec<Track>, Refusal> {
    let bad = || wrong("tracks", "a list of {mid, source}");
    let tracks = list(data, "tracks", TRACKS)?.iter().map(track);
    tracks.collect::<Option<_>>().ok_or_else(bad)
}

fn track(track: &Value) -> Option<Track> {
    let mid = track.get("mid")?.as_str()?;
    let mid = (mid.len() <= LONGEST_MID).then(|| mid.to_owned())?;
    let source = Source::parse(track.get("source")?.as_str()?)?;
    Some(Track { mid, source })
}

fn tile(tile: &Value) -> Option<Tile> {
    let side = |name| {
        let side = tile.get(name)?.as_f64()?;
        // Sizes come in fractions from screens with such; beyond u16 they are as large as can be.
        (side >= 0.0).then(|| side.ceil().min(f64::from(u16::MAX)) as u16)
    };
    let publication = tile.get("publication")?.as_u64()?;
    Some(Tile {
        publication: PublicationId(u32::try_from(publication).ok()?),
        width: side("width")?,
        height: side("height")?,
    })
}

fn list<'a>(data: &'a Value, name: &'static str, most: usize) -> Result<&'a [Value], Refusal> {
    let list = data.get(name).and_then(Value::as_array);
    let list = list.ok_or_else(|| wrong(name, "a list"))?;
    if list.len() > most {
        return Err(Refusal {
            code: "call.too_much",
            message: format!("{name} must have at most {most} items"),
        });
    }
    Ok(list)
}

fn flag(data: &Value, name: &'static str) -> Result<bool, Refusal> {
    let flag = data.get(name).and_then(Value::as_bool);
    flag.ok_or_else(|| wrong(name, "true or false"))
}
