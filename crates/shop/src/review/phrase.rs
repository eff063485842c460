//! Sentences that a seller says often: one tap answers with one.

use base::{Db, Id, sql};
use people::StoreId;
use sqlx::FromRow;

use super::write::ANSWER;
use crate::faults::Faults;
use crate::{Error, Result, Shop};

/// Names a phrase in [`PhraseId`].
pub enum PhraseMark {}
/// The id of a phrase.
pub type PhraseId = Id<PhraseMark>;

/// Phrases of one store.
const MOST: i64 = 10;

/// A sentence of the store's own.
#[derive(Clone, Debug, FromRow)]
pub struct Phrase {
    pub id: PhraseId,
    pub words: String,
}

/// A store's sentences, oldest first.
pub async fn phrases(db: &Db, store: &StoreId) -> Result<Vec<Phrase>> {
    Ok(sql!(all db, "select id, words from phrases where store_id = $1 order by made_at_ms, id", store)?)
}

/// Keeps a sentence; one that is kept already is kept once.
pub(super) async fn keep(shop: &Shop, store: &StoreId, words: &str) -> Result<()> {
    let mut faults = Faults::default();
    let words = faults.needed("phrase", words, ANSWER);
    faults.done()?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let kept = sql!(run &mut tx,
        "insert into phrases (id, store_id, words, made_at_ms)
         select $1, $2, $3, $4 where (select count(*) from phrases where store_id = $2) < $5
         on conflict (store_id, words) do nothing", PhraseId::new(now_ms), store, &words, now_ms, MOST)?;
    tx.commit().await?;
    let is_there =
        kept == 1 || phrases(&shop.base.db, store).await?.iter().any(|phrase| phrase.words == words);
    if is_there { Ok(()) } else { Err(Error::Invalid(vec![("phrase".to_owned(), "too-many")])) }
}

/// Keeps it no more.
pub(super) async fn drop(shop: &Shop, store: &StoreId, id: &PhraseId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "delete from phrases where id = $1 and store_id = $2", id, store)?;
    Ok(tx.commit().await?)
}
