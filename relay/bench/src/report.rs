//! The report: figures of all rounds as JSON, or as a table for people.

mod rooms;

pub(crate) use rooms::RoomsReport;

use crate::{
    figures::{Latency, Round, median},
    measure::Allocations,
    scenario::{MEMORY_GOAL, Scenario},
    server::{Kind, Placement},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

/// Everything that one run of the bench has found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) servers: BTreeMap<Kind, Subject>,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) traffic: Vec<TrafficReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allocations: Option<AllocationsReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rooms: Vec<RoomsReport>,
}

/// Where it ran.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) kernel: String,
    pub(crate) cpus: usize,
    /// Which CPUs were the server's and the generator's.
    pub(crate) placement: Placement,
    pub(crate) niceness: i32,
    /// Niceness of its session, where the scheduler has autogroups.
    pub(crate) session_niceness: Option<i32>,
    /// Processes that wanted a CPU in the minute before: other work disturbs latency and loss.
    pub(crate) load_before: String,
}

/// A server that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Subject {
    pub(crate) version: String,
    pub(crate) command: String,
}

/// One load.
#[derive(Debug, Serialize)]
pub(crate) struct TrafficReport {
    pub(crate) scenario: Scenario,
    pub(crate) servers: BTreeMap<Kind, TrafficFigures>,
    /// CPU for each packet, ours / coturn.
    pub(crate) ratio: Option<f64>,
    /// What the ratio should be at most.
    pub(crate) goal: Option<f64>,
}

/// Medians of all rounds, and sums where it says packets.
#[derive(Debug, Serialize)]
pub(crate) struct TrafficFigures {
    pub(crate) cpu_us_per_packet: f64,
    pub(crate) cpu_us_per_packet_of_each_round: Vec<f64>,
    pub(crate) packets_sent: usize,
    pub(crate) packets_delivered: usize,
    pub(crate) packets_lost: usize,
    pub(crate) sleeps_per_packet: f64,
    pub(crate) latency_us: Latency,
    /// Above what the same load takes from socket to socket.
    pub(crate) added_latency_us: Latency,
    pub(crate) generator_busy: f64,
    pub(crate) generator_late_p99_us: f64,
}

impl TrafficReport {
    /// Puts the rounds of each server together.
    pub(crate) fn new(scenario: Scenario, rounds: &BTreeMap<Kind, Vec<Round>>) -> Self {
        let servers: BTreeMap<_, _> = rounds
            .iter()
            .map(|(kind, rounds)| (*kind, TrafficFigures::of(rounds)))
            .collect();
        Self {
            scenario,
            ratio: ratio(&servers, |figures| figures.cpu_us_per_packet),
            goal: scenario.goal(),
            servers,
        }
    }
}

impl TrafficFigures {
    fn of(rounds: &[Round]) -> Self {
        let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of));
        let (sent, delivered) = rounds.iter().fold((0, 0), |(sent, delivered), round| {
            (sent + round.sent, delivered + round.delivered)
        });
        Self {
            cpu_us_per_packet: middle(|round| round.cpu),
            cpu_us_per_packet_of_each_round: rounds.iter().map(|round| round.cpu).collect(),
            packets_sent: sent,
            packets_delivered: delivered,
            packets_lost: sent - delivered,
            sleeps_per_packet: middle(|round| round.sleeps),
            latency_us: Latency {
                p50: middle(|round| round.latency.p50),
                p99: middle(|round| round.latency.p99),
            },
            added_latency_us: Latency {
                p50: middle(|round| round.latency.p50 - round.direct.p50),
                p99: middle(|round| round.latency.p99 - round.direct.p99),
            },
            generator_busy: middle(|round| round.busy),
            generator_late_p99_us: middle(|round| round.late),
        }
    }
}

/// Making allocations and keeping them.
#[derive(Debug, Serialize)]
pub(crate) struct AllocationsReport {
    pub(crate) count: usize,
    pub(crate) servers: BTreeMap<Kind, AllocationFigures>,
    pub(crate) cpu_ratio: Option<f64>,
    pub(crate) cpu_goal: Option<f64>,
    pub(crate) memory_ratio: Option<f64>,
    pub(crate) memory_goal: f64,
}

/// Medians of all rounds.
#[derive(Debug, Serialize)]
pub(crate) struct AllocationFigures {
    /// A challenge, an Allocate and a Refresh to 0.
    pub(crate) cpu_us_per_allocation: f64,
    /// By which the resident memory grows.
    pub(crate) mib_per_1000_allocations: f64,
}

