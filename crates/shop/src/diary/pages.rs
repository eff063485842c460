//! The diary for people: where a seller writes it, and where everybody reads it.

use askama::Template;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Path, Problem, Query, Ui};

use super::{Entry, EntryId, NewEntry, find, of_store, set_removed, write};
use crate::photo::api::{MAX_FORM, Posted, Refused, read_form_of, refuse_early};
use crate::product::{self, Card, ProductId};
use crate::store::{self, Store};
use crate::text::Text;
use crate::workdays::day_of;
use crate::{Error, Shop};

/// Entries on one page.
const PAGE: i64 = 20;
/// Products that are offered to be ticked.
const GOODS: i64 = 40;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    let form = OpenApiRouter::new()
        .route("/sell/{store}/diary", get(desk).post(save))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(refuse_early));
    OpenApiRouter::new()
        .route("/stores/{slug}/diary", get(read))
        .route("/sell/{store}/diary/{entry}/removal", post(take_away))
        .route("/sell/{store}/diary/{entry}/restoration", post(put_back))
        .merge(form)
}

#[derive(Template)]
#[template(path = "diary/read.html")]
struct ReadPage {
    ui: Ui,
    store: Store,
    entries: Vec<Entry>,
    older: String,
    identity: Vec<(String, String)>,
}

async fn read(
    State(shop): State<Shop>,
    ui: Ui,
    Path(slug): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Html<String>, Problem> {
    let db = &shop.base.db;
    let store = store::by_slug(db, &slug).await?;
    if !store.listed {
        return Err(Problem::not_found());
    }
    let entries = of_store(db, &store.id, paging.after()?, PAGE + 1).await?;
    let listed = Listed::of(entries, PAGE, |one| (one.day_ms, one.id.to_string()));
    let older = listed.next_cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
    let identity = store.identity.lines(&ui);
    web::page(&ReadPage { ui, store, entries: listed.items, older, identity })
}

/// What was typed, as it was.
#[derive(Default)]
struct Typed {
    key: String,
    day: String,
    words: String,
    words_en: String,
    products: Vec<String>,
    /// A photo that was kept by an earlier try.
    photo: String,
}

impl Typed {
    fn read(posted: &Posted) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in &posted.fields {
            match name.as_str() {
                "key" => typed.key = value.clone(),
                "day" => typed.day = value.clone(),
                "words" => typed.words = value.clone(),
                "words_en" => typed.words_en = value.clone(),
                "product" => typed.products.push(value.clone()),
                "photo_kept" => typed.photo = value.clone(),
                _ => {}
            }
        }
        if let Some(photo) = posted.files.iter().flatten().next() {
            typed.photo = photo.to_string();
        }
        typed
    }

    fn entry(&self) -> Result<NewEntry, Error> {
        let wrong = |field: &str, slug| Error::Invalid(vec![(field.to_owned(), slug)]);
        let day = match self.day.as_str() {
            "" => None,
            day => Some(day.parse().map_err(|_| wrong("day", "diary-day"))?),
        };
        let photo = match self.photo.as_str() {
            "" => None,
            photo => Some(photo.parse().map_err(|_| wrong("photos", "unknown-photo"))?),
        };
        let products: Result<Vec<ProductId>, _> = self.products.iter().map(|id| id.parse()).collect();
        Ok(NewEntry {
            day,
            words: Text::new(&self.words, &self.words_en),
            photo,
            products: products.map_err(|_| wrong("products", "diary-products"))?,
        })
    }
}

#[derive(Template)]
#[template(path = "diary/desk.html")]
struct DeskPage {
    ui: Ui,
    store: Store,
    entries: Vec<Entry>,
    goods: Vec<Card>,
    typed: Typed,
    today: String,
    refused: Vec<Refused>,
    problem: Option<Problem>,
    done: &'static str,
    undo: String,
    older: String,
}

impl DeskPage {
    fn base(&self) -> String {
        format!("/sell/{}/diary", self.store.id)
    }

