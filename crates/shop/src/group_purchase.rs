//! Group purchases (제가버치): goods of which there are too many, sold when enough people want them together.
//!
//! A pledge is an order that waits: its goods are held until the group is settled, it has the price of the first tier, and
//! nobody can pay it before. At the deadline the pieces are counted. Enough: everybody gets the price of the tier that was
//! reached, and is charged by the card they left. Too few: every pledge is let go, and nobody is charged.
//!
//! The pieces are counted by a [`deal`] of the group's own, so a pledge that is called off gives its pieces back by itself,
//! and no more are pledged than there are.

use base::{Db, Id, Won, sql};
use jiff::Timestamp;
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::deal::{self, DealId, NewDeal};
use crate::delivery::{HandOver, Recipient};
use crate::faults::Faults;
use crate::order::{self, NewLine, NewOrder, Placed};
use crate::payment::{digest, method};
use crate::product::{ProductId, VariantId};
use crate::text::Listing;
use crate::{Buyer, Error, Result, Shop, set};

pub(crate) mod api;
pub(crate) mod form;
pub(crate) mod pages;
pub(crate) mod selling;
mod settle;

pub(crate) use settle::{call_off, close, jobs};

/// Names a group purchase in [`GroupPurchaseId`].
pub enum GroupPurchaseMark {}
/// The id of a group purchase.
pub type GroupPurchaseId = Id<GroupPurchaseMark>;

/// Tiers of one group purchase.
pub const MAX_TIERS: usize = 4;
/// Group purchases of one store that are open.
const MAX_OPEN: i64 = 10;
/// The longest and the shortest time that people are waited for.
const SHORTEST_MS: i64 = 60 * 1000;
const LONGEST_MS: i64 = 30 * 24 * 3600 * 1000;
/// How long after the deadline somebody may pay otherwise whose card was refused.
pub const GRACE_MS: i64 = 24 * 3600 * 1000;
/// The longest text on why the goods are there.
const WORDS: usize = 300;

/// From so many pieces on, each costs so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = GroupPurchaseTier)]
pub struct Tier {
    pub pieces: i64,
    pub price_won: Won,
}

/// Where a group purchase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = GroupPurchaseState)]
pub enum State {
    Open,
    /// Enough wanted it: everybody is charged.
    Reached,
    /// Too few did: nobody is charged.
    Missed,
    /// The seller took it back: nobody is charged.
    CalledOff,
}

impl State {
    /// The end of its words' key.
    pub fn slug(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Reached => "reached",
            State::Missed => "missed",
            State::CalledOff => "called-off",
        }
    }
}

/// A group purchase as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct GroupPurchase {
    pub id: GroupPurchaseId,
    pub store_id: StoreId,
    pub product_id: ProductId,
    pub variant_id: VariantId,
    pub deal_id: DealId,
    pub words: String,
    #[sqlx(try_from = "String")]
    pub tiers: Listing<Tier>,
    pub state: State,
    pub closes_at_ms: i64,
    pub settled_at_ms: Option<i64>,
    /// What each piece costs, once it is reached.
    pub price_won: Option<Won>,
    /// What was pledged when it was settled.
    pub pieces: i64,
    pub created_at_ms: i64,
    home: String,
    body_hash: String,
}

impl GroupPurchase {
    /// Whether somebody may still join.
    pub fn is_open(&self, now_ms: i64) -> bool {
        self.state == State::Open && now_ms < self.closes_at_ms
    }

    /// The price that so many pieces reach.
    pub fn tier_of(&self, pieces: i64) -> Option<Tier> {
        self.tiers.iter().copied().take_while(|tier| tier.pieces <= pieces).last()
    }

    /// What comes next after so many pieces.
    pub fn next_tier(&self, pieces: i64) -> Option<Tier> {
        self.tiers.iter().copied().find(|tier| tier.pieces > pieces)
    }

    /// The page that people share.
    pub fn path(&self) -> String {
        format!("/together/{}", self.id)
    }
}

