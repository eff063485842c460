//! A throw-away market: the real program on a new folder and a free port.

use std::{
    fmt,
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

/// What a market keeps its rows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A file beside the program's other data.
    Sqlite,
    /// A new database on the server that `DANGOL_TEST_POSTGRES` names, as `scripts/services` starts one.
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        })
    }
}

/// A running program; it is stopped, and its data removed, when this goes out of scope.
pub(crate) struct Market {
    child: Child,
    program: PathBuf,
    /// What is on air, as the flag says it.
    demo: String,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The URL of its database.
    pub(crate) database: String,
    /// Its data, removed at the end.
    data: TempDir,
}

impl Market {
    /// Starts the program that `DANGOL` names on demo data, and waits until it is ready. On air is `film`, or the
    /// demo's own clip.
    pub(crate) fn start(engine: Engine, film: Option<&Path>) -> anyhow::Result<Market> {
        let data = tempfile::Builder::new().prefix("dangol-bench-").tempdir()?;
        let database = match engine {
            Engine::Sqlite => format!("sqlite:{}", data.path().join("dangol.db").display()),
            Engine::Postgres => new_postgres()?,
        };
        // Writing a line for each of 200 requests a second is what an operator may choose, not what is measured.
        Market::on(data, database, film, "warn")
    }

    /// Starts the program on data that are there or will be.
    pub(crate) fn on(
        data: TempDir,
        database: String,
        film: Option<&Path>,
        log: &str,
    ) -> anyhow::Result<Market> {
        let program = PathBuf::from(std::env::var_os("DANGOL").context("run this through: ./run bench")?);
        let demo = film.map_or("--demo".into(), |film| format!("--demo={}", film.display()));
        let address = free_address()?;
        let child = launch(&program, &demo, data.path(), &database, address, log)?;
        let mut market = Market { child, program, demo, address, database, data };
        market.wait_until_ready()?;
        Ok(market)
    }

    /// Ends the program in the middle of whatever it does.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again, where it was and on what it left.
    pub(crate) fn restart(&mut self, log: &str) -> anyhow::Result<()> {
        self.child = launch(&self.program, &self.demo, self.data.path(), &self.database, self.address, log)?;
        self.wait_until_ready()
    }

    /// The folder of its data.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
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

    /// Waits until it answers, and its database.
    pub(crate) fn wait_until_ready(&mut self) -> anyhow::Result<()> {
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

fn launch(
    program: &Path,
    demo: &str,
    data: &Path,
    database: &str,
    address: SocketAddr,
    log: &str,
) -> anyhow::Result<Child> {
    let mut command = Command::new(program);
    command.args(["serve", demo, "--data"]).arg(data).arg("--listen").arg(address.to_string());
    command.env("DANGOL_DATABASE", database).env("DANGOL_LOG", log).current_dir(data);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().with_context(|| format!("cannot start {}", program.display()))
}

/// A database of its own on the throw-away server; it goes with the server.
/// A new database on the server that `DANGOL_TEST_POSTGRES` names.
pub(crate) fn new_postgres() -> anyhow::Result<String> {
    let server =
        std::env::var("DANGOL_TEST_POSTGRES").context("run this through: ./run bench NAME --postgres")?;
    let (host, _) = server.rsplit_once('/').context("no database in DANGOL_TEST_POSTGRES")?;
    let name = format!("bench{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = base::sqlx::PgPool::connect(&server).await?;
        base::sqlx::query(base::sqlx::AssertSqlSafe(format!("create database {name}")))
            .execute(&pool)
            .await?;
        pool.close().await;
        anyhow::Ok(())
    })?;
    Ok(format!("{host}/{name}"))
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
