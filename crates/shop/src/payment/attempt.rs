//! Attempts: one row for every try to pay, made before anybody is asked for money.
//!
//! A try is known by the buyer's own key: the same key is the same try, with another body it is refused.
//! Our name for it at the payment company is its id.

use base::{Db, Id, Tx, Won, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::gateway::{Account, RefundTo};
use super::{Intent, IntentId, IntentState};
use crate::{Error, Result, Shop};

/// Names an attempt in [`AttemptId`].
pub enum AttemptMark {}
/// The id of a payment attempt.
pub type AttemptId = Id<AttemptMark>;

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum AttemptState {
    /// The buyer is at the payment company's window; nothing can be taken before they come back.
    Opened,
    /// The money was asked for.
    Started,
    /// An account waits for a deposit.
    AwaitingDeposit,
    Charged,
    Declined,
    /// Asked for, and the payment company has not said.
    Unknown,
    /// All of it went back.
    Refunded,
}

/// A try to pay.
#[derive(Clone, Debug, FromRow)]
pub struct Attempt {
    pub id: AttemptId,
    pub store_id: StoreId,
    pub intent_id: IntentId,
    pub state: AttemptState,
    pub gateway: String,
    pub method: String,
    pub(super) body_hash: String,
    pub provider_key: Option<String>,
    /// The payment company's word for a refusal.
    pub failure: String,
    pub captured_won: Won,
    pub refund_won: Won,
    pub bank: String,
    pub account: String,
    pub due_at_ms: Option<i64>,
    pub(super) secret_hash: String,
    pub(super) refund_to: String,
    pub created_at_ms: i64,
}

impl Attempt {
    /// Whether its end is not known yet.
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            AttemptState::Opened
                | AttemptState::Started
                | AttemptState::Unknown
                | AttemptState::AwaitingDeposit
        )
    }

    /// Where a refund of a deposit goes.
    pub(super) fn refund_to(&self) -> Option<RefundTo> {
        serde_json::from_str(&self.refund_to).ok()
    }
}

/// How the buyer wants to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// At the payment company's window.
    Window,
    /// By a card for practice.
    Practice(String),
    /// By a card that is kept: its token.
    Kept(String),
    /// By a deposit into an account of `bank`.
    Account { bank: String, refund_to: RefundTo },
}

impl Means {
    /// The name it is kept under; never a token.
    fn name(&self) -> &str {
        match self {
            Means::Window => "card",
            Means::Practice(card) => card,
            Means::Kept(_) => "kept-card",
            Means::Account { .. } => "virtual-account",
        }
    }

    fn first_state(&self) -> AttemptState {
        match self {
            Means::Window => AttemptState::Opened,
            _ => AttemptState::Started,
        }
    }

