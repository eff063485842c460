//! The review before paying (전자상거래법 §14): everything on one screen, everything still to be changed,
//! the whole price of each store for each way of delivery.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Won;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Problem, Query, Ui};

use crate::coupon::key_of;
use crate::delivery::{HandOver, Recipient};
use crate::discount::Priced;
use crate::order::{self, Asking, NewLine, NewOrder, Quote, Refused};
use crate::product::VariantId;
use crate::store::{self, Store};
use crate::{Buyer, Error, Result, Shop, StoreId, cart};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/checkout", get(page).post(place))
}

/// What is being ordered: the cart, a store's part of it, or one variant straight from its page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Of {
    store: Option<StoreId>,
    variant: Option<VariantId>,
    quantity: Option<i64>,
    broadcast: String,
}

/// The form as it was sent; text, so that nothing typed is lost when it comes back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Filled {
    key: String,
    broadcast: String,
    #[serde(flatten)]
    to: Recipient,
    /// `price` when only the price is asked for.
    act: String,
    /// What is asked of each store, under the names of [`name`].
    #[serde(flatten)]
    of_stores: HashMap<String, String>,
}

/// What was filled in for one store.
#[derive(Clone, Debug, Default)]
struct Chosen {
    /// The store whose part of the cart this is, or empty.
    store: String,
    /// `variant:quantity` with commas between.
    items: String,
    hand_over: String,
    agreed: String,
    total_parcel: String,
    total_pickup: String,
    coupon: String,
    /// The code that the totals above were made with.
    applied: String,
}

/// The name of a field of the store in this place: the first one's have no number.
fn name(field: &str, place: usize) -> String {
    if place == 0 { field.to_owned() } else { format!("{field}.{place}") }
}

impl Filled {
    /// What was filled in, store by store; one more than may be is enough to be refused.
    fn chosen(&self) -> Vec<Chosen> {
        let read = |field, place| self.of_stores.get(&name(field, place)).cloned();
        let one = |place| {
            let text = |field| read(field, place).unwrap_or_default();
            Some(Chosen {
                items: read("items", place)?,
                store: text("store"),
                hand_over: text("hand_over"),
                agreed: text("agreed"),
                total_parcel: text("total_parcel"),
                total_pickup: text("total_pickup"),
                coupon: text("coupon"),
                applied: text("applied"),
            })
        };
        (0..=order::MAX_STORES).map_while(one).collect()
    }

    fn broadcast(&self) -> Option<&str> {
        Some(self.broadcast.as_str()).filter(|show| !show.is_empty())
    }
}

impl Chosen {
    fn by(&self) -> HandOver {
        if self.hand_over == HandOver::Pickup.slug() { HandOver::Pickup } else { HandOver::Parcel }
    }

    fn coupon(&self) -> Option<&str> {
        Some(self.coupon.as_str()).filter(|code| !code.trim().is_empty())
    }

    /// Whether the buyer has yet to see the price with the code in the field.
    fn is_unseen(&self) -> bool {
        // Something may be in the field that cannot be a code.
        let is_unread = self.coupon().is_some_and(|code| key_of(code).is_empty());
        is_unread || key_of(&self.coupon) != key_of(&self.applied)
    }

    fn lines(&self) -> Result<Vec<NewLine>> {
        let line = |item: &str| {
            let (variant, quantity) = item.split_once(':')?;
            Some(NewLine { variant: variant.parse().ok()?, quantity: quantity.parse().ok()? })
        };
        self.items.split(',').map(line).collect::<Option<_>>().ok_or(Error::NotFound)
    }

    fn order(&self, filled: &Filled) -> Result<NewOrder> {
        let shown = if self.by() == HandOver::Pickup { &self.total_pickup } else { &self.total_parcel };
        Ok(NewOrder {
            lines: self.lines()?,
            hand_over: self.by(),
            to: filled.to.clone(),
            agreed: !self.agreed.is_empty(),
            broadcast: filled.broadcast().map(str::to_owned),
            expected_total_won: Some(Won(shown.parse().map_err(|_| Error::PriceChanged)?)),
            coupon: self.coupon().map(str::to_owned),
        })
    }
}

#[derive(Template)]
#[template(path = "checkout/review.html")]
struct ReviewPage {
    ui: Ui,
    parts: Vec<Part>,
    filled: Filled,
    problem: Option<Problem>,
}

