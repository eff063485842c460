//! Signs: squares on paper that lead a phone to a stall, to a shelf or to one product. The address in them is short and
//! stays, `/q/CODE`, whatever becomes of the pages behind it; each scan is counted by day, and no name is kept.

use base::{Db, Tx, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa_axum::router::OpenApiRouter;

use crate::faults::Faults;
use crate::settlement::today;
use crate::{Error, ProductId, Result, Shop, set};

pub(crate) mod pages;

/// Letters and digits of a code that nobody confuses when they are read out.
const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// So long is a code: nobody guesses one, and the squares stay large.
const LENGTH: usize = 8;
/// The longest name of a place.
const NAME: usize = 30;
/// Signs of one store.
const MOST: i64 = 500;
/// Products on a shelf.
const SHELF: usize = 60;
/// Tries for a code that nobody has.
const TRIES: usize = 8;

/// What a sign leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Kind {
    #[default]
    Stall,
    Shelf,
    Product,
}

impl Kind {
    /// As forms and rows write it.
    pub fn slug(self) -> &'static str {
        match self {
            Kind::Stall => "stall",
            Kind::Shelf => "shelf",
            Kind::Product => "product",
        }
    }

    /// The key of its name.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Stall => "sign-stall",
            Kind::Shelf => "sign-shelf",
            Kind::Product => "sign-product",
        }
    }
}

/// A sign as it is kept, with how it was used in the last thirty days.
#[derive(Clone, Debug, FromRow)]
pub struct Sign {
    pub code: String,
    pub store_id: StoreId,
    pub kind: Kind,
    pub product_id: Option<ProductId>,
    /// Where it hangs, or what the shelf is called; of a product the product's name.
    pub name: String,
    pub name_en: String,
    pub removed_at_ms: Option<i64>,
    pub scans: i64,
    pub orders: i64,
}

impl Sign {
    /// What its squares say, from the root of the market.
    pub fn path(&self) -> String {
        format!("/q/{}", self.code)
    }
}

/// A sign as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct NewSign {
    pub kind: Kind,
    pub name: String,
    /// Of a shelf: what stands on it; of a product: the product.
    pub products: Vec<ProductId>,
}

