//! The list under the thumb: a stage, a search, and boxes to pick several orders at once.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Problem, Query, Ui};

use crate::order::filter::{self, Asked, Filter, MANY};
use crate::order::{FulfilmentState, Summary};
use crate::{Error, Shop, StoreId};

/// Orders on one page.
const ROWS: i64 = 50;

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/orders", get(page))
        .route("/sell/{store}/orders.csv", get(super::export::csv))
}

/// Where the list goes on, and whether every box is ticked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Turn {
    cursor: Option<String>,
    all: String,
}

/// A stage with how many orders stand there.
struct Tab {
    stage: FulfilmentState,
    count: i64,
}

#[derive(Template)]
#[template(path = "selling/orders.html")]
struct OrdersPage {
    ui: Ui,
    store: StoreId,
    asked: Asked,
    stage: FulfilmentState,
    tabs: Vec<Tab>,
    orders: Vec<Summary>,
    older: String,
    newer: String,
    all: bool,
    key: String,
    problem: Option<Problem>,
}

impl OrdersPage {
    fn base(&self) -> String {
        format!("/sell/{}/orders", self.store)
    }

    fn tab_href(&self, tab: &Tab) -> String {
        format!("{}?stage={}{}", self.base(), tab.stage.slug(), self.asked.rest())
    }

    fn csv_href(&self) -> String {
        format!("{}.csv?stage={}{}", self.base(), self.stage.slug(), self.asked.rest())
    }

    /// The same page with every box ticked.
    fn all_href(&self) -> String {
        format!("{}?stage={}{}&all=1", self.base(), self.stage.slug(), self.asked.rest())
    }

    /// The stage alone: everything else forgotten.
    fn plain_href(&self) -> String {
        format!("{}?stage={}", self.base(), self.stage.slug())
    }

    fn count(&self, tab: &Tab) -> String {
        if tab.count >= MANY { format!("{}+", MANY - 1) } else { tab.count.to_string() }
    }

    fn is(&self, stage: &str) -> bool {
        self.stage.slug() == stage
    }

    /// The bell belongs where every new order shows.
    fn rings(&self) -> bool {
        self.is("new") && !self.asked.is_narrow() && self.newer.is_empty()
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    /// Whether the filters stand open.
    fn is_open(&self) -> bool {
        let Asked { when, hand_over, show, .. } = &self.asked;
        self.problem.is_some() || [when, hand_over, show].iter().any(|said| !said.is_empty())
    }

    fn whens(&self) -> [(&'static str, &'static str); 5] {
        [
            ("", "orders-when-any"),
            ("today", "orders-when-today"),
            ("week", "orders-when-week"),
            ("month", "orders-when-month"),
            ("days", "orders-when-days"),
        ]
    }

    fn ways(&self) -> [(&'static str, &'static str); 3] {
        [("", "orders-way-any"), ("parcel", "checkout-parcel"), ("pickup", "checkout-pickup")]
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(asked): Query<Asked>,
    Query(turn): Query<Turn>,
) -> Result<Response, Problem> {
    let blank = OrdersPage {
        ui,
        store: seller.store,
        stage: FulfilmentState::New,
        tabs: Vec::new(),
        orders: Vec::new(),
        older: String::new(),
        newer: String::new(),
        all: !turn.all.is_empty(),
        key: shop.base.random.token::<16>(),
        problem: None,
        asked,
    };
    match blank.asked.read(&shop.base.clock) {
        Ok(filter) => Ok(web::page(&found(&shop, blank, &filter, turn.cursor).await?)?.into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = OrdersPage { problem: Some(wrong.into()), ..blank };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn found(
    shop: &Shop,
    page: OrdersPage,
    filter: &Filter,
    cursor: Option<String>,
) -> Result<OrdersPage, Problem> {
    let db = &shop.base.db;
    let paging = Paging { limit: Some(ROWS), cursor };
    let orders = filter::list(db, &page.store, filter, paging.after()?, ROWS + 1).await?;
    let listed = Listed::of(orders, ROWS, |row| (row.order.placed_at_ms, row.order.id.to_string()));
    let mut tabs = Vec::with_capacity(4);
    use FulfilmentState as Stage;
    for stage in [Stage::New, Stage::Preparing, Stage::Sent, Stage::HandedOver] {
        tabs.push(Tab { stage, count: filter::count(db, &page.store, filter, stage, MANY).await? });
    }
    let page = OrdersPage { stage: filter.stage, tabs, orders: listed.items, ..page };
    let here = format!("{}?stage={}{}", page.base(), page.stage.slug(), page.asked.rest());
    let older = listed.next_cursor.map(|cursor| format!("{here}&cursor={cursor}")).unwrap_or_default();
    let newer = paging.cursor.map(|_| here).unwrap_or_default();
    Ok(OrdersPage { older, newer, ..page })
}
