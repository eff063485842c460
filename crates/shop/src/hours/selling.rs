//! The seller's hours in plain steps: the week, regular rests and the fair, single days of rest, and the place.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::clock;
use jiff::civil::Date;
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Query, Ui};

use super::pages::{Told, WEEKDAYS, day_in};
use super::{Day, Hours, Minute, Rest, change, of, remark};
use crate::store::{self, Store};
use crate::{Error, Shop};

/// What is proposed to who has told nothing yet.
const OPENS: &str = "09:00";
const CLOSES: &str = "19:00";
/// The fair comes every five days: pairs of last digits.
const FAIRS: [[i64; 2]; 5] = [[1, 6], [2, 7], [3, 8], [4, 9], [0, 5]];

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/hours", get(home))
        .route("/sell/{store}/hours/week", get(week).post(save_week))
        .route("/sell/{store}/hours/rests", get(rests).post(save_rests))
        .route("/sell/{store}/hours/days", get(days).post(add_day))
        .route("/sell/{store}/hours/days/{day}/removal", post(drop_day))
        .route("/sell/{store}/hours/place", get(place).post(save_place))
}

#[derive(Template)]
#[template(path = "hours/home.html")]
struct HomePage {
    ui: Ui,
    store: Store,
    told: Told,
    saved: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Just {
    saved: Option<String>,
}

async fn home(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    let store = store::find(&shop.base.db, &seller.store).await?;
    let told = Told::of(&shop, &ui, &store).await?;
    Ok(web::page(&HomePage { ui, store, told, saved: just.saved.is_some() })?.into_response())
}

fn saved(store: &StoreId) -> Response {
    Redirect::to(&format!("/sell/{store}/hours?saved=1")).into_response()
}

fn words(ui: &Ui, problem: Option<&Problem>, field: &str) -> String {
    problem.and_then(|problem| problem.field_words(ui.language(), field)).unwrap_or_default()
}

/// A weekday as it was typed.
#[derive(Clone, Debug, Default)]
struct Row {
    is_open: bool,
    opens: String,
    closes: String,
}

/// The week as it was typed.
#[derive(Clone, Debug, Default)]
struct Week {
    rows: Vec<Row>,
    rest_from: String,
    rest_to: String,
    act: String,
}

impl Week {
    fn of(hours: &Hours) -> Week {
        let row = |weekday: i64| match hours.week.iter().find(|day| day.weekday == weekday) {
            Some(day) => Row { is_open: true, opens: day.opens.to_string(), closes: closing(day.closes) },
            None => Row { is_open: false, opens: OPENS.to_owned(), closes: CLOSES.to_owned() },
        };
        let pause = hours.week.iter().find_map(Day::pause);
        Week {
            rows: (0..7).map(row).collect(),
            rest_from: pause.map(|(from, _)| from.to_string()).unwrap_or_default(),
            rest_to: pause.map(|(_, to)| to.to_string()).unwrap_or_default(),
            act: String::new(),
        }
    }

    fn read(pairs: Vec<(String, String)>) -> Week {
        let mut week = Week { rows: vec![Row::default(); 7], ..Week::default() };
        for (name, value) in pairs {
            let (field, at) = name.split_once('-').unwrap_or((name.as_str(), ""));
            let row = at.parse::<usize>().ok().and_then(|at| week.rows.get_mut(at));
            match (field, row) {
                ("open", Some(row)) => row.is_open = true,
                ("opens", Some(row)) => row.opens = value,
                ("closes", Some(row)) => row.closes = value,
                ("rest_from", _) => week.rest_from = value,
                ("rest_to", _) => week.rest_to = value,
                ("act", _) => week.act = value,
                _ => {}
            }
        }
        week
    }

    /// Every open day as the first of them.
    fn same(mut self) -> Week {
        if let Some(first) = self.rows.iter().find(|row| row.is_open).cloned() {
            for row in self.rows.iter_mut().filter(|row| row.is_open) {
                *row = first.clone();
            }
        }
        self
    }

