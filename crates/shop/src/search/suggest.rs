//! What somebody may be about to type: words of the market, then goods and stalls. A page's script asks for it.

use axum::extract::State;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use web::{Json, Problem, Query, Ui};

use super::pages::{Asked, ids, store_of};
use super::{Ask, Door, Index, find, reading};
use crate::product;
use crate::store;
use crate::{Result, Shop};

/// Words that are suggested, and goods.
const WORDS: usize = 6;
const GOODS: usize = 4;
const STALLS: usize = 2;

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/search/suggestions", get(suggestions))
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    q: String,
    /// The end of the store's address.
    #[serde(default)]
    store: String,
}

/// A suggestion and where it leads.
#[derive(Serialize)]
struct Suggestion {
    text: String,
    /// What stands beneath it.
    note: String,
    href: String,
}

async fn suggestions(
    State(shop): State<Shop>,
    ui: Ui,
    door: Door,
    Query(typed): Query<Typed>,
) -> Result<Json<Vec<Suggestion>>, Problem> {
    door.count(&shop)?;
    let text = reading::question(&typed.q);
    if text.is_empty() {
        return Ok(Json(Vec::new()));
    }
    let store = store_of(&shop, &typed.store).await?;
    let lang = ui.language();
    let mut all = Vec::new();
    // The market's words would promise what one stall does not have.
    if store.is_none() {
        let words = shop.search.index()?.begun(&text);
        let word = |text: String| {
            let href = Asked { text: text.clone(), page: 1, ..Asked::default() }.href();
            Suggestion { text, note: String::new(), href }
        };
        all.extend(words.into_iter().map(word));
    }
    let ask =
        Ask { text, store: store.as_ref().map(|store| store.id.to_string()), most: GOODS, ..Ask::default() };
    let found = find(&shop, ask).await?;
    for card in product::cards_on_sale(&shop.base.db, &ids(&found.products)).await? {
        let note = format!("{} · {}", card.store_name_in(lang), ui.won(card.price_from_won));
        all.push(Suggestion { text: card.name_in(lang).to_owned(), note, href: card.href() });
    }
    if store.is_none() {
        let wanted: Vec<_> = found.stores.iter().filter_map(|id| id.parse().ok()).collect();
        let stalls = store::by_ids(&shop.base.db, &wanted).await?;
        let stall = |stall: &store::Store| Suggestion {
            text: stall.name_in(lang).to_owned(),
            note: stall.line_in(lang).to_owned(),
            href: stall.path(),
        };
        all.extend(stalls.iter().filter(|stall| stall.listed).take(STALLS).map(stall));
    }
    Ok(Json(all))
}

impl Index {
    /// The market's words that begin so, also with the keyboard on the other language; of several words the last one.
    fn begun(&self, typed: &str) -> Vec<String> {
        let beginning = |typed: &str| {
            let spelt = language::normal(typed);
            let (before, last) =
                spelt.rsplit_once(' ').map_or(("", spelt.as_str()), |(before, last)| (before, last));
            let words = self.vocabulary(|known| known.beginning(last, WORDS));
            let whole = |word: String| if before.is_empty() { word } else { format!("{before} {word}") };
            words.into_iter().map(whole).collect::<Vec<_>>()
        };
        let words = beginning(typed);
        if !words.is_empty() || !typed.chars().any(|one| one.is_ascii_alphabetic()) {
            return words;
        }
        beginning(&language::keyboard::hangul(typed))
    }
}
