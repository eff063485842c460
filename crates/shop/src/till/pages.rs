//! The till on a screen: large tiles, what was handed over and what goes back, one button. Without JavaScript it is a
//! form like any other; with it the tiles go on while the line is down.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Won;
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Problem, Query, Ui};

use super::goods::{self, Good};
use super::{NewSale, Sale, SaleLine, Tender, barcode, find, over, sell};
use crate::order::OrderId;
use crate::product::{ProductId, VariantId};
use crate::store::{self, Store};
use crate::{Error, Result, Shop, StoreId};

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/till-worker.js", get(worker))
        .route("/sell/{store}/till", get(page).post(take))
        .route("/sell/{store}/till/settings", get(settings).post(set))
        .route("/sell/{store}/till/barcodes", post(teach))
}

/// The worker that keeps the till's page for when the line is down. It lives here so that it sees `/sell/` and no more.
async fn worker() -> Response {
    let Some(script) = web::assets::public("till-worker.js") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    ([(header::CONTENT_TYPE, "text/javascript"), (header::CACHE_CONTROL, "no-cache")], script).into_response()
}

/// A tile, and how many of it were typed.
struct Tile {
    good: Good,
    typed: String,
    /// What the till was taught to read on its packets, with spaces between.
    codes: String,
}

#[derive(Template)]
#[template(path = "till/page.html")]
struct TillPage {
    ui: Ui,
    store: Store,
    tiles: Vec<Tile>,
    tender: Tender,
    received: String,
    approval: String,
    key: String,
    /// Rows that somebody has to settle by hand.
    over: i64,
    /// The sale that was just taken back.
    undone: Option<Sale>,
    problem: Option<Problem>,
}

impl TillPage {
    async fn of(shop: &Shop, ui: Ui, store: &StoreId, typed: &Typed) -> Result<TillPage, Problem> {
        let db = &shop.base.db;
        let codes = barcode::of_store(db, store).await?;
        let signs = crate::sign::of_store(db, store, ui.now_ms()).await?;
        let tile = |good: Good| {
            let mine =
                codes.iter().filter(|one| one.variant_id == good.variant_id).map(|one| one.code.clone());
            let sign = signs.iter().filter(|sign| sign.product_id.as_ref() == Some(&good.product_id));
            let codes: Vec<String> = mine.chain(sign.map(|sign| sign.path())).collect();
            Tile { typed: typed.quantity(&good.variant_id), codes: codes.join(" "), good }
        };
        let tiles = goods::of_store(db, store).await?.into_iter().map(tile).collect();
        Ok(TillPage {
            store: store::find(db, store).await?,
            tiles,
            tender: typed.tender(),
            received: typed.one("received").to_owned(),
            approval: typed.one("approval").to_owned(),
            key: shop.base.random.token::<16>(),
            over: over::open_count(db, store).await?,
            undone: None,
            problem: None,
            ui,
        })
    }

    fn base(&self) -> String {
        format!("/sell/{}/till", self.store.id)
    }

