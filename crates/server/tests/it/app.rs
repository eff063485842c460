//! The app under test, and the people who use it, in domain words.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Base, Blobs, Bus, Clock, Db, Random};
use people::{Address, People, session};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use server::app::Wanted;
use server::{listen, serve};
use shop::payment::Contracts;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// 7 in the morning in Seoul, 24 November 2026.
const MORNING_MS: i64 = 1_795_471_200_000;

/// Looks at the queue before it is called stuck: half a minute.
const WAITS: usize = 600;

/// A running app on a database of its own.
pub(crate) struct App {
    pub(crate) app: server::app::App,
    pub(crate) sandbox: sandbox::Sandbox,
    pub(crate) parcels: parcels::Parcels,
    pub(crate) clock: Clock,
    pub(crate) engine: &'static str,
    address: SocketAddr,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl App {
    /// Starts one app for each engine at hand.
    pub(crate) async fn each() -> Vec<App> {
        let mut all = vec![App::start().await];
        if let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") {
            let name = format!("it{}", uuid::Uuid::new_v4().simple());
            let admin = base::sqlx::PgPool::connect(&url).await.unwrap();
            let create = base::sqlx::AssertSqlSafe(format!("create database {name}"));
            base::sqlx::query(create).execute(&admin).await.unwrap();
            admin.close().await;
            let (server, _) = url.rsplit_once('/').unwrap();
            all.push(App::on("postgres", &format!("{server}/{name}"), tempfile::tempdir().unwrap()).await);
        }
        all
    }

    /// Starts an app on SQLite, for what does not depend on the engine.
    pub(crate) async fn start() -> App {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("it.db").display());
        App::on("sqlite", &url, folder).await
    }

    async fn on(engine: &'static str, url: &str, folder: tempfile::TempDir) -> App {
        let clock = Clock::mock(MORNING_MS);
        let base = Base {
            db: Db::open(url).await.unwrap(),
            bus: Bus::local(),
            blobs: Blobs::folder(&folder.path().join("blobs")).unwrap(),
            clock: clock.clone(),
            random: Random::system(),
        };
        let media = media::Config { udp: SocketAddr::from(([127, 0, 0, 1], 0)), ..media::Config::default() };
        let ticking = clock.clone();
        let settings = sandbox::Settings {
            seed: 4600,
            now: Arc::new(move || ticking.now_ms()),
            webhook: None,
            books: None,
            chaos_percent: 0,
        };
        let sandbox = sandbox::Sandbox::start(settings).await.unwrap();
        let contracts = Contracts::default().with_practice(sandbox.url()).unwrap();
        let ticking = clock.clone();
        let settings = parcels::Settings { now: Arc::new(move || ticking.now_ms()), pace_ms: None };
        let parcels = parcels::Parcels::start(settings).await.unwrap();
        let entry = serde_json::json!({ "tracker": {
            "service": "delivery-tracker", "client_id": parcels::KEY, "client_secret": "s", "url": parcels.url(),
        } });
        let tracker = shop::shipment::Tracker::of_file(serde_json::from_value(entry).unwrap()).unwrap();
        let wanted =
            Wanted { demo: true, media, sender: people::Sender::Sandbox, contracts, tracker, search: None };
        let app = server::app::App::build(base, wanted).await.unwrap();
        let stop = CancellationToken::new();
        serve::background(&app, &TaskTracker::new(), &stop);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        sandbox.tell(&format!("http://{address}/hooks/sandbox/{{merchant}}"));
        app.shop.set_here(&format!("http://{address}"));
        tokio::spawn(listen::serve(listener, None, app.door(), stop.clone()));
        App { app, sandbox, parcels, clock, engine, address, stop, _folder: folder }
    }

    /// Time passes, and the work that is due is done.
    pub(crate) async fn later(&self, by: Duration) {
        self.clock.advance(by);
        self.done().await;
    }

    /// Waits until the workers have done what is due.
    pub(crate) async fn done(&self) {
        for _ in 0..WAITS {
            let due: i64 = base::sql!(
                value & self.app.base.db,
                "select count(*) from jobs where failed = false and run_at_ms <= $1",
                self.clock.now_ms()
            )
            .unwrap();
            if due == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the workers did not come to an end");
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody who has not signed in.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(self.address, None)
    }

    /// Somebody with an account, signed in.
    pub(crate) async fn shopper(&self, name: &str) -> Client {
        Client::new(self.address, Some(self.token(name).await))
    }

    async fn token(&self, name: &str) -> String {
        let base = &self.app.base;
        let address = Address::read(&format!("010{}", base.random.digits(8))).unwrap();
        let now_ms = self.clock.now_ms();
        let mut tx = base.db.begin().await.unwrap();
        let person = People::create(&mut tx, name, &address, now_ms).await.unwrap();
        let token = session::open(&mut tx, &base.random, &person.id, "test", now_ms).await.unwrap();
        tx.commit().await.unwrap();
        token.reveal().to_owned()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Somebody at a browser or a program.
pub(crate) struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    token: Option<String>,
}

impl Client {
    fn new(address: SocketAddr, token: Option<String>) -> Client {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Client { http, address, token }
    }

    /// A request to a path here, with this person's rights.
    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A page, as a browser asks for it.
    pub(crate) async fn page(&self, path: &str) -> Response {
        self.ask(Method::GET, path).header("accept", "text/html").send().await.unwrap()
    }

    /// JSON, as a program asks for it.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).header("accept", "application/json").send().await.unwrap()
    }

    /// A creating POST with a key of its own.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.post_with(path, body, &uuid::Uuid::new_v4().to_string()).await
    }

    /// A creating POST with this key.
    pub(crate) async fn post_with(&self, path: &str, body: &Value, key: &str) -> Response {
        self.ask(Method::POST, path)
            .header("accept", "application/json")
            .header("idempotency-key", key)
            .json(body)
            .send()
            .await
            .unwrap()
    }
}
