//! A stall's hours on its own page: how it stands now, and its week.

use web::Ui;

use super::{Hours, Minute, Stand, of};
use crate::store::Store;
use crate::{Error, Shop};

/// The keys of the weekdays' names, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] = [
    "hours-monday",
    "hours-tuesday",
    "hours-wednesday",
    "hours-thursday",
    "hours-friday",
    "hours-saturday",
    "hours-sunday",
];

/// What a page says of a stall's hours.
pub(crate) struct Told {
    pub(crate) stand: Stand,
    /// The lane and the place, or nothing.
    pub(crate) where_it_is: String,
    /// A weekday and its hours.
    pub(crate) week: Vec<(String, String)>,
    /// Regular rests, days of the fair, single days of rest.
    pub(crate) more: Vec<String>,
}

impl Told {
    pub(crate) async fn of(shop: &Shop, ui: &Ui, store: &Store) -> Result<Told, Error> {
        Ok(Told::from(ui, &of(&shop.base.db, &store.id).await?))
    }

    pub(crate) fn from(ui: &Ui, hours: &Hours) -> Told {
        Told {
            stand: Stand::of(ui, hours),
            where_it_is: format!("{} {}", hours.lane, hours.place).trim().to_owned(),
            week: week(ui, hours),
            more: more(ui, hours),
        }
    }
}

fn week(ui: &Ui, hours: &Hours) -> Vec<(String, String)> {
    if hours.week.is_empty() {
        return Vec::new();
    }
    let said = |at: usize| match hours.week.iter().find(|day| day.weekday == at as i64) {
        None => ui.t("hours-rests"),
        Some(day) => match day.pause() {
            None => span(day.opens, day.closes),
            Some((from, to)) => {
                let open = span(day.opens, day.closes);
                ui.t2("hours-with-rest", "open", open, "rest", span(from, to))
            }
        },
    };
    WEEKDAYS.iter().enumerate().map(|(at, key)| (ui.t(key), said(at))).collect()
}

fn span(from: Minute, to: Minute) -> String {
    format!("{from}–{to}")
}

fn more(ui: &Ui, hours: &Hours) -> Vec<String> {
    let mut more: Vec<String> = hours
        .rests
        .iter()
        .filter_map(|rest| {
            let weekday = WEEKDAYS.get(usize::try_from(rest.weekday).ok()?)?;
            Some(ui.t2("hours-nth", "nth", rest.nth, "weekday", ui.t(weekday)))
        })
        .collect();
    if !hours.fair_days.is_empty() {
        let digits: Vec<String> = hours.fair_days.iter().map(i64::to_string).collect();
        more.push(ui.t1("hours-fair", "days", digits.join(", ")));
    }
    let today = crate::workdays::day_of(ui.now_ms());
    more.extend(
        hours.holidays.range(today..).take(5).map(|day| ui.t1("hours-holiday", "day", day_in(ui, *day))),
    );
    more
}

/// "11월 24일 (화)".
pub(crate) fn day_in(ui: &Ui, day: jiff::civil::Date) -> String {
    let midnight = day.to_zoned(base::clock::seoul());
    midnight.map(|midnight| ui.date(&midnight.timestamp().as_millisecond())).unwrap_or_default()
}
