//! Several orders at once: the boxes that were ticked, the parcel numbers for those that are sent, what became of
//! each, and the way back.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use crate::carrier::{self, Carrier};
use crate::order::batch::{self, Batch, BatchId, MOST, Named, NewBatch, Outcome, Row, Step};
use crate::order::{OrderId, Summary, picked};
use crate::{Error, Shop, StoreId, shipment};

/// The most that may be pasted: a hundred lines, generously.
const PASTED: usize = 20_000;

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/orders/batches", post(write))
        .route("/sell/{store}/orders/sending", get(sending))
        .route("/sell/{store}/orders/batches/{batch}", get(outcome))
        .route("/sell/{store}/orders/batches/{batch}/undo", post(undo))
}

/// What a form brings: pairs, because boxes repeat their name.
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Pairs {
    fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The boxes that were ticked.
    pub(crate) fn orders(&self) -> Vec<OrderId> {
        let ids = self.0.iter().filter(|(key, _)| key == "order");
        ids.filter_map(|(_, value)| value.parse().ok()).collect()
    }

    /// Each order with the parcel number that follows it.
    fn named(&self) -> Vec<Named> {
        let mut all: Vec<Named> = Vec::new();
        for (key, value) in &self.0 {
            match (key.as_str(), all.last_mut()) {
                ("order", _) => all.push(Named { order: value.trim().to_owned(), ..Named::default() }),
                ("tracking", Some(last)) => last.tracking = value.trim().to_owned(),
                _ => {}
            }
        }
        all
    }
}

/// One order with the field for its parcel's number.
struct Parcel {
    row: Summary,
    tracking: String,
}

#[derive(Template)]
#[template(path = "selling/sending.html")]
struct SendingPage {
    ui: Ui,
    store: StoreId,
    parcels: Vec<Parcel>,
    /// How many of the ticked ones are picked up instead.
    left_out: usize,
    carriers: &'static [Carrier],
    /// The one this store used last, or the one that was chosen.
    carrier: String,
    lines: String,
    key: String,
    problem: Option<Problem>,
}

impl SendingPage {
    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }
}

async fn sending(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let pairs = Pairs(pairs);
    if pairs.orders().is_empty() {
        return Err(Error::NoneTicked.into());
    }
    let page = asking(&shop, ui, &seller.store, &pairs, None).await?;
    Ok(web::page(&page)?.into_response())
}

/// The page with a field for each parcel, filled with what was typed before.
async fn asking(
    shop: &Shop,
    ui: Ui,
    store: &StoreId,
    pairs: &Pairs,
    problem: Option<Problem>,
) -> Result<SendingPage, Problem> {
    let ids = pairs.orders();
    if ids.len() > MOST {
        return Err(Error::TooManyOrders { most: MOST }.into());
    }
    let rows = picked(&shop.base.db, store, &ids).await?;
    let named = pairs.named();
    let typed = |row: &Summary| {
        let found = named.iter().find(|one| one.order == row.order.id.as_str());
        found.map(|one| one.tracking.clone()).unwrap_or_default()
    };
    let left_out = rows.iter().filter(|row| row.order.is_pickup()).count();
    let parcels = rows.into_iter().filter(|row| !row.order.is_pickup());
    let parcels = parcels.map(|row| Parcel { tracking: typed(&row), row }).collect();
    let key = match pairs.one("key") {
        "" => shop.base.random.token::<16>(),
        key => key.to_owned(),
    };
    let lines = pairs.one("lines").to_owned();
    let carrier = match pairs.one("carrier") {
        "" => shipment::last_carrier(&shop.base.db, store).await?.to_owned(),
        chosen => chosen.to_owned(),
    };
    let carriers = &carrier::ALL;
    Ok(SendingPage { ui, store: store.clone(), parcels, left_out, carriers, carrier, lines, key, problem })
}

