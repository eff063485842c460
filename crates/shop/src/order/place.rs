//! Placing orders: many at once, in arrival order, in one transaction.
//!
//! The key is looked up before the stock, or a retry of the last box would be told "sold out".
//! Lines on one variant are summed before they are admitted. Admission is decided in arrival order
//! from rows that are locked; the writes are set-based, and the schema's checks are the last net.

use std::collections::HashMap;

use base::group::Batch;
use base::{Tx, Won, clock, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::OrderId;
use super::hold::{EXPIRE, HOLD_MS, let_go};
use super::offer::{self, Offer, Offers};
use super::terms::{Terms, Wish};
use crate::buyer::Buyer;
use crate::cart;
use crate::coupon::{self, CouponId, Taken};
use crate::delivery::{HandOver, Recipient};
use crate::discount::{Cut, Priced};
use crate::faults::Faults;
use crate::payment::IntentId;
use crate::product::VariantId;
use crate::showing;
use crate::stock::{self, Amount};
use crate::{Error, Result, Shop, set};

/// Lines of one order.
pub(super) const MAX_LINES: usize = 50;
/// Digits of a pickup code, read out at the stall.
const PICKUP_CODE: u32 = 4;

/// An order as a buyer asks for it. Prices are the store's; `expected_total_won` only says what the
/// buyer was shown, so that nobody pays another price than they saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewOrder {
    /// All lines are of one store.
    pub lines: Vec<NewLine>,
    pub hand_over: HandOver,
    #[serde(flatten)]
    pub to: Recipient,
    /// Whether the buyer agreed to the notice on withdrawal, where a line has one.
    pub agreed: bool,
    /// The show it was bought from.
    pub broadcast: Option<String>,
    /// The total the buyer was shown; another total is a 409.
    pub expected_total_won: Option<Won>,
    /// A coupon's code, as it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
}

/// A line of an order that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewLine {
    #[serde(rename = "variant_id")]
    pub variant: VariantId,
    pub quantity: i64,
}

/// An order that stands, now or since the same key came before.
#[derive(Clone, Debug)]
pub struct Placed {
    pub order: OrderId,
    pub intent: IntentId,
}

/// Holds the goods for `buyer` and writes the order. The same `key` gives the same order.
pub async fn place(shop: &Shop, buyer: &Buyer, key: &str, wanted: NewOrder) -> Result<Placed> {
    let wanted = checked(wanted)?;
    let now_ms = shop.base.clock.now_ms();
    let body_hash = hash(&wanted)?;
    let ask = Asked {
        order: OrderId::new(now_ms),
        intent: IntentId::new(now_ms),
        buyers: buyer.ids(),
        key: key.to_owned(),
        body_hash,
        pickup_code: shop.base.random.digits(PICKUP_CODE),
        wanted,
        now_ms,
    };
    shop.placing.ask(Ask::Place(Box::new(ask))).await??.ok_or(Error::NotFound)
}

/// The writer of orders: see the module.
pub struct Placing {
    shows: showing::Known,
}

impl Placing {
    /// A writer that asks `shows` which show is on air.
    pub(crate) fn new(shows: showing::Known) -> Placing {
        Placing { shows }
    }
}

/// What the writer is asked.
pub enum Ask {
    Place(Box<Asked>),
    /// Let go of what nobody paid for.
    Expire {
        now_ms: i64,
    },
}

/// One order on its way to the writer.
pub struct Asked {
    order: OrderId,
    intent: IntentId,
    /// Every name this buyer's orders may be under; this one is kept under the first.
    buyers: Vec<String>,
    key: String,
    body_hash: String,
    pickup_code: String,
    wanted: NewOrder,
    now_ms: i64,
}

impl Asked {
    /// The name it is kept under.
    fn buyer(&self) -> &str {
        self.buyers.first().map(String::as_str).unwrap_or_default()
    }

