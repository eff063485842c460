//! Closing the day (마감): a row per store and day that says what came in and what went out, and never changes.
//!
//! Every movement of the ledger is in exactly one close. A close takes the movements that no close holds yet; one
//! that comes later, even a moment later on the same day, stands in the next. So the closes of a store always come
//! to its ledger. A day closes by a tap, or by itself after midnight.

use base::{Base, Db, Id, Tx, Won, jobs, sql};
use jiff::ToSpan;
use jiff::civil::Date;
use people::{PersonId, StoreId};
use serde::Serialize;
use sqlx::FromRow;
use tracing::warn;

use crate::order::filter::midnight_ms;
use crate::settlement::{self, OfMethod, Sums, check, today};
use crate::text::Listing;
use crate::{Error, Result, Shop};

pub mod api;
pub mod pages;

/// The job of every hour. The hour's whole in Seoul too, so the first after midnight closes the day.
const NIGHTLY: &str = "shop-day-close";
const HOUR_MS: i64 = 3_600_000;
/// Days of one store that one round closes; the next takes the rest.
const DAYS: usize = 62;

/// Names a close in [`DayCloseId`].
pub enum DayCloseMark {}
/// The id of a close.
pub type DayCloseId = Id<DayCloseMark>;

/// A day that was closed.
#[derive(Clone, Debug, FromRow)]
pub struct DayClose {
    pub id: DayCloseId,
    /// `2026-11-24`.
    pub day: String,
    pub closed_at_ms: i64,
    /// Who pressed the button; nobody at night.
    pub closed_by: Option<PersonId>,
    #[sqlx(flatten)]
    pub sums: Sums,
    #[sqlx(try_from = "String")]
    pub methods: Listing<OfMethod>,
    /// Everything in the ledger that it holds: nothing, or something is wrong.
    pub ledger_sum_won: Won,
    /// By how much ledger and records disagreed.
    pub difference_won: Won,
    #[sqlx(flatten)]
    pub open: Open,
}

/// What is still to be done at a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, FromRow, utoipa::ToSchema)]
#[schema(as = StillOpen)]
pub struct Open {
    /// Paid orders that are neither sent nor handed over.
    pub unsent_count: i64,
    /// Payments of which nobody has said how they ended.
    pub unknown_count: i64,
    /// Differences in the books that nobody has seen to.
    pub difference_count: i64,
    /// Pieces of the till that somebody has to settle by hand, by row.
    pub over_count: i64,
}

impl Open {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        *self == Open::default()
    }
}

/// Closes today with everything that has moved until now. The same day is closed once, whoever presses and
/// however often.
pub async fn close_today(shop: &Shop, store: &StoreId, person: &PersonId, key: &str) -> Result<DayClose> {
    let same: Option<DayClose> =
        sql!(opt & shop.base.db, "select * from day_closes where store_id = $1 and key = $2", store, key)?;
    if let Some(same) = same {
        return Ok(same);
    }
    // Days that are over come first: their movements are not today's.
    close_past(shop, store).await?;
    let now_ms = shop.base.clock.now_ms();
    let closing = Closing { day: today(now_ms), until_ms: now_ms + 1, by: Some(person), key };
    close(shop, store, &closing).await?;
    of_day(&shop.base.db, store, closing.day).await
}

/// A close about to be made.
struct Closing<'a> {
    day: Date,
    until_ms: i64,
    by: Option<&'a PersonId>,
    key: &'a str,
}

/// Closes a day, unless it is closed.
async fn close(shop: &Shop, store: &StoreId, closing: &Closing<'_>) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let id = DayCloseId::new(now_ms);
    let db = &shop.base.db;
    let first_ms: Option<i64> = sql!(value db,
        "select min(at_ms) from ledger_transfers where store_id = $1 and day_close_id is null and at_ms < $2",
        store, closing.until_ms)?;
    let check = check::of(db, store, first_ms.unwrap_or(closing.until_ms), closing.until_ms).await?;
    let open = open(db, store).await?;
    let mut tx = db.begin().await?;
    // Whoever comes second waits here until the first is done, and then finds the day closed.
    let is_mine = sql!(run &mut tx,
        "insert into day_closes (id, store_id, day, key, closed_at_ms, closed_by, taken_won, taken_count, returned_won,
             returned_count, reverted_won, reverted_count, methods, ledger_sum_won, difference_won, unsent_count,
             unknown_count, difference_count)
         values ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0, 0, '[]', 0, 0, 0, 0, 0) on conflict do nothing",
        &id, store, closing.day.to_string(), closing.key, now_ms, closing.by)?;
    if is_mine == 0 {
        return Ok(tx.rollback().await?);
    }
    sql!(run &mut tx,
        "update ledger_transfers set day_close_id = $1 where store_id = $2 and day_close_id is null and at_ms < $3",
        &id, store, closing.until_ms)?;
    write_down(&mut tx, &id, check.difference(), &open).await?;
    Ok(tx.commit().await?)
}

