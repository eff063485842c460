//! The diagnosis: a show that is over, minute by minute, and what its seller may do next time.
//!
//! Nothing here is kept. Every number is counted again from what was stored while the show was on: the
//! audience's minutes, chat lines, reactions, pins, taps, and the shop's orders.

use std::collections::HashMap;

use base::{Db, sql};
use people::StoreId;
use serde::Serialize;
use shop::order::{self, Bought};
use shop::product::{self, ProductId};

use crate::audience::{self, MINUTE_MS};
use crate::broadcast::{self, Broadcast, BroadcastId, Stage};
use crate::pin::{self, Pin};
use crate::{Error, Result, question};

pub mod chart;
pub mod pages;
mod tip;

pub use tip::Tip;

/// The longest show that is drawn, in minutes.
const LONGEST: i64 = 12 * 60;
/// Pins that are read.
const PINS: i64 = 2_000;
/// The seller's earlier shows that are compared with, and how many there must be.
const EARLIER: i64 = 6;
const ENOUGH: usize = 3;

/// A show as it went.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Diagnosis {
    /// From the first picture to the end, Unix milliseconds; both absent when it never went on air.
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
    pub totals: Totals,
    /// What was ordered later, from the replay.
    pub afterwards: Afterwards,
    /// Every minute of the show, in order.
    pub minutes: Vec<Minute>,
    /// Which product was pinned when.
    pub pinned: Vec<Band>,
    /// What was shown or sold, the best first.
    pub products: Vec<Sold>,
    /// Where most people left at once; absent when they stayed.
    pub fall: Option<Fall>,
    /// The middle of the store's last shows; absent with fewer than three.
    pub usual: Option<Usual>,
    /// At most three, the weightiest first.
    pub tips: Vec<Tip>,
}

/// One minute of a show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Minute {
    /// Its beginning, Unix milliseconds; of the first one the show's.
    pub at_ms: i64,
    /// Whether the show was on for all of it.
    pub whole: bool,
    /// Viewers on average, and the most at once.
    pub viewers: i64,
    pub peak: i64,
    /// What `viewers` is the mean of.
    pub viewer_seconds: i64,
    pub chat: i64,
    pub reactions: i64,
    pub taps: i64,
    pub orders: i64,
    pub sold_won: i64,
}

/// The sums of a show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    pub viewers: i64,
    pub peak: i64,
    pub chat: i64,
    pub reactions: i64,
    pub taps: i64,
    pub orders: i64,
    pub sold_won: i64,
}

/// Orders that name the show and came after its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Afterwards {
    pub orders: i64,
    pub sold_won: i64,
}

/// A product's card, while it was up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Band {
    #[schema(value_type = String)]
    pub product: ProductId,
    pub from_ms: i64,
    pub to_ms: i64,
}

/// How one product went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Sold {
    #[schema(value_type = String)]
    pub product: ProductId,
    pub name: String,
    pub name_en: String,
    /// How long its card was up.
    pub shown_ms: i64,
    pub taps: i64,
    /// Orders with it during the show, and those of them while its card was up.
    pub orders: i64,
    pub orders_shown: i64,
    pub pieces: i64,
    pub sold_won: i64,
}

/// Two minutes between which people left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fall {
    /// The beginning of the second.
    pub at_ms: i64,
    pub before: i64,
    pub after: i64,
}

/// The store's last shows, each number the middle one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Usual {
    pub shows: i64,
    pub totals: Totals,
}

impl Diagnosis {
    /// Whether nobody was there.
    pub fn is_empty(&self) -> bool {
        self.totals == Totals::default() && self.afterwards == Afterwards::default()
    }
}

/// Looks back at a show that is over.
pub async fn of(db: &Db, show: &Broadcast) -> Result<Diagnosis> {
    if !matches!(show.stage, Stage::Ended { .. }) {
        return Err(Error::StillOn);
    }
    let Some((from_ms, to_ms)) = span(db, &show.id).await? else {
        return Ok(nothing());
    };
    let bought = order::of_show(db, &show.store, show.id.as_str(), from_ms, i64::MAX).await?;
    let (during, after): (Vec<Bought>, Vec<Bought>) =
        bought.into_iter().partition(|line| line.placed_at_ms < to_ms);
    let minutes = minutes(db, &show.id, (from_ms, to_ms), &during).await?;
    let totals = totals(&minutes, (from_ms, to_ms));
    let pinned = shown(db, &show.id, (from_ms, to_ms)).await?;
    let products = sold(db, &show.id, &pinned, &during, &minutes).await?;
    let fall = fall(&minutes);
    let unanswered = question::open(db, &show.id).await?.len() as i64;
    let tips = tip::of(&tip::Seen {
        from_ms,
        to_ms,
        totals: &totals,
        pinned: &pinned,
        products: &products,
        fall,
        unanswered,
    });
    Ok(Diagnosis {
        from_ms: Some(from_ms),
        to_ms: Some(to_ms),
        totals,
        afterwards: Afterwards { orders: orders(&after), sold_won: won(&after) },
        usual: usual(db, &show.store, &show.id, from_ms).await?,
        minutes,
        pinned,
        products,
        fall,
        tips,
    })
}

