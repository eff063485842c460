//! What is packed, read page by page: each reader gives the next few records after a place, in an order that stays.

use std::collections::HashMap;

use base::{Db, sql};
use people::{PersonId, StoreId, consent};
use serde_json::json;
use sqlx::FromRow;

use super::format::{
    Follower, Goods, Kind, Label, PastConsent, PastQuestion, PastReview, PriceChange, Profile, Promo, Rate,
    Voucher,
};
use crate::coupon::Coupon;
use crate::product::{Draft, NewVariant, Product, ProductId, Variant};
use crate::promotion::Promotion;
use crate::store::Store;
use crate::text::{Listing, Text};
use crate::{Result, hours, review, set};

/// A place in a list: when something was made, and its id.
pub(super) type Place = (i64, String);
/// Before everything.
pub(super) fn first() -> Place {
    (i64::MIN, String::new())
}

/// The store itself.
pub(super) async fn profile(db: &Db, store: &Store) -> Result<Profile> {
    let pickup_days = sql!(value db, "select pickup_days from stores where id = $1", &store.id)?;
    let rates: Vec<Rate> = sql!(all db,
        "select method, rate_ppm, each_won from settlement_rates where store_id = $1 order by method", &store.id)?;
    let phrases = review::phrases(db, &store.id).await?.into_iter().map(|phrase| phrase.words).collect();
    Ok(Profile {
        slug: store.slug.clone(),
        category: store.category.clone(),
        name: Text::new(&store.name, &store.name_en),
        line: Text::new(&store.line, &store.line_en),
        story: Text::new(&store.story, &store.story_en),
        pickup: Text::new(&store.pickup, &store.pickup_en),
        hours: Text::new(&store.hours, &store.hours_en),
        picture: store.picture.clone(),
        identity: store.identity.clone(),
        parcel_won: store.parcel_won,
        parcel_cold_won: store.parcel_cold_won,
        parcel_free_from_won: store.parcel_free_from_won,
        pickup_days,
        opening: hours::of(db, &store.id).await?,
        phrases,
        rates,
    })
}

