//! The questions about a product, one to a screen in large plain steps: what the law wants told, what shoppers choose by,
//! how much is told by now, and what each gap costs.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Tx, sql};
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Query, Ui};

use super::label::{self, Told};
use super::{Product, ProductId, of_store};
use crate::category::{self, Answers, Ask, Attribute, Category, Completeness, Gap, Kind, asks, schema};
use crate::faults::Faults;
use crate::store::Store;
use crate::{Error, Result, Shop, store};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/products/{product}/questions", get(overview))
        .route("/sell/{store}/products/{product}/questions/{attribute}", get(question).post(answer))
        .route("/sell/{store}/products/{product}/category", post(choose_category))
}

/// Answers one question; no answer takes the old one away. Of a product that is up, no answer the law wants goes.
pub(crate) async fn set_answer(
    shop: &Shop,
    store: &StoreId,
    id: &ProductId,
    attribute: &Attribute,
    told: Vec<String>,
) -> Result<Product> {
    let mut faults = Faults::default();
    let told = translated(shop, store, id, attribute, told).await?;
    let told = category::checked(&Answers([(attribute.id.clone(), told)].into()), &mut faults);
    faults.done()?;
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let mut product = locked(&mut tx, store, id).await?;
    product.attributes.0.remove(&attribute.id);
    product.attributes.0.extend(told.0);
    let lacking = product.lacking();
    if product.on_sale && lacking.contains(&attribute.id) {
        return Err(Error::Incomplete(vec![attribute.id.clone()]));
    }
    keep(&mut tx, &product, now_ms).await?;
    tx.commit().await?;
    Ok(product)
}

/// Words that are as they were keep their English.
async fn translated(
    shop: &Shop,
    store: &StoreId,
    id: &ProductId,
    attribute: &Attribute,
    mut told: Vec<String>,
) -> Result<Vec<String>> {
    let product = of_store(&shop.base.db, store, id).await?;
    if let ([ko], [was, en]) = (told.as_slice(), product.attributes.to(&attribute.id))
        && attribute.kind != Kind::Choices
        && ko.trim() == was
    {
        let en = en.clone();
        told.push(en);
    }
    Ok(told)
}

/// Moves a product to another place in the tree. It rests while that place asks for more than is told.
pub(crate) async fn set_category(
    shop: &Shop,
    store: &StoreId,
    id: &ProductId,
    category: &Category,
) -> Result<Product> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let mut product = locked(&mut tx, store, id).await?;
    product.category.clone_from(&category.id);
    product.on_sale = product.on_sale && product.lacking().is_empty();
    keep(&mut tx, &product, now_ms).await?;
    tx.commit().await?;
    Ok(product)
}

/// The product, which nobody else changes until the transaction ends.
async fn locked(tx: &mut Tx, store: &StoreId, id: &ProductId) -> Result<Product> {
    let there = sql!(run &mut *tx,
        "update products set changed_at_ms = changed_at_ms where id = $1 and store_id = $2", id, store)?;
    if there == 0 {
        return Err(Error::NotFound);
    }
    Ok(sql!(one &mut *tx, "select * from products where id = $1", id)?)
}

async fn keep(tx: &mut Tx, product: &Product, now_ms: i64) -> Result<()> {
    sql!(run &mut *tx,
        "update products set category = $2, attributes = $3, on_sale = $4, changed_at_ms = $5 where id = $1",
        &product.id, &product.category, product.attributes.to_column(), product.on_sale, now_ms)?;
    label::keep(tx, &product.id, &Told::of(product), now_ms).await
}

/// The product in the path, the question, and what was just done.
#[derive(Deserialize)]
struct Named {
    product: ProductId,
}

#[derive(Deserialize)]
struct Asked {
    product: ProductId,
    attribute: String,
}

#[derive(Deserialize)]
struct Just {
    /// `kept`: saved, not up yet. `refused`: it cannot go up yet. `resting`: the new category asks for more.
    #[serde(default)]
    just: String,
}

