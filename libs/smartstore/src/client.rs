//! The calls.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::limit::Buckets;
use crate::{Error, Secret, sign};

/// A token is asked for anew when less than this is left of it: until then Naver would give the same one.
const RENEW_MS: i64 = 30 * 60_000;
/// Orders asked about, confirmed or dispatched at once.
const AT_ONCE: usize = 300;
/// Tries when it is asked too often.
const TRIES: u32 = 5;
/// The longest that one answer may take, and be.
const TIMEOUT: Duration = Duration::from_secs(20);
const LONGEST: usize = 16 * 1024 * 1024;
/// The longest message of theirs that is passed on.
const MESSAGE: usize = 300;

/// How to speak.
#[derive(Clone)]
pub struct Settings {
    /// `https://…/external`, without a slash at its end.
    pub url: String,
    pub client_id: String,
    pub secret: Secret,
    /// Tells the time in Unix milliseconds.
    pub now: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// The first pause after "too often"; each next one is twice as long.
    pub pause: Duration,
}

struct Token {
    text: Secret,
    until_ms: i64,
}

/// A seller's line to Naver. Everybody of a store uses one, so that there is one token and one count.
pub struct Client {
    settings: Settings,
    http: reqwest::Client,
    token: Mutex<Option<Token>>,
    buckets: Buckets,
}

/// Where to go on asking what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub from_ms: i64,
    /// Within one moment, where more changed than one answer holds.
    pub sequence: Option<String>,
}

/// An order's line that changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    #[serde(deserialize_with = "text")]
    pub product_order_id: String,
    /// `PAYED`, `DISPATCHED`, `CLAIM_COMPLETED` …
    #[serde(default)]
    pub last_changed_type: String,
    #[serde(default)]
    pub product_order_status: String,
    pub last_changed_date: Timestamp,
}

/// What changed, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    pub changed: Vec<Changed>,
    pub next: Cursor,
    /// Whether there is more to be asked for at once.
    pub has_more: bool,
}

/// A line of an order, as far as we need it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ordered {
    #[serde(deserialize_with = "text")]
    pub product_order_id: String,
    #[serde(default)]
    pub product_order_status: String,
    /// `NOT_YET`, `OK`, `CANCEL`: whether the seller has confirmed it.
    #[serde(default)]
    pub place_order_status: String,
    #[serde(default)]
    pub product_name: String,
    #[serde(default)]
    pub product_option: String,
    /// The seller's own numbers of the product and of its variant.
    #[serde(default)]
    pub seller_product_code: String,
    #[serde(default)]
    pub option_manage_code: String,
    pub quantity: i64,
    #[serde(default)]
    pub total_payment_amount: i64,
}

/// A parcel to announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    pub product_order_id: String,
    /// `CJGLS`, `EPOST` …
    pub company: String,
    pub number: String,
    pub at_ms: i64,
}

/// A line that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    #[serde(deserialize_with = "text")]
    pub product_order_id: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub message: String,
}

/// What became of every line that was named. Those of which nothing was said are among the unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub done: Vec<String>,
    pub refused: Vec<Refused>,
    pub unknown: Vec<String>,
}

/// A product in the seller's list there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub origin_product_no: i64,
    pub name: String,
    pub status: String,
    pub sale_won: i64,
    pub stock: i64,
}

/// A page of that list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goods {
    pub goods: Vec<Listed>,
    pub total: i64,
}

/// Numbers come as numbers or as text.
fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("no number")),
    }
}

/// `2026-11-28T22:07:31.000+09:00`.
pub(crate) fn in_seoul(ms: i64) -> String {
    let zone = TimeZone::fixed(jiff::tz::offset(9));
    let at = Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(zone);
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string()
}

