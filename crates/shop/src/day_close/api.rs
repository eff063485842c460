//! Closes for programs.

use axum::extract::State;
use axum::http::StatusCode;
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::pages::InStore;
use super::{DayClose, Open, close_today, list, of_day};
use crate::order::filter::day;
use crate::settlement::{OfMethod, Sums};
use crate::{Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(all, close)).routes(routes!(one))
}

/// A day that was closed. It never changes.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DayClose)]
struct Body {
    /// `2026-11-24`, in the market's own time.
    day: String,
    #[serde(flatten)]
    sums: Sums,
    /// Taken less given back less reverted.
    net_won: Won,
    methods: Vec<OfMethod>,
    /// All entries of the ledger that it holds: 0 is what it should be.
    ledger_sum_won: Won,
    /// By how much ledger and records disagreed: 0 is what it should be.
    difference_won: Won,
    /// What was still to be done.
    open: Open,
    /// Whether it closed by itself after midnight.
    by_itself: bool,
    /// RFC 3339.
    closed_at: String,
}

impl From<DayClose> for Body {
    fn from(close: DayClose) -> Body {
        Body {
            day: close.day,
            net_won: close.sums.net(),
            sums: close.sums,
            methods: close.methods.0,
            ledger_sum_won: close.ledger_sum_won,
            difference_won: close.difference_won,
            open: close.open,
            by_itself: close.closed_by.is_none(),
            closed_at: clock::at(close.closed_at_ms).to_string(),
        }
    }
}

/// A page of a store's closes.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DayCloseList)]
struct DayCloseList {
    items: Vec<Body>,
    next_cursor: Option<String>,
}

/// The days that a store has closed, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/day-closes", tag = "shop",
    params(("store" = StoreId, Path), Paging),
    responses((status = 200, body = DayCloseList), (status = "4XX", body = Problem)))]
async fn all(
    State(shop): State<Shop>,
    seller: Seller,
    Query(paging): Query<Paging>,
) -> Result<Json<DayCloseList>, Problem> {
    let limit = paging.limit();
    let rows = list(&shop.base.db, &seller.store, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |close| (close.closed_at_ms, close.day.clone()));
    let items = listed.items.into_iter().map(Body::from).collect();
    Ok(Json(DayCloseList { items, next_cursor: listed.next_cursor }))
}

/// Close today.
///
/// A day is closed once, whoever asks and however often. What moves later stands in the next close.
#[utoipa::path(post, path = "/api/v1/stores/{store}/day-closes", tag = "shop",
    params(("store" = StoreId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Body), (status = "4XX", body = Problem)))]
async fn close(
    State(shop): State<Shop>,
    seller: Seller,
    key: IdempotencyKey,
) -> Result<(StatusCode, Json<Body>), Problem> {
    let made = close_today(&shop, &seller.store, &seller.person.id, &key.0).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// The close of a day.
#[utoipa::path(get, path = "/api/v1/stores/{store}/day-closes/{day}", tag = "shop",
    params(("store" = StoreId, Path), ("day" = String, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Problem)))]
async fn one(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { day: named }): Path<InStore>,
) -> Result<Json<Body>, Problem> {
    let close = of_day(&shop.base.db, &seller.store, day(&named).ok_or(Error::NotFound)?).await?;
    Ok(Json(close.into()))
}
