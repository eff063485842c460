//! Label records: what was told about a product, edition by edition. A card that is pinned in a show, and an
//! advertisement of last week, can be read as they stood (전자상거래법 §6 keeps advertisements for six months).

use base::{Db, Tx, sql};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Draft, Fact, Product, ProductId};
use crate::category::Answers;
use crate::text::Text;
use crate::{Error, Result};

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Told {
    pub name: Text,
    pub unit: Text,
    /// 원산지.
    pub origin: Text,
    pub category: String,
    pub attributes: Answers,
    pub facts: Vec<Fact>,
}

impl Told {
    pub(super) fn by(draft: &Draft) -> Told {
        Told {
            name: draft.name.clone(),
            unit: draft.unit.clone(),
            origin: draft.origin.clone(),
            category: draft.category.clone(),
            attributes: draft.attributes.clone(),
            facts: draft.facts.clone(),
        }
    }

    pub(crate) fn of(product: &Product) -> Told {
        Told {
            name: Text::new(&product.name, &product.name_en),
            unit: Text::new(&product.unit, &product.unit_en),
            origin: Text::new(&product.origin, &product.origin_en),
            category: product.category.clone(),
            attributes: product.attributes.clone(),
            facts: product.facts.0.clone(),
        }
    }
}

/// One edition, as it is kept.
#[derive(Debug, FromRow)]
pub struct Edition {
    /// 1 is the first.
    pub edition: i64,
    pub told: String,
    pub from_ms: i64,
}

/// Writes the next edition, unless it says what the last one says. The product's row is locked by its change before.
pub(crate) async fn keep(tx: &mut Tx, product: &ProductId, told: &Told, now_ms: i64) -> Result<()> {
    let told = serde_json::to_string(told).map_err(base::Error::from)?;
    sql!(run &mut *tx,
        "insert into label_records (product_id, edition, store_id, told, from_ms)
         select p.id, coalesce(max(r.edition), 0) + 1, p.store_id, $2, $3
         from products p left join label_records r on r.product_id = p.id
         where p.id = $1 and not exists (
             select 1 from label_records last
             where last.product_id = p.id and last.told = $2
               and last.edition = (select max(n.edition) from label_records n where n.product_id = p.id))
         group by p.id, p.store_id", product, &told, now_ms)?;
    Ok(())
}

/// Every edition, the newest first.
pub async fn editions(db: &Db, product: &ProductId) -> Result<Vec<Edition>> {
    Ok(sql!(all db,
        "select edition, told, from_ms from label_records where product_id = $1 order by edition desc limit 100",
        product)?)
}

/// One edition, and the number of the newest.
pub(crate) async fn edition(db: &Db, product: &ProductId, edition: i64) -> Result<(Edition, i64)> {
    let mut found = sql!(all db,
        "select edition, told, from_ms from label_records
         where product_id = $1 and (edition = $2
             or edition = (select max(n.edition) from label_records n where n.product_id = $1))
         order by edition", product, edition)?;
    let last = found.last().map_or(0, |one: &Edition| one.edition);
    let at = found.iter().position(|one| one.edition == edition).ok_or(Error::NotFound)?;
    Ok((found.swap_remove(at), last))
}

/// The number of the edition that is told now; `None`: none was kept.
pub async fn newest(db: &Db, product: &ProductId) -> Result<Option<i64>> {
    Ok(sql!(value db, "select max(edition) from label_records where product_id = $1", product)?)
}

/// What an edition tells.
pub(crate) fn read(edition: &Edition) -> Result<Told> {
    Ok(serde_json::from_str(&edition.told).map_err(base::Error::from)?)
}
