//! The market's home and the page of a stall.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use people::{MaybePerson, StoreId, member};
use utoipa_axum::router::OpenApiRouter;
use web::cursor::Paging;
use web::{Path, Problem, Query, Ui};

use super::{Store, by_slug, listed, structured};
use crate::diary::Entry;
use crate::follow::pages::Heart;
use crate::group_purchase;
use crate::hours::pages::Told;
use crate::hours::{self, Hours, Stand};
use crate::product::{self, Card};
use crate::promotion::{self, Promotion};
use crate::showing::{self, Showing};
use crate::{Shop, diary};

/// Stalls on the home page.
const STALLS: i64 = 60;
/// New goods on the home page.
const FRESH: i64 = 12;
/// Goods on a stall's page before "more".
const GOODS: i64 = 40;
/// Days of the diary on a stall's page.
const ENTRIES: i64 = 2;

/// The routes for shoppers.
pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/", get(home)).route("/stores/{slug}", get(store))
}

#[derive(Template)]
#[template(path = "store/home.html")]
struct Home {
    ui: Ui,
    greeting: String,
    shows: Vec<Showing>,
    stalls: Vec<Store>,
    hours: HashMap<StoreId, Hours>,
    fresh: Vec<Card>,
    promotions: Vec<Promotion>,
    has_groups: bool,
}

impl Home {
    fn on_air(&self) -> Option<&Showing> {
        self.shows.iter().find(|show| show.stage == showing::When::Live)
    }

    /// "지금 열었어요", where that is known.
    fn stand(&self, stall: &Store) -> String {
        self.hours.get(&stall.id).map(|hours| Stand::of(&self.ui, hours).short).unwrap_or_default()
    }

    fn is_live(&self, stall: &Store) -> bool {
        showing::is_live(&self.shows, stall.name_in(self.ui.language()))
    }

    fn deal(&self, card: &Card) -> String {
        promotion::on_card(self.ui.language(), &self.promotions, card)
    }
}

async fn home(State(shop): State<Shop>, ui: Ui) -> Result<Html<String>, Problem> {
    let db = &shop.base.db;
    let (shows, stalls, fresh) = tokio::join!(
        showing::of(&shop, None, ui.language()),
        listed(db, None, STALLS),
        product::fresh(db, None, FRESH)
    );
    let greeting = match showing::hour(ui.now_ms()) {
        5..11 => "shop-home-morning",
        11..17 => "shop-home-day",
        _ => "shop-home-evening",
    };
    let fresh = fresh?;
    let promotions = promotion::of_cards(db, &fresh, shop.base.clock.now_ms()).await?;
    let stalls = stalls?;
    let ids: Vec<_> = stalls.iter().map(|stall| stall.id.clone()).collect();
    let hours = hours::of_all(db, &ids).await?;
    let has_groups = !group_purchase::open_ones(db, ui.now_ms(), None, 1).await?.is_empty();
    web::page(&Home { greeting: ui.t(greeting), ui, shows, stalls, hours, fresh, promotions, has_groups })
}

#[derive(Template)]
#[template(path = "store/store.html")]
struct StorePage {
    ui: Ui,
    store: Store,
    shows: Vec<Showing>,
    goods: Vec<Card>,
    promotions: Vec<Promotion>,
    older: String,
    identity: Vec<(String, String)>,
    is_mine: bool,
    heart: Heart,
    told: Told,
    /// The last days of its diary.
    entries: Vec<Entry>,
    /// schema.org, for search engines.
    data: String,
}

impl StorePage {
    fn diary_href(&self) -> String {
        format!("{}/diary", self.store.path())
    }

    fn deal(&self, card: &Card) -> String {
        promotion::on_card(self.ui.language(), &self.promotions, card)
    }
}

async fn store(
    State(shop): State<Shop>,
    ui: Ui,
    MaybePerson(person): MaybePerson,
    Path(slug): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Html<String>, Problem> {
    let db = &shop.base.db;
    let store = by_slug(db, &slug).await?;
    let is_mine = match &person {
        Some(person) => member::is_member(db, &person.id, &store.id).await.map_err(Problem::internal)?,
        None => false,
    };
    if !store.listed && !is_mine {
        return Err(Problem::not_found());
    }
    let goods = product::on_sale_in(db, &store.id, paging.after()?, GOODS + 1).await?;
    let listed = web::cursor::Listed::of(goods, GOODS, |card| (card.created_at_ms, card.id.to_string()));
    let older =
        listed.next_cursor.map(|cursor| format!("/stores/{slug}?cursor={cursor}")).unwrap_or_default();
    let shows = showing::of(&shop, Some(&store.id), ui.language()).await;
    let identity = store.identity.lines(&ui);
    let promotions = promotion::of_open_store(db, &store, shop.base.clock.now_ms()).await?;
    let heart = Heart::of(&shop, &ui, person.as_ref(), &store).await?;
    let hours = hours::of(db, &store.id).await?;
    let told = Told::from(&ui, &hours);
    let data = structured::script(&ui, &store, &hours);
    let entries = diary::of_store(db, &store.id, None, ENTRIES).await?;
    let goods = listed.items;
    web::page(&StorePage {
        ui,
        store,
        shows,
        goods,
        promotions,
        older,
        identity,
        is_mine,
        heart,
        told,
        entries,
        data,
    })
}
