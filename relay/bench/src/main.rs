//! Measures our relay, and coturn beside it, under the same load on this machine.
//!
//! Owns the load, the clients that make it and the sums; what is measured runs in processes of its own. `docs/performance.md` tells how to read the figures.

mod client;
mod figures;
mod generator;
mod measure;
mod process;
mod report;
mod rooms;
mod scenario;
mod serve;
mod server;
mod socket;
mod wire;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use report::{AllocationsReport, Machine, Report, RoomsReport, Subject, TrafficReport};
use scenario::{Scenario, Work};
use serve::Setup;
use server::{Kind, Placement, Site};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};
use wire::Certificate;

/// Measures our relay, and coturn beside it, under the same load on this machine
///
/// Server and generator get a CPU each, if there are two. Build with --release. On a machine that is not quiet, run it as root with `nice -n -20`, after `echo -20 >/proc/self/autogroup`.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Which servers; without coturn's `turnserver` in PATH, only ours
    #[arg(long, value_enum, default_value_t = Which::Both)]
    server: Which,
    /// Measure only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SCENARIO")]
    only: Vec<Scenario>,
    /// How often each is measured; the servers take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// How long a load is sent in one round
    #[arg(long, default_value = "2", value_parser = seconds)]
    seconds: Duration,
    /// How many allocations are made in one round
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=4000))]
    allocations: u16,
    /// How many may be in a room at most, for a small machine
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(2..=100))]
    people: u16,
    /// How long it may take until everybody in a room sees and hears all that it should; it is measured after that
    #[arg(long, default_value = "15", value_parser = seconds)]
    patience: Duration,
    /// Print JSON and no table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve as our relay until standard input ends; the bench starts this itself
    Serve {
        /// Where to listen
        #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 3478)))]
        listen: SocketAddr,
        /// The certificate for TLS, in PEM; without one there is no TLS
        #[arg(long, requires = "key")]
        certificate: Option<PathBuf>,
        /// Its key, in PEM
        #[arg(long, requires = "certificate")]
        key: Option<PathBuf>,
        /// Threads that carry packets
        #[arg(long, default_value = "1")]
        workers: NonZero<u8>,
        /// Have rooms, commanded by lines of JSON over standard input and output
        #[arg(long)]
        rooms: bool,
        /// Microphones that are sent to each participant of a room
        #[arg(long, default_value_t = 5)]
        audible: usize,
    },
}

/// Which servers are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Ours,
    Coturn,
    Both,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Some(Command::Serve {
            listen,
            ref certificate,
            ref key,
            workers,
            rooms,
            audible,
        }) => serve::serve(Setup {
            listen,
            files: certificate.clone().zip(key.clone()),
            workers,
            audible: rooms.then_some(audible),
        }),
        None => bench(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> anyhow::Result<()> {
    process::allow_open_files()?;
    let servers = servers(arguments.server)?;
    let machine = machine()?;
    process::run_on(&machine.placement.generator)?;
    let subjects = servers
        .iter()
        .map(|(kind, version)| {
            let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 3478));
            let command = kind.command(listen, None)?.join(" ");
            Ok((
                *kind,
                Subject {
                    version: version.clone(),
                    command,
                },
            ))
        })
        .collect::<anyhow::Result<BTreeMap<_, _>>>()?;
    let kinds: Vec<_> = servers.into_keys().collect();
    let site = Site {
        placement: machine.placement.clone(),
        certificate: Certificate::new()?,
    };
    let found = measure_all(arguments, &kinds, &site)?;
    let report = Report {
        machine,
        servers: subjects,
        rounds: arguments.rounds.into(),
        seconds: arguments.seconds.as_secs_f64(),
        traffic: found.traffic,
        allocations: found.allocations,
        rooms: found.rooms,
    };
    let text = if arguments.json {
        serde_json::to_string_pretty(&report)?
    } else {
        report.to_string()
    };
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // Whoever read it has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// What was measured.
struct Found {
    traffic: Vec<TrafficReport>,
    allocations: Option<AllocationsReport>,
    rooms: Vec<RoomsReport>,
}

