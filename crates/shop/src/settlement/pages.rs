//! The settlement page: one period, one sum, what it is made of, whether it is true, and the same as a sheet.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Won, clock};
use jiff::ToSpan;
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Problem, Query, Ui};

use super::rates::{self, Rate};
use super::{Asked, By, Method, Movement, OfDay, Period, Report, movements, report};
use crate::order::filter::{day, midnight_ms};
use crate::sheet::{Cell, Sheet, download};
use crate::{Error, Shop};

/// Movements of a day on its page; the sheet has them all.
const ROWS: i64 = 200;
/// Movements in one sheet.
const MOST: i64 = 50_000;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/settlement", get(page))
        .route("/sell/{store}/settlement.csv", get(csv))
        .route("/sell/{store}/settlement/rates", post(write_rates))
}

/// Rates as they are typed: in per cent, and in won for each time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    card: String,
    card_each: String,
    deposit: String,
    deposit_each: String,
}

impl Typed {
    fn of(rates: &[Rate]) -> Typed {
        let written = |method: Method| {
            let rate = rates.iter().find(|rate| rate.method == method);
            rate.map(|rate| (rate.percent(), rate.each_won.0.to_string())).unwrap_or_default()
        };
        let ((card, card_each), (deposit, deposit_each)) = (written(Method::Card), written(Method::Deposit));
        Typed { card, card_each, deposit, deposit_each }
    }

    /// A method with both fields empty has no rate.
    fn read(&self) -> Result<Vec<Rate>, Error> {
        let fields = [
            (Method::Card, &self.card, &self.card_each),
            (Method::Deposit, &self.deposit, &self.deposit_each),
        ];
        let (mut rates, mut wrong) = (Vec::new(), Vec::new());
        for (method, percent, each) in fields {
            if percent.trim().is_empty() && each.trim().is_empty() {
                continue;
            }
            let rate_ppm = if percent.trim().is_empty() { Some(0) } else { rates::of_percent(percent) };
            let digits: String = each.chars().filter(|one| !matches!(one, ',' | ' ' | '원')).collect();
            let each_won = if digits.is_empty() { Some(0) } else { digits.parse().ok() };
            match (rate_ppm, each_won) {
                (Some(rate_ppm), Some(each)) => rates.push(Rate { method, rate_ppm, each_won: Won(each) }),
                _ => wrong.push((method.slug().to_owned(), "rate")),
            }
        }
        if wrong.is_empty() { Ok(rates) } else { Err(Error::Invalid(wrong)) }
    }
}

#[derive(Template)]
#[template(path = "settlement/page.html")]
struct SettlementPage {
    ui: Ui,
    store: StoreId,
    report: Report,
    movements: Vec<Movement>,
    has_more: bool,
    typed: Typed,
    problem: Option<Problem>,
}

impl SettlementPage {
    fn href(&self, period: &Period) -> String {
        format!("/sell/{}/settlement?by={}&on={}", self.store, period.by.slug(), period.first)
    }

    fn csv_href(&self) -> String {
        let period = &self.report.period;
        format!("/sell/{}/settlement.csv?by={}&on={}", self.store, period.by.slug(), period.first)
    }

