//! Writing products: a draft is checked whole, then created, or laid over the product that is there.

use std::collections::HashMap;

use base::{Tx, Won, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::label::{self, Told};
use super::{Choice, Fact, Product, ProductId, Story, VariantId, Withdrawal, find, of_store};
use crate::category::{self, Answers};
use crate::faults::Faults;
use crate::photo::{self, PhotoId};
use crate::text::{Listing, Text};
use crate::{Error, Result, Shop, set, stock};

/// Photos of one product.
pub(crate) const MAX_PHOTOS: usize = 10;
/// Things to choose.
pub(crate) const MAX_OPTIONS: usize = 3;
/// Variants of one product.
pub(crate) const MAX_VARIANTS: usize = 50;
/// The highest price and the highest stock of one variant.
pub(super) const MAX_PRICE: i64 = 100_000_000;
pub(super) const MAX_STOCK: i64 = 1_000_000;
/// The highest limit on what one buyer may have; more is no limit.
pub(super) const MAX_PER_BUYER: i64 = 999;
/// The longest name, short text and story.
const NAME: usize = 60;
const SHORT: usize = 200;
const STORY: usize = 3_000;
const MAX_STORIES: usize = 20;
const MAX_FACTS: usize = 30;
/// The longest number of the seller's own.
const CODE: usize = 40;

/// A product as a seller writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = NewProduct)]
pub struct Draft {
    pub name: Text,
    /// What one of it is: "2마리(약 800g)".
    pub unit: Text,
    /// 원산지, word for word as it stands beside the price.
    pub origin: Text,
    /// Ids of uploaded photos; the first is the cover.
    pub photos: Vec<PhotoId>,
    pub options: Vec<Choice>,
    /// At least one. Without options there is exactly one, with an empty `pick`.
    pub variants: Vec<NewVariant>,
    pub stories: Vec<Story>,
    /// The ingredient card, or what the law wants said of this kind of goods.
    pub facts: Vec<Fact>,
    /// Its place in the category tree: `fish.fresh`.
    pub category: String,
    /// Its answers to what the category asks: the question's id, and the chosen values' ids or what is written.
    pub attributes: Answers,
    /// The seller's own number of it; no two products of a store have the same. Empty: none.
    pub code: String,
    pub withdrawal: Withdrawal,
    pub parcel: bool,
    pub pickup: bool,
    /// Whether it travels in an ice box.
    pub cold: bool,
    /// So many pieces one buyer may have, over all their orders; 0: no limit.
    pub per_buyer: i64,
    /// Whether it is only kept, not put up: then it may lack what the law wants told. Of one that is there already
    /// this changes nothing.
    pub resting: bool,
}

/// A variant as a seller writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewVariant {
    /// For each option, in order, which of its values: `[0, 2]`.
    pub pick: Vec<usize>,
    pub price_won: Won,
    /// A lower price for orders from a show, while the show is on air.
    pub live_price_won: Option<Won>,
    /// Pieces on hand. Of a variant that is there already, the stock is changed by `stock::adjust` instead.
    pub stock: i64,
}

impl Draft {
    /// What the law wants told and this does not tell.
    pub(crate) fn lacking(&self) -> Vec<String> {
        category::lacking(&self.category, &self.attributes, &self.unit.ko)
    }

    /// Refuses one that lacks what the law wants told.
    pub(super) fn require_whole(&self) -> Result<()> {
        let lacking = self.lacking();
        if lacking.is_empty() { Ok(()) } else { Err(Error::Incomplete(lacking)) }
    }

    fn code_column(&self) -> Option<&str> {
        Some(self.code.as_str()).filter(|code| !code.is_empty())
    }

    /// The variant's name: its values in order, "조림용 토막 · 대".
    pub(crate) fn name_of(&self, variant: &NewVariant) -> Text {
        let values = variant.pick.iter().zip(&self.options).filter_map(|(at, option)| option.values.get(*at));
        let (ko, en): (Vec<_>, Vec<_>) = values.map(|text| (text.ko.as_str(), text.en.as_str())).unzip();
        let en = if en.iter().any(|text| text.is_empty()) { String::new() } else { en.join(" · ") };
        Text::new(ko.join(" · "), en)
    }
}

