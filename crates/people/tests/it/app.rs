//! A door on an empty database, and browsers that keep cookies.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use axum::routing::get;
use axum::{Extension, Router};
use base::jobs::Workers;
use base::{Base, Blobs, Bus, Clock, Db, Random, sql};
use http_body_util::BodyExt;
use people::{MaybePerson, Operator, People, Person, Seller, Sender};
use serde_json::Value;
use tower::ServiceExt;

/// 22 November 2026, 05:00 UTC: two in the afternoon in Seoul.
pub(crate) const NOW_MS: i64 = 1_795_323_600_000;

pub(crate) struct App {
    pub(crate) base: Base,
    pub(crate) router: Router,
    workers: Workers,
    _folder: tempfile::TempDir,
}

impl App {
    /// The door on every engine that is at hand.
    pub(crate) async fn each() -> Vec<App> {
        App::each_with(Sender::Sandbox).await
    }

    pub(crate) async fn each_with(sender: Sender) -> Vec<App> {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = format!("sqlite:{}", folder.path().join("test.db").display());
        let mut all = vec![App::on(&sqlite, folder, sender.clone()).await];
        if let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") {
            let folder = tempfile::tempdir().unwrap();
            all.push(App::on(&fresh_postgres(&url).await, folder, sender).await);
        }
        all
    }

    async fn on(url: &str, folder: tempfile::TempDir, sender: Sender) -> App {
        web::words::install(&[web::WORDS, people::WORDS]);
        let base = Base {
            db: Db::open(url).await.unwrap(),
            bus: Bus::local(),
            blobs: Blobs::folder(folder.path()).unwrap(),
            clock: Clock::mock(NOW_MS),
            random: Random::seeded(7),
        };
        let people = People::new(base.clone(), sender);
        let mut workers = Workers::default();
        people.jobs(&mut workers);
        let name = web::Said { ko: "시험 시장".into(), en: "Test Market".into() };
        let market = web::Market { name, ..Default::default() };
        let setting = web::ui::Setting {
            clock: base.clock.clone(),
            market: Arc::new(RwLock::new(market)),
            greet: Some(Arc::new(people.clone())),
        };
        let (router, _) =
            people::routes(people.clone()).merge(people::demo_routes(people.clone())).split_for_parts();
        let router =
            router
                .route(
                    "/open",
                    get(|MaybePerson(person): MaybePerson| async move {
                        person.map_or("nobody".into(), |p| p.name)
                    }),
                )
                .route("/closed", get(|person: Person| async move { person.name }))
                .route("/sell/{store}", get(|seller: Seller| async move { seller.store.to_string() }))
                .route("/desk", get(|operator: Operator| async move { operator.person.name }));
        let router = web::layers::dress(router, setting).layer(Extension(people));
        App { base, router, workers, _folder: folder }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            app: self,
            cookies: HashMap::new(),
            peer: None,
            agent: "Mozilla/5.0 (Linux; Android 14) Chrome/120.0",
        }
    }

    /// A browser whose person has just come in by code.
    pub(crate) async fn signed_in(&self, address: &str) -> Browser<'_> {
        let mut browser = self.browser();
        browser.ask(address).await;
        // By address: two codes of one millisecond have no order.
        self.work().await;
        let to = people::Address::read(address).unwrap();
        let code: String = sql!(
            value & self.base.db,
            "select code from outbox where address = $1 order by at_ms desc, id desc limit 1",
            to.as_str()
        )
        .unwrap();
        browser.post("/sign-in/code", &[("code", &code)]).await;
        browser
    }

    /// A person the demo would have.
    pub(crate) async fn person(&self, name: &str, address: &str) -> Person {
        let mut tx = self.base.db.begin().await.unwrap();
        let address = people::Address::read(address).unwrap();
        let person = People::create(&mut tx, name, &address, self.base.clock.now_ms()).await.unwrap();
        tx.commit().await.unwrap();
        person
    }

    pub(crate) fn later(&self, by: Duration) {
        self.base.clock.advance(by);
    }

    /// Does every job that is due.
    pub(crate) async fn work(&self) {
        while self.workers.work_once(&self.base.db, &self.base.clock).await.unwrap() {}
    }

    /// The code that the sandbox would have sent last.
    pub(crate) async fn newest_code(&self) -> String {
        self.work().await;
        sql!(value & self.base.db, "select code from outbox order by at_ms desc, id desc limit 1").unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let text = match table {
            "persons" => "select count(*) from persons",
            "consents" => "select count(*) from consents",
            "sessions" => "select count(*) from sessions",
            "outbox" => "select count(*) from outbox",
            "jobs" => "select count(*) from jobs",
            other => panic!("{other}"),
        };
        sql!(value & self.base.db, text).unwrap()
    }
}

/// A browser: it keeps what it is given, and sends it back.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    pub(crate) app: &'a App,
    pub(crate) cookies: HashMap<String, String>,
    pub(crate) peer: Option<&'a str>,
    pub(crate) agent: &'a str,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) to: String,
    pub(crate) set: Vec<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "text/html", None).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let body = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect::<Vec<_>>()
            .join("&");
        self.send("POST", path, "text/html", Some(("application/x-www-form-urlencoded", body))).await
    }

    pub(crate) async fn api(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { None } else { Some(("application/json", body.to_string())) };
        self.send(method, path, "application/json", body).await
    }

    /// Opens the door and asks for a code.
    pub(crate) async fn ask(&mut self, address: &str) -> Answer {
        self.get("/sign-in").await;
        self.post("/sign-in", &[("address", address)]).await
    }

    async fn send(&mut self, method: &str, path: &str, accept: &str, body: Option<(&str, String)>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "market.example")
            .header(header::ACCEPT, accept)
            .header(header::USER_AGENT, self.agent);
        if let Some(token) = self.cookies.get("bearer") {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !jar.is_empty() {
            request = request.header(header::COOKIE, jar.join("; "));
        }
        let body = match body {
            Some((kind, body)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                Body::from(body)
            }
            None => Body::empty(),
        };
        let mut request = request.body(body).unwrap();
        if let Some(peer) = self.peer {
            let peer = SocketAddr::new(peer.parse().unwrap(), 5_000);
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answer = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let set: Vec<String> = parts
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|line| line.to_str().unwrap().to_owned())
            .collect();
        for line in &set {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer {
            status: parts.status.as_u16(),
            to: text(header::LOCATION).unwrap_or_default(),
            retry_after: text(header::RETRY_AFTER),
            set,
            text: String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap(),
        }
    }
}

async fn fresh_postgres(url: &str) -> String {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let admin = base::sqlx::PgPool::connect(url).await.unwrap();
    base::sqlx::query(base::sqlx::AssertSqlSafe(format!("create database {name}")))
        .execute(&admin)
        .await
        .unwrap();
    admin.close().await;
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}
