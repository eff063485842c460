//! Settling a group purchase: counted once at its deadline, then each pledge is charged or let go. Every step may be taken
//! again after a crash and does nothing the second time.

use base::{Tx, Won, jobs, sql};
use people::letter::{self, Letter};
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use tracing::warn;
use web::{Arg, Lang, words};

use super::{GRACE_MS, GroupPurchase, GroupPurchaseId, State, find, of_store};
use crate::order::{CanceledBy, Order, OrderId};
use crate::payment::{self, IntentState, NOT_YET, method};
use crate::{Error, Result, Shop, deal, order};

const CLOSE: &str = "shop.close-group-purchase";
const CHARGE: &str = "shop.charge-group-purchase";
const RELEASE: &str = "shop.release-group-purchase";

/// The payload of every job here.
#[derive(Serialize, Deserialize)]
pub(super) struct Of {
    pub(super) group: GroupPurchaseId,
}

/// The count at the deadline.
pub(super) async fn at(tx: &mut Tx, id: &GroupPurchaseId, closes_at_ms: i64) -> Result<()> {
    Ok(jobs::put_at(tx, CLOSE, &Of { group: id.clone() }, closes_at_ms).await?)
}

/// The jobs of a group purchase.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let here = shop.clone();
    workers.on(CLOSE, move |job| {
        let shop = here.clone();
        async move { count(&shop, &job.payload::<Of>()?.group).await }
    });
    let here = shop.clone();
    workers.on(CHARGE, move |job| {
        let shop = here.clone();
        async move { charge_all(&shop, &job.payload::<Of>()?.group).await }
    });
    let here = shop.clone();
    workers.on(RELEASE, move |job| {
        let shop = here.clone();
        async move { release_all(&shop, &job.payload::<Of>()?.group).await }
    });
}

/// Closes it before its time, which only a group that is reached allows.
pub(crate) async fn close(shop: &Shop, store: &StoreId, id: &GroupPurchaseId) -> Result<GroupPurchase> {
    let group = of_store(&shop.base.db, store, id).await?;
    let mut tx = shop.base.db.begin().await?;
    settle(&mut tx, &group.id, Count::IfReached, shop.base.clock.now_ms()).await?;
    tx.commit().await?;
    find(&shop.base.db, id).await
}

/// Takes it back: every pledge is let go, and nobody is charged.
pub(crate) async fn call_off(shop: &Shop, store: &StoreId, id: &GroupPurchaseId) -> Result<GroupPurchase> {
    let group = of_store(&shop.base.db, store, id).await?;
    let mut tx = shop.base.db.begin().await?;
    settle(&mut tx, &group.id, Count::Not, shop.base.clock.now_ms()).await?;
    tx.commit().await?;
    find(&shop.base.db, id).await
}

/// The job at the deadline.
async fn count(shop: &Shop, id: &GroupPurchaseId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    match settle(&mut tx, id, Count::Pieces, shop.base.clock.now_ms()).await {
        // Somebody settled it before.
        Err(Error::GroupOver) => Ok(tx.rollback().await?),
        Err(error) => Err(error),
        Ok(()) => Ok(tx.commit().await?),
    }
}

/// What decides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// The pieces that are pledged.
    Pieces,
    /// The same, and too few leave it open.
    IfReached,
    /// The seller takes it back.
    Not,
}

async fn settle(tx: &mut Tx, id: &GroupPurchaseId, count: Count, now_ms: i64) -> Result<()> {
    // Of two that settle at once the second waits here, and finds it settled.
    let group: Option<GroupPurchase> = sql!(opt &mut *tx,
        "update group_purchases set state = state where id = $1 and state = 'open' returning *", id)?;
    let group = group.ok_or(Error::GroupOver)?;
    // From here on nobody pledges: what is counted stays.
    let pieces = deal::close(&mut *tx, &group.deal_id, now_ms).await?;
    let reached = group.tier_of(pieces);
    let (state, job) = match (count, reached) {
        (Count::Not, _) => (State::CalledOff, RELEASE),
        (Count::IfReached, None) => return Err(Error::GroupNotReached),
        (_, None) => (State::Missed, RELEASE),
        (_, Some(_)) => (State::Reached, CHARGE),
    };
    let price = reached.filter(|_| state == State::Reached).map(|tier| tier.price_won);
    sql!(run &mut *tx,
        "update group_purchases set state = $2, settled_at_ms = $3, price_won = $4, pieces = $5 where id = $1",
        id, state, now_ms, price, pieces)?;
    Ok(jobs::put(tx, job, &Of { group: id.clone() }).await?)
}

/// The pledges that wait.
async fn waiting(shop: &Shop, id: &GroupPurchaseId) -> Result<Vec<(OrderId, String)>> {
    Ok(sql!(
        all & shop.base.db,
        "select id, buyer from orders where group_purchase_id = $1 and order_state = 'pending' order by placed_at_ms, id",
        id
    )?)
}

