//! Questions for shoppers: those of a product, asking one, changing and taking back one's own.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{MaybePerson, Person};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use super::{NewQuestion, Question, QuestionId, ask, change, of_product, own, remove, restore};
use crate::product::{self, Product, ProductId};
use crate::store::{self, Store};
use crate::{Error, Shop};

/// Questions on a product's own page.
const FIRST: i64 = 3;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/products/{product}/questions", get(all).post(put))
        .route("/questions/{question}", get(edit).post(save))
        .route("/questions/{question}/removal", post(take_back))
        .route("/questions/{question}/restoration", post(put_back))
}

/// The newest questions, for the product's page.
pub(crate) async fn first(
    shop: &Shop,
    person: Option<&Person>,
    product: &ProductId,
) -> Result<Vec<Question>, Error> {
    of_product(&shop.base.db, product, person.map(|person| &person.id), None, FIRST).await
}

/// A question as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    key: String,
    words: String,
    secret: Option<String>,
}

impl Typed {
    fn wanted(&self) -> NewQuestion {
        NewQuestion { words: self.words.clone(), secret: self.secret.is_some() }
    }
}

#[derive(Template)]
#[template(path = "question/list.html")]
struct ListPage {
    ui: Ui,
    product: Product,
    store: Store,
    identity: Vec<(String, String)>,
    questions: Vec<Question>,
    person: Option<Person>,
    older: String,
    done: &'static str,
    undo: String,
    typed: Typed,
    problem: Option<Problem>,
}

impl ListPage {
    async fn of(
        shop: &Shop,
        ui: Ui,
        person: Option<Person>,
        id: &ProductId,
        just: Just,
    ) -> Result<ListPage, Problem> {
        let db = &shop.base.db;
        let product = product::find(db, id).await?;
        let store = store::find(db, &product.store_id).await?;
        let paging = Paging { limit: None, cursor: just.cursor };
        let limit = paging.limit();
        let asker = person.as_ref().map(|person| &person.id);
        let questions = of_product(db, id, asker, paging.after()?, limit + 1).await?;
        let listed = Listed::of(questions, limit, |one| (one.asked_at_ms, one.id.to_string()));
        let older = listed.next_cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
        let (done, undo) = match (just.asked, just.removed) {
            (_, Some(removed)) => ("question-removed", format!("/questions/{removed}/restoration")),
            (Some(_), _) => ("question-sent", String::new()),
            _ => ("", String::new()),
        };
        let identity = store.identity.lines(&ui);
        let typed = Typed { key: shop.base.random.token::<16>(), ..Typed::default() };
        let (questions, problem) = (listed.items, None);
        Ok(ListPage { ui, product, store, identity, questions, person, older, done, undo, typed, problem })
    }

    fn is_mine(&self, question: &Question) -> bool {
        question.is_of(self.person.as_ref())
    }

    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    /// What went wrong that no single field is to blame for.
    fn told(&self) -> String {
        let lang = self.ui.language();
        match &self.problem {
            Some(problem) if self.error("words").is_empty() => {
                format!("{}. {}", problem.title(lang), problem.next(lang))
            }
            _ => String::new(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Just {
    cursor: Option<String>,
    asked: Option<String>,
    removed: Option<QuestionId>,
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    MaybePerson(person): MaybePerson,
    Path(id): Path<ProductId>,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    Ok(web::page(&ListPage::of(&shop, ui, person, &id, just).await?)?.into_response())
}

async fn put(
    State(shop): State<Shop>,
    ui: Ui,
    person: Person,
    Path(id): Path<ProductId>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&typed.key)?.0;
    match ask(&shop, &person, &id, &key, typed.wanted()).await {
        Ok(_) => Ok(Redirect::to(&format!("/products/{id}/questions?asked=1")).into_response()),
        Err(wrong @ (Error::Invalid(_) | Error::AskedEnough)) => {
            let problem = Problem::from(wrong);
            let status = problem.status();
            let page = ListPage::of(&shop, ui, Some(person), &id, Just::default()).await?;
            let page = ListPage { typed, problem: Some(problem), ..page };
            Ok((status, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Template)]
#[template(path = "question/edit.html")]
struct EditPage {
    ui: Ui,
    question: Question,
    product: Product,
    typed: Typed,
    problem: Option<Problem>,
}

impl EditPage {
    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }
}

async fn edit(
    State(shop): State<Shop>,
    ui: Ui,
    person: Person,
    Path(id): Path<QuestionId>,
) -> Result<Response, Problem> {
    let question = own(&shop.base.db, &person, &id).await?;
    if question.answered_at_ms.is_some() || question.removed_at_ms.is_some() {
        return Ok(Redirect::to(&format!("/products/{}/questions", question.product_id)).into_response());
    }
    let product = product::find(&shop.base.db, &question.product_id).await?;
    let secret = question.secret.then(String::new);
    let typed = Typed { key: String::new(), words: question.words.clone(), secret };
    Ok(web::page(&EditPage { ui, question, product, typed, problem: None })?.into_response())
}

async fn save(
    State(shop): State<Shop>,
    ui: Ui,
    person: Person,
    Path(id): Path<QuestionId>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    match change(&shop, &person, &id, typed.wanted()).await {
        Ok(question) => {
            Ok(Redirect::to(&format!("/products/{}/questions?asked=1", question.product_id)).into_response())
        }
        Err(wrong @ Error::Invalid(_)) => {
            let question = own(&shop.base.db, &person, &id).await?;
            let product = product::find(&shop.base.db, &question.product_id).await?;
            let page = EditPage { ui, question, product, typed, problem: Some(wrong.into()) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn take_back(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<QuestionId>,
) -> Result<Redirect, Problem> {
    let question = remove(&shop, &person, &id).await?;
    Ok(Redirect::to(&format!("/products/{}/questions?removed={id}", question.product_id)))
}

async fn put_back(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<QuestionId>,
) -> Result<Redirect, Problem> {
    let question = restore(&shop, &person, &id).await?;
    Ok(Redirect::to(&format!("/products/{}/questions", question.product_id)))
}
