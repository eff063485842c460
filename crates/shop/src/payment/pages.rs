//! The payment page: the amount, the store, the ways to pay, and the practice company's honest buttons. What is
//! to be paid is always ours; a number that comes back from a browser is only compared.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Won;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Query, Ui};

use super::account::Wanted;
use super::gateway::{Gateway, Practice};
use super::{
    APPROVE, DECLINE, Intent, IntentId, IntentState, Paid, SILENT, bank, last_attempt, left_window, method,
    of_buyer, pay, pay_at_window, pay_by_account, returned, set_cash_receipt,
};
use crate::order::Order;
use crate::store::{self, Store};
use crate::{Buyer, Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/pay/{intent}", get(page).post(answer))
        .route("/pay/{intent}/account", post(open_account))
        .route("/pay/{intent}/window", get(window))
        .route("/pay/{intent}/window/done", get(done))
        .route("/pay/{intent}/window/failed", get(failed))
        .route("/pay/{intent}/practice", post(practise))
}

#[derive(Template)]
#[template(path = "pay/pay.html")]
struct PayPage {
    ui: Ui,
    intent: Intent,
    order: Order,
    store: Store,
    identity: Vec<(String, String)>,
    /// The store's contract, without which nobody can pay.
    gateway: Option<Gateway>,
    may_keep: bool,
    was_declined: bool,
    key: String,
    wanted: Wanted,
    cash_receipt: String,
    problem: Option<Problem>,
}

impl PayPage {
    fn is_practice(&self) -> bool {
        self.gateway.as_ref().is_some_and(Gateway::is_practice)
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn banks(&self) -> Vec<(&'static str, &'static str)> {
        bank::opening()
    }

    fn all_banks(&self) -> &'static [(&'static str, &'static str)] {
        bank::all()
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<IntentId>,
) -> Result<Response, Problem> {
    let (intent, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    if intent.is_early(shop.base.clock.now_ms()) {
        return Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response());
    }
    let is_at_window = intent.state == IntentState::Processing
        && super::window(&shop, &intent).await.is_ok_and(|at| at.is_some());
    if intent.state != IntentState::RequiresMethod && !is_at_window {
        return Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response());
    }
    let wanted = Wanted { refund_holder: order.to.recipient.clone(), ..Wanted::default() };
    let cash_receipt = intent.cash_receipt.clone();
    let page = dressed(&shop, ui, &buyer, intent, order, (wanted, cash_receipt, None)).await?;
    Ok(web::page(&page)?.into_response())
}

async fn dressed(
    shop: &Shop,
    ui: Ui,
    buyer: &Buyer,
    intent: Intent,
    order: Order,
    (wanted, cash_receipt, problem): (Wanted, String, Option<Problem>),
) -> Result<PayPage, Problem> {
    let store = store::find(&shop.base.db, &intent.store_id).await?;
    let identity = store.identity.lines(&ui);
    let was_declined = super::was_declined(&shop.base.db, &intent.id).await?;
    let gateway = shop.contracts.of(&intent.store_id);
    let may_keep = buyer.person.is_some() && gateway.as_ref().is_some_and(Gateway::is_practice);
    let key = shop.base.random.token::<16>();
    Ok(PayPage {
        ui,
        intent,
        order,
        store,
        identity,
        gateway,
        may_keep,
        was_declined,
        key,
        wanted,
        cash_receipt,
        problem,
    })
}

/// What was pressed. The box to keep the card is never ticked beforehand.
#[derive(Deserialize)]
struct Pressed {
    answer: String,
    #[serde(default)]
    keep: String,
    /// Makes a second press of the same button the same try.
    #[serde(default)]
    key: String,
}

