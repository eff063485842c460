//! The seller's side through its own routes, on SQLite and, when `DANGOL_TEST_POSTGRES` names a
//! server, on PostgreSQL: opening a store, putting products on the stall, and everything typed wrong.

use std::io::Cursor;
use std::sync::{Arc, RwLock};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::{Extension, Router};
use base::jobs::Workers;
use base::{Base, Blobs, Bus, Clock, Db, Random};
use bytes::Bytes;
use http_body_util::BodyExt;
use people::{Address, People, Sender};
use serde_json::{Value, json};
use shop::Shop;
use shop::stock::ledger::{self, Change, Reason};
use tower::ServiceExt;
use web::Hub;
use web::ui::{Market, Setting};

use crate::stall::{Stall, order_of, person};

const MORNING_MS: i64 = 1_795_471_200_000;

pub(crate) struct App {
    pub(crate) base: Base,
    router: Router,
    pub(crate) workers: Workers,
    pub(crate) engine: &'static str,
    pub(crate) url: String,
    _folder: tempfile::TempDir,
}

/// Somebody signed in.
pub(crate) struct Client<'a> {
    app: &'a App,
    token: String,
    pub(crate) id: people::PersonId,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) text: String,
    pub(crate) bytes: Bytes,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The store's id in `/sell/{store}/…`.
    fn store(&self) -> String {
        self.location.split('/').nth(2).unwrap().to_owned()
    }
}

impl App {
    pub(crate) async fn each() -> Vec<App> {
        let mut all = vec![App::on("sqlite", None).await];
        if let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") {
            let name = format!("sell{}", uuid::Uuid::new_v4().simple());
            let admin = base::sqlx::PgPool::connect(&url).await.unwrap();
            let create = base::sqlx::AssertSqlSafe(format!("create database {name}"));
            base::sqlx::query(create).execute(&admin).await.unwrap();
            admin.close().await;
            let (server, _) = url.rsplit_once('/').unwrap();
            all.push(App::on("postgres", Some(format!("{server}/{name}"))).await);
        }
        all
    }

    async fn on(engine: &'static str, url: Option<String>) -> App {
        let folder = tempfile::tempdir().unwrap();
        let url = url.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("sell.db").display()));
        let base = Base {
            db: Db::open(&url).await.unwrap(),
            bus: Bus::local(),
            blobs: Blobs::folder(&folder.path().join("blobs")).unwrap(),
            clock: Clock::mock(MORNING_MS),
            random: Random::system(),
        };
        web::words::install(&[web::WORDS, shop::WORDS]);
        let people = People::new(base.clone(), Sender::Sandbox);
        let setting = Setting {
            clock: base.clock.clone(),
            market: Arc::new(RwLock::new(Market::default())),
            greet: Some(Arc::new(people.clone())),
        };
        let shop = Shop::new(base.clone(), Hub::default());
        let mut workers = Workers::default();
        shop.jobs(&mut workers);
        let (router, _) = shop::routes(shop).split_for_parts();
        let router = web::layers::dress(router, setting).layer(Extension(people));
        App { base, router, workers, engine, url, _folder: folder }
    }

    pub(crate) async fn somebody(&self, name: &str) -> Client<'_> {
        let address = Address::read(&format!("010{}", self.base.random.digits(8))).unwrap();
        let now_ms = self.base.clock.now_ms();
        let mut tx = self.base.db.begin().await.unwrap();
        let person = People::create(&mut tx, name, &address, now_ms).await.unwrap();
        let token =
            people::session::open(&mut tx, &self.base.random, &person.id, "test", now_ms).await.unwrap();
        tx.commit().await.unwrap();
        Client { app: self, token: token.reveal().to_owned(), id: person.id }
    }
}

