//! Carts: what a browser has put aside. A cart promises nothing; ordering does.

use base::{Db, Won, sql};
use people::StoreId;
use sqlx::FromRow;
use web::Lang;

use crate::photo::PhotoId;
use crate::product::{ProductId, VariantId};
use crate::text::read;
use crate::{Error, Result, Shop};

pub mod pages;

/// Different things in one cart.
const MAX_ROWS: i64 = 50;
/// Pieces of one thing in one order.
pub const MAX_QUANTITY: i64 = 99;

/// One thing in a cart, at today's price.
#[derive(Clone, Debug, FromRow)]
pub struct Row {
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub store_id: StoreId,
    pub quantity: i64,
    pub name: String,
    pub name_en: String,
    pub variant_name: String,
    pub variant_name_en: String,
    pub cover: Option<PhotoId>,
    pub price_won: Won,
    pub available: i64,
    pub on_sale: bool,
}

impl Row {
    /// The product's name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }

    /// The variant's name for a reader.
    pub fn variant_in(&self, lang: Lang) -> &str {
        read(lang, &self.variant_name, &self.variant_name_en)
    }

    /// The photo's id, or nothing.
    pub fn cover_id(&self) -> &str {
        self.cover.as_ref().map(PhotoId::as_str).unwrap_or_default()
    }

    /// Whether it can still be bought as it stands here.
    pub fn is_there(&self) -> bool {
        self.on_sale && self.available >= self.quantity
    }

    /// Price times quantity.
    pub fn total(&self) -> Won {
        self.price_won.times(self.quantity).unwrap_or(Won::MAX)
    }
}

/// Puts `quantity` more of a variant into the cart.
pub async fn add(shop: &Shop, cart: &str, variant: &VariantId, quantity: i64) -> Result<()> {
    check_quantity(quantity)?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let rows: i64 = sql!(value &mut tx, "select count(*) from cart_rows where cart = $1", cart)?;
    if rows >= MAX_ROWS {
        tx.rollback().await?;
        return Err(Error::CartFull);
    }
    let put = sql!(run &mut tx,
        "insert into cart_rows (cart, variant_id, store_id, quantity, added_at_ms)
         select $1, v.id, v.store_id, $3, $4 from variants v where v.id = $2 and v.retired = false
         on conflict (cart, variant_id) do update
         set quantity = case when cart_rows.quantity + excluded.quantity > $5 then $5
                             else cart_rows.quantity + excluded.quantity end",
        cart, variant, quantity, now_ms, MAX_QUANTITY)?;
    tx.commit().await?;
    if put == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Sets how many of a variant are in the cart; none takes it out.
pub async fn set(shop: &Shop, cart: &str, variant: &VariantId, quantity: i64) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    if quantity == 0 {
        sql!(run &mut tx, "delete from cart_rows where cart = $1 and variant_id = $2", cart, variant)?;
    } else {
        check_quantity(quantity)?;
        sql!(run &mut tx,
            "update cart_rows set quantity = $3 where cart = $1 and variant_id = $2", cart, variant, quantity)?;
    }
    Ok(tx.commit().await?)
}

/// Empties the cart of one store's goods, once they are ordered.
pub(crate) async fn clear(shop: &Shop, cart: &str, store: &StoreId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "delete from cart_rows where cart = $1 and store_id = $2", cart, store)?;
    Ok(tx.commit().await?)
}

/// Everything in the cart, store by store.
pub async fn rows(db: &Db, cart: &str) -> Result<Vec<Row>> {
    Ok(sql!(all db,
        "select c.variant_id, p.id as product_id, c.store_id, c.quantity, p.name, p.name_en,
             v.name as variant_name, v.name_en as variant_name_en, p.cover, v.price_won,
             l.on_hand - l.reserved as available, (p.on_sale and not v.retired) as on_sale
         from cart_rows c
         join variants v on v.id = c.variant_id
         join products p on p.id = v.product_id
         join stock_levels l on l.variant_id = v.id
         where c.cart = $1 order by c.store_id, c.added_at_ms, c.variant_id", cart)?)
}

/// How many things are in the cart.
pub async fn count(db: &Db, cart: &str) -> Result<i64> {
    Ok(sql!(value db, "select count(*) from cart_rows where cart = $1", cart)?)
}

/// One to ninety-nine: less is no order, and more is a slip of the finger.
pub(crate) fn check_quantity(quantity: i64) -> Result<()> {
    if (1..=MAX_QUANTITY).contains(&quantity) {
        Ok(())
    } else {
        Err(Error::Invalid(vec![("quantity".to_owned(), "quantity")]))
    }
}