#[derive(Template)]
#[template(path = "product/questions.html")]
struct Overview {
    ui: Ui,
    base: String,
    product: Product,
    told: Completeness,
    /// What is answered: the question's id, its name, the answer.
    answered: Vec<(&'static str, String, String)>,
    just: String,
    /// How often what is told has changed.
    editions: i64,
}

impl Overview {
    fn category(&self) -> String {
        let schema = schema();
        let lang = self.ui.language();
        let Some(own) = schema.category(&self.product.category) else { return String::new() };
        match own.parent().and_then(|id| schema.category(id)) {
            Some(parent) => format!("{} › {}", parent.name.read(lang), own.name.read(lang)),
            None => own.name.read(lang).to_owned(),
        }
    }

    fn is_category(&self, id: &str) -> bool {
        self.product.category == id
    }

    /// Whether it is neither up nor taken away.
    fn is_kept(&self) -> bool {
        !self.product.on_sale && self.product.removed_at_ms.is_none()
    }

    fn first_gap(&self) -> String {
        self.told
            .gaps
            .first()
            .map(|gap| format!("{}/questions/{}", self.base, gap.attribute.id))
            .unwrap_or_default()
    }

    /// What a missing answer costs.
    fn cost(&self, gap: &Gap) -> String {
        let name = gap.attribute.name.read(self.ui.language());
        match gap {
            Gap { needed: true, .. } => self.ui.t("questions-cost-law"),
            Gap { attribute, rivals: 0, .. } if attribute.facet => {
                self.ui.t1("questions-cost-facet", "name", name)
            }
            Gap { attribute, rivals, .. } if attribute.facet => {
                self.ui.t2("questions-cost-rivals", "name", name, "count", *rivals)
            }
            Gap { .. } => self.ui.t("questions-cost-line"),
        }
    }
}

async fn overview(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Query(Just { just }): Query<Just>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let product = of_store(db, &seller.store, &product).await?;
    let store = store::find(db, &seller.store).await?;
    let told = category::completeness(db, &product).await?;
    let answered = answered(&product, &store, &ui);
    let editions = label::editions(db, &product.id).await?.len() as i64;
    let base = path(&seller.store, &product.id);
    Ok(web::page(&Overview { ui, base, product, told, answered, just, editions })?.into_response())
}

fn path(store: &StoreId, product: &ProductId) -> String {
    format!("/sell/{store}/products/{product}")
}

fn answered(product: &Product, store: &Store, ui: &Ui) -> Vec<(&'static str, String, String)> {
    let lang = ui.language();
    let told = asks(&product.category).into_iter().filter_map(|ask| {
        let value = category::answer(ask.attribute, product, store, lang)?;
        Some((ask.attribute.id.as_str(), ask.attribute.name.read(lang).to_owned(), value))
    });
    told.collect()
}

#[derive(Template)]
#[template(path = "product/question.html")]
struct Question {
    ui: Ui,
    base: String,
    product: Product,
    ask: Ask,
    /// Which of how many that the law wants answered; 0 for another.
    number: i64,
    of: i64,
    /// What is answered, or was typed.
    told: Vec<String>,
    /// What the product or its store says anyway.
    otherwise: String,
    problem: Option<Problem>,
    /// The question before this one, or the overview.
    before: String,
    /// The next without an answer, or the overview.
    skip: String,
}

impl Question {
    fn has(&self, value: &str) -> bool {
        self.told.iter().any(|told| told == value)
    }

    /// What stands in the field for own words.
    fn written(&self) -> &str {
        let told = self.told.first().map(String::as_str).unwrap_or_default();
        let chosen = self.ask.attribute.values.iter().any(|value| value.id == told);
        if chosen { "" } else { told }
    }

    fn wrong(&self) -> String {
        let field = format!("attributes.{}", self.ask.attribute.id);
        let words = self.problem.as_ref().and_then(|problem| problem.field_words(self.ui.language(), &field));
        words.unwrap_or_default()
    }

