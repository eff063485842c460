//! Reviews for programs.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::clock;
use people::{Operator, Person, Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query, Ui};

use super::judge::{ReportReason, hide, report, show, unvote, vote};
use super::write::{answer, change, remove, restore, write};
use super::{Answered, NewReview, Review, ReviewId, Sort, Tally, find, of_product, of_store, tally};
use crate::order::{self, OrderId};
use crate::photo::PhotoId;
use crate::photo::api::{MAX_FORM, Uploaded, refuse_early, take_upload};
use crate::product::{self, ProductId};
use crate::{Buyer, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(upload))
        .layer(axum::extract::DefaultBodyLimit::max(MAX_FORM))
        .layer(axum::middleware::from_fn(refuse_early));
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(summary))
        .routes(routes!(create))
        .routes(routes!(read, replace, take_back))
        .routes(routes!(put_back))
        .routes(routes!(find_helpful, find_helpful_no_more))
        .routes(routes!(send_report))
        .routes(routes!(put_away, bring_back))
        .routes(routes!(of_the_store))
        .routes(routes!(say, unsay))
        .merge(uploads)
}

/// A review.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Review)]
pub(super) struct ReviewBody {
    #[schema(value_type = String)]
    id: ReviewId,
    product_id: ProductId,
    /// Masked; empty: a regular.
    name: String,
    variant_name: String,
    stars: i64,
    words: String,
    photos: Vec<PhotoId>,
    answers: Vec<Answered>,
    /// What the seller says to it; else empty.
    answer: String,
    /// How many found it helpful.
    helpful: i64,
    /// Why the operator hid it; else empty.
    hidden_for: String,
    is_hidden: bool,
    is_removed: bool,
    /// RFC 3339.
    written_at: String,
    /// RFC 3339.
    changed_at: String,
}

impl From<Review> for ReviewBody {
    fn from(review: Review) -> ReviewBody {
        ReviewBody {
            is_hidden: review.hidden_at_ms.is_some(),
            is_removed: review.removed_at_ms.is_some(),
            written_at: clock::at(review.written_at_ms).to_string(),
            changed_at: clock::at(review.changed_at_ms).to_string(),
            id: review.id,
            product_id: review.product_id,
            name: review.name,
            variant_name: review.variant_name,
            stars: review.stars,
            words: review.words,
            photos: review.photos.0,
            answers: review.answers.0,
            answer: review.answer,
            helpful: review.helpful,
            hidden_for: review.hidden_for,
        }
    }
}

/// A page of reviews.
#[derive(Serialize, utoipa::ToSchema)]
struct ReviewList {
    items: Vec<ReviewBody>,
    next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Sorted {
    /// `newest` (the default), `helpful`, or `photos`: only those with photos.
    #[param(inline)]
    sort: Sort,
    /// How many, 1 to 100; 20 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The reviews of a product.
#[utoipa::path(get, path = "/api/v1/products/{product}/reviews", tag = "shop",
    params(("product" = ProductId, Path), Sorted),
    responses((status = 200, body = ReviewList), (status = "4XX", body = Problem)))]
async fn list(
    State(shop): State<Shop>,
    Path(id): Path<ProductId>,
    Query(Sorted { sort, limit, cursor }): Query<Sorted>,
) -> Result<Json<ReviewList>, Problem> {
    product::find(&shop.base.db, &id).await?;
    let paging = Paging { limit, cursor };
    let limit = paging.limit();
    let reviews = of_product(&shop.base.db, &id, sort, paging.after()?, limit + 1).await?;
    let listed = Listed::of(reviews, limit, |review| sort.key(review));
    let items = listed.items.into_iter().map(ReviewBody::from).collect();
    Ok(Json(ReviewList { items, next_cursor: listed.next_cursor }))
}

/// What the reviews of a product come to.
#[utoipa::path(get, path = "/api/v1/products/{product}/reviews/tally", tag = "shop",
    params(("product" = ProductId, Path)),
    responses((status = 200, body = Tally), (status = "4XX", body = Problem)))]
async fn summary(State(shop): State<Shop>, Path(id): Path<ProductId>) -> Result<Json<Tally>, Problem> {
    Ok(Json(tally(&shop.base.db, &id).await?))
}

/// Keep photos for a review of something in this order.
///
/// The body is as of a store's photos; the ids are named by the review.
#[utoipa::path(post, path = "/api/v1/orders/{order}/photos", tag = "shop",
    params(("order" = OrderId, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Uploaded), (status = "4XX", body = Problem)))]
async fn upload(
    buyer: Buyer,
    ui: Ui,
    State(shop): State<Shop>,
    Path(id): Path<OrderId>,
    request: Request,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    take_upload(&shop, &ui, request).await
}

