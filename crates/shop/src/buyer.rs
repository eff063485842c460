//! Buyers: somebody who is signed in, or a browser that keeps a secret cookie. Guests buy too.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use people::{MaybePerson, Person};
use sha2::{Digest, Sha256};
use web::Problem;

use crate::{Shop, cart};

/// The cookie that makes a browser a buyer and holds its cart. Only its hash is kept here.
const COOKIE: &str = "cart";
/// Hexadecimal digits of the secret.
const SECRET: usize = 32;
/// How long a browser remembers, in seconds: orders are followed for half a year.
const LASTS_S: u32 = 180 * 24 * 3600;

/// Whoever buys.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// The person, when signed in.
    pub person: Option<Person>,
    secret: String,
    /// The household it asks from, where that is known.
    client: Option<String>,
    is_new: bool,
    is_plain: bool,
}

impl FromRequestParts<Shop> for Buyer {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Buyer, Problem> {
        let MaybePerson(person) = MaybePerson::from_request_parts(parts, shop).await?;
        let known = web::extract::cookie(&parts.headers, COOKIE)
            .filter(|secret| secret.len() == SECRET && secret.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .map(str::to_owned);
        let is_new = known.is_none();
        let secret = known.unwrap_or_else(|| shop.base.random.token::<16>());
        let client = people::client(&parts.extensions, &parts.headers);
        Ok(Buyer { person, secret, client, is_new, is_plain: is_plain(&parts.headers) })
    }
}

impl Buyer {
    /// A person who buys without a browser: for the demo and for tests.
    pub fn person(person: Person, secret: String) -> Buyer {
        Buyer { person: Some(person), secret, client: None, is_new: false, is_plain: true }
    }

    /// The name an order is kept under: the person, or else the browser.
    pub fn id(&self) -> String {
        self.person.as_ref().map_or_else(|| self.browser(), |person| format!("person:{}", person.id))
    }

    /// Every name this buyer's orders may be under: a guest who signs in later keeps the older ones.
    pub fn ids(&self) -> Vec<String> {
        let mut ids = vec![self.id()];
        if self.person.is_some() {
            ids.push(self.browser());
        }
        ids
    }

    /// Who is counted where one may not try too often: a new browser of the same household is no new buyer.
    pub(crate) fn counted_as(&self) -> String {
        self.client.clone().unwrap_or_else(|| self.id())
    }

    /// Who is counted where looking is counted: a browser that keeps no cookie is its household.
    pub(crate) fn seen_as(&self) -> String {
        if self.person.is_none() && self.is_new { self.counted_as() } else { self.id() }
    }

    /// The name of the browser's cart.
    pub fn cart(&self) -> String {
        Sha256::digest(&self.secret).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn browser(&self) -> String {
        format!("browser:{}", self.cart())
    }

    /// Gives the browser its secret, if it has none yet.
    pub fn remember(&self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        if self.is_new {
            set(answer.headers_mut(), COOKIE, &self.secret, "; HttpOnly", self.is_plain);
        }
        answer
    }

    /// The same, and the number the shell shows beside the basket.
    pub async fn count(&self, shop: &Shop, answer: impl IntoResponse) -> Result<Response, Problem> {
        let count = cart::count(&shop.base.db, &self.cart()).await?;
        let mut answer = self.remember(answer);
        set(answer.headers_mut(), "cart_count", &count.to_string(), "", self.is_plain);
        Ok(answer)
    }
}

fn set(headers: &mut HeaderMap, name: &str, value: &str, more: &str, is_plain: bool) {
    let secure = if is_plain { "" } else { "; Secure" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={LASTS_S}; SameSite=Lax{secure}{more}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Whether this is a machine of one's own without TLS, where a `Secure` cookie would be dropped.
fn is_plain(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]")
}