    /// What makes it the same request when it comes again.
    fn name(&self) -> (String, String) {
        (self.buyer().to_owned(), self.key.clone())
    }

    fn wish(&self) -> Wish<'_> {
        let wanted = &self.wanted;
        Wish {
            buyers: &self.buyers,
            lines: &wanted.lines,
            broadcast: wanted.broadcast.as_deref(),
            coupon: wanted.coupon.as_deref(),
        }
    }
}

impl Batch for Placing {
    type Ask = Ask;
    type Answer = Result<Option<Placed>>;

    async fn apply(&self, tx: &mut Tx, asks: &[Ask]) -> base::Result<Vec<Self::Answer>> {
        match write(tx, &self.shows, asks).await {
            Ok(answers) => Ok(answers),
            Err(Error::Internal(error)) => Err(error),
            // Refusals are answers of single orders; the batch itself fails only inside.
            Err(error) => Err(base::Error::Address(error.to_string())),
        }
    }
}

async fn write(tx: &mut Tx, shows: &showing::Known, asks: &[Ask]) -> Result<Vec<Result<Option<Placed>>>> {
    let now_ms = asks.iter().map(Ask::now_ms).max().unwrap_or_default();
    let_go(tx, now_ms).await?;
    let orders: Vec<&Asked> = asks.iter().filter_map(Ask::order).collect();
    let mut known = known(tx, &orders).await?;
    let mut offers = offer::lock(tx, &variants(&orders)).await?;
    let new: Vec<Wish<'_>> =
        orders.iter().filter(|asked| !known.contains_key(&asked.name())).map(|asked| asked.wish()).collect();
    let mut terms = Terms::lock(tx, shows, &new, &offers, now_ms).await?;
    let mut admitted: Vec<Admitted<'_>> = Vec::with_capacity(orders.len());
    let mut answers = Vec::with_capacity(asks.len());
    for ask in asks {
        let Some(asked) = ask.order() else {
            answers.push(Ok(None));
            continue;
        };
        let name = asked.name();
        if let Some(before) = known.get(&name) {
            answers.push(if before.body_hash == asked.body_hash {
                Ok(Some(before.placed()))
            } else {
                Err(Error::KeyReused)
            });
            continue;
        }
        match admit(&mut offers, &mut terms, asked, now_ms) {
            Ok(order) => {
                known.insert(name, Known::of(asked));
                answers.push(Ok(Some(Placed { order: asked.order.clone(), intent: asked.intent.clone() })));
                admitted.push(order);
            }
            Err(refused) => answers.push(Err(refused)),
        }
    }
    if !admitted.is_empty() {
        write_down(tx, &admitted, now_ms).await?;
    }
    Ok(answers)
}

impl Ask {
    fn now_ms(&self) -> i64 {
        match self {
            Ask::Place(asked) => asked.now_ms,
            Ask::Expire { now_ms } => *now_ms,
        }
    }

    fn order(&self) -> Option<&Asked> {
        match self {
            Ask::Place(asked) => Some(asked),
            Ask::Expire { .. } => None,
        }
    }
}

/// An order that came with this key before.
#[derive(FromRow)]
struct Known {
    buyer: String,
    key: String,
    body_hash: String,
    order_id: OrderId,
    intent_id: IntentId,
}

impl Known {
    fn of(asked: &Asked) -> Known {
        Known {
            buyer: asked.buyer().to_owned(),
            key: asked.key.clone(),
            body_hash: asked.body_hash.clone(),
            order_id: asked.order.clone(),
            intent_id: asked.intent.clone(),
        }
    }

    fn placed(&self) -> Placed {
        Placed { order: self.order_id.clone(), intent: self.intent_id.clone() }
    }
}

