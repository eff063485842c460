//! Whether it is open now, and how that is said: "지금 열었어요", "오늘 쉬어요", "오전 6:00에 열어요".

use base::clock;
use jiff::civil::Date;
use web::Ui;

use super::{Day, Hours, Minute};

/// How a stall stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// Nobody told.
    Unknown,
    Open {
        until: Minute,
    },
    /// In its pause.
    Resting {
        until: Minute,
    },
    /// Later today.
    Opens {
        at: Minute,
    },
    /// It rests today, or has closed.
    Closed {
        all_day: bool,
        next: Option<(Date, Minute)>,
    },
}

impl Hours {
    /// How it stands at a moment.
    pub fn at(&self, now_ms: i64) -> Now {
        let now = clock::at(now_ms).to_zoned(clock::seoul());
        let (date, minute) = (now.date(), Minute(i64::from(now.hour()) * 60 + i64::from(now.minute())));
        if self.week.is_empty() {
            return Now::Unknown;
        }
        let next = || self.after(date).map(|(date, day)| (date, day.opens));
        match self.on(date) {
            None => Now::Closed { all_day: true, next: next() },
            Some(day) => of_day(day, minute).unwrap_or_else(|| Now::Closed { all_day: false, next: next() }),
        }
    }
}

/// `None`: it has closed.
fn of_day(day: &Day, minute: Minute) -> Option<Now> {
    if minute < day.opens {
        return Some(Now::Opens { at: day.opens });
    }
    if minute >= day.closes {
        return None;
    }
    Some(match day.pause() {
        Some((from, to)) if from <= minute && minute < to => Now::Resting { until: to },
        _ => Now::Open { until: day.closes },
    })
}

/// That in words.
#[derive(Clone, Debug, Default)]
pub struct Stand {
    /// "지금 열었어요"; empty: nobody told.
    pub short: String,
    /// "오후 6:00까지"; may be empty.
    pub more: String,
    pub is_open: bool,
}

impl Stand {
    /// How a store stands now.
    pub fn of(ui: &Ui, hours: &Hours) -> Stand {
        let now_ms = ui.now_ms();
        let today = clock::at(now_ms).to_zoned(clock::seoul()).date();
        let time = |at: Minute| ui.hour_of(&moment(today, at));
        let said = |key: &str, at: Minute| ui.t1(key, "time", time(at));
        let (short, more) = match hours.at(now_ms) {
            Now::Unknown => return Stand::default(),
            // "오전 12:00까지" is what nobody says.
            Now::Open { until: Minute(1_440) } => (ui.t("hours-open"), ui.t("hours-until-midnight")),
            Now::Open { until } => (ui.t("hours-open"), said("hours-until", until)),
            Now::Resting { until } => (ui.t("hours-resting"), said("hours-again", until)),
            Now::Opens { at } => (said("hours-opens", at), String::new()),
            Now::Closed { all_day, next } => {
                let short = ui.t(if all_day { "hours-off" } else { "hours-over" });
                let next = next.map(|(date, at)| ui.t1("hours-next", "when", ui.time(&moment(date, at))));
                (short, next.unwrap_or_default())
            }
        };
        Stand { short, more, is_open: matches!(hours.at(now_ms), Now::Open { .. }) }
    }
}

fn moment(date: Date, at: Minute) -> i64 {
    let midnight = date.to_zoned(clock::seoul()).map_or(0, |zoned| zoned.timestamp().as_millisecond());
    midnight + at.0 * 60_000
}

#[cfg(test)]
mod tests {
    use super::super::Rest;
    use super::*;

    /// Monday to Saturday, six to six, with a pause from twelve to one.
    fn stall() -> Hours {
        let day = |weekday| Day {
            weekday,
            opens: Minute(360),
            closes: Minute(1_080),
            rests_from: Some(Minute(720)),
            rests_to: Some(Minute(780)),
        };
        Hours { week: (0..6).map(day).collect(), ..Hours::default() }
    }

    fn at(hours: &Hours, moment: &str) -> Now {
        let moment = format!("{moment}:00+09:00").parse::<jiff::Timestamp>().unwrap();
        hours.at(moment.as_millisecond())
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_opens_pauses_goes_on_and_closes() {
        let stall = stall();
        let next = Some((date("2026-11-25"), Minute(360)));
        for (moment, now) in [
            ("2026-11-24T05:59", Now::Opens { at: Minute(360) }),
            ("2026-11-24T06:00", Now::Open { until: Minute(1_080) }),
            ("2026-11-24T11:59", Now::Open { until: Minute(1_080) }),
            ("2026-11-24T12:00", Now::Resting { until: Minute(780) }),
            ("2026-11-24T13:00", Now::Open { until: Minute(1_080) }),
            ("2026-11-24T18:00", Now::Closed { all_day: false, next }),
        ] {
            assert_eq!(at(&stall, moment), now, "{moment}");
        }
        assert_eq!(at(&Hours::default(), "2026-11-24T10:00"), Now::Unknown);
    }

    #[test]
    fn midnight_is_seouls_and_a_day_may_end_with_it() {
        let mut late = stall();
        late.week[1].closes = Minute(1_440);
        assert_eq!(at(&late, "2026-11-24T23:59"), Now::Open { until: Minute(1_440) });
        assert_eq!(at(&late, "2026-11-25T00:00"), Now::Opens { at: Minute(360) });
    }

    #[test]
    fn days_of_rest_are_the_weeks_the_months_and_single_ones() {
        let mut stall = stall();
        // 29 November 2026 is a Sunday; the next day is a Monday.
        let next = Some((date("2026-11-30"), Minute(360)));
        assert_eq!(at(&stall, "2026-11-29T10:00"), Now::Closed { all_day: true, next });
        stall.week.push(Day { weekday: 6, ..stall.week[0].clone() });
        stall.rests = vec![Rest { nth: 2, weekday: 6 }, Rest { nth: 4, weekday: 6 }];
        for (day, is_off) in [("01", false), ("08", true), ("15", false), ("22", true), ("29", false)] {
            let now = at(&stall, &format!("2026-11-{day}T10:00"));
            assert_eq!(matches!(now, Now::Closed { all_day: true, .. }), is_off, "{day}");
        }
        stall.holidays.insert(date("2026-11-24"));
        let next = Some((date("2026-11-25"), Minute(360)));
        assert_eq!(at(&stall, "2026-11-24T10:00"), Now::Closed { all_day: true, next });
    }

    #[test]
    fn on_days_of_the_fair_it_is_open_unless_that_very_day_is_a_rest() {
        let mut stall = stall();
        stall.fair_days = [2, 7].into();
        // Sunday, 22 November 2026: the week rests, the fair does not.
        assert_eq!(at(&stall, "2026-11-22T10:00"), Now::Open { until: Minute(1_080) });
        assert!(matches!(at(&stall, "2026-11-29T10:00"), Now::Closed { .. }));
        stall.holidays.insert(date("2026-11-22"));
        assert!(matches!(at(&stall, "2026-11-22T10:00"), Now::Closed { all_day: true, .. }));
    }

    #[test]
    fn a_stall_that_never_opens_again_says_no_day() {
        let mut stall = stall();
        stall.week.truncate(1);
        let mondays = ["2026-11-30", "2026-12-07", "2026-12-14", "2026-12-21", "2026-12-28"];
        stall.holidays = mondays.map(date).into();
        assert_eq!(at(&stall, "2026-11-24T10:00"), Now::Closed { all_day: true, next: None });
    }
}