    fn tenders(&self) -> [Tender; 4] {
        Tender::ALL
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn told(&self) -> String {
        let Some(problem) = &self.problem else { return String::new() };
        let lang = self.ui.language();
        format!("{}. {}", problem.title(lang), problem.next(lang))
    }
}

/// The till as it was typed.
#[derive(Clone, Debug, Default)]
struct Typed(Vec<(String, String)>);

impl Typed {
    fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.trim()).unwrap_or_default()
    }

    fn quantity(&self, variant: &VariantId) -> String {
        self.one(&format!("q-{variant}")).to_owned()
    }

    fn tender(&self) -> Tender {
        Tender::ALL.into_iter().find(|one| one.slug() == self.one("tender")).unwrap_or_default()
    }

    /// An amount as people write it.
    fn won(&self, name: &str) -> Result<Option<Won>> {
        let digits: String = self.one(name).chars().filter(|one| !matches!(one, ',' | ' ' | '원')).collect();
        if digits.is_empty() {
            return Ok(None);
        }
        let wrong = || Error::Invalid(vec![(format!("{name}_won"), "out-of-range")]);
        digits.parse().map(|won| Some(Won(won))).map_err(|_| wrong())
    }

    fn sale(&self) -> Result<NewSale> {
        let mut lines = Vec::new();
        for (field, value) in &self.0 {
            let Some(variant) = field.strip_prefix("q-") else { continue };
            let value = value.trim();
            if value.is_empty() || value == "0" {
                continue;
            }
            let wrong = || Error::Invalid(vec![("quantity".to_owned(), "quantity")]);
            lines.push(SaleLine {
                variant_id: variant.parse().map_err(|_| Error::NotFound)?,
                quantity: value.parse().map_err(|_| wrong())?,
                price_won: Won(self.one(&format!("p-{variant}")).parse().map_err(|_| Error::PriceChanged)?),
            });
        }
        if lines.is_empty() {
            return Err(Error::CartEmpty);
        }
        let (tender, received_won) = (self.tender(), self.won("received")?);
        let approval = if tender == Tender::Cash { String::new() } else { self.one("approval").to_owned() };
        Ok(NewSale { lines, tender, received_won, approval, ..NewSale::default() })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Just {
    undone: Option<OrderId>,
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    let mut page = TillPage::of(&shop, ui, &seller.store, &Typed::default()).await?;
    if let Some(undone) = just.undone {
        page.undone = Some(find(&shop.base.db, &seller.store, &undone).await?);
    }
    Ok(web::page(&page)?.into_response())
}

async fn take(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed(typed);
    let key = IdempotencyKey::of(typed.one("key"))?;
    let sold = match typed.sale() {
        Ok(sale) => sell(&shop, &seller.store, &seller.person.id, &key.0, sale).await,
        Err(wrong) => Err(wrong),
    };
    match sold {
        Ok(sale) => {
            let to = format!("/sell/{}/till/receipts/{}", seller.store, sale.order_id);
            Ok(Redirect::to(&to).into_response())
        }
        // The till comes back as it was typed, with what is wrong above it.
        Err(wrong @ (Error::Invalid(_) | Error::CartEmpty | Error::SoldOut { .. } | Error::PriceChanged)) => {
            let problem = Problem::from(wrong);
            let status = problem.status();
            let page = TillPage::of(&shop, ui, &seller.store, &typed).await?;
            let page = TillPage { problem: Some(problem), ..page };
            Ok((status, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Template)]
#[template(path = "till/settings.html")]
struct SettingsPage {
    ui: Ui,
    base: String,
    allowance: String,
    /// Each product's name, its own allowance as it was typed, and what is wrong with it.
    products: Vec<(ProductId, String, String, String)>,
    /// What may be taught a code: a variant and its name.
    goods: Vec<Good>,
    /// What the till was taught, by name.
    codes: Vec<(String, String)>,
    wrong: String,
    is_saved: bool,
}

impl SettingsPage {
    /// Whether a product's own number is wrong.
    fn has_wrong(&self) -> bool {
        self.products.iter().any(|(.., wrong)| !wrong.is_empty())
    }

    async fn of(
        shop: &Shop,
        ui: Ui,
        store: &StoreId,
        typed: Option<&Typed>,
        problem: Option<&Problem>,
    ) -> Result<SettingsPage, Problem> {
        let (db, lang) = (&shop.base.db, ui.language());
        let goods = goods::of_store(db, store).await?;
        let words =
            |field: &str| problem.and_then(|problem| problem.field_words(lang, field)).unwrap_or_default();
        let mut products: Vec<(ProductId, String, String, String)> = Vec::new();
        for good in &goods {
            if products.iter().any(|(id, ..)| *id == good.product_id) {
                continue;
            }
            let field = format!("allowance.{}", good.product_id);
            let own = typed.map_or_else(|| good.own(), |typed| typed.one(&field).to_owned());
            let name = crate::text::read(lang, &good.name, &good.name_en).to_owned();
            products.push((good.product_id.clone(), name, own, words(&field)));
        }
        let title = |variant: &VariantId| {
            goods.iter().find(|good| good.variant_id == *variant).map(|good| good.title(lang))
        };
        let codes = barcode::of_store(db, store).await?.into_iter();
        let codes = codes.map(|one| (one.code, title(&one.variant_id).unwrap_or_default())).collect();
        let allowance = match typed {
            Some(typed) => typed.one("allowance").to_owned(),
            None => over::allowance(db, store).await?.to_string(),
        };
        let wrong = words("allowance");
        let base = format!("/sell/{store}/till");
        Ok(SettingsPage { ui, base, allowance, products, goods, codes, wrong, is_saved: false })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Saved {
    saved: Option<String>,
}

async fn settings(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(saved): Query<Saved>,
) -> Result<Response, Problem> {
    let page = SettingsPage::of(&shop, ui, &seller.store, None, None).await?;
    Ok(web::page(&SettingsPage { is_saved: saved.saved.is_some(), ..page })?.into_response())
}

async fn set(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed(typed);
    // What is no number is out of every range.
    let read = |text: &str| text.parse::<i64>().unwrap_or(-1);
    let own: Vec<(ProductId, Option<i64>)> = typed
        .0
        .iter()
        .filter_map(|(field, value)| {
            let product = field.strip_prefix("allowance.")?.parse().ok()?;
            let value = value.trim();
            Some((product, (!value.is_empty()).then(|| read(value))))
        })
        .collect();
    match over::allow(&shop, &seller.store, read(typed.one("allowance")), &own).await {
        Ok(()) => Ok(Redirect::to(&format!("/sell/{}/till/settings?saved=1", seller.store)).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let problem = Problem::from(wrong);
            let page = SettingsPage::of(&shop, ui, &seller.store, Some(&typed), Some(&problem)).await?;
            Ok((problem.status(), web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
struct Taught {
    code: String,
    variant: VariantId,
}

async fn teach(
    State(shop): State<Shop>,
    seller: Seller,
    Form(taught): Form<Taught>,
) -> Result<Response, Problem> {
    barcode::teach(&shop, &seller.store, &taught.code, &taught.variant).await?;
    Ok(Redirect::to(&format!("/sell/{}/till/settings?saved=1", seller.store)).into_response())
}