/// What a seller offers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewGroupPurchase {
    #[schema(value_type = String)]
    pub variant_id: String,
    /// 1 to 4, from few and dear to many and cheap; the first is the least that has to come together.
    pub tiers: Vec<Tier>,
    /// Pieces in all.
    pub most: i64,
    /// Pieces for one buyer; 0: no limit.
    pub per_buyer: i64,
    /// RFC 3339: a minute to thirty days from now.
    #[schema(value_type = Option<String>)]
    pub closes_at: Option<Timestamp>,
    /// Why the goods are there, up to 300 letters.
    pub words: String,
}

/// What somebody pledges to buy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewPledge {
    pub quantity: i64,
    pub hand_over: HandOver,
    #[serde(flatten)]
    pub to: Recipient,
    /// Whether the buyer agreed to the notice on withdrawal, where the product has one.
    pub agreed: bool,
}

/// How far a group has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow, Serialize, utoipa::ToSchema)]
#[schema(as = GroupPurchaseProgress)]
pub struct Progress {
    pub pieces: i64,
    pub people: i64,
    /// Of a group that was reached: pieces that are paid.
    pub paid: i64,
}

/// The name under which its deal is found; never the id of a show.
pub(crate) fn show_of(id: &GroupPurchaseId) -> String {
    format!("group:{id}")
}

/// Offers goods to a group. The same `key` gives the same one.
/// `home` is where the market is reached, for the letters.
pub async fn create(
    shop: &Shop,
    store: &StoreId,
    key: &str,
    home: &str,
    new: NewGroupPurchase,
) -> Result<GroupPurchase> {
    let body_hash = digest(&set::of(&new)?);
    let now_ms = shop.base.clock.now_ms();
    let same: Option<GroupPurchase> = sql!(
        opt & shop.base.db,
        "select * from group_purchases where store_id = $1 and key = $2",
        store,
        key
    )?;
    if let Some(same) = same {
        return if same.body_hash == body_hash { Ok(same) } else { Err(Error::KeyReused) };
    }
    if !keeps_cards(shop, store) {
        return Err(Error::NoKeptCards);
    }
    let (new, closes_at_ms) = checked(new, now_ms)?;
    let id = GroupPurchaseId::new(now_ms);
    let variant = new.variant_id.parse().map_err(|_| invalid("variant_id", "choose"))?;
    let deal = NewDeal {
        id: DealId::new(now_ms),
        store: store.clone(),
        show: show_of(&id),
        variant,
        price_won: new.tiers[0].price_won,
        quantity: new.most,
        per_buyer: new.per_buyer,
        opened_at_ms: now_ms,
        closes_at_ms: Some(closes_at_ms),
    };
    let offered = deal::check(&shop.base.db, &deal).await.map_err(in_the_form)?;
    let mut tx = shop.base.db.begin().await?;
    // The store's row is the lock of its list.
    sql!(run &mut tx, "update stores set changed_at_ms = changed_at_ms where id = $1", store)?;
    let (open, same_goods): (i64, i64) = sql!(one &mut tx,
        "select count(*), cast(coalesce(sum(case when variant_id = $2 then 1 else 0 end), 0) as bigint)
         from group_purchases where store_id = $1 and state = 'open'", store, &deal.variant)?;
    let mut faults = Faults::default();
    faults.unless(same_goods == 0, "variant_id", "group-there");
    faults.unless(open < MAX_OPEN, "variant_id", "group-many");
    faults.done()?;
    deal::open(&mut tx, &deal, &offered.card.id).await?;
    sql!(run &mut tx,
        "insert into group_purchases (id, store_id, key, body_hash, product_id, variant_id, deal_id, words, tiers, state,
             closes_at_ms, created_at_ms, home)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $11, $12)",
        &id, store, key, body_hash, &offered.card.id, &deal.variant, &deal.id, &new.words,
        Listing(new.tiers).to_column(), closes_at_ms, now_ms, home)?;
    settle::at(&mut tx, &id, closes_at_ms).await?;
    tx.commit().await?;
    find(&shop.base.db, &id).await
}

