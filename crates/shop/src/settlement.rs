//! Settlement: what a store took and gave back in a day, a week or a month, summed from the ledger alone, and held
//! against what orders and refunds say. Where the two do not agree the page says so; nothing is rounded away.
//!
//! What the payment company keeps for itself we do not know: the seller writes the contract's rates down, and what
//! they come to is called an estimate.

use std::collections::BTreeMap;

use base::{Clock, Db, Tx, Won, clock, sql};
use jiff::ToSpan;
use jiff::civil::Date;
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::Result;
use crate::day_close::DayCloseId;
use crate::faults::Faults;
use crate::order::OrderId;
use crate::order::filter::{day, midnight_ms};

pub mod api;
pub mod check;
pub mod pages;
pub mod rates;

use check::Check;
use rates::Rate;

/// A day, a week from Monday on, or a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    Day,
    Week,
    #[default]
    Month,
}

impl By {
    /// As an address writes it.
    pub fn slug(self) -> &'static str {
        match self {
            By::Day => "day",
            By::Week => "week",
            By::Month => "month",
        }
    }
}

/// Which period is asked for.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `day`, `week` or `month`; `month` when absent.
    pub by: String,
    /// A day within it, `2026-11-24`; today when absent.
    pub on: String,
}

/// A period of whole days in the market's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub by: By,
    pub first: Date,
    pub last: Date,
}

impl Asked {
    /// Reads it; what cannot be read is told by field.
    pub fn read(&self, now: &Clock) -> Result<Period> {
        let mut faults = Faults::default();
        let by = match self.by.as_str() {
            "" | "month" => By::Month,
            "week" => By::Week,
            "day" => By::Day,
            _ => {
                faults.add("by", "choose");
                By::Month
            }
        };
        let today = today(now.now_ms());
        let on = if self.on.is_empty() { Some(today) } else { day(&self.on) };
        // Far enough from the ends of time that the period before and after exist.
        let on = on.filter(|on| (2000..2200).contains(&on.year()));
        faults.unless(on.is_some(), "on", "date");
        faults.done()?;
        Ok(Period::of(by, on.unwrap_or(today)))
    }
}

/// The day in the market's own time.
pub(crate) fn today(now_ms: i64) -> Date {
    clock::at(now_ms).to_zoned(clock::seoul()).date()
}

impl Period {
    /// The period of a kind that holds a day.
    pub fn of(by: By, on: Date) -> Period {
        let (first, last) = match by {
            By::Day => (on, on),
            By::Week => {
                let since_monday = i64::from(on.weekday().to_monday_zero_offset());
                let first = on.saturating_sub(since_monday.days());
                (first, first.saturating_add(6.days()))
            }
            By::Month => (on.first_of_month(), on.last_of_month()),
        };
        Period { by, first, last }
    }

    /// Its first millisecond.
    pub fn from_ms(&self) -> i64 {
        midnight_ms(self.first)
    }

    /// The first millisecond after it.
    pub fn until_ms(&self) -> i64 {
        midnight_ms(self.last.saturating_add(1.days()))
    }

    /// The period before.
    pub fn before(&self) -> Period {
        Period::of(self.by, self.first.saturating_sub(1.days()))
    }

    /// The period after.
    pub fn after(&self) -> Period {
        Period::of(self.by, self.last.saturating_add(1.days()))
    }
}

/// How people paid, as a contract prices it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = SettlementMethod)]
pub enum Method {
    Card,
    /// Into an account made for the order.
    Deposit,
    /// At the till, in cash.
    Cash,
    /// At the till, by the stall's own card terminal.
    Terminal,
    /// At the till, by Onnuri vouchers, on paper or in the app.
    Onnuri,
    /// At the till, by ZeroPay.
    Zeropay,
}

impl Method {
    /// Those that a contract prices, in the order in which they are shown.
    pub const PRICED: [Method; 2] = [Method::Card, Method::Deposit];

    /// As forms write it.
    pub fn slug(self) -> &'static str {
        match self {
            Method::Card => "card",
            Method::Deposit => "deposit",
            Method::Cash => "cash",
            Method::Terminal => "terminal",
            Method::Onnuri => "onnuri",
            Method::Zeropay => "zeropay",
        }
    }

    /// The key of its name.
    pub fn words(self) -> &'static str {
        match self {
            Method::Card => "settlement-card",
            Method::Deposit => "settlement-deposit",
            Method::Cash => "till-cash",
            Method::Terminal => "till-terminal",
            Method::Onnuri => "till-onnuri",
            Method::Zeropay => "till-zeropay",
        }
    }
}

/// Why money moved, as the ledger knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = SettlementKind)]
pub enum Kind {
    Capture,
    Refund,
    Reversal,
}

impl Kind {
    /// The key of its name.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Capture => "settlement-taken",
            Kind::Refund => "settlement-returned",
            Kind::Reversal => "settlement-reverted",
        }
    }
}

