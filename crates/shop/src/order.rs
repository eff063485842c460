//! Orders.

use base::Id;

/// Names an order in [`OrderId`].
pub enum OrderMark {}
/// The id of an order.
pub type OrderId = Id<OrderMark>;
