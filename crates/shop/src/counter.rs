//! The counter without a queue: somebody scans a sign at the stall, says what they hold, pays on their own phone, and
//! shows that it is paid.
//!
//! What is ordered here is an ordinary order that is picked up at once; it is held, paid and given back like any
//! other. What it has instead of a code to fetch it by is the moving proof of [`paid`].

use base::{Db, sql};
use people::StoreId;
use utoipa_axum::router::OpenApiRouter;

use crate::order::{self, Summary};
use crate::sign::{Kind, Sign};
use crate::till::goods::{self, Good};
use crate::{Result, Shop};

mod pages;
pub mod paid;
mod proof;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().merge(pages::routes()).merge(proof::routes())
}

/// What may be taken along at a sign: what stands on its shelf, or the product first and then the others.
pub(crate) async fn goods_at(db: &Db, sign: &Sign, shelf: &[crate::ProductId]) -> Result<Vec<Good>> {
    let pickup: Vec<crate::ProductId> = sql!(values db,
        "select id from products where store_id = $1 and pickup and on_sale and removed_at_ms is null",
        &sign.store_id)?;
    let mut all = goods::of_store(db, &sign.store_id).await?;
    all.retain(|good| pickup.contains(&good.product_id));
    match sign.kind {
        Kind::Shelf => all.retain(|good| shelf.contains(&good.product_id)),
        Kind::Product => {
            all.sort_by_key(|good| Some(&good.product_id) != sign.product_id.as_ref());
        }
        Kind::Stall => {}
    }
    Ok(all)
}

/// Orders that were paid with the goods in hand and that nobody has looked at, the oldest first.
pub(crate) async fn unseen(db: &Db, store: &StoreId, limit: i64) -> Result<Vec<Summary>> {
    let ids: Vec<order::OrderId> = sql!(values db,
        "select id from orders where store_id = $1 and channel = 'counter' and order_state = 'confirmed'
           and payment_state = 'paid' order by paid_at_ms, id limit $2", store, limit)?;
    Ok(sql!(all db,
        "select * from order_summaries where id in (select j.value ->> 'id' from json_each($1) as j)
         order by paid_at_ms, id", crate::set::ids(&ids)?)?)
}
