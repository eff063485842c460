//! The buyer's side of orders: all of them, and one to follow.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Path, Problem, Query, Ui};

use super::after::After;
use super::{
    CanceledBy, FulfilmentState, Line, Order, OrderId, OrderState, PaymentState, Summary, discounts, lines,
    list, of_buyer,
};
use crate::discount::Cut;
use crate::payment::refund::{self, Refund};
use crate::payment::{self, Deposit, Intent, IntentState};
use crate::store::{self, Store};
use crate::{Buyer, Shop, order};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/orders", get(all))
        .route("/orders/{order}", get(one))
        .route("/orders/{order}/cancellation", post(cancel))
}

#[derive(Template)]
#[template(path = "order/orders.html")]
struct OrdersPage {
    ui: Ui,
    orders: Vec<Summary>,
    older: String,
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Query(paging): Query<Paging>,
) -> Result<Response, Problem> {
    let limit = paging.limit();
    let orders = list(&shop.base.db, &buyer.ids(), paging.after()?, limit + 1).await?;
    let listed = Listed::of(orders, limit, |row| (row.order.placed_at_ms, row.order.id.to_string()));
    let older = listed.next_cursor.map(|cursor| format!("/orders?cursor={cursor}")).unwrap_or_default();
    Ok(web::page(&OrdersPage { ui, orders: listed.items, older })?.into_response())
}

#[derive(Template)]
#[template(path = "order/order.html")]
struct OrderPage {
    ui: Ui,
    order: Order,
    lines: Vec<Line>,
    discounts: Vec<Cut>,
    store: Store,
    identity: Vec<(String, String)>,
    intent: Intent,
    /// Where to pay in, while a deposit is awaited.
    deposit: Option<Deposit>,
    refunds: Vec<Refund>,
    after: After,
}

impl OrderPage {
    /// The steps to show, each with how it stands.
    fn steps(&self) -> Vec<(&'static str, String)> {
        let last = if self.order.is_pickup() { "order-step-handed-over" } else { "order-step-sent" };
        let names = ["order-step-paid", "order-step-preparing", last];
        let now = match (self.order.payment_state, self.order.fulfilment_state) {
            (PaymentState::Paid, FulfilmentState::New) => 1,
            (PaymentState::Paid, FulfilmentState::Preparing) => 2,
            (PaymentState::Paid, _) => 3,
            _ => 0,
        };
        let state = |at: usize| match (at + 1).cmp(&now) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "",
        };
        names.into_iter().enumerate().map(|(at, name)| (name, state(at).to_owned())).collect()
    }

    /// Whether it is a pledge whose group is not settled.
    fn waits_for_group(&self) -> bool {
        self.order.is_payable() && self.intent.is_early(self.ui.now_ms())
    }

    /// The key of the words for where it stands.
    fn stands(&self) -> &'static str {
        match self.order.stands() {
            "order-is-pending" if self.waits_for_group() => "group-pledge",
            "order-is-pending" if self.deposit.is_some() => "order-is-awaiting-deposit",
            stands if self.intent.state == IntentState::Refunded && stands != "order-is-refunded" => {
                "order-is-refunded"
            }
            stands => stands,
        }
    }

    fn is_canceled(&self) -> bool {
        self.order.order_state == OrderState::Canceled
    }
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let order = of_buyer(db, &buyer.ids(), &id).await?;
    let lines = lines(db, &id).await?;
    let discounts = discounts(db, &order).await?;
    let store = store::find(db, &order.store_id).await?;
    let intent = payment::of_order(db, &id).await?;
    let deposit = Deposit::of(&shop, &intent).await?.filter(|_| order.order_state == OrderState::Pending);
    let refunds = refund::of_order(db, &id).await?;
    let identity = store.identity.lines(&ui);
    let after = After::of(&shop, &ui, &order).await?;
    let page = OrderPage { ui, order, lines, discounts, store, identity, intent, deposit, refunds, after };
    Ok(web::page(&page)?.into_response())
}

async fn cancel(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Response, Problem> {
    let order = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    order::cancel(&shop, &order, CanceledBy::Buyer).await?;
    Ok(Redirect::to(&format!("/orders/{id}")).into_response())
}
