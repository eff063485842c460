//! A store that moves: packed at one market, looked over and made at another, packed again and the same; and every file
//! that is not what it says.

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read, Write};
use std::time::Duration;

use axum::http::StatusCode;
use base::{Base, Db, Won, sql};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shop::coupon::{self, NewCoupon};
use shop::discount::{Gives, Rule};
use shop::hours::{self, Day, Hours, Minute};
use shop::order::{self, place};
use shop::payment::{self, APPROVE};
use shop::product::prices;
use shop::product::{self, Draft, NewVariant, Product};
use shop::promotion::{self, NewPromotion};
use shop::question::{self, NewQuestion};
use shop::review::{self, NewReview};
use shop::text::{Listing, Text};
use shop::{Buyer, Shop, StoreId, follow, handover, photo};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::selling::{App, Client, jpeg};
use crate::stall::{no_certificate, open, order_of, person};

/// A store with everything that a store can have, of an owner.
struct Full<'a> {
    owner: Client<'a>,
    store: String,
    _sandbox: sandbox::Sandbox,
}

fn thing(name: &str, price: i64) -> Draft {
    Draft {
        name: Text::new(name, format!("{name} (en)")),
        unit: "2마리".into(),
        origin: "국산".into(),
        variants: vec![NewVariant { price_won: Won(price), stock: 9, ..NewVariant::default() }],
        category: "other".into(),
        attributes: no_certificate(),
        parcel: true,
        pickup: true,
        ..Draft::default()
    }
}

async fn full(app: &App) -> Full<'_> {
    let ticking = app.base.clock.clone();
    let settings = sandbox::Settings {
        seed: 7,
        now: std::sync::Arc::new(move || ticking.now_ms()),
        webhook: None,
        books: None,
        chaos_percent: 0,
    };
    let sandbox = sandbox::Sandbox::start(settings).await.unwrap();
    let shop = open(&app.base, &sandbox.url());
    let owner = app.somebody("한파도").await;
    let told = "key=full&step=6&category=fish&name=파도네&line=아침&company=파도네&representative=한파도&address=너울포&phone=0212345678&business_number=2208162517&mail_order_exempt=on";
    let opened = owner.post("/sell/open", told).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.text);
    let store = opened.location.split('/').nth(2).unwrap().to_owned();
    let id: StoreId = store.parse().unwrap();
    fill(app, &shop, &id).await;
    Full { owner, store, _sandbox: sandbox }
}

async fn tick(app: &App) {
    app.base.clock.advance(Duration::from_secs(60));
}

async fn fill(app: &App, shop: &Shop, store: &StoreId) {
    let (red, blue) = (photo::add(shop, jpeg(200).into()).await, photo::add(shop, jpeg(20).into()).await);
    let (red, blue) = (red.unwrap(), blue.unwrap());
    let day = Day { weekday: 0, opens: Minute(420), closes: Minute(1140), rests_from: None, rests_to: None };
    let opening =
        Hours { week: vec![day], lane: "가동".into(), fair_days: [2, 7].into(), ..Hours::default() };
    hours::change(shop, store, opening).await.unwrap();
    let mut mackerel = thing("고등어", 12_000);
    mackerel.photos = vec![red.clone(), blue.clone()];
    mackerel.code = "FISH-1".into();
    mackerel.options = serde_json::from_value(json!([
        { "name": { "ko": "손질" }, "values": [{ "ko": "토막" }, { "ko": "통째" }] },
    ]))
    .unwrap();
    mackerel.variants = vec![
        NewVariant { pick: vec![0], price_won: Won(12_000), live_price_won: Some(Won(11_000)), stock: 5 },
        NewVariant { pick: vec![1], price_won: Won(11_000), live_price_won: None, stock: 7 },
    ];
    mackerel.stories =
        serde_json::from_value(json!([{ "head": { "ko": "새벽" }, "body": { "ko": "배에서\n바로" } }]))
            .unwrap();
    let fish = product::create(shop, store, "fish", mackerel.clone()).await.unwrap();
    tick(app).await;
    let told = product::variants(&app.base.db, &fish.id).await.unwrap();
    let batch = prices::BatchId::new(app.base.clock.now_ms());
    let wanted = prices::Wanted { variant: told[0].id.clone(), was_won: Won(12_000), won: Won(12_500) };
    prices::set(shop, store, &batch, &[wanted]).await.unwrap();
    tick(app).await;
    mackerel.variants[0].price_won = Won(12_500);
    mackerel.origin = "국산(부산)".into();
    product::change(shop, store, &fish.id, mackerel).await.unwrap();
    let resting = Draft { resting: true, ..thing("갈치", 20_000) };
    product::create(shop, store, "resting", resting).await.unwrap();
    tick(app).await;
    let gone = product::create(shop, store, "gone", thing("없어진 것", 3_000)).await.unwrap();
    discounts(shop, store, &fish).await;
    orders(app, shop, store, &fish, &gone, &blue).await;
    product::remove(shop, store, &gone.id).await.unwrap();
}

