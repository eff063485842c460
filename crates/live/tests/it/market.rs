//! A small market for each test: one stall with two products, its seller, a shopper, and a stranger
//! with a stall of her own.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::{Extension, Router};
use base::{Base, Blobs, Bus, Clock, Db, Random, Won, events};
use live::broadcast::{self, NewBroadcast};
use live::push::Reach;
use live::{Broadcast, BroadcastId, Live};
use people::{Address, People, Person, Sender, StoreId};
use serde_json::{Value, json};
use shop::category::Answers;
use shop::product::{Draft, NewVariant, ProductId};
use shop::store::NewStore;
use shop::{Shop, product, store};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use web::ui::Setting;
use web::{Hub, IdempotencyKey, Market as Shown};

/// 22 November 2026, noon in Korea.
pub(crate) const NOON_MS: i64 = 1_795_316_400_000;

pub(crate) struct Market {
    pub engine: &'static str,
    pub live: Live,
    pub shop: Shop,
    pub app: Router,
    pub clock: Clock,
    pub seller: Somebody,
    pub shopper: Somebody,
    pub stranger: Somebody,
    pub store: StoreId,
    pub mackerel: ProductId,
    pub hairtail: ProductId,
    /// Of the stranger's stall.
    pub kimchi: ProductId,
    /// Kept until the end.
    _folder: tempfile::TempDir,
    pub database: String,
    stop: CancellationToken,
}

/// Somebody who is signed in.
pub(crate) struct Somebody {
    pub person: Person,
    pub token: String,
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A market on each engine that is at hand; the clock stands at noon.
pub(crate) async fn markets() -> Vec<Market> {
    let mut all = Vec::new();
    for engine in engines().await {
        all.push(Market::open(engine, Clock::mock(NOON_MS)).await);
    }
    all
}

/// One market on SQLite whose clock runs: for video and sockets.
pub(crate) async fn running_market() -> Market {
    let engine = engines().await.swap_remove(0);
    Market::open(engine, Clock::system()).await
}

struct Engine {
    name: &'static str,
    url: String,
    folder: tempfile::TempDir,
}

async fn engines() -> Vec<Engine> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("market.db").display());
    let mut all = vec![Engine { name: "sqlite", url, folder }];
    if let Ok(server) = std::env::var("DANGOL_TEST_POSTGRES") {
        let url = fresh_postgres(&server).await;
        all.push(Engine { name: "postgres", url, folder: tempfile::tempdir().unwrap() });
    }
    all
}

