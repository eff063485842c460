//! The way from store to store: what is paid, and what comes next.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem, Ui};

use super::{Part, due, parts};
use crate::order::OrderId;
use crate::{Buyer, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/checkouts/{first}", get(page))
}

#[derive(Template)]
#[template(path = "checkout/checkout.html")]
struct CheckoutPage {
    ui: Ui,
    parts: Vec<Part>,
}

impl CheckoutPage {
    /// The store to pay next.
    fn next(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.is_payable())
    }

    fn paid(&self) -> usize {
        self.parts.iter().filter(|part| part.summary.order.is_paid()).count()
    }

    fn due(&self) -> i64 {
        due(&self.parts).0
    }

    fn title(&self) -> String {
        match self.next() {
            Some(_) => self.ui.t2("checkout-some-paid", "paid", self.paid(), "all", self.parts.len()),
            None if self.paid() == self.parts.len() => self.ui.t("checkout-all-paid"),
            None => self.ui.t("checkout-over"),
        }
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(first): Path<OrderId>,
) -> Result<Response, Problem> {
    let parts = parts(&shop.base.db, &buyer.ids(), &first).await?;
    Ok(web::page(&CheckoutPage { ui, parts })?.into_response())
}
