//! The ledger: every movement of money twice, so that all of it always comes to nothing.

use base::{Id, Tx, Won, sql};
use serde_json::json;

use super::at_till;
use super::attempt::Attempt;
use crate::{Result, set};

/// Names a transfer.
enum TransferMark {}
type TransferId = Id<TransferMark>;

/// Why money moved.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Capture,
    Refund,
    /// The bank took a deposit back.
    Reversal,
}

/// Posts one transfer: what the payment company holds for the store, against what the store is owed; of the till, what
/// lies in the store's own drawer, against what the store has sold. The
/// `reference` says which of its kind it is; one that was posted before breaks the schema's own rule.
pub(super) async fn post(
    tx: &mut Tx,
    attempt: &Attempt,
    kind: Kind,
    reference: &str,
    amount: Won,
    now_ms: i64,
) -> Result<()> {
    let (kind, amount) = match kind {
        Kind::Capture => ("capture", amount),
        Kind::Refund => ("refund", -amount),
        Kind::Reversal => ("reversal", -amount),
    };
    let id = TransferId::new(now_ms);
    let (there, against) = if attempt.gateway == at_till::GATEWAY {
        ("till", "merchant-sales")
    } else {
        ("psp-clearing", "merchant-payable")
    };
    let entries =
        [json!({ "account": there, "amount": amount }), json!({ "account": against, "amount": -amount })];
    sql!(run &mut *tx,
        "insert into ledger_transfers (id, store_id, attempt_id, kind, reference, at_ms)
         values ($1, $2, $3, $4, $5, $6)",
        &id, &attempt.store_id, &attempt.id, kind, reference, now_ms)?;
    sql!(run &mut *tx,
        "insert into ledger_entries (transfer_id, store_id, account, amount_won)
         select $2, $3, j.value ->> 'account', cast(j.value ->> 'amount' as bigint) from json_each($1) as j",
        set::of(&entries)?, &id, &attempt.store_id)?;
    Ok(())
}
