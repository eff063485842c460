//! Stub.
use utoipa_axum::router::OpenApiRouter;
use crate::Shop;
pub(crate) fn routes() -> OpenApiRouter<Shop> { OpenApiRouter::new() }