async fn write(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let pairs = Pairs(pairs);
    let key = IdempotencyKey::of(pairs.one("key"))?.0;
    let to = match pairs.one("to") {
        "preparing" => Step::Preparing,
        "sent" => Step::Sent,
        _ => return Err(Problem::bad_request("unreadable")),
    };
    let made = match read(&pairs, to) {
        Ok(new) => batch::advance(&shop, &seller.store, &seller.person.id, &key, new).await,
        Err(wrong) => Err(wrong),
    };
    match made {
        Ok(batch) => Ok(seen(&seller.store, &batch.id)),
        // What was typed comes back; a page without parcels has nothing to mend.
        Err(wrong @ Error::Invalid(_)) if to == Step::Sent && !pairs.orders().is_empty() => {
            let page = asking(&shop, ui, &seller.store, &pairs, Some(wrong.into())).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// The ticked orders, and the pasted lines: a line fills in the order it names, or adds it.
fn read(pairs: &Pairs, to: Step) -> Result<NewBatch, Error> {
    let mut orders = pairs.named();
    let lines = pairs.one("lines");
    if lines.len() > PASTED {
        return Err(Error::Invalid(vec![("lines".to_owned(), "too-long")]));
    }
    let (named, strange) = batch::pasted(lines);
    if !strange.is_empty() {
        return Err(Error::Invalid(vec![("lines".to_owned(), "pasted-line")]));
    }
    if to == Step::Sent {
        // The page says each order's number beside its field, so that a pasted line finds it.
        let numbers: Vec<_> =
            pairs.0.iter().filter(|(key, _)| key == "number").map(|(_, value)| value).collect();
        for line in named {
            let place = numbers.iter().position(|number| **number == line.order);
            match place.and_then(|place| orders.get_mut(place)) {
                Some(order) => order.tracking = line.tracking,
                None => orders.push(line),
            }
        }
    }
    let carrier = if to == Step::Sent { pairs.one("carrier").to_owned() } else { String::new() };
    Ok(NewBatch { to, carrier, orders })
}

#[derive(Template)]
#[template(path = "selling/batch.html")]
struct BatchPage {
    ui: Ui,
    store: StoreId,
    batch: Batch,
    done: Vec<Row>,
    not_done: Vec<Row>,
    is_fresh: bool,
}

impl BatchPage {
    fn title(&self) -> String {
        let key = match (self.batch.stage, self.batch.undone_at_ms) {
            (_, Some(_)) => "batch-undone",
            (Step::Preparing, None) => "batch-preparing",
            (Step::Sent, None) => "batch-sent",
        };
        self.ui.t1(key, "count", self.done.len() as i64)
    }

    fn undo_href(&self) -> String {
        if self.is_fresh {
            format!("/sell/{}/orders/batches/{}/undo", self.store, self.batch.id)
        } else {
            String::new()
        }
    }

    fn prints(&self) -> bool {
        self.batch.stage == Step::Preparing && self.batch.undone_at_ms.is_none() && !self.done.is_empty()
    }
}

#[derive(Deserialize)]
struct InStore {
    batch: BatchId,
}

async fn outcome(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(InStore { batch }): Path<InStore>,
) -> Result<Response, Problem> {
    let batch = batch::find(&shop.base.db, &seller.store, &batch).await?;
    let rows = batch::outcomes(&shop.base.db, &batch.id).await?;
    let wanted = if batch.undone_at_ms.is_some() { Outcome::Undone } else { Outcome::Done };
    let (done, not_done): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.outcome == wanted);
    // Of a batch taken back, what was never done needs no word any more.
    let not_done = not_done.into_iter().filter(|row| wanted == Outcome::Done || row.outcome == Outcome::Done);
    let is_fresh = batch.is_fresh(shop.base.clock.now_ms()) && !done.is_empty();
    let not_done = not_done.collect();
    Ok(web::page(&BatchPage { ui, store: seller.store, batch, done, not_done, is_fresh })?.into_response())
}

async fn undo(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { batch }): Path<InStore>,
) -> Result<Response, Problem> {
    let batch = batch::undo(&shop, &seller.store, &batch).await?;
    Ok(seen(&seller.store, &batch.id))
}

fn seen(store: &StoreId, batch: &BatchId) -> Response {
    Redirect::to(&format!("/sell/{store}/orders/batches/{batch}")).into_response()
}
