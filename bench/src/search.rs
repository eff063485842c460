//! The search over a large market: the set of questions that the shop's own test asks, among a hundred thousand
//! products made of the same goods in many variations and of things that only sound like them.
//!
//! The reference is what the database itself offers, in the same run: FTS5 with trigrams on SQLite, `ilike` over a
//! pg_trgm index on PostgreSQL.

use std::{collections::HashMap, time::Instant};

use anyhow::{Context, bail};
use base::{Base, Blobs, Bus, Clock, Db, Random, sql};
use serde_json::json;
use shop::{
    Shop,
    search::{self, Ask},
};

use crate::{
    figure::{Figure, Show, say},
    histogram::Histogram,
    market::{Engine, new_postgres},
    processor,
};

const GOODS: &str = include_str!("../../crates/shop/tests/search/goods.tsv");
const QUERIES: &str = include_str!("../../crates/shop/tests/search/queries.tsv");
/// Rows of one statement.
const ROWS: usize = 1_000;
/// Times that the set is asked.
const ROUNDS: usize = 5;
/// Answers that are looked at.
const FIRST: usize = 5;
const PROMISED_MS: f64 = 20.0;
const PROMISED_RIGHT: f64 = 0.95;
/// One of so many products is two goods in one name, and the right answer to nothing.
const MIXED: usize = 6;

/// Words in front of and behind a name that do not change what it is.
const BEFORE: [&str; 16] = [
    "",
    "햇살",
    "오늘",
    "산지직송",
    "특상",
    "알뜰",
    "시골",
    "새벽",
    "으뜸",
    "정성",
    "명품",
    "착한",
    "싱싱",
    "할머니",
    "장터",
    "행복",
];
const BEHIND: [&str; 12] =
    ["", "1kg", "2kg", "500g", "(특)", "3개", "10개", "한 박스", "소량", "대용량", "1+1", "5kg"];

struct Good {
    name: String,
    store: String,
    category: String,
    origin: String,
    words: String,
}

/// How a set of questions was answered.
struct Answered {
    times: Histogram,
    right: f64,
}

/// Runs the bench and prints its figures.
pub(crate) fn run(products: usize, engine: Engine, show: Show) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("dangol-bench-").tempdir()?;
    let database = match engine {
        Engine::Sqlite => format!("sqlite:{}", folder.path().join("dangol.db").display()),
        Engine::Postgres => new_postgres()?,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let base = Base {
            db: Db::open(&database).await?,
            bus: Bus::local(),
            blobs: Blobs::folder(&folder.path().join("blobs"))?,
            clock: Clock::system(),
            random: Random::system(),
        };
        say(&format!("putting {products} products into {engine}"));
        let meant = fill(&base.db, products).await?;
        let shop = Shop::new(base.clone(), web::Hub::default()).searched_in(&folder.path().join("search"));

        say("building the index");
        let before = processor::memory_of(std::process::id())?;
        let begun = Instant::now();
        search::refresh(&shop).await?;
        let built_s = begun.elapsed().as_secs_f64();
        let grown = processor::memory_of(std::process::id())?.saturating_sub(before);
        let on_disk: u64 = std::fs::read_dir(folder.path().join("search"))?
            .filter_map(|file| file.ok()?.metadata().ok())
            .map(|file| file.len())
            .sum();

        say("asking the shop");
        // Once to warm what is read from disk.
        ours(&shop, &base.db, &meant, 1).await?;
        let ours = ours(&shop, &base.db, &meant, ROUNDS).await?;
        say(&format!("asking {engine} itself"));
        index_plainly(&base.db, engine).await?;
        let plain = plain(&base.db, engine, &meant).await?;
        base.db.close().await;

        let print = |name, value, unit, reference, against| {
            Figure::new(name, value, unit, reference, against).print(show)
        };
        let (p50, p95) = (ours.times.quantile_ms(0.5), ours.times.quantile_ms(0.95));
        print("search.p50", p50, "ms", plain.times.quantile_ms(0.5), "the database's full text")?;
        print("search.p95", p95, "ms", plain.times.quantile_ms(0.95), "the database's full text")?;
        print("search.p95_promise", p95, "ms", PROMISED_MS, "promise")?;
        print("search.right", ours.right, "of 1", plain.right, "the database's full text")?;
        print("search.right_promise", ours.right, "of 1", PROMISED_RIGHT, "promise")?;
        print("search.build", built_s, "s", products as f64 / 1_000.0, "thousand products")?;
        print("search.memory", grown as f64 / 1e6, "MB", on_disk as f64 / 1e6, "MB on disk")
    })
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn goods() -> Vec<Good> {
    let good = |line: Vec<&str>| match line[..] {
        [name, store, category, origin, words] => Some(Good {
            name: name.into(),
            store: store.into(),
            category: category.into(),
            origin: origin.into(),
            words: words.into(),
        }),
        _ => None,
    };
    lines(GOODS).filter_map(good).collect()
}

