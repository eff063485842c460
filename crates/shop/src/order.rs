//! Orders: what somebody bought from one store, frozen as it was when they bought it.
//!
//! An order has three states that move by themselves: the order (pending, confirmed, completed,
//! canceled), its payment, and its fulfilment. Placing holds stock for ten minutes; paying turns
//! the hold into a sale; letting it pass gives the goods back.

use std::collections::HashMap;

use base::{Db, Id, Tx, Won, events, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;
use web::Lang;

use crate::coupon::{self, CouponId};
use crate::deal::{self, DealId};
use crate::delivery::{HandOver, Recipient};
use crate::discount::Cut;
use crate::group_purchase::GroupPurchaseId;
use crate::payment::{self, IntentId};
use crate::photo::PhotoId;
use crate::product::{ProductId, VariantId, Withdrawal};
use crate::text::read;
use crate::{Error, Result, Shop, set, shipment, spoken, stock};

pub(crate) mod after;
mod channel;
mod frozen;
mod hold;
mod offer;
mod place;
mod quote;
mod terms;
mod walk_in;

pub mod api;
pub mod batch;
pub mod filter;
pub mod pages;
pub mod selling;

pub use channel::Channel;
pub(crate) use channel::{At, Pledge};
pub use frozen::Frozen;
pub(crate) use hold::{EXPIRE, HOLD_MS, expire};
use place::MAX_LINES;
pub(crate) use place::MAX_STORES;
pub(crate) use place::place_at;
pub use place::{NewLine, NewOrder, Placed, Placing, Refused, place, place_all};
pub use quote::{Asking, Quote, each, quote, with_taken};
pub(crate) use walk_in::{Sold, Taking, Wanted, call_off, walk_in};

/// Names an order in [`OrderId`].
pub enum OrderMark {}
/// The id of an order.
pub type OrderId = Id<OrderMark>;

/// Whether there is an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum OrderState {
    Pending,
    Confirmed,
    Completed,
    Canceled,
}

/// Where the money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum PaymentState {
    Awaiting,
    /// The payment company has not said; it will be asked again.
    Unknown,
    Paid,
    Refunding,
    Refunded,
    /// Never paid, and the time is up.
    Failed,
}

/// Where the goods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum FulfilmentState {
    New,
    Preparing,
    Sent,
    HandedOver,
}

impl FulfilmentState {
    /// The end of its words' key, and the column's text.
    pub fn slug(self) -> &'static str {
        match self {
            FulfilmentState::New => "new",
            FulfilmentState::Preparing => "preparing",
            FulfilmentState::Sent => "sent",
            FulfilmentState::HandedOver => "handed-over",
        }
    }

    /// The key of its name on the seller's list.
    pub fn words(self) -> &'static str {
        match self {
            FulfilmentState::New => "selling-stage-new",
            FulfilmentState::Preparing => "selling-stage-preparing",
            FulfilmentState::Sent => "selling-stage-sent",
            FulfilmentState::HandedOver => "selling-stage-handed-over",
        }
    }

    /// The key of the button that leads here.
    pub fn action(self) -> &'static str {
        match self {
            FulfilmentState::New => "selling-back",
            FulfilmentState::Preparing => "selling-prepare",
            FulfilmentState::Sent => "selling-send",
            FulfilmentState::HandedOver => "selling-hand-over",
        }
    }
}

/// Who called an order off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanceledBy {
    Buyer,
    Seller,
    /// Too few wanted it together.
    Group,
}

impl CanceledBy {
    fn as_str(self) -> &'static str {
        match self {
            CanceledBy::Buyer => "buyer",
            CanceledBy::Seller => "seller",
            CanceledBy::Group => "group",
        }
    }
}

/// An order as it is kept.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct Order {
    pub id: OrderId,
    pub store_id: StoreId,
    /// The first of the orders that were placed together with it, when there are several.
    pub checkout_id: Option<OrderId>,
    /// What people call it: month and day, and the store's count.
    pub number: String,
    pub order_state: OrderState,
    pub payment_state: PaymentState,
    pub fulfilment_state: FulfilmentState,
    /// `buyer`, `seller`, `expired`, or empty.
    pub canceled_for: String,
    pub hand_over: HandOver,
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub to: Recipient,
    pub goods_won: Won,
    pub delivery_won: Won,
    pub total_won: Won,
    /// What was taken off the goods, and off the delivery.
    pub discount_won: Won,
    pub delivery_off_won: Won,
    pub coupon_id: Option<CouponId>,
    pub pickup_code: String,
    pub tracking: String,
    /// Whether the buyer agreed that something cannot go back by a change of mind.
    pub withdrawal_agreed: bool,
    pub broadcast: Option<String>,
    /// The group purchase that it is a pledge to.
    pub group_purchase_id: Option<GroupPurchaseId>,
    pub channel: Channel,
    /// The sign whose squares led to it.
    pub sign: Option<String>,
    pub placed_at_ms: i64,
    pub expires_at_ms: i64,
    pub paid_at_ms: Option<i64>,
}