/// Puts a product on the stall. The same `key` gives the same product.
pub async fn create(shop: &Shop, store: &StoreId, key: &str, draft: Draft) -> Result<Product> {
    let draft = checked(draft)?;
    if !draft.resting {
        draft.require_whole()?;
    }
    let mut tx = shop.base.db.begin().await?;
    let id = create_in(&mut tx, store, key, &draft, shop.base.clock.now_ms()).await?;
    tx.commit().await?;
    shop.search.nudge();
    find(&shop.base.db, &id).await
}

/// Writes a draft that was [`checked`]; says which product it is, which an earlier try with the same `key` may have made.
pub(crate) async fn create_in(
    tx: &mut Tx,
    store: &StoreId,
    key: &str,
    draft: &Draft,
    now_ms: i64,
) -> Result<ProductId> {
    let id = ProductId::new(now_ms);
    photo::require(&mut *tx, &draft.photos).await?;
    require_own_code(&mut *tx, store, draft, key, None).await?;
    let made = sql!(run &mut *tx,
        "insert into products (id, store_id, key, name, name_en, unit, unit_en, origin, origin_en, cover, photos,
             options, stories, facts, withdrawal, parcel, pickup, cold, price_from_won, price_to_won, on_sale,
             created_at_ms, changed_at_ms, per_buyer, category, attributes, code)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
             $22, $23, $24, $25, $26)
         on conflict (store_id, key) do nothing",
        &id, store, key, &draft.name.ko, &draft.name.en, &draft.unit.ko, &draft.unit.en, &draft.origin.ko,
        &draft.origin.en, draft.photos.first(), Listing(draft.photos.clone()).to_column(),
        Listing(draft.options.clone()).to_column(), Listing(draft.stories.clone()).to_column(),
        Listing(draft.facts.clone()).to_column(), draft.withdrawal, draft.parcel, draft.pickup, draft.cold,
        lowest(draft), highest(draft), !draft.resting, now_ms, draft.per_buyer, &draft.category,
        draft.attributes.to_column(), draft.code_column())?;
    if made == 0 {
        return Ok(
            sql!(value &mut *tx, "select id from products where store_id = $1 and key = $2", store, key)?,
        );
    }
    lay_variants(&mut *tx, store, &id, draft, now_ms).await?;
    label::keep(&mut *tx, &id, &Told::by(draft), now_ms).await?;
    Ok(id)
}

/// Lays a draft over a product. Variants keep their ids by their names; those no longer named are retired.
pub async fn change(shop: &Shop, store: &StoreId, id: &ProductId, draft: Draft) -> Result<Product> {
    let draft = checked(draft)?;
    let now = of_store(&shop.base.db, store, id).await?;
    // One from before there was a tree stays up as it is, until it has a place there.
    if now.on_sale && !(now.category.is_empty() && draft.category.is_empty()) {
        draft.require_whole()?;
    }
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    photo::require(&mut tx, &draft.photos).await?;
    require_own_code(&mut tx, store, &draft, "", Some(id)).await?;
    sql!(run &mut tx,
        "update products set name = $3, name_en = $4, unit = $5, unit_en = $6, origin = $7, origin_en = $8, cover = $9,
             photos = $10, options = $11, stories = $12, facts = $13, withdrawal = $14, parcel = $15, pickup = $16,
             cold = $17, price_from_won = $18, price_to_won = $19, changed_at_ms = $20,
             per_buyer = $21, category = $22, attributes = $23, code = $24
         where id = $1 and store_id = $2",
        id, store, &draft.name.ko, &draft.name.en, &draft.unit.ko, &draft.unit.en, &draft.origin.ko, &draft.origin.en,
        draft.photos.first(), Listing(draft.photos.clone()).to_column(), Listing(draft.options.clone()).to_column(),
        Listing(draft.stories.clone()).to_column(), Listing(draft.facts.clone()).to_column(), draft.withdrawal,
        draft.parcel, draft.pickup, draft.cold, lowest(&draft), highest(&draft), now_ms, draft.per_buyer,
        &draft.category, draft.attributes.to_column(), draft.code_column())?;
    lay_variants(&mut tx, store, id, &draft, now_ms).await?;
    label::keep(&mut tx, id, &Told::by(&draft), now_ms).await?;
    tx.commit().await?;
    shop.search.nudge();
    find(&shop.base.db, id).await
}

