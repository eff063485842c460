//! The search: goods, stalls and shows by what people really type: first sounds, slips, a space too many, the keyboard
//! left on English, another word for the same thing.
//!
//! The index is a copy beside the database, fed by what changed; whatever it finds is read from the database before it
//! is shown. It therefore answers alike on both engines, and a product that was taken away a moment ago is not shown.

pub(crate) mod api;
pub(crate) mod facets;
mod feed;
mod index;
pub(crate) mod pages;
mod rank;
mod reading;
mod suggest;
mod synonyms;
mod vocabulary;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tantivy::TantivyError;
use utoipa_axum::router::OpenApiRouter;
use web::Problem;
use web::limits::Allowance;

use crate::{Error, Result, Shop};

pub use feed::{feed, refresh};
pub use index::{Index, Item, Kind, Sort};
pub use reading::{How, LONGEST};

/// Products of one page.
pub const PAGE: usize = 40;
/// The best of the index that are put into order; what comes after them stays as the index has it.
const ORDERED: usize = 160;
/// Results that can be leafed through.
const DEEPEST: usize = 2_000;
/// Stalls that are shown.
const STALLS: usize = 6;
/// Points of a word that stands in a name: by price only those are shown, where there are any.
const IN_NAME: i64 = 50;
/// Questions of one household; suggestions while somebody types are questions, too.
const QUESTIONS: Allowance = Allowance { most: 600, within_ms: 60_000 };

/// The search of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Search {
    folder: Option<Arc<PathBuf>>,
    index: Arc<OnceLock<Index>>,
    feeding: Arc<tokio::sync::Mutex<feed::Known>>,
    nudge: Arc<tokio::sync::Notify>,
}

impl Search {
    /// A search that keeps its index in a folder.
    pub(crate) fn in_folder(folder: &Path) -> Search {
        Search { folder: Some(Arc::new(folder.to_owned())), ..Search::default() }
    }

    /// The index, opened when it is first asked for. A folder that cannot be used costs the time of filling it anew.
    pub fn index(&self) -> Result<&Index> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let opened = match &self.folder {
            Some(folder) => Index::in_folder(folder).or_else(|error| {
                tracing::warn!(%error, "The search index cannot be kept in its folder; it is kept in memory");
                Index::in_memory()
            }),
            None => Index::in_memory(),
        };
        let opened = opened.map_err(broken)?;
        Ok(self.index.get_or_init(|| opened))
    }

    /// Says that something was written here, so that it is found at once.
    pub(crate) fn nudge(&self) {
        self.nudge.notify_one();
    }
}

fn broken(error: TantivyError) -> Error {
    Error::Internal(base::Error::Address(format!("search index: {error}")))
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub text: String,
    /// The store's id.
    pub store: Option<String>,
    /// Attributes (and `category`), each with the values of which one is enough.
    pub facets: Vec<(String, Vec<String>)>,
    pub price_to: Option<i64>,
    pub sort: Sort,
    pub from: usize,
    pub most: usize,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Ids of products, the best first.
    pub products: Vec<String>,
    /// Ids of stores.
    pub stores: Vec<String>,
    /// Products in all.
    pub total: usize,
    /// How many products have each value of each attribute.
    pub facets: HashMap<(String, String), usize>,
    pub how: How,
    /// The question as it was read.
    pub text: String,
    /// Its words, as the index knows them.
    pub(crate) words: Vec<String>,
}

impl Index {
    /// Finds what is asked for, in the first reading of it that finds anything.
    pub fn find(&self, ask: &Ask) -> Result<Found> {
        let text = reading::question(&ask.text);
        let filter = index::Filter {
            store: ask.store.clone(),
            facets: ask.facets.clone(),
            price_to: ask.price_to,
            from_points: 0,
        };
        let nothing = Found {
            products: Vec::new(),
            stores: Vec::new(),
            total: 0,
            facets: HashMap::new(),
            how: How::Typed,
            text: text.clone(),
            words: Vec::new(),
        };
        let deep = (ask.from + ask.most).clamp(1, DEEPEST);
        if language::words(&text).is_empty() {
            // Nothing that can be looked for, as `?!`, finds nothing; no question at all shows everything there is.
            if !text.is_empty() {
                return Ok(nothing);
            }
            let sort = if ask.sort == Sort::Best { Sort::New } else { ask.sort };
            let hits = self.search(&[], 0, &filter, sort, deep).map_err(broken)?;
            return Ok(page(ask, hits, nothing));
        }
        for reading in reading::readings(self, &text) {
            let most = deep.max(ORDERED);
            let least = reading.least;
            let mut hits = self.search(&reading.wanted, least, &filter, Sort::Best, most).map_err(broken)?;
            if hits.products.is_empty() && hits.stores.is_empty() {
                // What a filter keeps out was found nevertheless: another reading would be a worse answer.
                let is_kept_out = !(filter.facets.is_empty() && filter.price_to.is_none())
                    && reading.how != How::Partly
                    && self.is_there(&reading, &filter)?;
                if is_kept_out {
                    return Ok(Found {
                        how: reading.how,
                        text: reading.text(),
                        words: reading.words,
                        ..nothing
                    });
                }
                continue;
            }
            if ask.sort == Sort::Best {
                put_in_order(&mut hits.products, &reading);
            } else {
                let in_name = IN_NAME * reading.wanted.len() as i64;
                let best = hits.products.first().map_or(0, |hit| hit.points);
                let from_points = if best >= in_name { in_name } else { 0 };
                let filter = index::Filter { from_points, ..filter.clone() };
                let stores = hits.stores;
                hits = self.search(&reading.wanted, least, &filter, ask.sort, most).map_err(broken)?;
                hits.stores = stores;
            }
            put_in_order(&mut hits.stores, &reading);
            let found = Found { how: reading.how, text: reading.text(), words: reading.words, ..nothing };
            return Ok(page(ask, hits, found));
        }
        Ok(nothing)
    }

