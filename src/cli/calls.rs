//! `zvonilka call`.

use clap::Subcommand;
use hyper::Method;
use serde_json::json;

use super::Failure;
use super::client::Client;
use super::output::{Output, lasting, moment, table};
use crate::control::{Call, CallPerson, Done, ExplainedStep, Explanation};

/// What to do with calls.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List the calls that ring or go on, newest first (times in UTC)
    List {
        /// Those that are over, too
        #[arg(long)]
        past: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show a call and what became of each person's part in it
    Show {
        /// Its id, as `call list` shows it
        id: String,
    },
    /// Say why a call went as it did: one sentence, then what happened step by step (times in UTC)
    Explain {
        /// Its id, as `call list --past` shows it
        id: String,
        /// The language of the sentence
        #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = ["en", "ru"])]
        language: String,
    },
    /// Take no new calls and wait until those that go on are over, before a restart. Interrupted, it lets calls in again
    Drain,
    /// End a call for everybody
    End {
        /// Its id, as `call list` shows it
        id: String,
    },
}

pub(super) async fn run(command: Command, server: &Client) -> Result<Output, Failure> {
    match command {
        Command::List { past, limit } => list(server, past, limit).await,
        Command::Show { id } => {
            let answer = server.get::<Call>(&["calls", &id], &[]).await?;
            let text = described(&answer.read);
            Ok(Output::new(answer.json, text))
        }
        Command::Explain { id, language } => {
            let query = [("language", language.as_str())];
            let path = ["calls", &id, "explanation"];
            let answer = server.get::<Explanation>(&path, &query).await?;
            let text = explained(&answer.read);
            Ok(Output::new(answer.json, text))
        }
        Command::Drain => {
            let path = ["drain"];
            let answer = server.send::<Done>(Method::POST, &path, &Done {}).await?;
            let text =
                "No call goes on, and none is taken for a minute. Now: systemctl restart zvonilka";
            Ok(Output::new(answer.json, text))
        }
        Command::End { id } => {
            let answer = server.delete::<Call>(&["calls", &id]).await?;
            let text = format!("Ended the call of {}.", names(&answer.read.people));
            Ok(Output::new(answer.json, text))
        }
    }
}

async fn list(server: &Client, past: bool, limit: u32) -> Result<Output, Failure> {
    let (past_text, limit) = (past.to_string(), limit.to_string());
    let query = [("past", past_text.as_str()), ("limit", limit.as_str())];
    let answer = server.get::<Vec<Call>>(&["calls"], &query).await?;
    let row = |call: &Call| {
        [
            call.id.to_string(),
            moment(call.started_at),
            format!("{} {}", call.form, call.kind),
            call.status.clone(),
            call.seconds.map(lasting).unwrap_or_default(),
            names(&call.people),
        ]
    };
    let rows = answer.read.iter().map(row).collect();
    let headings = ["ID", "STARTED", "KIND", "STATUS", "LASTED", "PEOPLE"];
    let none = if past {
        "There were no calls yet."
    } else {
        "Nobody is in a call just now. `zvonilka call list --past` lists those that are over."
    };
    Ok(Output::new(answer.json, table(headings, rows, none)))
}

fn described(call: &Call) -> String {
    let at = |moment_of: Option<_>| moment_of.map_or_else(|| "-".into(), moment);
    let row = |person: &CallPerson| {
        let part = if person.inside {
            "in it"
        } else {
            person.outcome.as_str()
        };
        [person.name.clone(), part.to_owned(), person.id.to_string()]
    };
    let rows = call.people.iter().map(row).collect();
    let reason = call.reason.as_ref();
    format!(
        "{}\n  kind      {} {}\n  chat      {}\n  status    {}{}\n  started   {} UTC\n  answered  {}\n  ended     {}\n  lasted    {}\n\n{}",
        call.id,
        call.form,
        call.kind,
        call.chat,
        call.status,
        reason.map_or_else(String::new, |reason| format!(" ({reason})")),
        moment(call.started_at),
        at(call.answered_at),
        at(call.ended_at),
        call.seconds.map_or_else(|| "-".into(), lasting),
        table(["PERSON", "PART", "ID"], rows, "")
    )
}

fn explained(call: &Explanation) -> String {
    let row = |step: &ExplainedStep| {
        let at = step.at.to_string();
        let who = step.person.iter().chain(&step.device).map(String::as_str);
        let what = json!(step.step);
        let what = what.as_object().into_iter().flatten();
        let more = what.filter(|(key, _)| *key != "kind");
        let more = more.map(|(key, value)| format!("{key}={value}"));
        [
            at.get(11..19).unwrap_or(&at).to_owned(),
            who.collect::<Vec<_>>().join(", "),
            std::iter::once(step.step.name().to_owned())
                .chain(more)
                .collect::<Vec<_>>()
                .join(" "),
        ]
    };
    let sentences = call.sentence.iter().chain(&call.also).map(String::as_str);
    let rows = call.steps.iter().map(row).collect();
    let steps = table(["TIME", "WHO", "WHAT"], rows, "No steps are kept.");
    format!("{}\n\n{steps}", sentences.collect::<Vec<_>>().join("\n"))
}

/// Everybody in a call of few, the first of a call of many.
fn names(people: &[CallPerson]) -> String {
    const MOST: usize = 4;
    let names = people.iter().take(MOST).map(|person| person.name.as_str());
    let mut text = names.collect::<Vec<_>>().join(", ");
    if let Some(more) = people.len().checked_sub(MOST).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