impl Client<'_> {
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.app.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let location = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let headers = response.headers().clone();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status, location: location.unwrap_or_default(), text, bytes, headers }
    }

    pub(crate) async fn page(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "text/html")], Body::empty()).await
    }

    /// A file, as it comes.
    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let request = Request::builder().uri(path).header("host", "localhost").body(Body::empty()).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body().collect().await.unwrap().to_bytes().to_vec()
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let headers = [("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &headers, Body::from(form.to_owned())).await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        for (name, bytes) in files {
            let head = format!(
                "--cut\r\ncontent-disposition: form-data; name=\"photos\"; filename=\"{name}\"\r\ncontent-type: image/jpeg\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--cut--\r\n");
        let headers = [("accept", "text/html"), ("content-type", "multipart/form-data; boundary=cut")];
        self.send(Method::POST, path, &headers, Body::from(body)).await
    }

    /// Sends a table of products.
    pub(crate) async fn sheet(&self, path: &str, key: &str, name: &str, bytes: &[u8]) -> Answer {
        let head = format!(
            "--cut\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\n{key}\r\n--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--cut--\r\n"].concat();
        let headers = [("accept", "text/html"), ("content-type", "multipart/form-data; boundary=cut")];
        self.send(Method::POST, path, &headers, Body::from(body)).await
    }

    pub(crate) async fn api(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send(method, path, &headers, Body::from(body.to_string())).await
    }

    /// Keeps a fish, answers what the law wants told of it, and puts it up.
    pub(crate) async fn put_up(&self, store: &str, fields: &[(&str, &str)]) -> String {
        let shelf = format!("/sell/{store}/products");
        let kept = self.form(&format!("{shelf}/new"), fields, &[]).await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text);
        let id = kept.location.split('/').nth(4).unwrap().to_owned();
        for (question, answer) in FISH {
            let told =
                self.post(&format!("{shelf}/{id}/questions/{question}"), &format!("answer={answer}")).await;
            assert_eq!(told.status, StatusCode::SEE_OTHER, "{question}: {}", told.text);
        }
        let up = self.post(&format!("{shelf}/{id}/sale"), "").await;
        assert_eq!(up.location, format!("{shelf}?resumed={id}"));
        id
    }

    /// Opens a store without a legal identity.
    pub(crate) async fn store(&self, name: &str) -> String {
        let form = format!("key=k-{name}&later=yes&category=fish&name={name}");
        self.post("/sell/open", &form).await.store()
    }
}

pub(crate) fn jpeg(shade: u8) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(64, 64, image::Rgb([shade, 40, 40]))
        .write_to(&mut out, image::ImageFormat::Jpeg)
        .unwrap();
    out.into_inner()
}

/// What the law wants told of a fish and its form does not say.
pub(crate) const FISH: [(&str, &str); 6] = [
    ("amount", "2마리"),
    ("made", "dawn"),
    ("keeps", "2-days"),
    ("import", "no"),
    ("storage", "cold"),
    ("care", "뼈를 조심하세요"),
];
const MACKEREL: [(&str, &str); 6] = [
    ("key", "k1"),
    ("name", "고등어"),
    ("price", "12,000원"),
    ("stock", "7"),
    ("origin", "국산"),
    ("parcel", "on"),
];

pub(crate) fn mackerel<'a>(other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = MACKEREL.into_iter().filter(|(name, _)| other.iter().all(|(changed, _)| changed != name));
    kept.chain(other.iter().copied()).collect()
}

