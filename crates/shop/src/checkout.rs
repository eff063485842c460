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

use crate::delivery::{HandOver, Recipient};
use crate::order::{self, NewLine, NewOrder, Quote};
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
}

impl Filled {
    fn by(&self) -> HandOver {
        if self.hand_over == HandOver::Pickup.slug() { HandOver::Pickup } else { HandOver::Parcel }
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
                let fee = self.quote.parcel_won.unwrap_or_default();
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
    let quote = order::quote(&shop.base.db, &lines).await?;
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
    match order::place(&shop, &buyer, &key.0, filled.order()?).await {
        Ok(placed) => {
            if let Ok(store) = filled.store.parse() {
                cart::clear(&shop, &buyer.cart(), &store).await?;
            }
            buyer.count(&shop, Redirect::to(&format!("/pay/{}", placed.intent))).await
        }
        Err(wrong @ (Error::Invalid(_) | Error::NotAgreed)) => {
            let quote = order::quote(&shop.base.db, &filled.lines()?).await?;
            let page = show(&shop, ui, quote, filled, Some(wrong.into())).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
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
