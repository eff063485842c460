//! The buyer's side of a return: what may go back and what it comes to, asking for it, and following it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Ui};

use super::ask::look;
use super::law::{RULES, Rule};
use super::settle::{Dispatch, dispatch, take_back};
use super::{
    Item, Line, NewReturn, Offered, Piece, Postage, Reason, Return, ReturnId, ReturnState, Wish, ask, lines,
    of_buyer, offer,
};
use crate::carrier::{self, Carrier};
use crate::order::{self, Order, OrderId};
use crate::shipment::{self, Shipment};
use crate::store::{self, Store};
use crate::{Buyer, Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/orders/{order}/returns/new", get(form))
        .route("/orders/{order}/returns/check", post(check))
        .route("/orders/{order}/returns", post(create))
        .route("/returns/{return}", get(one))
        .route("/returns/{return}/taking-back", post(keep))
        .route("/returns/{return}/dispatch", post(send_back))
}

/// What the buyer typed, as it came: it goes back into the form if something is wrong.
#[derive(Clone, Debug, Default)]
struct Typed {
    key: String,
    quantities: BTreeMap<String, String>,
    wish: String,
    reason: String,
    words: String,
    postage: String,
    noticed_on: String,
}

/// Fields that are the quantity of a line begin so.
const QUANTITY: &str = "q-";

impl Typed {
    fn read(pairs: Vec<(String, String)>) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in pairs {
            match name.as_str() {
                "key" => typed.key = value,
                "wish" => typed.wish = value,
                "reason" => typed.reason = value,
                "words" => typed.words = value,
                "postage" => typed.postage = value,
                "noticed_on" => typed.noticed_on = value,
                name => {
                    if let Some(variant) = name.strip_prefix(QUANTITY) {
                        typed.quantities.insert(variant.to_owned(), value);
                    }
                }
            }
        }
        typed
    }

    /// The wish it says, or the fields that say none.
    fn wanted(&self) -> Result<NewReturn, Error> {
        let mut wrong: Vec<(String, &'static str)> = Vec::new();
        let mut lines = Vec::new();
        for (variant, text) in &self.quantities {
            let text = text.trim();
            match (variant.parse(), if text.is_empty() { Ok(0) } else { text.parse() }) {
                (Ok(_), Ok(0)) => {}
                (Ok(variant_id), Ok(quantity)) => lines.push(Piece { variant_id, quantity }),
                _ => wrong.push(("lines".to_owned(), "quantity")),
            }
        }
        let reason: Option<Reason> = word(&self.reason);
        if reason.is_none() {
            wrong.push(("reason".to_owned(), "choose"));
        }
        let noticed = self.noticed_on.trim();
        let noticed_on = if noticed.is_empty() { None } else { noticed.parse().ok() };
        if !noticed.is_empty() && noticed_on.is_none() {
            wrong.push(("noticed_on".to_owned(), "return-noticed"));
        }
        let (Some(reason), true) = (reason, wrong.is_empty()) else { return Err(Error::Invalid(wrong)) };
        Ok(NewReturn {
            lines,
            wish: word(&self.wish).unwrap_or_default(),
            reason,
            words: self.words.clone(),
            postage: word(&self.postage).unwrap_or_default(),
            noticed_on,
        })
    }
}

/// A word of a closed choice.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::String(text.to_owned())).ok()
}

#[derive(Template)]
#[template(path = "returning/ask.html")]
struct AskPage {
    ui: Ui,
    order: Order,
    store: Store,
    identity: Vec<(String, String)>,
    offered: Offered,
    rules: &'static [Rule],
    typed: Typed,
    problem: Option<Problem>,
}

impl AskPage {
    async fn of(shop: &Shop, ui: Ui, order: Order, typed: Typed) -> Result<AskPage, Problem> {
        let offered = offer(shop, &order).await?.ok_or(Error::NotYetSent)?;
        let store = store::find(&shop.base.db, &order.store_id).await?;
        let key = if typed.key.is_empty() { shop.base.random.token::<16>() } else { typed.key.clone() };
        let (identity, typed) = (store.identity.lines(&ui), Typed { key, ..typed });
        Ok(AskPage { ui, order, store, identity, offered, rules: &RULES, typed, problem: None })
    }

    fn reasons(&self) -> [Reason; 4] {
        Reason::ALL
    }

    /// Who pays the way back for this reason.
    fn note(&self, reason: &Reason) -> String {
        self.ui.t(if reason.is_sellers() { "return-store-pays" } else { "return-you-pay" })
    }

    fn is_chosen(&self, reason: &Reason) -> bool {
        self.typed.reason == reason.slug()
    }

    fn is_late(&self, reason: &Reason) -> bool {
        !self.offered.is_in_time(*reason)
    }

