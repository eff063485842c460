//! The audit: what is always true of stock, orders and money, as questions to the database. Every test, the
//! simulator and the crash drill ask the same ones; an answer is a row that breaks the rule.
//!
//! [`books`] looks at our own rows, and holds at every moment between two transactions. [`company`] holds
//! them against the payment company's books; what is still being asked about there is counted, not blamed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use base::{Db, sql};
use serde::Serialize;
use sqlx::FromRow;

use crate::{Result, set};

/// Rows that are named of one broken rule; more of the same tell nothing new.
const NAMED: i64 = 5;
/// Charges that are looked up with one statement.
const CHARGES: usize = 5_000;

/// A rule of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// 0 ≤ promised ≤ on hand.
    Oversold,
    /// The movements of a variant come to what is on hand.
    Movements,
    /// The holds of a variant come to what is promised.
    Promised,
    /// An order's holds are its lines, and stand as the order stands.
    Holds,
    /// What an order took from the stall is what it holds as sold.
    Sold,
    /// The entries of every transfer come to nothing.
    Ledger,
    /// What the ledger says of a charge is what was taken less what went back.
    Posted,
    /// What is set aside of a charge is what its refunds come to.
    SetAside,
    /// At most one charge of a payment stays.
    ChargedTwice,
    /// A charge that stays is of an order that stands.
    Homeless,
    /// What is redeemed of a coupon is what orders hold of it or have spent, and no more than was issued.
    Redeemed,
    /// An order comes to its lines, its discounts and its delivery.
    Totals,
    /// An order that is paid has its charge.
    Unpaid,
    /// Whatever is not known yet will be asked about.
    Forgotten,
    /// The payment company took money that our books do not know, or another sum.
    NotInOurs,
    /// Our books know a charge that the payment company did not make.
    NotInTheirs,
}

/// A rule that does not hold, and the row that breaks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    pub rule: Rule,
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:?}: {}", self.rule, self.what)
    }
}

/// A payment in the payment company's books.
#[derive(Clone, Debug, Serialize)]
pub struct Charge {
    /// Our name for it: the attempt's id.
    pub order: String,
    pub taken: i64,
    /// What was taken and has not gone back.
    pub kept: i64,
}

/// How the payment company's books and ours stand to each other.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    pub broken: Vec<Broken>,
    /// Attempts and refunds whose end is not known here yet.
    pub unsettled: usize,
}

/// Goes through our own books.
pub async fn books(db: &Db) -> Result<Vec<Broken>> {
    let mut broken = stock(db).await?;
    broken.extend(discounts(db).await?);
    broken.extend(money(db).await?);
    Ok(broken)
}

/// What was taken off, and what orders come to.
async fn discounts(db: &Db) -> Result<Vec<Broken>> {
    let mut broken = Vec::new();
    let mut ask = async |rule, text| look(db, rule, text, &mut broken).await;
    ask(
        Rule::Redeemed,
        "select c.id from coupons c where c.redeemed > c.quantity or c.redeemed <>
             (select count(*) from coupon_redemptions r where r.coupon_id = c.id and r.state in ('held', 'committed'))
         limit $1",
    )
    .await?;
    ask(
        Rule::Totals,
        "select o.id from orders o
         join (select order_id, sum(total_won) as total_won, sum(discount_won) as discount_won
               from order_lines group by order_id) l on l.order_id = o.id
         left join (select order_id, sum(won) as won from order_discounts where on_delivery = false
                    group by order_id) d on d.order_id = o.id
         where o.total_won <> l.total_won + o.delivery_won or o.discount_won <> l.discount_won
            or o.discount_won <> coalesce(d.won, 0) limit $1",
    )
    .await?;
    Ok(broken)
}

