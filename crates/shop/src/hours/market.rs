//! The market as a map: lanes with their stalls, those that are open now by colour and by word.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Query, Ui};

use super::{Stand, of_all};
use crate::Shop;
use crate::store::{self, Store};

/// Stalls on the map.
const STALLS: i64 = 500;
/// The map's own width, its stalls', and how many stand in one row of a lane.
pub(crate) const WIDTH: i64 = 328;
const BOX: i64 = 48;
const STEP: i64 = 56;
const ROW: i64 = 5;
const HEAD: i64 = 32;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/stalls", get(map))
}

/// A stall with how it stands.
struct Stall {
    store: Store,
    place: String,
    stand: Stand,
    /// What stands in its box: the number of its place.
    sign: String,
    x: i64,
    y: i64,
}

/// A lane with its stalls.
struct Lane {
    name: String,
    y: i64,
    height: i64,
    stalls: Vec<Stall>,
}

#[derive(Template)]
#[template(path = "hours/market.html")]
struct MarketPage {
    ui: Ui,
    lanes: Vec<Lane>,
    height: i64,
    only_open: bool,
    open_count: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    open: Option<String>,
}

async fn map(State(shop): State<Shop>, ui: Ui, Query(which): Query<Which>) -> Result<Html<String>, Problem> {
    let db = &shop.base.db;
    let stores = store::listed(db, None, STALLS).await?;
    let ids: Vec<_> = stores.iter().map(|store| store.id.clone()).collect();
    let mut hours = of_all(db, &ids).await?;
    let only_open = which.open.is_some();
    let mut by_lane: BTreeMap<(bool, String), Vec<Stall>> = BTreeMap::new();
    let mut open_count = 0;
    for store in stores {
        let hours = hours.remove(&store.id).unwrap_or_default();
        let stand = Stand::of(&ui, &hours);
        open_count += i64::from(stand.is_open);
        if only_open && !stand.is_open {
            continue;
        }
        let sign = sign(&hours.place, store.name_in(ui.language()));
        let stall = Stall { store, place: hours.place, stand, sign, x: 0, y: 0 };
        // Stalls that stand nowhere come last.
        by_lane.entry((hours.lane.is_empty(), hours.lane)).or_default().push(stall);
    }
    let (lanes, height) = lay(by_lane);
    web::page(&MarketPage { ui, lanes, height, only_open, open_count })
}

/// Puts every stall into its lane's rows, in the order of its place's number.
fn lay(by_lane: BTreeMap<(bool, String), Vec<Stall>>) -> (Vec<Lane>, i64) {
    let mut y = 0;
    let mut lanes = Vec::new();
    for ((_, name), mut stalls) in by_lane {
        stalls.sort_by_key(|stall| (number(&stall.place), stall.place.clone(), stall.store.created_at_ms));
        for (at, stall) in (0..).zip(stalls.iter_mut()) {
            stall.x = 24 + at % ROW * STEP;
            stall.y = y + HEAD + at / ROW * STEP;
        }
        let rows = (stalls.len() as i64 + ROW - 1) / ROW;
        let height = HEAD + rows * STEP + 8;
        lanes.push(Lane { name, y, height, stalls });
        y += height + 8;
    }
    (lanes, y)
}

/// The first number in a place: 12 of "12호".
fn number(place: &str) -> i64 {
    let digits = place.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(i64::MAX)
}

/// What fits into a box: the place's number, or the first letter of the stall's name.
fn sign(place: &str, name: &str) -> String {
    match number(place) {
        i64::MAX => name.chars().take(1).collect(),
        number => number.to_string(),
    }
}

impl Stall {
    fn middle(&self) -> i64 {
        self.x + BOX / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_number() {
        assert_eq!((number("12호"), number("가동 3-4"), number("모퉁이")), (12, 3, i64::MAX));
        assert_eq!((sign("12호", "파도네"), sign("", "파도네")), ("12".to_owned(), "파".to_owned()));
    }
}
