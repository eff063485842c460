//! What is on air, as the shop's pages show it. The shop knows no broadcasts: whoever does tells it
//! through [`Shows`], put in place once by the server.

use std::sync::{Arc, OnceLock};

use base::{Db, Tx, clock};
use futures::future::BoxFuture;
use people::StoreId;
use sqlx::FromRow;
use web::Lang;

use crate::Shop;
use crate::moving::format::PastShow;
use crate::product::{Card, Product, ProductId, Sheet};
use crate::sitemap::Place;

/// A show in a list: live now, announced, or to be seen again.
#[derive(Clone, Debug)]
pub struct Showing {
    pub href: String,
    pub title: String,
    pub store_name: String,
    /// A photo's id, or empty.
    pub poster: String,
    pub stage: When,
    /// When it began or will begin.
    pub at_ms: i64,
    pub viewers: i64,
}

/// Where a show stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Live,
    Next,
    Replay,
}

impl Showing {
    /// The word the template knows the stage by.
    pub fn word(&self) -> &'static str {
        match self.stage {
            When::Live => "live",
            When::Next => "next",
            When::Replay => "replay",
        }
    }

    /// The poster's address.
    pub fn picture(&self) -> String {
        if self.poster.is_empty() {
            web::assets::address("photo-none.svg")
        } else {
            format!("/photos/{}/480.jpg", self.poster)
        }
    }
}

/// Somebody who knows the broadcasts.
pub trait Shows: Send + Sync {
    /// Live now, then to come, then over: for the market, or for one store.
    fn shows<'a>(&'a self, db: &'a Db, store: Option<&'a StoreId>, lang: Lang)
    -> BoxFuture<'a, Vec<Showing>>;

    /// Of these shows, the ones that are on air, each with its store and its goods; one statement in the writer's own
    /// transaction.
    fn on_air<'a>(&'a self, tx: &'a mut Tx, shows: &'a [String]) -> BoxFuture<'a, base::Result<Vec<OnAir>>>;

    /// The same, to show a price.
    fn seen_on_air<'a>(&'a self, db: &'a Db, shows: &'a [String]) -> BoxFuture<'a, base::Result<Vec<OnAir>>>;

    /// Short films about a product that its seller put on its page.
    fn clips<'a>(&'a self, db: &'a Db, product: &'a Product) -> BoxFuture<'a, Vec<Clip>>;

    /// The shows that a search may find, each with its goods: live now, to come, over.
    fn searched<'a>(
        &'a self,
        db: &'a Db,
        store: Option<&'a StoreId>,
        lang: Lang,
    ) -> BoxFuture<'a, Vec<(Showing, Vec<ProductId>)>>;

    /// Short films about these goods that their sellers put on their pages, each with what it is about.
    fn films<'a>(&'a self, db: &'a Db, goods: &'a [Card]) -> BoxFuture<'a, Vec<(ProductId, Clip)>>;

    /// The shows of a store that are over, the oldest first, as they are taken along when it moves.
    fn past<'a>(&'a self, db: &'a Db, store: &'a StoreId) -> BoxFuture<'a, base::Result<Vec<PastShow>>>;
    /// The shows that everybody may find, by id from `after` on: for the sitemap.
    fn places<'a>(&'a self, db: &'a Db, after: &'a str, limit: i64) -> BoxFuture<'a, Vec<Place>>;

    /// Hears that somebody opened the sheet of a product, coming from a show.
    fn tapped(&self, at: &OnAir, who: &str);
}

/// A short film about a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The film's address.
    pub film: String,
    /// Where the show it comes from is seen again.
    pub show: String,
    /// Since when it can be seen, and how long it is.
    pub since_ms: i64,
    pub length_ms: i64,
}

/// One of the goods of a show that is on air.
#[derive(Clone, Debug, PartialEq, Eq, Hash, FromRow)]
pub struct OnAir {
    pub show: String,
    pub store: StoreId,
    pub product: ProductId,
}

/// Who knows the broadcasts; nobody until somebody is put in place.
pub type Known = Arc<OnceLock<Arc<dyn Shows>>>;

/// What to show, nothing while nobody knows.
pub(crate) async fn of(shop: &Shop, store: Option<&StoreId>, lang: Lang) -> Vec<Showing> {
    match shop.shows.get() {
        Some(shows) => shows.shows(&shop.base.db, store, lang).await,
        None => Vec::new(),
    }
}

/// The films of a product, none while nobody knows.
pub(crate) async fn clips(shop: &Shop, product: &Product) -> Vec<Clip> {
    match shop.shows.get() {
        Some(shows) => shows.clips(&shop.base.db, product).await,
        None => Vec::new(),
    }
}

/// The shows that a search may find, none while nobody knows.
pub(crate) async fn searched(
    shop: &Shop,
    store: Option<&StoreId>,
    lang: Lang,
) -> Vec<(Showing, Vec<ProductId>)> {
    match shop.shows.get() {
        Some(shows) => shows.searched(&shop.base.db, store, lang).await,
        None => Vec::new(),
    }
}

/// The films about these goods, none while nobody knows.
pub(crate) async fn films(shop: &Shop, goods: &[Card]) -> Vec<(ProductId, Clip)> {
    match shop.shows.get() {
        Some(shows) if !goods.is_empty() => shows.films(&shop.base.db, goods).await,
        _ => Vec::new(),
    }
}

/// The shows of a store that are over, none while nobody knows.
pub(crate) async fn past(shop: &Shop, store: &StoreId) -> crate::Result<Vec<PastShow>> {
    match shop.shows.get() {
        Some(shows) => Ok(shows.past(&shop.base.db, store).await?),
        None => Ok(Vec::new()),
    }
}

/// The shows that everybody may find, none while nobody knows.
pub(crate) async fn places(shop: &Shop, after: &str, limit: i64) -> Vec<Place> {
    match shop.shows.get() {
        Some(shows) => shows.places(&shop.base.db, after, limit).await,
        None => Vec::new(),
    }
}

/// Tells that somebody opened the sheet of a product, coming from a show.
pub(crate) fn tapped(shop: &Shop, show: &str, sheet: &Sheet, who: &str) {
    if let Some(shows) = shop.shows.get() {
        let (store, product) = (sheet.store.id.clone(), sheet.product.id.clone());
        shows.tapped(&OnAir { show: show.to_owned(), store, product }, who);
    }
}

/// Whether a stall's sign says "on air": by the store's name, which the list carries.
pub(crate) fn is_live(shows: &[Showing], store_name: &str) -> bool {
    shows.iter().any(|show| show.stage == When::Live && show.store_name == store_name)
}

/// The hour in Seoul, for the greeting.
pub(crate) fn hour(now_ms: i64) -> i64 {
    i64::from(clock::at(now_ms).to_zoned(clock::seoul()).hour())
}
