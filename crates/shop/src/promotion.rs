//! Promotions: what a stall takes off by itself, for a while, without anybody typing a code.
//!
//! Of those that run, the one that saves the buyer most applies, alone (see [`crate::discount`]). A change counts for
//! orders to come; what was ordered keeps its price and the name it was told.

use base::db::Run;
use base::{Db, Id, Tx, Won, sql};
use jiff::Timestamp;
use people::StoreId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use web::{Arg, Lang, words};

use crate::discount::{Gives, Rule};
use crate::faults::Faults;
use crate::product::{Card, ProductId};
use crate::text::{Text, read};
use crate::{Error, Result, Shop, set};

pub(crate) mod api;
pub(crate) mod form;
pub(crate) mod pages;

/// Promotions of one store that were not ended.
const MAX_STANDING: i64 = 30;
/// The longest name.
const NAME: usize = 40;
/// The most pieces a promotion may ask for: what one order may have of one thing.
const MAX_QUANTITY: i64 = crate::cart::MAX_QUANTITY;
/// Until when a promotion without an end runs.
const FOREVER_MS: i64 = 9_000_000_000_000_000;

/// Names a promotion in [`PromotionId`].
pub enum PromotionMark {}
/// The id of a promotion.
pub type PromotionId = Id<PromotionMark>;

/// A promotion as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Promotion {
    pub id: PromotionId,
    pub store_id: StoreId,
    pub name: String,
    pub name_en: String,
    #[sqlx(flatten)]
    pub rule: Rule,
    /// It holds for goods of which there are so many.
    pub from_quantity: i64,
    /// Whether it is for those who order here for the first time.
    pub first_order: bool,
    pub starts_at_ms: i64,
    pub ends_at_ms: Option<i64>,
    pub ended_at_ms: Option<i64>,
    pub created_at_ms: i64,
    pub(crate) body_hash: String,
}

/// Whether something of a store's counts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DiscountStanding)]
pub enum Standing {
    /// Not yet.
    Coming,
    Running,
    /// By the seller, or by its time.
    Over,
}

impl Standing {
    /// The end of its words' key.
    pub fn slug(self) -> &'static str {
        match self {
            Standing::Coming => "coming",
            Standing::Running => "running",
            Standing::Over => "over",
        }
    }
}

impl Promotion {
    /// The name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }

    /// What it gives, in words: "3개부터 10% 할인".
    pub fn said(&self, lang: Lang) -> String {
        said(lang, &self.rule, self.from_quantity, self.first_order)
    }

    /// Whether it counts at this moment.
    pub fn standing(&self, now_ms: i64) -> Standing {
        if self.ended_at_ms.is_some() || self.ends_at_ms.is_some_and(|ends| ends <= now_ms) {
            Standing::Over
        } else if self.starts_at_ms > now_ms {
            Standing::Coming
        } else {
            Standing::Running
        }
    }

    #[cfg(test)]
    pub(crate) fn sample(store: &StoreId, rule: Rule, from_quantity: i64) -> Promotion {
        Promotion {
            id: PromotionId::new(1),
            store_id: store.clone(),
            name: "할인".into(),
            name_en: String::new(),
            rule,
            from_quantity,
            first_order: false,
            starts_at_ms: 0,
            ends_at_ms: None,
            ended_at_ms: None,
            created_at_ms: 0,
            body_hash: String::new(),
        }
    }

    /// What one piece at `price` costs with it, when that depends on nothing else.
    pub fn price_of_one(&self, price: Won) -> Option<Won> {
        let plain = !self.first_order && self.from_quantity == 1 && self.rule.least_won <= price;
        let off = if plain { self.rule.off(price) } else { Won::ZERO };
        let left = (price - off).max(crate::discount::LEAST.min(price));
        (off > Won::ZERO && left < price).then_some(left)
    }
}

