//! What results can be narrowed by: the category and the answers that products give to it. The names come from the
//! category's schema; until a product has one, the trade of its store is its category.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use web::{Lang, words};

use crate::category;

/// The category, as an attribute like the others.
pub(crate) const CATEGORY: &str = "category";
/// Values of one attribute that are indexed, and their length: the rest is text for reading.
const VALUES: usize = 20;
const LENGTH: usize = 40;

/// The names of an attribute and one of its values, in a language. What the schema does not know is shown as it is.
pub(crate) fn labels(attribute: &str, value: &str, lang: Lang) -> (String, String) {
    let schema = category::schema();
    if attribute == CATEGORY {
        let name = schema.category(value).map_or(value, |category| category.name.read(lang));
        return (words::say(lang, "shop-search-category", Vec::new()), name.to_owned());
    }
    match schema.attribute(attribute) {
        Some(known) => (known.name.read(lang).to_owned(), known.read(&[value.to_owned()], lang)),
        None => (attribute.to_owned(), value.to_owned()),
    }
}

/// Whether shoppers choose by it: by the category, by the schema's facets where they are values of it, and by what the
/// schema does not know.
fn is_offered(attribute: &str, value: &str) -> bool {
    let Some(known) = category::schema().attribute(attribute) else { return true };
    known.facet && known.values.iter().any(|one| one.id == value)
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

/// An attribute with the values that results have.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SearchFacet)]
pub(crate) struct Counted {
    /// Its id: the parameter to narrow by.
    pub attribute: String,
    pub name: String,
    pub values: Vec<Value>,
}

/// A value and how many results have it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SearchFacetValue)]
pub(crate) struct Value {
    pub value: String,
    pub name: String,
    pub count: usize,
}

/// What results can be narrowed by, the category first, the most frequent value first. Of the category only the next
/// step down is offered.
pub(crate) fn counted(
    counts: &HashMap<(String, String), usize>,
    chosen: &[(String, Vec<String>)],
    lang: Lang,
) -> Vec<Counted> {
    let within =
        chosen.iter().find(|(attribute, _)| attribute == CATEGORY).and_then(|(_, values)| values.first());
    let is_next = |value: &str| match within {
        None => !value.contains('.'),
        Some(above) => value == above || value.strip_prefix(above.as_str()).is_some_and(is_child),
    };
    let mut groups: BTreeMap<(bool, &str), Vec<Value>> = BTreeMap::new();
    for ((attribute, value), count) in counts {
        if !is_offered(attribute, value) || attribute == CATEGORY && !is_next(value) {
            continue;
        }
        let (_, name) = labels(attribute, value, lang);
        let value = Value { value: value.clone(), name, count: *count };
        groups.entry((attribute != CATEGORY, attribute)).or_default().push(value);
    }
    let group = |((_, attribute), mut values): ((bool, &str), Vec<Value>)| {
        values.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.value.cmp(&other.value)));
        let (name, _) = labels(attribute, "", lang);
        Counted { attribute: attribute.to_owned(), name, values }
    };
    groups.into_iter().map(group).collect()
}

fn is_child(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|rest| !rest.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_stands_with_those_above_it() {
        let pair = |value: &str| (CATEGORY.to_owned(), value.to_owned());
        assert_eq!(of_category("fish.fresh", "fish"), [pair("fish"), pair("fish.fresh")]);
        assert_eq!(of_category("", "produce"), [pair("produce")]);
        assert!(of_category("", "").is_empty());
    }

    #[test]
    fn answers_are_read_and_nonsense_is_left_out() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            answers(r#"{"storage":["cold","frozen"]}"#),
            [pair("storage", "cold"), pair("storage", "frozen")]
        );
        for nonsense in ["", "[]", r#"{"storage":"cold"}"#, r#"{"a=b":["c"],"d":[""]}"#] {
            assert!(answers(nonsense).is_empty(), "{nonsense}");
        }
    }

    #[test]
    fn of_the_category_only_the_next_step_is_offered() {
        let counts: HashMap<_, _> = ["fish", "fish.fresh", "fish.fresh.whole", "meat"]
            .iter()
            .map(|value| ((CATEGORY.to_owned(), (*value).to_owned()), 1))
            .collect();
        let values = |chosen: &[(String, Vec<String>)]| -> Vec<String> {
            counted(&counts, chosen, Lang::Ko)[0].values.iter().map(|value| value.value.clone()).collect()
        };
        assert_eq!(values(&[]), ["fish", "meat"]);
        assert_eq!(values(&[(CATEGORY.to_owned(), vec!["fish".to_owned()])]), ["fish", "fish.fresh"]);
    }
}
