//! Business days: Monday to Friday without public holidays, in Seoul. The law counts some clocks by them.
//!
//! The holidays are data (`data/holidays.txt`, which says where it comes from and what it cannot know), and the
//! setting `extra-holidays` adds what was declared since.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base::{Db, clock, settings};
use jiff::civil::{Date, Weekday};

use crate::Result;

/// The operator's own list: `["2027-05-03", …]`.
const EXTRA: &str = "extra-holidays";
/// Days looked at before one gives up: no run of holidays is longer.
const FAR: usize = 60;

static KNOWN: LazyLock<BTreeSet<Date>> = LazyLock::new(|| read(include_str!("../data/holidays.txt").lines()));

fn read<'l>(lines: impl Iterator<Item = &'l str>) -> BTreeSet<Date> {
    lines.filter_map(|line| line.get(..10)?.parse().ok()).collect()
}

/// Which days are business days.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workdays {
    extra: BTreeSet<Date>,
}

impl Workdays {
    /// The known holidays and the operator's.
    pub(crate) async fn of(db: &Db) -> Result<Workdays> {
        let extra: Vec<String> = settings::get(db, EXTRA).await?.unwrap_or_default();
        Ok(Workdays { extra: read(extra.iter().map(String::as_str)) })
    }

    fn is_holiday(&self, day: Date) -> bool {
        KNOWN.contains(&day) || self.extra.contains(&day)
    }

    /// Whether business is done on this day.
    pub(crate) fn is_open(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.is_holiday(day)
    }

    /// The day itself, or the next on which business is done (민법 제161조).
    pub(crate) fn open_from(&self, day: Date) -> Date {
        days(day).find(|day| self.is_open(*day)).unwrap_or(day)
    }

    /// The business day that is `count` after this day, which is not counted (민법 제157조).
    pub(crate) fn after(&self, day: Date, count: usize) -> Date {
        days(day).skip(1).filter(|day| self.is_open(*day)).nth(count.saturating_sub(1)).unwrap_or(day)
    }

    /// How many business days lie after `from`, up to and with `to`.
    pub(crate) fn between(&self, from: Date, to: Date) -> usize {
        days(from).skip(1).take_while(|day| *day <= to).filter(|day| self.is_open(*day)).count()
    }
}

fn days(from: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.tomorrow().ok()).take(FAR)
}

/// The day in Seoul.
pub(crate) fn day_of(ms: i64) -> Date {
    clock::at(ms).to_zoned(clock::seoul()).date()
}

/// The last moment of a day in Seoul.
pub(crate) fn end_of(day: Date) -> i64 {
    let next = day.tomorrow().unwrap_or(day);
    next.to_zoned(clock::seoul()).map_or(0, |start| start.timestamp().as_millisecond() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn three_business_days_jump_over_weekends_and_holidays() {
        let days = Workdays::default();
        for (from, third) in [
            ("2026-11-24", "2026-11-27"),
            ("2026-11-26", "2026-12-01"),
            // Chuseok 2026: Thursday to Saturday.
            ("2026-09-22", "2026-09-29"),
            // Sunday 1 March 2026 has its substitute on Monday.
            ("2026-02-27", "2026-03-05"),
            ("2026-12-24", "2026-12-30"),
        ] {
            assert_eq!(days.after(day(from), 3), day(third), "{from}");
            assert_eq!(days.between(day(from), day(third)), 3, "{from}");
        }
        assert_eq!(days.open_from(day("2026-11-28")), day("2026-11-30"));
        assert_eq!(days.open_from(day("2026-11-27")), day("2026-11-27"));
    }

    #[test]
    fn what_an_operator_declares_counts() {
        let days = Workdays { extra: read(["2026-11-25"].into_iter()) };
        assert_eq!(days.after(day("2026-11-24"), 3), day("2026-11-30"));
        assert!(KNOWN.contains(&day("2028-10-05")), "the substitute of Chuseok 2028");
    }

    #[test]
    fn a_day_ends_at_midnight_in_seoul() {
        assert_eq!(day_of(1_795_471_200_000), day("2026-11-24"));
        assert_eq!(day_of(end_of(day("2026-11-24"))), day("2026-11-24"));
        assert_eq!(day_of(end_of(day("2026-11-24")) + 1), day("2026-11-25"));
    }
}
