//! Coupons for programs.

use axum::extract::State;
use axum::http::StatusCode;
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::{Brought, Coupon, CouponId, NewCoupon, change, create, end, list, resume};
use crate::Shop;
use crate::discount::Rule;
use crate::promotion::Standing;
use crate::text::Text;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(all, make))
        .routes(routes!(replace))
        .routes(routes!(ending))
        .routes(routes!(resumption))
}

/// A coupon as its seller's programs see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Coupon)]
struct CouponView {
    id: CouponId,
    store_id: StoreId,
    code: String,
    name: Text,
    #[serde(flatten)]
    rule: Rule,
    quantity: i64,
    /// Held by orders or spent.
    redeemed: i64,
    /// How often one buyer may use it; 0: as often as they like.
    per_buyer: i64,
    /// Whether it counts now.
    standing: Standing,
    /// RFC 3339.
    ends_at: Option<String>,
    ended_at: Option<String>,
}

/// A coupon with what it brought.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CouponBrought)]
struct BroughtView {
    #[serde(flatten)]
    coupon: CouponView,
    /// Paid orders it was part of.
    orders: i64,
    /// What it took off them.
    discount_won: Won,
    /// What they came to.
    sold_won: Won,
}

impl CouponView {
    fn of(coupon: Coupon, now_ms: i64) -> CouponView {
        let at = |ms: i64| clock::at(ms).to_string();
        CouponView {
            standing: coupon.standing(now_ms),
            id: coupon.id,
            store_id: coupon.store_id,
            code: coupon.code,
            name: Text::new(coupon.name, coupon.name_en),
            rule: coupon.rule,
            quantity: coupon.quantity,
            redeemed: coupon.redeemed,
            per_buyer: coupon.per_buyer,
            ends_at: coupon.ends_at_ms.map(at),
            ended_at: coupon.ended_at_ms.map(at),
        }
    }
}

/// The ids in the path.
#[derive(Deserialize)]
struct Named {
    coupon: CouponId,
}

/// A store's coupons with what each brought, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/coupons", tag = "shop",
    params(("store" = StoreId, Path), Paging),
    responses((status = 200, body = Listed<BroughtView>), (status = "4XX", body = Problem)))]
async fn all(
    seller: Seller,
    State(shop): State<Shop>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<BroughtView>>, Problem> {
    let limit = paging.limit();
    let rows = list(&shop.base.db, &seller.store, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.coupon.created_at_ms, row.coupon.id.to_string()));
    let now_ms = shop.base.clock.now_ms();
    let view = |row: Brought| BroughtView {
        coupon: CouponView::of(row.coupon, now_ms),
        orders: row.orders,
        discount_won: row.discount_won,
        sold_won: row.sold_won,
    };
    Ok(Json(Listed { items: listed.items.into_iter().map(view).collect(), next_cursor: listed.next_cursor }))
}

/// Issue a coupon.
///
/// It is never redeemed more often than it was issued. The same `Idempotency-Key` gives the same coupon.
#[utoipa::path(post, path = "/api/v1/stores/{store}/coupons", tag = "shop", request_body = NewCoupon,
    params(("store" = StoreId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = CouponView), (status = "4XX", body = Problem)))]
async fn make(
    seller: Seller,
    State(shop): State<Shop>,
    key: IdempotencyKey,
    Json(new): Json<NewCoupon>,
) -> Result<(StatusCode, Json<CouponView>), Problem> {
    let made = create(&shop, &seller.store, &key.0, new).await?;
    Ok((StatusCode::CREATED, Json(CouponView::of(made, shop.base.clock.now_ms()))))
}

/// Change a coupon, whole but for its code, for orders to come.
#[utoipa::path(put, path = "/api/v1/stores/{store}/coupons/{coupon}", tag = "shop", request_body = NewCoupon,
    params(("store" = StoreId, Path), ("coupon" = CouponId, Path)),
    responses((status = 200, body = CouponView), (status = "4XX", body = Problem)))]
async fn replace(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { coupon }): Path<Named>,
    Json(new): Json<NewCoupon>,
) -> Result<Json<CouponView>, Problem> {
    let changed = change(&shop, &seller.store, &coupon, new).await?;
    Ok(Json(CouponView::of(changed, shop.base.clock.now_ms())))
}

/// End a coupon now; what orders hold of it they keep.
#[utoipa::path(post, path = "/api/v1/stores/{store}/coupons/{coupon}/ending", tag = "shop",
    params(("store" = StoreId, Path), ("coupon" = CouponId, Path)),
    responses((status = 200, body = CouponView), (status = "4XX", body = Problem)))]
async fn ending(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { coupon }): Path<Named>,
) -> Result<Json<CouponView>, Problem> {
    let ended = end(&shop, &seller.store, &coupon).await?;
    Ok(Json(CouponView::of(ended, shop.base.clock.now_ms())))
}

/// Let a coupon go on that was ended.
#[utoipa::path(post, path = "/api/v1/stores/{store}/coupons/{coupon}/resumption", tag = "shop",
    params(("store" = StoreId, Path), ("coupon" = CouponId, Path)),
    responses((status = 200, body = CouponView), (status = "4XX", body = Problem)))]
async fn resumption(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { coupon }): Path<Named>,
) -> Result<Json<CouponView>, Problem> {
    let resumed = resume(&shop, &seller.store, &coupon).await?;
    Ok(Json(CouponView::of(resumed, shop.base.clock.now_ms())))
}
