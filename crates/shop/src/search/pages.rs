//! The page of results: goods, stalls, shows and films, what they can be narrowed by, and help when nothing was found.
//! Everything on it is a link or a plain form.

use std::fmt::Write;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use people::StoreId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa_axum::router::OpenApiRouter;
use web::{Lang, Problem, Query, Ui};

use super::facets::{self, CATEGORY};
use super::{Ask, Door, Found, How, LONGEST, PAGE, Sort, find};
use crate::product::{self, Card, ProductId};
use crate::promotion::{self, Promotion};
use crate::showing::{self, Clip, Showing};
use crate::store::{self, CATEGORIES, Store};
use crate::{Result, Shop};

/// Attributes that may be asked for at once, and values of each.
const ATTRIBUTES: usize = 10;
const VALUES: usize = 20;
/// The longest name of either.
const NAME: usize = 40;
/// Values of an attribute that are offered; more are a text, and no choice.
const OFFERED: usize = 24;
/// Shows and films on the page.
const SHOWS: usize = 6;
/// Goods shown to whoever found nothing.
const FRESH: i64 = 8;
/// The highest price that can be asked for.
const MOST_WON: i64 = 100_000_000;
/// Parameters that are no attributes.
const OURS: [&str; 7] = ["q", "store", "price_to", "sort", "page", "limit", "cursor"];
/// Prices up to which results can be narrowed.
const PRICES: [i64; 4] = [5_000, 10_000, 30_000, 50_000];

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/search", get(page))
}

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub text: String,
    /// The end of the store's address.
    pub store: String,
    pub facets: Vec<(String, Vec<String>)>,
    pub price_to: Option<i64>,
    pub sort: Sort,
    /// From 1 on.
    pub page: usize,
}

impl Asked {
    /// Reads an address; what it cannot mean is left out, so that an old link still leads somewhere.
    pub(super) fn of(pairs: Vec<(String, String)>) -> Asked {
        let mut asked = Asked { page: 1, ..Asked::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "q" => asked.text = value.chars().take(LONGEST).collect::<String>().trim().to_owned(),
                "store" => asked.store = value,
                "price_to" => asked.price_to = value.parse().ok().filter(|won| (1..=MOST_WON).contains(won)),
                "sort" => {
                    asked.sort = match value.as_str() {
                        "new" => Sort::New,
                        "cheap" => Sort::Cheap,
                        _ => Sort::Best,
                    }
                }
                "page" => asked.page = value.parse().unwrap_or(1).clamp(1, super::DEEPEST / PAGE),
                _ if OURS.contains(&name.as_str()) => {}
                _ => asked.choose(&name, &value),
            }
        }
        asked
    }

    fn choose(&mut self, attribute: &str, value: &str) {
        let fits = |text: &str| {
            !text.is_empty()
                && text.chars().count() <= NAME
                && !text.contains(|one: char| one.is_control() || one == '=')
        };
        if !fits(attribute) || !fits(value) {
            return;
        }
        let count = self.facets.len();
        match self.facets.iter_mut().find(|(known, _)| known == attribute) {
            Some((_, values)) if values.len() < VALUES && !values.iter().any(|known| known == value) => {
                values.push(value.to_owned());
            }
            None if count < ATTRIBUTES => {
                self.facets.push((attribute.to_owned(), vec![value.to_owned()]));
            }
            _ => {}
        }
    }

    fn has(&self, attribute: &str, value: &str) -> bool {
        self.facets
            .iter()
            .any(|(known, values)| known == attribute && values.iter().any(|known| known == value))
    }

    /// The same question with a value chosen, or no longer.
    fn toggled(&self, attribute: &str, value: &str) -> Asked {
        let mut other = Asked { page: 1, ..self.clone() };
        if !self.has(attribute, value) {
            // One category at a time: it is a place in a tree.
            if attribute == CATEGORY {
                other.facets.retain(|(known, _)| known != CATEGORY);
            }
            other.choose(attribute, value);
            return other;
        }
        for (known, values) in &mut other.facets {
            if known == attribute {
                values.retain(|known| known != value);
            }
        }
        other.facets.retain(|(_, values)| !values.is_empty());
        other
    }

    /// Its address.
    pub(super) fn href(&self) -> String {
        let mut href = String::from("/search?q=");
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        href.push_str(&encoded(&self.text));
        let mut add = |name: &str, value: &str| {
            // Writing into a string does not fail.
            let _ = write!(href, "&{}={}", encoded(name), encoded(value));
        };
        if !self.store.is_empty() {
            add("store", &self.store);
        }
        for (attribute, values) in &self.facets {
            for value in values {
                add(attribute, value);
            }
        }
        if let Some(won) = self.price_to {
            add("price_to", &won.to_string());
        }
        match self.sort {
            Sort::Best => {}
            Sort::New => add("sort", "new"),
            Sort::Cheap => add("sort", "cheap"),
        }
        if self.page > 1 {
            add("page", &self.page.to_string());
        }
        // `_` and `.` stand in ids and need no escape.
        href.replace("%2E", ".").replace("%5F", "_")
    }

    fn ask(&self, store: Option<&Store>) -> Ask {
        Ask {
            text: self.text.clone(),
            store: store.map(|store| store.id.to_string()),
            facets: self.facets.clone(),
            price_to: self.price_to,
            sort: self.sort,
            from: (self.page - 1) * PAGE,
            most: PAGE,
        }
    }
}

