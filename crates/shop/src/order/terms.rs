//! Terms: what decides an order beside the offers. Promotions, whose first order it is, coupons, what a buyer has had
//! already, which shows are on air.
//!
//! They are read for a whole batch, each only where something in the batch asks for it: an order of plain goods at a
//! stall without promotions costs no statement here.

use std::collections::{HashMap, HashSet};

use base::db::Run;
use base::{Db, Tx, sql};
use people::StoreId;

use super::offer::{Offer, Offers};
use super::place::NewLine;
use crate::coupon::{self, Coupon, CouponFault, CouponId};
use crate::deal::Deals;
use crate::delivery::HandOver;
use crate::discount::{Piece, Priced, Sale};
use crate::group_purchase::{self, GroupPurchaseId};
use crate::product::ProductId;
use crate::promotion::{self, Promotion};
use crate::showing::{Known, OnAir};
use crate::{Error, Result, set};

/// What somebody wants to buy, as far as the terms are concerned.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    /// Every name this buyer's orders may be under; a new one is kept under the first.
    pub(super) buyers: &'a [String],
    pub(super) lines: &'a [NewLine],
    pub(super) broadcast: Option<&'a str>,
    /// The group purchase that it pledges to.
    pub(super) group: Option<&'a GroupPurchaseId>,
    pub(super) coupon: Option<&'a str>,
}

impl Wish<'_> {
    /// What keeps the deals open that count here: a group purchase, or a show.
    fn show(&self) -> Option<String> {
        self.group.map(group_purchase::show_of).or_else(|| self.broadcast.map(str::to_owned))
    }

    fn store<'o>(&self, offers: &'o Offers) -> Option<&'o StoreId> {
        self.lines.iter().find_map(|line| offers.get(&line.variant)).map(|offer| &offer.store_id)
    }
}

/// The terms of a batch.
#[derive(Clone, Default)]
pub(super) struct Terms {
    promotions: Vec<Promotion>,
    /// Who has ordered before, where somebody's first order matters.
    regulars: HashSet<(StoreId, String)>,
    coupons: Vec<Coupon>,
    used: HashMap<(CouponId, String), i64>,
    /// Who took which of the coupons that hold only for takers.
    claims: Vec<(CouponId, String)>,
    had: HashMap<(ProductId, String), i64>,
    on_air: HashSet<OnAir>,
    deals: Deals,
}

/// What has to be asked for.
#[derive(Default)]
struct Needs<'a> {
    buyers: Vec<&'a String>,
    promoted: Vec<&'a StoreId>,
    limited: Vec<&'a ProductId>,
    codes: Vec<(StoreId, String)>,
    /// Shows whose own prices matter, and all shows that something is bought from.
    shows: Vec<String>,
    all_shows: Vec<String>,
}

impl<'a> Needs<'a> {
    fn of(wishes: &[Wish<'a>], offers: &'a Offers, now_ms: i64) -> Needs<'a> {
        let mut needs = Needs::default();
        for offer in offers.values() {
            if offer.promoted_until_ms > now_ms {
                needs.promoted.push(&offer.store_id);
            }
            if offer.per_buyer > 0 {
                needs.limited.push(&offer.product_id);
            }
        }
        for wish in wishes {
            let offered = || wish.lines.iter().filter_map(move |line| offers.get(&line.variant));
            needs.all_shows.extend(wish.show());
            if let Some(show) = wish.broadcast
                && offered().any(|offer| offer.live_price_won.is_some())
            {
                needs.shows.push(show.to_owned());
            }
            if let (Some(code), Some(store)) = (wish.coupon, wish.store(offers)) {
                needs.codes.push((store.clone(), coupon::key_of(code)));
            }
        }
        let is_plain = needs.promoted.is_empty()
            && needs.limited.is_empty()
            && needs.codes.is_empty()
            && needs.all_shows.is_empty();
        if !is_plain {
            needs.buyers = wishes.iter().flat_map(|wish| wish.buyers).collect();
        }
        sorted(&mut needs.buyers);
        sorted(&mut needs.promoted);
        sorted(&mut needs.limited);
        sorted(&mut needs.codes);
        sorted(&mut needs.shows);
        sorted(&mut needs.all_shows);
        needs
    }

    fn buyers(&self) -> Vec<String> {
        self.buyers.iter().map(|buyer| (*buyer).clone()).collect()
    }
}

fn sorted<T: Ord>(all: &mut Vec<T>) {
    all.sort_unstable();
    all.dedup();
}

