//! What is to be settled by hand after the line was down: how many pieces of what, who waits for such goods, and two
//! answers.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui};

use super::{Found, Over, OverId, open, settle, waiting_for};
use crate::order::OrderId;
use crate::{Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/till/overs", get(page))
        .route("/sell/{store}/till/overs/{over}", post(answer))
}

/// Pieces beyond the book, and the orders that wait for such goods.
struct Row {
    over: Over,
    waiting: Vec<(OrderId, String, i64)>,
}

#[derive(Template)]
#[template(path = "till/overs.html")]
struct OversPage {
    ui: Ui,
    base: String,
    store: StoreId,
    rows: Vec<Row>,
    told: String,
}

impl OversPage {
    async fn of(shop: &Shop, ui: Ui, store: &StoreId) -> Result<OversPage, Problem> {
        let db = &shop.base.db;
        let mut rows = Vec::new();
        for over in open(db, store).await? {
            rows.push(Row { waiting: waiting_for(db, store, &over.variant_id).await?, over });
        }
        let base = format!("/sell/{store}/till");
        Ok(OversPage { ui, base, store: store.clone(), rows, told: String::new() })
    }
}

async fn page(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    Ok(web::page(&OversPage::of(&shop, ui, &seller.store).await?)?.into_response())
}

#[derive(Deserialize)]
struct InStore {
    over: OverId,
}

#[derive(Deserialize)]
struct Answered {
    act: Found,
}

async fn answer(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(InStore { over }): Path<InStore>,
    Form(Answered { act }): Form<Answered>,
) -> Result<Response, Problem> {
    match settle(&shop, &seller.store, &seller.person.id, &over, act).await {
        Ok(()) => Ok(Redirect::to(&format!("/sell/{}/till/overs", seller.store)).into_response()),
        Err(refused @ Error::StockPromised) => {
            let page = OversPage::of(&shop, ui, &seller.store).await?;
            let told = page.ui.t("over-promised");
            Ok((Problem::from(refused).status(), web::page(&OversPage { told, ..page })?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}