/// Whether the store's payment company lets us charge a card later that is left with us now.
pub(crate) fn keeps_cards(shop: &Shop, store: &StoreId) -> bool {
    shop.contracts.of(store).is_some_and(|gateway| gateway.is_practice())
}

fn invalid(field: &str, slug: &'static str) -> Error {
    Error::Invalid(vec![(field.to_owned(), slug)])
}

/// A deal's faults under the names that a group purchase has for them.
fn in_the_form(error: Error) -> Error {
    let name = |field: String| match field.as_str() {
        "variant" => "variant_id".to_owned(),
        "price_won" => "tiers".to_owned(),
        "quantity" => "most".to_owned(),
        _ => field,
    };
    match error {
        Error::Invalid(faults) => {
            Error::Invalid(faults.into_iter().map(|(field, slug)| (name(field), slug)).collect())
        }
        error => error,
    }
}

/// The offer, and when it closes.
fn checked(new: NewGroupPurchase, now_ms: i64) -> Result<(NewGroupPurchase, i64)> {
    let mut faults = Faults::default();
    let words = faults.optional("words", &new.words, WORDS);
    let rises = new.tiers.windows(2).all(|pair| {
        pair[0].pieces < pair[1].pieces
            && pair[0].price_won > pair[1].price_won
            && pair[1].price_won > Won::ZERO
    });
    let first = new.tiers.first().map_or(0, |tier| tier.pieces);
    let last = new.tiers.last().map_or(0, |tier| tier.pieces);
    faults.unless((1..=MAX_TIERS).contains(&new.tiers.len()) && first >= 2, "tiers", "group-tiers");
    faults.unless(rises, "tiers", "group-tiers-rise");
    faults.unless(new.most >= last, "most", "group-most");
    let closes_at_ms = new.closes_at.map_or(0, Timestamp::as_millisecond);
    let fits = (now_ms + SHORTEST_MS..=now_ms + LONGEST_MS).contains(&closes_at_ms);
    faults.unless(fits, "closes_at", "group-closes");
    faults.done()?;
    Ok((NewGroupPurchase { words, ..new }, closes_at_ms))
}

/// A group purchase by its id: everybody may see it.
pub async fn find(db: &Db, id: &GroupPurchaseId) -> Result<GroupPurchase> {
    sql!(opt db, "select * from group_purchases where id = $1", id)?.ok_or(Error::NotFound)
}

/// A group purchase of this store and no other.
pub async fn of_store(db: &Db, store: &StoreId, id: &GroupPurchaseId) -> Result<GroupPurchase> {
    sql!(opt db, "select * from group_purchases where id = $1 and store_id = $2", id, store)?
        .ok_or(Error::NotFound)
}

/// A store's, newest first, after the row `(created_at_ms, id)`.
pub async fn list(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<GroupPurchase>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from group_purchases where store_id = $1 and (created_at_ms, id) < ($2, $3)
         order by created_at_ms desc, id desc limit $4", store, ms, id, limit)?)
}

