//! Events: tell the screens. Written in the transaction that made the change, relayed to the
//! [`Bus`] after its commit, at least once. Losing one costs a page refresh, nothing more.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{Bus, Db, Result, Tx, sql};

/// Events relayed in one go.
const BATCH: i64 = 500;
/// How often the relay looks by itself: after a crash, or for what another process committed.
const LOOK: Duration = Duration::from_secs(1);

/// Puts one event into the transaction. `payload` becomes a JSON object with a `type`.
pub async fn put(tx: &mut Tx, topic: &str, payload: &impl Serialize) -> Result<()> {
    let payload = serde_json::to_string(payload)?;
    tx.left_events = true;
    sql!(run tx, "insert into events (id, topic, payload) values ($1, $2, $3)", next_id(), topic, payload)?;
    Ok(())
}

/// Puts many events with one statement: `(topic, payload)` in order.
pub async fn put_all<P: Serialize>(tx: &mut Tx, events: &[(String, P)]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(events.len());
    for (topic, payload) in events {
        rows.push(json!({ "id": next_id(), "topic": topic, "payload": serde_json::to_string(payload)? }));
    }
    tx.left_events = true;
    sql!(run tx,
        "insert into events (id, topic, payload)
         select j.value ->> 'id', j.value ->> 'topic', j.value ->> 'payload' from json_each($1) as j",
        serde_json::to_string(&rows)?)?;
    Ok(())
}

/// Event ids rise within a process, which keeps a room's frames in order.
fn next_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Relays committed events to the bus until `stop`.
pub async fn relay(db: Db, bus: Bus, stop: CancellationToken) {
    loop {
        match relay_batch(&db, &bus).await {
            Ok(relayed) if relayed == BATCH as usize => continue,
            Ok(_) => {}
            Err(error) => error!(%error, "Events could not be relayed; trying again"),
        }
        tokio::select! {
            () = db.wake.events.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return,
        }
    }
}

#[derive(FromRow)]
struct Row {
    id: String,
    topic: String,
    payload: String,
}

/// Takes the oldest events, publishes them and forgets them. A crash between publishing and
/// forgetting sends them again; screens know an event by its id and drop the second.
async fn relay_batch(db: &Db, bus: &Bus) -> Result<usize> {
    // A look without the write lock first: most looks find nothing.
    let waiting: i64 = sql!(value db, "select count(*) from (select 1 from events limit 1) as waiting")?;
    if waiting == 0 {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let mut rows: Vec<Row> = sql!(all &mut tx,
        "delete from events where id in (select id from events order by id limit $1)
         returning id, topic, payload", BATCH)?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    for row in &rows {
        bus.publish(&row.topic, Bytes::copy_from_slice(row.payload.as_bytes())).await?;
    }
    tx.commit().await?;
    Ok(rows.len())
}