impl Order {
    /// Whether it waits for money.
    pub fn is_payable(&self) -> bool {
        self.order_state == OrderState::Pending && self.payment_state == PaymentState::Awaiting
    }

    /// Whether the buyer may still call it off: nobody has begun to prepare it.
    pub fn is_cancelable(&self) -> bool {
        matches!(self.order_state, OrderState::Pending | OrderState::Confirmed)
            && self.fulfilment_state == FulfilmentState::New
            && !(self.is_at_the_counter() && self.order_state == OrderState::Confirmed)
    }

    /// Whether it was paid on the phone with the goods in hand: then only the stall can call it off.
    pub fn is_at_the_counter(&self) -> bool {
        self.channel == Channel::Counter
    }

    /// The key of the words for an order that came about at the stall; empty for one that came from far away.
    pub fn at_the_stall(&self) -> &'static str {
        match self.channel {
            Channel::Online => "",
            Channel::Counter => "order-at-the-counter",
            Channel::Till => "order-at-the-till",
        }
    }

    /// Whether anything was taken off.
    pub fn is_discounted(&self) -> bool {
        self.discount_won > Won::ZERO || self.delivery_off_won > Won::ZERO
    }

    /// The delivery as it would be without a discount.
    pub fn fee(&self) -> Won {
        self.delivery_won + self.delivery_off_won
    }

    /// Whether the money is here.
    pub fn is_paid(&self) -> bool {
        self.payment_state == PaymentState::Paid
    }

    /// What the buyer may want to know of that: the key of a sentence, or nothing.
    pub fn stands_next(&self) -> &'static str {
        match self.stands() {
            "order-is-unknown" => "order-next-unknown",
            "order-is-expired" => "order-next-expired",
            "order-is-group-missed" => "order-next-group-missed",
            "order-is-refunding" => "order-next-refunding",
            "order-is-new" => "order-next-new",
            _ => "",
        }
    }

    /// Whether it is picked up at the stall.
    pub fn is_pickup(&self) -> bool {
        self.hand_over == HandOver::Pickup
    }

    /// The key of the words for where it stands: `order-is-preparing`.
    pub fn stands(&self) -> &'static str {
        match (self.order_state, self.payment_state, self.fulfilment_state) {
            (_, PaymentState::Unknown, _) => "order-is-unknown",
            (_, PaymentState::Refunding, _) => "order-is-refunding",
            (OrderState::Canceled, PaymentState::Refunded, _) => "order-is-refunded",
            (OrderState::Canceled, ..) if self.canceled_for == "expired" => "order-is-expired",
            (OrderState::Canceled, ..) if self.canceled_for == "group" => "order-is-group-missed",
            (OrderState::Canceled, ..) => "order-is-canceled",
            (OrderState::Pending, ..) => "order-is-pending",
            (_, _, FulfilmentState::New) => "order-is-new",
            (_, _, FulfilmentState::Preparing) => "order-is-preparing",
            (_, _, FulfilmentState::Sent) => "order-is-sent",
            (_, _, FulfilmentState::HandedOver) => "order-is-handed-over",
        }
    }
}

/// A line of an order, frozen.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
#[schema(as = OrderLine)]
pub struct Line {
    pub product_id: ProductId,
    pub variant_id: VariantId,
    pub product_name: String,
    pub product_name_en: String,
    pub variant_name: String,
    pub variant_name_en: String,
    pub unit: String,
    pub origin: String,
    pub withdrawal: Withdrawal,
    pub cover: Option<PhotoId>,
    pub price_won: Won,
    pub quantity: i64,
    /// This line's share of what was taken off the order.
    pub discount_won: Won,
    /// What is paid for it: price times quantity, less its share.
    pub total_won: Won,
    /// The first-come offer that made its price.
    #[schema(value_type = Option<String>)]
    pub deal_id: Option<DealId>,
}