/// What a rule gives and when, as people say it.
pub(crate) fn said(lang: Lang, rule: &Rule, from_quantity: i64, first_order: bool) -> String {
    let with = |key: &str, name: &'static str, value: Arg<'_>| words::say(lang, key, vec![(name, value)]);
    let what = match rule.gives {
        Gives::Percentage => with("discount-percentage", "percent", rule.percent.into()),
        Gives::Amount => with("discount-amount", "won", rule.amount_won.into()),
        Gives::FreeDelivery => words::say(lang, "discount-free-delivery", Vec::new()),
    };
    let mut parts = Vec::new();
    if first_order {
        parts.push(words::say(lang, "discount-first-order", Vec::new()));
    }
    if rule.least_won > Won::ZERO {
        parts.push(with("discount-least", "won", rule.least_won.into()));
    }
    if from_quantity > 1 {
        parts.push(with("discount-from-quantity", "count", from_quantity.into()));
    }
    let (when, most) = (parts.join(" "), rule.most_won);
    let said = if when.is_empty() {
        what
    } else {
        words::say(lang, "discount-when", vec![("when", when.into()), ("what", what.into())])
    };
    if most > Won::ZERO {
        words::say(lang, "discount-most", vec![("said", said.into()), ("won", most.into())])
    } else {
        said
    }
}

/// A promotion as a seller writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewPromotion {
    /// What buyers read; said from the rule when empty.
    pub name: Text,
    #[serde(flatten)]
    pub rule: Rule,
    /// It holds for goods of which there are so many; 1 when absent.
    pub from_quantity: Option<i64>,
    /// Whether it is for those who order here for the first time.
    pub first_order: bool,
    /// RFC 3339; at once when absent.
    #[schema(value_type = Option<String>)]
    pub starts_at: Option<Timestamp>,
    /// RFC 3339; until it is ended when absent.
    #[schema(value_type = Option<String>)]
    pub ends_at: Option<Timestamp>,
}

/// Makes a promotion. The same `key` gives the same promotion.
pub async fn create(shop: &Shop, store: &StoreId, key: &str, new: NewPromotion) -> Result<Promotion> {
    let body_hash = hash(&new)?;
    let new = checked(new)?;
    let now_ms = shop.base.clock.now_ms();
    let id = PromotionId::new(now_ms);
    let mut tx = shop.base.db.begin().await?;
    lock(&mut tx, store).await?;
    let same: Option<Promotion> =
        sql!(opt &mut tx, "select * from promotions where store_id = $1 and key = $2", store, key)?;
    if let Some(same) = same {
        tx.rollback().await?;
        return if same.body_hash == body_hash { Ok(same) } else { Err(Error::KeyReused) };
    }
    require(&mut tx, store, &new.rule.products).await?;
    let rule = &new.rule;
    let made = sql!(run &mut tx,
        "insert into promotions (id, store_id, key, body_hash, name, name_en, gives, percent, amount_won, most_won,
             least_won, from_quantity, first_order, products, starts_at_ms, ends_at_ms, created_at_ms, changed_at_ms)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17
         where (select count(*) from promotions where store_id = $2 and ended_at_ms is null) < $18",
        &id, store, key, body_hash, &new.name.ko, &new.name.en, rule.gives, rule.percent, rule.amount_won,
        rule.most_won, rule.least_won, new.from_quantity.unwrap_or(1), new.first_order, rule.products.to_column(),
        new.starts_at.map_or(now_ms, Timestamp::as_millisecond), new.ends_at.map(Timestamp::as_millisecond), now_ms,
        MAX_STANDING)?;
    if made == 0 {
        tx.rollback().await?;
        return Err(Error::TooManyDiscounts);
    }
    tell_store(&mut tx, store).await?;
    tx.commit().await?;
    of_store(&shop.base.db, store, &id).await
}

/// Changes a promotion, for orders to come.
pub async fn change(shop: &Shop, store: &StoreId, id: &PromotionId, new: NewPromotion) -> Result<Promotion> {
    let new = checked(new)?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    lock(&mut tx, store).await?;
    require(&mut tx, store, &new.rule.products).await?;
    let rule = &new.rule;
    let done = sql!(run &mut tx,
        "update promotions set name = $3, name_en = $4, gives = $5, percent = $6, amount_won = $7, most_won = $8,
             least_won = $9, from_quantity = $10, first_order = $11, products = $12,
             starts_at_ms = coalesce($13, starts_at_ms), ends_at_ms = $14, changed_at_ms = $15
         where id = $1 and store_id = $2",
        id, store, &new.name.ko, &new.name.en, rule.gives, rule.percent, rule.amount_won, rule.most_won,
        rule.least_won, new.from_quantity.unwrap_or(1), new.first_order, rule.products.to_column(),
        new.starts_at.map(Timestamp::as_millisecond), new.ends_at.map(Timestamp::as_millisecond), now_ms)?;
    if done == 0 {
        tx.rollback().await?;
        return Err(Error::NotFound);
    }
    tell_store(&mut tx, store).await?;
    tx.commit().await?;
    of_store(&shop.base.db, store, id).await
}