async fn answer(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<IntentId>,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let (intent, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let key = key_of(&shop, &pressed.key)?;
    let card = match pressed.answer.as_str() {
        "approve" => APPROVE,
        "decline" => DECLINE,
        "silent" => SILENT,
        "window" => {
            let here = ui.absolute(&format!("/pay/{id}/window"));
            pay_at_window(&shop, &id, &key, &here).await?;
            return Ok(Redirect::to(&format!("/pay/{id}/window")).into_response());
        }
        _ => return Err(Error::Invalid(vec![("answer".to_owned(), "choose")]).into()),
    };
    let paid = pay(&shop, &id, &key, card).await?;
    if let Some(person) = &buyer.person
        && paid.state == IntentState::Succeeded
        && card == APPROVE
        && !pressed.keep.is_empty()
    {
        method::keep(&shop, &person.id, &intent.store_id, card).await?;
    }
    Ok(onwards(&id, &order, &paid))
}

/// The key a form carries, or a new one for a form without.
fn key_of(shop: &Shop, key: &str) -> Result<String, Problem> {
    if key.is_empty() { Ok(shop.base.random.token::<16>()) } else { Ok(web::IdempotencyKey::of(key)?.0) }
}

fn onwards(id: &IntentId, order: &Order, paid: &Paid) -> Response {
    let to = match (paid.state, &order.checkout_id) {
        (IntentState::RequiresMethod, _) => format!("/pay/{id}"),
        (IntentState::Succeeded, Some(checkout)) => format!("/checkouts/{checkout}"),
        (IntentState::Succeeded, None) if order.is_at_the_counter() => format!("/orders/{}/paid", order.id),
        _ => format!("/orders/{}", order.id),
    };
    Redirect::to(&to).into_response()
}

#[derive(Deserialize)]
struct AccountForm {
    #[serde(default)]
    key: String,
    #[serde(default)]
    cash_receipt: String,
    #[serde(flatten)]
    wanted: Wanted,
}

async fn open_account(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<IntentId>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Problem> {
    let (intent, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let key = key_of(&shop, &form.key)?;
    let checked = match form.wanted.checked() {
        Ok(checked) => set_cash_receipt(&shop, &id, &form.cash_receipt).await.map(|()| checked),
        Err(wrong) => Err(wrong),
    };
    let (bank, to) = match checked {
        Ok(checked) => checked,
        Err(wrong @ Error::Invalid(_)) => {
            let typed = (form.wanted, form.cash_receipt, Some(wrong.into()));
            let page = dressed(&shop, ui, &buyer, intent, order, typed).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response());
        }
        Err(wrong) => return Err(wrong.into()),
    };
    let paid = pay_by_account(&shop, &id, &key, &bank, to).await?;
    Ok(onwards(&id, &order, &paid))
}

#[derive(Template)]
#[template(path = "pay/window.html")]
struct WindowPage {
    ui: Ui,
    intent: Intent,
    window: String,
}

/// The door to the payment company's window. A form may not lead away from here, but a link may.
async fn window(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<IntentId>,
) -> Result<Response, Problem> {
    let (intent, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    match super::window(&shop, &intent).await? {
        Some(window) => Ok(web::page(&WindowPage { ui, intent, window })?.into_response()),
        None => Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response()),
    }
}

/// What the window says on the way back. It is compared with what we know, and never taken from here.
#[derive(Deserialize)]
struct Back {
    #[serde(rename = "paymentKey")]
    key: String,
    #[serde(rename = "orderId")]
    order: String,
    amount: i64,
}

async fn done(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<IntentId>,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    let (_, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let state = returned(&shop, &id, &back.key, &back.order, Won(back.amount)).await?;
    Ok(onwards(&id, &order, &Paid { state, attempt: None, window: None }))
}

async fn failed(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<IntentId>,
) -> Result<Response, Problem> {
    of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    left_window(&shop, &id).await?;
    Ok(Redirect::to(&format!("/pay/{id}")).into_response())
}

#[derive(Deserialize)]
struct AtTheBank {
    answer: String,
}

/// At the practice bank a deposit arrives, or is taken back, when somebody presses a button.
async fn practise(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<IntentId>,
    Form(pressed): Form<AtTheBank>,
) -> Result<Response, Problem> {
    let (intent, order) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let what = match pressed.answer.as_str() {
        "deposit" => Practice::Deposit,
        "revert" => Practice::Revert,
        _ => return Err(Error::Invalid(vec![("answer".to_owned(), "choose")]).into()),
    };
    let gateway = super::pay::contract(&shop, &intent.store_id)?;
    let last = last_attempt(&shop.base.db, &id).await?.ok_or(Error::NotFound)?;
    gateway.practise(last.id.as_str(), what).await?;
    super::poll::ask(&shop, &last, 1).await?;
    Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response())
}
