//! Reviews for people: those of a product, one by itself, the form that writes it, and what others do with it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{MaybePerson, Person};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use super::aspects::{self, Aspect};
use super::judge::{ReportReason, report, unvote, vote};
use super::write::{change, offered, remove, restore, write};
use super::{
    Answered, NewReview, Review, ReviewId, Sort, Tally, find, mean_tenths, nth_photo, of_order, of_product,
    pictures, tally, votes_of,
};
use crate::moving;
use crate::moving::format::PastReview;
use crate::order::{self, Line, Order, OrderId};
use crate::photo::PhotoId;
use crate::photo::api::{MAX_FORM, Posted, Refused, read_form, refuse_early};
use crate::product::{self, Product, ProductId};
use crate::store::{self, Store};
use crate::{Buyer, Error, Shop};

/// Reviews on a product's own page.
const FIRST: i64 = 3;
/// Reviews on one page of all of them.
const PAGE: i64 = 20;
/// Fields that answer an aspect begin so.
const ASPECT: &str = "a-";

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    let forms = OpenApiRouter::new()
        .route("/orders/{order}/reviews/{place}", get(form).post(save))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(refuse_early));
    OpenApiRouter::new()
        .route("/products/{product}/reviews", get(all))
        .route("/reviews/{review}", get(one))
        .route("/reviews/{review}/removal", post(take_back))
        .route("/reviews/{review}/restoration", post(put_back))
        .route("/reviews/{review}/helpful", post(helpful))
        .route("/reviews/{review}/report", get(report_form).post(send_report))
        .merge(forms)
}

/// What buyers say of a product, for its page.
pub(crate) struct Said {
    pub(crate) tally: Tally,
    pub(crate) pictures: Vec<(PhotoId, ReviewId)>,
    pub(crate) first: Vec<Review>,
    /// Those that this reader found helpful.
    votes: Vec<ReviewId>,
}

impl Said {
    /// The best of it: the most helpful reviews. Without reviews it is one statement.
    pub(crate) async fn of(shop: &Shop, person: Option<&Person>, product: &ProductId) -> Result<Said, Error> {
        let db = &shop.base.db;
        let tally = tally(db, product).await?;
        if tally.count == 0 {
            return Ok(Said { tally, pictures: Vec::new(), first: Vec::new(), votes: Vec::new() });
        }
        let pictures = pictures(db, product).await?;
        let first = of_product(db, product, Sort::Helpful, None, FIRST).await?;
        let votes = voted(shop, person, &first).await?;
        Ok(Said { tally, pictures, first, votes })
    }

    /// Where all of them are.
    pub(crate) fn href(&self, product: &ProductId) -> String {
        format!("/products/{product}/reviews")
    }

    pub(crate) fn photo_in(&self, ui: &Ui, number: &usize) -> String {
        nth_photo(ui, *number)
    }

    pub(crate) fn is_voted(&self, review: &Review) -> bool {
        self.votes.contains(&review.id)
    }
}

async fn voted(shop: &Shop, person: Option<&Person>, reviews: &[Review]) -> Result<Vec<ReviewId>, Error> {
    match person {
        Some(person) => votes_of(&shop.base.db, &person.id, reviews).await,
        None => Ok(Vec::new()),
    }
}

/// schema.org AggregateRating of a product; nothing without reviews.
pub(crate) fn rating(product: &Product) -> Option<Value> {
    let mean = mean_tenths(product.stars_sum, product.reviews_count);
    (product.reviews_count > 0).then(|| {
        json!({
            "@type": "AggregateRating",
            "ratingValue": format!("{}.{}", mean / 10, mean % 10),
            "reviewCount": product.reviews_count,
        })
    })
}

/// A line of an order as its page shows it: to be reviewed, or reviewed.
pub(crate) struct OfLine {
    pub(crate) place: i64,
    pub(crate) name: String,
    pub(crate) review: Option<Review>,
}

/// What of an order may be reviewed or was.
pub(crate) async fn of_lines(shop: &Shop, ui: &Ui, order: &Order) -> Result<Vec<OfLine>, Error> {
    let mut written = of_order(&shop.base.db, &order.id).await?;
    written.retain(|review| review.removed_at_ms.is_none());
    let lines = offered(shop, order).await?.into_iter().map(|(place, line)| OfLine {
        place,
        name: line.name_in(ui.language()).to_owned(),
        review: written.iter().find(|review| review.place == place).cloned(),
    });
    Ok(lines.collect())
}

