//! A market with a store that has something of everything, and others who want it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::{Db, sql};
use media::Clip;
use reqwest::{Method, Response, multipart};
use serde_json::{Value, json};

use super::everything::Pattern;
use super::page::Form;
use crate::app::Client;
use crate::deal::{By, Deal, form};
use crate::sale::open_stall;

const FILM: &[u8] = include_bytes!("../../../../../demo/clip/market.mp4");

/// What only the victim's people may read: a recipient, a phone, an address, what a buyer noted, a secret question.
pub(super) const SECRETS: &[&str] =
    &["금낭화별", "010-7777-4321", "숨은골목길 77", "현관앞비밀번호", "몰래여쭤볼게요"];

/// Addresses that lead nowhere in this world, each with its reason.
pub(super) const NOT_MADE: &[&str] = &[
    // A file of the media plane or of a camera, and what is read by POST only.
    "/media/clips/{file}",
    "/photos/{photo}/{file}",
    "/media/{broadcast}/{file}",
    "/assets/{*path}",
    "/products/{product}/card/{file}",
    "/sitemaps/{file}",
    // The show has not ended.
    "/live/{broadcast}/replay.json",
    "/api/v1/broadcasts/{broadcast}/replay",
    "/sell/{store}/live/{broadcast}/recording.mp4",
    // Nobody is at the window.
    "/pay/{intent}/window/done",
    // For operators.
    "/reviews/reported",
];

/// Rows that change by looking or by waiting, and those of the program itself.
const RESTLESS: &[&str] = &[
    "_sqlx_migrations",
    "audience_minutes",
    "buy_taps",
    "code_turns",
    "codes",
    "events",
    "jobs",
    "outbox",
    "sessions",
    "settings",
];

pub(super) struct World {
    pub(super) deal: Deal,
    pub(super) stranger: Client,
    pub(super) shopper: Client,
    pub(super) rival: Client,
    pub(super) rivals_store: String,
    rivals_variant: String,
    /// What stands for each parameter.
    names: BTreeMap<&'static str, String>,
    product_question: String,
    till_order: String,
}

impl World {
    pub(super) async fn each() -> Vec<World> {
        let mut all = Vec::new();
        for deal in Deal::each(By::Parcel, 2).await {
            all.push(World::around(deal).await);
        }
        all
    }

    async fn around(deal: Deal) -> World {
        let rival = deal.app.shopper("옆집").await;
        let (rivals_store, product) = open_stall(&rival, 3).await;
        let rivals_variant = product["variants"][0]["id"].as_str().unwrap().to_owned();
        let mut world = World {
            stranger: deal.app.stranger(),
            shopper: deal.app.shopper("구경꾼").await,
            rival,
            rivals_store,
            rivals_variant,
            names: BTreeMap::new(),
            product_question: String::new(),
            till_order: String::new(),
            deal,
        };
        world.name("store", world.deal.store.clone());
        world.name("variant", world.deal.variant.clone());
        world.sales().await;
        world.goods().await;
        world.counter().await;
        world.moving().await;
        world.show().await;
        world.deal.app.done().await;
        world
    }

    fn name(&mut self, parameter: &'static str, value: String) {
        assert!(!value.is_empty(), "{parameter} has a name");
        self.names.insert(parameter, value);
    }

    fn db(&self) -> &Db {
        &self.deal.app.app.base.db
    }