/// Measures what was asked for, round by round, so that what changes on the machine meets both servers.
fn measure_all(arguments: &Arguments, kinds: &[Kind], site: &Site) -> anyhow::Result<Found> {
    let all = Scenario::value_variants();
    let chosen = if arguments.only.is_empty() {
        all
    } else {
        &arguments.only
    };
    let mut traffic = vec![BTreeMap::<_, Vec<_>>::new(); chosen.len()];
    let mut allocations = BTreeMap::<_, Vec<_>>::new();
    let mut rooms = vec![Vec::new(); chosen.len()];
    for round in 1..=arguments.rounds {
        for (at, scenario) in chosen.iter().enumerate() {
            let name = format!("round {round} {}", scenario.name());
            match scenario.work() {
                Work::Traffic(load) => {
                    let direct = measure::direct(load, arguments.seconds / 4)?;
                    for kind in kinds {
                        let name = format!("{name} {}", kind.name());
                        let found = measure::traffic(*kind, site, load, arguments.seconds, direct)
                            .with_context(|| name.clone())?;
                        tell(&format!("{name}: {:.2} us for each packet", found.cpu));
                        traffic[at].entry(*kind).or_default().push(found);
                    }
                }
                Work::Allocations => {
                    for kind in kinds {
                        let name = format!("{name} {}", kind.name());
                        let count = arguments.allocations.into();
                        let found = measure::allocations(*kind, site, count)
                            .with_context(|| name.clone())?;
                        tell(&format!("{name}: {:.1} us for each allocation", found.cpu));
                        allocations.entry(*kind).or_default().push(found);
                    }
                }
                Work::Rooms(load) if kinds.contains(&Kind::Ours) => {
                    let load = load.of_at_most(arguments.people.into());
                    let found = rooms::measure(site, load, arguments.seconds, arguments.patience)
                        .with_context(|| name.clone())?;
                    tell(&format!("{name}: {:.2} us for each packet", found.cpu));
                    rooms[at].push(found);
                }
                // coturn has no rooms.
                Work::Rooms(_) => {}
            }
        }
    }
    let reported = chosen.iter().zip(&traffic);
    let traffic = reported
        .filter(|(_, rounds)| !rounds.is_empty())
        .map(|(scenario, rounds)| TrafficReport::new(*scenario, rounds))
        .collect();
    let rooms = chosen
        .iter()
        .zip(&rooms)
        .filter(|(_, rounds)| !rounds.is_empty())
        .map(|(scenario, rounds)| {
            RoomsReport::new(*scenario, arguments.seconds.as_secs_f64(), rounds)
        })
        .collect();
    let allocations = (!allocations.is_empty())
        .then(|| AllocationsReport::new(arguments.allocations.into(), &allocations));
    Ok(Found {
        traffic,
        allocations,
        rooms,
    })
}

/// Returns the servers that are wanted and there, with their versions.
fn servers(which: Which) -> anyhow::Result<BTreeMap<Kind, String>> {
    let wanted = match which {
        Which::Ours => vec![Kind::Ours],
        Which::Coturn => vec![Kind::Coturn],
        Which::Both => vec![Kind::Ours, Kind::Coturn],
    };
    let mut servers = BTreeMap::new();
    for kind in wanted {
        match kind.version() {
            Some(version) => drop(servers.insert(kind, version)),
            None if which == Which::Both => {
                tell("coturn is not installed (no `turnserver` in PATH): only ours is measured");
            }
            None => bail!("coturn is not installed: no `turnserver` in PATH"),
        }
    }
    Ok(servers)
}

fn machine() -> anyhow::Result<Machine> {
    let cpus = process::cpus()?;
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let processor = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, name)| name);
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(Machine {
        processor: processor.into(),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
            .trim()
            .into(),
        cpus: cpus.len(),
        placement: Placement::of(&cpus),
        niceness: process::niceness()?,
        session_niceness: process::session_niceness(),
        load_before: load.split(' ').next().unwrap_or_default().into(),
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds")?;
    // A permission lasts five minutes, and nobody renews it here.
    if (0.01..=120.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be 0.01 to 120".into())
    }
}

fn tell(text: &str) {
    // Nothing is left to tell if standard error is closed.
    drop(writeln!(io::stderr(), "{text}"));
}
