//! What the system knows of this process, under the names that all Prometheus clients use.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use rustix::process::{Resource, getrlimit};

pub(super) fn describe() {
    for (name, unit, help) in [
        (
            "process_resident_memory_bytes",
            Unit::Bytes,
            "Memory that the process has in RAM.",
        ),
        (
            "process_open_fds",
            Unit::Count,
            "File descriptors that are open.",
        ),
        (
            "process_max_fds",
            Unit::Count,
            "File descriptors that may be open.",
        ),
        (
            "process_start_time_seconds",
            Unit::Seconds,
            "When the process started, in seconds since 1970.",
        ),
    ] {
        describe_gauge!(name, unit, help);
    }
    describe_counter!(
        "process_cpu_seconds_total",
        Unit::Seconds,
        "Processor time that the process has used, in whole seconds."
    );
    if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
        gauge!("process_start_time_seconds").set(now.as_secs_f64());
    }
}

/// What the system does not tell (outside Linux, or without `/proc`) is left out.
pub(super) fn record() {
    if let Some(bytes) = resident() {
        gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(open.count() as f64);
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        gauge!("process_max_fds").set(most as f64);
    }
    if let Some(seconds) = processor_time() {
        counter!("process_cpu_seconds_total").absolute(seconds);
    }
}

fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn processor_time() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let (user, system) = (ticks()?, ticks()?);
    Some((user + system) / rustix::param::clock_ticks_per_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_of_this_process() {
        assert!(resident().is_some_and(|bytes| bytes > 1 << 20));
        assert!(processor_time().is_some());
    }
}