    fn is_there(&self, reading: &reading::Reading, filter: &index::Filter) -> Result<bool> {
        let all = index::Filter { store: filter.store.clone(), ..index::Filter::default() };
        let hits = self.search(&reading.wanted, reading.least, &all, Sort::Best, 1).map_err(broken)?;
        Ok(!hits.products.is_empty())
    }
}

/// The asked page of what was found.
fn page(ask: &Ask, hits: index::Hits, found: Found) -> Found {
    let products = hits.products.into_iter().skip(ask.from).take(ask.most).map(|hit| hit.id).collect();
    let stores = hits.stores.into_iter().take(STALLS).map(|hit| hit.id).collect();
    Found { products, stores, total: hits.total, facets: hits.facets, ..found }
}

/// Puts the best into order by their whole names; the points of the index come first, then age and id.
fn put_in_order(hits: &mut Vec<index::Hit>, reading: &reading::Reading) {
    let sounds: Vec<&str> = reading
        .wanted
        .iter()
        .filter_map(|wanted| match wanted {
            index::Wanted::Sounds(sounds) => Some(sounds.as_str()),
            index::Wanted::Word(_) => None,
        })
        .collect();
    // A syllable among first sounds has to be that syllable; the index only knows its first sound.
    hits.retain(|hit| sounds.iter().all(|sounds| hit.names.iter().any(|name| has_sounds(name, sounds))));
    let count = hits.len().min(ORDERED);
    let words = reading.wanted.len().max(1) as i64;
    let mut ordered: Vec<(i64, index::Hit)> = hits
        .drain(..count)
        .map(|hit| {
            let nearest = hit.names.iter().map(|name| nearness(name, reading)).max().unwrap_or_default();
            (hit.points * 200 / words + nearest, hit)
        })
        .collect();
    ordered.sort_by(|(points, one), (more, other)| {
        more.cmp(points).then_with(|| other.order().cmp(&one.order()))
    });
    let rest = std::mem::take(hits);
    hits.extend(ordered.into_iter().map(|(_, hit)| hit).chain(rest));
}

fn has_sounds(name: &str, sounds: &str) -> bool {
    rank::sounds_in(&rank::line(name), sounds).is_some()
}

fn nearness(name: &str, reading: &reading::Reading) -> i64 {
    rank::nearness(&rank::Name::of(name), &reading.words)
}

/// From where a search is asked: limits are counted by it.
pub(crate) struct Door(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Door {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Door, Self::Rejection> {
        Ok(Door(people::client(&parts.extensions, &parts.headers)))
    }
}

impl Door {
    /// Counts one question, or says how long to wait. A program on this machine is not counted.
    fn count(self, shop: &Shop) -> std::result::Result<(), Problem> {
        let Door(Some(client)) = self else { return Ok(()) };
        let counted = shop.searches.take(client, QUESTIONS, shop.base.clock.now_ms());
        counted.map_err(Problem::too_many)
    }
}

/// Finds what is asked for, away from the threads that answer requests.
pub async fn find(shop: &Shop, ask: Ask) -> Result<Found> {
    let search = shop.search.clone();
    let found = tokio::task::spawn_blocking(move || search.index()?.find(&ask)).await;
    found.map_err(|error| Error::Internal(base::Error::Address(format!("search: {error}"))))?
}

/// Pages and the API.
pub(crate) fn routes() -> OpenApiRouter<Shop> {
    pages::routes().merge(api::routes()).merge(suggest::routes())
}