#[derive(Template)]
#[template(path = "review/list.html")]
struct ListPage {
    ui: Ui,
    product: Product,
    store: Store,
    identity: Vec<(String, String)>,
    said: Said,
    sort: Sort,
    older: String,
    /// What was said of it where it was sold before.
    elsewhere: Vec<PastReview>,
}

impl ListPage {
    /// "별 다섯 개 가운데 4개".
    fn stars_of(&self, review: &PastReview) -> String {
        self.ui.t1("review-stars-of", "stars", review.stars)
    }

    fn sorts(&self) -> [Sort; 3] {
        Sort::ALL
    }

    fn is_sort(&self, sort: &Sort) -> bool {
        self.sort == *sort
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    sort: Sort,
    cursor: Option<String>,
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    MaybePerson(person): MaybePerson,
    Path(id): Path<ProductId>,
    Query(Which { sort, cursor }): Query<Which>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let product = product::find(db, &id).await?;
    let store = store::find(db, &product.store_id).await?;
    let paging = Paging { limit: Some(PAGE), cursor };
    let reviews = of_product(db, &id, sort, paging.after()?, PAGE + 1).await?;
    let listed = Listed::of(reviews, PAGE, |review| sort.key(review));
    let slug = sort.slug();
    let older = listed.next_cursor.map(|cursor| format!("?sort={slug}&cursor={cursor}")).unwrap_or_default();
    let votes = voted(&shop, person.as_ref(), &listed.items).await?;
    let said =
        Said { tally: tally(db, &id).await?, pictures: pictures(db, &id).await?, first: listed.items, votes };
    let identity = store.identity.lines(&ui);
    let elsewhere = moving::history::reviews_of(db, &id).await?;
    Ok(web::page(&ListPage { ui, product, store, identity, said, sort, older, elsewhere })?.into_response())
}

#[derive(Template)]
#[template(path = "review/one.html")]
struct OnePage {
    ui: Ui,
    product: Product,
    store: Store,
    identity: Vec<(String, String)>,
    review: Review,
    is_voted: bool,
    is_mine: bool,
    /// What was just done.
    done: &'static str,
}

impl OnePage {
    fn is_changeable(&self) -> bool {
        self.review.removed_at_ms.is_none() && self.review.is_changeable(self.ui.now_ms())
    }

