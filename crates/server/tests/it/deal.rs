//! A sale that has been paid, and what comes after it.

use base::sql;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Client};

/// How the goods reach the buyer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Parcel,
    Pickup,
}

/// A stall with mackerel at 10,000 won, ten of them, and a buyer who has ordered some.
pub(crate) struct Deal {
    pub(crate) app: App,
    pub(crate) seller: Client,
    pub(crate) buyer: Client,
    pub(crate) store: String,
    pub(crate) order: Value,
    pub(crate) variant: String,
}

impl Deal {
    /// One for each engine, paid.
    pub(crate) async fn each(by: By, quantity: i64) -> Vec<Deal> {
        Deal::of(by, quantity, "normal").await
    }

    /// One for each engine, paid; `withdrawal` is what was said about sending it back.
    pub(crate) async fn of(by: By, quantity: i64, withdrawal: &str) -> Vec<Deal> {
        let mut all = Vec::new();
        for app in App::each().await {
            let deal = Deal::open(app, by, quantity, withdrawal).await;
            deal.pay().await;
            all.push(deal);
        }
        all
    }

    /// One for each engine, not paid yet.
    pub(crate) async fn unpaid(by: By) -> Vec<Deal> {
        let mut all = Vec::new();
        for app in App::each().await {
            all.push(Deal::open(app, by, 1, "normal").await);
        }
        all
    }

    async fn open(app: App, by: By, quantity: i64, withdrawal: &str) -> Deal {
        let seller = app.shopper("한파도").await;
        let (store, _) = crate::sale::open_stall(&seller, 1).await;
        let product = json!({
            "name": { "ko": "자반고등어" }, "category": "other", "attributes": { "certificate": ["none"] }, "origin": { "ko": "국내산" }, "withdrawal": withdrawal,
            "variants": [{ "pick": [], "price_won": 10_000, "stock": 10 }], "pickup": true, "parcel": true,
        });
        let made: Value =
            seller.post(&format!("/api/v1/stores/{store}/products"), &product).await.json().await.unwrap();
        let path = format!("/api/v1/products/{}", made["id"].as_str().unwrap());
        let shown: Value = seller.get(&path).await.json().await.unwrap();
        let variant = shown["variants"][0]["id"].as_str().unwrap().to_owned();
        let buyer = app.shopper("지나").await;
        let mut deal = Deal { app, seller, buyer, store, order: Value::Null, variant };
        deal.order = deal.place(&deal.buyer, by, quantity).await;
        deal
    }

    /// Another order of the same goods.
    pub(crate) async fn place(&self, buyer: &Client, by: By, quantity: i64) -> Value {
        let placed = buyer.post("/api/v1/orders", &self.wanted(by, quantity)).await;
        assert_eq!(placed.status(), 201, "{}", self.app.engine);
        placed.json().await.unwrap()
    }

    pub(crate) fn wanted(&self, by: By, quantity: i64) -> Value {
        let mut wanted = json!({
            "lines": [{ "variant_id": self.variant, "quantity": quantity }],
            "hand_over": "pickup", "recipient": "지나", "phone": "010-0000-0001", "agreed": true,
        });
        if by == By::Parcel {
            wanted["hand_over"] = json!("parcel");
            wanted["postcode"] = json!("04524");
            wanted["address"] = json!("세종대로 110");
        }
        wanted
    }

    async fn pay(&self) {
        let confirmation = json!({ "card": "approve", "amount_won": self.order["total_won"] });
        let path = format!("/api/v1/payments/{}/confirmation", self.order["payment_id"].as_str().unwrap());
        assert_eq!(self.buyer.post(&path, &confirmation).await.status(), 200, "{}", self.app.engine);
    }

    pub(crate) fn id(&self) -> &str {
        self.order["id"].as_str().unwrap()
    }

    /// A path of the store's API.
    pub(crate) fn of_store(&self, rest: &str) -> String {
        format!("/api/v1/stores/{}/{rest}", self.store)
    }

    /// The order as it stands.
    pub(crate) async fn now(&self) -> Value {
        self.buyer.get(&format!("/api/v1/orders/{}", self.id())).await.json().await.unwrap()
    }

    /// Sends a parcel, a moment after the one before, and gives it.
    pub(crate) async fn send(&self, number: &str) -> Value {
        self.app.clock.advance(std::time::Duration::from_secs(1));
        let path = self.of_store(&format!("orders/{}/shipments", self.id()));
        let sent = self.seller.post(&path, &json!({ "carrier": "cj", "number": number })).await;
        assert_eq!(sent.status(), 201, "{}", self.app.engine);
        sent.json().await.unwrap()
    }

    /// Sends the order, and the buyer has it.
    pub(crate) async fn receive(&self) {
        self.send("600000000001").await;
        let got = self.buyer.post(&format!("/api/v1/orders/{}/receipt", self.id()), &json!({})).await;
        assert_eq!(got.status(), 204, "{}", self.app.engine);
    }

    /// On hand and promised.
    pub(crate) async fn stock(&self) -> (i64, i64) {
        sql!(
            one & self.app.app.base.db,
            "select on_hand, reserved from stock_levels where variant_id = $1",
            &self.variant
        )
        .unwrap()
    }

    /// Money at the payment company that nobody has given back.
    pub(crate) fn kept(&self) -> i64 {
        self.app.sandbox.payments().iter().map(|payment| payment.kept).sum()
    }

    /// What is always true, whatever happened.
    pub(crate) async fn check(&self) {
        let db = &self.app.app.base.db;
        let engine = self.app.engine;
        let wrong: i64 = sql!(value db,
            "select count(*) from stock_levels l where l.on_hand <>
               (select coalesce(sum(m.quantity), 0) from stock_movements m where m.variant_id = l.variant_id)")
        .unwrap();
        assert_eq!(wrong, 0, "{engine}: movements come to the stock");
        let wrong: i64 = sql!(value db,
            "select count(*) from stock_levels l where l.reserved <>
               (select coalesce(sum(r.quantity), 0) from stock_reservations r
                where r.variant_id = l.variant_id and r.state = 'held')")
        .unwrap();
        assert_eq!(wrong, 0, "{engine}: holds come to what is promised");
        let sum: i64 =
            sql!(value db, "select cast(coalesce(sum(amount_won), 0) as bigint) from ledger_entries")
                .unwrap();
        assert_eq!(sum, 0, "{engine}: the ledger comes to nothing");
        let wrong: i64 = sql!(value db,
            "select count(*) from order_lines l where l.returned <>
               (select coalesce(sum(r.quantity), 0) from return_lines r join returns b on b.id = r.return_id
                where r.order_id = l.order_id and r.place = l.place and b.state not in ('refused', 'taken-back'))")
        .unwrap();
        assert_eq!(wrong, 0, "{engine}: pieces on their way back come to what the lines say");
        let wrong: i64 = sql!(value db,
            "select count(*) from returns b where b.paid_won > 0 and b.paid_won <>
               (select r.amount_won from refunds r where r.id = b.refund_id)")
        .unwrap();
        assert_eq!(wrong, 0, "{engine}: what a return paid is its refund");
    }
}

/// The status and the problem's type of an answer.
pub(crate) async fn told(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    (status, body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/").to_owned())
}

/// A form, as a browser sends it.
pub(crate) async fn form(who: &Client, path: &str, fields: &[(&str, &str)]) -> reqwest::Response {
    who.ask(Method::POST, path).header("accept", "text/html").form(fields).send().await.unwrap()
}

/// Where an answer leads.
pub(crate) fn whither(answer: &reqwest::Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}
