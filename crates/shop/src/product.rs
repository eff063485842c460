//! Products: what a stall sells, in up to three options and fifty variants, with its origin beside its price.

use std::collections::HashMap;

use base::{Db, Id, Won, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::Lang;

use crate::category::Answers;
use crate::photo::PhotoId;
use crate::store::Store;
use crate::text::{Listing, Text, read};
use crate::{Error, Result, set};

pub(crate) mod api;
mod bulk;
mod card;
pub(crate) mod draft;
mod form;
pub mod import;
pub mod label;
pub mod pages;
pub mod prices;
pub(crate) mod questions;
pub(crate) mod selling;
mod structured;

pub(crate) use draft::MAX_PHOTOS;
pub use draft::{Draft, NewVariant, change, create, remove, restore};
pub(crate) use form::number;

/// Names a product in [`ProductId`].
pub enum ProductMark {}
/// The id of a product.
pub type ProductId = Id<ProductMark>;

/// Names a variant in [`VariantId`].
pub enum VariantMark {}
/// The id of a variant: the thing that is in stock and is bought.
pub type VariantId = Id<VariantMark>;

/// What is said about sending it back (전자상거래법 §17).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Withdrawal {
    /// Seven days, as the law has it.
    #[default]
    Normal,
    /// Fresh food: no change of mind after dispatch.
    Fresh,
    /// Made or cut as the buyer chose: no change of mind once begun.
    Made,
}

impl Withdrawal {
    /// The part of the words' key: `withdrawal-fresh`.
    pub fn slug(self) -> &'static str {
        match self {
            Withdrawal::Normal => "normal",
            Withdrawal::Fresh => "fresh",
            Withdrawal::Made => "made",
        }
    }

    /// Whether the usual right does not hold, which the buyer has to agree to.
    pub fn is_exception(self) -> bool {
        self != Withdrawal::Normal
    }
}

/// Something to choose: 손질, 크기.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ProductOption)]
pub struct Choice {
    pub name: Text,
    pub values: Vec<Text>,
}

/// A part of the story: a heading and what the seller says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Story {
    #[serde(default)]
    pub head: Text,
    pub body: Text,
}

/// A line of the ingredient card or of the facts the law asks for (상품정보제공고시).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fact {
    pub name: Text,
    pub value: Text,
}

/// A product as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Product {
    pub id: ProductId,
    pub store_id: StoreId,
    pub name: String,
    pub name_en: String,
    pub unit: String,
    pub unit_en: String,
    pub origin: String,
    pub origin_en: String,
    #[sqlx(try_from = "String")]
    pub photos: Listing<PhotoId>,
    #[sqlx(try_from = "String")]
    pub options: Listing<Choice>,
    #[sqlx(try_from = "String")]
    pub stories: Listing<Story>,
    #[sqlx(try_from = "String")]
    pub facts: Listing<Fact>,
    /// Its place in the category tree; empty for one from before there was a tree.
    pub category: String,
    #[sqlx(try_from = "String")]
    pub attributes: Answers,
    /// The seller's own number of it.
    pub code: Option<String>,
    pub withdrawal: Withdrawal,
    pub parcel: bool,
    pub pickup: bool,
    pub cold: bool,
    pub price_from_won: Won,
    pub price_to_won: Won,
    /// So many pieces one buyer may have, over all their orders; 0: no limit.
    pub per_buyer: i64,
    pub on_sale: bool,
    pub reviews_count: i64,
    pub stars_sum: i64,
    pub removed_at_ms: Option<i64>,
    pub created_at_ms: i64,
}

impl Product {
    /// The name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }

    /// The unit for a reader: "2마리(약 800g)".
    pub fn unit_in(&self, lang: Lang) -> &str {
        read(lang, &self.unit, &self.unit_en)
    }

    /// The origin for a reader (원산지).
    pub fn origin_in(&self, lang: Lang) -> &str {
        read(lang, &self.origin, &self.origin_en)
    }

