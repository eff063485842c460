//! The shop: stores, products, photos, stock, carts, orders and payments.
//!
//! A store shows its goods and who sells them; a buyer holds goods for ten minutes by ordering,
//! pays, and follows the order; the seller hears of it at once. Order, payment and fulfilment are
//! three states of one order. Placing an order goes through one writer that commits in groups, so
//! that the last box is sold once and a hundred buyers share one flush of the disk.

pub mod audit;
pub mod buy;
pub mod buyer;
pub mod carrier;
pub mod cart;
pub mod category;
pub mod checkout;
pub mod counter;
pub mod coupon;
pub mod day_close;
pub mod deal;
pub mod delivery;
pub mod detail;
pub mod diary;
pub mod discount;
mod error;
mod faults;
pub mod follow;
pub mod group_purchase;
pub mod handover;
pub mod hours;
pub mod moving;
pub mod order;
pub mod payment;
pub mod photo;
pub mod print;
pub mod product;
pub mod promotion;
pub mod question;
pub mod reason;
pub mod returning;
pub mod review;
pub mod search;
mod set;
pub mod settlement;
mod sheet;
pub mod shipment;
pub mod showing;
pub mod sign;
pub mod sitemap;
mod spoken;
pub mod stock;
pub mod store;
pub mod text;
pub mod till;
mod workdays;

use std::sync::{Arc, OnceLock};

use base::{Base, Group, jobs};
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use web::Hub;

use crate::order::Placing;
use crate::payment::Contracts;

pub use buyer::Buyer;
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
    pub(crate) placing: Group<Placing>,
    pub(crate) contracts: Contracts,
    pub(crate) shows: showing::Known,
    /// Who is asked where parcels are, if anybody.
    pub(crate) tracker: Option<shipment::Tracker>,
    /// Where the world reaches us, once that is known.
    pub(crate) here: Arc<OnceLock<String>>,
    pub(crate) seal: handover::Seal,
    /// Who typed coupons lately that do not exist.
    pub(crate) guesses: web::limits::Limits<String>,
    pub(crate) search: search::Search,
    /// Who searched lately, by network address.
    pub(crate) searches: web::limits::Limits<String>,
}

impl Shop {
    /// The shop on its ground; sellers' screens listen through `hub`. Without contracts it takes no money.
    pub fn new(base: Base, hub: Hub) -> Shop {
        Shop::with_contracts(base, hub, Contracts::default())
    }

    /// The shop with its stores' contracts.
    pub fn with_contracts(base: Base, hub: Hub, contracts: Contracts) -> Shop {
        let shows = showing::Known::default();
        let placing = Group::start(base.db.clone(), Placing::new(shows.clone()));
        Shop {
            base,
            hub,
            darkroom: Arc::new(Semaphore::new(DARKROOM)),
            placing,
            contracts,
            shows,
            tracker: None,
            here: Arc::default(),
            seal: handover::Seal::default(),
            guesses: web::limits::Limits::default(),
            search: search::Search::default(),
            searches: web::limits::Limits::default(),
        }
    }

    /// The same shop, whose parcels this service tracks.
    pub fn tracked_by(self, tracker: Option<shipment::Tracker>) -> Shop {
        Shop { tracker, ..self }
    }

    /// The same shop, which keeps its search index in a folder.
    pub fn searched_in(self, folder: &std::path::Path) -> Shop {
        Shop { search: search::Search::in_folder(folder), ..self }
    }

    /// The search.
    pub fn search(&self) -> &search::Search {
        &self.search
    }

    /// Says where the world reaches us, `https://market.example`; later calls change nothing.
    pub fn set_here(&self, url: &str) {
        let _ = self.here.set(url.to_owned());
    }

