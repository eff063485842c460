//! Stores: a stall with a name, a story, a place to pick things up, and a legal identity.
//!
//! A store opens at once, and is listed in the market when its legal identity is whole
//! (전자상거래법 §10, §12): who sells must stand on every page.

use people::{PersonId, StoreId, member};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::Lang;

use base::{Db, Tx, Won, sql};

use crate::faults::Faults;
use crate::photo::PhotoId;
use crate::text::{Text, read};
use crate::{Error, Result, Shop, set};

pub(crate) mod api;
mod identity;
pub(crate) mod opening;
pub mod pages;
pub(crate) mod slug;
mod structured;

pub use identity::{Identity, business_number_is_whole};

/// The longest name of a store.
const NAME: usize = 40;
/// The longest line beneath the name.
const LINE: usize = 80;
/// The longest story.
const STORY: usize = 2_000;
/// The longest of the short texts: place, hours, address.
const SHORT: usize = 200;
/// The highest delivery fee; more is a slip of the finger.
const MAX_FEE: i64 = 100_000;
/// What a parcel costs until the seller says otherwise.
const PARCEL: Won = Won(4_000);
/// What an ice box costs until the seller says otherwise.
const PARCEL_COLD: Won = Won(5_000);
/// Delivery is free from here until the seller says otherwise.
const PARCEL_FREE_FROM: Won = Won(50_000);

/// A store as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Store {
    pub id: StoreId,
    pub slug: String,
    pub category: String,
    pub name: String,
    pub name_en: String,
    pub line: String,
    pub line_en: String,
    pub story: String,
    pub story_en: String,
    pub pickup: String,
    pub pickup_en: String,
    pub hours: String,
    pub hours_en: String,
    pub picture: Option<PhotoId>,
    #[sqlx(flatten)]
    pub identity: Identity,
    pub listed: bool,
    pub parcel_won: Won,
    pub parcel_cold_won: Won,
    pub parcel_free_from_won: Won,
    /// Until when it has a promotion; 0: it has none.
    pub(crate) promoted_until_ms: i64,
    pub created_at_ms: i64,
}

impl Store {
    /// The name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }

    /// The one line for a reader.
    pub fn line_in(&self, lang: Lang) -> &str {
        read(lang, &self.line, &self.line_en)
    }

    /// The story for a reader.
    pub fn story_in(&self, lang: Lang) -> &str {
        read(lang, &self.story, &self.story_en)
    }

    /// Where things are picked up, for a reader.
    pub fn pickup_in(&self, lang: Lang) -> &str {
        read(lang, &self.pickup, &self.pickup_en)
    }

    /// When it is open, for a reader.
    pub fn hours_in(&self, lang: Lang) -> &str {
        read(lang, &self.hours, &self.hours_en)
    }

    /// Its page.
    pub fn path(&self) -> String {
        format!("/stores/{}", self.slug)
    }

    /// The drawing of its trade, where there is no photo.
    pub fn drawing(&self) -> String {
        format!("category-{}.svg", self.category)
    }

    /// The picture's id, or nothing: the page draws the trade instead.
    pub fn picture_id(&self) -> &str {
        self.picture.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }
}

/// What a seller says to open a store.
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewStore {
    /// The end of its address; made from the name when empty.
    pub slug: String,
    /// What is sold: `fish`, `produce`, `food`, `clothing`, `household`, `other`.
    pub category: String,
    pub name: Text,
    /// One line beneath the name.
    pub line: Text,
    pub story: Text,
    /// Where things are picked up.
    pub pickup: Text,
    pub hours: Text,
    pub picture: Option<PhotoId>,
    /// Who sells, by law; the store is not listed until it is whole.
    pub identity: Identity,
    /// What a parcel costs; the market's usual fee when absent.
    pub parcel_won: Option<Won>,
    /// What an ice box costs.
    pub parcel_cold_won: Option<Won>,
    /// From this amount a parcel is free.
    pub parcel_free_from_won: Option<Won>,
}

/// The trades a stall may have; the drawing shown when there is no photo follows it.
pub const CATEGORIES: [&str; 6] = ["fish", "produce", "food", "clothing", "household", "other"];

/// Opens a store for `owner`. The same `key` gives the same store.
pub async fn create(shop: &Shop, owner: &PersonId, key: &str, new: NewStore) -> Result<Store> {
    let new = checked(new)?;
    if let Some(store) = by_key(&shop.base.db, owner, key).await? {
        return Ok(store);
    }
    let wished = if new.slug.is_empty() { slug::of(&new.name.ko) } else { new.slug.clone() };
    let now_ms = shop.base.clock.now_ms();
    let id = StoreId::new(now_ms);
    let mut tx = shop.base.db.begin().await?;
    let slug = slug::free(&mut tx, &wished).await?;
    if !insert(&mut tx, &id, owner, key, &slug, &new, now_ms).await? {
        tx.rollback().await?;
        return by_key(&shop.base.db, owner, key).await?.ok_or(Error::NotFound);
    }
    member::grant(&mut tx, owner, &id, member::Role::Owner, now_ms).await?;
    tx.commit().await?;
    shop.search.nudge();
    find(&shop.base.db, &id).await
}

/// A store by its id.
pub async fn find(db: &Db, id: &StoreId) -> Result<Store> {
    sql!(opt db, "select * from stores where id = $1", id)?.ok_or(Error::NotFound)
}

