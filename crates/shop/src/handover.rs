//! Handing over at the stall: the buyer shows a code or a picture of squares, the seller taps once.
//!
//! The picture carries the order and a signature that only this market can make, so that nobody makes one up; it
//! does nothing by itself. Whoever scans it must work in the order's own store. What nobody fetched by its day is
//! listed, and the seller may call it off.

use base::{Base, Db, events, jobs, settings, sql};
use people::StoreId;
use serde_json::json;
use tokio::sync::OnceCell;
use tracing::warn;

use crate::order::{Order, OrderId, OrderState, Summary};
use crate::{Error, Result, Shop, payment, set, stock};

pub mod api;
pub mod pages;

pub(crate) use web::qr::draw;

/// The setting that holds the market's own secret.
const SECRET: &str = "handover-secret";
/// Bytes of a signature that are kept: enough that nobody guesses, few enough for a picture a phone reads.
const SIGNED: usize = 16;
const DAY_MS: i64 = 24 * 3_600_000;

/// The market's secret, read once; made by whoever needs it first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seal(std::sync::Arc<OnceCell<base::Secret>>);

impl Seal {
    /// The key that signs.
    pub(crate) async fn key(&self, base: &Base) -> Result<aws_lc_rs::hmac::Key> {
        let secret = self.0.get_or_try_init(|| secret(base)).await?;
        Ok(aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.reveal().as_bytes()))
    }
}

async fn secret(base: &Base) -> Result<base::Secret> {
    if let Some(known) = settings::get::<base::Secret>(&base.db, SECRET).await? {
        return Ok(known);
    }
    // Two processes may make one at once: the first that is written stands.
    let mut tx = base.db.begin().await?;
    sql!(run &mut tx,
        "insert into settings (name, value) values ($1, $2) on conflict (name) do nothing",
        SECRET, json!(base.random.token::<32>()).to_string())?;
    tx.commit().await?;
    settings::get(&base.db, SECRET).await?.ok_or(Error::NotFound)
}

fn message(order: &Order) -> String {
    format!("handover {} {}", order.store_id, order.id)
}

/// What the buyer's picture says: the order, and the proof that we drew it.
pub async fn token(shop: &Shop, order: &Order) -> Result<String> {
    let key = shop.seal.key(&shop.base).await?;
    let tag = aws_lc_rs::hmac::sign(&key, message(order).as_bytes());
    let signed: String = tag.as_ref().iter().take(SIGNED).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}.{signed}", order.id))
}

/// The order a picture is about; `None`: we did not draw it. Of what was paid with the goods in hand there is no such
/// picture, for it would be good for ever: see [`crate::counter::paid`].
pub async fn read(shop: &Shop, token: &str) -> Result<Option<Order>> {
    let Some(order) = token.split_once('.').and_then(|(id, _)| id.parse::<OrderId>().ok()) else {
        return Ok(None);
    };
    let order: Option<Order> = sql!(opt & shop.base.db, "select * from orders where id = $1", &order)?;
    let Some(order) = order.filter(|order| !order.is_at_the_counter()) else { return Ok(None) };
    let expected = self::token(shop, &order).await?;
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), token.as_bytes());
    Ok(same.is_ok().then_some(order))
}

/// The goods change hands. From anywhere but a paid pickup that waits, it is a clear refusal.
pub async fn hand_over(shop: &Shop, store: &StoreId, id: &OrderId) -> Result<Order> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let handed: Option<Order> = sql!(opt &mut tx,
        "update orders set fulfilment_state = 'handed-over', order_state = 'completed', received_at_ms = $3,
             changed_at_ms = $3
         where id = $1 and store_id = $2 and hand_over = 'pickup' and payment_state = 'paid'
           and order_state = 'confirmed' and fulfilment_state in ('new', 'preparing') returning *", id, store, now_ms)?;
    let Some(order) = handed else {
        let order: Option<Order> =
            sql!(opt &mut tx, "select * from orders where id = $1 and store_id = $2", id, store)?;
        tx.rollback().await?;
        return Err(order.map_or(Error::NotFound, |order| refusal(&order)));
    };
    let event = json!({ "type": "order-moved", "stage": "handed-over" });
    events::put(&mut tx, &format!("order:{id}"), &event).await?;
    tx.commit().await?;
    Ok(order)
}

/// Why an order cannot be handed over.
pub(crate) fn refusal(order: &Order) -> Error {
    match order.order_state {
        OrderState::Completed => Error::HandedOverBefore,
        OrderState::Pending => Error::NotPaid,
        OrderState::Confirmed if !order.is_pickup() => Error::NotAPickup,
        OrderState::Confirmed => Error::NotPaid,
        OrderState::Canceled => Error::OrderMovedOn,
    }
}