async fn fresh_postgres(url: &str) -> String {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let admin = base::sqlx::PgPool::connect(url).await.unwrap();
    let text = base::sqlx::AssertSqlSafe(format!("create database {name}"));
    base::sqlx::query(text).execute(&admin).await.unwrap();
    admin.close().await;
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// One UDP port on loopback, and part lengths as in the shop.
fn config() -> media::Config {
    media::Config { udp: "127.0.0.1:0".parse().unwrap(), ..media::Config::default() }
}

impl Market {
    async fn open(engine: Engine, clock: Clock) -> Market {
        web::words::install(&[web::WORDS, people::WORDS, shop::WORDS, live::WORDS]);
        let base = Base {
            db: Db::open(&engine.url).await.unwrap(),
            bus: Bus::local(),
            blobs: Blobs::folder(&engine.folder.path().join("blobs")).unwrap(),
            clock: clock.clone(),
            random: Random::system(),
        };
        let hub = Hub::default();
        let stop = CancellationToken::new();
        tokio::spawn(events::relay(base.db.clone(), base.bus.clone(), stop.clone()));
        tokio::spawn(hub.clone().carry(base.bus.subscribe()));
        let shop = Shop::new(base.clone(), hub.clone());
        let live = Live::new(base.clone(), hub, config()).await.unwrap().reaching(Reach::Anywhere).unwrap();
        tokio::spawn(live.clone().run(stop.clone()));

        let people = People::new(base.clone(), Sender::Sandbox);
        let seller = somebody(&base, "고등어네", "seller@example.com").await;
        let shopper = somebody(&base, "영희", "shopper@example.com").await;
        let stranger = somebody(&base, "김치네", "stranger@example.com").await;
        let store = stall(&shop, &seller.person, "파도네 생선").await;
        let mackerel = goods(&shop, &store, "자반고등어 두 손", 12_000).await;
        let hairtail = goods(&shop, &store, "은갈치", 32_000).await;
        let elsewhere = stall(&shop, &stranger.person, "김치네").await;
        let kimchi = goods(&shop, &elsewhere, "포기김치", 20_000).await;

        let setting = Setting {
            clock: clock.clone(),
            market: Arc::new(RwLock::new(Shown::default())),
            greet: Some(Arc::new(people.clone())),
        };
        let (pages, _) = live.routes().split_for_parts();
        let app = web::layers::dress(pages.layer(Extension(people)), setting).merge(live.media_routes());
        Market {
            engine: engine.name,
            live,
            shop,
            app,
            clock,
            seller,
            shopper,
            stranger,
            store,
            mackerel,
            hairtail,
            kimchi,
            _folder: engine.folder,
            database: engine.url,
            stop,
        }
    }

    /// The same market in a new process: nothing in memory is left.
    pub(crate) async fn reborn(&self) -> Live {
        let base = Base { db: Db::connect(&self.database).await.unwrap(), ..self.live.base.clone() };
        Live::new(base, Hub::default(), config()).await.unwrap().reaching(Reach::Anywhere).unwrap()
    }

    /// A broadcast of the stall, with both its products, for now.
    pub(crate) async fn show(&self) -> Broadcast {
        self.show_with_key().await.0
    }

    /// The same, announced for an hour later: what shoppers read on the calendar.
    pub(crate) async fn announced(&self) -> Broadcast {
        let show = self.show().await;
        let later = base::clock::at(self.clock.now_ms() + 3_600_000);
        broadcast::reschedule(&self.live, &show.id, later).await.unwrap()
    }

    pub(crate) async fn show_with_key(&self) -> (Broadcast, String) {
        let wanted = NewBroadcast {
            title: "오늘 아침 고등어".into(),
            title_en: None,
            products: vec![self.mackerel.clone(), self.hairtail.clone()],
            starts_at: None,
            poster: None,
            sponsor: None,
        };
        let key = IdempotencyKey(self.live.base.random.token::<8>());
        let (broadcast, secret) = broadcast::create(&self.live, &self.store, key, wanted).await.unwrap();
        (broadcast, secret.reveal().to_owned())
    }

    /// A broadcast that is on air, as far as the database knows.
    pub(crate) async fn on_air(&self) -> Broadcast {
        let show = self.show().await;
        broadcast::begin(&self.live.base.db, &show.id, self.clock.now_ms()).await.unwrap();
        self.find(&show.id).await
    }

    /// The only variant of a product.
    pub(crate) async fn shop_variant(&self, product: &ProductId) -> String {
        shop::product::variants(&self.live.base.db, product).await.unwrap()[0].id.to_string()
    }

    pub(crate) async fn find(&self, id: &BroadcastId) -> Broadcast {
        broadcast::find(&self.live.base.db, id).await.unwrap()
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 16 * 1024 * 1024).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A page as a browser opens it, by somebody.
    pub(crate) async fn page(&self, who: &Somebody, path: &str) -> Answer {
        let request = Request::get(path).header("accept", "text/html").header("authorization", who.bearer());
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    /// A form as a script on the page sends it.
    pub(crate) async fn form(&self, who: &Somebody, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send_form(Some(who), "application/json", path, form).await
    }

    /// A form as a browser without JavaScript sends it.
    pub(crate) async fn plain_form(
        &self,
        who: Option<&Somebody>,
        path: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        self.send_form(who, "text/html", path, form).await
    }

    async fn send_form(
        &self,
        who: Option<&Somebody>,
        accept: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = Request::post(path)
            .header("accept", accept)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(who) = who {
            request = request.header("authorization", who.bearer());
        }
        self.ask(request.body(Body::from(body.finish())).unwrap()).await
    }

    /// A program's request.
    pub(crate) async fn api(
        &self,
        who: &Somebody,
        method: Method,
        path: &str,
        key: &str,
        body: Value,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", who.bearer())
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Serves over real TCP.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (app, stop) = (self.app.clone(), self.stop.clone());
        tokio::spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
            served.await.unwrap();
        });
        address
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Somebody {
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

pub(crate) async fn somebody(base: &Base, name: &str, email: &str) -> Somebody {
    let mut tx = base.db.begin().await.unwrap();
    let address = Address::read(email).unwrap();
    let person = People::create(&mut tx, name, &address, base.clock.now_ms()).await.unwrap();
    let now_ms = base.clock.now_ms();
    let token = people::session::open(&mut tx, &base.random, &person.id, "test", now_ms).await.unwrap();
    tx.commit().await.unwrap();
    Somebody { person, token: token.reveal().to_owned() }
}

async fn stall(shop: &Shop, owner: &Person, name: &str) -> StoreId {
    let new = NewStore {
        category: "fish".into(),
        name: name.into(),
        line: "오늘 들어왔어요".into(),
        ..NewStore::default()
    };
    store::create(shop, &owner.id, name, new).await.unwrap().id
}

async fn goods(shop: &Shop, store: &StoreId, name: &str, won: i64) -> ProductId {
    let variant = NewVariant { price_won: Won(won), stock: 5, ..NewVariant::default() };
    let draft = Draft {
        name: name.into(),
        unit: "두 마리".into(),
        origin: "국산(부산)".into(),
        category: "other".into(),
        attributes: Answers([("certificate".to_owned(), vec!["none".to_owned()])].into()),
        variants: vec![variant],
        parcel: true,
        ..Draft::default()
    };
    product::create(shop, store, name, draft).await.unwrap().id
}

/// Waits until something is so; the events between are somebody else's.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let asked = tokio::time::timeout(Duration::from_secs(30), async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(asked.await.is_ok(), "never: {what}");
}

pub(crate) fn new_show(title: &str, products: &[&ProductId]) -> Value {
    json!({ "title": title, "products": products })
}
