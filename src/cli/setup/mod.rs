//! `zvonilka setup`: from an installed program to a server that runs, with a link for the first person.
//!
//! Owns the order of the steps and what is said at each. What is done to the system is `system`'s business; what is there already stays as it is.

mod system;

use std::io::{self, BufRead, IsTerminal, Write};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use tokio::net::lookup_host;
use tokio::time::{Instant, sleep};

use super::Failure;
use super::client::Client;
use crate::config::cli::Flags;
use crate::config::{self, Config, HostName};
use crate::control::Status;
pub use system::SystemError;

/// The settings that are written and read.
const FILE: &str = "/etc/zvonilka/zvonilka.toml";
/// Where everything is kept.
const DATA: &str = "/var/lib/zvonilka";
/// How long the first certificate may take.
const PATIENCE: Duration = Duration::from_secs(150);
/// How often the server is asked for it.
const LOOK: Duration = Duration::from_millis(500);

/// Set the server up on this machine
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Setup {
    /// Where the authority may write to about the certificate; without it nothing is asked about it
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The directory of an ACME authority of your own, instead of Let's Encrypt's
    #[arg(long, value_name = "URL")]
    acme_directory: Option<String>,
    /// The certificates (PEM) by which that authority is trusted
    #[arg(long, value_name = "FILE")]
    acme_root_file: Option<String>,
}

/// Why the server is not set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Only root may.
    #[error("setup writes to /etc and starts a service: run it as root (sudo zvonilka setup)")]
    NotRoot,
    /// There is nothing to run the server.
    #[error(
        "systemd does not run on this machine, so nothing would start the server; `zvonilka serve --domain NAME --data-dir {DATA}` does, \
         under whatever you have"
    )]
    NoSystemd,
    /// Nobody said under which name.
    #[error("under which name is the server to be reached? Say it with --domain NAME")]
    NoDomain,
    /// What was said is none.
    #[error("{name:?}: {why}")]
    Domain {
        /// What was said.
        name: String,
        /// What is wrong with it.
        why: config::Wrong,
    },
    /// There is a file of settings for something else.
    #[error(
        "{FILE} is there already and says {there}; change it there, then: systemctl restart zvonilka"
    )]
    OtherDomain {
        /// What it says.
        there: String,
    },
    /// The settings are at fault.
    #[error(transparent)]
    Settings(#[from] config::Errors),
    /// Something could not be done to the system.
    #[error(transparent)]
    System(#[from] SystemError),
    /// Nobody answers on the terminal.
    #[error("the terminal: {0}")]
    Terminal(#[from] io::Error),
}

/// Sets the server up; says on standard output what it does.
///
/// # Errors
/// [`Failure`], which says what would help.
pub async fn run(asked: Setup, flags: &Flags) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(SetupError::NotRoot.into());
    }
    if !sd_notify::booted().unwrap_or(false) {
        return Err(SetupError::NoSystemd.into());
    }
    let config = settings(asked, flags).map_err(Failure::Setup)?;
    if let Some(domain) = &config.domain {
        look_up(domain).await?;
    }
    step("Starting the server")?;
    let from = Instant::now();
    system::install(Path::new(FILE)).map_err(SetupError::from)?;
    system::start().await.map_err(SetupError::from)?;
    let client = Client::new(crate::control::path(&config.data_dir));
    let status = settled(&client).await?;
    step(&format!("It runs ({:.1} s)", from.elapsed().as_secs_f32()))?;
    say_certificate(&status)?;
    Ok(say_invite(&status)?)
}

/// Writes the settings, or takes those that are there.
fn settings(asked: Setup, flags: &Flags) -> Result<Config, SetupError> {
    let file = Path::new(FILE);
    let read = Flags {
        config: Some(file.into()),
        ..Flags::default()
    };
    if file.exists() {
        let config = config::load(&read)?.config;
        let there = config.domain.as_ref().map(HostName::as_str);
        if let Some(wanted) = &flags.domain
            && there != Some(wanted.to_lowercase().as_str())
        {
            let there = there.map_or("nothing of a domain".into(), |name| {
                format!("domain = \"{name}\"")
            });
            return Err(SetupError::OtherDomain { there });
        }
        step(&format!("{FILE} is there already and stays as it is"))?;
        return Ok(config);
    }
    let is_terminal = io::stdin().is_terminal();
    let name = match &flags.domain {
        Some(name) => name.clone(),
        None if is_terminal => ask(
            "The server's name, which must lead to this machine in DNS (such as talk.example.org)",
        )?,
        None => return Err(SetupError::NoDomain),
    };
    let domain: HostName = match name.parse() {
        Ok(domain) => domain,
        Err(why) => return Err(SetupError::Domain { name, why }),
    };
    let email = match asked.email {
        Some(email) => Some(email),
        None if is_terminal && flags.domain.is_none() => Some(ask(
            "Your e-mail address, for warnings about the certificate (may stay empty)",
        )?),
        None => None,
    };
    let mut text = format!(
        "# Written by `zvonilka setup`. Every other setting: /usr/share/doc/zvonilka/zvonilka.toml\n\
         domain = {}\ndata_dir = {}\n",
        quoted(domain.as_str()),
        quoted(DATA),
    );
    let acme = [
        ("email", email.filter(|email| !email.is_empty())),
        ("directory", asked.acme_directory),
        ("root_file", asked.acme_root_file),
    ];
    let acme: Vec<_> = acme
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
    if !acme.is_empty() {
        text.push_str("\n[acme]\n");
        for (key, value) in acme {
            text.push_str(&format!("{key} = {}\n", quoted(&value)));
        }
    }
    let config = system::write_settings(file, &text, || {
        Ok::<_, SetupError>(config::load(&read)?.config)
    })?;
    step(&format!("{FILE} is written"))?;
    Ok(config)
}

