//! The seller's shelf: what is on it, on sale or resting, and the form that puts things there.
//!
//! Nothing typed is lost: a form with a mistake comes back as it was, its good photos kept by their
//! ids. What is taken away can be put back from the very next page.

use askama::Template;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Db, sql};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Path, Problem, Query, Ui};

use super::form::{Typed, Words, number};
use super::{Card, Product, ProductId, Variant, change, create, of_store, remove, restore, variants};
use crate::category::schema;
use crate::photo::api::{MAX_FORM, Posted, Refused, read_form, refuse_early};
use crate::{Error, Result, Shop, stock};

/// Products on one page of the shelf.
const SHELF: i64 = 30;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    let forms = OpenApiRouter::new()
        .route("/sell/{store}/products/new", get(blank).post(put_up))
        .route("/sell/{store}/products/{product}", get(edit).post(save))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(refuse_early));
    OpenApiRouter::new()
        .route("/sell/{store}/products", get(shelf))
        .route("/sell/{store}/products/{product}/rest", post(rest_product))
        .route("/sell/{store}/products/{product}/sale", post(resume_product))
        .route("/sell/{store}/products/{product}/removal", post(remove_product))
        .route("/sell/{store}/products/{product}/restoration", post(restore_product))
        .merge(forms)
}

/// Lets a product rest: it stays on the shelf and cannot be bought.
pub(crate) async fn rest(shop: &Shop, store: &StoreId, id: &ProductId) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update products set on_sale = false, changed_at_ms = $3
         where id = $1 and store_id = $2 and removed_at_ms is null", id, store, now_ms)?;
    tx.commit().await?;
    shop.search.nudge();
    if done == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Puts a resting product back on sale: the undo of [`rest`].
