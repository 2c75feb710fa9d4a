//! What `setup` does to the system: the user, the unit, the settings, starting.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;

/// The user that the server runs as, and its group.
const USER: &str = "zvonilka";
/// Where a package puts the unit, and where one of this machine goes.
const PACKAGED_UNIT: &str = "/lib/systemd/system/zvonilka.service";
const OWN_UNIT: &str = "/etc/systemd/system/zvonilka.service";
/// Where a package puts the program, and where one that was copied by hand goes.
const PACKAGED: &str = "/usr/bin/zvonilka";
const COPIED: &str = "/usr/local/bin/zvonilka";
/// The unit of the package.
const UNIT: &str = include_str!("../../../systemd/zvonilka.service");

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A command.
    #[error("`{command}` failed: {said}")]
    Command {
        /// Which.
        command: String,
        /// What it said.
        said: String,
    },
    /// The server.
    #[error("the server does not start. What its log says:\n{log}")]
    DoesNotStart {
        /// The last lines.
        log: String,
    },
}

/// Writes the settings and has them read; if they are at fault, they are gone again.
pub(super) fn write_settings<T, E: From<SystemError>>(
    file: &Path,
    text: &str,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let write = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut new = fs::OpenOptions::new();
        let mut out = new.write(true).create_new(true).mode(0o640).open(file)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()
    };
    write().map_err(|source| of_file(file, source))?;
    read().inspect_err(|_| {
        // What is left of it would be taken for settings that somebody wrote.
        if let Err(error) = fs::remove_file(file) {
            tracing::warn!(%error, "the settings stay though they are at fault");
        }
    })
}

/// Makes the user and the unit where there are none, and lets the user read the settings.
pub(super) fn install(settings: &Path) -> Result<(), SystemError> {
    if !Path::new(PACKAGED_UNIT).exists() {
        let program = program()?;
        let unit = UNIT.replace(PACKAGED, &program.display().to_string());
        let own = Path::new(OWN_UNIT);
        fs::write(own, unit).map_err(|source| of_file(own, source))?;
    }
    if group().is_none() {
        run_now(&[
            "useradd",
            "--system",
            "--user-group",
            "--home-dir",
            "/var/lib/zvonilka",
            "--shell",
            "/usr/sbin/nologin",
            USER,
        ])?;
    }
    let group = group();
    chown(settings, None, group).map_err(|source| of_file(settings, source))
}

/// Starts the server now and at each start of the machine, and waits until it says that it is ready.
pub(super) async fn start() -> Result<(), SystemError> {
    run(&["systemctl", "daemon-reload"]).await?;
    run(&["systemctl", "enable", "--quiet", "zvonilka"]).await?;
    if let Err(error) = run(&["systemctl", "restart", "zvonilka"]).await {
        let journal = [
            "journalctl",
            "--no-pager",
            "--lines=20",
            "--output=cat",
            "--unit=zvonilka",
        ];
        let log = output(&journal)
            .await
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        return match log {
            Ok(log) if !log.trim().is_empty() => Err(SystemError::DoesNotStart { log }),
            Ok(_) | Err(_) => Err(error),
        };
    }
    Ok(())
}

/// Returns where the unit finds this program: where it is, unless that is a place that services do not see.
fn program() -> Result<PathBuf, SystemError> {
    let running = Path::new("/proc/self/exe");
    let here = fs::read_link(running).map_err(|source| of_file(running, source))?;
    if here.starts_with("/usr") || here.starts_with("/opt") {
        return Ok(here);
    }
    let copied = PathBuf::from(COPIED);
    fs::copy(&here, &copied).map_err(|source| of_file(&copied, source))?;
    Ok(copied)
}

/// Returns the id of the server's group, if there is one.
fn group() -> Option<u32> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    let line = groups
        .lines()
        .find(|line| line.split(':').next() == Some(USER))?;
    line.split(':').nth(2)?.parse().ok()
}

fn run_now(command: &[&str]) -> Result<(), SystemError> {
    let (program, arguments) = command.split_first().expect("it has a name");
    let output = std::process::Command::new(program).args(arguments).output();
    done(command, output)
}

async fn run(command: &[&str]) -> Result<(), SystemError> {
    done(command, output(command).await)
}

async fn output(command: &[&str]) -> io::Result<Output> {
    let (program, arguments) = command.split_first().expect("it has a name");
    Command::new(program).args(arguments).output().await
}

fn done(command: &[&str], output: io::Result<Output>) -> Result<(), SystemError> {
    let said = match output {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(SystemError::Command {
        command: command.join(" "),
        said,
    })
}

fn of_file(path: &Path, source: io::Error) -> SystemError {
    SystemError::File {
        path: path.into(),
        source,
    }
}