impl AllocationsReport {
    /// Puts the rounds of each server together, each of `count` allocations.
    pub(crate) fn new(count: usize, rounds: &BTreeMap<Kind, Vec<Allocations>>) -> Self {
        let figures = |rounds: &Vec<Allocations>| AllocationFigures {
            cpu_us_per_allocation: median(rounds.iter().map(|round| round.cpu)),
            mib_per_1000_allocations: median(rounds.iter().map(|round| round.memory)) * 1000.0
                / f64::from(1 << 20),
        };
        let servers: BTreeMap<_, _> = rounds
            .iter()
            .map(|(kind, rounds)| (*kind, figures(rounds)))
            .collect();
        Self {
            count,
            cpu_ratio: ratio(&servers, |figures| figures.cpu_us_per_allocation),
            cpu_goal: Scenario::Allocations.goal(),
            memory_ratio: ratio(&servers, |figures| figures.mib_per_1000_allocations),
            memory_goal: MEMORY_GOAL,
            servers,
        }
    }
}

fn ratio<T>(servers: &BTreeMap<Kind, T>, of: impl Fn(&T) -> f64) -> Option<f64> {
    let (ours, coturn) = (
        of(servers.get(&Kind::Ours)?),
        of(servers.get(&Kind::Coturn)?),
    );
    (coturn > 0.0).then_some(ours / coturn)
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            processor,
            kernel,
            cpus,
            placement,
            niceness,
            session_niceness,
            load_before,
        } = &self.machine;
        let session =
            session_niceness.map_or_else(String::new, |nice| format!(" in a session of {nice}"));
        writeln!(
            f,
            "{processor}, {cpus} CPUs, Linux {kernel}; server on CPU {:?}, generator on {:?}, niceness {niceness}{session}, load before {load_before}",
            placement.server, placement.generator
        )?;
        for (kind, Subject { version, command }) in &self.servers {
            writeln!(f, "{}: {version}: {command}", kind.name())?;
        }
        writeln!(
            f,
            "medians of {} rounds of {} s\n",
            self.rounds, self.seconds
        )?;
        if !self.traffic.is_empty() {
            writeln!(
                f,
                "{:<19}{:<8}{:>10}{:>8}{:>8}{:>8}{:>9}{:>9}{:>11}{:>11}{:>7}{:>7}",
                "scenario",
                "server",
                "CPU us/pkt",
                "ratio",
                "goal",
                "lost",
                "p50 us",
                "p99 us",
                "added p50",
                "added p99",
                "sleeps",
                "gen"
            )?;
        }
        for report in &self.traffic {
            for (kind, figures) in &report.servers {
                let (ratio, goal) = match kind {
                    Kind::Ours => (number(report.ratio), number(report.goal)),
                    Kind::Coturn => (String::new(), String::new()),
                };
                writeln!(
                    f,
                    "{:<19}{:<8}{:>10.2}{ratio:>8}{goal:>8}{:>8}{:>9.1}{:>9.1}{:>11.1}{:>11.1}{:>7.2}{:>7.2}",
                    report.scenario.name(),
                    kind.name(),
                    figures.cpu_us_per_packet,
                    figures.packets_lost,
                    figures.latency_us.p50,
                    figures.latency_us.p99,
                    figures.added_latency_us.p50,
                    figures.added_latency_us.p99,
                    figures.sleeps_per_packet,
                    figures.generator_busy,
                )?;
            }
        }
        if let Some(allocations) = &self.allocations {
            write!(f, "{allocations}")?;
        }
        rooms::table(&self.rooms, f)
    }
}

impl Display for AllocationsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<19}{:<8}{:>10}{:>16}",
            "allocations", "server", "CPU us", "MiB for 1000"
        )?;
        for (kind, figures) in &self.servers {
            writeln!(
                f,
                "{:<19}{:<8}{:>10.1}{:>16.2}",
                "",
                kind.name(),
                figures.cpu_us_per_allocation,
                figures.mib_per_1000_allocations
            )?;
        }
        writeln!(
            f,
            "{:<19}{:<8}{:>10}{:>16}",
            "",
            "ratio",
            number(self.cpu_ratio),
            number(self.memory_ratio)
        )?;
        writeln!(
            f,
            "{:<19}{:<8}{:>10}{:>16}",
            "",
            "goal",
            number(self.cpu_goal),
            self.memory_goal
        )
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.2}"))
}