impl Line {
    /// The product's name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.product_name, &self.product_name_en)
    }

    /// The variant's name for a reader.
    pub fn variant_in(&self, lang: Lang) -> &str {
        read(lang, &self.variant_name, &self.variant_name_en)
    }

    /// Price times quantity; what is off stands beneath the lines.
    pub fn gross(&self) -> Won {
        self.total_won + self.discount_won
    }

    /// The photo's id, or nothing.
    pub fn cover_id(&self) -> &str {
        self.cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }
}

/// An order in a list, with the words of its first line.
#[derive(Clone, Debug, FromRow)]
pub struct Summary {
    #[sqlx(flatten)]
    pub order: Order,
    pub first_name: String,
    pub first_name_en: String,
    pub first_variant: String,
    pub first_quantity: i64,
    pub first_cover: Option<PhotoId>,
    pub line_count: i64,
    pub store_name: String,
    pub store_name_en: String,
}

impl Summary {
    /// The first line's name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.first_name, &self.first_name_en)
    }

    /// The store's name for a reader.
    pub fn store_in(&self, lang: Lang) -> &str {
        read(lang, &self.store_name, &self.store_name_en)
    }

    /// The photo's id, or nothing.
    pub fn cover_id(&self) -> &str {
        self.first_cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }
}

/// An order of this buyer's, under whichever name it was placed.
pub async fn of_buyer(db: &Db, buyers: &[String], id: &OrderId) -> Result<Order> {
    sql!(opt db,
        "select * from orders where id = $1 and buyer in (select j.value ->> 'id' from json_each($2) as j)",
        id, set::ids(buyers)?)?
    .ok_or(Error::NotFound)
}

/// An order of this store's.
pub async fn of_store(db: &Db, store: &StoreId, id: &OrderId) -> Result<Order> {
    sql!(opt db, "select * from orders where id = $1 and store_id = $2", id, store)?.ok_or(Error::NotFound)
}

/// Where an order stands.
pub(crate) async fn state_of(db: &Db, id: &OrderId) -> Result<OrderState> {
    Ok(sql!(value db, "select order_state from orders where id = $1", id)?)
}

/// The lines of an order.
pub async fn lines(db: &Db, id: &OrderId) -> Result<Vec<Line>> {
    Ok(sql!(all db, "select * from order_lines where order_id = $1 order by place", id)?)
}

/// A line of an order that came from a show.
#[derive(Clone, Debug, FromRow)]
pub struct Bought {
    pub order: OrderId,
    pub placed_at_ms: i64,
    pub product_id: ProductId,
    pub product_name: String,
    pub product_name_en: String,
    pub quantity: i64,
    pub total_won: Won,
}

/// Lines that one show's orders are read of.
const MOST_BOUGHT: i64 = 20_000;