async fn known(tx: &mut Tx, orders: &[&Asked]) -> Result<HashMap<(String, String), Known>> {
    let keys: Vec<_> =
        orders.iter().map(|asked| json!({ "buyer": asked.buyer(), "key": asked.key })).collect();
    let rows: Vec<Known> = sql!(all tx,
        "select o.buyer, o.key, o.body_hash, o.id as order_id, i.id as intent_id
         from json_each($1) as j
         join orders o on o.buyer = j.value ->> 'buyer' and o.key = j.value ->> 'key'
         join payment_intents i on i.order_id = o.id", set::of(&keys)?)?;
    Ok(rows.into_iter().map(|row| ((row.buyer.clone(), row.key.clone()), row)).collect())
}

fn variants(orders: &[&Asked]) -> Vec<VariantId> {
    let mut ids: Vec<_> =
        orders.iter().flat_map(|asked| &asked.wanted.lines).map(|line| line.variant.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// An order that fits, with everything frozen.
struct Admitted<'a> {
    asked: &'a Asked,
    store: StoreId,
    lines: Vec<(Offer, i64)>,
    priced: Priced,
    coupon: Option<CouponId>,
}

/// Decides one order against what is left after those before it, and takes its share.
fn admit<'a>(offers: &mut Offers, terms: &mut Terms, asked: &'a Asked, now_ms: i64) -> Result<Admitted<'a>> {
    let (wanted, wish) = (&asked.wanted, asked.wish());
    let (store, lines) = matched(offers, terms, &wish)?;
    for (offer, quantity) in &lines {
        if offer.available < *quantity {
            return Err(Error::SoldOut { name: offer.name.clone(), left: offer.available.max(0) });
        }
        let reachable = match wanted.hand_over {
            HandOver::Parcel => offer.parcel,
            HandOver::Pickup => offer.pickup,
        };
        if !reachable {
            return Err(Error::Invalid(vec![("hand_over".to_owned(), "choose")]));
        }
        if offer.withdrawal.is_exception() && !wanted.agreed {
            return Err(Error::NotAgreed);
        }
    }
    goods(&lines)?;
    terms.allow(&lines, &wish)?;
    let coupon = terms.coupon(&store, &wish, now_ms).map_err(Error::Coupon)?;
    let priced = terms.price(&store, &lines, wanted.hand_over, &wish, coupon).map_err(Error::Coupon)?;
    let coupon = coupon.map(|coupon| coupon.id.clone());
    if wanted.expected_total_won.is_some_and(|shown| shown != priced.total()) {
        return Err(Error::PriceChanged);
    }
    for (offer, quantity) in &lines {
        if let Some(offer) = offers.get_mut(&offer.variant_id) {
            offer.available -= quantity;
        }
    }
    terms.took(&store, &lines, asked.buyer(), coupon.as_ref());
    Ok(Admitted { asked, store, lines, priced, coupon })
}

/// Finds each line's offer at its price; all of one store, open, lines on one variant summed.
pub(super) fn matched(
    offers: &Offers,
    terms: &Terms,
    wish: &Wish<'_>,
) -> Result<(StoreId, Vec<(Offer, i64)>)> {
    let mut found: Vec<(Offer, i64)> = Vec::with_capacity(wish.lines.len());
    for line in wish.lines {
        cart::check_quantity(line.quantity)?;
        let offer = offers.get(&line.variant).ok_or(Error::NotFound)?;
        if !offer.is_open {
            return Err(Error::SoldOut { name: offer.name.clone(), left: 0 });
        }
        match found.iter_mut().find(|(known, _)| known.variant_id == offer.variant_id) {
            Some((_, quantity)) => *quantity += line.quantity,
            None => found.push((terms.offered(offer, wish), line.quantity)),
        }
    }
    let store = found.first().map(|(offer, _)| offer.store_id.clone()).ok_or(Error::CartEmpty)?;
    if found.iter().any(|(offer, _)| offer.store_id != store) {
        return Err(Error::Invalid(vec![("lines".to_owned(), "one-store")]));
    }
    Ok((store, found))
}

