//! What feeds the index: once a second it asks the database what changed, and at once after a write of this process.
//!
//! Rows tell when they changed, but transactions end out of order: the last minute is looked through again each time.
//! What was taken in is remembered for as long, so that looking again writes nothing.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use base::sql;
use people::StoreId;
use sqlx::FromRow;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use web::Lang;

use super::{Index, Item, Kind, broken, facets};
use crate::product::{Fact, Story};
use crate::store::{self, Store};
use crate::text::Listing;
use crate::{Result, Shop};

/// How often the database is asked.
const PAUSE: Duration = Duration::from_secs(1);
/// After a failure.
const REST: Duration = Duration::from_secs(10);
/// So long may a transaction have been open that ends now.
const OVERLAP_MS: i64 = 60_000;
/// Rows of one question.
const ROWS: i64 = 1_000;
/// Things put in before they are kept.
const COMMIT: usize = 20_000;

/// What was taken in lately.
#[derive(Default)]
pub(crate) struct Known {
    is_checked: bool,
    /// When everything was looked at that there was.
    looked_ms: Option<i64>,
    /// When each thing had changed that was taken in, and what it was: two changes may share a millisecond.
    taken: HashMap<String, (i64, u64)>,
}

impl Known {
    /// From where on to look. What is older than a look by more than the overlap was seen by it for good: a market
    /// where nothing changes is not read again every second.
    fn since_ms(&self, cursor_ms: i64) -> i64 {
        let settled_ms = self.looked_ms.map_or(i64::MIN, |looked_ms| looked_ms - OVERLAP_MS);
        settled_ms.clamp(cursor_ms - OVERLAP_MS, cursor_ms)
    }

    /// Remembers a thing; whether it is another than the one that was taken in.
    fn is_new(&mut self, id: String, changed_ms: i64, what: impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let now = (changed_ms, hasher.finish());
        self.taken.insert(id, now) != Some(now)
    }

    /// Forgets what will not be looked at again.
    fn forget(&mut self, cursor_ms: i64) {
        self.taken.retain(|_, (changed_ms, _)| *changed_ms >= cursor_ms - OVERLAP_MS);
    }
}

/// A product with its store, as it is indexed.
#[derive(FromRow, Hash)]
struct Row {
    id: String,
    store_id: StoreId,
    name: String,
    name_en: String,
    unit: String,
    origin: String,
    origin_en: String,
    category: String,
    attributes: String,
    stories: String,
    facts: String,
    price_from_won: i64,
    on_sale: bool,
    removed_at_ms: Option<i64>,
    created_at_ms: i64,
    changed_at_ms: i64,
    store_name: String,
    store_name_en: String,
    store_category: String,
    listed: bool,
}

