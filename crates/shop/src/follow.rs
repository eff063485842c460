//! Follows: who wants a store near at hand. One person, one follow, however often they tap.
//!
//! How many there were at any time is read from the events, which are only added to and name nobody: what somebody
//! decided is theirs to undo, what the number was is the store's to know. To follow is no consent to advertising
//! (정보통신망법 §50), and being told of a show stays the promise of that one show.

mod chart;

pub mod api;
pub mod pages;

use base::{Db, Id, Tx, clock, sql};
use jiff::ToSpan;
use jiff::civil::Date;
use people::{PersonId, StoreId};
use serde::Serialize;
use serde_json::json;

use crate::store::Store;
use crate::workdays::day_of;
use crate::{Error, Result, Shop, set};

/// Names an event in its id.
enum EventMark {}

/// Stores that one person may follow.
const MOST: i64 = 1_000;
/// Months on the seller's chart, the present one among them.
pub const MONTHS: i64 = 12;

/// Follows a store. Twice is once.
pub async fn follow(shop: &Shop, person: &PersonId, store: &StoreId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let made = sql!(run &mut tx,
        "insert into follows (store_id, person_id, since_ms)
         select $1, $2, $3 where (select count(*) from follows where person_id = $2) < $4
         on conflict (store_id, person_id) do nothing", store, person, now_ms, MOST)?;
    if made == 1 {
        count_one(&mut tx, store, 1, now_ms).await?;
    }
    Ok(tx.commit().await?)
}

/// Follows it no more. Twice is once.
pub async fn unfollow(shop: &Shop, person: &PersonId, store: &StoreId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let gone = sql!(run &mut tx,
        "delete from follows where store_id = $1 and person_id = $2", store, person)?;
    if gone == 1 {
        count_one(&mut tx, store, -1, now_ms).await?;
    }
    Ok(tx.commit().await?)
}

/// Forgets whom somebody followed; the stores are followed by one less from now on.
pub(crate) async fn forget(tx: &mut Tx, person: &PersonId, now_ms: i64) -> Result<()> {
    let stores: Vec<StoreId> =
        sql!(values &mut *tx, "delete from follows where person_id = $1 returning store_id", person)?;
    for store in &stores {
        count_one(tx, store, -1, now_ms).await?;
    }
    Ok(())
}

async fn count_one(tx: &mut Tx, store: &StoreId, change: i64, now_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into follow_events (id, store_id, change, at_ms) values ($1, $2, $3, $4)",
        Id::<EventMark>::new(now_ms), store, change, now_ms)?;
    Ok(())
}

/// How many follow a store.
pub async fn count(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db, "select count(*) from follows where store_id = $1", store)?)
}

/// Whether somebody follows it.
pub async fn is_followed(db: &Db, store: &StoreId, person: &PersonId) -> Result<bool> {
    Ok(sql!(value db,
        "select exists (select 1 from follows where store_id = $1 and person_id = $2)", store, person)?)
}

/// The stores somebody follows, the newest first. Only those that are open to everybody.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<Store>> {
    Ok(sql!(all db,
        "select s.* from follows f join stores s on s.id = f.store_id
         where f.person_id = $1 and s.listed = true order by f.since_ms desc, s.id limit $2", person, MOST)?)
}

/// How many followed a store when a month was over, or now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FollowersOfMonth)]
pub struct Month {
    /// The first of the month.
    #[schema(value_type = String)]
    pub month: Date,
    pub followers: i64,
}

/// How many followed a store at the end of each of the last months, the oldest first; of this month, now.
pub async fn trend(db: &Db, store: &StoreId, now_ms: i64) -> Result<Vec<Month>> {
    let this = day_of(now_ms).first_of_month();
    let months: Vec<Date> = (0..MONTHS).rev().map(|back| this.saturating_sub(back.months())).collect();
    let rows: Vec<_> = months.iter().map(|month| json!({ "until": after_month_ms(*month) })).collect();
    let sums: Vec<(i64, i64)> = sql!(all db,
        "select cast(j.value ->> 'until' as bigint),
             (select cast(coalesce(sum(e.change), 0) as bigint) from follow_events e
              where e.store_id = $1 and e.at_ms < cast(j.value ->> 'until' as bigint))
         from json_each($2) as j order by 1", store, set::of(&rows)?)?;
    Ok(months.into_iter().zip(sums).map(|(month, (_, followers))| Month { month, followers }).collect())
}

/// Midnight in Seoul after a month's last day.
fn after_month_ms(month: Date) -> i64 {
    let next = month.saturating_add(1.month());
    next.to_zoned(clock::seoul()).map_or(i64::MAX, |midnight| midnight.timestamp().as_millisecond())
}

/// A store that may be followed.
pub(crate) async fn open_store(db: &Db, slug: &str) -> Result<Store> {
    let store = crate::store::by_slug(db, slug).await?;
    if store.listed { Ok(store) } else { Err(Error::NotFound) }
}
