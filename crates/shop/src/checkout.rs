//! A checkout: what somebody orders in one go, store by store.
//!
//! Each store's part is an order, a payment and a contract of its own, because nobody but the seller may take the
//! money. The goods of all parts are held together, or none are; then the buyer pays one store after the other.

use base::{Db, Won, sql};
use sqlx::FromRow;
use utoipa_axum::router::OpenApiRouter;

use crate::order::{OrderId, Summary};
use crate::payment::IntentId;
use crate::{Error, Result, Shop, set};

pub mod api;
mod pages;
mod review;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().merge(review::routes()).merge(pages::routes()).merge(api::routes())
}

/// One store's part of a checkout.
#[derive(Clone, Debug, FromRow)]
pub struct Part {
    #[sqlx(flatten)]
    pub summary: Summary,
    pub intent_id: IntentId,
}

impl Part {
    /// Whether it waits for the buyer's money.
    pub fn is_payable(&self) -> bool {
        self.summary.order.is_payable()
    }
}

/// The parts of a checkout of this buyer's, in the order in which they are paid. A checkout is named by its first order.
pub async fn parts(db: &Db, buyers: &[String], first: &OrderId) -> Result<Vec<Part>> {
    let parts: Vec<Part> = sql!(all db,
        "select s.*, i.id as intent_id from order_summaries s join payment_intents i on i.order_id = s.id
         where s.checkout_id = $1 and s.buyer in (select j.value ->> 'id' from json_each($2) as j)
         order by s.id", first, set::ids(buyers)?)?;
    if parts.is_empty() { Err(Error::NotFound) } else { Ok(parts) }
}

/// What is still to be paid.
pub fn due(parts: &[Part]) -> Won {
    parts.iter().filter(|part| part.is_payable()).map(|part| part.summary.order.total_won).sum()
}
