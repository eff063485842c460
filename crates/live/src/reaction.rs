//! Reactions: hearts and claps, counted in memory and told four times a second.
//!
//! A happy crowd taps thousands of times a second. Nobody counts on one heart, so they are summed
//! where they arrive: one frame per room and quarter second, one row per kind and second for the
//! replay. A process that dies takes at most the last second's hearts with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Db, sql};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::broadcast::BroadcastId;
use crate::{Error, Live, Result, room};

pub mod pages;

/// How often a room is told.
const TELL: Duration = Duration::from_millis(250);
/// How many tellings make a second, after which sums are written down.
const TELLINGS_A_SECOND: u32 = 4;
/// Reactions of a kind that one telling counts; a flood beyond it adds nothing.
const MOST: i64 = 500;
/// Rooms summed at once; far more than can be on air.
const ROOMS: usize = 1_024;

/// A kind of reaction.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReactionKind)]
pub enum Kind {
    Heart,
    Clap,
    Laugh,
    Wow,
}

impl Kind {
    /// All of them, in the order of the buttons.
    pub const ALL: [Kind; 4] = [Kind::Heart, Kind::Clap, Kind::Laugh, Kind::Wow];

    /// The word in forms and frames.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Heart => "heart",
            Kind::Clap => "clap",
            Kind::Laugh => "laugh",
            Kind::Wow => "wow",
        }
    }

    /// The key of the words on its button.
    pub(crate) fn key(self) -> String {
        format!("live-react-{}", self.word())
    }

    /// What is drawn.
    pub fn sign(self) -> &'static str {
        match self {
            Kind::Heart => "❤️",
            Kind::Clap => "👏",
            Kind::Laugh => "😄",
            Kind::Wow => "😮",
        }
    }
}

type Counts = BTreeMap<Kind, i64>;

/// What came in since the last telling, and since the last writing. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tally {
    untold: Arc<Mutex<HashMap<BroadcastId, Counts>>>,
    unwritten: Arc<Mutex<HashMap<(BroadcastId, i64), Counts>>>,
}

impl Tally {
    /// Counts one.
    pub fn add(&self, broadcast: &BroadcastId, kind: Kind) {
        let mut untold = lock(&self.untold);
        if untold.len() >= ROOMS && !untold.contains_key(broadcast) {
            return;
        }
        let count = untold.entry(broadcast.clone()).or_default().entry(kind).or_default();
        *count = (*count + 1).min(MOST);
    }
}

/// Sends a reaction into a room that is open.
pub async fn react(live: &Live, broadcast: &BroadcastId, kind: Kind) -> Result<()> {
    match live.rooms.stage(live, broadcast).await? {
        "ended" => Err(Error::Over),
        _ => {
            live.reactions.add(broadcast, kind);
            Ok(())
        }
    }
}

/// Tells and writes until `stop`.
pub(crate) async fn work(live: Live, stop: CancellationToken) {
    let mut tick = tokio::time::interval(TELL);
    let mut tellings = 0;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => break,
        }
        tell(&live).await;
        tellings += 1;
        if tellings % TELLINGS_A_SECOND == 0 {
            write(&live).await;
        }
    }
    tell(&live).await;
    write(&live).await;
}

/// One frame for every room in which somebody reacted.
pub(crate) async fn tell(live: &Live) {
    let told = std::mem::take(&mut *lock(&live.reactions.untold));
    for (broadcast, counts) in told {
        let frame = json!({ "type": "reactions", "counts": counts });
        if let Err(error) =
            live.base.bus.publish(&room::topic(&broadcast), Bytes::from(frame.to_string())).await
        {
            warn!(%error, "Reactions could not be told");
        }
        let at_s = live.media_now_ms(&broadcast).div_euclid(1000);
        let mut unwritten = lock(&live.reactions.unwritten);
        if unwritten.len() < ROOMS {
            let sums = unwritten.entry((broadcast, at_s)).or_default();
            for (kind, count) in counts {
                *sums.entry(kind).or_default() += count;
            }
        }
    }
}

/// Writes the sums down; what cannot be written is tried again with the next second's.
pub(crate) async fn write(live: &Live) {
    let sums = std::mem::take(&mut *lock(&live.reactions.unwritten));
    if sums.is_empty() {
        return;
    }
    let rows: Vec<_> = sums
        .iter()
        .flat_map(|((broadcast, at_s), counts)| {
            counts.iter().map(move |(kind, count)| {
                json!({ "broadcast": broadcast, "at_s": at_s, "kind": kind, "count": count })
            })
        })
        .collect();
    if let Err(error) = put(&live.base.db, &serde_json::Value::from(rows).to_string()).await {
        warn!(%error, "Reactions could not be written; they are kept for the next second");
        let mut unwritten = lock(&live.reactions.unwritten);
        for (key, counts) in sums.into_iter().take(ROOMS) {
            unwritten.entry(key).or_insert(counts);
        }
    }
}

async fn put(db: &Db, rows: &str) -> base::Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "insert into reactions (broadcast_id, at_s, kind, count)
         select j.value ->> 'broadcast', cast(j.value ->> 'at_s' as bigint), j.value ->> 'kind',
                cast(j.value ->> 'count' as bigint)
         from json_each($1) as j where true
         on conflict (broadcast_id, at_s, kind) do update set count = reactions.count + excluded.count",
        rows)?;
    tx.commit().await
}

/// The sums of one second.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Second {
    /// On the media clock, Unix milliseconds.
    pub at_ms: i64,
    pub counts: BTreeMap<String, i64>,
}

/// Every second in which somebody reacted, in order.
pub async fn seconds(db: &Db, broadcast: &BroadcastId, limit: i64) -> Result<Vec<Second>> {
    let rows: Vec<(i64, String, i64)> = sql!(all db,
        "select at_s, kind, count from reactions where broadcast_id = $1 order by at_s, kind limit $2",
        broadcast, limit)?;
    let mut seconds: Vec<Second> = Vec::new();
    for (at_s, kind, count) in rows {
        let at_ms = at_s * 1000;
        match seconds.last_mut().filter(|second| second.at_ms == at_ms) {
            Some(second) => {
                second.counts.insert(kind, count);
            }
            None => seconds.push(Second { at_ms, counts: BTreeMap::from([(kind, count)]) }),
        }
    }
    Ok(seconds)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