    /// What the law wants told and nobody has: ids of questions, or `category`.
    pub(crate) fn lacking(&self) -> Vec<String> {
        crate::category::lacking(&self.category, &self.attributes, &self.unit)
    }

    /// The first photo's id, or nothing.
    pub fn cover_id(&self) -> &str {
        self.photos.first().map(PhotoId::as_str).unwrap_or_default()
    }
}

/// A variant with what is left of it.
#[derive(Clone, Debug, FromRow)]
pub struct Variant {
    pub id: VariantId,
    pub name: String,
    pub name_en: String,
    pub price_won: Won,
    /// The price for orders from a show, while it is on air.
    pub live_price_won: Option<Won>,
    pub on_hand: i64,
    /// On hand and not promised to anybody.
    #[sqlx(rename = "available")]
    pub left: i64,
}

impl Variant {
    /// The name for a reader; empty when the product has nothing to choose.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }
}

/// A product with its store and its variants: all a page needs, in three statements.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub product: Product,
    pub store: Store,
    pub variants: Vec<Variant>,
}

impl Sheet {
    /// What is left of all variants.
    pub fn left(&self) -> i64 {
        self.variants.iter().map(|variant| variant.left).sum()
    }

    /// Whether it can be bought now.
    pub fn is_for_sale(&self) -> bool {
        self.product.on_sale && self.store.listed && self.left() > 0
    }
}

/// A product in a list: picture, name, price, origin, what is left.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Card {
    pub id: ProductId,
    pub store_id: StoreId,
    pub name: String,
    /// Empty when nobody translated it.
    pub name_en: String,
    pub origin: String,
    pub origin_en: String,
    /// The id of its first photo: `/photos/{id}/480.jpg`.
    pub cover: Option<PhotoId>,
    /// The lowest price of its variants.
    pub price_from_won: Won,
    /// The highest.
    pub price_to_won: Won,
    /// What is left of all variants.
    #[sqlx(rename = "available")]
    pub left: i64,
    pub on_sale: bool,
    pub store_name: String,
    pub store_name_en: String,
    #[serde(skip)]
    pub created_at_ms: i64,
    /// Until when its store has a promotion.
    #[serde(skip)]
    pub(crate) promoted_until_ms: i64,
}

impl Card {
    /// The name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }

    /// The origin for a reader.
    pub fn origin_in(&self, lang: Lang) -> &str {
        read(lang, &self.origin, &self.origin_en)
    }

    /// The store's name for a reader.
    pub fn store_name_in(&self, lang: Lang) -> &str {
        read(lang, &self.store_name, &self.store_name_en)
    }

    /// The first photo's id, or nothing.
    pub fn cover_id(&self) -> &str {
        self.cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }

    /// Its page.
    pub fn href(&self) -> String {
        format!("/products/{}", self.id)
    }

    /// Whether it is sold out.
    pub fn is_gone(&self) -> bool {
        self.left <= 0
    }
}

/// A product by its id, also when it was taken off sale.
pub async fn find(db: &Db, id: &ProductId) -> Result<Product> {
    sql!(opt db, "select * from products where id = $1", id)?.ok_or(Error::NotFound)
}

/// A product of this store and no other.
pub async fn of_store(db: &Db, store: &StoreId, id: &ProductId) -> Result<Product> {
    sql!(opt db, "select * from products where id = $1 and store_id = $2", id, store)?.ok_or(Error::NotFound)
}

/// A product with its store and variants; one that was removed is [`Error::Gone`].
pub async fn sheet(db: &Db, id: &ProductId) -> Result<Sheet> {
    let product = find(db, id).await?;
    if product.removed_at_ms.is_some() {
        return Err(Error::Gone);
    }
    let store = crate::store::find(db, &product.store_id).await?;
    let variants = variants(db, id).await?;
    Ok(Sheet { product, store, variants })
}

