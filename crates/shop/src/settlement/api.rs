//! Settlement for programs.

use axum::extract::State;
use base::Won;
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Problem, Query};

use super::check::Off;
use super::rates::{self, Rate};
use super::{Asked, By, OfDay, OfMethod, Report, Sums, report};
use crate::Shop;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(one)).routes(routes!(all_rates, set_rates))
}

/// A store's settlement of one period, from the ledger.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Settlement)]
struct Body {
    by: By,
    /// The first day, `2026-11-01`.
    first: String,
    /// The last day.
    last: String,
    #[serde(flatten)]
    sums: Sums,
    /// Taken less given back less reverted.
    net_won: Won,
    /// An estimate by the rates the seller wrote down; absent while one is missing.
    expected_fee_won: Option<Won>,
    methods: Vec<OfMethod>,
    days: Vec<OfDay>,
    /// By how much ledger and records disagree; 0 is what it should be.
    difference_won: Won,
    differences: Vec<Off>,
}

impl From<Report> for Body {
    fn from(report: Report) -> Body {
        Body {
            by: report.period.by,
            first: report.period.first.to_string(),
            last: report.period.last.to_string(),
            sums: report.sums,
            net_won: report.sums.net(),
            expected_fee_won: report.expected_fee(),
            difference_won: report.check.difference(),
            differences: report.check.off,
            methods: report.methods,
            days: report.days,
        }
    }
}

/// What a store took and gave back in a day, a week or a month.
#[utoipa::path(get, path = "/api/v1/stores/{store}/settlement", tag = "shop",
    params(("store" = StoreId, Path), Asked),
    responses((status = 200, body = Body), (status = "4XX", body = Problem)))]
async fn one(
    State(shop): State<Shop>,
    seller: Seller,
    Query(asked): Query<Asked>,
) -> Result<Json<Body>, Problem> {
    let period = asked.read(&shop.base.clock)?;
    Ok(Json(report(&shop.base.db, &seller.store, period).await?.into()))
}

/// A store's rates.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SettlementRates)]
struct Rates {
    /// At most one for each method.
    items: Vec<Rate>,
}

/// What the payment company keeps, as the seller wrote it down.
#[utoipa::path(get, path = "/api/v1/stores/{store}/settlement-rates", tag = "shop",
    params(("store" = StoreId, Path)),
    responses((status = 200, body = Rates), (status = "4XX", body = Problem)))]
async fn all_rates(State(shop): State<Shop>, seller: Seller) -> Result<Json<Rates>, Problem> {
    Ok(Json(Rates { items: rates::of_store(&shop.base.db, &seller.store).await? }))
}

/// Write down what the payment company keeps.
///
/// Replaces what was there. It only changes estimates.
#[utoipa::path(put, path = "/api/v1/stores/{store}/settlement-rates", tag = "shop",
    params(("store" = StoreId, Path)), request_body = Rates,
    responses((status = 200, body = Rates), (status = "4XX", body = Problem)))]
async fn set_rates(
    State(shop): State<Shop>,
    seller: Seller,
    Json(wanted): Json<Rates>,
) -> Result<Json<Rates>, Problem> {
    rates::set(&shop, &seller.store, &wanted.items).await?;
    Ok(Json(Rates { items: rates::of_store(&shop.base.db, &seller.store).await? }))
}
