//! Coupons: a code that takes something off, issued so many times and not once more.
//!
//! A coupon obeys the rule of stock: what an order takes of it is held with the order, spent when the order is paid,
//! and free again for others when the hold ends or the order is called off. The one conditional statement stands in
//! [`hold`], with the schema's `check (redeemed <= quantity)` beneath it.

use base::db::Run;
use base::{Db, Id, Random, Tx, Won, sql};
use jiff::Timestamp;
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;
use web::Lang;
use web::limits::Allowance;

use crate::discount::{Gives, Rule, Unfit};
use crate::faults::Faults;
use crate::order::OrderId;
use crate::promotion::{Standing, hash, named, require, said};
use crate::text::{Text, read};
use crate::{Buyer, Error, Result, Shop, set};

pub(crate) mod api;
pub mod claim;
pub(crate) mod pages;

/// Coupons of one store that were not ended.
const MAX_STANDING: i64 = 200;
/// The most that one coupon is issued.
const MAX_QUANTITY: i64 = 1_000_000;
/// The most often one buyer may use one.
const MAX_PER_BUYER: i64 = 1_000;
/// Codes that do not exist which one household may try.
const GUESSES: Allowance = Allowance { most: 20, within_ms: 10 * 60_000 };
/// Letters of a code.
const CODE: std::ops::RangeInclusive<usize> = 4..=20;
/// Letters of a code we make.
const MADE: usize = 8;
/// What a code we make is made of: nothing that looks or sounds like something else.
const LETTERS: &[u8] = b"ACDEFGHJKMNPQRTUVWXY34679";

/// Names a coupon in [`CouponId`].
pub enum CouponMark {}
/// The id of a coupon.
pub type CouponId = Id<CouponMark>;

/// Refuses every code of somebody who tried too many that do not exist: a right one would tell, too.
pub(crate) fn may_try(shop: &Shop, buyer: &Buyer) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let waits = shop.guesses.look(&buyer.counted_as(), GUESSES, now_ms);
    waits.map_err(|retry_after_s| Error::TooManyGuesses { retry_after_s })
}

/// Counts a code that does not exist.
pub(crate) fn count_guess(shop: &Shop, buyer: &Buyer) {
    // Whoever is over the limit is refused at the next code.
    let _ = shop.guesses.take(buyer.counted_as(), GUESSES, shop.base.clock.now_ms());
}

/// A coupon as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Coupon {
    pub id: CouponId,
    pub store_id: StoreId,
    /// As the seller gives it away.
    pub code: String,
    /// As it is compared.
    pub(crate) code_key: String,
    pub name: String,
    pub name_en: String,
    #[sqlx(flatten)]
    pub rule: Rule,
    pub quantity: i64,
    /// Held by orders or spent.
    pub redeemed: i64,
    /// How often one buyer may use it; 0: no limit.
    pub per_buyer: i64,
    /// Only for those who took one (see [`claim`]).
    pub by_claim: bool,
    pub ends_at_ms: Option<i64>,
    pub ended_at_ms: Option<i64>,
    pub created_at_ms: i64,
    body_hash: String,
}

/// Why a coupon does not count for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponFault {
    /// No such code at this store.
    Unknown,
    /// Its time is over, or the seller ended it.
    Over,
    /// All of them are held or spent.
    UsedUp,
    /// This buyer has used it as often as one may.
    AlreadyUsed,
    /// It is for those who took one in a show, and this buyer did not.
    NotTaken,
    /// It is for other goods.
    OtherGoods,
    /// It holds from this much of the goods it is about.
    TooLittle(Won),
}

impl CouponFault {
    /// The problem's name, and the field's.
    pub fn slug(self) -> &'static str {
        match self {
            CouponFault::Unknown => "coupon-unknown",
            CouponFault::Over => "coupon-over",
            CouponFault::UsedUp => "coupon-used-up",
            CouponFault::AlreadyUsed => "coupon-already-used",
            CouponFault::NotTaken => "coupon-not-taken",
            CouponFault::OtherGoods => "coupon-other-goods",
            CouponFault::TooLittle(_) => "coupon-too-little",
        }
    }
}

