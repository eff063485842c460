//! A full turn of a product: up to 36 photos, taken one after the other while it stands on a plate that turns. They come in
//! as photos do, several at a time, and stand on the draft until the seller shows it.

use askama::Template;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui};

use super::pages::path;
use super::{LEAST_TURN, MOST_TURN, desk, draft};
use crate::photo::PhotoId;
use crate::photo::api::{MAX_FORM, Refused, read_form_of, refuse_early};
use crate::product::{Product, ProductId, of_store};
use crate::{Error, Shop};

pub(super) fn routes() -> OpenApiRouter<Shop> {
    let form = OpenApiRouter::new()
        .route("/sell/{store}/products/{product}/turn", get(look).post(take))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(refuse_early));
    OpenApiRouter::new().route("/sell/{store}/products/{product}/turn/change", post(change)).merge(form)
}

#[derive(Template)]
#[template(path = "detail/turn-desk.html")]
struct TurnPage {
    ui: Ui,
    base: String,
    desk: String,
    product: Product,
    turn: Vec<PhotoId>,
    refused: Vec<Refused>,
    problem: Option<Problem>,
}

impl TurnPage {
    fn why(&self, refused: &Refused) -> String {
        let lang = self.ui.language();
        format!("{} — {}. {}", refused.file, refused.why.title(lang), refused.why.next(lang))
    }

    fn told(&self) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), "turn")).unwrap_or_default()
    }

    fn room(&self) -> usize {
        MOST_TURN.saturating_sub(self.turn.len())
    }

    fn short(&self) -> usize {
        if self.turn.is_empty() { 0 } else { LEAST_TURN.saturating_sub(self.turn.len()) }
    }

    fn drop_of(&self, number: &usize) -> String {
        self.ui.t1("turn-drop-of", "number", *number)
    }

    fn nth(&self, number: &usize) -> String {
        self.ui.t1("sell-photo-number", "number", *number)
    }
}

/// The product in the path; the store in front of it is the seller's.
#[derive(Deserialize)]
struct Named {
    product: ProductId,
}

async fn page(shop: &Shop, ui: Ui, store: &StoreId, id: &ProductId) -> Result<TurnPage, Problem> {
    let db = &shop.base.db;
    let product = of_store(db, store, id).await?;
    let turn = desk(db, store, id).await?.worked_on().turn.clone();
    Ok(TurnPage {
        ui,
        base: format!("/sell/{store}/products/{id}/turn"),
        desk: path(store, id),
        product,
        turn,
        refused: Vec::new(),
        problem: None,
    })
}

async fn look(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Response, Problem> {
    Ok(web::page(&page(&shop, ui, &seller.store, &product).await?)?.into_response())
}

/// More photos, behind those that are there. One that is there already stays where it is.
async fn take(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    posted: Multipart,
) -> Result<Response, Problem> {
    of_store(&shop.base.db, &seller.store, &product).await?;
    let posted = read_form_of(&shop, posted, MOST_TURN).await?;
    let new: Vec<PhotoId> = posted.files.into_iter().flatten().collect();
    let added = draft(&shop, &seller.store, &product, |page| {
        for photo in new {
            if !page.turn.contains(&photo) {
                page.turn.push(photo);
            }
        }
    })
    .await;
    let problem = match added {
        Err(wrong @ Error::Invalid(_)) => Some(Problem::from(wrong)),
        done => {
            done?;
            None
        }
    };
    if problem.is_none() && posted.refused.is_empty() {
        let to = format!("/sell/{}/products/{product}/turn", seller.store);
        return Ok(Redirect::to(&to).into_response());
    }
    let page = page(&shop, ui, &seller.store, &product).await?;
    let page = TurnPage { refused: posted.refused, problem, ..page };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
}

/// What a button does with the photos that are there.
#[derive(Deserialize)]
struct Change {
    /// `drop` or `clear`; or `turn-back`, with the first photo as it was shown.
    act: String,
    #[serde(default)]
    photo: String,
}

async fn change(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Form(Change { act, photo }): Form<Change>,
) -> Result<Redirect, Problem> {
    draft(&shop, &seller.store, &product, |page| match act.as_str() {
        "drop" => page.turn.retain(|one| one.as_str() != photo),
        "clear" => page.turn.clear(),
        // The second of two taps finds another photo in front.
        "turn-back" if page.turn.first().is_some_and(|first| first.as_str() == photo) => {
            page.turn.reverse();
        }
        _ => {}
    })
    .await?;
    Ok(Redirect::to(&format!("/sell/{}/products/{product}/turn", seller.store)))
}
