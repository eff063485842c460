//! Which of a store's orders are looked for: a stage, a few days, a word, the way they go, a show they came from.

use base::{Clock, Db, clock, sql};
use jiff::civil::Date;
use jiff::{ToSpan, Zoned};
use people::StoreId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{FulfilmentState, Summary};
use crate::Result;
use crate::delivery::HandOver;
use crate::faults::Faults;

/// The longest word that is looked for.
const WORD: usize = 60;
/// Orders of a stage are counted up to here: more is "many".
pub const MANY: i64 = 1_000;

/// What is looked for, as an address or a form says it. Nothing said is everything.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `new`, `preparing`, `sent` or `handed-over`; `new` when absent.
    pub stage: String,
    /// An order's number, the recipient's name, the last four digits of the phone, or a product's name.
    pub q: String,
    /// `today`, `week` (7 days), `month`, or `days` with `from` and `to`; any day when absent.
    pub when: String,
    /// The first day, `2026-11-24`.
    pub from: String,
    /// The last day, `2026-11-24`.
    pub to: String,
    /// `parcel` or `pickup`.
    pub hand_over: String,
    /// A show's id, or `any` for orders from any show.
    pub show: String,
}

/// What is looked for, read and checked.
#[derive(Clone, Debug)]
pub struct Filter {
    pub stage: FulfilmentState,
    from_ms: i64,
    until_ms: i64,
    hand_over: &'static str,
    show: String,
    word: Word,
}

/// A word and the patterns it makes; all empty when nothing is looked for.
#[derive(Clone, Debug, Default)]
struct Word {
    text: String,
    inside: String,
    phone: String,
}

impl Asked {
    /// Reads it; what cannot be read is told by field.
    pub fn read(&self, now: &Clock) -> Result<Filter> {
        let mut faults = Faults::default();
        let stage = stage_of(&self.stage);
        faults.unless(stage.is_some(), "stage", "choose");
        let hand_over = match self.hand_over.as_str() {
            "" => Some(""),
            "parcel" => Some(HandOver::Parcel.slug()),
            "pickup" => Some(HandOver::Pickup.slug()),
            _ => None,
        };
        faults.unless(hand_over.is_some(), "hand_over", "choose");
        let show = match self.show.as_str() {
            "" | "any" => Some(self.show.clone()),
            id => id.parse::<base::Id<()>>().ok().map(|id| id.to_string()),
        };
        faults.unless(show.is_some(), "show", "choose");
        let word = Word::of(&faults.optional("q", &self.q, WORD));
        let (from_ms, until_ms) = self.days(&now.now().to_zoned(clock::seoul()), &mut faults);
        faults.done()?;
        let stage = stage.unwrap_or(FulfilmentState::New);
        let (hand_over, show) = (hand_over.unwrap_or_default(), show.unwrap_or_default());
        Ok(Filter { stage, from_ms, until_ms, hand_over, show, word })
    }

    /// From the first day's midnight to the midnight after the last, in the market's own time.
    fn days(&self, now: &Zoned, faults: &mut Faults) -> (i64, i64) {
        let today = now.date();
        let (first, last) = match self.when.as_str() {
            "" => return (i64::MIN, i64::MAX),
            "today" => (Some(today), Some(today)),
            "week" => (today.checked_sub(6.days()).ok(), Some(today)),
            "month" => (Some(today.first_of_month()), Some(today)),
            "days" => {
                let (first, last) = (day(&self.from), day(&self.to));
                faults.unless(self.from.is_empty() || first.is_some(), "from", "date");
                faults.unless(self.to.is_empty() || last.is_some(), "to", "date");
                if let (Some(first), Some(last)) = (first, last) {
                    faults.unless(first <= last, "to", "days-order");
                }
                (first, last)
            }
            _ => {
                faults.add("when", "choose");
                (None, None)
            }
        };
        let next = last.and_then(|last| last.tomorrow().ok());
        (first.map_or(i64::MIN, midnight_ms), next.map_or(i64::MAX, midnight_ms))
    }

