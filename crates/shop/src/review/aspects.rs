//! What is asked beside the stars: freshness of fish, the size of clothes. Data, by trade, with three answers each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use web::Lang;

use crate::text::Text;

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    serde_json::from_str(include_str!("aspects.json"))
        .expect("aspects.json is part of the program and is tested")
});

#[derive(Deserialize)]
struct Known {
    trades: BTreeMap<String, Vec<String>>,
    aspects: BTreeMap<String, Aspect>,
}

/// A side of a product.
#[derive(Debug, Deserialize)]
pub struct Aspect {
    #[serde(flatten)]
    pub name: Text,
    /// From too little to plenty.
    pub answers: Vec<Choice>,
}

/// One of the three answers.
#[derive(Debug, Deserialize)]
pub struct Choice {
    pub id: String,
    #[serde(flatten)]
    pub name: Text,
}

/// What somebody answered to one aspect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReviewAnswer)]
pub struct Answered {
    /// `freshness`, `size`…
    pub aspect: String,
    /// `low`, `fair`, `high`.
    pub answer: String,
}

impl Answered {
    /// "신선도", for a reader; an aspect that is asked no more is nothing.
    pub fn aspect_in(&self, lang: Lang) -> &str {
        find(&self.aspect).map(|aspect| aspect.name.read(lang)).unwrap_or_default()
    }

    /// "싱싱해요".
    pub fn answer_in(&self, lang: Lang) -> &str {
        let choices = find(&self.aspect).map(|aspect| aspect.answers.as_slice()).unwrap_or_default();
        choices
            .iter()
            .find(|choice| choice.id == self.answer)
            .map(|choice| choice.name.read(lang))
            .unwrap_or_default()
    }

    /// Whether this trade asks it so.
    pub(crate) fn fits(&self, trade: &str) -> bool {
        of_trade(trade).iter().any(|(id, aspect)| {
            *id == self.aspect && aspect.answers.iter().any(|choice| choice.id == self.answer)
        })
    }
}

/// An aspect by its id.
pub fn find(id: &str) -> Option<&'static Aspect> {
    KNOWN.aspects.get(id)
}

/// What a trade is asked, with each one's id; an unknown trade as `other`.
pub fn of_trade(trade: &str) -> Vec<(&'static str, &'static Aspect)> {
    let ids =
        KNOWN.trades.get(trade).or_else(|| KNOWN.trades.get("other")).map(Vec::as_slice).unwrap_or_default();
    ids.iter()
        .filter_map(|id| KNOWN.aspects.get_key_value(id))
        .map(|(id, aspect)| (id.as_str(), aspect))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trade_asks_what_there_is_with_three_answers_in_two_languages() {
        for trade in crate::store::CATEGORIES {
            let asked = KNOWN.trades.get(trade).unwrap_or_else(|| panic!("{trade} is asked nothing"));
            assert_eq!(of_trade(trade).len(), asked.len(), "{trade}");
        }
        for (id, aspect) in &KNOWN.aspects {
            assert_eq!(aspect.answers.len(), 3, "{id}");
            let texts = aspect.answers.iter().map(|choice| &choice.name).chain([&aspect.name]);
            assert!(texts.clone().all(|text| !text.ko.is_empty() && !text.en.is_empty()), "{id}");
        }
    }

    #[test]
    fn an_answer_fits_only_the_trade_that_asks_it() {
        let size = Answered { aspect: "size".into(), answer: "fair".into() };
        assert!(size.fits("clothing") && !size.fits("fish"));
        assert!(!Answered { answer: "huge".into(), ..size.clone() }.fits("clothing"));
        assert_eq!((size.aspect_in(Lang::Ko), size.answer_in(Lang::Ko)), ("사이즈", "딱 맞아요"));
    }
}
