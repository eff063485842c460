//! The seller's hand on the stock: what came in, what spoiled, what was counted anew. Each is a
//! movement with a reason; a mistake is taken back by another movement, never by a change.

use base::{Db, Tx, sql};
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::Lang;

use super::{Level, MovementId, tell};
use crate::order::OrderId;
use crate::photo::PhotoId;
use crate::product::{ProductId, VariantId};
use crate::text::read;
use crate::{Error, Result, Shop};

/// The most that one movement brings or takes.
const MOST: i64 = 99_999;
/// The most that may be on hand, whatever is received.
const MOST_ON_HAND: i64 = 10_000_000;
/// Until when a movement made by hand may be taken back: long enough to notice, short enough to remember.
const UNDO_MS: i64 = 10 * 60_000;
/// The highest warning.
const MOST_LOW: i64 = 9_999;

/// Why the seller changes what is on hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Reason {
    /// A delivery came in.
    Received,
    /// Sold at the stall, past the till.
    SoldHere,
    /// Spoiled or broken.
    Spoiled,
    /// Given away to taste.
    Tasted,
    /// Counted anew: more or less than the book says.
    Counted,
}

impl Reason {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Reason; 5] =
        [Reason::Received, Reason::SoldHere, Reason::Spoiled, Reason::Tasted, Reason::Counted];

    /// As forms and programs write it.
    pub fn slug(self) -> &'static str {
        match self {
            Reason::Received => "received",
            Reason::SoldHere => "sold-here",
            Reason::Spoiled => "spoiled",
            Reason::Tasted => "tasted",
            Reason::Counted => "counted",
        }
    }

    /// What is stored as the movement's kind.
    fn kind(self) -> &'static str {
        if self == Reason::Received { "receipt" } else { "adjustment" }
    }
}

/// What the seller did. Of `Counted` the quantity is what was counted, of the others how many came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    pub reason: Reason,
    /// 1 to 99,999; a count may be 0.
    pub quantity: i64,
}

/// A variant on the stock page.
#[derive(Clone, Debug, Serialize, FromRow, utoipa::ToSchema)]
#[schema(as = StockLevel)]
pub struct Row {
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub name: String,
    pub name_en: String,
    pub variant_name: String,
    pub variant_name_en: String,
    pub cover: Option<PhotoId>,
    /// Pieces that are there.
    pub on_hand: i64,
    /// Of these, promised to buyers.
    pub reserved: i64,
    /// The seller is warned at this many left.
    pub low_at: i64,
}

impl Row {
    /// Its product's name, in a language.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }

    /// Which of the product's choices, in a language; empty when there is nothing to choose.
    pub fn variant_in(&self, lang: Lang) -> &str {
        read(lang, &self.variant_name, &self.variant_name_en)
    }

    /// The id of its photo, or nothing.
    pub fn cover_id(&self) -> &str {
        self.cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }

