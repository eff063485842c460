//! The review before paying (전자상거래법 §14): everything on one screen, everything still to be changed,
//! the whole price for each way of delivery.

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
use crate::order::{self, Asking, NewLine, NewOrder, Quote};
use crate::product::VariantId;
use crate::store::{self, Store};
use crate::{Buyer, Error, Result, Shop, StoreId, cart};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/checkout", get(page).post(place))
}

/// What is being ordered: a store's part of the cart, or one variant straight from its page.
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
    /// The store whose part of the cart this is, or empty.
    store: String,
    /// `variant:quantity` with commas between.
    items: String,
    broadcast: String,
    hand_over: String,
    #[serde(flatten)]
    to: Recipient,
    agreed: String,
    total_parcel: String,
    total_pickup: String,
    coupon: String,
    /// The code that the totals above were made with.
    applied: String,
    /// `coupon` when only the price with the coupon is asked for.
    act: String,
}

impl Filled {
    fn by(&self) -> HandOver {
        if self.hand_over == HandOver::Pickup.slug() { HandOver::Pickup } else { HandOver::Parcel }
    }

    fn coupon(&self) -> Option<&str> {
        Some(self.coupon.as_str()).filter(|code| !code.trim().is_empty())
    }

    /// Whether the buyer has yet to see the price with the code in the field.
    fn asks_for_price(&self) -> bool {
        self.act == "coupon" || key_of(&self.coupon) != key_of(&self.applied) || self.is_unread()
    }

    /// Something is in the field that cannot be a code.
    fn is_unread(&self) -> bool {
        self.coupon().is_some_and(|code| key_of(code).is_empty())
    }

    fn lines(&self) -> Result<Vec<NewLine>> {
        let line = |item: &str| {
            let (variant, quantity) = item.split_once(':')?;
            Some(NewLine { variant: variant.parse().ok()?, quantity: quantity.parse().ok()? })
        };
        self.items.split(',').map(line).collect::<Option<_>>().ok_or(Error::NotFound)
    }

    fn order(&self) -> Result<NewOrder> {
        let shown = if self.by() == HandOver::Pickup { &self.total_pickup } else { &self.total_parcel };
        Ok(NewOrder {
            lines: self.lines()?,
            hand_over: self.by(),
            to: self.to.clone(),
            agreed: !self.agreed.is_empty(),
            broadcast: Some(self.broadcast.clone()).filter(|show| !show.is_empty()),
            expected_total_won: Some(Won(shown.parse().map_err(|_| Error::PriceChanged)?)),
            coupon: self.coupon().map(str::to_owned),
        })
    }
}

#[derive(Template)]
#[template(path = "checkout/checkout.html")]
struct CheckoutPage {
    ui: Ui,
    store: Store,
    identity: Vec<(String, String)>,
    quote: Quote,
    filled: Filled,
    problem: Option<Problem>,
}

impl CheckoutPage {
    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn total(&self, by: HandOver) -> i64 {
        self.quote.total(by).0
    }

    /// The words under a way of delivery: what it costs on top, and what all of it comes to.
    fn note(&self, by: HandOver) -> String {
        let total = self.ui.won(self.total(by));
        match by {
            HandOver::Pickup => self.ui.t2(
                "checkout-pickup-note",
                "place",
                self.store.pickup_in(self.ui.language()),
                "total",
                total,
            ),
            HandOver::Parcel => {
                let fee = self.quote.way(by).map(|priced| priced.delivery_won).unwrap_or_default();
                if fee == Won::ZERO {
                    self.ui.t1("checkout-parcel-free", "total", total)
                } else {
                    self.ui.t2("checkout-parcel-note", "fee", self.ui.won(fee), "total", total)
                }
            }
        }
    }

    fn is_exception(&self) -> bool {
        self.quote.is_exception()
    }

    /// The ways that are offered, each with its price and the words for it.
    fn ways(&self) -> Vec<(&'static str, &'static str, &Priced)> {
        let words = |by: HandOver| if by == HandOver::Pickup { "checkout-pickup" } else { "checkout-parcel" };
        [HandOver::Parcel, HandOver::Pickup]
            .into_iter()
            .filter_map(|by| Some((by.slug(), words(by), self.quote.way(by)?)))
            .collect()
    }

    /// "−3,000원".
    fn off(&self, won: &Won) -> String {
        format!("−{}", self.ui.won(won))
    }