/// Takes a product off sale: it leaves every list, and its page says so.
pub async fn remove(shop: &Shop, store: &StoreId, id: &ProductId) -> Result<()> {
    of_store(&shop.base.db, store, id).await?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "update products set on_sale = false, removed_at_ms = $3, changed_at_ms = $3
         where id = $1 and store_id = $2 and removed_at_ms is null", id, store, now_ms)?;
    tx.commit().await?;
    shop.search.nudge();
    Ok(())
}

/// Puts it back: the undo of [`remove`]. One that lacks what the law wants told comes back resting.
pub async fn restore(shop: &Shop, store: &StoreId, id: &ProductId) -> Result<()> {
    let product = of_store(&shop.base.db, store, id).await?;
    let whole = product.lacking().is_empty();
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "update products set on_sale = $4, removed_at_ms = null, changed_at_ms = $3
         where id = $1 and store_id = $2", id, store, now_ms, whole)?;
    tx.commit().await?;
    shop.search.nudge();
    Ok(())
}

/// Refuses a number that another of the store's products has. What the same `key` made is this product itself.
async fn require_own_code(
    tx: &mut Tx,
    store: &StoreId,
    draft: &Draft,
    key: &str,
    id: Option<&ProductId>,
) -> Result<()> {
    let Some(code) = draft.code_column() else { return Ok(()) };
    let other: Option<ProductId> = sql!(maybe &mut *tx,
        "select id from products where store_id = $1 and code = $2 and key <> $3", store, code, key)?;
    match other {
        Some(other) if Some(&other) != id => Err(Error::Invalid(vec![("code".to_owned(), "taken")])),
        _ => Ok(()),
    }
}

