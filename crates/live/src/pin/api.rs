//! Pins for programs.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shop::product::ProductId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::Listed;
use web::{IdempotencyKey, Json, Problem};

use crate::helper::Moderator;
use crate::host::Shown;
use crate::{Error, Host, Live, pin};

/// Changes of the card in one answer; a show has a few dozen.
const MOST: i64 = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().routes(routes!(list, change))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct NewPin {
    /// The product to show; null takes the card down.
    product: Option<String>,
}

/// A change of the card.
#[derive(Serialize, utoipa::ToSchema)]
struct PinShown {
    /// On the media clock, Unix milliseconds.
    at_ms: i64,
    /// Null: nothing was shown from here on.
    product: Option<String>,
}

/// What was shown when.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/pins", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Listed<PinShown>), (status = "4XX", body = Problem)))]
async fn list(State(live): State<Live>, Shown(broadcast): Shown) -> Result<Json<Listed<PinShown>>, Problem> {
    let pins = pin::all(&live.base.db, &broadcast.id, MOST).await?;
    let items = pins
        .into_iter()
        .map(|pin| PinShown { at_ms: pin.at_ms, product: pin.product.map(|product| product.to_string()) });
    Ok(Json(Listed { items: items.collect(), next_cursor: None }))
}

/// Show a product, or take the card down; for the store's people.
#[utoipa::path(post, path = "/api/v1/broadcasts/{broadcast}/pins", tag = "live",
    params(("broadcast" = String, Path), ("Idempotency-Key" = String, Header)), request_body = NewPin,
    responses((status = 201, body = Object, description = "The frame that the room hears"),
              (status = "4XX", body = Problem)))]
async fn change(
    host: Host,
    State(live): State<Live>,
    key: IdempotencyKey,
    Json(new): Json<NewPin>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let by = Moderator::from(host);
    let told = match new.product {
        Some(product) => {
            let product: ProductId = product.parse().map_err(|_| Error::ProductGone)?;
            pin::pin(&live, &by, &product, Some(key.0)).await?
        }
        None => pin::unpin(&live, &by, Some(key.0)).await?,
    };
    Ok((StatusCode::CREATED, Json(told)))
}