    /// What can still be sold.
    pub fn left(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// Whether the seller should get more.
    pub fn is_low(&self) -> bool {
        self.left() <= self.low_at
    }
}

/// A line of a variant's ledger.
#[derive(Clone, Debug, Serialize, FromRow, utoipa::ToSchema)]
#[schema(as = StockMovement)]
pub struct Movement {
    #[schema(value_type = String)]
    pub id: MovementId,
    #[schema(value_type = String)]
    pub variant_id: VariantId,
    /// receipt, sale, return or adjustment.
    pub kind: String,
    /// Of one made by hand: why; else empty.
    pub reason: String,
    /// Of one made by hand: the number that was written. Of a count that is what was counted.
    pub asked: Option<i64>,
    /// Pieces that came, or, below zero, went.
    pub quantity: i64,
    #[schema(value_type = Option<String>)]
    pub order_id: Option<OrderId>,
    /// The number of that order, as people call it.
    pub order_number: Option<String>,
    /// Who did it by hand.
    pub by_name: Option<String>,
    /// The movement that this one takes back.
    #[schema(value_type = Option<String>)]
    pub undoes: Option<MovementId>,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// Everything that can be sold, least left first; `low`: only what runs out.
pub async fn rows(
    db: &Db,
    store: &StoreId,
    low: bool,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Row>> {
    let (left, id) = after.unwrap_or((i64::MIN, String::new()));
    Ok(sql!(all db,
        "select l.variant_id, l.product_id, p.name, p.name_en, v.name as variant_name, v.name_en as variant_name_en,
             p.cover, l.on_hand, l.reserved, l.low_at
         from stock_levels l
         join variants v on v.id = l.variant_id and not v.retired
         join products p on p.id = l.product_id and p.removed_at_ms is null
         where l.store_id = $1 and (not $2 or l.on_hand - l.reserved <= l.low_at)
             and (l.on_hand - l.reserved, l.variant_id) > ($3, $4)
         order by l.on_hand - l.reserved, l.variant_id limit $5",
        store, low, left, id, limit)?)
}

/// How many variants run out.
pub async fn low_count(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db,
        "select count(*) from stock_levels l
         join variants v on v.id = l.variant_id and not v.retired
         join products p on p.id = l.product_id and p.removed_at_ms is null
         where l.store_id = $1 and l.on_hand - l.reserved <= l.low_at", store)?)
}

/// One variant of the store.
pub async fn row(db: &Db, store: &StoreId, variant: &VariantId) -> Result<Row> {
    sql!(opt db,
        "select l.variant_id, l.product_id, p.name, p.name_en, v.name as variant_name, v.name_en as variant_name_en,
             p.cover, l.on_hand, l.reserved, l.low_at
         from stock_levels l join variants v on v.id = l.variant_id join products p on p.id = l.product_id
         where l.store_id = $1 and l.variant_id = $2", store, variant)?
    .ok_or(Error::NotFound)
}

/// A variant's ledger, the newest first, after the line `(at_ms, id)`.
pub async fn movements(
    db: &Db,
    store: &StoreId,
    variant: &VariantId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Movement>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select m.id, m.variant_id, m.kind, m.reason, m.asked, m.quantity, m.order_id, o.number as order_number,
             p.name as by_name, m.undoes, m.at_ms
         from stock_movements m
         left join orders o on o.id = m.order_id
         left join persons p on p.id = m.by_person
         where m.store_id = $1 and m.variant_id = $2 and (m.at_ms, m.id) < ($3, $4)
         order by m.at_ms desc, m.id desc limit $5", store, variant, ms, id, limit)?)
}

/// One line of the store's ledger.
pub async fn movement(db: &Db, store: &StoreId, id: &MovementId) -> Result<Movement> {
    sql!(opt db,
        "select m.id, m.variant_id, m.kind, m.reason, m.asked, m.quantity, m.order_id, o.number as order_number,
             p.name as by_name, m.undoes, m.at_ms
         from stock_movements m
         left join orders o on o.id = m.order_id
         left join persons p on p.id = m.by_person
         where m.store_id = $1 and m.id = $2", store, id)?
    .ok_or(Error::NotFound)
}

/// Writes what the seller did. The same `key` gives the same movement; with another change it is refused.
pub async fn change(
    shop: &Shop,
    store: &StoreId,
    person: &PersonId,
    variant: &VariantId,
    key: &str,
    change: &Change,
) -> Result<Movement> {
    let least = i64::from(change.reason != Reason::Counted);
    if !(least..=MOST).contains(&change.quantity) {
        return Err(Error::Invalid(vec![("quantity".to_owned(), "stock-quantity")]));
    }
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    // Touching the row locks it, so that a count is compared with what is there and a second tap waits.
    let on_hand: Option<i64> = sql!(maybe &mut tx,
        "update stock_levels set on_hand = on_hand where variant_id = $1 and store_id = $2 returning on_hand",
        variant, store)?;
    let on_hand = on_hand.ok_or(Error::NotFound)?;
    if let Some(before) = of_key(&mut tx, store, key).await? {
        tx.rollback().await?;
        return same(before, variant, change);
    }
    let by = match change.reason {
        Reason::Received => change.quantity,
        Reason::Counted => change.quantity - on_hand,
        Reason::SoldHere | Reason::Spoiled | Reason::Tasted => -change.quantity,
    };
    let level: Option<Level> = sql!(opt &mut tx,
        "update stock_levels set on_hand = on_hand + $3
         where variant_id = $1 and store_id = $2 and on_hand + $3 >= reserved and on_hand + $3 <= $4
         returning variant_id, store_id, on_hand - reserved as left_now", variant, store, by, MOST_ON_HAND)?;
    let Some(level) = level else {
        tx.rollback().await?;
        return Err(if by > 0 {
            Error::Invalid(vec![("quantity".to_owned(), "stock-quantity")])
        } else {
            Error::StockPromised
        });
    };
    let written = sql!(run &mut tx,
        "insert into stock_movements (id, store_id, variant_id, kind, reason, asked, quantity, by_person, key, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        MovementId::new(now_ms), store, variant, change.reason.kind(), change.reason.slug(), change.quantity, by,
        person, key, now_ms)?;
    if written == 0 {
        // The key was used for another variant in this very moment: their rows do not wait for each other.
        tx.rollback().await?;
        return Err(Error::KeyReused);
    }
    tell(&mut tx, std::slice::from_ref(&level), &[]).await?;
    let made = of_key(&mut tx, store, key).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    Ok(made)
}

/// Takes back a movement made by hand: the undo of [`change`]. Twice changes nothing.
pub async fn take_back(
    shop: &Shop,
    store: &StoreId,
    person: &PersonId,
    movement: &MovementId,
) -> Result<VariantId> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let found: Option<(VariantId, i64)> = sql!(opt &mut tx,
        "select variant_id, quantity from stock_movements
         where id = $1 and store_id = $2 and key is not null and undoes is null and at_ms > $3",
        movement, store, now_ms - UNDO_MS)?;
    let (variant, quantity) = found.ok_or(Error::NotFound)?;
    let done = sql!(run &mut tx,
        "insert into stock_movements (id, store_id, variant_id, kind, reason, quantity, by_person, undoes, at_ms)
         values ($1, $2, $3, 'adjustment', 'undone', $4, $5, $6, $7) on conflict do nothing",
        MovementId::new(now_ms), store, &variant, -quantity, person, movement, now_ms)?;
    if done == 0 {
        tx.rollback().await?;
        return Ok(variant);
    }
    let level: Option<Level> = sql!(opt &mut tx,
        "update stock_levels set on_hand = on_hand - $3
         where variant_id = $1 and store_id = $2 and on_hand - $3 >= reserved
         returning variant_id, store_id, on_hand - reserved as left_now", &variant, store, quantity)?;
    let Some(level) = level else {
        tx.rollback().await?;
        return Err(Error::StockPromised);
    };
    tell(&mut tx, std::slice::from_ref(&level), &[]).await?;
    tx.commit().await?;
    Ok(variant)
}

/// Sets when the seller is warned.
pub async fn warn_at(shop: &Shop, store: &StoreId, variant: &VariantId, low_at: i64) -> Result<()> {
    if !(0..=MOST_LOW).contains(&low_at) {
        return Err(Error::Invalid(vec![("low_at".to_owned(), "stock-low")]));
    }
    let mut tx = shop.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update stock_levels set low_at = $3 where variant_id = $1 and store_id = $2", variant, store, low_at)?;
    tx.commit().await?;
    if done == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// The movement that came with this key before.
async fn of_key(tx: &mut Tx, store: &StoreId, key: &str) -> Result<Option<Movement>> {
    Ok(sql!(opt tx,
        "select m.id, m.variant_id, m.kind, m.reason, m.asked, m.quantity, m.order_id, null as order_number,
             p.name as by_name, m.undoes, m.at_ms
         from stock_movements m left join persons p on p.id = m.by_person
         where m.store_id = $1 and m.key = $2", store, key)?)
}

/// The movement of the same key, if it was made for the same change.
fn same(before: Movement, variant: &VariantId, change: &Change) -> Result<Movement> {
    let is_same = before.variant_id == *variant
        && before.reason == change.reason.slug()
        && before.asked == Some(change.quantity);
    if is_same { Ok(before) } else { Err(Error::KeyReused) }
}