impl From<Unfit> for CouponFault {
    fn from(unfit: Unfit) -> CouponFault {
        match unfit {
            Unfit::OtherGoods => CouponFault::OtherGoods,
            Unfit::TooLittle(least) => CouponFault::TooLittle(least),
        }
    }
}

impl Coupon {
    /// The name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }

    /// What it gives, in words.
    pub fn said(&self, lang: Lang) -> String {
        said(lang, &self.rule, 1, false)
    }

    /// Whether it counts at this moment.
    pub fn standing(&self, now_ms: i64) -> Standing {
        let over = self.ended_at_ms.is_some() || self.ends_at_ms.is_some_and(|ends| ends <= now_ms);
        if over { Standing::Over } else { Standing::Running }
    }

    /// Whether somebody who used it `used` times may take one now.
    pub(crate) fn is_free(&self, used: i64, now_ms: i64) -> Result<(), CouponFault> {
        if self.standing(now_ms) == Standing::Over {
            Err(CouponFault::Over)
        } else if self.per_buyer > 0 && used >= self.per_buyer {
            Err(CouponFault::AlreadyUsed)
        } else if self.redeemed >= self.quantity {
            Err(CouponFault::UsedUp)
        } else {
            Ok(())
        }
    }

    #[cfg(test)]
    pub(crate) fn sample(rule: Rule) -> Coupon {
        Coupon {
            id: CouponId::new(1),
            store_id: StoreId::new(1),
            code: "A".into(),
            code_key: "A".into(),
            name: "쿠폰".into(),
            name_en: String::new(),
            rule,
            quantity: 1,
            redeemed: 0,
            per_buyer: 1,
            by_claim: false,
            ends_at_ms: None,
            ended_at_ms: None,
            created_at_ms: 0,
            body_hash: String::new(),
        }
    }
}

/// A code as it is compared: without spaces and hyphens, large, and with letters that look alike made one. Empty when
/// it cannot be a code.
pub fn key_of(typed: &str) -> String {
    let key: String = plain(typed)
        .chars()
        .map(|letter| match letter {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        })
        .collect();
    let fits = CODE.contains(&key.chars().count())
        && key.chars().all(|letter| letter.is_ascii_alphanumeric() || ('가'..='힣').contains(&letter));
    if fits { key } else { String::new() }
}

/// A code as it is shown.
fn plain(typed: &str) -> String {
    let half_width = |letter: char| match letter {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
            char::from_u32(letter as u32 - 0xFEE0).unwrap_or(letter)
        }
        letter => letter,
    };
    typed
        .chars()
        .map(half_width)
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '‐' | '–'))
        .map(|letter| letter.to_ascii_uppercase())
        // More is no code, whatever it is.
        .take(CODE.end() + 1)
        .collect()
}

/// A code nobody had before.
fn made(random: &Random) -> String {
    (0..MADE).map(|_| char::from(LETTERS[random.below(LETTERS.len() as u64) as usize])).collect()
}

/// A coupon as a seller writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewCoupon {
    /// 4 to 20 letters and digits; made when empty. It is never changed.
    pub code: String,
    /// What buyers read; said from the rule when empty.
    pub name: Text,
    #[serde(flatten)]
    pub rule: Rule,
    /// How many are issued.
    pub quantity: i64,
    /// How often one buyer may use it, 1 when absent; 0: as often as they like.
    pub per_buyer: Option<i64>,
    /// Whether it is only for those who took one in a show. It is never changed.
    pub by_claim: bool,
    /// RFC 3339; until it is ended when absent.
    #[schema(value_type = Option<String>)]
    pub ends_at: Option<Timestamp>,
}