/// Write a review of one line of an order, once the goods are there.
///
/// The same `Idempotency-Key` is the same review; with another body it is a 422.
#[utoipa::path(post, path = "/api/v1/orders/{order}/lines/{place}/reviews", tag = "shop",
    params(("order" = OrderId, Path), ("place" = i64, Path, description = "The line's place, from 0"),
           ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn create(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path((id, place)): Path<(OrderId, i64)>,
    key: IdempotencyKey,
    Json(new): Json<NewReview>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let review = write(&shop, &buyer, &order, place, &key.0, new).await?;
    Ok((StatusCode::CREATED, axum::Json(ReviewBody::from(review))).into_response())
}

/// One review. Its writer sees it also when it is hidden or taken back.
#[utoipa::path(get, path = "/api/v1/reviews/{review}", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn read(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReviewBody>, Problem> {
    let review = find(&shop.base.db, &id).await?;
    if !review.is_shown() && !review.is_of(&buyer.ids()) {
        return Err(Problem::not_found());
    }
    Ok(Json(review.into()))
}

/// Change one's own review, within thirty days.
#[utoipa::path(put, path = "/api/v1/reviews/{review}", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn replace(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
    Json(new): Json<NewReview>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(change(&shop, &buyer, &id, new).await?.into()))
}

/// Take one's own review back.
#[utoipa::path(delete, path = "/api/v1/reviews/{review}", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn take_back(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(remove(&shop, &buyer, &id).await?.into()))
}

/// Put it back.
#[utoipa::path(post, path = "/api/v1/reviews/{review}/restoration", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn put_back(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(restore(&shop, &buyer, &id).await?.into()))
}

/// Find a review helpful: once, and not one's own.
#[utoipa::path(put, path = "/api/v1/reviews/{review}/helpful", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn find_helpful(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(vote(&shop, &buyer, &id).await?.into()))
}

/// Take that back.
#[utoipa::path(delete, path = "/api/v1/reviews/{review}/helpful", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn find_helpful_no_more(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(unvote(&shop, &buyer, &id).await?.into()))
}

/// What is wrong with a review.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ReviewReport)]
struct ReportBody {
    reason: ReportReason,
    #[serde(default)]
    words: String,
}

/// Report a review to the market's operator. A person's first report of it counts.
#[utoipa::path(put, path = "/api/v1/reviews/{review}/report", tag = "shop", params(("review" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn send_report(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<ReviewId>,
    Json(ReportBody { reason, words }): Json<ReportBody>,
) -> Result<StatusCode, Problem> {
    report(&shop, &person.id, &id, reason, &words).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a review is hidden.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ReviewHiding)]
struct Hiding {
    reason: String,
}

/// Hide a review, as the market's operator.
#[utoipa::path(put, path = "/api/v1/reviews/{review}/hiding", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn put_away(
    State(shop): State<Shop>,
    operator: Operator,
    Path(id): Path<ReviewId>,
    Json(Hiding { reason }): Json<Hiding>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(hide(&shop, &operator, &id, &reason).await?.into()))
}

/// Show it again.
#[utoipa::path(delete, path = "/api/v1/reviews/{review}/hiding", tag = "shop", params(("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn bring_back(
    State(shop): State<Shop>,
    operator: Operator,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(show(&shop, &operator, &id).await?.into()))
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

/// A store's reviews, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/reviews", tag = "shop",
    params(("store" = StoreId, Path), Unanswered),
    responses((status = 200, body = ReviewList), (status = "4XX", body = Problem)))]
async fn of_the_store(
    State(shop): State<Shop>,
    seller: Seller,
    Query(Unanswered { unanswered, limit, cursor }): Query<Unanswered>,
) -> Result<Json<ReviewList>, Problem> {
    let paging = Paging { limit, cursor };
    let limit = paging.limit();
    let rows = of_store(&shop.base.db, &seller.store, unanswered, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.review.written_at_ms, row.review.id.to_string()));
    let items = listed.items.into_iter().map(|row| row.review.into()).collect();
    Ok(Json(ReviewList { items, next_cursor: listed.next_cursor }))
}

#[derive(Deserialize)]
struct OfReview {
    review: ReviewId,
}

/// What the seller says.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ReviewReply)]
struct Reply {
    answer: String,
}

/// Answer a review: once, and again in other words.
#[utoipa::path(put, path = "/api/v1/stores/{store}/reviews/{review}/answer", tag = "shop",
    params(("store" = StoreId, Path), ("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn say(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReview { review }): Path<OfReview>,
    Json(Reply { answer: words }): Json<Reply>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(answer(&shop, &seller.store, &review, &words).await?.into()))
}

/// Take the answer back.
#[utoipa::path(delete, path = "/api/v1/stores/{store}/reviews/{review}/answer", tag = "shop",
    params(("store" = StoreId, Path), ("review" = String, Path)),
    responses((status = 200, body = ReviewBody), (status = "4XX", body = Problem)))]
async fn unsay(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReview { review }): Path<OfReview>,
) -> Result<Json<ReviewBody>, Problem> {
    Ok(Json(answer(&shop, &seller.store, &review, "").await?.into()))
}