fn nothing() -> Diagnosis {
    Diagnosis {
        from_ms: None,
        to_ms: None,
        totals: Totals::default(),
        afterwards: Afterwards::default(),
        minutes: Vec::new(),
        pinned: Vec::new(),
        products: Vec::new(),
        fall: None,
        usual: None,
        tips: Vec::new(),
    }
}

/// From the first picture to the end.
pub(crate) async fn span(db: &Db, show: &BroadcastId) -> Result<Option<(i64, i64)>> {
    let found: Option<(Option<i64>, Option<i64>)> =
        sql!(opt db, "select live_since_ms, ended_at_ms from broadcasts where id = $1", show)?;
    let (from_ms, to_ms) = found.unwrap_or_default();
    let longest = |from_ms: i64| from_ms + (LONGEST - 1) * MINUTE_MS;
    Ok(from_ms.zip(to_ms).map(|(from_ms, to_ms)| (from_ms, to_ms.clamp(from_ms, longest(from_ms)))))
}

/// Every minute of the show, the quiet ones too.
async fn minutes(
    db: &Db,
    show: &BroadcastId,
    (from_ms, to_ms): (i64, i64),
    bought: &[Bought],
) -> Result<Vec<Minute>> {
    let first = from_ms.div_euclid(MINUTE_MS);
    let last = (to_ms - 1).div_euclid(MINUTE_MS).max(first);
    let mut all: Vec<Minute> = (first..=last)
        .map(|at_min| {
            let (begin, end) = (at_min * MINUTE_MS, (at_min + 1) * MINUTE_MS);
            Minute { at_ms: begin.max(from_ms), whole: begin >= from_ms && end <= to_ms, ..Minute::default() }
        })
        .collect();
    let place = |at_min: i64| usize::try_from(at_min - first).ok();
    for (at_min, seconds, peak) in audience::minutes(db, show).await? {
        if let Some(minute) = place(at_min).and_then(|place| all.get_mut(place)) {
            let end_ms = ((at_min + 1) * MINUTE_MS).min(to_ms);
            let on_s = ((end_ms - minute.at_ms) / 1000).max(1);
            (minute.viewer_seconds, minute.peak) = (seconds, peak);
            minute.viewers = rounded(seconds, on_s).min(peak);
        }
    }
    for (at_min, count) in chat(db, show).await? {
        if let Some(minute) = place(at_min).and_then(|place| all.get_mut(place)) {
            minute.chat = count;
        }
    }
    for (at_min, count) in reactions(db, show).await? {
        if let Some(minute) = place(at_min).and_then(|place| all.get_mut(place)) {
            minute.reactions = count;
        }
    }
    for (at_min, _, count) in audience::taps(db, show).await? {
        if let Some(minute) = place(at_min).and_then(|place| all.get_mut(place)) {
            minute.taps += count;
        }
    }
    for (index, line) in bought.iter().enumerate() {
        if let Some(minute) =
            place(line.placed_at_ms.div_euclid(MINUTE_MS)).and_then(|place| all.get_mut(place))
        {
            let is_first = index == 0 || bought[index - 1].order != line.order;
            minute.orders += i64::from(is_first);
            minute.sold_won += line.total_won.0;
        }
    }
    Ok(all)
}

