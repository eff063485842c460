//! The seller's orders for programs: found by what a seller knows of them, and moved along many at once.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use crate::delivery::{HandOver, Recipient};
use crate::order::batch::{self, Batch, BatchId, NewBatch, Row, Step};
use crate::order::filter::{self, Asked};
use crate::order::{FulfilmentState, Line, OrderId, OrderState, PaymentState, Summary, lines_of};
use crate::{Result, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(advance))
        .routes(routes!(one))
        .routes(routes!(undo))
}

/// An order as its seller sees it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StoreOrder)]
struct StoreOrder {
    id: OrderId,
    /// What people call it.
    number: String,
    order_state: OrderState,
    payment_state: PaymentState,
    fulfilment_state: FulfilmentState,
    hand_over: HandOver,
    #[serde(flatten)]
    to: Recipient,
    goods_won: Won,
    delivery_won: Won,
    total_won: Won,
    tracking: String,
    /// The show it came from.
    broadcast: Option<String>,
    lines: Vec<Line>,
    /// RFC 3339.
    placed_at: String,
    /// RFC 3339.
    paid_at: Option<String>,
}

impl StoreOrder {
    fn of(row: Summary, lines: &mut HashMap<OrderId, Vec<Line>>) -> StoreOrder {
        let order = row.order;
        StoreOrder {
            lines: lines.remove(&order.id).unwrap_or_default(),
            id: order.id,
            number: order.number,
            order_state: order.order_state,
            payment_state: order.payment_state,
            fulfilment_state: order.fulfilment_state,
            hand_over: order.hand_over,
            to: order.to,
            goods_won: order.goods_won,
            delivery_won: order.delivery_won,
            total_won: order.total_won,
            tracking: order.tracking,
            broadcast: order.broadcast,
            placed_at: clock::at(order.placed_at_ms).to_string(),
            paid_at: order.paid_at_ms.map(|ms| clock::at(ms).to_string()),
        }
    }
}

/// A page of a store's orders.
#[derive(Serialize, utoipa::ToSchema)]
struct StoreOrderList {
    items: Vec<StoreOrder>,
    next_cursor: Option<String>,
}

/// A store's paid orders of one stage, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/orders", tag = "shop",
    params(("store" = StoreId, Path), Asked, Paging),
    responses((status = 200, body = StoreOrderList), (status = "4XX", body = Problem)))]
async fn all(
    State(shop): State<Shop>,
    seller: Seller,
    Query(asked): Query<Asked>,
    Query(paging): Query<Paging>,
) -> Result<Json<StoreOrderList>, Problem> {
    let (db, limit) = (&shop.base.db, paging.limit());
    let filter = asked.read(&shop.base.clock)?;
    let rows = filter::list(db, &seller.store, &filter, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.order.placed_at_ms, row.order.id.to_string()));
    let ids: Vec<_> = listed.items.iter().map(|row| &row.order.id).collect();
    let mut lines = lines_of(db, &ids).await?;
    let items = listed.items.into_iter().map(|row| StoreOrder::of(row, &mut lines)).collect();
    Ok(Json(StoreOrderList { items, next_cursor: listed.next_cursor }))
}

/// A batch and what became of each order in it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OrderBatch)]
struct BatchBody {
    id: BatchId,
    to: Step,
    /// How many moved.
    done_count: i64,
    items: Vec<Row>,
    /// Until when it can be taken back. RFC 3339.
    undo_until: String,
    /// RFC 3339.
    undone_at: Option<String>,
}

impl BatchBody {
    async fn of(shop: &Shop, batch: Batch) -> Result<BatchBody> {
        let items = batch::outcomes(&shop.base.db, &batch.id).await?;
        let done = items.iter().filter(|row| row.outcome == batch::Outcome::Done).count();
        Ok(BatchBody {
            id: batch.id,
            to: batch.stage,
            done_count: done as i64,
            items,
            undo_until: clock::at(batch.at_ms + batch::UNDO_MS).to_string(),
            undone_at: batch.undone_at_ms.map(|ms| clock::at(ms).to_string()),
        })
    }
}

/// Move up to a hundred orders along.
///
/// Each order is told about by itself: done, or why not. The same `Idempotency-Key` gives the same batch.
#[utoipa::path(post, path = "/api/v1/stores/{store}/order-batches", tag = "shop",
    params(("store" = StoreId, Path), ("Idempotency-Key" = String, Header)),
    request_body = NewBatch,
    responses((status = 201, body = BatchBody), (status = "4XX", body = Problem)))]
async fn advance(
    State(shop): State<Shop>,
    seller: Seller,
    key: IdempotencyKey,
    Json(new): Json<NewBatch>,
) -> Result<(StatusCode, Json<BatchBody>), Problem> {
    let batch = batch::advance(&shop, &seller.store, &seller.person.id, &key.0, new).await?;
    Ok((StatusCode::CREATED, Json(BatchBody::of(&shop, batch).await?)))
}

#[derive(Deserialize)]
struct InStore {
    batch: BatchId,
}

/// What became of a batch.
#[utoipa::path(get, path = "/api/v1/stores/{store}/order-batches/{batch}", tag = "shop",
    params(("store" = StoreId, Path), ("batch" = BatchId, Path)),
    responses((status = 200, body = BatchBody), (status = "4XX", body = Problem)))]
async fn one(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { batch }): Path<InStore>,
) -> Result<Json<BatchBody>, Problem> {
    let batch = batch::find(&shop.base.db, &seller.store, &batch).await?;
    Ok(Json(BatchBody::of(&shop, batch).await?))
}

/// Take a batch back, within ten seconds.
///
/// An order that has gone further since stays where it is.
#[utoipa::path(post, path = "/api/v1/stores/{store}/order-batches/{batch}/undo", tag = "shop",
    params(("store" = StoreId, Path), ("batch" = BatchId, Path)),
    responses((status = 200, body = BatchBody), (status = "4XX", body = Problem)))]
async fn undo(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { batch }): Path<InStore>,
) -> Result<Json<BatchBody>, Problem> {
    let batch = batch::undo(&shop, &seller.store, &batch).await?;
    Ok(Json(BatchBody::of(&shop, batch).await?))
}
