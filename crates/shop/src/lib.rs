//! The shop: stores, products, photos, stock, carts, orders and payments.
//!
//! A store shows its goods and who sells them; a buyer holds goods for ten minutes by ordering,
//! pays, and follows the order; the seller hears of it at once. Order, payment and fulfilment are
//! three states of one order. Placing an order goes through one writer that commits in groups, so
//! that the last box is sold once and a hundred buyers share one flush of the disk.

mod error;
mod faults;
pub mod order;
pub mod photo;
pub mod product;
mod set;
pub mod stock;
pub mod store;
pub mod text;

use std::sync::Arc;

use base::Base;
use tokio::sync::Semaphore;
use web::Hub;

pub use error::{Error, PhotoFault, Result};
pub use people::StoreId;
pub use product::{ProductId, VariantId};

/// Photos being decoded at once: each may take 200 MB for a moment.
const DARKROOM: usize = 2;

/// The words of this crate.
pub const WORDS: web::words::Source =
    web::words::Source { ko: include_str!("../i18n/ko.ftl"), en: include_str!("../i18n/en.ftl") };

/// The state of this feature. Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    pub(crate) base: Base,
    pub(crate) hub: Hub,
    pub(crate) darkroom: Arc<Semaphore>,
}

impl Shop {
    /// The shop on its ground; sellers' screens listen through `hub`.
    pub fn new(base: Base, hub: Hub) -> Shop {
        Shop { base, hub, darkroom: Arc::new(Semaphore::new(DARKROOM)) }
    }
}