/// The variants of a product, in the seller's order.
pub async fn variants(db: &Db, product: &ProductId) -> Result<Vec<Variant>> {
    Ok(sql!(all db,
        "select v.id, v.name, v.name_en, v.price_won, v.live_price_won, l.on_hand, l.on_hand - l.reserved as available
         from variants v join stock_levels l on l.variant_id = v.id
         where v.product_id = $1 and v.retired = false order by v.place", product)?)
}

/// The card of one product, wherever it stands; `None` when it was removed.
pub async fn card(db: &Db, id: &ProductId) -> Result<Option<Card>> {
    Ok(cards(db, std::slice::from_ref(id)).await?.pop())
}

/// The cards of several products, in the order asked for.
pub async fn cards(db: &Db, wanted: &[ProductId]) -> Result<Vec<Card>> {
    let mut found: Vec<Card> = sql!(all db,
        "select * from product_cards
         where id in (select j.value ->> 'id' from json_each($1) as j)",
        set::ids(wanted)?)?;
    found.sort_by_key(|card| wanted.iter().position(|id| *id == card.id));
    Ok(found)
}

/// The cards of those of several products that are on sale, in the order asked for.
pub async fn cards_on_sale(db: &Db, wanted: &[ProductId]) -> Result<Vec<Card>> {
    let mut found: Vec<Card> = sql!(all db,
        // `cross join` makes SQLite begin with the ids: it would begin with everything that is on sale.
        "select c.* from json_each($1) as j cross join product_cards c
         where c.id = j.value ->> 'id' and c.on_sale = true and c.store_listed = true",
        set::ids(wanted)?)?;
    found.sort_by_key(|card| wanted.iter().position(|id| *id == card.id));
    Ok(found)
}

/// The photos of several products, each once, in the products' order.
pub async fn photos(db: &Db, wanted: &[ProductId]) -> Result<Vec<PhotoId>> {
    let mut found: Vec<(ProductId, String)> = sql!(all db,
        "select id, photos from products where id in (select j.value ->> 'id' from json_each($1) as j)",
        set::ids(wanted)?)?;
    found.sort_by_key(|(id, _)| wanted.iter().position(|wanted| wanted == id));
    let mut photos: Vec<PhotoId> = Vec::new();
    for (_, listed) in found {
        let listed = Listing::<PhotoId>::try_from(listed).map_err(base::Error::from)?;
        photos.extend(listed.0.into_iter().filter(|photo| !photos.contains(photo)).collect::<Vec<_>>());
    }
    Ok(photos)
}

/// The first story of each of several products that has one: what a show tells of them.
pub async fn stories(
    db: &Db,
    wanted: impl IntoIterator<Item = &ProductId>,
) -> Result<HashMap<ProductId, Story>> {
    let found: Vec<(ProductId, String)> = sql!(all db,
        "select id, stories from products
         where stories <> '[]' and id in (select j.value ->> 'id' from json_each($1) as j)",
        set::ids(wanted)?)?;
    let mut stories = HashMap::new();
    for (id, listed) in found {
        let listed = Listing::<Story>::try_from(listed).map_err(base::Error::from)?;
        stories.extend(listed.0.into_iter().next().map(|story| (id, story)));
    }
    Ok(stories)
}

/// What a store has on sale, newest first, after the row `(created_at_ms, id)`.
pub async fn on_sale_in(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Card>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from product_cards
         where store_id = $1 and on_sale = true and (created_at_ms, id) < ($2, $3)
         order by created_at_ms desc, id desc limit $4", store, ms, id, limit)?)
}

/// Everything a store has not removed, newest first: the seller's own list.
pub async fn all_in(db: &Db, store: &StoreId, limit: i64) -> Result<Vec<Card>> {
    Ok(sql!(all db,
        "select * from product_cards
         where store_id = $1
         order by created_at_ms desc, id desc limit $2", store, limit)?)
}

/// What came in last in the whole market, newest first, after the row `(created_at_ms, id)`.
pub async fn fresh(db: &Db, after: Option<(i64, String)>, limit: i64) -> Result<Vec<Card>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from product_cards
         where on_sale = true and store_listed = true and (created_at_ms, id) < ($1, $2)
         order by created_at_ms desc, id desc limit $3", ms, id, limit)?)
}
