//! The till: what is sold on the spot, on the same stock, in the same orders and the same ledger as what is sold far
//! away.
//!
//! A sale is one transaction, known by a key that the till itself made: sent twice it is one sale. While the line is
//! down the till goes on from what it knew last, and its sales are written when the line is back. They have happened;
//! none of them is refused. Pieces that the book did not have by then are told in [`over`].

use base::{Db, Tx, Won, sql};
use jiff::Timestamp;
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa_axum::router::OpenApiRouter;

use crate::faults::Faults;
use crate::order::{self, OrderId, Sold, Taking, Wanted};
use crate::payment::{self, at_till};
use crate::product::VariantId;
use crate::{Error, Result, Shop, set};

pub mod api;
pub mod barcode;
pub mod goods;
pub mod over;
pub mod pages;
mod receipts;

/// How often a sale is written again whose rows two others have locked crosswise.
const TRIES: usize = 4;
/// The highest price of a piece.
const MOST_WON: i64 = 100_000_000;
/// The longest number of a receipt of the terminal's.
const APPROVAL: usize = 30;
/// The longest reason for calling a sale off.
const REASON: usize = 100;
/// How long the way back is offered after a sale, and how much longer it is taken.
pub(crate) const UNDO_MS: i64 = 10_000;
const GRACE_MS: i64 = 5_000;
/// So far back a sale may lie that was made without a line.
const LONGEST_MS: i64 = 7 * 24 * 3_600_000;

/// How somebody paid at the till.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Tender {
    #[default]
    Cash,
    /// The stall's own card terminal.
    Terminal,
    /// Onnuri vouchers, on paper or in the app.
    Onnuri,
    Zeropay,
}

impl Tender {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Tender; 4] = [Tender::Cash, Tender::Terminal, Tender::Onnuri, Tender::Zeropay];

    /// As forms and rows write it.
    pub fn slug(self) -> &'static str {
        match self {
            Tender::Cash => "cash",
            Tender::Terminal => "terminal",
            Tender::Onnuri => "onnuri",
            Tender::Zeropay => "zeropay",
        }
    }

    /// The key of its name.
    pub fn words(self) -> &'static str {
        match self {
            Tender::Cash => "till-cash",
            Tender::Terminal => "till-terminal",
            Tender::Onnuri => "till-onnuri",
            Tender::Zeropay => "till-zeropay",
        }
    }
}

/// A sale as the till tells it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewSale {
    /// 1 to 50.
    pub lines: Vec<SaleLine>,
    pub tender: Tender,
    /// What was handed over in cash; as much as it costs when absent.
    pub received_won: Option<Won>,
    /// The number on the terminal's or the app's own receipt.
    pub approval: String,
    /// Whether it was sold while the line was down: then it has happened, whatever the stock says by now.
    pub offline: bool,
    /// When it was sold, RFC 3339; now when absent.
    #[schema(value_type = Option<String>)]
    pub sold_at: Option<Timestamp>,
}

/// A line of a sale, at the price that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = NewSaleLine)]
pub struct SaleLine {
    pub variant_id: VariantId,
    /// 1 to 99.
    pub quantity: i64,
    /// Another price than today's is a 409, unless it was sold while the line was down.
    pub price_won: Won,
}

/// A sale as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Sale {
    pub order_id: OrderId,
    /// What people call it, and the number of its receipt.
    pub number: String,
    pub tender: Tender,
    pub total_won: Won,
    pub received_won: Won,
    pub approval: String,
    pub offline: bool,
    pub sold_at_ms: i64,
    pub recorded_at_ms: i64,
    pub voided_at_ms: Option<i64>,
    pub void_reason: String,
    /// Pieces of it that somebody has to settle by hand.
    pub over: i64,
    body_hash: String,
}

impl Sale {
    /// What goes back to the buyer of what was handed over.
    pub fn change(&self) -> Won {
        Won((self.received_won.0 - self.total_won.0).max(0))
    }

    /// Whether the way back is offered at this moment.
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        self.voided_at_ms.is_none() && now_ms <= self.recorded_at_ms + UNDO_MS
    }
}

