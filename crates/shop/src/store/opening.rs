//! Opening a store: five questions, one a screen, and afterwards the legal identity.
//!
//! The first four answers travel in the address, so that the browser's own "back", a reload and a
//! sign-in in between keep them. Who sells, by law, travels in the body only: it is nobody's to log.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use people::{Person, Seller, StoreId, member};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, IdempotencyKey, Problem, Query, Ui};

use super::{CATEGORIES, Identity, NewStore, Store, by_ids, checked, create, find, identify};
use crate::text::Text;
use crate::{Error, Shop};

/// How many questions there are; one more is the wish to open.
const LAST: u8 = 5;
/// Which fields each question asks for. What is not named here belongs to the last question.
const ASKED: [&[&str]; 4] = [&["category"], &["name"], &["line"], &["pickup", "hours"]];

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell", get(stalls))
        .route("/sell/open", get(ask).post(answer))
        .route("/sell/{store}/opened", get(opened))
        .route("/sell/{store}/identity", get(identity).post(identify_store))
}

/// Everything typed so far.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Answers {
    key: String,
    step: String,
    category: String,
    name: String,
    line: String,
    pickup: String,
    hours: String,
    #[serde(flatten)]
    who: Who,
    /// Set by the button "I will do this later".
    later: String,
}

/// The legal identity as a form sends it: a checkbox is there or not.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Who {
    company: String,
    representative: String,
    address: String,
    phone: String,
    email: String,
    business_number: String,
    mail_order_number: String,
    mail_order_exempt: String,
}

impl Who {
    fn of(identity: &Identity) -> Who {
        Who {
            company: identity.company.clone(),
            representative: identity.representative.clone(),
            address: identity.address.clone(),
            phone: identity.phone.clone(),
            email: identity.email.clone(),
            business_number: identity.business_number.clone(),
            mail_order_number: identity.mail_order_number.clone(),
            mail_order_exempt: if identity.mail_order_exempt { "on".to_owned() } else { String::new() },
        }
    }

    /// Laid over what was known: an English text stays as long as its Korean one does.
    fn over(&self, known: &Identity) -> Identity {
        let kept =
            |now: &str, was: &str, en: &str| if now.trim() == was { en.to_owned() } else { String::new() };
        Identity {
            company: self.company.clone(),
            company_en: kept(&self.company, &known.company, &known.company_en),
            representative: self.representative.clone(),
            representative_en: kept(&self.representative, &known.representative, &known.representative_en),
            address: self.address.clone(),
            address_en: kept(&self.address, &known.address, &known.address_en),
            phone: self.phone.clone(),
            email: self.email.clone(),
            business_number: self.business_number.clone(),
            mail_order_number: self.mail_order_number.clone(),
            mail_order_number_en: kept(
                &self.mail_order_number,
                &known.mail_order_number,
                &known.mail_order_number_en,
            ),
            mail_order_exempt: !self.mail_order_exempt.is_empty(),
        }
    }

    fn pairs(&self) -> [(&'static str, &str); 8] {
        [
            ("company", &self.company),
            ("representative", &self.representative),
            ("address", &self.address),
            ("phone", &self.phone),
            ("email", &self.email),
            ("business_number", &self.business_number),
            ("mail_order_number", &self.mail_order_number),
            ("mail_order_exempt", &self.mail_order_exempt),
        ]
    }

    fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }
}

impl Answers {
    /// The screen wished for; anything strange is the first.
    fn wished(&self) -> u8 {
        self.step.parse().unwrap_or(1)
    }

    fn store(&self) -> NewStore {
        NewStore {
            category: self.category.clone(),
            name: self.name.as_str().into(),
            line: self.line.as_str().into(),
            pickup: Text::from(self.pickup.as_str()),
            hours: Text::from(self.hours.as_str()),
            identity: self.who.over(&Identity::default()),
            ..NewStore::default()
        }
    }

    /// What other screens asked, carried along unseen.
    fn carried(&self, step: u8) -> Vec<(&'static str, &str)> {
        let own = ASKED.get(usize::from(step) - 1).copied().unwrap_or_default();
        let told = [
            ("category", self.category.as_str()),
            ("name", &self.name),
            ("line", &self.line),
            ("pickup", &self.pickup),
            ("hours", &self.hours),
        ];
        let who = self.who.pairs();
        let who: &[_] = if step < LAST { &who } else { &[] };
        told.iter()
            .filter(|(field, _)| !own.contains(field))
            .chain(who)
            .filter(|(_, value)| !value.is_empty())
            .copied()
            .collect()
    }

