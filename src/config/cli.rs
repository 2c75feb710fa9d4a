//! The flags of the common settings.

use std::path::PathBuf;

use clap::Args;

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
    #[arg(long, global = true, hide_short_help = true, value_name = "NAME")]
    pub domain: Option<String>,
    /// Address and port for pages and the API [default: 127.0.0.1:3000]
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "ADDRESS:PORT"
    )]
    pub http_listen: Option<String>,
    /// sqlite:PATH or postgres://USER@HOST:PORT/NAME [default: a file in the data directory]. Other users of the
    /// machine see flags: put a password into the file or the environment instead
    #[arg(long, global = true, hide_short_help = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Address and port for STUN and TURN [default: 127.0.0.1:3478]
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "ADDRESS:PORT"
    )]
    pub turn_listen: Option<String>,
    /// The address by which clients reach the TURN server
    #[arg(long, global = true, hide_short_help = true, value_name = "ADDRESS")]
    pub turn_external_address: Option<String>,
    /// What is logged, such as "debug" or "info,zvonilka::gateway=debug" [default: info]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILTER")]
    pub log: Option<String>,
}

impl Flags {
    /// Returns the settings that were given: key, flag, value.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
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
