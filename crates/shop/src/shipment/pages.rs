//! Sending: the carrier and the number under the thumb, and the buyer who says that everything is there.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Ui};

use super::{NewShipment, ShipmentId, receive, remove, send};
use crate::carrier::{self, Carrier};
use crate::order::{self, OrderId};
use crate::returning::ReturnId;
use crate::{Buyer, Error, Shop, StoreId};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/orders/{order}/shipments", post(create))
        .route("/sell/{store}/shipments/{shipment}/removal", post(take_back))
        .route("/orders/{order}/receipt", post(received))
}

/// The form by itself, when something in it was wrong.
#[derive(Template)]
#[template(path = "shipment/send.html")]
struct SendPage {
    ui: Ui,
    action: String,
    back: String,
    carriers: &'static [Carrier],
    typed: SendForm,
    problem: Problem,
}

impl SendPage {
    fn error(&self, field: &str) -> String {
        self.problem.field_words(self.ui.language(), field).unwrap_or_default()
    }
}

/// A parcel as the seller typed it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SendForm {
    key: String,
    carrier: String,
    number: String,
}

/// Sends a parcel from a form of `action`, and leads `back`; a mistake brings the form as it was typed.
pub(crate) async fn from_form(
    shop: &Shop,
    ui: Ui,
    store: &StoreId,
    order: &OrderId,
    of: Option<&ReturnId>,
    (action, back): (String, String),
    typed: SendForm,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&typed.key)?.0;
    let new = NewShipment { carrier: typed.carrier.clone(), number: typed.number.clone() };
    match send(shop, store, order, of, &key, &new).await {
        Ok(_) => Ok(Redirect::to(&back).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = SendPage { ui, action, back, carriers: &carrier::ALL, typed, problem: wrong.into() };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
struct OfOrder {
    order: OrderId,
}

async fn create(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(OfOrder { order }): Path<OfOrder>,
    Form(typed): Form<SendForm>,
) -> Result<Response, Problem> {
    let back = format!("/sell/{}/orders/{order}", seller.store);
    let action = format!("{back}/shipments");
    from_form(&shop, ui, &seller.store, &order, None, (action, back), typed).await
}

#[derive(Deserialize)]
struct OfShipment {
    shipment: ShipmentId,
}

async fn take_back(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfShipment { shipment }): Path<OfShipment>,
) -> Result<Response, Problem> {
    let order = remove(&shop, &seller.store, &shipment).await?;
    Ok(Redirect::to(&format!("/sell/{}/orders/{order}", seller.store)).into_response())
}

async fn received(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    receive(&shop, &order).await?;
    Ok(Redirect::to(&format!("/orders/{id}")).into_response())
}