/// Products that were not removed, with what is free to sell of them.
pub(super) async fn goods(db: &Db, store: &StoreId, after: &Place, most: i64) -> Result<Vec<Goods>> {
    let products: Vec<Product> = sql!(all db,
        "select * from products where store_id = $1 and removed_at_ms is null and (created_at_ms, id) > ($2, $3)
         order by created_at_ms, id limit $4", store, after.0, &after.1, most)?;
    let mut all = Vec::with_capacity(products.len());
    for product in products {
        let variants = crate::product::variants(db, &product.id).await?;
        let low: Vec<(String, i64)> = sql!(all db,
            "select variant_id, low_at from stock_levels where product_id = $1", &product.id)?;
        let low: HashMap<String, i64> = low.into_iter().collect();
        let low_at =
            variants.iter().map(|variant| low.get(variant.id.as_str()).copied().unwrap_or(3)).collect();
        let created_at_ms = product.created_at_ms;
        all.push(Goods {
            id: product.id.clone(),
            product: draft(&product, &variants),
            low_at,
            created_at_ms,
        });
    }
    Ok(all)
}

/// A product as a seller would write it anew.
fn draft(product: &Product, variants: &[Variant]) -> Draft {
    let mut draft = Draft {
        name: Text::new(&product.name, &product.name_en),
        unit: Text::new(&product.unit, &product.unit_en),
        origin: Text::new(&product.origin, &product.origin_en),
        photos: product.photos.0.clone(),
        options: product.options.0.clone(),
        variants: Vec::new(),
        stories: product.stories.0.clone(),
        facts: product.facts.0.clone(),
        category: product.category.clone(),
        attributes: product.attributes.clone(),
        code: product.code.clone().unwrap_or_default(),
        withdrawal: product.withdrawal,
        parcel: product.parcel,
        pickup: product.pickup,
        cold: product.cold,
        per_buyer: product.per_buyer,
        resting: !product.on_sale,
    };
    // A variant keeps its values only as its name.
    let picks: HashMap<String, Vec<usize>> = picks(&draft)
        .into_iter()
        .map(|pick| (draft.name_of(&NewVariant { pick: pick.clone(), ..NewVariant::default() }).ko, pick))
        .collect();
    let written = variants.iter().filter_map(|variant| {
        let pick = picks.get(&variant.name)?.clone();
        let price_won = variant.price_won;
        Some(NewVariant { pick, price_won, live_price_won: variant.live_price_won, stock: variant.left })
    });
    draft.variants = written.collect();
    draft
}

/// Every combination of the options' values.
fn picks(draft: &Draft) -> Vec<Vec<usize>> {
    draft.options.iter().fold(vec![Vec::new()], |picks, option| {
        let longer = picks.iter().flat_map(|pick| {
            (0..option.values.len()).map(move |value| pick.iter().copied().chain([value]).collect())
        });
        longer.collect()
    })
}

#[derive(FromRow)]
struct LabelRow {
    product_id: ProductId,
    edition: i64,
    told: String,
    from_ms: i64,
}

/// The editions of these products' labels.
pub(super) async fn labels(db: &Db, products: &[ProductId]) -> Result<Vec<Label>> {
    let rows: Vec<LabelRow> = sql!(all db,
        "select product_id, edition, told, from_ms from label_records
         where product_id in (select j.value ->> 'id' from json_each($1) as j) order by product_id, edition",
        set::ids(products)?)?;
    rows.into_iter()
        .map(|row| {
            let told = serde_json::from_str(&row.told).map_err(base::Error::from)?;
            Ok(Label { product: row.product_id, edition: row.edition, told, from_ms: row.from_ms })
        })
        .collect()
}

/// What these products' variants have cost.
pub(super) async fn prices(db: &Db, products: &[ProductId]) -> Result<Vec<PriceChange>> {
    Ok(sql!(all db,
        "select v.product_id as product, v.place as variant, c.was_won, c.now_won, c.at_ms
         from price_changes c join variants v on v.id = c.variant_id
         where v.retired = false and v.product_id in (select j.value ->> 'id' from json_each($1) as j)
         order by v.product_id, v.place, c.at_ms, c.id", set::ids(products)?)?)
}

/// All promotions; a store has few.
pub(super) async fn promotions(db: &Db, store: &StoreId, now_ms: i64) -> Result<Vec<Promo>> {
    let rows: Vec<Promotion> =
        sql!(all db, "select * from promotions where store_id = $1 order by created_at_ms, id", store)?;
    Ok(rows
        .into_iter()
        .map(|row| Promo {
            id: row.id.to_string(),
            ended: row.ended_at_ms.is_some() || row.ends_at_ms.is_some_and(|ends| ends <= now_ms),
            name: Text::new(row.name, row.name_en),
            rule: row.rule,
            from_quantity: row.from_quantity,
            first_order: row.first_order,
            starts_at_ms: row.starts_at_ms,
            ends_at_ms: row.ends_at_ms,
        })
        .collect())
}

/// All coupons with how many are left of them.
pub(super) async fn coupons(db: &Db, store: &StoreId, now_ms: i64) -> Result<Vec<Voucher>> {
    let rows: Vec<Coupon> =
        sql!(all db, "select * from coupons where store_id = $1 order by created_at_ms, id", store)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let left = row.quantity - row.redeemed;
            let ended =
                left == 0 || row.ended_at_ms.is_some() || row.ends_at_ms.is_some_and(|ends| ends <= now_ms);
            Voucher {
                id: row.id.to_string(),
                code: row.code,
                name: Text::new(row.name, row.name_en),
                rule: row.rule,
                quantity: if ended { 0 } else { left },
                per_buyer: row.per_buyer,
                by_claim: row.by_claim,
                ends_at_ms: row.ends_at_ms,
                ended,
            }
        })
        .collect())
}

#[derive(FromRow)]
struct FollowRow {
    person_id: PersonId,
    since_ms: i64,
}

