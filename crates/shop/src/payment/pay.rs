//! Paying: a row first, then the question to the payment company outside any transaction, then what was seen.

use base::{Db, Won, sql};
use people::PersonId;

use super::attempt::{self, Attempt, AttemptState, Begun, Means, begin};
use super::gateway::{Ask, Gateway, Observed, RefundTo, Seen};
use super::{Intent, IntentId, IntentState, apply_observed_state, find};
use crate::{Error, Result, Shop, StoreId};

/// How long somebody has to pay into an account, in hours. The goods are held as long.
pub const DEPOSIT_HOURS: i64 = 24;

/// Where a try stands after it was asked for.
#[derive(Clone, Debug)]
pub struct Paid {
    /// The state of the whole payment.
    pub state: IntentState,
    /// The try, unless another one is under way.
    pub attempt: Option<Attempt>,
    /// Where the buyer goes on, when they have to go anywhere.
    pub window: Option<String>,
}

/// Charges an intent by a card for practice. The same key is the same try; while another is under way, or after
/// one succeeded, nothing is charged and the answer tells where things stand.
pub async fn pay(shop: &Shop, intent: &IntentId, key: &str, card: &str) -> Result<Paid> {
    by(shop, intent, key, "", Means::Practice(card.to_owned())).await
}

/// Charges an intent by a kept card of `person`.
pub async fn pay_kept(
    shop: &Shop,
    intent: &IntentId,
    key: &str,
    person: &PersonId,
    token: &str,
) -> Result<Paid> {
    by(shop, intent, key, person.as_str(), Means::Kept(token.to_owned())).await
}

/// Opens an account for the deposit, held open for [`DEPOSIT_HOURS`].
pub async fn pay_by_account(
    shop: &Shop,
    intent: &IntentId,
    key: &str,
    bank: &str,
    refund_to: RefundTo,
) -> Result<Paid> {
    let means = Means::Account { bank: bank.to_owned(), refund_to: refund_to.clone() };
    by(shop, intent, key, &refund_to.holder, means).await
}

/// Sends the buyer to the payment company's window; they come back to `here`.
pub async fn pay_at_window(shop: &Shop, intent: &IntentId, key: &str, here: &str) -> Result<Paid> {
    by(shop, intent, key, here, Means::Window).await
}

/// The buyer has come back from the window with what it told them. The amount and the names are ours; theirs are
/// only compared.
pub async fn returned(
    shop: &Shop,
    intent: &IntentId,
    key: &str,
    order: &str,
    amount: Won,
) -> Result<IntentState> {
    let intent = find(&shop.base.db, intent).await?;
    let last = attempt::last(&shop.base.db, &intent.id).await?.filter(|last| last.id.as_str() == order);
    let last = last.ok_or(Error::NotFound)?;
    if amount != intent.amount_won || last.provider_key.as_deref() != Some(key) {
        return Err(Error::PriceChanged);
    }
    let gateway = contract(shop, &intent.store_id)?;
    if let Some(started) = attempt::start(shop, &last.id).await? {
        shop.base.db.reach("pay-begun").await;
        let observed = gateway.confirm(key, order, intent.amount_won).await;
        shop.base.db.reach("pay-answered").await;
        apply_observed_state(shop, &started, observed).await?;
    }
    Ok(find(&shop.base.db, &intent.id).await?.state)
}

/// The buyer has come back from the window without paying: they may try again at once.
pub async fn left_window(shop: &Shop, intent: &IntentId) -> Result<()> {
    let Some(last) = attempt::last(&shop.base.db, intent).await? else { return Ok(()) };
    if last.state == AttemptState::Opened {
        apply_observed_state(shop, &last, Observed::only(Seen::Declined("LEFT".to_owned()))).await?;
    }
    Ok(())
}

/// Where the buyer goes on, if they are at the window.
pub async fn window(shop: &Shop, intent: &Intent) -> Result<Option<String>> {
    let Some(last) = attempt::last(&shop.base.db, &intent.id).await? else { return Ok(None) };
    if last.state != AttemptState::Opened {
        return Ok(None);
    }
    let observed = contract(shop, &intent.store_id)?.get(last.id.as_str()).await?;
    Ok(observed.and_then(|observed| observed.window))
}

/// The store's contract.
pub(super) fn contract(shop: &Shop, store: &StoreId) -> Result<Gateway> {
    shop.contracts.of(store).ok_or(Error::NoContract)
}

async fn by(shop: &Shop, id: &IntentId, key: &str, with: &str, means: Means) -> Result<Paid> {
    let intent = find(&shop.base.db, id).await?;
    let gateway = contract(shop, &intent.store_id)?;
    if matches!(means, Means::Practice(_)) && !gateway.is_practice() {
        return Err(Error::Invalid(vec![("card".to_owned(), "choose")]));
    }
    let attempt = match begin(shop, id, key, gateway.name(), &means).await? {
        Begun::New(attempt) => attempt,
        Begun::Same(attempt) => return stands(shop, id, Some(attempt)).await,
        Begun::Busy => return stands(shop, id, None).await,
    };
    let name = name(&shop.base.db, &intent).await?;
    let ask = Ask { order: attempt.id.as_str(), amount: intent.amount_won, name: &name, customer: with };
    shop.base.db.reach("pay-begun").await;
    let observed = match &means {
        Means::Window => gateway.create(&ask, with).await,
        Means::Practice(card) => confirmed(&gateway, &ask, card).await,
        Means::Kept(token) => gateway.charge_kept(&ask, token).await,
        Means::Account { bank, .. } => {
            gateway.open_account(&ask, bank, DEPOSIT_HOURS, &intent.cash_receipt).await
        }
    };
    shop.base.db.reach("pay-answered").await;
    if means == Means::Window && observed.seen != Seen::Opened {
        // Nothing is ever taken before the buyer comes back, so this try is simply over.
        apply_observed_state(shop, &attempt, Observed::only(Seen::Declined("AWAY".to_owned()))).await?;
        return Err(Error::GatewayAway);
    }
    let window = observed.window.clone().filter(|_| means == Means::Window);
    apply_observed_state(shop, &attempt, observed).await?;
    let attempt = attempt::find(&shop.base.db, &attempt.id).await?;
    Ok(Paid { window, ..stands(shop, id, Some(attempt)).await? })
}

/// Begins and takes at once: at the practice company the buyer has agreed by pressing the button.
async fn confirmed(gateway: &Gateway, ask: &Ask<'_>, card: &str) -> Observed {
    let created = gateway.create_practice(ask, card).await;
    match created.seen {
        Seen::Opened => {
            let confirmed = gateway.confirm(&created.key, ask.order, ask.amount).await;
            // The name is known even when the rest of the answer is lost.
            if confirmed.key.is_empty() {
                Observed { key: created.key, order: created.order, ..confirmed }
            } else {
                confirmed
            }
        }
        _ => created,
    }
}

async fn stands(shop: &Shop, intent: &IntentId, attempt: Option<Attempt>) -> Result<Paid> {
    Ok(Paid { state: find(&shop.base.db, intent).await?.state, attempt, window: None })
}

/// What the buyer reads on the statement: the store and the order's number.
async fn name(db: &Db, intent: &Intent) -> Result<String> {
    Ok(sql!(value db,
        "select s.name || ' ' || o.number from orders o join stores s on s.id = o.store_id where o.id = $1",
        &intent.order_id)?)
}