/// What customers said and what stands, by the minute.
async fn chat(db: &Db, show: &BroadcastId) -> Result<Vec<(i64, i64)>> {
    Ok(sql!(all db,
        "select at_ms / 60000, count(*) from chat_lines
         where broadcast_id = $1 and said_by = 'shopper' and hidden_at_ms is null
         group by at_ms / 60000", show)?)
}

async fn reactions(db: &Db, show: &BroadcastId) -> Result<Vec<(i64, i64)>> {
    Ok(sql!(all db,
        "select at_s / 60, cast(sum(count) as bigint) from reactions where broadcast_id = $1 group by at_s / 60",
        show)?)
}

fn totals(minutes: &[Minute], (from_ms, to_ms): (i64, i64)) -> Totals {
    let sum = |of: fn(&Minute) -> i64| minutes.iter().map(of).sum::<i64>();
    let peak = minutes.iter().map(|minute| minute.peak).max().unwrap_or_default();
    Totals {
        viewers: rounded(sum(|minute| minute.viewer_seconds), ((to_ms - from_ms) / 1000).max(1)).min(peak),
        peak,
        chat: sum(|minute| minute.chat),
        reactions: sum(|minute| minute.reactions),
        taps: sum(|minute| minute.taps),
        orders: sum(|minute| minute.orders),
        sold_won: sum(|minute| minute.sold_won),
    }
}

fn rounded(sum: i64, by: i64) -> i64 {
    (sum + by / 2) / by
}

/// The cards that were up in a show, between two moments.
pub(crate) async fn shown(db: &Db, show: &BroadcastId, span: (i64, i64)) -> Result<Vec<Band>> {
    Ok(bands(&pin::all(db, show, PINS).await?, span))
}

/// The cards that were up, cut to the show.
fn bands(pins: &[Pin], (from_ms, to_ms): (i64, i64)) -> Vec<Band> {
    let ends = pins.iter().skip(1).map(|pin| pin.at_ms).chain([to_ms]);
    let mut bands: Vec<Band> = Vec::new();
    for (pin, end_ms) in pins.iter().zip(ends) {
        let Some(product) = &pin.product else { continue };
        let (begin_ms, end_ms) = (pin.at_ms.max(from_ms), end_ms.min(to_ms));
        match bands.last_mut() {
            _ if begin_ms >= end_ms => {}
            // The same card put up again goes on.
            Some(last) if last.product == *product && last.to_ms == begin_ms => last.to_ms = end_ms,
            _ => bands.push(Band { product: product.clone(), from_ms: begin_ms, to_ms: end_ms }),
        }
    }
    bands
}

/// How each product went that was shown, tapped or sold.
async fn sold(
    db: &Db,
    show: &BroadcastId,
    pinned: &[Band],
    bought: &[Bought],
    minutes: &[Minute],
) -> Result<Vec<Sold>> {
    let mut all: Vec<Sold> = Vec::new();
    let mut names: HashMap<ProductId, (String, String)> = bought
        .iter()
        .map(|line| (line.product_id.clone(), (line.product_name.clone(), line.product_name_en.clone())))
        .collect();
    let taps = audience::taps(db, show).await?;
    let taps: Vec<_> = taps.into_iter().filter(|(at_min, ..)| is_within(minutes, *at_min)).collect();
    let chosen = broadcast::products(db, show).await?;
    let ids: Vec<ProductId> = (pinned.iter().map(|band| &band.product))
        .chain(taps.iter().map(|(_, product, _)| product))
        .cloned()
        .collect();
    for card in product::cards(db, &ids).await?.into_iter().chain(chosen) {
        names.insert(card.id, (card.name, card.name_en));
    }
    for id in names.keys().chain(&ids) {
        if all.iter().any(|sold| sold.product == *id) {
            continue;
        }
        let (name, name_en) = names.get(id).cloned().unwrap_or_default();
        let shown: Vec<&Band> = pinned.iter().filter(|band| band.product == *id).collect();
        let lines: Vec<&Bought> = bought.iter().filter(|line| line.product_id == *id).collect();
        let is_shown = |line: &&&Bought| {
            shown.iter().any(|band| (band.from_ms..band.to_ms).contains(&line.placed_at_ms))
        };
        all.push(Sold {
            product: id.clone(),
            name,
            name_en,
            shown_ms: shown.iter().map(|band| band.to_ms - band.from_ms).sum(),
            taps: taps.iter().filter(|(_, product, _)| product == id).map(|(.., taps)| taps).sum(),
            orders: orders(lines.iter().copied()),
            orders_shown: orders(lines.iter().filter(is_shown).copied()),
            pieces: lines.iter().map(|line| line.quantity).sum(),
            sold_won: won(lines),
        });
    }
    all.retain(|sold| sold.shown_ms > 0 || sold.taps > 0 || sold.orders > 0);
    all.sort_by(|a, b| {
        (b.sold_won, b.taps, b.shown_ms, &a.product).cmp(&(a.sold_won, a.taps, a.shown_ms, &b.product))
    });
    Ok(all)
}

fn is_within(minutes: &[Minute], at_min: i64) -> bool {
    minutes.iter().any(|minute| minute.at_ms.div_euclid(MINUTE_MS) == at_min)
}

/// Orders among lines that stand in the order of their orders.
fn orders<'a>(lines: impl IntoIterator<Item = &'a Bought>) -> i64 {
    let mut ids: Vec<_> = lines.into_iter().map(|line| &line.order).collect();
    ids.dedup();
    ids.len() as i64
}

fn won<'a>(lines: impl IntoIterator<Item = &'a Bought>) -> i64 {
    lines.into_iter().map(|line| line.total_won.0).sum()
}