/// A value that results can be narrowed by.
struct Choice {
    name: String,
    count: i64,
    href: String,
    is_chosen: bool,
}

/// The values of an attribute.
struct Facet {
    name: String,
    choices: Vec<Choice>,
    is_open: bool,
}

/// What was chosen, and the way back.
struct Chip {
    name: String,
    href: String,
}

#[derive(Template)]
#[template(path = "search/page.html")]
struct Page {
    ui: Ui,
    asked: Asked,
    store: Option<Store>,
    found: Found,
    goods: Vec<Card>,
    promotions: Vec<Promotion>,
    stalls: Vec<Store>,
    shows: Vec<Showing>,
    films: Vec<(String, Clip)>,
    facets: Vec<Facet>,
    chips: Vec<Chip>,
    sorts: Vec<Choice>,
    newer: String,
    older: String,
    /// What is there today, for whoever found nothing.
    fresh: Vec<Card>,
    trades: Vec<Choice>,
}

impl Page {
    fn deal(&self, card: &Card) -> String {
        promotion::on_card(self.ui.language(), &self.promotions, card)
    }

    fn total(&self) -> i64 {
        self.found.total as i64
    }

    fn has_nothing(&self) -> bool {
        self.goods.is_empty() && self.stalls.is_empty() && self.shows.is_empty()
    }

    /// Whether the question was read otherwise than it stands, and shall be asked back.
    fn asks_back(&self) -> bool {
        matches!(self.found.how, How::Keyboard | How::Spelling) && !self.has_nothing()
    }

    fn is_partly(&self) -> bool {
        self.found.how == How::Partly && !self.has_nothing()
    }

    fn heading(&self) -> String {
        match self.asked.text.as_str() {
            "" => self.ui.t("shop-search-all"),
            text => self.ui.t1("shop-search-results", "text", text.to_owned()),
        }
    }

    /// The same question with nothing chosen.
    fn bare(&self) -> String {
        Asked { text: self.asked.text.clone(), store: self.asked.store.clone(), page: 1, ..Asked::default() }
            .href()
    }

    fn everywhere(&self) -> String {
        Asked { store: String::new(), page: 1, ..self.asked.clone() }.href()
    }