/// The name a sale's order is kept under. Whoever buys at the till is nobody, until they say who they are: that is to
/// be said here, and nowhere else.
fn walks_in(store: &StoreId) -> String {
    format!("till:{store}")
}

/// Writes a sale. The same key is the same sale; with another body it is refused.
pub async fn sell(shop: &Shop, store: &StoreId, person: &PersonId, key: &str, new: NewSale) -> Result<Sale> {
    let new = checked(new)?;
    for _ in 1..TRIES {
        match try_once(shop, store, person, key, &new).await {
            Err(Error::Internal(crossed)) if crossed.is_crossed() => {}
            settled => return settled,
        }
    }
    try_once(shop, store, person, key, &new).await
}

async fn try_once(shop: &Shop, store: &StoreId, person: &PersonId, key: &str, new: &NewSale) -> Result<Sale> {
    let now_ms = shop.base.clock.now_ms();
    // Whether the line was down when it was sent, and when it was, does not make it another sale.
    let body = NewSale { offline: false, sold_at: None, ..new.clone() };
    let hash = payment::digest(&set::of(&body)?);
    let order = OrderId::new(now_ms);
    let mut tx = shop.base.db.begin().await?;
    // Of two sendings the second waits for the first at this row.
    let is_new = sql!(run &mut tx,
        "insert into till_sales (order_id, store_id, key, body_hash, tender, received_won, approval, by_person,
             offline, sold_at_ms, recorded_at_ms)
         values ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10) on conflict (store_id, key) do nothing",
        &order, store, key, &hash, new.tender, &new.approval, person, new.offline, sold_at(new, now_ms), now_ms)?;
    if is_new == 0 {
        tx.rollback().await?;
        let before = by_key(&shop.base.db, store, key).await?;
        return if before.body_hash == hash { Ok(before) } else { Err(Error::KeyReused) };
    }
    match write(&mut tx, store, key, &hash, &order, new, now_ms).await {
        Ok(()) => tx.commit().await?,
        Err(refused) => {
            tx.rollback().await?;
            return Err(refused);
        }
    }
    find(&shop.base.db, store, &order).await
}

async fn write(
    tx: &mut Tx,
    store: &StoreId,
    key: &str,
    hash: &str,
    order: &OrderId,
    new: &NewSale,
    now_ms: i64,
) -> Result<()> {
    let lines: Vec<Wanted> = new
        .lines
        .iter()
        .map(|one| Wanted {
            variant: one.variant_id.clone(),
            quantity: one.quantity,
            price_won: one.price_won,
        })
        .collect();
    let sold = Sold {
        order: order.clone(),
        store,
        buyer: walks_in(store),
        key,
        body_hash: hash,
        lines: &lines,
        taking: if new.offline { Taking::Before } else { Taking::Now },
        now_ms,
    };
    let written = order::walk_in(tx, &sold).await?;
    let total = written.order.total_won;
    at_till::take(tx, store, &written.intent, key, new.tender, total, now_ms).await?;
    sql!(run &mut *tx,
        "update till_sales set received_won = $2 where order_id = $1", order, received(new, total)?)?;
    over::note(tx, store, order, &written.over, now_ms).await
}

/// What was handed over: of cash at least what it costs.
fn received(new: &NewSale, total: Won) -> Result<Won> {
    match (new.tender, new.received_won) {
        (Tender::Cash, Some(received)) if received >= total => Ok(received),
        (Tender::Cash, Some(_)) if !new.offline => {
            Err(Error::Invalid(vec![("received_won".to_owned(), "too-little")]))
        }
        (Tender::Cash, _) => Ok(total),
        _ => Ok(Won::ZERO),
    }
}

/// When it was sold. A telephone's clock may be wrong by years.
fn sold_at(new: &NewSale, now_ms: i64) -> i64 {
    let told = new.sold_at.map(|at| at.as_millisecond());
    told.filter(|at| new.offline && (now_ms - LONGEST_MS..=now_ms).contains(at)).unwrap_or(now_ms)
}

