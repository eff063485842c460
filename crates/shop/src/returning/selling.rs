//! The seller's side of returns: the list with each clock in words, and one return with its next step.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Won;
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::Paging;
use web::{Form, Path, Problem, Query, Ui};

use super::settle::{Answer, Goods, arrive, exchange, pay_interest, refund, settle_answer};
use super::{Line, Listed, Return, ReturnId, ReturnState, Wish, lines, list, of_store};
use crate::carrier::{self, Carrier};
use crate::order::{self, Order};
use crate::shipment::pages::{SendForm, from_form};
use crate::shipment::{self, Shipment};
use crate::workdays::{Workdays, day_of};
use crate::{Error, Shop, StoreId};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/returns", get(all))
        .route("/sell/{store}/returns/{return}", get(one))
        .route("/sell/{store}/returns/{return}/answer", post(answer))
        .route("/sell/{store}/returns/{return}/arrival", post(arrived))
        .route("/sell/{store}/returns/{return}/refund", post(give_back))
        .route("/sell/{store}/returns/{return}/exchange", post(give_again))
        .route("/sell/{store}/returns/{return}/interest", post(interest_paid))
        .route("/sell/{store}/returns/{return}/shipments", post(send))
}

/// The clock of a return in words: what is to be done, and how long there is for it. Nothing when nothing is.
fn clock(ui: &Ui, back: &Return, days: &Workdays) -> String {
    let (today, due) = (day_of(ui.now_ms()), day_of(back.due_at_ms));
    let late = due.until(today).map_or(0, |span| i64::from(span.get_days()));
    let left = days.between(today, due);
    match back.state {
        ReturnState::Asked if late > 0 => ui.t("return-clock-answer-late"),
        ReturnState::Asked => ui.t1("return-clock-answer", "date", ui.date(&back.due_at_ms)),
        ReturnState::Arrived if late > 0 => ui.t1("return-clock-late", "days", late),
        ReturnState::Arrived if left == 0 => ui.t("return-clock-today"),
        ReturnState::Arrived => ui.t1("return-clock-days", "days", left),
        ReturnState::Exchanged | ReturnState::Accepted | ReturnState::SentBack => String::new(),
        _ if back.owes_interest() => ui.t("return-clock-interest"),
        _ => String::new(),
    }
}

#[derive(Template)]
#[template(path = "returning/list.html")]
struct ListPage {
    ui: Ui,
    store: StoreId,
    open: bool,
    rows: Vec<Listed>,
    days: Workdays,
    older: String,
}

