//! What others do with a review: find it helpful, report it; and what an operator decides.

use base::{Db, sql};
use people::{Operator, PersonId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::write::{lock, recount};
use super::{Review, ReviewId, find};
use crate::buyer::Buyer;
use crate::faults::Faults;
use crate::{Error, Result, Shop};

/// The longest words of a report, or of why something was hidden.
const WORDS: usize = 500;

/// Finds a review helpful: once a person, and not one's own.
pub async fn vote(shop: &Shop, buyer: &Buyer, id: &ReviewId) -> Result<Review> {
    let person = buyer.person.as_ref().ok_or(Error::SignIn)?;
    let review = shown(&shop.base.db, id).await?;
    if review.is_of(&buyer.ids()) {
        return Err(Error::OwnReview);
    }
    let mut tx = shop.base.db.begin().await?;
    let made = sql!(run &mut tx,
        "insert into review_votes (review_id, person_id, store_id, at_ms) values ($1, $2, $3, $4)
         on conflict (review_id, person_id) do nothing",
        id, &person.id, &review.store_id, shop.base.clock.now_ms())?;
    if made == 1 {
        sql!(run &mut tx, "update reviews set helpful = helpful + 1 where id = $1", id)?;
    }
    tx.commit().await?;
    find(&shop.base.db, id).await
}

/// Takes that back.
pub async fn unvote(shop: &Shop, buyer: &Buyer, id: &ReviewId) -> Result<Review> {
    let person = buyer.person.as_ref().ok_or(Error::SignIn)?;
    let mut tx = shop.base.db.begin().await?;
    let gone = sql!(run &mut tx,
        "delete from review_votes where review_id = $1 and person_id = $2", id, &person.id)?;
    if gone == 1 {
        sql!(run &mut tx, "update reviews set helpful = helpful - 1 where id = $1", id)?;
    }
    tx.commit().await?;
    find(&shop.base.db, id).await
}

/// What is wrong with a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum ReportReason {
    Ad,
    Abuse,
    /// Tells what is nobody's business.
    Private,
    Untrue,
    Other,
}

impl ReportReason {
    /// Every one, in the order in which they are offered.
    pub const ALL: [ReportReason; 5] = [
        ReportReason::Ad,
        ReportReason::Abuse,
        ReportReason::Private,
        ReportReason::Untrue,
        ReportReason::Other,
    ];

    /// As forms write it.
    pub fn slug(self) -> &'static str {
        match self {
            ReportReason::Ad => "ad",
            ReportReason::Abuse => "abuse",
            ReportReason::Private => "private",
            ReportReason::Untrue => "untrue",
            ReportReason::Other => "other",
        }
    }

    /// The key of its words.
    pub fn words(self) -> &'static str {
        match self {
            ReportReason::Ad => "review-report-ad",
            ReportReason::Abuse => "review-report-abuse",
            ReportReason::Private => "review-report-private",
            ReportReason::Untrue => "review-report-untrue",
            ReportReason::Other => "review-report-other",
        }
    }
}

/// A report, for the operator: who made it stays out of it.
#[derive(Clone, Debug, FromRow)]
pub struct Report {
    pub review_id: ReviewId,
    pub reason: ReportReason,
    pub words: String,
    pub at_ms: i64,
}

/// Reports a review to the market's operator: once a person.
pub async fn report(
    shop: &Shop,
    person: &PersonId,
    id: &ReviewId,
    reason: ReportReason,
    words: &str,
) -> Result<()> {
    let mut faults = Faults::default();
    let words = faults.optional("words", words, WORDS);
    faults.done()?;
    let review = shown(&shop.base.db, id).await?;
    let mut tx = shop.base.db.begin().await?;
    let made = sql!(run &mut tx,
        "insert into review_reports (review_id, person_id, store_id, reason, words, at_ms)
         values ($1, $2, $3, $4, $5, $6) on conflict (review_id, person_id) do nothing",
        id, person, &review.store_id, reason, words, shop.base.clock.now_ms())?;
    if made == 1 {
        sql!(run &mut tx, "update reviews set reported = reported + 1 where id = $1", id)?;
    }
    Ok(tx.commit().await?)
}

/// Hides a review, and says why.
pub async fn hide(shop: &Shop, operator: &Operator, id: &ReviewId, why: &str) -> Result<Review> {
    let mut faults = Faults::default();
    let why = faults.needed("reason", why, WORDS);
    faults.done()?;
    set_hidden(shop, operator, id, &why, Some(shop.base.clock.now_ms())).await
}

/// Shows it again: the undo of [`hide`].
pub async fn show(shop: &Shop, operator: &Operator, id: &ReviewId) -> Result<Review> {
    set_hidden(shop, operator, id, "", None).await
}

async fn set_hidden(
    shop: &Shop,
    operator: &Operator,
    id: &ReviewId,
    why: &str,
    at_ms: Option<i64>,
) -> Result<Review> {
    let review = find(&shop.base.db, id).await?;
    let mut tx = shop.base.db.begin().await?;
    lock(&mut tx, &review.product_id).await?;
    sql!(run &mut tx,
        "update reviews set hidden_for = $2, hidden_by = $3, hidden_at_ms = $4 where id = $1",
        id, why, &operator.person.id, at_ms)?;
    recount(&mut tx, &review.product_id).await?;
    tx.commit().await?;
    find(&shop.base.db, id).await
}

/// Reviews that somebody reported, the newest first, and those that are hidden.
pub(super) async fn reported(db: &Db, after: Option<(i64, String)>, limit: i64) -> Result<Vec<Review>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from reviews where reported > 0 and (written_at_ms, id) < ($1, $2)
         order by written_at_ms desc, id desc limit $3", ms, id, limit)?)
}

/// What was reported of these reviews.
pub(super) async fn reports_of(db: &Db, reviews: &[Review]) -> Result<Vec<Report>> {
    if reviews.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql!(all db,
        "select review_id, reason, words, at_ms from review_reports
         where review_id in (select j.value ->> 'id' from json_each($1) as j) order by at_ms, person_id",
        crate::set::ids(reviews.iter().map(|review| &review.id))?)?)
}

async fn shown(db: &Db, id: &ReviewId) -> Result<Review> {
    let review = find(db, id).await?;
    if review.is_shown() { Ok(review) } else { Err(Error::NotFound) }
}