async fn charge_all(shop: &Shop, id: &GroupPurchaseId) -> Result<()> {
    let group = find(&shop.base.db, id).await?;
    let Some(price) = group.price_won else { return Ok(()) };
    let mut outcome = Ok(());
    for (order, buyer) in waiting(shop, id).await? {
        // One that cannot be charged now keeps nobody behind it waiting; the job comes back for it.
        if let Err(error) = charge(shop, &group, &order, person_of(&buyer), price).await {
            warn!(%order, %error, "The pledge {order} could not be charged");
            outcome = Err(error);
        }
    }
    outcome
}

/// Opens one pledge's payment at the price that was reached, and charges the card that was left for it.
async fn charge(
    shop: &Shop,
    group: &GroupPurchase,
    order: &OrderId,
    person: Option<PersonId>,
    price: Won,
) -> Result<()> {
    open(shop, order, price).await?;
    let intent = payment::of_order(&shop.base.db, order).await?;
    let Some(person) = person else { return Ok(()) };
    let kept = method::kept(&shop.base.db, &person, &group.store_id).await?;
    let state = match kept {
        // The same key is the same try, however often this job runs.
        Some(kept) if intent.state == IntentState::RequiresMethod => {
            match payment::pay_kept(shop, &intent.id, &format!("group-{order}"), &person, &kept.token).await {
                Ok(paid) => paid.state,
                // The card of the first try was refused, and another one was left since: the buyer pays with it.
                Err(Error::KeyReused) => intent.state,
                Err(error) => return Err(error),
            }
        }
        _ => intent.state,
    };
    let key = match state {
        IntentState::Succeeded => "group-letter-charged",
        IntentState::RequiresMethod => "group-letter-declined",
        // Not known yet: the order's page will tell.
        _ => return Ok(()),
    };
    tell(shop, group, order, &person, key).await
}

/// Gives a pledge its last price and lets it be paid, once.
async fn open(shop: &Shop, order: &OrderId, price: Won) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    // The order's row first, as everything that changes an order does.
    let waits = sql!(run &mut tx,
        "update orders set order_state = order_state where id = $1 and order_state = 'pending'", order)?;
    let opened = sql!(run &mut tx,
        "update payment_intents set opens_at_ms = 0 where order_id = $1 and opens_at_ms = $2", order, NOT_YET)?;
    if waits == 1 && opened == 1 {
        sql!(run &mut tx,
            "update order_lines set price_won = $2, total_won = $2 * quantity where order_id = $1", order, price)?;
        sql!(run &mut tx,
            "update orders set goods_won = w.won, total_won = w.won + delivery_won, changed_at_ms = $2
             from (select cast(sum(total_won) as bigint) as won from order_lines where order_id = $1) as w
             where id = $1", order, shop.base.clock.now_ms())?;
        sql!(run &mut tx,
            "update payment_intents set amount_won = (select total_won from orders where id = $1) where order_id = $1",
            order)?;
    }
    Ok(tx.commit().await?)
}

async fn release_all(shop: &Shop, id: &GroupPurchaseId) -> Result<()> {
    let group = find(&shop.base.db, id).await?;
    let mut outcome = Ok(());
    for (id, buyer) in waiting(shop, id).await? {
        let order: Order = order::of_store(&shop.base.db, &group.store_id, &id).await?;
        match order::cancel(shop, &order, CanceledBy::Group).await {
            // The buyer was faster.
            Ok(()) | Err(Error::OrderMovedOn) => {}
            Err(error) => {
                warn!(order = %id, %error, "The pledge {id} could not be let go");
                outcome = Err(error);
                continue;
            }
        }
        if let Some(person) = person_of(&buyer) {
            tell(shop, &group, &id, &person, "group-letter-missed").await?;
        }
    }
    outcome
}

/// Who pledged: only people do, and an order is kept under their name.
fn person_of(buyer: &str) -> Option<PersonId> {
    buyer.strip_prefix("person:").and_then(|id| id.parse().ok())
}

/// Writes to somebody how it went. It is about their own order, so it asks for no consent to advertising.
async fn tell(
    shop: &Shop,
    group: &GroupPurchase,
    order: &OrderId,
    person: &PersonId,
    key: &str,
) -> Result<()> {
    let (name, total): (String, Won) = sql!(
        one & shop.base.db,
        "select l.product_name, o.total_won from orders o join order_lines l on l.order_id = o.id and l.place = 0
         where o.id = $1",
        order
    )?;
    let home = group.home.trim_end_matches('/');
    let url = format!("{home}/orders/{order}");
    let say = |key: &str| {
        let args = vec![
            ("name", Arg::from(name.as_str())),
            ("won", Arg::from(total.0)),
            ("url", Arg::from(url.as_str())),
        ];
        words::say(Lang::Ko, key, args)
    };
    let letter = Letter {
        id: format!("{key}:{order}"),
        person: person.clone(),
        subject: say("group-letter-subject"),
        text: say(key),
        stop: format!("{home}/me"),
        until_ms: group.closes_at_ms + GRACE_MS,
    };
    let mut tx = shop.base.db.begin().await?;
    letter::put(&mut tx, &letter).await?;
    Ok(tx.commit().await?)
}