/// What came and what went. Each sum is zero or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromRow, utoipa::ToSchema)]
#[schema(as = SettlementSums)]
pub struct Sums {
    /// Taken from buyers.
    pub taken_won: Won,
    pub taken_count: i64,
    /// Given back to buyers.
    pub returned_won: Won,
    pub returned_count: i64,
    /// Deposits that a bank took back.
    pub reverted_won: Won,
    pub reverted_count: i64,
}

impl Sums {
    /// What is left for the store.
    pub fn net(&self) -> Won {
        self.taken_won - self.returned_won - self.reverted_won
    }

    /// Whether anything moved at all.
    pub fn is_empty(&self) -> bool {
        self.taken_count + self.returned_count + self.reverted_count == 0
    }

    /// Adds rows of the ledger; there what goes is below zero.
    fn add(&mut self, moved: &Moved) {
        let (won, count) = match moved.kind {
            Kind::Capture => (&mut self.taken_won, &mut self.taken_count),
            Kind::Refund => (&mut self.returned_won, &mut self.returned_count),
            Kind::Reversal => (&mut self.reverted_won, &mut self.reverted_count),
        };
        *won = *won + if moved.kind == Kind::Capture { moved.amount_won } else { -moved.amount_won };
        *count += moved.count;
    }
}

/// Movements of one day, method and kind, summed by the database.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Moved {
    /// Days since 1970 in the market's own time.
    day: i64,
    method: Method,
    kind: Kind,
    count: i64,
    amount_won: Won,
}

/// The sums of one method, with what they may cost.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SettlementOfMethod)]
pub struct OfMethod {
    pub method: Method,
    #[serde(flatten)]
    pub sums: Sums,
    /// An estimate by the rate that the seller wrote down; absent without one.
    pub expected_fee_won: Option<Won>,
}

/// The sums of one day.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SettlementOfDay)]
pub struct OfDay {
    /// `2026-11-24`.
    pub day: String,
    #[serde(flatten)]
    pub sums: Sums,
    pub net_won: Won,
}

/// A store's settlement of one period.
#[derive(Clone, Debug)]
pub struct Report {
    pub period: Period,
    pub sums: Sums,
    pub methods: Vec<OfMethod>,
    pub days: Vec<OfDay>,
    pub check: Check,
}

impl Report {
    /// What is left of what payment companies took; the till's lies in the stall already.
    pub fn by_company(&self) -> Won {
        let priced = self.methods.iter().filter(|one| Method::PRICED.contains(&one.method));
        priced.map(|one| one.sums.net()).sum()
    }

    /// What the payment company may keep, if the seller wrote every rate down that is needed.
    pub fn expected_fee(&self) -> Option<Won> {
        // What the till took passes no payment company of ours.
        let used =
            self.methods.iter().filter(|one| !one.sums.is_empty() && Method::PRICED.contains(&one.method));
        let fees: Option<Vec<Won>> = used.map(|one| one.expected_fee_won).collect();
        fees.filter(|fees| !fees.is_empty()).map(|fees| fees.into_iter().sum())
    }
}

