//! Writing a review, changing it, taking it back and putting it back; and what the seller answers.

use base::{Tx, sql};
use people::{PersonId, StoreId, member};
use serde::{Deserialize, Serialize};

use super::{Answered, CHANGEABLE_MS, MAX_PHOTOS, Review, ReviewId, find, masked};
use crate::buyer::Buyer;
use crate::faults::Faults;
use crate::order::{Line, Order, OrderState};
use crate::payment::digest;
use crate::photo::{self, PhotoId};
use crate::product::ProductId;
use crate::text::Listing;
use crate::{Error, Result, Shop, order, set, store};

/// The longest review.
pub(crate) const WORDS: usize = 2_000;
/// The longest answer.
pub(crate) const ANSWER: usize = 1_000;

/// A review as its writer gives it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewReview {
    /// 1 to 5.
    pub stars: i64,
    /// Up to 2,000 letters; may be empty.
    #[serde(default)]
    pub words: String,
    /// Up to five, kept before.
    #[serde(default)]
    pub photos: Vec<PhotoId>,
    /// What the trade asks beside the stars; any of it may be left out.
    #[serde(default)]
    pub answers: Vec<Answered>,
}

impl NewReview {
    fn checked(self, trade: &str) -> Result<NewReview> {
        let mut faults = Faults::default();
        faults.unless((1..=5).contains(&self.stars), "stars", "stars");
        let words = faults.optional("words", &self.words, WORDS);
        faults.unless(self.photos.len() <= MAX_PHOTOS, "photos", "review-photos");
        let mut answers = self.answers;
        answers.sort();
        let asked = answers.len();
        answers.dedup_by(|one, other| one.aspect == other.aspect);
        let fit = answers.len() == asked && answers.iter().all(|answered| answered.fits(trade));
        faults.unless(fit, "answers", "choose");
        faults.done()?;
        Ok(NewReview { words, answers, ..self })
    }
}

/// The lines of an order that its buyer may review now, with their places: had, paid for, and not on the way back.
pub async fn offered(shop: &Shop, order: &Order) -> Result<Vec<(i64, Line)>> {
    if order.order_state != OrderState::Completed || !order.is_paid() {
        return Ok(Vec::new());
    }
    let db = &shop.base.db;
    let open: Vec<i64> = sql!(values db,
        "select place from order_lines where order_id = $1 and returned < quantity", &order.id)?;
    let lines = order::lines(db, &order.id).await?;
    Ok((0..).zip(lines).filter(|(place, _)| open.contains(place)).collect())
}

/// Writes a review of one line of an order. The same key is the same review.
pub async fn write(
    shop: &Shop,
    buyer: &Buyer,
    order: &Order,
    place: i64,
    key: &str,
    new: NewReview,
) -> Result<Review> {
    let db = &shop.base.db;
    let new = new.checked(&store::find(db, &order.store_id).await?.category)?;
    let offered = offered(shop, order).await?;
    let Some((_, line)) = offered.into_iter().find(|(at, _)| *at == place) else {
        return Err(why_not(shop, order, place).await?);
    };
    // Who sells does not praise himself.
    if let Some(person) = &buyer.person
        && member::is_member(db, &person.id, &order.store_id).await?
    {
        return Err(Error::OwnStore);
    }
    let body_hash = digest(&set::of(&new)?);
    let mut tx = db.begin().await?;
    lock(&mut tx, &line.product_id).await?;
    let known: Option<Review> =
        sql!(opt &mut tx, "select * from reviews where order_id = $1 and place = $2", &order.id, place)?;
    if let Some(known) = known {
        tx.rollback().await?;
        return again(shop, buyer, known, key, &body_hash, new).await;
    }
    photo::require(&mut tx, &new.photos).await?;
    let now_ms = shop.base.clock.now_ms();
    let id = ReviewId::new(now_ms);
    let name = buyer.person.as_ref().map(|person| masked(&person.name)).unwrap_or_default();
    // The rule stands in the statement: what goes back meanwhile is not reviewed.
    let written = sql!(run &mut tx,
        "insert into reviews (id, store_id, product_id, order_id, place, writer, name, key, body_hash, variant_name,
             variant_name_en, stars, words, photos, answers, written_at_ms, changed_at_ms)
         select $1, l.store_id, l.product_id, l.order_id, l.place, $2, $3, $4, $5, l.variant_name, l.variant_name_en,
             $6, $7, $8, $9, $10, $10
         from order_lines l join orders o on o.id = l.order_id
         where l.order_id = $11 and l.place = $12 and l.returned < l.quantity and o.order_state = 'completed'
           and o.payment_state = 'paid'",
        &id, buyer.id(), name, key, &body_hash, new.stars, &new.words, Listing(new.photos).to_column(),
        Listing(new.answers).to_column(), now_ms, &order.id, place)?;
    if written == 0 {
        tx.rollback().await?;
        return Err(why_not(shop, order, place).await?);
    }
    recount(&mut tx, &line.product_id).await?;
    tx.commit().await?;
    find(db, &id).await
}

/// The line has a review: the same one sent twice, or one that was taken back and is written again.
async fn again(
    shop: &Shop,
    buyer: &Buyer,
    known: Review,
    key: &str,
    body_hash: &str,
    new: NewReview,
) -> Result<Review> {
    if known.key == key {
        return if known.body_hash == body_hash { Ok(known) } else { Err(Error::KeyReused) };
    }
    if known.removed_at_ms.is_none() {
        return Err(Error::ReviewWritten);
    }
    if !known.is_changeable(shop.base.clock.now_ms()) {
        return Err(Error::ReviewOver);
    }
    restore(shop, buyer, &known.id).await?;
    change(shop, buyer, &known.id, new).await
}

