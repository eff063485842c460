//! The buyer at the stall: a sign is scanned, what is in the hand is said, all of it is looked at once more with its
//! price, and then it is paid like any other order.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Won;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Ui};

use super::goods_at;
use crate::delivery::HandOver;
use crate::order::{self, Asking, At, Channel, NewLine, NewOrder, Quote};
use crate::sign::{self, Sign};
use crate::store::{self, Store};
use crate::till::goods::Good;
use crate::{Buyer, Error, Shop};

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/q/{code}", get(scanned)).route("/here/{code}", get(shelf).post(pick))
}

/// Where the squares lead: counted, and on to the page.
async fn scanned(State(shop): State<Shop>, Path(code): Path<String>) -> Result<Response, Problem> {
    let sign = sign::find(&shop.base.db, &code).await?;
    sign::count_scan(&shop, &sign).await?;
    Ok(Redirect::to(&format!("/here/{}", sign.code)).into_response())
}

/// A good to pick, and how many were picked.
struct Pick {
    good: Good,
    picked: String,
}

#[derive(Template)]
#[template(path = "counter/here.html")]
struct HerePage {
    ui: Ui,
    store: Store,
    identity: Vec<(String, String)>,
    sign: Sign,
    picks: Vec<Pick>,
    /// What went wrong, in words.
    told: String,
}

impl HerePage {
    async fn of(shop: &Shop, ui: Ui, sign: Sign, typed: &[(String, String)]) -> Result<HerePage, Problem> {
        let db = &shop.base.db;
        let store = store::find(db, &sign.store_id).await?;
        let goods = goods_at(db, &sign, &sign::shelf(db, &sign.code).await?).await?;
        let picks = goods
            .into_iter()
            .map(|good| {
                let name = format!("q-{}", good.variant_id);
                let picked = typed.iter().find(|(field, _)| *field == name);
                let first = Some(&good.product_id) == sign.product_id.as_ref() && typed.is_empty();
                let picked = picked.map(|(_, value)| value.clone()).unwrap_or_default();
                Pick { picked: if first && good.left_now > 0 { "1".to_owned() } else { picked }, good }
            })
            .collect();
        let identity = store.identity.lines(&ui);
        Ok(HerePage { ui, store, identity, sign, picks, told: String::new() })
    }

    fn has_any(&self) -> bool {
        self.picks.iter().any(|pick| pick.good.left_now > 0)
    }
}

async fn shelf(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let sign = sign::find(&shop.base.db, &code).await?;
    Ok(buyer.remember(web::page(&HerePage::of(&shop, ui, sign, &[]).await?)?))
}

/// All of it once more before it is paid (전자상거래법 §14).
#[derive(Template)]
#[template(path = "counter/look.html")]
struct LookPage {
    ui: Ui,
    store: Store,
    identity: Vec<(String, String)>,
    sign: Sign,
    quote: Quote,
    key: String,
    agreed: bool,
    problem: Option<Problem>,
}

impl LookPage {
    fn total(&self) -> Won {
        self.quote.total(HandOver::Pickup)
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn told(&self, problem: &Problem) -> String {
        let lang = self.ui.language();
        format!("{}. {}", problem.title(lang), problem.next(lang))
    }

    /// "−3,000원".
    fn off(&self, won: &Won) -> String {
        format!("−{}", self.ui.won(won))
    }
}

/// What was picked: fields `q-VARIANT` with how many.
fn lines(typed: &[(String, String)]) -> Result<Vec<NewLine>, Error> {
    let mut lines = Vec::new();
    for (field, value) in typed {
        let Some(variant) = field.strip_prefix("q-") else { continue };
        let value = value.trim();
        if value.is_empty() || value == "0" {
            continue;
        }
        let wrong = || Error::Invalid(vec![("quantity".to_owned(), "quantity")]);
        let quantity: i64 = value.parse().map_err(|_| wrong())?;
        lines.push(NewLine { variant: variant.parse().map_err(|_| Error::NotFound)?, quantity });
    }
    if lines.is_empty() { Err(Error::NoneTicked) } else { Ok(lines) }
}

fn field<'t>(typed: &'t [(String, String)], name: &str) -> &'t str {
    typed.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// The form of both steps: what is picked, and on the second the button that pays.
