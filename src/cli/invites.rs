//! `zvonilka invite`.

use std::time::Duration;

use clap::Subcommand;
use hyper::Method;

use super::client::Client;
use super::output::{Output, moment, table};
use super::{Failure, span};
use crate::control::{Done, Invite, NewInvite};

/// What to do with invitations.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List all invitations, newest first (times in UTC)
    List,
    /// Make an invitation and print its link
    Create {
        /// How many people may use it
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..), conflicts_with = "unlimited")]
        uses: i32,
        /// Any number of people may use it
        #[arg(long)]
        unlimited: bool,
        /// For how long it works, such as 12h or 7d
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = span, conflicts_with = "forever")]
        expires: Duration,
        /// It works until it is used up or revoked
        #[arg(long)]
        forever: bool,
    },
    /// Let nobody join by an invitation any more; who has joined stays
    Revoke {
        /// The code, as `invite list` shows it
        code: String,
    },
}

pub(super) async fn run(command: Command, server: &Client) -> Result<Output, Failure> {
    match command {
        Command::List => list(server).await,
        Command::Create {
            uses,
            unlimited,
            expires,
            forever,
        } => {
            let new = NewInvite {
                usage_limit: (!unlimited).then_some(uses),
                seconds: (!forever).then_some(expires.as_secs()),
            };
            let answer = server.send::<Invite>(Method::POST, &["invites"], &new);
            let answer = answer.await?;
            let invite = &answer.read;
            let people = match invite.usage_limit {
                Some(1) => "one person".into(),
                Some(n) => format!("{n} people"),
                None => "any number of people".into(),
            };
            let until = match invite.expires_at {
                Some(at) => format!("until {} UTC", moment(at)),
                None => "until it is revoked".into(),
            };
            let text = format!(
                "{}\nFor {people}, {until}. The code alone: {}",
                invite.link, invite.code
            );
            Ok(Output::new(answer.json, text))
        }
        Command::Revoke { code } => {
            let answer = server.delete::<Done>(&["invites", &code]).await?;
            Ok(Output::new(
                answer.json,
                format!("Nobody can join by {code} any more."),
            ))
        }
    }
}

async fn list(server: &Client) -> Result<Output, Failure> {
    let answer = server.get::<Vec<Invite>>(&["invites"], &[]).await?;
    let row = |invite: &Invite| {
        let limit = invite.usage_limit;
        [
            invite.code.clone(),
            invite.state.clone(),
            match limit {
                Some(limit) => format!("{} of {limit}", invite.usage_count),
                None => format!("{} of any number", invite.usage_count),
            },
            invite.expires_at.map_or_else(|| "never".into(), moment),
            moment(invite.created_at),
        ]
    };
    let rows = answer.read.iter().map(row).collect();
    let none = "There are no invitations. `zvonilka invite create` makes one.";
    let text = table(["CODE", "STATE", "USED", "EXPIRES", "MADE"], rows, none);
    Ok(Output::new(answer.json, text))
}