/// Says whether the name leads here; that it does not yet is no reason to stop, as names take their time.
async fn look_up(domain: &HostName) -> Result<(), Failure> {
    let found: Vec<IpAddr> = match lookup_host((domain.as_str(), 443)).await {
        Ok(found) => found.map(|at| at.ip().to_canonical()).collect(),
        Err(_) => Vec::new(),
    };
    let own = ::net::host_addresses()?;
    let list = |all: &[IpAddr]| {
        let all: Vec<_> = all
            .iter()
            .filter(|ip| !ip.is_loopback())
            .map(ToString::to_string)
            .collect();
        all.join(", ")
    };
    if found.is_empty() {
        step(&format!(
            "DNS does not know {domain} yet: at whoever gives out your domain, make an A record for it with this machine's public address (it has {})",
            list(&own)
        ))?;
    } else if found.iter().any(|ip| own.contains(ip)) {
        step(&format!(
            "{domain} leads to this machine ({})",
            list(&found)
        ))?;
    } else {
        step(&format!(
            "{domain} leads to {}, which is none of this machine's own addresses ({}). Right if this machine is behind NAT; else mend it in DNS",
            list(&found),
            list(&own)
        ))?;
    }
    Ok(())
}

/// Waits until the certificate is there, or the authority has refused.
async fn settled(client: &Client) -> Result<Status, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = client.get::<Status>(&["status"], &[]).await?.read;
        let waits = status
            .certificate
            .as_ref()
            .is_some_and(|one| one.expires_at.is_none() && one.failure.is_none());
        if !waits || Instant::now() > deadline {
            return Ok(status);
        }
        sleep(LOOK).await;
    }
}

fn say_certificate(status: &Status) -> io::Result<()> {
    let Some(certificate) = &status.certificate else {
        return step("No TLS here: a reverse proxy in front must have it");
    };
    match (&certificate.expires_at, &certificate.failure) {
        (Some(until), _) => {
            let day = super::output::moment(*until);
            step(&format!(
                "The certificate is there, good until {day} UTC and renewed by itself"
            ))
        }
        (None, Some(failure)) => step(&format!(
            "There is no certificate yet, so nobody can come in: {failure}\n  It is tried again by itself; at once with: systemctl reload zvonilka"
        )),
        (None, None) => step(
            "There is no certificate yet: the authority takes its time. `journalctl -u zvonilka` shows how it goes",
        ),
    }
}

fn say_invite(status: &Status) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match &status.invite {
        Some(link) if status.users == 0 => {
            writeln!(
                out,
                "\nOpen this link and register; the first to do so is the administrator:\n\n  {link}\n"
            )?;
            out.write_all(picture(link, io::stdout().is_terminal()).as_bytes())?;
        }
        Some(_) | None => {
            writeln!(
                out,
                "\nThe web client: {}\nInvite somebody with: zvonilka invite create",
                status.address
            )?;
        }
    }
    Ok(())
}

/// Draws a link to be photographed: dark on light whatever the terminal's colours are, if it has any.
fn picture(link: &str, coloured: bool) -> String {
    // A link that is too long for a picture is still a link.
    let Ok(code) = QrCode::new(link) else {
        return String::new();
    };
    let drawn = code.render::<Dense1x2>().quiet_zone(true).build();
    let (on, off) = if coloured {
        ("\x1b[30;107m", "\x1b[0m")
    } else {
        ("", "")
    };
    drawn
        .lines()
        .map(|line| format!("  {on}{line}{off}\n"))
        .collect()
}

fn step(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "• {text}")
}

fn ask(question: &str) -> Result<String, SetupError> {
    let mut terminal = io::stdout();
    write!(terminal, "{question}: ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// A string as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
