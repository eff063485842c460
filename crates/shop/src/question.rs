//! Questions about a product: a shopper asks, openly or in secret, and the seller answers.
//!
//! What is answered stands on the product's page for everybody, unless it was asked in secret. What has been answered
//! is not changed any more: the answer would stand beneath another question.

use base::{Db, Id, Tx, sql};
use people::{Person, PersonId, StoreId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::{Lang, Ui};

use crate::faults::Faults;
use crate::payment::digest;
use crate::product::{self, ProductId};
use crate::review::masked;
use crate::text::read;
use crate::{Error, Result, Shop, set};

pub mod api;
pub mod pages;
pub mod selling;

/// Names a question in [`QuestionId`].
pub enum QuestionMark {}
/// The id of a question about a product.
pub type QuestionId = Id<QuestionMark>;

/// The longest question, and the longest answer.
const WORDS: usize = 1_000;
/// Questions of one person within a day.
pub const MOST_A_DAY: i64 = 10;
const DAY_MS: i64 = 24 * 3_600_000;

/// A question as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Question {
    pub id: QuestionId,
    pub store_id: StoreId,
    pub product_id: ProductId,
    person_id: String,
    /// Masked; empty: somebody who left.
    pub name: String,
    body_hash: String,
    pub words: String,
    pub secret: bool,
    pub answer: String,
    pub answered_at_ms: Option<i64>,
    pub removed_at_ms: Option<i64>,
    pub asked_at_ms: i64,
}

impl Question {
    /// Whether this person asked it.
    pub fn is_of(&self, person: Option<&Person>) -> bool {
        person.is_some_and(|person| person.id.as_str() == self.person_id)
    }

    /// Whether this reader may read it.
    pub fn is_for(&self, person: Option<&Person>) -> bool {
        self.removed_at_ms.is_none() && (!self.secret || self.is_of(person))
    }

    /// "김*희", or "손님".
    pub fn name_in(&self, ui: &Ui) -> String {
        if self.name.is_empty() { ui.t("question-somebody") } else { self.name.clone() }
    }

    /// Its own address.
    pub fn path(&self) -> String {
        format!("/questions/{}", self.id)
    }
}

/// A question with the name of what it is about.
#[derive(Clone, Debug, FromRow)]
pub struct OfStore {
    #[sqlx(flatten)]
    pub question: Question,
    pub product_name: String,
    pub product_name_en: String,
}

impl OfStore {
    /// What it is about, for a reader.
    pub fn product_in(&self, lang: Lang) -> &str {
        read(lang, &self.product_name, &self.product_name_en)
    }
}

/// A question as a shopper asks it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewQuestion {
    /// Up to 1,000 letters.
    pub words: String,
    /// Only the seller reads it.
    #[serde(default)]
    pub secret: bool,
}

impl NewQuestion {
    fn checked(self) -> Result<NewQuestion> {
        let mut faults = Faults::default();
        let words = faults.needed("words", &self.words, WORDS);
        faults.done()?;
        Ok(NewQuestion { words, ..self })
    }
}

/// Asks about a product. The same key is the same question.
pub async fn ask(
    shop: &Shop,
    person: &Person,
    product: &ProductId,
    key: &str,
    new: NewQuestion,
) -> Result<Question> {
    let new = new.checked()?;
    let db = &shop.base.db;
    let product = product::sheet(db, product).await?.product;
    let body_hash = digest(&format!("{} {}", product.id, set::of(&new)?));
    let now_ms = shop.base.clock.now_ms();
    let id = QuestionId::new(now_ms);
    let mut tx = db.begin().await?;
    let known: Option<Question> = sql!(opt &mut tx, "select * from product_questions where person_id = $1 and key = $2", &person.id, key)?;
    if let Some(known) = known {
        tx.rollback().await?;
        return if known.body_hash == body_hash { Ok(known) } else { Err(Error::KeyReused) };
    }
    let asked = sql!(run &mut tx,
        "insert into product_questions (id, store_id, product_id, person_id, name, key, body_hash, words, secret,
             asked_at_ms, changed_at_ms)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10
         where (select count(*) from product_questions where person_id = $4 and asked_at_ms > $11) < $12
         on conflict (person_id, key) do nothing",
        &id, &product.store_id, &product.id, &person.id, masked(&person.name), key, &body_hash, &new.words,
        new.secret, now_ms, now_ms - DAY_MS, MOST_A_DAY)?;
    tx.commit().await?;
    if asked == 1 {
        return find(db, &id).await;
    }
    let known: Option<Question> =
        sql!(opt db, "select * from product_questions where person_id = $1 and key = $2", &person.id, key)?;
    known.filter(|known| known.body_hash == body_hash).ok_or(Error::AskedEnough)
}

