//! `/sign-in` and `/sign-in/code`: one field each.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base::Secret;
use serde::Deserialize;
use web::{Form, Problem, Query, Ui};

use super::{Ask, Asked, Entered};
use crate::asker::Asker;
use crate::{Address, Error, MaybePerson, People, cookies, safe_path, session};

/// How long a browser keeps the secret it asked with: an hour, in seconds.
const ASKED_S: i64 = 3_600;

/// Where to go on afterwards: `?to=`.
#[derive(Default, Deserialize)]
pub(crate) struct Way {
    #[serde(default)]
    pub(crate) to: String,
}

#[derive(Template)]
#[template(path = "people/sign-in.html")]
struct SignInPage {
    ui: Ui,
    to: String,
    typed: String,
    wrong: String,
}

#[derive(Template)]
#[template(path = "people/code.html")]
struct CodePage {
    ui: Ui,
    to: String,
    address: String,
    /// What happened, above the field: a wait that is asked for, or a code that is over.
    notice: String,
    wrong: String,
}

/// `GET /sign-in`. The browser gets its secret here, before it sends anything, so that two taps on
/// "send" carry the same one.
pub(crate) async fn page(
    State(people): State<People>,
    MaybePerson(person): MaybePerson,
    asker: Asker,
    ui: Ui,
    Query(way): Query<Way>,
) -> Result<Response, Problem> {
    if person.is_some() {
        return Ok(Redirect::to(arrive(&way.to)).into_response());
    }
    let browser = asker.browser.clone().unwrap_or_else(|| new_browser(&people));
    let page = web::page(&SignInPage { ui, to: way.to, typed: String::new(), wrong: String::new() })?;
    Ok(remember(page.into_response(), &asker, &browser))
}

#[derive(Deserialize)]
pub(crate) struct AddressForm {
    #[serde(default)]
    address: String,
    #[serde(default)]
    to: String,
}

/// `POST /sign-in`: sends a code.
pub(crate) async fn send(
    State(people): State<People>,
    asker: Asker,
    ui: Ui,
    Form(form): Form<AddressForm>,
) -> Result<Response, Problem> {
    let browser = asker.browser.clone().unwrap_or_else(|| new_browser(&people));
    let sent = match Address::read(&form.address) {
        Some(address) => send_to(&people, &asker, &ui, &browser, &address).await,
        None => Err(Error::Address),
    };
    let error = match sent {
        Ok(()) => {
            let to = Redirect::to(&safe_path::with("/sign-in/code", &form.to)).into_response();
            return Ok(remember(to, &asker, &browser));
        }
        Err(Error::Internal(error)) => return Err(Problem::internal(error)),
        Err(error) => error,
    };
    // A double tap: the code is on its way to the same browser already.
    if matches!(error, Error::JustSent { .. }) && waits_for(&people, &browser, &form.address).await? {
        return Ok(Redirect::to(&safe_path::with("/sign-in/code", &form.to)).into_response());
    }
    let (status, wrong) = told(&ui, error, "address");
    let page = web::page(&SignInPage { ui, to: form.to, typed: form.address, wrong })?;
    Ok(remember((status, page).into_response(), &asker, &browser))
}

async fn send_to(
    people: &People,
    asker: &Asker,
    ui: &Ui,
    browser: &Secret,
    address: &Address,
) -> crate::Result<()> {
    let ask = Ask { browser, client: asker.client.as_deref(), lang: ui.language(), market: ui.market_name() };
    super::ask(people, address, ask).await.map(drop)
}

async fn waits_for(people: &People, browser: &Secret, typed: &str) -> Result<bool, Problem> {
    let asked = super::asked(&people.base.db, browser).await.map_err(Problem::internal)?;
    let address = Address::read(typed);
    Ok(asked.is_some_and(|asked| address.is_some_and(|address| address.as_str() == asked.address)))
}

/// `GET /sign-in/code`.
pub(crate) async fn code_page(
    State(people): State<People>,
    asker: Asker,
    ui: Ui,
    Query(way): Query<Way>,
) -> Result<Response, Problem> {
    let Some(asked) = asked(&people, &asker).await? else {
        return Ok(Redirect::to(&safe_path::with("/sign-in", &way.to)).into_response());
    };
    if asked.may_join(people.base.clock.now_ms()) {
        return Ok(Redirect::to(&safe_path::with("/join", &way.to)).into_response());
    }
    let page =
        CodePage { ui, to: way.to, address: written(&asked), notice: String::new(), wrong: String::new() };
    Ok(web::page(&page)?.into_response())
}

