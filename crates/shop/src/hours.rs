//! Opening hours as data: the week, a pause in it, regular days of rest, single ones, and the days of the fair.
//!
//! Everything is said in the market's own time. A single day of rest is stronger than the fair, and the fair is
//! stronger than the week and its regular rests. Without a week nobody knows whether a stall is open, and nothing is
//! said; what the seller wrote in words stands beside it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use base::{Db, Tx, sql};
use jiff::ToSpan;
use jiff::civil::Date;
use people::StoreId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::FromRow;

use crate::faults::Faults;
use crate::{Error, Result, Shop, set};

pub mod api;
pub mod market;
pub mod pages;
mod said;
pub mod selling;

pub use said::{Now, Stand};

/// The longest name of a lane, and of a place in it.
const PLACE: usize = 40;
/// Single days of rest at a time.
const MOST_DAYS: usize = 60;
/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// Minutes after midnight, written `06:30`; `24:00` ends the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(pub i64);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for Minute {
    type Err = base::id::NotAnId;
    fn from_str(text: &str) -> Result<Minute, base::id::NotAnId> {
        let (hours, minutes) = text.trim().split_once(':').ok_or(base::id::NotAnId)?;
        // Some browsers send the seconds too.
        let minutes = minutes.split(':').next().unwrap_or_default();
        let read = |text: &str| text.parse::<i64>().map_err(|_| base::id::NotAnId);
        let minute = Minute(read(hours)? * 60 + read(minutes)?);
        if (0..=DAY).contains(&minute.0) && read(minutes)? < 60 { Ok(minute) } else { Err(base::id::NotAnId) }
    }
}

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Minute, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A weekday on which the stall is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = OpenDay)]
pub struct Day {
    /// Monday is 0.
    pub weekday: i64,
    #[schema(value_type = String)]
    pub opens: Minute,
    /// `24:00` at the latest.
    #[schema(value_type = String)]
    pub closes: Minute,
    /// A pause in between, if there is one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub rests_from: Option<Minute>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub rests_to: Option<Minute>,
}

impl Day {
    fn pause(&self) -> Option<(Minute, Minute)> {
        self.rests_from.zip(self.rests_to)
    }
}

/// A regular rest: the second Sunday of a month.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, FromRow, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RegularRest)]
pub struct Rest {
    /// 1 to 5.
    pub nth: i64,
    /// Monday is 0.
    pub weekday: i64,
}

/// When a store is open, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = OpeningHours)]
pub struct Hours {
    /// The weekdays on which it is open; empty: not told.
    pub week: Vec<Day>,
    pub rests: Vec<Rest>,
    /// Single days of rest, as 2027-02-07.
    #[schema(value_type = Vec<String>)]
    pub holidays: BTreeSet<Date>,
    /// The last digits of the days of the fair: 2 and 7. Then it is open whatever weekday it is.
    #[schema(value_type = Vec<i64>)]
    pub fair_days: BTreeSet<i64>,
    /// The lane it stands in: 가동 3번 골목.
    pub lane: String,
    /// Its place there: 12호.
    pub place: String,
}

impl Hours {
    pub(crate) fn checked(self) -> Result<Hours> {
        let mut faults = Faults::default();
        let mut weekdays = BTreeSet::new();
        for day in &self.week {
            let field = format!("day-{}", day.weekday);
            faults.unless((0..7).contains(&day.weekday) && weekdays.insert(day.weekday), &field, "choose");
            faults.unless(day.opens.0 < DAY && day.opens < day.closes, &field, "hours-order");
            let pause = match (day.rests_from, day.rests_to) {
                (None, None) => true,
                (Some(from), Some(to)) => day.opens < from && from < to && to < day.closes,
                _ => false,
            };
            faults.unless(pause, "rest", "hours-rest");
        }
        let fits = |rest: &Rest| (1..=5).contains(&rest.nth) && (0..7).contains(&rest.weekday);
        faults.unless(self.rests.iter().all(fits), "rests", "choose");
        faults.unless(self.holidays.len() <= MOST_DAYS, "day", "too-many");
        faults.unless(self.fair_days.iter().all(|digit| (0..10).contains(digit)), "fair", "choose");
        let lane = faults.optional("lane", &self.lane, PLACE);
        let place = faults.optional("place", &self.place, PLACE);
        faults.done()?;
        let rests: BTreeSet<Rest> = self.rests.into_iter().collect();
        Ok(Hours { rests: rests.into_iter().collect(), lane, place, ..self })
    }

    /// Its hours on a day; `None`: it rests.
    pub fn on(&self, date: Date) -> Option<&Day> {
        if self.holidays.contains(&date) {
            return None;
        }
        let weekday = i64::from(date.weekday().to_monday_zero_offset());
        let usual = self.week.iter().find(|day| day.weekday == weekday);
        if self.fair_days.contains(&i64::from(date.day() % 10)) {
            // On a weekday of rest the fair keeps the hours of the week's first open day.
            return usual.or(self.week.first());
        }
        let nth = i64::from((date.day() - 1) / 7 + 1);
        if self.rests.contains(&Rest { nth, weekday }) { None } else { usual }
    }

