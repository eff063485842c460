//! Reviews: what a buyer says of something they bought and have. One to a line of an order, and nobody else's.
//!
//! How many a product has and what their stars come to is kept on its row and made anew in the transaction that changes
//! a review, with that row locked first: of two that come at once the second counts both. A review that is taken back
//! or hidden stays, without being counted or shown. Names are masked when they are written down, so that leaving the
//! market has nothing to mask later.

use base::{Db, Id, sql};
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::{Lang, Ui};

use crate::order::OrderId;
use crate::photo::PhotoId;
use crate::product::ProductId;
use crate::text::{Listing, read};
use crate::{Error, Result, set};

pub mod aspects;
mod judge;
mod phrase;
mod write;

pub mod api;
pub mod office;
pub mod pages;
pub mod selling;

pub use aspects::Answered;
pub use judge::{Report, ReportReason, hide, report, show, unvote, vote};
pub use phrase::{Phrase, PhraseId, phrases};
pub(crate) use write::forget;
pub use write::{NewReview, answer, change, offered, remove, restore, write};

/// Names a review in [`ReviewId`].
pub enum ReviewMark {}
/// The id of a review.
pub type ReviewId = Id<ReviewMark>;

/// How long its writer may change one.
pub const CHANGEABLE_MS: i64 = 30 * 24 * 3_600_000;
/// Photos of one review.
pub const MAX_PHOTOS: usize = 5;
/// Photos of a product's reviews above the reviews.
const PICTURES: i64 = 12;

/// A review as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Review {
    pub id: ReviewId,
    pub store_id: StoreId,
    pub product_id: ProductId,
    pub order_id: OrderId,
    pub place: i64,
    writer: String,
    /// Masked; empty: a regular.
    pub name: String,
    key: String,
    body_hash: String,
    pub variant_name: String,
    pub variant_name_en: String,
    pub stars: i64,
    pub words: String,
    #[sqlx(try_from = "String")]
    pub photos: Listing<PhotoId>,
    #[sqlx(try_from = "String")]
    pub answers: Listing<Answered>,
    /// What the seller says to it; empty: nothing yet.
    pub answer: String,
    pub answered_at_ms: Option<i64>,
    pub helpful: i64,
    pub reported: i64,
    pub hidden_for: String,
    pub hidden_at_ms: Option<i64>,
    pub removed_at_ms: Option<i64>,
    pub written_at_ms: i64,
    pub changed_at_ms: i64,
}

impl Review {
    /// Whether this buyer wrote it.
    pub fn is_of(&self, buyers: &[String]) -> bool {
        buyers.contains(&self.writer)
    }

    /// Whether everybody may read it.
    pub fn is_shown(&self) -> bool {
        self.removed_at_ms.is_none() && self.hidden_at_ms.is_none()
    }

    /// Whether its writer may still change it.
    pub fn is_changeable(&self, now_ms: i64) -> bool {
        now_ms < self.written_at_ms + CHANGEABLE_MS
    }

    /// "김*희", or "단골".
    pub fn name_in(&self, ui: &Ui) -> String {
        if self.name.is_empty() { ui.t("review-regular") } else { self.name.clone() }
    }

    /// What was bought, for a reader.
    pub fn variant_in(&self, lang: Lang) -> &str {
        read(lang, &self.variant_name, &self.variant_name_en)
    }

    /// "별 다섯 개 가운데 4개".
    pub fn stars_in(&self, ui: &Ui) -> String {
        ui.t1("review-stars-of", "stars", self.stars)
    }

    /// The stars to draw: which of the five are filled.
    pub fn drawn(&self) -> [bool; 5] {
        [1, 2, 3, 4, 5].map(|star| star <= self.stars)
    }

    /// "후기 사진 2".
    pub fn photo_in(&self, ui: &Ui, number: &usize) -> String {
        nth_photo(ui, *number)
    }

    /// Its own page.
    pub fn path(&self) -> String {
        format!("/reviews/{}", self.id)
    }
}

/// The order in which reviews are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ReviewSort)]
pub enum Sort {
    #[default]
    Newest,
    Helpful,
    /// Only those with photos, newest first.
    Photos,
}

impl Sort {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Sort; 3] = [Sort::Newest, Sort::Helpful, Sort::Photos];

    /// As addresses write it.
    pub fn slug(self) -> &'static str {
        match self {
            Sort::Newest => "newest",
            Sort::Helpful => "helpful",
            Sort::Photos => "photos",
        }
    }

    /// The key of its words.
    pub fn words(self) -> &'static str {
        match self {
            Sort::Newest => "review-sort-newest",
            Sort::Helpful => "review-sort-helpful",
            Sort::Photos => "review-sort-photos",
        }
    }

    /// A row's place in it, as its cursor holds it.
    pub fn key(self, review: &Review) -> (i64, String) {
        let by = if self == Sort::Helpful { review.helpful } else { review.written_at_ms };
        (by, review.id.to_string())
    }
}