    fn wanted(&self) -> Result<Vec<Day>, Error> {
        let mut wrong: Vec<(String, &'static str)> = Vec::new();
        let pause = |text: &str| if text.trim().is_empty() { Ok(None) } else { text.parse().map(Some) };
        let (rests_from, rests_to) = match (pause(&self.rest_from), pause(&self.rest_to)) {
            (Ok(from), Ok(to)) => (from, to),
            _ => {
                wrong.push(("rest".to_owned(), "hours-time"));
                (None, None)
            }
        };
        let mut week = Vec::new();
        for (weekday, row) in self.rows.iter().enumerate().filter(|(_, row)| row.is_open) {
            match (row.opens.parse::<Minute>(), row.closes.parse::<Minute>()) {
                (Ok(opens), Ok(closes)) => {
                    // Who closes at midnight says 00:00.
                    let closes = if closes == Minute(0) { Minute(24 * 60) } else { closes };
                    week.push(Day { weekday: weekday as i64, opens, closes, rests_from, rests_to });
                }
                _ => wrong.push((format!("day-{weekday}"), "hours-time")),
            }
        }
        if wrong.is_empty() { Ok(week) } else { Err(Error::Invalid(wrong)) }
    }
}

/// As a field for times shows it, which knows no 24:00.
fn closing(at: Minute) -> String {
    Minute(at.0 % (24 * 60)).to_string()
}

#[derive(Template)]
#[template(path = "hours/week.html")]
struct WeekPage {
    ui: Ui,
    store: StoreId,
    typed: Week,
    problem: Option<Problem>,
}

impl WeekPage {
    fn rows(&self) -> Vec<(usize, String, &Row)> {
        let rows = self.typed.rows.iter().enumerate();
        rows.map(|(at, row)| (at, self.ui.t(WEEKDAYS[at.min(6)]), row)).collect()
    }

    fn error(&self, field: &str) -> String {
        words(&self.ui, self.problem.as_ref(), field)
    }

