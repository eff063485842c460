//! Group commit: many requests, set-based statements, one durable commit, and only then the answers.
//!
//! There is no timer unless a kind of write asks for one: while one commit waits for the disk, the
//! next batch gathers behind it. A durable commit costs a disk flush whoever shares it, so a hot row
//! goes from hundreds of writes a second to tens of thousands.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{error, warn};

use crate::{Db, Error, Result, Tx};

/// Requests that may wait for the writer; past it the caller is told to come back.
const QUEUE: usize = 8_192;
/// Requests in one commit.
const BATCH: usize = 512;

/// A kind of hot write: how a whole batch is written in one transaction.
pub trait Batch: Send + Sync + 'static {
    /// What one caller asks.
    type Ask: Send + Sync + 'static;
    /// What one caller is told, refusals included.
    type Answer: Send + 'static;
    /// The least time from one commit to the next. A write that comes after a pause does not wait;
    /// when they come one upon the other, those of this time share a commit.
    const PACE: Duration = Duration::ZERO;

    /// Writes `asks` in arrival order and answers each, in the same order.
    ///
    /// An `Err` is the database's: the batch is rolled back and replayed one by one, so that a
    /// poisoned request fails alone.
    fn apply(
        &self,
        tx: &mut Tx,
        asks: &[Self::Ask],
    ) -> impl Future<Output = Result<Vec<Self::Answer>>> + Send;
}

/// A writer that commits in groups. Cheap to clone; it stops when the last clone is dropped.
pub struct Group<B: Batch> {
    queue: mpsc::Sender<Waiting<B>>,
}

struct Waiting<B: Batch> {
    ask: B::Ask,
    answer: oneshot::Sender<Result<B::Answer>>,
}

impl<B: Batch> Clone for Group<B> {
    fn clone(&self) -> Group<B> {
        Group { queue: self.queue.clone() }
    }
}

impl<B: Batch> Group<B> {
    /// Starts the writer.
    pub fn start(db: Db, batch: B) -> Group<B> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write(db, Arc::new(batch), waiting));
        Group { queue }
    }

    /// Asks, and waits until the answer is durable.
    pub async fn ask(&self, ask: B::Ask) -> Result<B::Answer> {
        let (answer, told) = oneshot::channel();
        self.queue.try_send(Waiting { ask, answer }).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Stopped,
        })?;
        told.await.map_err(|_| Error::Stopped)?
    }
}

async fn write<B: Batch>(db: Db, batch: Arc<B>, mut waiting: mpsc::Receiver<Waiting<B>>) {
    let mut gathered = Vec::with_capacity(BATCH);
    let mut next = Instant::now();
    while waiting.recv_many(&mut gathered, BATCH).await > 0 {
        if next > Instant::now() {
            tokio::time::sleep_until(next).await;
            while gathered.len() < BATCH
                && let Ok(one) = waiting.try_recv()
            {
                gathered.push(one);
            }
        }
        next = Instant::now() + B::PACE;
        let (asks, tellers): (Vec<_>, Vec<_>) =
            gathered.drain(..).map(|waiting| (waiting.ask, waiting.answer)).unzip();
        match commit(&db, &*batch, &asks).await {
            Ok(answers) => {
                for (teller, answer) in tellers.into_iter().zip(answers) {
                    // A caller who has gone away does not hear; the row is written all the same.
                    let _ = teller.send(Ok(answer));
                }
            }
            // One by one, each would wait for a connection: callers are told at once, and come back.
            Err(error) if error.is_away() => {
                warn!(%error, batch = asks.len(), "The database is away");
                for teller in tellers {
                    let _ = teller.send(Err(Error::Away));
                }
            }
            Err(error) => {
                warn!(%error, batch = asks.len(), "A batch failed and is replayed one by one");
                for (ask, teller) in asks.iter().zip(tellers) {
                    let answer = commit(&db, &*batch, std::slice::from_ref(ask)).await;
                    if let Err(error) = &answer {
                        error!(%error, "A write failed alone");
                    }
                    let _ = teller.send(answer.and_then(|mut one| one.pop().ok_or(Error::Stopped)));
                }
            }
        }
    }
}

async fn commit<B: Batch>(db: &Db, batch: &B, asks: &[B::Ask]) -> Result<Vec<B::Answer>> {
    let mut tx = db.begin().await?;
    let answers = batch.apply(&mut tx, asks).await?;
    debug_assert_eq!(answers.len(), asks.len(), "every request gets its answer");
    db.reach("group-written").await;
    tx.commit().await?;
    db.reach("group-committed").await;
    Ok(answers)
}
