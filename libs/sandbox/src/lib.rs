//! A payment company that moves no money: a server of its own that speaks the documented protocol of
//! Toss Payments, and fails when asked to.
//!
//! A shop tested against it runs the very code that will speak to the real company. Its cards say what
//! happens ([`Card`]): paid, refused, paid while the answer is lost, another amount taken. Everything it
//! invents (keys, account numbers, which request goes wrong under [`Settings::chaos_percent`]) follows
//! from its seed and from the order of the requests, so that a failure can be seen again.
//!
//! One server stands for many merchants: the part of a secret key after `test_sk_` names the merchant,
//! whose books nobody else can read.

mod answer;
mod books;
mod cards;
mod chance;
mod mail;
mod pages;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

pub use books::Status;
pub use cards::Card;

use books::Books;

/// What every secret key here begins with, as the real company's test keys do.
pub const KEY: &str = "test_sk_";
/// The longest request body.
const BODY: usize = 64 * 1024;

/// Tells the time in Unix milliseconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How a sandbox behaves.
pub struct Settings {
    /// Everything it invents follows from this.
    pub seed: u64,
    pub now: Now,
    /// Where news of a payment goes; `{merchant}` is replaced. Without it nobody is told.
    pub webhook: Option<String>,
    /// Its books are kept here, and read again at the next start.
    pub books: Option<PathBuf>,
    /// How many requests in a hundred go wrong: lost before or after their effect, or answered 500.
    pub chaos_percent: u64,
}

/// Why a sandbox could not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the sandbox's books could not be opened: {0}")]
    Books(#[from] std::io::Error),
}

/// A running sandbox. Cheap to clone; it stops with [`Sandbox::stop`].
#[derive(Clone)]
pub struct Sandbox {
    desk: Desk,
    address: SocketAddr,
    serving: AbortHandle,
}

/// What every request works on.
#[derive(Clone)]
struct Desk {
    books: Arc<Mutex<Books>>,
    now: Now,
    /// Where its own pages are, as a browser reaches them.
    url: Arc<str>,
}

impl Desk {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sandbox {
    /// Opens the books and serves on a port of this machine only.
    pub async fn start(settings: Settings) -> Result<Sandbox, Error> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let now = settings.now.clone();
        let books = Arc::new(Mutex::new(Books::open(settings)?));
        let desk = Desk { books, now, url: format!("http://{address}").into() };
        let serving = tokio::spawn(serve(listener, desk.clone())).abort_handle();
        Ok(Sandbox { desk, address, serving })
    }

    /// Where it speaks: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says where news goes from now on.
    pub fn tell(&self, webhook: &str) {
        self.desk.books().webhook = Some(webhook.to_owned());
    }

    /// Delivers the news that is due, and puts back what was not taken. Says how much went out.
    pub async fn deliver(&self) -> usize {
        mail::deliver(&self.desk).await
    }

    /// Delivers whatever is due, again and again, until the task is dropped.
    pub async fn postman(self) {
        loop {
            self.deliver().await;
            tokio::time::sleep(mail::ROUND).await;
        }
    }

    /// Every payment of every merchant: order, where it stands, taken, given back.
    pub fn payments(&self) -> Vec<Seen> {
        let books = self.desk.books();
        books.payments().map(Seen::of).collect()
    }

    /// Takes a payment over from older books, as it stands. What is known already stays.
    pub fn adopt(&self, merchant: &str, order: &str, amount: i64, canceled: bool) {
        let now_ms = (self.desk.now)();
        self.desk.books().adopt(merchant, order, amount, canceled, now_ms);
    }

    /// Stops answering.
    pub fn stop(&self) {
        self.serving.abort();
    }
}

/// A payment as somebody who looks into the books sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub merchant: String,
    pub order: String,
    pub status: Status,
    /// What was taken and has not been given back.
    pub kept: i64,
    pub taken: i64,
}

impl Seen {
    fn of(payment: &books::Payment) -> Seen {
        let taken = if payment.approved_at_ms.is_some() { payment.amount } else { 0 };
        Seen {
            merchant: payment.merchant.clone(),
            order: payment.order_id.clone(),
            status: payment.status,
            kept: taken - payment.canceled().min(taken),
            taken,
        }
    }
}

async fn serve(listener: TcpListener, desk: Desk) {
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

/// The answer is lost on the way: the connection ends without one.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost")]
struct Lost;

/// One request, read whole.
struct Asked {
    method: http::Method,
    path: String,
    query: Vec<(String, String)>,
    /// The merchant its key names, if it has one.
    merchant: Option<String>,
    idempotency_key: Option<String>,
    body: Bytes,
}

impl Asked {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

async fn answer(desk: Desk, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY).collect().await else { return Err(Lost) };
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: pages::pairs(head.uri.query().unwrap_or_default()),
        merchant: text(header::AUTHORIZATION.as_str()).and_then(|line| answer::merchant(&line)),
        idempotency_key: text("idempotency-key"),
        body: body.to_bytes(),
    };
    if let Some(page) = pages::answer(&desk, &asked) {
        return Ok(page);
    }
    let (status, body) = answer::answer(&desk, &asked).ok_or(Lost)?;
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json;charset=UTF-8"));
    Ok(response)
}