    fn wrong_day(&self, at: &usize) -> String {
        self.error(&format!("day-{at}"))
    }
}

async fn week(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    let typed = Week::of(&of(&shop.base.db, &seller.store).await?);
    Ok(web::page(&WeekPage { ui, store: seller.store, typed, problem: None })?.into_response())
}

async fn save_week(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Week::read(pairs);
    if typed.act == "same" {
        let page = WeekPage { ui, store: seller.store, typed: typed.same(), problem: None };
        return Ok(web::page(&page)?.into_response());
    }
    let before = of(&shop.base.db, &seller.store).await?;
    let kept = match typed.wanted() {
        Ok(week) => change(&shop, &seller.store, Hours { week, ..before }).await,
        Err(wrong) => Err(wrong),
    };
    match kept {
        Ok(_) => Ok(saved(&seller.store)),
        Err(wrong @ Error::Invalid(_)) => {
            let page = WeekPage { ui, store: seller.store, typed, problem: Some(wrong.into()) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Template)]
#[template(path = "hours/rests.html")]
struct RestsPage {
    ui: Ui,
    store: StoreId,
    hours: Hours,
}

impl RestsPage {
    fn weekdays(&self) -> Vec<(i64, String)> {
        (0..7).map(|at| (at, self.ui.t(WEEKDAYS[at as usize]))).collect()
    }

    /// The weekday of the regular rests; Sunday until somebody says otherwise.
    fn is_weekday(&self, at: &i64) -> bool {
        self.hours.rests.first().map_or(6, |rest| rest.weekday) == *at
    }

    fn is_nth(&self, nth: &i64) -> bool {
        self.hours.rests.iter().any(|rest| rest.nth == *nth)
    }

    fn nth(&self, nth: &i64) -> String {
        self.ui.t1("hours-nth-week", "nth", *nth)
    }

    fn fairs(&self) -> Vec<(String, String, bool)> {
        let fair = |pair: [i64; 2]| {
            let digits = format!("{},{}", pair[0], pair[1]);
            let said = self.ui.t2("hours-fair-pair", "one", pair[0], "other", pair[1]);
            (digits, said, self.hours.fair_days == pair.into())
        };
        FAIRS.into_iter().map(fair).collect()
    }

    fn has_no_fair(&self) -> bool {
        self.hours.fair_days.is_empty()
    }
}

async fn rests(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    let hours = of(&shop.base.db, &seller.store).await?;
    Ok(web::page(&RestsPage { ui, store: seller.store, hours })?.into_response())
}

async fn save_rests(
    State(shop): State<Shop>,
    seller: Seller,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let of_name =
        |name: &'static str| pairs.iter().filter(move |(field, _)| field == name).map(|(_, value)| value);
    let weekday = of_name("weekday").find_map(|value| value.parse().ok()).unwrap_or(6);
    let rests =
        of_name("nth").filter_map(|value| value.parse().ok()).map(|nth| Rest { nth, weekday }).collect();
    let fair: String = of_name("fair").next().cloned().unwrap_or_default();
    let fair_days: BTreeSet<i64> = fair.split(',').filter_map(|digit| digit.parse().ok()).collect();
    let before = of(&shop.base.db, &seller.store).await?;
    change(&shop, &seller.store, Hours { rests, fair_days, ..before }).await?;
    Ok(saved(&seller.store))
}

#[derive(Template)]
#[template(path = "hours/days.html")]
struct DaysPage {
    ui: Ui,
    store: StoreId,
    days: Vec<Date>,
    /// A day that was just taken out, to put back.
    dropped: Option<Date>,
    typed: String,
    problem: Option<Problem>,
}

impl DaysPage {
    async fn of(shop: &Shop, ui: Ui, store: StoreId) -> Result<DaysPage, Problem> {
        let today = today(&ui);
        let days = of(&shop.base.db, &store).await?.holidays.range(today..).copied().collect();
        Ok(DaysPage { ui, store, days, dropped: None, typed: String::new(), problem: None })
    }

    fn day(&self, day: &Date) -> String {
        day_in(&self.ui, *day)
    }

    fn first(&self) -> String {
        today(&self.ui).to_string()
    }

    fn error(&self, field: &str) -> String {
        words(&self.ui, self.problem.as_ref(), field)
    }
}

fn today(ui: &Ui) -> Date {
    clock::at(ui.now_ms()).to_zoned(clock::seoul()).date()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dropped {
    dropped: Option<String>,
}

async fn days(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(just): Query<Dropped>,
) -> Result<Response, Problem> {
    let page = DaysPage::of(&shop, ui, seller.store).await?;
    let dropped = just.dropped.and_then(|day| day.parse().ok());
    Ok(web::page(&DaysPage { dropped, ..page })?.into_response())
}

#[derive(Deserialize)]
struct NewDay {
    day: String,
}

async fn add_day(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(NewDay { day: typed }): Form<NewDay>,
) -> Result<Response, Problem> {
    let mut hours = of(&shop.base.db, &seller.store).await?;
    let today = today(&ui);
    hours.holidays = hours.holidays.range(today..).copied().collect();
    let kept = match typed.trim().parse::<Date>() {
        Ok(day) if day >= today => {
            hours.holidays.insert(day);
            change(&shop, &seller.store, hours).await
        }
        _ => Err(Error::Invalid(vec![("day".to_owned(), "hours-day")])),
    };
    match kept {
        Ok(_) => Ok(Redirect::to(&format!("/sell/{}/hours/days", seller.store)).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = DaysPage::of(&shop, ui, seller.store).await?;
            let page = DaysPage { typed, problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
struct OfDay {
    day: Date,
}

async fn drop_day(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfDay { day }): Path<OfDay>,
) -> Result<Redirect, Problem> {
    let mut hours = of(&shop.base.db, &seller.store).await?;
    hours.holidays.remove(&day);
    change(&shop, &seller.store, hours).await?;
    Ok(Redirect::to(&format!("/sell/{}/hours/days?dropped={day}", seller.store)))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Placed {
    lane: String,
    place: String,
    hours: String,
}

#[derive(Template)]
#[template(path = "hours/place.html")]
struct PlacePage {
    ui: Ui,
    store: StoreId,
    typed: Placed,
    problem: Option<Problem>,
}

impl PlacePage {
    fn error(&self, field: &str) -> String {
        words(&self.ui, self.problem.as_ref(), field)
    }
}

async fn place(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let hours = of(db, &seller.store).await?;
    let words = store::find(db, &seller.store).await?.hours;
    let typed = Placed { lane: hours.lane, place: hours.place, hours: words };
    Ok(web::page(&PlacePage { ui, store: seller.store, typed, problem: None })?.into_response())
}

async fn save_place(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(typed): Form<Placed>,
) -> Result<Response, Problem> {
    let before = of(&shop.base.db, &seller.store).await?;
    let hours = Hours { lane: typed.lane.clone(), place: typed.place.clone(), ..before };
    let kept = match remark(&shop, &seller.store, &typed.hours).await {
        Ok(()) => change(&shop, &seller.store, hours).await.map(|_| ()),
        Err(wrong) => Err(wrong),
    };
    match kept {
        Ok(()) => Ok(saved(&seller.store)),
        Err(wrong @ Error::Invalid(_)) => {
            let page = PlacePage { ui, store: seller.store, typed, problem: Some(wrong.into()) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}
