//! Kept methods: a card the buyer asked us to remember, so that the next purchase is one button. It is kept
//! with one store's contract, and only that store can charge it.

use base::{Db, Id, sql};
use people::{PersonId, StoreId};
use sqlx::FromRow;

use super::pay::contract;
use crate::{Error, Result, Shop};

/// Names a kept method in [`MethodId`].
pub enum MethodMark {}
/// The id of a kept method.
pub type MethodId = Id<MethodMark>;

/// A card that is kept: the payment company's token, never the card's number.
#[derive(Clone, Debug, FromRow)]
pub struct Method {
    pub id: MethodId,
    pub token: String,
    /// What the buyer calls it: the words' key of its kind.
    pub label: String,
}

/// The card a person last asked us to keep with this store.
pub async fn kept(db: &Db, person: &PersonId, store: &StoreId) -> Result<Option<Method>> {
    Ok(sql!(opt db,
        "select id, token, label from stored_methods
         where person_id = $1 and store_id = $2 and removed_at_ms is null
         order by kept_at_ms desc, id desc limit 1", person, store)?)
}

/// Keeps a card by the buyer's agreement.
pub async fn keep(shop: &Shop, person: &PersonId, store: &StoreId, agreement: &str) -> Result<()> {
    let gateway = contract(shop, store)?;
    let token = gateway.keep(person.as_str(), agreement).await?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "insert into stored_methods (id, person_id, store_id, gateway, token, label, kept_at_ms, removed_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, null)
         on conflict (person_id, gateway, token) do update set kept_at_ms = excluded.kept_at_ms, removed_at_ms = null",
        MethodId::new(now_ms), person, store, gateway.name(), &token, "method-sandbox-card", now_ms)?;
    Ok(tx.commit().await?)
}

/// Forgets a card.
pub async fn forget(shop: &Shop, person: &PersonId, id: &MethodId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let gone = sql!(run &mut tx,
        "update stored_methods set removed_at_ms = $3 where id = $1 and person_id = $2 and removed_at_ms is null",
        id, person, shop.base.clock.now_ms())?;
    tx.commit().await?;
    if gone == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Forgets every card of somebody who left. The token is all we had, and nobody can charge without it.
pub async fn forget_all(shop: &Shop, person: &PersonId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "delete from stored_methods where person_id = $1", person)?;
    Ok(tx.commit().await?)
}
