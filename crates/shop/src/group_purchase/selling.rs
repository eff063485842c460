//! The seller's side of group purchases: all of them, a new one, and one to follow.

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

use super::form::Typed;
use super::{
    GroupPurchase, GroupPurchaseId, Progress, call_off, close, create, keeps_cards, list, of_store, progress,
};
use crate::deal::{self, Choice};
use crate::product::{self, Card, ProductId};
use crate::{Error, Result, Shop, StoreId};

/// Group purchases on one page.
const ROWS: i64 = 20;
/// Goods to choose from.
const GOODS: i64 = 200;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/together", get(all))
        .route("/sell/{store}/together/new", get(blank).post(make))
        .route("/sell/{store}/together/{group}", get(one))
        .route("/sell/{store}/together/{group}/closing", post(closing))
        .route("/sell/{store}/together/{group}/calling-off", post(calling_off))
}

fn path(store: &StoreId) -> String {
    format!("/sell/{store}/together")
}

/// A group purchase with its goods and how far it has come.
pub(super) struct Row {
    pub(super) group: GroupPurchase,
    pub(super) card: Option<Card>,
    pub(super) progress: Progress,
}

impl Row {
    pub(super) async fn of(shop: &Shop, group: GroupPurchase) -> Result<Row> {
        let card = product::card(&shop.base.db, &group.product_id).await?;
        let progress = progress(&shop.base.db, &group).await?;
        Ok(Row { group, card, progress })
    }

    pub(super) fn name(&self, ui: &Ui) -> String {
        self.card.as_ref().map(|card| card.name_in(ui.language()).to_owned()).unwrap_or_default()
    }

    /// Pieces that are wanted so far; of one that is settled, that were wanted then.
    pub(super) fn pieces(&self) -> i64 {
        if self.group.state == super::State::Open { self.progress.pieces } else { self.group.pieces }
    }

    /// The pieces at which it is reached.
    pub(super) fn goal(&self) -> i64 {
        self.group.tiers.first().map_or(1, |tier| tier.pieces)
    }

    /// "12개 · 9명".
    pub(super) fn counted(&self, ui: &Ui) -> String {
        ui.t2("group-counted", "pieces", self.pieces(), "people", self.progress.people)
    }

    /// Where it stands, in words.
    pub(super) fn stands(&self, ui: &Ui) -> String {
        ui.t(&format!("group-is-{}", self.group.state.slug()))
    }
}

#[derive(Template)]
#[template(path = "group_purchase/list.html")]
struct ListPage {
    ui: Ui,
    base: String,
    rows: Vec<Row>,
    older: String,
    can_offer: bool,
}

async fn all(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(paging): Query<Paging>,
) -> Result<Response, Problem> {
    let base = path(&seller.store);
    let found = list(&shop.base.db, &seller.store, paging.after()?, ROWS + 1).await?;
    let listed = Listed::of(found, ROWS, |row| (row.created_at_ms, row.id.to_string()));
    let mut rows = Vec::with_capacity(listed.items.len());
    for group in listed.items {
        rows.push(Row::of(&shop, group).await?);
    }
    let older = listed.next_cursor.map(|cursor| format!("{base}?cursor={cursor}")).unwrap_or_default();
    let can_offer = keeps_cards(&shop, &seller.store);
    Ok(web::page(&ListPage { ui, base, rows, older, can_offer })?.into_response())
}

#[derive(Template)]
#[template(path = "group_purchase/new.html")]
struct NewPage {
    ui: Ui,
    base: String,
    choices: Vec<Choice>,
    typed: Typed,
    problem: Option<Problem>,
}

impl NewPage {
    async fn of(shop: &Shop, ui: Ui, store: &StoreId, typed: Typed) -> Result<NewPage> {
        let goods: Vec<ProductId> =
            product::all_in(&shop.base.db, store, GOODS).await?.into_iter().map(|card| card.id).collect();
        let choices = deal::choices(&shop.base.db, &goods, GOODS).await?;
        Ok(NewPage { ui, base: path(store), choices, typed, problem: None })
    }

    fn wrong(&self, field: &str) -> String {
        let words = |field| self.problem.as_ref()?.field_words(self.ui.language(), field);
        words(field).unwrap_or_default()
    }