    fn store_name(&self) -> &str {
        self.store.as_ref().map(|store| store.name_in(self.ui.language())).unwrap_or_default()
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    door: Door,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Html<String>, Problem> {
    door.count(&shop)?;
    let asked = Asked::of(pairs);
    let store = store_of(&shop, &asked.store).await?;
    let found = find(&shop, asked.ask(store.as_ref())).await?;
    let db = &shop.base.db;
    let goods = product::cards_on_sale(db, &ids(&found.products)).await?;
    let stalls = stalls(&shop, &found, store.as_ref()).await?;
    let is_first = asked.page == 1 && !asked.text.is_empty();
    let shows = if is_first { shows(&shop, &found, store.as_ref(), ui.language()).await } else { Vec::new() };
    let films = if is_first { films(&shop, &goods, ui.language()).await } else { Vec::new() };
    let promotions = promotion::of_cards(db, &goods, shop.base.clock.now_ms()).await?;
    let fresh = if goods.is_empty() { product::fresh(db, None, FRESH).await? } else { Vec::new() };
    let more = found.total.min(super::DEEPEST) > asked.page * PAGE;
    let at = |page: usize| Asked { page, ..asked.clone() }.href();
    let page = Page {
        newer: if asked.page > 1 { at(asked.page - 1) } else { String::new() },
        older: if more { at(asked.page + 1) } else { String::new() },
        facets: offered(&ui, &asked, &found),
        chips: chips(&ui, &asked),
        sorts: sorts(&ui, &asked),
        trades: trades(&ui, &asked),
        ui,
        asked,
        store,
        found,
        goods,
        promotions,
        stalls,
        shows,
        films,
        fresh,
    };
    web::page(&page)
}

pub(super) fn ids(texts: &[String]) -> Vec<ProductId> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// The store that is searched alone; a name that none has is not found.
pub(super) async fn store_of(shop: &Shop, slug: &str) -> Result<Option<Store>> {
    if slug.is_empty() {
        return Ok(None);
    }
    let store = store::by_slug(&shop.base.db, slug).await?;
    if store.listed { Ok(Some(store)) } else { Err(crate::Error::NotFound) }
}

async fn stalls(shop: &Shop, found: &Found, within: Option<&Store>) -> Result<Vec<Store>> {
    if within.is_some() || found.stores.is_empty() || found.text.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<StoreId> = found.stores.iter().filter_map(|id| id.parse().ok()).collect();
    let mut stores = store::by_ids(&shop.base.db, &wanted).await?;
    stores.retain(|store| store.listed);
    stores.sort_by_key(|store| wanted.iter().position(|id| *id == store.id));
    Ok(stores)
}

/// Shows that say all the words, or have one of the best goods in them.
async fn shows(shop: &Shop, found: &Found, store: Option<&Store>, lang: Lang) -> Vec<Showing> {
    let best = ids(&found.products[..found.products.len().min(SHOWS)]);
    let all = showing::searched(shop, store.map(|store| &store.id), lang).await;
    let says = |show: &Showing| {
        let said = language::squeezed(&format!("{} {}", show.title, show.store_name));
        !found.words.is_empty() && found.words.iter().all(|word| said.contains(word))
    };
    let fits =
        |(show, goods): &(Showing, Vec<ProductId>)| says(show) || goods.iter().any(|id| best.contains(id));
    all.into_iter().filter(fits).map(|(show, _)| show).take(SHOWS).collect()
}

async fn films(shop: &Shop, goods: &[Card], lang: Lang) -> Vec<(String, Clip)> {
    let name = |id: &ProductId| {
        goods.iter().find(|card| card.id == *id).map(|card| card.name_in(lang).to_owned()).unwrap_or_default()
    };
    let films = showing::films(shop, goods).await;
    films.into_iter().take(SHOWS).map(|(id, clip)| (name(&id), clip)).collect()
}

/// What the results can be narrowed by: of the category the next step down, of each attribute its values.
fn offered(ui: &Ui, asked: &Asked, found: &Found) -> Vec<Facet> {
    let mut facets: Vec<Facet> = facets::counted(&found.facets, &asked.facets, ui.language())
        .into_iter()
        .filter(|facet| facet.values.len() <= OFFERED)
        .map(|facet| {
            let choice = |value: &facets::Value| Choice {
                name: value.name.clone(),
                count: value.count as i64,
                href: asked.toggled(&facet.attribute, &value.value).href(),
                is_chosen: asked.has(&facet.attribute, &value.value),
            };
            let choices: Vec<Choice> = facet.values.iter().map(choice).collect();
            let is_open = facet.attribute == CATEGORY || choices.iter().any(|choice| choice.is_chosen);
            Facet { name: facet.name.clone(), choices, is_open }
        })
        .collect();
    let price = |won: i64| {
        let is_chosen = asked.price_to == Some(won);
        let price_to = (!is_chosen).then_some(won);
        Choice {
            name: ui.t1("shop-search-price-to", "won", ui.won(won)),
            count: 0,
            href: Asked { price_to, page: 1, ..asked.clone() }.href(),
            is_chosen,
        }
    };
    if found.total > 0 || asked.price_to.is_some() {
        let choices = PRICES.into_iter().map(price).collect();
        facets.push(Facet { name: ui.t("shop-search-price"), choices, is_open: asked.price_to.is_some() });
    }
    facets
}

fn chips(ui: &Ui, asked: &Asked) -> Vec<Chip> {
    let mut chips = Vec::new();
    for (attribute, values) in &asked.facets {
        for value in values {
            let (_, name) = facets::labels(attribute, value, ui.language());
            chips.push(Chip { name, href: asked.toggled(attribute, value).href() });
        }
    }
    if let Some(won) = asked.price_to {
        let href = Asked { price_to: None, page: 1, ..asked.clone() }.href();
        chips.push(Chip { name: ui.t1("shop-search-price-to", "won", ui.won(won)), href });
    }
    chips
}

fn sorts(ui: &Ui, asked: &Asked) -> Vec<Choice> {
    [(Sort::Best, "shop-search-best"), (Sort::New, "shop-search-new"), (Sort::Cheap, "shop-search-cheap")]
        .into_iter()
        .map(|(sort, key)| Choice {
            name: ui.t(key),
            count: 0,
            href: Asked { sort, page: 1, ..asked.clone() }.href(),
            is_chosen: asked.sort == sort,
        })
        .collect()
}

/// The trades, to look around in.
fn trades(ui: &Ui, asked: &Asked) -> Vec<Choice> {
    let of = |trade: &&str| {
        let (_, name) = facets::labels(CATEGORY, trade, ui.language());
        let bare = Asked { store: asked.store.clone(), page: 1, ..Asked::default() };
        Choice { name, count: 0, href: bare.toggled(CATEGORY, trade).href(), is_chosen: false }
    };
    CATEGORIES.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(href: &str) -> Asked {
        let (_, query) = href.split_once('?').unwrap();
        let decoded =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let pair =
            |pair: &str| pair.split_once('=').map(|(name, value)| (decoded(name), decoded(value))).unwrap();
        Asked::of(query.split('&').map(pair).collect())
    }

    #[test]
    fn a_value_is_chosen_and_taken_back() {
        let asked =
            read("/search?q=fish&storage=cold&storage=frozen&category=fish&price_to=5000&sort=cheap&page=3");
        assert_eq!(asked.facets[0], ("storage".into(), vec!["cold".into(), "frozen".into()]));
        let without = asked.toggled("storage", "cold");
        assert_eq!(without.href(), "/search?q=fish&storage=frozen&category=fish&price_to=5000&sort=cheap");
        assert_eq!(
            without.toggled("category", "fish.fresh").facets[1],
            ("category".into(), vec!["fish.fresh".into()])
        );
    }

    #[test]
    fn what_an_address_cannot_mean_is_left_out() {
        let asked = read("/search?q=a&price_to=-5&sort=worst&page=0&a%3Db=c&empty=");
        assert_eq!(asked, Asked { text: "a".into(), page: 1, ..Asked::default() });
    }

    proptest! {
        #[test]
        fn an_address_reads_back(text in "\\PC{0,20}", value in "[가-힣a-z._ &?]{1,10}", page in 1..50_usize) {
            let mut asked = Asked { text: text.trim().to_owned(), page, ..Asked::default() };
            asked.choose("storage", &value);
            prop_assert_eq!(read(&asked.href()), asked);
        }
    }
}