impl Client {
    pub fn new(settings: Settings) -> Result<Client, Error> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| Error::Away)?;
        Ok(Client { settings, http, token: Mutex::default(), buckets: Buckets::default() })
    }

    /// Whether the id and the secret open the door.
    pub async fn check(&self) -> Result<(), Error> {
        self.token().await.map(|_| ())
    }

    /// What changed since a place. Times that come are never taken for later than what was asked to be.
    pub async fn changed(&self, since: &Cursor) -> Result<Changes, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Data {
            #[serde(default)]
            last_change_statuses: Vec<Changed>,
            more: Option<More>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct More {
            more_from: Timestamp,
            #[serde(default, deserialize_with = "maybe")]
            more_sequence: Option<String>,
        }
        let mut query =
            vec![("lastChangedFrom", in_seoul(since.from_ms)), ("limitCount", AT_ONCE.to_string())];
        query.extend(since.sequence.clone().map(|sequence| ("moreSequence", sequence)));
        let path = "/v1/pay-order/seller/product-orders/last-changed-statuses";
        let (data, trace): (Option<Data>, _) = self.call("changed", Method::GET, path, &query, None).await?;
        // No data at all: nothing changed.
        let Some(data) = data else {
            return Ok(Changes { changed: Vec::new(), next: since.clone(), has_more: false });
        };
        let next = match &data.more {
            Some(more) => {
                Cursor { from_ms: more.more_from.as_millisecond(), sequence: more.more_sequence.clone() }
            }
            None => {
                let last =
                    data.last_change_statuses.iter().map(|one| one.last_changed_date.as_millisecond()).max();
                Cursor { from_ms: last.unwrap_or(since.from_ms).max(since.from_ms), sequence: None }
            }
        };
        if data.more.is_some() && next == *since {
            // It would be asked the same for ever.
            return Err(Error::Strange { trace });
        }
        Ok(Changes { has_more: data.more.is_some(), changed: data.last_change_statuses, next })
    }

    /// The lines of these orders, asked for in batches.
    pub async fn orders(&self, ids: &[String]) -> Result<Vec<Ordered>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct One {
            product_order: Ordered,
        }
        let mut all = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            let path = "/v1/pay-order/seller/product-orders/query";
            let body = json!({ "productOrderIds": some });
            let (data, _): (Option<Vec<One>>, _) =
                self.call("orders", Method::POST, path, &[], Some(&body)).await?;
            all.extend(data.unwrap_or_default().into_iter().map(|one| one.product_order));
        }
        Ok(all)
    }

    /// Confirms lines of orders.
    pub async fn confirm(&self, ids: &[String]) -> Result<Outcome, Error> {
        let mut outcome = Outcome::default();
        for some in ids.chunks(AT_ONCE) {
            let path = "/v1/pay-order/seller/product-orders/confirm";
            let body = json!({ "productOrderIds": some });
            outcome.add(some.to_vec(), self.call("confirm", Method::POST, path, &[], Some(&body)).await?.0);
        }
        Ok(outcome)
    }

    /// Announces parcels.
    pub async fn dispatch(&self, parcels: &[Dispatch]) -> Result<Outcome, Error> {
        let mut outcome = Outcome::default();
        for some in parcels.chunks(AT_ONCE) {
            let path = "/v1/pay-order/seller/product-orders/dispatch";
            let told = some.iter().map(|parcel| {
                json!({
                    "productOrderId": parcel.product_order_id, "deliveryMethod": "DELIVERY",
                    "deliveryCompanyCode": parcel.company, "trackingNumber": parcel.number,
                    "dispatchDate": in_seoul(parcel.at_ms),
                })
            });
            let body = json!({ "dispatchProductOrders": told.collect::<Vec<_>>() });
            let named = some.iter().map(|parcel| parcel.product_order_id.clone()).collect();
            outcome.add(named, self.call("dispatch", Method::POST, path, &[], Some(&body)).await?.0);
        }
        Ok(outcome)
    }

    /// The seller's products there, a page at a time; 1 is the first.
    pub async fn products(&self, page: u32, size: u32) -> Result<Goods, Error> {
        let body = json!({ "page": page, "size": size });
        let (value, trace): (Value, _) =
            self.plain("search", Method::POST, "/v1/products/search", &[], Some(&body)).await?;
        let strange = || Error::Strange { trace: trace.clone() };
        let contents = value.get("contents").and_then(Value::as_array).ok_or_else(strange)?;
        let total = value.get("totalElements").and_then(Value::as_i64).ok_or_else(strange)?;
        let goods = contents.iter().flat_map(|one| {
            let no = one.get("originProductNo").and_then(Value::as_i64);
            let channels = one.get("channelProducts").and_then(Value::as_array);
            // One origin product may stand in two shop windows: it is still one product.
            no.zip(channels.and_then(|channels| channels.first()))
        });
        let goods = goods.map(|(origin_product_no, one)| {
            let said = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let number = |name: &str| one.get(name).and_then(Value::as_i64).unwrap_or_default();
            Listed {
                origin_product_no,
                name: said("name"),
                status: said("statusType"),
                sale_won: number("salePrice"),
                stock: number("stockQuantity"),
            }
        });
        Ok(Goods { goods: goods.collect(), total })
    }

    /// Everything about one product there, as it comes.
    pub async fn product(&self, origin_product_no: i64) -> Result<Value, Error> {
        let path = format!("/v2/products/origin-products/{origin_product_no}");
        Ok(self.plain("product", Method::GET, &path, &[], None).await?.0)
    }

    /// The token in hand, or a new one. One asks; the others wait for it.
    async fn token(&self) -> Result<Secret, Error> {
        let mut kept = self.token.lock().await;
        let now_ms = (self.settings.now)();
        if let Some(token) = kept.as_ref().filter(|token| token.until_ms - now_ms >= RENEW_MS) {
            return Ok(token.text.clone());
        }
        #[derive(Deserialize)]
        struct Given {
            access_token: String,
            expires_in: i64,
        }
        let signature = sign(&self.settings.client_id, self.settings.secret.reveal(), now_ms)?;
        let form = [
            ("client_id", self.settings.client_id.as_str()),
            ("timestamp", &now_ms.to_string()),
            ("client_secret_sign", &signature),
            ("grant_type", "client_credentials"),
            ("type", "SELF"),
        ];
        let request = self.http.post(format!("{}/v1/oauth2/token", self.settings.url)).form(&form);
        let (status, _, trace, body) = self.send(request).await?;
        if status != StatusCode::OK {
            return Err(refusal(status, trace, &body));
        }
        let given: Given = serde_json::from_slice(&body).map_err(|_| Error::Strange { trace })?;
        let text = Secret::new(given.access_token);
        *kept = Some(Token { text: text.clone(), until_ms: now_ms + given.expires_in * 1_000 });
        Ok(text)
    }

    async fn forget(&self, token: &Secret) {
        let mut kept = self.token.lock().await;
        if kept.as_ref().is_some_and(|known| known.text == *token) {
            *kept = None;
        }
    }

    /// A call whose answer stands in `data`.
    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<(Option<T>, String), Error> {
        #[derive(Deserialize)]
        struct Answer<T> {
            data: Option<T>,
        }
        let (answer, trace): (Answer<T>, _) = self.plain(call, method, path, query, body).await?;
        Ok((answer.data, trace))
    }

    /// A call: waits for its bucket, backs off where it is told to, and asks for a new token once where the old one does
    /// not count any more.
    async fn plain<T: for<'de> Deserialize<'de>>(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<(T, String), Error> {
        let (mut tries, mut is_renewed) = (0, false);
        loop {
            sleep(self.buckets.take(call, Instant::now())).await;
            let token = self.token().await?;
            let url = format!("{}{path}", self.settings.url);
            let mut request = self.http.request(method.clone(), url).query(query).bearer_auth(token.reveal());
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            }
            let (status, headers, trace, answer) = self.send(request).await?;
            self.buckets.read(call, &headers, Instant::now());
            match status {
                StatusCode::OK => {
                    let read = serde_json::from_slice(&answer)
                        .map_err(|_| Error::Strange { trace: trace.clone() })?;
                    return Ok((read, trace));
                }
                StatusCode::UNAUTHORIZED if !is_renewed => {
                    is_renewed = true;
                    self.forget(&token).await;
                }
                StatusCode::TOO_MANY_REQUESTS if tries + 1 < TRIES => {
                    sleep(self.settings.pause * 2_u32.pow(tries)).await;
                    tries += 1;
                }
                StatusCode::TOO_MANY_REQUESTS => return Err(Error::Busy { trace }),
                status => return Err(refusal(status, trace, &answer)),
            }
        }
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<(StatusCode, http::HeaderMap, String, Vec<u8>), Error> {
        let mut answer = request.send().await.map_err(|_| Error::Away)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let trace = headers.get("gncp-gw-trace-id").and_then(|trace| trace.to_str().ok()).unwrap_or_default();
        let trace: String = trace.chars().take(MESSAGE).collect();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| Error::Away)? {
            if body.len() + piece.len() > LONGEST {
                return Err(Error::Strange { trace });
            }
            body.extend_from_slice(&piece);
        }
        Ok((status, headers, trace, body))
    }
}

