//! The screens of moving: the file to take along, and the file that is brought.

use askama::Template;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::sql;
use bytes::Bytes;
use futures::stream;
use people::{Owner, Person, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Path, Problem, Ui};

use super::arrive::{self, Arrival, ArrivalId, State as Stage};
use super::format::Kind;
use super::look::Seen;
use super::out::{self, Export, ExportId, State as Packed};
use super::unpack::MAX_BYTES;
use super::{Step, steps};
use crate::store::{self, Store};
use crate::{Error, Result, Shop};

/// Files of before that are shown.
const BEFORE: i64 = 10;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/import", get(brought).post(bring))
        .layer(DefaultBodyLimit::max(MAX_BYTES as usize + 64 * 1024))
        .route("/sell/import/{arrival}", get(arrival))
        .route("/sell/import/{arrival}/run", post(begin))
        .route("/sell/import/{arrival}/undo", post(take_back))
        .route("/sell/import/{arrival}/opening", post(open))
        .route("/sell/{store}/export", get(exports).post(ask))
        .route("/sell/{store}/export/{export}/file", get(file))
        .route("/sell/{store}/export/{export}/removal", post(erase))
}

/// "1.2 MB": what people know of files.
fn size(bytes: i64) -> String {
    match bytes {
        ..1_000_000 => format!("{} KB", (bytes + 999) / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// A page that looks again by itself while something is going on.
fn page(page: &impl Template, status: StatusCode, is_going: bool) -> Result<Response, Problem> {
    let mut response = (status, web::page(page)?).into_response();
    if is_going {
        response.headers_mut().insert("refresh", HeaderValue::from_static("2"));
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "moving/exports.html")]
struct Exports {
    ui: Ui,
    base: String,
    store: StoreId,
    key: String,
    exports: Vec<Export>,
    steps: Vec<Step>,
    has_history: bool,
}

impl Exports {
    fn is(&self, export: &Export, stage: &str) -> bool {
        let name = match export.state {
            Packed::Running => "running",
            Packed::Ready => "ready",
            Packed::Failed => "failed",
            Packed::Erased => "erased",
        };
        name == stage
    }

    fn is_running(&self) -> bool {
        self.exports.iter().any(|export| export.state == Packed::Running)
    }

    fn size(&self, export: &Export) -> String {
        size(export.bytes)
    }

    fn until(&self, export: &Export) -> String {
        self.ui.time(&export.expires_at_ms.unwrap_or_default())
    }
}

async fn exports(owner: Owner, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let exports = out::latest(db, &owner.store, BEFORE).await?;
    let has_history = super::history::is_any(db, &owner.store).await?;
    let told = Exports {
        ui,
        base: format!("/sell/{}/export", owner.store),
        key: shop.base.random.token::<16>(),
        exports,
        steps: steps(db, &owner.store).await?,
        has_history,
        store: owner.store,
    };
    let is_going = told.is_running();
    page(&told, StatusCode::OK, is_going)
}

#[derive(Deserialize)]
struct Keyed {
    key: String,
}

async fn ask(
    owner: Owner,
    State(shop): State<Shop>,
    Form(Keyed { key }): Form<Keyed>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&key)?;
    out::ask(&shop, &owner.store, &owner.person.id, &key.0).await?;
    Ok(Redirect::to(&format!("/sell/{}/export", owner.store)).into_response())
}

/// The export in the path.
#[derive(Deserialize)]
struct NamedExport {
    export: ExportId,
}

async fn file(
    owner: Owner,
    State(shop): State<Shop>,
    Path(NamedExport { export }): Path<NamedExport>,
) -> Result<Response, Problem> {
    let store = store::find(&shop.base.db, &owner.store).await?;
    let (bytes, pieces) = out::fetch(&shop, &owner.store, &owner.person.id, &export).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"dangol-{}.zip\"", store.slug)),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

async fn erase(
    owner: Owner,
    State(shop): State<Shop>,
    Path(NamedExport { export }): Path<NamedExport>,
) -> Result<Response, Problem> {
    out::erase(&shop, &owner.store, &owner.person.id, &export).await?;
    Ok(Redirect::to(&format!("/sell/{}/export", owner.store)).into_response())
}

#[derive(Template)]
#[template(path = "moving/brought.html")]
struct Brought {
    ui: Ui,
    key: String,
    problem: Option<Problem>,
    before: Vec<Arrival>,
}

impl Brought {
    /// What is wrong with the file, and what to do.
    fn why(&self, problem: &Problem) -> String {
        let lang = self.ui.language();
        format!("{}. {}", problem.title(lang), problem.next(lang))
    }

    fn stage(&self, arrival: &Arrival) -> String {
        self.ui.t(&format!("moving-stage-{}", arrival.state.slug()))
    }
}

async fn brought(person: Person, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    listed(&shop, &person, ui, None).await
}

async fn listed(shop: &Shop, person: &Person, ui: Ui, problem: Option<Problem>) -> Result<Response, Problem> {
    let before = arrive::latest(&shop.base.db, &person.id, BEFORE).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    page(&Brought { ui, key: shop.base.random.token::<16>(), problem, before }, status, false)
}

async fn bring(
    person: Person,
    ui: Ui,
    State(shop): State<Shop>,
    form: Multipart,
) -> Result<Response, Problem> {
    match Box::pin(taken(&shop, &person, form)).await {
        Ok(id) => Ok(Redirect::to(&format!("/sell/import/{id}")).into_response()),
        Err(error @ (Error::MovingTooLarge | Error::MovingNoFile | Error::MovingEnough)) => {
            listed(&shop, &person, ui, Some(error.into())).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The form's key comes before its file, which goes to the blobs while it comes in.
async fn taken(shop: &Shop, person: &Person, mut form: Multipart) -> Result<ArrivalId> {
    let mut key = String::new();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("key") => key = field.text().await.map_err(unreadable)?,
            Some("file") => {
                if IdempotencyKey::of(&key).is_err() {
                    return Err(Error::MovingNoFile);
                }
                let name = field.file_name().unwrap_or_default().to_owned();
                let mut pieces = Box::pin(stream::try_unfold(field, |mut field| async move {
                    let piece: Option<Bytes> = field.chunk().await.map_err(unreadable)?;
                    Ok::<_, Error>(piece.map(|piece| (piece, field)))
                }));
                // A form without a file sends an empty one.
                let first = stream::StreamExt::next(&mut pieces).await.ok_or(Error::MovingNoFile)??;
                if first.is_empty() {
                    return Err(Error::MovingNoFile);
                }
                let all = stream::StreamExt::chain(stream::iter([Ok(first)]), pieces);
                return arrive::receive(shop, &person.id, &key, &name, Box::pin(all)).await;
            }
            _ => {}
        }
    }
    Err(Error::MovingNoFile)
}

/// A body that is too long, or one that broke off on its way.
fn unreadable(error: MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Error::MovingTooLarge } else { Error::MovingNoFile }
}

#[derive(Template)]
#[template(path = "moving/arrival.html")]
struct One {
    ui: Ui,
    arrival: Arrival,
    seen: Seen,
    /// The store that is made, once it is all there.
    store: Option<Store>,
    /// What the law still wants told about who sells.
    is_whole: bool,
    slug_taken: bool,
    business_here: bool,
}

impl One {
    fn is(&self, stage: &str) -> bool {
        self.arrival.state.slug() == stage
    }

    fn size(&self) -> String {
        size(self.arrival.bytes)
    }

    fn base(&self) -> String {
        format!("/sell/import/{}", self.arrival.id)
    }

    /// What comes, by kind, in words: "상품 12개".
    fn counts(&self) -> Vec<String> {
        let said = |kind: Kind| match self.seen.count(kind) {
            0 => None,
            count => Some(self.ui.t1(&format!("moving-count-{}", kind.slug()), "count", count)),
        };
        let photos = (self.seen.photos > 0)
            .then(|| self.ui.t1("moving-count-photos", "count", self.seen.photos as i64));
        let kinds = [Kind::Products, Kind::Promotions, Kind::Coupons];
        kinds.into_iter().filter_map(said).chain(photos).collect()
    }

    /// What is only kept to be read.
    fn history(&self) -> Vec<String> {
        let said = |kind: Kind| match self.seen.count(kind) {
            0 => None,
            count => Some(self.ui.t1(&format!("moving-count-{}", kind.slug()), "count", count)),
        };
        Kind::ALL.into_iter().filter(|kind| kind.is_history()).filter_map(said).collect()
    }

    fn why(&self) -> String {
        self.ui.t(&format!("moving-fault-{}", self.arrival.fault))
    }

    fn is_open(&self) -> bool {
        self.arrival.opened_at_ms.is_some()
    }
}

/// The arrival in the path.
#[derive(Deserialize)]
struct Named {
    arrival: ArrivalId,
}

async fn arrival(
    person: Person,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { arrival }): Path<Named>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let arrival = arrive::find(db, &person.id, &arrival).await?;
    let seen = arrival.seen();
    let store = match (&arrival.state, &arrival.store_id) {
        (Stage::Done, Some(id)) => Some(store::find(db, id).await?),
        _ => None,
    };
    let slug_taken = sql!(value db, "select exists (select 1 from stores where slug = $1)", &seen.slug)
        .map_err(Problem::internal)?;
    let business_here = sql!(value db,
        "select exists (select 1 from stores where business_number = $1 and business_number <> '')",
        &seen.business_number)
    .map_err(Problem::internal)?;
    let is_going = matches!(arrival.state, Stage::Looking | Stage::Running);
    let is_whole = store.as_ref().is_some_and(|store| store.identity.is_whole());
    page(&One { ui, arrival, seen, store, is_whole, slug_taken, business_here }, StatusCode::OK, is_going)
}

