//! The buy sheet: over a playing show, or as a page. A returning buyer has one button that orders and
//! pays at once; everybody else goes on to the review.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Won;
use people::PersonId;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use crate::delivery::{HandOver, Recipient};
use crate::order::{self, NewLine, NewOrder, Order, Quote};
use crate::payment::{self, method};
use crate::product::{self, ProductId, Sheet, Variant, VariantId};
use crate::reason::Reason;
use crate::{Buyer, Error, Result, Shop, showing};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/products/{product}/buy", get(sheet).post(buy))
}

/// Asked for by `<buy-sheet>`: only the sheet, not the page around it.
fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("x-fragment")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct From {
    broadcast: String,
}

/// What one button needs to know: who, where to, and what all of it costs for each variant.
struct Ready {
    person: PersonId,
    token: String,
    by: HandOver,
    to: Recipient,
}

#[derive(Template)]
#[template(path = "buy/sheet.html")]
struct SheetPart {
    ui: Ui,
    sheet: Sheet,
    ready: Option<Ready>,
    /// What one of each variant costs this buyer; what they cannot have now is missing.
    quotes: HashMap<VariantId, Quote>,
    broadcast: String,
    key: String,
}

#[derive(Template)]
#[template(path = "buy/page.html")]
struct SheetPage {
    ui: Ui,
    identity: Vec<(String, String)>,
    part: String,
    sheet: Sheet,
}

impl SheetPart {
    /// The price beneath a variant's name: for one button all of it, delivery included.
    fn note(&self, variant: &Variant) -> String {
        if variant.left <= 0 {
            return self.ui.t("shell-sold-out");
        }
        let Some(quote) = self.quotes.get(&variant.id) else { return self.ui.t("buy-had-enough") };
        let by = self.ready.as_ref().map_or(quote.first_way(), |ready| ready.by);
        let Some(priced) = quote.way(by) else { return self.ui.won(variant.price_won) };
        let mut price = self.ui.won(priced.goods_won);
        if quote.lines.iter().any(|(offer, _)| offer.deal.is_some()) {
            price = self.ui.t1("buy-deal-price", "price", price);
        } else if priced.goods_won < variant.price_won {
            price = self.ui.t1("buy-live-price", "price", price);
        }
        for cut in &priced.cuts {
            price = format!("{price} · {}", cut.name_in(self.ui.language()));
        }
        match &self.ready {
            Some(_) => self.ui.t2("buy-note", "price", price, "total", self.ui.won(priced.total())),
            None if priced.cuts.is_empty() => price,
            None => {
                let left = self.ui.won(priced.goods_won - priced.discount_won);
                self.ui.t2("buy-note-cut", "price", price, "left", left)
            }
        }
    }

    /// Every variant's total as the buyer sees it, and the coupon it was made with, for the button to send back.
    fn totals(&self, ready: &Ready) -> String {
        let totals = self.sheet.variants.iter().filter_map(|one| {
            let quote = self.quotes.get(&one.id)?;
            let (won, code) = (quote.way(ready.by)?.total().0, quote.code().unwrap_or_default());
            Some(format!("{}:{won}:{code}", one.id))
        });
        totals.collect::<Vec<_>>().join(",")
    }

    /// Whether this buyer can have one now.
    fn is_there(&self, variant: &Variant) -> bool {
        variant.left > 0 && self.quotes.contains_key(&variant.id)
    }

    /// Whether there is anything for this buyer.
    fn is_open(&self) -> bool {
        self.sheet.variants.iter().any(|variant| self.is_there(variant))
    }

    fn is_first(&self, variant: &Variant) -> bool {
        self.sheet
            .variants
            .iter()
            .find(|variant| self.is_there(variant))
            .is_some_and(|first| first.id == variant.id)
    }

    /// The way and the place, said above the button.
    fn whither(&self, ready: &Ready) -> String {
        match ready.by {
            HandOver::Pickup => {
                self.ui.t1("buy-pickup", "place", self.sheet.store.pickup_in(self.ui.language()))
            }
            HandOver::Parcel => {
                self.ui.t2("buy-parcel", "name", &ready.to.recipient, "address", &ready.to.address)
            }
        }
    }

    fn withdrawal_key(&self) -> String {
        format!("shop-withdrawal-{}", self.sheet.product.withdrawal.slug())
    }

    fn is_exception(&self) -> bool {
        self.sheet.product.withdrawal.is_exception()
    }
}

