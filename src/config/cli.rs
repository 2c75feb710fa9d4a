//! The command line: commands and the flags of the common settings.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  zvonilka                          try it: http://localhost:3000, secret_invite
  zvonilka --config zvonilka.toml   serve with a configuration file
  zvonilka check-config             show every setting and where it comes from
  zvonilka openapi > openapi.json   write the description of the REST API

Every setting can stand in the file (section.key), in the environment
(ZVONILKA_SECTION__KEY, with two underscores for the dot) and, if it is listed
above, in a flag; the later wins. config/zvonilka.toml describes all of them.";

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the server (also without any command)
    Serve,
    /// Check the configuration, print it with the origin of each value, and exit with 0, or with 2 if it has a fault
    CheckConfig,
    /// Print the OpenAPI document of the REST API and exit
    Openapi,
}

/// Settings given on the command line, over those of the environment and the file.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct Flags {
    /// The configuration file [default: /etc/zvonilka/zvonilka.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the database file and the generated secrets live [default: ./data]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub data_dir: Option<String>,
    /// The public host name; with it the server is meant for others than this machine
    #[arg(long, global = true, value_name = "NAME")]
    pub domain: Option<String>,
    /// Address and port for pages and the API [default: 127.0.0.1:3000]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub http_listen: Option<String>,
    /// sqlite:PATH or postgres://USER@HOST:PORT/NAME [default: a file in the data directory]. Other users of the
    /// machine see flags: put a password into the file or the environment instead
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Address and port for STUN and TURN [default: 127.0.0.1:3478]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub turn_listen: Option<String>,
    /// The address by which clients reach the TURN server
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub turn_external_address: Option<String>,
    /// What is logged, such as "debug" or "info,zvonilka::gateway=debug" [default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

/// A parsed command line.
#[derive(Debug)]
pub struct Invocation {
    pub command: Command,
    pub flags: Flags,
}

/// Reads this process's command line; prints help or what is wrong with it, and exits, where that is all there is to do.
pub fn parse() -> Invocation {
    Arguments::parse().into()
}

impl From<Arguments> for Invocation {
    fn from(Arguments { command, flags }: Arguments) -> Self {
        Self {
            command: command.unwrap_or(Command::Serve),
            flags,
        }
    }
}

impl Flags {
    /// Returns the settings that were given: key, flag, value.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        [
            ("data_dir", "--data-dir", &self.data_dir),
            ("domain", "--domain", &self.domain),
            ("http.listen", "--http-listen", &self.http_listen),
            ("database.url", "--database-url", &self.database_url),
            ("turn.listen", "--turn-listen", &self.turn_listen),
            (
                "turn.external_address",
                "--turn-external-address",
                &self.turn_external_address,
            ),
            ("log.filter", "--log", &self.log),
        ]
        .into_iter()
        .filter_map(|(key, flag, value)| value.as_deref().map(|value| (key, flag, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_means_serve() {
        let invocation = Invocation::from(Arguments::try_parse_from(["zvonilka"]).expect("parses"));
        assert_eq!(invocation.command, Command::Serve);
        assert_eq!(invocation.flags.settings().count(), 0);
    }

    #[test]
    fn a_flag_may_stand_before_and_after_the_command() {
        for line in [
            ["zvonilka", "--http-listen", "[::1]:80", "check-config"],
            ["zvonilka", "check-config", "--http-listen", "[::1]:80"],
        ] {
            let invocation = Invocation::from(Arguments::try_parse_from(line).expect("parses"));
            assert_eq!(invocation.command, Command::CheckConfig);
            assert_eq!(
                invocation.flags.settings().collect::<Vec<_>>(),
                [("http.listen", "--http-listen", "[::1]:80")]
            );
        }
    }
}
