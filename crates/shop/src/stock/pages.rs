//! The stock page: what is there, least left first, a number and a reason under the thumb, and the
//! ledger of each variant. What was just written can be taken back from the very next page.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use super::MovementId;
use super::ledger::{self, Change, Movement, Reason, Row};
use crate::product::VariantId;
use crate::{Error, Shop, StoreId};

/// Variants on one page, and lines of a ledger.
const ROWS: i64 = 30;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/stock", get(shelf))
        .route("/sell/{store}/stock/{variant}", get(one).post(write))
        .route("/sell/{store}/stock/{variant}/warning", post(warn))
        .route("/sell/{store}/stock-movements/{movement}/undo", post(undo))
}

#[derive(Template)]
#[template(path = "stock/shelf.html")]
struct Shelf {
    ui: Ui,
    base: String,
    rows: Vec<Row>,
    low: bool,
    low_count: i64,
    older: String,
    newer: String,
    /// The forms' key: each row's is this and the row's id.
    key: String,
    done: Option<Done>,
}

#[derive(Template)]
#[template(path = "stock/ledger.html")]
struct Ledger {
    ui: Ui,
    base: String,
    row: Row,
    movements: Vec<Movement>,
    older: String,
    newer: String,
    key: String,
    typed: Typed,
    low_at: String,
    problem: Option<Problem>,
    done: Option<Done>,
}

/// What was just done, with its way back.
struct Done {
    words: String,
    undo: String,
}

/// What a form brings.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    key: String,
    quantity: String,
    reason: Option<Reason>,
}

#[derive(Deserialize)]
struct Asked {
    /// Only what runs out.
    low: Option<String>,
    cursor: Option<String>,
    /// The movement that was just written.
    written: Option<MovementId>,
    /// The variant whose movement was just taken back.
    undone: Option<VariantId>,
}

/// The ids in the path, behind the store.
#[derive(Deserialize)]
struct Named {
    variant: VariantId,
}

#[derive(Deserialize)]
struct Written {
    movement: MovementId,
}

impl Shelf {
    fn reasons(&self) -> [Reason; 5] {
        Reason::ALL
    }

    fn key_of(&self, row: &Row) -> String {
        format!("{}-{}", self.key, row.variant_id)
    }
}

impl Ledger {
    /// Where the store's orders are.
    fn orders(&self) -> String {
        format!("{}/orders", self.base.trim_end_matches("/stock"))
    }

    fn reasons(&self) -> [Reason; 5] {
        Reason::ALL
    }

    fn wrong(&self, field: &str) -> String {
        self.problem
            .as_ref()
            .and_then(|problem| problem.field_words(self.ui.language(), field))
            .unwrap_or_default()
    }

    /// What went wrong that no single field is to blame for.
    fn told(&self) -> String {
        let fields = ["quantity", "low_at"].iter().any(|field| !self.wrong(field).is_empty());
        match &self.problem {
            Some(problem) if !fields => {
                let lang = self.ui.language();
                format!("{}. {}", problem.title(lang), problem.next(lang))
            }
            _ => String::new(),
        }
    }

    /// Why a movement was made, in words.
    fn why(&self, movement: &Movement) -> String {
        let key = match (movement.kind.as_str(), movement.reason.as_str()) {
            ("sale", _) => "stock-why-sale",
            ("return", _) => "stock-why-return",
            (_, "received") => "stock-received",
            (_, "sold-here") => "stock-sold-here",
            (_, "spoiled") => "stock-spoiled",
            (_, "tasted") => "stock-tasted",
            (_, "counted") => "stock-counted",
            (_, "till-over") => "stock-till-over",
            (_, "undone") => "stock-why-undone",
            ("receipt", _) => "stock-why-begun",
            _ => "stock-why-changed",
        };
        self.ui.t(key)
    }

    /// "+3", "−2".
    fn signed(&self, movement: &Movement) -> String {
        let number = self.ui.number(movement.quantity.abs());
        format!("{}{number}", if movement.quantity < 0 { "−" } else { "+" })
    }
}

impl Reason {
    /// The key of its words.
    fn words(self) -> String {
        format!("stock-{}", self.slug())
    }
}

fn path(store: &StoreId) -> String {
    format!("/sell/{store}/stock")
}