    /// Whether the code that was typed counts.
    fn has_coupon(&self) -> bool {
        matches!(self.quote.coupon, Some(Ok(_)))
    }

    /// What went wrong that no field is to blame for.
    fn told(&self) -> String {
        let lang = self.ui.language();
        match &self.problem {
            Some(problem) if problem.slug() == "price-changed" => {
                format!("{}. {}", problem.title(lang), self.ui.t("checkout-price-changed"))
            }
            Some(_) => self.ui.t("checkout-mend"),
            None => String::new(),
        }
    }
}

async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Query(of): Query<Of>,
) -> Result<Response, Problem> {
    let lines = match (&of.variant, &of.store) {
        (Some(variant), _) => vec![NewLine { variant: variant.clone(), quantity: of.quantity.unwrap_or(1) }],
        (None, Some(store)) => in_cart(&shop, &buyer, store).await?,
        (None, None) => return Ok(Redirect::to("/cart").into_response()),
    };
    let broadcast = Some(of.broadcast.as_str()).filter(|show| !show.is_empty());
    let quote = order::quote(&shop, &buyer, Asking { lines: &lines, broadcast, coupon: None }).await?;
    let last = order::last_recipient(&shop.base.db, &buyer.ids()).await?;
    let (by, to) = last.unwrap_or_else(|| (HandOver::Parcel, signed(&buyer)));
    let by = if quote.offers(by) { by } else { quote.first_way() };
    let items: Vec<_> = lines.iter().map(|line| format!("{}:{}", line.variant, line.quantity)).collect();
    let filled = Filled {
        key: shop.base.random.token::<16>(),
        store: if of.variant.is_none() { quote.store.to_string() } else { String::new() },
        items: items.join(","),
        broadcast: of.broadcast,
        hand_over: by.slug().to_owned(),
        to,
        ..Filled::default()
    };
    Ok(buyer.remember(show(&shop, ui, quote, filled, None).await?))
}

async fn place(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&filled.key)?;
    if filled.asks_for_price() {
        return again(&shop, ui, &buyer, filled, None).await;
    }
    match order::place(&shop, &buyer, &key.0, filled.order()?).await {
        Ok(placed) => {
            if let Ok(store) = filled.store.parse() {
                cart::clear(&shop, &buyer.cart(), &store).await?;
            }
            buyer.count(&shop, Redirect::to(&format!("/pay/{}", placed.intent))).await
        }
        Err(wrong @ (Error::Invalid(_) | Error::NotAgreed | Error::Coupon(_) | Error::PriceChanged)) => {
            again(&shop, ui, &buyer, filled, Some(wrong)).await
        }
        Err(refused) => Err(refused.into()),
    }
}

/// The review once more, at the price of this moment, with everything typed and what is wrong beside it.
async fn again(
    shop: &Shop,
    ui: Ui,
    buyer: &Buyer,
    mut filled: Filled,
    wrong: Option<Error>,
) -> Result<Response, Problem> {
    let lines = filled.lines()?;
    let broadcast = Some(filled.broadcast.as_str()).filter(|show| !show.is_empty());
    let asking = Asking { lines: &lines, broadcast, coupon: filled.coupon() };
    let quote = order::quote(shop, buyer, asking).await?;
    filled.applied = if quote.coupon_fault().is_none() { filled.coupon.clone() } else { String::new() };
    let wrong = wrong.or(quote.coupon_fault().map(Error::Coupon)).map(Problem::from);
    let status = wrong.as_ref().map_or(StatusCode::OK, |wrong| match wrong.status() {
        StatusCode::CONFLICT if wrong.slug() != "price-changed" => StatusCode::UNPROCESSABLE_ENTITY,
        status => status,
    });
    let page = show(shop, ui, quote, filled, wrong).await?;
    Ok(buyer.remember((status, page)))
}

async fn show(
    shop: &Shop,
    ui: Ui,
    quote: Quote,
    filled: Filled,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let store = store::find(&shop.base.db, &quote.store).await?;
    let identity = store.identity.lines(&ui);
    Ok(web::page(&CheckoutPage { ui, store, identity, quote, filled, problem })?.into_response())
}

async fn in_cart(shop: &Shop, buyer: &Buyer, store: &StoreId) -> Result<Vec<NewLine>> {
    let rows = cart::rows(&shop.base.db, &buyer.cart()).await?;
    Ok(rows
        .into_iter()
        .filter(|row| row.store_id == *store)
        .map(|row| NewLine { variant: row.variant_id, quantity: row.quantity })
        .collect())
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
