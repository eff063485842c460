//! The seller's signs: those that hang, how often they were scanned and what came of it, new ones, and the paper they
//! are printed on.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use super::{Kind, NewSign, Sign, hang_up_again, make, make_all, of_store, take_down};
use crate::print;
use crate::product::{self, Card, ProductId};
use crate::{Error, Shop};

/// Products that a shelf may be made of.
const PRODUCTS: i64 = 200;

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/signs", get(page).post(add))
        .route("/sell/{store}/signs/products", post(all_products))
        .route("/sell/{store}/signs.pdf", get(paper))
        .route("/sell/{store}/signs/{code}/removal", post(remove))
        .route("/sell/{store}/signs/{code}/restoration", post(restore))
}

#[derive(Template)]
#[template(path = "sign/page.html")]
struct SignsPage {
    ui: Ui,
    base: String,
    signs: Vec<Sign>,
    products: Vec<Card>,
    key: String,
    kind: Kind,
    called: String,
    ticked: Vec<String>,
    removed: String,
    problem: Option<Problem>,
}

impl SignsPage {
    async fn of(shop: &Shop, ui: Ui, store: &StoreId) -> Result<SignsPage, Problem> {
        let db = &shop.base.db;
        let mut signs = of_store(db, store, ui.now_ms()).await?;
        if signs.is_empty() {
            // The first sign of a stall is there when somebody looks for it.
            make(shop, store, "first", NewSign::default()).await?;
            signs = of_store(db, store, ui.now_ms()).await?;
        }
        Ok(SignsPage {
            base: format!("/sell/{store}/signs"),
            signs,
            products: product::all_in(db, store, PRODUCTS).await?,
            key: shop.base.random.token::<16>(),
            kind: Kind::Stall,
            called: String::new(),
            ticked: Vec::new(),
            removed: String::new(),
            problem: None,
            ui,
        })
    }

    /// What a sign is called.
    fn title(&self, sign: &Sign) -> String {
        let name = crate::text::read(self.ui.language(), &sign.name, &sign.name_en);
        if name.is_empty() { self.ui.t("sign-of-stall") } else { name.to_owned() }
    }

    fn address(&self, sign: &Sign) -> String {
        self.ui.absolute(&sign.path())
    }

    fn undo(&self) -> String {
        if self.removed.is_empty() {
            String::new()
        } else {
            format!("{}/{}/restoration", self.base, self.removed)
        }
    }

    fn has(&self, product: &ProductId) -> bool {
        self.ticked.iter().any(|id| id == product.as_str())
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Just {
    removed: String,
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    let page = SignsPage::of(&shop, ui, &seller.store).await?;
    Ok(web::page(&SignsPage { removed: just.removed, ..page })?.into_response())
}

async fn add(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let one = |name: &str| {
        typed.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let key = IdempotencyKey::of(one("key"))?;
    let kind = if one("kind") == Kind::Shelf.slug() { Kind::Shelf } else { Kind::Stall };
    let ticked: Vec<String> =
        typed.iter().filter(|(field, _)| field == "product").map(|(_, value)| value.clone()).collect();
    let products = match kind {
        Kind::Shelf => ticked.iter().filter_map(|id| id.parse().ok()).collect(),
        _ => Vec::new(),
    };
    let new = NewSign { kind, name: one("name").to_owned(), products };
    match make(&shop, &seller.store, &key.0, new).await {
        Ok(_) => Ok(Redirect::to(&format!("/sell/{}/signs", seller.store)).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = SignsPage::of(&shop, ui, &seller.store).await?;
            let called = one("name").to_owned();
            let page = SignsPage { kind, called, ticked, problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn all_products(State(shop): State<Shop>, seller: Seller) -> Result<Response, Problem> {
    make_all(&shop, &seller.store).await?;
    Ok(Redirect::to(&format!("/sell/{}/signs", seller.store)).into_response())
}

#[derive(Deserialize)]
struct Named {
    code: String,
}

async fn remove(
    State(shop): State<Shop>,
    seller: Seller,
    Path(Named { code }): Path<Named>,
) -> Result<Response, Problem> {
    take_down(&shop, &seller.store, &code).await?;
    Ok(Redirect::to(&format!("/sell/{}/signs?removed={code}", seller.store)).into_response())
}

async fn restore(
    State(shop): State<Shop>,
    seller: Seller,
    Path(Named { code }): Path<Named>,
) -> Result<Response, Problem> {
    hang_up_again(&shop, &seller.store, &code).await?;
    Ok(Redirect::to(&format!("/sell/{}/signs", seller.store)).into_response())
}

/// The signs that were ticked, on the paper that was chosen.
async fn paper(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let size = pairs.iter().find(|(name, _)| name == "size").map(|(_, value)| value.as_str());
    let codes: Vec<String> =
        pairs.iter().filter(|(name, _)| name == "code").map(|(_, value)| value.clone()).collect();
    let drawn = print::signs(&shop, ui, &seller.store, &codes, size.unwrap_or_default()).await?;
    Ok(print::pages::shown("signs.pdf", drawn))
}
