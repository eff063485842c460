//! A tracking service whose parcels never leave the room: a server of its own that speaks the documented
//! protocols of Delivery Tracker (GraphQL, `/graphql`) and Sweettracker (REST, `/api/v1/trackingInfo`), and fails
//! when asked to.
//!
//! A shop tested against it runs the very code that will speak to the real services. The last four digits of a
//! parcel's number may say what goes wrong ([`Fault`]); otherwise a parcel stands where it was moved to, or moves
//! by itself at the pace that was set. The key `practice` opens it; any other is refused as a wrong key is.

mod answer;
mod books;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

pub use books::{Fault, Level};

use books::Books;

/// The key that opens it, in both protocols.
pub const KEY: &str = "practice";
/// The longest request body.
const BODY: usize = 64 * 1024;
/// How often the postman looks for news.
const ROUND: std::time::Duration = std::time::Duration::from_secs(1);

/// Tells the time in Unix milliseconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How the service behaves.
pub struct Settings {
    pub now: Now,
    /// How long a parcel stays at each level, when unknown numbers begin to move by themselves. Without a pace a
    /// number nobody has put in is a wrong number.
    pub pace_ms: Option<i64>,
}

/// Why it could not open.
#[derive(Debug, thiserror::Error)]
#[error("the tracking service could not be opened: {0}")]
pub struct Error(#[from] std::io::Error);

/// A running service. Cheap to clone; it stops with [`Parcels::stop`].
#[derive(Clone)]
pub struct Parcels {
    desk: Desk,
    address: SocketAddr,
    serving: AbortHandle,
}

/// What every request works on.
#[derive(Clone)]
struct Desk {
    books: Arc<Mutex<Books>>,
    now: Now,
}

impl Desk {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parcels {
    /// Serves on a port of this machine only.
    pub async fn start(settings: Settings) -> Result<Parcels, Error> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let books = Arc::new(Mutex::new(Books::new(settings.pace_ms)));
        let desk = Desk { books, now: settings.now };
        let serving = tokio::spawn(serve(listener, desk.clone())).abort_handle();
        Ok(Parcels { desk, address, serving })
    }

    /// Where it speaks: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Somebody scanned the parcel: it stands at this level now, and whoever registered hears of it.
    pub fn scan(&self, number: &str, level: Level) {
        let now_ms = (self.desk.now)();
        self.desk.books().scan(number, level, now_ms);
    }

    /// What goes wrong from now on when anybody asks about this number.
    pub fn fail(&self, number: &str, fault: Fault) {
        self.desk.books().fail(number, fault);
    }

    /// How often anybody asked about this number.
    pub fn asked(&self, number: &str) -> usize {
        self.desk.books().asked(number)
    }

    /// Tells whoever registered what was scanned since. Only the two ids are said, as documented. Gives how many
    /// were told.
    pub async fn deliver(&self) -> usize {
        let news = self.desk.books().news((self.desk.now)());
        let mut told = 0;
        for one in news {
            let body = serde_json::json!({ "carrierId": one.carrier, "trackingNumber": one.number });
            let sent = reqwest::Client::new()
                .post(&one.callback)
                .header("content-type", "application/json")
                .body(body.to_string())
                .send();
            told += usize::from(sent.await.is_ok_and(|answer| answer.status().is_success()));
        }
        told
    }

    /// Tells whatever is new, again and again, until the task is dropped.
    pub async fn postman(self) {
        loop {
            self.deliver().await;
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Stops answering.
    pub fn stop(&self) {
        self.serving.abort();
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
    path: String,
    query: Vec<(String, String)>,
    authorization: String,
    body: Bytes,
}

impl Asked {
    fn query(&self, name: &str) -> &str {
        self.query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }
}

async fn answer(desk: Desk, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY).collect().await else { return Err(Lost) };
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|line| line.to_str().ok());
    let asked = Asked {
        path: head.uri.path().to_owned(),
        query: answer::pairs(head.uri.query().unwrap_or_default()),
        authorization: authorization.unwrap_or_default().to_owned(),
        body: body.to_bytes(),
    };
    let (status, body) = answer::answer(&desk, &asked).ok_or(Lost)?;
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json;charset=UTF-8"));
    Ok(response)
}
