//! The audience: how many watched each minute of a show, and how many opened a product's buy sheet.
//!
//! Both are counted in memory, looked at once a second, and written every five. A process writes its
//! whole row of a minute each time, so a row that is written twice stays as it is; one that dies takes
//! at most its last five seconds with it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Db, Tx, sql};
use people::StoreId;
use serde_json::{Value, json};
use shop::product::ProductId;
use shop::showing::OnAir;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::broadcast::BroadcastId;
use crate::{Live, Result};

/// How often viewers are counted. One look stands for this long.
const LOOK: Duration = Duration::from_secs(1);
/// Looks after which what was counted is written down.
const LOOKS_A_WRITING: u32 = 5;
/// Shows that are counted at once; far more than can be on air.
const SHOWS: i64 = 1_024;
/// Minutes of products that are kept, and people counted in one of them.
const TAPPED: usize = 512;
const MOST: usize = 500;
pub(crate) const MINUTE_MS: i64 = 60_000;

/// What was counted since it was last let go. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    on_air: HashMap<BroadcastId, StoreId>,
    minutes: HashMap<(BroadcastId, i64), Watched>,
    taps: HashMap<(BroadcastId, i64, ProductId), HashSet<String>>,
}

/// Who watched in one minute, at one process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watched {
    pub viewer_seconds: i64,
    pub peak: i64,
}

impl Tally {
    /// Counts somebody who opened a product's sheet, once a minute, if the show is on air and the product its store's.
    pub(crate) fn tapped(&self, at: &OnAir, who: &str, now_ms: i64) {
        let Ok(broadcast) = at.show.parse::<BroadcastId>() else { return };
        let mut counted = self.lock();
        if counted.on_air.get(&broadcast) != Some(&at.store) {
            return;
        }
        let key = (broadcast, now_ms.div_euclid(MINUTE_MS), at.product.clone());
        if counted.taps.len() >= TAPPED && !counted.taps.contains_key(&key) {
            return;
        }
        let people = counted.taps.entry(key).or_default();
        if people.len() < MOST {
            people.insert(who.to_owned());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks and writes until `stop`.
pub(crate) async fn work(live: Live, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => break,
        }
        if let Err(error) = look(&live).await {
            warn!(%error, "The audience could not be counted");
        }
        looks += 1;
        if looks % LOOKS_A_WRITING == 0 {
            write(&live).await;
        }
    }
    write(&live).await;
}

/// Counts who is there now, in every show that is on air.
pub async fn look(live: &Live) -> Result<()> {
    let on_air: Vec<(BroadcastId, StoreId)> = sql!(
        all & live.base.db,
        "select id, store_id from broadcasts where stage in ('live', 'waiting') order by id limit $1",
        SHOWS
    )?;
    let at_min = live.base.clock.now_ms().div_euclid(MINUTE_MS);
    let here: Vec<_> = on_air.iter().map(|(show, _)| (show.clone(), live.rooms.here(show))).collect();
    let mut counted = live.audience.lock();
    counted.on_air = on_air.into_iter().collect();
    for (show, count) in here.into_iter().filter(|(_, count)| *count > 0) {
        let minute = counted.minutes.entry((show, at_min)).or_default();
        minute.viewer_seconds += count as i64 * LOOK.as_secs() as i64;
        minute.peak = minute.peak.max(count as i64);
    }
    Ok(())
}

/// Writes down every minute that is held, and lets go of those that are over.
pub async fn write(live: &Live) {
    let now_min = live.base.clock.now_ms().div_euclid(MINUTE_MS);
    let node = live.rooms.node();
    let (minutes, taps): (Vec<Value>, Vec<Value>) = {
        let counted = live.audience.lock();
        (
            counted
                .minutes
                .iter()
                .map(|((show, at_min), seen)| minute_row(show, *at_min, node, *seen))
                .collect(),
            counted
                .taps
                .iter()
                .map(|((show, at_min, product), people)| {
                    tap_row(show, *at_min, node, product, people.len() as i64)
                })
                .collect(),
        )
    };
    if let Err(error) = put(&live.base.db, minutes, taps).await {
        return warn!(%error, "The audience could not be written; it is kept for the next time");
    }
    let mut counted = live.audience.lock();
    counted.minutes.retain(|(_, at_min), _| *at_min >= now_min);
    counted.taps.retain(|(_, at_min, _), _| *at_min >= now_min);
}

/// Writes down who watched a minute of a show that is over.
pub async fn remember(live: &Live, show: &BroadcastId, at_ms: i64, seen: Watched) -> Result<()> {
    let row = minute_row(show, at_ms.div_euclid(MINUTE_MS), live.rooms.node(), seen);
    Ok(put(&live.base.db, vec![row], Vec::new()).await?)
}

/// Writes down how many looked at a product in a minute of a show that is over.
pub async fn remember_taps(
    live: &Live,
    show: &BroadcastId,
    at_ms: i64,
    product: &ProductId,
    taps: i64,
) -> Result<()> {
    let row = tap_row(show, at_ms.div_euclid(MINUTE_MS), live.rooms.node(), product, taps);
    Ok(put(&live.base.db, Vec::new(), vec![row]).await?)
}

fn minute_row(show: &BroadcastId, at_min: i64, node: &str, seen: Watched) -> Value {
    json!({ "show": show, "at_min": at_min, "node": node, "seconds": seen.viewer_seconds, "peak": seen.peak })
}

fn tap_row(show: &BroadcastId, at_min: i64, node: &str, product: &ProductId, taps: i64) -> Value {
    json!({ "show": show, "at_min": at_min, "node": node, "product": product, "taps": taps })
}

async fn put(db: &Db, minutes: Vec<Value>, taps: Vec<Value>) -> base::Result<()> {
    if minutes.is_empty() && taps.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "insert into audience_minutes (broadcast_id, at_min, node, viewer_seconds, peak)
         select j.value ->> 'show', cast(j.value ->> 'at_min' as bigint), j.value ->> 'node',
                cast(j.value ->> 'seconds' as bigint), cast(j.value ->> 'peak' as bigint)
         from json_each($1) as j where true
         on conflict (broadcast_id, at_min, node)
           do update set viewer_seconds = excluded.viewer_seconds, peak = excluded.peak",
        Value::from(minutes).to_string())?;
    sql!(run &mut tx,
        "insert into buy_taps (broadcast_id, at_min, product_id, node, taps)
         select j.value ->> 'show', cast(j.value ->> 'at_min' as bigint), j.value ->> 'product', j.value ->> 'node',
                cast(j.value ->> 'taps' as bigint)
         from json_each($1) as j where true
         on conflict (broadcast_id, at_min, product_id, node) do update set taps = excluded.taps",
        Value::from(taps).to_string())?;
    tx.commit().await
}

