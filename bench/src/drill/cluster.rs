//! A PostgreSQL of the drill's own, to be killed and started again. It goes with the drill.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use base::Random;
use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

use crate::market::free_address;

/// How long it may take to come up, its log played back included.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running server; it is ended, and its data removed, when this goes out of scope.
pub(super) struct Cluster {
    child: Child,
    bin: PathBuf,
    address: SocketAddr,
    password: String,
    room: TempDir,
}

impl Cluster {
    /// Makes and starts one. `DANGOL_POSTGRES_BIN` names the folder of its programs.
    pub(super) fn start() -> anyhow::Result<Cluster> {
        let bin = std::env::var_os("DANGOL_POSTGRES_BIN")
            .context("run this through: ./run drill crash --postgres")?;
        let bin = PathBuf::from(bin);
        let room = tempfile::Builder::new().prefix("dangol-drill-postgres-").tempdir()?;
        let password: String = Random::system().token::<16>();
        let file = room.path().join("password");
        fs::write(&file, &password)?;
        for folder in ["data", "sockets"] {
            fs::create_dir(room.path().join(folder))?;
        }
        if getuid().is_root() {
            // It refuses to run as root; its own user has to come by.
            done(Command::new("chmod").arg("711").arg(room.path()))?;
            done(
                Command::new("chown")
                    .args(["-R", "postgres"])
                    .args(["data", "sockets", "password"])
                    .current_dir(&room),
            )?;
        }
        let data = room.path().join("data");
        let mut initdb = as_postgres(&bin.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args([
            "--username",
            "postgres",
            "--auth",
            "scram-sha-256",
            "--pwfile",
        ]);
        done(initdb.arg(&file).args(["--encoding", "UTF8", "--locale", "C"]).current_dir(&room))?;
        let address = free_address()?;
        let child = launch(&bin, room.path(), address)?;
        let mut cluster = Cluster { child, bin, address, password, room };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The URL of its database.
    pub(super) fn url(&self) -> String {
        format!("postgres://postgres:{}@{}/postgres", self.password, self.address)
    }

    /// Ends it in the middle of whatever it does: by its own "immediate" stop, or as `hard` as can be.
    pub(super) fn kill(&mut self, hard: bool) -> anyhow::Result<()> {
        let signal = if hard { Signal::KILL } else { Signal::QUIT };
        kill_process(self.postmaster()?, signal)?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on what it left.
    pub(super) fn again(&mut self) -> anyhow::Result<()> {
        self.child = launch(&self.bin, self.room.path(), self.address)?;
        self.wait_until_ready()
    }

    /// The process that the others belong to.
    fn postmaster(&self) -> anyhow::Result<Pid> {
        let file = fs::read_to_string(self.room.path().join("data/postmaster.pid"))?;
        let pid = file.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
        pid.context("no process in postmaster.pid")
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + READY_WITHIN;
        while Instant::now() < end {
            if self.child.try_wait()?.is_some() {
                // After a hard kill the last of its processes may still be going.
                std::thread::sleep(Duration::from_millis(200));
                self.child = launch(&self.bin, self.room.path(), self.address)?;
            }
            let mut ready = Command::new(self.bin.join("pg_isready"));
            ready
                .args(["-q", "-U", "postgres", "-h", "127.0.0.1", "-p"])
                .arg(self.address.port().to_string());
            if ready.status()?.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("PostgreSQL is not ready; see {}", self.room.path().join("log").display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(pid) = self.postmaster() {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let _ = self.child.wait();
    }
}

/// A command of PostgreSQL's, as the user it likes.
fn as_postgres(program: &Path) -> Command {
    if getuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn launch(bin: &Path, room: &Path, address: SocketAddr) -> anyhow::Result<Child> {
    let log = fs::File::options().create(true).append(true).open(room.join("log"))?;
    let mut command = as_postgres(&bin.join("postgres"));
    command.arg("-D").arg(room.join("data")).arg("-p").arg(address.port().to_string()).current_dir(room);
    command.args([
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "max_connections=100",
        "-c",
        "shared_buffers=128MB",
        "-c",
    ]);
    command.arg(format!("unix_socket_directories={}", room.join("sockets").display()));
    Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
}

/// Runs a command to its end; what it says is told only when it fails.
fn done(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if output.status.success() {
        return Ok(());
    }
    bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))
}