/// A store's settlement of one period.
pub async fn report(db: &Db, store: &StoreId, period: Period) -> Result<Report> {
    let (from_ms, until_ms) = (period.from_ms(), period.until_ms());
    let moved: Vec<Moved> = sql!(all db,
        "select (t.at_ms + 32400000) / 86400000 as day,
             case when a.gateway = 'till' then a.method when a.method = 'virtual-account' then 'deposit' else 'card' end
                 as method,
             t.kind, count(*) as count, cast(sum(e.amount_won) as bigint) as amount_won
         from ledger_transfers t
         join ledger_entries e on e.transfer_id = t.id and e.account in ('psp-clearing', 'till')
         left join payment_attempts a on a.id = t.attempt_id
         where t.store_id = $1 and t.at_ms >= $2 and t.at_ms < $3
         group by 1, 2, 3 order by 1, 2, 3", store, from_ms, until_ms)?;
    let rates = rates::of_store(db, store).await?;
    let check = check::of(db, store, from_ms, until_ms).await?;
    Ok(Report {
        period,
        sums: total(&moved),
        methods: by_method(&moved, &rates),
        days: by_day(&moved),
        check,
    })
}

/// All of it together.
pub(crate) fn total(moved: &[Moved]) -> Sums {
    let mut sums = Sums::default();
    moved.iter().for_each(|one| sums.add(one));
    sums
}

/// By method, those with movements only.
pub(crate) fn by_method(moved: &[Moved], rates: &[Rate]) -> Vec<OfMethod> {
    let mut all: BTreeMap<Method, Sums> = BTreeMap::new();
    for one in moved {
        all.entry(one.method).or_default().add(one);
    }
    let priced = all.into_iter().map(|(method, sums)| {
        let rate = rates.iter().find(|rate| rate.method == method);
        OfMethod { method, sums, expected_fee_won: rate.map(|rate| rate.fee(&sums)) }
    });
    priced.collect()
}

fn by_day(moved: &[Moved]) -> Vec<OfDay> {
    let mut all: BTreeMap<i64, Sums> = BTreeMap::new();
    for one in moved {
        all.entry(one.day).or_default().add(one);
    }
    let begin = Date::constant(1970, 1, 1);
    let named = all.into_iter().map(|(day, sums)| {
        let day = begin.saturating_add(day.days()).to_string();
        OfDay { day, net_won: sums.net(), sums }
    });
    named.collect()
}

/// The movements that a close holds.
pub(crate) async fn moved_in(tx: &mut Tx, close: &DayCloseId) -> Result<Vec<Moved>> {
    Ok(sql!(all tx,
        "select (t.at_ms + 32400000) / 86400000 as day,
             case when a.gateway = 'till' then a.method when a.method = 'virtual-account' then 'deposit' else 'card' end
                 as method,
             t.kind, count(*) as count, cast(sum(e.amount_won) as bigint) as amount_won
         from ledger_transfers t
         join ledger_entries e on e.transfer_id = t.id and e.account in ('psp-clearing', 'till')
         left join payment_attempts a on a.id = t.attempt_id
         where t.day_close_id = $1
         group by 1, 2, 3 order by 1, 2, 3", close)?)
}

/// The movements that no close holds yet.
pub(crate) async fn moved_since(db: &Db, store: &StoreId) -> Result<Vec<Moved>> {
    Ok(sql!(all db,
        "select (t.at_ms + 32400000) / 86400000 as day,
             case when a.gateway = 'till' then a.method when a.method = 'virtual-account' then 'deposit' else 'card' end
                 as method,
             t.kind, count(*) as count, cast(sum(e.amount_won) as bigint) as amount_won
         from ledger_transfers t
         join ledger_entries e on e.transfer_id = t.id and e.account in ('psp-clearing', 'till')
         left join payment_attempts a on a.id = t.attempt_id
         where t.store_id = $1 and t.day_close_id is null
         group by 1, 2, 3 order by 1, 2, 3", store)?)
}

/// One movement of money, with the order it belongs to.
#[derive(Clone, Debug, FromRow)]
pub struct Movement {
    pub id: String,
    pub kind: Kind,
    pub method: Method,
    /// Below zero: it went.
    pub amount_won: Won,
    pub order_id: Option<OrderId>,
    /// What people call the order.
    pub number: Option<String>,
    pub at_ms: i64,
}

/// A period's movements, oldest first, after the row `(at_ms, id)`.
pub async fn movements(
    db: &Db,
    store: &StoreId,
    period: &Period,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Movement>> {
    let (ms, id) = after.unwrap_or((i64::MIN, String::new()));
    Ok(sql!(all db,
        "select t.id, t.kind, case when a.gateway = 'till' then a.method when a.method = 'virtual-account' then 'deposit' else 'card' end
                 as method,
             e.amount_won, o.id as order_id, o.number, t.at_ms
         from ledger_transfers t
         join ledger_entries e on e.transfer_id = t.id and e.account in ('psp-clearing', 'till')
         left join payment_attempts a on a.id = t.attempt_id
         left join payment_intents i on i.id = a.intent_id
         left join orders o on o.id = i.order_id
         where t.store_id = $1 and t.at_ms >= $2 and t.at_ms < $3 and (t.at_ms, t.id) > ($4, $5)
         order by t.at_ms, t.id limit $6", store, period.from_ms(), period.until_ms(), ms, id, limit)?)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn periods_are_whole_days_and_follow_each_other() {
        let on = date(2026, 11, 24);
        for (by, first, last) in [
            (By::Day, on, on),
            (By::Week, date(2026, 11, 23), date(2026, 11, 29)),
            (By::Month, date(2026, 11, 1), date(2026, 11, 30)),
        ] {
            let period = Period::of(by, on);
            assert_eq!((period.first, period.last), (first, last));
            assert_eq!(period.before().until_ms(), period.from_ms());
            assert_eq!(period.after().from_ms(), period.until_ms());
            assert_eq!(period.after().before(), period);
        }
        assert_eq!(Period::of(By::Day, on).from_ms(), 1_795_471_200_000 - 7 * 3_600_000);
    }

    #[test]
    fn a_fee_is_an_estimate_of_what_stays() {
        let rate = Rate { method: Method::Card, rate_ppm: 25_000, each_won: Won(100) };
        let sums = |taken, returned, count| Sums {
            taken_won: Won(taken),
            taken_count: count,
            returned_won: Won(returned),
            ..Sums::default()
        };
        assert_eq!(rate.fee(&sums(10_000, 0, 1)), Won(350));
        assert_eq!(rate.fee(&sums(10_000, 10_000, 1)), Won(100));
        assert_eq!(rate.fee(&sums(0, 10_000, 0)), Won(0), "nobody is paid for what went back");
        assert_eq!(rate.fee(&sums(19, 0, 0)), Won(0));
        assert_eq!(rate.fee(&sums(20, 0, 0)), Won(1), "half a won is one");
    }
}
