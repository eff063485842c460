//! The round of every hour: a seller is told before a clock runs out, and what was sent long ago is completed.

use base::{events, jobs, sql};
use serde_json::json;
use sqlx::FromRow;

use super::{ReturnId, ReturnState};
use crate::{Result, Shop, StoreId, shipment};

/// The job's name.
const HOURLY: &str = "shop-after-sale-hourly";
const HOUR_MS: i64 = 3_600_000;
/// How long before its end a clock is told, and how often at the most.
const BEFORE_MS: i64 = 24 * HOUR_MS;
/// Reminders of one round; the next tells the rest.
const ROWS: i64 = 500;

/// Puts the next round into the queue, unless it is there.
pub async fn begin_rounds(shop: &Shop) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    jobs::put_round(&mut tx, HOURLY, HOUR_MS, shop.base.clock.now_ms()).await?;
    Ok(tx.commit().await?)
}

#[derive(FromRow)]
struct Due {
    id: ReturnId,
    store_id: StoreId,
    state: ReturnState,
    due_at_ms: i64,
}

async fn hourly(shop: &Shop) -> Result<()> {
    begin_rounds(shop).await?;
    shipment::complete_silent(shop).await?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let due: Vec<Due> = sql!(all &mut tx,
        "update returns set reminded_at_ms = $1
         where id in (select r.id from returns r where r.state in ('asked', 'arrived') and r.due_at_ms < $1 + $2
                        and r.reminded_at_ms <= $1 - $2 order by r.due_at_ms limit $3)
         returning id, store_id, state, due_at_ms", now_ms, BEFORE_MS, ROWS)?;
    for one in &due {
        let said = match one.state {
            ReturnState::Arrived if one.due_at_ms < now_ms => "환불할 날이 지났어요",
            ReturnState::Arrived => "오늘내일 안에 환불해 주세요",
            _ => "반품 신청에 답해 주세요",
        };
        let event = json!({
            "type": "return", "id": one.id, "state": one.state, "said": said,
            "href": format!("/sell/{}/returns/{}", one.store_id, one.id),
        });
        events::put(&mut tx, &format!("store:{}", one.store_id), &event).await?;
    }
    Ok(tx.commit().await?)
}

/// The job.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let shop = shop.clone();
    workers.on(HOURLY, move |_| {
        let shop = shop.clone();
        async move { hourly(&shop).await }
    });
}