/// Writes the variants in the draft's order: known names keep their ids and stock, new ones begin with theirs.
async fn lay_variants(
    tx: &mut Tx,
    store: &StoreId,
    product: &ProductId,
    draft: &Draft,
    now_ms: i64,
) -> Result<()> {
    let known: Vec<(String, VariantId)> =
        sql!(all &mut *tx, "select name, id from variants where product_id = $1", product)?;
    let known: HashMap<String, VariantId> = known.into_iter().collect();
    let mut rows = Vec::with_capacity(draft.variants.len());
    let mut begun = Vec::new();
    for (place, variant) in draft.variants.iter().enumerate() {
        let name = draft.name_of(variant);
        let id = known.get(&name.ko).cloned().unwrap_or_else(|| VariantId::new(now_ms));
        if !known.contains_key(&name.ko) {
            begun.push((id.clone(), variant.stock));
        }
        rows.push(json!({
            "id": id, "place": place, "name": name.ko, "name_en": name.en, "price": variant.price_won,
            "live": variant.live_price_won,
        }));
    }
    sql!(run &mut *tx, "update variants set retired = true where product_id = $1", product)?;
    sql!(run &mut *tx,
        "insert into variants (id, store_id, product_id, place, name, name_en, price_won, live_price_won, retired)
         select j.value ->> 'id', $2, $3, cast(j.value ->> 'place' as bigint), j.value ->> 'name',
             j.value ->> 'name_en', cast(j.value ->> 'price' as bigint), cast(j.value ->> 'live' as bigint), false
         from json_each($1) as j where true
         on conflict (id) do update set place = excluded.place, name_en = excluded.name_en,
             price_won = excluded.price_won, live_price_won = excluded.live_price_won, retired = false", set::of(&rows)?, store, product)?;
    stock::begin(tx, store, product, &begun, now_ms).await
}

fn lowest(draft: &Draft) -> Won {
    draft.variants.iter().map(|variant| variant.price_won).min().unwrap_or_default()
}

fn highest(draft: &Draft) -> Won {
    draft.variants.iter().map(|variant| variant.price_won).max().unwrap_or_default()
}

pub(crate) fn checked(draft: Draft) -> Result<Draft> {
    let mut faults = Faults::default();
    let mut text = |field: &str, text: &Text, max: usize, needed: bool| {
        let ko =
            if needed { faults.needed(field, &text.ko, max) } else { faults.optional(field, &text.ko, max) };
        let en = faults.optional(&format!("{field}_en"), &text.en, max * 2);
        Text::new(ko, en)
    };
    let name = text("name", &draft.name, NAME, true);
    let unit = text("unit", &draft.unit, SHORT, false);
    let origin = text("origin", &draft.origin, SHORT, true);
    let stories: Vec<Story> = draft
        .stories
        .iter()
        .map(|story| Story {
            head: text("stories", &story.head, SHORT, false),
            body: text("stories", &story.body, STORY, false),
        })
        .filter(|story| !story.body.ko.is_empty())
        .collect();
    let facts: Vec<Fact> = draft
        .facts
        .iter()
        .map(|fact| Fact {
            name: text("facts", &fact.name, SHORT, false),
            value: text("facts", &fact.value, STORY, false),
        })
        .filter(|fact| !fact.name.ko.is_empty() && !fact.value.ko.is_empty())
        .collect();
    let options: Vec<Choice> = draft
        .options
        .iter()
        .map(|option| Choice {
            name: text("options", &option.name, NAME, true),
            values: option.values.iter().map(|value| text("options", value, NAME, true)).collect(),
        })
        .collect();
    faults.unless(stories.len() <= MAX_STORIES, "stories", "too-many");
    faults.unless(facts.len() <= MAX_FACTS, "facts", "too-many");
    faults.unless(draft.photos.len() <= MAX_PHOTOS, "photos", "too-many");
    faults.unless(draft.parcel || draft.pickup, "delivery", "choose");
    faults.between("per_buyer", draft.per_buyer, 0, MAX_PER_BUYER);
    check_variants(&mut faults, &options, &draft.variants);
    let code = faults.optional("code", &draft.code, CODE);
    faults.unless(
        draft.category.is_empty() || category::schema().category(&draft.category).is_some(),
        "category",
        "choose",
    );
    let attributes = category::checked(&draft.attributes, &mut faults);
    faults.done()?;
    Ok(Draft { name, unit, origin, stories, facts, options, code, attributes, ..draft })
}

fn check_variants(faults: &mut Faults, options: &[Choice], variants: &[NewVariant]) {
    faults.unless(options.len() <= MAX_OPTIONS, "options", "too-many");
    faults.unless(options.iter().all(|option| !option.values.is_empty()), "options", "empty");
    faults.unless(!variants.is_empty(), "variants", "empty");
    faults.unless(variants.len() <= MAX_VARIANTS, "variants", "too-many");
    let mut picks: Vec<&[usize]> = variants.iter().map(|variant| variant.pick.as_slice()).collect();
    picks.sort_unstable();
    let twice = picks.windows(2).any(|pair| pair[0] == pair[1]);
    let strange = variants.iter().any(|variant| {
        variant.pick.len() != options.len()
            || variant.pick.iter().zip(options).any(|(at, option)| *at >= option.values.len())
    });
    faults.unless(!twice && !strange, "variants", "pick");
    for variant in variants {
        faults.between("price_won", variant.price_won.0, 1, MAX_PRICE);
        faults.between("stock", variant.stock, 0, MAX_STOCK);
        let live = variant.live_price_won.map_or(1, |won| won.0);
        faults.unless((1..variant.price_won.0.max(2)).contains(&live), "live_price_won", "live-price");
    }
}