/// What is on the stall, and what of it is whose.
pub async fn stock(db: &Db) -> Result<Vec<Broken>> {
    let mut broken = Vec::new();
    let mut ask = async |rule, text| look(db, rule, text, &mut broken).await;
    ask(
        Rule::Oversold,
        "select variant_id from stock_levels where reserved < 0 or reserved > on_hand limit $1",
    )
    .await?;
    ask(
        Rule::Movements,
        "select l.variant_id from stock_levels l
         left join (select variant_id, sum(quantity) as quantity from stock_movements group by variant_id) m
           on m.variant_id = l.variant_id
         where l.on_hand <> coalesce(m.quantity, 0) limit $1",
    )
    .await?;
    ask(
        Rule::Promised,
        "select l.variant_id from stock_levels l
         left join (select variant_id, sum(quantity) as quantity from stock_reservations where state = 'held'
                    group by variant_id) r on r.variant_id = l.variant_id
         where l.reserved <> coalesce(r.quantity, 0) limit $1",
    )
    .await?;
    ask(
        Rule::Holds,
        "select l.order_id from (select order_id, variant_id, sum(quantity) as quantity from order_lines
                                 group by order_id, variant_id) l
         join orders o on o.id = l.order_id
         left join stock_reservations r on r.order_id = l.order_id and r.variant_id = l.variant_id
         where r.id is null or r.quantity <> l.quantity
            or (o.order_state = 'pending' and r.state <> 'held')
            or (o.order_state = 'canceled' and r.state in ('held', 'committed'))
            or (o.order_state in ('confirmed', 'completed') and r.state in ('held', 'expired')) limit $1",
    )
    .await?;
    // Of what was sold, some may have come back while the order stands.
    ask(
        Rule::Sold,
        "select r.order_id from stock_reservations r
         left join (select order_id, variant_id, sum(quantity) as quantity,
                        sum(case kind when 'sale' then quantity else 0 end) as sold
                    from stock_movements where order_id is not null group by order_id, variant_id) m
           on m.order_id = r.order_id and m.variant_id = r.variant_id
         where case when r.state = 'committed'
                    then coalesce(m.sold, 0) > -r.quantity or m.quantity < -r.quantity or m.quantity > 0
                    else coalesce(m.quantity, 0) <> 0 end limit $1",
    )
    .await?;
    Ok(broken)
}

/// Where the money is.
pub async fn money(db: &Db) -> Result<Vec<Broken>> {
    let mut broken = Vec::new();
    let mut ask = async |rule, text| look(db, rule, text, &mut broken).await;
    ask(
        Rule::Ledger,
        "select t.id from ledger_transfers t
         left join (select transfer_id, count(*) as entries, sum(amount_won) as won from ledger_entries
                    group by transfer_id) e on e.transfer_id = t.id
         where coalesce(e.entries, 0) < 2 or e.won <> 0 limit $1",
    )
    .await?;
    ask(
        Rule::Posted,
        "select a.id from payment_attempts a
         left join (select t.attempt_id, sum(e.amount_won) as won from ledger_transfers t
                    join ledger_entries e on e.transfer_id = t.id and e.account in ('psp-clearing', 'till')
                    group by t.attempt_id) l on l.attempt_id = a.id
         left join (select attempt_id, sum(amount_won) as won from refunds where state = 'done' group by attempt_id) r
           on r.attempt_id = a.id
         where coalesce(l.won, 0) <> a.captured_won - coalesce(r.won, 0) limit $1",
    )
    .await?;
    ask(
        Rule::SetAside,
        "select a.id from payment_attempts a
         left join (select attempt_id, sum(amount_won) as won from refunds where state in ('asked', 'done')
                    group by attempt_id) r on r.attempt_id = a.id
         where a.refund_won <> coalesce(r.won, 0) limit $1",
    )
    .await?;
    // A refund that the payment company will not make has its owner: it is a difference somebody sees to.
    ask(
        Rule::ChargedTwice,
        "select a.intent_id from payment_attempts a
         where a.state = 'charged' and a.refund_won < a.captured_won
           and not exists (select 1 from payment_differences d
                           where d.attempt_id = a.id and d.kind = 'refund-refused')
         group by a.intent_id having count(*) > 1 limit $1",
    )
    .await?;
    ask(
        Rule::Homeless,
        "select a.id from payment_attempts a
         join payment_intents i on i.id = a.intent_id
         join orders o on o.id = i.order_id
         where a.state = 'charged' and a.refund_won < a.captured_won
           and not (coalesce(i.paid_attempt, '') = a.id and o.order_state in ('confirmed', 'completed')
                    and o.payment_state = 'paid')
           and not exists (select 1 from payment_differences d
                           where d.attempt_id = a.id and d.kind = 'refund-refused') limit $1",
    )
    .await?;
    ask(
        Rule::Unpaid,
        "select o.id from orders o
         join payment_intents i on i.order_id = o.id
         left join payment_attempts a on a.id = i.paid_attempt
         where o.payment_state = 'paid'
           and (a.id is null or a.state <> 'charged' or a.captured_won <> i.amount_won) limit $1",
    )
    .await?;
    ask(
        Rule::Forgotten,
        "select a.id from payment_attempts a
         where a.state in ('started', 'unknown')
           and not exists (select 1 from jobs j where not j.failed
                           and (j.name = 'shop-payments-hourly'
                                or (j.name = 'shop-poll-payment' and j.payload like '%' || a.id || '%')))
         union all
         select r.id from refunds r
         where r.state = 'asked'
           and not exists (select 1 from jobs j where not j.failed
                           and (j.name = 'shop-payments-hourly'
                                or (j.name = 'shop-give-back' and j.payload like '%' || r.id || '%')))
         limit $1",
    )
    .await?;
    Ok(broken)
}