/// Those that somebody may join now, the first to close first, after the row `(closes_at_ms, id)`.
pub async fn open_ones(
    db: &Db,
    now_ms: i64,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<GroupPurchase>> {
    let (ms, id) = after.unwrap_or((now_ms, String::new()));
    Ok(sql!(all db,
        "select g.* from group_purchases g join products p on p.id = g.product_id join stores s on s.id = g.store_id
         where g.state = 'open' and p.on_sale and p.removed_at_ms is null and s.listed
           and (g.closes_at_ms, g.id) > ($1, $2)
         order by g.closes_at_ms, g.id limit $3", ms, id, limit)?)
}

/// The one on a product that somebody may join now.
pub async fn on(db: &Db, product: &ProductId, now_ms: i64) -> Result<Option<GroupPurchase>> {
    Ok(sql!(opt db,
        "select * from group_purchases where product_id = $1 and state = 'open' and closes_at_ms > $2
         order by closes_at_ms, id limit 1", product, now_ms)?)
}

/// How far it has come, counted from the pledges that stand.
pub async fn progress(db: &Db, group: &GroupPurchase) -> Result<Progress> {
    Ok(sql!(one db,
        "select cast(coalesce(sum(l.quantity), 0) as bigint) as pieces, count(distinct o.buyer) as people,
                cast(coalesce(sum(case when o.order_state in ('confirmed', 'completed') then l.quantity else 0 end), 0)
                    as bigint) as paid
         from orders o join order_lines l on l.order_id = o.id
         where o.group_purchase_id = $1 and o.order_state <> 'canceled'", &group.id)?)
}

/// The pledges of a buyer that stand.
pub async fn mine(db: &Db, id: &GroupPurchaseId, buyers: &[String]) -> Result<Vec<order::OrderId>> {
    Ok(sql!(values db,
        "select id from orders
         where group_purchase_id = $1 and buyer in (select j.value ->> 'id' from json_each($2) as j)
           and order_state <> 'canceled' order by placed_at_ms, id", id, set::ids(buyers)?)?)
}

/// Pledges to buy. A card has to be left with the store before; it is charged only when the group is reached.
pub async fn pledge(
    shop: &Shop,
    buyer: &Buyer,
    id: &GroupPurchaseId,
    key: &str,
    new: NewPledge,
) -> Result<Placed> {
    let person = buyer.person.as_ref().ok_or(Error::SignIn)?;
    let group = find(&shop.base.db, id).await?;
    if !group.is_open(shop.base.clock.now_ms()) {
        return Err(Error::GroupOver);
    }
    if method::kept(&shop.base.db, &person.id, &group.store_id).await?.is_none() {
        return Err(Error::NoMethod);
    }
    let wanted = NewOrder {
        lines: vec![NewLine { variant: group.variant_id.clone(), quantity: new.quantity }],
        hand_over: new.hand_over,
        to: new.to,
        agreed: new.agreed,
        ..NewOrder::default()
    };
    let until_ms = group.closes_at_ms + GRACE_MS;
    let at = order::At { pledge: Some(order::Pledge { group: group.id, until_ms }), ..order::At::default() };
    order::place_at(shop, buyer, key, wanted, at).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(tiers: &[(i64, i64)], most: i64) -> NewGroupPurchase {
        let tiers =
            tiers.iter().map(|(pieces, won)| Tier { pieces: *pieces, price_won: Won(*won) }).collect();
        let closes_at = Timestamp::from_millisecond(SHORTEST_MS).ok();
        NewGroupPurchase { tiers, most, closes_at, ..NewGroupPurchase::default() }
    }

    fn wrong(new: NewGroupPurchase) -> Vec<(String, &'static str)> {
        match checked(new, 0) {
            Err(Error::Invalid(faults)) => faults,
            _ => Vec::new(),
        }
    }

    #[test]
    fn tiers_rise_in_pieces_and_fall_in_price() {
        assert_eq!(wrong(offer(&[(10, 9_000), (30, 8_000)], 50)), []);
        assert_eq!(wrong(offer(&[], 50))[0].1, "group-tiers");
        assert_eq!(wrong(offer(&[(1, 9_000)], 50))[0].1, "group-tiers");
        for tiers in [[(10, 9_000), (10, 8_000)], [(10, 9_000), (30, 9_000)], [(30, 9_000), (10, 8_000)]] {
            assert_eq!(wrong(offer(&tiers, 50))[0], ("tiers".to_owned(), "group-tiers-rise"));
        }
        assert_eq!(wrong(offer(&[(10, 9_000), (60, 8_000)], 50)), [("most".to_owned(), "group-most")]);
        let late = Timestamp::from_millisecond(LONGEST_MS + 1).ok();
        let late = NewGroupPurchase { closes_at: late, ..offer(&[(10, 9_000)], 50) };
        assert_eq!(wrong(late), [("closes_at".to_owned(), "group-closes")]);
    }
}
