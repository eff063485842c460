//! A SmartStore whose orders never leave the room: a server of its own that speaks the protocol and fails when asked to. It
//! checks signatures, times and tokens, counts requests in a bucket for each call, and answers for every line.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::client::in_seoul;
use crate::sign;

/// How long a token lives, and when it is replaced by a new one.
const LIFE_MS: i64 = 10_800_000;
const RENEW_MS: i64 = 30 * 60_000;
/// How old a signature may be.
const SIGNED_MS: i64 = 5 * 60_000;
/// Orders that may be named at once.
const AT_ONCE: usize = 300;
const BODY: usize = 1024 * 1024;

/// Tells the time in Unix milliseconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How it behaves.
pub struct Settings {
    pub client_id: String,
    pub secret: String,
    pub now: Now,
    /// Requests a second of each call; twice as many at once.
    pub rate: u32,
    /// Changes in one answer.
    pub page: usize,
}

/// What goes wrong with the next request of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, whatever stands in the bucket.
    TooOften,
    /// The token counts no more.
    Expired,
    /// The connection ends without an answer, and nothing was done.
    Lost,
    /// Something broke inside, and it says so.
    Broken,
    /// An answer that is no JSON.
    Garbage,
}

/// An order's line as it is kept there.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: String,
    pub status: String,
    pub confirmed: bool,
    pub code: String,
    pub name: String,
    pub quantity: i64,
    pub won: i64,
    pub changed_ms: i64,
    pub parcel: Option<String>,
}

impl Line {
    /// A line that was paid at a moment.
    pub fn paid(id: &str, code: &str, quantity: i64, at_ms: i64) -> Line {
        Line {
            id: id.to_owned(),
            status: "PAYED".to_owned(),
            confirmed: false,
            code: code.to_owned(),
            name: "고등어".to_owned(),
            quantity,
            won: 12_000 * quantity,
            changed_ms: at_ms,
            parcel: None,
        }
    }

    fn said(&self) -> Value {
        json!({ "productOrder": {
            "productOrderId": self.id, "productOrderStatus": self.status,
            "placeOrderStatus": if self.confirmed { "OK" } else { "NOT_YET" }, "productName": self.name,
            "sellerProductCode": self.code, "quantity": self.quantity, "totalPaymentAmount": self.won,
        }, "order": { "orderId": format!("O{}", self.id) } })
    }
}

#[derive(Default)]
struct Books {
    lines: BTreeMap<String, Line>,
    products: Vec<(i64, String, i64, i64)>,
    tokens: Vec<(String, i64)>,
    faults: HashMap<String, VecDeque<Fault>>,
    asked: HashMap<String, usize>,
    buckets: HashMap<String, (f64, Option<Instant>)>,
    traces: usize,
}

struct Desk {
    books: Mutex<Books>,
    settings: Settings,
}

impl Desk {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running practice store. It stops with [`Practice::stop`].
pub struct Practice {
    desk: Arc<Desk>,
    address: SocketAddr,
    serving: AbortHandle,
}

impl Practice {
    /// Serves on a port of this machine only.
    pub async fn start(settings: Settings) -> std::io::Result<Practice> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk { books: Mutex::default(), settings });
        let serving = tokio::spawn(serve(listener, desk.clone())).abort_handle();
        Ok(Practice { desk, address, serving })
    }

    /// Where it speaks.
    pub fn url(&self) -> String {
        format!("http://{}/external", self.address)
    }

    /// Somebody ordered, or an order changed.
    pub fn put(&self, line: Line) {
        self.desk.books().lines.insert(line.id.clone(), line);
    }

    /// A line as it stands.
    pub fn line(&self, id: &str) -> Option<Line> {
        self.desk.books().lines.get(id).cloned()
    }

    /// A product of the seller's: its number, name, price and stock.
    pub fn put_product(&self, no: i64, name: &str, won: i64, stock: i64) {
        self.desk.books().products.push((no, name.to_owned(), won, stock));
    }

    /// What goes wrong with the next request whose path ends so; several are answered in turn.
    pub fn fail(&self, path: &str, fault: Fault) {
        self.desk.books().faults.entry(path.to_owned()).or_default().push_back(fault);
    }

    /// How often a path that ends so was asked.
    pub fn asked(&self, path: &str) -> usize {
        let books = self.desk.books();
        books.asked.iter().filter(|(known, _)| known.ends_with(path)).map(|(_, count)| count).sum()
    }

    /// Stops answering.
    pub fn stop(&self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        let desk = desk.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(desk.clone(), request));
            // A connection that breaks is the lost answer somebody asked for.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The answer is lost on the way.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost")]
