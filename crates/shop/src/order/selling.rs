//! The seller's side of orders: today at a glance, the list under the thumb, one order, and the bell.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Won, clock};
use people::Seller;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Ui};

use super::after::Sending;
use super::{
    CanceledBy, Day, FulfilmentState, Line, Order, OrderId, Summary, at_stage, batch, day, discounts, lines,
    of_store,
};
use crate::discount::Cut;
use crate::payment::refund::{self, NewRefund, Refund};
use crate::payment::selling::Standing;
use crate::store::{self, Store};
use crate::till::over;
use crate::{Error, Shop, StoreId, order, question, returning, review, stock};

pub(crate) mod api;
mod export;
mod list;
mod moves;

pub(crate) use moves::Pairs;

/// Orders on the seller's first screen.
const NEWEST: i64 = 5;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}", get(home))
        .route("/sell/{store}/socket", get(socket))
        .merge(list::routes())
        .merge(moves::routes())
        .route("/sell/{store}/orders/{order}", get(one))
        .route("/sell/{store}/orders/{order}/stage", post(stage))
        .route("/sell/{store}/orders/{order}/cancellation", post(cancel))
        .route("/sell/{store}/orders/{order}/refunds", post(give_back))
}

#[derive(Template)]
#[template(path = "selling/home.html")]
struct HomePage {
    ui: Ui,
    store: Store,
    day: Day,
    orders: Vec<Summary>,
    payments: Standing,
    /// Variants that run out.
    low: i64,
    /// Returns that wait for the seller.
    returns: i64,
    /// Reviews and questions without an answer.
    reviews: i64,
    questions: i64,
    /// Pieces of the till to settle by hand, by row.
    overs: i64,
}

impl HomePage {
    fn live_href(&self) -> String {
        format!("/sell/{}/live", self.store.id)
    }

    fn orders_href(&self) -> String {
        format!("/sell/{}/orders", self.store.id)
    }
}

async fn home(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let store = store::find(db, &seller.store).await?;
    let day = day(db, &seller.store, midnight_ms(shop.base.clock.now_ms())).await?;
    let orders = at_stage(db, &seller.store, FulfilmentState::New, None, NEWEST).await?;
    let payments = Standing::of(&shop, &seller.store).await?;
    let low = stock::ledger::low_count(db, &seller.store).await?;
    let returns = returning::open_count(db, &seller.store).await?;
    let reviews = review::open_count(db, &seller.store).await?;
    let questions = question::open_count(db, &seller.store).await?;
    let overs = over::open_count(db, &seller.store).await?;
    let page = HomePage { ui, store, day, orders, payments, low, returns, reviews, questions, overs };
    Ok(web::page(&page)?.into_response())
}

/// The last midnight in the market's own time.
fn midnight_ms(now_ms: i64) -> i64 {
    let now = clock::at(now_ms).to_zoned(clock::seoul());
    now.start_of_day().map_or(now_ms, |day| day.timestamp().as_millisecond())
}

#[derive(Template)]
#[template(path = "selling/order.html")]
struct OrderPage {
    ui: Ui,
    order: Order,
    lines: Vec<Line>,
    discounts: Vec<Cut>,
    refunds: Vec<Refund>,
    /// Parcels and returns.
    sending: Sending,
    /// What can still go back.
    left: Won,
    key: String,
    typed: RefundForm,
    problem: Option<Problem>,
}

impl OrderPage {
    async fn of(shop: &Shop, ui: Ui, order: Order, typed: RefundForm) -> Result<OrderPage, Problem> {
        let lines = lines(&shop.base.db, &order.id).await?;
        let discounts = discounts(&shop.base.db, &order).await?;
        let refunds = refund::of_order(&shop.base.db, &order.id).await?;
        let left = refund::left(&shop.base.db, &order.id).await?;
        let key = shop.base.random.token::<16>();
        let sending = Sending::of(shop, &order).await?;
        Ok(OrderPage { ui, order, lines, discounts, refunds, sending, left, key, typed, problem: None })
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    /// Where it goes next, and where it came from in case the thumb slipped.
    fn next(&self) -> Option<FulfilmentState> {
        match self.order.fulfilment_state {
            FulfilmentState::New => Some(FulfilmentState::Preparing),
            FulfilmentState::Preparing if self.order.is_pickup() => Some(FulfilmentState::HandedOver),
            // A parcel is sent by its own form, with its carrier and number.
            _ => None,
        }
    }

    fn before(&self) -> Option<FulfilmentState> {
        match self.order.fulfilment_state {
            FulfilmentState::New => None,
            FulfilmentState::Preparing => Some(FulfilmentState::New),
            _ => Some(FulfilmentState::Preparing),
        }
    }
}

#[derive(Deserialize)]
struct InStore {
    order: OrderId,
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(InStore { order: id }): Path<InStore>,
) -> Result<Response, Problem> {
    let order = of_store(&shop.base.db, &seller.store, &id).await?;
    Ok(web::page(&OrderPage::of(&shop, ui, order, RefundForm::default()).await?)?.into_response())
}

/// A refund as the seller typed it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RefundForm {
    key: String,
    amount: String,
    reason: String,
}

async fn give_back(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(InStore { order: id }): Path<InStore>,
    Form(typed): Form<RefundForm>,
) -> Result<Response, Problem> {
    let order = of_store(&shop.base.db, &seller.store, &id).await?;
    let key = IdempotencyKey::of(&typed.key)?;
    let digits: String = typed.amount.chars().filter(|one| !matches!(one, ',' | ' ' | '원')).collect();
    let new = NewRefund { amount_won: Some(Won(digits.parse().unwrap_or(0))), reason: typed.reason.clone() };
    match refund::ask(&shop, &seller.store, &id, &key.0, new).await {
        Ok(_) => Ok(back_to(&seller.store, &id)),
        // The form comes back as it was typed, with what is wrong beside it.
        Err(wrong @ (Error::Invalid(_) | Error::RefundTooMuch { .. })) => {
            let page = OrderPage::of(&shop, ui, order, typed).await?;
            let page = OrderPage { problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
struct Step {
    from: FulfilmentState,
    to: FulfilmentState,
    #[serde(default)]
    tracking: String,
}

async fn stage(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { order: id }): Path<InStore>,
    Form(step): Form<Step>,
) -> Result<Response, Problem> {
    let order = of_store(&shop.base.db, &seller.store, &id).await?;
    let tracking = step.tracking.trim();
    if tracking.chars().count() > batch::TRACKING {
        return Err(Error::Invalid(vec![("tracking".to_owned(), "too-long")]).into());
    }
    let tracking = if tracking.is_empty() { order.tracking.as_str() } else { tracking };
    order::advance(&shop, &order, step.from, step.to, tracking).await?;
    Ok(back_to(&seller.store, &id))
}

async fn cancel(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { order: id }): Path<InStore>,
) -> Result<Response, Problem> {
    let order = of_store(&shop.base.db, &seller.store, &id).await?;
    order::cancel(&shop, &order, CanceledBy::Seller).await?;
    Ok(back_to(&seller.store, &id))
}

fn back_to(store: &StoreId, order: &OrderId) -> Response {
    Redirect::to(&format!("/sell/{store}/orders/{order}")).into_response()
}

async fn socket(State(shop): State<Shop>, seller: Seller, request: Request) -> Response {
    let hello = json!({ "type": "hello" }).to_string().into_bytes();
    shop.hub.listen(request, format!("store:{}", seller.store), None, async move { Some(hello) })
}
