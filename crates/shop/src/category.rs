//! Categories: what a product is, and what is asked about it.
//!
//! The tree and its questions are data (`category/schema.toml`). Some answers the law wants (상품정보제공고시, by
//! 전자상거래법 §13 ②): without them a product is not put up. Others are what shoppers choose by. An answer that the
//! product or its store gives already, its origin, its unit, its phone, is not asked for again.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use web::Lang;

use crate::faults::Faults;
use crate::product::Product;
use crate::store::Store;
use crate::text::{Text, read};

mod score;

pub use score::{Completeness, Gap, completeness};

/// The longest answer that is written.
const ANSWER: usize = 500;
/// How much one of it is: what every question that goes by the unit falls back on.
const AMOUNT: &str = "amount";
/// The most answers a product may have; the schema asks for far fewer.
const MAX_ANSWERS: usize = 60;
/// What sellers write who want to say nothing: the law takes it for no answer.
const VAGUE: [&str; 5] = ["상세페이지참조", "상세페이지참고", "상세설명참조", "상세설명참고", "별도표기"];

/// The tree and its questions.
#[derive(Debug, Deserialize)]
pub struct Schema {
    /// Which edition of the data this is.
    pub version: String,
    /// The notice it follows.
    pub law: String,
    #[serde(rename = "attribute")]
    pub attributes: Vec<Attribute>,
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
    #[serde(skip)]
    by_id: HashMap<String, usize>,
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AttributeKind)]
pub enum Kind {
    /// One of its values.
    Choice,
    /// Some of its values.
    Choices,
    /// In the seller's words.
    Text,
    /// A number with a unit.
    Number,
}

/// Where an answer comes from that nobody gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Source {
    #[serde(rename = "product.name")]
    Name,
    #[serde(rename = "product.unit")]
    Unit,
    #[serde(rename = "product.origin")]
    Origin,
    #[serde(rename = "store.company")]
    Company,
    #[serde(rename = "store.phone")]
    Phone,
    #[serde(rename = "store.address")]
    Address,
}

impl Source {
    /// Whether the store answers it for all its goods. It stands on no page before the store is whole, which is when
    /// the store is listed; so it never keeps one product back.
    fn is_the_store(self) -> bool {
        matches!(self, Source::Company | Source::Phone | Source::Address)
    }

    fn read<'t>(self, product: &'t Product, store: &'t Store, lang: Lang) -> &'t str {
        match self {
            Source::Name => product.name_in(lang),
            Source::Unit => product.unit_in(lang),
            Source::Origin => product.origin_in(lang),
            Source::Company => &store.identity.company,
            Source::Phone => &store.identity.phone,
            Source::Address => &store.identity.address,
        }
    }
}

/// A question about a product.
#[derive(Debug, Deserialize)]
pub struct Attribute {
    pub id: String,
    pub name: Text,
    pub ask: Text,
    #[serde(default)]
    pub hint: Text,
    pub kind: Kind,
    #[serde(default)]
    pub unit: Text,
    pub from: Option<Source>,
    /// Whether shoppers choose by it.
    #[serde(default)]
    pub facet: bool,
    /// Whether it may be answered in the seller's own words instead of by a value.
    #[serde(default)]
    pub free: bool,
    #[serde(default)]
    pub values: Vec<Value>,
}

/// One answer to choose.
#[derive(Debug, Deserialize)]
#[serde(from = "(String, String, String)")]
pub struct Value {
    pub id: String,
    pub name: Text,
}

impl From<(String, String, String)> for Value {
    fn from((id, ko, en): (String, String, String)) -> Value {
        Value { id, name: Text::new(ko, en) }
    }
}