/// What the goods come to, refused when that is more than one order may be.
pub(super) fn goods(lines: &[(Offer, i64)]) -> Result<Won> {
    let sum = lines.iter().try_fold(Won::ZERO, |sum, (offer, quantity)| {
        let sum = sum + offer.price_won.times(*quantity)?;
        (sum <= Won::MAX).then_some(sum)
    });
    sum.ok_or_else(|| Error::Invalid(vec![("quantity".to_owned(), "quantity")]))
}

/// Writes every admitted order with one statement a table.
async fn write_down(tx: &mut Tx, admitted: &[Admitted<'_>], now_ms: i64) -> Result<()> {
    let numbers = numbers(tx, admitted, now_ms).await?;
    let mut orders = Vec::with_capacity(admitted.len());
    let (mut lines, mut intents, mut holds) = (Vec::new(), Vec::new(), Vec::new());
    let mut taken: HashMap<VariantId, i64> = HashMap::new();
    let (mut shows, mut cuts, mut coupons) = (Vec::new(), Vec::new(), Vec::new());
    for (order, number) in admitted.iter().zip(numbers) {
        orders.push(order.row(&number, now_ms));
        intents.push(json!({
            "id": order.asked.intent, "store": order.store, "order": order.asked.order,
            "amount": order.priced.total(),
        }));
        cuts.extend(order.priced.cuts.iter().enumerate().map(|(place, cut)| order.cut(place, cut)));
        coupons.extend(order.coupon.as_ref().map(|coupon| Taken {
            coupon,
            store: &order.store,
            order: &order.asked.order,
            buyer: order.asked.buyer(),
        }));
        for (place, (offer, quantity)) in order.lines.iter().enumerate() {
            lines.push(line(&order.asked.order, place, offer, *quantity, order.priced.shares[place]));
            holds.push(json!({
                "id": format!("{}:{place}", order.asked.order), "store": order.store, "order": order.asked.order,
                "variant": offer.variant_id, "quantity": quantity,
            }));
            *taken.entry(offer.variant_id.clone()).or_default() += quantity;
            if let Some(show) = &order.asked.wanted.broadcast {
                shows.push((offer.variant_id.clone(), show.clone()));
            }
        }
    }
    let mut taken: Vec<Amount> =
        taken.into_iter().map(|(variant_id, quantity)| Amount { variant_id, quantity }).collect();
    taken.sort_unstable_by(|a, b| a.variant_id.cmp(&b.variant_id));
    let levels = stock::reserve(tx, &taken).await?;
    if !coupons.is_empty() {
        coupon::hold(tx, &coupons, now_ms).await?;
    }
    insert_orders(tx, &set::of(&orders)?, now_ms).await?;
    if !cuts.is_empty() {
        insert_cuts(tx, &set::of(&cuts)?).await?;
    }
    insert_lines(tx, &set::of(&lines)?).await?;
    insert_rest(tx, &set::of(&intents)?, &set::of(&holds)?, now_ms).await?;
    shows.sort_unstable();
    shows.dedup();
    stock::tell(tx, &levels, &shows).await?;
    jobs::put_at(tx, EXPIRE, &json!({}), now_ms + HOLD_MS).await?;
    Ok(())
}

impl Admitted<'_> {
    fn row(&self, number: &str, now_ms: i64) -> serde_json::Value {
        let Asked { order, key, body_hash, pickup_code, wanted, .. } = self.asked;
        let pickup_code = if wanted.hand_over == HandOver::Pickup { pickup_code.as_str() } else { "" };
        json!({
            "id": order, "store": self.store, "number": number, "buyer": self.asked.buyer(), "key": key,
            "hash": body_hash, "hand_over": wanted.hand_over.slug(), "recipient": wanted.to.recipient, "phone": wanted.to.phone,
            "postcode": wanted.to.postcode, "address": wanted.to.address, "detail": wanted.to.address_detail,
            "note": wanted.to.note, "goods": self.priced.goods_won, "delivery": self.priced.delivery_won,
            "total": self.priced.total(), "code": pickup_code, "agreed": i64::from(wanted.agreed),
            "broadcast": wanted.broadcast, "expires": now_ms + HOLD_MS, "off": self.priced.discount_won,
            "delivery_off": self.priced.delivery_off_won, "coupon": self.coupon,
        })
    }

    fn cut(&self, place: usize, cut: &Cut) -> serde_json::Value {
        json!({
            "order": self.asked.order, "place": place, "store": self.store, "source": cut.source,
            "source_id": cut.source_id, "name": cut.name, "name_en": cut.name_en, "won": cut.won,
            "on_delivery": i64::from(cut.on_delivery),
        })
    }
}