    /// Says who does the shop's jobs.
    pub fn jobs(&self, workers: &mut jobs::Workers) {
        order::jobs(self, workers);
        product::import::jobs(self, workers);
        moving::jobs(self, workers);
        payment::jobs(self, workers);
        shipment::jobs(self, workers);
        returning::jobs(self, workers);
        day_close::jobs(self, workers);
        group_purchase::jobs(self, workers);
        handover::jobs(self, workers);
    }

    /// Puts the rounds into the queue: payments that are asked about, books that are compared, days that close.
    pub async fn begin_rounds(&self) -> Result<()> {
        payment::begin_rounds(self).await?;
        returning::begin_rounds(self).await?;
        handover::begin(&self.base).await?;
        day_close::begin(&self.base).await
    }

    /// Forgets somebody who left: what they said stays where others need it, and nobody said it.
    pub async fn forget(&self, person: &people::PersonId) -> Result<()> {
        let nobody = format!("left:{}", self.base.random.token::<16>());
        let mut tx = self.base.db.begin().await?;
        review::forget(&mut tx, person, &nobody).await?;
        question::forget(&mut tx, person, &nobody).await?;
        follow::forget(&mut tx, person, self.base.clock.now_ms()).await?;
        Ok(tx.commit().await?)
    }

    /// Says who knows the broadcasts; later calls change nothing.
    pub fn set_shows(&self, shows: Arc<dyn showing::Shows>) {
        let _ = self.shows.set(shows);
    }

    /// Photos, mounted outside the page layers.
    pub fn photo_routes(&self) -> axum::Router {
        photo::serve::routes(self.clone())
    }
}

/// Pages, forms and the API; they pass the page layers.
pub fn routes(shop: Shop) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(store::pages::routes())
        .merge(search::routes())
        .merge(store::opening::routes())
        .merge(product::selling::routes())
        .merge(product::questions::routes())
        .merge(product::prices::pages::routes())
        .merge(product::import::pages::routes())
        .merge(moving::routes())
        .merge(stock::pages::routes())
        .merge(stock::api::routes())
        .merge(photo::api::routes())
        .merge(store::api::routes())
        .merge(product::api::routes())
        .merge(product::pages::routes())
        .merge(detail::pages::routes())
        .merge(detail::api::routes())
        .merge(diary::pages::routes())
        .merge(diary::api::routes())
        .merge(sitemap::routes())
        .merge(cart::pages::routes())
        .merge(checkout::routes())
        .merge(buy::routes())
        .merge(payment::routes())
        .merge(promotion::pages::routes())
        .merge(group_purchase::pages::routes())
        .merge(group_purchase::selling::routes())
        .merge(group_purchase::api::routes())
        .merge(promotion::api::routes())
        .merge(coupon::pages::routes())
        .merge(coupon::api::routes())
        .merge(order::pages::routes())
        .merge(order::selling::routes())
        .merge(order::selling::api::routes())
        .merge(print::pages::routes())
        .merge(settlement::pages::routes())
        .merge(settlement::api::routes())
        .merge(day_close::pages::routes())
        .merge(day_close::api::routes())
        .merge(order::api::routes())
        .merge(shipment::pages::routes())
        .merge(shipment::api::routes())
        .merge(shipment::hook::routes())
        .merge(returning::pages::routes())
        .merge(returning::selling::routes())
        .merge(returning::api::routes())
        .merge(review::pages::routes())
        .merge(review::selling::routes())
        .merge(review::office::routes())
        .merge(review::api::routes())
        .merge(hours::selling::routes())
        .merge(hours::market::routes())
        .merge(hours::api::routes())
        .merge(question::pages::routes())
        .merge(question::selling::routes())
        .merge(question::api::routes())
        .merge(reason::pages::routes())
        .merge(reason::api::routes())
        .merge(follow::pages::routes())
        .merge(follow::api::routes())
        .merge(handover::pages::routes())
        .merge(handover::api::routes())
        .merge(counter::routes())
        .merge(sign::routes())
        .merge(till::routes())
        .with_state(shop)
}
