//! Placing orders: many at once, in arrival order, in one transaction.
//!
//! The key is looked up before the stock, or a retry of the last box would be told "sold out".
//! Lines on one variant are summed before they are admitted. Admission is decided in arrival order
//! from rows that are locked; the writes are set-based, and the schema's checks are the last net.

use std::collections::HashMap;
use std::sync::Arc;

use base::group::Batch;
use base::{Tx, Won, clock, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::frozen::{self, Frozen};
use super::hold::{EXPIRE, HOLD_MS, let_go};
use super::offer::{self, Offer, Offers};
use super::terms::{Terms, Wish};
use super::{At, Channel, FulfilmentState, Line, Order, OrderId, OrderState, PaymentState};
use crate::buyer::Buyer;
use crate::cart;
use crate::coupon::{self, CouponFault, CouponId, Taken};
use crate::delivery::{HandOver, Recipient};
use crate::discount::Priced;
use crate::faults::Faults;
use crate::payment::IntentId;
use crate::product::VariantId;
use crate::showing;
use crate::stock::{self, Amount};
use crate::{Error, Result, Shop, deal, set};

/// Lines of one order.
pub(super) const MAX_LINES: usize = 50;
/// Stores of one checkout.
pub(crate) const MAX_STORES: usize = 20;
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
#[schema(as = NewOrderLine)]
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
    /// All of it, when it was written just now.
    pub frozen: Option<Arc<Frozen>>,
}

/// Why orders that were to be placed together were not: what is wrong, and with which of them.
#[derive(Debug)]
pub struct Refused {
    pub at: usize,
    pub error: Error,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        refused.error
    }
}

/// Holds the goods for `buyer` and writes the order. The same `key` gives the same order.
pub async fn place(shop: &Shop, buyer: &Buyer, key: &str, wanted: NewOrder) -> Result<Placed> {
    let placed = place_all(shop, buyer, key, vec![wanted]).await?;
    placed.into_iter().next().ok_or(Error::NotFound)
}

/// Places the orders of one checkout, one for each store: all of them stand, or none does. The same `key` with the
/// same orders gives the same answer.
pub async fn place_all(
    shop: &Shop,
    buyer: &Buyer,
    key: &str,
    wanted: Vec<NewOrder>,
) -> Result<Vec<Placed>, Refused> {
    place_from(shop, buyer, key, wanted, At::default()).await
}

/// Places an order that comes about otherwise than at home in the shop. The same `key` gives the same one.
///
/// Somebody who stands at the stall with the goods in hand need not say who they are, and there is no code to fetch it
/// by, for it is shown and not fetched. A pledge waits for its group.
pub(crate) async fn place_at(
    shop: &Shop,
    buyer: &Buyer,
    key: &str,
    wanted: NewOrder,
    at: At,
) -> Result<Placed> {
    let placed = place_from(shop, buyer, key, vec![wanted], at).await?;
    placed.into_iter().next().ok_or(Error::NotFound)
}

async fn place_from(
    shop: &Shop,
    buyer: &Buyer,
    key: &str,
    wanted: Vec<NewOrder>,
    from: At,
) -> Result<Vec<Placed>, Refused> {
    let all = |error: Error| Refused { at: 0, error };
    if wanted.is_empty() {
        return Err(all(Error::CartEmpty));
    }
    if wanted.len() > MAX_STORES {
        return Err(all(Error::Invalid(vec![("orders".to_owned(), "too-many")])));
    }
    let now_ms = shop.base.clock.now_ms();
    let mut asked = Vec::with_capacity(wanted.len());
    for (at, wanted) in wanted.into_iter().enumerate() {
        let wanted = checked(wanted, from.channel).map_err(|error| Refused { at, error })?;
        asked.push(Asked {
            order: OrderId::new(now_ms),
            intent: IntentId::new(now_ms),
            checkout: None,
            buyers: buyer.ids(),
            key: if at == 0 { key.to_owned() } else { format!("{key}.{at}") },
            body_hash: String::new(),
            pickup_code: shop.base.random.digits(PICKUP_CODE),
            wanted,
            from: from.clone(),
            now_ms,
        });
    }
    if asked.iter().any(|one| one.wanted.coupon.is_some()) {
        coupon::may_try(shop, buyer).map_err(all)?;
    }
    let checkout = (asked.len() > 1).then(|| asked[0].order.clone());
    // With others beside it, an order is the same request only when the others are the same too.
    let bodies: Vec<&NewOrder> = asked.iter().map(|one| &one.wanted).collect();
    let body_hash = match bodies.as_slice() {
        [one] if from.pledge.is_some() => hash(&(one, from.pledge.as_ref().map(|pledge| &pledge.group))),
        [one] => hash(one),
        several => hash(&several),
    };
    let body_hash = body_hash.map_err(all)?;
    for one in &mut asked {
        (one.checkout, one.body_hash) = (checkout.clone(), body_hash.clone());
    }
    let answer = shop.placing.ask(Ask::Place(asked)).await.map_err(|error| all(error.into()))?;
    if matches!(&answer, Err(Refused { error: Error::Coupon(CouponFault::Unknown), .. })) {
        coupon::count_guess(shop, buyer);
    }
    answer
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
    /// The orders of one checkout.
    Place(Vec<Asked>),
    /// Let go of what nobody paid for.
    Expire { now_ms: i64 },
}

