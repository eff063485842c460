//! Kept methods: a card the buyer asked us to remember, so that the next purchase is one button.

use base::{Db, Id, sql};
use people::PersonId;
use sqlx::FromRow;

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

/// The card a person last asked us to keep.
pub async fn kept(db: &Db, person: &PersonId) -> Result<Option<Method>> {
    Ok(sql!(opt db,
        "select id, token, label from stored_methods where person_id = $1 and removed_at_ms is null
         order by kept_at_ms desc, id desc limit 1", person)?)
}

/// Keeps a card.
pub(super) async fn keep(shop: &Shop, person: &PersonId, gateway: &str, token: &str) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "insert into stored_methods (id, person_id, gateway, token, label, kept_at_ms, removed_at_ms)
         values ($1, $2, $3, $4, $5, $6, null)
         on conflict (person_id, gateway, token) do update set kept_at_ms = excluded.kept_at_ms, removed_at_ms = null",
        MethodId::new(now_ms), person, gateway, token, "method-sandbox-card", now_ms)?;
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
