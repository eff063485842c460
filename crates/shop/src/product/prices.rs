//! Today's prices: every price of a stall on one screen, changed in one go and taken back in one go. Yesterday's table
//! can be laid again, for prices come and go with the boats.

use base::{Db, Id, Tx, Won, sql};
use jiff::civil::Date;
use people::StoreId;
use serde_json::json;
use sqlx::FromRow;
use web::Lang;
use web::cursor::Listed;

use super::draft::MAX_PRICE;
use super::{ProductId, VariantId};
use crate::photo::PhotoId;
use crate::text::read;
use crate::workdays::day_of;
use crate::{Error, Result, Shop, set};

pub(crate) mod pages;

/// Names what was saved in one go.
pub enum BatchMark {}
/// The id of what was saved in one go.
pub type BatchId = Id<BatchMark>;

/// Products on one screen.
pub(crate) const PRODUCTS: i64 = 40;
/// So far back a table may be laid again.
const DAYS_BACK: i32 = 60;

/// A variant in the table.
#[derive(Clone, Debug, FromRow)]
pub struct Row {
    pub variant_id: VariantId,
    pub name: String,
    pub name_en: String,
    pub variant_name: String,
    pub variant_name_en: String,
    pub unit: String,
    pub cover: Option<PhotoId>,
    pub price_won: Won,
    pub on_sale: bool,
    /// What it cost at the end of the day asked for.
    pub then_won: Won,
}

impl Row {
    /// "고등어 한 손 · 조림용".
    pub fn title(&self, lang: Lang) -> String {
        let (name, variant) =
            (read(lang, &self.name, &self.name_en), read(lang, &self.variant_name, &self.variant_name_en));
        if variant.is_empty() { name.to_owned() } else { format!("{name} · {variant}") }
    }

    /// The first photo's id, or nothing.
    pub fn cover_id(&self) -> &str {
        self.cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }
}

/// One price as it is asked for: what it was when the table was shown, and what it is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub variant: VariantId,
    pub was_won: Won,
    pub won: Won,
}

/// The table of a store, newest product first, beside what each price was at the end of `then`; and where it goes on.
pub async fn table(
    db: &Db,
    store: &StoreId,
    then: Date,
    after: Option<(i64, String)>,
) -> Result<(Vec<Row>, Option<String>)> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    let products: Vec<(i64, ProductId)> = sql!(all db,
        "select created_at_ms, id from products
         where store_id = $1 and removed_at_ms is null and (created_at_ms, id) < ($2, $3)
         order by created_at_ms desc, id desc limit $4", store, ms, id, PRODUCTS + 1)?;
    let listed = Listed::of(products, PRODUCTS, |(ms, id)| (*ms, id.to_string()));
    let ids: Vec<ProductId> = listed.items.into_iter().map(|(_, id)| id).collect();
    let rows = sql!(all db,
        "select v.id as variant_id, p.name, p.name_en, v.name as variant_name, v.name_en as variant_name_en, p.unit,
             p.cover, v.price_won, p.on_sale,
             coalesce((select c.was_won from price_changes c
                 where c.store_id = $1 and c.variant_id = v.id and c.at_ms >= $2
                 order by c.at_ms, c.id limit 1), v.price_won) as then_won
         from products p join variants v on v.product_id = p.id
         where p.store_id = $1 and v.retired = false
           and p.id in (select j.value ->> 'id' from json_each($3) as j)
         order by p.created_at_ms desc, p.id desc, v.place",
        store, end_of(then)?, set::ids(&ids)?)?;
    Ok((rows, listed.next_cursor))
}

/// The first moment of the next day, in Korea.
fn end_of(day: Date) -> Result<i64> {
    let next = day.tomorrow().and_then(|day| day.in_tz("Asia/Seoul"));
    next.map(|at| at.timestamp().as_millisecond())
        .map_err(|_| Error::Invalid(vec![("then".to_owned(), "choose")]))
}

/// The day whose table is asked for: yesterday, unless another of the last two months is named.
pub fn day(wanted: Option<&str>, now_ms: i64) -> Date {
    let today = day_of(now_ms);
    let back = |days: i32| today.saturating_sub(jiff::Span::new().days(days));
    let named =
        wanted.and_then(crate::order::filter::day).filter(|day| (back(DAYS_BACK)..today).contains(day));
    named.unwrap_or_else(|| back(1))
}

