//! The moving proof that an order is paid. It changes every ten seconds and is good for twenty, so that a picture of it
//! is worth nothing a moment later; and it is good for one hand-over, so that a copy that is quick enough is worth
//! nothing either.
//!
//! A step of time, the store and the order are signed by this market alone. Squares carry all of it; six digits are
//! what a person reads out. Beside it stand a thing and a colour of the store's moment, which the seller's screen shows
//! too: whoever knows the thing of the moment sees a screenshot from across the counter.

use aws_lc_rs::hmac;
use base::sql;
use people::StoreId;

use crate::order::{Order, OrderId, OrderState, PaymentState};
use crate::{Error, Result, Shop, handover, store};

/// How long one proof is shown.
pub const STEP_MS: i64 = 10_000;
/// Steps before this one that still count: whoever types needs a moment.
const STEPS_BEFORE: i64 = 1;
/// Bytes of a signature that are kept.
const SIGNED: usize = 12;
/// Digits that are read out.
const DIGITS: usize = 6;
/// Things of the moment: so many words, and so many colours in the stylesheet.
pub const THINGS: u8 = 12;
/// Orders that digits are held against.
const MOST: i64 = 500;

/// What a buyer shows at this moment.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What the squares say.
    pub token: String,
    /// What is read out.
    pub digits: String,
    /// The thing of the store's moment, 0 to 11.
    pub thing: u8,
    /// How long it stays.
    pub left_ms: i64,
}

fn step_at(now_ms: i64) -> i64 {
    now_ms.div_euclid(STEP_MS)
}

async fn sign(shop: &Shop, text: &str) -> Result<Vec<u8>> {
    let key = shop.seal.key(&shop.base).await?;
    Ok(hmac::sign(&key, text.as_bytes()).as_ref().to_vec())
}

async fn mark(shop: &Shop, store: &StoreId, order: &OrderId, step: i64) -> Result<Vec<u8>> {
    sign(shop, &format!("paid {store} {order} {step}")).await
}

fn token_of(order: &OrderId, step: i64, mark: &[u8]) -> String {
    let signed: String = mark.iter().take(SIGNED).map(|byte| format!("{byte:02x}")).collect();
    format!("{order}.{step}.{signed}")
}

fn digits_of(mark: &[u8]) -> String {
    let mut number = 0_u64;
    // The last bytes, which the squares do not show.
    for byte in mark.iter().rev().take(6) {
        number = number << 8 | u64::from(*byte);
    }
    format!("{:0width$}", number % 10_u64.pow(DIGITS as u32), width = DIGITS)
}

/// The thing of a store's moment. Within a round of twelve moments no two that follow each other are the same.
pub async fn thing(shop: &Shop, store: &StoreId, now_ms: i64) -> Result<u8> {
    let step = step_at(now_ms);
    let of = async |step: i64| -> Result<u8> {
        let mark = sign(shop, &format!("thing {store} {step}")).await?;
        Ok(mark.first().copied().unwrap_or_default())
    };
    // Each moment goes on by one to eleven things from the one before.
    let first = step.div_euclid(i64::from(THINGS)) * i64::from(THINGS);
    let mut now = of(first).await? % THINGS;
    for step in first + 1..=step {
        now = (now + 1 + of(step).await? % (THINGS - 1)) % THINGS;
    }
    Ok(now)
}

/// What the buyer of a paid order shows now.
pub async fn proof(shop: &Shop, order: &Order) -> Result<Proof> {
    let now_ms = shop.base.clock.now_ms();
    let step = step_at(now_ms);
    let mark = mark(shop, &order.store_id, &order.id, step).await?;
    Ok(Proof {
        token: token_of(&order.id, step, &mark),
        digits: digits_of(&mark),
        thing: thing(shop, &order.store_id, now_ms).await?,
        left_ms: (step + 1) * STEP_MS - now_ms,
    })
}

/// The order whose squares these are, whenever they were drawn; `None`: we did not draw them.
pub async fn read(shop: &Shop, token: &str) -> Result<Option<(Order, i64)>> {
    let mut parts = token.split('.');
    let (Some(id), Some(step), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    let (Ok(id), Ok(step)) = (id.parse::<OrderId>(), step.parse::<i64>()) else { return Ok(None) };
    let order: Option<Order> = sql!(opt & shop.base.db, "select * from orders where id = $1", &id)?;
    let Some(order) = order else { return Ok(None) };
    let mark = mark(shop, &order.store_id, &id, step).await?;
    let expected = token_of(&id, step, &mark);
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), token.as_bytes());
    Ok(same.is_ok().then_some((order, step)))
}

/// Looks at squares for a store: gives the order whose goods may go, or says clearly why they may not.
pub async fn check(shop: &Shop, here: &StoreId, token: &str) -> Result<Order> {
    let (order, step) = read(shop, token).await?.ok_or(Error::NotOurCode)?;
    if order.store_id != *here {
        let other = store::find(&shop.base.db, &order.store_id).await?;
        return Err(Error::OtherStore { store: other.name });
    }
    stands(&order)?;
    if is_fresh(step, shop.base.clock.now_ms()) { Ok(order) } else { Err(Error::ProofStale) }
}

/// Looks at digits that were read out: the store's orders that they belong to at this moment.
pub async fn of_digits(shop: &Shop, here: &StoreId, digits: &str) -> Result<Vec<Order>> {
    let waiting: Vec<Order> = sql!(
        all & shop.base.db,
        "select * from orders where store_id = $1 and hand_over = 'pickup' and order_state = 'confirmed'
           and payment_state = 'paid' order by paid_at_ms desc, id limit $2",
        here,
        MOST
    )?;
    let step = step_at(shop.base.clock.now_ms());
    let mut found = Vec::new();
    for order in waiting {
        for step in step - STEPS_BEFORE..=step {
            let known = digits_of(&mark(shop, here, &order.id, step).await?);
            if aws_lc_rs::constant_time::verify_slices_are_equal(known.as_bytes(), digits.as_bytes()).is_ok()
            {
                found.push(order);
                break;
            }
        }
    }
    Ok(found)
}

fn is_fresh(step: i64, now_ms: i64) -> bool {
    let now = step_at(now_ms);
    (now - STEPS_BEFORE..=now).contains(&step)
}

/// Whether the goods of an order may go.
fn stands(order: &Order) -> Result<()> {
    match (order.order_state, order.payment_state) {
        (_, PaymentState::Refunding | PaymentState::Refunded) => Err(Error::ProofRefunded),
        (OrderState::Confirmed, PaymentState::Paid) if order.is_pickup() => Ok(()),
        _ => Err(handover::refusal(order)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_good_for_its_own_moment_and_the_next() {
        let step = step_at(1_000_000);
        for (now_ms, fresh) in [
            (1_000_000, true),
            (1_009_999, true),
            (1_010_000, true),
            (1_019_999, true),
            (1_020_000, false),
            (999_999, false),
            (2_000_000, false),
        ] {
            assert_eq!(is_fresh(step, now_ms), fresh, "{now_ms}");
        }
    }

    #[test]
    fn digits_are_six_and_keep_their_zeros() {
        assert_eq!(digits_of(&[0; 32]), "000000");
        assert_eq!(digits_of(&[255; 32]).len(), DIGITS);
    }
}
