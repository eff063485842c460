//! Orders as records: with what was paid, given back, sent and returned, a page at a time in eight statements.

use base::{Db, Won, sql};
use people::StoreId;
use sqlx::FromRow;

use super::format::{PastDiscount, PastLine, PastOrder, PastParcel, PastPayment, PastRefund, PastReturn, To};
use super::read::{Place, grouped, ids};
use crate::Result;
use crate::product::ProductId;
use crate::text::Text;

/// How long the law has records of contracts, payments and deliveries kept (전자상거래법 시행령 §6): five years. What is older
/// leaves without the buyer.
pub(super) const KEPT_MS: i64 = 5 * 365 * 24 * 3_600_000;

#[derive(FromRow)]
struct OrderRow {
    id: String,
    number: String,
    buyer: String,
    order_state: String,
    payment_state: String,
    fulfilment_state: String,
    canceled_for: String,
    hand_over: String,
    recipient: String,
    phone: String,
    postcode: String,
    address: String,
    address_detail: String,
    note: String,
    goods_won: Won,
    discount_won: Won,
    delivery_won: Won,
    delivery_off_won: Won,
    total_won: Won,
    placed_at_ms: i64,
    paid_at_ms: Option<i64>,
    received_at_ms: Option<i64>,
}

#[derive(FromRow)]
struct LineRow {
    order_id: String,
    product: Option<ProductId>,
    product_name: String,
    product_name_en: String,
    variant_name: String,
    variant_name_en: String,
    unit: String,
    origin: String,
    withdrawal: String,
    price_won: Won,
    quantity: i64,
    discount_won: Won,
    total_won: Won,
    returned: i64,
}

#[derive(FromRow)]
struct DiscountRow {
    order_id: String,
    source: String,
    name: String,
    name_en: String,
    won: Won,
    on_delivery: bool,
}

#[derive(FromRow)]
struct PaymentRow {
    order_id: String,
    gateway: String,
    method: String,
    state: String,
    captured_won: Won,
    provider_key: Option<String>,
    created_at_ms: i64,
}

#[derive(FromRow)]
struct RefundRow {
    order_id: String,
    amount_won: Won,
    reason: String,
    asked_by: String,
    state: String,
    created_at_ms: i64,
    done_at_ms: Option<i64>,
}

#[derive(FromRow)]
struct ParcelRow {
    order_id: String,
    carrier: String,
    number: String,
    sent_at_ms: i64,
    delivered_at_ms: Option<i64>,
}

#[derive(FromRow)]
struct ReturnRow {
    order_id: String,
    wish: String,
    reason: String,
    words: String,
    state: String,
    refund_won: Won,
    asked_at_ms: i64,
    settled_at_ms: Option<i64>,
}

