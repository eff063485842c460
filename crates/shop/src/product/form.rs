//! The product form as it is typed: read from what was posted, shown again as it was, and turned
//! into a [`Draft`] with every mistake at once.
//!
//! Choices are typed as people say them, "손질: 조림용, 구이용"; a table of their combinations with
//! price and stock follows from that. Without choices a product is a name, a price and a number.

use std::collections::HashMap;

use base::Won;

use super::draft::{
    self, Draft, MAX_OPTIONS, MAX_PER_BUYER, MAX_PHOTOS, MAX_PRICE, MAX_STOCK, MAX_VARIANTS, NewVariant,
};
use super::{Choice, Fact, Product, Story, Variant, Withdrawal};
use crate::category::Answers;
use crate::faults::Faults;
use crate::photo::PhotoId;
use crate::photo::api::Posted;
use crate::text::Text;
use crate::{Error, Result};

/// Empty story blocks offered behind those that are there.
const SPARE_STORIES: usize = 1;

/// Everything in the form, as text.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) key: String,
    /// Which button sent it.
    pub(super) act: String,
    pub(super) name: String,
    pub(super) name_en: String,
    pub(super) unit: String,
    pub(super) origin: String,
    pub(super) price: String,
    /// The price during a show, or empty.
    pub(super) live: String,
    pub(super) stock: String,
    /// What was left when the form was shown: the stock is changed by the difference.
    pub(super) was: String,
    pub(super) photos: Vec<PhotoId>,
    pub(super) options: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) stories: Vec<Block>,
    pub(super) facts: String,
    pub(super) withdrawal: Withdrawal,
    pub(super) parcel: bool,
    pub(super) pickup: bool,
    pub(super) cold: bool,
    /// So many one buyer may have, or empty.
    pub(super) per_buyer: String,
    pub(super) category: String,
    /// What is answered already: its own screens change that.
    pub(super) answers: Answers,
    pub(super) code: String,
}

/// One combination of choices, with its price and stock.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) price: String,
    pub(super) live: String,
    pub(super) stock: String,
    pub(super) was: String,
}

/// One story block.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) head: String,
    pub(super) body: String,
}

impl Typed {
    /// A new product's form: what most sellers want is chosen already.
    pub(super) fn new(key: String) -> Typed {
        Typed { key, parcel: true, pickup: true, ..Typed::default() }.spaced()
    }

    /// The form of a product that is there.
    pub(super) fn of(product: &Product, variants: &[Variant]) -> Typed {
        let only = variants.first().filter(|_| product.options.is_empty());
        let rows = if product.options.is_empty() { &[] } else { variants };
        Typed {
            name: product.name.clone(),
            name_en: product.name_en.clone(),
            unit: product.unit.clone(),
            origin: product.origin.clone(),
            price: only.map(|variant| variant.price_won.to_string()).unwrap_or_default(),
            live: only.map(live).unwrap_or_default(),
            stock: only.map(|variant| variant.left.to_string()).unwrap_or_default(),
            was: only.map(|variant| variant.left.to_string()).unwrap_or_default(),
            photos: product.photos.to_vec(),
            options: product.options.iter().map(said).collect(),
            rows: rows.iter().map(Row::of).collect(),
            stories: product
                .stories
                .iter()
                .map(|story| Block { head: story.head.ko.clone(), body: story.body.ko.clone() })
                .collect(),
            facts: product
                .facts
                .iter()
                .map(|fact| format!("{}: {}", fact.name.ko, fact.value.ko.replace('\n', " ")))
                .collect::<Vec<_>>()
                .join("\n"),
            withdrawal: product.withdrawal,
            parcel: product.parcel,
            pickup: product.pickup,
            cold: product.cold,
            category: product.category.clone(),
            answers: product.attributes.clone(),
            code: product.code.clone().unwrap_or_default(),
            per_buyer: if product.per_buyer > 0 { product.per_buyer.to_string() } else { String::new() },
            ..Typed::default()
        }
        .spaced()
    }

