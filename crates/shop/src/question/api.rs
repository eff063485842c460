//! Questions for programs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::clock;
use people::{MaybePerson, Person, Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::{
    NewQuestion, Question, QuestionId, answer, ask, change, find, of_product, of_store, remove, restore,
};
use crate::Shop;
use crate::product::{self, ProductId};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, replace, take_back))
        .routes(routes!(put_back))
        .routes(routes!(of_the_store))
        .routes(routes!(say, unsay))
}

/// A question about a product.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductQuestion)]
struct QuestionBody {
    #[schema(value_type = String)]
    id: QuestionId,
    product_id: ProductId,
    /// Masked; empty: somebody who left.
    name: String,
    words: String,
    /// Only who asked and the seller read it.
    secret: bool,
    /// What the seller says; else empty.
    answer: String,
    is_removed: bool,
    /// RFC 3339.
    asked_at: String,
    /// RFC 3339.
    answered_at: Option<String>,
}

impl From<Question> for QuestionBody {
    fn from(question: Question) -> QuestionBody {
        QuestionBody {
            is_removed: question.removed_at_ms.is_some(),
            asked_at: clock::at(question.asked_at_ms).to_string(),
            answered_at: question.answered_at_ms.map(|ms| clock::at(ms).to_string()),
            id: question.id,
            product_id: question.product_id,
            name: question.name,
            words: question.words,
            secret: question.secret,
            answer: question.answer,
        }
    }
}

/// A page of questions.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductQuestionList)]
struct QuestionList {
    items: Vec<QuestionBody>,
    next_cursor: Option<String>,
}

/// What was asked about a product and answered, and one's own questions; newest first.
#[utoipa::path(get, path = "/api/v1/products/{product}/questions", tag = "shop",
    params(("product" = ProductId, Path), Paging),
    responses((status = 200, body = QuestionList), (status = "4XX", body = Problem)))]
async fn list(
    State(shop): State<Shop>,
    MaybePerson(person): MaybePerson,
    Path(id): Path<ProductId>,
    Query(paging): Query<Paging>,
) -> Result<Json<QuestionList>, Problem> {
    let db = &shop.base.db;
    product::find(db, &id).await?;
    let limit = paging.limit();
    let asker = person.as_ref().map(|person| &person.id);
    let questions = of_product(db, &id, asker, paging.after()?, limit + 1).await?;
    let listed = Listed::of(questions, limit, |one| (one.asked_at_ms, one.id.to_string()));
    let items = listed.items.into_iter().map(QuestionBody::from).collect();
    Ok(Json(QuestionList { items, next_cursor: listed.next_cursor }))
}

/// Ask about a product. Ten within a day.
///
/// The same `Idempotency-Key` is the same question; with another body it is a 422.
#[utoipa::path(post, path = "/api/v1/products/{product}/questions", tag = "shop",
    params(("product" = ProductId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = QuestionBody), (status = "4XX", body = Problem)))]
async fn create(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<ProductId>,
    key: IdempotencyKey,
    Json(new): Json<NewQuestion>,
) -> Result<Response, Problem> {
    let question = ask(&shop, &person, &id, &key.0, new).await?;
    Ok((StatusCode::CREATED, axum::Json(QuestionBody::from(question))).into_response())
}

/// One question: what was answered openly, or one's own.
#[utoipa::path(get, path = "/api/v1/questions/{question}", tag = "shop", params(("question" = String, Path)),
    responses((status = 200, body = QuestionBody), (status = "4XX", body = Problem)))]
async fn read(
    State(shop): State<Shop>,
    MaybePerson(person): MaybePerson,
    Path(id): Path<QuestionId>,
) -> Result<Json<QuestionBody>, Problem> {
    let question = find(&shop.base.db, &id).await?;
    let is_mine = question.is_of(person.as_ref());
    if !is_mine && (question.answered_at_ms.is_none() || !question.is_for(person.as_ref())) {
        return Err(Problem::not_found());
    }
    Ok(Json(question.into()))
}

/// Change one's own question, as long as it has no answer.
#[utoipa::path(put, path = "/api/v1/questions/{question}", tag = "shop", params(("question" = String, Path)),
    responses((status = 200, body = QuestionBody), (status = "4XX", body = Problem)))]
async fn replace(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<QuestionId>,
    Json(new): Json<NewQuestion>,
) -> Result<Json<QuestionBody>, Problem> {
    Ok(Json(change(&shop, &person, &id, new).await?.into()))
}

/// Take one's own question back.
#[utoipa::path(delete, path = "/api/v1/questions/{question}", tag = "shop", params(("question" = String, Path)),
    responses((status = 200, body = QuestionBody), (status = "4XX", body = Problem)))]
async fn take_back(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<QuestionId>,
) -> Result<Json<QuestionBody>, Problem> {
    Ok(Json(remove(&shop, &person, &id).await?.into()))
}

/// Put it back.
#[utoipa::path(post, path = "/api/v1/questions/{question}/restoration", tag = "shop",
    params(("question" = String, Path)),
    responses((status = 200, body = QuestionBody), (status = "4XX", body = Problem)))]
async fn put_back(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<QuestionId>,
) -> Result<Json<QuestionBody>, Problem> {
    Ok(Json(restore(&shop, &person, &id).await?.into()))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Unanswered {
    /// Only those without an answer.
    unanswered: bool,
    /// How many, 1 to 100; 20 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What a store was asked, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/questions", tag = "shop",
    params(("store" = StoreId, Path), Unanswered),
    responses((status = 200, body = QuestionList), (status = "4XX", body = Problem)))]
async fn of_the_store(
    State(shop): State<Shop>,
    seller: Seller,
    Query(Unanswered { unanswered, limit, cursor }): Query<Unanswered>,
) -> Result<Json<QuestionList>, Problem> {
    let paging = Paging { limit, cursor };
    let limit = paging.limit();
    let rows = of_store(&shop.base.db, &seller.store, unanswered, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.question.asked_at_ms, row.question.id.to_string()));
    let items = listed.items.into_iter().map(|row| row.question.into()).collect();
    Ok(Json(QuestionList { items, next_cursor: listed.next_cursor }))
}

#[derive(Deserialize)]
struct OfQuestion {
    question: QuestionId,
}

/// What the seller says.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ProductQuestionReply)]
struct Reply {
    answer: String,
}

/// Answer a question, or say it in other words.
#[utoipa::path(put, path = "/api/v1/stores/{store}/questions/{question}/answer", tag = "shop",
    params(("store" = StoreId, Path), ("question" = String, Path)),
    responses((status = 200, body = QuestionBody), (status = "4XX", body = Problem)))]
async fn say(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfQuestion { question }): Path<OfQuestion>,
    Json(Reply { answer: words }): Json<Reply>,
) -> Result<Json<QuestionBody>, Problem> {
    Ok(Json(answer(&shop, &seller.store, &question, &words).await?.into()))
}

/// Take the answer back.
#[utoipa::path(delete, path = "/api/v1/stores/{store}/questions/{question}/answer", tag = "shop",
    params(("store" = StoreId, Path), ("question" = String, Path)),
    responses((status = 200, body = QuestionBody), (status = "4XX", body = Problem)))]
async fn unsay(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfQuestion { question }): Path<OfQuestion>,
) -> Result<Json<QuestionBody>, Problem> {
    Ok(Json(answer(&shop, &seller.store, &question, "").await?.into()))
}