/// One order on its way to the writer.
pub struct Asked {
    order: OrderId,
    intent: IntentId,
    /// The first order of its checkout, when there are several.
    checkout: Option<OrderId>,
    /// Every name this buyer's orders may be under; this one is kept under the first.
    buyers: Vec<String>,
    key: String,
    body_hash: String,
    pickup_code: String,
    wanted: NewOrder,
    from: At,
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

    fn placed(&self) -> Placed {
        Placed { order: self.order.clone(), intent: self.intent.clone(), frozen: None }
    }

    fn wish(&self) -> Wish<'_> {
        let wanted = &self.wanted;
        Wish {
            buyers: &self.buyers,
            lines: &wanted.lines,
            broadcast: wanted.broadcast.as_deref(),
            group: self.from.pledge.as_ref().map(|pledge| &pledge.group),
            coupon: wanted.coupon.as_deref(),
        }
    }
}

impl Batch for Placing {
    type Ask = Ask;
    type Answer = Result<Vec<Placed>, Refused>;

    async fn apply(&self, tx: &mut Tx, asks: &[Ask]) -> base::Result<Vec<Self::Answer>> {
        match write(tx, &self.shows, asks).await {
            Ok(answers) => Ok(answers),
            Err(Error::Internal(error)) => Err(error),
            // Refusals are answers of single orders; the batch itself fails only inside.
            Err(error) => Err(base::Error::Address(error.to_string())),
        }
    }
}

async fn write(
    tx: &mut Tx,
    shows: &showing::Known,
    asks: &[Ask],
) -> Result<Vec<Result<Vec<Placed>, Refused>>> {
    let now_ms = asks.iter().map(Ask::now_ms).max().unwrap_or_default();
    let_go(tx, now_ms).await?;
    let orders: Vec<&Asked> = asks.iter().flat_map(Ask::orders).collect();
    let mut known = known(tx, &orders).await?;
    let offers = offer::lock(tx, &variants(&orders)).await?;
    let new: Vec<Wish<'_>> =
        orders.iter().filter(|asked| !known.contains_key(&asked.name())).map(|asked| asked.wish()).collect();
    let terms = Terms::lock(tx, shows, &new, &offers, now_ms).await?;
    let mut left = Left { offers, terms };
    let mut admitted: Vec<Admitted<'_>> = Vec::with_capacity(orders.len());
    let mut answers = Vec::with_capacity(asks.len());
    for ask in asks {
        let together = ask.orders();
        if together.iter().any(|asked| known.contains_key(&asked.name())) {
            answers.push(again(&known, together));
            continue;
        }
        answers.push(left.admit_all(together, now_ms).map(|orders| {
            known.extend(together.iter().map(|asked| (asked.name(), Known::of(asked))));
            admitted.extend(orders);
            together.iter().map(Asked::placed).collect()
        }));
    }
    if !admitted.is_empty() {
        let frozen = write_down(tx, admitted, now_ms).await?;
        let frozen: HashMap<OrderId, Arc<Frozen>> =
            frozen.into_iter().map(|one| (one.order.id.clone(), Arc::new(one))).collect();
        for placed in answers.iter_mut().flatten().flatten() {
            placed.frozen = frozen.get(&placed.order).cloned();
        }
    }
    Ok(answers)
}