/// The next orders, and the place behind them.
pub(super) async fn orders(
    db: &Db,
    store: &StoreId,
    after: &Place,
    most: i64,
    now_ms: i64,
    named: impl Fn(&str) -> String,
) -> Result<(Vec<PastOrder>, Option<Place>)> {
    let rows: Vec<OrderRow> = sql!(all db,
        "select id, number, buyer, order_state, payment_state, fulfilment_state, canceled_for, hand_over, recipient,
             phone, postcode, address, address_detail, note, goods_won, discount_won, delivery_won, delivery_off_won,
             total_won, placed_at_ms, paid_at_ms, received_at_ms
         from orders where store_id = $1 and (placed_at_ms, id) > ($2, $3)
         order by placed_at_ms, id limit $4", store, after.0, &after.1, most)?;
    let next = rows.last().map(|row| (row.placed_at_ms, row.id.clone()));
    let wanted = ids(&rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>())?;
    let lines: Vec<LineRow> = sql!(all db,
        "select l.order_id, p.id as product, l.product_name, l.product_name_en, l.variant_name, l.variant_name_en,
             l.unit, l.origin, l.withdrawal, l.price_won, l.quantity, l.discount_won, l.total_won, l.returned
         from order_lines l left join products p on p.id = l.product_id and p.removed_at_ms is null
         where l.order_id in (select j.value ->> 'id' from json_each($1) as j) order by l.order_id, l.place", &wanted)?;
    let discounts: Vec<DiscountRow> = sql!(all db,
        "select order_id, source, name, name_en, won, on_delivery from order_discounts
         where order_id in (select j.value ->> 'id' from json_each($1) as j) order by order_id, place", &wanted)?;
    let payments: Vec<PaymentRow> = sql!(all db,
        "select i.order_id, a.gateway, a.method, a.state, a.captured_won, a.provider_key, a.created_at_ms
         from payment_attempts a join payment_intents i on i.id = a.intent_id
         where a.state in ('charged', 'refunded')
           and i.order_id in (select j.value ->> 'id' from json_each($1) as j) order by i.order_id, a.place", &wanted)?;
    let refunds: Vec<RefundRow> = sql!(all db,
        "select order_id, amount_won, reason, asked_by, state, created_at_ms, done_at_ms from refunds
         where order_id in (select j.value ->> 'id' from json_each($1) as j) order by order_id, created_at_ms, id",
        &wanted)?;
    let parcels: Vec<ParcelRow> = sql!(all db,
        "select order_id, carrier, number, sent_at_ms, delivered_at_ms from shipments
         where removed_at_ms is null and order_id in (select j.value ->> 'id' from json_each($1) as j)
         order by order_id, sent_at_ms, id", &wanted)?;
    let returns: Vec<ReturnRow> = sql!(all db,
        "select order_id, wish, reason, words, state, refund_won, asked_at_ms, settled_at_ms from returns
         where order_id in (select j.value ->> 'id' from json_each($1) as j) order by order_id, asked_at_ms, id",
        &wanted)?;
    let mut lines = grouped(lines, |row| row.order_id.clone());
    let mut discounts = grouped(discounts, |row| row.order_id.clone());
    let mut payments = grouped(payments, |row| row.order_id.clone());
    let mut refunds = grouped(refunds, |row| row.order_id.clone());
    let mut parcels = grouped(parcels, |row| row.order_id.clone());
    let mut returns = grouped(returns, |row| row.order_id.clone());
    let told = rows.into_iter().map(|row| {
        let id = row.id.clone();
        PastOrder {
            buyer: named(&row.buyer),
            to: to(&row, now_ms),
            number: row.number,
            order_state: row.order_state,
            payment_state: row.payment_state,
            fulfilment_state: row.fulfilment_state,
            canceled_for: row.canceled_for,
            hand_over: row.hand_over,
            goods_won: row.goods_won,
            discount_won: row.discount_won,
            delivery_won: row.delivery_won,
            delivery_off_won: row.delivery_off_won,
            total_won: row.total_won,
            placed_at_ms: row.placed_at_ms,
            paid_at_ms: row.paid_at_ms,
            received_at_ms: row.received_at_ms,
            lines: lines.remove(&id).unwrap_or_default().into_iter().map(line).collect(),
            discounts: discounts.remove(&id).unwrap_or_default().into_iter().map(discount).collect(),
            payments: payments.remove(&id).unwrap_or_default().into_iter().map(payment).collect(),
            refunds: refunds.remove(&id).unwrap_or_default().into_iter().map(refund).collect(),
            parcels: parcels.remove(&id).unwrap_or_default().into_iter().map(parcel).collect(),
            returns: returns.remove(&id).unwrap_or_default().into_iter().map(sent_back).collect(),
        }
    });
    Ok((told.collect(), next))
}

/// Whoever gets it, while there is a ground to keep that: the order was paid, and the law has its records kept.
fn to(row: &OrderRow, now_ms: i64) -> Option<To> {
    let is_kept = row.paid_at_ms.is_some() && row.placed_at_ms > now_ms - KEPT_MS;
    is_kept.then(|| To {
        recipient: row.recipient.clone(),
        phone: row.phone.clone(),
        postcode: row.postcode.clone(),
        address: row.address.clone(),
        address_detail: row.address_detail.clone(),
        note: row.note.clone(),
    })
}

fn line(row: LineRow) -> PastLine {
    PastLine {
        product: row.product,
        name: Text::new(row.product_name, row.product_name_en),
        variant: Text::new(row.variant_name, row.variant_name_en),
        unit: row.unit,
        origin: row.origin,
        withdrawal: row.withdrawal,
        price_won: row.price_won,
        quantity: row.quantity,
        discount_won: row.discount_won,
        total_won: row.total_won,
        returned: row.returned,
    }
}

fn discount(row: DiscountRow) -> PastDiscount {
    let name = Text::new(row.name, row.name_en);
    PastDiscount { source: row.source, name, won: row.won, on_delivery: row.on_delivery }
}

fn payment(row: PaymentRow) -> PastPayment {
    PastPayment {
        gateway: row.gateway,
        method: row.method,
        state: row.state,
        captured_won: row.captured_won,
        provider_key: row.provider_key,
        at_ms: row.created_at_ms,
    }
}

fn refund(row: RefundRow) -> PastRefund {
    PastRefund {
        amount_won: row.amount_won,
        reason: row.reason,
        asked_by: row.asked_by,
        state: row.state,
        at_ms: row.created_at_ms,
        done_at_ms: row.done_at_ms,
    }
}

fn parcel(row: ParcelRow) -> PastParcel {
    PastParcel {
        carrier: row.carrier,
        number: row.number,
        sent_at_ms: row.sent_at_ms,
        delivered_at_ms: row.delivered_at_ms,
    }
}

fn sent_back(row: ReturnRow) -> PastReturn {
    PastReturn {
        wish: row.wish,
        reason: row.reason,
        words: row.words,
        state: row.state,
        refund_won: row.refund_won,
        asked_at_ms: row.asked_at_ms,
        settled_at_ms: row.settled_at_ms,
    }
}
