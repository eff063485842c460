//! A product in the words of schema.org: what it is, what it costs, how it comes and goes back, what buyers say.

use serde_json::{Value, json};
use web::{Ui, structured};

use super::{Product, Variant, Withdrawal};
use crate::category;
use crate::detail::compose::Composed;
use crate::review::Review;
use crate::review::pages::{Said, rating};
use crate::showing::Clip;
use crate::store::Store;

/// Business days until it is sent, by law.
const HANDLED_DAYS: i64 = 3;
/// The longest description.
const DESCRIPTION: usize = 1_000;

/// Everything a product's page tells search engines, as the text of a script.
pub(crate) fn script(
    ui: &Ui,
    (product, store): (&Product, &Store),
    variants: &[Variant],
    composed: &Composed,
    said: &Said,
    clips: &[Clip],
) -> String {
    let lang = ui.language();
    let path = format!("/products/{}", product.id);
    let mut thing = json!({
        "@type": "Product",
        "name": product.name_in(lang),
        "url": ui.absolute(&path),
        "image": images(ui, product),
        "description": description(ui, product, composed),
        "sku": product.code.clone().unwrap_or_else(|| product.id.to_string()),
        "brand": { "@type": "Brand", "name": store.name_in(lang) },
        "additionalProperty": composed.facts.iter().map(|(name, value)| {
            json!({ "@type": "PropertyValue", "name": name, "value": value })
        }).collect::<Vec<_>>(),
        "offers": offers(ui, product, store, variants, &path),
    });
    if let Some(category) = category::schema().category(&product.category) {
        thing["category"] = category.name.read(lang).into();
    }
    if let Some(rating) = rating(product) {
        thing["aggregateRating"] = rating;
    }
    let reviews: Vec<Value> = said.first.iter().map(|one| review(ui, one)).collect();
    if !reviews.is_empty() {
        thing["review"] = reviews.into();
    }
    let store_path = store.path();
    let way = [(store.name_in(lang), store_path.as_str()), (product.name_in(lang), path.as_str())];
    let mut things = vec![thing, structured::crumbs(ui, &way)];
    things.extend(clips.iter().filter_map(|clip| film(ui, product, store, clip)));
    structured::script(things)
}

fn images(ui: &Ui, product: &Product) -> Vec<String> {
    let photos = product.photos.iter().map(|photo| ui.absolute(&format!("/photos/{photo}/960.jpg")));
    let photos: Vec<String> = photos.collect();
    if photos.is_empty() { vec![ui.absolute(&ui.asset("icon-512.png"))] } else { photos }
}

fn description(ui: &Ui, product: &Product, composed: &Composed) -> String {
    let lang = ui.language();
    let story = composed.stories.first().map(|(_, body)| body.as_str()).unwrap_or_default();
    let lines = [composed.hook.as_str(), product.unit_in(lang), product.origin_in(lang), story];
    let told: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    told.join(" ").chars().take(DESCRIPTION).collect()
}

fn offers(ui: &Ui, product: &Product, store: &Store, variants: &[Variant], path: &str) -> Value {
    let offer = |variant: &Variant| {
        let is_there = product.on_sale && store.listed && variant.left > 0;
        let mut offer = json!({
            "@type": "Offer",
            "url": ui.absolute(path),
            "price": variant.price_won,
            "priceCurrency": "KRW",
            "availability": format!("https://schema.org/{}", if is_there { "InStock" } else { "OutOfStock" }),
            "itemCondition": "https://schema.org/NewCondition",
            "seller": { "@type": "Organization", "name": store.name_in(ui.language()), "url": ui.absolute(&store.path()) },
            "hasMerchantReturnPolicy": return_policy(product.withdrawal),
        });
        if !variant.name.is_empty() {
            offer["name"] = variant.name_in(ui.language()).into();
        }
        if product.parcel {
            offer["shippingDetails"] = shipping(product, store);
        }
        offer
    };
    match variants {
        [only] => offer(only),
        several => json!({
            "@type": "AggregateOffer",
            "priceCurrency": "KRW",
            "lowPrice": product.price_from_won,
            "highPrice": product.price_to_won,
            "offerCount": several.len(),
            "offers": several.iter().map(offer).collect::<Vec<_>>(),
        }),
    }
}

fn shipping(product: &Product, store: &Store) -> Value {
    let won = if product.cold { store.parcel_cold_won } else { store.parcel_won };
    json!({
        "@type": "OfferShippingDetails",
        "shippingRate": { "@type": "MonetaryAmount", "value": won, "currency": "KRW" },
        "shippingDestination": { "@type": "DefinedRegion", "addressCountry": "KR" },
        // Who is paid beforehand sends within three business days (전자상거래법 §15 ①). How long a carrier takes is its own.
        "deliveryTime": {
            "@type": "ShippingDeliveryTime",
            "handlingTime": { "@type": "QuantitativeValue", "minValue": 0, "maxValue": HANDLED_DAYS, "unitCode": "DAY" },
        },
    })
}

/// What the law leaves to the buyer's change of mind (전자상거래법 §17).
fn return_policy(withdrawal: Withdrawal) -> Value {
    let mut policy = json!({ "@type": "MerchantReturnPolicy", "applicableCountry": "KR" });
    if withdrawal.is_exception() {
        policy["returnPolicyCategory"] = "https://schema.org/MerchantReturnNotPermitted".into();
        return policy;
    }
    policy["returnPolicyCategory"] = "https://schema.org/MerchantReturnFiniteReturnWindow".into();
    policy["merchantReturnDays"] = 7.into();
    policy["returnMethod"] = "https://schema.org/ReturnByMail".into();
    policy["returnFees"] = "https://schema.org/ReturnFeesCustomerResponsibility".into();
    policy
}

fn review(ui: &Ui, review: &Review) -> Value {
    json!({
        "@type": "Review",
        "author": { "@type": "Person", "name": review.name_in(ui) },
        "datePublished": ui.iso(&review.written_at_ms),
        "reviewBody": review.words,
        "reviewRating": { "@type": "Rating", "ratingValue": review.stars, "bestRating": 5, "worstRating": 1 },
    })
}

/// A short film about it; one without a picture to show for it is left out.
fn film(ui: &Ui, product: &Product, store: &Store, clip: &Clip) -> Option<Value> {
    let photo = product.photos.first()?;
    let name = product.name_in(ui.language());
    Some(json!({
        "@type": "VideoObject",
        "name": name,
        "description": format!("{name} · {}", store.name_in(ui.language())),
        "thumbnailUrl": [ui.absolute(&format!("/photos/{photo}/960.jpg"))],
        "uploadDate": ui.iso(&clip.since_ms),
        "duration": structured::length(clip.length_ms),
        "contentUrl": ui.absolute(&clip.film),
    }))
}