    /// The way back from what was just done.
    fn undo(&self) -> String {
        if self.review.removed_at_ms.is_some() {
            format!("{}/restoration", self.review.path())
        } else {
            String::new()
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Just {
    done: String,
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let review = find(db, &id).await?;
    let is_mine = review.is_of(&buyer.ids());
    if !review.is_shown() && !is_mine {
        return Err(Problem::not_found());
    }
    let product = product::find(db, &review.product_id).await?;
    let store = store::find(db, &product.store_id).await?;
    let is_voted = !voted(&shop, buyer.person.as_ref(), std::slice::from_ref(&review)).await?.is_empty();
    let done = match (just.done.as_str(), review.removed_at_ms) {
        ("saved", None) => "review-saved",
        (_, Some(_)) => "review-removed",
        ("reported", _) => "review-reported",
        _ => "",
    };
    let identity = store.identity.lines(&ui);
    Ok(web::page(&OnePage { ui, product, store, identity, review, is_voted, is_mine, done })?.into_response())
}

async fn take_back(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
) -> Result<Redirect, Problem> {
    Ok(Redirect::to(&remove(&shop, &buyer, &id).await?.path()))
}

async fn put_back(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReviewId>,
) -> Result<Redirect, Problem> {
    Ok(Redirect::to(&format!("{}?done=saved", restore(&shop, &buyer, &id).await?.path())))
}

/// The button, as it is after a tap.
#[derive(Template)]
#[template(path = "review/helpful.html")]
struct HelpfulPart {
    ui: Ui,
    review: Review,
    is_voted: bool,
}

#[derive(Deserialize)]
struct Tap {
    helpful: String,
}

async fn helpful(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    headers: HeaderMap,
    Path(id): Path<ReviewId>,
    Form(Tap { helpful }): Form<Tap>,
) -> Result<Response, Problem> {
    let is_voted = helpful == "on";
    let review = if is_voted { vote(&shop, &buyer, &id).await? } else { unvote(&shop, &buyer, &id).await? };
    if headers.contains_key("x-fragment") {
        return Ok(web::page(&HelpfulPart { ui, review, is_voted })?.into_response());
    }
    Ok(Redirect::to(&review.path()).into_response())
}

#[derive(Template)]
#[template(path = "review/report.html")]
struct ReportPage {
    ui: Ui,
    review: Review,
    typed: ReportForm,
    problem: Option<Problem>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ReportForm {
    reason: String,
    words: String,
}

impl ReportPage {
    fn reasons(&self) -> [ReportReason; 5] {
        ReportReason::ALL
    }

    fn is_chosen(&self, reason: &ReportReason) -> bool {
        self.typed.reason == reason.slug()
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }
}

async fn report_form(
    State(shop): State<Shop>,
    ui: Ui,
    _person: Person,
    Path(id): Path<ReviewId>,
) -> Result<Response, Problem> {
    let review = find(&shop.base.db, &id).await?;
    if !review.is_shown() {
        return Err(Problem::not_found());
    }
    let page = ReportPage { ui, review, typed: ReportForm::default(), problem: None };
    Ok(web::page(&page)?.into_response())
}

async fn send_report(
    State(shop): State<Shop>,
    ui: Ui,
    person: Person,
    Path(id): Path<ReviewId>,
    Form(typed): Form<ReportForm>,
) -> Result<Response, Problem> {
    let reason = ReportReason::ALL.into_iter().find(|reason| reason.slug() == typed.reason);
    let sent = match reason {
        Some(reason) => report(&shop, &person.id, &id, reason, &typed.words).await,
        None => Err(Error::Invalid(vec![("reason".to_owned(), "choose")])),
    };
    match sent {
        Ok(()) => Ok(Redirect::to(&format!("/reviews/{id}?done=reported")).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let review = find(&shop.base.db, &id).await?;
            let page = ReportPage { ui, review, typed, problem: Some(wrong.into()) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// What the writer typed, as it came: it goes back into the form if something is wrong.
#[derive(Clone, Debug, Default)]
struct Typed {
    key: String,
    stars: String,
    words: String,
    photos: Vec<PhotoId>,
    answers: BTreeMap<String, String>,
}

impl Typed {
    fn of(review: &Review) -> Typed {
        let answers = review.answers.iter().map(|one| (one.aspect.clone(), one.answer.clone()));
        Typed {
            key: String::new(),
            stars: review.stars.to_string(),
            words: review.words.clone(),
            photos: review.photos.to_vec(),
            answers: answers.collect(),
        }
    }

    fn read(posted: &Posted) -> Typed {
        let mut typed = Typed::default();
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        for (name, value) in &posted.fields {
            match name.as_str() {
                "key" => typed.key.clone_from(value),
                "stars" => typed.stars.clone_from(value),
                "words" => typed.words.clone_from(value),
                "photo_order" => kept.push(value.as_str()),
                "photo_drop" => dropped.push(value.as_str()),
                name => {
                    if let Some(aspect) = name.strip_prefix(ASPECT) {
                        typed.answers.insert(aspect.to_owned(), value.clone());
                    }
                }
            }
        }
        typed.photos = arranged(&kept, &dropped, &posted.files);
        typed
    }

    fn wanted(&self) -> NewReview {
        let answers = self.answers.iter().filter(|(_, answer)| !answer.is_empty());
        let answers =
            answers.map(|(aspect, answer)| Answered { aspect: aspect.clone(), answer: answer.clone() });
        NewReview {
            stars: self.stars.parse().unwrap_or(0),
            words: self.words.clone(),
            photos: self.photos.clone(),
            answers: answers.collect(),
        }
    }
}

/// The photos in their order: kept ones by id, `new` for the next file, the rest of the files behind.
fn arranged(kept: &[&str], dropped: &[&str], files: &[Option<PhotoId>]) -> Vec<PhotoId> {
    let mut files = files.iter().cloned();
    let mut photos: Vec<PhotoId> = Vec::new();
    for one in kept.iter().filter(|one| !dropped.contains(one)) {
        let photo = if *one == "new" { files.next().flatten() } else { one.parse().ok() };
        photos.extend(photo.filter(|photo| !photos.contains(photo)));
    }
    for photo in files.flatten() {
        if !photos.contains(&photo) {
            photos.push(photo);
        }
    }
    photos
}

#[derive(Template)]
#[template(path = "review/write.html")]
struct WritePage {
    ui: Ui,
    order: Order,
    place: i64,
    line: Line,
    asked: Vec<(&'static str, &'static Aspect)>,
    typed: Typed,
    is_new: bool,
    refused: Vec<Refused>,
    problem: Option<Problem>,
}

impl WritePage {
    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn is_star(&self, star: &i64) -> bool {
        self.typed.stars == star.to_string()
    }

    fn is_answer(&self, aspect: &str, answer: &str) -> bool {
        self.typed.answers.get(aspect).is_some_and(|given| given == answer)
    }

    fn star_words(&self, star: &i64) -> String {
        self.ui.t(match star {
            1 => "review-star-1",
            2 => "review-star-2",
            3 => "review-star-3",
            4 => "review-star-4",
            _ => "review-star-5",
        })
    }

    fn nth(&self, number: &usize) -> String {
        self.ui.t1("sell-photo-number", "number", *number)
    }

    /// Why a file was not kept: which, what is wrong, what to do.
    fn why(&self, refused: &Refused) -> String {
        let lang = self.ui.language();
        format!("{} — {}. {}", refused.file, refused.why.title(lang), refused.why.next(lang))
    }
}

/// A line of the buyer's order, and its review if there is one.
struct Place {
    order: Order,
    line: Line,
    review: Option<Review>,
    trade: String,
}

async fn place_of(shop: &Shop, buyer: &Buyer, id: &OrderId, place: i64) -> Result<Place, Error> {
    let db = &shop.base.db;
    let order = order::of_buyer(db, &buyer.ids(), id).await?;
    let at = usize::try_from(place).map_err(|_| Error::NotFound)?;
    let line = order::lines(db, id).await?.into_iter().nth(at).ok_or(Error::NotFound)?;
    let review = of_order(db, id).await?.into_iter().find(|review| review.place == place);
    let trade = store::find(db, &order.store_id).await?.category;
    Ok(Place { order, line, review, trade })
}

async fn form(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path((id, place)): Path<(OrderId, i64)>,
) -> Result<Response, Problem> {
    let Place { order, line, review, trade } = place_of(&shop, &buyer, &id, place).await?;
    if let Some(review) = review.as_ref().filter(|review| !review.is_changeable(ui.now_ms())) {
        return Ok(Redirect::to(&review.path()).into_response());
    }
    if review.is_none() && !offered(&shop, &order).await?.iter().any(|(at, _)| *at == place) {
        return Err(Error::NotReceived.into());
    }
    let typed = review.as_ref().map(Typed::of).unwrap_or_default();
    let typed = Typed { key: shop.base.random.token::<16>(), ..typed };
    let (is_new, asked) = (review.is_none(), aspects::of_trade(&trade));
    let page = WritePage { ui, order, place, line, asked, typed, is_new, refused: Vec::new(), problem: None };
    Ok(web::page(&page)?.into_response())
}

async fn save(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path((id, place)): Path<(OrderId, i64)>,
    posted: Multipart,
) -> Result<Response, Problem> {
    let Place { order, line, review, trade } = place_of(&shop, &buyer, &id, place).await?;
    let posted = read_form(&shop, posted).await?;
    let typed = Typed::read(&posted);
    let key = IdempotencyKey::of(&typed.key)?.0;
    let standing = review.as_ref().filter(|review| review.removed_at_ms.is_none());
    let kept = match standing {
        _ if !posted.refused.is_empty() => Err(Error::Invalid(Vec::new())),
        // Sent twice, or changed: both are what the writer wants it to be now.
        Some(review) => change(&shop, &buyer, &review.id, typed.wanted()).await,
        None => write(&shop, &buyer, &order, place, &key, typed.wanted()).await,
    };
    match kept {
        Ok(review) => Ok(Redirect::to(&format!("{}?done=saved", review.path())).into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let (is_new, asked) = (standing.is_none(), aspects::of_trade(&trade));
            let (refused, problem) = (posted.refused, Some(wrong.into()));
            let page = WritePage { ui, order, place, line, asked, typed, is_new, refused, problem };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_keep_their_order_and_none_stands_twice() {
        let id = |c: char| c.to_string().repeat(40).parse::<PhotoId>().unwrap();
        let (a, b, c) = ("a".repeat(40), "b".repeat(40), id('c'));
        let kept = [a.as_str(), "new", b.as_str()];
        assert_eq!(arranged(&kept, &[], &[Some(c.clone())]), [id('a'), c.clone(), id('b')]);
        assert_eq!(arranged(&[a.as_str()], &[a.as_str()], &[Some(c.clone()), None, Some(c.clone())]), [c]);
    }
}
