//! The command line: what the program can be told to do, and the commands that act on the server that runs.
//!
//! Owns the commands, what they print, and the asking over the control socket. What they mean is `control`'s business.

mod calls;
mod client;
mod invites;
mod output;
mod prompt;
mod relay;
pub mod setup;
mod users;

use std::io;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::cli::Flags;
use crate::config::{Config, Wrong};
use crate::control::Kind;
use client::Client;
use output::Output;

const EXAMPLES: &str = "\
Examples:
  zvonilka                          try it: http://localhost:3000, secret_invite
  zvonilka --config zvonilka.toml   serve with a configuration file
  sudo zvonilka setup               serve a family, under a name of your own
  zvonilka check-config             show every setting and where it comes from
  zvonilka invite create            a link with which one person joins
  zvonilka user list                who is there, asked of the running server
  zvonilka call explain ID          why a call failed
  zvonilka backup /root/today.zvb   everything that a new machine needs beside the configuration
  zvonilka openapi > openapi.json   write the description of the REST API

Every setting can stand in the file (section.key), in the environment
(ZVONILKA_SECTION__KEY, with two underscores for the dot) and, if it is listed
above, in a flag; the later wins. config/zvonilka.toml describes all of them.

user, invite, relay and call act on the server that runs with the same data_dir, as its user or as root.
They end with 0 when it is done, 1 when it is refused or there is no such thing, 2 when the command is wrong.";

/// Zvonilka: a messenger with calls for a family, in one program.
#[derive(Debug, Parser)]
#[command(name = "zvonilka", version, after_help = EXAMPLES, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the server (also without any command)
    Serve,
    /// Check the configuration, print it with the origin of each value, and exit with 0, or with 2 if it has a fault
    CheckConfig,
    /// Print the OpenAPI document of the REST API and exit
    Openapi,
    /// Set the server up on this machine: settings, user, service, certificate, and a link for the first person. Asks what it is not told
    Setup(setup::Setup),
    /// Write the database, the secrets and the certificates into one file; the server may go on running meanwhile
    Backup {
        /// The file to make, which must not be there yet; - is standard output
        file: PathBuf,
    },
    /// Put a backup onto a machine where there is nothing yet; the server must not run
    Restore {
        /// The file; - is standard input
        file: PathBuf,
        /// Move a database file and secrets that are there already aside, into a folder in data_dir. PostgreSQL's database must be empty
        #[arg(long)]
        force: bool,
    },
    #[command(flatten)]
    Operate(Operate),
}

/// What is asked of the server that runs.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Operate {
    /// Accounts: list, show, create, reset a password, promote, demote, sign out, remove
    User(Asked<users::Command>),
    /// Invitations: list, create, revoke
    Invite(Asked<invites::Command>),
    /// The relay's allocations: list, end
    Relay(Asked<relay::Command>),
    /// Calls: list, show, explain, end
    Call(Asked<calls::Command>),
}

/// A command of one kind, and how its answer is written.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Asked<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