    fn is(&self, kind: &str) -> bool {
        match self.ask.attribute.kind {
            Kind::Choice => kind == "choice",
            Kind::Choices => kind == "choices",
            Kind::Text => kind == "text",
            Kind::Number => kind == "number",
        }
    }
}

/// A question's page, with what was typed and what is wrong with it.
fn asked(
    ui: Ui,
    store: &Store,
    product: Product,
    id: &str,
    typed: Option<(Vec<String>, Problem)>,
) -> Result<Response, Problem> {
    let asks = asks(&product.category);
    let Some(at) = asks.iter().position(|ask| ask.attribute.id == id) else {
        return Err(Problem::not_found());
    };
    let ask = asks[at];
    let (number, of) = place_of(&asks, at);
    let base = path(&store.id, &product.id);
    let before = at.checked_sub(1).map(|before| format!("{base}/questions/{}", asks[before].attribute.id));
    let own = product.attributes.to(id).to_vec();
    let otherwise = match own.is_empty() {
        true => category::answer(ask.attribute, &product, store, ui.language()).unwrap_or_default(),
        false => String::new(),
    };
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (told, problem) = match typed {
        Some((told, problem)) => (told, Some(problem)),
        None => (own, None),
    };
    let page = Question {
        number,
        of,
        before: before.unwrap_or_else(|| format!("{base}/questions")),
        skip: next(&product, store, &asks, at),
        ask,
        told,
        otherwise,
        problem,
        base,
        product,
        ui,
    };
    Ok((status, web::page(&page)?).into_response())
}

/// Where it goes on: the next question the law wants answered, from here on and round again; while the product is up,
/// then any other behind this one; or the overview, where it is put up.
fn next(product: &Product, store: &Store, asks: &[Ask], at: usize) -> String {
    let base = path(&store.id, &product.id);
    let open = |ask: &&Ask| category::answer(ask.attribute, product, store, web::Lang::Ko).is_none();
    let (before, behind) = asks.split_at((at + 1).min(asks.len()));
    let needed = behind.iter().chain(before).filter(|ask| ask.is_needed()).find(open);
    match needed.or_else(|| behind.iter().filter(|_| product.on_sale).find(open)) {
        Some(ask) if asks.get(at).is_none_or(|this| this.attribute.id != ask.attribute.id) => {
            format!("{base}/questions/{}", ask.attribute.id)
        }
        _ => format!("{base}/questions"),
    }
}

/// Which of the questions that the product itself has to answer this is, and how many there are; zero for the others.
fn place_of(asks: &[Ask], at: usize) -> (i64, i64) {
    let own = |ask: &&Ask| ask.is_needed() && ask.attribute.from.is_none();
    let number = asks[..=at].iter().filter(own).count();
    if own(&&asks[at]) { (number as i64, asks.iter().filter(own).count() as i64) } else { (0, 0) }
}

async fn question(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Asked { product, attribute }): Path<Asked>,
) -> Result<Response, Problem> {
    let product = of_store(&shop.base.db, &seller.store, &product).await?;
    let store = store::find(&shop.base.db, &seller.store).await?;
    asked(ui, &store, product, &attribute, None)
}

async fn answer(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Asked { product, attribute }): Path<Asked>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let store = store::find(db, &seller.store).await?;
    // Own words beside a choice are meant: who types has found no choice that fits.
    let sent = |wanted: &str| -> Vec<String> {
        sent.iter()
            .filter(|(name, value)| name == wanted && !value.trim().is_empty())
            .map(|(_, v)| v.clone())
            .collect()
    };
    let (chosen, own) = (sent("answer"), sent("own"));
    let told = if own.is_empty() { chosen } else { own };
    let about = schema().attribute(&attribute).ok_or_else(Problem::not_found)?;
    match set_answer(&shop, &seller.store, &product, about, told.clone()).await {
        Ok(product) => {
            let asks = asks(&product.category);
            let at = asks.iter().position(|ask| ask.attribute.id == attribute).unwrap_or(asks.len());
            Ok(Redirect::to(&next(&product, &store, &asks, at)).into_response())
        }
        Err(error @ (Error::Invalid(_) | Error::Incomplete(_))) => {
            let product = of_store(db, &seller.store, &product).await?;
            asked(ui, &store, product, &attribute, Some((told, error.into())))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    category: String,
}

async fn choose_category(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Form(Chosen { category }): Form<Chosen>,
) -> Result<Response, Problem> {
    let was = of_store(&shop.base.db, &seller.store, &product).await?;
    let base = path(&seller.store, &product);
    let Some(category) = schema().category(&category) else {
        return Ok(Redirect::to(&format!("{base}/questions")).into_response());
    };
    let now = set_category(&shop, &seller.store, &product, category).await?;
    let just = if was.on_sale && !now.on_sale { "?just=resting" } else { "" };
    Ok(Redirect::to(&format!("{base}/questions{just}")).into_response())
}