#[tokio::test]
async fn five_questions_open_a_store_and_nothing_typed_is_lost() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        assert!(seller.page("/sell").await.text.contains("/sell/open"), "{}", app.engine);
        let first = seller.page("/sell/open").await;
        assert!(first.text.contains("name=\"category\""));
        let skipped = seller.page("/sell/open?step=3&category=fish&name=").await;
        assert_eq!(skipped.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(skipped.text.contains("id=\"name\""));
        let fifth = seller.page("/sell/open?key=abc&step=5&category=fish&name=Pado&line=Fresh&hours=7").await;
        assert_eq!(fifth.status, StatusCode::OK);
        for kept in ["value=\"Pado\"", "value=\"Fresh\"", "value=\"fish\"", "method=\"post\""] {
            assert!(fifth.text.contains(kept), "{kept}");
        }
        let told = "key=abc&step=6&category=fish&name=Pado&line=Fresh&company=Pado&representative=Kim&address=Seoul&phone=0212345678&mail_order_exempt=on";
        let wrong = seller.post("/sell/open", &format!("{told}&business_number=220-81-62518")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("value=\"220-81-62518\"") && wrong.text.contains("value=\"Seoul\""));
        let form = format!("{told}&business_number=2208162517");
        let opened = seller.post("/sell/open", &form).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.text);
        let again = seller.post("/sell/open", &form).await;
        assert_eq!(again.location, opened.location);
        let done = seller.page(&opened.location).await;
        assert!(done.text.contains(&format!("/sell/{}/products/new", opened.store())));
        let view = seller.page(&format!("/api/v1/stores/{}", opened.store())).await.json();
        assert_eq!((view["listed"].clone(), view["slug"].clone()), (json!(true), json!("pado")));
    }
}

#[tokio::test]
async fn a_store_left_for_later_is_listed_once_its_identity_is_whole() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let stranger = app.somebody("철수").await;
        let store = seller.store("Pado").await;
        let path = format!("/api/v1/stores/{store}");
        assert_eq!(seller.page(&path).await.json()["listed"], json!(false));
        assert_eq!(stranger.page(&path).await.status, StatusCode::NOT_FOUND);
        let page = format!("/sell/{store}/identity");
        let half = seller.post(&page, "company=Pado&phone=02").await;
        assert_eq!(half.status, StatusCode::SEE_OTHER);
        assert!(seller.page(&half.location).await.text.contains("value=\"Pado\""));
        let whole = "company=Pado&representative=Kim&address=Seoul&phone=02&business_number=2208162517&mail_order_number=1";
        seller.post(&page, whole).await;
        assert_eq!(stranger.page(&path).await.json()["listed"], json!(true), "{}", app.engine);
    }
}

