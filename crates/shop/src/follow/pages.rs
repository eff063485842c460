//! The heart on a stall's page, one's own stalls, and the seller's chart.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{Person, Seller};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui};

use super::chart::{self, Chart};
pub(crate) use super::chart::{FOOT, HEIGHT, WIDTH};
use super::{Month, count, follow, is_followed, of_person, open_store, trend, unfollow};
use crate::store::Store;
use crate::{Error, Shop, StoreId};

/// Months between the two numbers that are compared.
const SPAN: usize = 4;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/stores/{slug}/follow", post(press))
        .route("/me/follows", get(mine))
        .route("/sell/{store}/followers", get(followers))
}

/// The heart: whether this reader follows the store, and how many do.
pub(crate) struct Heart {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) count: i64,
    pub(crate) is_followed: bool,
}

impl Heart {
    pub(crate) async fn of(
        shop: &Shop,
        ui: &Ui,
        person: Option<&Person>,
        store: &Store,
    ) -> Result<Heart, Error> {
        let db = &shop.base.db;
        let is_followed = match person {
            Some(person) => is_followed(db, &store.id, &person.id).await?,
            None => false,
        };
        let name = store.name_in(ui.language()).to_owned();
        Ok(Heart { slug: store.slug.clone(), name, count: count(db, &store.id).await?, is_followed })
    }
}

#[derive(Template)]
#[template(path = "follow/heart.html")]
struct HeartPart {
    ui: Ui,
    heart: Heart,
}

/// The button says which way it is pressed, so that a double tap is one wish.
#[derive(Deserialize)]
struct Pressed {
    follow: String,
    /// Pressed on the list of one's own stalls.
    #[serde(default)]
    list: Option<String>,
}

async fn press(
    State(shop): State<Shop>,
    ui: Ui,
    person: Person,
    headers: HeaderMap,
    Path(slug): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let store = open_store(&shop.base.db, &slug).await?;
    match pressed.follow.as_str() {
        "on" => follow(&shop, &person.id, &store.id).await?,
        _ => unfollow(&shop, &person.id, &store.id).await?,
    }
    if headers.contains_key("x-fragment") {
        let heart = Heart::of(&shop, &ui, Some(&person), &store).await?;
        return Ok(web::page(&HeartPart { ui, heart })?.into_response());
    }
    let to = if pressed.list.is_some() && pressed.follow != "on" {
        format!("/me/follows?dropped={slug}")
    } else if pressed.list.is_some() {
        "/me/follows".to_owned()
    } else {
        store.path()
    };
    Ok(Redirect::to(&to).into_response())
}

#[derive(Template)]
#[template(path = "follow/mine.html")]
struct MinePage {
    ui: Ui,
    stores: Vec<Store>,
    /// The stall that was just let go, to take back.
    dropped: Option<Store>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Just {
    dropped: Option<String>,
}

async fn mine(
    State(shop): State<Shop>,
    ui: Ui,
    person: Person,
    web::Query(just): web::Query<Just>,
) -> Result<Response, Problem> {
    let stores = of_person(&shop.base.db, &person.id).await?;
    let dropped = match just.dropped {
        Some(slug) => open_store(&shop.base.db, &slug).await.ok(),
        None => None,
    };
    Ok(web::page(&MinePage { ui, stores, dropped })?.into_response())
}

#[derive(Template)]
#[template(path = "follow/selling.html")]
struct TrendPage {
    ui: Ui,
    store: StoreId,
    months: Vec<Month>,
    chart: Chart,
}

impl TrendPage {
    /// "넉 달 사이 587명에서 802명이 되었어요."
    fn sentence(&self) -> String {
        let now = self.months.last().map_or(0, |month| month.followers);
        let then = self.months.iter().rev().nth(SPAN).map_or(0, |month| month.followers);
        let key = match now.cmp(&then) {
            std::cmp::Ordering::Greater => "follow-grew",
            std::cmp::Ordering::Less => "follow-shrank",
            std::cmp::Ordering::Equal => "follow-stayed",
        };
        self.ui.t2(key, "then", self.ui.number(then), "now", self.ui.number(now))
    }

    fn now(&self) -> i64 {
        self.months.last().map_or(0, |month| month.followers)
    }

    /// "11월".
    fn month(&self, month: &Month) -> String {
        self.ui.t1("follow-month", "month", i64::from(month.month.month()))
    }

    /// "2026년 11월".
    fn year_month(&self, month: &Month) -> String {
        let year = month.month.year().to_string();
        self.ui.t2("follow-year-month", "year", year, "month", i64::from(month.month.month()))
    }
}

async fn followers(State(shop): State<Shop>, ui: Ui, seller: Seller) -> Result<Response, Problem> {
    let months = trend(&shop.base.db, &seller.store, shop.base.clock.now_ms()).await?;
    let chart = chart::draw(&months);
    Ok(web::page(&TrendPage { ui, store: seller.store, months, chart })?.into_response())
}