pub(crate) async fn resume(shop: &Shop, store: &StoreId, id: &ProductId) -> Result<()> {
    let lacking = of_store(&shop.base.db, store, id).await?.lacking();
    if !lacking.is_empty() {
        return Err(Error::Incomplete(lacking));
    }
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update products set on_sale = true, changed_at_ms = $3
         where id = $1 and store_id = $2 and removed_at_ms is null", id, store, now_ms)?;
    tx.commit().await?;
    shop.search.nudge();
    if done == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// A store's own list, resting products too, newest first, after the row `(created_at_ms, id)`.
pub(crate) async fn shelf_of(
    db: &Db,
    store: &StoreId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Card>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select * from product_cards
         where store_id = $1 and (created_at_ms, id) < ($2, $3)
         order by created_at_ms desc, id desc limit $4", store, ms, id, limit)?)
}

#[derive(Template)]
#[template(path = "product/selling.html")]
struct Shelf {
    ui: Ui,
    base: String,
    cards: Vec<Card>,
    older: String,
    newer: String,
    done: Option<Done>,
}

impl Shelf {
    /// Where all prices stand on one screen.
    fn prices(&self) -> String {
        self.base.replace("/products", "/prices")
    }

    /// Where many products come in by a table.
    fn imports(&self) -> String {
        self.base.replace("/products", "/imports")
    }
}

/// What was just done, with its way back.
struct Done {
    words: String,
    undo: String,
}

/// Which product was just touched, and how; the paging.
#[derive(Deserialize)]
struct Just {
    saved: Option<ProductId>,
    resting: Option<ProductId>,
    resumed: Option<ProductId>,
    removed: Option<ProductId>,
    restored: Option<ProductId>,
    cursor: Option<String>,
}

async fn shelf(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    let base = shelf_path(&seller.store);
    let paging = Paging { limit: Some(SHELF), cursor: just.cursor.clone() };
    let cards = shelf_of(&shop.base.db, &seller.store, paging.after()?, SHELF + 1).await?;
    let listed = Listed::of(cards, SHELF, |card| (card.created_at_ms, card.id.to_string()));
    let done = done(&shop, &seller.store, &ui, &just).await;
    Ok(web::page(&Shelf {
        older: listed.next_cursor.map(|cursor| format!("{base}?cursor={cursor}")).unwrap_or_default(),
        newer: just.cursor.map(|_| base.clone()).unwrap_or_default(),
        cards: listed.items,
        base,
        done,
        ui,
    })?
    .into_response())
}

async fn done(shop: &Shop, store: &StoreId, ui: &Ui, just: &Just) -> Option<Done> {
    let told = [
        (&just.saved, "sell-done-saved", ""),
        (&just.resting, "sell-done-resting", "sale"),
        (&just.resumed, "sell-done-resumed", "rest"),
        (&just.removed, "sell-done-removed", "restoration"),
        (&just.restored, "sell-done-restored", "removal"),
    ];
    let (id, key, undo) = told.into_iter().find_map(|(id, key, undo)| Some((id.as_ref()?, key, undo)))?;
    let product = of_store(&shop.base.db, store, id).await.ok()?;
    let undo = if undo.is_empty() { String::new() } else { format!("{}/{id}/{undo}", shelf_path(store)) };
    Some(Done { words: ui.t1(key, "name", product.name_in(ui.language())), undo })
}

fn shelf_path(store: &StoreId) -> String {
    format!("/sell/{store}/products")
}

fn back(store: &StoreId, how: &str, id: &ProductId) -> Response {
    Redirect::to(&format!("{}?{how}={id}", shelf_path(store))).into_response()
}

/// The product in the path; the store in front of it is the seller's.
#[derive(Deserialize)]
struct Named {
    product: ProductId,
}

async fn rest_product(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Response, Problem> {
    rest(&shop, &seller.store, &product).await?;
    Ok(back(&seller.store, "resting", &product))
}

async fn resume_product(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Response, Problem> {
    match resume(&shop, &seller.store, &product).await {
        Err(Error::Incomplete(_)) => {
            let questions = format!("{}/{product}/questions?just=refused", shelf_path(&seller.store));
            return Ok(Redirect::to(&questions).into_response());
        }
        done => done?,
    }
    Ok(back(&seller.store, "resumed", &product))
}

async fn remove_product(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Response, Problem> {
    remove(&shop, &seller.store, &product).await?;
    Ok(back(&seller.store, "removed", &product))
}

async fn restore_product(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Response, Problem> {
    restore(&shop, &seller.store, &product).await?;
    Ok(back(&seller.store, "restored", &product))
}

#[derive(Template)]
#[template(path = "product/edit.html")]
struct Edit {
    ui: Ui,
    base: String,
    action: String,
    /// The product, or nothing while it is new.
    product: Option<Product>,
    typed: Typed,
    refused: Vec<Refused>,
    problem: Option<Problem>,
    /// Whether the table of choices has just been laid out.
    table_is_new: bool,
}

impl Edit {
    fn wrong(&self, field: &str) -> String {
        let words = |field| self.problem.as_ref()?.field_words(self.ui.language(), field);
        words(field).unwrap_or_default()
    }

    /// What one of it is, the law wants told: it is answered here or by its question.
    fn wrong_unit(&self) -> String {
        ["unit", "attributes.amount"].map(|field| self.wrong(field)).concat()
    }

    /// "사진 2".
    fn nth(&self, key: &str, number: &usize) -> String {
        self.ui.t1(key, "number", *number)
    }

    /// What is wrong with a row of the table.
    fn wrong_row(&self, field: &str, at: &usize) -> String {
        self.wrong(&format!("{field}.{at}"))
    }

    /// Why a file was not kept: which, what is wrong, what to do.
    fn why(&self, refused: &Refused) -> String {
        let lang = self.ui.language();
        format!("{} — {}. {}", refused.file, refused.why.title(lang), refused.why.next(lang))
    }

    /// Whether the second half of the form is open.
    fn is_open(&self) -> bool {
        let second = [
            "attributes.amount",
            "code",
            "options",
            "variants",
            "unit",
            "name_en",
            "stories",
            "facts",
            "delivery",
            "live",
            "per_buyer",
        ];
        self.typed.has_more() || self.table_is_new || second.iter().any(|field| !self.wrong(field).is_empty())
    }

    fn is_category(&self, id: &str) -> bool {
        self.typed.category == id
    }

    fn is_withdrawal(&self, slug: &str) -> bool {
        self.typed.withdrawal.slug() == slug
    }

    fn page(self) -> Result<Response, Problem> {
        let wrong = self.problem.is_some() || !self.refused.is_empty();
        let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok((status, web::page(&self)?).into_response())
    }
}

/// The form for `product`, or for a new one.
fn form(ui: Ui, store: &StoreId, product: Option<Product>, typed: Typed) -> Edit {
    let base = shelf_path(store);
    let action = match &product {
        Some(product) => format!("{base}/{}", product.id),
        None => format!("{base}/new"),
    };
    Edit { ui, base, action, product, typed, refused: Vec::new(), problem: None, table_is_new: false }
}

async fn blank(seller: Seller, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    form(ui, &seller.store, None, Typed::new(shop.base.random.token::<16>())).page()
}

async fn edit(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Response, Problem> {
    let product = of_store(&shop.base.db, &seller.store, &product).await?;
    let variants = variants(&shop.base.db, &product.id).await?;
    let typed = Typed::of(&product, &variants);
    form(ui, &seller.store, Some(product), typed).page()
}

async fn put_up(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    posted: Multipart,
) -> Result<Response, Problem> {
    let posted = read_form(&shop, posted).await?;
    keep(&shop, &seller.store, ui, None, posted).await
}

async fn save(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    posted: Multipart,
) -> Result<Response, Problem> {
    let product = of_store(&shop.base.db, &seller.store, &product).await?;
    let posted = read_form(&shop, posted).await?;
    keep(&shop, &seller.store, ui, Some(product), posted).await
}

/// Saves what was posted, or shows the form again with everything in it.
async fn keep(
    shop: &Shop,
    store: &StoreId,
    ui: Ui,
    product: Option<Product>,
    posted: Posted,
) -> Result<Response, Problem> {
    let words = product.as_ref().map(Words::of).unwrap_or_default();
    let mut typed = Typed::read(&posted);
    match &product {
        // What it is and what is answered has screens of its own.
        Some(product) => {
            typed.category.clone_from(&product.category);
            typed.answers = product.attributes.clone();
        }
        None if typed.category.is_empty() => {
            let guess = schema().guess(&typed.name);
            typed.category = guess.map(|category| category.id.clone()).unwrap_or_default();
        }
        None => {}
    }
    let table_is_new = typed.lay_table(&words);
    let wants_table = table_is_new || typed.act == "table";
    let draft = typed.draft(&words);
    let mut page = Edit { refused: posted.refused, table_is_new, ..form(ui, store, product, typed) };
    let told = |error: Error| match error {
        Error::Invalid(_) | Error::StockPromised | Error::Incomplete(_) => Ok(Problem::from(error)),
        error => Err(Problem::from(error)),
    };
    let draft = match draft {
        // A fresh table is no mistake: only what is wrong with the choices themselves is told.
        Err(Error::Invalid(faults)) if wants_table => {
            let mut choices: Vec<_> = faults.into_iter().filter(|(field, _)| field == "options").collect();
            if !page.typed.has_options() {
                choices.push(("options".to_owned(), "option-shape"));
            }
            page.problem = (!choices.is_empty()).then(|| Error::Invalid(choices).into());
            return page.page();
        }
        Err(error) => {
            page.problem = Some(told(error)?);
            return page.page();
        }
        Ok(_) if wants_table || !page.refused.is_empty() => return page.page(),
        Ok(draft) => draft,
    };
    let mut draft = draft;
    if page.product.is_none() {
        if draft.category.is_empty() {
            page.problem = Some(Error::Invalid(vec![("category".to_owned(), "category")]).into());
            return page.page();
        }
        // Nothing typed is lost while questions are open: it is kept, and goes up when they are answered.
        draft.resting = !draft.lacking().is_empty();
    }
    let kept = match &page.product {
        None => create(shop, store, &IdempotencyKey::of(&page.typed.key)?.0, draft).await,
        Some(product) => change(shop, store, &product.id, draft).await,
    };
    let counted = match (kept, &page.product) {
        (Ok(product), None) => Ok(product),
        (Ok(product), Some(_)) => recount(shop, store, &product, &page.typed).await.map(|()| product),
        (Err(error), _) => Err(error),
    };
    match counted {
        Ok(product) if !product.on_sale && !product.lacking().is_empty() => {
            let questions = format!("{}/{}/questions?just=kept", shelf_path(store), product.id);
            Ok(Redirect::to(&questions).into_response())
        }
        Ok(product) => Ok(back(store, "saved", &product.id)),
        Err(error) => {
            page.problem = Some(told(error)?);
            page.page()
        }
    }
}

/// Changes the stock by what the seller changed since the form was shown, so that what was sold
/// meanwhile stays sold. A form sent twice finds the number as typed and changes nothing.
async fn recount(shop: &Shop, store: &StoreId, product: &Product, typed: &Typed) -> Result<()> {
    for variant in variants(&shop.base.db, &product.id).await? {
        let Some((now, was)) = counted(&variant, typed) else { continue };
        if now != variant.left && now != was {
            stock::adjust(shop, store, &variant.id, now - was).await?;
        }
    }
    Ok(())
}

/// What was typed as the stock of a variant, and what stood there before.
fn counted(variant: &Variant, typed: &Typed) -> Option<(i64, i64)> {
    let (now, was) = if variant.name.is_empty() {
        (&typed.stock, &typed.was)
    } else {
        let row = typed.rows.iter().find(|row| row.name == variant.name)?;
        (&row.stock, &row.was)
    };
    Some((number(now)?, number(was).unwrap_or(variant.left)))
}