/// The same market on every engine; which of the goods each product is, by its id.
async fn fill(db: &Db, products: usize) -> anyhow::Result<HashMap<String, String>> {
    let goods = goods();
    let mut stores: Vec<&str> = goods.iter().map(|good| good.store.as_str()).collect();
    stores.dedup();
    let store_id = |name: &str| {
        let at = stores.iter().position(|known| *known == name).unwrap_or_default();
        format!("01970000-0000-7000-9000-{at:012x}")
    };
    let rows: Vec<_> = stores.iter().map(|name| json!({ "id": store_id(name), "name": name })).collect();
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "insert into stores (id, slug, opened_by, key, category, name, name_en, line, line_en, story, story_en, pickup,
             pickup_en, hours, hours_en, picture, company, company_en, representative, representative_en, address,
             address_en, phone, email, business_number, mail_order_number, mail_order_number_en, mail_order_exempt,
             listed, parcel_won, parcel_cold_won, parcel_free_from_won, orders_placed, created_at_ms, changed_at_ms)
         select j.value ->> 'id', j.value ->> 'id', 'bench', j.value ->> 'id', 'other', j.value ->> 'name', '', '', '',
             '', '', '', '', '', '', null, '', '', '', '', '', '', '', '', '', '', '', true, true, 0, 0, 0, 0, 1, 1
         from json_each($1) as j", serde_json::to_string(&rows)?)?;
    tx.commit().await?;
    let mut meant = HashMap::new();
    for from in (0..products).step_by(ROWS) {
        let mut rows = Vec::with_capacity(ROWS);
        for at in from..(from + ROWS).min(products) {
            let good = &goods[at % goods.len()];
            let turn = at / goods.len();
            let id = format!("01970000-0000-7000-8000-{at:012x}");
            let name = if turn > 0 && at % MIXED == 0 {
                // Two goods that have nothing to do with each other.
                let other = &goods[(at * 7 + turn * 13) % goods.len()];
                format!("{} {} 모음", first(&good.name), first(&other.name))
            } else {
                meant.insert(id.clone(), good.name.clone());
                let (before, behind) =
                    (BEFORE[turn % BEFORE.len()], BEHIND[turn / BEFORE.len() % BEHIND.len()]);
                format!("{before} {} {behind}", good.name).trim().to_owned()
            };
            rows.push(json!({
                "id": id, "store": store_id(&good.store), "name": name, "origin": good.origin, "category": good.category,
                "stories": json!([{ "head": { "ko": "", "en": "" }, "body": { "ko": good.words, "en": "" } }]).to_string(),
                "won": 1_000 + at % 50_000, "at": 1_000 + at,
            }));
        }
        let mut tx = db.begin().await?;
        sql!(run &mut tx,
            "insert into products (id, store_id, key, name, name_en, unit, unit_en, origin, origin_en, cover, photos,
                 options, stories, facts, withdrawal, parcel, pickup, cold, price_from_won, price_to_won, on_sale,
                 created_at_ms, changed_at_ms, category)
             select j.value ->> 'id', j.value ->> 'store', j.value ->> 'id', j.value ->> 'name', '', '', '',
                 j.value ->> 'origin', '', null, '[]', '[]', j.value ->> 'stories', '[]', 'normal', true, true, false,
                 cast(j.value ->> 'won' as bigint), cast(j.value ->> 'won' as bigint), true,
                 cast(j.value ->> 'at' as bigint), cast(j.value ->> 'at' as bigint), j.value ->> 'category'
             from json_each($1) as j", serde_json::to_string(&rows)?)?;
        tx.commit().await?;
    }
    Ok(meant)
}