/// The store's pickups that wait and have this code: often one, for the code has four digits.
pub async fn of_code(db: &Db, store: &StoreId, code: &str) -> Result<Vec<Order>> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    Ok(sql!(all db,
        "select * from orders where store_id = $1 and hand_over = 'pickup' and order_state = 'confirmed'
           and payment_state = 'paid' and pickup_code = $2 order by paid_at_ms, id limit 20", store, digits)?)
}

/// The store's pickups that wait, the longest first.
pub async fn waiting(db: &Db, store: &StoreId, limit: i64) -> Result<Vec<Summary>> {
    let ids: Vec<OrderId> = sql!(values db,
        "select id from orders where store_id = $1 and hand_over = 'pickup' and order_state = 'confirmed'
           and payment_state = 'paid' and channel = 'online' order by paid_at_ms, id limit $2", store, limit)?;
    Ok(sql!(all db,
        "select * from order_summaries where id in (select j.value ->> 'id' from json_each($1) as j)
         order by paid_at_ms, id", set::ids(&ids)?)?)
}

/// How many days a pickup of this store waits.
pub async fn days(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db, "select pickup_days from stores where id = $1", store)?)
}

/// Sets how many days a pickup waits.
pub async fn set_days(shop: &Shop, store: &StoreId, days: i64) -> Result<()> {
    if !(1..=30).contains(&days) {
        return Err(Error::Invalid(vec![("days".to_owned(), "pickup-days")]));
    }
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "update stores set pickup_days = $2 where id = $1", store, days)?;
    Ok(tx.commit().await?)
}

/// Whether a pickup was left behind.
pub(crate) fn is_left(order: &Order, days: i64, now_ms: i64) -> bool {
    order.paid_at_ms.is_some_and(|paid| paid + days * DAY_MS < now_ms)
}

/// The job that lets go by itself of what was left behind.
const NO_SHOW: &str = "shop-no-show";
const HOUR_MS: i64 = 3_600_000;
/// Pickups let go in one round; the next takes the rest.
const ROUND: i64 = 200;

/// Puts the next round into the queue, unless it is there.
pub(crate) async fn begin(base: &Base) -> Result<()> {
    let mut tx = base.db.begin().await?;
    jobs::put_round(&mut tx, NO_SHOW, HOUR_MS, base.clock.now_ms()).await?;
    Ok(tx.commit().await?)
}

/// Every hour: what nobody fetched by its day, and one more in which the seller could have waited longer, goes back on
/// the stall. What was paid with the goods in hand is never one of them: those goods are gone.
async fn let_go_of_no_shows(shop: &Shop) -> Result<()> {
    begin(&shop.base).await?;
    let left: Vec<(StoreId, OrderId)> = sql!(
        all & shop.base.db,
        "select o.store_id, o.id from orders o join stores s on s.id = o.store_id
         where o.hand_over = 'pickup' and o.channel = 'online' and o.payment_state = 'paid'
           and o.order_state = 'confirmed' and o.fulfilment_state in ('new', 'preparing')
           and o.paid_at_ms < $1 - $2 * (s.pickup_days + 1)
         order by o.paid_at_ms limit $3",
        shop.base.clock.now_ms(),
        DAY_MS,
        ROUND
    )?;
    for (store, order) in &left {
        match give_up(shop, store, order).await {
            // Fetched in this very moment.
            Ok(()) | Err(Error::OrderMovedOn) => {}
            Err(error) => {
                warn!(%order, %error, "A pickup that was left behind could not be let go; the next round tries again");
            }
        }
    }
    Ok(())
}

/// The jobs of pickups: the round of every hour.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let shop = shop.clone();
    workers.on(NO_SHOW, move |_| {
        let shop = shop.clone();
        async move { let_go_of_no_shows(&shop).await }
    });
}

/// Calls a pickup off that nobody fetched by its day: the goods are on the stall again, and the money goes back.
pub async fn give_up(shop: &Shop, store: &StoreId, id: &OrderId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let off = sql!(run &mut tx,
        "update orders set order_state = 'canceled', canceled_for = 'no-show', payment_state = 'refunding',
             changed_at_ms = $3
         where id = $1 and store_id = $2 and hand_over = 'pickup' and channel = 'online' and payment_state = 'paid'
           and order_state = 'confirmed' and fulfilment_state in ('new', 'preparing')
           and paid_at_ms < $3 - $4 * (select s.pickup_days from stores s where s.id = $2)",
        id, store, now_ms, DAY_MS)?;
    if off == 0 {
        let known: i64 =
            sql!(value &mut tx, "select count(*) from orders where id = $1 and store_id = $2", id, store)?;
        tx.rollback().await?;
        return Err(if known == 0 { Error::NotFound } else { Error::OrderMovedOn });
    }
    let levels = stock::take_back(&mut tx, store, id, now_ms).await?;
    payment::owe_refund(&mut tx, id, now_ms).await?;
    stock::tell(&mut tx, &levels, &[]).await?;
    let event = json!({ "type": "order-moved", "stage": "canceled" });
    events::put(&mut tx, &format!("order:{id}"), &event).await?;
    Ok(tx.commit().await?)
}
