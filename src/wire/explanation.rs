//! Why a call went as it did, as clients get it: codes with parameters, which they put into words, and the steps.

use serde::Serialize;
use utoipa::ToSchema;

use super::Person;
use crate::domain::{self, CallId, CallStep, CallStory, Finding, Step, UnixMillis, UserId};

/// Why a call went as it did.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct CallExplanation {
    call_id: CallId,
    /// The one thing to be said; null of a call that rings, or where nothing is known.
    #[schema(required = true)]
    finding: Option<Finding>,
    /// What else is worth knowing, the most important first.
    also: Vec<Finding>,
    /// Everybody that findings and steps speak of.
    people: Vec<Person>,
    /// What happened, in order.
    steps: Vec<ExplainedStep>,
}

/// One thing that happened in a call.
#[derive(Serialize, ToSchema, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedStep {
    #[schema(value_type = String, format = DateTime)]
    at: UnixMillis,
    /// Whose; null: the server's own.
    #[schema(required = true)]
    user_id: Option<UserId>,
    /// What their device is called, if that is known: `Android`, `iPhone`, `Windows`.
    #[schema(required = true)]
    device: Option<String>,
    /// What.
    step: Step,
}

impl From<&CallStory> for CallExplanation {
    fn from(story: &CallStory) -> Self {
        let mut findings = domain::explain(story).into_iter();
        let people = &story.call.call.people;
        Self {
            call_id: story.call.call.id,
            finding: findings.next(),
            also: findings.collect(),
            people: people
                .iter()
                .map(|person| Person::new(person.user, &person.name))
                .collect(),
            steps: story.steps.iter().map(ExplainedStep::from).collect(),
        }
    }
}

impl From<&CallStep> for ExplainedStep {
    fn from(step: &CallStep) -> Self {
        Self {
            at: step.at,
            user_id: step.user,
            device: step.device.as_deref().and_then(domain::device_name),
            step: step.step.clone(),
        }
    }
}
