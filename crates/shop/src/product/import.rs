//! Many products at once, from a table: looked over line by line first, then made in small steps that other work fits
//! between, and shown to customers all at once. What stops half-way goes on; what was a mistake is taken back whole.

use std::collections::HashSet;

use base::{Db, Id, Tx, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use super::bulk::{self, Entry, Fault};
use super::{Draft, ProductId, draft};
use crate::sheet::read::{self, Grid};
use crate::text::Listing;
use crate::{Error, Result, Shop, set};

pub(crate) mod pages;

/// Names an import in [`ImportId`].
pub enum ImportMark {}
/// The id of an import.
pub type ImportId = Id<ImportMark>;

/// Products in one step: a seller's tap in between waits for no more than these.
const STEP: i64 = 10;
/// Lines that are written at once.
const LINES: usize = 500;
/// The longest name of a file that is kept.
const FILE_NAME: usize = 100;
const JOB: &str = "shop.import-products";

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum State {
    /// Looked over; nothing is made yet.
    Read,
    Running,
    Done,
    /// Taken back.
    Undone,
}

/// An import as it is kept.
#[derive(Debug, FromRow)]
pub struct Import {
    pub id: ImportId,
    pub file_name: String,
    pub state: State,
    /// Products that are fine.
    pub fine: i64,
    /// Of these, made so far.
    pub made: i64,
    pub wrong: i64,
    #[sqlx(try_from = "String")]
    pub unknown: Listing<String>,
    pub created_at_ms: i64,
}

/// What was read of a product of the table.
#[derive(Debug, FromRow)]
pub(crate) struct Row {
    pub(crate) line: i64,
    pub(crate) name: String,
    #[sqlx(try_from = "String")]
    pub(crate) faults: Listing<Fault>,
}

#[derive(Serialize, Deserialize)]
struct Making {
    import: ImportId,
}

/// Looks a table over. The same `key` gives the same import.
pub async fn look_over(
    shop: &Shop,
    store: &StoreId,
    key: &str,
    file: &str,
    bytes: Vec<u8>,
) -> Result<ImportId> {
    let known: Option<ImportId> =
        sql!(maybe & shop.base.db, "select id from imports where store_id = $1 and key = $2", store, key)?;
    if let Some(known) = known {
        return Ok(known);
    }
    // A large table takes a second of a processor.
    let read = tokio::task::spawn_blocking(move || -> Result<bulk::Bulk> {
        let grid: Grid = read::read(&bytes).map_err(Error::Sheet)?;
        bulk::read(&grid).map_err(Error::NoColumns)
    });

    let mut bulk = read.await.map_err(|_| base::Error::Stopped)??;
    if bulk.entries.is_empty() {
        return Err(Error::Sheet(read::SheetFault::Empty));
    }
    refuse_known_codes(&shop.base.db, store, &mut bulk.entries).await?;
    keep(shop, store, key, file, &bulk).await
}

/// A number that another product of the store or of the table has.
async fn refuse_known_codes(db: &Db, store: &StoreId, entries: &mut [Entry]) -> Result<()> {
    let taken: HashSet<String> =
        sql!(values db, "select code from products where store_id = $1 and code is not null", store)?
            .into_iter()
            .collect();
    let mut seen = HashSet::new();
    for entry in entries {
        let Ok(Draft { code, .. }) = &entry.made else { continue };
        if code.is_empty() {
            continue;
        }
        let fault = match (taken.contains(code), seen.insert(code.clone())) {
            (true, _) => "code-here",
            (_, false) => "code-twice",
            _ => continue,
        };
        let (line, said) = (entry.line, code.clone());
        entry.made = Err(vec![Fault { line, column: String::new(), said, fault: fault.to_owned() }]);
    }
    Ok(())
}

async fn keep(shop: &Shop, store: &StoreId, key: &str, file: &str, bulk: &bulk::Bulk) -> Result<ImportId> {
    let now_ms = shop.base.clock.now_ms();
    let id = ImportId::new(now_ms);
    let wrong = bulk.entries.iter().filter(|entry| entry.made.is_err()).count();
    let file: String = file.chars().filter(|c| !c.is_control()).take(FILE_NAME).collect();
    let mut tx = shop.base.db.begin().await?;
    let made = sql!(run &mut tx,
        "insert into imports (id, store_id, key, file_name, state, fine, made, wrong, unknown, created_at_ms,
             changed_at_ms)
         values ($1, $2, $3, $4, 'read', $5, 0, $6, $7, $8, $8) on conflict (store_id, key) do nothing",
        &id, store, key, &file, (bulk.entries.len() - wrong) as i64, wrong as i64,
        Listing(bulk.unknown.clone()).to_column(), now_ms)?;
    if made == 0 {
        tx.rollback().await?;
        return Ok(sql!(
            value & shop.base.db,
            "select id from imports where store_id = $1 and key = $2",
            store,
            key
        )?);
    }
    for entries in bulk.entries.chunks(LINES) {
        let rows: Vec<_> = entries.iter().map(row).collect();
        sql!(run &mut tx,
            "insert into import_rows (import_id, line, store_id, name, draft, faults)
             select $2, cast(j.value ->> 'line' as bigint), $3, j.value ->> 'name', j.value ->> 'draft',
                 j.value ->> 'faults'
             from json_each($1) as j where true", set::of(&rows)?, &id, store)?;
    }
    tx.commit().await?;
    Ok(id)
}

fn row(entry: &Entry) -> serde_json::Value {
    let (draft, faults) = match &entry.made {
        Ok(draft) => (serde_json::to_string(draft).unwrap_or_default(), Vec::new()),
        Err(faults) => (String::new(), faults.clone()),
    };
    let faults = Listing(faults).to_column();
    json!({ "line": entry.line, "name": entry.name, "draft": draft, "faults": faults })
}

/// An import of this store and no other.
pub async fn find(db: &Db, store: &StoreId, id: &ImportId) -> Result<Import> {
    sql!(opt db, "select * from imports where id = $1 and store_id = $2", id, store)?.ok_or(Error::NotFound)
}

/// The latest imports of a store.
pub async fn latest(db: &Db, store: &StoreId, limit: i64) -> Result<Vec<Import>> {
    Ok(sql!(all db,
        "select * from imports where store_id = $1 order by created_at_ms desc, id desc limit $2", store, limit)?)
}

/// Products of the table in its order: those with something wrong, or those that are fine.
pub(crate) async fn rows(db: &Db, id: &ImportId, is_wrong: bool, limit: i64) -> Result<Vec<Row>> {
    Ok(sql!(all db,
        "select line, name, faults from import_rows
         where import_id = $1 and (draft = '') = $2 order by line limit $3", id, is_wrong, limit)?)
}

/// Begins to make what is fine. A second tap begins nothing.
pub async fn run(shop: &Shop, store: &StoreId, id: &ImportId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let begun = sql!(run &mut tx,
        "update imports set state = 'running', changed_at_ms = $3
         where id = $1 and store_id = $2 and state = 'read' and fine > 0", id, store, shop.base.clock.now_ms())?;
    if begun == 1 {
        jobs::put(&mut tx, JOB, &Making { import: id.clone() }).await?;
    }
    Ok(tx.commit().await?)
}

/// Takes everything back that it made, also half-way. What was ordered meanwhile stays an order.
pub async fn undo(shop: &Shop, store: &StoreId, id: &ImportId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let undone = sql!(run &mut tx,
        "update imports set state = 'undone', changed_at_ms = $3
         where id = $1 and store_id = $2 and state in ('running', 'done')", id, store, now_ms)?;
    if undone == 1 {
        sql!(run &mut tx,
            "update products set on_sale = false, removed_at_ms = $3, changed_at_ms = $3, code = null
             where store_id = $2 and removed_at_ms is null and id in (
                 select product_id from import_rows where import_id = $1 and product_id is not null)", id, store, now_ms)?;
    }
    Ok(tx.commit().await?)
}

/// The job of an import.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let shop = shop.clone();
    workers.on(JOB, move |job| {
        let shop = shop.clone();
        async move {
            let Making { import } = job.payload()?;
            while step(&shop, &import).await? {}
            Ok::<_, Error>(())
        }
    });
}

/// Makes the next few. `false`: nothing is left to do.
async fn step(shop: &Shop, id: &ImportId) -> Result<bool> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    // Whoever takes it back meanwhile waits for this step, or is seen by it.
    let store: Option<StoreId> = sql!(maybe &mut tx,
        "update imports set changed_at_ms = $2 where id = $1 and state = 'running' returning store_id", id, now_ms)?;
    let Some(store) = store else { return Ok(false) };
    let next: Vec<(i64, String)> = sql!(all &mut tx,
        "select line, draft from import_rows
         where import_id = $1 and draft <> '' and product_id is null order by line limit $2", id, STEP)?;
    if next.is_empty() {
        show(&mut tx, id, now_ms).await?;
        tx.commit().await?;
        return Ok(false);
    }
    let mut made = 0;
    for (line, text) in &next {
        let kept: Draft = serde_json::from_str(text).map_err(base::Error::from)?;
        let kept = Draft { resting: true, ..kept };
        match draft::create_in(&mut tx, &store, &format!("import-{id}-{line}"), &kept, now_ms).await {
            Ok(product) => {
                sql!(run &mut tx,
                    "update import_rows set product_id = $3 where import_id = $1 and line = $2", id, *line, &product)?;
                made += 1;
            }
            // Its number was taken since the table was looked over.
            Err(Error::Invalid(_)) => refuse(&mut tx, id, *line, &kept.code).await?,
            Err(error) => return Err(error),
        }
    }
    sql!(run &mut tx, "update imports set made = made + $2 where id = $1", id, made)?;
    tx.commit().await?;
    Ok(true)
}

async fn refuse(tx: &mut Tx, id: &ImportId, line: i64, code: &str) -> Result<()> {
    let fault = Fault {
        line: line as usize,
        column: String::new(),
        said: code.to_owned(),
        fault: "code-here".to_owned(),
    };
    sql!(run &mut *tx,
        "update import_rows set draft = '', faults = $3 where import_id = $1 and line = $2",
        id, line, Listing(vec![fault]).to_column())?;
    sql!(run &mut *tx, "update imports set fine = fine - 1, wrong = wrong + 1 where id = $1", id)?;
    Ok(())
}

/// Everything is made: customers see all of it from now on.
async fn show(tx: &mut Tx, id: &ImportId, now_ms: i64) -> Result<()> {
    sql!(run &mut *tx,
        "update products set on_sale = true, changed_at_ms = $2
         where removed_at_ms is null and id in (
             select product_id from import_rows where import_id = $1 and product_id is not null)", id, now_ms)?;
    sql!(run &mut *tx, "update imports set state = 'done', changed_at_ms = $2 where id = $1", id, now_ms)?;
    Ok(())
}

/// The products of a store, for its table: after the row `(created_at_ms, id)`, newest first.
pub(crate) async fn page_of(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, ProductId)>,
    limit: i64,
) -> Result<Vec<super::Product>> {
    let (ms, id) = after.map_or((i64::MAX, String::new()), |(ms, id)| (ms, id.to_string()));
    Ok(sql!(all db,
        "select * from products where store_id = $1 and removed_at_ms is null and (created_at_ms, id) < ($2, $3)
         order by created_at_ms desc, id desc limit $4", store, ms, id, limit)?)
}
