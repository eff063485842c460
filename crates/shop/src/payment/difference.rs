//! Differences: wherever the payment company's books and ours do not agree, a row with an owner, until somebody
//! has settled it. Nothing is put right in silence.

use base::{Db, Id, Tx, Won, sql};
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::attempt::{Attempt, AttemptId};
use crate::{Error, Result, Shop};

/// Names a difference in [`DifferenceId`].
pub enum DifferenceMark {}
/// The id of a difference.
pub type DifferenceId = Id<DifferenceMark>;

/// What does not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = DifferenceKind)]
pub enum Kind {
    /// Another amount was taken than was asked for. It goes back.
    Amount,
    /// An order was paid a second time. The second goes back.
    Twice,
    /// A payment was shown to us that is not the one we asked about.
    NotOurs,
    /// The bank took a deposit back.
    Reverted,
    /// The payment company will not give money back.
    RefundRefused,
    /// Money went back that nobody here asked for.
    RefundedElsewhere,
    /// They know of a charge that we do not.
    UnknownThere,
    /// We know of a charge that they do not.
    MissingThere,
    /// Taken: their sum is not ours.
    TakenSum,
    /// Given back: their sum is not ours.
    ReturnedSum,
}

impl Kind {
    fn slug(self) -> &'static str {
        match self {
            Kind::Amount => "amount",
            Kind::Twice => "twice",
            Kind::NotOurs => "not-ours",
            Kind::Reverted => "reverted",
            Kind::RefundRefused => "refund-refused",
            Kind::RefundedElsewhere => "refunded-elsewhere",
            Kind::UnknownThere => "unknown-there",
            Kind::MissingThere => "missing-there",
            Kind::TakenSum => "taken-sum",
            Kind::ReturnedSum => "returned-sum",
        }
    }

    /// The key of the words that say what it is.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Amount => "difference-amount",
            Kind::Twice => "difference-twice",
            Kind::NotOurs => "difference-not-ours",
            Kind::Reverted => "difference-reverted",
            Kind::RefundRefused => "difference-refund-refused",
            Kind::RefundedElsewhere => "difference-refunded-elsewhere",
            Kind::UnknownThere => "difference-unknown-there",
            Kind::MissingThere => "difference-missing-there",
            Kind::TakenSum => "difference-taken-sum",
            Kind::ReturnedSum => "difference-returned-sum",
        }
    }

    /// Who has to see to it: what no stallholder can explain is the operator's.
    fn owner(self) -> &'static str {
        match self {
            Kind::NotOurs => "operator",
            _ => "seller",
        }
    }
}

/// Whether somebody has seen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum DifferenceState {
    Open,
    Settled,
}

/// A difference as its owner sees it.
#[derive(Clone, Debug, FromRow)]
pub struct Difference {
    pub id: DifferenceId,
    pub kind: Kind,
    pub ours_won: Won,
    pub theirs_won: Won,
    pub owner: String,
    pub state: DifferenceState,
    pub found_at_ms: i64,
    /// What people call the order, if it is one of ours.
    pub number: Option<String>,
    pub order_id: Option<String>,
}

impl Difference {
    /// Whether it waits for somebody.
    pub fn is_open(&self) -> bool {
        self.state == DifferenceState::Open
    }
}

/// Notes a difference of an attempt. The same one is noted once.
pub(super) async fn note(
    tx: &mut Tx,
    attempt: &Attempt,
    kind: Kind,
    ours: Won,
    theirs: Won,
    now_ms: i64,
) -> Result<()> {
    note_order(tx, &attempt.store_id, Some(&attempt.id), attempt.id.as_str(), kind, (ours, theirs), now_ms)
        .await
}

/// Notes a difference about a name of the payment company's, which may be none of ours.
pub(super) async fn note_order(
    tx: &mut Tx,
    store: &StoreId,
    attempt: Option<&AttemptId>,
    order: &str,
    kind: Kind,
    (ours, theirs): (Won, Won),
    now_ms: i64,
) -> Result<()> {
    sql!(run tx,
        "insert into payment_differences (id, store_id, attempt_id, provider_order, kind, ours_won, theirs_won, owner,
             state, found_at_ms, settled_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, '')
         on conflict (store_id, provider_order, kind, ours_won, theirs_won) do nothing",
        DifferenceId::new(now_ms), store, attempt, order, kind.slug(), ours, theirs, kind.owner(), now_ms)?;
    Ok(())
}

/// A store's differences: open ones first, then the newest.
pub async fn of_store(db: &Db, store: &StoreId, limit: i64) -> Result<Vec<Difference>> {
    Ok(sql!(all db,
        "select d.*, o.number as number, o.id as order_id from payment_differences d
         left join payment_attempts a on a.id = d.attempt_id
         left join payment_intents i on i.id = a.intent_id
         left join orders o on o.id = i.order_id
         where d.store_id = $1 order by d.state, d.found_at_ms desc, d.id desc limit $2", store, limit)?)
}

/// How many wait for somebody.
pub async fn open_count(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db,
        "select count(*) from payment_differences where store_id = $1 and state = 'open'", store)?)
}

/// Somebody has seen to it.
pub async fn settle(shop: &Shop, store: &StoreId, id: &DifferenceId, by: &PersonId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let settled = sql!(run &mut tx,
        "update payment_differences set state = 'settled', settled_at_ms = $3, settled_by = $4
         where id = $1 and store_id = $2 and state = 'open'", id, store, shop.base.clock.now_ms(), by)?;
    tx.commit().await?;
    if settled == 1 { Ok(()) } else { Err(Error::NotFound) }
}
