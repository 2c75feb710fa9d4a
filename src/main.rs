//! Arguments and settings in, exit code out.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;
use zvonilka::config::cli::{self, Command};
use zvonilka::config::{Loaded, LogFormat, Secrets};

fn main() -> ExitCode {
    let invocation = cli::parse();
    let result = match invocation.command {
        Command::Openapi => zvonilka::http::document()
            .to_pretty_json()
            .map_err(anyhow::Error::from)
            .and_then(print),
        Command::CheckConfig => {
            load(&invocation.flags).and_then(|loaded| print(loaded.to_string()))
        }
        Command::Serve => load(&invocation.flags).and_then(serve),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell if standard error is closed.
            drop(writeln!(io::stderr(), "{error:#}"));
            ExitCode::from(2)
        }
    }
}

fn load(flags: &cli::Flags) -> anyhow::Result<Loaded> {
    Ok(zvonilka::config::load(flags)?)
}

fn print(text: String) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // Whoever read it has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

#[tokio::main]
async fn serve(loaded: Loaded) -> anyhow::Result<()> {
    let config = loaded.config;
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(config.log.filter.as_str())?)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match config.log.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    let secrets = Secrets::load_or_create(&config)?;
    Ok(zvonilka::run(&config, &secrets).await?)
}