async fn pick(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(code): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let sign = sign::find(db, &code).await?;
    let picked = match lines(&typed) {
        Ok(picked) => picked,
        Err(wrong) => return again(&shop, ui, &buyer, sign, &typed, wrong).await,
    };
    let agreed = !field(&typed, "agreed").is_empty();
    let mut wrong = None;
    if field(&typed, "act") == "pay" {
        let key = IdempotencyKey::of(field(&typed, "key"))?;
        let shown = field(&typed, "total").parse().map(Won).map_err(|_| Error::PriceChanged);
        let placed = match shown {
            Ok(shown) => {
                let wanted = NewOrder {
                    lines: picked.clone(),
                    hand_over: HandOver::Pickup,
                    agreed,
                    expected_total_won: Some(shown),
                    ..NewOrder::default()
                };
                let at = At { channel: Channel::Counter, sign: Some(sign.code.clone()), ..At::default() };
                // Goods of another stall cannot be paid at this one's sign.
                match order::quote(&shop, &buyer, asking(&picked)).await {
                    Ok(quote) if quote.store != sign.store_id => Err(Error::NotFound),
                    _ => order::place_at(&shop, &buyer, &key.0, wanted, at).await,
                }
            }
            Err(wrong) => Err(wrong),
        };
        match placed {
            Ok(placed) => return Ok(buyer.remember(Redirect::to(&format!("/pay/{}", placed.intent)))),
            Err(error @ (Error::NotAgreed | Error::PriceChanged)) => wrong = Some(error),
            Err(error @ (Error::SoldOut { .. } | Error::Invalid(_) | Error::TooManyForOne { .. })) => {
                return again(&shop, ui, &buyer, sign, &typed, error).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let quote = match order::quote(&shop, &buyer, asking(&picked)).await {
        Ok(quote) if quote.store != sign.store_id || !quote.offers(HandOver::Pickup) => {
            return Err(Error::NotFound.into());
        }
        Ok(quote) => quote,
        Err(error @ (Error::SoldOut { .. } | Error::Invalid(_) | Error::TooManyForOne { .. })) => {
            return again(&shop, ui, &buyer, sign, &typed, error).await;
        }
        Err(error) => return Err(error.into()),
    };
    let sold_out = quote.lines.iter().find(|(offer, quantity)| offer.available < *quantity);
    if let Some((offer, _)) = sold_out {
        let error = Error::SoldOut { name: offer.name.clone(), left: offer.available.max(0) };
        return again(&shop, ui, &buyer, sign, &typed, error).await;
    }
    let store = store::find(db, &sign.store_id).await?;
    let identity = store.identity.lines(&ui);
    let key = match field(&typed, "key") {
        "" => shop.base.random.token::<16>(),
        key => key.to_owned(),
    };
    let problem = wrong.map(Problem::from);
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let page = LookPage { ui, store, identity, sign, quote, key, agreed, problem };
    Ok(buyer.remember((status, web::page(&page)?)))
}

fn asking(lines: &[NewLine]) -> Asking<'_> {
    Asking { lines, broadcast: None, coupon: None }
}

/// The shelf once more, as it was picked, and what is wrong above it.
async fn again(
    shop: &Shop,
    ui: Ui,
    buyer: &Buyer,
    sign: Sign,
    typed: &[(String, String)],
    wrong: Error,
) -> Result<Response, Problem> {
    let is_empty = matches!(wrong, Error::NoneTicked);
    let problem = Problem::from(wrong);
    let lang = ui.language();
    let told =
        if is_empty { ui.t("here-none") } else { format!("{}. {}", problem.title(lang), problem.next(lang)) };
    let page = HerePage { told, ..HerePage::of(shop, ui, sign, typed).await? };
    Ok(buyer.remember((problem.status(), web::page(&page)?)))
}
