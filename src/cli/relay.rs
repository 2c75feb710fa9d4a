//! `zvonilka relay`.

use clap::Subcommand;

use super::Failure;
use super::client::Client;
use super::output::{Output, bytes, moment, table};
use crate::control::{Allocation, Done};

/// What to do with the relay's allocations.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List what the relay holds for whom, oldest first (times in UTC)
    List,
    /// End an allocation; its client may make another
    End {
        /// Its id, as `relay list` shows it
        id: String,
    },
}

pub(super) async fn run(command: Command, server: &Client) -> Result<Output, Failure> {
    match command {
        Command::List => list(server).await,
        Command::End { id } => {
            let path = ["relay", "allocations", &id];
            let answer = server.delete::<Done>(&path).await?;
            Ok(Output::new(answer.json, format!("Ended {id}.")))
        }
    }
}

async fn list(server: &Client) -> Result<Output, Failure> {
    let path = ["relay", "allocations"];
    let answer = server.get::<Vec<Allocation>>(&path, &[]).await?;
    let row = |allocation: &Allocation| {
        let relayed: Vec<_> = (allocation.relayed.iter())
            .map(ToString::to_string)
            .collect();
        [
            allocation.id.clone(),
            allocation
                .user
                .clone()
                .unwrap_or_else(|| "(removed)".into()),
            format!("{} {}", allocation.transport, allocation.client),
            relayed.join(", "),
            moment(allocation.started_at),
            bytes(allocation.to_peers.bytes),
            bytes(allocation.to_client.bytes),
        ]
    };
    let rows = answer.read.iter().map(row).collect();
    let headings = [
        "ID", "USER", "CLIENT", "RELAYED", "SINCE", "SENT", "RECEIVED",
    ];
    let none = "The relay holds nothing for anybody just now.";
    Ok(Output::new(answer.json, table(headings, rows, none)))
}