#[tokio::test]
async fn somebody_elses_store_is_not_there() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let thief = app.somebody("철수").await;
        for path in ["products", "products/new", "identity", "opened"] {
            let answer = thief.page(&format!("/sell/{store}/{path}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
        let sent = thief.form(&format!("/sell/{store}/products/new"), &mackerel(&[]), &[]).await;
        assert_eq!(sent.status, StatusCode::NOT_FOUND);
        let raw = thief
            .send(Method::POST, &format!("/api/v1/stores/{store}/photos"), &[], Body::from(jpeg(1)))
            .await;
        assert_eq!(raw.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_product_is_put_up_once_with_its_photos_and_bad_files_are_named() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let new = format!("/sell/{store}/products/new");
        assert_eq!(seller.page(&new).await.status, StatusCode::OK);
        let (good, other) = (jpeg(1), jpeg(2));
        let files: [(&str, &[u8]); 3] =
            [("a.jpg", &good), ("notes.jpg", b"not a picture"), ("b.jpg", &other)];
        let mixed = seller.form(&new, &mackerel(&[]), &files).await;
        assert_eq!(mixed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(mixed.text.contains("notes.jpg") && mixed.text.contains("value=\"고등어\""));
        let kept: Vec<&str> = mixed
            .text
            .split("name=\"photo_order\" value=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .filter(|id| *id != "new")
            .collect();
        assert_eq!(kept.len(), 2, "{}", app.engine);
        let fields = mackerel(&[("photo_order", kept[1]), ("photo_order", kept[0])]);
        let (one, two) = tokio::join!(seller.form(&new, &fields, &[]), seller.form(&new, &fields, &[]));
        assert_eq!((one.status, two.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}", one.text);
        assert_eq!(one.location, two.location);
        let list = seller.page(&format!("/api/v1/stores/{store}/products")).await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(list["items"][0]["cover"], json!(kept[1]));
        assert_eq!(
            (&list["items"][0]["price_from_won"], &list["items"][0]["left"]),
            (&json!(12000), &json!(7))
        );
    }
}

#[tokio::test]
async fn what_is_typed_wrong_comes_back_beside_its_field() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let new = format!("/sell/{store}/products/new");
        let long = "긴".repeat(10_000);
        for (field, value, error) in [
            ("price", "-5000", "값은 1원부터"),
            ("price", "많이", "숫자로 적어"),
            ("stock", "-1", "개수는 0개부터"),
            ("origin", " ", "여기를 적어"),
            ("name", long.as_str(), "너무 길어요"),
            ("option", "그냥 고르기", "쌍점"),
        ] {
            let answer = seller.form(&new, &mackerel(&[(field, value)]), &[]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
            assert!(answer.text.contains(error), "{field} {error}");
            assert!(answer.text.contains(value.trim()), "{field} is lost");
        }
        let body = json!({"name": {"ko": "굴"}, "origin": {"ko": "국산"}, "parcel": true,
            "variants": [{"pick": [], "price_won": -1, "stock": 1}]});
        let answer = seller.api(Method::POST, &format!("/api/v1/stores/{store}/products"), "k", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.json()["type"], json!("/problems/fields"));
    }
}

#[tokio::test]
async fn choices_become_variants_and_stock_changes_by_what_was_changed() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let new = format!("/sell/{store}/products/new");
        let option = ("option", "손질: 조림용, 구이용");
        let table = seller.form(&new, &mackerel(&[option]), &[]).await;
        assert_eq!(table.status, StatusCode::OK);
        assert!(table.text.contains("name=\"row_name\" value=\"구이용\""));
        let mut fields = mackerel(&[option]);
        for (name, price, stock) in [("조림용", "9000", "2"), ("구이용", "9500", "3")] {
            fields.extend([("row_name", name), ("row_price", price), ("row_stock", stock)]);
        }
        let id = seller.put_up(&store, &fields).await;
        let edit = format!("/sell/{store}/products/{id}");
        assert!(seller.page(&edit).await.text.contains("value=\"손질: 조림용, 구이용\""));
        let mut fields = mackerel(&[option]);
        for (name, stock, was) in [("조림용", "5", "2"), ("구이용", "3", "3")] {
            fields.extend([
                ("row_name", name),
                ("row_price", "9000"),
                ("row_stock", stock),
                ("row_was", was),
            ]);
        }
        for _ in 0..2 {
            assert_eq!(seller.form(&edit, &fields, &[]).await.status, StatusCode::SEE_OTHER);
        }
        let view = seller.page(&format!("/api/v1/products/{id}")).await.json();
        let left: Vec<_> =
            view["variants"].as_array().unwrap().iter().map(|one| one["left"].clone()).collect();
        assert_eq!(left, [json!(5), json!(3)], "{}", app.engine);
    }
}

#[tokio::test]
async fn what_is_taken_down_can_be_put_back() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let shelf = format!("/sell/{store}/products");
        let id = seller.put_up(&store, &mackerel(&[])).await;
        for (away, undo) in [("removal", "restoration"), ("rest", "sale")] {
            let gone = seller.post(&format!("{shelf}/{id}/{away}"), "").await;
            let page = seller.page(&gone.location).await;
            assert!(page.text.contains(&format!("action=\"{shelf}/{id}/{undo}\"")), "{away}");
            let back = seller.post(&format!("{shelf}/{id}/{undo}"), "").await;
            assert_eq!(back.status, StatusCode::SEE_OTHER);
            let view = seller.page(&format!("/api/v1/products/{id}")).await.json();
            assert_eq!(view["on_sale"], json!(true), "{}", app.engine);
        }
    }
}