/// A review by its id, whether it is shown or not.
pub async fn find(db: &Db, id: &ReviewId) -> Result<Review> {
    sql!(opt db, "select * from reviews where id = $1", id)?.ok_or(Error::NotFound)
}

/// A product's reviews, after a row's place in the same order.
pub async fn of_product(
    db: &Db,
    product: &ProductId,
    sort: Sort,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Review>> {
    let (by, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(match sort {
        Sort::Helpful => sql!(all db,
            "select * from reviews
             where product_id = $1 and removed_at_ms is null and hidden_at_ms is null and (helpful, id) < ($2, $3)
             order by helpful desc, id desc limit $4", product, by, id, limit)?,
        _ => sql!(all db,
            "select * from reviews
             where product_id = $1 and removed_at_ms is null and hidden_at_ms is null
               and (written_at_ms, id) < ($2, $3) and (not $4 or photos <> '[]')
             order by written_at_ms desc, id desc limit $5", product, by, id, sort == Sort::Photos, limit)?,
    })
}

/// A store's reviews, newest first; on request only those without an answer.
pub async fn of_store(
    db: &Db,
    store: &StoreId,
    unanswered: bool,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<OfStore>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select r.*, p.name as product_name, p.name_en as product_name_en
         from reviews r join products p on p.id = r.product_id
         where r.store_id = $1 and r.removed_at_ms is null and r.hidden_at_ms is null
           and (not $2 or r.answered_at_ms is null) and (r.written_at_ms, r.id) < ($3, $4)
         order by r.written_at_ms desc, r.id desc limit $5", store, unanswered, ms, id, limit)?)
}

/// How many wait for the seller's answer.
pub async fn open_count(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db,
        "select count(*) from reviews
         where store_id = $1 and removed_at_ms is null and hidden_at_ms is null and answered_at_ms is null", store)?)
}

/// A review with the name of what it is about.
#[derive(Clone, Debug, FromRow)]
pub struct OfStore {
    #[sqlx(flatten)]
    pub review: Review,
    pub product_name: String,
    pub product_name_en: String,
}

impl OfStore {
    /// What it is about, for a reader.
    pub fn product_in(&self, lang: Lang) -> &str {
        read(lang, &self.product_name, &self.product_name_en)
    }
}

/// The reviews of an order's lines, whether shown or not.
pub async fn of_order(db: &Db, order: &OrderId) -> Result<Vec<Review>> {
    Ok(sql!(all db, "select * from reviews where order_id = $1 order by place", order)?)
}

/// Those of these reviews that somebody found helpful.
pub async fn votes_of(db: &Db, person: &PersonId, reviews: &[Review]) -> Result<Vec<ReviewId>> {
    if reviews.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql!(values db,
        "select review_id from review_votes
         where person_id = $1 and review_id in (select j.value ->> 'id' from json_each($2) as j)",
        person, set::ids(reviews.iter().map(|review| &review.id))?)?)
}

/// What a product's reviews come to.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
#[schema(as = ReviewTally)]
pub struct Tally {
    pub count: i64,
    pub stars_sum: i64,
    /// The mean of the stars in tenths, rounded: 46 is 4.6; 0 without reviews.
    pub mean_tenths: i64,
    /// How many gave one star, two, and so on.
    pub stars: [i64; 5],
    pub aspects: Vec<AspectTally>,
}

/// How one aspect was answered.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AspectTally {
    pub aspect: String,
    pub answers: Vec<Share>,
}

/// How many gave one answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AspectShare)]
pub struct Share {
    pub answer: String,
    pub count: i64,
    /// Of those who answered, in percent.
    pub percent: i64,
}

impl AspectTally {
    /// "신선도".
    pub fn name_in(&self, lang: Lang) -> &'static str {
        aspects::find(&self.aspect).map(|aspect| aspect.name.read(lang)).unwrap_or_default()
    }

    /// The answer that most gave.
    pub fn first(&self) -> Option<&Share> {
        self.answers.iter().max_by_key(|share| share.count)
    }

    /// "싱싱해요".
    pub fn answer_in(&self, lang: Lang, share: &Share) -> &'static str {
        let aspect = aspects::find(&self.aspect);
        let choice = aspect.and_then(|aspect| aspect.answers.iter().find(|choice| choice.id == share.answer));
        choice.map(|choice| choice.name.read(lang)).unwrap_or_default()
    }
}

