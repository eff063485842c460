//! The page of a product: what it is, whose it is, what it costs, and how to get it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base::Won;
use people::{MaybePerson, Person};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem, Ui};

use super::{
    Card, Product, ProductId, Sheet, Variant, Withdrawal, card, find, label, on_sale_in, sheet, structured,
};
use crate::detail::compose::{Composed, facts};
use crate::detail::{self, Detail};
use crate::follow::pages::Heart;
use crate::group_purchase::{self, GroupPurchase};
use crate::promotion::{self, Promotion};
use crate::question::Question;
use crate::review::pages::Said;
use crate::showing::{self, Clip};
use crate::store::{self, Store};
use crate::{Error, Shop, diary, question};

/// Other goods of the stall beneath a product.
const OTHERS: i64 = 6;
/// From here down the number that is left is said.
const FEW: i64 = 5;

/// The routes for shoppers.
pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/products/{product}", get(page))
        .route("/products/{product}/labels/{edition}", get(label))
        .merge(card::routes())
}

#[derive(Template)]
#[template(path = "product/product.html")]
struct ProductPage {
    ui: Ui,
    product: Product,
    store: Store,
    variants: Vec<Variant>,
    others: Vec<Card>,
    /// What the stall takes off this product now.
    promotions: Vec<Promotion>,
    /// The group purchase that somebody may join now.
    group: Option<GroupPurchase>,
    /// Short films from shows.
    clips: Vec<Clip>,
    identity: Vec<(String, String)>,
    /// How a browser's double tap is recognised.
    key: String,
    /// What buyers say of it.
    said: Said,
    /// What was asked about it.
    questions: Vec<Question>,
    heart: Heart,
    /// What stands below the price, block by block.
    composed: Composed,
    /// schema.org, for search engines.
    data: String,
    /// The picture that is shown where this page's address is shared.
    card: String,
    /// Where its seller goes on, when this is only how it would look.
    preview: String,
}

impl ProductPage {
    fn withdrawal_key(&self) -> String {
        format!("shop-withdrawal-{}", self.product.withdrawal.slug())
    }

    fn nth(&self, number: &usize) -> String {
        self.ui.t1("sell-photo-number", "number", *number)
    }

    fn left(&self) -> i64 {
        self.variants.iter().map(|variant| variant.left).sum()
    }

    /// What stands beneath a variant's name: its price, and how few are left.
    fn note(&self, variant: &Variant) -> String {
        let price = self.ui.won(variant.price_won);
        match variant.left {
            0 => self.ui.t("shell-sold-out"),
            1..=FEW => format!("{price} · {}", self.ui.t1("shell-left", "count", variant.left)),
            _ => price,
        }
    }

    /// "3개부터 10% 할인", and the price of one where that is plain.
    fn deal(&self, promotion: &Promotion) -> String {
        promotion::with_price(self.ui.language(), promotion, self.product.price_from_won)
    }

    /// What it costs during a show, if that is less; nothing otherwise.
    fn live_price(&self) -> String {
        let lowest = self.variants.iter().filter_map(|variant| variant.live_price_won).min();
        lowest.map(|won| self.ui.won(won)).unwrap_or_default()
    }

    fn questions_href(&self) -> String {
        format!("/products/{}/questions", self.product.id)
    }

    fn parcel_won(&self) -> Won {
        if self.product.cold { self.store.parcel_cold_won } else { self.store.parcel_won }
    }

    fn has_choice(&self) -> bool {
        self.variants.len() > 1
    }

    fn is_exception(&self) -> bool {
        self.product.withdrawal != Withdrawal::default()
    }

