//! Deals: first-come offers. A price for the first so many pieces of a variant, so many for one buyer, while a show
//! or a group purchase keeps it open.
//!
//! What is taken of a deal is counted from the orders that stand, under the deal's lock: an order that is called off or
//! runs out of time gives its pieces back by itself. An order for more than is left has the rest at the usual price, on
//! a line of its own.

use std::collections::HashMap;

use base::db::Run;
use base::{Db, Id, Tx, Won, events, sql};
use people::StoreId;
use serde::Serialize;
use sqlx::FromRow;
use web::Lang;

use crate::discount::LEAST;
use crate::faults::Faults;
use crate::order::OrderId;
use crate::product::{self, ProductId, VariantId};
use crate::text::read;
use crate::{Error, Result, set};

/// Names deals.
pub enum DealMark {}
/// A deal's id.
pub type DealId = Id<DealMark>;

/// Pieces of one deal.
pub const MAX_PIECES: i64 = 9_999;
/// Pieces for one buyer.
pub const MAX_PER_BUYER: i64 = 99;

/// A deal as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Deal {
    pub id: DealId,
    pub store_id: StoreId,
    /// What keeps it open: a broadcast's id, or the name of a group purchase.
    pub show: String,
    pub product_id: ProductId,
    pub variant_id: VariantId,
    pub price_won: Won,
    pub quantity: i64,
    /// Pieces for one buyer; 0: no limit.
    pub per_buyer: i64,
    pub opened_at_ms: i64,
    pub closes_at_ms: Option<i64>,
    pub closed_at_ms: Option<i64>,
}

impl Deal {
    fn is_open(&self, now_ms: i64) -> bool {
        self.closed_at_ms.is_none() && self.closes_at_ms.is_none_or(|closes| closes > now_ms)
    }
}

/// What a seller offers.
#[derive(Clone, Debug)]
pub struct NewDeal {
    pub id: DealId,
    pub store: StoreId,
    pub show: String,
    pub variant: VariantId,
    pub price_won: Won,
    pub quantity: i64,
    pub per_buyer: i64,
    pub opened_at_ms: i64,
    pub closes_at_ms: Option<i64>,
}

/// What is offered, as it stood when the deal opened.
#[derive(Clone, Debug)]
pub struct Offered {
    pub card: product::Card,
    pub variant: product::Variant,
    /// What a buyer in the show pays without the deal.
    pub usual_won: Won,
}

/// Checks a deal before anything is opened. The variant must be the store's and for sale, the price lower than the
/// usual one, and the pieces there.
pub async fn check(db: &Db, new: &NewDeal) -> Result<Offered> {
    let product: Option<ProductId> = sql!(maybe db,
        "select product_id from variants where id = $1 and store_id = $2 and not retired", &new.variant, &new.store)?;
    let unknown = || Error::Invalid(vec![("variant".to_owned(), "choose")]);
    let product = product.ok_or_else(unknown)?;
    let card = product::card(db, &product).await?.filter(|card| card.on_sale).ok_or_else(unknown)?;
    let variants = product::variants(db, &product).await?;
    let variant = variants.into_iter().find(|variant| variant.id == new.variant).ok_or_else(unknown)?;
    let usual_won = variant.live_price_won.unwrap_or(variant.price_won).min(variant.price_won);
    let mut faults = Faults::default();
    faults.unless((LEAST..usual_won).contains(&new.price_won), "price_won", "deal-price");
    faults.unless((1..=MAX_PIECES).contains(&new.quantity), "quantity", "deal-quantity");
    faults.unless(new.quantity <= variant.left, "quantity", "deal-too-many");
    faults.unless((0..=MAX_PER_BUYER).contains(&new.per_buyer), "per_buyer", "deal-per-buyer");
    faults.done()?;
    Ok(Offered { card, variant, usual_won })
}

/// A variant that a deal may be about.
#[derive(Clone, Debug, FromRow)]
pub struct Choice {
    pub variant_id: VariantId,
    name: String,
    name_en: String,
    variant_name: String,
    variant_name_en: String,
    /// What a buyer in the show pays without a deal.
    pub usual_won: Won,
    /// Pieces that are there.
    pub available: i64,
}