/// Writes the sums into the row, before anybody has seen it.
async fn write_down(tx: &mut Tx, id: &DayCloseId, difference: Won, open: &Open) -> Result<()> {
    let moved = settlement::moved_in(tx, id).await?;
    let sums = settlement::total(&moved);
    let methods = Listing(settlement::by_method(&moved, &[])).to_column();
    let entries: Won = sql!(value &mut *tx,
        "select cast(coalesce(sum(e.amount_won), 0) as bigint)
         from ledger_transfers t join ledger_entries e on e.transfer_id = t.id where t.day_close_id = $1", id)?;
    sql!(run tx,
        "update day_closes set taken_won = $2, taken_count = $3, returned_won = $4, returned_count = $5,
             reverted_won = $6, reverted_count = $7, methods = $8, ledger_sum_won = $9, difference_won = $10,
             unsent_count = $11, unknown_count = $12, difference_count = $13, over_count = $14
         where id = $1",
        id, sums.taken_won, sums.taken_count, sums.returned_won, sums.returned_count, sums.reverted_won,
        sums.reverted_count, methods, entries, difference, open.unsent_count, open.unknown_count,
        open.difference_count, open.over_count)?;
    Ok(())
}

/// Closes the days of a store that are over and still have movements in no close.
async fn close_past(shop: &Shop, store: &StoreId) -> Result<()> {
    let today = today(shop.base.clock.now_ms());
    for _ in 0..DAYS {
        let oldest: Option<i64> = sql!(
            value & shop.base.db,
            "select min(at_ms) from ledger_transfers where store_id = $1 and day_close_id is null and at_ms < $2",
            store,
            midnight_ms(today)
        )?;
        let Some(oldest) = oldest else { return Ok(()) };
        // What came after a day was closed by hand belongs to the next one.
        let closed: Vec<String> = sql!(
            values & shop.base.db,
            "select day from day_closes where store_id = $1 and day >= $2",
            store,
            settlement::today(oldest).to_string()
        )?;
        let mut day = settlement::today(oldest);
        while closed.contains(&day.to_string()) {
            day = day.saturating_add(1.days());
        }
        if day >= today {
            return Ok(());
        }
        let until_ms = midnight_ms(day.saturating_add(1.days()));
        close(shop, store, &Closing { day, until_ms, by: None, key: &format!("night:{day}") }).await?;
    }
    Ok(())
}

/// What is still to be done at a store.
pub async fn open(db: &Db, store: &StoreId) -> Result<Open> {
    Ok(sql!(one db,
        "select
           (select count(*) from orders where store_id = $1 and order_state in ('confirmed', 'completed')
              and payment_state = 'paid' and fulfilment_state in ('new', 'preparing')) as unsent_count,
           (select count(*) from orders where store_id = $1 and payment_state = 'unknown') as unknown_count,
           (select count(*) from payment_differences where store_id = $1 and state = 'open') as difference_count,
           (select count(*) from till_overs where store_id = $1 and state = 'open') as over_count",
        store)?)
}

/// The close of a day.
pub async fn of_day(db: &Db, store: &StoreId, day: Date) -> Result<DayClose> {
    sql!(opt db, "select * from day_closes where store_id = $1 and day = $2", store, day.to_string())?
        .ok_or(Error::NotFound)
}

/// A store's closes, the newest first, after the row `(closed_at_ms, day)`.
pub async fn list(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<DayClose>> {
    let (ms, day) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from day_closes where store_id = $1 and (closed_at_ms, day) < ($2, $3)
         order by closed_at_ms desc, day desc limit $4", store, ms, day, limit)?)
}

/// Puts the next round into the queue, unless it is there.
pub async fn begin(base: &Base) -> Result<()> {
    let mut tx = base.db.begin().await?;
    jobs::put_round(&mut tx, NIGHTLY, HOUR_MS, base.clock.now_ms()).await?;
    Ok(tx.commit().await?)
}

/// Every hour: closes the days that are over, of every store. Most hours find nothing.
async fn nightly(shop: &Shop) -> Result<()> {
    begin(&shop.base).await?;
    let stores: Vec<StoreId> = sql!(
        values & shop.base.db,
        "select distinct store_id from ledger_transfers where day_close_id is null and at_ms < $1",
        midnight_ms(today(shop.base.clock.now_ms()))
    )?;
    for store in &stores {
        if let Err(error) = close_past(shop, store).await {
            warn!(%store, %error, "A store's day could not be closed; the next round tries again");
        }
    }
    Ok(())
}

/// The jobs of closing: the round of every hour.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let shop = shop.clone();
    workers.on(NIGHTLY, move |_| {
        let shop = shop.clone();
        async move { nightly(&shop).await }
    });
}
