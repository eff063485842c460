//! Quotes: what an order would come to now, by the rules that place it, for the review page, the buy sheet and
//! programs.

use std::collections::HashMap;

use base::Won;
use people::StoreId;

use super::offer::{self, Offer, Offers};
use super::place::{NewLine, goods, matched};
use super::terms::{Terms, Wish};
use crate::coupon::{self, Coupon, CouponFault, claim};
use crate::delivery::HandOver;
use crate::discount::Priced;
use crate::product::{VariantId, Withdrawal};
use crate::{Buyer, Result, Shop};

/// What a price is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub lines: &'a [NewLine],
    /// The show it is bought from.
    pub broadcast: Option<&'a str>,
    /// A code as it was typed.
    pub coupon: Option<&'a str>,
}

/// What an order would come to.
#[derive(Clone, Debug)]
pub struct Quote {
    pub store: StoreId,
    pub(crate) lines: Vec<(Offer, i64)>,
    parcel: Option<Priced>,
    pickup: Option<Priced>,
    /// Of a code that was typed: the coupon, or why it does not count.
    pub coupon: Option<Result<Coupon, CouponFault>>,
}

impl Quote {
    /// Whether it may be handed over this way.
    pub fn offers(&self, by: HandOver) -> bool {
        self.way(by).is_some()
    }

    /// The way to propose when nobody has said.
    pub fn first_way(&self) -> HandOver {
        if self.parcel.is_some() { HandOver::Parcel } else { HandOver::Pickup }
    }

    /// The price of one way, if it is offered.
    pub fn way(&self, by: HandOver) -> Option<&Priced> {
        match by {
            HandOver::Parcel => self.parcel.as_ref(),
            HandOver::Pickup => self.pickup.as_ref(),
        }
    }

    /// What all of it comes to.
    pub fn total(&self, by: HandOver) -> Won {
        self.way(by).map(Priced::total).unwrap_or_default()
    }

    /// The code of the coupon that counts.
    pub fn code(&self) -> Option<&str> {
        self.coupon.as_ref().and_then(|coupon| coupon.as_ref().ok()).map(|coupon| coupon.code.as_str())
    }

    fn saves_more_than(&self, other: &Quote) -> bool {
        let by = self.first_way();
        self.coupon_fault().is_none() && self.total(by) < other.total(by)
    }

    /// Why the code that was typed does not count.
    pub fn coupon_fault(&self) -> Option<CouponFault> {
        self.coupon.as_ref().and_then(|coupon| coupon.as_ref().err()).copied()
    }

    /// Whether something cannot be sent back as usual, which the buyer has to agree to.
    pub fn is_exception(&self) -> bool {
        self.lines.iter().any(|(offer, _)| offer.withdrawal.is_exception())
    }