fn checked(new: NewSale) -> Result<NewSale> {
    let mut faults = Faults::default();
    for line in &new.lines {
        faults.between("price_won", line.price_won.0, 1, MOST_WON);
    }
    if let Some(received) = new.received_won {
        faults.between("received_won", received.0, 0, Won::MAX.0);
    }
    let approval = faults.optional("approval", &new.approval, APPROVAL);
    faults.done()?;
    Ok(NewSale { approval, ..new })
}

/// Takes a sale back that was just made: a slip of the finger. Twice changes nothing.
pub async fn undo(shop: &Shop, store: &StoreId, person: &PersonId, id: &OrderId) -> Result<Sale> {
    let sale = find(&shop.base.db, store, id).await?;
    if sale.voided_at_ms.is_some() {
        return Ok(sale);
    }
    if shop.base.clock.now_ms() > sale.recorded_at_ms + UNDO_MS + GRACE_MS {
        return Err(Error::UndoLate);
    }
    call_off(shop, store, person, &sale, "").await
}

/// Calls a sale off, with a reason: the goods are on the stall again, the money is handed back, and both are written.
/// Twice changes nothing.
pub async fn void(
    shop: &Shop,
    store: &StoreId,
    person: &PersonId,
    id: &OrderId,
    reason: &str,
) -> Result<Sale> {
    let sale = find(&shop.base.db, store, id).await?;
    if sale.voided_at_ms.is_some() {
        return Ok(sale);
    }
    let mut faults = Faults::default();
    let reason = faults.needed("reason", reason, REASON);
    faults.done()?;
    call_off(shop, store, person, &sale, &reason).await
}

async fn call_off(
    shop: &Shop,
    store: &StoreId,
    person: &PersonId,
    sale: &Sale,
    reason: &str,
) -> Result<Sale> {
    let (id, now_ms) = (&sale.order_id, shop.base.clock.now_ms());
    let mut tx = shop.base.db.begin().await?;
    if order::call_off(&mut tx, store, id, now_ms).await?.is_none() {
        tx.rollback().await?;
        // Another tap was faster, or part of it went back before.
        let now = find(&shop.base.db, store, id).await?;
        return if now.voided_at_ms.is_some() { Ok(now) } else { Err(Error::OrderMovedOn) };
    }
    over::void(&mut tx, store, id, now_ms).await?;
    sql!(run &mut tx,
        "update till_sales set voided_at_ms = $2, void_reason = $3, voided_by = $4 where order_id = $1",
        id, now_ms, reason, person)?;
    tx.commit().await?;
    at_till::give_back(shop, id).await?;
    find(&shop.base.db, store, id).await
}

/// A sale of this store's.
pub async fn find(db: &Db, store: &StoreId, id: &OrderId) -> Result<Sale> {
    sql!(opt db,
        "select t.*, o.number, o.total_won,
             (select cast(coalesce(sum(v.pieces), 0) as bigint) from till_overs v
              where v.order_id = t.order_id and v.state = 'open') as over
         from till_sales t join orders o on o.id = t.order_id
         where t.order_id = $1 and t.store_id = $2", id, store)?
    .ok_or(Error::NotFound)
}

async fn by_key(db: &Db, store: &StoreId, key: &str) -> Result<Sale> {
    let id: Option<OrderId> =
        sql!(maybe db, "select order_id from till_sales where store_id = $1 and key = $2", store, key)?;
    find(db, store, &id.ok_or(Error::NotFound)?).await
}

/// A store's sales, the newest first, after the row `(recorded_at_ms, order_id)`.
pub async fn list(db: &Db, store: &StoreId, after: Option<(i64, String)>, limit: i64) -> Result<Vec<Sale>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select t.*, o.number, o.total_won,
             (select cast(coalesce(sum(v.pieces), 0) as bigint) from till_overs v
              where v.order_id = t.order_id and v.state = 'open') as over
         from till_sales t join orders o on o.id = t.order_id
         where t.store_id = $1 and (t.recorded_at_ms, t.order_id) < ($2, $3)
         order by t.recorded_at_ms desc, t.order_id desc limit $4", store, ms, id, limit)?)
}

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .merge(pages::routes())
        .merge(receipts::routes())
        .merge(over::pages::routes())
        .merge(api::routes())
}
