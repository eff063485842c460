//! The check: whether the ledger says what payments, refunds and orders say of themselves. They are written
//! together; if one is ever without the other, the report names it instead of hiding it in a sum.

use base::{Db, Won, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::Result;
use crate::order::OrderId;

/// Rows that are told at the most; more is a case for the market's office anyway.
const ROWS: i64 = 100;

/// What does not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = SettlementFault)]
pub enum Fault {
    /// What was taken: the ledger and the payment.
    Taken,
    /// What was given back: the ledger and the refunds.
    Returned,
    /// The order's total and its payment.
    Order,
    /// A transfer of the ledger whose entries do not come to nothing.
    Unbalanced,
}

impl Fault {
    /// The key of the words for it.
    pub fn words(self) -> &'static str {
        match self {
            Fault::Taken => "settlement-off-taken",
            Fault::Returned => "settlement-off-returned",
            Fault::Order => "settlement-off-order",
            Fault::Unbalanced => "settlement-off-unbalanced",
        }
    }
}

/// One thing that does not agree.
#[derive(Clone, Debug, Serialize, FromRow, utoipa::ToSchema)]
#[schema(as = SettlementDifference)]
pub struct Off {
    pub fault: Fault,
    #[schema(value_type = Option<String>)]
    pub order_id: Option<OrderId>,
    /// What people call the order.
    pub number: Option<String>,
    /// What the ledger says.
    pub ledger_won: Won,
    /// What the other side says.
    pub records_won: Won,
}

/// Everything of a period that does not agree.
#[derive(Clone, Debug, Default)]
pub struct Check {
    pub off: Vec<Off>,
}

impl Check {
    /// By how much, whichever way.
    pub fn difference(&self) -> Won {
        Won(self.off.iter().map(|one| (one.ledger_won - one.records_won).0.abs()).sum())
    }

    /// Whether all agrees.
    pub fn is_fine(&self) -> bool {
        self.off.is_empty()
    }
}

/// Holds the ledger against the records, for everything that moved in a period.
pub async fn of(db: &Db, store: &StoreId, from_ms: i64, until_ms: i64) -> Result<Check> {
    let mut off = taken_and_returned(db, store, from_ms, until_ms).await?;
    let orders: Vec<Off> = sql!(all db,
        "select 'order' as fault, o.id as order_id, o.number, coalesce(a.captured_won, 0) as ledger_won,
             o.total_won as records_won
         from orders o
         left join payment_intents i on i.order_id = o.id
         left join payment_attempts a on a.id = i.paid_attempt
         where o.store_id = $1 and o.paid_at_ms >= $2 and o.paid_at_ms < $3
           and o.payment_state in ('paid', 'refunding', 'refunded') and coalesce(a.captured_won, 0) <> o.total_won
         order by o.id limit $4", store, from_ms, until_ms, ROWS)?;
    off.extend(orders);
    let unbalanced: Vec<Off> = sql!(all db,
        "select 'unbalanced' as fault, null as order_id, null as number,
             cast(coalesce(sum(e.amount_won), 0) as bigint) as ledger_won, cast(0 as bigint) as records_won
         from ledger_transfers t left join ledger_entries e on e.transfer_id = t.id
         where t.store_id = $1 and t.at_ms >= $2 and t.at_ms < $3
         group by t.id having coalesce(sum(e.amount_won), 0) <> 0 or count(e.account) <> 2
         order by t.id limit $4", store, from_ms, until_ms, ROWS)?;
    off.extend(unbalanced);
    Ok(Check { off })
}

/// Every payment that moved in the period, whole: a deposit that was taken back later is nothing by then.
async fn taken_and_returned(db: &Db, store: &StoreId, from_ms: i64, until_ms: i64) -> Result<Vec<Off>> {
    #[derive(FromRow)]
    struct Both {
        order_id: OrderId,
        number: String,
        taken_won: Won,
        ledger_taken_won: Won,
        returned_won: Won,
        ledger_returned_won: Won,
    }
    let both: Vec<Both> = sql!(all db,
        "select * from
           (select o.id as order_id, o.number, a.id as attempt_id, a.captured_won as taken_won,
                (select cast(coalesce(sum(e.amount_won), 0) as bigint)
                 from ledger_transfers t join ledger_entries e on e.transfer_id = t.id and e.account in ('psp-clearing', 'till')
                 where t.attempt_id = a.id and t.kind in ('capture', 'reversal')) as ledger_taken_won,
                (select cast(coalesce(sum(r.amount_won), 0) as bigint)
                 from refunds r where r.attempt_id = a.id and r.state = 'done') as returned_won,
                (select cast(coalesce(-sum(e.amount_won), 0) as bigint)
                 from ledger_transfers t join ledger_entries e on e.transfer_id = t.id and e.account in ('psp-clearing', 'till')
                 where t.attempt_id = a.id and t.kind = 'refund') as ledger_returned_won
            from payment_attempts a
            join payment_intents i on i.id = a.intent_id
            join orders o on o.id = i.order_id
            where a.store_id = $1
              and (a.id in (select t.attempt_id from ledger_transfers t
                            where t.store_id = $1 and t.at_ms >= $2 and t.at_ms < $3)
                   or a.id in (select r.attempt_id from refunds r
                               where r.store_id = $1 and r.done_at_ms >= $2 and r.done_at_ms < $3)
                   or i.order_id in (select p.id from orders p
                                     where p.store_id = $1 and p.paid_at_ms >= $2 and p.paid_at_ms < $3))) as b
         where b.taken_won <> b.ledger_taken_won or b.returned_won <> b.ledger_returned_won
         order by b.attempt_id limit $4", store, from_ms, until_ms, ROWS)?;
    let mut off = Vec::new();
    for row in both {
        let sides = [
            (Fault::Taken, row.ledger_taken_won, row.taken_won),
            (Fault::Returned, row.ledger_returned_won, row.returned_won),
        ];
        for (fault, ledger_won, records_won) in sides {
            if ledger_won != records_won {
                let (order_id, number) = (Some(row.order_id.clone()), Some(row.number.clone()));
                off.push(Off { fault, order_id, number, ledger_won, records_won });
            }
        }
    }
    Ok(off)
}
