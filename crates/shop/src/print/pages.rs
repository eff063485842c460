//! The doors to what is printed. A browser shows the pages, and its own button prints them.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use people::Seller;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Query, Ui};

use crate::Shop;
use crate::order::selling::Pairs;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/orders/slips.pdf", get(slips))
        .route("/sell/{store}/orders/labels.pdf", get(labels))
}

async fn slips(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let drawn = super::slips(&shop, ui, &seller.store, &Pairs(pairs).orders()).await?;
    Ok(shown("slips.pdf", drawn))
}

async fn labels(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let drawn = super::labels(&shop, ui, &seller.store, &Pairs(pairs).orders()).await?;
    Ok(shown("labels.pdf", drawn))
}

/// A document that is shown and never kept on the way: it has addresses in it.
pub(crate) fn shown(name: &str, document: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, document).into_response()
}
