//! The diary of a stall or a farm: a day, a line or two of what was done, a photo. What it tells of stands on the pages of
//! the products it is about and beside the shows that sell them.

use base::{Db, Id, sql};
use jiff::civil::Date;
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::Lang;

use crate::faults::Faults;
use crate::payment::digest;
use crate::photo::{self, PhotoId};
use crate::product::ProductId;
use crate::text::{Text, read};
use crate::workdays::day_of;
use crate::{Error, Result, Shop, set};

pub(crate) mod api;
pub(crate) mod pages;

/// Names an entry in [`EntryId`].
pub enum EntryMark {}
/// The id of an entry.
pub type EntryId = Id<EntryMark>;

/// The longest entry.
pub(crate) const WORDS: usize = 500;
/// Products that one entry is about.
const MOST_PRODUCTS: usize = 20;
/// Entries of one store in a day of the market; nobody writes more by hand.
const MOST_A_DAY: i64 = 30;
const DAY_MS: i64 = 24 * 3_600_000;
/// Entries on a product's page.
pub(crate) const ON_PRODUCT: i64 = 3;

/// An entry as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Entry {
    pub id: EntryId,
    pub store_id: StoreId,
    body_hash: String,
    /// Noon of the day it tells of.
    pub day_ms: i64,
    pub words: String,
    pub words_en: String,
    pub photo: Option<PhotoId>,
    pub created_at_ms: i64,
    pub removed_at_ms: Option<i64>,
}

impl Entry {
    /// The words for a reader.
    pub fn words_in(&self, lang: Lang) -> &str {
        read(lang, &self.words, &self.words_en)
    }

    /// The photo's id, or nothing.
    pub fn photo_id(&self) -> &str {
        self.photo.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }
}

/// Noon of a day in Seoul.
fn noon_ms(day: Date) -> i64 {
    let noon = day.at(12, 0, 0, 0).to_zoned(base::clock::seoul());
    noon.map_or(0, |noon| noon.timestamp().as_millisecond())
}

/// An entry as a seller writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = NewDiaryEntry)]
pub struct NewEntry {
    /// The day it tells of: 2027-03-01; today at the latest. Absent: today.
    #[schema(value_type = Option<String>)]
    pub day: Option<Date>,
    /// Up to 500 letters.
    pub words: Text,
    /// An uploaded photo's id.
    pub photo: Option<PhotoId>,
    /// Products of the store that it is about.
    pub products: Vec<ProductId>,
}

impl NewEntry {
    fn checked(self, today: Date) -> Result<NewEntry> {
        let mut faults = Faults::default();
        let words = Text::new(
            faults.needed("words", &self.words.ko, WORDS),
            faults.optional("words_en", &self.words.en, WORDS * 2),
        );
        let day = self.day.unwrap_or(today);
        faults.unless(day <= today && day.year() >= 2000, "day", "diary-day");
        faults.unless(self.products.len() <= MOST_PRODUCTS, "products", "too-many");
        faults.done()?;
        let mut products = self.products;
        products.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        products.dedup();
        Ok(NewEntry { day: Some(day), words, products, ..self })
    }
}

/// Writes an entry. The same key is the same entry.
pub async fn write(shop: &Shop, store: &StoreId, key: &str, new: NewEntry) -> Result<Entry> {
    let now_ms = shop.base.clock.now_ms();
    let new = new.checked(day_of(now_ms))?;
    let body_hash = digest(&set::of(&new)?);
    let id = EntryId::new(now_ms);
    let day_ms = new.day.map(noon_ms).unwrap_or(now_ms);
    let mut tx = shop.base.db.begin().await?;
    let known: Option<Entry> =
        sql!(opt &mut tx, "select * from diary_entries where store_id = $1 and key = $2", store, key)?;
    if let Some(known) = known {
        return if known.body_hash == body_hash { Ok(known) } else { Err(Error::KeyReused) };
    }
    photo::require(&mut tx, new.photo.as_slice()).await?;
    let made = sql!(run &mut tx,
        "insert into diary_entries (id, store_id, key, body_hash, day_ms, words, words_en, photo, created_at_ms)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9
         where (select count(*) from diary_entries where store_id = $2 and created_at_ms > $10) < $11
         on conflict (store_id, key) do nothing",
        &id, store, key, &body_hash, day_ms, &new.words.ko, &new.words.en, &new.photo, now_ms, now_ms - DAY_MS,
        MOST_A_DAY)?;
    if made == 0 {
        tx.rollback().await?;
        // Somebody was here first with the same key, or it is enough for today.
        let known = by_key(&shop.base.db, store, key).await?;
        return known.filter(|known| known.body_hash == body_hash).ok_or(Error::DiaryFull);
    }
    let attached = sql!(run &mut tx,
        "insert into diary_products (entry_id, product_id, store_id)
         select $1, p.id, p.store_id from products p
         where p.store_id = $2 and p.removed_at_ms is null
           and p.id in (select j.value ->> 'id' from json_each($3) as j)",
        &id, store, set::ids(&new.products)?)?;
    if attached != new.products.len() as u64 {
        return Err(Error::Invalid(vec![("products".to_owned(), "diary-products")]));
    }
    tx.commit().await?;
    find(&shop.base.db, store, &id).await
}

async fn by_key(db: &Db, store: &StoreId, key: &str) -> Result<Option<Entry>> {
    Ok(sql!(opt db, "select * from diary_entries where store_id = $1 and key = $2", store, key)?)
}

/// An entry of this store and no other.
pub async fn find(db: &Db, store: &StoreId, id: &EntryId) -> Result<Entry> {
    let entry: Option<Entry> =
        sql!(opt db, "select * from diary_entries where id = $1 and store_id = $2", id, store)?;
    entry.ok_or(Error::NotFound)
}

/// Takes an entry away, or puts it back: twice is once.
pub async fn set_removed(shop: &Shop, store: &StoreId, id: &EntryId, removed: bool) -> Result<()> {
    let at_ms = removed.then(|| shop.base.clock.now_ms());
    let mut tx = shop.base.db.begin().await?;
    let there = sql!(run &mut tx,
        "update diary_entries set removed_at_ms = $3 where id = $1 and store_id = $2", id, store, at_ms)?;
    tx.commit().await?;
    if there == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// The diary of a store, the last day first, after the row `(day, id)`.
pub async fn of_store(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let (day, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from diary_entries
         where store_id = $1 and removed_at_ms is null and (day_ms, id) < ($2, $3)
         order by day_ms desc, id desc limit $4", store, day, id, limit)?)
}

/// What the diary tells of a product, the last day first.
pub async fn of_product(db: &Db, product: &ProductId, limit: i64) -> Result<Vec<Entry>> {
    of_products(db, std::slice::from_ref(product), limit).await
}

/// What the diary tells of several products, each entry once, the last day first.
pub async fn of_products(db: &Db, products: &[ProductId], limit: i64) -> Result<Vec<Entry>> {
    Ok(sql!(all db,
        "select * from diary_entries
         where removed_at_ms is null and id in (
             select d.entry_id from diary_products d
             where d.product_id in (select j.value ->> 'id' from json_each($1) as j))
         order by day_ms desc, id desc limit $2", set::ids(products)?, limit)?)
}