    /// The first variant that can be had is chosen already; a price tag nobody chose says nothing.
    fn is_first(&self, variant: &Variant) -> bool {
        self.variants.iter().find(|variant| variant.left > 0).is_some_and(|first| first.id == variant.id)
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    MaybePerson(person): MaybePerson,
    Path(id): Path<ProductId>,
) -> Result<Response, Problem> {
    let sheet = match sheet(&shop.base.db, &id).await {
        Err(Error::Gone) => return gone(&shop, ui, &id).await,
        found => found?,
    };
    let laid_out = detail::of_product(&shop.base.db, &id).await?;
    let page = Box::pin(build(&shop, ui, person.as_ref(), sheet, laid_out)).await?;
    Ok(web::page(&page)?.into_response())
}

/// The page as its seller would lay it out. The caller has made sure whose product it is.
pub(crate) async fn preview(
    shop: &Shop,
    ui: Ui,
    person: Option<&Person>,
    id: &ProductId,
    detail: Detail,
    back: String,
) -> Result<Response, Problem> {
    let sheet = sheet(&shop.base.db, id).await?;
    let (_, edition) = detail::of_product(&shop.base.db, id).await?;
    let page = Box::pin(build(shop, ui, person, sheet, (detail, edition))).await?;
    let page = ProductPage { preview: back, ..page };
    Ok(([(CACHE_CONTROL, "no-store")], web::page(&page)?).into_response())
}

async fn build(
    shop: &Shop,
    ui: Ui,
    person: Option<&Person>,
    Sheet { product, store, variants }: Sheet,
    (detail, edition): (Detail, i64),
) -> Result<ProductPage, Problem> {
    let db = &shop.base.db;
    let mut others = on_sale_in(db, &store.id, None, OTHERS + 1).await?;
    others.retain(|card| card.id != product.id);
    others.truncate(OTHERS as usize);
    let mut promotions = promotion::of_open_store(db, &store, shop.base.clock.now_ms()).await?;
    promotions.retain(|promotion| promotion.rule.is_about(&product.id));
    let clips = showing::clips(shop, &product).await;
    let said = Said::of(shop, person, &product.id).await?;
    let entries = diary::of_product(db, &product.id, diary::ON_PRODUCT).await?;
    let composed = Composed::of(&ui, &product, &store, (&detail, edition), entries);
    let data = structured::script(&ui, (&product, &store), &variants, &composed, &said, &clips);
    let group = group_purchase::on(db, &product.id, shop.base.clock.now_ms()).await?;
    Ok(ProductPage {
        identity: store.identity.lines(&ui),
        questions: question::pages::first(shop, person, &product.id).await?,
        heart: Heart::of(shop, &ui, person, &store).await?,
        key: shop.base.random.token::<16>(),
        card: card::address(&ui, &product, &store),
        preview: String::new(),
        ui,
        group,
        product,
        store,
        variants,
        others,
        promotions,
        clips,
        said,
        composed,
        data,
    })
}

/// The ids in the path of an edition of a label.
#[derive(Deserialize)]
struct Labelled {
    product: ProductId,
    edition: i64,
}

#[derive(Template)]
#[template(path = "product/label.html")]
struct LabelPage {
    ui: Ui,
    product: Product,
    store: Store,
    edition: i64,
    from_ms: i64,
    /// The edition that is told now.
    last: i64,
    told: Vec<(String, String)>,
}

/// What was told of a product in one edition: a card that was pinned in a show names it.
async fn label(
    State(shop): State<Shop>,
    ui: Ui,
    Path(Labelled { product, edition }): Path<Labelled>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let mut product = find(db, &product).await?;
    let store = store::find(db, &product.store_id).await?;
    if !store.listed {
        return Err(Problem::not_found());
    }
    let (kept, last) = label::edition(db, &product.id, edition).await?;
    let told = label::read(&kept)?;
    (product.name, product.name_en) = (told.name.ko, told.name.en);
    (product.unit, product.unit_en) = (told.unit.ko, told.unit.en);
    (product.origin, product.origin_en) = (told.origin.ko, told.origin.en);
    (product.category, product.attributes) = (told.category, told.attributes);
    product.facts.0 = told.facts;
    let mut told = vec![(ui.t("sell-origin"), product.origin_in(ui.language()).to_owned())];
    told.extend(facts(&ui, &product, &store));
    let page = LabelPage { from_ms: kept.from_ms, ui, product, store, edition, last, told };
    Ok(web::page(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "product/gone.html")]
struct GonePage {
    ui: Ui,
    product: Product,
    store: Store,
    others: Vec<Card>,
}

/// A product that was removed: said kindly, with what the stall has today.
async fn gone(shop: &Shop, ui: Ui, id: &ProductId) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let product = find(db, id).await?;
    let store = store::find(db, &product.store_id).await?;
    let others = on_sale_in(db, &store.id, None, OTHERS).await?;
    let page: Html<String> = web::page(&GonePage { ui, product, store, others })?;
    Ok((StatusCode::GONE, page).into_response())
}
