//! Unpacking a store that somebody brings: the file is taken whole, looked over, and only when its owner says so made into
//! a new store, in small steps that a killed process takes up again. Until all of it is there nobody sees any of it,
//! and even then the doors stay shut until the owner opens them: the same goods must not be sold in two places.
//!
//! Every id in the file is only a name within the file. What is made here has ids of its own, so that a file can neither
//! name nor change what belongs to another store.

use std::fs::File;

use base::jobs::Job;
use base::{Db, Id, Tx, jobs, sql};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use people::{PersonId, StoreId, member};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::look::{self, Seen};
use super::make;
use super::unpack::{MAX_BYTES, Refusal};
use super::{Logged, log};
use crate::{Error, Result, Shop, store};

/// Names an arrival in [`ArrivalId`].
pub enum ArrivalMark {}
/// The id of an arrival.
pub type ArrivalId = Id<ArrivalMark>;

/// Files of one person that are not done with.
const STANDING: i64 = 3;
/// Files of one person in a day.
const A_DAY: i64 = 20;
const DAY_MS: i64 = 24 * 3_600_000;
/// How long a file waits for its owner's word.
const KEPT_MS: i64 = 7 * DAY_MS;
/// The longest name of a file that is kept.
const FILE_NAME: usize = 100;
const LOOK: &str = "shop.look-store-over";
const MAKE: &str = "shop.make-brought-store";
const ERASE: &str = "shop.erase-brought-file";

/// Where an arrival stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum State {
    /// It is being looked over.
    Looking,
    Refused,
    /// Looked over; nothing is made yet.
    Read,
    Running,
    /// All there, and shut.
    Done,
    /// Something in it could not be made; all was taken back.
    Failed,
    Undone,
}

impl State {
    /// Its name for templates.
    pub fn slug(self) -> &'static str {
        match self {
            State::Looking => "looking",
            State::Refused => "refused",
            State::Read => "read",
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
            State::Undone => "undone",
        }
    }
}

/// An arrival as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Arrival {
    pub id: ArrivalId,
    pub person_id: PersonId,
    pub file_name: String,
    pub bytes: i64,
    pub state: State,
    pub fault: String,
    pub fault_at: String,
    seen: String,
    pub store_id: Option<StoreId>,
    pub(super) phase: String,
    pub(super) line: i64,
    pub done: i64,
    pub total: i64,
    pub created_at_ms: i64,
    pub opened_at_ms: Option<i64>,
}