/// One store's part of the review.
struct Part {
    place: usize,
    store: Store,
    identity: Vec<(String, String)>,
    quote: Quote,
    chosen: Chosen,
    problem: Option<Problem>,
}

impl Part {
    fn name(&self, field: &str) -> String {
        name(field, self.place)
    }

    fn error(&self, ui: &Ui, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(ui.language(), field)).unwrap_or_default()
    }

    fn total(&self, by: HandOver) -> i64 {
        self.quote.total(by).0
    }

    /// The words under a way of delivery: what it costs on top, and what all of it comes to.
    fn note(&self, ui: &Ui, by: HandOver) -> String {
        let total = ui.won(self.total(by));
        match by {
            HandOver::Pickup => {
                let place = self.store.pickup_in(ui.language());
                ui.t2("checkout-pickup-note", "place", place, "total", total)
            }
            HandOver::Parcel => {
                let fee = self.quote.way(by).map(|priced| priced.delivery_won).unwrap_or_default();
                if fee == Won::ZERO {
                    ui.t1("checkout-parcel-free", "total", total)
                } else {
                    ui.t2("checkout-parcel-note", "fee", ui.won(fee), "total", total)
                }
            }
        }
    }

    /// The ways that are offered, each with its price and the words for it.
    fn ways(&self) -> Vec<(&'static str, &'static str, &Priced)> {
        let words = |by: HandOver| if by == HandOver::Pickup { "checkout-pickup" } else { "checkout-parcel" };
        [HandOver::Parcel, HandOver::Pickup]
            .into_iter()
            .filter_map(|by| Some((by.slug(), words(by), self.quote.way(by)?)))
            .collect()
    }

    /// Whether the code that was typed counts.
    fn has_coupon(&self) -> bool {
        matches!(self.quote.coupon, Some(Ok(_)))
    }
}

impl ReviewPage {
    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn is_one(&self) -> bool {
        self.parts.len() == 1
    }

    fn offers(&self, by: HandOver) -> bool {
        self.parts.iter().any(|part| part.quote.offers(by))
    }

    /// What all stores come to, by the ways that are chosen as the page is sent.
    fn total(&self) -> i64 {
        self.parts.iter().map(|part| part.total(part.chosen.by())).sum()
    }

    /// "−3,000원".
    fn off(&self, won: &Won) -> String {
        format!("−{}", self.ui.won(won))
    }

    /// What went wrong that no field is to blame for.
    fn told(&self, problem: &Problem) -> String {
        let lang = self.ui.language();
        if problem.slug() == "price-changed" {
            format!("{}. {}", problem.title(lang), self.ui.t("checkout-price-changed"))
        } else {
            self.ui.t("checkout-mend")
        }
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Query(of): Query<Of>,
) -> Result<Response, Problem> {
    let baskets = match &of.variant {
        Some(variant) => {
            let line = NewLine { variant: variant.clone(), quantity: of.quantity.unwrap_or(1) };
            vec![(None, vec![line])]
        }
        None => in_cart(&shop, &buyer, of.store.as_ref()).await?,
    };
    if baskets.is_empty() {
        return Ok(Redirect::to("/cart").into_response());
    }
    let filled = Filled { key: shop.base.random.token::<16>(), broadcast: of.broadcast, ..Filled::default() };
    let last = order::last_recipient(&shop.base.db, &buyer.ids()).await?;
    let (by, to) = last.unwrap_or_else(|| (HandOver::Parcel, signed(&buyer)));
    let mut parts = Vec::with_capacity(baskets.len());
    for (place, (store, lines)) in baskets.into_iter().enumerate() {
        let (quote, code) = order::with_taken(&shop, &buyer, &lines, filled.broadcast()).await?;
        let code = code.unwrap_or_default();
        let by = if quote.offers(by) { by } else { quote.first_way() };
        let items: Vec<_> = lines.iter().map(|line| format!("{}:{}", line.variant, line.quantity)).collect();
        let chosen = Chosen {
            store: store.map(|store| store.to_string()).unwrap_or_default(),
            items: items.join(","),
            hand_over: by.slug().to_owned(),
            coupon: code.clone(),
            applied: code,
            ..Chosen::default()
        };
        parts.push(part(&shop, &ui, place, quote, chosen, None).await?);
    }
    let filled = Filled { to, ..filled };
    Ok(buyer.remember(web::page(&ReviewPage { ui, parts, filled, problem: None })?))
}

async fn place(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&filled.key)?;
    let chosen = filled.chosen();
    if filled.act == "price" || chosen.iter().any(Chosen::is_unseen) {
        return again(&shop, ui, &buyer, filled, None).await;
    }
    let orders =
        chosen.iter().enumerate().map(|(at, one)| one.order(&filled).map_err(|error| Refused { at, error }));
    let placed = match orders.collect::<Result<Vec<NewOrder>, Refused>>() {
        Ok(orders) => order::place_all(&shop, &buyer, &key.0, orders).await,
        Err(refused) => Err(refused),
    };
    match placed {
        Ok(placed) => {
            for store in chosen.iter().filter_map(|one| one.store.parse().ok()) {
                cart::clear(&shop, &buyer.cart(), &store).await?;
            }
            let first = placed.first().ok_or(Error::CartEmpty)?;
            buyer.count(&shop, Redirect::to(&format!("/pay/{}", first.intent))).await
        }
        Err(Refused {
            at,
            error: error @ (Error::Invalid(_) | Error::NotAgreed | Error::Coupon(_) | Error::PriceChanged),
        }) => again(&shop, ui, &buyer, filled, Some(Refused { at, error })).await,
        Err(refused) => Err(refused.error.into()),
    }
}

