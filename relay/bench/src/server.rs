//! The servers that are measured, each a process of its own: ours, which is this program again, and coturn's `turnserver`.

use crate::{
    client::{Client, SECRET, answers},
    process::{Usage, resident, run_on},
    rooms::load::Load,
    wire::{Certificate, Transport, Wire},
};
use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde::Serialize;
use std::{
    env,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    ops::{Range, RangeInclusive},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio, id},
    time::{Duration, Instant},
};

/// The ports of relayed addresses: below those that the system gives to clients and peers.
pub(crate) const RELAY_PORTS: RangeInclusive<u16> = 10_000..=19_999;

/// The realm of both.
pub(crate) const REALM: &str = "bench";

/// The ports to listen on: none that the system gives to somebody between looking and starting.
const LISTEN_PORTS: Range<u16> = 9_000..10_000;

/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(10);

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The relay of this repository.
    Ours,
    /// coturn's `turnserver`, as found in PATH.
    Coturn,
}

impl Kind {
    /// Returns its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Coturn => "coturn",
        }
    }

    /// Returns which version it is, or `None` if it is not installed.
    pub(crate) fn version(self) -> Option<String> {
        match self {
            Self::Ours => {
                let built = if cfg!(debug_assertions) {
                    "debug"
                } else {
                    "release"
                };
                Some(format!("{} ({built} build)", env!("CARGO_PKG_VERSION")))
            }
            Self::Coturn => {
                let output = Command::new("turnserver").arg("--version").output().ok()?;
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                text.lines()
                    .map(str::trim)
                    .rfind(|line| !line.is_empty())
                    .map(str::to_owned)
            }
        }
    }

    /// Returns the command that starts it on `listen`, for streams too if it has a certificate to show.
    pub(crate) fn command(
        self,
        listen: SocketAddr,
        certificate: Option<&Certificate>,
    ) -> anyhow::Result<Vec<String>> {
        let program = match self {
            Self::Ours => env::current_exe().context("cannot find this program")?,
            Self::Coturn => Path::new("turnserver").into(),
        };
        let (ip, port) = (listen.ip(), listen.port());
        let options = match self {
            Self::Ours => format!("serve --listen={listen}"),
            // The pid file and the log are never looked at; its user database stays what its package made of it.
            Self::Coturn => format!(
                "-n --listening-ip={ip} --listening-port={port} --relay-ip={ip} --min-port={} --max-port={} --realm={REALM} \
                 --use-auth-secret --static-auth-secret={SECRET} --relay-threads=1 --allow-loopback-peers \
                 --no-cli --no-stdout-log --log-file=/dev/null --simple-log --pidfile=/dev/null --no-dtls",
                RELAY_PORTS.start(),
                RELAY_PORTS.end(),
            ),
        };
        let files = certificate.map(|made| (made.path(), made.key_path()));
        let doors = match (self, &files) {
            (Self::Ours | Self::Coturn, None) => vec![],
            (Self::Ours, Some((certificate, key))) => {
                vec![("--certificate", certificate), ("--key", key)]
            }
            (Self::Coturn, Some((certificate, key))) => {
                vec![("--cert", certificate), ("--pkey", key)]
            }
        };
        let closed = match (self, &files) {
            (Self::Coturn, None) => "--no-tcp --no-tls",
            (Self::Coturn, Some(_)) | (Self::Ours, _) => "",
        };
        let words = options.split_whitespace().chain(closed.split_whitespace());
        let mut command = vec![utf8(&program)?];
        command.extend(words.map(str::to_owned));
        for (option, file) in doors {
            command.extend([option.to_owned(), utf8(file)?]);
        }
        Ok(command)
    }
}

/// Returns the command that starts our server on `listen`, with rooms for `load`.
pub(crate) fn rooms_command(listen: SocketAddr, load: &Load) -> anyhow::Result<Vec<String>> {
    let mut command = Kind::Ours.command(listen, None)?;
    command.push("--rooms".to_owned());
    command.push(format!("--workers={}", load.workers));
    command.push(format!("--audible={}", load.audible));
    Ok(command)
}

