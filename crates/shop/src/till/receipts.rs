//! What the till took today, and one receipt: what goes back in cash, the way back for ten seconds, and calling off
//! with a reason later.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Won, sql};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, Path, Problem, Query, Ui, WantsJson};

use super::{Sale, Tender, find, list, undo, void};
use crate::order::filter::midnight_ms;
use crate::order::{self, Line, OrderId};
use crate::settlement::today;
use crate::store::{self, Store};
use crate::{Error, Result, Shop};

/// Receipts on one page.
const ROWS: i64 = 50;

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/till/receipts", get(all))
        .route("/sell/{store}/till/receipts/{order}", get(one))
        .route("/sell/{store}/till/receipts/{order}/undo", post(take_back))
        .route("/sell/{store}/till/receipts/{order}/void", post(call_off))
}

#[derive(Deserialize)]
struct InStore {
    order: OrderId,
}

/// What one tender came to today.
#[derive(sqlx::FromRow)]
struct OfTender {
    tender: Tender,
    count: i64,
    won: Won,
}

#[derive(Template)]
#[template(path = "till/receipts.html")]
struct ReceiptsPage {
    ui: Ui,
    base: String,
    sales: Vec<Sale>,
    today: Vec<OfTender>,
    older: String,
    newer: String,
}

impl ReceiptsPage {
    fn total(&self) -> Won {
        self.today.iter().map(|one| one.won).sum()
    }

    fn count(&self) -> i64 {
        self.today.iter().map(|one| one.count).sum()
    }
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(paging): Query<Paging>,
) -> Result<Response, Problem> {
    let base = format!("/sell/{}/till", seller.store);
    let page = Paging { limit: Some(ROWS), cursor: paging.cursor.clone() };
    let rows = list(&shop.base.db, &seller.store, page.after()?, ROWS + 1).await?;
    let listed = Listed::of(rows, ROWS, |sale| (sale.recorded_at_ms, sale.order_id.to_string()));
    let older =
        listed.next_cursor.map(|cursor| format!("{base}/receipts?cursor={cursor}")).unwrap_or_default();
    let newer = paging.cursor.map(|_| format!("{base}/receipts")).unwrap_or_default();
    let today = of_today(&shop, &seller.store).await?;
    let page = ReceiptsPage { ui, base, sales: listed.items, today, older, newer };
    Ok(web::page(&page)?.into_response())
}

/// What stands of today's sales, tender by tender.
async fn of_today(shop: &Shop, store: &StoreId) -> Result<Vec<OfTender>> {
    let since_ms = midnight_ms(today(shop.base.clock.now_ms()));
    Ok(sql!(
        all & shop.base.db,
        "select t.tender, count(*) as count, cast(sum(o.total_won) as bigint) as won
         from till_sales t join orders o on o.id = t.order_id
         where t.store_id = $1 and t.recorded_at_ms >= $2 and t.voided_at_ms is null
         group by t.tender order by t.tender",
        store,
        since_ms
    )?)
}

#[derive(Template)]
#[template(path = "till/receipt.html")]
struct ReceiptPage {
    ui: Ui,
    base: String,
    store: Store,
    sale: Sale,
    lines: Vec<Line>,
    reason: String,
    wrong: String,
}

impl ReceiptPage {
    async fn of(shop: &Shop, ui: Ui, store: &StoreId, id: &OrderId) -> Result<ReceiptPage> {
        let db = &shop.base.db;
        Ok(ReceiptPage {
            ui,
            base: format!("/sell/{store}/till"),
            store: store::find(db, store).await?,
            sale: find(db, store, id).await?,
            lines: order::lines(db, id).await?,
            reason: String::new(),
            wrong: String::new(),
        })
    }

    /// Where ten seconds of a way back lead.
    fn undo(&self) -> String {
        format!("{}/receipts/{}/undo", self.base, self.sale.order_id)
    }
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(InStore { order }): Path<InStore>,
) -> Result<Response, Problem> {
    let page = ReceiptPage::of(&shop, ui, &seller.store, &order).await?;
    Ok(web::page(&page)?.into_response())
}

async fn take_back(
    State(shop): State<Shop>,
    seller: Seller,
    WantsJson(as_json): WantsJson,
    Path(InStore { order }): Path<InStore>,
) -> Result<Response, Problem> {
    let sale = undo(&shop, &seller.store, &seller.person.id, &order).await?;
    if as_json {
        return Ok(axum::Json(serde_json::json!({ "number": sale.number })).into_response());
    }
    Ok(Redirect::to(&format!("/sell/{}/till?undone={}", seller.store, sale.order_id)).into_response())
}

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    reason: String,
}

async fn call_off(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(InStore { order }): Path<InStore>,
    Form(Why { reason }): Form<Why>,
) -> Result<Response, Problem> {
    match void(&shop, &seller.store, &seller.person.id, &order, &reason).await {
        Ok(_) => Ok(Redirect::to(&format!("/sell/{}/till/receipts/{order}", seller.store)).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = ReceiptPage::of(&shop, ui, &seller.store, &order).await?;
            let wrong = Problem::from(wrong).field_words(page.ui.language(), "reason").unwrap_or_default();
            let page = ReceiptPage { reason, wrong, ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}
