//! The figures of rooms.

use crate::{figures::median, rooms::Round, scenario::Scenario};
use serde::Serialize;
use std::fmt;

/// A load of a room: medians of all rounds, and sums where it says packets.
#[derive(Debug, Serialize)]
pub(crate) struct RoomsReport {
    pub(crate) scenario: Scenario,
    pub(crate) participants: usize,
    /// CPU of the server for each packet that somebody received.
    pub(crate) cpu_us_per_packet: f64,
    pub(crate) cpu_us_per_packet_of_each_round: Vec<f64>,
    /// CPU of the server, as a part of one CPU.
    pub(crate) cpu_share: f64,
    pub(crate) packets_sent: usize,
    pub(crate) packets_delivered: usize,
    /// Those whose number never came.
    pub(crate) packets_lost: usize,
    pub(crate) packets_delivered_each_second: f64,
    pub(crate) sleeps_per_packet: f64,
    pub(crate) latency_us_p50: f64,
    pub(crate) latency_us_p99: f64,
    /// From asking to join to the first packet of media.
    pub(crate) join_ms_p50: f64,
    pub(crate) join_ms_max: f64,
    /// By which the resident memory grows.
    pub(crate) kib_per_participant: f64,
    /// The least part of the pictures and sounds that went down, in any round: below 1 the load is not what it should be.
    pub(crate) shown: f64,
    /// From the last join until everything went down.
    pub(crate) settled_s: f64,
    pub(crate) generator_busy: f64,
    pub(crate) generator_late_p99_us: f64,
}

impl RoomsReport {
    /// Puts the rounds together, of so many seconds each.
    pub(crate) fn new(scenario: Scenario, seconds: f64, rounds: &[Round]) -> Self {
        let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of));
        let sum = |of: fn(&Round) -> usize| rounds.iter().map(of).sum::<usize>();
        Self {
            scenario,
            participants: rounds
                .iter()
                .map(|round| round.participants)
                .max()
                .unwrap_or(0),
            cpu_us_per_packet: middle(|round| round.cpu),
            cpu_us_per_packet_of_each_round: rounds.iter().map(|round| round.cpu).collect(),
            cpu_share: middle(|round| round.share),
            packets_sent: sum(|round| round.sent),
            packets_delivered: sum(|round| round.delivered),
            packets_lost: sum(|round| round.lost),
            packets_delivered_each_second: middle(|round| round.delivered as f64) / seconds,
            sleeps_per_packet: middle(|round| round.sleeps),
            latency_us_p50: middle(|round| round.p50),
            latency_us_p99: middle(|round| round.p99),
            join_ms_p50: middle(|round| round.join),
            join_ms_max: middle(|round| round.join_max),
            kib_per_participant: middle(|round| round.memory),
            shown: rounds.iter().map(|round| round.shown).fold(1.0, f64::min),
            settled_s: middle(|round| round.settled),
            generator_busy: middle(|round| round.busy),
            generator_late_p99_us: middle(|round| round.late),
        }
    }
}

/// Writes them as a table, if there are any.
pub(super) fn table(reports: &[RoomsReport], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if reports.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n{:<19}{:>8}{:>10}{:>7}{:>9}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}{:>7}{:>9}{:>8}{:>7}",
        "rooms",
        "people",
        "CPU us/pkt",
        "CPU",
        "pkt/s",
        "lost",
        "p50 us",
        "p99 us",
        "join ms",
        "max",
        "KiB each",
        "shown",
        "settled",
        "sleeps",
        "gen"
    )?;
    for report in reports {
        writeln!(
            f,
            "{:<19}{:>8}{:>10.2}{:>7.2}{:>9.0}{:>8}{:>9.0}{:>9.0}{:>9.0}{:>9.0}{:>9.0}{:>7.2}{:>9.1}{:>8.2}{:>7.2}",
            report.scenario.name(),
            report.participants,
            report.cpu_us_per_packet,
            report.cpu_share,
            report.packets_delivered_each_second,
            report.packets_lost,
            report.latency_us_p50,
            report.latency_us_p99,
            report.join_ms_p50,
            report.join_ms_max,
            report.kib_per_participant,
            report.shown,
            report.settled_s,
            report.sleeps_per_packet,
            report.generator_busy,
        )?;
    }
    Ok(())
}