/// The answer to a request that came before.
fn again(known: &HashMap<(String, String), Known>, together: &[Asked]) -> Result<Vec<Placed>, Refused> {
    let one = |(at, asked): (usize, &Asked)| {
        let before = known.get(&asked.name()).filter(|before| before.body_hash == asked.body_hash);
        before.map(Known::placed).ok_or(Refused { at, error: Error::KeyReused })
    };
    together.iter().enumerate().map(one).collect()
}

impl Ask {
    fn now_ms(&self) -> i64 {
        match self {
            Ask::Place(orders) => orders.iter().map(|asked| asked.now_ms).max().unwrap_or_default(),
            Ask::Expire { now_ms } => *now_ms,
        }
    }

    fn orders(&self) -> &[Asked] {
        match self {
            Ask::Place(orders) => orders,
            Ask::Expire { .. } => &[],
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
        Placed { order: self.order_id.clone(), intent: self.intent_id.clone(), frozen: None }
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

/// What is left for the orders of a batch, after those before.
struct Left {
    offers: Offers,
    terms: Terms,
}

impl Left {
    /// Decides the orders of one checkout. All of them fit, or nothing is taken.
    fn admit_all<'a>(&mut self, together: &'a [Asked], now_ms: i64) -> Result<Vec<Admitted<'a>>, Refused> {
        let before = (together.len() > 1).then(|| (self.offers.clone(), self.terms.clone()));
        let one = |(at, asked)| self.admit(asked, now_ms).map_err(|error| Refused { at, error });
        let admitted = together.iter().enumerate().map(one).collect();
        if let (Err(_), Some(before)) = (&admitted, before) {
            (self.offers, self.terms) = before;
        }
        admitted
    }

    /// Decides one order, and takes its share.
    fn admit<'a>(&mut self, asked: &'a Asked, now_ms: i64) -> Result<Admitted<'a>> {
        let Left { offers, terms } = self;
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
        let lines = terms.with_deals(lines, &wish, now_ms);
        if asked.from.pledge.is_some() && lines.iter().any(|(offer, _)| offer.deal.is_none()) {
            return Err(Error::GroupFull);
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

/// Writes down what was admitted, and gives it as it stands now.
async fn write_down(tx: &mut Tx, admitted: Vec<Admitted<'_>>, now_ms: i64) -> Result<Vec<Frozen>> {
    let numbers = numbers(tx, &admitted, now_ms).await?;
    let (mut shows, mut taken) = (Vec::new(), HashMap::<VariantId, i64>::new());
    for order in &admitted {
        for (offer, quantity) in &order.lines {
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
    let coupons: Vec<Taken<'_>> = admitted.iter().filter_map(Admitted::coupon_taken).collect();
    if !coupons.is_empty() {
        coupon::hold(tx, &coupons, now_ms).await?;
    }
    let frozen: Vec<Frozen> =
        admitted.into_iter().zip(numbers).map(|(order, number)| order.freeze(number, now_ms)).collect();
    frozen::write(tx, &frozen, now_ms).await?;
    let dealt = |one: &&Frozen| one.lines.iter().any(|line| line.deal_id.is_some());
    let dealt: Vec<&OrderId> = frozen.iter().filter(dealt).map(|one| &one.order.id).collect();
    if !dealt.is_empty() {
        deal::tell(&mut *tx, &dealt).await?;
    }
    shows.sort_unstable();
    shows.dedup();
    stock::tell(tx, &levels, &shows).await?;
    jobs::put_at(tx, EXPIRE, &json!({}), now_ms + HOLD_MS).await?;
    for until_ms in
        frozen.iter().map(|one| one.order.expires_at_ms).filter(|until| *until != now_ms + HOLD_MS)
    {
        jobs::put_at(tx, EXPIRE, &json!({}), until_ms).await?;
    }
    Ok(frozen)
}

impl Admitted<'_> {
    fn coupon_taken(&self) -> Option<Taken<'_>> {
        let coupon = self.coupon.as_ref()?;
        Some(Taken { coupon, store: &self.store, order: &self.asked.order, buyer: self.asked.buyer() })
    }

    fn freeze(self, number: String, now_ms: i64) -> Frozen {
        let Admitted { asked, store, lines, priced, coupon } = self;
        let wanted = &asked.wanted;
        let is_fetched = wanted.hand_over == HandOver::Pickup && asked.from.channel == Channel::Online;
        let lines = lines.into_iter().zip(&priced.shares);
        Frozen {
            order: Order {
                id: asked.order.clone(),
                store_id: store,
                checkout_id: asked.checkout.clone(),
                number,
                order_state: OrderState::Pending,
                payment_state: PaymentState::Awaiting,
                fulfilment_state: FulfilmentState::New,
                canceled_for: String::new(),
                hand_over: wanted.hand_over,
                to: wanted.to.clone(),
                goods_won: priced.goods_won,
                delivery_won: priced.delivery_won,
                total_won: priced.total(),
                discount_won: priced.discount_won,
                delivery_off_won: priced.delivery_off_won,
                coupon_id: coupon,
                pickup_code: if is_fetched { asked.pickup_code.clone() } else { String::new() },
                tracking: String::new(),
                withdrawal_agreed: wanted.agreed,
                broadcast: wanted.broadcast.clone(),
                group_purchase_id: asked.from.pledge.as_ref().map(|pledge| pledge.group.clone()),
                channel: asked.from.channel,
                sign: asked.from.sign.clone(),
                placed_at_ms: now_ms,
                expires_at_ms: asked.from.pledge.as_ref().map_or(now_ms + HOLD_MS, |pledge| pledge.until_ms),
                paid_at_ms: None,
            },
            intent: asked.intent.clone(),
            lines: lines.map(|((offer, quantity), off)| line(offer, quantity, *off)).collect(),
            discounts: priced.cuts,
            buyer: asked.buyer().to_owned(),
            key: asked.key.clone(),
            body_hash: asked.body_hash.clone(),
        }
    }
}

pub(super) fn line(offer: Offer, quantity: i64, off: Won) -> Line {
    Line {
        product_id: offer.product_id,
        variant_id: offer.variant_id,
        product_name: offer.name,
        product_name_en: offer.name_en,
        variant_name: offer.variant_name,
        variant_name_en: offer.variant_name_en,
        unit: offer.unit,
        origin: offer.origin,
        withdrawal: offer.withdrawal,
        cover: offer.cover,
        deal_id: offer.deal.map(|deal| deal.id),
        price_won: offer.price_won,
        quantity,
        discount_won: off,
        total_won: Won(offer.price_won.0 * quantity) - off,
    }
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
    let mut numbers = Vec::with_capacity(admitted.len());
    for order in admitted {
        let next = next.get_mut(&order.store).ok_or(Error::NotFound)?;
        numbers.push(number(now_ms, *next));
        *next += 1;
    }
    Ok(numbers)
}

/// The number people call an order by: month and day, and the store's count.
pub(super) fn number(now_ms: i64, count: i64) -> String {
    let day = clock::at(now_ms).to_zoned(clock::seoul()).strftime("%m%d").to_string();
    format!("{day}-{count:03}")
}

fn checked(wanted: NewOrder, channel: Channel) -> Result<NewOrder> {
    let mut faults = Faults::default();
    faults.unless(wanted.lines.len() <= MAX_LINES, "lines", "too-many");
    let to = match channel {
        Channel::Online => wanted.to.checked(wanted.hand_over, &mut faults),
        Channel::Counter | Channel::Till => Recipient::default(),
    };
    // A show's id is ours and short; anything else is dropped rather than kept.
    let broadcast = wanted.broadcast.as_deref().and_then(|show| show.parse::<base::Id<()>>().ok());
    let coupon = wanted.coupon.filter(|code| !code.trim().is_empty());
    faults.done()?;
    for line in &wanted.lines {
        cart::check_quantity(line.quantity)?;
    }
    Ok(NewOrder { to, broadcast: broadcast.map(|show| show.to_string()), coupon, ..wanted })
}

/// What makes two requests with one key the same: everything as it was asked for.
pub(super) fn hash(wanted: &impl Serialize) -> Result<String> {
    let text = set::of(wanted)?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}
