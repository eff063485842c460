//! Looking a file over: every line is read and checked as if a seller had typed it, before anything is made of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;

use serde::{Deserialize, Serialize};

use super::format::{
    Follower, Goods, Kind, Label, PastOrder, PastQuestion, PastReview, PastShow, PriceChange, Profile, Promo,
    Record, Voucher,
};
use super::unpack::{Brought, Refusal, refuse};
use crate::coupon::{self, NewCoupon};
use crate::photo::PhotoId;
use crate::product::{ProductId, draft};
use crate::promotion::{self, NewPromotion};
use crate::store::{self, NewStore};

/// Lines of each kind.
const MOST: fn(Kind) -> u64 = |kind| match kind {
    Kind::Store => 1,
    Kind::Products => 20_000,
    Kind::Labels | Kind::Prices => 1_000_000,
    Kind::Promotions => 1_000,
    Kind::Coupons => 5_000,
    Kind::Orders | Kind::Customers | Kind::Reviews | Kind::Questions => 1_000_000,
    Kind::Shows => 10_000,
};
/// The highest number at which a seller is warned.
const LOW_AT: i64 = 1_000_000;
/// Phrases of one store, and the longest.
const PHRASES: usize = 10;
const PHRASE: usize = 1_000;

/// What was seen in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    pub name: String,
    pub slug: String,
    pub business_number: String,
    pub made_at_ms: i64,
    pub program: String,
    /// Lines by kind.
    pub counts: BTreeMap<String, u64>,
    pub photos: u64,
    /// Products that come resting, because this market wants more told about them.
    pub resting: u64,
    /// Orders that were not finished yet: they are finished where they were placed.
    pub open_orders: u64,
    /// Rules that are about goods which are not in the file.
    pub pointless: u64,
}

impl Seen {
    /// Everything that is unpacked, step by step.
    pub(super) fn total(&self) -> i64 {
        (self.counts.values().sum::<u64>() + self.photos) as i64
    }

    pub fn count(&self, kind: Kind) -> i64 {
        self.counts.get(kind.slug()).copied().unwrap_or_default() as i64
    }
}

/// Looks a file over, or says why it is not taken.
pub(super) fn look_over(file: File) -> Result<Seen, Refusal> {
    let mut brought = Brought::open(file)?;
    brought.verify()?;
    let mut looking = Looking {
        photos: brought.photos().into_iter().collect(),
        seen: Seen {
            made_at_ms: brought.manifest.made_at_ms,
            program: brought.manifest.program.chars().filter(|c| !c.is_control()).take(40).collect(),
            ..Seen::default()
        },
        ..Looking::default()
    };
    looking.seen.photos = looking.photos.len() as u64;
    for id in brought.photos() {
        let jpeg = brought.photo(&id)?;
        if !jpeg.starts_with(&[0xff, 0xd8, 0xff]) {
            return refuse("photo", super::unpack::photo_path(&id));
        }
    }
    looking.each::<Profile>(&mut brought, Looking::profile)?;
    if looking.seen.count(Kind::Store) != 1 {
        return refuse("store", Kind::Store.path());
    }
    looking.each::<Goods>(&mut brought, Looking::goods)?;
    looking.each::<Label>(&mut brought, Looking::label)?;
    looking.each::<PriceChange>(&mut brought, Looking::price)?;
    looking.each::<Promo>(&mut brought, Looking::promo)?;
    looking.each::<Voucher>(&mut brought, Looking::voucher)?;
    looking.each::<PastOrder>(&mut brought, Looking::order)?;
    looking.each::<Follower>(&mut brought, |_, _| Ok(()))?;
    looking.each::<PastReview>(&mut brought, Looking::review)?;
    looking.each::<PastQuestion>(&mut brought, |_, _| Ok(()))?;
    looking.each::<PastShow>(&mut brought, |_, _| Ok(()))?;
    Ok(looking.seen)
}

/// What has been seen so far.
#[derive(Default)]
struct Looking {
    seen: Seen,
    photos: HashSet<PhotoId>,
    /// The products, each with the number of its variants.
    products: HashMap<ProductId, usize>,
    codes: HashSet<String>,
    editions: HashSet<(ProductId, i64)>,
    refs: HashSet<String>,
}

/// Fine, or what is wrong with a line.
type Checked = Result<(), &'static str>;

fn unless(fine: bool, slug: &'static str) -> Checked {
    if fine { Ok(()) } else { Err(slug) }
}

impl Looking {
    fn each<R: Record>(
        &mut self,
        brought: &mut Brought,
        check: fn(&mut Looking, &R) -> Checked,
    ) -> Result<(), Refusal> {
        let most = MOST(R::KIND);
        let path = R::KIND.path();
        let mut count = 0;
        brought.lines::<R>(0, u64::MAX, |number, record| {
            count += 1;
            if count > most {
                return refuse("too-many", path.clone());
            }
            check(self, &record).or_else(|slug| refuse(slug, format!("{path}:{number}")))
        })?;
        if count > 0 {
            self.seen.counts.insert(R::KIND.slug().to_owned(), count);
        }
        Ok(())
    }

