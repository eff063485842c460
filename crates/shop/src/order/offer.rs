//! Offers: what is for sale at this moment, read for a whole batch of orders at once.

use std::collections::HashMap;

use base::{Db, Tx, Won, sql};
use people::StoreId;
use sqlx::FromRow;
use web::Lang;

use crate::deal::Deal;
use crate::delivery::Fees;
use crate::photo::PhotoId;
use crate::product::{ProductId, VariantId, Withdrawal};
use crate::{Result, set, text};

/// A variant as it is offered now, with its store's fees.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Offer {
    pub(crate) variant_id: VariantId,
    pub(crate) product_id: ProductId,
    pub(crate) store_id: StoreId,
    pub(crate) name: String,
    pub(crate) name_en: String,
    pub(crate) variant_name: String,
    pub(crate) variant_name_en: String,
    pub(crate) unit: String,
    pub(crate) origin: String,
    pub(crate) withdrawal: Withdrawal,
    pub(crate) cover: Option<PhotoId>,
    pub(crate) price_won: Won,
    pub(crate) parcel: bool,
    pub(crate) pickup: bool,
    pub(crate) cold: bool,
    pub(crate) is_open: bool,
    pub(crate) available: i64,
    parcel_won: Won,
    parcel_cold_won: Won,
    parcel_free_from_won: Won,
    /// The price for orders from a show that is on air.
    pub(super) live_price_won: Option<Won>,
    /// So many one buyer may have; 0: no limit.
    pub(super) per_buyer: i64,
    /// Until when the store has a promotion.
    pub(super) promoted_until_ms: i64,
    /// The deal that made its price.
    #[sqlx(skip)]
    pub(crate) deal: Option<Deal>,
}

impl Offer {
    /// The product's name for a reader.
    pub(crate) fn name_in(&self, lang: Lang) -> &str {
        text::read(lang, &self.name, &self.name_en)
    }

    /// The variant's name for a reader.
    pub(crate) fn variant_in(&self, lang: Lang) -> &str {
        text::read(lang, &self.variant_name, &self.variant_name_en)
    }

    /// The photo's id, or nothing.
    pub(crate) fn cover_id(&self) -> &str {
        self.cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }

    pub(crate) fn fees(&self) -> Fees {
        Fees {
            parcel_won: self.parcel_won,
            parcel_cold_won: self.parcel_cold_won,
            parcel_free_from_won: self.parcel_free_from_won,
        }
    }
}

/// Offers by variant.
pub(crate) type Offers = HashMap<VariantId, Offer>;

/// The offers of some variants, inside the writer: their stock is locked until the commit.
pub(super) async fn lock(tx: &mut Tx, variants: &[VariantId]) -> Result<Offers> {
    let wanted = set::ids(variants)?;
    // Touching the rows locks them on PostgreSQL; on SQLite the writer is alone anyway.
    sql!(run &mut *tx,
        "update stock_levels set reserved = reserved
         where variant_id in (select j.value ->> 'id' from json_each($1) as j)", &wanted)?;
    let offers: Vec<Offer> = sql!(all tx,
        "select * from offers where variant_id in (select j.value ->> 'id' from json_each($1) as j)", &wanted)?;
    Ok(offers.into_iter().map(|offer| (offer.variant_id.clone(), offer)).collect())
}

/// The offers of some variants, to show.
pub(super) async fn read(db: &Db, variants: &[VariantId]) -> Result<Offers> {
    let offers: Vec<Offer> = sql!(all db,
        "select * from offers where variant_id in (select j.value ->> 'id' from json_each($1) as j)",
        set::ids(variants)?)?;
    Ok(offers.into_iter().map(|offer| (offer.variant_id.clone(), offer)).collect())
}