#[tokio::test]
async fn two_hundred_megabytes_are_refused_before_and_while_they_are_sent() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let (new, photos) = (format!("/sell/{store}/products/new"), format!("/api/v1/stores/{store}/photos"));
        let kind = ("content-type", "multipart/form-data; boundary=cut");
        for path in [&new, &photos] {
            let early = seller
                .send(Method::POST, path, &[kind, ("content-length", "209715200")], Body::empty())
                .await;
            assert_eq!(early.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
            let head =
                "--cut\r\ncontent-disposition: form-data; name=\"photos\"; filename=\"big.jpg\"\r\n\r\n";
            let megabyte = bytes::Bytes::from(vec![7; 1024 * 1024]);
            let chunks = std::iter::once(bytes::Bytes::from(head)).chain(std::iter::repeat_n(megabyte, 200));
            let stream = futures::stream::iter(chunks.map(Ok::<_, std::io::Error>));
            let late = seller.send(Method::POST, path, &[kind], Body::from_stream(stream)).await;
            assert_eq!(late.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        }
        let text =
            seller.send(Method::POST, &photos, &[("content-type", "image/jpeg")], Body::from("words")).await;
        assert_eq!(text.json()["type"], json!("/problems/photo-not-a-picture"));
        let good =
            seller.send(Method::POST, &photos, &[("content-type", "image/jpeg")], Body::from(jpeg(9))).await;
        assert_eq!(good.status, StatusCode::CREATED, "{}", good.text);
    }
}

#[tokio::test]
async fn a_program_makes_one_thing_by_one_key() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let body = json!({"category": "fish", "name": {"ko": "파도네"}});
        let one = seller.api(Method::POST, "/api/v1/stores", "k1", &body).await;
        let two = seller.api(Method::POST, "/api/v1/stores", "k1", &body).await;
        assert_eq!((one.status, &one.json()["id"]), (StatusCode::CREATED, &two.json()["id"]));
        let other = json!({"category": "fish", "name": {"ko": "다른 가게"}});
        let reused = seller.api(Method::POST, "/api/v1/stores", "k1", &other).await;
        assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let without = seller.api(Method::POST, "/api/v1/stores", "", &body).await;
        assert_eq!(without.status, StatusCode::BAD_REQUEST, "{}", app.engine);
    }
}