/// Issues a coupon. The same `key` gives the same coupon.
pub async fn create(shop: &Shop, store: &StoreId, key: &str, new: NewCoupon) -> Result<Coupon> {
    let body_hash = hash(&new)?;
    let new = checked(new)?;
    let now_ms = shop.base.clock.now_ms();
    let id = CouponId::new(now_ms);
    let code = if new.code.is_empty() { made(&shop.base.random) } else { plain(&new.code) };
    let mut tx = shop.base.db.begin().await?;
    // Of two equal requests at once the second sees what the first wrote.
    sql!(run &mut tx, "update stores set promoted_until_ms = promoted_until_ms where id = $1", store)?;
    let same: Option<Coupon> =
        sql!(opt &mut tx, "select * from coupons where store_id = $1 and key = $2", store, key)?;
    if let Some(same) = same {
        tx.rollback().await?;
        return if same.body_hash == body_hash { Ok(same) } else { Err(Error::KeyReused) };
    }
    require(&mut tx, store, &new.rule.products).await?;
    let taken: i64 = sql!(value &mut tx,
        "select count(*) from coupons where store_id = $1 and code_key = $2", store, key_of(&code))?;
    if taken > 0 {
        tx.rollback().await?;
        return Err(Error::Invalid(vec![("code".to_owned(), "coupon-code-taken")]));
    }
    let rule = &new.rule;
    let done = sql!(run &mut tx,
        "insert into coupons (id, store_id, key, body_hash, code, code_key, name, name_en, gives, percent, amount_won,
             most_won, least_won, products, quantity, redeemed, per_buyer, ends_at_ms, created_at_ms, changed_at_ms,
             by_claim)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16, $17, $18, $18, $20
         where (select count(*) from coupons where store_id = $2 and ended_at_ms is null) < $19",
        &id, store, key, body_hash, &code, key_of(&code), &new.name.ko, &new.name.en, rule.gives, rule.percent,
        rule.amount_won, rule.most_won, rule.least_won, rule.products.to_column(), new.quantity,
        new.per_buyer.unwrap_or(1), new.ends_at.map(Timestamp::as_millisecond), now_ms, MAX_STANDING,
        new.by_claim)?;
    if done == 0 {
        tx.rollback().await?;
        return Err(Error::TooManyDiscounts);
    }
    tx.commit().await?;
    of_store(&shop.base.db, store, &id).await
}

/// Changes a coupon, for orders to come. Never fewer than are held and spent; the code stays.
pub async fn change(shop: &Shop, store: &StoreId, id: &CouponId, new: NewCoupon) -> Result<Coupon> {
    let new = checked(NewCoupon { code: String::new(), ..new })?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    require(&mut tx, store, &new.rule.products).await?;
    let rule = &new.rule;
    let done = sql!(run &mut tx,
        "update coupons set name = $3, name_en = $4, gives = $5, percent = $6, amount_won = $7, most_won = $8,
             least_won = $9, products = $10, quantity = $11, per_buyer = $12, ends_at_ms = $13, changed_at_ms = $14
         where id = $1 and store_id = $2 and redeemed <= $11",
        id, store, &new.name.ko, &new.name.en, rule.gives, rule.percent, rule.amount_won, rule.most_won,
        rule.least_won, rule.products.to_column(), new.quantity, new.per_buyer.unwrap_or(1),
        new.ends_at.map(Timestamp::as_millisecond), now_ms)?;
    if done == 0 {
        tx.rollback().await?;
        of_store(&shop.base.db, store, id).await?;
        return Err(Error::Invalid(vec![("quantity".to_owned(), "coupon-quantity-promised")]));
    }
    tx.commit().await?;
    of_store(&shop.base.db, store, id).await
}

/// Ends a coupon now. What orders hold of it they keep.
pub async fn end(shop: &Shop, store: &StoreId, id: &CouponId) -> Result<Coupon> {
    set_ended(shop, store, id, Some(shop.base.clock.now_ms())).await
}

/// Lets a coupon go on: the undo of [`end`].
pub async fn resume(shop: &Shop, store: &StoreId, id: &CouponId) -> Result<Coupon> {
    set_ended(shop, store, id, None).await
}

async fn set_ended(shop: &Shop, store: &StoreId, id: &CouponId, at_ms: Option<i64>) -> Result<Coupon> {
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "update coupons set ended_at_ms = case when $3 is null then null else coalesce(ended_at_ms, $3) end
         where id = $1 and store_id = $2", id, store, at_ms)?;
    tx.commit().await?;
    of_store(&shop.base.db, store, id).await
}

/// A coupon of this store's.
pub async fn of_store(db: &Db, store: &StoreId, id: &CouponId) -> Result<Coupon> {
    sql!(opt db, "select * from coupons where id = $1 and store_id = $2", id, store)?.ok_or(Error::NotFound)
}