/// A parsed command line.
#[derive(Debug)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// With which settings.
    pub flags: Flags,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody answers at the socket.
    #[error(
        "no server answers at {socket}: {source}\n\
         Is it running? (systemctl status zvonilka)\n\
         Is that the data_dir that it runs with? If not, give the server's own --config or --data-dir."
    )]
    NoServer {
        /// Where.
        socket: String,
        /// What the system said.
        source: io::Error,
    },
    /// The socket is another user's.
    #[error(
        "{socket}: {source}\nOnly the server's own user and root may give it commands: use sudo, or run this as that user."
    )]
    NotYours {
        /// Where.
        socket: String,
        /// What the system said.
        source: io::Error,
    },
    /// The server went away, or is not of this version.
    #[error("the server at {socket} did not answer as expected: {why}\nIs it of this version ({})? Its log may say more.", env!("CARGO_PKG_VERSION"))]
    BadAnswer {
        /// Where.
        socket: String,
        /// What was wrong.
        why: String,
    },
    /// The server refused.
    #[error("{message}")]
    Refused {
        /// Of what kind.
        kind: Kind,
        /// What it said.
        message: String,
    },
    /// Nobody said yes.
    #[error("nothing was done: it was not confirmed")]
    NotConfirmed,
    /// There is nobody to ask.
    #[error("nothing was done: there is no terminal to ask on; say --yes if you are sure")]
    NobodyToAsk,
    /// The password on standard input is none.
    #[error(
        "no password on standard input; write it there in one line, or leave --password-stdin out to have one made"
    )]
    NoPassword,
    /// The server could not be set up.
    #[error(transparent)]
    Setup(#[from] setup::SetupError),
    /// Standard input or output failed.
    #[error("standard input or output: {0}")]
    Terminal(#[from] io::Error),
}

impl Failure {
    /// The exit code: 2 if the command was wrong, else 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused {
                kind: Kind::Invalid,
                ..
            }
            | Self::NoPassword
            | Self::Setup(
                setup::SetupError::NoDomain
                | setup::SetupError::Domain { .. }
                | setup::SetupError::Settings(_),
            ) => 2,
            Self::Refused { .. }
            | Self::NoServer { .. }
            | Self::NotYours { .. }
            | Self::BadAnswer { .. }
            | Self::NotConfirmed
            | Self::NobodyToAsk
            | Self::Setup(
                setup::SetupError::NotRoot
                | setup::SetupError::NoSystemd
                | setup::SetupError::OtherDomain { .. }
                | setup::SetupError::System(_)
                | setup::SetupError::Terminal(_),
            )
            | Self::Terminal(_) => 1,
        }
    }
}

/// Reads this process's command line; prints help or what is wrong with it, and exits, where that is all there is to do.
#[must_use]
pub fn parse() -> Invocation {
    Arguments::parse().into()
}

/// Asks the server that runs with this configuration; returns what is to be printed.
///
/// # Errors
/// [`Failure`], which says what would help.
pub async fn operate(operate: Operate, config: &Config) -> Result<String, Failure> {
    let client = Client::new(absolute(crate::control::path(&config.data_dir)));
    let (output, json) = match operate {
        Operate::User(asked) => (users::run(asked.command, &client).await?, asked.json),
        Operate::Invite(asked) => (invites::run(asked.command, &client).await?, asked.json),
        Operate::Relay(asked) => (relay::run(asked.command, &client).await?, asked.json),
        Operate::Call(asked) => (calls::run(asked.command, &client).await?, asked.json),
    };
    let Output { answer, text } = output;
    Ok(if json { format!("{answer:#}") } else { text })
}

/// A path that tells the same wherever it is read.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn span(text: &str) -> Result<std::time::Duration, Wrong> {
    crate::config::parse_duration(text)
}

impl From<Arguments> for Invocation {
    fn from(Arguments { command, flags }: Arguments) -> Self {
        Self {
            command: command.unwrap_or(Command::Serve),
            flags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Invocation {
        Invocation::from(Arguments::try_parse_from(line).expect("parses"))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_means_serve() {
        let invocation = parsed(&["zvonilka"]);
        assert_eq!(invocation.command, Command::Serve);
        assert_eq!(invocation.flags.settings().count(), 0);
    }

    #[test]
    fn a_flag_may_stand_before_and_after_the_command() {
        for line in [
            ["zvonilka", "--http-listen", "[::1]:80", "check-config"],
            ["zvonilka", "check-config", "--http-listen", "[::1]:80"],
        ] {
            let invocation = parsed(&line);
            assert_eq!(invocation.command, Command::CheckConfig);
            assert_eq!(
                invocation.flags.settings().collect::<Vec<_>>(),
                [("http.listen", "--http-listen", "[::1]:80")]
            );
        }
    }

    #[test]
    fn json_may_be_asked_for_before_and_after_what_is_done() {
        for line in [
            ["zvonilka", "user", "--json", "list"],
            ["zvonilka", "user", "list", "--json"],
        ] {
            let Command::Operate(Operate::User(asked)) = parsed(&line).command else {
                panic!("not about users")
            };
            assert!(asked.json);
        }
    }

    #[test]
    fn a_password_is_never_an_argument() {
        let line = ["zvonilka", "user", "create", "anna", "--password", "x"];
        Arguments::try_parse_from(line).expect_err("others would see it");
    }
}
