//! The stripes on a packet: each is taught to the till once, by showing it and tapping the goods.

use base::{Db, sql};
use people::StoreId;
use sqlx::FromRow;

use crate::product::VariantId;
use crate::{Error, Result, Shop};

/// The longest of them; the longest kind of stripes holds less.
const MOST: usize = 48;
/// So many one store may teach.
const MOST_CODES: i64 = 5_000;

/// Stripes and what they stand on.
#[derive(Clone, Debug, FromRow)]
pub struct Barcode {
    pub code: String,
    pub variant_id: VariantId,
}

/// Everything a store's till was taught.
pub async fn of_store(db: &Db, store: &StoreId) -> Result<Vec<Barcode>> {
    Ok(sql!(all db,
        "select b.code, b.variant_id from barcodes b join variants v on v.id = b.variant_id and not v.retired
         where b.store_id = $1 order by b.code", store)?)
}

/// Teaches the till a code; one that it knew leads to these goods from now on.
pub async fn teach(shop: &Shop, store: &StoreId, code: &str, variant: &VariantId) -> Result<()> {
    let code = code.trim();
    let fits = (3..=MOST).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(Error::Invalid(vec![("code".to_owned(), "barcode")]));
    }
    let mut tx = shop.base.db.begin().await?;
    let known: i64 = sql!(value &mut tx, "select count(*) from barcodes where store_id = $1", store)?;
    if known >= MOST_CODES {
        tx.rollback().await?;
        return Err(Error::Invalid(vec![("code".to_owned(), "too-many")]));
    }
    let taught = sql!(run &mut tx,
        "insert into barcodes (store_id, code, variant_id, added_at_ms)
         select v.store_id, $2, v.id, $4 from variants v where v.id = $3 and v.store_id = $1
         on conflict (store_id, code) do update set variant_id = excluded.variant_id, added_at_ms = excluded.added_at_ms",
        store, code, variant, shop.base.clock.now_ms())?;
    tx.commit().await?;
    if taught == 1 { Ok(()) } else { Err(Error::NotFound) }
}