    /// The same as the end of an address, without the stage and without what is not said.
    pub fn rest(&self) -> String {
        let all = [
            ("q", &self.q),
            ("when", &self.when),
            ("from", &self.from),
            ("to", &self.to),
            ("hand_over", &self.hand_over),
            ("show", &self.show),
        ];
        let said = all.iter().filter(|(_, value)| !value.is_empty());
        said.map(|(name, value)| format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect()
    }

    /// Whether anything but the stage is said.
    pub fn is_narrow(&self) -> bool {
        !self.rest().is_empty()
    }
}

impl Word {
    fn of(text: &str) -> Word {
        if text.is_empty() {
            return Word::default();
        }
        // `!` before what a pattern would read as "anything".
        let plain = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let is_end_of_phone = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        Word {
            text: text.to_owned(),
            inside: format!("%{plain}%"),
            phone: if is_end_of_phone { format!("%{text}") } else { String::new() },
        }
    }
}

fn stage_of(text: &str) -> Option<FulfilmentState> {
    match text {
        "" | "new" => Some(FulfilmentState::New),
        "preparing" => Some(FulfilmentState::Preparing),
        "sent" => Some(FulfilmentState::Sent),
        "handed-over" => Some(FulfilmentState::HandedOver),
        _ => None,
    }
}

/// A day as a form writes it.
pub(crate) fn day(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_plain.then(|| text.parse().ok()).flatten()
}

/// When a day begins in the market's own time.
pub(crate) fn midnight_ms(day: Date) -> i64 {
    day.to_zoned(clock::seoul()).map_or(i64::MAX, |begin| begin.timestamp().as_millisecond())
}

/// A store's orders of the filter's stage, newest first, after the row `(placed_at_ms, id)`.
pub async fn list(
    db: &Db,
    store: &StoreId,
    filter: &Filter,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Summary>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    let Filter { stage, from_ms, until_ms, hand_over, show, word } = filter;
    Ok(sql!(all db,
        "select * from order_summaries o
         where o.store_id = $1 and o.order_state in ('confirmed', 'completed') and o.fulfilment_state = $2
           and o.placed_at_ms >= $3 and o.placed_at_ms < $4
           and ($5 = '' or o.hand_over = $5)
           and ($6 = '' or o.broadcast = $6 or ($6 = 'any' and o.broadcast is not null))
           and ($7 = '' or o.number = $7 or lower(o.recipient) like $8 escape '!' or ($9 <> '' and o.phone like $9)
                or exists (select 1 from order_lines l where l.order_id = o.id
                           and (lower(l.product_name) like $8 escape '!' or lower(l.product_name_en) like $8 escape '!')))
           and (o.placed_at_ms, o.id) < ($10, $11)
         order by o.placed_at_ms desc, o.id desc limit $12",
        store, stage, from_ms, until_ms, hand_over, show, &word.text, &word.inside, &word.phone, ms, id, limit)?)
}

/// How many orders of a stage the rest of the filter leaves, counted up to `most`.
pub async fn count(
    db: &Db,
    store: &StoreId,
    filter: &Filter,
    stage: FulfilmentState,
    most: i64,
) -> Result<i64> {
    let Filter { from_ms, until_ms, hand_over, show, word, .. } = filter;
    Ok(sql!(value db,
        "select count(*) from (select 1 as one from orders o
         where o.store_id = $1 and o.order_state in ('confirmed', 'completed') and o.fulfilment_state = $2
           and o.placed_at_ms >= $3 and o.placed_at_ms < $4
           and ($5 = '' or o.hand_over = $5)
           and ($6 = '' or o.broadcast = $6 or ($6 = 'any' and o.broadcast is not null))
           and ($7 = '' or o.number = $7 or lower(o.recipient) like $8 escape '!' or ($9 <> '' and o.phone like $9)
                or exists (select 1 from order_lines l where l.order_id = o.id
                           and (lower(l.product_name) like $8 escape '!' or lower(l.product_name_en) like $8 escape '!')))
         limit $10) as found",
        store, stage, from_ms, until_ms, hand_over, show, &word.text, &word.inside, &word.phone, most)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 7 in the morning in Seoul, 24 November 2026, a Tuesday.
    const MORNING_MS: i64 = 1_795_471_200_000;

    fn read(asked: Asked) -> std::result::Result<(i64, i64), String> {
        let filter = asked.read(&Clock::mock(MORNING_MS)).map_err(|wrong| wrong.to_string())?;
        Ok((filter.from_ms, filter.until_ms))
    }

    fn when(when: &str, from: &str, to: &str) -> std::result::Result<(i64, i64), String> {
        read(Asked { when: when.into(), from: from.into(), to: to.into(), ..Asked::default() })
    }

    #[test]
    fn days_begin_and_end_at_midnight_in_seoul() {
        let midnight = MORNING_MS - 7 * 3_600_000;
        let day = 24 * 3_600_000;
        assert_eq!(when("", "", ""), Ok((i64::MIN, i64::MAX)));
        assert_eq!(when("today", "", ""), Ok((midnight, midnight + day)));
        assert_eq!(when("week", "", ""), Ok((midnight - 6 * day, midnight + day)));
        assert_eq!(when("month", "", ""), Ok((midnight - 23 * day, midnight + day)));
        assert_eq!(when("days", "2026-11-23", "2026-11-24"), Ok((midnight - day, midnight + day)));
        assert_eq!(when("days", "2026-11-23", ""), Ok((midnight - day, i64::MAX)));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_field() {
        for (asked, field) in [
            (when("days", "2026-11-24", "2026-11-23"), "to"),
            (when("days", "2026-02-30", ""), "from"),
            (when("days", "24.11.2026", ""), "from"),
            (when("yesterday", "", ""), "when"),
            (read(Asked { q: "가".repeat(10_000), ..Asked::default() }), "q"),
            (read(Asked { stage: "gone".into(), ..Asked::default() }), "stage"),
            (read(Asked { show: "' or 1=1".into(), ..Asked::default() }), "show"),
        ] {
            let told = asked.unwrap_err();
            assert!(told.contains(&format!("(\"{field}\"")), "{told}");
        }
    }

    #[test]
    fn a_word_is_only_a_word() {
        assert_eq!(Word::of("50%_!").inside, "%50!%!_!!%");
        assert_eq!(Word::of("5678").phone, "%5678");
        assert!(["567", "56789", "56a8", "٥٦٧٨"].iter().all(|text| Word::of(text).phone.is_empty()));
    }
}
