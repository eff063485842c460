//! The one program: flags, wiring, TLS, workers and shutdown. Every feature is put together here
//! and nowhere else; the request tests build the same app on a temporary database.

pub mod apidoc;
pub mod app;
pub mod banner;
pub mod demo;
pub mod flags;
pub mod listen;
pub mod serve;
pub mod till;
pub mod tls;

/// The words of this crate's own pages.
pub const WORDS: web::words::Source =
    web::words::Source { ko: include_str!("../i18n/ko.ftl"), en: include_str!("../i18n/en.ftl") };