#[tokio::test]
async fn the_stock_is_a_ledger_of_what_came_and_went() {
    for app in App::each().await {
        let (seller, rival) = (app.somebody("영희").await, app.somebody("남").await);
        let store = seller.store("Pado").await;
        rival.store("Rival").await;
        seller.form(&format!("/sell/{store}/products/new"), &mackerel(&[]), &[]).await;
        let base = format!("/sell/{store}/stock");
        let levels =
            async || seller.page(&format!("/api/v1/stores/{store}/stock")).await.json()["items"][0].clone();
        let begun = levels().await;
        let (variant, first) =
            (begun["variant_id"].as_str().unwrap().to_owned(), begun["on_hand"].as_i64().unwrap());
        let write = async |key: &str, reason: &str, quantity: &str| {
            seller
                .post(&format!("{base}/{variant}"), &format!("key={key}&reason={reason}&quantity={quantity}"))
                .await
        };
        let on_hand = async || levels().await["on_hand"].as_i64().unwrap();

        // A hundred taps on "they came in" bring one delivery.
        let taps = (0..100).map(|_| write("delivery", "received", "1%2C200"));
        let answers = futures::future::join_all(taps).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::SEE_OTHER), "{}", app.engine);
        assert_eq!(on_hand().await, first + 1_200);
        assert_eq!(
            write("delivery", "received", "7").await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "another body"
        );
        assert_eq!(write("a", "spoiled", "200").await.status, StatusCode::SEE_OTHER);
        let counted = write("b", "counted", "950").await;
        assert_eq!(on_hand().await, 950);
        assert_eq!(write("b", "counted", "950").await.status, StatusCode::SEE_OTHER);

        // The page that follows takes it back, once.
        let page = seller.page(&counted.location).await;
        let undo = page
            .text
            .split("action=\"")
            .find_map(|rest| rest.split('"').next().filter(|to| to.ends_with("/undo")));
        let undo = undo.expect("an undo").to_owned();
        assert_eq!(rival.post(&undo, "").await.status, StatusCode::NOT_FOUND);
        for _ in 0..2 {
            assert_eq!(seller.post(&undo, "").await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(on_hand().await, first + 1_000, "{}", app.engine);

        for (reason, wrong) in [
            ("received", "-1"),
            ("received", "0"),
            ("spoiled", "999999999999"),
            ("received", "many"),
            ("spoiled", "99999"),
        ] {
            let refused = write("wrong", reason, wrong).await;
            assert!(
                [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::CONFLICT].contains(&refused.status),
                "{wrong}"
            );
            assert!(
                refused.text.contains(&format!("value=\"{wrong}\"")),
                "what was typed is still there: {wrong}"
            );
        }
        assert_eq!(on_hand().await, first + 1_000);
        let mine = format!("{base}/{variant}");
        assert_eq!(rival.post(&mine, "key=x&reason=received&quantity=1").await.status, StatusCode::NOT_FOUND);
        assert_eq!(rival.page(&mine).await.status, StatusCode::NOT_FOUND);

        // The warning, and the ledger that comes to what is there.
        assert!(!seller.page(&format!("{base}?low=1")).await.text.contains(&variant));
        assert_eq!(
            seller.post(&format!("{mine}/warning"), "low_at=2000").await.status,
            StatusCode::SEE_OTHER
        );
        assert!(seller.page(&format!("{base}?low=1")).await.text.contains(&variant));
        assert_eq!(
            seller.post(&format!("{mine}/warning"), "low_at=-1").await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        let lines = seller.page(&format!("/api/v1/stores/{store}/stock/{variant}/movements")).await.json();
        let sum: i64 =
            lines["items"].as_array().unwrap().iter().map(|line| line["quantity"].as_i64().unwrap()).sum();
        assert_eq!((lines["items"].as_array().unwrap().len(), sum), (5, first + 1_000), "{}", app.engine);
    }
}

#[tokio::test]
async fn one_key_never_writes_on_two_variants() {
    for stall in Stall::each().await {
        let owner = person(&stall.base, "한파도").await.id;
        let mut variants = Vec::new();
        for number in 0..8 {
            variants.push(stall.goods(&format!("고등어 {number}"), 9_800, 5).await);
        }
        let received = Change { reason: Reason::Received, quantity: 1 };
        let taps = variants
            .iter()
            .map(|variant| ledger::change(&stall.shop, &stall.store, &owner, variant, "one", &received));
        let answers = futures::future::join_all(taps).await;
        let written = answers.iter().filter(|answer| answer.is_ok()).count();
        let refused = answers.iter().filter(|answer| matches!(answer, Err(shop::Error::KeyReused))).count();
        assert_eq!((written, refused), (1, 7), "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test]
async fn nothing_promised_to_a_buyer_is_written_off() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 5).await;
        let buyer = stall.buyer("단골").await;
        shop::order::place(&stall.shop, &buyer, "k", order_of(&fish, 4)).await.unwrap();
        let owner = person(&stall.base, "한파도").await.id;
        let spoil = |quantity| Change { reason: Reason::Spoiled, quantity };
        let two = ledger::change(&stall.shop, &stall.store, &owner, &fish, "two", &spoil(2)).await;
        assert!(matches!(two, Err(shop::Error::StockPromised)), "{}", stall.engine);
        ledger::change(&stall.shop, &stall.store, &owner, &fish, "one", &spoil(1)).await.unwrap();
        assert_eq!(stall.stock(&fish).await, (4, 4));
        stall.check().await;
    }
}
