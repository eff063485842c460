//! Retention for programs: for the store's people, and for the market's operators.

use axum::extract::State;
use people::Seller;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Problem};

use super::Retention;
use crate::host::Kept;
use crate::{Host, Live, broadcast, retention};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(withdraw, show_again))
        .routes(routes!(place, lift))
        .routes(routes!(policy, choose))
}

async fn told(live: &Live, id: &crate::BroadcastId) -> Result<Json<Retention>, Problem> {
    let show = broadcast::find(&live.base.db, id).await?;
    Ok(Json(retention::of(&live.base.db, &show).await?))
}

/// How long a show that is over can be seen and is kept.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/retention", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Retention), (status = "4XX", body = Problem)))]
async fn get(kept: Kept, State(live): State<Live>) -> Result<Json<Retention>, Problem> {
    told(&live, &kept.broadcast.id).await
}

/// Take a replay and its clips out of the public's sight. They are kept for six months and erased then.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/withdrawal", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Retention), (status = "4XX", body = Problem)))]
async fn withdraw(host: Host, State(live): State<Live>) -> Result<Json<Retention>, Problem> {
    retention::withdraw(&live, &host.broadcast).await?;
    told(&live, &host.broadcast.id).await
}

/// Show it again; the time of the store's policy begins anew.
#[utoipa::path(delete, path = "/api/v1/broadcasts/{broadcast}/withdrawal", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Retention), (status = "4XX", body = Problem)))]
async fn show_again(host: Host, State(live): State<Live>) -> Result<Json<Retention>, Problem> {
    retention::show_again(&live, &host.broadcast).await?;
    told(&live, &host.broadcast.id).await
}

#[derive(Deserialize, utoipa::ToSchema)]
struct NewHold {
    /// 1 to 200 letters.
    reason: String,
}

/// Hold a show: nothing of it is erased until the hold is lifted. A show that is held stays held as it is.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/hold", tag = "live",
    params(("broadcast" = String, Path)), request_body = NewHold,
    responses((status = 200, body = Retention), (status = "4XX", body = Problem)))]
async fn place(
    kept: Kept,
    State(live): State<Live>,
    Json(wanted): Json<NewHold>,
) -> Result<Json<Retention>, Problem> {
    retention::place(&live, &kept.broadcast, &kept.keeper, &wanted.reason).await?;
    told(&live, &kept.broadcast.id).await
}

/// Lift the hold; one that an operator placed only an operator lifts.
#[utoipa::path(delete, path = "/api/v1/broadcasts/{broadcast}/hold", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Retention), (status = "4XX", body = Problem)))]
async fn lift(kept: Kept, State(live): State<Live>) -> Result<Json<Retention>, Problem> {
    retention::lift(&live, &kept.broadcast, &kept.keeper).await?;
    told(&live, &kept.broadcast.id).await
}

/// How long a store's replays can be seen.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
struct ReplayPolicy {
    /// 1, 3, 6, 12 or 36 months after the show; 0: until somebody withdraws it.
    shown_months: i64,
}

/// How long a store's replays can be seen.
#[utoipa::path(get, path = "/api/v1/stores/{store}/replay-policy", tag = "live",
    params(("store" = String, Path)),
    responses((status = 200, body = ReplayPolicy), (status = "4XX", body = Problem)))]
async fn policy(seller: Seller, State(live): State<Live>) -> Result<Json<ReplayPolicy>, Problem> {
    let shown_months = retention::policy(&live.base.db, &seller.store).await?;
    Ok(Json(ReplayPolicy { shown_months }))
}

/// Choose how long; what it makes too old goes out of sight within the hour.
#[utoipa::path(put, path = "/api/v1/stores/{store}/replay-policy", tag = "live",
    params(("store" = String, Path)), request_body = ReplayPolicy,
    responses((status = 200, body = ReplayPolicy), (status = "4XX", body = Problem)))]
async fn choose(
    seller: Seller,
    State(live): State<Live>,
    Json(wanted): Json<ReplayPolicy>,
) -> Result<Json<ReplayPolicy>, Problem> {
    retention::choose(&live.base, &seller.store, wanted.shown_months).await?;
    Ok(Json(wanted))
}