async fn shelf(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (db, base, low) = (&shop.base.db, path(&seller.store), asked.low.is_some());
    let paging = Paging { limit: Some(ROWS), cursor: asked.cursor.clone() };
    let rows = ledger::rows(db, &seller.store, low, paging.after()?, ROWS + 1).await?;
    let listed = Listed::of(rows, ROWS, |row| (row.left(), row.variant_id.to_string()));
    let filter = if low { "low=1&" } else { "" };
    let page = Shelf {
        low,
        low_count: ledger::low_count(db, &seller.store).await?,
        older: listed.next_cursor.map(|cursor| format!("{base}?{filter}cursor={cursor}")).unwrap_or_default(),
        newer: asked.cursor.as_ref().map(|_| format!("{base}?{filter}")).unwrap_or_default(),
        rows: listed.items,
        key: shop.base.random.token::<16>(),
        done: done(&shop, &seller.store, &ui, &asked).await,
        base,
        ui,
    };
    Ok(web::page(&page)?.into_response())
}

async fn one(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { variant }): Path<Named>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let done = done(&shop, &seller.store, &ui, &asked).await;
    let page = Ledger { done, ..read(&shop, ui, &seller.store, &variant, asked.cursor).await? };
    Ok(web::page(&page)?.into_response())
}

async fn read(
    shop: &Shop,
    ui: Ui,
    store: &StoreId,
    variant: &VariantId,
    cursor: Option<String>,
) -> Result<Ledger, Problem> {
    let (db, base) = (&shop.base.db, path(store));
    let row = ledger::row(db, store, variant).await?;
    let here = format!("{base}/{variant}");
    let paging = Paging { limit: Some(ROWS), cursor };
    let movements = ledger::movements(db, store, variant, paging.after()?, ROWS + 1).await?;
    let listed = Listed::of(movements, ROWS, |movement| (movement.at_ms, movement.id.to_string()));
    Ok(Ledger {
        older: listed.next_cursor.map(|cursor| format!("{here}?cursor={cursor}")).unwrap_or_default(),
        newer: paging.cursor.map(|_| here).unwrap_or_default(),
        movements: listed.items,
        low_at: row.low_at.to_string(),
        key: shop.base.random.token::<16>(),
        typed: Typed::default(),
        problem: None,
        done: None,
        base,
        row,
        ui,
    })
}

/// The form of both pages. A mistake leads to the variant's own page, with what was typed.
async fn write(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { variant }): Path<Named>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&typed.key)?.0;
    let quantity = typed.quantity.trim().replace(',', "").parse().unwrap_or(-1);
    let Some(reason) = typed.reason else { return Err(Problem::bad_request("unreadable")) };
    let change = Change { reason, quantity };
    match ledger::change(&shop, &seller.store, &seller.person.id, &variant, &key, &change).await {
        Ok(made) => Ok(Redirect::to(&format!("{}?written={}", path(&seller.store), made.id)).into_response()),
        Err(error @ (Error::Invalid(_) | Error::StockPromised)) => {
            let page = read(&shop, ui, &seller.store, &variant, None).await?;
            refused(Ledger { typed, problem: Some(error.into()), ..page })
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(page: Ledger) -> Result<Response, Problem> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
}

#[derive(Deserialize)]
struct Warning {
    #[serde(default)]
    low_at: String,
}

async fn warn(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { variant }): Path<Named>,
    Form(Warning { low_at }): Form<Warning>,
) -> Result<Response, Problem> {
    let number = low_at.trim().parse().unwrap_or(-1);
    match ledger::warn_at(&shop, &seller.store, &variant, number).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/{variant}", path(&seller.store))).into_response()),
        Err(error @ Error::Invalid(_)) => {
            let page = read(&shop, ui, &seller.store, &variant, None).await?;
            refused(Ledger { low_at, problem: Some(error.into()), ..page })
        }
        Err(error) => Err(error.into()),
    }
}

async fn undo(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Written { movement }): Path<Written>,
) -> Result<Response, Problem> {
    let variant = ledger::take_back(&shop, &seller.store, &seller.person.id, &movement).await?;
    Ok(Redirect::to(&format!("{}?undone={variant}", path(&seller.store))).into_response())
}

async fn done(shop: &Shop, store: &StoreId, ui: &Ui, asked: &Asked) -> Option<Done> {
    let db = &shop.base.db;
    if let Some(id) = &asked.written {
        let written = ledger::movement(db, store, id).await.ok()?;
        let row = ledger::row(db, store, &written.variant_id).await.ok()?;
        let words = ui.t2("stock-written", "name", row.name_in(ui.language()), "left", row.on_hand);
        return Some(Done { words, undo: format!("/sell/{store}/stock-movements/{id}/undo") });
    }
    let row = ledger::row(db, store, asked.undone.as_ref()?).await.ok()?;
    let words = ui.t2("stock-undone", "name", row.name_in(ui.language()), "left", row.on_hand);
    Some(Done { words, undo: String::new() })
}
