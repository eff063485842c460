//! The seller's side of reviews: those without an answer first, and one tap that says what is said often.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, Path, Problem, Query, Ui};

use super::phrase::{self, Phrase, PhraseId, phrases};
use super::{OfStore, Review, ReviewId, answer, find, of_store, open_count};
use crate::product;
use crate::{Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/reviews", get(all))
        .route("/sell/{store}/reviews/{review}", get(one))
        .route("/sell/{store}/reviews/{review}/answer", post(say))
        .route("/sell/{store}/phrases", post(keep))
        .route("/sell/{store}/phrases/{phrase}/removal", post(forget))
}

#[derive(Template)]
#[template(path = "review/selling.html")]
struct ListPage {
    ui: Ui,
    store: StoreId,
    open: bool,
    waiting: i64,
    rows: Vec<OfStore>,
    phrases: Vec<Phrase>,
    /// The review that was just answered, whose answer can be taken back.
    answered: String,
    older: String,
    typed: String,
    problem: Option<Problem>,
}

impl ListPage {
    fn said(&self) -> Vec<String> {
        let house = ["review-phrase-1", "review-phrase-2", "review-phrase-3"].map(|key| self.ui.t(key));
        self.phrases.iter().map(|phrase| phrase.words.clone()).chain(house).collect()
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    async fn of(shop: &Shop, ui: Ui, store: StoreId, filter: Filter) -> Result<ListPage, Problem> {
        let db = &shop.base.db;
        let open = filter.all.is_none();
        let paging = Paging { limit: None, cursor: filter.cursor };
        let limit = paging.limit();
        let rows = of_store(db, &store, open, paging.after()?, limit + 1).await?;
        let key = |row: &OfStore| (row.review.written_at_ms, row.review.id.to_string());
        let listed = Listed::of(rows, limit, key);
        let which = if open { "" } else { "all=1&" };
        let older = listed.next_cursor.map(|cursor| format!("?{which}cursor={cursor}")).unwrap_or_default();
        let phrases = phrases(db, &store).await?;
        let waiting = open_count(db, &store).await?;
        let answered = match &filter.answered {
            Some(id) => format!("/sell/{store}/reviews/{id}/answer"),
            None => String::new(),
        };
        let (typed, problem) = (String::new(), None);
        Ok(ListPage {
            ui,
            store,
            open,
            waiting,
            rows: listed.items,
            phrases,
            answered,
            older,
            typed,
            problem,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    all: Option<String>,
    cursor: Option<String>,
    answered: Option<ReviewId>,
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    Ok(web::page(&ListPage::of(&shop, ui, seller.store, filter).await?)?.into_response())
}

/// One review, to answer in one's own words.
#[derive(Template)]
#[template(path = "review/answer.html")]
struct AnswerPage {
    ui: Ui,
    store: StoreId,
    row: OfStore,
    typed: String,
    problem: Option<Problem>,
}

impl AnswerPage {
    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    async fn of(shop: &Shop, ui: Ui, store: StoreId, id: &ReviewId) -> Result<AnswerPage, Problem> {
        let db = &shop.base.db;
        let review: Review = find(db, id).await?;
        if review.store_id != store || !review.is_shown() {
            return Err(Problem::not_found());
        }
        let product = product::find(db, &review.product_id).await?;
        let typed = review.answer.clone();
        let row = OfStore { review, product_name: product.name, product_name_en: product.name_en };
        Ok(AnswerPage { ui, store, row, typed, problem: None })
    }
}

#[derive(Deserialize)]
struct OfReview {
    review: ReviewId,
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(OfReview { review }): Path<OfReview>,
) -> Result<Response, Problem> {
    Ok(web::page(&AnswerPage::of(&shop, ui, seller.store, &review).await?)?.into_response())
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    answer: String,
}

/// Answers, or with no words takes the answer back.
async fn say(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(OfReview { review }): Path<OfReview>,
    Form(Said { answer: typed }): Form<Said>,
) -> Result<Response, Problem> {
    let base = format!("/sell/{}/reviews", seller.store);
    match answer(&shop, &seller.store, &review, &typed).await {
        Ok(review) if review.answered_at_ms.is_some() => {
            Ok(Redirect::to(&format!("{base}?answered={}", review.id)).into_response())
        }
        Ok(_) => Ok(Redirect::to(&base).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = AnswerPage::of(&shop, ui, seller.store, &review).await?;
            let page = AnswerPage { typed, problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
struct NewPhrase {
    phrase: String,
}

async fn keep(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Form(NewPhrase { phrase: typed }): Form<NewPhrase>,
) -> Result<Response, Problem> {
    match phrase::keep(&shop, &seller.store, &typed).await {
        Ok(()) => Ok(Redirect::to(&format!("/sell/{}/reviews#phrases", seller.store)).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = ListPage::of(&shop, ui, seller.store, Filter::default()).await?;
            let page = ListPage { typed, problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
struct OfPhrase {
    phrase: PhraseId,
}

async fn forget(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfPhrase { phrase }): Path<OfPhrase>,
) -> Result<Redirect, Problem> {
    phrase::drop(&shop, &seller.store, &phrase).await?;
    Ok(Redirect::to(&format!("/sell/{}/reviews#phrases", seller.store)))
}
