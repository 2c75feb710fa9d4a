//! One measurement: a fresh server, a load, what it cost.

use crate::{
    figures::{Latency, Round, percentile},
    generator::{Generator, Traffic},
    process::Usage,
    scenario::Load,
    server::{Kind, Server, Site},
    wire::{Transport, Wire},
};
use std::time::Duration;

/// Allocations that a server makes and ends before it is looked at, so that what it sets up once is set up.
const WARM: usize = 50;

/// Measures `load` through a server of `kind` for `time`, after a quarter of that to warm up.
///
/// # Errors
/// If the server does not start, refuses, or ends.
pub(crate) fn traffic(
    kind: Kind,
    site: &Site,
    load: Load,
    time: Duration,
    direct: Latency,
) -> anyhow::Result<Round> {
    let server = Server::start(kind, site, load.transport)?;
    let mut generator = Generator::through(&server, site, load)?;
    generator.run(time / 4)?;
    let before = server.usage()?;
    let mut traffic = generator.run(time)?;
    let used = server.usage()? - before;
    Ok(round(used, &mut traffic, direct))
}

/// Measures how long `load` takes from socket to socket.
///
/// # Errors
/// If the system has no more sockets.
pub(crate) fn direct(load: Load, time: Duration) -> anyhow::Result<Latency> {
    let mut generator = Generator::direct(load)?;
    generator.run(time / 4)?;
    Ok(Latency::of(&mut generator.run(time)?))
}

fn round(used: Usage, traffic: &mut Traffic, direct: Latency) -> Round {
    let delivered = traffic.delivered.max(1) as f64;
    Round {
        sent: traffic.sent,
        delivered: traffic.delivered,
        cpu: used.cpu.as_secs_f64() * 1e6 / delivered,
        sleeps: used.sleeps as f64 / delivered,
        latency: Latency::of(traffic),
        direct,
        busy: traffic.busy,
        late: percentile(&mut traffic.lateness, 99) / 1e3,
    }
}

/// What allocations have cost a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allocations {
    /// CPU of a challenge, an Allocate and a Refresh to 0, in microseconds.
    pub(crate) cpu: f64,
    /// Memory by which it grew with allocations that live, in bytes for each.
    pub(crate) memory: f64,
}

/// Measures `count` allocations at a server of `kind`: first its memory while all of them live, then its CPU when one comes after the other.
///
/// # Errors
/// If the server does not start, refuses, or ends.
pub(crate) fn allocations(kind: Kind, site: &Site, count: usize) -> anyhow::Result<Allocations> {
    let server = Server::start(kind, site, Transport::Udp)?;
    let allocate = |user: &str| server.allocate(site, Transport::Udp, user);
    let one_by_one = |name: &str, count| {
        (0..count)
            .map(|at| allocate(&format!("{name}{at}"))?.end())
            .collect::<anyhow::Result<Vec<Wire>>>()
    };
    // Ours answers a prefix that nobody is signed in from only so often.
    let _neighbour = allocate("neighbour")?;
    // coturn remembers the address of a client whose allocation has ended, so none is used twice.
    let mut used_up = one_by_one("warm", WARM)?;

    let before = server.resident()?;
    let living = (0..count)
        .map(|at| allocate(&format!("m{at}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let memory = server.resident()?.saturating_sub(before) as f64 / count as f64;
    for client in living {
        used_up.push(client.end()?);
    }

    let before = server.usage()?;
    used_up.extend(one_by_one("c", count)?);
    let used = server.usage()? - before;
    Ok(Allocations {
        cpu: used.cpu.as_secs_f64() * 1e6 / count as f64,
        memory,
    })
}
