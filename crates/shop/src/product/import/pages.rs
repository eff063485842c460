//! The screens of an import: the file, what is wrong with it, how far it is; and the table to take along.

use askama::Template;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures::stream;
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{IdempotencyKey, Path, Problem, Ui};

use super::{
    Fault, Import, ImportId, Row, State as Stage, find, latest, look_over, page_of, rows, run, undo,
};
use crate::product::{ProductId, bulk, variants};
use crate::sheet::read::{MAX_BYTES, SheetFault};
use crate::sheet::{Sheet, download};
use crate::{Error, Result, Shop, StoreId};

/// Wrong lines that are shown; nobody mends more at a time.
const WRONG: i64 = 100;
/// Fine ones that are shown, to see that the columns are understood.
const FINE: i64 = 10;
/// Imports of before that are shown.
const BEFORE: i64 = 10;
/// Products read at once for the table.
const EACH: i64 = 100;
/// Products in one table.
const MOST: usize = 10_000;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/imports", get(list).post(upload))
        .route("/sell/{store}/imports/{import}", get(one))
        .route("/sell/{store}/imports/{import}/run", post(begin))
        .route("/sell/{store}/imports/{import}/undo", post(take_back))
        .route("/sell/{store}/products.csv", get(table))
        .layer(DefaultBodyLimit::max(MAX_BYTES + 64 * 1024))
}

#[derive(Template)]
#[template(path = "product/imports.html")]
struct Imports {
    ui: Ui,
    base: String,
    key: String,
    problem: Option<Problem>,
    before: Vec<Import>,
}

impl Imports {
    /// What is wrong with the file, and what to do.
    fn why(&self, problem: &Problem) -> String {
        let lang = self.ui.language();
        format!("{}. {}", problem.title(lang), problem.next(lang))
    }

    fn export(&self) -> String {
        self.base.replace("/imports", "/products.csv")
    }
}

async fn list(seller: Seller, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    listed(&shop, &seller.store, ui, None).await
}

async fn listed(shop: &Shop, store: &StoreId, ui: Ui, problem: Option<Problem>) -> Result<Response, Problem> {
    let before = latest(&shop.base.db, store, BEFORE).await?;
    let key = shop.base.random.token::<16>();
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let page = Imports { ui, base: format!("/sell/{store}/imports"), key, problem, before };
    Ok((status, web::page(&page)?).into_response())
}

async fn upload(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    form: Multipart,
) -> Result<Response, Problem> {
    let kept = match file(form).await {
        Ok((key, name, bytes)) => {
            let key = IdempotencyKey::of(&key)?;
            look_over(&shop, &seller.store, &key.0, &name, bytes.into()).await
        }
        Err(error) => Err(error),
    };
    match kept {
        Ok(id) => Ok(Redirect::to(&format!("/sell/{}/imports/{id}", seller.store)).into_response()),
        Err(error @ (Error::Sheet(_) | Error::NoColumns(_))) => {
            listed(&shop, &seller.store, ui, Some(error.into())).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The form's key, the file's name and its bytes; a body that is too long stops being read.
async fn file(mut form: Multipart) -> Result<(String, String, Bytes)> {
    let (mut key, mut name, mut bytes) = (String::new(), String::new(), Bytes::new());
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("key") => key = field.text().await.map_err(unreadable)?,
            Some("file") => {
                name = field.file_name().unwrap_or_default().to_owned();
                bytes = field.bytes().await.map_err(unreadable)?;
            }
            _ => {}
        }
    }
    if bytes.is_empty() { Err(Error::Sheet(SheetFault::Empty)) } else { Ok((key, name, bytes)) }
}

/// A body that is too long, or one that broke off on its way.
fn unreadable(error: MultipartError) -> Error {
    let is_long = error.status() == StatusCode::PAYLOAD_TOO_LARGE;
    Error::Sheet(if is_long { SheetFault::TooManyBytes } else { SheetFault::NotATable })
}

#[derive(Template)]
#[template(path = "product/import.html")]
struct One {
    ui: Ui,
    base: String,
    import: Import,
    wrong: Vec<Row>,
    fine: Vec<Row>,
}

impl One {
    fn is(&self, stage: &str) -> bool {
        let name = match self.import.state {
            Stage::Read => "read",
            Stage::Running => "running",
            Stage::Done => "done",
            Stage::Undone => "undone",
        };
        name == stage
    }

    /// "3번째 줄, 값 칸: 숫자로 적어 주세요."
    fn told(&self, fault: &Fault) -> String {
        let what = self.ui.t(&format!("field-{}", fault.fault));
        let line = fault.line as i64;
        match fault.column.as_str() {
            "" => self.ui.t2("imports-fault-line", "line", line, "what", what),
            column => {
                let at = self.ui.t2("imports-fault-at", "line", line, "column", column);
                format!("{at} {what}")
            }
        }
    }

    fn shelf(&self) -> String {
        self.base.replace("/imports", "/products")
    }
}

/// The import in the path.
#[derive(Deserialize)]
struct Named {
    import: ImportId,
}

async fn one(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { import }): Path<Named>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let import = find(db, &seller.store, &import).await?;
    let wrong = rows(db, &import.id, true, WRONG).await?;
    let fine = rows(db, &import.id, false, FINE).await?;
    let is_running = import.state == Stage::Running;
    let base = format!("/sell/{}/imports", seller.store);
    let mut response = web::page(&One { ui, base, import, wrong, fine })?.into_response();
    if is_running {
        response.headers_mut().insert("refresh", axum::http::HeaderValue::from_static("2"));
    }
    Ok(response)
}

async fn begin(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { import }): Path<Named>,
) -> Result<Response, Problem> {
    find(&shop.base.db, &seller.store, &import).await?;
    run(&shop, &seller.store, &import).await?;
    Ok(Redirect::to(&format!("/sell/{}/imports/{import}", seller.store)).into_response())
}

async fn take_back(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { import }): Path<Named>,
) -> Result<Response, Problem> {
    find(&shop.base.db, &seller.store, &import).await?;
    undo(&shop, &seller.store, &import).await?;
    Ok(Redirect::to(&format!("/sell/{}/imports/{import}", seller.store)).into_response())
}

/// Where the writing of the table stands.
struct Writing {
    shop: Shop,
    store: StoreId,
    after: Option<(i64, ProductId)>,
    written: usize,
    is_over: bool,
}

/// The store's products as a table, written while they are read. Without products it is a table to fill in.
async fn table(seller: Seller, State(shop): State<Shop>) -> Response {
    let first = Sheet::begin(&bulk::heads()).end();
    let writing = Writing { shop, store: seller.store, after: None, written: 0, is_over: false };
    let rest = stream::try_unfold(writing, |writing| async move {
        if writing.is_over { Ok(None) } else { piece(writing).await.map(Some) }
    });
    let body = Body::from_stream(stream::StreamExt::chain(stream::iter([Ok::<_, Error>(first)]), rest));
    download("dangol-products.csv", body)
}

async fn piece(mut writing: Writing) -> Result<(Bytes, Writing)> {
    let db = &writing.shop.base.db;
    let products = page_of(db, &writing.store, writing.after.clone(), EACH).await?;
    writing.written += products.len();
    writing.is_over = products.len() < EACH as usize || writing.written >= MOST;
    writing.after = products.last().map(|last| (last.created_at_ms, last.id.clone()));
    let mut sheet = Sheet::more();
    for product in &products {
        let variants = variants(db, &product.id).await?;
        bulk::lines(product, &variants).into_iter().for_each(|line| sheet.row(line));
    }
    Ok((sheet.end(), writing))
}