impl Attribute {
    /// A chosen value's name, or what was written, with its unit.
    pub fn read(&self, answer: &[String], lang: Lang) -> String {
        if let [ko, en] = answer
            && self.is_written(ko)
        {
            return read(lang, ko, en).to_owned();
        }
        let one = |told: &String| match self.values.iter().find(|value| value.id == *told) {
            Some(value) => value.name.read(lang).to_owned(),
            None if self.kind == Kind::Number => format!("{told} {}", self.unit.read(lang)),
            None => told.clone(),
        };
        answer.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// Whether an answer is the seller's own words: those may have their English behind them.
    fn is_written(&self, told: &str) -> bool {
        self.kind == Kind::Text || self.free && self.values.iter().all(|value| value.id != told)
    }

    fn is_choice(&self) -> bool {
        matches!(self.kind, Kind::Choice | Kind::Choices)
    }
}

/// A place in the tree: `fish`, `fish.fresh`.
#[derive(Debug, Deserialize)]
pub struct Category {
    pub id: String,
    pub name: Text,
    /// The item of the notice; a child without one has its parent's.
    #[serde(default)]
    pub law: String,
    #[serde(default)]
    must: Vec<String>,
    #[serde(default)]
    may: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
}

impl Category {
    /// What stands before the dot.
    pub fn parent(&self) -> Option<&str> {
        self.id.split_once('.').map(|(parent, _)| parent)
    }

    /// The top of its branch.
    pub fn root(&self) -> &str {
        self.parent().unwrap_or(&self.id)
    }
}

/// A question that a category asks.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    pub attribute: &'static Attribute,
    /// Whether the law wants the answer.
    pub must: bool,
}

impl Ask {
    /// Whether a product without its own answer, or its product's, is kept back.
    pub fn is_needed(&self) -> bool {
        self.must && !self.attribute.from.is_some_and(Source::is_the_store)
    }
}

impl Ask {
    /// Whether it is answered, or said anyway.
    fn is_said(&self, answers: &Answers, unit: &str) -> bool {
        let anyway = match self.attribute.from {
            Some(Source::Unit) => !unit.is_empty() || !answers.to(AMOUNT).is_empty(),
            // A name and an origin every product has; what the store says is not the product's to answer.
            Some(_) => true,
            None => false,
        };
        anyway || !answers.to(&self.attribute.id).is_empty()
    }
}

/// What a seller answered: the question's id, and the chosen values' ids; or what is written, and perhaps its English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Answers(pub BTreeMap<String, Vec<String>>);

impl TryFrom<String> for Answers {
    type Error = serde_json::Error;
    fn try_from(text: String) -> Result<Answers, serde_json::Error> {
        serde_json::from_str(&text)
    }
}

impl Answers {
    /// The column's text.
    pub(crate) fn to_column(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// What was answered to a question; nothing when it was not.
    pub fn to(&self, attribute: &str) -> &[String] {
        self.0.get(attribute).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether this value was chosen.
    pub fn has(&self, attribute: &str, value: &str) -> bool {
        self.to(attribute).iter().any(|told| told == value)
    }
}

/// The tree and its questions.
pub fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let mut schema: Schema = toml::from_str(include_str!("category/schema.toml"))
            .expect("the schema is part of this program, and a test reads it");
        schema.by_id = schema.attributes.iter().enumerate().map(|(at, one)| (one.id.clone(), at)).collect();
        schema
    });
    &SCHEMA
}

impl Schema {
    /// A category by its id.
    pub fn category(&self, id: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.id == id)
    }

    /// A question by its id.
    pub fn attribute(&self, id: &str) -> Option<&Attribute> {
        self.by_id.get(id).map(|at| &self.attributes[*at])
    }

    /// The tops of the tree.
    pub fn roots(&self) -> impl Iterator<Item = &Category> {
        self.categories.iter().filter(|category| category.parent().is_none())
    }

    /// What stands beneath a top.
    pub fn children<'s>(&'s self, root: &'s str) -> impl Iterator<Item = &'s Category> {
        self.categories.iter().filter(move |category| category.parent() == Some(root))
    }

    /// The category that a product's name plainly names: the longest of its words decides, the last of equals, for in
    /// Korean what a thing is stands at the end (고등어 조림 is a side dish).
    pub fn guess(&self, name: &str) -> Option<&Category> {
        let found = self.categories.iter().flat_map(|category| {
            category.words.iter().filter_map(move |word| {
                let ends = name.rfind(word.as_str())? + word.len();
                // A word of one letter is only a word where it stands alone: 무 is not in 나무.
                let alone = word.chars().count() > 1 || name.split_whitespace().any(|part| part == word);
                alone.then_some(((ends, word.len()), category))
            })
        });
        found.max_by_key(|(rank, _)| *rank).map(|(_, category)| category)
    }
}

