//! Pieces that were sold while the line was down and that the book did not have any more when the line was back.
//!
//! The stock stays a true ledger: before the sale is written, the missing pieces are written in as having been there,
//! for somebody has walked away with them. As many as the seller allows beforehand are told and done. The others stay
//! open until somebody says whether the pieces are really there for those who ordered them, or are missing.

use base::{Db, Id, Tx, sql};
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::Lang;

use crate::order::OrderId;
use crate::order::filter::midnight_ms;
use crate::product::{ProductId, VariantId};
use crate::settlement::today;
use crate::stock::{self, Amount};
use crate::text::read;
use crate::{Error, Result, Shop};

pub(crate) mod pages;

/// Names a row in [`OverId`].
pub enum OverMark {}
/// The id of pieces that were sold beyond the book.
pub type OverId = Id<OverMark>;

/// Rows on one page.
const ROWS: i64 = 100;
/// Orders that are named beside a row.
const ORDERS: i64 = 10;
/// The highest allowance.
const MOST: i64 = 99;

/// What the seller found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = OverFound)]
pub enum Found {
    /// The pieces are there, or others came in for them: whoever ordered gets theirs.
    Found,
    /// They are missing: the stock is less by as many.
    Missing,
}

/// Pieces that were sold beyond the book.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
#[schema(as = TillOver)]
pub struct Over {
    #[schema(value_type = String)]
    pub id: OverId,
    #[schema(value_type = String)]
    pub order_id: OrderId,
    /// The number of the sale.
    pub number: String,
    #[schema(value_type = String)]
    pub variant_id: VariantId,
    pub name: String,
    pub name_en: String,
    pub variant_name: String,
    pub variant_name_en: String,
    pub pieces: i64,
    /// `open`, `allowed`, `found`, `missing` or `void`.
    pub state: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

impl Over {
    /// What was sold, for a reader.
    pub fn title(&self, lang: Lang) -> String {
        let (name, variant) =
            (read(lang, &self.name, &self.name_en), read(lang, &self.variant_name, &self.variant_name_en));
        if variant.is_empty() { name.to_owned() } else { format!("{name} · {variant}") }
    }
}

/// Writes down what was sold beyond the book, in the sale's own transaction: within what is left of today's allowance
/// it is done, beyond it waits for somebody.
pub(super) async fn note(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    over: &[Amount],
    now_ms: i64,
) -> Result<()> {
    for amount in over {
        // The product's row is locked, so that two variants of one do not both take the last of its allowance.
        let product: ProductId = sql!(value &mut *tx,
            "update products set offline_allowance = offline_allowance
             where id = (select product_id from variants where id = $1) returning id", &amount.variant_id)?;
        let allowance: i64 = sql!(value &mut *tx,
            "select coalesce(p.offline_allowance, s.offline_allowance)
             from products p join stores s on s.id = p.store_id where p.id = $1", &product)?;
        let used: i64 = sql!(value &mut *tx,
            "select cast(coalesce(sum(o.pieces), 0) as bigint) from till_overs o join variants v on v.id = o.variant_id
             where v.product_id = $1 and o.state = 'allowed' and o.at_ms >= $2",
            &product, midnight_ms(today(now_ms)))?;
        let allowed = (allowance - used).clamp(0, amount.quantity);
        for (state, pieces) in [("allowed", allowed), ("open", amount.quantity - allowed)] {
            if pieces > 0 {
                sql!(run &mut *tx,
                    "insert into till_overs (id, store_id, order_id, variant_id, pieces, state, at_ms)
                     values ($1, $2, $3, $4, $5, $6, $7)",
                    OverId::new(now_ms), store, order, &amount.variant_id, pieces, state, now_ms)?;
            }
        }
    }
    Ok(())
}

/// The sale was called off: the pieces were only written in for its sake.
pub(super) async fn void(tx: &mut Tx, store: &StoreId, order: &OrderId, now_ms: i64) -> Result<()> {
    let gone: Vec<Amount> = sql!(all &mut *tx,
        "update till_overs set state = 'void', settled_at_ms = $2
         where order_id = $1 and state in ('allowed', 'open') returning variant_id, pieces as quantity",
        order, now_ms)?;
    for amount in &gone {
        if let Some(level) = stock::were_not_there(tx, store, amount, now_ms).await? {
            stock::tell(tx, &[level], &[]).await?;
        }
    }
    Ok(())
}

/// What waits for somebody, the oldest first.
pub async fn open(db: &Db, store: &StoreId) -> Result<Vec<Over>> {
    Ok(sql!(all db,
        "select v.id, v.order_id, o.number, v.variant_id, p.name, p.name_en, a.name as variant_name,
             a.name_en as variant_name_en, v.pieces, v.state, v.at_ms
         from till_overs v join orders o on o.id = v.order_id
         join variants a on a.id = v.variant_id join products p on p.id = a.product_id
         where v.store_id = $1 and v.state = 'open' order by v.at_ms, v.id limit $2", store, ROWS)?)
}

/// How many rows wait.
pub async fn open_count(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db, "select count(*) from till_overs where store_id = $1 and state = 'open'", store)?)
}

/// Orders that wait for such goods: one of them may have to be called off.
pub async fn waiting_for(
    db: &Db,
    store: &StoreId,
    variant: &VariantId,
) -> Result<Vec<(OrderId, String, i64)>> {
    Ok(sql!(all db,
        "select o.id, o.number, cast(sum(l.quantity) as bigint)
         from order_lines l join orders o on o.id = l.order_id
         where l.variant_id = $2 and o.store_id = $1 and o.order_state in ('pending', 'confirmed')
           and o.fulfilment_state in ('new', 'preparing')
         group by o.id, o.number, o.placed_at_ms order by o.placed_at_ms desc, o.id limit $3",
        store, variant, ORDERS)?)
}

/// Settles a row. Missing pieces are taken off the stock, unless they are promised to somebody: then an order has to be
/// called off first. Twice changes nothing.
pub async fn settle(
    shop: &Shop,
    store: &StoreId,
    person: &PersonId,
    id: &OverId,
    found: Found,
) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let state = if found == Found::Found { "found" } else { "missing" };
    let mut tx = shop.base.db.begin().await?;
    let settled: Option<Amount> = sql!(opt &mut tx,
        "update till_overs set state = $3, settled_at_ms = $4, settled_by = $5
         where id = $1 and store_id = $2 and state = 'open' returning variant_id, pieces as quantity",
        id, store, state, now_ms, person)?;
    let Some(amount) = settled else {
        let before: Option<String> =
            sql!(maybe &mut tx, "select state from till_overs where id = $1 and store_id = $2", id, store)?;
        tx.rollback().await?;
        return match before {
            None => Err(Error::NotFound),
            Some(before) if before == state => Ok(()),
            Some(_) => Err(Error::OrderMovedOn),
        };
    };
    if found == Found::Missing {
        let Some(level) = stock::were_not_there(&mut tx, store, &amount, now_ms).await? else {
            tx.rollback().await?;
            return Err(Error::StockPromised);
        };
        stock::tell(&mut tx, &[level], &[]).await?;
    }
    Ok(tx.commit().await?)
}

/// The store's own allowance.
pub async fn allowance(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db, "select offline_allowance from stores where id = $1", store)?)
}

/// Sets the store's allowance, and those of products that have their own; `None`: the store's.
pub async fn allow(
    shop: &Shop,
    store: &StoreId,
    pieces: i64,
    products: &[(ProductId, Option<i64>)],
) -> Result<()> {
    let fits = |pieces: i64| (0..=MOST).contains(&pieces);
    let mut wrong = Vec::new();
    if !fits(pieces) {
        wrong.push(("allowance".to_owned(), "allowance"));
    }
    for (product, own) in products {
        if !own.is_none_or(fits) {
            wrong.push((format!("allowance.{product}"), "allowance"));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "update stores set offline_allowance = $2 where id = $1", store, pieces)?;
    for (product, own) in products {
        sql!(run &mut tx,
            "update products set offline_allowance = $3 where id = $1 and store_id = $2", product, store, own)?;
    }
    Ok(tx.commit().await?)
}