/// A sign by its code, for whoever scans it. One that was taken down leads nowhere.
pub async fn find(db: &Db, code: &str) -> Result<Sign> {
    let code = code.to_ascii_lowercase();
    sql!(opt db,
        "select g.code, g.store_id, g.kind, g.product_id, coalesce(p.name, g.name) as name,
             coalesce(p.name_en, '') as name_en, g.removed_at_ms, cast(0 as bigint) as scans, cast(0 as bigint) as orders
         from signs g left join products p on p.id = g.product_id
         where g.code = $1 and g.removed_at_ms is null", code)?
    .ok_or(Error::NotFound)
}

/// What stands on a shelf.
pub async fn shelf(db: &Db, code: &str) -> Result<Vec<ProductId>> {
    Ok(sql!(values db, "select product_id from sign_goods where code = $1 order by place", code)?)
}

/// A store's signs, stalls first, with their scans and orders of the last thirty days.
pub async fn of_store(db: &Db, store: &StoreId, now_ms: i64) -> Result<Vec<Sign>> {
    let since = today(now_ms).saturating_sub(jiff::Span::new().days(30));
    Ok(sql!(all db,
        "select g.code, g.store_id, g.kind, g.product_id, coalesce(p.name, g.name) as name,
             coalesce(p.name_en, '') as name_en, g.removed_at_ms,
             (select cast(coalesce(sum(s.scans), 0) as bigint) from sign_scans s where s.code = g.code and s.day >= $2)
               as scans,
             (select count(*) from orders o where o.sign = g.code and o.order_state in ('confirmed', 'completed')
                and o.placed_at_ms >= $3) as orders
         from signs g left join products p on p.id = g.product_id
         where g.store_id = $1 and g.removed_at_ms is null
         order by case g.kind when 'stall' then 0 when 'shelf' then 1 else 2 end, g.made_at_ms, g.code limit $4",
        store, since.to_string(), crate::order::filter::midnight_ms(since), MOST)?)
}

/// The signs of a store that are named; another store's are left out.
pub async fn picked(db: &Db, store: &StoreId, codes: &[String]) -> Result<Vec<Sign>> {
    Ok(sql!(all db,
        "select g.code, g.store_id, g.kind, g.product_id, coalesce(p.name, g.name) as name,
             coalesce(p.name_en, '') as name_en, g.removed_at_ms, cast(0 as bigint) as scans, cast(0 as bigint) as orders
         from signs g left join products p on p.id = g.product_id
         where g.store_id = $1 and g.removed_at_ms is null
           and g.code in (select j.value ->> 'id' from json_each($2) as j)
         order by case g.kind when 'stall' then 0 when 'shelf' then 1 else 2 end, g.made_at_ms, g.code",
        store, set::ids(codes)?)?)
}

/// Makes a sign. The same key gives the same sign, and a product's second sign is its first.
pub async fn make(shop: &Shop, store: &StoreId, key: &str, new: NewSign) -> Result<String> {
    let mut faults = Faults::default();
    let name = match new.kind {
        Kind::Product => String::new(),
        Kind::Shelf => faults.needed("name", &new.name, NAME),
        Kind::Stall => faults.optional("name", &new.name, NAME),
    };
    let wants_goods = new.kind != Kind::Stall;
    faults.unless(!wants_goods || !new.products.is_empty(), "products", "choose");
    faults.unless(new.products.len() <= SHELF, "products", "too-many");
    faults.done()?;
    let product = new.products.first().filter(|_| new.kind == Kind::Product);
    let mut tx = shop.base.db.begin().await?;
    let known: Option<String> = sql!(maybe &mut tx,
        "select code from signs where store_id = $1 and (key = $2 or (product_id = $3 and removed_at_ms is null))",
        store, key, product)?;
    if let Some(code) = known {
        tx.rollback().await?;
        return Ok(code);
    }
    let count: i64 = sql!(value &mut tx,
        "select count(*) from signs where store_id = $1 and removed_at_ms is null", store)?;
    if count >= MOST {
        tx.rollback().await?;
        return Err(Error::Invalid(vec![("name".to_owned(), "too-many")]));
    }
    let mine: i64 = sql!(value &mut tx,
        "select count(*) from products where store_id = $1 and removed_at_ms is null
           and id in (select j.value ->> 'id' from json_each($2) as j)", store, set::ids(&new.products)?)?;
    if mine != new.products.len() as i64 {
        tx.rollback().await?;
        return Err(Error::NotFound);
    }
    let code = insert(shop, &mut tx, store, key, new.kind, product, &name).await?;
    let Some(code) = code else {
        // Another tap with the same key, or for the same product, was faster.
        tx.rollback().await?;
        let code: Option<String> = sql!(
            maybe & shop.base.db,
            "select code from signs where store_id = $1 and (key = $2 or (product_id = $3 and removed_at_ms is null))",
            store,
            key,
            product
        )?;
        return code.ok_or(Error::NotFound);
    };
    if new.kind == Kind::Shelf {
        let rows: Vec<_> = new
            .products
            .iter()
            .enumerate()
            .map(|(place, id)| serde_json::json!({ "id": id, "place": place }))
            .collect();
        sql!(run &mut tx,
            "insert into sign_goods (code, product_id, store_id, place)
             select $2, j.value ->> 'id', $3, cast(j.value ->> 'place' as bigint) from json_each($1) as j",
            set::of(&rows)?, &code, store)?;
    }
    tx.commit().await?;
    Ok(code)
}

/// Writes the row under a code that nobody has. `None`: the key or the product has one already.
async fn insert(
    shop: &Shop,
    tx: &mut Tx,
    store: &StoreId,
    key: &str,
    kind: Kind,
    product: Option<&ProductId>,
    name: &str,
) -> Result<Option<String>> {
    for _ in 0..TRIES {
        let code = code(shop);
        let made = sql!(run &mut *tx,
            "insert into signs (code, store_id, kind, product_id, name, key, made_at_ms)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            &code, store, kind, product, name, key, shop.base.clock.now_ms())?;
        if made == 1 {
            return Ok(Some(code));
        }
        let is_taken: bool =
            sql!(value &mut *tx, "select exists (select 1 from signs where code = $1)", &code)?;
        if !is_taken {
            return Ok(None);
        }
    }
    Ok(None)
}

fn code(shop: &Shop) -> String {
    (0..LENGTH).map(|_| char::from(LETTERS[shop.base.random.below(LETTERS.len() as u64) as usize])).collect()
}

/// Makes the sign of every product that is on sale and has none; says how many there are now.
pub async fn make_all(shop: &Shop, store: &StoreId) -> Result<usize> {
    let lacking: Vec<ProductId> = sql!(
        values & shop.base.db,
        "select p.id from products p where p.store_id = $1 and p.on_sale and p.removed_at_ms is null
           and not exists (select 1 from signs g where g.product_id = p.id and g.removed_at_ms is null)
         order by p.created_at_ms, p.id limit $2",
        store,
        MOST
    )?;
    for product in &lacking {
        // A sign that was taken down has its key for ever; the new one has another.
        let key = format!("product:{product}:{}", shop.base.random.token::<8>());
        let new = NewSign { kind: Kind::Product, products: vec![product.clone()], ..NewSign::default() };
        make(shop, store, &key, new).await?;
    }
    Ok(lacking.len())
}

/// Takes a sign down: from now on it leads nowhere.
pub async fn take_down(shop: &Shop, store: &StoreId, code: &str) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update signs set removed_at_ms = $3 where code = $1 and store_id = $2 and removed_at_ms is null",
        code, store, shop.base.clock.now_ms())?;
    tx.commit().await?;
    if done == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Hangs a sign up again: the undo of [`take_down`]. Of a product that has a new sign by now the old one stays down.
pub async fn hang_up_again(shop: &Shop, store: &StoreId, code: &str) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update signs set removed_at_ms = null
         where code = $1 and store_id = $2 and removed_at_ms is not null
           and not exists (select 1 from signs n where n.product_id = signs.product_id and n.removed_at_ms is null)",
        code, store)?;
    tx.commit().await?;
    if done == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Counts a scan.
pub async fn count_scan(shop: &Shop, sign: &Sign) -> Result<()> {
    let day = today(shop.base.clock.now_ms()).to_string();
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "insert into sign_scans (code, day, store_id, scans) values ($1, $2, $3, 1)
         on conflict (code, day) do update set scans = sign_scans.scans + 1", &sign.code, day, &sign.store_id)?;
    Ok(tx.commit().await?)
}

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    pages::routes()
}
