//! What the kernel knows of a process: the CPU time of its threads, how often they slept, the memory it holds. And on which CPU one runs.

use anyhow::Context;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::Pid,
};
use std::{fs, ops::Sub, time::Duration};

/// What a process has used since it started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// CPU time of its threads, in user space and in the kernel.
    pub(crate) cpu: Duration,
    /// How often one of its threads went to sleep by itself; each of them was a wake-up.
    pub(crate) sleeps: u64,
}

impl Usage {
    /// Reads the usage of process `pid`, of the threads that it has now.
    ///
    /// # Errors
    /// If the process is gone.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let mut usage = Self {
            cpu: Duration::ZERO,
            sleeps: 0,
        };
        let gone = || format!("process {pid} is gone");
        for task in fs::read_dir(format!("/proc/{pid}/task")).with_context(gone)? {
            let task = task.with_context(gone)?.path();
            let spent = fs::read_to_string(task.join("schedstat")).with_context(gone)?;
            let spent = spent.split(' ').next().and_then(|ns| ns.parse().ok());
            usage.cpu += Duration::from_nanos(spent.context("schedstat has no time")?);
            let status = fs::read_to_string(task.join("status")).with_context(gone)?;
            usage.sleeps += field(&status, "voluntary_ctxt_switches:")?;
        }
        Ok(usage)
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            sleeps: self.sleeps.saturating_sub(before.sleeps),
        }
    }
}

/// Returns the resident memory of process `pid`, in bytes.
///
/// # Errors
/// If the process is gone.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    // The sums in `status` lag behind by some pages for each thread; these are counted when they are read.
    let memory = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .with_context(|| format!("process {pid} is gone"))?;
    Ok(field(&memory, "Rss:")? * 1024)
}

/// Returns the CPUs that this process may run on.
///
/// # Errors
/// The kernel's.
pub(crate) fn cpus() -> anyhow::Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).context("cannot read the CPU affinity")?;
    Ok((0..CpuSet::count())
        .filter(|cpu| allowed.is_set(*cpu).unwrap_or(false))
        .collect())
}

/// Runs this thread, and what it starts from now on, on `cpus` alone.
///
/// # Errors
/// The kernel's.
pub(crate) fn run_on(cpus: &[usize]) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu)?;
    }
    sched_setaffinity(Pid::from_raw(0), &set).context("cannot set the CPU affinity")
}

/// Allows this process, and what it starts from now on, as many open files as the system lets it.
///
/// # Errors
/// The kernel's.
pub(crate) fn allow_open_files() -> anyhow::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).context("cannot raise the limit of open files")
}

/// Returns how nice this process is: -20 to 19.
///
/// # Errors
/// If `/proc` is not there.
pub(crate) fn niceness() -> anyhow::Result<i32> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program may hold spaces; after its bracket, field 19 is the 17th.
    stat.rsplit_once(") ")
        .and_then(|(_, fields)| fields.split(' ').nth(16)?.parse().ok())
        .context("/proc/self/stat has no niceness")
}

/// Returns how nice the session of this process is, where the scheduler shares the CPUs out by sessions first: then this counts, and not [`niceness`].
pub(crate) fn session_niceness() -> Option<i32> {
    let enabled = fs::read_to_string("/proc/sys/kernel/sched_autogroup_enabled").ok()?;
    let group = fs::read_to_string("/proc/self/autogroup").ok()?;
    let nice = group.trim().rsplit_once(' ')?.1.parse().ok()?;
    (enabled.trim() == "1").then_some(nice)
}

/// Returns the number after `name` at the start of a line.
fn field(text: &str, name: &str) -> anyhow::Result<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|value| value.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("/proc has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{hint::black_box, process, time::Instant};

    #[test]
    fn a_busy_thread_is_charged_the_time_it_was_busy() {
        let before = Usage::of(process::id()).unwrap();
        let start = Instant::now();
        let mut spun = 0_u64;
        while start.elapsed() < Duration::from_millis(50) {
            spun = spun.wrapping_add(1);
        }
        let cpu = (Usage::of(process::id()).unwrap() - before).cpu;
        assert!(cpu > Duration::from_millis(5), "{cpu:?} for {spun} turns");
    }

    #[test]
    fn memory_that_is_written_is_resident() {
        let before = resident(process::id()).unwrap();
        let written = black_box(vec![1_u8; 32 << 20]);
        let grown = resident(process::id()).unwrap().saturating_sub(before);
        assert!(grown > 24 << 20, "{grown} of {}", written.len());
    }
}