    /// The form as it was sent.
    pub(super) fn read(posted: &Posted) -> Typed {
        let mut typed = Typed::default();
        let (mut order, mut drops) = (Vec::new(), Vec::new());
        for (name, value) in &posted.fields {
            let value = value.clone();
            match name.as_str() {
                "key" => typed.key = value,
                "act" => typed.act = value,
                "name" => typed.name = value,
                "name_en" => typed.name_en = value,
                "unit" => typed.unit = value,
                "origin" => typed.origin = value,
                "price" => typed.price = value,
                "live" => typed.live = value,
                "per_buyer" => typed.per_buyer = value,
                "category" => typed.category = value,
                "code" => typed.code = value,
                "stock" => typed.stock = value,
                "was" => typed.was = value,
                "photo_order" => order.push(value),
                "photo_drop" => drops.push(value),
                "option" => typed.options.push(value),
                "row_name" => typed.rows.push(Row { name: value, ..Row::default() }),
                "row_price" => typed.row(|row| row.price = value),
                "row_live" => typed.row(|row| row.live = value),
                "row_stock" => typed.row(|row| row.stock = value),
                "row_was" => typed.row(|row| row.was = value),
                "story_head" => typed.stories.push(Block { head: value, ..Block::default() }),
                "story_body" => typed.block(|block| block.body = value),
                "facts" => typed.facts = value,
                "withdrawal" => typed.withdrawal = withdrawal(&value),
                "parcel" => typed.parcel = true,
                "pickup" => typed.pickup = true,
                "cold" => typed.cold = true,
                _ => {}
            }
        }
        typed.photos = arranged(&order, &drops, &posted.files);
        typed.stories.retain(|block| !(block.head.trim().is_empty() && block.body.trim().is_empty()));
        typed.options.retain(|option| !option.trim().is_empty());
        typed.spaced()
    }

    fn row(&mut self, write: impl FnOnce(&mut Row)) {
        if let Some(row) = self.rows.last_mut() {
            write(row);
        }
    }

    fn block(&mut self, write: impl FnOnce(&mut Block)) {
        if let Some(block) = self.stories.last_mut() {
            write(block);
        }
    }

    /// With room to write more.
    fn spaced(mut self) -> Typed {
        self.options.resize(self.options.len().max(MAX_OPTIONS), String::new());
        self.stories.resize(self.stories.len() + SPARE_STORIES, Block::default());
        self
    }

    /// Whether there is something to choose.
    pub(super) fn has_options(&self) -> bool {
        self.options.iter().any(|option| !option.trim().is_empty())
    }

    /// Whether something beyond the first screen was written.
    pub(super) fn has_more(&self) -> bool {
        let told = [&self.name_en, &self.unit, &self.facts, &self.live, &self.per_buyer, &self.code];
        self.has_options()
            || self.stories.len() > SPARE_STORIES
            || told.iter().any(|text| !text.trim().is_empty())
    }

    /// Makes the table follow the choices. `true`: there are rows nobody has priced yet.
    pub(super) fn lay_table(&mut self, known: &Words) -> bool {
        let Ok(options) = self.choices(known) else { return false };
        if options.is_empty() {
            self.rows.clear();
            return false;
        }
        let Some(picks) = combinations(&options) else { return false };
        let mut fresh = false;
        let rows = picks.iter().map(|pick| {
            let name = named(&options, pick);
            self.rows.iter().find(|row| row.name == name).cloned().unwrap_or_else(|| {
                fresh = true;
                Row { name, price: self.price.clone(), ..Row::default() }
            })
        });
        self.rows = rows.collect();
        fresh
    }

