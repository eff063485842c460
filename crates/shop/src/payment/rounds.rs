//! The rounds: every hour whatever is still unknown is asked again; every day the payment company's list of
//! movements is held against our books, and each difference becomes a row that somebody owns.

use std::collections::BTreeMap;

use base::{Won, jobs, sql};
use people::StoreId;
use sqlx::FromRow;
use tracing::warn;

use super::attempt::{self, Attempt, AttemptId};
use super::difference::{self, Kind};
use super::gateway::{Gateway, Moved, Observed, Seen};
use super::refund::{self, RefundId};
use super::{inbox, poll};
use crate::{Result, Shop, set};

/// The job of every hour.
pub(super) const HOURLY: &str = "shop-payments-hourly";
/// The job of every day.
pub(super) const DAILY: &str = "shop-payments-daily";
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How far back the daily round looks: two days, so that one day's outage hides nothing.
const LOOK_MS: i64 = 49 * HOUR_MS;
/// What is younger is still being asked about anyway.
const SETTLES_MS: i64 = 10 * 60 * 1000;
/// Rows taken up in one round; the next takes the rest.
const ROWS: i64 = 500;

/// Puts the next rounds into the queue, unless they are there.
pub(super) async fn begin(shop: &Shop) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    jobs::put_round(&mut tx, HOURLY, HOUR_MS, now_ms).await?;
    jobs::put_round(&mut tx, DAILY, DAY_MS, now_ms).await?;
    Ok(tx.commit().await?)
}

/// Every hour: asks about each attempt whose end is not known, and again for each refund on its way.
pub(super) async fn hourly(shop: &Shop) -> Result<()> {
    begin(shop).await?;
    let before_ms = shop.base.clock.now_ms() - SETTLES_MS;
    let standing: Vec<Attempt> = sql!(
        all & shop.base.db,
        "select * from payment_attempts
         where state in ('opened', 'started', 'unknown', 'awaiting-deposit') and created_at_ms < $1
         order by created_at_ms limit $2",
        before_ms,
        ROWS
    )?;
    for known in &standing {
        if let Err(error) = poll::ask(shop, known, 1).await {
            warn!(attempt = %known.id, %error, "An attempt could not be asked about; the next round tries again");
        }
    }
    let asked: Vec<RefundId> = sql!(
        values & shop.base.db,
        "select id from refunds where state = 'asked' and created_at_ms < $1 order by created_at_ms limit $2",
        before_ms,
        ROWS
    )?;
    for id in &asked {
        if let Err(error) = refund::give(shop, id).await {
            warn!(refund = %id, %error, "A refund could not be asked for; the next round tries again");
        }
    }
    Ok(())
}

/// Every day: holds each store's list against our books.
pub(super) async fn daily(shop: &Shop) -> Result<()> {
    begin(shop).await?;
    inbox::sweep(shop).await?;
    let since_ms = shop.base.clock.now_ms() - LOOK_MS;
    let mut stores: Vec<StoreId> = sql!(
        values & shop.base.db,
        "select distinct store_id from payment_attempts where created_at_ms >= $1 and gateway <> 'till'
         union select distinct store_id from ledger_transfers where at_ms >= $1",
        since_ms
    )?;
    stores.extend(shop.contracts.stores());
    stores.sort_unstable();
    stores.dedup();
    for store in &stores {
        let Some(gateway) = shop.contracts.of(store) else { continue };
        if let Err(error) = compare(shop, &gateway, store, since_ms).await {
            warn!(%store, %error, "A store's payments could not be compared; tomorrow's round tries again");
        }
    }
    Ok(())
}

/// What one side says of an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    taken: Won,
    returned: Won,
}

impl Sums {
    fn of(observed: &Observed) -> Sums {
        let taken = if observed.seen == Seen::Charged { observed.amount_won } else { Won::ZERO };
        Sums { taken, returned: observed.cancels.iter().map(|cancel| cancel.amount_won).sum() }
    }
}

#[derive(FromRow)]
struct Ours {
    id: AttemptId,
    captured_won: Won,
    returned_won: Won,
}

/// Holds a store's list against our books.
async fn compare(shop: &Shop, gateway: &Gateway, store: &StoreId, since_ms: i64) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut theirs: BTreeMap<String, Sums> = BTreeMap::new();
    for movement in gateway.list(since_ms, now_ms).await? {
        let sums = theirs.entry(movement.order).or_default();
        match movement.kind {
            Moved::Taken => sums.taken = sums.taken + movement.amount_won,
            Moved::GivenBack => sums.returned = sums.returned + movement.amount_won,
            Moved::Nothing => {}
        }
    }
    let ours = ours(shop, store, &theirs, since_ms).await?;
    for row in &ours {
        let mine = Sums { taken: row.captured_won, returned: row.returned_won };
        // Equal sums in the list settle it; otherwise a part may lie before the list begins, and the payment itself
        // is looked at.
        if theirs.get(row.id.as_str()) != Some(&mine) {
            look(shop, gateway, &row.id, mine).await?;
        }
    }
    for (order, sums) in &theirs {
        if !ours.iter().any(|row| row.id.as_str() == order) {
            let mut tx = shop.base.db.begin().await?;
            let won = (Won::ZERO, sums.taken - sums.returned);
            difference::note_order(&mut tx, store, None, order, Kind::UnknownThere, won, now_ms).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Our attempts that the list names, and those whose money moved since.
async fn ours(
    shop: &Shop,
    store: &StoreId,
    theirs: &BTreeMap<String, Sums>,
    since_ms: i64,
) -> Result<Vec<Ours>> {
    Ok(sql!(all &shop.base.db,
        "select a.id, a.captured_won,
             cast(coalesce((select sum(r.amount_won) from refunds r where r.attempt_id = a.id and r.state = 'done'), 0)
                  as bigint) as returned_won
         from payment_attempts a
         where a.store_id = $1 and a.gateway <> 'till'
           and (a.id in (select j.value ->> 'id' from json_each($2) as j)
                or a.id in (select t.attempt_id from ledger_transfers t where t.store_id = $1 and t.at_ms >= $3))",
        store, set::ids(theirs.keys())?, since_ms)?)
}

/// Looks at one payment there; what does not agree is noted first, and then what was seen is written as always.
async fn look(shop: &Shop, gateway: &Gateway, id: &AttemptId, ours: Sums) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let known = attempt::find(&shop.base.db, id).await?;
    let Some(observed) = gateway.get(id.as_str()).await? else {
        if ours.taken > Won::ZERO {
            let mut tx = shop.base.db.begin().await?;
            difference::note(&mut tx, &known, Kind::MissingThere, ours.taken, Won::ZERO, now_ms).await?;
            tx.commit().await?;
        }
        return Ok(());
    };
    let theirs = Sums::of(&observed);
    if theirs == ours {
        return Ok(());
    }
    let mut tx = shop.base.db.begin().await?;
    if theirs.taken != ours.taken {
        difference::note(&mut tx, &known, Kind::TakenSum, ours.taken, theirs.taken, now_ms).await?;
    }
    if theirs.returned != ours.returned {
        difference::note(&mut tx, &known, Kind::ReturnedSum, ours.returned, theirs.returned, now_ms).await?;
    }
    tx.commit().await?;
    super::apply_observed_state(shop, &known, observed).await
}