/// A coupon with what it brought: paid orders, what was taken off, and what they came to.
#[derive(Clone, Debug, FromRow)]
pub struct Brought {
    #[sqlx(flatten)]
    pub coupon: Coupon,
    pub orders: i64,
    pub discount_won: Won,
    pub sold_won: Won,
}

/// A store's coupons with what each brought, newest first, after the row `(created_at_ms, id)`.
pub async fn list(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Brought>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select c.*, b.orders, b.discount_won, b.sold_won
         from (select * from coupons where store_id = $1 and (created_at_ms, id) < ($2, $3)
               order by created_at_ms desc, id desc limit $4) as c
         join (select q.id as of_id, count(o.id) as orders,
                   cast(coalesce(sum(case when o.id is null then 0 else d.won end), 0) as bigint) as discount_won,
                   cast(coalesce(sum(o.total_won), 0) as bigint) as sold_won
               from coupons q
               left join order_discounts d on d.store_id = q.store_id and d.source_id = q.id
               left join orders o on o.id = d.order_id and o.order_state in ('confirmed', 'completed')
               where q.store_id = $1 group by q.id) as b on b.of_id = c.id
         order by c.created_at_ms desc, c.id desc", store, ms, id, limit)?)
}

pub(crate) fn checked(new: NewCoupon) -> Result<NewCoupon> {
    let mut faults = Faults::default();
    let rule = new.rule.checked(&mut faults);
    faults.unless(rule.gives != Gives::FreeDelivery, "gives", "choose");
    faults.unless(new.code.is_empty() || !key_of(&new.code).is_empty(), "code", "coupon-code");
    let quantity = faults.between("quantity", new.quantity, 1, MAX_QUANTITY);
    let per_buyer = faults.between("per_buyer", new.per_buyer.unwrap_or(1), 0, MAX_PER_BUYER);
    let name = named(&new.name, |lang| said(lang, &rule, 1, false), &mut faults);
    faults.done()?;
    Ok(NewCoupon { name, rule, quantity, per_buyer: Some(per_buyer), ..new })
}

// What orders do with coupons. Stock's rows are locked before a coupon's, always, so that nobody waits crosswise.