fn line(order: &OrderId, place: usize, offer: &Offer, quantity: i64, off: Won) -> serde_json::Value {
    json!({
        "order": order, "place": place, "store": offer.store_id, "product": offer.product_id,
        "variant": offer.variant_id, "name": offer.name, "name_en": offer.name_en, "vname": offer.variant_name,
        "vname_en": offer.variant_name_en, "unit": offer.unit, "origin": offer.origin,
        "withdrawal": offer.withdrawal.slug(), "cover": offer.cover, "price": offer.price_won,
        "quantity": quantity, "total": offer.price_won.0 * quantity - off.0, "off": off,
    })
}

/// A number for each order: month and day, and the store's own count, taken for the whole batch at once.
async fn numbers(tx: &mut Tx, admitted: &[Admitted<'_>], now_ms: i64) -> Result<Vec<String>> {
    let mut wanted: HashMap<&StoreId, i64> = HashMap::new();
    for order in admitted {
        *wanted.entry(&order.store).or_default() += 1;
    }
    let rows: Vec<_> = wanted.iter().map(|(store, count)| json!({ "id": store, "count": count })).collect();
    let counted: Vec<(StoreId, i64)> = sql!(all tx,
        "update stores set orders_placed = orders_placed + w.count
         from (select j.value ->> 'id' as id, cast(j.value ->> 'count' as bigint) as count from json_each($1) as j) as w
         where stores.id = w.id returning stores.id, orders_placed", set::of(&rows)?)?;
    let mut next: HashMap<StoreId, i64> = counted
        .into_iter()
        .map(|(store, last)| {
            let count = wanted.get(&store).copied().unwrap_or_default();
            (store, last - count + 1)
        })
        .collect();
    let day = clock::at(now_ms).to_zoned(clock::seoul()).strftime("%m%d").to_string();
    let mut numbers = Vec::with_capacity(admitted.len());
    for order in admitted {
        let next = next.get_mut(&order.store).ok_or(Error::NotFound)?;
        numbers.push(format!("{day}-{next:03}"));
        *next += 1;
    }
    Ok(numbers)
}

async fn insert_orders(tx: &mut Tx, rows: &str, now_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into orders (id, store_id, number, buyer, key, body_hash, order_state, payment_state, fulfilment_state,
             canceled_for, hand_over, recipient, phone, postcode, address, address_detail, note, goods_won,
             delivery_won, total_won, pickup_code, tracking, withdrawal_agreed, broadcast, placed_at_ms,
             expires_at_ms, paid_at_ms, changed_at_ms, discount_won, delivery_off_won, coupon_id)
         select j.value ->> 'id', j.value ->> 'store', j.value ->> 'number', j.value ->> 'buyer', j.value ->> 'key',
             j.value ->> 'hash', 'pending', 'awaiting', 'new', '', j.value ->> 'hand_over', j.value ->> 'recipient',
             j.value ->> 'phone', j.value ->> 'postcode', j.value ->> 'address', j.value ->> 'detail',
             j.value ->> 'note', cast(j.value ->> 'goods' as bigint), cast(j.value ->> 'delivery' as bigint),
             cast(j.value ->> 'total' as bigint), j.value ->> 'code', '',
             cast(j.value ->> 'agreed' as bigint) = 1, j.value ->> 'broadcast', $2,
             cast(j.value ->> 'expires' as bigint), null, $2, cast(j.value ->> 'off' as bigint),
             cast(j.value ->> 'delivery_off' as bigint), j.value ->> 'coupon'
         from json_each($1) as j", rows, now_ms)?;
    Ok(())
}

async fn insert_lines(tx: &mut Tx, rows: &str) -> Result<()> {
    sql!(run tx,
        "insert into order_lines (order_id, place, store_id, product_id, variant_id, product_name, product_name_en,
             variant_name, variant_name_en, unit, origin, withdrawal, cover, price_won, quantity, total_won,
             discount_won)
         select j.value ->> 'order', cast(j.value ->> 'place' as bigint), j.value ->> 'store', j.value ->> 'product',
             j.value ->> 'variant', j.value ->> 'name', j.value ->> 'name_en', j.value ->> 'vname',
             j.value ->> 'vname_en', j.value ->> 'unit', j.value ->> 'origin', j.value ->> 'withdrawal',
             j.value ->> 'cover', cast(j.value ->> 'price' as bigint), cast(j.value ->> 'quantity' as bigint),
             cast(j.value ->> 'total' as bigint), cast(j.value ->> 'off' as bigint)
         from json_each($1) as j", rows)?;
    Ok(())
}

/// What was taken off, for the orders that have any.
async fn insert_cuts(tx: &mut Tx, rows: &str) -> Result<()> {
    sql!(run tx,
        "insert into order_discounts (order_id, place, store_id, source, source_id, name, name_en, won, on_delivery)
         select j.value ->> 'order', cast(j.value ->> 'place' as bigint), j.value ->> 'store', j.value ->> 'source',
             j.value ->> 'source_id', j.value ->> 'name', j.value ->> 'name_en', cast(j.value ->> 'won' as bigint),
             cast(j.value ->> 'on_delivery' as bigint) = 1
         from json_each($1) as j", rows)?;
    Ok(())
}

async fn insert_rest(tx: &mut Tx, intents: &str, holds: &str, now_ms: i64) -> Result<()> {
    sql!(run &mut *tx,
        "insert into payment_intents (id, store_id, order_id, amount_won, state, created_at_ms)
         select j.value ->> 'id', j.value ->> 'store', j.value ->> 'order', cast(j.value ->> 'amount' as bigint),
             'requires-method', $2
         from json_each($1) as j", intents, now_ms)?;
    sql!(run &mut *tx,
        "insert into stock_reservations (id, store_id, order_id, variant_id, quantity, state, expires_at_ms)
         select j.value ->> 'id', j.value ->> 'store', j.value ->> 'order', j.value ->> 'variant',
             cast(j.value ->> 'quantity' as bigint), 'held', $2
         from json_each($1) as j", holds, now_ms + HOLD_MS)?;
    Ok(())
}

fn checked(wanted: NewOrder) -> Result<NewOrder> {
    let mut faults = Faults::default();
    faults.unless(wanted.lines.len() <= MAX_LINES, "lines", "too-many");
    let to = wanted.to.checked(wanted.hand_over, &mut faults);
    // A show's id is ours and short; anything else is dropped rather than kept.
    let broadcast = wanted.broadcast.as_deref().and_then(|show| show.parse::<base::Id<()>>().ok());
    let coupon = wanted.coupon.filter(|code| !code.trim().is_empty());
    faults.done()?;
    for line in &wanted.lines {
        cart::check_quantity(line.quantity)?;
    }
    Ok(NewOrder { to, broadcast: broadcast.map(|show| show.to_string()), coupon, ..wanted })
}

/// What makes two requests with one key the same: the whole order as it was asked for.
fn hash(wanted: &NewOrder) -> Result<String> {
    let text = set::of(wanted)?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}