    /// The screen to show: the one wished for, or the first before it with a mistake.
    fn screen(&self) -> (u8, Option<Problem>) {
        let wished = self.wished().clamp(1, LAST);
        let Err(Error::Invalid(faults)) = checked(self.store()) else { return (wished, None) };
        let first = faults.iter().map(|(field, _)| question(field)).min().unwrap_or(LAST);
        if first < wished { (first, Some(Error::Invalid(faults).into())) } else { (wished, None) }
    }
}

/// Which question asks for a field.
fn question(field: &str) -> u8 {
    ASKED.iter().position(|fields| fields.contains(&field)).map_or(LAST, |at| at as u8 + 1)
}

/// What the law still wants to know.
pub(crate) fn missing(identity: &Identity) -> Vec<&'static str> {
    let mail_order = if identity.mail_order_exempt {
        identity.business_number.as_str()
    } else {
        &identity.mail_order_number
    };
    [
        ("company", identity.company.as_str()),
        ("representative", &identity.representative),
        ("address", &identity.address),
        ("phone", &identity.phone),
        ("business_number", &identity.business_number),
        ("mail_order_number", mail_order),
    ]
    .into_iter()
    .filter(|(_, value)| value.is_empty())
    .map(|(field, _)| field)
    .collect()
}

/// The words for what is missing: `store-business-number`.
fn missing_words(ui: &Ui, identity: &Identity) -> Vec<String> {
    missing(identity).into_iter().map(|field| ui.t(&format!("store-{}", field.replace('_', "-")))).collect()
}

fn wrong(ui: &Ui, problem: Option<&Problem>, field: &str) -> String {
    problem.and_then(|problem| problem.field_words(ui.language(), field)).unwrap_or_default()
}

#[derive(Template)]
#[template(path = "store/mine.html")]
struct Mine {
    ui: Ui,
    stores: Vec<Store>,
}

impl Mine {
    fn home(&self, store: &Store) -> String {
        format!("/sell/{}", store.id)
    }
}

async fn stalls(person: Person, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    let ids = member::stores_of(&shop.base.db, &person.id).await.map_err(Problem::internal)?;
    let stores = by_ids(&shop.base.db, &ids).await?;
    Ok(web::page(&Mine { ui, stores })?.into_response())
}

#[derive(Template)]
#[template(path = "store/open.html")]
struct Question {
    ui: Ui,
    step: u8,
    answers: Answers,
    problem: Option<Problem>,
}

impl Question {
    fn number(&self) -> i64 {
        self.step.into()
    }

    fn chose(&self, category: &str) -> bool {
        self.answers.category == category
    }

    fn drawing(&self, category: &str) -> String {
        self.ui.asset(&format!("category-{category}.svg"))
    }

    fn trade(&self, category: &str) -> String {
        self.ui.t(&format!("sell-category-{category}"))
    }

    fn wrong(&self, field: &str) -> String {
        wrong(&self.ui, self.problem.as_ref(), field)
    }

    fn carried(&self) -> Vec<(&'static str, &str)> {
        self.answers.carried(self.step)
    }

    /// The identity is never put into an address.
    fn method(&self) -> &'static str {
        if self.step == LAST || !self.answers.who.is_empty() { "post" } else { "get" }
    }

    fn page(self) -> Result<Response, Problem> {
        let status = if self.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok((status, web::page(&self)?).into_response())
    }
}

async fn ask(
    person: Person,
    ui: Ui,
    State(shop): State<Shop>,
    Query(answers): Query<Answers>,
) -> Result<Response, Problem> {
    // Whatever an address claims about who sells is not listened to.
    show(ui, &shop, person, Answers { who: Who::default(), ..answers })
}