impl Choice {
    /// The product's and the variant's name for a reader.
    pub fn name_in(&self, lang: Lang) -> String {
        let variant = read(lang, &self.variant_name, &self.variant_name_en);
        format!("{} {variant}", read(lang, &self.name, &self.name_en)).trim_end().to_owned()
    }
}

/// The variants of these products that are for sale now.
pub async fn choices(db: &Db, products: &[ProductId], limit: i64) -> Result<Vec<Choice>> {
    Ok(sql!(all db,
        "select variant_id, name, name_en, variant_name, variant_name_en, available,
                case when live_price_won < price_won then live_price_won else price_won end as usual_won
         from offers
         where product_id in (select j.value ->> 'id' from json_each($1) as j) and is_open and available > 0
         order by name, variant_id limit $2", set::ids(products)?, limit)?)
}

/// Opens a deal that was checked. One stands at a time for a variant.
pub async fn open(tx: &mut Tx, new: &NewDeal, product: &ProductId) -> base::Result<()> {
    sql!(run tx,
        "insert into deals (id, store_id, show, product_id, variant_id, price_won, quantity, per_buyer, opened_at_ms,
             closes_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &new.id, &new.store, &new.show, product, &new.variant, new.price_won, new.quantity, new.per_buyer,
        new.opened_at_ms, new.closes_at_ms)?;
    Ok(())
}

/// Closes a deal, and says how many pieces of it stand in orders. Orders that come later pay the usual price.
pub async fn close(tx: &mut Tx, id: &DealId, now_ms: i64) -> base::Result<i64> {
    sql!(run &mut *tx, "update deals set closed_at_ms = coalesce(closed_at_ms, $2) where id = $1", id, now_ms)?;
    taken(tx, id).await
}

/// Pieces of a deal in orders that stand.
pub async fn taken<'a>(on: impl Run<'a>, id: &DealId) -> base::Result<i64> {
    sql!(value on,
        "select cast(coalesce(sum(l.quantity), 0) as bigint)
         from order_lines l join orders o on o.id = l.order_id
         where l.deal_id = $1 and o.order_state <> 'canceled'", id)
}

// What orders do with deals. Stock's rows are locked before a deal's, and a deal's before a coupon's.

/// The deals of a batch of orders, and what is taken of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deals {
    open: Vec<Deal>,
    taken: HashMap<DealId, i64>,
    had: HashMap<(DealId, String), i64>,
}

impl Deals {
    /// The open deals of `shows`, locked until the commit.
    pub(crate) async fn lock(tx: &mut Tx, shows: &[String], buyers: &[String]) -> Result<Deals> {
        let open: Vec<Deal> = sql!(all &mut *tx,
            "update deals set quantity = quantity
             where show in (select j.value ->> 'id' from json_each($1) as j) and closed_at_ms is null
             returning *", set::ids(shows)?)?;
        let mut deals = Deals { open, ..Deals::default() };
        if !deals.open.is_empty() {
            deals.taken = all_taken(&mut *tx, &deals.open).await?;
            deals.had = had(tx, &deals.open, buyers).await?;
        }
        Ok(deals)
    }

    /// The same, to show.
    pub(crate) async fn read(db: &Db, shows: &[String], buyers: &[String]) -> Result<Deals> {
        let open: Vec<Deal> = sql!(all db,
            "select * from deals
             where show in (select j.value ->> 'id' from json_each($1) as j) and closed_at_ms is null",
            set::ids(shows)?)?;
        let mut deals = Deals { open, ..Deals::default() };
        if !deals.open.is_empty() {
            deals.taken = all_taken(db, &deals.open).await?;
            deals.had = had(db, &deals.open, buyers).await?;
        }
        Ok(deals)
    }

    /// The deal on a variant for a buyer of this show, and how many pieces they may still have at its price.
    pub(crate) fn on(
        &self,
        variant: &VariantId,
        show: &str,
        buyers: &[String],
        now_ms: i64,
    ) -> Option<(&Deal, i64)> {
        let fits = |deal: &&Deal| deal.variant_id == *variant && deal.show == show && deal.is_open(now_ms);
        let deal = self.open.iter().find(fits)?;
        let left = deal.quantity - self.taken.get(&deal.id).copied().unwrap_or_default();
        let had = |buyer: &String| self.had.get(&(deal.id.clone(), buyer.clone()));
        let had: i64 = buyers.iter().filter_map(had).sum();
        let mine = if deal.per_buyer > 0 { deal.per_buyer - had } else { left };
        Some((deal, left.min(mine).max(0)))
    }

    /// Counts what an order took, for those behind it in the batch.
    pub(crate) fn took(&mut self, deal: &DealId, buyer: &str, quantity: i64) {
        *self.taken.entry(deal.clone()).or_default() += quantity;
        *self.had.entry((deal.clone(), buyer.to_owned())).or_default() += quantity;
    }
}

async fn all_taken<'a>(on: impl Run<'a>, deals: &[Deal]) -> Result<HashMap<DealId, i64>> {
    let rows: Vec<(DealId, i64)> = sql!(all on,
        "select l.deal_id, cast(sum(l.quantity) as bigint)
         from order_lines l join orders o on o.id = l.order_id
         where l.deal_id in (select j.value ->> 'id' from json_each($1) as j) and o.order_state <> 'canceled'
         group by l.deal_id", set::ids(deals.iter().map(|deal| &deal.id))?)?;
    Ok(rows.into_iter().collect())
}

async fn had<'a>(
    on: impl Run<'a>,
    deals: &[Deal],
    buyers: &[String],
) -> Result<HashMap<(DealId, String), i64>> {
    let rows: Vec<(DealId, String, i64)> = sql!(all on,
        "select l.deal_id, o.buyer, cast(sum(l.quantity) as bigint)
         from orders o join order_lines l on l.order_id = o.id
         where l.deal_id in (select j.value ->> 'id' from json_each($1) as j)
             and o.buyer in (select j.value ->> 'id' from json_each($2) as j) and o.order_state <> 'canceled'
         group by l.deal_id, o.buyer", set::ids(deals.iter().map(|deal| &deal.id))?, set::ids(buyers)?)?;
    Ok(rows.into_iter().map(|(deal, buyer, quantity)| ((deal, buyer), quantity)).collect())
}

/// Whether an order that comes back to life still finds its pieces of every deal it was placed at.
pub(crate) async fn has_room_again(tx: &mut Tx, order: &OrderId) -> Result<bool> {
    let wanted: Vec<(DealId, i64)> = sql!(all &mut *tx,
        "select deal_id, cast(sum(quantity) as bigint) from order_lines
         where order_id = $1 and deal_id is not null group by deal_id", order)?;
    for (id, quantity) in wanted {
        let most: Option<i64> = sql!(maybe &mut *tx, "update deals set quantity = quantity where id = $1 returning quantity", &id)?;
        // The order itself is called off and not among them.
        let others = taken(&mut *tx, &id).await?;
        if most.is_none_or(|most| others + quantity > most) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How a room hears of the count: in the same words as of any interaction's.
#[derive(Clone, Serialize)]
struct Tally {
    r#type: &'static str,
    id: DealId,
    counts: [i64; 1],
    people: i64,
}

/// Tells the shows what is taken of the deals that these orders were placed at.
pub(crate) async fn tell(tx: &mut Tx, orders: &[&OrderId]) -> Result<()> {
    let rows: Vec<(DealId, String, i64)> = sql!(all &mut *tx,
        "select d.id, d.show, cast(coalesce(sum(case when o.order_state <> 'canceled' then l.quantity else 0 end), 0)
             as bigint)
         from deals d
         join order_lines l on l.deal_id = d.id
         join orders o on o.id = l.order_id
         where d.closed_at_ms is null and d.id in
             (select m.deal_id from json_each($1) as j join order_lines m on m.order_id = j.value ->> 'id')
         group by d.id, d.show", set::ids(orders)?)?;
    let tally = |(id, show, taken)| {
        (format!("live:{show}"), Tally { r#type: "tally", id, counts: [taken], people: taken })
    };
    let said: Vec<_> = rows.into_iter().map(tally).collect();
    Ok(events::put_all(tx, &said).await?)
}
