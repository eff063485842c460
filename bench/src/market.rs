//! A throw-away market: the real program on a new folder and a free port.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::http;

/// The demo draws its pictures and reads its clip before it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOPS_WITHIN: Duration = Duration::from_secs(25);

/// A running program; it is stopped, and its data removed, when this goes out of scope.
pub(crate) struct Market {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its data, removed at the end.
    pub(crate) data: TempDir,
}

impl Market {
    /// Starts the program that `DANGOL` names on demo data, and waits until it is ready. On air is `film`, or the
    /// demo's own clip.
    pub(crate) fn start(film: Option<&Path>) -> anyhow::Result<Market> {
        let program = PathBuf::from(std::env::var_os("DANGOL").context("run this through: ./run bench")?);
        let data = tempfile::Builder::new().prefix("dangol-bench-").tempdir()?;
        let mut command = Command::new(&program);
        let demo = film.map_or("--demo".into(), |film| format!("--demo={}", film.display()));
        command.args(["serve", &demo, "--data"]).arg(data.path()).current_dir(data.path());
        // Writing a line for each of 200 requests a second is what an operator may choose, not what is measured.
        command.env("DANGOL_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        let address = free_address()?;
        command.arg("--listen").arg(address.to_string());
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut market = Market { child, address, data };
        market.wait_until_ready()?;
        Ok(market)
    }

    /// The process to read CPU time of.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A broadcast that is on air: one that the calendar links to and whose `join` says so.
    pub(crate) fn on_air(&self) -> anyhow::Result<String> {
        let end = Instant::now() + READY_WITHIN;
        while Instant::now() < end {
            let calendar = http::get_once(self.address, "/live")?.body;
            for (at, start) in calendar.match_indices("/live/") {
                let id = calendar[at + start.len()..]
                    .chars()
                    .take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
                    .collect::<String>();
                let join = http::get_once(self.address, &format!("/media/{id}/join"))?;
                if join.status == 200 && join.body.contains(r#""live""#) {
                    return Ok(id);
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("no broadcast is on air in the demo")
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + READY_WITHIN;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at once: {status}");
            }
            if http::get_once(self.address, "/health/ready").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the server was not ready after {} s", READY_WITHIN.as_secs())
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        // Ask first; a bench must leave nothing running, so after a while do not ask.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let end = Instant::now() + STOPS_WITHIN;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