    /// "고등어 한 손 · 9,800원 · 30개".
    fn choice(&self, choice: &Choice) -> String {
        let ui = &self.ui;
        let left = ui.t1("group-left", "count", choice.available);
        format!("{} · {} · {left}", choice.name_in(ui.language()), ui.won(choice.usual_won))
    }

    /// The steps of the form: the names of their fields, their label, and what was typed.
    fn steps(&self) -> Vec<(String, String, String, &str, &str)> {
        self.typed
            .tiers
            .iter()
            .enumerate()
            .map(|(at, (pieces, price))| {
                let label = self.ui.t1("group-tier-pieces", "place", at + 1);
                (format!("pieces_{at}"), format!("price_{at}"), label, pieces.as_str(), price.as_str())
            })
            .collect()
    }

    /// What went wrong, over the form.
    fn told(&self) -> String {
        match &self.problem {
            Some(problem) if problem.slug() == "fields" => self.ui.t("sell-look-again"),
            Some(problem) => {
                let lang = self.ui.language();
                format!("{}. {}", problem.title(lang), problem.next(lang))
            }
            None => String::new(),
        }
    }

    fn page(self) -> Result<Response, Problem> {
        let status = if self.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok((status, web::page(&self)?).into_response())
    }
}

async fn blank(seller: Seller, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    let typed = Typed::new(shop.base.random.token::<16>(), shop.base.clock.now_ms());
    NewPage::of(&shop, ui, &seller.store, typed).await?.page()
}

async fn make(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed::read(fields);
    let key = IdempotencyKey::of(&typed.key)?;
    match create(&shop, &seller.store, &key.0, &ui.absolute("/"), typed.offer()).await {
        Ok(group) => {
            Ok(Redirect::to(&format!("{}/{}?just=made", path(&seller.store), group.id)).into_response())
        }
        Err(error @ (Error::Invalid(_) | Error::NoKeptCards)) => {
            let page = NewPage::of(&shop, ui, &seller.store, typed).await?;
            NewPage { problem: Some(error.into()), ..page }.page()
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "group_purchase/one.html")]
struct OnePage {
    ui: Ui,
    base: String,
    row: Row,
    is_new: bool,
}

impl OnePage {
    fn is_open(&self) -> bool {
        self.row.group.is_open(self.ui.now_ms())
    }

    /// What it settled at; empty before.
    fn settled(&self) -> String {
        let won = self.row.group.price_won.map(|won| self.ui.won(won));
        won.map(|won| self.ui.t2("group-settled", "won", won, "paid", self.row.progress.paid))
            .unwrap_or_default()
    }

    /// What a seller sends to their regulars.
    fn share(&self) -> String {
        let ui = &self.ui;
        let words = ui.t1("group-share", "name", self.row.name(ui));
        format!("{words} {}", ui.absolute(&self.row.group.path()))
    }
}

#[derive(Deserialize)]
struct Named {
    group: GroupPurchaseId,
}

#[derive(Deserialize)]
struct Just {
    just: Option<String>,
}

async fn one(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { group }): Path<Named>,
    Query(Just { just }): Query<Just>,
) -> Result<Response, Problem> {
    let group = of_store(&shop.base.db, &seller.store, &group).await?;
    let row = Row::of(&shop, group).await?;
    let page = OnePage { ui, base: path(&seller.store), row, is_new: just.is_some() };
    Ok(web::page(&page)?.into_response())
}

async fn closing(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { group }): Path<Named>,
) -> Result<Response, Problem> {
    settled(&seller.store, &group, close(&shop, &seller.store, &group).await)
}

async fn calling_off(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { group }): Path<Named>,
) -> Result<Response, Problem> {
    settled(&seller.store, &group, call_off(&shop, &seller.store, &group).await)
}

/// Back to the page, which says how it stands; a second tap finds it settled.
fn settled(
    store: &StoreId,
    id: &GroupPurchaseId,
    outcome: Result<GroupPurchase>,
) -> Result<Response, Problem> {
    match outcome {
        Ok(_) | Err(Error::GroupOver) => Ok(Redirect::to(&format!("{}/{id}", path(store))).into_response()),
        Err(error) => Err(error.into()),
    }
}