/// Why a line of the buyer's own order cannot be reviewed.
async fn why_not(shop: &Shop, order: &Order, place: i64) -> Result<Error> {
    let is_there: bool = sql!(
        value & shop.base.db,
        "select exists (select 1 from order_lines where order_id = $1 and place = $2)",
        &order.id,
        place
    )?;
    let order = order::of_store(&shop.base.db, &order.store_id, &order.id).await?;
    Ok(match order.order_state {
        _ if !is_there => Error::NotFound,
        OrderState::Completed | OrderState::Canceled => Error::SentBack,
        _ if !order.is_paid() => Error::NotPaid,
        _ => Error::NotReceived,
    })
}

/// Changes one's own review within thirty days.
pub async fn change(shop: &Shop, buyer: &Buyer, id: &ReviewId, new: NewReview) -> Result<Review> {
    let db = &shop.base.db;
    let review = own(shop, buyer, id).await?;
    let new = new.checked(&store::find(db, &review.store_id).await?.category)?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = db.begin().await?;
    lock(&mut tx, &review.product_id).await?;
    photo::require(&mut tx, &new.photos).await?;
    let changed = sql!(run &mut tx,
        "update reviews set stars = $2, words = $3, photos = $4, answers = $5, changed_at_ms = $6
         where id = $1 and removed_at_ms is null and written_at_ms > $7",
        id, new.stars, &new.words, Listing(new.photos).to_column(), Listing(new.answers).to_column(), now_ms,
        now_ms - CHANGEABLE_MS)?;
    if changed == 0 {
        tx.rollback().await?;
        return Err(if review.removed_at_ms.is_some() { Error::NotFound } else { Error::ReviewOver });
    }
    recount(&mut tx, &review.product_id).await?;
    tx.commit().await?;
    find(db, id).await
}

/// Takes one's own review back. Twice is once.
pub async fn remove(shop: &Shop, buyer: &Buyer, id: &ReviewId) -> Result<Review> {
    set_removed(shop, buyer, id, Some(shop.base.clock.now_ms())).await
}

/// Puts it back: the undo of [`remove`].
pub async fn restore(shop: &Shop, buyer: &Buyer, id: &ReviewId) -> Result<Review> {
    set_removed(shop, buyer, id, None).await
}

async fn set_removed(shop: &Shop, buyer: &Buyer, id: &ReviewId, at_ms: Option<i64>) -> Result<Review> {
    let review = own(shop, buyer, id).await?;
    let mut tx = shop.base.db.begin().await?;
    lock(&mut tx, &review.product_id).await?;
    sql!(run &mut tx, "update reviews set removed_at_ms = $2 where id = $1", id, at_ms)?;
    recount(&mut tx, &review.product_id).await?;
    tx.commit().await?;
    find(&shop.base.db, id).await
}

/// A review of this buyer's; another's is not there.
async fn own(shop: &Shop, buyer: &Buyer, id: &ReviewId) -> Result<Review> {
    let review = find(&shop.base.db, id).await?;
    if review.is_of(&buyer.ids()) { Ok(review) } else { Err(Error::NotFound) }
}

/// The seller's one answer; without words it is taken back.
pub async fn answer(shop: &Shop, store: &StoreId, id: &ReviewId, words: &str) -> Result<Review> {
    let mut faults = Faults::default();
    let words = faults.optional("answer", words, ANSWER);
    faults.done()?;
    let at_ms = (!words.is_empty()).then(|| shop.base.clock.now_ms());
    let mut tx = shop.base.db.begin().await?;
    let answered = sql!(run &mut tx,
        "update reviews set answer = $3, answered_at_ms = $4
         where id = $1 and store_id = $2 and removed_at_ms is null and hidden_at_ms is null",
        id, store, words, at_ms)?;
    tx.commit().await?;
    if answered == 1 { find(&shop.base.db, id).await } else { Err(Error::NotFound) }
}

/// Forgets who wrote what. What they said of the goods stays, as a regular's; what they had taken back goes.
pub(crate) async fn forget(tx: &mut Tx, person: &PersonId, nobody: &str) -> Result<()> {
    let writer = format!("person:{person}");
    sql!(run &mut *tx,
        "update reviews set words = '', photos = '[]', answers = '[]'
         where writer = $1 and removed_at_ms is not null", &writer)?;
    sql!(run &mut *tx, "update reviews set writer = '', name = '', key = id where writer = $1", &writer)?;
    sql!(run &mut *tx, "update reviews set hidden_by = '' where hidden_by = $1", person)?;
    // What they found helpful stays counted; what they reported was said to the operator.
    sql!(run &mut *tx,
        "update review_votes set person_id = $2 where person_id = $1", person, nobody)?;
    sql!(run &mut *tx, "delete from review_reports where person_id = $1", person)?;
    Ok(())
}

/// Locks a product's row, behind which everybody waits who changes what its reviews come to.
pub(super) async fn lock(tx: &mut Tx, product: &ProductId) -> Result<()> {
    sql!(run tx, "update products set reviews_count = reviews_count where id = $1", product)?;
    Ok(())
}

/// Makes a product's count and sum anew.
pub(super) async fn recount(tx: &mut Tx, product: &ProductId) -> Result<()> {
    sql!(run tx,
        "update products set
             reviews_count = (select count(*) from reviews r
                 where r.product_id = products.id and r.removed_at_ms is null and r.hidden_at_ms is null),
             stars_sum = (select cast(coalesce(sum(r.stars), 0) as bigint) from reviews r
                 where r.product_id = products.id and r.removed_at_ms is null and r.hidden_at_ms is null)
         where id = $1", product)?;
    Ok(())
}
