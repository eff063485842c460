//! The seller's side of questions: those without an answer first.

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

use super::{OfStore, QuestionId, answer, find, of_store, open_count};
use crate::{Error, Shop, product};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/questions", get(all))
        .route("/sell/{store}/questions/{question}", get(one))
        .route("/sell/{store}/questions/{question}/answer", post(say))
}

#[derive(Template)]
#[template(path = "question/selling.html")]
struct ListPage {
    ui: Ui,
    store: StoreId,
    open: bool,
    waiting: i64,
    rows: Vec<OfStore>,
    /// Where the answer that was just given is taken back.
    answered: String,
    older: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    all: Option<String>,
    cursor: Option<String>,
    answered: Option<QuestionId>,
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let (db, store) = (&shop.base.db, seller.store);
    let open = filter.all.is_none();
    let paging = Paging { limit: None, cursor: filter.cursor };
    let limit = paging.limit();
    let rows = of_store(db, &store, open, paging.after()?, limit + 1).await?;
    let key = |row: &OfStore| (row.question.asked_at_ms, row.question.id.to_string());
    let listed = Listed::of(rows, limit, key);
    let which = if open { "" } else { "all=1&" };
    let older = listed.next_cursor.map(|cursor| format!("?{which}cursor={cursor}")).unwrap_or_default();
    let waiting = open_count(db, &store).await?;
    let answered = match &filter.answered {
        Some(id) => format!("/sell/{store}/questions/{id}/answer"),
        None => String::new(),
    };
    let page = ListPage { ui, store, open, waiting, rows: listed.items, answered, older };
    Ok(web::page(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "question/answer.html")]
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

    async fn of(shop: &Shop, ui: Ui, store: StoreId, id: &QuestionId) -> Result<AnswerPage, Problem> {
        let db = &shop.base.db;
        let question = find(db, id).await?;
        if question.store_id != store || question.removed_at_ms.is_some() {
            return Err(Problem::not_found());
        }
        let product = product::find(db, &question.product_id).await?;
        let typed = question.answer.clone();
        let row = OfStore { question, product_name: product.name, product_name_en: product.name_en };
        Ok(AnswerPage { ui, store, row, typed, problem: None })
    }
}

#[derive(Deserialize)]
struct OfQuestion {
    question: QuestionId,
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Path(OfQuestion { question }): Path<OfQuestion>,
) -> Result<Response, Problem> {
    Ok(web::page(&AnswerPage::of(&shop, ui, seller.store, &question).await?)?.into_response())
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
    Path(OfQuestion { question }): Path<OfQuestion>,
    Form(Said { answer: typed }): Form<Said>,
) -> Result<Response, Problem> {
    let base = format!("/sell/{}/questions", seller.store);
    match answer(&shop, &seller.store, &question, &typed).await {
        Ok(question) if question.answered_at_ms.is_some() => {
            Ok(Redirect::to(&format!("{base}?answered={}", question.id)).into_response())
        }
        Ok(_) => Ok(Redirect::to(&base).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = AnswerPage::of(&shop, ui, seller.store, &question).await?;
            let page = AnswerPage { typed, problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}
