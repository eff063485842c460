//! The one tap on an order, and the seller's page of shares.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui};

use super::{LEAST, Reason, Shares, shares, tell};
use crate::order::{self, Order, OrderId};
use crate::{Buyer, Shop, StoreId};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/orders/{order}/reason", post(say)).route("/sell/{store}/reasons", get(told))
}

/// The question, and what was answered.
#[derive(Template)]
#[template(path = "reason/ask.html")]
struct AskPart {
    ui: Ui,
    order: Order,
    reason: Option<Reason>,
}

#[derive(Deserialize)]
struct Said {
    reason: Reason,
}

async fn say(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    headers: HeaderMap,
    Path(id): Path<OrderId>,
    Form(Said { reason }): Form<Said>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    tell(&shop, &order, reason).await?;
    if headers.contains_key("x-fragment") {
        return Ok(web::page(&AskPart { ui, order, reason: Some(reason) })?.into_response());
    }
    Ok(Redirect::to(&format!("/orders/{id}#reason")).into_response())
}

#[derive(Template)]
#[template(path = "reason/selling.html")]
struct SharesPage {
    ui: Ui,
    store: StoreId,
    shares: Shares,
    least: i64,
}

impl SharesPage {
    /// "손님 40%는 값이 좋아서 샀어요."
    fn sentence(&self) -> String {
        let Some(first) = self.shares.items.first() else { return String::new() };
        self.ui.t2("reason-sentence", "percent", first.percent, "reason", self.ui.t(first.reason.words()))
    }
}

async fn told(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    let shares = shares(&shop.base.db, &seller.store).await?;
    Ok(web::page(&SharesPage { ui, store: seller.store, shares, least: LEAST })?.into_response())
}
