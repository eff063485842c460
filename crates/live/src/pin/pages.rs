//! The studio's buttons that put a product's card up and take it down.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use shop::product::ProductId;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, Problem, WantsJson};

use crate::{Error, Host, Live, pin};

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
    host: Host,
    State(live): State<Live>,
    json: WantsJson,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    let product: ProductId = chosen.product.parse().map_err(|_| Error::ProductGone)?;
    let pinned = pin::pin(&live, &host, &product, None).await?;
    Ok(Answer::to(json, &host.broadcast.studio_path(), pinned))
}

async fn take_down(host: Host, State(live): State<Live>, json: WantsJson) -> Result<Response, Problem> {
    let taken_down = pin::unpin(&live, &host, None).await?;
    Ok(Answer::to(json, &host.broadcast.studio_path(), taken_down))
}