async fn sheet(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    headers: HeaderMap,
    Path(id): Path<ProductId>,
    Query(from): Query<From>,
) -> Result<Response, Problem> {
    let sheet = product::sheet(&shop.base.db, &id).await?;
    let ready = ready(&shop, &buyer, &sheet).await?;
    let show = Some(from.broadcast.as_str()).filter(|show| !show.is_empty());
    if let Some(show) = show {
        showing::tapped(&shop, show, &sheet, &buyer.seen_as());
    }
    let variants: Vec<VariantId> = sheet.variants.iter().map(|variant| variant.id.clone()).collect();
    let quotes = order::each(&shop, &buyer, show, &variants).await?;
    let key = shop.base.random.token::<16>();
    let identity = sheet.store.identity.lines(&ui);
    let (broadcast, sheet_of) = (from.broadcast, sheet.clone());
    let part = SheetPart { ui: ui.clone(), sheet: sheet_of, ready, quotes, broadcast, key };
    let part = web::page(&part)?;
    if is_fragment(&headers) {
        return Ok(buyer.remember(part));
    }
    Ok(buyer.remember(web::page(&SheetPage { ui, identity, part: part.0, sheet })?))
}

/// The kept card and the last address, when both are there and fit this product.
async fn ready(shop: &Shop, buyer: &Buyer, sheet: &Sheet) -> Result<Option<Ready>> {
    let Some(person) = &buyer.person else { return Ok(None) };
    let Some(card) = method::kept(&shop.base.db, &person.id, &sheet.store.id).await? else { return Ok(None) };
    let Some((by, to)) = order::last_recipient(&shop.base.db, &buyer.ids()).await? else { return Ok(None) };
    let fits = match by {
        HandOver::Parcel => sheet.product.parcel,
        HandOver::Pickup => sheet.product.pickup,
    };
    Ok(fits.then_some(Ready { person: person.id.clone(), token: card.token, by, to }))
}

#[derive(Debug, Deserialize)]
struct Buying {
    #[serde(default)]
    key: String,
    variant: VariantId,
    #[serde(default = "one")]
    quantity: i64,
    #[serde(default)]
    broadcast: String,
    /// Present when the one button was pressed.
    #[serde(default)]
    now: String,
    /// What all of it costs, for each variant, as the sheet showed it: `variant:won:coupon` with commas between.
    #[serde(default)]
    totals: String,
}

fn one() -> i64 {
    1
}

impl Buying {
    /// What the buyer saw on the button they pressed, and the coupon in it. Nobody is charged what they were not shown.
    fn shown(&self) -> Result<(Won, Option<String>)> {
        let seen = self.totals.split(',').filter_map(|total| total.split_once(':'));
        let mut seen = seen.filter(|(variant, _)| *variant == self.variant.as_str());
        let (_, price) = seen.next().ok_or(Error::PriceChanged)?;
        let (won, code) = price.split_once(':').unwrap_or((price, ""));
        let won = won.parse().map_err(|_| Error::PriceChanged)?;
        Ok((Won(won), Some(code.to_owned()).filter(|code| !code.is_empty())))
    }
}

#[derive(Template)]
#[template(path = "buy/done.html")]
struct DonePart {
    ui: Ui,
    order: Order,
    /// Why it was bought: asked here first.
    reason: Option<Reason>,
}

async fn buy(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    headers: HeaderMap,
    Path(id): Path<ProductId>,
    Form(buying): Form<Buying>,
) -> Result<Response, Problem> {
    crate::cart::check_quantity(buying.quantity)?;
    if buying.now.is_empty() {
        let show: String = buying
            .broadcast
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
            .collect();
        let to =
            format!("/checkout?variant={}&quantity={}&broadcast={show}", buying.variant, buying.quantity);
        return Ok(buyer.remember(Redirect::to(&to)));
    }
    let order = at_once(&shop, &buyer, &id, buying).await?;
    if is_fragment(&headers) {
        return Ok(web::page(&DonePart { ui, order, reason: None })?.into_response());
    }
    Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response())
}

/// Orders and pays in one go. However often it comes with one key, there is one order and one charge.
async fn at_once(shop: &Shop, buyer: &Buyer, id: &ProductId, buying: Buying) -> Result<Order, Problem> {
    let key = IdempotencyKey::of(&buying.key)?;
    let sheet = product::sheet(&shop.base.db, id).await?;
    let ready = ready(shop, buyer, &sheet).await?.ok_or(Error::NoMethod)?;
    let (shown, coupon) = buying.shown()?;
    let wanted = NewOrder {
        lines: vec![NewLine { variant: buying.variant, quantity: buying.quantity }],
        hand_over: ready.by,
        to: ready.to,
        // The notice stands above the button, whose words say so.
        agreed: true,
        broadcast: Some(buying.broadcast).filter(|show| !show.is_empty()),
        expected_total_won: Some(shown),
        coupon,
    };
    let placed = order::place(shop, buyer, &key.0, wanted).await?;
    payment::pay_kept(shop, &placed.intent, &key.0, &ready.person, &ready.token).await?;
    Ok(order::of_buyer(&shop.base.db, &buyer.ids(), &placed.order).await?)
}
