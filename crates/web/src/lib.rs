//! How anything of ours looks and fails over HTTP: the page shell, problems, words, assets, the
//! listening socket, and the layers every request passes.

pub mod assets;
pub mod cursor;
pub mod extract;
pub mod layers;
pub mod limits;
pub mod metrics;
mod problem;
pub mod qr;
pub mod socket;
pub mod structured;
pub mod ui;
pub mod words;

pub use extract::{Answer, Form, IdempotencyKey, Json, Path, Query, WantsJson};
pub use problem::Problem;
pub use socket::{Browser, Hub};
pub use ui::{Greet, Market, Said, Ui, Visitor};
pub use words::{Arg, Lang};

/// The words of this crate, for [`words::install`].
pub const WORDS: words::Source =
    words::Source { ko: include_str!("../i18n/ko.ftl"), en: include_str!("../i18n/en.ftl") };

/// A page: an askama template answered as HTML.
pub fn page(template: &impl askama::Template) -> Result<axum::response::Html<String>, Problem> {
    template.render().map(axum::response::Html).map_err(|error| {
        tracing::error!(%error, "A page could not be rendered");
        Problem::broken()
    })
}