struct Lost;

/// One request, read whole.
struct Asked {
    method: Method,
    path: String,
    query: HashMap<String, String>,
    token: String,
    body: Bytes,
}

fn pairs(text: &str) -> HashMap<String, String> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

async fn answer(desk: Arc<Desk>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY).collect().await else { return Err(Lost) };
    let bearer =
        head.headers.get(header::AUTHORIZATION).and_then(|line| line.to_str().ok()).unwrap_or_default();
    let asked = Asked {
        method: head.method,
        path: head.uri.path().strip_prefix("/external").unwrap_or_default().to_owned(),
        query: pairs(head.uri.query().unwrap_or_default()),
        token: bearer.strip_prefix("Bearer ").unwrap_or_default().to_owned(),
        body: body.to_bytes(),
    };
    let mut books = desk.books();
    *books.asked.entry(asked.path.clone()).or_default() += 1;
    books.traces += 1;
    let trace = format!("practice-{}", books.traces);
    let fault = books
        .faults
        .iter_mut()
        .find(|(path, _)| asked.path.ends_with(*path))
        .and_then(|(_, all)| all.pop_front());
    let left = books.take(&asked.path, desk.settings.rate, Instant::now());
    let (status, body) = match fault {
        Some(Fault::Lost) => return Err(Lost),
        Some(Fault::TooOften) => refused(429, "GW.RATE_LIMIT", "요청이 많아 처리할 수 없습니다."),
        Some(Fault::Expired) => refused(401, "GW.AUTHN", "요청을 보낼 권한이 없습니다."),
        Some(Fault::Broken) => refused(500, "GW.INTERNAL_SERVER_ERROR", "잠시 뒤 다시 시도해 주세요."),
        Some(Fault::Garbage) => (StatusCode::OK, Value::Null),
        None if left.is_none() => refused(429, "GW.RATE_LIMIT", "요청이 많아 처리할 수 없습니다."),
        None => books.answer(&desk.settings, &asked),
    };
    let text = if fault == Some(Fault::Garbage) { "<html>".to_owned() } else { body.to_string() };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let rate = desk.settings.rate;
    for (name, value) in [
        ("content-type", "application/json;charset=UTF-8".to_owned()),
        ("gncp-gw-trace-id", trace),
        ("gncp-gw-ratelimit-replenish-rate", rate.to_string()),
        ("gncp-gw-ratelimit-burst-capacity", (rate * 2).to_string()),
        ("gncp-gw-ratelimit-remaining", left.unwrap_or_default().to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

fn refused(status: u16, code: &str, message: &str) -> (StatusCode, Value) {
    (StatusCode::from_u16(status).unwrap_or_default(), json!({ "code": code, "message": message }))
}

impl Books {
    /// Takes one of a call's requests; gives how many are left, or nothing where none was.
    fn take(&mut self, path: &str, rate: u32, now: Instant) -> Option<u32> {
        let most = f64::from(rate * 2);
        let (left, seen) = self.buckets.entry(path.to_owned()).or_insert((most, None));
        let passed = seen.map_or(0.0, |seen| now.saturating_duration_since(seen).as_secs_f64());
        *left = (*left + passed * f64::from(rate)).min(most);
        *seen = Some(now);
        (*left >= 1.0).then(|| {
            *left -= 1.0;
            *left as u32
        })
    }

    fn answer(&mut self, settings: &Settings, asked: &Asked) -> (StatusCode, Value) {
        let now_ms = (settings.now)();
        if asked.path == "/v1/oauth2/token" {
            return self.token(settings, asked, now_ms);
        }
        if !self.tokens.iter().any(|(token, until_ms)| *token == asked.token && *until_ms > now_ms) {
            return refused(401, "GW.AUTHN", "요청을 보낼 권한이 없습니다.");
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        const ORDERS: &str = "/v1/pay-order/seller/product-orders/";
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", path) if path == format!("{ORDERS}last-changed-statuses") => {
                self.changed(settings, asked)
            }
            ("POST", path) if path == format!("{ORDERS}query") => self.query(&body),
            ("POST", path) if path == format!("{ORDERS}confirm") => self.confirm(&body, now_ms),
            ("POST", path) if path == format!("{ORDERS}dispatch") => self.dispatch(&body, now_ms),
            ("POST", "/v1/products/search") => (StatusCode::OK, self.search(&body)),
            ("GET", path) => {
                match path.strip_prefix("/v2/products/origin-products/").and_then(|no| no.parse().ok()) {
                    Some(no) => self.product(no),
                    None => refused(404, "GW.NOT_FOUND", "없는 주소입니다."),
                }
            }
            _ => refused(404, "GW.NOT_FOUND", "없는 주소입니다."),
        }
    }

    fn token(&mut self, settings: &Settings, asked: &Asked, now_ms: i64) -> (StatusCode, Value) {
        let form = pairs(&String::from_utf8_lossy(&asked.body));
        let said = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let at_ms: i64 = said("timestamp").parse().unwrap_or_default();
        let expected = sign(&settings.client_id, &settings.secret, at_ms).unwrap_or_default();
        let fits = said("client_id") == settings.client_id
            && said("client_secret_sign") == expected
            && said("grant_type") == "client_credentials"
            && said("type") == "SELF"
            && (now_ms - at_ms).abs() <= SIGNED_MS;
        if !fits {
            return refused(400, "GW.AUTHN", "client_secret_sign 항목이 유효하지 않습니다.");
        }
        let known = self.tokens.iter().find(|(_, until_ms)| until_ms - now_ms >= RENEW_MS).cloned();
        let (token, until_ms) = known.unwrap_or_else(|| {
            let new = (format!("token-{}", self.tokens.len() + 1), now_ms + LIFE_MS);
            self.tokens.push(new.clone());
            new
        });
        let left_s = (until_ms - now_ms) / 1_000;
        (StatusCode::OK, json!({ "access_token": token, "expires_in": left_s, "token_type": "Bearer" }))
    }

    fn changed(&self, settings: &Settings, asked: &Asked) -> (StatusCode, Value) {
        let Some(from) = asked.query.get("lastChangedFrom").and_then(|from| from.parse::<Timestamp>().ok())
        else {
            return refused(400, "104105", "lastChangedFrom이 올바르지 않습니다.");
        };
        let sequence = asked.query.get("moreSequence").cloned().unwrap_or_default();
        let mut changed: Vec<&Line> = self
            .lines
            .values()
            .filter(|line| (line.changed_ms, line.id.as_str()) >= (from.as_millisecond(), sequence.as_str()))
            .collect();
        changed.sort_by(|one, other| (one.changed_ms, &one.id).cmp(&(other.changed_ms, &other.id)));
        let said: Vec<Value> = changed
            .iter()
            .take(settings.page)
            .map(|line| {
                json!({
                    "productOrderId": line.id, "orderId": format!("O{}", line.id), "lastChangedType": line.status,
                    "productOrderStatus": line.status, "lastChangedDate": in_seoul(line.changed_ms),
                })
            })
            .collect();
        if said.is_empty() {
            return (StatusCode::OK, json!({ "timestamp": in_seoul((settings.now)()) }));
        }
        let more = changed
            .get(settings.page)
            .map(|next| json!({ "moreFrom": in_seoul(next.changed_ms), "moreSequence": next.id }));
        (StatusCode::OK, json!({ "data": { "lastChangeStatuses": said, "count": said.len(), "more": more } }))
    }

    fn named(body: &Value) -> Result<Vec<String>, (StatusCode, Value)> {
        let ids: Vec<String> = serde_json::from_value(body["productOrderIds"].clone()).unwrap_or_default();
        match ids.len() {
            1..=AT_ONCE => Ok(ids),
            _ => Err(refused(400, "104116", "상품 주문 번호는 300개까지입니다.")),
        }
    }

    fn query(&self, body: &Value) -> (StatusCode, Value) {
        match Books::named(body) {
            Ok(ids) => {
                let said: Vec<Value> =
                    ids.iter().filter_map(|id| self.lines.get(id)).map(Line::said).collect();
                (StatusCode::OK, json!({ "data": said }))
            }
            Err(refusal) => refusal,
        }
    }

    fn confirm(&mut self, body: &Value, now_ms: i64) -> (StatusCode, Value) {
        let ids = match Books::named(body) {
            Ok(ids) => ids,
            Err(refusal) => return refusal,
        };
        let each = ids.into_iter().map(|id| {
            let fine = self.lines.get_mut(&id).filter(|line| line.status == "PAYED").map(|line| {
                line.confirmed = true;
                line.changed_ms = now_ms;
            });
            (id, fine.ok_or(("104442", "발주 확인을 할 수 없는 상태입니다.")))
        });
        outcome(each.collect())
    }

    fn dispatch(&mut self, body: &Value, now_ms: i64) -> (StatusCode, Value) {
        let parcels = body["dispatchProductOrders"].as_array().cloned().unwrap_or_default();
        if parcels.is_empty() || parcels.len() > AT_ONCE {
            return refused(400, "104116", "상품 주문 번호는 300개까지입니다.");
        }
        let each = parcels.into_iter().map(|parcel| {
            let id = parcel["productOrderId"].as_str().unwrap_or_default().to_owned();
            let number = parcel["trackingNumber"].as_str().unwrap_or_default();
            let line = self.lines.get_mut(&id).filter(|line| line.status == "PAYED" && line.confirmed);
            let said = match line {
                None => Err(("104131", "발송 처리를 할 수 없는 상태입니다.")),
                Some(_) if number.is_empty() || number.bytes().any(|byte| !byte.is_ascii_digit()) => {
                    Err(("104119", "송장 번호가 올바르지 않습니다."))
                }
                Some(line) => {
                    line.status = "DISPATCHED".to_owned();
                    line.parcel = Some(number.to_owned());
                    line.changed_ms = now_ms;
                    Ok(())
                }
            };
            (id, said)
        });
        outcome(each.collect())
    }

    fn search(&self, body: &Value) -> Value {
        let (page, size) =
            (body["page"].as_u64().unwrap_or(1).max(1), body["size"].as_u64().unwrap_or(50).max(1));
        let from = (page - 1).saturating_mul(size) as usize;
        let said: Vec<Value> = self
            .products
            .iter()
            .skip(from)
            .take(size as usize)
            .map(|(no, name, won, stock)| {
                json!({ "originProductNo": no, "channelProducts": [{
                    "channelProductNo": no + 1_000_000, "name": name, "statusType": "SALE", "salePrice": won, "stockQuantity": stock,
                }] })
            })
            .collect();
        json!({ "contents": said, "page": page, "size": size, "totalElements": self.products.len() })
    }

    fn product(&self, no: i64) -> (StatusCode, Value) {
        match self.products.iter().find(|(known, ..)| *known == no) {
            Some((_, name, won, stock)) => (
                StatusCode::OK,
                json!({ "originProduct": { "name": name, "salePrice": won, "stockQuantity": stock, "statusType": "SALE" } }),
            ),
            None => refused(404, "NOT_FOUND", "상품이 없습니다."),
        }
    }
}

type Each = Vec<(String, Result<(), (&'static str, &'static str)>)>;

fn outcome(each: Each) -> (StatusCode, Value) {
    let done: Vec<&String> = each.iter().filter(|(_, said)| said.is_ok()).map(|(id, _)| id).collect();
    let failed: Vec<Value> = each
        .iter()
        .filter_map(|(id, said)| {
            let (code, message) = said.err()?;
            Some(json!({ "productOrderId": id, "code": code, "message": message }))
        })
        .collect();
    (StatusCode::OK, json!({ "data": { "successProductOrderIds": done, "failProductOrderInfos": failed } }))
}
