//! A sale at the till as an order: written, paid and handed over in one transaction, on the same stock and under the
//! same rules as an order from a phone far away.

use base::{Tx, Won, sql};
use people::StoreId;

use super::offer::{self, Offer};
use super::place::{MAX_LINES, line, number};
use super::{Channel, FulfilmentState, HOLD_MS, Order, OrderId, OrderState, PaymentState, frozen};
use crate::delivery::{HandOver, Recipient};
use crate::order::Frozen;
use crate::payment::IntentId;
use crate::product::VariantId;
use crate::stock::{self, Amount};
use crate::{Error, Result, cart};

/// What somebody takes along, and what each piece cost them.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) variant: VariantId,
    pub(crate) quantity: i64,
    pub(crate) price_won: Won,
}

/// How strictly the book is kept to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taking {
    /// The line is up: today's prices, and nothing that is promised to others.
    Now,
    /// The goods are gone and the money is in the drawer already: it is written as it was.
    Before,
}

/// A sale that is about to be written.
pub(crate) struct Sold<'a> {
    pub(crate) order: OrderId,
    pub(crate) store: &'a StoreId,
    /// Under which name the order is kept. Who bought is nobody's business at the till until they say so.
    pub(crate) buyer: String,
    pub(crate) key: &'a str,
    pub(crate) body_hash: &'a str,
    pub(crate) lines: &'a [Wanted],
    pub(crate) taking: Taking,
    pub(crate) now_ms: i64,
}

/// A sale as it was written, and the pieces that the book did not have.
pub(crate) struct Written {
    pub(crate) order: Order,
    pub(crate) intent: IntentId,
    pub(crate) over: Vec<Amount>,
}

/// Writes a sale. Goods of another store are not there; more than there is, or another price, is refused or, when it
/// has happened already, told.
pub(crate) async fn walk_in(tx: &mut Tx, sold: &Sold<'_>) -> Result<Written> {
    let Sold { store, now_ms, .. } = *sold;
    if sold.lines.is_empty() {
        return Err(Error::CartEmpty);
    }
    if sold.lines.len() > MAX_LINES {
        return Err(Error::Invalid(vec![("lines".to_owned(), "too-many")]));
    }
    let mut variants: Vec<VariantId> = sold.lines.iter().map(|line| line.variant.clone()).collect();
    variants.sort_unstable();
    variants.dedup();
    let offers = offer::lock(tx, &variants).await?;
    let mut lines: Vec<(Offer, i64)> = Vec::with_capacity(sold.lines.len());
    let mut wanted: Vec<Amount> = Vec::with_capacity(variants.len());
    for one in sold.lines {
        cart::check_quantity(one.quantity)?;
        let offer =
            offers.get(&one.variant).filter(|offer| offer.store_id == *store).ok_or(Error::NotFound)?;
        if sold.taking == Taking::Now && offer.price_won != one.price_won {
            return Err(Error::PriceChanged);
        }
        let mut sold_as = offer.clone();
        sold_as.price_won = one.price_won;
        lines.push((sold_as, one.quantity));
        match wanted.iter_mut().find(|amount| amount.variant_id == one.variant) {
            Some(amount) => amount.quantity += one.quantity,
            None => wanted.push(Amount { variant_id: one.variant.clone(), quantity: one.quantity }),
        }
    }
    super::place::goods(&lines)?;
    let mut over = Vec::new();
    for amount in &wanted {
        let Some(offer) = offers.get(&amount.variant_id) else { return Err(Error::NotFound) };
        let lacking = amount.quantity - offer.available;
        if lacking > 0 && sold.taking == Taking::Now {
            return Err(Error::SoldOut { name: offer.name.clone(), left: offer.available.max(0) });
        }
        if lacking > 0 {
            over.push(Amount { variant_id: amount.variant_id.clone(), quantity: lacking });
        }
    }
    if !over.is_empty() {
        // They were there, whatever the book says: it learns so first, and what is promised stays promised.
        stock::were_there(tx, store, &over, now_ms).await?;
    }
    let frozen = freeze(tx, sold, lines).await?;
    frozen::write(tx, std::slice::from_ref(&frozen), now_ms).await?;
    wanted.sort_unstable_by(|a, b| a.variant_id.cmp(&b.variant_id));
    let levels = stock::reserve(tx, &wanted).await?;
    stock::commit(tx, store, &frozen.order.id, now_ms).await?;
    let order: Order = sql!(one &mut *tx,
        "update orders set order_state = 'completed', payment_state = 'paid', fulfilment_state = 'handed-over',
             paid_at_ms = $2, received_at_ms = $2, changed_at_ms = $2
         where id = $1 returning *", &frozen.order.id, now_ms)?;
    stock::tell(tx, &levels, &[]).await?;
    Ok(Written { order, intent: frozen.intent, over })
}

async fn freeze(tx: &mut Tx, sold: &Sold<'_>, lines: Vec<(Offer, i64)>) -> Result<Frozen> {
    let Sold { store, now_ms, .. } = *sold;
    let count: i64 = sql!(value &mut *tx,
        "update stores set orders_placed = orders_placed + 1 where id = $1 returning orders_placed", store)?;
    let goods: Won = lines.iter().map(|(offer, quantity)| Won(offer.price_won.0 * quantity)).sum();
    Ok(Frozen {
        order: Order {
            id: sold.order.clone(),
            store_id: store.clone(),
            checkout_id: None,
            number: number(now_ms, count),
            order_state: OrderState::Pending,
            payment_state: PaymentState::Awaiting,
            fulfilment_state: FulfilmentState::New,
            canceled_for: String::new(),
            hand_over: HandOver::Pickup,
            to: Recipient::default(),
            goods_won: goods,
            delivery_won: Won::ZERO,
            total_won: goods,
            discount_won: Won::ZERO,
            delivery_off_won: Won::ZERO,
            coupon_id: None,
            pickup_code: String::new(),
            tracking: String::new(),
            withdrawal_agreed: false,
            broadcast: None,
            group_purchase_id: None,
            channel: Channel::Till,
            sign: None,
            placed_at_ms: now_ms,
            expires_at_ms: now_ms + HOLD_MS,
            paid_at_ms: None,
        },
        intent: IntentId::new(now_ms),
        lines: lines.into_iter().map(|(offer, quantity)| line(offer, quantity, Won::ZERO)).collect(),
        discounts: Vec::new(),
        buyer: sold.buyer.clone(),
        key: sold.key.to_owned(),
        body_hash: sold.body_hash.to_owned(),
    })
}

/// Calls a sale off whose money goes back: the goods are on the stall again. `None`: it is not one that can be.
pub(crate) async fn call_off(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    now_ms: i64,
) -> Result<Option<Order>> {
    // Money that went back in part, or goods that came back, are settled piece by piece on the order's own page.
    let off: Option<Order> = sql!(opt &mut *tx,
        "update orders set order_state = 'canceled', canceled_for = 'seller', payment_state = 'refunding',
             changed_at_ms = $3
         where id = $1 and store_id = $2 and channel = 'till' and order_state = 'completed' and payment_state = 'paid'
           and not exists (select 1 from refunds r where r.order_id = $1 and r.state <> 'failed')
           and not exists (select 1 from returns r where r.order_id = $1 and r.state not in ('refused', 'taken-back'))
         returning *", order, store, now_ms)?;
    if off.is_some() {
        let levels = stock::take_back(tx, store, order, now_ms).await?;
        crate::payment::owe_refund(tx, order, now_ms).await?;
        stock::tell(tx, &levels, &[]).await?;
    }
    Ok(off)
}