/// A store by the end of its address.
pub async fn by_slug(db: &Db, slug: &str) -> Result<Store> {
    sql!(opt db, "select * from stores where slug = $1", slug)?.ok_or(Error::NotFound)
}

/// Several stores at once, oldest first.
pub async fn by_ids(db: &Db, ids: &[StoreId]) -> Result<Vec<Store>> {
    Ok(sql!(all db,
        "select * from stores where id in (select j.value ->> 'id' from json_each($1) as j)
         order by created_at_ms, id", set::ids(ids)?)?)
}

/// The market's stalls, oldest first, from `after` on.
pub async fn listed(db: &Db, after: Option<(i64, String)>, limit: i64) -> Result<Vec<Store>> {
    let (ms, id) = after.unwrap_or((i64::MIN, String::new()));
    Ok(sql!(all db,
        "select * from stores where listed = true and (created_at_ms, id) > ($1, $2)
         order by created_at_ms, id limit $3", ms, id, limit)?)
}

/// Changes who sells, by law, and lists the store once that is whole.
pub async fn identify(shop: &Shop, id: &StoreId, identity: Identity) -> Result<Store> {
    let mut faults = Faults::default();
    let identity = identity.checked(&mut faults);
    faults.done()?;
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "update stores set company = $2, company_en = $3, representative = $4, representative_en = $5,
             address = $6, address_en = $7, phone = $8, email = $9, business_number = $10,
             mail_order_number = $11, mail_order_number_en = $12, mail_order_exempt = $13, listed = $14,
             changed_at_ms = $15
         where id = $1",
        id, &identity.company, &identity.company_en, &identity.representative, &identity.representative_en,
        &identity.address, &identity.address_en, &identity.phone, &identity.email, &identity.business_number,
        &identity.mail_order_number, &identity.mail_order_number_en, identity.mail_order_exempt,
        identity.is_whole(), shop.base.clock.now_ms())?;
    tx.commit().await?;
    shop.search.nudge();
    find(&shop.base.db, id).await
}

async fn by_key(db: &Db, owner: &PersonId, key: &str) -> Result<Option<Store>> {
    Ok(sql!(opt db, "select * from stores where opened_by = $1 and key = $2", owner, key)?)
}

/// `false`: somebody was here first with the same key.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: &StoreId,
    owner: &PersonId,
    key: &str,
    slug: &str,
    new: &NewStore,
    now_ms: i64,
) -> Result<bool> {
    let who = &new.identity;
    let made = sql!(run &mut *tx,
        "insert into stores (id, slug, opened_by, key, category, name, name_en, line, line_en, story, story_en,
             pickup, pickup_en, hours, hours_en, picture, company, company_en, representative, representative_en,
             address, address_en, phone, email, business_number, mail_order_number, mail_order_number_en,
             mail_order_exempt, listed, parcel_won, parcel_cold_won, parcel_free_from_won, orders_placed, created_at_ms,
             changed_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
             $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, 0, $33, $33)
         on conflict (opened_by, key) do nothing",
        id, slug, owner, key, &new.category, &new.name.ko, &new.name.en, &new.line.ko, &new.line.en,
        &new.story.ko, &new.story.en, &new.pickup.ko, &new.pickup.en, &new.hours.ko, &new.hours.en, &new.picture,
        &who.company, &who.company_en, &who.representative, &who.representative_en, &who.address, &who.address_en,
        &who.phone, &who.email, &who.business_number, &who.mail_order_number, &who.mail_order_number_en,
        who.mail_order_exempt, who.is_whole(), new.parcel_won.unwrap_or(PARCEL),
        new.parcel_cold_won.unwrap_or(PARCEL_COLD), new.parcel_free_from_won.unwrap_or(PARCEL_FREE_FROM), now_ms)?;
    Ok(made == 1)
}

pub(crate) fn checked(new: NewStore) -> Result<NewStore> {
    let mut faults = Faults::default();
    faults.unless(CATEGORIES.contains(&new.category.as_str()), "category", "choose");
    for fee in [new.parcel_won, new.parcel_cold_won].into_iter().flatten() {
        faults.between("parcel_won", fee.0, 0, MAX_FEE);
    }
    faults.unless(new.slug.is_empty() || slug::is_fine(&new.slug), "slug", "slug");
    let checked = NewStore {
        name: Text::new(
            faults.needed("name", &new.name.ko, NAME),
            faults.optional("name_en", &new.name.en, NAME * 2),
        ),
        line: Text::new(
            faults.optional("line", &new.line.ko, LINE),
            faults.optional("line_en", &new.line.en, LINE * 2),
        ),
        story: Text::new(
            faults.optional("story", &new.story.ko, STORY),
            faults.optional("story_en", &new.story.en, STORY * 2),
        ),
        pickup: Text::new(
            faults.optional("pickup", &new.pickup.ko, SHORT),
            faults.optional("pickup_en", &new.pickup.en, SHORT),
        ),
        hours: Text::new(
            faults.optional("hours", &new.hours.ko, SHORT),
            faults.optional("hours_en", &new.hours.en, SHORT),
        ),
        identity: new.identity.checked(&mut faults),
        ..new
    };
    faults.done()?;
    Ok(checked)
}
