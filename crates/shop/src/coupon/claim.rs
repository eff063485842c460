//! Coupons that are taken: handed out in a show, first come first served, and good only for whoever took one.
//!
//! Who hands them out counts them; here stands only who has one. A code that was told on is of no use to others.

use base::db::Run;
use base::{Db, Tx, sql};
use people::{PersonId, StoreId};
use serde_json::json;

use super::{Coupon, CouponId, Standing};
use crate::{Result, set};

/// Coupons of one buyer that are tried on a basket, to find the one that saves most.
const MOST_TRIED: i64 = 5;

/// Gives a coupon to each of these people. Whoever has it keeps it.
pub async fn put(tx: &mut Tx, claims: &[(CouponId, PersonId)], now_ms: i64) -> base::Result<()> {
    if claims.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> =
        claims.iter().map(|(coupon, person)| json!({ "id": coupon, "buyer": buyer(person) })).collect();
    sql!(run tx,
        "insert into coupon_claims (coupon_id, buyer, at_ms)
         select j.value ->> 'id', j.value ->> 'buyer', $2 from json_each($1) as j where true
         on conflict (coupon_id, buyer) do nothing", serde_json::to_string(&rows)?, now_ms)?;
    Ok(())
}

/// The name this person's orders are kept under, as [`crate::Buyer::id`] says it.
fn buyer(person: &PersonId) -> String {
    format!("person:{person}")
}

/// Who of `buyers` has taken which of `coupons`; those that need no taking are left out.
pub(crate) async fn of<'a>(
    on: impl Run<'a>,
    coupons: &[Coupon],
    buyers: &[String],
) -> Result<Vec<(CouponId, String)>> {
    let taken: Vec<_> = coupons.iter().filter(|coupon| coupon.by_claim).map(|coupon| &coupon.id).collect();
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql!(all on,
        "select coupon_id, buyer from coupon_claims
         where coupon_id in (select j.value ->> 'id' from json_each($1) as j)
             and buyer in (select j.value ->> 'id' from json_each($2) as j)",
        set::ids(taken)?, set::ids(buyers)?)?)
}

/// Coupons of a store that one of `buyers` has taken and that run now, newest first: their codes.
pub(crate) async fn to_use(db: &Db, store: &StoreId, buyers: &[String], now_ms: i64) -> Result<Vec<String>> {
    let taken: Vec<Coupon> = sql!(all db,
        "select c.* from coupons c
         where c.store_id = $1 and c.by_claim and c.id in
             (select t.coupon_id from coupon_claims t
              where t.buyer in (select j.value ->> 'id' from json_each($2) as j))
         order by c.created_at_ms desc, c.id desc limit $3", store, set::ids(buyers)?, MOST_TRIED)?;
    let running = taken.into_iter().filter(|coupon| coupon.standing(now_ms) == Standing::Running);
    Ok(running.map(|coupon| coupon.code).collect())
}

/// A store's coupons that may be handed out now, newest first.
pub async fn to_hand_out(db: &Db, store: &StoreId, now_ms: i64, limit: i64) -> Result<Vec<Coupon>> {
    let all: Vec<Coupon> = sql!(all db,
        "select * from coupons where store_id = $1 and by_claim order by created_at_ms desc, id desc limit $2",
        store, limit)?;
    Ok(all.into_iter().filter(|coupon| coupon.standing(now_ms) == Standing::Running).collect())
}