    /// The notices on that, each once, as keys of their words.
    pub fn notices(&self) -> Vec<&'static str> {
        let mut keys: Vec<_> = self
            .lines
            .iter()
            .filter_map(|(offer, _)| match offer.withdrawal {
                Withdrawal::Normal => None,
                Withdrawal::Fresh => Some("shop-withdrawal-fresh"),
                Withdrawal::Made => Some("shop-withdrawal-made"),
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// What `asking` would cost `buyer` now; lines that are not for sale are refused as they would be in an order. A code
/// that does not count is told, and the price is the one without it.
pub async fn quote(shop: &Shop, buyer: &Buyer, asking: Asking<'_>) -> Result<Quote> {
    if asking.coupon.is_some_and(|code| !code.trim().is_empty()) {
        coupon::may_try(shop, buyer)?;
    }
    let quote = reckoned(shop, buyer, asking).await?;
    if quote.coupon_fault() == Some(CouponFault::Unknown) {
        coupon::count_guess(shop, buyer);
    }
    Ok(quote)
}

/// The same with the coupon that saves most, of those that the buyer took in a show, and its code.
pub async fn with_taken(
    shop: &Shop,
    buyer: &Buyer,
    lines: &[NewLine],
    broadcast: Option<&str>,
) -> Result<(Quote, Option<String>)> {
    let plain = Asking { lines, broadcast, coupon: None };
    let mut best = (reckoned(shop, buyer, plain).await?, None);
    let (store, now_ms) = (best.0.store.clone(), shop.base.clock.now_ms());
    for code in claim::to_use(&shop.base.db, &store, &buyer.ids(), now_ms).await? {
        let asking = Asking { lines, broadcast, coupon: Some(&code) };
        let quote = reckoned(shop, buyer, asking).await?;
        if quote.saves_more_than(&best.0) {
            best = (quote, Some(code));
        }
    }
    Ok(best)
}

async fn reckoned(shop: &Shop, buyer: &Buyer, asking: Asking<'_>) -> Result<Quote> {
    let now_ms = shop.base.clock.now_ms();
    let buyers = buyer.ids();
    let wish = wish(&buyers, asking);
    let ids: Vec<_> = asking.lines.iter().map(|line| line.variant.clone()).collect();
    let offers = offer::read(&shop.base.db, &ids).await?;
    let terms = Terms::read(&shop.base.db, &shop.shows, wish, &offers, now_ms).await?;
    of(&offers, &terms, &wish, now_ms)
}

/// What one of each of these variants would cost, by itself, with the coupon that the buyer took and that saves most;
/// what cannot be had now is left out.
pub async fn each(
    shop: &Shop,
    buyer: &Buyer,
    broadcast: Option<&str>,
    variants: &[VariantId],
) -> Result<HashMap<VariantId, Quote>> {
    let now_ms = shop.base.clock.now_ms();
    let buyers = buyer.ids();
    let lines: Vec<NewLine> =
        variants.iter().map(|variant| NewLine { variant: variant.clone(), quantity: 1 }).collect();
    let offers = offer::read(&shop.base.db, variants).await?;
    let mut best: HashMap<VariantId, Quote> = HashMap::new();
    let mut codes = vec![None];
    if let Some(offer) = offers.values().next() {
        codes.extend(
            claim::to_use(&shop.base.db, &offer.store_id, &buyers, now_ms).await?.into_iter().map(Some),
        );
    }
    for code in &codes {
        let all = wish(&buyers, Asking { lines: &lines, broadcast, coupon: code.as_deref() });
        let terms = Terms::read(&shop.base.db, &shop.shows, all, &offers, now_ms).await?;
        for line in &lines {
            let wish = Wish { lines: std::slice::from_ref(line), ..all };
            let Ok(quote) = of(&offers, &terms, &wish, now_ms) else { continue };
            if best.get(&line.variant).is_none_or(|before| quote.saves_more_than(before)) {
                best.insert(line.variant.clone(), quote);
            }
        }
    }
    Ok(best)
}

fn wish<'a>(buyers: &'a [String], asking: Asking<'a>) -> Wish<'a> {
    let coupon = asking.coupon.filter(|code| !code.trim().is_empty());
    Wish { buyers, lines: asking.lines, broadcast: asking.broadcast, group: None, coupon }
}

fn of(offers: &Offers, terms: &Terms, wish: &Wish<'_>, now_ms: i64) -> Result<Quote> {
    let (store, lines) = matched(offers, terms, wish)?;
    let lines = terms.with_deals(lines, wish, now_ms);
    goods(&lines)?;
    terms.allow(&lines, wish)?;
    let price = |by: HandOver, coupon: Option<&Coupon>| terms.price(&store, &lines, by, wish, coupon);
    let mut coupon = terms.coupon(&store, wish, now_ms).map(Option::<&Coupon>::cloned);
    // Whether it fits the goods shows when they are priced, and is the same for each way.
    if let Ok(Some(found)) = &coupon
        && let Err(fault) = price(HandOver::Pickup, Some(found)).and(price(HandOver::Parcel, Some(found)))
    {
        coupon = Err(fault);
    }
    let counts = coupon.as_ref().ok().and_then(Option::as_ref);
    let way = |by: HandOver, is_offered: fn(&Offer) -> bool| {
        let all = lines.iter().all(|(offer, _)| is_offered(offer));
        all.then(|| price(by, counts).ok()).flatten()
    };
    let parcel = way(HandOver::Parcel, |offer| offer.parcel);
    let pickup = way(HandOver::Pickup, |offer| offer.pickup);
    Ok(Quote { store, lines, parcel, pickup, coupon: coupon.transpose() })
}
