//! `GET /products/{product}/card/{lang}-{edition}.png`: the picture of a product that is shown where its address is shared.
//! It is drawn once an edition and kept, one a language: however often it is asked for, it costs one drawing.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::{Bytes, BytesMut};
use utoipa_axum::router::OpenApiRouter;
use web::{Lang, Path, Problem, Ui};

use super::{Product, ProductId, Sheet, sheet};
use crate::payment::digest;
use crate::print::card::{DRAWING, Said, draw};
use crate::store::Store;
use crate::{Error, Shop, photo, set};

/// Letters of an edition's name.
const EDITION: usize = 16;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/products/{product}/card/{file}", get(serve))
}

/// What the card says, and what its edition follows.
fn said(ui: &Ui, product: &Product, store: &Store, lang: Lang) -> Said {
    let won = |won: base::Won| match lang {
        Lang::Ko => format!("{won}원"),
        Lang::En => format!("₩{won}"),
    };
    let price = won(product.price_from_won);
    let several = product.price_from_won != product.price_to_won;
    let say = |key: &str, name, value: String| web::words::say(lang, key, vec![(name, value.into())]);
    Said {
        name: product.name_in(lang).to_owned(),
        price: if several { say("shop-from", "won", price) } else { price },
        origin: say("shell-origin", "origin", product.origin_in(lang).to_owned()),
        store: store.name_in(lang).to_owned(),
        market: ui.market().name.in_lang(lang).to_owned(),
    }
}

fn edition(said: &Said, product: &Product) -> String {
    let Said { name, price, origin, store, market } = said;
    let told = [DRAWING, name, price, origin, store, market, product.cover_id()];
    digest(&set::of(&told).unwrap_or_default())[..EDITION].to_owned()
}

/// Where the card of this edition is, for a reader of this page.
pub(crate) fn address(ui: &Ui, product: &Product, store: &Store) -> String {
    let lang = ui.language();
    let edition = edition(&said(ui, product, store, lang), product);
    format!("/products/{}/card/{}-{edition}.png", product.id, lang.tag())
}

async fn serve(
    State(shop): State<Shop>,
    ui: Ui,
    Path((id, file)): Path<(ProductId, String)>,
) -> Result<Response, Problem> {
    let Sheet { product, store, .. } = sheet(&shop.base.db, &id).await?;
    if !store.listed {
        return Err(Problem::not_found());
    }
    let lang = if file.starts_with("en-") { Lang::En } else { Lang::Ko };
    let said = said(&ui, &product, &store, lang);
    let edition = edition(&said, &product);
    let now = format!("{}-{edition}.png", lang.tag());
    if file != now {
        // A card of yesterday's price: only today's is drawn.
        return Ok(Redirect::to(&format!("/products/{id}/card/{now}")).into_response());
    }
    let png = kept(&shop, &product, lang, said, &edition).await?;
    let headers =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, png).into_response())
}

/// The card as it was drawn, or drawn now. It is kept behind the name of its edition.
async fn kept(shop: &Shop, product: &Product, lang: Lang, said: Said, edition: &str) -> Result<Bytes, Error> {
    let key = format!("cards/{}-{}", product.id, lang.tag());
    if let Some(kept) = shop.base.blobs.get(&key).await?
        && kept.starts_with(edition.as_bytes())
    {
        return Ok(kept.slice(EDITION..));
    }
    let cover = match product.photos.first() {
        Some(id) => photo::read(shop, id, 960).await.ok(),
        None => None,
    };
    let png = draw(shop, said, cover).await?;
    let mut blob = BytesMut::with_capacity(EDITION + png.len());
    blob.extend_from_slice(edition.as_bytes());
    blob.extend_from_slice(&png);
    shop.base.blobs.put(&key, blob.freeze()).await?;
    Ok(png.into())
}