    fn quantity(&self, item: &Item) -> String {
        self.typed.quantities.get(item.variant_id.as_str()).cloned().unwrap_or_default()
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    /// What went wrong that no single field is to blame for.
    fn told(&self) -> String {
        let lang = self.ui.language();
        let field =
            ["lines", "reason", "words", "noticed_on"].iter().any(|field| !self.error(field).is_empty());
        match &self.problem {
            Some(problem) if !field => format!("{}. {}", problem.title(lang), problem.next(lang)),
            _ => String::new(),
        }
    }
}

async fn form(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let page = AskPage::of(&shop, ui, order, Typed::default()).await?;
    Ok(web::page(&page)?.into_response())
}

/// The form again, with what is wrong beside it.
async fn mend(shop: &Shop, ui: Ui, order: Order, typed: Typed, wrong: Error) -> Result<Response, Problem> {
    let mendable = matches!(
        wrong,
        Error::Invalid(_)
            | Error::ReturnTooMany { .. }
            | Error::NotReturnable { .. }
            | Error::ReturnTooLate
            | Error::NotFound
    );
    if !mendable {
        return Err(wrong.into());
    }
    let page = AskPage::of(shop, ui, order, typed).await?;
    let page = AskPage { problem: Some(wrong.into()), ..page };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
}

/// What it comes to, before anything is asked for.
#[derive(Template)]
#[template(path = "returning/check.html")]
struct CheckPage {
    ui: Ui,
    order: Order,
    back: Return,
    lines: Vec<Line>,
    typed: Typed,
}

impl CheckPage {
    /// Whether the buyer pays the way back at the counter.
    fn is_prepaid(&self) -> bool {
        !self.back.reason.is_sellers() && self.back.postage == Postage::Prepaid && !self.order.is_pickup()
    }

    fn is_on_the_store(&self) -> bool {
        self.back.reason.is_sellers() && !self.order.is_pickup()
    }
}

async fn check(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<OrderId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let typed = Typed::read(pairs);
    let wanted = match typed.wanted() {
        Ok(wanted) => wanted,
        Err(wrong) => return mend(&shop, ui, order, typed, wrong).await,
    };
    match look(&shop, &order, wanted).await {
        Ok((back, lines)) => Ok(web::page(&CheckPage { ui, order, back, lines, typed })?.into_response()),
        Err(wrong) => mend(&shop, ui, order, typed, wrong).await,
    }
}

async fn create(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<OrderId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let typed = Typed::read(pairs);
    let key = IdempotencyKey::of(&typed.key)?.0;
    let wanted = match typed.wanted() {
        Ok(wanted) => wanted,
        Err(wrong) => return mend(&shop, ui, order, typed, wrong).await,
    };
    match ask(&shop, &order, &key, wanted).await {
        Ok(back) => Ok(Redirect::to(&format!("/returns/{}", back.id)).into_response()),
        Err(wrong) => mend(&shop, ui, order, typed, wrong).await,
    }
}

#[derive(Template)]
#[template(path = "returning/return.html")]
struct ReturnPage {
    ui: Ui,
    order: Order,
    store: Store,
    identity: Vec<(String, String)>,
    back: Return,
    lines: Vec<Line>,
    parcels: Vec<Shipment>,
    carriers: &'static [Carrier],
    typed: Dispatch,
    problem: Option<Problem>,
}

impl ReturnPage {
    async fn of(shop: &Shop, ui: Ui, back: Return) -> Result<ReturnPage, Problem> {
        let db = &shop.base.db;
        let order = order::of_store(db, &back.store_id, &back.order_id).await?;
        let store = store::find(db, &back.store_id).await?;
        let lines = lines(db, &back.id).await?;
        let parcels = shipment::of_order(db, &back.order_id).await?;
        let parcels = parcels.into_iter().filter(|one| one.return_id.as_ref() == Some(&back.id)).collect();
        let carriers: &'static [Carrier] = &carrier::ALL;
        let (typed, problem) = (Dispatch::default(), None);
        let identity = store.identity.lines(&ui);
        Ok(ReturnPage { ui, order, store, identity, back, lines, parcels, carriers, typed, problem })
    }

    /// The steps to show, each with how it stands.
    fn steps(&self) -> Vec<(&'static str, String)> {
        let last =
            if self.back.wish == Wish::Exchange { "return-step-exchanged" } else { "return-step-refunded" };
        let names = ["return-step-asked", "return-step-accepted", "return-step-arrived", last];
        let now = match self.back.state {
            ReturnState::Asked => 1,
            ReturnState::Accepted | ReturnState::SentBack => 2,
            ReturnState::Arrived => 3,
            _ => 4,
        };
        let state = |at: usize| match (at + 1).cmp(&now) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "",
        };
        names.into_iter().enumerate().map(|(at, name)| (name, state(at).to_owned())).collect()
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn is_chosen(&self, carrier: &Carrier) -> bool {
        self.typed.carrier == carrier.slug
    }

    fn is_accepted(&self) -> bool {
        self.back.state == ReturnState::Accepted
    }

    fn is_sent_back(&self) -> bool {
        self.back.state == ReturnState::SentBack
    }

    fn is_arrived(&self) -> bool {
        self.back.state == ReturnState::Arrived
    }

    fn is_refused(&self) -> bool {
        self.back.state == ReturnState::Refused
    }
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<ReturnId>,
) -> Result<Response, Problem> {
    let back = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    Ok(web::page(&ReturnPage::of(&shop, ui, back).await?)?.into_response())
}

async fn keep(State(shop): State<Shop>, buyer: Buyer, Path(id): Path<ReturnId>) -> Result<Response, Problem> {
    let back = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    take_back(&shop, &back).await?;
    Ok(Redirect::to(&format!("/returns/{id}")).into_response())
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct DispatchForm {
    carrier: String,
    number: String,
}

async fn send_back(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<ReturnId>,
    Form(DispatchForm { carrier, number }): Form<DispatchForm>,
) -> Result<Response, Problem> {
    let back = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let typed = Dispatch { carrier, number };
    match dispatch(&shop, &back, &typed).await {
        Ok(()) => Ok(Redirect::to(&format!("/returns/{id}")).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = ReturnPage::of(&shop, ui, back).await?;
            let page = ReturnPage { typed, problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}
