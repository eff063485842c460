//! The cart: store by store, because each store is one order and one contract.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Won;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui, WantsJson};

use super::{Row, rows};
use crate::product::VariantId;
use crate::store::{self, Store};
use crate::{Buyer, Shop, cart};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/cart", get(page).post(add))
        .route("/cart/{variant}", post(change))
        .route("/cart/{variant}/out", post(out))
}

/// What one store would get.
struct Basket {
    store: Store,
    rows: Vec<Row>,
}

impl Basket {
    fn goods_won(&self) -> Won {
        self.rows.iter().filter(|row| row.is_there()).map(Row::total).sum()
    }

    fn checkout(&self) -> String {
        format!("/checkout?store={}", self.store.id)
    }

    fn is_there(&self) -> bool {
        self.rows.iter().all(Row::is_there)
    }
}

#[derive(Template)]
#[template(path = "cart/cart.html")]
struct CartPage {
    ui: Ui,
    baskets: Vec<Basket>,
}

impl CartPage {
    /// Whether all of it can be ordered in one go, which then is the main thing to do.
    fn is_several(&self) -> bool {
        self.baskets.len() > 1 && self.baskets.iter().all(Basket::is_there)
    }

    /// The look of the button that orders from one store.
    fn of_one(&self) -> &'static str {
        if self.is_several() { "plain wide" } else { "wide" }
    }
}

async fn page(State(shop): State<Shop>, ui: Ui, buyer: Buyer) -> Result<Response, Problem> {
    let rows = rows(&shop.base.db, &buyer.cart()).await?;
    let mut ids: Vec<_> = rows.iter().map(|row| row.store_id.clone()).collect();
    ids.dedup();
    let mut baskets: Vec<Basket> = store::by_ids(&shop.base.db, &ids)
        .await?
        .into_iter()
        .map(|store| Basket { store, rows: Vec::new() })
        .collect();
    for row in rows {
        if let Some(basket) = baskets.iter_mut().find(|basket| basket.store.id == row.store_id) {
            basket.rows.push(row);
        }
    }
    let page = web::page(&CartPage { ui, baskets })?;
    buyer.count(&shop, page).await
}

#[derive(Deserialize)]
struct Adding {
    variant: VariantId,
    #[serde(default = "one")]
    quantity: i64,
}

fn one() -> i64 {
    1
}

async fn add(
    State(shop): State<Shop>,
    buyer: Buyer,
    WantsJson(as_json): WantsJson,
    Form(adding): Form<Adding>,
) -> Result<Response, Problem> {
    cart::add(&shop, &buyer.cart(), &adding.variant, adding.quantity).await?;
    answer(&shop, &buyer, as_json).await
}

#[derive(Deserialize)]
struct Changing {
    quantity: i64,
}

async fn change(
    State(shop): State<Shop>,
    buyer: Buyer,
    WantsJson(as_json): WantsJson,
    Path(variant): Path<VariantId>,
    Form(changing): Form<Changing>,
) -> Result<Response, Problem> {
    cart::set(&shop, &buyer.cart(), &variant, changing.quantity).await?;
    answer(&shop, &buyer, as_json).await
}

async fn out(
    State(shop): State<Shop>,
    buyer: Buyer,
    WantsJson(as_json): WantsJson,
    Path(variant): Path<VariantId>,
) -> Result<Response, Problem> {
    cart::set(&shop, &buyer.cart(), &variant, 0).await?;
    answer(&shop, &buyer, as_json).await
}

async fn answer(shop: &Shop, buyer: &Buyer, as_json: bool) -> Result<Response, Problem> {
    let to = if as_json {
        let count = cart::count(&shop.base.db, &buyer.cart()).await?;
        axum::Json(json!({ "count": count, "location": "/cart" })).into_response()
    } else {
        Redirect::to("/cart").into_response()
    };
    buyer.count(shop, to).await
}