async fn discounts(shop: &Shop, store: &StoreId, fish: &Product) {
    let rule = Rule {
        gives: Gives::Percentage,
        percent: 10,
        products: Listing(vec![fish.id.clone()]),
        ..Rule::default()
    };
    let about = NewPromotion { name: "아침 할인".into(), rule: rule.clone(), ..NewPromotion::default() };
    promotion::create(shop, store, "p1", about).await.unwrap();
    let over = NewPromotion {
        name: "지난 할인".into(),
        rule: Rule { products: Listing::default(), ..rule.clone() },
        ..NewPromotion::default()
    };
    let over = promotion::create(shop, store, "p2", over).await.unwrap();
    promotion::end(shop, store, &over.id).await.unwrap();
    let code = NewCoupon { code: "WAVE2026".into(), rule, quantity: 30, ..NewCoupon::default() };
    coupon::create(shop, store, "c1", code).await.unwrap();
}

async fn orders(
    app: &App,
    shop: &Shop,
    store: &StoreId,
    fish: &Product,
    gone: &Product,
    picture: &photo::PhotoId,
) {
    let db = &app.base.db;
    let shopper = person(&app.base, "김영희").await;
    let buyer = Buyer::person(shopper.clone(), app.base.random.token::<32>());
    let variants = product::variants(db, &fish.id).await.unwrap();
    let other = product::variants(db, &gone.id).await.unwrap();
    let mut wanted = order_of(&variants[0].id, 2);
    wanted.lines.push(order::NewLine { variant: other[0].id.clone(), quantity: 1 });
    let placed = place(shop, &buyer, "o1", wanted).await.unwrap();
    payment::pay(shop, &placed.intent, "pay", APPROVE).await.unwrap();
    let handed = handover::hand_over(shop, store, &placed.order).await.unwrap();
    tick(app).await;
    let new = NewReview {
        stars: 5,
        words: "맛있어요 <b>정말</b>".into(),
        photos: vec![picture.clone()],
        answers: Vec::new(),
    };
    let said = review::write(shop, &buyer, &handed, 0, "r1", new).await.unwrap();
    review::answer(shop, store, &said.id, "고맙습니다").await.unwrap();
    // One that is never paid, and one that is called off.
    place(shop, &buyer, "o2", order_of(&variants[1].id, 1)).await.unwrap();
    tick(app).await;
    let asked = NewQuestion { words: "오늘 잡은 건가요?".into(), secret: false };
    let asked = question::ask(shop, &shopper, &fish.id, "q1", asked).await.unwrap();
    question::answer(shop, store, &asked.id, "네, 오늘 새벽이에요").await.unwrap();
    follow::follow(shop, &shopper.id, store).await.unwrap();
}

async fn work(app: &App) {
    while app.workers.work_once(&app.base.db, &app.base.clock).await.unwrap() {}
}

/// Asks for the file and fetches it.
async fn packed(app: &App, owner: &Client<'_>, store: &str, key: &str) -> Bytes {
    let base = format!("/sell/{store}/export");
    let asked = owner.post(&base, &format!("key={key}")).await;
    assert_eq!(asked.location, base, "{}", asked.text);
    assert!(owner.page(&base).await.text.contains("<progress"), "it is shown how far it is");
    work(app).await;
    let page = owner.page(&base).await.text;
    let file = page.split('"').find(|part| part.ends_with("/file")).expect("a file to fetch").to_owned();
    let fetched = owner.page(&file).await;
    assert_eq!(fetched.status, StatusCode::OK);
    assert!(fetched.headers["cache-control"].to_str().unwrap().contains("no-store"));
    fetched.bytes
}

