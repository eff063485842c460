//! Taking photos in: one raw body from a program, or a form with files. Files are read one at a time
//! and judged as they come, so that one bad photo does not lose the others, and a body that is too
//! large is refused before or while it is sent, never after.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use people::Seller;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Problem, Ui};

use super::{MAX_BYTES, PhotoId, add};
use crate::product::MAX_PHOTOS;
use crate::{Error, PhotoFault, Shop};

/// The largest form: as many photos as a product may have, and its words.
pub(crate) const MAX_FORM: usize = MAX_PHOTOS * MAX_BYTES + 1024 * 1024;
/// The longest text of a form; longer than any field may be, so that its fault is told beside it.
const MAX_TEXT: usize = 64 * 1024;
/// The most fields of a form.
const MAX_FIELDS: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(axum::middleware::from_fn(refuse_early))
}

/// A form as it came: its words, its photos in order, and the files that are no photos.
#[derive(Default)]
pub(crate) struct Posted {
    pub(crate) fields: Vec<(String, String)>,
    /// One for each file; `None` where it was refused.
    pub(crate) files: Vec<Option<PhotoId>>,
    pub(crate) refused: Vec<Refused>,
}

/// A file that was not kept, and why.
pub(crate) struct Refused {
    pub(crate) file: String,
    pub(crate) why: Problem,
}

/// Refuses a body that says beforehand that it is too large, without reading it.
pub(crate) async fn refuse_early(request: Request, next: Next) -> Response {
    match announced(request.headers()) {
        Some(length) if length > MAX_FORM => too_large().into_response(),
        _ => next.run(request).await,
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large")
}

/// Reads a form with the photos of a product; every good photo in it is kept at once.
pub(crate) async fn read_form(shop: &Shop, form: Multipart) -> Result<Posted, Problem> {
    read_form_of(shop, form, MAX_PHOTOS).await
}

/// Reads a form with up to `most` photos; every good photo in it is kept at once.
pub(crate) async fn read_form_of(shop: &Shop, mut form: Multipart, most: usize) -> Result<Posted, Problem> {
    let mut posted = Posted::default();
    while let Some(mut field) = form.next_field().await.map_err(unreadable)? {
        if posted.fields.len() + posted.files.len() >= MAX_FIELDS {
            return Err(too_large());
        }
        let name = field.name().unwrap_or_default().to_owned();
        let Some(file) = field.file_name().map(str::to_owned) else {
            let text = read(&mut field, MAX_TEXT).await?.ok_or_else(too_large)?;
            posted.fields.push((name, String::from_utf8_lossy(&text).into_owned()));
            continue;
        };
        let bytes = read(&mut field, MAX_BYTES).await?;
        // A browser sends an empty file where none was chosen.
        if file.is_empty() && bytes.as_ref().is_some_and(Bytes::is_empty) {
            continue;
        }
        let kept = match bytes {
            _ if posted.files.len() >= most => Err(Error::Photo(PhotoFault::TooMany)),
            None => Err(Error::Photo(PhotoFault::TooManyBytes)),
            Some(bytes) => add(shop, bytes).await,
        };
        note(&mut posted, file, kept)?;
    }
    Ok(posted)
}

fn note(posted: &mut Posted, file: String, kept: Result<PhotoId, Error>) -> Result<(), Problem> {
    match kept {
        Ok(id) => posted.files.push(Some(id)),
        Err(Error::Photo(fault)) => {
            posted.files.push(None);
            posted.refused.push(Refused { file, why: Error::Photo(fault).into() });
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The bytes of a field; one that is too long is read to its end, for what follows it, and dropped.
async fn read(field: &mut Field<'_>, most: usize) -> Result<Option<Bytes>, Problem> {
    let mut bytes = BytesMut::new();
    let mut fits = true;
    while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
        fits = fits && bytes.len() + chunk.len() <= most;
        if fits {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(fits.then(|| bytes.freeze()))
}

fn unreadable(error: MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::bad_request("unreadable"),
    }
}

/// What was kept of an upload.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Uploaded {
    /// Ids of the photos that were kept, in the order sent.
    pub items: Vec<PhotoId>,
    /// Files that were not, each with the reason.
    pub refused: Vec<RefusedFile>,
}

/// A file that was not kept.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RefusedFile {
    pub file: String,
    /// What is wrong with it.
    pub title: String,
    /// What to do now.
    pub detail: String,
}

/// Keep photos, for a product to name by their ids.
///
/// The body is one picture (JPEG, PNG or WebP, up to 15 MB) as it is, or a `multipart/form-data` with up to ten.
/// The same picture always has the same id, so that sending it twice is harmless.
#[utoipa::path(post, path = "/api/v1/stores/{store}/photos", tag = "shop",
    params(("store" = String, Path, description = "The store's id")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Uploaded), (status = "4XX", body = Problem)))]
async fn upload(
    _seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    request: Request,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    take_upload(&shop, &ui, request).await
}

/// Keeps what a program sends: one picture as it is, or a form with several.
pub(crate) async fn take_upload(
    shop: &Shop,
    ui: &Ui,
    request: Request,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        let id = add(shop, raw(request).await?).await?;
        return Ok((StatusCode::CREATED, Json(Uploaded { items: vec![id], refused: Vec::new() })));
    }
    let form = Multipart::from_request(request, &()).await.map_err(|_| Problem::bad_request("unreadable"))?;
    let mut posted = read_form(shop, form).await?;
    let items: Vec<_> = posted.files.into_iter().flatten().collect();
    if items.is_empty() && !posted.refused.is_empty() {
        return Err(posted.refused.swap_remove(0).why);
    }
    let lang = ui.language();
    let refused = posted
        .refused
        .into_iter()
        .map(|Refused { file, why }| RefusedFile { file, title: why.title(lang), detail: why.next(lang) })
        .collect();
    Ok((StatusCode::CREATED, Json(Uploaded { items, refused })))
}

async fn raw(request: Request) -> Result<Bytes, Problem> {
    let too_many = || Problem::from(Error::Photo(PhotoFault::TooManyBytes));
    if announced(request.headers()).is_some_and(|length| length > MAX_BYTES) {
        return Err(too_many());
    }
    axum::body::to_bytes(request.into_body(), MAX_BYTES).await.map_err(|_| too_many())
}
