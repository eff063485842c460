//! Where an order came about: on a screen somewhere, on a phone at the stall with the goods in hand, or at the till.

use serde::{Deserialize, Serialize};

use crate::group_purchase::GroupPurchaseId;

/// Where an order came about.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = OrderChannel)]
pub enum Channel {
    #[default]
    Online,
    /// Scanned and paid on the buyer's own phone at the stall.
    Counter,
    /// Written down by the seller as it was paid.
    Till,
}

/// Who orders, as the writer of orders needs to know it.
#[derive(Clone, Debug, Default)]
pub(crate) struct At {
    pub(crate) channel: Channel,
    /// The sign whose squares led here.
    pub(crate) sign: Option<String>,
    pub(crate) pledge: Option<Pledge>,
}

/// What makes an order a pledge: it is of one group purchase, at its price or not at all, and its goods are held until
/// that is settled.
#[derive(Clone, Debug)]
pub(crate) struct Pledge {
    pub(crate) group: GroupPurchaseId,
    pub(crate) until_ms: i64,
}