/// The next followers, each with what they agreed to, and the place behind them.
pub(super) async fn followers(
    db: &Db,
    store: &StoreId,
    after: &Place,
    most: i64,
    named: impl Fn(&str) -> String,
) -> Result<(Vec<Follower>, Option<Place>)> {
    let rows: Vec<FollowRow> = sql!(all db,
        "select person_id, since_ms from follows where store_id = $1 and (since_ms, person_id) > ($2, $3)
         order by since_ms, person_id limit $4", store, after.0, &after.1, most)?;
    let wishes = consent::wished_by(db, &set::ids(rows.iter().map(|row| &row.person_id))?).await?;
    let next = rows.last().map(|row| (row.since_ms, row.person_id.to_string()));
    let told = rows
        .into_iter()
        .map(|row| Follower {
            customer: named(&format!("person:{}", row.person_id)),
            since_ms: row.since_ms,
            consents: wishes
                .iter()
                .filter(|wish| wish.person_id == row.person_id)
                .map(|wish| PastConsent {
                    kind: wish.kind.clone(),
                    given: wish.given,
                    text_version: wish.text_version.clone(),
                    channel: wish.channel.clone(),
                    at_ms: wish.at_ms,
                })
                .collect(),
        })
        .collect();
    Ok((told, next))
}

#[derive(FromRow)]
struct ReviewRow {
    id: String,
    product: Option<ProductId>,
    number: Option<String>,
    name: String,
    variant_name: String,
    variant_name_en: String,
    stars: i64,
    words: String,
    #[sqlx(try_from = "String")]
    photos: Listing<crate::photo::PhotoId>,
    #[sqlx(try_from = "String")]
    answers: Listing<review::Answered>,
    answer: String,
    answered_at_ms: Option<i64>,
    helpful: i64,
    hidden_for: String,
    written_at_ms: i64,
}

/// The next reviews that were not taken back.
pub(super) async fn reviews(
    db: &Db,
    store: &StoreId,
    after: &Place,
    most: i64,
) -> Result<(Vec<PastReview>, Option<Place>)> {
    let rows: Vec<ReviewRow> = sql!(all db,
        "select r.id, p.id as product, o.number, r.name, r.variant_name, r.variant_name_en, r.stars, r.words, r.photos,
             r.answers, r.answer, r.answered_at_ms, r.helpful, r.hidden_for, r.written_at_ms
         from reviews r
         left join products p on p.id = r.product_id and p.removed_at_ms is null
         left join orders o on o.id = r.order_id
         where r.store_id = $1 and r.removed_at_ms is null and (r.written_at_ms, r.id) > ($2, $3)
         order by r.written_at_ms, r.id limit $4", store, after.0, &after.1, most)?;
    let next = rows.last().map(|row| (row.written_at_ms, row.id.clone()));
    let told = rows.into_iter().map(|row| PastReview {
        product: row.product,
        order: row.number.unwrap_or_default(),
        name: row.name,
        variant: Text::new(row.variant_name, row.variant_name_en),
        stars: row.stars,
        words: row.words,
        photos: row.photos.0,
        answers: row.answers.0,
        answer: row.answer,
        answered_at_ms: row.answered_at_ms,
        helpful: row.helpful,
        hidden_for: row.hidden_for,
        written_at_ms: row.written_at_ms,
    });
    Ok((told.collect(), next))
}

#[derive(FromRow)]
struct QuestionRow {
    id: String,
    product: Option<ProductId>,
    name: String,
    words: String,
    secret: bool,
    answer: String,
    answered_at_ms: Option<i64>,
    asked_at_ms: i64,
}

/// The next questions that were not taken back.
pub(super) async fn questions(
    db: &Db,
    store: &StoreId,
    after: &Place,
    most: i64,
) -> Result<(Vec<PastQuestion>, Option<Place>)> {
    let rows: Vec<QuestionRow> = sql!(all db,
        "select q.id, p.id as product, q.name, q.words, q.secret, q.answer, q.answered_at_ms, q.asked_at_ms
         from product_questions q
         left join products p on p.id = q.product_id and p.removed_at_ms is null
         where q.store_id = $1 and q.removed_at_ms is null and (q.asked_at_ms, q.id) > ($2, $3)
         order by q.asked_at_ms, q.id limit $4", store, after.0, &after.1, most)?;
    let next = rows.last().map(|row| (row.asked_at_ms, row.id.clone()));
    let told = rows.into_iter().map(|row| PastQuestion {
        product: row.product,
        name: row.name,
        words: row.words,
        secret: row.secret,
        answer: row.answer,
        answered_at_ms: row.answered_at_ms,
        asked_at_ms: row.asked_at_ms,
    });
    Ok((told.collect(), next))
}

/// What the store once brought along from elsewhere, as it came.
pub(super) async fn moved(
    db: &Db,
    store: &StoreId,
    kind: Kind,
    after: i64,
    most: i64,
) -> Result<Vec<(i64, String)>> {
    Ok(sql!(all db,
        "select place, body from moved_records where store_id = $1 and kind = $2 and place > $3
         order by place limit $4", store, kind.slug(), after, most)?)
}

/// About how many lines and photos there are.
pub(super) async fn total(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db,
        "select cast(
             (select count(*) from products where store_id = $1 and removed_at_ms is null)
             + (select count(*) from orders where store_id = $1)
             + (select count(*) from follows where store_id = $1)
             + (select count(*) from reviews where store_id = $1)
             + (select count(*) from product_questions where store_id = $1)
             + (select count(*) from moved_records where store_id = $1) as bigint)", store)?)
}

/// Rows by the order they belong to.
pub(super) fn grouped<T>(rows: Vec<T>, of: impl Fn(&T) -> String) -> HashMap<String, Vec<T>> {
    let mut groups: HashMap<String, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(of(&row)).or_default().push(row);
    }
    groups
}

/// Ids for a set-based statement.
pub(super) fn ids(all: &[String]) -> Result<String> {
    set::of(&all.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>())
}
