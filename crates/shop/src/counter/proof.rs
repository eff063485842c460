//! The page that moves: what a buyer shows at the counter, and where its squares lead the seller's own phone.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use people::{Person, member};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem, Query, Ui};

use super::paid::{self, Proof};
use crate::order::{self, Line, Order, OrderId, OrderState, PaymentState};
use crate::store::{self, Store};
use crate::{Buyer, Error, Shop, handover};

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/paid", get(scanned)).route("/orders/{order}/paid", get(page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    t: String,
}

/// Where the squares lead: to the order's own store, for those who work there.
async fn scanned(
    State(shop): State<Shop>,
    person: Person,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (order, _) = paid::read(&shop, &asked.t).await?.ok_or(Error::NotOurCode)?;
    let db = &shop.base.db;
    if !member::is_member(db, &person.id, &order.store_id).await.map_err(Problem::internal)? {
        let store = store::find(db, &order.store_id).await?;
        return Err(Error::OtherStore { store: store.name }.into());
    }
    Ok(Redirect::to(&format!("/sell/{}/handover?p={}", order.store_id, asked.t)).into_response())
}

/// The part of the page that changes.
#[derive(Template)]
#[template(path = "counter/proof.html")]
struct ProofPart {
    ui: Ui,
    order: Order,
    lines: Vec<Line>,
    proof: Proof,
    picture: String,
    now_ms: i64,
}

impl ProofPart {
    async fn of(shop: &Shop, ui: Ui, order: Order) -> Result<ProofPart, Problem> {
        let lines = order::lines(&shop.base.db, &order.id).await?;
        let proof = paid::proof(shop, &order).await?;
        let picture = if waits(&order) {
            handover::draw(&ui.absolute(&format!("/paid?t={}", proof.token)), &ui.t("proof-picture"))
        } else {
            String::new()
        };
        Ok(ProofPart { now_ms: ui.now_ms(), ui, order, lines, proof, picture })
    }

    fn waits(&self) -> bool {
        waits(&self.order)
    }

    fn is_handed_over(&self) -> bool {
        self.order.order_state == OrderState::Completed
    }

    /// The thing of the moment, as a word.
    fn thing(&self) -> String {
        self.ui.t(&format!("proof-thing-{}", self.proof.thing))
    }

    /// The digits in two groups, as people read them out.
    fn digits(&self) -> String {
        let (first, last) = self.proof.digits.split_at(3);
        format!("{first} {last}")
    }
}

fn waits(order: &Order) -> bool {
    order.is_pickup()
        && order.order_state == OrderState::Confirmed
        && order.payment_state == PaymentState::Paid
}

#[derive(Template)]
#[template(path = "counter/paid.html")]
struct PaidPage {
    ui: Ui,
    identity: Vec<(String, String)>,
    store: Store,
    order: Order,
    /// Whether it still moves.
    waits: bool,
    part: String,
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    headers: HeaderMap,
    Path(id): Path<OrderId>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    if !order.is_pickup() || order.order_state == OrderState::Pending {
        return Ok(Redirect::to(&format!("/orders/{id}")).into_response());
    }
    let store = store::find(&shop.base.db, &order.store_id).await?;
    let part = web::page(&ProofPart::of(&shop, ui.clone(), order.clone()).await?)?;
    let fresh = [(header::CACHE_CONTROL, "no-store")];
    if headers.contains_key("x-fragment") {
        return Ok((fresh, part).into_response());
    }
    let identity = store.identity.lines(&ui);
    let page = PaidPage { ui, identity, store, waits: waits(&order), order, part: part.0 };
    Ok((fresh, web::page(&page)?).into_response())
}
