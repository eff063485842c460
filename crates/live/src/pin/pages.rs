//! The studio's buttons that put a product's card up and take it down.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use shop::product::ProductId;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, Problem, WantsJson};

use crate::helper::Moderator;
use crate::{Error, Live, pin};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/pin", post(put))
        .route("/live/{broadcast}/unpin", post(take_down))
}

#[derive(Deserialize)]
struct Chosen {
    product: String,
}

async fn put(
    by: Moderator,
    State(live): State<Live>,
    json: WantsJson,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    let product: ProductId = chosen.product.parse().map_err(|_| Error::ProductGone)?;
    let pinned = pin::pin(&live, &by, &product, None).await?;
    Ok(Answer::to(json, &by.page(), pinned))
}

async fn take_down(by: Moderator, State(live): State<Live>, json: WantsJson) -> Result<Response, Problem> {
    let taken_down = pin::unpin(&live, &by, None).await?;
    Ok(Answer::to(json, &by.page(), taken_down))
}