/// The review once more, at the prices of this moment, with everything typed and what is wrong beside it.
async fn again(
    shop: &Shop,
    ui: Ui,
    buyer: &Buyer,
    filled: Filled,
    mut wrong: Option<Refused>,
) -> Result<Response, Problem> {
    let mut parts = Vec::new();
    for (place, mut chosen) in filled.chosen().into_iter().enumerate() {
        let lines = chosen.lines()?;
        let asking = Asking { lines: &lines, broadcast: filled.broadcast(), coupon: chosen.coupon() };
        let quote = order::quote(shop, buyer, asking).await?;
        let fault = quote.coupon_fault();
        chosen.applied = if fault.is_none() { chosen.coupon.clone() } else { String::new() };
        let told = wrong.take_if(|refused| refused.at == place).map(|refused| refused.error);
        let problem = told.or(fault.map(Error::Coupon)).map(Problem::from);
        parts.push(part(shop, &ui, place, quote, chosen, problem).await?);
    }
    if parts.is_empty() {
        return Err(Error::CartEmpty.into());
    }
    let problem = parts.iter().find_map(|part| part.problem.clone());
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| match problem.status() {
        StatusCode::CONFLICT if problem.slug() != "price-changed" => StatusCode::UNPROCESSABLE_ENTITY,
        status => status,
    });
    let page = web::page(&ReviewPage { ui, parts, filled, problem })?;
    Ok(buyer.remember((status, page)))
}

async fn part(
    shop: &Shop,
    ui: &Ui,
    place: usize,
    quote: Quote,
    chosen: Chosen,
    problem: Option<Problem>,
) -> Result<Part> {
    let store = store::find(&shop.base.db, &quote.store).await?;
    let identity = store.identity.lines(ui);
    Ok(Part { place, store, identity, quote, chosen, problem })
}

/// What is in the cart of one store, or of as many as fit into one checkout; the others stay in the cart.
async fn in_cart(
    shop: &Shop,
    buyer: &Buyer,
    of: Option<&StoreId>,
) -> Result<Vec<(Option<StoreId>, Vec<NewLine>)>> {
    let mut baskets: Vec<(Option<StoreId>, Vec<NewLine>)> = Vec::new();
    for row in cart::rows(&shop.base.db, &buyer.cart()).await? {
        if of.is_some_and(|of| row.store_id != *of) {
            continue;
        }
        let line = NewLine { variant: row.variant_id, quantity: row.quantity };
        let is_full = baskets.len() == order::MAX_STORES;
        match baskets.last_mut().filter(|(store, _)| store.as_ref() == Some(&row.store_id)) {
            Some((_, lines)) => lines.push(line),
            None if is_full => break,
            None => baskets.push((Some(row.store_id), vec![line])),
        }
    }
    Ok(baskets)
}

/// What we know already is written in already.
fn signed(buyer: &Buyer) -> Recipient {
    let Some(person) = &buyer.person else { return Recipient::default() };
    Recipient {
        recipient: person.name.clone(),
        phone: person.phone.clone().unwrap_or_default(),
        ..Recipient::default()
    }
}
