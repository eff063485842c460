//! The page of the day's end: what it comes to, what is still open, one button, and the days before.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use super::{DayClose, Open, close_today, list, of_day, open};
use crate::order::filter::{day, midnight_ms};
use crate::settlement::{self, Sums, today};
use crate::{Error, Shop};

/// Closes on one page.
const ROWS: i64 = 31;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/day-closes", get(page).post(write))
        .route("/sell/{store}/day-closes/{day}", get(one))
}

#[derive(Template)]
#[template(path = "day_close/page.html")]
struct ClosePage {
    ui: Ui,
    store: StoreId,
    /// What no close holds yet.
    sums: Sums,
    open: Open,
    is_closed: bool,
    closes: Vec<DayClose>,
    older: String,
    newer: String,
    key: String,
}

#[derive(Template)]
#[template(path = "day_close/day.html")]
struct DayPage {
    ui: Ui,
    store: StoreId,
    close: DayClose,
}

/// A day as people call it.
fn name(ui: &Ui, close: &DayClose) -> String {
    day(&close.day).map(|day| ui.date(&midnight_ms(day))).unwrap_or_default()
}

impl ClosePage {
    fn name(&self, close: &DayClose) -> String {
        name(&self.ui, close)
    }
}

impl DayPage {
    fn name(&self) -> String {
        name(&self.ui, &self.close)
    }

    fn by(&self) -> &'static str {
        if self.close.closed_by.is_some() { "close-by-hand" } else { "close-by-night" }
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(paging): Query<Paging>,
) -> Result<Response, Problem> {
    let (db, store) = (&shop.base.db, seller.store);
    let closes = list(db, &store, paging.after()?, ROWS + 1).await?;
    let listed = Listed::of(closes, ROWS, |close| (close.closed_at_ms, close.day.clone()));
    let here = format!("/sell/{store}/day-closes");
    let is_closed = match of_day(db, &store, today(shop.base.clock.now_ms())).await {
        Ok(_) => true,
        Err(Error::NotFound) => false,
        Err(error) => return Err(error.into()),
    };
    let page = ClosePage {
        sums: settlement::total(&settlement::moved_since(db, &store).await?),
        open: open(db, &store).await?,
        is_closed,
        older: listed.next_cursor.map(|cursor| format!("{here}?cursor={cursor}")).unwrap_or_default(),
        newer: paging.cursor.map(|_| here).unwrap_or_default(),
        closes: listed.items,
        key: shop.base.random.token::<16>(),
        store,
        ui,
    };
    Ok(web::page(&page)?.into_response())
}

#[derive(Deserialize)]
struct Pressed {
    #[serde(default)]
    key: String,
}

async fn write(
    State(shop): State<Shop>,
    seller: Seller,
    Form(Pressed { key }): Form<Pressed>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&key)?.0;
    let made = close_today(&shop, &seller.store, &seller.person.id, &key).await?;
    Ok(Redirect::to(&format!("/sell/{}/day-closes/{}", seller.store, made.day)).into_response())
}

#[derive(Deserialize)]
pub(super) struct InStore {
    pub(super) day: String,
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(InStore { day: named }): Path<InStore>,
) -> Result<Response, Problem> {
    let close = of_day(&shop.base.db, &seller.store, day(&named).ok_or(Error::NotFound)?).await?;
    Ok(web::page(&DayPage { ui, store: seller.store, close })?.into_response())
}