fn utf8(path: &Path) -> anyhow::Result<String> {
    let text = path
        .to_str()
        .with_context(|| format!("{path:?} is no UTF-8"))?;
    Ok(text.to_owned())
}

/// Which CPUs the server and the generator have; with fewer than two, both have the same.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Placement {
    /// The server's.
    pub(crate) server: Vec<usize>,
    /// The generator's.
    pub(crate) generator: Vec<usize>,
}

impl Placement {
    /// Gives each side one CPU of `cpus`, if there are two.
    pub(crate) fn of(cpus: &[usize]) -> Self {
        match cpus {
            [first, second, ..] => Self {
                server: vec![*first],
                generator: vec![*second],
            },
            few => Self {
                server: few.to_vec(),
                generator: few.to_vec(),
            },
        }
    }
}

/// Where servers run, and what they show to clients that speak TLS.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) placement: Placement,
    pub(crate) certificate: Certificate,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server on a free port of loopback and waits until it answers.
    ///
    /// # Errors
    /// If it does not start, or does not answer within [`START`].
    pub(crate) fn start(kind: Kind, site: &Site, transport: Transport) -> anyhow::Result<Self> {
        let address = free_address()?;
        let certificate = (transport != Transport::Udp).then_some(&site.certificate);
        Self::spawn(
            site,
            address,
            &kind.command(address, certificate)?,
            Stdio::null(),
        )
    }

    /// Starts our server with rooms for `load`, which are commanded over its standard input and output.
    ///
    /// # Errors
    /// If it does not start, or does not answer within [`START`].
    pub(crate) fn start_rooms(site: &Site, load: &Load) -> anyhow::Result<Self> {
        let address = free_address()?;
        Self::spawn(
            site,
            address,
            &rooms_command(address, load)?,
            Stdio::piped(),
        )
    }

    fn spawn(
        site: &Site,
        address: SocketAddr,
        command: &[String],
        stdout: Stdio,
    ) -> anyhow::Result<Self> {
        run_on(&site.placement.server)?;
        // Ours ends with its standard input, so that it never outlives the bench.
        let spawned = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(Stdio::inherit())
            .spawn();
        run_on(&site.placement.generator)?;
        let process = spawned.with_context(|| format!("cannot start `{}`", command.join(" ")))?;
        let mut server = Self { process, address };
        let start = Instant::now();
        while !answers(address, Duration::from_millis(20))? {
            let ended = server.process.try_wait()?;
            ensure!(
                ended.is_none() && start.elapsed() < START,
                "`{}` does not answer",
                command.join(" ")
            );
        }
        Ok(server)
    }

    /// Returns where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its standard input and output, once, if its rooms are commanded over them.
    pub(crate) fn control(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.process.stdin.take().zip(self.process.stdout.take())
    }

    /// Makes an allocation as `user`.
    ///
    /// # Errors
    /// If it refuses or does not answer.
    pub(crate) fn allocate(
        &self,
        site: &Site,
        transport: Transport,
        user: &str,
    ) -> anyhow::Result<Client> {
        Client::allocate(
            Wire::connect(self.address, transport, &site.certificate)?,
            user,
        )
    }

    /// Returns what it has used since it started.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.process.id())
    }

    /// Returns the memory that it holds, in bytes.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        resident(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Returns an address that is free. Each bench begins to look at another port, so that two that run at once do not find the same.
fn free_address() -> anyhow::Result<SocketAddr> {
    let first = id() as usize % LISTEN_PORTS.len();
    LISTEN_PORTS
        .cycle()
        .skip(first)
        .take(LISTEN_PORTS.len())
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| UdpSocket::bind(address).is_ok())
        .with_context(|| format!("no port of {LISTEN_PORTS:?} is free"))
}