/// The files of a file.
fn files(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(zip)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    names
        .into_iter()
        .map(|name| {
            let mut bytes = Vec::new();
            zip.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
            (name, bytes)
        })
        .collect()
}

fn zipped(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Writes a manifest that fits the files, as somebody would who means harm.
fn honest(files: &mut BTreeMap<String, Vec<u8>>) {
    let mut manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let listed: Vec<Value> = files
        .iter()
        .filter(|(name, _)| *name != "manifest.json" && *name != "README.txt")
        .map(|(name, bytes)| {
            let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "path": name, "bytes": bytes.len(), "rows": 1, "sha256": sum })
        })
        .collect();
    manifest["files"] = Value::Array(listed);
    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
}

fn lines(files: &BTreeMap<String, Vec<u8>>, kind: &str) -> Vec<Value> {
    let text = String::from_utf8(files[&format!("data/{kind}.jsonl")].clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a file says, with names in place of ids: equal for two stores that are the same.
fn said(zip: &[u8]) -> BTreeMap<String, Vec<String>> {
    let files = files(zip);
    let names: HashMap<String, String> = lines(&files, "products")
        .into_iter()
        .map(|goods| (goods["ref"].as_str().unwrap().to_owned(), goods["product"]["name"]["ko"].to_string()))
        .collect();
    let is_photo = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fn renamed(value: &mut Value, rename: &dyn Fn(&str) -> Option<String>) {
        match value {
            Value::String(text) => {
                if let Some(other) = rename(text) {
                    *text = other;
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|one| renamed(one, rename)),
            Value::Object(all) => all.values_mut().for_each(|one| renamed(one, rename)),
            _ => {}
        }
    }
    let rename = |text: &str| names.get(text).cloned().or_else(|| is_photo(text).then(|| "photo".to_owned()));
    let kinds = [
        "store",
        "products",
        "labels",
        "prices",
        "promotions",
        "coupons",
        "orders",
        "customers",
        "reviews",
        "questions",
        "shows",
    ];
    let mut all = BTreeMap::new();
    for kind in kinds {
        let mut said: Vec<String> = lines(&files, kind)
            .into_iter()
            .map(|mut line| {
                if matches!(kind, "promotions" | "coupons") {
                    line["ref"] = Value::Null;
                }
                if kind == "store" {
                    line["slug"] = Value::Null;
                }
                renamed(&mut line, &rename);
                line.to_string()
            })
            .collect();
        said.sort();
        all.insert(kind.to_owned(), said);
    }
    let photos = files.keys().filter(|name| name.starts_with("photos/")).count();
    all.insert("photos".into(), vec![photos.to_string()]);
    all
}

/// Brings a file and has it looked over; says where its page is.
async fn brought(app: &App, person: &Client<'_>, key: &str, zip: &[u8]) -> String {
    let sent = person.sheet("/sell/import", key, "store.zip", zip).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let again = person.sheet("/sell/import", key, "store.zip", zip).await;
    assert_eq!(again.location, sent.location, "a second tap brings the same");
    work(app).await;
    sent.location
}

async fn state(app: &App, page: &str) -> (String, String, String) {
    let id = page.rsplit('/').next().unwrap();
    sql!(one & app.base.db, "select state, fault, fault_at from arrivals where id = $1", id).unwrap()
}

#[tokio::test]
async fn a_store_moves_and_is_the_same() {
    for from in App::each().await {
        let Full { owner, store, _sandbox } = full(&from).await;
        let first = packed(&from, &owner, &store, "first").await;
        let manifest: Value = serde_json::from_slice(&files(&first)["manifest.json"]).unwrap();
        assert_eq!((&manifest["format"], &manifest["version"]), (&json!("dangol-store"), &json!(1)));
        let told = said(&first);
        for (kind, count) in [
            ("products", 2),
            ("labels", 3),
            ("prices", 1),
            ("orders", 2),
            ("reviews", 1),
            ("questions", 1),
            ("customers", 1),
            ("promotions", 2),
            ("coupons", 1),
        ] {
            assert_eq!(told[kind].len(), count, "{kind}: {:?}", told[kind]);
        }
        assert_eq!(told["photos"], ["2"]);
        // Nobody's address goes along without a ground.
        let orders = lines(&files(&first), "orders");
        let unpaid = orders.iter().find(|order| order["payment_state"] == "awaiting").unwrap();
        let paid = orders.iter().find(|order| order["payment_state"] == "paid").unwrap();
        assert_eq!((&unpaid["to"], &paid["to"]["phone"]), (&Value::Null, &json!("010-1234-5678")));
        assert!(!String::from_utf8_lossy(&files(&first)["data/customers.jsonl"]).contains("김영희"));

        for to in App::each().await {
            // What happened there lies in the past here, too.
            to.base.clock.advance(Duration::from_secs(24 * 3600));
            let mover = to.somebody("한파도").await;
            let page = brought(&to, &mover, "bring", &first).await;
            assert_eq!(state(&to, &page).await.0, "read", "{:?}", state(&to, &page).await);
            let seen = mover.page(&page).await.text;
            for words in ["상품 2개", "사진 2장", "주문 2건", "끝나지 않은 주문이 1건", "이대로 옮기기"]
            {
                assert!(seen.contains(words), "{words} on {} to {}", from.engine, to.engine);
            }
            mover.post(&format!("{page}/run"), "").await;
            mover.post(&format!("{page}/run"), "").await;
            assert!(mover.page(&page).await.text.contains("<progress"));
            work(&to).await;
            assert_eq!(state(&to, &page).await.0, "done", "{:?}", state(&to, &page).await);
            let made: String = sql!(value & to.base.db, "select id from stores").unwrap();
            let stranger = to.somebody("철수").await;
            assert_eq!(stranger.page(&format!("/api/v1/stores/{made}")).await.status, StatusCode::NOT_FOUND);
            assert_eq!(stranger.page(&format!("/sell/{made}/history")).await.status, StatusCode::NOT_FOUND);

            let opened = mover.post(&format!("{page}/opening"), "").await;
            assert_eq!(opened.location, page);
            assert_eq!(stranger.page(&format!("/api/v1/stores/{made}")).await.json()["listed"], json!(true));
            let goods = stranger.page(&format!("/api/v1/stores/{made}/products")).await.json();
            assert_eq!(goods["items"].as_array().unwrap().len(), 1, "what rested rests");
            let fish = goods["items"][0]["id"].as_str().unwrap();
            let reviews = stranger.page(&format!("/products/{fish}/reviews")).await.text;
            assert!(
                reviews.contains("먼저 있던 곳에서 받은 후기") && reviews.contains("맛있어요 &#60;b&#62;"),
                "{reviews}"
            );

            // History is read and never paid, counted or sold again.
            for rows in [
                "select count(*) from orders",
                "select count(*) from ledger_entries",
                "select count(*) from payment_intents",
                "select count(*) from stock_reservations",
                "select count(*) from reviews",
            ] {
                let count: i64 = sql!(value & to.base.db, rows).unwrap();
                assert_eq!(count, 0, "{rows}");
            }
            let broken = shop::audit::books(&to.base.db).await.unwrap();
            assert!(broken.is_empty(), "{broken:?}");
            let history = mover.page(&format!("/sell/{made}/history?kind=orders")).await.text;
            assert!(
                history.contains("고등어") && history.contains("김영희") && history.contains("끝나지 않음")
            );
            let undo = mover.post(&format!("{page}/undo"), "").await;
            assert_eq!(undo.status, StatusCode::CONFLICT, "what is open is not taken back");

            let second = packed(&to, &mover, &made, "second").await;
            let again = said(&second);
            for (kind, lines) in &told {
                assert_eq!(lines, &again[kind], "{kind} from {} to {}", from.engine, to.engine);
            }
        }
    }
}

#[tokio::test]
async fn only_the_owner_takes_it_along_and_only_for_a_while() {
    for app in App::each().await {
        let Full { owner, store, _sandbox } = full(&app).await;
        let base = format!("/sell/{store}/export");
        let (one, two) = tokio::join!(owner.post(&base, "key=a"), owner.post(&base, "key=b"));
        assert_eq!((one.status, two.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
        let count: i64 = sql!(value & app.base.db, "select count(*) from exports").unwrap();
        assert_eq!(count, 1, "one at a time");
        work(&app).await;
        let page = owner.page(&base).await.text;
        let file = page.split('"').find(|part| part.ends_with("/file")).unwrap().to_owned();

        let rival = app.somebody("철수").await;
        let theirs = rival.store("Rival").await;
        let helper = app.somebody("조카").await;
        let mut tx = app.base.db.begin().await.unwrap();
        let id: StoreId = store.parse().unwrap();
        people::member::grant(&mut tx, &helper.id, &id, people::member::Role::Helper, 0).await.unwrap();
        tx.commit().await.unwrap();
        let export = file.split('/').nth(4).unwrap();
        for path in [&base, &file, &format!("/sell/{store}/history")] {
            assert_eq!(rival.page(path).await.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(helper.page(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        for (client, path) in [
            (&rival, format!("/sell/{theirs}/export/{export}/file")),
            (&rival, format!("/sell/{theirs}/export/{export}/removal")),
        ] {
            let by_get = client.page(&path).await.status;
            let by_post = client.post(&path, "").await.status;
            assert!(by_get == StatusCode::NOT_FOUND || by_post == StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(rival.post(&base, "key=c").await.status, StatusCode::NOT_FOUND);
        assert_eq!(owner.page(&file).await.status, StatusCode::OK, "and the owner still has it");

        app.base.clock.advance(Duration::from_secs(3 * 24 * 3600 + 1));
        assert_eq!(owner.page(&file).await.status, StatusCode::GONE);
        work(&app).await;
        let left: Vec<String> = sql!(values & app.base.db, "select state from exports").unwrap();
        assert_eq!(left, ["erased"]);
        assert!(
            app.base.blobs.get(&format!("moving/out/{export}.zip")).await.unwrap().is_none(),
            "no file is left"
        );
        let steps: Vec<String> =
            sql!(values & app.base.db, "select what from moving_log order by what").unwrap();
        assert_eq!(steps, ["asked", "fetched"], "on {}", app.engine);
    }
}

/// The files of an archive by their names.
type Files = BTreeMap<String, Vec<u8>>;

#[tokio::test]
async fn a_file_that_is_not_what_it_says_is_refused_and_leaves_nothing() {
    for app in App::each().await {
        let Full { owner, store, _sandbox } = full(&app).await;
        let good = files(&packed(&app, &owner, &store, "good").await);
        let changed = |change: &dyn Fn(&mut Files)| {
            let mut files = good.clone();
            change(&mut files);
            zipped(&files)
        };
        let products = String::from_utf8(good["data/products.jsonl"].clone()).unwrap();
        let photo = good.keys().find(|name| name.starts_with("photos/")).unwrap().clone();
        let mut many = zipped(&good);
        let count = many.len() - 12;
        many[count..count + 2].copy_from_slice(&60_001_u16.to_le_bytes());
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("not-a-file", b"PK, but no more".to_vec()),
            ("not-a-file", zipped(&good)[..4_000].to_vec()),
            ("bomb", many),
            (
                "strange-name",
                changed(&|files| {
                    files.insert("../../etc/passwd".into(), b"x".to_vec());
                }),
            ),
            (
                "strange-name",
                changed(&|files| {
                    files.insert("photos/run.svg".into(), b"<svg onload=alert(1)>".to_vec());
                }),
            ),
            (
                "no-manifest",
                changed(&|files| {
                    files.remove("manifest.json");
                }),
            ),
            (
                "other-format",
                changed(&|files| {
                    files.insert("manifest.json".into(), br#"{"format":"other","version":1}"#.to_vec());
                }),
            ),
            (
                "other-version",
                changed(&|files| {
                    files.insert(
                        "manifest.json".into(),
                        br#"{"format":"dangol-store","version":2,"files":"elsewhere"}"#.to_vec(),
                    );
                }),
            ),
            (
                "missing",
                changed(&|files| {
                    files.remove(&photo);
                }),
            ),
            (
                "checksum",
                changed(&|files| {
                    files.insert("data/products.jsonl".into(), products.replace("12500", "125").into_bytes());
                }),
            ),
            (
                "checksum",
                changed(&|files| {
                    files.get_mut("data/orders.jsonl").unwrap().extend(vec![b' '; 50_000_000]);
                }),
            ),
            (
                "line-long",
                changed(&|files| {
                    files.insert("data/orders.jsonl".into(), vec![b'0'; 50_000_000]);
                    honest(files);
                }),
            ),
            (
                "line-wrong",
                changed(&|files| {
                    files.insert("data/products.jsonl".into(), b"{\"ref\": 7}\n".to_vec());
                    honest(files);
                }),
            ),
            (
                "product",
                changed(&|files| {
                    files.insert("data/products.jsonl".into(), products.replace("12500", "-1").into_bytes());
                    honest(files);
                }),
            ),
            (
                "twice",
                changed(&|files| {
                    files.insert("data/products.jsonl".into(), format!("{products}{products}").into_bytes());
                    honest(files);
                }),
            ),
            (
                "unknown",
                changed(&|files| {
                    files.insert("data/products.jsonl".into(), Vec::new());
                    honest(files);
                }),
            ),
            (
                "store",
                changed(&|files| {
                    files.insert("data/store.jsonl".into(), Vec::new());
                    honest(files);
                }),
            ),
            (
                "photo",
                changed(&|files| {
                    files.insert(
                        photo.clone(),
                        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec(),
                    );
                    honest(files);
                }),
            ),
            (
                "photo-missing",
                changed(&|files| {
                    files.remove(&photo);
                    honest(files);
                }),
            ),
            (
                "bomb",
                changed(&|files| {
                    let text = String::from_utf8(files["manifest.json"].clone()).unwrap();
                    let mut manifest: Value = serde_json::from_str(&text).unwrap();
                    manifest["files"][0]["bytes"] = json!(900_000_000_000_u64);
                    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
                }),
            ),
        ];
        let mover = app.somebody("누군가").await;
        for (at, (fault, zip)) in cases.into_iter().enumerate() {
            if at % 15 == 0 {
                app.base.clock.advance(Duration::from_secs(25 * 3600));
            }
            let page = brought(&app, &mover, &format!("bad{at}"), &zip).await;
            let (state, said, place) = state(&app, &page).await;
            assert_eq!((state.as_str(), said.as_str()), ("refused", fault), "case {at} at {place}");
            let shown = mover.page(&page).await.text;
            assert!(shown.contains("다른 파일 고르기") && !shown.contains("moving-fault-"), "{shown}");
            assert_eq!(mover.post(&format!("{page}/run"), "").await.location, page);
        }
        work(&app).await;
        let stores: i64 = sql!(value & app.base.db, "select count(*) from stores").unwrap();
        assert_eq!(stores, 1, "on {}", app.engine);
        let empty = mover.sheet("/sell/import", "none", "", b"").await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.text.contains("파일이 오지 않았어요"));
    }
}

#[tokio::test]
async fn a_broken_photo_takes_everything_back_and_foreign_ids_change_nothing() {
    for app in App::each().await {
        let Full { owner, store, _sandbox } = full(&app).await;
        let good = files(&packed(&app, &owner, &store, "good").await);
        let photo = good.keys().find(|name| name.starts_with("photos/")).unwrap().clone();
        let id: photo::PhotoId = photo[7..47].parse().unwrap();
        let before = app.base.blobs.get(&format!("photos/{id}/960.jpg")).await.unwrap().unwrap();
        let fish: (String, String, i64) =
            sql!(one & app.base.db, "select id, name, changed_at_ms from products where code = 'FISH-1'")
                .unwrap();

        // A photo that begins as one and is none: found out while it is made.
        let mut torn = good.clone();
        torn.insert(photo.clone(), vec![0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
        honest(&mut torn);
        let mover = app.somebody("누군가").await;
        let page = brought(&app, &mover, "torn", &zipped(&torn)).await;
        assert_eq!(state(&app, &page).await.0, "read");
        mover.post(&format!("{page}/run"), "").await;
        work(&app).await;
        assert_eq!(state(&app, &page).await.1, "photo");
        assert!(mover.page(&page).await.text.contains("모두 되돌렸어요"));

        // The same ids as another store's, with other content.
        let mut stolen = good.clone();
        stolen.insert(photo.clone(), jpeg(99));
        let products = String::from_utf8(good["data/products.jsonl"].clone()).unwrap();
        stolen.insert("data/products.jsonl".into(), products.replace("고등어", "가짜").into_bytes());
        honest(&mut stolen);
        let page = brought(&app, &mover, "stolen", &zipped(&stolen)).await;
        let seen = mover.page(&page).await.text;
        assert!(seen.contains("같은 사업자등록번호") && seen.contains("뒤에 숫자를 붙여요"), "{seen}");
        mover.post(&format!("{page}/run"), "").await;
        work(&app).await;
        assert_eq!(state(&app, &page).await.0, "done", "{:?}", state(&app, &page).await);
        let now: (String, String, i64) =
            sql!(one & app.base.db, "select id, name, changed_at_ms from products where id = $1", &fish.0)
                .unwrap();
        assert_eq!(now, fish, "on {}", app.engine);
        let after = app.base.blobs.get(&format!("photos/{id}/960.jpg")).await.unwrap().unwrap();
        assert_eq!(after, before, "another store's photo stays what it was");

        // Not opened, it is taken back whole, and only by who brought it.
        let rival = app.somebody("철수").await;
        for path in ["", "/run", "/undo", "/opening"] {
            let answer = match path {
                "" => rival.page(&page).await,
                path => rival.post(&format!("{page}{path}"), "").await,
            };
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
        mover.post(&format!("{page}/undo"), "").await;
        assert_eq!(state(&app, &page).await.0, "undone");
        for (what, query) in [
            ("stores", "select count(*) from stores"),
            ("products", "select count(*) from products where key like 'moved:%'"),
            ("records", "select count(*) from moved_records"),
            ("members", "select count(*) from members"),
            ("names of photos", "select count(*) from arrival_photos"),
        ] {
            let left: i64 = sql!(value & app.base.db, query).unwrap();
            let expected = if matches!(what, "stores" | "members") { 1 } else { 0 };
            assert_eq!(left, expected, "{what} on {}", app.engine);
        }
        let broken = shop::audit::books(&app.base.db).await.unwrap();
        assert!(broken.is_empty(), "{broken:?}");
    }
}

/// A process that lives for a moment, on the same rows.
fn a_short_life(app: &App, ms: u64) {
    let (url, blobs, clock, random) =
        (app.url.clone(), app.base.blobs.clone(), app.base.clock.clone(), app.base.random.clone());
    let life = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let base =
                Base { db: Db::open(&url).await.unwrap(), bus: base::Bus::local(), blobs, clock, random };
            let shop = Shop::new(base.clone(), web::Hub::default());
            let mut workers = base::jobs::Workers::default();
            shop.jobs(&mut workers);
            let _ = tokio::time::timeout(Duration::from_millis(ms), workers.work_once(&base.db, &base.clock))
                .await;
        });
        runtime.shutdown_timeout(Duration::from_secs(5));
    });
    life.join().unwrap();
}

#[tokio::test]
async fn an_unpacking_that_was_killed_goes_on_and_nothing_is_seen_of_it_meanwhile() {
    for app in App::each().await {
        let owner = app.somebody("한파도").await;
        let store = owner.store("Many").await;
        let id: StoreId = store.parse().unwrap();
        let shop = Shop::new(app.base.clone(), web::Hub::default());
        for number in 0..250 {
            let key = format!("k{number}");
            product::create(&shop, &id, &key, thing(&format!("물건 {number}"), 1_000 + number))
                .await
                .unwrap();
        }
        let zip = packed(&app, &owner, &store, "many").await;
        let mover = app.somebody("누군가").await;
        let page = brought(&app, &mover, "many", &zip).await;
        mover.post(&format!("{page}/run"), "").await;
        let mut killed = 0;
        for life in 1..200 {
            a_short_life(&app, 60 + life * 10);
            app.base.clock.advance(Duration::from_secs(61));
            let made: i64 =
                sql!(value & app.base.db, "select count(*) from products where key like 'moved:%'").unwrap();
            match state(&app, &page).await.0.as_str() {
                "running" => {
                    if (1..250).contains(&made) {
                        killed += 1;
                        let seen: i64 = sql!(value &app.base.db,
                            "select count(*) from product_cards c join products p on p.id = c.id where p.key like 'moved:%'").unwrap();
                        assert_eq!(seen, 0, "nothing is half shown");
                    }
                }
                "done" => break,
                other => panic!("{other}"),
            }
        }
        assert_eq!(state(&app, &page).await.0, "done", "on {}", app.engine);
        assert!(killed > 0, "it was never killed in the middle");
        let made: (i64, i64) = sql!(one &app.base.db,
            "select count(*), count(distinct key) from products where key like 'moved:%' and removed_at_ms is null").unwrap();
        assert_eq!(made, (250, 250));
        let (done, total): (i64, i64) = sql!(one & app.base.db, "select done, total from arrivals").unwrap();
        assert_eq!(done, total);
    }
}