async fn answer(
    person: Person,
    ui: Ui,
    State(shop): State<Shop>,
    Form(answers): Form<Answers>,
) -> Result<Response, Problem> {
    if answers.wished() <= LAST && answers.later.is_empty() {
        return show(ui, &shop, person, answers);
    }
    let key = IdempotencyKey::of(&answers.key)?;
    let new = match told(&answers) {
        Ok(new) => new,
        Err(faults) => return again(ui, answers, faults),
    };
    match create(&shop, &person.id, &key.0, new).await {
        Ok(store) => Ok(Redirect::to(&format!("/sell/{}/opened", store.id)).into_response()),
        Err(Error::Invalid(faults)) => again(ui, answers, faults),
        Err(error) => Err(error.into()),
    }
}

/// The store as told; an identity has to be whole unless it is left for later, and then what is
/// wrong in it is left out.
fn told(answers: &Answers) -> Result<NewStore, Vec<(String, &'static str)>> {
    let new = answers.store();
    if answers.later.is_empty() {
        let missing: Vec<_> =
            missing(&new.identity).into_iter().map(|field| (field.to_owned(), "empty")).collect();
        return if missing.is_empty() { Ok(new) } else { Err(missing) };
    }
    let faulty = matches!(checked(new.clone()), Err(Error::Invalid(faults)) if faults.iter().any(|(field, _)| question(field) == LAST));
    Ok(if faulty { NewStore { identity: Identity::default(), ..new } } else { new })
}

fn again(ui: Ui, answers: Answers, faults: Vec<(String, &'static str)>) -> Result<Response, Problem> {
    let step = faults.iter().map(|(field, _)| question(field)).min().unwrap_or(LAST);
    Question { ui, step, answers, problem: Some(Error::Invalid(faults).into()) }.page()
}

fn show(ui: Ui, shop: &Shop, person: Person, mut answers: Answers) -> Result<Response, Problem> {
    if answers.key.is_empty() {
        answers.key = shop.base.random.token::<16>();
    }
    let (step, problem) = answers.screen();
    if step == LAST && answers.who.is_empty() {
        answers.who.representative = person.name;
        answers.who.phone = person.phone.unwrap_or_default();
        answers.who.email = person.email.unwrap_or_default();
    }
    Question { ui, step, answers, problem }.page()
}

#[derive(Template)]
#[template(path = "store/opened.html")]
struct Opened {
    ui: Ui,
    store: Store,
    missing: Vec<String>,
}

impl Opened {
    fn path(&self) -> String {
        format!("/stores/{}", self.store.slug)
    }
}

async fn opened(seller: Seller, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    let store = find(&shop.base.db, &seller.store).await?;
    let missing = missing_words(&ui, &store.identity);
    Ok(web::page(&Opened { ui, store, missing })?.into_response())
}

#[derive(Template)]
#[template(path = "store/who.html")]
struct WhoSells {
    ui: Ui,
    store: StoreId,
    name: String,
    who: Who,
    missing: Vec<String>,
    listed: bool,
    saved: bool,
    problem: Option<Problem>,
}

impl WhoSells {
    fn wrong(&self, field: &str) -> String {
        wrong(&self.ui, self.problem.as_ref(), field)
    }
}

#[derive(Deserialize)]
struct Saved {
    saved: Option<String>,
}

async fn identity(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(Saved { saved }): Query<Saved>,
) -> Result<Response, Problem> {
    let store = find(&shop.base.db, &seller.store).await?;
    Ok(web::page(&WhoSells {
        name: store.name_in(ui.language()).to_owned(),
        missing: missing_words(&ui, &store.identity),
        who: Who::of(&store.identity),
        listed: store.listed,
        saved: saved.is_some(),
        store: store.id,
        problem: None,
        ui,
    })?
    .into_response())
}

async fn identify_store(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Form(who): Form<Who>,
) -> Result<Response, Problem> {
    let store = find(&shop.base.db, &seller.store).await?;
    let identity = who.over(&store.identity);
    match identify(&shop, &store.id, identity.clone()).await {
        Ok(store) => Ok(Redirect::to(&format!("/sell/{}/identity?saved=1", store.id)).into_response()),
        Err(Error::Invalid(faults)) => {
            let page = WhoSells {
                name: store.name_in(ui.language()).to_owned(),
                missing: missing_words(&ui, &identity),
                listed: store.listed,
                saved: false,
                store: store.id,
                problem: Some(Error::Invalid(faults).into()),
                who,
                ui,
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
