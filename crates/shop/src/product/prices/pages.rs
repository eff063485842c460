//! The table of today's prices, as a screen.

use std::collections::{HashMap, HashSet};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Won;
use jiff::civil::Date;
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::Paging;
use web::{Form, Path, Problem, Query, Ui};

use super::{BatchId, PRODUCTS, Row, Wanted, day, set, table, undo};
use crate::product::draft::MAX_VARIANTS;
use crate::product::number;
use crate::{Error, Shop, StoreId};

/// Fields of one form: a price and what it was, for each variant of a screen, and a few more.
const MAX_FIELDS: usize = PRODUCTS as usize * MAX_VARIANTS * 2 + 10;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/prices", get(show).post(save))
        .route("/sell/{store}/prices/{batch}/undo", post(take_back))
}

#[derive(Template)]
#[template(path = "product/prices.html")]
struct Prices {
    ui: Ui,
    base: String,
    rows: Vec<Row>,
    /// What stands in the fields.
    typed: Vec<String>,
    then: Date,
    /// The form's key: a second tap changes nothing.
    batch: BatchId,
    older: String,
    newer: String,
    problem: Option<Problem>,
    done: String,
    undo: String,
    was_laid: bool,
}

impl Prices {
    fn wrong(&self, row: &Row) -> String {
        let field = format!("price.{}", row.variant_id);
        let words = self.problem.as_ref().and_then(|problem| problem.field_words(self.ui.language(), &field));
        words.unwrap_or_default()
    }

    /// What stands in the field of the nth row.
    fn price(&self, at: &usize) -> &str {
        self.typed.get(*at).map(String::as_str).unwrap_or_default()
    }

    /// A step of the buttons: what people round to at this price.
    fn step(&self, row: &Row) -> i64 {
        match row.price_won.0 {
            ..3_000 => 100,
            3_000..20_000 => 500,
            _ => 1_000,
        }
    }

    fn by(&self, key: &str, row: &Row) -> String {
        let step = self.ui.won(Won(self.step(row)));
        self.ui.t2(key, "name", row.title(self.ui.language()), "won", step)
    }

    fn then_day(&self) -> String {
        self.then.to_string()
    }
}

#[derive(Default, Deserialize)]
struct Asked {
    /// The day whose table stands beside today's.
    then: Option<String>,
    /// Whether that table is laid into the fields.
    lay: Option<String>,
    cursor: Option<String>,
    /// What was just saved, how many that were; how many were just taken back.
    done: Option<BatchId>,
    count: Option<i64>,
    back: Option<i64>,
}

async fn show(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    page(&shop, &seller.store, ui, &asked, None).await
}

async fn page(
    shop: &Shop,
    store: &StoreId,
    ui: Ui,
    asked: &Asked,
    sent: Option<(&[(String, String)], Problem)>,
) -> Result<Response, Problem> {
    let base = format!("/sell/{store}/prices");
    let paging = Paging { limit: None, cursor: asked.cursor.clone() };
    let then = day(asked.then.as_deref(), shop.base.clock.now_ms());
    let (rows, next) = table(&shop.base.db, store, then, paging.after()?).await?;
    let was_laid = asked.lay.is_some();
    let typed = rows.iter().map(|row| match &sent {
        Some((sent, _)) => sent_price(sent, row.variant_id.as_str()).unwrap_or_default().to_owned(),
        None if was_laid => row.then_won.0.to_string(),
        None => row.price_won.0.to_string(),
    });
    let typed = typed.collect();
    let (done, undo) = match (&asked.done, asked.count, asked.back) {
        (Some(batch), Some(count), _) => {
            (ui.t1("prices-done", "count", count), format!("{base}/{batch}/undo"))
        }
        (_, _, Some(count)) => (ui.t1("prices-undone", "count", count), String::new()),
        _ => (String::new(), String::new()),
    };
    let problem = sent.map(|(_, problem)| problem);
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let page = Prices {
        newer: asked.cursor.as_ref().map(|_| base.clone()).unwrap_or_default(),
        older: next.map(|cursor| format!("{base}?cursor={cursor}")).unwrap_or_default(),
        batch: BatchId::new(shop.base.clock.now_ms()),
        ui,
        base,
        rows,
        typed,
        then,
        problem,
        done,
        undo,
        was_laid,
    };
    Ok((status, web::page(&page)?).into_response())
}

/// The price that was typed for a variant.
fn sent_price<'f>(fields: &'f [(String, String)], variant: &str) -> Option<&'f str> {
    let field = |(name, _): &&(String, String)| name.strip_prefix("price.") == Some(variant);
    fields.iter().find(field).map(|(_, value)| value.as_str())
}

async fn save(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let batch = fields.iter().find(|(name, _)| name == "batch").and_then(|(_, value)| value.parse().ok());
    let batch: BatchId = batch.ok_or_else(|| Problem::bad_request("unreadable"))?;
    let saved = match read(&fields) {
        Ok(wanted) => set(&shop, &seller.store, &batch, &wanted).await,
        Err(error) => Err(error),
    };
    let base = format!("/sell/{}/prices", seller.store);
    match saved {
        Ok(0) => Ok(Redirect::to(&base).into_response()),
        Ok(count) => Ok(Redirect::to(&format!("{base}?done={batch}&count={count}")).into_response()),
        Err(error @ (Error::Invalid(_) | Error::PriceChanged)) => {
            let asked = Asked { cursor: asked.cursor, ..Asked::default() };
            page(&shop, &seller.store, ui, &asked, Some((&fields, error.into()))).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The table as it was sent: `was.ID` and `price.ID` of each row. An empty field changes nothing.
fn read(fields: &[(String, String)]) -> Result<Vec<Wanted>, Error> {
    if fields.len() > MAX_FIELDS {
        return Err(Error::Invalid(vec![("price".to_owned(), "too-many")]));
    }
    let typed: HashMap<&str, &str> = fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("price.")?, value.trim())))
        .collect();
    let (mut wanted, mut faults) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for (name, was) in fields {
        let Some(id) = name.strip_prefix("was.").filter(|id| seen.insert(*id)) else { continue };
        let (Ok(variant), Some(was)) = (id.parse(), number(was)) else { continue };
        match typed.get(id) {
            None | Some(&"") => {}
            Some(typed) => match number(typed) {
                Some(won) => wanted.push(Wanted { variant, was_won: Won(was), won: Won(won) }),
                None => faults.push((format!("price.{id}"), "number")),
            },
        }
    }
    if faults.is_empty() { Ok(wanted) } else { Err(Error::Invalid(faults)) }
}

/// The batch in the path.
#[derive(Deserialize)]
struct Named {
    batch: BatchId,
}

async fn take_back(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { batch }): Path<Named>,
) -> Result<Response, Problem> {
    let count = undo(&shop, &seller.store, &batch).await?;
    Ok(Redirect::to(&format!("/sell/{}/prices?back={count}", seller.store)).into_response())
}