/// What a category asks, its parent's questions first, those of the law before the others. Nothing for none.
pub fn asks(category: &str) -> Vec<Ask> {
    let schema = schema();
    let Some(own) = schema.category(category) else { return Vec::new() };
    let parent = own.parent().and_then(|id| schema.category(id));
    let branch: Vec<&Category> = parent.into_iter().chain([own]).collect();
    let mut asks: Vec<Ask> = Vec::new();
    for (must, pick) in [(true, (|one| &one.must) as fn(&Category) -> &Vec<String>), (false, |one| &one.may)]
    {
        for id in branch.iter().flat_map(|one| pick(one)) {
            let Some(attribute) = schema.attribute(id) else { continue };
            if asks.iter().all(|ask| ask.attribute.id != *id) {
                asks.push(Ask { attribute, must });
            }
        }
    }
    asks
}

/// The answer to a question as a reader reads it: the seller's own, or what the product or its store says anyway.
pub fn answer(attribute: &Attribute, product: &Product, store: &Store, lang: Lang) -> Option<String> {
    let own = product.attributes.to(&attribute.id);
    if !own.is_empty() {
        return Some(attribute.read(own, lang));
    }
    let from = attribute.from?;
    match from.read(product, store, lang) {
        // A unit that only its question tells.
        "" if from == Source::Unit && attribute.id != AMOUNT => {
            answer(schema().attribute(AMOUNT)?, product, store, lang)
        }
        "" => None,
        told => Some(told.to_owned()),
    }
}

/// Everything a shopper is told about a product, question by question; what nobody answered is left out.
pub fn facts(product: &Product, store: &Store, lang: Lang) -> Vec<(String, String)> {
    let told = asks(&product.category).into_iter().filter_map(|ask| {
        let value = answer(ask.attribute, product, store, lang)?;
        Some((ask.attribute.name.read(lang).to_owned(), value))
    });
    told.collect()
}

/// The questions without whose answers a product is not put up. A category nobody chose is one of them.
pub(crate) fn lacking(category: &str, answers: &Answers, unit: &str) -> Vec<String> {
    if schema().category(category).is_none() {
        return vec!["category".to_owned()];
    }
    let open = asks(category).into_iter().filter(|ask| ask.is_needed() && !ask.is_said(answers, unit));
    open.map(|ask| ask.attribute.id.clone()).collect()
}

/// The answers, trimmed, with everything that is wrong with them. Answers another category asked for are kept: who
/// changes the category and changes it back has lost nothing.
pub(crate) fn checked(answers: &Answers, faults: &mut Faults) -> Answers {
    let mut fine = BTreeMap::new();
    faults.unless(answers.0.len() <= MAX_ANSWERS, "attributes", "too-many");
    for (id, told) in answers.0.iter().take(MAX_ANSWERS) {
        let field = format!("attributes.{id}");
        let Some(attribute) = schema().attribute(id) else {
            faults.add(field, "unknown");
            continue;
        };
        let told = checked_one(attribute, told, &field, faults);
        if !told.is_empty() {
            fine.insert(id.clone(), told);
        }
    }
    Answers(fine)
}

