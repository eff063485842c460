//! What an order's two pages show of what comes after the sale: parcels, returns, and the picture for the stall.

use web::Ui;

use super::{FulfilmentState, Order, OrderState};
use crate::carrier::{self, Carrier};
use crate::reason::{self, Reason};
use crate::returning::{self, Return};
use crate::review::pages::{OfLine, of_lines};
use crate::shipment::{self, Shipment};
use crate::{Result, Shop, handover};

/// The buyer's side.
pub(crate) struct After {
    pub(crate) parcels: Vec<Shipment>,
    pub(crate) returns: Vec<Return>,
    pub(crate) may_return: bool,
    /// Until when the buyer may change their mind, once that clock runs.
    pub(crate) until_ms: Option<i64>,
    pub(crate) may_receive: bool,
    /// What the seller scans, as SVG; or nothing.
    pub(crate) picture: String,
    /// Why it was bought: the question, and what was answered.
    pub(crate) asks_reason: bool,
    pub(crate) reason: Option<Reason>,
    /// What may be reviewed, or was.
    pub(crate) reviews: Vec<OfLine>,
}

impl After {
    pub(crate) async fn of(shop: &Shop, ui: &Ui, order: &Order) -> Result<After> {
        let db = &shop.base.db;
        let offered = returning::offer(shop, order).await?;
        let is_on_the_way =
            order.order_state == OrderState::Confirmed && order.fulfilment_state == FulfilmentState::Sent;
        let picture = if waits_at_the_stall(order) {
            let token = handover::token(shop, order).await?;
            handover::draw(&ui.absolute(&format!("/handover?t={token}")), &ui.t("handover-picture"))
        } else {
            String::new()
        };
        Ok(After {
            parcels: shipment::of_order(db, &order.id).await?,
            returns: returning::of_order(db, &order.id).await?,
            may_return: offered.as_ref().is_some_and(|offered| offered.is_open()),
            until_ms: offered.and_then(|offered| offered.mind_until_ms),
            may_receive: is_on_the_way && order.is_paid(),
            asks_reason: reason::is_asked(order),
            reason: reason::of_order(db, &order.id).await?,
            reviews: of_lines(shop, ui, order).await?,
            picture,
        })
    }
}

fn waits_at_the_stall(order: &Order) -> bool {
    order.is_pickup()
        && !order.is_at_the_counter()
        && order.is_paid()
        && order.order_state == OrderState::Confirmed
}

/// The seller's side.
pub(crate) struct Sending {
    pub(crate) parcels: Vec<Shipment>,
    pub(crate) returns: Vec<Return>,
    pub(crate) carriers: &'static [Carrier],
    /// The carrier to propose.
    pub(crate) carrier: String,
    /// Whether a parcel may be added.
    pub(crate) may_send: bool,
}

impl Sending {
    pub(crate) async fn of(shop: &Shop, order: &Order) -> Result<Sending> {
        let db = &shop.base.db;
        Ok(Sending {
            parcels: shipment::of_order(db, &order.id).await?,
            returns: returning::of_order(db, &order.id).await?,
            carriers: &carrier::ALL,
            carrier: shipment::last_carrier(db, &order.store_id).await?.to_owned(),
            may_send: !order.is_pickup()
                && order.is_paid()
                && order.order_state != OrderState::Canceled
                && order.fulfilment_state != FulfilmentState::New,
        })
    }
}
