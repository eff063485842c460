//! The seller's side of payments: whether the store can take money, and what does not agree.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem, Ui};

use super::difference::{self, Difference, DifferenceId};
use super::gateway::Gateway;
use crate::{Shop, StoreId};

/// Differences on the page.
const ROWS: i64 = 100;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/payments", get(page))
        .route("/sell/{store}/payments/{difference}/settlement", post(settle))
}

/// What the seller's first screen says of payments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) has_contract: bool,
    pub(crate) open_count: i64,
}

impl Standing {
    pub(crate) async fn of(shop: &Shop, store: &StoreId) -> crate::Result<Standing> {
        let open_count = difference::open_count(&shop.base.db, store).await?;
        Ok(Standing { has_contract: shop.contracts.of(store).is_some(), open_count })
    }
}

#[derive(Template)]
#[template(path = "selling/payments.html")]
struct PaymentsPage {
    ui: Ui,
    store: StoreId,
    gateway: Option<Gateway>,
    differences: Vec<Difference>,
}

impl PaymentsPage {
    /// Whom the store has signed with: the key of a sentence.
    fn contract(&self) -> &'static str {
        match &self.gateway {
            None => "payments-no-contract",
            Some(Gateway::Sandbox(_)) => "payments-practice",
            Some(Gateway::Toss(_)) => "payments-toss",
        }
    }
}

async fn page(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    let differences = difference::of_store(&shop.base.db, &seller.store, ROWS).await?;
    let gateway = shop.contracts.of(&seller.store);
    Ok(web::page(&PaymentsPage { ui, store: seller.store, gateway, differences })?.into_response())
}

#[derive(Deserialize)]
struct InStore {
    difference: DifferenceId,
}

async fn settle(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { difference: id }): Path<InStore>,
) -> Result<Response, Problem> {
    difference::settle(&shop, &seller.store, &id, &seller.person.id).await?;
    Ok(Redirect::to(&format!("/sell/{}/payments", seller.store)).into_response())
}
