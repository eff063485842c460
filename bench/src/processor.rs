//! CPU time and clocks, from the kernel.

use std::{fs, time::Duration};

use anyhow::Context;
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};

/// CPU time that a process has used, in user and in kernel mode, all threads together.
pub(crate) fn used_by(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server is gone")?;
    // The name in parentheses may hold spaces; the fields after it do not. User and system time are the 14th and
    // 15th field of the line, the 12th and 13th after the name.
    let (_, fields) = stat.rsplit_once(')').context("unreadable /proc/PID/stat")?;
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()
        .context("unreadable /proc/PID/stat")?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Memory of a process in bytes, as it is in RAM now.
pub(crate) fn memory_of(pid: u32) -> anyhow::Result<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).context("the server is gone")?;
    let pages = statm.split_whitespace().nth(1).context("unreadable /proc/PID/statm")?.parse::<u64>()?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// CPU time of the calling thread.
pub(crate) fn used_by_this_thread() -> Duration {
    read(ClockId::ThreadCPUTime)
}

/// Microseconds on the clock that all processes of this machine share and nobody sets.
pub(crate) fn now_us() -> u64 {
    read(ClockId::Monotonic).as_micros() as u64
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Room for thousands of sockets, here and in the servers started from here.
pub(crate) fn allow_many_files(wanted: u64) -> anyhow::Result<()> {
    let now = getrlimit(Resource::Nofile);
    if now.current.is_some_and(|current| current < wanted) {
        let maximum = now.maximum.map(|maximum| maximum.max(wanted));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
            .with_context(|| format!("this shell allows too few open files; try: ulimit -n {wanted}"))?;
    }
    Ok(())
}
