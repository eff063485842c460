//! What lies on the till: today's goods with their prices, what is left of each, and the stripes on their packets.

use base::{Db, Won, sql};
use people::StoreId;
use serde::Serialize;
use sqlx::FromRow;
use web::Lang;

use crate::Result;
use crate::photo::PhotoId;
use crate::product::{ProductId, VariantId};
use crate::text::read;

/// Tiles on the till.
const MOST: i64 = 300;

/// A tile.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
#[schema(as = TillGood)]
pub struct Good {
    #[schema(value_type = String)]
    pub variant_id: VariantId,
    #[schema(value_type = String)]
    pub product_id: ProductId,
    pub name: String,
    pub name_en: String,
    pub variant_name: String,
    pub variant_name_en: String,
    #[schema(value_type = Option<String>)]
    pub cover: Option<PhotoId>,
    pub price_won: Won,
    /// What nobody has been promised.
    pub left_now: i64,
    /// So many more may be sold while the line is down.
    pub allowance: i64,
    /// The product's own allowance, where it has one.
    pub own_allowance: Option<i64>,
}

impl Good {
    /// What stands on the tile, for a reader.
    pub fn title(&self, lang: Lang) -> String {
        let (name, variant) =
            (read(lang, &self.name, &self.name_en), read(lang, &self.variant_name, &self.variant_name_en));
        if variant.is_empty() { name.to_owned() } else { format!("{name} · {variant}") }
    }

    /// The photo's id, or nothing.
    pub fn cover_id(&self) -> &str {
        self.cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }

    /// The own allowance as a form shows it.
    pub fn own(&self) -> String {
        self.own_allowance.map(|pieces| pieces.to_string()).unwrap_or_default()
    }
}

/// Everything a store sells today; what is there comes first.
pub async fn of_store(db: &Db, store: &StoreId) -> Result<Vec<Good>> {
    Ok(sql!(all db,
        "select v.id as variant_id, p.id as product_id, p.name, p.name_en, v.name as variant_name,
             v.name_en as variant_name_en, p.cover, v.price_won, l.on_hand - l.reserved as left_now,
             coalesce(p.offline_allowance, s.offline_allowance) as allowance, p.offline_allowance as own_allowance
         from products p join variants v on v.product_id = p.id and not v.retired
         join stock_levels l on l.variant_id = v.id
         join stores s on s.id = p.store_id
         where p.store_id = $1 and p.removed_at_ms is null and p.on_sale
         order by case when l.on_hand > l.reserved then 0 else 1 end, p.created_at_ms, p.id, v.place limit $2",
        store, MOST)?)
}
