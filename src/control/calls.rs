//! `/calls`: calls that go on and calls that were.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refused::Refused;
use super::{Done, Shared};
use crate::domain::{
    Authority, CallEntry, CallId, CallStep, CallStory, EndReason, Language, Step, UnixMillis,
    UserId, device_name, explain,
};
use crate::service::CallRefused;

/// Most calls of one list.
const MOST: i64 = 1000;

/// A call of two or of a group.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// `private` or `group`.
    pub form: String,
    /// `voice` or `video`.
    pub kind: String,
    /// `ringing`, `answered`, `ended`, `missed` or `rejected`.
    pub status: String,
    /// Whether it rings or goes on.
    pub is_live: bool,
    /// Why it is over; null while it goes on.
    pub reason: Option<String>,
    /// The chat that it belongs to.
    pub chat: String,
    /// Everybody that it has to do with, who started it first.
    pub people: Vec<CallPerson>,
    /// When it was started.
    pub started_at: UnixMillis,
    /// When it was answered.
    pub answered_at: Option<UnixMillis>,
    /// When it was over.
    pub ended_at: Option<UnixMillis>,
    /// From the answer to the end, or to now.
    pub seconds: Option<i64>,
}

/// Somebody's part in a call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallPerson {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// What became of it: `joined`, `declined`, `missed`, `rang` or `busy`.
    pub outcome: String,
    /// Whether they are in it.
    pub inside: bool,
}

/// Which calls are listed.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    /// Not only those that ring or go on.
    #[serde(default)]
    past: bool,
    limit: i64,
}

impl Call {
    fn new(entry: &CallEntry, now: UnixMillis) -> Self {
        let CallEntry { form, call } = entry;
        let is_live = call.status.is_live();
        let until = call.ended_at.or(is_live.then_some(now));
        let lasted = call.answered_at.zip(until);
        let person = |person: &crate::domain::GroupPerson| CallPerson {
            id: person.user,
            name: person.name.to_string(),
            outcome: person.outcome.as_str().into(),
            inside: is_live && person.is_inside(),
        };
        Self {
            id: call.id,
            form: form.as_str().into(),
            kind: call.kind.as_str().into(),
            status: call.status.as_str().into(),
            is_live,
            reason: call.reason.map(EndReason::as_str).map(str::to_owned),
            chat: call.chat_name.clone(),
            people: call.people.iter().map(person).collect(),
            started_at: call.created_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            seconds: lasted.map(|(from, until)| until.since(from).as_secs().cast_signed()),
        }
    }
}

pub(super) async fn list(
    State(app): State<Shared>,
    Query(which): Query<Which>,
) -> Result<Json<Vec<Call>>, Refused> {
    let limit = which.limit.clamp(1, MOST);
    let calls = app.calls.newest(!which.past, limit).await?;
    let now = app.clock.now();
    let call = |entry| Call::new(entry, now);
    Ok(Json(calls.iter().map(call).collect()))
}

/// Answers when no call goes on any more; who stops waiting lets new calls in again.
pub(super) async fn drain(State(app): State<Shared>) -> Json<Done> {
    tracing::info!("no new calls are taken until those that go on are over");
    app.calls.drain().await;
    tracing::info!("no call goes on");
    Json(Done {})
}

pub(super) async fn show(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Call>, Refused> {
    let entry = app
        .calls
        .log_entry(Authority::Operator, parse(&id)?)
        .await?;
    Ok(Json(Call::new(&entry, app.clock.now())))
}

/// In which language a call is explained.
#[derive(Debug, Deserialize)]
pub(super) struct Spoken {
    language: String,
}

/// Why a call went as it did.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Its id.
    pub id: CallId,
    /// One sentence; null of a call that rings.
    pub sentence: Option<String>,
    /// What else is worth knowing.
    pub also: Vec<String>,
    /// The same as codes with parameters, the most important first.
    pub findings: Vec<Value>,
    /// What happened, in order.
    pub steps: Vec<ExplainedStep>,
}

/// One thing that happened in a call.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExplainedStep {
    /// When.
    pub at: UnixMillis,
    /// Whose; null: the server's own.
    pub person: Option<String>,
    /// What their device is called.
    pub device: Option<String>,
    /// What.
    pub step: Step,
}

impl Explanation {
    fn new(story: &CallStory, language: Language) -> Self {
        let people = &story.call.call.people;
        let name = |user: UserId| {
            let person = people.iter().find(|person| person.user == user);
            person.map_or_else(|| user.to_string(), |person| person.name.to_string())
        };
        let findings = explain(story);
        let mut said = findings.iter().map(|finding| language.say(finding, name));
        let step = |step: &CallStep| ExplainedStep {
            at: step.at,
            person: step.user.map(name),
            device: step.device.as_deref().and_then(device_name),
            step: step.step.clone(),
        };
        Self {
            id: story.call.call.id,
            sentence: said.next(),
            also: said.collect(),
            findings: findings.iter().map(|finding| json!(finding)).collect(),
            steps: story.steps.iter().map(step).collect(),
        }
    }
}

pub(super) async fn explained(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Query(Spoken { language }): Query<Spoken>,
) -> Result<Json<Explanation>, Refused> {
    let language = Language::parse(&language).unwrap_or(Language::English);
    let story = app.calls.any_story(parse(&id)?).await?;
    Ok(Json(Explanation::new(&story, language)))
}

pub(super) async fn end(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Call>, Refused> {
    let entry = app.calls.close(parse(&id)?).await?;
    tracing::info!(call = %entry.call.id, "call ended by the operator");
    Ok(Json(Call::new(&entry, app.clock.now())))
}

fn parse(id: &str) -> Result<CallId, CallRefused> {
    id.parse().map_err(|_| CallRefused::NotFound)
}
