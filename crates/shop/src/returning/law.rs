//! The clocks of the law, and where each stands. Changing a rule is changing a line here, with its article.
//!
//! Days are counted as the civil code counts: the first day is not (민법 제157조), and a clock of days that ends on
//! a Saturday or a holiday ends on the next business day (제161조).

use base::Won;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::Reason;
use crate::workdays::{Workdays, day_of, end_of};

/// A rule, with its source.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rule {
    pub id: &'static str,
    /// Where it is written.
    pub article: &'static str,
    /// The key of the words people read.
    pub words: &'static str,
}

/// Seven days after receipt one may change one's mind.
pub const MIND: Rule =
    Rule { id: "withdrawal", article: "전자상거래법 제17조 제1항", words: "return-rule-mind" };
/// Three months after receipt, and thirty days after one noticed, what is not as described.
pub const DIFFERENT: Rule =
    Rule { id: "different", article: "전자상거래법 제17조 제3항", words: "return-rule-different" };
/// What spoils or was made to order: no change of mind where that was shown and agreed to.
pub const EXCEPTION: Rule =
    Rule {
        id: "exception", article: "전자상거래법 제17조 제2항·제6항", words: "return-rule-exception"
    };
/// Three business days after the goods came back, the money goes back.
pub const REFUND: Rule =
    Rule { id: "refund", article: "전자상거래법 제18조 제2항", words: "return-rule-refund" };
/// 15 % a year for every day after that (시행령 제21조의3).
pub const INTEREST: Rule = Rule {
    id: "interest",
    article: "전자상거래법 제18조 제2항, 시행령 제21조의3",
    words: "return-rule-interest",
};
/// Whoever changes his mind pays the way back; else the seller does.
pub const POSTAGE: Rule =
    Rule {
        id: "postage", article: "전자상거래법 제18조 제9항·제10항", words: "return-rule-postage"
    };

/// Every rule, as the buyer reads them.
pub const RULES: [Rule; 6] = [MIND, DIFFERENT, EXCEPTION, POSTAGE, REFUND, INTEREST];

const MIND_DAYS: i64 = 7;
const DIFFERENT_MONTHS: i64 = 3;
const NOTICED_DAYS: i64 = 30;
const REFUND_WORKDAYS: usize = 3;
const INTEREST_PERCENT: i64 = 15;
/// Our own: a buyer's wish is answered by the end of the next business day.
const ANSWER_WORKDAYS: usize = 1;

/// Until when goods received on this day may go back; `noticed` is when the buyer saw that something is wrong.
pub(crate) fn until(reason: Reason, received: Date, noticed: Option<Date>, days: &Workdays) -> i64 {
    let end = if reason.is_sellers() {
        let last = received.saturating_add(DIFFERENT_MONTHS.months());
        noticed.map_or(last, |noticed| last.min(noticed.saturating_add(NOTICED_DAYS.days())))
    } else {
        received.saturating_add(MIND_DAYS.days())
    };
    end_of(days.open_from(end))
}

/// Until when the seller answers.
pub(crate) fn answer_due(asked_ms: i64, days: &Workdays) -> i64 {
    end_of(days.after(day_of(asked_ms), ANSWER_WORKDAYS))
}

/// Until when the money goes back.
pub(crate) fn refund_due(arrived_ms: i64, days: &Workdays) -> i64 {
    end_of(days.after(day_of(arrived_ms), REFUND_WORKDAYS))
}

/// What is owed beside the money when it goes back after its day. Parts of a won are dropped.
pub(crate) fn interest(amount: Won, due_ms: i64, now_ms: i64) -> Won {
    let late = day_of(due_ms).until(day_of(now_ms)).map_or(0, |span| i64::from(span.get_days())).max(0);
    Won((i128::from(amount.0) * i128::from(INTEREST_PERCENT * late) / 36_500) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn each_reason_has_its_own_clock() {
        let days = Workdays::default();
        for (reason, received, noticed, last) in [
            (Reason::Mind, "2026-11-24", None, "2026-12-01"),
            // The seventh day is a Saturday: Monday counts.
            (Reason::Mind, "2026-11-21", None, "2026-11-30"),
            (Reason::Mind, "2026-12-18", None, "2026-12-28"),
            (Reason::Faulty, "2026-11-24", None, "2027-02-24"),
            (Reason::Wrong, "2026-11-24", Some("2026-12-01"), "2026-12-31"),
            (Reason::Late, "2026-11-24", Some("2027-02-20"), "2027-02-24"),
        ] {
            let until = until(reason, day(received), noticed.map(day), &days);
            assert_eq!(day_of(until), day(last), "{reason:?} {received} {noticed:?}");
        }
    }

    #[test]
    fn interest_begins_on_the_day_after_and_is_fifteen_percent_a_year() {
        let due_ms = end_of(day("2026-11-27"));
        for (now, owed) in [("2026-11-27", 0), ("2026-11-28", 15), ("2026-12-07", 150), ("2027-11-27", 5_475)]
        {
            let now_ms = end_of(day(now));
            assert_eq!(interest(Won(36_500), due_ms, now_ms), Won(owed), "{now}");
        }
        assert!(interest(Won::MAX, 0, end_of(day("2026-11-27"))) > Won::MAX, "fifty years later");
    }

    #[test]
    fn every_rule_names_its_article() {
        for rule in RULES {
            assert!(rule.article.contains('제') && rule.words.starts_with("return-rule-"), "{}", rule.id);
        }
    }
}