/// What was bought of a store from one of its shows between two moments, in the order it was placed; only orders that
/// stand. The show on an order is what the buyer's browser said, so the store is asked for as well.
pub async fn of_show(db: &Db, store: &StoreId, show: &str, from_ms: i64, to_ms: i64) -> Result<Vec<Bought>> {
    Ok(sql!(all db,
        "select o.id as \"order\", o.placed_at_ms, l.product_id, l.product_name, l.product_name_en, l.quantity, l.total_won
         from orders o join order_lines l on l.order_id = o.id
         where o.store_id = $1 and o.placed_at_ms >= $2 and o.placed_at_ms <= $3 and o.broadcast = $4
           and o.order_state in ('confirmed', 'completed')
         order by o.placed_at_ms, o.id, l.place limit $5", store, from_ms, to_ms, show, MOST_BOUGHT)?)
}

/// What was taken off an order, by name. Asks only where something was.
pub async fn discounts(db: &Db, order: &Order) -> Result<Vec<Cut>> {
    if !order.is_discounted() {
        return Ok(Vec::new());
    }
    Ok(sql!(all db,
        "select source, source_id, name, name_en, won, on_delivery from order_discounts
         where order_id = $1 order by place", &order.id)?)
}

/// A buyer's orders, newest first, after the row `(placed_at_ms, id)`.
pub async fn list(
    db: &Db,
    buyers: &[String],
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Summary>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from order_summaries
         where buyer in (select j.value ->> 'id' from json_each($1) as j) and (placed_at_ms, id) < ($2, $3)
         order by placed_at_ms desc, id desc limit $4", set::ids(buyers)?, ms, id, limit)?)
}

/// A store's paid orders at one stage of fulfilment, newest first, after the row `(placed_at_ms, id)`.
pub async fn at_stage(
    db: &Db,
    store: &StoreId,
    stage: FulfilmentState,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Summary>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from order_summaries
         where store_id = $1 and order_state in ('confirmed', 'completed') and fulfilment_state = $2
           and (placed_at_ms, id) < ($3, $4)
         order by placed_at_ms desc, id desc limit $5", store, stage, ms, id, limit)?)
}

/// These orders of a store's, oldest first; another store's are left out.
pub async fn picked(db: &Db, store: &StoreId, ids: &[OrderId]) -> Result<Vec<Summary>> {
    Ok(sql!(all db,
        "select * from order_summaries
         where store_id = $2 and id in (select j.value ->> 'id' from json_each($1) as j)
         order by placed_at_ms, id", set::ids(ids)?, store)?)
}

/// The lines of several orders at once, by order.
pub async fn lines_of(db: &Db, ids: &[&OrderId]) -> Result<HashMap<OrderId, Vec<Line>>> {
    #[derive(FromRow)]
    struct Of {
        order_id: OrderId,
        #[sqlx(flatten)]
        line: Line,
    }
    let all: Vec<Of> = sql!(all db,
        "select * from order_lines where order_id in (select j.value ->> 'id' from json_each($1) as j)
         order by order_id, place", set::ids(ids)?)?;
    let mut by_order: HashMap<OrderId, Vec<Line>> = HashMap::new();
    for Of { order_id, line } in all {
        by_order.entry(order_id).or_default().push(line);
    }
    Ok(by_order)
}

/// A store's day: new, preparing, and what came in since `since_ms`.
#[derive(Clone, Debug, FromRow)]
pub struct Day {
    pub new_count: i64,
    pub preparing_count: i64,
    pub sold_count: i64,
    pub sold_won: i64,
}

/// The store at a glance.
pub async fn day(db: &Db, store: &StoreId, since_ms: i64) -> Result<Day> {
    Ok(sql!(one db,
        "select cast(coalesce(sum(case when fulfilment_state = 'new' then 1 else 0 end), 0) as bigint) as new_count,
             cast(coalesce(sum(case when fulfilment_state = 'preparing' then 1 else 0 end), 0) as bigint) as preparing_count,
             cast(coalesce(sum(case when paid_at_ms >= $2 then 1 else 0 end), 0) as bigint) as sold_count,
             cast(coalesce(sum(case when paid_at_ms >= $2 then total_won else 0 end), 0) as bigint) as sold_won
         from orders where store_id = $1 and order_state in ('confirmed', 'completed')", store, since_ms)?)
}

/// Where this buyer had the last parcel sent, and how the last order went.
pub async fn last_recipient(db: &Db, buyers: &[String]) -> Result<Option<(HandOver, Recipient)>> {
    #[derive(FromRow)]
    struct Last {
        hand_over: HandOver,
        #[sqlx(flatten)]
        to: Recipient,
    }
    let last: Option<Last> = sql!(opt db,
        "select hand_over, recipient, phone, postcode, address, address_detail, note from orders
         where buyer in (select j.value ->> 'id' from json_each($1) as j) and order_state <> 'canceled'
         order by placed_at_ms desc, id desc limit 1", set::ids(buyers)?)?;
    Ok(last.map(|last| (last.hand_over, Recipient { note: String::new(), ..last.to })))
}

/// Calls an order off before anybody prepares it: gives the goods back, and the money if it was taken.
pub async fn cancel(shop: &Shop, order: &Order, by: CanceledBy) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let paid: Option<PaymentState> = sql!(maybe &mut tx,
        "update orders set order_state = 'canceled', canceled_for = $2, changed_at_ms = $3,
             payment_state = case payment_state when 'paid' then 'refunding' when 'awaiting' then 'failed'
                                                else payment_state end
         where id = $1 and order_state in ('pending', 'confirmed') and fulfilment_state = 'new'
           and not ($2 = 'buyer' and channel = 'counter' and order_state = 'confirmed')
         returning payment_state", &order.id, by.as_str(), now_ms)?;
    let Some(paid) = paid else {
        tx.rollback().await?;
        return Err(Error::OrderMovedOn);
    };
    let mut levels = stock::release(&mut tx, &order.id, "released").await?;
    // Also of an order whose money went back before: its goods are going nowhere.
    levels.extend(stock::take_back(&mut tx, &order.store_id, &order.id, now_ms).await?);
    if order.coupon_id.is_some() {
        coupon::release(&mut tx, std::slice::from_ref(&order.id), "released").await?;
    }
    deal::tell(&mut tx, &[&order.id]).await?;
    if paid == PaymentState::Refunding {
        payment::owe_refund(&mut tx, &order.id, now_ms).await?;
    } else {
        payment::close(&mut tx, &order.id).await?;
    }
    stock::tell(&mut tx, &levels, &[]).await?;
    Ok(tx.commit().await?)
}

/// Moves an order along, or one step back when the thumb slipped; from anywhere else it is a conflict.
pub async fn advance(
    shop: &Shop,
    order: &Order,
    from: FulfilmentState,
    to: FulfilmentState,
    tracking: &str,
) -> Result<()> {
    let fits = match (from, to) {
        (FulfilmentState::New, FulfilmentState::Preparing)
        | (FulfilmentState::Preparing, FulfilmentState::New) => true,
        (FulfilmentState::Preparing, FulfilmentState::Sent)
        | (FulfilmentState::Sent, FulfilmentState::Preparing) => !order.is_pickup(),
        (FulfilmentState::Preparing, FulfilmentState::HandedOver)
        | (FulfilmentState::HandedOver, FulfilmentState::Preparing) => order.is_pickup(),
        _ => false,
    };
    if !fits {
        return Err(Error::OrderMovedOn);
    }
    let now_ms = shop.base.clock.now_ms();
    // What is sent is not there yet: the parcels, the buyer or ten days say when it is.
    let received = (to == FulfilmentState::HandedOver).then_some(now_ms);
    let mut tx = shop.base.db.begin().await?;
    // Nothing goes back a step that is on its way back to the stall.
    let moved = sql!(run &mut tx,
        "update orders set fulfilment_state = $3, order_state = $4, tracking = $5, changed_at_ms = $6,
             received_at_ms = $7
         where id = $1 and fulfilment_state = $2 and order_state in ('confirmed', 'completed')
           and not exists (select 1 from returns r where r.order_id = $1 and r.state not in ('refused', 'taken-back'))",
        &order.id, from, to, if received.is_some() { OrderState::Completed } else { OrderState::Confirmed },
        tracking, now_ms, received)?;
    if moved == 0 {
        tx.rollback().await?;
        return Err(Error::OrderMovedOn);
    }
    if from == FulfilmentState::Sent {
        shipment::remove_all(&mut tx, std::slice::from_ref(&order.id), now_ms).await?;
    }
    events::put(
        &mut tx,
        &format!("order:{}", order.id),
        &json!({ "type": "order-moved", "stage": to.slug() }),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Confirms a paid order in the payment's own transaction, and tells the seller at once.
pub(crate) async fn confirm(tx: &mut Tx, order: &OrderId, now_ms: i64) -> Result<()> {
    let order: Order = sql!(one &mut *tx,
        "update orders set order_state = 'confirmed', payment_state = 'paid', canceled_for = '', paid_at_ms = $2,
             changed_at_ms = $2
         where id = $1 returning *", order, now_ms)?;
    if order.coupon_id.is_some() {
        coupon::commit(tx, &order.id).await?;
    }
    let lines: Vec<Line> =
        sql!(all &mut *tx, "select * from order_lines where order_id = $1 order by place", &order.id)?;
    if lines.iter().any(|line| line.deal_id.is_some()) {
        deal::tell(&mut *tx, &[&order.id]).await?;
    }
    let said = spoken::order(
        lines.iter().map(|line| (line.product_name.as_str(), line.unit.as_str(), line.quantity)),
    );
    let rows: Vec<_> = lines
        .iter()
        .map(|line| json!({ "name": line.product_name, "variant": line.variant_name, "quantity": line.quantity }))
        .collect();
    let event = json!({
        "type": "order", "id": order.id, "number": order.number, "total_won": order.total_won, "said": said,
        "lines": rows, "href": format!("/sell/{}/orders/{}", order.store_id, order.id),
        "summary": said.split_once(", ").map(|(_, things)| things).unwrap_or_default(),
        "recipient": order.to.recipient,
    });
    Ok(events::put(tx, &format!("store:{}", order.store_id), &event).await?)
}

/// The jobs of orders: letting holds go when their time is up.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let shop = shop.clone();
    workers.on(EXPIRE, move |_| {
        let shop = shop.clone();
        async move { expire(&shop).await }
    });
}

/// The intent of an order, which its pay page is about.
pub async fn intent_of(db: &Db, order: &OrderId) -> Result<IntentId> {
    Ok(sql!(value db, "select id from payment_intents where order_id = $1", order)?)
}