impl ListPage {
    fn clock(&self, row: &Listed) -> String {
        clock(&self.ui, &row.back, &self.days)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    all: Option<String>,
    cursor: Option<String>,
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let open = filter.all.is_none();
    let paging = Paging { limit: None, cursor: filter.cursor };
    let limit = paging.limit();
    let rows = list(&shop.base.db, &seller.store, open, paging.after()?, limit + 1).await?;
    let listed = web::cursor::Listed::of(rows, limit, |row| (row.back.asked_at_ms, row.back.id.to_string()));
    let which = if open { "" } else { "all=1&" };
    let older = listed.next_cursor.map(|cursor| format!("?{which}cursor={cursor}")).unwrap_or_default();
    let days = Workdays::of(&shop.base.db).await?;
    let page = ListPage { ui, store: seller.store, open, rows: listed.items, days, older };
    Ok(web::page(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "returning/selling.html")]
struct ReturnPage {
    ui: Ui,
    order: Order,
    back: Return,
    lines: Vec<Line>,
    parcels: Vec<Shipment>,
    carriers: &'static [Carrier],
    carrier: String,
    key: String,
    clock: String,
    /// What would be owed beside the money now.
    interest: Won,
    reason: String,
    problem: Option<Problem>,
}

impl ReturnPage {
    async fn of(shop: &Shop, ui: Ui, store: &StoreId, id: &ReturnId) -> Result<ReturnPage, Problem> {
        let db = &shop.base.db;
        let back = of_store(db, store, id).await?;
        let parcels = shipment::of_order(db, &back.order_id).await?;
        Ok(ReturnPage {
            order: order::of_store(db, store, &back.order_id).await?,
            lines: lines(db, id).await?,
            parcels: parcels.into_iter().filter(|one| one.return_id.as_ref() == Some(id)).collect(),
            carriers: &carrier::ALL,
            carrier: shipment::last_carrier(db, store).await?.to_owned(),
            key: shop.base.random.token::<16>(),
            clock: clock(&ui, &back, &Workdays::of(db).await?),
            interest: back.interest_at(ui.now_ms()),
            reason: String::new(),
            problem: None,
            back,
            ui,
        })
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn base(&self) -> String {
        format!("/sell/{}/returns/{}", self.back.store_id, self.back.id)
    }

    fn is_asked(&self) -> bool {
        self.back.state == ReturnState::Asked
    }

    /// Whether the seller may say that it is here.
    fn is_awaited(&self) -> bool {
        matches!(self.back.state, ReturnState::Accepted | ReturnState::SentBack)
    }

    fn is_arrived(&self) -> bool {
        self.back.state == ReturnState::Arrived
    }

    fn is_wanted_again(&self) -> bool {
        self.back.wish == Wish::Exchange
    }

    /// Whether the seller may still say no.
    fn is_refusable(&self) -> bool {
        matches!(self.back.state, ReturnState::Asked | ReturnState::SentBack)
    }

    /// How the button of the refund looks: it is the main one unless the buyer wants the goods again.
    fn refund_class(&self) -> &'static str {
        if self.is_wanted_again() { "plain wide" } else { "wide big" }
    }

    /// Whether the exchange has yet to be sent.
    fn is_to_send(&self) -> bool {
        self.back.state == ReturnState::Exchanged && !self.order.is_pickup()
    }
}

#[derive(Deserialize)]
struct OfReturn {
    #[serde(rename = "return")]
    id: ReturnId,
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Response, Problem> {
    Ok(web::page(&ReturnPage::of(&shop, ui, &seller.store, &id).await?)?.into_response())
}

#[derive(Deserialize)]
struct AnswerForm {
    answer: String,
    #[serde(default)]
    reason: String,
}

async fn answer(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
    Form(AnswerForm { answer, reason }): Form<AnswerForm>,
) -> Result<Response, Problem> {
    let said = match answer.as_str() {
        "accept" => Answer::Accept,
        _ => Answer::Refuse { reason: reason.clone() },
    };
    match settle_answer(&shop, &seller.store, &id, &said).await {
        Ok(()) => Ok(back_to(&seller.store, &id)),
        Err(wrong @ Error::Invalid(_)) => {
            let page = ReturnPage::of(&shop, ui, &seller.store, &id).await?;
            let page = ReturnPage { reason, problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
struct ArrivalForm {
    goods: Goods,
}

async fn arrived(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
    Form(ArrivalForm { goods }): Form<ArrivalForm>,
) -> Result<Response, Problem> {
    arrive(&shop, &seller.store, &id, goods).await?;
    Ok(back_to(&seller.store, &id))
}

async fn give_back(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Response, Problem> {
    refund(&shop, &seller.store, &id).await?;
    Ok(back_to(&seller.store, &id))
}

async fn give_again(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Response, Problem> {
    exchange(&shop, &seller.store, &id).await?;
    Ok(back_to(&seller.store, &id))
}

async fn interest_paid(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Response, Problem> {
    pay_interest(&shop, &seller.store, &id).await?;
    Ok(back_to(&seller.store, &id))
}

async fn send(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
    Form(typed): Form<SendForm>,
) -> Result<Response, Problem> {
    let back = of_store(&shop.base.db, &seller.store, &id).await?;
    let here = format!("/sell/{}/returns/{id}", seller.store);
    let action = format!("{here}/shipments");
    from_form(&shop, ui, &seller.store, &back.order_id, Some(&id), (action, here), typed).await
}

fn back_to(store: &StoreId, id: &ReturnId) -> Response {
    Redirect::to(&format!("/sell/{store}/returns/{id}")).into_response()
}