    fn choices(&self, known: &Words) -> Result<Vec<Choice>, &'static str> {
        self.options
            .iter()
            .filter(|option| !option.trim().is_empty())
            .map(|option| choice(option, known))
            .collect()
    }

    /// The product as typed, or everything that is wrong with it.
    pub(super) fn draft(&self, known: &Words) -> Result<Draft> {
        let mut faults = Faults::default();
        let options = self.choices(known).unwrap_or_else(|slug| {
            faults.add("options", slug);
            Vec::new()
        });
        let variants = self.variants(&options, &mut faults);
        let facts = self.facts(known, &mut faults);
        let per_buyer = match self.per_buyer.trim() {
            "" => 0,
            typed => bounded(typed, "per_buyer", "per-buyer-range", 0, MAX_PER_BUYER, &mut faults),
        };
        let draft = Draft {
            name: Text::new(&self.name, &self.name_en),
            unit: known.translated(&self.unit),
            origin: known.translated(&self.origin),
            photos: self.photos.clone(),
            options,
            variants,
            stories: self
                .stories
                .iter()
                .map(|block| Story {
                    head: known.translated(&block.head),
                    body: known.translated(&block.body),
                })
                .collect(),
            facts,
            withdrawal: self.withdrawal,
            parcel: self.parcel,
            pickup: self.pickup,
            cold: self.cold,
            per_buyer,
            category: self.category.clone(),
            attributes: self.answers.clone(),
            code: self.code.clone(),
            resting: false,
        };
        match (draft::checked(draft), faults.done()) {
            (Ok(draft), Ok(())) => Ok(draft),
            (Err(Error::Invalid(mut all)), Err(Error::Invalid(ours))) => {
                all.extend(ours);
                Err(Error::Invalid(all))
            }
            (_, Err(error)) | (Err(error), _) => Err(error),
        }
    }

    fn variants(&self, options: &[Choice], faults: &mut Faults) -> Vec<NewVariant> {
        if options.is_empty() {
            let price_won = price(&self.price, "price", faults);
            return vec![NewVariant {
                pick: Vec::new(),
                price_won,
                live_price_won: live_price(&self.live, "live", price_won, faults),
                stock: stock(&self.stock, "stock", faults),
            }];
        }
        let Some(picks) = combinations(options) else {
            faults.add("options", "too-many-variants");
            return vec![NewVariant {
                pick: vec![0; options.len()],
                price_won: Won(1),
                ..NewVariant::default()
            }];
        };
        let row = |(at, pick): (usize, Vec<usize>)| {
            let row =
                self.rows.iter().find(|row| row.name == named(options, &pick)).cloned().unwrap_or_default();
            let price_won = price(&row.price, &format!("price.{at}"), faults);
            NewVariant {
                pick,
                price_won,
                live_price_won: live_price(&row.live, &format!("live.{at}"), price_won, faults),
                stock: stock(&row.stock, &format!("stock.{at}"), faults),
            }
        };
        picks.into_iter().enumerate().map(row).collect()
    }

    fn facts(&self, known: &Words, faults: &mut Faults) -> Vec<Fact> {
        let mut facts = Vec::new();
        for line in self.facts.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once([':', '：']) {
                Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                    facts.push(Fact { name: known.translated(name), value: known.translated(value) });
                }
                _ => faults.add("facts", "fact-shape"),
            }
        }
        facts
    }
}

impl Row {
    fn of(variant: &Variant) -> Row {
        let left = variant.left.to_string();
        Row {
            name: variant.name.clone(),
            price: variant.price_won.to_string(),
            live: live(variant),
            stock: left.clone(),
            was: left,
        }
    }
}

/// The English of what is written in Korean: the form asks only for the name's, and the rest stays
/// translated for as long as nobody rewrites it.
#[derive(Default)]
pub(super) struct Words(HashMap<String, String>);

impl Words {
    /// What a product says in both languages.
    pub(super) fn of(product: &Product) -> Words {
        let options =
            product.options.iter().flat_map(|option| std::iter::once(&option.name).chain(&option.values));
        let stories = product.stories.iter().flat_map(|story| [&story.head, &story.body]);
        let facts = product.facts.iter().flat_map(|fact| [&fact.name, &fact.value]);
        let mut words: HashMap<_, _> =
            options.chain(stories).chain(facts).map(|text| (plain(&text.ko), text.en.clone())).collect();
        words.insert(plain(&product.unit), product.unit_en.clone());
        words.insert(plain(&product.origin), product.origin_en.clone());
        Words(words)
    }

    fn translated(&self, ko: &str) -> Text {
        Text::new(ko.trim(), self.0.get(&plain(ko)).cloned().unwrap_or_default())
    }
}

/// A text without the line ends and edges that a form changes.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A whole number as people type it: "12,000원", "１２".
pub(crate) fn number(typed: &str) -> Option<i64> {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, ',' | '，' | '원' | '개' | '₩'))
        .map(|c| match c {
            '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
            '−' | '－' => '-',
            c => c,
        })
        .collect();
    plain.parse().ok()
}

/// The price, or one that passes further checks once its own fault is noted.
fn price(typed: &str, field: &str, faults: &mut Faults) -> Won {
    Won(bounded(typed, field, "price-range", 1, MAX_PRICE, faults))
}

/// A lower price for shows; none when nothing is typed.
fn live_price(typed: &str, field: &str, price: Won, faults: &mut Faults) -> Option<Won> {
    if typed.trim().is_empty() {
        return None;
    }
    let highest = (price.0 - 1).max(1);
    Some(Won(bounded(typed, field, "live-price", 1, highest, faults)))
}

/// A variant's price for shows as it would be typed.
fn live(variant: &Variant) -> String {
    variant.live_price_won.map(|won| won.to_string()).unwrap_or_default()
}

fn stock(typed: &str, field: &str, faults: &mut Faults) -> i64 {
    bounded(typed, field, "stock-range", 0, MAX_STOCK, faults)
}