impl Terms {
    /// The terms of `wishes` inside the writer, whose offers are locked: what is read here stays true until the commit.
    pub(super) async fn lock(
        tx: &mut Tx,
        shows: &Known,
        wishes: &[Wish<'_>],
        offers: &Offers,
        now_ms: i64,
    ) -> Result<Terms> {
        let needs = Needs::of(wishes, offers, now_ms);
        let mut terms = Terms::default();
        if !needs.promoted.is_empty() {
            terms.promotions = promotion::running(&mut *tx, &set::ids(&needs.promoted)?, now_ms).await?;
            if terms.asks_for_first_orders() {
                // Another process could place another first order of the same buyer on other goods: the stores are
                // locked as well, as the counting of their orders does a moment later.
                sql!(run &mut *tx,
                    "update stores set orders_placed = orders_placed
                     where id in (select j.value ->> 'id' from json_each($1) as j)", set::ids(&needs.promoted)?)?;
                terms.regulars = regulars(&mut *tx, &needs).await?;
            }
        }
        if !needs.limited.is_empty() {
            // Two variants of one product are two rows of stock, so the product is locked as well.
            sql!(run &mut *tx,
                "update products set per_buyer = per_buyer
                 where id in (select j.value ->> 'id' from json_each($1) as j)", set::ids(&needs.limited)?)?;
            terms.had = had(&mut *tx, &needs).await?;
        }
        if let Some(shows) = shows.get().filter(|_| !needs.shows.is_empty()) {
            terms.on_air = shows.on_air(tx, &needs.shows).await?.into_iter().collect();
        }
        if !needs.all_shows.is_empty() {
            terms.deals = Deals::lock(&mut *tx, &needs.all_shows, &needs.buyers()).await?;
        }
        if !needs.codes.is_empty() {
            terms.coupons = coupon::lock(tx, &needs.codes).await?;
            terms.count_used(coupon::used(&mut *tx, &terms.coupons, &needs.buyers()).await?);
            terms.claims = coupon::claim::of(&mut *tx, &terms.coupons, &needs.buyers()).await?;
        }
        Ok(terms)
    }

    /// The terms of one wish, to show.
    pub(super) async fn read(
        db: &Db,
        shows: &Known,
        wish: Wish<'_>,
        offers: &Offers,
        now_ms: i64,
    ) -> Result<Terms> {
        let needs = Needs::of(&[wish], offers, now_ms);
        let mut terms = Terms::default();
        if !needs.promoted.is_empty() {
            terms.promotions = promotion::running(db, &set::ids(&needs.promoted)?, now_ms).await?;
            if terms.asks_for_first_orders() {
                terms.regulars = regulars(db, &needs).await?;
            }
        }
        if !needs.limited.is_empty() {
            terms.had = had(db, &needs).await?;
        }
        if let Some(shows) = shows.get().filter(|_| !needs.shows.is_empty()) {
            terms.on_air = shows.seen_on_air(db, &needs.shows).await?.into_iter().collect();
        }
        if !needs.all_shows.is_empty() {
            terms.deals = Deals::read(db, &needs.all_shows, &needs.buyers()).await?;
        }
        if !needs.codes.is_empty() {
            terms.coupons = coupon::by_code(db, &needs.codes).await?;
            terms.count_used(coupon::used(db, &terms.coupons, &needs.buyers()).await?);
            terms.claims = coupon::claim::of(db, &terms.coupons, &needs.buyers()).await?;
        }
        Ok(terms)
    }

    fn asks_for_first_orders(&self) -> bool {
        self.promotions.iter().any(|promotion| promotion.first_order)
    }

    fn count_used(&mut self, used: Vec<(CouponId, String, i64)>) {
        self.used = used.into_iter().map(|(coupon, buyer, times)| ((coupon, buyer), times)).collect();
    }

    /// An offer at the price it has for this wish: the show's own, while the show is on air.
    pub(super) fn offered(&self, offer: &Offer, wish: &Wish<'_>) -> Offer {
        let mut offer = offer.clone();
        if let (Some(won), Some(show)) = (offer.live_price_won, wish.broadcast) {
            let named = OnAir {
                show: show.to_owned(),
                store: offer.store_id.clone(),
                product: offer.product_id.clone(),
            };
            if self.on_air.contains(&named) {
                offer.price_won = won;
            }
        }
        offer
    }

    /// Lines with as many pieces as may be had at their deal's price, and the rest on a line behind.
    pub(super) fn with_deals(
        &self,
        lines: Vec<(Offer, i64)>,
        wish: &Wish<'_>,
        now_ms: i64,
    ) -> Vec<(Offer, i64)> {
        let Some(show) = wish.show() else { return lines };
        let split = |(offer, quantity): (Offer, i64)| {
            let Some((deal, most)) = self.deals.on(&offer.variant_id, &show, wish.buyers, now_ms) else {
                return vec![(offer, quantity)];
            };
            let mut dealt = offer.clone();
            (dealt.price_won, dealt.deal) = (deal.price_won, Some(deal.clone()));
            let first = quantity.min(most);
            [(dealt, first), (offer, quantity - first)]
                .into_iter()
                .filter(|(_, pieces)| *pieces > 0)
                .collect()
        };
        lines.into_iter().flat_map(split).collect()
    }

    /// Refuses more of a product than one buyer may have, over all their orders.
    pub(super) fn allow(&self, lines: &[(Offer, i64)], wish: &Wish<'_>) -> Result<()> {
        for (offer, _) in lines.iter().filter(|(offer, _)| offer.per_buyer > 0) {
            let same = lines.iter().filter(|(other, _)| other.product_id == offer.product_id);
            let wanted: i64 = same.map(|(_, quantity)| quantity).sum();
            let had = |buyer| self.had.get(&(offer.product_id.clone(), buyer));
            let had: i64 = wish.buyers.iter().cloned().filter_map(had).sum();
            if had + wanted > offer.per_buyer {
                return Err(Error::TooManyForOne { name: offer.name.clone(), most: offer.per_buyer, had });
            }
        }
        Ok(())
    }

    /// The coupon of this wish, if it has one and it counts now.
    pub(super) fn coupon(
        &self,
        store: &StoreId,
        wish: &Wish<'_>,
        now_ms: i64,
    ) -> Result<Option<&Coupon>, CouponFault> {
        let Some(code) = wish.coupon else { return Ok(None) };
        let key = coupon::key_of(code);
        let found = self.coupons.iter().find(|coupon| coupon.store_id == *store && coupon.code_key == key);
        let coupon = found.ok_or(CouponFault::Unknown)?;
        let took = |buyer: &String| self.claims.contains(&(coupon.id.clone(), buyer.clone()));
        if coupon.by_claim && !wish.buyers.iter().any(took) {
            return Err(CouponFault::NotTaken);
        }
        let used = |buyer| self.used.get(&(coupon.id.clone(), buyer));
        coupon.is_free(wish.buyers.iter().cloned().filter_map(used).sum(), now_ms)?;
        Ok(Some(coupon))
    }

    /// What `lines` come to.
    pub(super) fn price(
        &self,
        store: &StoreId,
        lines: &[(Offer, i64)],
        by: HandOver,
        wish: &Wish<'_>,
        coupon: Option<&Coupon>,
    ) -> Result<Priced, CouponFault> {
        let pieces: Vec<Piece> = lines
            .iter()
            .map(|(offer, quantity)| Piece {
                product: offer.product_id.clone(),
                quantity: *quantity,
                won: base::Won(offer.price_won.0 * quantity),
            })
            .collect();
        let is_regular = |buyer: &String| self.regulars.contains(&(store.clone(), buyer.clone()));
        let sale = Sale {
            store,
            fees: lines[0].0.fees(),
            cold: lines.iter().any(|(offer, _)| offer.cold),
            by,
            // Whoever buys together has one price, which is the lowest that was promised.
            promotions: if wish.group.is_some() { &[] } else { &self.promotions },
            is_first: !self.promotions.is_empty() && !wish.buyers.iter().any(is_regular),
            coupon,
        };
        Ok(sale.price(&pieces)?)
    }

    /// Counts an order that was admitted, for those behind it in the batch.
    pub(super) fn took(
        &mut self,
        store: &StoreId,
        lines: &[(Offer, i64)],
        buyer: &str,
        coupon: Option<&CouponId>,
    ) {
        if self.asks_for_first_orders() {
            self.regulars.insert((store.clone(), buyer.to_owned()));
        }
        for (offer, quantity) in lines.iter().filter(|(offer, _)| offer.per_buyer > 0) {
            *self.had.entry((offer.product_id.clone(), buyer.to_owned())).or_default() += quantity;
        }
        for (offer, quantity) in lines {
            if let Some(deal) = &offer.deal {
                self.deals.took(&deal.id, buyer, *quantity);
            }
        }
        if let Some(id) = coupon {
            *self.used.entry((id.clone(), buyer.to_owned())).or_default() += 1;
            if let Some(coupon) = self.coupons.iter_mut().find(|coupon| coupon.id == *id) {
                coupon.redeemed += 1;
            }
        }
    }
}

/// Who of these buyers has an order at these stores that was not called off.
async fn regulars<'a>(on: impl Run<'a>, needs: &Needs<'_>) -> Result<HashSet<(StoreId, String)>> {
    let rows: Vec<(StoreId, String)> = sql!(all on,
        "select distinct store_id, buyer from orders
         where buyer in (select j.value ->> 'id' from json_each($1) as j)
             and store_id in (select j.value ->> 'id' from json_each($2) as j) and order_state <> 'canceled'",
        set::ids(&needs.buyers)?, set::ids(&needs.promoted)?)?;
    Ok(rows.into_iter().collect())
}

/// How much each of these buyers has had of each of these products, in orders that were not called off.
async fn had<'a>(on: impl Run<'a>, needs: &Needs<'_>) -> Result<HashMap<(ProductId, String), i64>> {
    let rows: Vec<(ProductId, String, i64)> = sql!(all on,
        "select l.product_id, o.buyer, cast(sum(l.quantity) as bigint)
         from orders o join order_lines l on l.order_id = o.id
         where o.buyer in (select j.value ->> 'id' from json_each($1) as j) and o.order_state <> 'canceled'
             and l.product_id in (select j.value ->> 'id' from json_each($2) as j)
         group by l.product_id, o.buyer",
        set::ids(&needs.buyers)?, set::ids(&needs.limited)?)?;
    Ok(rows.into_iter().map(|(product, buyer, quantity)| ((product, buyer), quantity)).collect())
}