/// Changes one's own question, as long as nobody answered it.
pub async fn change(shop: &Shop, person: &Person, id: &QuestionId, new: NewQuestion) -> Result<Question> {
    let new = new.checked()?;
    own(&shop.base.db, person, id).await?;
    let mut tx = shop.base.db.begin().await?;
    let changed = sql!(run &mut tx,
        "update product_questions set words = $2, secret = $3, changed_at_ms = $4
         where id = $1 and answered_at_ms is null and removed_at_ms is null",
        id, &new.words, new.secret, shop.base.clock.now_ms())?;
    tx.commit().await?;
    if changed == 1 { find(&shop.base.db, id).await } else { Err(Error::QuestionAnswered) }
}

/// Takes one's own question back. Twice is once.
pub async fn remove(shop: &Shop, person: &Person, id: &QuestionId) -> Result<Question> {
    set_removed(shop, person, id, Some(shop.base.clock.now_ms())).await
}

/// Puts it back: the undo of [`remove`].
pub async fn restore(shop: &Shop, person: &Person, id: &QuestionId) -> Result<Question> {
    set_removed(shop, person, id, None).await
}

async fn set_removed(shop: &Shop, person: &Person, id: &QuestionId, at_ms: Option<i64>) -> Result<Question> {
    own(&shop.base.db, person, id).await?;
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "update product_questions set removed_at_ms = $2 where id = $1", id, at_ms)?;
    tx.commit().await?;
    find(&shop.base.db, id).await
}

/// The seller's answer; without words it is taken back.
pub async fn answer(shop: &Shop, store: &StoreId, id: &QuestionId, words: &str) -> Result<Question> {
    let mut faults = Faults::default();
    let words = faults.optional("answer", words, WORDS);
    faults.done()?;
    let at_ms = (!words.is_empty()).then(|| shop.base.clock.now_ms());
    let mut tx = shop.base.db.begin().await?;
    let answered = sql!(run &mut tx,
        "update product_questions set answer = $3, answered_at_ms = $4
         where id = $1 and store_id = $2 and removed_at_ms is null", id, store, words, at_ms)?;
    tx.commit().await?;
    if answered == 1 { find(&shop.base.db, id).await } else { Err(Error::NotFound) }
}

/// A question by its id, whoever may read it.
pub async fn find(db: &Db, id: &QuestionId) -> Result<Question> {
    sql!(opt db, "select * from product_questions where id = $1", id)?.ok_or(Error::NotFound)
}

/// A question of this person's; another's is not there.
pub(crate) async fn own(db: &Db, person: &Person, id: &QuestionId) -> Result<Question> {
    let question = find(db, id).await?;
    if question.is_of(Some(person)) { Ok(question) } else { Err(Error::NotFound) }
}

/// What this reader may read of a product's questions, newest first: what was answered openly, and their own.
pub async fn of_product(
    db: &Db,
    product: &ProductId,
    person: Option<&PersonId>,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Question>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    let reader = person.map(PersonId::as_str).unwrap_or("nobody");
    Ok(sql!(all db,
        "select * from product_questions
         where product_id = $1 and removed_at_ms is null
           and ((answered_at_ms is not null and not secret) or person_id = $2)
           and (asked_at_ms, id) < ($3, $4)
         order by asked_at_ms desc, id desc limit $5", product, reader, ms, id, limit)?)
}

/// A store's questions, newest first; on request only those without an answer.
pub async fn of_store(
    db: &Db,
    store: &StoreId,
    unanswered: bool,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<OfStore>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select q.*, p.name as product_name, p.name_en as product_name_en
         from product_questions q join products p on p.id = q.product_id
         where q.store_id = $1 and q.removed_at_ms is null and (not $2 or q.answered_at_ms is null)
           and (q.asked_at_ms, q.id) < ($3, $4)
         order by q.asked_at_ms desc, q.id desc limit $5", store, unanswered, ms, id, limit)?)
}

/// How many wait for the seller's answer.
pub async fn open_count(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db,
        "select count(*) from product_questions
         where store_id = $1 and removed_at_ms is null and answered_at_ms is null", store)?)
}

/// Forgets who asked what. What was answered openly stays, as somebody's; everything else goes.
pub(crate) async fn forget(tx: &mut Tx, person: &PersonId, nobody: &str) -> Result<()> {
    sql!(run &mut *tx,
        "delete from product_questions
         where person_id = $1 and (answered_at_ms is null or secret or removed_at_ms is not null)", person)?;
    sql!(run &mut *tx,
        "update product_questions set person_id = $2, name = '' where person_id = $1", person, nobody)?;
    Ok(())
}
