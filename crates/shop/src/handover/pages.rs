//! The seller at the stall: a picture that was scanned or a code that was read out, and one tap.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{Person, Seller, member};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Query, Ui};

use super::{days, give_up, hand_over, is_left, of_code, read, refusal, set_days, waiting};
use crate::counter::{self, paid};
use crate::order::{self, Line, Order, OrderId, OrderState, Summary};
use crate::{Error, Shop, StoreId, store};

/// Pickups on the page.
const ROWS: i64 = 50;
/// Digits of a code that stays; one that moves has more.
const CODE: usize = 4;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/handover", get(scanned))
        .route("/sell/{store}/handover", get(page).post(give))
        .route("/sell/{store}/handover/days", post(days_set))
        .route("/sell/{store}/handover/{order}/giving-up", post(give_order_up))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// What the picture says.
    t: String,
    /// What the moving picture says.
    p: String,
    /// What the buyer reads out.
    code: String,
    /// The order that was just handed over.
    done: Option<OrderId>,
}

/// Where the picture leads: to the order's own store, for those who work there.
async fn scanned(
    State(shop): State<Shop>,
    person: Person,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let order = read(&shop, &asked.t).await?.ok_or(Error::NotOurCode)?;
    let db = &shop.base.db;
    if !member::is_member(db, &person.id, &order.store_id).await.map_err(Problem::internal)? {
        let store = store::find(db, &order.store_id).await?;
        return Err(Error::OtherStore { store: store.name }.into());
    }
    Ok(Redirect::to(&format!("/sell/{}/handover?t={}", order.store_id, asked.t)).into_response())
}

/// A pickup that may be handed over, with what is in it.
struct Ready {
    order: Order,
    lines: Vec<Line>,
}

/// A pickup in the list.
struct Waiting {
    row: Summary,
    is_left: bool,
}

#[derive(Template)]
#[template(path = "handover/page.html")]
struct HandoverPage {
    ui: Ui,
    base: String,
    code: String,
    found: Vec<Ready>,
    waiting: Vec<Waiting>,
    /// Paid with the goods in hand, and not looked at.
    unseen: Vec<Summary>,
    /// The thing of the moment, 0 to 11.
    thing: u8,
    days: String,
    /// What went wrong, in words.
    told: String,
    wrong_days: String,
    done: Option<Order>,
}

impl HandoverPage {
    async fn of(shop: &Shop, ui: Ui, store: &StoreId) -> Result<HandoverPage, Problem> {
        let db = &shop.base.db;
        let (days, now_ms) = (days(db, store).await?, ui.now_ms());
        let waiting = waiting(db, store, ROWS).await?.into_iter();
        let waiting = waiting.map(|row| Waiting { is_left: is_left(&row.order, days, now_ms), row });
        Ok(HandoverPage {
            base: format!("/sell/{store}"),
            code: String::new(),
            found: Vec::new(),
            waiting: waiting.collect(),
            unseen: counter::unseen(db, store, ROWS).await?,
            thing: paid::thing(shop, store, now_ms).await?,
            days: days.to_string(),
            told: String::new(),
            wrong_days: String::new(),
            done: None,
            ui,
        })
    }

    /// The thing of the moment, as a word.
    fn thing(&self) -> String {
        self.ui.t(&format!("proof-thing-{}", self.thing))
    }

    fn refused(self, error: Error) -> Result<Response, Problem> {
        let problem = Problem::from(error);
        let lang = self.ui.language();
        let told = format!("{}. {}", problem.title(lang), problem.next(lang));
        let page = HandoverPage { told, ..self };
        Ok((problem.status(), web::page(&page)?).into_response())
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (db, store) = (&shop.base.db, &seller.store);
    let mut page = HandoverPage::of(&shop, ui, store).await?;
    if !asked.t.is_empty() {
        let order = match read(&shop, &asked.t).await? {
            Some(order) if order.store_id == *store => order,
            Some(_) => return Err(Problem::not_found()),
            None => return page.refused(Error::NotOurCode),
        };
        if order.order_state != OrderState::Confirmed || !order.is_paid() || !order.is_pickup() {
            return page.refused(refusal(&order));
        }
        page.found = vec![Ready { lines: order::lines(db, &order.id).await?, order }];
    } else if !asked.p.is_empty() {
        match paid::check(&shop, store, &asked.p).await {
            Ok(order) => page.found = vec![Ready { lines: order::lines(db, &order.id).await?, order }],
            Err(refused) => return page.refused(refused),
        }
    } else if !asked.code.is_empty() {
        let digits: String = asked.code.chars().filter(char::is_ascii_digit).collect();
        let moves = digits.len() > CODE;
        let found = if moves {
            paid::of_digits(&shop, store, &digits).await?
        } else {
            of_code(db, store, &digits).await?
        };
        for order in found {
            page.found.push(Ready { lines: order::lines(db, &order.id).await?, order });
        }
        page.code = asked.code;
        if page.found.is_empty() {
            return page.refused(if moves { Error::ProofStale } else { Error::NotFound });
        }
    } else if let Some(done) = asked.done {
        page.done = Some(order::of_store(db, store, &done).await?);
    }
    Ok(web::page(&page)?.into_response())
}

#[derive(Deserialize)]
struct Given {
    order: OrderId,
}

async fn give(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(Given { order }): Form<Given>,
) -> Result<Response, Problem> {
    match hand_over(&shop, &seller.store, &order).await {
        Ok(order) => {
            Ok(Redirect::to(&format!("/sell/{}/handover?done={}", seller.store, order.id)).into_response())
        }
        Err(Error::NotFound) => Err(Problem::not_found()),
        Err(refused) => HandoverPage::of(&shop, ui, &seller.store).await?.refused(refused),
    }
}

#[derive(Deserialize)]
struct Days {
    #[serde(default)]
    days: String,
}

async fn days_set(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(Days { days }): Form<Days>,
) -> Result<Response, Problem> {
    match set_days(&shop, &seller.store, days.trim().parse().unwrap_or(0)).await {
        Ok(()) => Ok(Redirect::to(&format!("/sell/{}/handover", seller.store)).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = HandoverPage::of(&shop, ui, &seller.store).await?;
            let wrong_days = Problem::from(wrong).field_words(page.ui.language(), "days").unwrap_or_default();
            let page = HandoverPage { days, wrong_days, ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn give_order_up(
    State(shop): State<Shop>,
    seller: Seller,
    Path(Given { order }): Path<Given>,
) -> Result<Response, Problem> {
    give_up(&shop, &seller.store, &order).await?;
    Ok(Redirect::to(&format!("/sell/{}/handover", seller.store)).into_response())
}