impl Tally {
    /// "4.6".
    pub fn mean(&self) -> String {
        format!("{}.{}", self.mean_tenths / 10, self.mean_tenths % 10)
    }

    /// Five stars to one, each with how many gave it and its share in percent.
    pub fn bars(&self) -> Vec<(i64, i64, i64)> {
        (1..=5)
            .rev()
            .map(|star| {
                (star, self.stars[star as usize - 1], percent(self.stars[star as usize - 1], self.count))
            })
            .collect()
    }
}

fn percent(part: i64, whole: i64) -> i64 {
    if whole == 0 { 0 } else { (part * 100 + whole / 2) / whole }
}

/// The mean of stars in tenths, rounded.
pub fn mean_tenths(sum: i64, count: i64) -> i64 {
    if count == 0 { 0 } else { (sum * 10 + count / 2) / count }
}

/// What a product's reviews come to. Without any it is one statement.
pub async fn tally(db: &Db, product: &ProductId) -> Result<Tally> {
    let (count, stars_sum): (i64, i64) =
        sql!(opt db, "select reviews_count, stars_sum from products where id = $1", product)?
            .ok_or(Error::NotFound)?;
    if count == 0 {
        return Ok(Tally::default());
    }
    let given: Vec<(i64, i64)> = sql!(all db,
        "select stars, count(*) from reviews
         where product_id = $1 and removed_at_ms is null and hidden_at_ms is null group by stars", product)?;
    let answered: Vec<(String, String, i64)> = sql!(all db,
        "select j.value ->> 'aspect', j.value ->> 'answer', count(*)
         from reviews r, json_each(r.answers) as j
         where r.product_id = $1 and r.removed_at_ms is null and r.hidden_at_ms is null
         group by 1, 2", product)?;
    let mut stars = [0; 5];
    for (star, count) in given {
        stars[(star.clamp(1, 5) - 1) as usize] = count;
    }
    let mean_tenths = mean_tenths(stars_sum, count);
    Ok(Tally { count, stars_sum, mean_tenths, stars, aspects: by_aspect(&answered) })
}

/// Every answer of every aspect that somebody answered, in the file's order of answers.
fn by_aspect(answered: &[(String, String, i64)]) -> Vec<AspectTally> {
    let mut ids: Vec<&str> = answered.iter().map(|(aspect, ..)| aspect.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = ids.into_iter().filter_map(|id| aspects::find(id).map(|aspect| (id, aspect)));
    known
        .map(|(id, aspect)| {
            let of = |answer: &str| {
                let found = answered.iter().find(|(of, given, _)| of == id && given == answer);
                found.map_or(0, |(.., count)| *count)
            };
            let whole: i64 = aspect.answers.iter().map(|choice| of(&choice.id)).sum();
            let answers = aspect.answers.iter().map(|choice| {
                let count = of(&choice.id);
                Share { answer: choice.id.clone(), count, percent: percent(count, whole) }
            });
            AspectTally { aspect: id.to_owned(), answers: answers.collect() }
        })
        .collect()
}

/// The newest photos of a product's reviews, each with its review.
pub async fn pictures(db: &Db, product: &ProductId) -> Result<Vec<(PhotoId, ReviewId)>> {
    let found = of_product(db, product, Sort::Photos, None, PICTURES).await?;
    let all =
        found.iter().flat_map(|review| review.photos.iter().map(|photo| (photo.clone(), review.id.clone())));
    Ok(all.take(PICTURES as usize).collect())
}

pub(crate) fn nth_photo(ui: &Ui, number: usize) -> String {
    ui.t1("review-photo", "number", number)
}

/// A name as strangers read it: the first letter, the last, and stars between.
pub fn masked(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    match letters.as_slice() {
        [] | [_] => String::new(),
        [first, _] => format!("{first}*"),
        [first, between @ .., last] => format!("{first}{}{last}", "*".repeat(between.len().min(3))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_masked_so_that_a_friend_knows_and_a_stranger_does_not() {
        for (name, shown) in [
            ("김은희", "김*희"),
            ("한솔", "한*"),
            ("남궁민수", "남**수"),
            ("Jina Park", "J***k"),
            ("김", ""),
            (" ", ""),
        ] {
            assert_eq!(masked(name), shown, "{name}");
        }
    }

    #[test]
    fn the_mean_is_rounded_once() {
        assert_eq!(
            (mean_tenths(0, 0), mean_tenths(14, 3), mean_tenths(9, 2), mean_tenths(5, 1)),
            (0, 47, 45, 50)
        );
        assert_eq!((percent(1, 3), percent(2, 3), percent(0, 0)), (33, 67, 0));
    }
}
