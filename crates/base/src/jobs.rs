//! Jobs: do the work. Written in the transaction that owes it, kept until done, retried with
//! growing pauses, and therefore written to be idempotent: load the row, call one function, return.
//!
//! A job is leased while it runs. A process killed in the middle stops renewing the lease, and
//! another takes the job up. [`Job::done`] closes a job inside the transaction of its effect, which
//! makes that effect happen once.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::FromRow;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{Clock, Db, Result, Tx, sql};

/// How long a job belongs to whoever took it, unless renewed.
const LEASE_MS: i64 = 60_000;
/// How often a running job's lease is renewed.
const RENEW: Duration = Duration::from_secs(20);
/// How often a worker looks by itself: for delayed jobs and other processes' work.
const LOOK: Duration = Duration::from_millis(500);
/// Attempts before a job is set aside for a person to look at.
const ATTEMPTS: i64 = 12;
/// The longest pause between two attempts.
const MAX_PAUSE_MS: i64 = 3_600_000;

/// Puts a job into the transaction, to run as soon as a worker is free.
pub async fn put(tx: &mut Tx, name: &str, payload: &impl Serialize) -> Result<()> {
    put_at(tx, name, payload, 0).await
}

/// Puts a job into the transaction, to run no earlier than `run_at_ms`.
pub async fn put_at(tx: &mut Tx, name: &str, payload: &impl Serialize, run_at_ms: i64) -> Result<()> {
    let payload = serde_json::to_string(payload)?;
    let id = uuid::Uuid::now_v7().to_string();
    tx.left_jobs = true;
    sql!(run tx,
        "insert into jobs (id, name, payload, run_at_ms, locked_until_ms, attempts, failed)
         values ($1, $2, $3, $4, 0, 0, false)", id, name, payload, run_at_ms)?;
    Ok(())
}

/// Puts the next of a round of jobs into the transaction: at the next whole `period_ms`, and once however many
/// processes put it.
pub async fn put_round(tx: &mut Tx, name: &str, period_ms: i64, now_ms: i64) -> Result<()> {
    let run_at_ms = (now_ms.div_euclid(period_ms) + 1) * period_ms;
    tx.left_jobs = true;
    sql!(run tx,
        "insert into jobs (id, name, payload, run_at_ms, locked_until_ms, attempts, failed)
         values ($1, $2, '{}', $3, 0, 0, false) on conflict (id) do nothing",
        format!("{name}:{run_at_ms}"), name, run_at_ms)?;
    Ok(())
}

/// A job in a worker's hands.
#[derive(Clone, Debug, FromRow)]
pub struct Job {
    id: String,
    name: String,
    payload: String,
    attempts: i64,
}

impl Job {
    /// What was put, read back.
    pub fn payload<P: DeserializeOwned>(&self) -> Result<P> {
        Ok(serde_json::from_str(&self.payload)?)
    }

    /// Closes the job in the transaction of its effect. `false`: it was closed already, and the
    /// caller must roll back.
    pub async fn done(&self, tx: &mut Tx) -> Result<bool> {
        Ok(sql!(run tx, "delete from jobs where id = $1", &self.id)? == 1)
    }
}

type Doing = Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send>>;
type Handler = Arc<dyn Fn(Job) -> Doing + Send + Sync>;

/// The workers of this process: which function does which job.
#[derive(Clone, Default)]
pub struct Workers {
    handlers: HashMap<&'static str, Handler>,
}

impl Workers {
    /// Says who does the jobs called `name`.
    pub fn on<F, D, E>(&mut self, name: &'static str, handler: F)
    where
        F: Fn(Job) -> D + Send + Sync + 'static,
        D: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let handler: Handler = Arc::new(move |job| {
            let doing = handler(job);
            Box::pin(async move { doing.await.map_err(Into::into) })
        });
        self.handlers.insert(name, handler);
    }

    /// Works until `stop`, finishing the job in hand.
    pub async fn work(self, db: Db, clock: Clock, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.work_once(&db, &clock).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => error!(%error, "The job queue could not be read; trying again"),
            }
            tokio::select! {
                () = db.wake.jobs.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Takes and does one job that is due. `false`: none was.
    pub async fn work_once(&self, db: &Db, clock: &Clock) -> Result<bool> {
        let Some(job) = take(db, clock.now_ms()).await? else { return Ok(false) };
        let Some(handler) = self.handlers.get(job.name.as_str()).cloned() else {
            warn!(job.name, "Nobody knows how to do the job {}", job.name);
            set_aside(db, &job, clock.now_ms()).await?;
            return Ok(true);
        };
        let outcome = {
            let doing = tokio::spawn(handler(job.clone()));
            tokio::pin!(doing);
            loop {
                tokio::select! {
                    ended = &mut doing => break ended,
                    () = tokio::time::sleep(RENEW) => renew(db, &job, clock.now_ms()).await?,
                }
            }
        };
        match outcome {
            Ok(Ok(())) => finish(db, &job).await?,
            Ok(Err(error)) => {
                warn!(job.name, job.attempts, %error, "The job {} failed and will be tried again", job.name);
                set_aside(db, &job, clock.now_ms()).await?;
            }
            Err(panic) => {
                error!(job.name, %panic, "The job {} panicked", job.name);
                set_aside(db, &job, clock.now_ms()).await?;
            }
        }
        Ok(true)
    }
}

/// Takes the next due job. The guard stands twice: the inner one chooses, the outer one makes sure
/// that of two workers who chose the same row only one gets it.
async fn take(db: &Db, now_ms: i64) -> Result<Option<Job>> {
    let due: Option<String> = sql!(maybe db,
        "select id from jobs where failed = false and run_at_ms <= $1 and locked_until_ms < $1
         order by run_at_ms, id limit 1", now_ms)?;
    if due.is_none() {
        return Ok(None);
    }
    let mut tx = db.begin().await?;
    let job = sql!(opt &mut tx,
        "update jobs set locked_until_ms = $2, attempts = attempts + 1
         where id = (select id from jobs where failed = false and run_at_ms <= $1 and locked_until_ms < $1
                     order by run_at_ms, id limit 1)
           and locked_until_ms < $1
         returning id, name, payload, attempts", now_ms, now_ms + LEASE_MS)?;
    tx.commit().await?;
    Ok(job)
}

async fn renew(db: &Db, job: &Job, now_ms: i64) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx, "update jobs set locked_until_ms = $2 where id = $1", &job.id, now_ms + LEASE_MS)?;
    tx.commit().await
}

async fn finish(db: &Db, job: &Job) -> Result<()> {
    let mut tx = db.begin().await?;
    job.done(&mut tx).await?;
    tx.commit().await?;
    info!(job.name, "The job {} is done", job.name);
    Ok(())
}

/// Puts a failed job back with a pause, or, after the last attempt, aside.
async fn set_aside(db: &Db, job: &Job, now_ms: i64) -> Result<()> {
    let pause_ms = (1_000_i64 << job.attempts.clamp(0, 20)).min(MAX_PAUSE_MS);
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "update jobs set locked_until_ms = 0, run_at_ms = $2, failed = attempts >= $3 where id = $1",
        &job.id, now_ms + pause_ms, ATTEMPTS)?;
    tx.commit().await
}
