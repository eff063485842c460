//! What people type finds what they mean: a set of questions that was written before anything ranked.

use std::collections::BTreeMap;

use shop::search::{Ask, Index, Item, Kind};

const GOODS: &str = include_str!("../search/goods.tsv");
const QUERIES: &str = include_str!("../search/queries.tsv");

/// The share of questions with a right answer among the first five.
const PROMISED: f64 = 0.95;

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The goods as the feed would give them; the id is the name, so that answers can be compared.
fn market() -> Index {
    let index = Index::in_memory().unwrap();
    let items: Vec<Item> = lines(GOODS)
        .enumerate()
        .map(|(at, line)| {
            let [name, store, category, origin, words] = line[..] else { panic!("{line:?}") };
            Item {
                kind: Kind::Product,
                id: name.to_owned(),
                store: store.to_owned(),
                store_name: store.to_owned(),
                names: vec![name.to_owned()],
                about: vec![origin.to_owned()],
                story: words.to_owned(),
                facets: vec![("category".to_owned(), category.to_owned())],
                price_won: 1_000 * at as i64,
                created_at_ms: at as i64,
            }
        })
        .collect();
    index.put(&items, &[]).unwrap();
    index.commit(1).unwrap();
    index
}

fn ask(text: &str) -> Ask {
    Ask { text: text.to_owned(), most: 40, ..Ask::default() }
}

#[test]
fn what_people_type_finds_what_they_mean() {
    let index = market();
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for line in lines(QUERIES) {
        let [kind, query, answers] = line[..] else { panic!("{line:?}") };
        let found = index.find(&ask(query)).unwrap();
        let first = &found.products[..found.products.len().min(5)];
        let is_right = first.iter().any(|name| answers.split('|').any(|answer| answer == name));
        let (right, all) = kinds.entry(kind).or_default();
        *right += usize::from(is_right);
        *all += 1;
        if !is_right {
            missed.push(format!(
                "{kind} {query} wanted {answers}, read {:?} {}: {first:?}",
                found.how, found.text
            ));
        }
    }
    let (right, all) = kinds.values().fold((0, 0), |(right, all), kind| (right + kind.0, all + kind.1));
    let share = right as f64 / all as f64;
    let told = format!("{right} of {all} ({share:.3}); {kinds:?}\n{}", missed.join("\n"));
    if std::env::var_os("DANGOL_SEARCH_TOLD").is_some() {
        panic!("{told}");
    }
    assert!(all >= 150 && share >= PROMISED, "{told}");
}
