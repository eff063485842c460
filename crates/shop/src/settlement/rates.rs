//! Rates: what the payment company keeps, as the seller reads it in the contract.

use base::{Db, Won, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Method, Sums};
use crate::faults::Faults;
use crate::{Result, Shop, set};

/// The highest rate; more is a slip of the finger.
const MOST_PPM: i64 = 200_000;
/// The most for each time.
const MOST_EACH: i64 = 10_000;

/// A method's price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow, utoipa::ToSchema)]
#[schema(as = SettlementRate)]
pub struct Rate {
    pub method: Method,
    /// Parts per million of what stays: 2.5 % is 25,000. At most 200,000.
    pub rate_ppm: i64,
    /// For each payment besides. At most 10,000.
    #[serde(default)]
    pub each_won: Won,
}

impl Rate {
    /// What it comes to, to the nearest won.
    pub fn fee(&self, sums: &Sums) -> Won {
        let stays = i128::from(sums.net().0.max(0));
        let share = (stays * i128::from(self.rate_ppm) + 500_000) / 1_000_000;
        Won(i64::try_from(share).unwrap_or(i64::MAX).saturating_add(self.each_won.0 * sums.taken_count))
    }

    /// The rate in per cent, as people write it: `2.5`.
    pub fn percent(&self) -> String {
        let text = format!("{}.{:04}", self.rate_ppm / 10_000, self.rate_ppm % 10_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// Reads a rate in per cent, `2.5`, as parts per million.
pub(crate) fn of_percent(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches('%').trim_end();
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_plain = |digits: &str| digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_plain(whole) || !is_plain(part) {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * 10_000 + format!("{part:0<4}").parse::<i64>().ok()?)
}

/// The rates a store has written down.
pub async fn of_store(db: &Db, store: &StoreId) -> Result<Vec<Rate>> {
    Ok(sql!(all db,
        "select method, rate_ppm, each_won from settlement_rates where store_id = $1 order by method", store)?)
}

/// Writes a store's rates down; a method that is left out has none any more.
pub async fn set(shop: &Shop, store: &StoreId, rates: &[Rate]) -> Result<()> {
    let mut faults = Faults::default();
    for rate in rates {
        faults.between(rate.method.slug(), rate.rate_ppm, 0, MOST_PPM);
        faults.between(rate.method.slug(), rate.each_won.0, 0, MOST_EACH);
    }
    faults.unless(rates.iter().all(|rate| Method::PRICED.contains(&rate.method)), "rates", "choose");
    let is_once =
        Method::PRICED.iter().all(|one| rates.iter().filter(|rate| rate.method == *one).count() <= 1);
    faults.unless(is_once, "rates", "too-many");
    faults.done()?;
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "delete from settlement_rates where store_id = $1", store)?;
    sql!(run &mut tx,
        "insert into settlement_rates (store_id, method, rate_ppm, each_won, changed_at_ms)
         select $2, j.value ->> 'method', cast(j.value ->> 'rate_ppm' as bigint),
             cast(j.value ->> 'each_won' as bigint), $3
         from json_each($1) as j where true
         on conflict (store_id, method) do update set rate_ppm = excluded.rate_ppm, each_won = excluded.each_won,
             changed_at_ms = excluded.changed_at_ms",
        set::of(&rates)?, store, shop.base.clock.now_ms())?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_typed_in_per_cent() {
        for (typed, ppm) in
            [("2.5", Some(25_000)), ("3", Some(30_000)), (" 2,42 %", Some(24_200)), ("0", Some(0))]
        {
            assert_eq!(of_percent(typed), ppm, "{typed}");
        }
        for typed in ["", ".", "-1", "2.55555", "둘", "2.5.5", "1e3", "12345"] {
            assert_eq!(of_percent(typed), None, "{typed}");
        }
        let rate = |rate_ppm| Rate { method: Method::Card, rate_ppm, each_won: Won::ZERO };
        assert_eq!(rate(25_000).percent(), "2.5");
        assert_eq!(rate(30_000).percent(), "3");
        assert_eq!(rate(200_000).percent(), "20");
    }
}
