//! Holds: what an order reserves belongs to it for ten minutes. The next buyer lets expired holds go
//! on the way in; a job does when nobody comes.

use base::{Tx, sql};
use serde_json::json;
use sqlx::FromRow;

use super::OrderId;
use crate::coupon::{self, CouponId};
use crate::product::VariantId;
use crate::stock::{self, Amount};
use crate::{Result, Shop, deal, set};

/// How long goods are held while the buyer pays.
pub(crate) const HOLD_MS: i64 = 10 * 60 * 1000;
/// The job's name.
pub(crate) const EXPIRE: &str = "shop-expire";

#[derive(FromRow)]
struct Freed {
    order_id: OrderId,
    variant_id: VariantId,
    quantity: i64,
}

/// Lets go of every hold whose time is up, and calls its order off. A payment that comes in later
/// takes the goods again if they are there, and is given back if not.
pub(super) async fn let_go(tx: &mut Tx, now_ms: i64) -> Result<()> {
    let freed: Vec<Freed> = sql!(all &mut *tx,
        "update stock_reservations set state = 'expired' where state = 'held' and expires_at_ms <= $1
         returning order_id, variant_id, quantity", now_ms)?;
    if freed.is_empty() {
        return Ok(());
    }
    let amounts: Vec<Amount> = freed
        .iter()
        .map(|one| Amount { variant_id: one.variant_id.clone(), quantity: one.quantity })
        .collect();
    let levels = stock::unreserve(tx, &amounts).await?;
    let orders: Vec<_> = freed.iter().map(|one| json!({ "id": one.order_id })).collect();
    let over: Vec<(OrderId, Option<CouponId>)> = sql!(all &mut *tx,
        "update orders set order_state = 'canceled', canceled_for = 'expired', changed_at_ms = $2,
             payment_state = case payment_state when 'awaiting' then 'failed' else payment_state end
         where order_state = 'pending' and id in (select j.value ->> 'id' from json_each($1) as j)
         returning id, coupon_id",
        set::of(&orders)?, now_ms)?;
    let with_coupon: Vec<OrderId> =
        over.into_iter().filter(|(_, coupon)| coupon.is_some()).map(|(order, _)| order).collect();
    if !with_coupon.is_empty() {
        coupon::release(tx, &with_coupon, "expired").await?;
    }
    deal::tell(&mut *tx, &freed.iter().map(|one| &one.order_id).collect::<Vec<_>>()).await?;
    stock::tell(tx, &levels, &[]).await
}

/// The job: the same, when no buyer comes by. It goes through the writer, so that it never
/// contends with the buyers.
pub(crate) async fn expire(shop: &Shop) -> Result<()> {
    shop.placing.ask(super::place::Ask::Expire { now_ms: shop.base.clock.now_ms() }).await??;
    Ok(())
}