fn first(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

/// Each question through the shop's own function, and the cards of what it found.
async fn ours(
    shop: &Shop,
    db: &Db,
    meant: &HashMap<String, String>,
    rounds: usize,
) -> anyhow::Result<Answered> {
    let mut times = Histogram::new();
    let (mut right, mut all) = (0, 0);
    for _ in 0..rounds {
        for line in lines(QUERIES) {
            let [_, text, answers] = line[..] else { bail!("{line:?}") };
            let ask = Ask { text: text.to_owned(), most: search::PAGE, ..Ask::default() };
            let begun = Instant::now();
            let found = search::find(shop, ask).await?;
            let ids: Vec<_> = found.products.iter().filter_map(|id| id.parse().ok()).collect();
            let cards = shop::product::cards_on_sale(db, &ids).await?;
            times.add(begun.elapsed().as_micros() as u64);
            right += usize::from(is_right(cards.iter().map(|card| card.id.as_str()), answers, meant));
            all += 1;
        }
    }
    Ok(Answered { times, right: right as f64 / all as f64 })
}

fn is_right<'a>(ids: impl Iterator<Item = &'a str>, answers: &str, meant: &HashMap<String, String>) -> bool {
    ids.take(FIRST)
        .any(|id| meant.get(id).is_some_and(|name| answers.split('|').any(|answer| answer == name)))
}

/// What somebody would do who has only the database.
async fn index_plainly(db: &Db, engine: Engine) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    match engine {
        Engine::Sqlite => {
            sql!(run &mut tx,
                "create virtual table bench_text using fts5 (id unindexed, text, tokenize = 'trigram')")?;
            sql!(run &mut tx,
                "insert into bench_text (id, text) select p.id, p.name || ' ' || s.name || ' ' || p.origin || ' ' || p.stories
                 from products p join stores s on s.id = p.store_id")?;
        }
        Engine::Postgres => {
            sql!(run &mut tx, "create extension if not exists pg_trgm")?;
            sql!(run &mut tx,
                "create table bench_text as select p.id, p.name || ' ' || s.name || ' ' || p.origin || ' ' || p.stories as text
                 from products p join stores s on s.id = p.store_id")?;
            sql!(run &mut tx, "create index bench_text_trigrams on bench_text using gin (text gin_trgm_ops)")?;
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn plain(db: &Db, engine: Engine, meant: &HashMap<String, String>) -> anyhow::Result<Answered> {
    let mut times = Histogram::new();
    let (mut right, mut all) = (0, 0);
    for line in lines(QUERIES) {
        let [_, text, answers] = line[..] else { bail!("{line:?}") };
        let begun = Instant::now();
        let is_short = text.chars().count() < 3;
        let like = format!("%{text}%");
        let ids: Vec<String> = match engine {
            // Trigrams need three letters; for less the table is read through.
            Engine::Sqlite if is_short => {
                sql!(values db, "select id from bench_text where text like $1 limit 40", like)
            }
            Engine::Sqlite => {
                let quoted = text.split(' ').map(|word| format!("\"{}\"", word.replace('"', ""))).collect::<Vec<_>>();
                sql!(values db, "select id from bench_text where bench_text match $1 order by rank limit 40",
                    quoted.join(" AND "))
            }
            Engine::Postgres => sql!(values db,
                "select id from bench_text where text ilike $1 order by similarity(text, $2) desc, id limit 40", like, text),
        }
        .context("the database's own search")?;
        times.add(begun.elapsed().as_micros() as u64);
        right += usize::from(is_right(ids.iter().map(String::as_str), answers, meant));
        all += 1;
    }
    Ok(Answered { times, right: right as f64 / all as f64 })
}
