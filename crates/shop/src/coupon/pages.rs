//! The form of a coupon. The list it comes from is the page of discounts, beside the promotions.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Ui};

use super::{CouponId, change, create, end, of_store, resume};
use crate::Shop;
use crate::promotion::form::Typed;
use crate::promotion::pages::{Edit, back};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/coupons", get(list))
        .route("/sell/{store}/coupons/new", get(blank).post(make))
        .route("/sell/{store}/coupons/{coupon}", get(edit).post(save))
        .route("/sell/{store}/coupons/{coupon}/ending", post(ending))
        .route("/sell/{store}/coupons/{coupon}/resumption", post(resumption))
}

/// The coupon in the path; the store in front of it is the seller's.
#[derive(Deserialize)]
struct Named {
    coupon: CouponId,
}

async fn list(seller: Seller) -> Response {
    Redirect::to(&format!("/sell/{}/promotions", seller.store)).into_response()
}

async fn blank(seller: Seller, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    let typed = Typed::new(shop.base.random.token::<16>());
    Edit::of(&shop, ui, &seller.store, "coupons", None, typed).await?.page()
}

async fn make(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed::read(fields);
    let key = IdempotencyKey::of(&typed.key)?;
    let made = match typed.coupon() {
        Ok(new) => create(&shop, &seller.store, &key.0, new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(coupon) => Ok(back(&seller.store, "coupon_saved", &coupon.id)),
        Err(error) => Edit::of(&shop, ui, &seller.store, "coupons", None, typed).await?.refused(error),
    }
}

async fn edit(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { coupon: id }): Path<Named>,
) -> Result<Response, Problem> {
    let coupon = of_store(&shop.base.db, &seller.store, &id).await?;
    let typed = Typed::of_coupon(&coupon);
    let page = Edit::of(&shop, ui, &seller.store, "coupons", Some(id.to_string()), typed).await?;
    Edit { is_ended: coupon.ended_at_ms.is_some(), ..page }.page()
}

async fn save(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { coupon: id }): Path<Named>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let known = of_store(&shop.base.db, &seller.store, &id).await?;
    let typed = Typed { code: known.code.clone(), ..Typed::read(fields) };
    let saved = match typed.coupon() {
        Ok(new) => change(&shop, &seller.store, &id, new).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(back(&seller.store, "coupon_saved", &id)),
        Err(error) => {
            let page = Edit::of(&shop, ui, &seller.store, "coupons", Some(id.to_string()), typed).await?;
            Edit { is_ended: known.ended_at_ms.is_some(), ..page }.refused(error)
        }
    }
}

async fn ending(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { coupon: id }): Path<Named>,
) -> Result<Response, Problem> {
    end(&shop, &seller.store, &id).await?;
    Ok(back(&seller.store, "coupon_ended", &id))
}

async fn resumption(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { coupon: id }): Path<Named>,
) -> Result<Response, Problem> {
    resume(&shop, &seller.store, &id).await?;
    Ok(back(&seller.store, "coupon_resumed", &id))
}