async fn look(db: &Db, rule: Rule, text: &'static str, broken: &mut Vec<Broken>) -> Result<()> {
    let rows: Vec<String> = sql!(values db, text, NAMED)?;
    broken.extend(rows.into_iter().map(|what| Broken { rule, what }));
    Ok(())
}

/// One of their charges beside our attempt of that name.
#[derive(FromRow)]
struct Beside {
    name: String,
    taken: i64,
    kept: i64,
    intent_id: Option<String>,
    state: Option<String>,
    captured_won: Option<i64>,
    returned_won: i64,
    asked_won: i64,
    is_refused: bool,
}

/// Holds the payment company's books, all of them, against ours.
pub async fn company(db: &Db, charges: &[Charge]) -> Result<Compared> {
    let mut compared = Compared::default();
    let mut stays: HashMap<String, BTreeMap<String, i64>> = HashMap::new();
    for some in charges.chunks(CHARGES) {
        for row in beside(db, some).await? {
            judge(&row, &mut compared);
            let is_settled = row.asked_won == 0 && !row.is_refused && !is_open(row.state.as_deref());
            if let Some(intent) = row.intent_id
                && row.kept > 0
                && is_settled
            {
                stays.entry(intent).or_default().insert(row.name, row.kept);
            }
        }
    }
    for (intent, kept) in stays.iter().filter(|(_, kept)| kept.len() > 1) {
        let what = format!("{intent} keeps {kept:?}");
        compared.broken.push(Broken { rule: Rule::ChargedTwice, what });
    }
    let theirs: HashSet<&str> = charges.iter().map(|charge| charge.order.as_str()).collect();
    let ours: Vec<String> = sql!(values db,
        "select id from payment_attempts where state in ('charged', 'refunded') and captured_won > 0 and gateway <> 'till'")?;
    let missing = ours.into_iter().filter(|id| !theirs.contains(id.as_str()));
    compared.broken.extend(missing.map(|what| Broken { rule: Rule::NotInTheirs, what }));
    Ok(compared)
}

async fn beside(db: &Db, charges: &[Charge]) -> Result<Vec<Beside>> {
    Ok(sql!(all db,
        "select j.value ->> 'order' as name, cast(j.value ->> 'taken' as bigint) as taken,
             cast(j.value ->> 'kept' as bigint) as kept, a.intent_id, a.state, a.captured_won,
             cast(coalesce((select sum(r.amount_won) from refunds r where r.attempt_id = a.id and r.state = 'done'), 0)
                  as bigint) as returned_won,
             cast(coalesce((select sum(r.amount_won) from refunds r where r.attempt_id = a.id and r.state = 'asked'), 0)
                  as bigint) as asked_won,
             exists (select 1 from payment_differences d
                     where d.attempt_id = a.id and d.kind = 'refund-refused') as is_refused
         from json_each($1) as j left join payment_attempts a on a.id = j.value ->> 'order'", set::of(&charges)?)?)
}

fn is_open(state: Option<&str>) -> bool {
    matches!(state, Some("opened" | "started" | "unknown" | "awaiting-deposit"))
}

/// Whether one charge of theirs is one of ours, to the won, or still being asked about.
fn judge(row: &Beside, compared: &mut Compared) {
    let ours = row.captured_won.unwrap_or_default() - row.returned_won;
    let state = row.state.as_deref();
    // Nobody has come to the window or to the bank: nothing was taken, and both know it.
    let is_untouched = matches!(state, Some("opened" | "awaiting-deposit")) && row.kept == ours;
    if is_untouched {
        return;
    }
    if is_open(state) || row.asked_won > 0 {
        compared.unsettled += 1;
    } else if ours != row.kept {
        let rule = if row.kept > ours { Rule::NotInOurs } else { Rule::NotInTheirs };
        let Beside { name, taken, kept, .. } = row;
        let what = format!(
            "{name}: they took {taken} and keep {kept}, ours is {} with {ours}",
            state.unwrap_or("nothing")
        );
        compared.broken.push(Broken { rule, what });
    }
}
