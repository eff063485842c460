//! The door for the tracking service's callback. It brings two ids and proves nothing, so nothing it says is
//! believed: the parcel is asked about again, and not more often than every half a minute.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use base::sql;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::Problem;

use super::{ShipmentId, poll};
use crate::{Result, Shop, carrier};

/// Where it is.
pub(super) const PATH: &str = "/hooks/parcels";
/// The longest letter.
const BODY: usize = 4 * 1024;
/// The least pause between two questions about one parcel that were asked for from outside.
const PAUSE_MS: i64 = 30_000;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route(PATH, post(receive)).layer(DefaultBodyLimit::max(BODY))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    carrier_id: String,
    tracking_number: String,
}

/// Always 202, which is what the service waits for; a stranger learns nothing.
async fn receive(State(shop): State<Shop>, body: Bytes) -> Result<StatusCode, Problem> {
    if let Ok(told) = serde_json::from_slice::<Told>(&body) {
        look(&shop, &told).await?;
    }
    Ok(StatusCode::ACCEPTED)
}

async fn look(shop: &Shop, told: &Told) -> Result<()> {
    let Some(carrier) = carrier::of_delivery_tracker(&told.carrier_id) else { return Ok(()) };
    if shop.tracker.is_none() {
        return Ok(());
    }
    let known: i64 = sql!(
        value & shop.base.db,
        "select count(*) from shipments
         where number = $1 and carrier = $2 and delivered_at_ms is null and removed_at_ms is null",
        &told.tracking_number,
        carrier.slug
    )?;
    if known == 0 {
        return Ok(());
    }
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let asked: Vec<ShipmentId> = sql!(values &mut tx,
        "update shipments set asked_at_ms = $3
         where number = $1 and carrier = $2 and delivered_at_ms is null and removed_at_ms is null
           and asked_at_ms <= $3 - $4 returning id",
        &told.tracking_number, carrier.slug, now_ms, PAUSE_MS)?;
    for shipment in &asked {
        poll::now(&mut tx, shipment).await?;
    }
    Ok(tx.commit().await?)
}
