//! What people type finds what they mean: a set of questions that was written before anything ranked.

use std::collections::BTreeMap;

use shop::search::{Ask, Index, Item, Kind};

const GOODS: &str = include_str!("../search/goods.tsv");
const QUERIES: &str = include_str!("../search/queries.tsv");
/// Questions that were written later; the file says how they were answered at first sight.
const UNSEEN: &str = include_str!("../search/unseen.tsv");

/// The share of questions with a right answer among the first five.
const PROMISED: f64 = 0.95;
const PROMISED_UNSEEN: f64 = 0.85;

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The goods as the feed would give them; the id is the name, so that answers can be compared.
fn market() -> Index {
    let index = Index::in_memory().unwrap();
    index.put(&items(), &[]).unwrap();
    index.commit(1).unwrap();
    index
}

fn items() -> Vec<Item> {
    lines(GOODS)
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
        .collect()
}

fn ask(text: &str) -> Ask {
    Ask { text: text.to_owned(), most: 40, ..Ask::default() }
}

/// The share of questions with a right answer among the first five, and the story of the others.
fn share(index: &Index, queries: &'static str) -> (f64, String) {
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for line in lines(queries) {
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
    (share, format!("{right} of {all} ({share:.3}); {kinds:?}\n{}", missed.join("\n")))
}

#[test]
fn what_people_type_finds_what_they_mean() {
    let index = market();
    assert!(lines(QUERIES).count() >= 150);
    let (seen, told) = share(&index, QUERIES);
    let (unseen, told_too) = share(&index, UNSEEN);
    println!("{told}\n{told_too}");
    assert!(seen >= PROMISED, "{told}");
    assert!(unseen >= PROMISED_UNSEEN, "{told_too}");
}

#[test]
fn the_same_goods_are_in_the_same_order_however_they_came() {
    let (once, again) = (market(), market());
    // Everything once more, in several commits, and something that goes again.
    for (at, item) in items().into_iter().rev().enumerate() {
        again.put(&[Item { id: "gone".to_owned(), ..item.clone() }, item], &[]).unwrap();
        if at % 100 == 0 {
            again.commit(1).unwrap();
        }
    }
    again.put(&[], &["gone".to_owned()]).unwrap();
    again.commit(2).unwrap();
    for line in lines(QUERIES) {
        let (one, other) = (once.find(&ask(line[1])).unwrap(), again.find(&ask(line[1])).unwrap());
        assert_eq!(one.products, other.products, "{}", line[1]);
        assert_eq!((one.total, one.facets), (other.total, other.facets), "{}", line[1]);
    }
}