    fn refund_to(&self) -> String {
        match self {
            Means::Account { refund_to, .. } => serde_json::to_string(refund_to).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// What makes two tries with one key the same.
    fn hash(&self) -> String {
        let text = match self {
            Means::Window => "window".to_owned(),
            Means::Practice(card) => format!("practice {card}"),
            Means::Kept(token) => format!("kept {token}"),
            Means::Account { bank, .. } => format!("account {bank} {}", self.refund_to()),
        };
        hash(&text)
    }
}

/// A fingerprint of a text.
pub(crate) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a try has come to.
pub(super) enum Begun {
    /// A new one, to be carried out.
    New(Attempt),
    /// The one that this key made before.
    Same(Attempt),
    /// Another one is under way, or the payment is over.
    Busy,
}

/// Makes the row of a try, if the intent waits for one, together with the job that finds out what became
/// of it. A try left behind at the window gives way to the next.
pub(super) async fn begin(
    shop: &Shop,
    intent: &IntentId,
    key: &str,
    gateway: &str,
    means: &Means,
) -> Result<Begun> {
    let now_ms = shop.base.clock.now_ms();
    let body_hash = means.hash();
    if let Some(begun) = glance(&shop.base.db, intent, key, &body_hash).await? {
        return Ok(begun);
    }
    let mut tx = shop.base.db.begin().await?;
    // Touching the row locks it: of two taps the second waits here and then sees the first.
    let intent: Option<Intent> =
        sql!(opt &mut tx, "update payment_intents set state = state where id = $1 returning *", intent)?;
    let intent = intent.ok_or(Error::NotFound)?;
    if let Some(same) = by_key(&mut tx, &intent.id, key).await? {
        tx.rollback().await?;
        return if same.body_hash == body_hash { Ok(Begun::Same(same)) } else { Err(Error::KeyReused) };
    }
    if intent.opens_at_ms > now_ms {
        tx.rollback().await?;
        return Err(Error::GroupNotYet);
    }
    let left = if intent.state == IntentState::Processing {
        sql!(run &mut tx,
            "update payment_attempts set state = 'declined', failure = 'LEFT' where intent_id = $1 and state = 'opened'",
            &intent.id)?
    } else {
        0
    };
    if intent.state != IntentState::RequiresMethod && left == 0 {
        tx.rollback().await?;
        return Ok(Begun::Busy);
    }
    sql!(run &mut tx, "update payment_intents set state = 'processing' where id = $1", &intent.id)?;
    let attempt: Attempt = sql!(one &mut tx,
        "insert into payment_attempts (id, store_id, intent_id, place, gateway, method, state, created_at_ms, key,
             body_hash, refund_to)
         select $1, $2, $3, count(*) + 1, $4, $5, $6, $7, $8, $9, $10 from payment_attempts where intent_id = $3
         returning *",
        AttemptId::new(now_ms), &intent.store_id, &intent.id, gateway, means.name(), means.first_state(), now_ms,
        key, &body_hash, means.refund_to())?;
    if attempt.state == AttemptState::Started {
        super::poll::later(&mut tx, &attempt.id, 0, now_ms).await?;
    }
    tx.commit().await?;
    Ok(Begun::New(attempt))
}

/// What can be told without a lock: a hundred impatient taps do not queue up behind the first. The state is
/// read before the key: a try made in between is then found by its key, and not taken for another one.
async fn glance(db: &Db, intent: &IntentId, key: &str, body_hash: &str) -> Result<Option<Begun>> {
    let waits: i64 = sql!(value db,
        "select count(*) from payment_intents i
         where i.id = $1
           and (i.state = 'requires-method'
                or exists (select 1 from payment_attempts a where a.intent_id = i.id and a.state = 'opened'))",
        intent)?;
    let same: Option<Attempt> =
        sql!(opt db, "select * from payment_attempts where intent_id = $1 and key = $2", intent, key)?;
    match same {
        Some(same) if same.body_hash == body_hash => Ok(Some(Begun::Same(same))),
        Some(_) => Err(Error::KeyReused),
        None => Ok((waits == 0).then_some(Begun::Busy)),
    }
}

/// The buyer has come back from the window: from here on money may be taken. `None`: somebody was faster, or the
/// buyer has begun another try.
pub(super) async fn start(shop: &Shop, attempt: &AttemptId) -> Result<Option<Attempt>> {
    let mut tx = shop.base.db.begin().await?;
    let started: Option<Attempt> = sql!(opt &mut tx,
        "update payment_attempts set state = 'started' where id = $1 and state = 'opened' returning *", attempt)?;
    if started.is_some() {
        super::poll::later(&mut tx, attempt, 0, shop.base.clock.now_ms()).await?;
    }
    tx.commit().await?;
    Ok(started)
}

async fn by_key(tx: &mut Tx, intent: &IntentId, key: &str) -> Result<Option<Attempt>> {
    Ok(sql!(opt tx, "select * from payment_attempts where intent_id = $1 and key = $2", intent, key)?)
}

/// An attempt by its id.
pub(super) async fn find(db: &Db, id: &AttemptId) -> Result<Attempt> {
    sql!(opt db, "select * from payment_attempts where id = $1", id)?.ok_or(Error::NotFound)
}

/// A store's attempt by the name the payment company knows it under.
pub(super) async fn of_order(db: &Db, store: &StoreId, order: &str) -> Result<Option<Attempt>> {
    Ok(sql!(opt db, "select * from payment_attempts where id = $1 and store_id = $2", order, store)?)
}

/// The last try of an intent.
pub async fn last(db: &Db, intent: &IntentId) -> Result<Option<Attempt>> {
    Ok(
        sql!(opt db, "select * from payment_attempts where intent_id = $1 order by place desc limit 1", intent)?,
    )
}

/// Locks an attempt's row and reads it.
pub(super) async fn lock(tx: &mut Tx, id: &AttemptId) -> Result<Attempt> {
    Ok(sql!(one tx, "update payment_attempts set state = state where id = $1 returning *", id)?)
}

pub(super) async fn set(tx: &mut Tx, id: &AttemptId, state: AttemptState) -> Result<()> {
    sql!(run tx, "update payment_attempts set state = $2 where id = $1", id, state)?;
    Ok(())
}

/// Writes down the payment company's name for it, once it is known.
pub(super) async fn name(tx: &mut Tx, id: &AttemptId, key: &str) -> Result<()> {
    if !key.is_empty() {
        sql!(run tx,
            "update payment_attempts set provider_key = $2 where id = $1 and provider_key is null", id, key)?;
    }
    Ok(())
}

/// Writes down where to pay in. Of the secret only a fingerprint is kept.
pub(super) async fn wait_at(tx: &mut Tx, id: &AttemptId, account: &Account) -> Result<()> {
    sql!(run tx,
        "update payment_attempts set state = 'awaiting-deposit', bank = $2, account = $3, due_at_ms = $4, secret_hash = $5
         where id = $1",
        id, &account.bank, &account.number, account.due_at_ms, hash(account.secret.reveal()))?;
    Ok(())
}