    fn wrong(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    /// What went wrong that no field is to blame for.
    fn told(&self) -> String {
        let lang = self.ui.language();
        match &self.problem {
            Some(problem) if problem.slug() == "diary-full" => {
                format!("{}. {}", problem.title(lang), problem.next(lang))
            }
            Some(_) => self.ui.t("sell-look-again"),
            None => String::new(),
        }
    }

    fn why(&self, refused: &Refused) -> String {
        let lang = self.ui.language();
        format!("{} — {}. {}", refused.file, refused.why.title(lang), refused.why.next(lang))
    }

    fn is_ticked(&self, card: &Card) -> bool {
        self.typed.products.iter().any(|id| id == card.id.as_str())
    }
}

/// What was just done.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Just {
    written: Option<String>,
    removed: Option<EntryId>,
    restored: Option<EntryId>,
    cursor: Option<String>,
    /// The product whose page one came from.
    product: Option<String>,
}

async fn page(shop: &Shop, ui: Ui, store: &StoreId, just: Just) -> Result<DeskPage, Problem> {
    let db = &shop.base.db;
    let store = store::find(db, store).await?;
    let paging = Paging { limit: None, cursor: just.cursor };
    let entries = of_store(db, &store.id, paging.after()?, PAGE + 1).await?;
    let listed = Listed::of(entries, PAGE, |one| (one.day_ms, one.id.to_string()));
    let goods = product::on_sale_in(db, &store.id, None, GOODS).await?;
    let (done, undo) = match (just.removed, just.restored, just.written) {
        (Some(id), ..) => ("diary-removed", format!("/sell/{}/diary/{id}/restoration", store.id)),
        (_, Some(id), _) => ("diary-restored", format!("/sell/{}/diary/{id}/removal", store.id)),
        (.., Some(_)) => ("diary-written", String::new()),
        _ => ("", String::new()),
    };
    let today = day_of(ui.now_ms()).to_string();
    let typed = Typed {
        key: shop.base.random.token::<16>(),
        day: today.clone(),
        products: just.product.into_iter().collect(),
        ..Typed::default()
    };
    Ok(DeskPage {
        older: listed.next_cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default(),
        entries: listed.items,
        ui,
        store,
        goods,
        typed,
        today,
        refused: Vec::new(),
        problem: None,
        done,
        undo,
    })
}

async fn desk(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(just): Query<Just>,
) -> Result<Html<String>, Problem> {
    web::page(&page(&shop, ui, &seller.store, just).await?)
}

async fn save(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    posted: Multipart,
) -> Result<Response, Problem> {
    let posted = read_form_of(&shop, posted, 1).await?;
    let typed = Typed::read(&posted);
    let written = match typed.entry() {
        Ok(_) if !posted.refused.is_empty() => None,
        Ok(new) => match write(&shop, &seller.store, &IdempotencyKey::of(&typed.key)?.0, new).await {
            Err(wrong @ (Error::Invalid(_) | Error::DiaryFull)) => Some(wrong),
            done => {
                done?;
                let to = format!("/sell/{}/diary?written=1", seller.store);
                return Ok(Redirect::to(&to).into_response());
            }
        },
        Err(wrong) => Some(wrong),
    };
    let mut page = page(&shop, ui, &seller.store, Just::default()).await?;
    page.problem = written.map(Problem::from);
    page.refused = posted.refused;
    page.typed = typed;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
}

/// The entry in the path; the store in front of it is the seller's.
#[derive(Deserialize)]
struct Named {
    entry: EntryId,
}

async fn take_away(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { entry }): Path<Named>,
) -> Result<Redirect, Problem> {
    find(&shop.base.db, &seller.store, &entry).await?;
    set_removed(&shop, &seller.store, &entry, true).await?;
    Ok(Redirect::to(&format!("/sell/{}/diary?removed={entry}", seller.store)))
}

async fn put_back(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { entry }): Path<Named>,
) -> Result<Redirect, Problem> {
    set_removed(&shop, &seller.store, &entry, false).await?;
    Ok(Redirect::to(&format!("/sell/{}/diary?restored={entry}", seller.store)))
}
