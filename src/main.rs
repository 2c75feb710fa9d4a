//! Arguments and settings in, exit code out.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;
use zvonilka::Reload;
use zvonilka::backup::{self, BackupError};
use zvonilka::cli::{self, Command, Operate};
use zvonilka::config::cli::Flags;
use zvonilka::config::{Loaded, LogFormat, Secrets};

fn main() -> ExitCode {
    let invocation = cli::parse();
    let flags = &invocation.flags;
    let result = match invocation.command {
        Command::Openapi => zvonilka::http::document()
            .to_pretty_json()
            .map_err(anyhow::Error::from)
            .and_then(print),
        Command::CheckConfig => load(flags).and_then(|loaded| print(loaded.to_string())),
        Command::Serve => load(flags).and_then(|loaded| serve(invocation.flags, loaded)),
        Command::Setup(asked) => setup(asked, flags),
        Command::Backup { file } => load(flags).and_then(|loaded| back_up(&file, &loaded)),
        Command::Restore { file, force } => {
            load(flags).and_then(|loaded| restore(&file, force, &loaded))
        }
        Command::Operate(asked) => load(flags).and_then(|loaded| operate(asked, &loaded)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Told>() => ExitCode::from(2),
        Err(error) => {
            // Nothing is left to tell if standard error is closed.
            drop(writeln!(io::stderr(), "{}", whole(&error)));
            if error.is::<BackupError>() {
                return ExitCode::FAILURE;
            }
            let failure = error.downcast_ref::<cli::Failure>();
            ExitCode::from(failure.map_or(2, cli::Failure::exit_code))
        }
    }
}

/// Why the server ended stands in the log already, in the log's form.
#[derive(Debug, thiserror::Error)]
#[error("the server ended, as the log says")]
struct Told;

/// The error and what caused it; most of ours tell their cause themselves.
fn whole(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn load(flags: &Flags) -> anyhow::Result<Loaded> {
    Ok(zvonilka::config::load(flags)?)
}

fn print(text: String) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // Whoever read it has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn operate(asked: Operate, loaded: &Loaded) -> anyhow::Result<()> {
    print(cli::operate(asked, &loaded.config).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn setup(asked: cli::setup::Setup, flags: &Flags) -> anyhow::Result<()> {
    Ok(cli::setup::run(asked, flags).await?)
}

/// What is said goes to standard error: the backup itself may be on standard output.
#[tokio::main(flavor = "current_thread")]
async fn back_up(file: &Path, loaded: &Loaded) -> anyhow::Result<()> {
    let made = backup::make(&loaded.config, file).await?;
    let mut err = io::stderr();
    writeln!(
        err,
        "Backed up: the {} database, the generated secrets, the certificates.",
        made.database
    )?;
    if !made.configured.is_empty() {
        let keys = made.configured.join(" and ");
        writeln!(
            err,
            "Not in it: {keys}, which you configured. Keep your configuration too, or devices must sign in again."
        )?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn restore(file: &Path, force: bool, loaded: &Loaded) -> anyhow::Result<()> {
    let restored = backup::restore(&loaded.config, file, force).await?;
    let (version, made_at) = (&restored.version, restored.made_at);
    let mut text = format!(
        "Restored what zvonilka {version} had at {made_at}. Start the server: devices go on by themselves."
    );
    if let Some(aside) = restored.aside {
        text.push_str(&format!(
            "\nWhat was there before is in {}; remove it once all is well.",
            aside.display()
        ));
    }
    print(text)
}

#[tokio::main]
async fn serve(flags: Flags, loaded: Loaded) -> anyhow::Result<()> {
    let config = loaded.config.clone();
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(config.log.filter.as_str())?)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    let reload = match config.log.format {
        LogFormat::Text => {
            let log = log.with_filter_reloading();
            let filter = log.reload_handle();
            log.init();
            Reload::new(flags, loaded, move |new| filter.reload(new))
        }
        LogFormat::Json => {
            let log = log.json().flatten_event(true).with_filter_reloading();
            let filter = log.reload_handle();
            log.init();
            Reload::new(flags, loaded, move |new| filter.reload(new))
        }
    };
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string);
        tracing::error!(
            at,
            reason = panic.payload_as_str(),
            "something panicked: a fault of this program, please report it"
        );
    }));
    let run = async {
        let secrets = Secrets::load_or_create(&config)?;
        Ok::<_, anyhow::Error>(zvonilka::run(&config, &secrets, reload).await?)
    };
    match (run.await, config.log.format) {
        (Err(error), LogFormat::Json) => {
            tracing::error!(error = whole(&error), "the server ends");
            Err(Told.into())
        }
        (ended, LogFormat::Json | LogFormat::Text) => ended,
    }
}