/// Coupons by store and code, locked until the commit: what is read of them stays true until it is written.
pub(crate) async fn lock(tx: &mut Tx, wanted: &[(StoreId, String)]) -> Result<Vec<Coupon>> {
    Ok(sql!(all tx,
        "update coupons set redeemed = redeemed
         where id in (select c.id from json_each($1) as j
                      join coupons c on c.store_id = j.value ->> 'store' and c.code_key = j.value ->> 'code')
         returning *", codes(wanted)?)?)
}

/// The same, to show.
pub(crate) async fn by_code(db: &Db, wanted: &[(StoreId, String)]) -> Result<Vec<Coupon>> {
    Ok(sql!(all db,
        "select c.* from json_each($1) as j
         join coupons c on c.store_id = j.value ->> 'store' and c.code_key = j.value ->> 'code'", codes(wanted)?)?)
}

fn codes(wanted: &[(StoreId, String)]) -> Result<String> {
    let rows: Vec<_> = wanted.iter().map(|(store, code)| json!({ "store": store, "code": code })).collect();
    set::of(&rows)
}

/// How often each of these buyers holds or has spent each of these coupons.
pub(crate) async fn used<'a>(
    on: impl Run<'a>,
    coupons: &[Coupon],
    buyers: &[String],
) -> Result<Vec<(CouponId, String, i64)>> {
    Ok(sql!(all on,
        "select coupon_id, buyer, count(*) from coupon_redemptions
         where coupon_id in (select j.value ->> 'id' from json_each($1) as j)
             and buyer in (select j.value ->> 'id' from json_each($2) as j) and state in ('held', 'committed')
         group by coupon_id, buyer",
        set::ids(coupons.iter().map(|coupon| &coupon.id))?, set::ids(buyers)?)?)
}

/// What an order takes of a coupon.
pub(crate) struct Taken<'a> {
    pub(crate) coupon: &'a CouponId,
    pub(crate) store: &'a StoreId,
    pub(crate) order: &'a OrderId,
    pub(crate) buyer: &'a str,
}

/// Holds one of a coupon for each order, one statement a coupon at most; a row that refuses refuses the batch, which is
/// then tried order by order.
pub(crate) async fn hold(tx: &mut Tx, taken: &[Taken<'_>], now_ms: i64) -> Result<()> {
    let rows: Vec<_> = taken
        .iter()
        .map(|one| json!({ "id": one.coupon, "store": one.store, "order": one.order, "buyer": one.buyer }))
        .collect();
    let rows = set::of(&rows)?;
    let mut wanted: Vec<&CouponId> = taken.iter().map(|one| one.coupon).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let held = sql!(run &mut *tx,
        "update coupons set redeemed = redeemed + f.pieces
         from (select j.value ->> 'id' as id, count(*) as pieces from json_each($1) as j group by j.value ->> 'id') as f
         where coupons.id = f.id and redeemed + f.pieces <= quantity", &rows)?;
    if held != wanted.len() as u64 {
        return Err(Error::Coupon(CouponFault::UsedUp));
    }
    sql!(run tx,
        "insert into coupon_redemptions (id, store_id, coupon_id, order_id, buyer, state, at_ms)
         select j.value ->> 'order', j.value ->> 'store', j.value ->> 'id', j.value ->> 'order', j.value ->> 'buyer',
             'held', $2
         from json_each($1) as j", &rows, now_ms)?;
    Ok(())
}

/// Spends what a paid order holds.
pub(crate) async fn commit(tx: &mut Tx, order: &OrderId) -> Result<()> {
    sql!(run tx,
        "update coupon_redemptions set state = 'committed' where order_id = $1 and state = 'held'", order)?;
    Ok(())
}

/// Turns what was spent back into a hold: the money was taken back, and may come again.
pub(crate) async fn unspend(tx: &mut Tx, order: &OrderId) -> Result<()> {
    sql!(run tx,
        "update coupon_redemptions set state = 'held' where order_id = $1 and state = 'committed'", order)?;
    Ok(())
}

/// Gives back what orders hold or have spent: `state` says why. Others may have it.
pub(crate) async fn release(tx: &mut Tx, orders: &[OrderId], state: &str) -> Result<()> {
    let freed: Vec<CouponId> = sql!(values &mut *tx,
        "update coupon_redemptions set state = $2
         where order_id in (select j.value ->> 'id' from json_each($1) as j) and state in ('held', 'committed')
         returning coupon_id", set::ids(orders)?, state)?;
    if freed.is_empty() {
        return Ok(());
    }
    sql!(run tx,
        "update coupons set redeemed = redeemed - f.pieces
         from (select j.value ->> 'id' as id, count(*) as pieces from json_each($1) as j group by j.value ->> 'id') as f
         where coupons.id = f.id", set::ids(&freed)?)?;
    Ok(())
}

/// Takes again what an order had let go, if there is still one. `false`: somebody else has the last.
pub(crate) async fn hold_again(tx: &mut Tx, order: &OrderId) -> Result<bool> {
    let wanted: Option<CouponId> = sql!(maybe &mut *tx,
        "select coupon_id from coupon_redemptions where order_id = $1 and state = 'expired'", order)?;
    let Some(wanted) = wanted else { return Ok(true) };
    let taken = sql!(run &mut *tx,
        "update coupons set redeemed = redeemed + 1 where id = $1 and redeemed < quantity", &wanted)?;
    if taken == 1 {
        sql!(run tx, "update coupon_redemptions set state = 'held' where order_id = $1", order)?;
    }
    Ok(taken == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for (typed, key) in [
            ("kimjang10", "K1MJANG10"),
            (" KIM-JANG lO ", "K1MJANG10"),
            ("ＫＩＭＪＡＮＧ１０", "K1MJANG10"),
            ("김장2026", "김장2026"),
            ("abc", ""),
            ("'; drop", ""),
            ("ABCDEFGHJKMNPQRSTUVWX", ""),
        ] {
            assert_eq!(key_of(typed), key, "{typed}");
        }
    }

    #[test]
    fn a_code_we_make_is_a_code_and_holds_no_letter_that_looks_like_another() {
        let random = Random::seeded(7);
        for _ in 0..200 {
            let code = made(&random);
            assert_eq!((key_of(&code), code.len()), (code.clone(), MADE));
        }
    }
}