impl Arrival {
    /// What was seen in it.
    pub fn seen(&self) -> Seen {
        serde_json::from_str(&self.seen).unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
struct Named {
    arrival: ArrivalId,
}

/// Where the file lies.
fn blob(id: &ArrivalId) -> String {
    format!("moving/in/{id}.zip")
}

/// Takes a file and begins to look it over. The same `key` gives the same arrival.
pub(super) async fn receive<S>(
    shop: &Shop,
    person: &PersonId,
    key: &str,
    file_name: &str,
    pieces: S,
) -> Result<ArrivalId>
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send,
{
    let db = &shop.base.db;
    let now_ms = shop.base.clock.now_ms();
    let known: Option<ArrivalId> =
        sql!(maybe db, "select id from arrivals where person_id = $1 and key = $2", person, key)?;
    if let Some(known) = known {
        return Ok(known);
    }
    let (standing, today): (i64, i64) = sql!(one db,
        "select cast(coalesce(sum(case when state in ('looking', 'read', 'running') then 1 else 0 end), 0) as bigint),
             cast(coalesce(sum(case when created_at_ms > $2 then 1 else 0 end), 0) as bigint)
         from arrivals where person_id = $1", person, now_ms - DAY_MS)?;
    if standing >= STANDING || today >= A_DAY {
        return Err(Error::MovingEnough);
    }
    let id = ArrivalId::new(now_ms);
    let mut bytes = 0;
    let counted = pieces.map(move |piece| {
        let piece = piece?;
        bytes += piece.len() as u64;
        if bytes > MAX_BYTES { Err(Error::MovingTooLarge) } else { Ok(piece) }
    });
    let bytes = shop.base.blobs.put_stream(&blob(&id), Box::pin(counted)).await?;
    let file_name: String = file_name.chars().filter(|c| !c.is_control()).take(FILE_NAME).collect();
    let mut tx = db.begin().await?;
    let made = sql!(run &mut tx,
        "insert into arrivals (id, person_id, key, file_name, bytes, state, created_at_ms, changed_at_ms)
         values ($1, $2, $3, $4, $5, 'looking', $6, $6) on conflict (person_id, key) do nothing",
        &id, person, key, &file_name, bytes as i64, now_ms)?;
    if made == 0 {
        tx.rollback().await?;
        shop.base.blobs.delete(&blob(&id)).await?;
        return Ok(sql!(value db, "select id from arrivals where person_id = $1 and key = $2", person, key)?);
    }
    log(&mut tx, None, person, id.as_str(), Logged::Arrived, now_ms).await?;
    jobs::put(&mut tx, LOOK, &Named { arrival: id.clone() }).await?;
    jobs::put_at(&mut tx, ERASE, &Named { arrival: id.clone() }, now_ms + KEPT_MS).await?;
    tx.commit().await?;
    Ok(id)
}

/// An arrival of this person and of nobody else.
pub(super) async fn find(db: &Db, person: &PersonId, id: &ArrivalId) -> Result<Arrival> {
    sql!(opt db, "select * from arrivals where id = $1 and person_id = $2", id, person)?
        .ok_or(Error::NotFound)
}

/// The latest arrivals of a person.
pub(super) async fn latest(db: &Db, person: &PersonId, most: i64) -> Result<Vec<Arrival>> {
    Ok(sql!(all db,
        "select * from arrivals where person_id = $1 order by created_at_ms desc, id desc limit $2", person, most)?)
}

/// Begins to make the store. A second tap begins nothing.
pub(super) async fn run(shop: &Shop, person: &PersonId, id: &ArrivalId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let arrival = find(&shop.base.db, person, id).await?;
    let mut tx = shop.base.db.begin().await?;
    let begun = sql!(run &mut tx,
        "update arrivals set state = 'running', phase = $2, line = 0, done = 0, total = $3, changed_at_ms = $4
         where id = $1 and state = 'read'", id, make::FIRST, arrival.seen().total(), now_ms)?;
    if begun == 1 {
        log(&mut tx, None, person, id.as_str(), Logged::Begun, now_ms).await?;
        jobs::put(&mut tx, MAKE, &Named { arrival: id.clone() }).await?;
    }
    Ok(tx.commit().await?)
}

/// Opens the doors of a store that is all there. Says its id.
pub(super) async fn open(shop: &Shop, person: &PersonId, id: &ArrivalId) -> Result<StoreId> {
    let arrival = find(&shop.base.db, person, id).await?;
    let (State::Done, Some(made)) = (arrival.state, arrival.store_id) else {
        return Err(Error::MovingMovedOn);
    };
    let store = store::find(&shop.base.db, &made).await?;
    if !store.identity.is_whole() {
        return Ok(made);
    }
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let opened = sql!(run &mut tx,
        "update arrivals set opened_at_ms = $2, changed_at_ms = $2 where id = $1 and opened_at_ms is null", id, now_ms)?;
    if opened == 1 {
        sql!(run &mut tx, "update stores set listed = true, changed_at_ms = $2 where id = $1", &made, now_ms)?;
        sql!(run &mut tx,
            "update products set changed_at_ms = $2 where store_id = $1 and removed_at_ms is null", &made, now_ms)?;
        log(&mut tx, Some(&made), person, id.as_str(), Logged::Opened, now_ms).await?;
    }
    tx.commit().await?;
    shop.search.nudge();
    Ok(made)
}

/// Takes everything back, also half-way. A store that was opened stays.
pub(super) async fn undo(shop: &Shop, person: &PersonId, id: &ArrivalId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    find(&shop.base.db, person, id).await?;
    let mut tx = shop.base.db.begin().await?;
    let undone: Option<Arrival> = sql!(opt &mut tx,
        "update arrivals set state = 'undone', changed_at_ms = $2
         where id = $1 and state in ('looking', 'read', 'running', 'done') and opened_at_ms is null returning *",
        id, now_ms)?;
    let Some(arrival) = undone else {
        tx.rollback().await?;
        return Err(Error::MovingMovedOn);
    };
    if let Some(store) = &arrival.store_id {
        if is_used(&mut tx, store).await? {
            tx.rollback().await?;
            return Err(Error::MovingMovedOn);
        }
        forget(&mut tx, &arrival.id, Some(store)).await?;
    }
    log(&mut tx, None, person, id.as_str(), Logged::Undone, now_ms).await?;
    match tx.commit().await {
        Ok(()) => {}
        Err(error) if error.is_foreign_key() => return Err(Error::MovingMovedOn),
        Err(error) => return Err(error.into()),
    }
    shop.search.nudge();
    Ok(shop.base.blobs.delete(&blob(id)).await?)
}

/// Whether something happened in a store that was not brought along.
async fn is_used(tx: &mut Tx, store: &StoreId) -> Result<bool> {
    Ok(sql!(value tx,
        "select exists (select 1 from orders where store_id = $1)
             or exists (select 1 from imports where store_id = $1)
             or exists (select 1 from product_questions where store_id = $1)
             or exists (select 1 from deals where store_id = $1)
             or exists (select 1 from products where store_id = $1 and key not like 'moved:%')
             or exists (select 1 from stores where id = $1 and listed = true)", store)?)
}

/// Deletes a store that never was, and what the photos of its file are called.
async fn forget(tx: &mut Tx, id: &ArrivalId, store: Option<&StoreId>) -> Result<()> {
    sql!(run &mut *tx, "delete from arrival_photos where arrival_id = $1", id)?;
    sql!(run &mut *tx, "update arrivals set store_id = null where id = $1", id)?;
    let Some(store) = store else { return Ok(()) };
    for rows in [
        "delete from moved_records where store_id = $1",
        "delete from label_records where store_id = $1",
        "delete from price_changes where store_id = $1",
        "delete from stock_movements where store_id = $1",
        "delete from stock_levels where store_id = $1",
        "delete from variants where store_id = $1",
        "delete from products where store_id = $1",
        "delete from promotions where store_id = $1",
        "delete from coupons where store_id = $1",
        "delete from phrases where store_id = $1",
        "delete from store_hours where store_id = $1",
        "delete from store_rests where store_id = $1",
        "delete from store_holidays where store_id = $1",
        "delete from settlement_rates where store_id = $1",
        "delete from follows where store_id = $1",
        "delete from exports where store_id = $1",
        "delete from members where store_id = $1",
        "delete from stores where id = $1",
    ] {
        sql!(run &mut *tx, rows, store)?;
    }
    Ok(())
}

pub(super) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let looking = shop.clone();
    workers.on(LOOK, move |job: Job| {
        let shop = looking.clone();
        async move {
            let Named { arrival } = job.payload()?;
            look(&shop, &arrival).await
        }
    });
    let making = shop.clone();
    workers.on(MAKE, move |job: Job| {
        let shop = making.clone();
        async move {
            let Named { arrival } = job.payload()?;
            Box::pin(make_store(&shop, &arrival)).await
        }
    });
    let erasing = shop.clone();
    workers.on(ERASE, move |job: Job| {
        let shop = erasing.clone();
        async move {
            let Named { arrival } = job.payload()?;
            let mut tx = shop.base.db.begin().await?;
            sql!(run &mut tx,
                "update arrivals set state = 'undone' where id = $1 and state in ('looking', 'read')", &arrival)?;
            let running: bool = sql!(value &mut tx,
                "select exists (select 1 from arrivals where id = $1 and state = 'running')", &arrival)?;
            tx.commit().await?;
            if !running {
                shop.base.blobs.delete(&blob(&arrival)).await?;
            }
            Ok::<_, Error>(())
        }
    });
}

async fn by_id(db: &Db, id: &ArrivalId) -> Result<Option<Arrival>> {
    Ok(sql!(opt db, "select * from arrivals where id = $1", id)?)
}

/// The file on this machine, so that it can be read from any place; it is gone when it is closed.
async fn local(shop: &Shop, id: &ArrivalId) -> Result<Option<File>> {
    let Some((_, mut pieces)) = shop.base.blobs.get_stream(&blob(id)).await? else { return Ok(None) };
    let full = |_| Error::Internal(base::Error::Stopped);
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(full)?);
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece?).await.map_err(full)?;
    }
    file.flush().await.map_err(full)?;
    file.rewind().await.map_err(full)?;
    Ok(Some(file.into_std().await))
}

async fn look(shop: &Shop, id: &ArrivalId) -> Result<()> {
    let arrival = by_id(&shop.base.db, id).await?.filter(|arrival| arrival.state == State::Looking);
    let (Some(_), Some(file)) = (arrival, local(shop, id).await?) else { return Ok(()) };
    // Every byte is unpacked and hashed: seconds of a processor for a large file.
    let seen =
        tokio::task::spawn_blocking(move || look::look_over(file)).await.map_err(|_| base::Error::Stopped)?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    match seen {
        Ok(seen) => {
            let text = serde_json::to_string(&seen).map_err(base::Error::from)?;
            sql!(run &mut tx,
                "update arrivals set state = 'read', seen = $2, total = $3, changed_at_ms = $4
                 where id = $1 and state = 'looking'", id, text, seen.total(), now_ms)?;
            tx.commit().await?;
        }
        Err(Refusal { slug, at }) => {
            sql!(run &mut tx,
                "update arrivals set state = 'refused', fault = $2, fault_at = $3, changed_at_ms = $4
                 where id = $1 and state = 'looking'", id, slug, at, now_ms)?;
            tx.commit().await?;
            shop.base.blobs.delete(&blob(id)).await?;
        }
    }
    Ok(())
}

/// The job: makes what is left to make, and finishes or takes everything back.
async fn make_store(shop: &Shop, id: &ArrivalId) -> Result<()> {
    let arrival = by_id(&shop.base.db, id).await?.filter(|arrival| arrival.state == State::Running);
    let Some(arrival) = arrival else { return Ok(()) };
    let made = match local(shop, id).await? {
        Some(file) => make::everything(shop, &arrival, file).await,
        None => Err(make::Stop::Refused(Refusal { slug: "not-a-file", at: String::new() })),
    };
    match made {
        Ok(()) => {
            if finish(shop, &arrival).await? {
                shop.base.blobs.delete(&blob(id)).await?;
            }
            Ok(())
        }
        // Its owner took it back, or another process has taken it up.
        Err(make::Stop::Elsewhere) => Ok(()),
        Err(make::Stop::Refused(refusal)) => {
            fail(shop, id, &refusal).await?;
            Ok(shop.base.blobs.delete(&blob(id)).await?)
        }
        Err(make::Stop::Broken(error)) => Err(error),
    }
}

/// Everything is there: its owner sees all of it from now on.
async fn finish(shop: &Shop, arrival: &Arrival) -> Result<bool> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let store: Option<Option<StoreId>> = sql!(maybe &mut tx,
        "update arrivals set state = 'done', changed_at_ms = $2 where id = $1 and state = 'running' returning store_id",
        &arrival.id, now_ms)?;
    let Some(Some(store)) = store else { return Ok(false) };
    sql!(run &mut tx,
        "update products set removed_at_ms = null, changed_at_ms = $2 where store_id = $1 and key like 'moved:%'",
        &store, now_ms)?;
    member::grant(&mut tx, &arrival.person_id, &store, member::Role::Owner, now_ms).await?;
    sql!(run &mut tx, "delete from arrival_photos where arrival_id = $1", &arrival.id)?;
    tx.commit().await?;
    Ok(true)
}

async fn fail(shop: &Shop, id: &ArrivalId, refusal: &Refusal) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let failed: Option<Arrival> = sql!(opt &mut tx,
        "update arrivals set state = 'failed', fault = $2, fault_at = $3, changed_at_ms = $4
         where id = $1 and state = 'running' returning *", id, refusal.slug, &refusal.at, shop.base.clock.now_ms())?;
    if let Some(arrival) = failed {
        forget(&mut tx, id, arrival.store_id.as_ref()).await?;
    }
    Ok(tx.commit().await?)
}
