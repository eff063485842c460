//! What a store brought along from elsewhere, to be read: its orders, reviews, questions and shows of before.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::{Db, sql};
use people::{Owner, StoreId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Query, Ui};

use super::format::{Kind, PastOrder, PastQuestion, PastReview, PastShow};
use crate::product::ProductId;
use crate::{Result, Shop};

/// Records on one page.
const PAGE: i64 = 20;
/// Reviews from elsewhere below a product's own.
const REVIEWS: i64 = 20;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/sell/{store}/history", get(history))
}

/// Whether a store brought anything along.
pub(super) async fn is_any(db: &Db, store: &StoreId) -> Result<bool> {
    Ok(sql!(value db, "select exists (select 1 from moved_records where store_id = $1)", store)?)
}

/// What was said of a product where it was sold before, the latest first; what that market hid stays hidden.
pub(crate) async fn reviews_of(db: &Db, product: &ProductId) -> Result<Vec<PastReview>> {
    let rows: Vec<(i64, String)> = sql!(all db,
        "select place, body from moved_records where product_id = $1 and kind = 'reviews'
         order by place desc limit $2", product, REVIEWS)?;
    let mut all: Vec<PastReview> = read(rows)?.into_iter().map(|(_, review)| review).collect();
    all.retain(|review| review.hidden_for.is_empty());
    Ok(all)
}

fn read<T: DeserializeOwned>(rows: Vec<(i64, String)>) -> Result<Vec<(i64, T)>> {
    rows.into_iter()
        .map(|(place, body)| Ok((place, serde_json::from_str(&body).map_err(base::Error::from)?)))
        .collect()
}

#[derive(Template)]
#[template(path = "moving/history.html")]
struct History {
    ui: Ui,
    base: String,
    kind: Kind,
    orders: Vec<PastOrder>,
    reviews: Vec<PastReview>,
    questions: Vec<PastQuestion>,
    shows: Vec<PastShow>,
    older: Option<i64>,
    is_later: bool,
}

impl History {
    fn tabs(&self) -> [(&'static str, bool); 4] {
        [Kind::Orders, Kind::Reviews, Kind::Questions, Kind::Shows]
            .map(|kind| (kind.slug(), kind == self.kind))
    }

    fn tab(&self, slug: &str) -> String {
        self.ui.t(&format!("moving-kind-{slug}"))
    }

    fn is_empty(&self) -> bool {
        self.orders.is_empty()
            && self.reviews.is_empty()
            && self.questions.is_empty()
            && self.shows.is_empty()
    }

    /// "별 다섯 개 가운데 4개".
    fn stars(&self, review: &PastReview) -> String {
        self.ui.t1("review-stars-of", "stars", review.stars)
    }

    fn first_page(&self) -> String {
        format!("{}?kind={}", self.base, self.kind.slug())
    }

    /// How an order ended, in one word.
    fn end(&self, order: &PastOrder) -> String {
        let key = match (order.order_state.as_str(), order.payment_state.as_str()) {
            ("canceled", _) => "moving-order-canceled",
            (_, "refunded" | "refunding") => "moving-order-refunded",
            ("completed", _) => "moving-order-completed",
            _ => "moving-order-open",
        };
        self.ui.t(key)
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    kind: String,
    before: Option<i64>,
}

async fn history(
    owner: Owner,
    ui: Ui,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let kind = Kind::of_slug(&asked.kind).filter(|kind| kind.is_history()).unwrap_or(Kind::Orders);
    let mut rows: Vec<(i64, String)> = sql!(
        all & shop.base.db,
        "select place, body from moved_records where store_id = $1 and kind = $2 and place < $3
         order by place desc limit $4",
        &owner.store,
        kind.slug(),
        asked.before.unwrap_or(i64::MAX),
        PAGE + 1
    )
    .map_err(Problem::internal)?;
    let has_older = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let older = has_older.then(|| rows.last().map(|(place, _)| *place)).flatten();
    let mut told = History {
        ui,
        base: format!("/sell/{}/history", owner.store),
        kind,
        orders: Vec::new(),
        reviews: Vec::new(),
        questions: Vec::new(),
        shows: Vec::new(),
        older,
        is_later: asked.before.is_some(),
    };
    match kind {
        Kind::Reviews => told.reviews = only(rows)?,
        Kind::Questions => told.questions = only(rows)?,
        Kind::Shows => told.shows = only(rows)?,
        Kind::Orders => told.orders = only(rows)?,
        _ => {}
    }
    Ok(web::page(&told)?.into_response())
}

fn only<T: DeserializeOwned>(rows: Vec<(i64, String)>) -> Result<Vec<T>> {
    Ok(read(rows)?.into_iter().map(|(_, record)| record).collect())
}