/// Nothing is said of an absent text, and nothing of an empty one.
fn maybe<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn refusal(status: StatusCode, trace: String, body: &[u8]) -> Error {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| {
        said.get(name).and_then(Value::as_str).unwrap_or_default().chars().take(MESSAGE).collect::<String>()
    };
    let trace = if trace.is_empty() { text("traceId") } else { trace };
    Error::Refused { status: status.as_u16(), code: text("code"), message: text("message"), trace }
}

impl Outcome {
    fn add(&mut self, named: Vec<String>, said: Option<Said>) {
        let said = said.unwrap_or_default();
        let done: Vec<String> = said.success_product_order_ids.into_iter().map(|id| id.0).collect();
        let is_said = |id: &String| {
            done.contains(id) || said.fail_product_order_infos.iter().any(|one| one.product_order_id == *id)
        };
        self.unknown.extend(named.iter().filter(|id| !is_said(id)).cloned());
        self.done.extend(done.iter().filter(|id| named.contains(id)).cloned());
        self.refused.extend(said.fail_product_order_infos);
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    success_product_order_ids: Vec<IdText>,
    fail_product_order_infos: Vec<Refused>,
}

#[derive(Deserialize)]
struct IdText(#[serde(deserialize_with = "text")] String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_seoul() {
        assert_eq!(in_seoul(1_643_961_623_299), "2022-02-04T17:00:23.299+09:00");
    }
}