async fn begin(
    person: Person,
    State(shop): State<Shop>,
    Path(Named { arrival }): Path<Named>,
) -> Result<Response, Problem> {
    arrive::run(&shop, &person.id, &arrival).await?;
    Ok(Redirect::to(&format!("/sell/import/{arrival}")).into_response())
}

async fn take_back(
    person: Person,
    State(shop): State<Shop>,
    Path(Named { arrival }): Path<Named>,
) -> Result<Response, Problem> {
    arrive::undo(&shop, &person.id, &arrival).await?;
    Ok(Redirect::to(&format!("/sell/import/{arrival}")).into_response())
}

async fn open(
    person: Person,
    State(shop): State<Shop>,
    Path(Named { arrival }): Path<Named>,
) -> Result<Response, Problem> {
    let store = arrive::open(&shop, &person.id, &arrival).await?;
    let opened = arrive::find(&shop.base.db, &person.id, &arrival).await?.opened_at_ms.is_some();
    // A store that the law does not let open yet is led to what is missing.
    let to = if opened { format!("/sell/import/{arrival}") } else { format!("/sell/{store}/identity") };
    Ok(Redirect::to(&to).into_response())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        for (bytes, said) in
            [(1, "1 KB"), (999_999, "1000 KB"), (1_250_000, "1.2 MB"), (40_000_000, "40.0 MB")]
        {
            assert_eq!(size(bytes), said);
        }
    }
}
