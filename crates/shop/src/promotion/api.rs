//! Promotions for programs.

use axum::extract::State;
use axum::http::StatusCode;
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::{Brought, NewPromotion, Promotion, PromotionId, Standing, change, create, end, list, resume};
use crate::Shop;
use crate::discount::Rule;
use crate::text::Text;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(all, make))
        .routes(routes!(replace))
        .routes(routes!(ending))
        .routes(routes!(resumption))
}

/// A promotion as its seller's programs see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Promotion)]
struct PromotionView {
    id: PromotionId,
    store_id: StoreId,
    name: Text,
    #[serde(flatten)]
    rule: Rule,
    from_quantity: i64,
    first_order: bool,
    /// Whether it counts now.
    standing: Standing,
    /// RFC 3339.
    starts_at: String,
    ends_at: Option<String>,
    ended_at: Option<String>,
}

/// A promotion with what it brought.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PromotionBrought)]
struct BroughtView {
    #[serde(flatten)]
    promotion: PromotionView,
    /// Paid orders it was part of.
    orders: i64,
    /// What it took off them.
    discount_won: Won,
    /// What they came to.
    sold_won: Won,
}

impl PromotionView {
    fn of(promotion: Promotion, now_ms: i64) -> PromotionView {
        let at = |ms: i64| clock::at(ms).to_string();
        PromotionView {
            standing: promotion.standing(now_ms),
            id: promotion.id,
            store_id: promotion.store_id,
            name: Text::new(promotion.name, promotion.name_en),
            rule: promotion.rule,
            from_quantity: promotion.from_quantity,
            first_order: promotion.first_order,
            starts_at: at(promotion.starts_at_ms),
            ends_at: promotion.ends_at_ms.map(at),
            ended_at: promotion.ended_at_ms.map(at),
        }
    }
}

/// The ids in the path.
#[derive(Deserialize)]
struct Named {
    promotion: PromotionId,
}

/// A store's promotions with what each brought, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/promotions", tag = "shop",
    params(("store" = StoreId, Path), Paging),
    responses((status = 200, body = Listed<BroughtView>), (status = "4XX", body = Problem)))]
async fn all(
    seller: Seller,
    State(shop): State<Shop>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<BroughtView>>, Problem> {
    let limit = paging.limit();
    let rows = list(&shop.base.db, &seller.store, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.promotion.created_at_ms, row.promotion.id.to_string()));
    let now_ms = shop.base.clock.now_ms();
    let view = |row: Brought| BroughtView {
        promotion: PromotionView::of(row.promotion, now_ms),
        orders: row.orders,
        discount_won: row.discount_won,
        sold_won: row.sold_won,
    };
    Ok(Json(Listed { items: listed.items.into_iter().map(view).collect(), next_cursor: listed.next_cursor }))
}

/// Make a promotion.
///
/// Of those that run, the one that saves the buyer most applies to an order, alone. The same `Idempotency-Key` gives
/// the same promotion.
#[utoipa::path(post, path = "/api/v1/stores/{store}/promotions", tag = "shop", request_body = NewPromotion,
    params(("store" = StoreId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = PromotionView), (status = "4XX", body = Problem)))]
async fn make(
    seller: Seller,
    State(shop): State<Shop>,
    key: IdempotencyKey,
    Json(new): Json<NewPromotion>,
) -> Result<(StatusCode, Json<PromotionView>), Problem> {
    let made = create(&shop, &seller.store, &key.0, new).await?;
    Ok((StatusCode::CREATED, Json(PromotionView::of(made, shop.base.clock.now_ms()))))
}

/// Change a promotion, whole, for orders to come.
#[utoipa::path(put, path = "/api/v1/stores/{store}/promotions/{promotion}", tag = "shop", request_body = NewPromotion,
    params(("store" = StoreId, Path), ("promotion" = PromotionId, Path)),
    responses((status = 200, body = PromotionView), (status = "4XX", body = Problem)))]
async fn replace(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { promotion }): Path<Named>,
    Json(new): Json<NewPromotion>,
) -> Result<Json<PromotionView>, Problem> {
    let changed = change(&shop, &seller.store, &promotion, new).await?;
    Ok(Json(PromotionView::of(changed, shop.base.clock.now_ms())))
}

/// End a promotion now.
#[utoipa::path(post, path = "/api/v1/stores/{store}/promotions/{promotion}/ending", tag = "shop",
    params(("store" = StoreId, Path), ("promotion" = PromotionId, Path)),
    responses((status = 200, body = PromotionView), (status = "4XX", body = Problem)))]
async fn ending(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { promotion }): Path<Named>,
) -> Result<Json<PromotionView>, Problem> {
    let ended = end(&shop, &seller.store, &promotion).await?;
    Ok(Json(PromotionView::of(ended, shop.base.clock.now_ms())))
}

/// Let a promotion go on that was ended.
#[utoipa::path(post, path = "/api/v1/stores/{store}/promotions/{promotion}/resumption", tag = "shop",
    params(("store" = StoreId, Path), ("promotion" = PromotionId, Path)),
    responses((status = 200, body = PromotionView), (status = "4XX", body = Problem)))]
async fn resumption(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { promotion }): Path<Named>,
) -> Result<Json<PromotionView>, Problem> {
    let resumed = resume(&shop, &seller.store, &promotion).await?;
    Ok(Json(PromotionView::of(resumed, shop.base.clock.now_ms())))
}