    /// The seller does something that has to work.
    async fn seller(&self, method: Method, path: &str, body: &Value) -> Value {
        let path = self.path(&Pattern(path.to_owned()));
        let answer = self.send(&self.deal.seller, &method, &path, Some(body)).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn buyer(&self, method: Method, path: &str, body: &Value) -> Value {
        let path = self.path(&Pattern(path.to_owned()));
        let answer = self.send(&self.deal.buyer, &method, &path, Some(body)).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn sellers_form(&self, path: &str, fields: &[(&str, &str)]) {
        let path = self.path(&Pattern(path.to_owned()));
        let answer = form(&self.deal.seller, &path, fields).await;
        assert!(
            answer.status().is_redirection(),
            "{path}: {} {}",
            answer.status(),
            answer.text().await.unwrap()
        );
    }

    /// Orders, what was sent, what comes back, and who said what of it.
    async fn sales(&mut self) {
        self.name("order", self.deal.id().to_owned());
        self.name("payment", self.deal.order["payment_id"].as_str().unwrap().to_owned());
        self.name("intent", self.deal.order["payment_id"].as_str().unwrap().to_owned());
        let mut wanted = self.deal.wanted(By::Parcel, 1);
        wanted["recipient"] = json!(SECRETS[0]);
        wanted["phone"] = json!(SECRETS[1]);
        wanted["address"] = json!(SECRETS[2]);
        wanted["note"] = json!(SECRETS[3]);
        let placed = self.buyer(Method::POST, "/api/v1/orders", &wanted).await;
        let pay = format!("/api/v1/payments/{}/confirmation", placed["payment_id"].as_str().unwrap());
        let card = json!({ "card": "approve", "amount_won": placed["total_won"] });
        self.buyer(Method::POST, &pay, &card).await;
        let mut at_home = self.deal.wanted(By::Pickup, 1);
        let mut next_door = at_home.clone();
        at_home["recipient"] = json!(SECRETS[0]);
        next_door["lines"][0]["variant_id"] = json!(self.rivals_variant);
        let both = json!({ "orders": [at_home, next_door] });
        let checkout = self.buyer(Method::POST, "/api/v1/checkouts", &both).await;
        self.name("checkout", checkout["id"].as_str().unwrap().to_owned());
        self.name("first", checkout["id"].as_str().unwrap().to_owned());
        let batch = json!({ "to": "preparing", "orders": [{ "order": placed["id"] }] });
        let batch = self.seller(Method::POST, "/api/v1/stores/{store}/order-batches", &batch).await;
        self.name("batch", batch["id"].as_str().unwrap().to_owned());
        let sent = self.deal.send("600000000001").await;
        self.name("shipment", sent["id"].as_str().unwrap().to_owned());
        self.buyer(Method::POST, "/api/v1/orders/{order}/receipt", &json!({})).await;
        let review = json!({ "stars": 5, "words": "싱싱하고 간이 딱 맞아요" });
        let review = self.buyer(Method::POST, "/api/v1/orders/{order}/lines/0/reviews", &review).await;
        self.name("review", review["id"].as_str().unwrap().to_owned());
        self.name("place", "0".to_owned());
        let back = json!({ "lines": [{ "variant_id": self.deal.variant, "quantity": 1 }], "reason": "mind" });
        let back = self.buyer(Method::POST, "/api/v1/orders/{order}/returns", &back).await;
        self.name("return", back["id"].as_str().unwrap().to_owned());
        let closed = self.seller(Method::POST, "/api/v1/stores/{store}/day-closes", &json!({})).await;
        self.name("day", closed["day"].as_str().unwrap_or("2026-11-24").to_owned());
        let mut tx = self.db().begin().await.unwrap();
        sql!(
            run &mut tx,
            "insert into payment_differences
               (id, store_id, provider_order, kind, ours_won, theirs_won, owner, state, found_at_ms, settled_by)
             values ('difference-1', $1, 'order-1', 'amount', 1, 2, 'seller', 'open', 1, '')",
            &self.deal.store
        )
        .unwrap();
        tx.commit().await.unwrap();
        self.name("difference", "difference-1".to_owned());
        self.name("gateway", "sandbox".to_owned());
    }

    /// Products, prices, stock, tables, discounts.
    async fn goods(&mut self) {
        let product: String =
            sql!(value self.db(), "select product_id from variants where id = $1", &self.deal.variant)
                .unwrap();
        self.name("product", product);
        let slug: String =
            sql!(value self.db(), "select slug from stores where id = $1", &self.deal.store).unwrap();
        self.name("slug", slug);
        self.name("attribute", "certificate".to_owned());
        let received = json!({ "reason": "received", "quantity": 3 });
        self.seller(Method::POST, "/api/v1/stores/{store}/stock/{variant}/movements", &received).await;
        let movement: String = sql!(value self.db(),
            "select id from stock_movements where variant_id = $1 order by id desc limit 1", &self.deal.variant).unwrap();
        self.name("movement", movement);
        let coupon = json!({ "gives": "percentage", "percent": 10, "quantity": 5 });
        let coupon = self.seller(Method::POST, "/api/v1/stores/{store}/coupons", &coupon).await;
        self.name("coupon", coupon["id"].as_str().unwrap().to_owned());
        let promotion = json!({ "gives": "amount", "amount_won": 800, "first_order": true });
        let promotion = self.seller(Method::POST, "/api/v1/stores/{store}/promotions", &promotion).await;
        self.name("promotion", promotion["id"].as_str().unwrap().to_owned());
        let closes_at = base::clock::at(self.deal.app.clock.now_ms() + 3_600_000).to_string();
        let together = json!({ "variant_id": self.deal.variant, "most": 3, "closes_at": closes_at,
            "tiers": [{ "pieces": 2, "price_won": 9_000 }] });
        let together = self.seller(Method::POST, "/api/v1/stores/{store}/group-purchases", &together).await;
        self.name("group", together["id"].as_str().unwrap().to_owned());
        let question = json!({ "words": SECRETS[4], "secret": true });
        let question = self.buyer(Method::POST, "/api/v1/products/{product}/questions", &question).await;
        self.product_question = question["id"].as_str().unwrap().to_owned();
        self.sellers_form("/sell/{store}/phrases", &[("phrase", "고맙습니다, 또 오세요")]).await;
        let phrase: String =
            sql!(value self.db(), "select id from phrases where store_id = $1", &self.deal.store).unwrap();
        self.name("phrase", phrase);
        let table = multipart::Part::bytes("이름,값,개수,원산지\n갈치,12000,3,국산\n".as_bytes().to_vec())
            .file_name("a.csv");
        let posted = multipart::Form::new().text("key", "table-1").part("file", table);
        let path = self.path(&Pattern("/sell/{store}/imports".to_owned()));
        let answer = self.deal.seller.ask(Method::POST, &path).multipart(posted).send().await.unwrap();
        assert!(answer.status().is_redirection(), "{} {}", answer.status(), answer.text().await.unwrap());
        let import: String =
            sql!(value self.db(), "select id from imports where store_id = $1", &self.deal.store).unwrap();
        self.name("import", import);
    }

    /// A sign, a sale at the till, and a piece that was sold without a line.
    async fn counter(&mut self) {
        let won: i64 =
            sql!(value self.db(), "select price_won from variants where id = $1", &self.deal.variant)
                .unwrap();
        let line = json!({ "variant_id": self.deal.variant, "quantity": 1, "price_won": won });
        let sale = json!({ "lines": [line], "tender": "cash" });
        let sale = self.seller(Method::POST, "/api/v1/stores/{store}/till/sales", &sale).await;
        self.till_order = sale["order_id"].as_str().unwrap_or_default().to_owned();
        assert!(!self.till_order.is_empty(), "{sale}");
        let mut tx = self.db().begin().await.unwrap();
        sql!(
            run &mut tx,
            "insert into signs (code, store_id, kind, name, key, made_at_ms) values ('7kq2mxwp', $1, 'stall', '', 'k', 1)",
            &self.deal.store
        )
        .unwrap();
        sql!(
            run &mut tx,
            "insert into till_overs (id, store_id, order_id, variant_id, pieces, state, at_ms)
             values ('over-1', $1, $2, $3, 1, 'open', 1)",
            &self.deal.store,
            &self.till_order,
            &self.deal.variant
        )
        .unwrap();
        tx.commit().await.unwrap();
        self.name("code", "7kq2mxwp".to_owned());
        self.name("over", "over-1".to_owned());
    }

    /// The store packed into a file, and a file that the seller brought.
    async fn moving(&mut self) {
        self.sellers_form("/sell/{store}/export", &[("key", "export-key-0123456789")]).await;
        let export = format!("select id from exports where store_id = '{}'", self.deal.store);
        self.name("export", text(self.db(), &export).await);
        let person = text(self.db(), "select id from persons where name = '한파도'").await;
        let mut tx = self.db().begin().await.unwrap();
        sql!(
            run &mut tx,
            "insert into arrivals (id, person_id, key, file_name, bytes, state, created_at_ms, changed_at_ms)
             values ('01970000-0000-7000-8000-00000000a001', $1, 'k', 'store.zip', 1, 'refused', 1, 1)",
            &person
        )
        .unwrap();
        tx.commit().await.unwrap();
        let mut tx = self.db().begin().await.unwrap();
        sql!(
            run &mut tx,
            "insert into diary_entries (id, store_id, key, body_hash, day_ms, words, words_en, created_at_ms)
             values ('01970000-0000-7000-8000-00000000d001', $1, 'k', '', 1, '모판을 냈어요', '', 1)",
            &self.deal.store
        )
        .unwrap();
        tx.commit().await.unwrap();
        self.name("entry", "01970000-0000-7000-8000-00000000d001".to_owned());
        self.name("edition", "1".to_owned());
        self.name("arrival", "01970000-0000-7000-8000-00000000a001".to_owned());
    }

    /// A show on air, with all that a show has.
    async fn show(&mut self) {
        let wanted = json!({ "title": "이른 아침", "products": [self.names["product"]] });
        let show = self.seller(Method::POST, "/api/v1/stores/{store}/broadcasts", &wanted).await;
        let id = show["id"].as_str().unwrap().to_owned();
        self.name("broadcast", id.clone());
        self.sellers_form("/sell/{store}/live/{broadcast}/cues", &[("minutes", "20")]).await;
        let film = Arc::new(Clip::read(FILM.into()).unwrap());
        live::stream::publish_film(&self.deal.app.app.live, &id.parse().unwrap(), film).await.unwrap();
        for _ in 0..200 {
            let show = self.deal.seller.get(&format!("/api/v1/broadcasts/{id}")).await;
            let show: Value = show.json().await.unwrap();
            if show["state"] == "on-air" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let draw = json!({ "kind": "draw", "said": "뽑아 드려요", "winners": 1, "seconds": 300 });
        let draw = self.seller(Method::POST, "/api/v1/broadcasts/{broadcast}/interactions", &draw).await;
        self.name("interaction", draw["id"].as_str().unwrap().to_owned());
        let closing = "/api/v1/broadcasts/{broadcast}/interactions/{interaction}/closing";
        self.seller(Method::POST, closing, &json!({})).await;
        let line = self
            .buyer(Method::POST, "/api/v1/broadcasts/{broadcast}/chat", &json!({ "text": "얼마예요?" }))
            .await;
        self.name("line", line["id"].as_str().unwrap().to_owned());
        let show = &self.names["broadcast"];
        let of =
            |table: &str| format!("select id from {table} where broadcast_id = '{show}' order by id limit 1");
        let question = text(self.db(), &of("questions")).await;
        let cue = text(self.db(), &of("cues")).await;
        let person = text(
            self.db(),
            &format!("select person_id from chat_lines where broadcast_id = '{show}' limit 1"),
        )
        .await;
        let mut tx = self.db().begin().await.unwrap();
        sql!(
            run &mut tx,
            "insert into clips (id, broadcast_id, product_id, from_ms, to_ms, stage)
             values ('clip-1', $1, $2, 1, 9, 'proposed')",
            &id,
            &self.names["product"]
        )
        .unwrap();
        sql!(
            run &mut tx,
            "insert into helpers (id, broadcast_id, name, hash, joined_at_ms, until_ms)
             values ('helper-1', $1, '딸', 'none', 1, 9000000000000)",
            &id
        )
        .unwrap();
        tx.commit().await.unwrap();
        self.name("question", question);
        self.name("cue", cue);
        self.name("person", person);
        self.name("clip", "clip-1".to_owned());
        self.name("helper", "helper-1".to_owned());
        self.name("file", "video.m3u8".to_owned());
        self.name("photo", "none".to_owned());
        self.name("key", "none".to_owned());
        self.name("session", "none".to_owned());
        let session = text(
            self.db(),
            "select s.id from sessions s join persons p on p.id = s.person_id where p.name = '지나' limit 1",
        )
        .await;
        self.name("id", session);
    }

    /// The address of a route in the victim's store.
    pub(super) fn path(&self, pattern: &Pattern) -> String {
        let live = ["/api/v1/broadcasts/", "/live/"].iter().any(|start| pattern.0.starts_with(start));
        let filled = pattern.0.split('/').map(|piece| {
            let Some(name) = piece.strip_prefix('{').and_then(|piece| piece.strip_suffix('}')) else {
                return piece.to_owned();
            };
            match name {
                "order" if pattern.0.contains("/till/") => self.till_order.clone(),
                "question" if !live => self.product_question.clone(),
                "*path" => "none".to_owned(),
                name => {
                    self.names.get(name).unwrap_or_else(|| panic!("{}: what is {name}?", pattern.0)).clone()
                }
            }
        });
        let path = filled.collect::<Vec<_>>().join("/");
        // The window of a payment company brings its own fields along.
        let is_window = path.ends_with("/window/done");
        if is_window { format!("{path}?paymentKey=none&orderId=none&amount=1") } else { path }
    }

    /// The same below the rival's own store, when the route names something else of the victim's too.
    pub(super) fn in_the_rivals_place(&self, pattern: &Pattern) -> Option<String> {
        let holes: BTreeSet<&str> = pattern.0.split('/').filter(|piece| piece.starts_with('{')).collect();
        let theirs = holes.iter().any(|hole| !["{store}", "{day}", "{attribute}"].contains(hole));
        let swapped = pattern.0.replace("{store}", &self.rivals_store);
        (holes.contains("{store}") && theirs).then(|| self.path(&Pattern(swapped)))
    }

    pub(super) async fn get(&self, who: &Client, path: &str) -> Response {
        let mut request = who.ask(Method::GET, path);
        if path.starts_with("/api/") {
            request = request.header("accept", "application/json");
        } else if path.ends_with("/socket") {
            request = request
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        } else {
            request = request.header("accept", "text/html");
        }
        request.send().await.unwrap()
    }

    pub(super) async fn send(
        &self,
        who: &Client,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Response {
        let key = uuid::Uuid::new_v4().to_string();
        let request =
            who.ask(method.clone(), path).header("accept", "application/json").header("idempotency-key", key);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
        .send()
        .await
        .unwrap()
    }

    pub(super) async fn submit(&self, who: &Client, path: &str, form: &Form) -> Response {
        let request = who.ask(Method::POST, path).header("accept", "text/html");
        if !form.is_multipart {
            return request.form(&form.fields).send().await.unwrap();
        }
        let parts = form.fields.iter().cloned();
        let body = parts.fold(multipart::Form::new(), |body, (name, value)| body.text(name, value));
        request.multipart(body).send().await.unwrap()
    }

    /// Every row that names something of the victim's, by its table.
    pub(super) async fn rows(&self) -> BTreeSet<(String, String)> {
        self.deal.app.done().await;
        let ids: Vec<&str> = self.names.values().map(String::as_str).filter(|name| name.len() > 20).collect();
        let mut all = BTreeSet::new();
        for table in tables(self.db()).await {
            if RESTLESS.contains(&table.as_str()) {
                continue;
            }
            for row in whole(self.db(), &table).await {
                if ids.iter().any(|id| row.contains(id)) {
                    all.insert((table.clone(), row));
                }
            }
        }
        assert!(all.len() > 40, "the victim has rows: {}", all.len());
        all
    }
}

/// What has changed, row by row.
pub(super) fn changed(
    before: &BTreeSet<(String, String)>,
    after: &BTreeSet<(String, String)>,
) -> Vec<String> {
    let gone = before.difference(after).map(|(table, row)| format!("{table} lost {row}"));
    let new = after.difference(before).map(|(table, row)| format!("{table} got {row}"));
    gone.chain(new).collect()
}

async fn text(db: &Db, query: &str) -> String {
    texts(db, query).await.into_iter().next().unwrap_or_else(|| panic!("{query}: nothing"))
}

/// The first column of every row.
async fn texts(db: &Db, query: &str) -> Vec<String> {
    // The text of a query lives as long as the program, here as elsewhere.
    let query: &'static str = Box::leak(query.to_owned().into_boxed_str());
    let rows: Vec<(String,)> = sql!(all db, query).unwrap();
    rows.into_iter().map(|(text,)| text).collect()
}

async fn tables(db: &Db) -> Vec<String> {
    let query = if db.is_postgres() {
        "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    } else {
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    };
    texts(db, query).await
}

/// The rows of a table, each as one text.
async fn whole(db: &Db, table: &str) -> Vec<String> {
    if db.is_postgres() {
        return texts(db, &format!("select row_to_json(t)::text from \"{table}\" t")).await;
    }
    let columns = texts(db, &format!("select name from pragma_table_info('{table}')")).await;
    let columns: Vec<String> =
        columns.iter().map(|column| format!("'{column}=' || quote(\"{column}\")")).collect();
    texts(db, &format!("select {} from \"{table}\"", columns.join(" || ' ' || "))).await
}