    fn profile(&mut self, profile: &Profile) -> Checked {
        let new = store::checked(new_store(profile)).map_err(|_| "store")?;
        profile.opening.clone().checked().map_err(|_| "store")?;
        unless((1..=30).contains(&profile.pickup_days), "store")?;
        unless(profile.phrases.len() <= PHRASES, "store")?;
        unless(profile.phrases.iter().all(|words| words.chars().count() <= PHRASE), "store")?;
        unless(profile.rates.iter().all(rate_fits), "store")?;
        unless(profile.picture.iter().all(|id| self.photos.contains(id)), "photo-missing")?;
        self.seen.name = new.name.ko;
        self.seen.slug = profile.slug.clone();
        self.seen.business_number = new.identity.business_number;
        Ok(())
    }

    fn goods(&mut self, goods: &Goods) -> Checked {
        let checked = draft::checked(goods.product.clone()).map_err(|_| "product")?;
        unless(goods.low_at.iter().all(|low| (0..=LOW_AT).contains(low)), "product")?;
        unless(checked.photos.iter().all(|id| self.photos.contains(id)), "photo-missing")?;
        unless(self.products.insert(goods.id.clone(), checked.variants.len()).is_none(), "twice")?;
        unless(checked.code.is_empty() || self.codes.insert(checked.code.clone()), "twice")?;
        if !checked.resting && !checked.lacking().is_empty() {
            self.seen.resting += 1;
        }
        Ok(())
    }

    fn label(&mut self, label: &Label) -> Checked {
        unless(self.products.contains_key(&label.product), "unknown")?;
        unless(label.edition > 0, "line-wrong")?;
        unless(self.editions.insert((label.product.clone(), label.edition)), "twice")
    }

    fn price(&mut self, price: &PriceChange) -> Checked {
        let variants = self.products.get(&price.product).copied().ok_or("unknown")?;
        unless((0..variants as i64).contains(&price.variant), "unknown")?;
        unless(price.was_won.0 > 0 && price.now_won.0 > 0, "line-wrong")
    }

    fn promo(&mut self, promo: &Promo) -> Checked {
        promotion::checked(new_promotion(promo)).map_err(|_| "promotion")?;
        unless(self.refs.insert(format!("promotion {}", promo.id)) && promo.id.len() <= 64, "twice")?;
        self.about(&promo.rule.products);
        Ok(())
    }

    fn voucher(&mut self, voucher: &Voucher) -> Checked {
        coupon::checked(new_coupon(voucher)).map_err(|_| "coupon")?;
        unless(!coupon::key_of(&voucher.code).is_empty(), "coupon")?;
        unless(self.refs.insert(format!("coupon {}", voucher.id)) && voucher.id.len() <= 64, "twice")?;
        unless(self.refs.insert(format!("code {}", coupon::key_of(&voucher.code))), "twice")?;
        self.about(&voucher.rule.products);
        Ok(())
    }

    fn about(&mut self, products: &[ProductId]) {
        if !products.is_empty() && !products.iter().any(|id| self.products.contains_key(id)) {
            self.seen.pointless += 1;
        }
    }

    fn order(&mut self, order: &PastOrder) -> Checked {
        let is_open = order.order_state == "pending"
            || order.order_state == "confirmed" && order.fulfilment_state != "handed-over";
        if is_open {
            self.seen.open_orders += 1;
        }
        Ok(())
    }

    fn review(&mut self, review: &PastReview) -> Checked {
        unless((1..=5).contains(&review.stars), "line-wrong")?;
        unless(review.photos.iter().all(|id| self.photos.contains(id)), "photo-missing")
    }
}

fn rate_fits(rate: &super::format::Rate) -> bool {
    matches!(rate.method.as_str(), "card" | "deposit")
        && (0..=200_000).contains(&rate.rate_ppm)
        && (0..=10_000).contains(&rate.each_won)
}

/// The store as its seller would open it here.
pub(super) fn new_store(profile: &Profile) -> NewStore {
    NewStore {
        slug: profile.slug.clone(),
        category: profile.category.clone(),
        name: profile.name.clone(),
        line: profile.line.clone(),
        story: profile.story.clone(),
        pickup: profile.pickup.clone(),
        hours: profile.hours.clone(),
        picture: profile.picture.clone(),
        identity: profile.identity.clone(),
        parcel_won: Some(profile.parcel_won),
        parcel_cold_won: Some(profile.parcel_cold_won),
        parcel_free_from_won: Some(profile.parcel_free_from_won),
    }
}

fn time(at_ms: i64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(at_ms).ok()
}

fn new_promotion(promo: &Promo) -> NewPromotion {
    NewPromotion {
        name: promo.name.clone(),
        rule: promo.rule.clone(),
        from_quantity: Some(promo.from_quantity),
        first_order: promo.first_order,
        starts_at: time(promo.starts_at_ms),
        ends_at: promo.ends_at_ms.and_then(time),
    }
}

fn new_coupon(voucher: &Voucher) -> NewCoupon {
    NewCoupon {
        code: voucher.code.clone(),
        name: voucher.name.clone(),
        rule: voucher.rule.clone(),
        // What is over has none left, and is only kept.
        quantity: if voucher.ended { voucher.quantity.max(1) } else { voucher.quantity },
        per_buyer: Some(voucher.per_buyer),
        by_claim: voucher.by_claim,
        ends_at: voucher.ends_at_ms.and_then(time),
    }
}