    /// The next day on which it opens after `date`, within a month.
    fn after(&self, date: Date) -> Option<(Date, &Day)> {
        (1..=31)
            .map(|days| date.saturating_add(days.days()))
            .find_map(|day| self.on(day).map(|hours| (day, hours)))
    }
}

#[derive(FromRow)]
struct Row {
    store_id: StoreId,
    weekday: i64,
    opens_min: i64,
    closes_min: i64,
    rest_from_min: Option<i64>,
    rest_to_min: Option<i64>,
}

/// When a store is open.
pub async fn of(db: &Db, store: &StoreId) -> Result<Hours> {
    of_all(db, std::slice::from_ref(store)).await?.remove(store).ok_or(Error::NotFound)
}

/// When several stores are open: four statements, however many they are.
pub async fn of_all(db: &Db, stores: &[StoreId]) -> Result<HashMap<StoreId, Hours>> {
    let ids = set::ids(stores)?;
    let places: Vec<(StoreId, String, String, String)> = sql!(all db,
        "select id, fair_days, lane, place from stores
         where id in (select j.value ->> 'id' from json_each($1) as j)", &ids)?;
    let days: Vec<Row> = sql!(all db,
        "select store_id, weekday, opens_min, closes_min, rest_from_min, rest_to_min from store_hours
         where store_id in (select j.value ->> 'id' from json_each($1) as j) order by store_id, weekday", &ids)?;
    let rests: Vec<(StoreId, i64, i64)> = sql!(all db,
        "select store_id, nth, weekday from store_rests
         where store_id in (select j.value ->> 'id' from json_each($1) as j) order by store_id, nth, weekday", &ids)?;
    let holidays: Vec<(StoreId, String)> = sql!(all db,
        "select store_id, day from store_holidays
         where store_id in (select j.value ->> 'id' from json_each($1) as j)", &ids)?;
    let mut all: HashMap<StoreId, Hours> = HashMap::new();
    for (id, fair_days, lane, place) in places {
        let fair_days = fair_days.split(',').filter_map(|digit| digit.parse().ok()).collect();
        all.insert(id, Hours { fair_days, lane, place, ..Hours::default() });
    }
    for row in days {
        let day = Day {
            weekday: row.weekday,
            opens: Minute(row.opens_min),
            closes: Minute(row.closes_min),
            rests_from: row.rest_from_min.map(Minute),
            rests_to: row.rest_to_min.map(Minute),
        };
        all.entry(row.store_id).or_default().week.push(day);
    }
    for (id, nth, weekday) in rests {
        all.entry(id).or_default().rests.push(Rest { nth, weekday });
    }
    for (id, day) in holidays {
        all.entry(id).or_default().holidays.extend(day.parse::<Date>());
    }
    Ok(all)
}

/// Says anew when a store is open and where it stands.
pub async fn change(shop: &Shop, store: &StoreId, hours: Hours) -> Result<Hours> {
    let hours = hours.checked()?;
    let mut tx = shop.base.db.begin().await?;
    lay(&mut tx, store, &hours, shop.base.clock.now_ms()).await?;
    tx.commit().await?;
    of(&shop.base.db, store).await
}

/// Writes hours that were checked.
pub(crate) async fn lay(tx: &mut Tx, store: &StoreId, hours: &Hours, now_ms: i64) -> Result<()> {
    let digits: Vec<String> = hours.fair_days.iter().map(i64::to_string).collect();
    // The store's row is locked first: of two forms saved at once the later one stands, whole.
    sql!(run &mut *tx,
        "update stores set fair_days = $2, lane = $3, place = $4, changed_at_ms = $5 where id = $1",
        store, digits.join(","), &hours.lane, &hours.place, now_ms)?;
    sql!(run &mut *tx, "delete from store_hours where store_id = $1", store)?;
    sql!(run &mut *tx, "delete from store_rests where store_id = $1", store)?;
    sql!(run &mut *tx, "delete from store_holidays where store_id = $1", store)?;
    for day in &hours.week {
        sql!(run &mut *tx,
            "insert into store_hours (store_id, weekday, opens_min, closes_min, rest_from_min, rest_to_min)
             values ($1, $2, $3, $4, $5, $6)",
            store, day.weekday, day.opens.0, day.closes.0, day.rests_from.map(|at| at.0), day.rests_to.map(|at| at.0))?;
    }
    for rest in &hours.rests {
        sql!(run &mut *tx,
            "insert into store_rests (store_id, nth, weekday) values ($1, $2, $3)", store, rest.nth, rest.weekday)?;
    }
    for day in &hours.holidays {
        sql!(run &mut *tx,
            "insert into store_holidays (store_id, day) values ($1, $2)", store, day.to_string())?;
    }
    Ok(())
}

/// Changes the seller's remark on it, in words.
pub(crate) async fn remark(shop: &Shop, store: &StoreId, words: &str) -> Result<()> {
    let mut faults = Faults::default();
    let words = faults.optional("hours", words, 200);
    faults.done()?;
    let mut tx = shop.base.db.begin().await?;
    // Whoever translated the old words did not translate these.
    sql!(run &mut tx,
        "update stores set hours_en = case when hours = $2 then hours_en else '' end, hours = $2 where id = $1",
        store, words)?;
    Ok(tx.commit().await?)
}
