//! Group purchases for programs.

use axum::extract::State;
use axum::http::StatusCode;
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query, Ui};

use super::{
    GroupPurchase, GroupPurchaseId, NewGroupPurchase, NewPledge, Progress, State as Stands, Tier, call_off,
    close, create, find, list, open_ones, pledge, progress,
};
use crate::order::OrderId;
use crate::product::{ProductId, VariantId};
use crate::{Buyer, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(one))
        .routes(routes!(join))
        .routes(routes!(of_store, make))
        .routes(routes!(closing))
        .routes(routes!(calling_off))
}

/// A group purchase with how far it has come.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GroupPurchase)]
struct View {
    id: GroupPurchaseId,
    store_id: StoreId,
    product_id: ProductId,
    variant_id: VariantId,
    words: String,
    tiers: Vec<Tier>,
    state: Stands,
    /// RFC 3339.
    closes_at: String,
    settled_at: Option<String>,
    /// What each piece costs everybody, once it is reached.
    price_won: Option<Won>,
    progress: Progress,
}

impl View {
    async fn of(shop: &Shop, group: GroupPurchase) -> Result<View, Problem> {
        let progress = progress(&shop.base.db, &group).await?;
        let at = |ms: i64| clock::at(ms).to_string();
        Ok(View {
            id: group.id,
            store_id: group.store_id,
            product_id: group.product_id,
            variant_id: group.variant_id,
            words: group.words,
            tiers: group.tiers.0,
            state: group.state,
            closes_at: at(group.closes_at_ms),
            settled_at: group.settled_at_ms.map(at),
            price_won: group.price_won,
            progress,
        })
    }

    async fn all(shop: &Shop, groups: Vec<GroupPurchase>) -> Result<Vec<View>, Problem> {
        let mut views = Vec::with_capacity(groups.len());
        for group in groups {
            views.push(View::of(shop, group).await?);
        }
        Ok(views)
    }
}

/// A pledge that stands: an order that is not paid before its group is reached.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GroupPurchasePledge)]
struct Pledged {
    order_id: OrderId,
}

#[derive(Deserialize)]
struct Named {
    group: GroupPurchaseId,
}

/// Group purchases that somebody may join now, the first to close first.
#[utoipa::path(get, path = "/api/v1/group-purchases", tag = "shop", params(Paging),
    responses((status = 200, body = Listed<View>), (status = "4XX", body = Problem)))]
async fn all(State(shop): State<Shop>, Query(paging): Query<Paging>) -> Result<Json<Listed<View>>, Problem> {
    let limit = paging.limit();
    let rows = open_ones(&shop.base.db, shop.base.clock.now_ms(), paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.closes_at_ms, row.id.to_string()));
    let items = View::all(&shop, listed.items).await?;
    Ok(Json(Listed { items, next_cursor: listed.next_cursor }))
}

/// A group purchase.
#[utoipa::path(get, path = "/api/v1/group-purchases/{group}", tag = "shop",
    params(("group" = GroupPurchaseId, Path)),
    responses((status = 200, body = View), (status = "4XX", body = Problem)))]
async fn one(State(shop): State<Shop>, Path(Named { group }): Path<Named>) -> Result<Json<View>, Problem> {
    let group = find(&shop.base.db, &group).await?;
    Ok(Json(View::of(&shop, group).await?))
}

/// Pledge to buy together.
///
/// The goods are held until the group is settled. The card that was kept with the store is charged when enough people
/// came together, at the price of the tier that was reached; nobody is charged otherwise. Cancelling the order takes the
/// pledge back. The same `Idempotency-Key` gives the same pledge.
#[utoipa::path(post, path = "/api/v1/group-purchases/{group}/pledges", tag = "shop", request_body = NewPledge,
    params(("group" = GroupPurchaseId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Pledged), (status = "4XX", body = Problem)))]
async fn join(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(Named { group }): Path<Named>,
    key: IdempotencyKey,
    Json(new): Json<NewPledge>,
) -> Result<(StatusCode, Json<Pledged>), Problem> {
    let placed = pledge(&shop, &buyer, &group, &key.0, new).await?;
    Ok((StatusCode::CREATED, Json(Pledged { order_id: placed.order })))
}

/// A store's group purchases, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/group-purchases", tag = "shop",
    params(("store" = StoreId, Path), Paging),
    responses((status = 200, body = Listed<View>), (status = "4XX", body = Problem)))]
async fn of_store(
    seller: Seller,
    State(shop): State<Shop>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<View>>, Problem> {
    let limit = paging.limit();
    let rows = list(&shop.base.db, &seller.store, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.created_at_ms, row.id.to_string()));
    let items = View::all(&shop, listed.items).await?;
    Ok(Json(Listed { items, next_cursor: listed.next_cursor }))
}

/// Offer goods to a group.
///
/// The same `Idempotency-Key` gives the same one.
#[utoipa::path(post, path = "/api/v1/stores/{store}/group-purchases", tag = "shop", request_body = NewGroupPurchase,
    params(("store" = StoreId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = View), (status = "4XX", body = Problem)))]
async fn make(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    key: IdempotencyKey,
    Json(new): Json<NewGroupPurchase>,
) -> Result<(StatusCode, Json<View>), Problem> {
    let made = create(&shop, &seller.store, &key.0, &ui.absolute("/"), new).await?;
    Ok((StatusCode::CREATED, Json(View::of(&shop, made).await?)))
}

/// Close a group purchase that is reached before its time: everybody is charged.
#[utoipa::path(post, path = "/api/v1/stores/{store}/group-purchases/{group}/closing", tag = "shop",
    params(("store" = StoreId, Path), ("group" = GroupPurchaseId, Path)),
    responses((status = 200, body = View), (status = "4XX", body = Problem)))]
async fn closing(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { group }): Path<Named>,
) -> Result<Json<View>, Problem> {
    let closed = close(&shop, &seller.store, &group).await?;
    Ok(Json(View::of(&shop, closed).await?))
}

/// Call a group purchase off: every pledge is let go, and nobody is charged.
#[utoipa::path(post, path = "/api/v1/stores/{store}/group-purchases/{group}/calling-off", tag = "shop",
    params(("store" = StoreId, Path), ("group" = GroupPurchaseId, Path)),
    responses((status = 200, body = View), (status = "4XX", body = Problem)))]
async fn calling_off(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { group }): Path<Named>,
) -> Result<Json<View>, Problem> {
    let off = call_off(&shop, &seller.store, &group).await?;
    Ok(Json(View::of(&shop, off).await?))
}
