//! Group calls: a server with rooms, a room full of people, and what that costs.
//!
//! The server is a process of its own, told over its standard input who joins; the people are in this process, each with a connection and a socket of its
//! own. What a round is and what is counted is here.

mod control;
mod crowd;
// The cryptography of the server does for clients too.
#[path = "../../../sfu/src/crypto/mod.rs"]
mod crypto;
mod hall;
mod heard;
mod line;
pub(crate) mod load;
mod media;
mod person;
pub(crate) mod serve;

use crate::{
    figures::percentile,
    server::{Server, Site},
};
use crowd::{Crowd, Shown};
use hall::Hall;
use load::Load;
use std::time::Duration;

/// People of the room before the one that is measured, so that what the server sets up once is set up.
const WARM: usize = 2;

/// How long those are there.
const WARM_UP: Duration = Duration::from_millis(300);

/// How long what was sent last is waited for.
const LATE: Duration = Duration::from_millis(300);

/// How long everything has to be right before it is measured, as the estimates of bandwidth go on for a moment.
const CALM: Duration = Duration::from_millis(500);

/// What one round of a load has cost.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) participants: usize,
    /// Packets that people sent.
    pub(crate) sent: usize,
    /// Packets that people received, each at each.
    pub(crate) delivered: usize,
    pub(crate) lost: usize,
    /// CPU of the server for each packet delivered, in microseconds.
    pub(crate) cpu: f64,
    /// CPU of the server as a part of one.
    pub(crate) share: f64,
    /// How often the server slept, for each packet delivered.
    pub(crate) sleeps: f64,
    /// In microseconds.
    pub(crate) p50: f64,
    /// In microseconds.
    pub(crate) p99: f64,
    /// From asking to join to the first packet, in milliseconds.
    pub(crate) join: f64,
    /// That of who waited longest.
    pub(crate) join_max: f64,
    /// Memory by which the server grew, in KiB for each participant.
    pub(crate) memory: f64,
    /// Pictures and sounds that went down at the end, as a part of those that should.
    pub(crate) shown: f64,
    /// How long it took from the last join until all did, in seconds.
    pub(crate) settled: f64,
    /// How much of its time the generator was at work.
    pub(crate) busy: f64,
    /// How late packets left, the 99th percentile, in microseconds.
    pub(crate) late: f64,
}

/// Measures `load` for `time`, once everything is seen and heard that should be: that is waited for `patience` at most.
///
/// # Errors
/// If the server does not start, refuses, or ends.
pub(crate) fn measure(
    site: &Site,
    load: Load,
    time: Duration,
    patience: Duration,
) -> anyhow::Result<Round> {
    let hall = warm(Hall::new(Server::start_rooms(site, &load)?)?, load)?;
    let empty = hall.server.resident()?;
    let mut crowd = Crowd::new(hall, 1, load)?;
    let mut joins: Vec<u32> = crowd
        .join()?
        .into_iter()
        .map(|join| join.as_micros() as u32)
        .collect();
    let waited = settle(&mut crowd, patience)?;

    crowd.take_busy();
    for person in crowd.people() {
        person.heard.begin();
    }
    let sent = |crowd: &mut Crowd| crowd.people().map(|person| person.sent).sum::<usize>();
    let (sent_before, before) = (sent(&mut crowd), crowd.hall().server.usage()?);
    crowd.run(time, |_| false)?;
    let used = crowd.hall().server.usage()? - before;
    let sent = sent(&mut crowd) - sent_before;
    let (busy, late) = crowd.take_busy();
    for person in crowd.people() {
        person.heard.end();
    }
    let Shown { going, wanted } = crowd.shown();
    crowd.run(LATE, |_| false)?;

    let grown = crowd.hall().server.resident()?.saturating_sub(empty) as f64;
    let (mut lost, mut latencies) = (0, Vec::new());
    for person in crowd.people() {
        let counted = person.heard.counted();
        lost += counted.lost;
        latencies.extend(counted.latencies);
    }
    let delivered = latencies.len().max(1) as f64;
    Ok(Round {
        participants: load.participants,
        sent,
        delivered: latencies.len(),
        lost,
        cpu: used.cpu.as_secs_f64() * 1e6 / delivered,
        share: used.cpu.as_secs_f64() / time.as_secs_f64(),
        sleeps: used.sleeps as f64 / delivered,
        p50: percentile(&mut latencies, 50) / 1e3,
        p99: percentile(&mut latencies, 99) / 1e3,
        join: percentile(&mut joins, 50) / 1e3,
        join_max: percentile(&mut joins, 100) / 1e3,
        memory: grown / 1024.0 / load.participants as f64,
        shown: going as f64 / wanted.max(1) as f64,
        settled: waited.as_secs_f64(),
        busy: busy.as_secs_f64() / time.as_secs_f64(),
        late,
    })
}

/// Lets a few people meet in another room.
fn warm(hall: Hall, load: Load) -> anyhow::Result<Hall> {
    let mut crowd = Crowd::new(hall, 3, load.of_at_most(WARM))?;
    crowd.join()?;
    crowd.run(WARM_UP, |_| false)?;
    crowd.leave()
}

/// Waits until everything is seen and heard that should be, and stays so. Returns how long that took.
fn settle(crowd: &mut Crowd, patience: Duration) -> anyhow::Result<Duration> {
    let mut waited = Duration::ZERO;
    while waited < patience {
        let Shown { going, wanted } = crowd.shown();
        if going == wanted {
            crowd.run(CALM, |_| false)?;
            return Ok(waited);
        }
        let step = Duration::from_millis(50).min(patience - waited);
        crowd.run(step, |_| false)?;
        waited += step;
    }
    Ok(waited)
}