/// Ends a promotion now. Ended already it stays so.
pub async fn end(shop: &Shop, store: &StoreId, id: &PromotionId) -> Result<Promotion> {
    set_ended(shop, store, id, Some(shop.base.clock.now_ms())).await
}

/// Lets a promotion go on: the undo of [`end`].
pub async fn resume(shop: &Shop, store: &StoreId, id: &PromotionId) -> Result<Promotion> {
    set_ended(shop, store, id, None).await
}

async fn set_ended(shop: &Shop, store: &StoreId, id: &PromotionId, at_ms: Option<i64>) -> Result<Promotion> {
    let mut tx = shop.base.db.begin().await?;
    lock(&mut tx, store).await?;
    sql!(run &mut tx,
        "update promotions set ended_at_ms = case when $3 is null then null else coalesce(ended_at_ms, $3) end
         where id = $1 and store_id = $2", id, store, at_ms)?;
    tell_store(&mut tx, store).await?;
    tx.commit().await?;
    of_store(&shop.base.db, store, id).await
}

/// The store's row first, so that of two changes at once the later one sees what the other wrote.
async fn lock(tx: &mut Tx, store: &StoreId) -> Result<()> {
    sql!(run tx, "update stores set promoted_until_ms = promoted_until_ms where id = $1", store)?;
    Ok(())
}

/// Writes beside the store until when it has a promotion, for whoever reads an offer.
pub(crate) async fn tell_store(tx: &mut Tx, store: &StoreId) -> Result<()> {
    sql!(run tx,
        "update stores set promoted_until_ms =
             (select coalesce(max(coalesce(p.ends_at_ms, $2)), 0) from promotions p
              where p.store_id = $1 and p.ended_at_ms is null)
         where id = $1", store, FOREVER_MS)?;
    Ok(())
}

/// Every one of these is this store's.
pub(crate) async fn require(tx: &mut Tx, store: &StoreId, products: &[ProductId]) -> Result<()> {
    let mut wanted: Vec<&ProductId> = products.iter().collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let known: i64 = sql!(value tx,
        "select count(*) from products
         where store_id = $1 and id in (select j.value ->> 'id' from json_each($2) as j)",
        store, set::ids(&wanted)?)?;
    if known == wanted.len() as i64 {
        Ok(())
    } else {
        Err(Error::Invalid(vec![("products".to_owned(), "choose")]))
    }
}

/// The promotions of some stores that run at this moment, the oldest first.
pub(crate) async fn running<'a>(on: impl Run<'a>, stores: &str, now_ms: i64) -> Result<Vec<Promotion>> {
    Ok(sql!(all on,
        "select * from promotions
         where store_id in (select j.value ->> 'id' from json_each($1) as j) and ended_at_ms is null
             and starts_at_ms <= $2 and (ends_at_ms is null or ends_at_ms > $2)
         order by created_at_ms, id", stores, now_ms)?)
}

/// The promotions that run in a store, where it has any.
pub(crate) async fn of_open_store(
    db: &Db,
    store: &crate::store::Store,
    now_ms: i64,
) -> Result<Vec<Promotion>> {
    if store.promoted_until_ms <= now_ms {
        return Ok(Vec::new());
    }
    running(db, &set::ids([&store.id])?, now_ms).await
}

/// The promotions that run in the stores of some cards; nothing is asked where there are none.
pub(crate) async fn of_cards(db: &Db, cards: &[Card], now_ms: i64) -> Result<Vec<Promotion>> {
    let mut stores: Vec<_> =
        cards.iter().filter(|card| card.promoted_until_ms > now_ms).map(|card| &card.store_id).collect();
    stores.sort_unstable();
    stores.dedup();
    if stores.is_empty() { Ok(Vec::new()) } else { running(db, &set::ids(stores)?, now_ms).await }
}

/// What a card says of the promotions for its product: the first one, and the price of one where it is plain.
pub(crate) fn on_card(lang: Lang, promotions: &[Promotion], card: &Card) -> String {
    let about =
        |promotion: &&Promotion| promotion.store_id == card.store_id && promotion.rule.is_about(&card.id);
    // The lowest price of one piece comes first; without one, what the stall made first.
    let mut ours: Vec<&Promotion> = promotions.iter().filter(about).collect();
    ours.sort_by_key(|promotion| promotion.price_of_one(card.price_from_won).unwrap_or(Won::MAX));
    ours.first().map(|promotion| with_price(lang, promotion, card.price_from_won)).unwrap_or_default()
}

/// "10% 할인 · 9,000원": what it gives, and the price of one where that is plain.
pub(crate) fn with_price(lang: Lang, promotion: &Promotion, price: Won) -> String {
    let said = promotion.said(lang);
    match promotion.price_of_one(price) {
        Some(won) => words::say(lang, "discount-price", vec![("said", said.into()), ("won", won.into())]),
        None => said,
    }
}

/// A promotion of this store's.
pub async fn of_store(db: &Db, store: &StoreId, id: &PromotionId) -> Result<Promotion> {
    sql!(opt db, "select * from promotions where id = $1 and store_id = $2", id, store)?
        .ok_or(Error::NotFound)
}

/// A promotion with what it brought: paid orders, what was taken off, and what they came to.
#[derive(Clone, Debug, FromRow)]
pub struct Brought {
    #[sqlx(flatten)]
    pub promotion: Promotion,
    pub orders: i64,
    pub discount_won: Won,
    pub sold_won: Won,
}

/// A store's promotions with what each brought, newest first, after the row `(created_at_ms, id)`.
pub async fn list(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Brought>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select p.*, b.orders, b.discount_won, b.sold_won
         from (select * from promotions where store_id = $1 and (created_at_ms, id) < ($2, $3)
               order by created_at_ms desc, id desc limit $4) as p
         join (select q.id as of_id, count(o.id) as orders,
                   cast(coalesce(sum(case when o.id is null then 0 else d.won end), 0) as bigint) as discount_won,
                   cast(coalesce(sum(o.total_won), 0) as bigint) as sold_won
               from promotions q
               left join order_discounts d on d.store_id = q.store_id and d.source_id = q.id
               left join orders o on o.id = d.order_id and o.order_state in ('confirmed', 'completed')
               where q.store_id = $1 group by q.id) as b on b.of_id = p.id
         order by p.created_at_ms desc, p.id desc", store, ms, id, limit)?)
}

pub(crate) fn checked(new: NewPromotion) -> Result<NewPromotion> {
    let mut faults = Faults::default();
    let rule = new.rule.checked(&mut faults);
    let from_quantity = faults.between("from_quantity", new.from_quantity.unwrap_or(1), 1, MAX_QUANTITY);
    let fits = match (new.starts_at, new.ends_at) {
        (Some(starts), Some(ends)) => starts < ends,
        _ => true,
    };
    faults.unless(fits, "ends_at", "ends-before");
    let say = |lang| said(lang, &rule, from_quantity, new.first_order);
    let name = named(&new.name, say, &mut faults);
    faults.done()?;
    Ok(NewPromotion { name, rule, from_quantity: Some(from_quantity), ..new })
}

/// The name as it was given, or as the rule says it.
pub(crate) fn named(name: &Text, say: impl Fn(Lang) -> String, faults: &mut Faults) -> Text {
    let ko = faults.optional("name", &name.ko, NAME);
    let en = faults.optional("name_en", &name.en, NAME * 2);
    if ko.is_empty() { Text::new(say(Lang::Ko), say(Lang::En)) } else { Text::new(ko, en) }
}

/// What makes two requests with one key the same.
pub(crate) fn hash(new: &impl Serialize) -> Result<String> {
    let text = set::of(new)?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}
