//! Events: tell the screens. Written in the transaction that made the change, relayed to the
//! [`Bus`] after its commit, at least once. Losing one costs a page refresh, nothing more.
//!
//! A commit hands its events to this process's relay, which tells them from memory at once and takes
//! their rows away together, a second's worth at a time. A row that is still there after a while was
//! left by a process that died: whoever finds it tells it.

use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::db::Wake;
use crate::{Bus, Db, Result, Tx, sql};

/// Events forgotten, or found and relayed, in one go.
const BATCH: usize = 500;
/// How often told events are forgotten and left ones looked for.
const LOOK: Duration = Duration::from_secs(1);
/// A row of this age was left behind: a living process tells and forgets its own much sooner.
const LEFT_S: u64 = 5;
/// Events that may wait in memory for the relay; more are found as rows.
const FRESH: usize = 16_384;

/// Puts one event into the transaction. `payload` becomes a JSON object with a `type`.
pub async fn put(tx: &mut Tx, topic: &str, payload: &impl Serialize) -> Result<()> {
    let fresh = Fresh::new(topic, payload)?;
    sql!(run &mut *tx, "insert into events (id, topic, payload) values ($1, $2, $3)",
        &fresh.id, &fresh.topic, &fresh.payload)?;
    tx.events.push(fresh);
    Ok(())
}

/// Puts many events with one statement: `(topic, payload)` in order.
pub async fn put_all<P: Serialize>(tx: &mut Tx, events: &[(String, P)]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let fresh =
        events.iter().map(|(topic, payload)| Fresh::new(topic, payload)).collect::<Result<Vec<_>>>()?;
    sql!(run &mut *tx,
        "insert into events (id, topic, payload)
         select j.value ->> 'id', j.value ->> 'topic', j.value ->> 'payload' from json_each($1) as j",
        serde_json::to_string(&fresh)?)?;
    tx.events.extend(fresh);
    Ok(())
}

/// An event on its way from its transaction to the relay.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct Fresh {
    id: String,
    topic: String,
    payload: String,
}

impl Fresh {
    fn new(topic: &str, payload: &impl Serialize) -> Result<Fresh> {
        // Ids rise within a process, which keeps a room's frames in order.
        let id = uuid::Uuid::now_v7().to_string();
        Ok(Fresh { id, topic: topic.to_owned(), payload: serde_json::to_string(payload)? })
    }
}

impl Wake {
    /// Takes over what a commit has to tell.
    pub(crate) fn tell(&self, events: Vec<Fresh>) {
        if events.is_empty() {
            return;
        }
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a relay, as in a command that only writes, nobody empties this.
        if fresh.len() < FRESH {
            fresh.extend(events);
        }
        drop(fresh);
        self.events.notify_one();
    }
}

/// Relays committed events to the bus until `stop`.
pub async fn relay(db: Db, bus: Bus, stop: CancellationToken) {
    let mut told = Vec::new();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = db.wake.events.notified() => tell_fresh(&db, &bus, &mut told).await,
            _ = look.tick() => {
                forget(&db, &mut told).await;
                tell_left(&db, &bus).await;
            }
            () = stop.cancelled() => break,
        }
        if told.len() >= BATCH {
            forget(&db, &mut told).await;
        }
    }
    tell_fresh(&db, &bus, &mut told).await;
    forget(&db, &mut told).await;
}

/// Tells what was committed here. What the bus does not take stays a row, and is found later.
async fn tell_fresh(db: &Db, bus: &Bus, told: &mut Vec<String>) {
    let fresh = std::mem::take(&mut *db.wake.fresh.lock().unwrap_or_else(PoisonError::into_inner));
    for event in fresh {
        match bus.publish(&event.topic, Bytes::from(event.payload)).await {
            Ok(()) => told.push(event.id),
            Err(error) => error!(%error, "An event could not be relayed; trying again"),
        }
    }
}

/// Takes the rows of told events away. What cannot be taken away is told twice: screens know an event
/// by its id and drop the second.
async fn forget(db: &Db, told: &mut Vec<String>) {
    if told.is_empty() {
        return;
    }
    let ids: Vec<_> = told.drain(..).map(|id| json!({ "id": id })).collect();
    let forgotten = async {
        let mut tx = db.begin().await?;
        sql!(run &mut tx,
            "delete from events where id in (select j.value ->> 'id' from json_each($1) as j)",
            serde_json::to_string(&ids)?)?;
        tx.commit().await
    };
    if let Err(error) = forgotten.await {
        error!(%error, "Told events could not be forgotten; they are told again");
    }
}

async fn tell_left(db: &Db, bus: &Bus) {
    loop {
        match tell_left_batch(db, bus).await {
            Ok(BATCH) => {}
            Ok(_) => return,
            Err(error) => {
                error!(%error, "Events left behind could not be relayed; trying again");
                return;
            }
        }
    }
}

/// Takes the oldest events that were left behind, publishes them and forgets them. A crash between
/// publishing and forgetting sends them again.
async fn tell_left_batch(db: &Db, bus: &Bus) -> Result<usize> {
    let before = id_of_left();
    // A look without the write lock first: most looks find nothing.
    let waiting: i64 = sql!(value db,
        "select count(*) from (select 1 from events where id < $1 limit 1) as waiting", &before)?;
    if waiting == 0 {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let mut rows: Vec<Fresh> = sql!(all &mut tx,
        "delete from events where id in (select id from events where id < $1 order by id limit $2)
         returning id, topic, payload", &before, BATCH as i64)?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    let count = rows.len();
    for row in rows {
        bus.publish(&row.topic, Bytes::from(row.payload)).await?;
    }
    tx.commit().await?;
    Ok(count)
}

/// Ids below this one are of events that were left behind: an id begins with its millisecond.
fn id_of_left() -> String {
    let (seconds, _) = uuid::Timestamp::now(uuid::NoContext).to_unix();
    let ms = seconds.saturating_sub(LEFT_S) * 1_000;
    format!("{:08x}-{:04x}", ms >> 16, ms & 0xffff)
}
