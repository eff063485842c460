//! The steps of a return after it was asked for: the seller's answer, the way back, the arrival, and how it ends.

use base::{Tx, Won, sql};
use serde::{Deserialize, Serialize};

use super::{Return, ReturnId, ReturnState, Wish, law, let_go, tell};
use crate::carrier;
use crate::faults::Faults;
use crate::order::{Order, OrderId};
use crate::payment::refund::owe_part;
use crate::shipment::lock;
use crate::stock::{self, Amount};
use crate::workdays::Workdays;
use crate::{Error, Result, Shop, StoreId};

/// The longest reason of a refusal.
const REFUSAL: usize = 300;

/// The seller's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", tag = "answer")]
#[schema(as = ReturnAnswer)]
pub enum Answer {
    Accept,
    /// With the reason the buyer reads.
    Refuse {
        reason: String,
    },
}

/// What becomes of the goods that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ReturnedGoods)]
pub enum Goods {
    /// Back on the stall, to be sold again.
    Shelf,
    /// Not fit to be sold.
    WriteOff,
}

/// Locks the order's row and then the return's, as everything here does; a return of another store is not there.
async fn locked(tx: &mut Tx, store: &StoreId, id: &ReturnId) -> Result<(Order, Return)> {
    let order: Option<OrderId> =
        sql!(maybe &mut *tx, "select order_id from returns where id = $1 and store_id = $2", id, store)?;
    let order = lock(tx, store, &order.ok_or(Error::NotFound)?).await?;
    let back = sql!(one tx, "update returns set state = state where id = $1 returning *", id)?;
    Ok((order, back))
}

/// Begins a step, unless it was done before (`Ok(None)`), or is not the next one.
async fn step(
    tx: &mut Tx,
    store: &StoreId,
    id: &ReturnId,
    from: &[ReturnState],
    to: ReturnState,
) -> Result<Option<(Order, Return)>> {
    let (order, back) = locked(tx, store, id).await?;
    match back.state {
        state if from.contains(&state) => Ok(Some((order, back))),
        // A second tap: it is as it was wanted.
        state if state == to => Ok(None),
        _ => Err(Error::OrderMovedOn),
    }
}

/// The seller says yes, or no with a reason. Goods that were sent back may still be refused when they are seen and
/// are not as they left: the stock has not taken them yet.
pub async fn settle_answer(shop: &Shop, store: &StoreId, id: &ReturnId, answer: &Answer) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut faults = Faults::default();
    let (to, from, refusal): (_, &[ReturnState], _) = match answer {
        Answer::Accept => (ReturnState::Accepted, &[ReturnState::Asked], String::new()),
        Answer::Refuse { reason } => {
            let reason = faults.needed("reason", reason, REFUSAL);
            (ReturnState::Refused, &[ReturnState::Asked, ReturnState::SentBack], reason)
        }
    };
    faults.done()?;
    let mut tx = shop.base.db.begin().await?;
    let Some((order, back)) = step(&mut tx, store, id, from, to).await? else {
        return Ok(tx.rollback().await?);
    };
    let back: Return = sql!(one &mut tx,
        "update returns set state = $2, refusal = $3,
             accepted_at_ms = case when $4 then $5 else accepted_at_ms end,
             settled_at_ms = case when $4 then null else $5 end
         where id = $1 returning *", &back.id, to, refusal, to == ReturnState::Accepted, now_ms)?;
    if to == ReturnState::Refused {
        let_go(&mut tx, &back.id).await?;
    }
    tell(&mut tx, &back, &order).await?;
    Ok(tx.commit().await?)
}

/// The buyer keeps the goods after all, as long as they have not been sent.
pub async fn take_back(shop: &Shop, back: &Return) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let from = [ReturnState::Asked, ReturnState::Accepted];
    let mut tx = shop.base.db.begin().await?;
    let Some((order, back)) = step(&mut tx, &back.store_id, &back.id, &from, ReturnState::TakenBack).await?
    else {
        return Ok(tx.rollback().await?);
    };
    let back: Return = sql!(one &mut tx,
        "update returns set state = 'taken-back', settled_at_ms = $2 where id = $1 returning *", &back.id, now_ms)?;
    let_go(&mut tx, &back.id).await?;
    tell(&mut tx, &back, &order).await?;
    Ok(tx.commit().await?)
}

/// How the buyer sends it back. Empty: brought to the stall.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = ReturnDispatch)]
pub struct Dispatch {
    /// `slug` of a carrier.
    pub carrier: String,
    pub number: String,
}