fn bounded(typed: &str, field: &str, range: &'static str, low: i64, high: i64, faults: &mut Faults) -> i64 {
    if typed.trim().is_empty() {
        faults.add(field, "empty");
        return low;
    }
    match number(typed) {
        Some(number) if (low..=high).contains(&number) => number,
        Some(_) => {
            faults.add(field, range);
            low
        }
        None => {
            faults.add(field, "number");
            low
        }
    }
}

fn withdrawal(typed: &str) -> Withdrawal {
    [Withdrawal::Fresh, Withdrawal::Made].into_iter().find(|kind| kind.slug() == typed).unwrap_or_default()
}

/// "손질: 조림용, 구이용".
fn choice(typed: &str, known: &Words) -> Result<Choice, &'static str> {
    let (name, values) = typed.split_once([':', '：']).ok_or("option-shape")?;
    let mut seen: Vec<Text> = Vec::new();
    for value in values.split([',', '，', '、', '/']).map(str::trim).filter(|value| !value.is_empty()) {
        if seen.iter().all(|text| text.ko != value) {
            seen.push(known.translated(value));
        }
    }
    if name.trim().is_empty() || seen.is_empty() {
        return Err("option-shape");
    }
    Ok(Choice { name: known.translated(name), values: seen })
}

/// A choice as it would be typed.
fn said(choice: &Choice) -> String {
    let values: Vec<_> = choice.values.iter().map(|value| value.ko.as_str()).collect();
    format!("{}: {}", choice.name.ko, values.join(", "))
}

/// Every combination, the first choice turning slowest; `None` when there are more than a product may have.
fn combinations(options: &[Choice]) -> Option<Vec<Vec<usize>>> {
    let mut picks = vec![Vec::new()];
    for option in options {
        if picks.len() * option.values.len() > MAX_VARIANTS {
            return None;
        }
        picks = picks
            .iter()
            .flat_map(|pick: &Vec<usize>| {
                (0..option.values.len()).map(move |at| pick.iter().copied().chain([at]).collect())
            })
            .collect();
    }
    Some(picks)
}

fn named(options: &[Choice], pick: &[usize]) -> String {
    let values: Vec<_> =
        pick.iter().zip(options).map(|(at, option)| option.values[*at].ko.as_str()).collect();
    values.join(" · ")
}

/// The photos in the seller's order: kept ones by id, `new` for the next file, the rest of the files behind.
fn arranged(order: &[String], drops: &[String], files: &[Option<PhotoId>]) -> Vec<PhotoId> {
    let mut files = files.iter();
    let mut photos: Vec<PhotoId> = Vec::new();
    let mut put = |photo: Option<PhotoId>| {
        photos.extend(photo.filter(|photo| photos.len() < MAX_PHOTOS && !photos.contains(photo)));
    };
    for place in order {
        match place.as_str() {
            "new" => put(files.next().cloned().flatten()),
            id if !drops.iter().any(|drop| drop == id) => put(id.parse().ok()),
            _ => {}
        }
    }
    files.for_each(|file| put(file.clone()));
    photos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_type_it() {
        for (typed, number_read) in
            [("12,000원", Some(12_000)), (" １２ ", Some(12)), ("−5", Some(-5)), ("많이", None), ("", None)]
        {
            assert_eq!(number(typed), number_read, "{typed}");
        }
    }

    #[test]
    fn choices_become_a_table_and_keep_what_was_priced() {
        let mut typed = Typed { price: "9000".into(), ..Typed::default() };
        typed.options = vec!["손질: 조림용, 구이용, 조림용".into(), "크기：대/중".into()];
        assert!(typed.lay_table(&Words::default()));
        let names: Vec<_> = typed.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["조림용 · 대", "조림용 · 중", "구이용 · 대", "구이용 · 중"]);
        assert!(typed.rows.iter().all(|row| row.price == "9000"));
        typed.rows[0].price = "8000".into();
        assert!(!typed.lay_table(&Words::default()));
        assert_eq!(typed.rows[0].price, "8000");
    }

    #[test]
    fn photos_stand_in_the_sellers_order_and_bad_ones_leave_no_gap() {
        let id = |c: char| c.to_string().repeat(40).parse::<PhotoId>().unwrap();
        let order = ["new".to_owned(), id('a').to_string(), "new".to_owned(), id('b').to_string()];
        let files = [None, Some(id('c')), Some(id('d'))];
        assert_eq!(arranged(&order, &[id('b').to_string()], &files), [id('a'), id('c'), id('d')]);
    }
}