    fn tabs(&self) -> [(By, &'static str, String); 3] {
        let on = self.report.period.last.min(super::today(self.ui.now_ms())).max(self.report.period.first);
        [(By::Day, "settlement-day"), (By::Week, "settlement-week"), (By::Month, "settlement-month")]
            .map(|(by, words)| (by, words, self.href(&Period::of(by, on))))
    }

    /// The period as people call it.
    fn name(&self) -> String {
        let Period { by, first, last } = self.report.period;
        let (first_ms, last_ms) = (midnight_ms(first), midnight_ms(last));
        match by {
            By::Day => self.ui.date(&first_ms),
            By::Week => format!("{} – {}", self.ui.date(&first_ms), self.ui.date(&last_ms)),
            By::Month => {
                let (year, month) = (first.year().to_string(), first.month().to_string());
                self.ui.t2("settlement-of-month", "year", year, "month", month)
            }
        }
    }

    fn before(&self) -> String {
        self.href(&self.report.period.before())
    }

    /// Nothing to see where the days have not come yet.
    fn after(&self) -> String {
        let after = self.report.period.after();
        if after.first > super::today(self.ui.now_ms()) { String::new() } else { self.href(&after) }
    }

    fn day_href(&self, of: &OfDay) -> String {
        format!("/sell/{}/settlement?by=day&on={}", self.store, of.day)
    }

    fn day_name(&self, of: &OfDay) -> String {
        day(&of.day).map(|day| self.ui.date(&midnight_ms(day))).unwrap_or_default()
    }

    /// The day on which most stayed, when there is more than one to choose from.
    fn best(&self) -> Option<&OfDay> {
        let days = &self.report.days;
        days.iter().max_by_key(|day| day.net_won).filter(|best| days.len() > 1 && best.net_won > Won::ZERO)
    }

    fn bars(&self) -> Vec<Bar> {
        bars(&self.report.period, &self.report.days)
    }

    /// How wide the drawing is in its own measure.
    fn wide(&self) -> i64 {
        self.bars().len() as i64 * Bar::STEP
    }

    /// What the payment company may keep, and what it will then pay out; nothing while a rate is missing.
    fn estimates(&self) -> Vec<(&'static str, String)> {
        let Some(fee) = self.report.expected_fee() else { return Vec::new() };
        let rest = self.report.by_company() - fee;
        vec![("settlement-fee", self.ui.won(fee)), ("settlement-expected", self.ui.won(rest))]
    }

    fn is_day(&self) -> bool {
        self.report.period.by == By::Day
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }
}

/// One day of the drawing; the whole is 100 high.
#[derive(Debug, PartialEq, Eq)]
struct Bar {
    x: i64,
    y: i64,
    height: i64,
}

impl Bar {
    const STEP: i64 = 10;
    const WIDE: i64 = 7;
}

/// A bar for every day of the period: upwards what stayed, downwards where more went than came.
fn bars(period: &Period, days: &[OfDay]) -> Vec<Bar> {
    let nets = days.iter().map(|day| day.net_won.0);
    let (most, least) = (nets.clone().max().unwrap_or(0).max(0), nets.min().unwrap_or(0).min(0));
    let high = |won: i64| (i128::from(won) * 100 / i128::from((most - least).max(1))) as i64;
    let dates = period.first.series(1.day()).take_while(|date| *date <= period.last);
    let bars = dates.enumerate().map(|(place, date)| {
        let named = date.to_string();
        let net = days.iter().find(|day| day.day == named).map_or(0, |day| day.net_won.0);
        let y = high(most) - if net > 0 { high(net) } else { 0 };
        Bar { x: place as i64 * Bar::STEP, y, height: high(net.abs()) }
    });
    bars.collect()
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let period = asked.read(&shop.base.clock)?;
    let typed = Typed::of(&rates::of_store(&shop.base.db, &seller.store).await?);
    Ok(web::page(&drawn(&shop, ui, seller.store, period, typed).await?)?.into_response())
}

async fn drawn(
    shop: &Shop,
    ui: Ui,
    store: StoreId,
    period: Period,
    typed: Typed,
) -> Result<SettlementPage, Problem> {
    let db = &shop.base.db;
    let report = report(db, &store, period).await?;
    let mut movements = match period.by {
        By::Day => movements(db, &store, &period, None, ROWS + 1).await?,
        _ => Vec::new(),
    };
    let has_more = movements.len() as i64 > ROWS;
    movements.truncate(ROWS as usize);
    Ok(SettlementPage { ui, store, report, movements, has_more, typed, problem: None })
}

async fn write_rates(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let written = match typed.read() {
        Ok(rates) => rates::set(&shop, &seller.store, &rates).await,
        Err(wrong) => Err(wrong),
    };
    match written {
        Ok(()) => Ok(Redirect::to(&format!("/sell/{}/settlement", seller.store)).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let period = Period::of(By::Month, super::today(shop.base.clock.now_ms()));
            let page = drawn(&shop, ui, seller.store, period, typed).await?;
            let page = SettlementPage { problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Every movement of the period, and beneath them the same sums as the page.
async fn csv(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let period = asked.read(&shop.base.clock)?;
    let db = &shop.base.db;
    let report = report(db, &seller.store, period).await?;
    let rows = movements(db, &seller.store, &period, None, MOST + 1).await?;
    if rows.len() as i64 > MOST {
        return Err(Error::TooManyOrders { most: MOST as usize }.into());
    }
    let heads = ["sheet-moved", "sheet-number", "sheet-kind", "sheet-method", "sheet-amount"];
    let mut sheet = Sheet::begin(&heads.map(|head| ui.t(head)));
    for row in &rows {
        let at = clock::at(row.at_ms).to_zoned(clock::seoul()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        sheet.row([
            Cell::from(at),
            row.number.as_deref().unwrap_or_default().into(),
            ui.t(row.kind.words()).into(),
            ui.t(row.method.words()).into(),
            row.amount_won.0.into(),
        ]);
    }
    let mut end = |words: &str, won: Won| {
        let head = Cell::from(ui.t(words));
        sheet.row([head, Cell::Empty, Cell::Empty, Cell::Empty, won.0.into()]);
    };
    end("settlement-net", report.sums.net());
    if !report.check.is_fine() {
        end("settlement-difference", report.check.difference());
    }
    let name = format!("settlement-{}-{}.csv", period.first, period.last);
    Ok(download(&name, sheet.end()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::Sums;
    use super::*;

    #[test]
    fn bars_fill_the_height_and_bad_days_hang_down() {
        let day = |day: &str, net| OfDay { day: day.into(), sums: Sums::default(), net_won: Won(net) };
        let period = Period::of(By::Week, date(2026, 11, 24));
        let drawn = bars(&period, &[day("2026-11-24", 30_000), day("2026-11-25", -10_000)]);
        assert_eq!(drawn.len(), 7);
        assert_eq!(drawn[0], Bar { x: 0, y: 75, height: 0 });
        assert_eq!(drawn[1], Bar { x: 10, y: 0, height: 75 });
        assert_eq!(drawn[2], Bar { x: 20, y: 75, height: 25 });
        assert!(bars(&period, &[]).iter().all(|bar| bar.height == 0));
    }
}