/// The largest fall between two whole minutes: in the last one everybody leaves, and that says nothing.
fn fall(minutes: &[Minute]) -> Option<Fall> {
    minutes
        .windows(2)
        .filter(|two| two[0].whole && two[1].whole)
        .map(|two| Fall { at_ms: two[1].at_ms, before: two[0].viewers, after: two[1].viewers })
        .filter(|fall| fall.is_large())
        // Of two equal ones the first.
        .rev()
        .max_by_key(|fall| fall.before - fall.after)
}

impl Fall {
    /// From at least five people, at least three of them and a fifth.
    fn is_large(&self) -> bool {
        let left = self.before - self.after;
        self.before >= tip::FEWEST_VIEWERS && left >= 3 && left * 5 >= self.before
    }
}

/// The middle of the shows before this one.
async fn usual(db: &Db, store: &StoreId, show: &BroadcastId, from_ms: i64) -> Result<Option<Usual>> {
    let earlier: Vec<(BroadcastId, i64, i64)> = sql!(all db,
        "select id, live_since_ms, ended_at_ms from broadcasts
         where store_id = $1 and id <> $2 and stage = 'ended' and rehearses is null
           and live_since_ms < $3 and ended_at_ms is not null
         order by live_since_ms desc, id desc limit $4", store, show, from_ms, EARLIER)?;
    if earlier.len() < ENOUGH {
        return Ok(None);
    }
    let mut all = Vec::new();
    for (id, from_ms, to_ms) in earlier {
        let span = (from_ms, to_ms.clamp(from_ms, from_ms + (LONGEST - 1) * MINUTE_MS));
        let bought = order::of_show(db, store, id.as_str(), from_ms, to_ms).await?;
        all.push(totals(&minutes(db, &id, span, &bought).await?, span));
    }
    let middle = |of: fn(&Totals) -> i64| median(all.iter().map(of).collect());
    Ok(Some(Usual {
        shows: all.len() as i64,
        totals: Totals {
            viewers: middle(|one| one.viewers),
            peak: middle(|one| one.peak),
            chat: middle(|one| one.chat),
            reactions: middle(|one| one.reactions),
            taps: middle(|one| one.taps),
            orders: middle(|one| one.orders),
            sold_won: middle(|one| one.sold_won),
        },
    }))
}

/// The middle one; of an even number the mean of the two in the middle.
fn median(mut all: Vec<i64>) -> i64 {
    all.sort_unstable();
    match (all.get(all.len().saturating_sub(1) / 2), all.get(all.len() / 2)) {
        (Some(low), Some(high)) => (low + high) / 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(viewers: &[i64]) -> Vec<Minute> {
        let last = viewers.len() - 1;
        let minute = |(index, viewers): (usize, &i64)| Minute {
            at_ms: index as i64 * MINUTE_MS,
            whole: index != last,
            viewers: *viewers,
            ..Minute::default()
        };
        viewers.iter().enumerate().map(minute).collect()
    }

    #[test]
    fn only_a_large_fall_between_whole_minutes_counts() {
        let at = |viewers: &[i64]| {
            fall(&watched(viewers)).map(|fall| (fall.at_ms / MINUTE_MS, fall.before, fall.after))
        };
        assert_eq!(at(&[5, 2, 2, 0]), Some((1, 5, 2)));
        assert_eq!(at(&[4, 1, 1, 0]), None, "fewer than five were there");
        assert_eq!(at(&[6, 4, 4, 0]), None, "fewer than three left");
        assert_eq!(at(&[20, 17, 17, 0]), None, "less than a fifth left");
        assert_eq!(at(&[15, 12, 12, 0]), Some((1, 15, 12)), "a fifth left");
        assert_eq!(at(&[10, 10, 10, 0]), None, "the goodbye says nothing");
        assert_eq!(at(&[10, 5, 10, 5, 5, 0]), Some((1, 10, 5)), "of two equal ones the first");
    }

    #[test]
    fn a_median_stands_in_the_middle() {
        assert_eq!(median(vec![9, 1, 5]), 5);
        assert_eq!(median(vec![9, 1, 5, 100]), 7);
        assert_eq!(median(Vec::new()), 0);
    }

    #[test]
    fn a_card_is_up_until_the_next_change_and_within_the_show() {
        let (a, b) = (ProductId::new(1), ProductId::new(2));
        let pin = |product: Option<&ProductId>, at_ms| Pin {
            id: pin::PinId::new(at_ms),
            product: product.cloned(),
            at_ms,
            label: None,
        };
        let pins =
            [pin(Some(&a), 50), pin(Some(&a), 150), pin(Some(&b), 200), pin(None, 300), pin(Some(&a), 900)];
        let bands = bands(&pins, (100, 800));
        let spans: Vec<_> = bands.iter().map(|band| (&band.product, band.from_ms, band.to_ms)).collect();
        assert_eq!(spans, [(&a, 100, 200), (&b, 200, 300)]);
    }
}