/// The buyer has sent it.
pub async fn dispatch(shop: &Shop, back: &Return, how: &Dispatch) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let wrong = |field: &str, slug| Error::Invalid(vec![(field.to_owned(), slug)]);
    let slug = if how.carrier.is_empty() { carrier::DIRECT } else { &how.carrier };
    let carrier = carrier::find(slug).ok_or_else(|| wrong("carrier", "choose"))?;
    let number = carrier.read_number(&how.number).ok_or_else(|| wrong("number", "tracking-number"))?;
    let mut tx = shop.base.db.begin().await?;
    let from = [ReturnState::Accepted];
    let Some((order, back)) = step(&mut tx, &back.store_id, &back.id, &from, ReturnState::SentBack).await?
    else {
        return Ok(tx.rollback().await?);
    };
    let back: Return = sql!(one &mut tx,
        "update returns set state = 'sent-back', carrier = $2, number = $3, sent_at_ms = $4 where id = $1 returning *",
        &back.id, carrier.slug, number, now_ms)?;
    tell(&mut tx, &back, &order).await?;
    Ok(tx.commit().await?)
}

/// The goods are here: the clock of the refund begins, and the stock says what becomes of them.
pub async fn arrive(shop: &Shop, store: &StoreId, id: &ReturnId, goods: Goods) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let days = Workdays::of(&shop.base.db).await?;
    let mut tx = shop.base.db.begin().await?;
    let from = [ReturnState::Accepted, ReturnState::SentBack];
    let Some((order, back)) = step(&mut tx, store, id, &from, ReturnState::Arrived).await? else {
        return Ok(tx.rollback().await?);
    };
    let back: Return = sql!(one &mut tx,
        "update returns set state = 'arrived', arrived_at_ms = $2, due_at_ms = $3, reminded_at_ms = 0
         where id = $1 returning *", &back.id, now_ms, law::refund_due(now_ms, &days))?;
    let amounts = amounts(&mut tx, &back.id).await?;
    let levels = match goods {
        Goods::Shelf => stock::come_back(&mut tx, store, &order.id, &amounts, now_ms).await?,
        Goods::WriteOff => stock::come_back_spoiled(&mut tx, store, &order.id, &amounts, now_ms).await?,
    };
    stock::tell(&mut tx, &levels, &[]).await?;
    tell(&mut tx, &back, &order).await?;
    Ok(tx.commit().await?)
}

async fn amounts(tx: &mut Tx, id: &ReturnId) -> Result<Vec<Amount>> {
    Ok(sql!(all tx,
        "select variant_id, quantity from return_lines where return_id = $1 order by variant_id", id)?)
}

/// Gives the money back: once, whoever taps how often, and never more than is left of what was paid. What the law
/// adds for a late refund is written down; it is paid by the seller himself, for we hold nobody's money.
pub async fn refund(shop: &Shop, store: &StoreId, id: &ReturnId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let Some((order, back)) =
        step(&mut tx, store, id, &[ReturnState::Arrived], ReturnState::Refunded).await?
    else {
        return Ok(tx.rollback().await?);
    };
    let key = format!("return:{}", back.id);
    let given = owe_part(&mut tx, &order.id, &key, back.refund_won, "", now_ms).await?;
    let paid = given.as_ref().map_or(Won::ZERO, |refund| refund.amount_won);
    let interest = law::interest(paid, back.due_at_ms, now_ms);
    let back: Return = sql!(one &mut tx,
        "update returns set state = 'refunded', refund_id = $2, paid_won = $3, interest_won = $4, settled_at_ms = $5
         where id = $1 returning *", &back.id, given.map(|refund| refund.id), paid, interest, now_ms)?;
    tell(&mut tx, &back, &order).await?;
    Ok(tx.commit().await?)
}

/// Gives the same goods again, if they are there: they are sold to the buyer in this very transaction.
pub async fn exchange(shop: &Shop, store: &StoreId, id: &ReturnId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let from = [ReturnState::Arrived];
    let Some((order, back)) = step(&mut tx, store, id, &from, ReturnState::Exchanged).await? else {
        return Ok(tx.rollback().await?);
    };
    if back.wish != Wish::Exchange {
        tx.rollback().await?;
        return Err(Error::OrderMovedOn);
    }
    let amounts = amounts(&mut tx, &back.id).await?;
    let Some(levels) = stock::sell_again(&mut tx, store, &order.id, &amounts, now_ms).await? else {
        tx.rollback().await?;
        return Err(Error::ExchangeSoldOut);
    };
    let back: Return = sql!(one &mut tx,
        "update returns set state = 'exchanged', settled_at_ms = $2 where id = $1 returning *", &back.id, now_ms)?;
    stock::tell(&mut tx, &levels, &[]).await?;
    tell(&mut tx, &back, &order).await?;
    Ok(tx.commit().await?)
}

/// The seller has paid the interest, by himself.
pub async fn pay_interest(shop: &Shop, store: &StoreId, id: &ReturnId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let paid = sql!(run &mut tx,
        "update returns set interest_paid_at_ms = $3
         where id = $1 and store_id = $2 and interest_won > 0 and interest_paid_at_ms is null",
        id, store, shop.base.clock.now_ms())?;
    tx.commit().await?;
    if paid == 1 { Ok(()) } else { Err(Error::NotFound) }
}