/// Changes prices in one go: all of them or none. The same batch changes nothing twice. Says how many changed.
///
/// A price that somebody else changed since the table was shown is refused, and nothing is written.
pub async fn set(shop: &Shop, store: &StoreId, batch: &BatchId, wanted: &[Wanted]) -> Result<usize> {
    let wanted: Vec<&Wanted> = wanted.iter().filter(|one| one.won != one.was_won).collect();
    if wanted.is_empty() {
        return Ok(0);
    }
    let faults: Vec<_> = wanted
        .iter()
        .filter(|one| !(1..=MAX_PRICE).contains(&one.won.0))
        .map(|one| (format!("price.{}", one.variant), "price-range"))
        .collect();
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let mut tx = shop.base.db.begin().await?;
    apply(&mut tx, store, batch, &wanted, shop.base.clock.now_ms()).await?;
    tx.commit().await?;
    Ok(wanted.len())
}

/// Takes a batch back: each price that is still what the batch made it is what it was before. Says how many.
pub async fn undo(shop: &Shop, store: &StoreId, batch: &BatchId) -> Result<usize> {
    let changes: Vec<(VariantId, Won, Won)> = sql!(all & shop.base.db,
        "select c.variant_id, c.now_won, c.was_won from price_changes c join variants v on v.id = c.variant_id
         where c.store_id = $1 and c.batch = $2 and v.price_won = c.now_won and v.retired = false", store, batch)?;
    let wanted: Vec<Wanted> =
        changes.into_iter().map(|(variant, was_won, won)| Wanted { variant, was_won, won }).collect();
    let back = BatchId::new(shop.base.clock.now_ms());
    set(shop, store, &back, &wanted).await
}

async fn apply(tx: &mut Tx, store: &StoreId, batch: &BatchId, wanted: &[&Wanted], now_ms: i64) -> Result<()> {
    let rows: Vec<_> = wanted
        .iter()
        .map(|one| json!({ "id": one.variant, "change": BatchId::new(now_ms), "was": one.was_won, "won": one.won }))
        .collect();
    let rows = set::of(&rows)?;
    // The products first, as everywhere.
    sql!(run &mut *tx,
        "update products set changed_at_ms = $3
         where store_id = $2 and removed_at_ms is null and id in (
             select v.product_id from variants v join json_each($1) as j on v.id = j.value ->> 'id')",
        &rows, store, now_ms)?;
    // Asked behind the lock: of two taps at once the second waited there, and finds that the first has done it.
    let done: i64 = sql!(value &mut *tx,
        "select count(*) from price_changes where store_id = $1 and batch = $2", store, batch)?;
    if done > 0 {
        return Ok(());
    }
    let lower: Vec<VariantId> = sql!(values &mut *tx,
        "select v.id from variants v join json_each($1) as j on v.id = j.value ->> 'id'
         where v.store_id = $2 and v.live_price_won >= cast(j.value ->> 'won' as bigint)", &rows, store)?;
    if !lower.is_empty() {
        return Err(Error::Invalid(lower.iter().map(|id| (format!("price.{id}"), "below-live")).collect()));
    }
    let changed = sql!(run &mut *tx,
        "update variants set price_won = (
             select cast(j.value ->> 'won' as bigint) from json_each($1) as j where j.value ->> 'id' = variants.id)
         where store_id = $2 and retired = false and exists (
             select 1 from json_each($1) as j
             where j.value ->> 'id' = variants.id and cast(j.value ->> 'was' as bigint) = variants.price_won)",
        &rows, store)?;
    if changed != wanted.len() as u64 {
        return Err(Error::PriceChanged);
    }
    sql!(run &mut *tx,
        "update products set
             price_from_won = (select min(v.price_won) from variants v where v.product_id = products.id and not v.retired),
             price_to_won = (select max(v.price_won) from variants v where v.product_id = products.id and not v.retired)
         where store_id = $2 and id in (
             select v.product_id from variants v join json_each($1) as j on v.id = j.value ->> 'id')",
        &rows, store)?;
    sql!(run &mut *tx,
        "insert into price_changes (id, batch, store_id, variant_id, was_won, now_won, at_ms)
         select j.value ->> 'change', $3, $2, j.value ->> 'id', cast(j.value ->> 'was' as bigint),
             cast(j.value ->> 'won' as bigint), $4
         from json_each($1) as j where true", &rows, store, batch, now_ms)?;
    Ok(())
}
