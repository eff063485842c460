//! `/join`: the form for somebody new.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::{Form, Problem, Query, Ui};

use super::Application;
use crate::asker::Asker;
use crate::code::pages::{Way, welcome};
use crate::consent::Channel;
use crate::{Address, Error, People, code, safe_path};

#[derive(Template)]
#[template(path = "people/join.html")]
struct JoinPage {
    ui: Ui,
    to: String,
    address: String,
    typed: Application,
    problem: Option<Problem>,
}

impl JoinPage {
    fn wrong(&self, field: &str) -> String {
        let words = self.problem.as_ref().and_then(|problem| problem.field_words(self.ui.language(), field));
        words.unwrap_or_default()
    }

    fn is_under_age(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.slug() == "under-age")
    }
}

/// The form as a browser sends it: a box that is not ticked is not sent.
#[derive(Deserialize)]
pub(crate) struct JoinForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    birth: String,
    terms: Option<String>,
    privacy: Option<String>,
    marketing: Option<String>,
    night_marketing: Option<String>,
    #[serde(default)]
    to: String,
}

/// `GET /join`: only for a browser that has proved an address.
pub(crate) async fn page(
    State(people): State<People>,
    asker: Asker,
    ui: Ui,
    Query(way): Query<Way>,
) -> Result<Response, Problem> {
    let Some(address) = proved(&people, &asker).await? else {
        return Ok(Redirect::to(&safe_path::with("/sign-in", &way.to)).into_response());
    };
    let page = JoinPage { ui, to: way.to, address, typed: Application::default(), problem: None };
    Ok(web::page(&page)?.into_response())
}

/// `POST /join`.
pub(crate) async fn join(
    State(people): State<People>,
    asker: Asker,
    ui: Ui,
    Form(form): Form<JoinForm>,
) -> Result<Response, Problem> {
    let typed = Application {
        name: form.name,
        birth: form.birth,
        terms: form.terms.is_some(),
        privacy: form.privacy.is_some(),
        marketing: form.marketing.is_some(),
        night_marketing: form.night_marketing.is_some(),
    };
    let (Some(browser), Some(address)) = (&asker.browser, proved(&people, &asker).await?) else {
        return Err(Error::JoinOver.into());
    };
    match super::join(&people, browser, &typed, Channel::Page, &asker.device).await {
        Ok((token, _)) => Ok(welcome(&asker, &token, &form.to)),
        Err(error @ (Error::JoinUnfinished(_) | Error::UnderAge)) => {
            let page = JoinPage { ui, to: form.to, address, typed, problem: Some(error.into()) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn proved(people: &People, asker: &Asker) -> Result<Option<String>, Problem> {
    let Some(browser) = &asker.browser else { return Ok(None) };
    let asked = code::asked(&people.base.db, browser).await.map_err(Problem::internal)?;
    let now_ms = people.base.clock.now_ms();
    Ok(asked
        .filter(|asked| asked.may_join(now_ms))
        .and_then(|asked| Some(Address::read(&asked.address)?.written())))
}
