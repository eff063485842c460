//! What results can be narrowed by: the category and the answers that products give to it. The names come from the
//! category's schema; until a product has one, the trade of its store is its category.

use std::collections::BTreeMap;

use web::{Lang, words};

/// The category, as an attribute like the others.
pub(crate) const CATEGORY: &str = "category";
/// Values of one attribute that are indexed, and their length: the rest is text for reading.
const VALUES: usize = 20;
const LENGTH: usize = 40;

/// The names of an attribute and one of its values, in a language. This is the one place that asks the schema: a value
/// it does not know is shown as it is.
pub(crate) fn labels(attribute: &str, value: &str, lang: Lang) -> (String, String) {
    if attribute != CATEGORY {
        return (attribute.to_owned(), value.to_owned());
    }
    let is_trade = crate::store::CATEGORIES.contains(&value);
    let said = |key: &str| words::say(lang, key, Vec::new());
    let name = if is_trade { said(&format!("sell-category-{value}")) } else { value.to_owned() };
    (said("shop-search-category"), name)
}

/// A product's category with all those above it; of a product without one its store's trade.
pub(crate) fn of_category(category: &str, trade: &str) -> Vec<(String, String)> {
    let category = if category.is_empty() { trade } else { category };
    let ends = category.match_indices('.').map(|(at, _)| at).chain([category.len()]);
    ends.filter(|at| *at > 0).map(|at| (CATEGORY.to_owned(), category[..at].to_owned())).collect()
}

/// The answers that a product's column holds; what is no answer is left out.
pub(crate) fn answers(attributes: &str) -> Vec<(String, String)> {
    let read: BTreeMap<String, Vec<String>> = serde_json::from_str(attributes).unwrap_or_default();
    let mut all = Vec::new();
    for (attribute, values) in read {
        let fits = |text: &str| !text.is_empty() && text.chars().count() <= LENGTH;
        if !fits(&attribute) || attribute.contains('=') {
            continue;
        }
        let values = values.into_iter().filter(|value| fits(value)).take(VALUES);
        all.extend(values.map(|value| (attribute.clone(), value)));
    }
    all
}

/// The words under which a value is found.
pub(crate) fn words(attribute: &str, value: &str) -> Vec<String> {
    let mut names: Vec<String> = [Lang::Ko, Lang::En].map(|lang| labels(attribute, value, lang).1).into();
    names.dedup();
    names
}
