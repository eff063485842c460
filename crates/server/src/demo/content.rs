//! The demo market as `demo/market.toml` tells it. The shape is described at the top of that file.

use std::path::Path;

use anyhow::Context;
use bytes::Bytes;
use rust_embed::RustEmbed;
use serde::Deserialize;
use shop::category::Answers;
use shop::coupon::NewCoupon;
use shop::detail::Block;
use shop::promotion::NewPromotion;
use web::Said;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../demo"]
#[include = "market.toml"]
#[include = "photos/*.webp"]
#[include = "clip/market.mp4"]
struct Files;

/// Everything the demo tells.
#[derive(Deserialize)]
pub(super) struct Content {
    pub market: MarketText,
    pub delivery: Delivery,
    #[serde(rename = "stall")]
    pub stalls: Vec<Stall>,
    #[serde(rename = "account")]
    pub accounts: Vec<Account>,
    pub live: OnAir,
    #[serde(rename = "upcoming")]
    pub upcoming: Vec<Upcoming>,
}

#[derive(Deserialize)]
pub(super) struct MarketText {
    pub name: Said,
    pub line: Said,
    pub story: Said,
    pub address: Said,
    pub hours: Said,
    pub picture: String,
    pub legal: Legal,
}

#[derive(Deserialize)]
pub(super) struct Legal {
    pub company: Said,
    pub representative: Said,
    pub address: Said,
    pub phone: String,
    pub email: String,
    pub business_number: String,
    pub mail_order_number: Said,
    pub mediator: Option<Said>,
}

#[derive(Deserialize)]
pub(super) struct Delivery {
    pub parcel_won: i64,
    pub parcel_cold_won: i64,
    pub parcel_free_from_won: i64,
}

#[derive(Deserialize)]
pub(super) struct Stall {
    pub slug: String,
    pub category: String,
    pub name: Said,
    pub promise: Said,
    pub story: Said,
    pub hours: Said,
    pub pickup: Said,
    pub picture: String,
    pub legal: Legal,
    #[serde(rename = "product")]
    pub products: Vec<Product>,
    #[serde(default, rename = "promotion")]
    pub promotions: Vec<NewPromotion>,
    #[serde(default, rename = "coupon")]
    pub coupons: Vec<NewCoupon>,
    #[serde(default)]
    pub diary: Vec<Diary>,
}

/// A day of a stall's diary.
#[derive(Deserialize)]
pub(super) struct Diary {
    pub days_ago: i64,
    pub words: Said,
    pub picture: Option<String>,
    pub products: Vec<String>,
}

/// How a product's page is laid out.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    pub order: Vec<Block>,
    pub hidden: Vec<Block>,
    pub hook: Said,
    pub care: Said,
    pub sizes: Vec<Vec<String>>,
    /// The beginning of its photos' names.
    pub turn: String,
}

#[derive(Deserialize)]
pub(super) struct Product {
    pub slug: String,
    pub name: Said,
    pub category: String,
    #[serde(default)]
    pub answers: Answers,
    pub unit: Said,
    pub origin: Said,
    pub withdrawal: String,
    pub delivery: Vec<String>,
    #[serde(default)]
    pub cold: bool,
    pub pictures: Vec<String>,
    pub page: Option<Page>,
    #[serde(default)]
    pub options: Vec<Opt>,
    pub variants: Vec<Variant>,
    #[serde(default)]
    pub stories: Vec<Story>,
    pub card: Option<Card>,
    #[serde(default)]
    pub facts: Vec<Fact>,
}

#[derive(Deserialize)]
pub(super) struct Opt {
    pub name: Said,
    pub values: Vec<OptValue>,
}

#[derive(Deserialize)]
pub(super) struct OptValue {
    pub slug: String,
    pub name: Said,
}

#[derive(Deserialize)]
pub(super) struct Variant {
    pub pick: Vec<String>,
    pub price_won: i64,
    pub stock: i64,
}

#[derive(Deserialize)]
pub(super) struct Story {
    pub head: Said,
    pub body: Said,
}

#[derive(Deserialize)]
pub(super) struct Card {
    pub name: Said,
    pub ingredients: Vec<Said>,
    pub allergens: Vec<Said>,
    pub storage: Said,
    pub weight: Said,
    pub keeps: Said,
}

#[derive(Deserialize)]
pub(super) struct Fact {
    pub label: Said,
    pub value: Said,
}

#[derive(Deserialize)]
pub(super) struct Account {
    pub role: String,
    pub stall: Option<String>,
    pub phone: String,
    pub name: Said,
}

#[derive(Deserialize)]
pub(super) struct OnAir {
    pub stall: String,
    pub title: Said,
    pub poster: String,
    pub clip_s: i64,
    pub pins: Vec<Pin>,
    pub chat_loop_s: i64,
    pub chat: Vec<Line>,
}

#[derive(Deserialize)]
pub(super) struct Pin {
    pub at_s: i64,
    pub product: String,
}

#[derive(Deserialize)]
pub(super) struct Line {
    pub at_s: i64,
    pub who: Said,
    pub kind: String,
    pub text: Said,
}

#[derive(Deserialize)]
pub(super) struct Upcoming {
    pub stall: String,
    pub day_offset: i64,
    pub at: String,
    pub title: Said,
    pub products: Vec<String>,
    pub poster: String,
}

/// Reads the content; it is part of the program, so what does not read is a defect the tests find.
pub(super) fn read() -> anyhow::Result<Content> {
    let file = file("market.toml")?;
    Ok(toml::from_str(std::str::from_utf8(&file)?)?)
}

/// A picture by the name of its drawing.
pub(super) fn picture(drawing: &str) -> anyhow::Result<Vec<u8>> {
    Ok(file(&format!("photos/{}", drawing.replace(".svg", ".webp")))?.into_owned())
}

/// What is always on air: a film from disk, or our own clip.
pub(super) fn clip(film: Option<&Path>) -> anyhow::Result<Bytes> {
    if let Some(film) = film {
        let bytes = std::fs::read(film).with_context(|| format!("{} cannot be read", film.display()))?;
        return Ok(bytes.into());
    }
    Ok(match file("clip/market.mp4")? {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        // Debug builds read from disk.
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    })
}

fn file(name: &str) -> anyhow::Result<std::borrow::Cow<'static, [u8]>> {
    match Files::get(name) {
        Some(file) => Ok(file.data),
        None => anyhow::bail!("demo/{name} is missing"),
    }
}