/// Forgets the minutes before a moment: the demo's show never ends.
pub(crate) async fn forget(tx: &mut Tx, show: &BroadcastId, before_ms: i64) -> Result<()> {
    let before_min = before_ms.div_euclid(MINUTE_MS);
    sql!(run &mut *tx, "delete from audience_minutes where broadcast_id = $1 and at_min < $2", show, before_min)?;
    sql!(run tx, "delete from buy_taps where broadcast_id = $1 and at_min < $2", show, before_min)?;
    Ok(())
}

/// Who watched the minutes of a show, at all processes: the minute, viewer seconds, the most at once.
pub(crate) async fn minutes(db: &Db, show: &BroadcastId) -> Result<Vec<(i64, i64, i64)>> {
    Ok(sql!(all db,
        "select at_min, cast(sum(viewer_seconds) as bigint), cast(sum(peak) as bigint) from audience_minutes
         where broadcast_id = $1 group by at_min order by at_min", show)?)
}

/// Who looked at which product in which minute.
pub(crate) async fn taps(db: &Db, show: &BroadcastId) -> Result<Vec<(i64, ProductId, i64)>> {
    Ok(sql!(all db,
        "select at_min, product_id, cast(sum(taps) as bigint) from buy_taps
         where broadcast_id = $1 group by at_min, product_id order by at_min, product_id", show)?)
}