/// Feeds the index until `stop`.
pub async fn feed(shop: Shop, stop: CancellationToken) {
    loop {
        let pause = match refresh(&shop).await {
            Ok(_) => PAUSE,
            Err(error) => {
                warn!(%error, "The search index could not be fed");
                REST
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = shop.search.nudge.notified() => {}
        }
    }
}

/// Takes in what changed; how many things were.
pub async fn refresh(shop: &Shop) -> Result<usize> {
    let mut known = shop.search.feeding.lock().await;
    let now_ms = shop.base.clock.now_ms();
    let taken = take_in(shop, &mut known).await;
    match &taken {
        Ok(_) => known.looked_ms = Some(now_ms),
        // What was remembered may not have been kept.
        Err(_) => known.taken.clear(),
    }
    taken
}

async fn take_in(shop: &Shop, known: &mut Known) -> Result<usize> {
    let index = shop.search.index()?;
    if !known.is_checked {
        check(shop, index).await?;
        known.is_checked = true;
    }
    let since_ms = known.since_ms(index.cursor_ms());
    let mut cursor_ms = index.cursor_ms();
    let (mut taken, mut kept) = (0, 0);

    // At the very first look all products come anyway.
    let is_first = index.cursor_ms() == 0;
    let changed_stores = changed_stores(shop, since_ms).await?;
    for (store, changed_ms) in changed_stores {
        cursor_ms = cursor_ms.max(changed_ms);
        let what = (
            store.listed,
            store.name_in(Lang::Ko),
            store.name_in(Lang::En),
            store.line_in(Lang::Ko),
            &store.story,
        );
        if known.is_new(store.id.to_string(), changed_ms, what) {
            take_store(shop, &store, is_first).await?;
            taken += 1;
        }
    }

    let mut after = (since_ms, String::new());
    loop {
        let rows = changed_products(shop, &after).await?;
        let is_last = (rows.len() as i64) < ROWS;
        if let Some(row) = rows.last() {
            after = (row.changed_at_ms, row.id.clone());
            cursor_ms = cursor_ms.max(row.changed_at_ms);
        }
        let is_new = |row: &Row| known.is_new(row.id.clone(), row.changed_at_ms, row);
        let fresh: Vec<Row> = rows.into_iter().filter(is_new).collect();
        taken += fresh.len();
        put(shop, fresh).await?;
        if is_last {
            break;
        }
        if taken >= kept + COMMIT {
            kept = taken;
            commit(shop, after.0).await?;
            known.forget(after.0);
        }
    }
    if taken > 0 {
        commit(shop, cursor_ms).await?;
        known.forget(cursor_ms);
    }
    if taken > ROWS as usize {
        info!("The search index took in {taken} things");
    }
    Ok(taken)
}

/// A copy that was made of another database is thrown away: it would lack what changed before its last look.
async fn check(shop: &Shop, index: &Index) -> Result<()> {
    let there: i64 = sql!(
        value & shop.base.db,
        "select count(*) from products p join stores s on s.id = p.store_id
         where p.removed_at_ms is null and p.on_sale = true and s.listed = true and p.changed_at_ms <= $1
           and s.changed_at_ms <= $1",
        index.cursor_ms()
    )?;
    let known = index.products().map_err(broken)? as i64;
    if index.cursor_ms() > 0 && known != there {
        info!("The search index knows {known} products of {there}, and is made anew");
        index.clear().map_err(broken)?;
        index.commit(0).map_err(broken)?;
    }
    Ok(())
}

async fn changed_stores(shop: &Shop, since_ms: i64) -> Result<Vec<(Store, i64)>> {
    let changed: Vec<(StoreId, i64)> = sql!(
        all & shop.base.db,
        "select id, changed_at_ms from stores where changed_at_ms >= $1 order by changed_at_ms, id",
        since_ms
    )?;
    let ids: Vec<StoreId> = changed.iter().map(|(id, _)| id.clone()).collect();
    let at_ms: HashMap<StoreId, i64> = changed.into_iter().collect();
    let stores = store::by_ids(&shop.base.db, &ids).await?;
    Ok(stores
        .into_iter()
        .map(|store| (store.clone(), at_ms.get(&store.id).copied().unwrap_or_default()))
        .collect())
}

/// A store, and its products: they carry its name, and are only found while it is listed.
async fn take_store(shop: &Shop, store: &Store, is_first: bool) -> Result<()> {
    let item = Item {
        kind: Kind::Store,
        id: store.id.to_string(),
        store: store.id.to_string(),
        store_name: String::new(),
        names: named(&store.name, &store.name_en),
        about: vec![store.line.clone(), store.line_en.clone(), store.pickup.clone()],
        story: format!("{} {}", store.story, store.story_en),
        facets: Vec::new(),
        price_won: 0,
        created_at_ms: store.created_at_ms,
    };
    let (items, gone) = if store.listed { (vec![item], vec![]) } else { (vec![], vec![item.id]) };
    write(shop, items, gone).await?;
    if is_first {
        return Ok(());
    }
    let mut after = String::new();
    loop {
        let rows: Vec<Row> = sql!(all & shop.base.db,
            "select p.id, p.store_id, p.name, p.name_en, p.unit, p.origin, p.origin_en, p.category, p.attributes,
                    p.stories, p.facts, p.price_from_won, p.on_sale, p.removed_at_ms, p.created_at_ms, p.changed_at_ms,
                    s.name as store_name, s.name_en as store_name_en, s.category as store_category, s.listed
             from products p join stores s on s.id = p.store_id
             where p.store_id = $1 and p.id > $2 order by p.id limit $3", &store.id, &after, ROWS)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id.clone();
        put(shop, rows).await?;
    }
}

async fn changed_products(shop: &Shop, (ms, id): &(i64, String)) -> Result<Vec<Row>> {
    Ok(sql!(all & shop.base.db,
        "select p.id, p.store_id, p.name, p.name_en, p.unit, p.origin, p.origin_en, p.category, p.attributes,
                p.stories, p.facts, p.price_from_won, p.on_sale, p.removed_at_ms, p.created_at_ms, p.changed_at_ms,
                s.name as store_name, s.name_en as store_name_en, s.category as store_category, s.listed
         from products p join stores s on s.id = p.store_id
         where (p.changed_at_ms, p.id) > ($1, $2) order by p.changed_at_ms, p.id limit $3", *ms, id, ROWS)?)
}

async fn put(shop: &Shop, rows: Vec<Row>) -> Result<()> {
    let (mut items, mut gone) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for row in rows.into_iter().filter(|row| seen.insert(row.id.clone())) {
        if row.on_sale && row.listed && row.removed_at_ms.is_none() {
            items.push(item(row)?);
        } else {
            gone.push(row.id);
        }
    }
    write(shop, items, gone).await
}

async fn write(shop: &Shop, items: Vec<Item>, gone: Vec<String>) -> Result<()> {
    if items.is_empty() && gone.is_empty() {
        return Ok(());
    }
    away(shop, move |index| index.put(&items, &gone).map_err(broken)).await
}

async fn commit(shop: &Shop, cursor_ms: i64) -> Result<()> {
    away(shop, move |index| index.commit(cursor_ms).map_err(broken)).await
}

/// Writing waits for the disk: not on a thread that answers requests.
async fn away(shop: &Shop, act: impl FnOnce(&Index) -> Result<()> + Send + 'static) -> Result<()> {
    let search = shop.search.clone();
    let done = tokio::task::spawn_blocking(move || act(search.index()?)).await;
    done.map_err(|error| base::Error::Address(format!("search: {error}")))?
}

fn item(row: Row) -> Result<Item> {
    let stories = Listing::<Story>::try_from(row.stories).map_err(base::Error::from)?;
    let facts = Listing::<Fact>::try_from(row.facts).map_err(base::Error::from)?;
    let answers = facets::answers(&row.attributes);
    let mut about = vec![row.origin, row.origin_en, row.unit];
    let mut all = facets::of_category(&row.category, &row.store_category);
    all.extend(answers);
    for (attribute, value) in &all {
        about.extend(facets::words(attribute, value));
    }
    let mut story = String::new();
    for part in stories.iter() {
        story = format!("{story} {} {}", part.head.ko, part.body.ko);
    }
    for fact in facts.iter() {
        story = format!("{story} {}", fact.value.ko);
    }
    Ok(Item {
        kind: Kind::Product,
        id: row.id,
        store: row.store_id.to_string(),
        store_name: format!("{} {}", row.store_name, row.store_name_en),
        names: named(&row.name, &row.name_en),
        about,
        story,
        facets: all,
        price_won: row.price_from_won,
        created_at_ms: row.created_at_ms,
    })
}

fn named(ko: &str, en: &str) -> Vec<String> {
    [ko, en].into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
