//! The payment page: the amount, the store, the ways to pay, and the sandbox's honest buttons.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui};

use super::{APPROVE, DECLINE, Intent, IntentId, IntentState, SILENT, keep, of_buyer, pay};
use crate::order::Order;
use crate::store::{self, Store};
use crate::{Buyer, Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/pay/{intent}", get(page).post(answer))
}

#[derive(Template)]
#[template(path = "pay/pay.html")]
struct PayPage {
    ui: Ui,
    intent: Intent,
    order: Order,
    store: Store,
    identity: Vec<(String, String)>,
    may_keep: bool,
    was_declined: bool,
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<IntentId>,
) -> Result<Response, Problem> {
    let (intent, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    if intent.state != IntentState::RequiresMethod {
        return Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response());
    }
    let store = store::find(&shop.base.db, &intent.store_id).await?;
    let identity = store.identity.lines(&ui);
    let was_declined = super::was_declined(&shop.base.db, &id).await?;
    let may_keep = buyer.person.is_some();
    Ok(web::page(&PayPage { ui, intent, order, store, identity, may_keep, was_declined })?.into_response())
}

/// What was pressed. The box to keep the card is never ticked beforehand.
#[derive(Deserialize)]
struct Pressed {
    answer: String,
    #[serde(default)]
    keep: String,
}

async fn answer(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<IntentId>,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let (_, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let token = match pressed.answer.as_str() {
        "approve" => APPROVE,
        "decline" => DECLINE,
        "silent" => SILENT,
        _ => return Err(Error::Invalid(vec![("answer".to_owned(), "choose")]).into()),
    };
    let state = pay(&shop, &id, token).await?;
    if let Some(person) = &buyer.person
        && state == IntentState::Succeeded
        && token == APPROVE
        && !pressed.keep.is_empty()
    {
        keep(&shop, &person.id, token).await?;
    }
    let to = match state {
        IntentState::RequiresMethod => format!("/pay/{id}"),
        _ => format!("/orders/{}", order.id),
    };
    Ok(Redirect::to(&to).into_response())
}