fn checked_one(attribute: &Attribute, told: &[String], field: &str, faults: &mut Faults) -> Vec<String> {
    let mut told: Vec<String> =
        told.iter().map(|one| faults.optional(field, one, ANSWER)).filter(|one| !one.is_empty()).collect();
    told.dedup();
    if told.first().is_some_and(|one| attribute.is_written(one)) {
        faults.unless(told.len() <= 2, field, "too-many");
        let bare: String = told[0].chars().filter(|c| !c.is_whitespace()).collect();
        faults.unless(!VAGUE.contains(&bare.as_str()), field, "vague");
        return told;
    }
    if attribute.is_choice() {
        // In the schema's order, whatever order they were sent in.
        let known: Vec<String> =
            attribute.values.iter().map(|value| &value.id).filter(|id| told.contains(id)).cloned().collect();
        faults.unless(known.len() == told.len(), field, "choose");
        faults.unless(attribute.kind == Kind::Choices || known.len() <= 1, field, "choose");
        // "없어요" beside something is no answer.
        faults.unless(known.len() <= 1 || !known.iter().any(|id| id == "none"), field, "none-and-some");
        return known;
    }
    faults.unless(told.len() <= 1, field, "too-many");
    if let Some(one) = told.first_mut() {
        match one.replace([',', ' '], "").parse::<f64>() {
            Ok(number) if (0.0..=1e9).contains(&number) => *one = number.to_string(),
            _ => faults.add(field, "number"),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CATEGORIES;

    #[test]
    fn the_schema_names_only_what_it_has() {
        let schema = schema();
        for category in &schema.categories {
            for id in category.must.iter().chain(&category.may) {
                assert!(schema.attribute(id).is_some(), "{} asks for {id}", category.id);
            }
            if let Some(parent) = category.parent() {
                assert!(schema.category(parent).is_some(), "{} stands alone", category.id);
            }
            assert!(!category.name.en.is_empty() && !asks(&category.id).is_empty(), "{}", category.id);
        }
        for attribute in &schema.attributes {
            let asked = schema
                .categories
                .iter()
                .any(|one| one.must.contains(&attribute.id) || one.may.contains(&attribute.id));
            assert!(asked, "nobody asks for {}", attribute.id);
            assert!(!attribute.ask.en.is_empty() && !attribute.name.en.is_empty(), "{}", attribute.id);
            assert_eq!(attribute.is_choice(), !attribute.values.is_empty(), "{}", attribute.id);
            assert!(!attribute.facet || attribute.is_choice(), "{} cannot be chosen by", attribute.id);
        }
        let ids: std::collections::HashSet<_> = schema.categories.iter().map(|one| &one.id).collect();
        assert_eq!(ids.len(), schema.categories.len());
        for trade in CATEGORIES {
            assert!(schema.category(trade).is_some(), "a stall of {trade} has no category for its goods");
        }
    }

    #[test]
    fn a_plain_name_chooses_its_category() {
        for (name, id) in [
            ("자반고등어 2마리", "fish.fresh"),
            ("고등어 조림", "food.side"),
            ("손두부 한 모", "food.tofu"),
            ("국산 참깨 500g", "produce.grain"),
            ("여수 돌김", "fish.dried"),
            ("무 한 개", "produce.vegetable"),
            ("누빔 조끼", "clothing"),
            ("꽃다발", "flower"),
            ("참기름", "food.sauce"),
            ("배추김치", "food.side"),
        ] {
            assert_eq!(schema().guess(name).map(|category| category.id.as_str()), Some(id), "{name}");
        }
        assert!(schema().guess("나무 도마 아닌 것들").is_none_or(|one| one.id != "produce.vegetable"));
        assert!(schema().guess("아무개").is_none());
    }

    #[test]
    fn what_the_law_wants_keeps_a_product_back_and_what_is_said_already_does_not() {
        let lacking = |answers: &Answers| lacking("fish.fresh", answers, "2마리");
        let needed = ["made", "keeps", "import", "storage", "care"];
        assert_eq!(lacking(&Answers::default()), needed);
        let mut all = Answers::default();
        for id in needed {
            all.0.insert(id.to_owned(), vec!["order-day".to_owned()]);
        }
        assert!(lacking(&all).is_empty());
        assert_eq!(super::lacking("", &all, ""), ["category"]);
        assert_eq!(super::lacking("other", &Answers::default(), ""), ["certificate"]);
    }

    #[test]
    fn an_answer_that_says_nothing_is_none() {
        let faults = |id: &str, told: &[&str]| {
            let told = told.iter().map(|one| (*one).to_owned()).collect();
            let mut faults = Faults::default();
            checked(&Answers([(id.to_owned(), told)].into()), &mut faults);
            match faults.done() {
                Err(crate::Error::Invalid(all)) => all.into_iter().map(|(_, slug)| slug).collect(),
                _ => Vec::new(),
            }
        };
        assert_eq!(faults("care", &["상세 페이지 참조"]), ["vague"]);
        assert_eq!(faults("storage", &["cold", "frozen"]), ["choose"]);
        assert_eq!(faults("grade", &["best"]), ["choose"]);
        assert_eq!(faults("storage", &["찬물에 담가서", "In cold water"]), Vec::<&str>::new());
        assert_eq!(faults("allergens", &["none", "egg"]), ["none-and-some"]);
        assert_eq!(faults("sweet", &["달아요"]), ["number"]);
        assert_eq!(faults("sweet", &["12.5"]), Vec::<&str>::new());
        assert_eq!(faults("no-such", &["x"]), ["unknown"]);
        assert_eq!(faults("allergens", &["crab", "egg"]), Vec::<&str>::new());
    }
}