#[derive(Deserialize)]
pub(crate) struct CodeForm {
    #[serde(default)]
    code: String,
    /// Sent by the button that asks for another code.
    again: Option<String>,
    #[serde(default)]
    to: String,
}

/// `POST /sign-in/code`: tries a code, or asks for another.
pub(crate) async fn try_code(
    State(people): State<People>,
    asker: Asker,
    ui: Ui,
    Form(form): Form<CodeForm>,
) -> Result<Response, Problem> {
    let (Some(browser), Some(asked)) = (&asker.browser, asked(&people, &asker).await?) else {
        return Ok(Redirect::to(&safe_path::with("/sign-in", &form.to)).into_response());
    };
    let address = written(&asked);
    if form.again.is_some() {
        return again(&people, &asker, ui, browser, &address, form.to).await;
    }
    match super::enter(&people, browser, &form.code, &asker.device).await {
        Ok(Entered::Known(token, _)) => Ok(welcome(&asker, &token, &form.to)),
        Ok(Entered::New) => Ok(Redirect::to(&safe_path::with("/join", &form.to)).into_response()),
        Err(Error::Internal(error)) => Err(Problem::internal(error)),
        Err(error) => {
            let (status, wrong) = told(&ui, error, "code");
            let page = CodePage { ui, to: form.to, address, notice: String::new(), wrong };
            Ok((status, web::page(&page)?).into_response())
        }
    }
}

/// Another code to the same address.
async fn again(
    people: &People,
    asker: &Asker,
    ui: Ui,
    browser: &Secret,
    address: &str,
    to: String,
) -> Result<Response, Problem> {
    let sent = match Address::read(address) {
        Some(address) => send_to(people, asker, &ui, browser, &address).await,
        None => Err(Error::Address),
    };
    match sent {
        Ok(()) => Ok(Redirect::to(&safe_path::with("/sign-in/code", &to)).into_response()),
        Err(Error::Internal(error)) => Err(Problem::internal(error)),
        Err(error) => {
            let (status, notice) = told(&ui, error, "address");
            let page = CodePage { ui, to, address: address.to_owned(), notice, wrong: String::new() };
            Ok((status, web::page(&page)?).into_response())
        }
    }
}

/// What a refusal says beside its field: waits are told in the time that is left.
fn told(ui: &Ui, error: Error, field: &str) -> (StatusCode, String) {
    let words = match &error {
        Error::JustSent { wait_s } => Some(ui.t1("people-wait-seconds", "seconds", i64::from(*wait_s))),
        Error::TooMany { wait_s } => {
            Some(ui.t1("people-wait-minutes", "minutes", i64::from(wait_s.div_ceil(60))))
        }
        _ => None,
    };
    let problem = Problem::from(error);
    let words = words.or_else(|| problem.field_words(ui.language(), field));
    (problem.status(), words.unwrap_or_else(|| problem.next(ui.language())))
}

async fn asked(people: &People, asker: &Asker) -> Result<Option<Asked>, Problem> {
    let Some(browser) = &asker.browser else { return Ok(None) };
    let asked = super::asked(&people.base.db, browser).await.map_err(Problem::internal)?;
    let now_ms = people.base.clock.now_ms();
    Ok(asked.filter(|asked| !asked.is_past(now_ms)))
}

fn written(asked: &Asked) -> String {
    Address::read(&asked.address).map_or_else(|| asked.address.clone(), |address| address.written())
}

fn new_browser(people: &People) -> Secret {
    Secret::new(people.base.random.token::<32>())
}

fn remember(mut response: Response, asker: &Asker, browser: &Secret) -> Response {
    let cookie = cookies::set(&asker.headers, cookies::ASKED, browser.reveal(), ASKED_S);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// Signed in: the session's cookie is set, the asking browser's is taken back.
pub(crate) fn welcome(asker: &Asker, token: &Secret, to: &str) -> Response {
    let mut response = Redirect::to(arrive(to)).into_response();
    let cookies = [
        cookies::set(&asker.headers, cookies::SESSION, token.reveal(), session::COOKIE_S),
        cookies::clear(&asker.headers, cookies::ASKED),
    ];
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn arrive(to: &str) -> &str {
    safe_path::safe(to)
}
