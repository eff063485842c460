//! The page of a product: what it is, whose it is, what it costs, and how to get it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base::Won;
use people::MaybePerson;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem, Ui};

use super::{Card, Product, ProductId, Sheet, Variant, Withdrawal, find, on_sale_in, sheet};
use crate::category;
use crate::follow::pages::Heart;
use crate::group_purchase::{self, GroupPurchase};
use crate::promotion::{self, Promotion};
use crate::question::Question;
use crate::review::pages::{Said, rating};
use crate::showing::{self, Clip};
use crate::store::{self, Store};
use crate::{Error, Shop, question};

/// Other goods of the stall beneath a product.
const OTHERS: i64 = 6;
/// From here down the number that is left is said.
const FEW: i64 = 5;

/// The routes for shoppers.
pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/products/{product}", get(page))
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
    /// schema.org Product, for search engines.
    data: String,
}

impl ProductPage {
    fn withdrawal_key(&self) -> String {
        format!("shop-withdrawal-{}", self.product.withdrawal.slug())
    }

    /// What is told of it: the answers to its category's questions, then the seller's further lines.
    fn facts(&self) -> Vec<(String, String)> {
        let lang = self.ui.language();
        let mut told = category::facts(&self.product, &self.store, lang);
        for fact in self.product.facts.iter() {
            let name = fact.name.read(lang);
            if !told.iter().any(|(known, _)| known == name) {
                told.push((name.to_owned(), fact.value.read(lang).to_owned()));
            }
        }
        told
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
    let db = &shop.base.db;
    let Sheet { product, store, variants } = match sheet(db, &id).await {
        Err(Error::Gone) => return gone(&shop, ui, &id).await,
        found => found?,
    };
    let mut others = on_sale_in(db, &store.id, None, OTHERS + 1).await?;
    others.retain(|card| card.id != product.id);
    others.truncate(OTHERS as usize);
    let mut promotions = promotion::of_open_store(db, &store, shop.base.clock.now_ms()).await?;
    promotions.retain(|promotion| promotion.rule.is_about(&product.id));
    let mut data = structured(&ui, &product, &store, &variants);
    if let Some(rating) = rating(&product) {
        data["aggregateRating"] = rating;
    }
    let data = data.to_string().replace("</", "<\\/");
    let clips = showing::clips(&shop, &product).await;
    let identity = store.identity.lines(&ui);
    let said = Said::of(&shop, person.as_ref(), &product.id).await?;
    let questions = question::pages::first(&shop, person.as_ref(), &product.id).await?;
    let heart = Heart::of(&shop, &ui, person.as_ref(), &store).await?;
    let key = shop.base.random.token::<16>();
    let group = group_purchase::on(db, &product.id, shop.base.clock.now_ms()).await?;
    let page = ProductPage {
        ui,
        group,
        product,
        store,
        variants,
        others,
        promotions,
        clips,
        identity,
        key,
        said,
        questions,
        heart,
        data,
    };
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

/// schema.org Product with its offers (https://schema.org/Product).
fn structured(ui: &Ui, product: &Product, store: &Store, variants: &[Variant]) -> Value {
    let lang = ui.language();
    let left: i64 = variants.iter().map(|variant| variant.left).sum();
    let photos: Vec<String> =
        product.photos.iter().map(|photo| ui.absolute(&format!("/photos/{photo}/960.jpg"))).collect();
    let availability = if product.on_sale && left > 0 { "InStock" } else { "OutOfStock" };
    json!({
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name_in(lang),
        "image": photos,
        "description": product.stories.first().map(|story| story.body.read(lang)).unwrap_or_default(),
        "countryOfOrigin": product.origin_in(lang),
        "offers": {
            "@type": "AggregateOffer",
            "priceCurrency": "KRW",
            "lowPrice": product.price_from_won,
            "highPrice": product.price_to_won,
            "offerCount": variants.len(),
            "availability": format!("https://schema.org/{availability}"),
            "url": ui.canonical(),
            "seller": { "@type": "Store", "name": store.name_in(lang), "url": ui.absolute(&format!("/stores/{}", store.slug)) },
        },
    })
}
