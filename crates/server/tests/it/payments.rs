//! Payments through the front door: keys, webhooks true and forged, refunds, and what a browser may not change.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::sale::{open_stall, order_for};

/// A stall with mackerel, its seller, and a buyer who has ordered one.
pub(crate) struct Sale {
    pub(crate) app: App,
    pub(crate) seller: Client,
    pub(crate) buyer: Client,
    pub(crate) store: String,
    pub(crate) order: Value,
}

impl Sale {
    pub(crate) async fn each() -> Vec<Sale> {
        let mut all = Vec::new();
        for app in App::each().await {
            let seller = app.shopper("한파도").await;
            let (store, product) = open_stall(&seller, 5).await;
            let buyer = app.shopper("지나").await;
            let order = order_for(&product["variants"][0]["id"]);
            let order: Value = buyer.post("/api/v1/orders", &order).await.json().await.unwrap();
            all.push(Sale { app, seller, buyer, store, order });
        }
        all
    }

    pub(crate) fn payment(&self, rest: &str) -> String {
        format!("/api/v1/payments/{}{rest}", self.order["payment_id"].as_str().unwrap())
    }

    pub(crate) fn card(&self, card: &str) -> Value {
        json!({ "card": card, "amount_won": self.order["total_won"] })
    }

    pub(crate) async fn pay(&self, card: &str, key: &str) -> (u16, Value) {
        let answer = self.buyer.post_with(&self.payment("/confirmation"), &self.card(card), key).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn state(&self) -> Value {
        let path = format!("/api/v1/orders/{}", self.order["id"].as_str().unwrap());
        let order: Value = self.buyer.get(&path).await.json().await.unwrap();
        order["payment_state"].clone()
    }

    /// What comes to the store's door for webhooks.
    pub(crate) async fn hook(&self, body: &str) -> u16 {
        let path = format!("/hooks/sandbox/{}", self.store);
        let sent = self.app.stranger().ask(Method::POST, &path).body(body.to_owned()).send().await.unwrap();
        sent.status().as_u16()
    }

    pub(crate) async fn open_account(&self) -> Value {
        let body = json!({
            "bank": "11", "amount_won": self.order["total_won"],
            "refund_to": { "bank": "90", "number": "3333-01-234567", "holder": "지나" },
        });
        let opened = self.buyer.post(&self.payment("/deposit-account"), &body).await;
        assert_eq!(opened.status(), 201, "{}", self.app.engine);
        opened.json().await.unwrap()
    }

    async fn outcomes(&self) -> Vec<String> {
        self.app.done().await;
        base::sql!(
            values & self.app.app.base.db,
            "select outcome from payment_inbox order by received_at_ms, id"
        )
        .unwrap()
    }
}

#[tokio::test]
async fn a_key_gives_the_same_try_another_body_is_refused_and_a_running_one_says_so() {
    for sale in Sale::each().await {
        let (status, first) = sale.pay("silent", "tap").await;
        assert_eq!((status, &first["attempt_state"]), (200, &json!("unknown")), "{}", sale.app.engine);
        let (status, again) = sale.pay("silent", "tap").await;
        assert_eq!((status, &again["attempt_id"]), (200, &first["attempt_id"]));
        let (status, other) = sale.pay("approve", "tap").await;
        assert_eq!((status, &other["type"]), (422, &json!("/problems/key-reused")));
        let (status, running) = sale.pay("approve", "another tap").await;
        assert_eq!((status, &running["type"]), (400, &json!("/problems/idempotency-key")));
        let (status, running) = sale.pay("approve", "another-tap").await;
        assert_eq!((status, &running["type"]), (409, &json!("/problems/still-running")));
        let without =
            sale.buyer.ask(Method::POST, &sale.payment("/confirmation")).json(&sale.card("approve"));
        assert_eq!(without.send().await.unwrap().status(), 400);
        let mut cheap = sale.card("approve");
        cheap["amount_won"] = json!(1);
        let changed = sale.buyer.post(&sale.payment("/confirmation"), &cheap).await;
        assert_eq!(changed.status(), 409);
    }
}

#[tokio::test]
async fn late_doubled_and_disordered_news_is_one_payment() {
    for card in ["twice", "late", "reordered"] {
        for sale in Sale::each().await {
            // The page has no such cards; the company's own window does.
            let intent = sale.order["payment_id"].as_str().unwrap().parse().unwrap();
            shop::payment::pay(&sale.app.app.shop, &intent, "k", card).await.unwrap();
            for _ in 0..3 {
                sale.app.later(std::time::Duration::from_secs(5 * 60)).await;
                sale.app.sandbox.deliver().await;
            }
            sale.app.done().await;
            assert_eq!(sale.state().await, "paid", "{card} {}", sale.app.engine);
            let kept: i64 = sale.app.sandbox.payments().iter().map(|one| one.kept).sum();
            assert_eq!(kept, 9_800, "{card} {}", sale.app.engine);
            assert!(sale.outcomes().await.iter().all(|outcome| outcome == "asked"));
        }
    }
}

#[tokio::test]
async fn forged_repeated_and_unknown_news_changes_nothing() {
    for sale in Sale::each().await {
        let account = sale.open_account().await;
        let order = account["attempt_id"].as_str().unwrap();
        let paid = json!({ "orderId": order, "status": "DONE", "secret": "ps_guessed", "createdAt": "x" });
        assert_eq!(sale.hook(&paid.to_string()).await, 200);
        assert_eq!(sale.hook(&paid.to_string()).await, 200, "a repeated letter is taken, and not read again");
        let event =
            json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": { "orderId": order, "status": "DONE" } });
        assert_eq!(sale.hook(&event.to_string()).await, 200);
        let unknown = json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": { "orderId": "nobody" } });
        assert_eq!(sale.hook(&unknown.to_string()).await, 200);
        assert_eq!(sale.hook("not json \u{0}").await, 200);
        let mut outcomes = sale.outcomes().await;
        outcomes.sort_unstable();
        assert_eq!(outcomes, ["asked", "forged", "unknown", "unreadable"], "{}", sale.app.engine);
        assert_eq!(sale.state().await, "awaiting");
        assert_eq!(sale.app.sandbox.payments()[0].kept, 0);

        let nowhere = format!("/hooks/toss/{}", sale.store);
        let wrong = sale.app.stranger().ask(Method::POST, &nowhere).body("{}").send().await.unwrap();
        assert_eq!(wrong.status(), 404, "a company the store has not signed with");
        assert_eq!(sale.hook(&"x".repeat(65 * 1024)).await, 413);
        let mut answers = Vec::new();
        for turn in 0..130 {
            answers.push(sale.hook(&format!("{{\"n\":{turn}}}")).await);
        }
        assert!(answers.contains(&429), "a flood is sent away");
    }
}

#[tokio::test]
async fn a_deposit_is_told_paid_and_taken_back() {
    for sale in Sale::each().await {
        let account = sale.open_account().await;
        assert_eq!(account["state"], "awaiting-deposit", "{}", sale.app.engine);
        assert!(account["deposit_account"]["number"].as_str().is_some_and(|number| number.len() > 8));
        let order = sale.order["id"].as_str().unwrap();
        let page = sale.buyer.page(&format!("/orders/{order}")).await.text().await.unwrap();
        assert!(page.contains(account["deposit_account"]["number"].as_str().unwrap()), "{page}");
        for (what, state) in [("deposits", "paid"), ("reversals", "awaiting"), ("deposits", "paid")] {
            let sent = reqwest::Client::new()
                .post(format!("{}/sandbox/{what}", sale.app.sandbox.url()))
                .basic_auth(format!("test_sk_{}", sale.store), Some(""))
                .body(json!({ "orderId": account["attempt_id"] }).to_string())
                .send()
                .await
                .unwrap();
            assert_eq!(sent.status(), 200);
            sale.app.later(std::time::Duration::from_secs(1)).await;
            assert_eq!(sale.app.sandbox.deliver().await, 1, "the news is taken");
            sale.app.done().await;
            assert_eq!(sale.state().await, state, "{what} {}", sale.app.engine);
        }
        let payments = sale.seller.page(&format!("/sell/{}/payments", sale.store)).await;
        assert!(payments.text().await.unwrap().contains("은행이 입금을 되돌렸어요"));
    }
}

#[tokio::test]
async fn a_part_goes_back_by_the_sellers_word_alone() {
    for sale in Sale::each().await {
        sale.pay("approve", "tap").await;
        let order = sale.order["id"].as_str().unwrap();
        let path = format!("/api/v1/stores/{}/orders/{order}/refunds", sale.store);
        let part = json!({ "amount_won": 3_000, "reason": "한 마리가 상해서" });
        let first = sale.seller.post_with(&path, &part, "r1").await;
        assert_eq!(first.status(), 201, "{}", sale.app.engine);
        let first: Value = first.json().await.unwrap();
        let again: Value = sale.seller.post_with(&path, &part, "r1").await.json().await.unwrap();
        assert_eq!(first["id"], again["id"]);
        let other = json!({ "amount_won": 4_000 });
        assert_eq!(sale.seller.post_with(&path, &other, "r1").await.status(), 422);
        let much = json!({ "amount_won": 7_000 });
        let refused = sale.seller.post_with(&path, &much, "r2").await;
        assert_eq!(refused.status(), 409);
        let refused: Value = refused.json().await.unwrap();
        assert!(refused["detail"].as_str().unwrap().contains("6,800"), "{refused}");
        for rival in [&sale.buyer, &sale.app.shopper("다른 사장").await] {
            assert_eq!(rival.post_with(&path, &other, "r3").await.status(), 404);
        }
        sale.app.done().await;
        let list: Value = sale.seller.get(&path).await.json().await.unwrap();
        assert_eq!(
            (&list["items"][0]["state"], list["items"].as_array().unwrap().len()),
            (&json!("done"), 1)
        );
        assert_eq!(sale.app.sandbox.payments()[0].kept, 6_800);
        let form = [("key", "form1"), ("amount", "많이"), ("reason", "잘못 적음")];
        let page = format!("/sell/{}/orders/{order}/refunds", sale.store);
        let wrong = sale.seller.ask(Method::POST, &page).header("accept", "text/html").form(&form);
        let wrong = wrong.send().await.unwrap();
        assert_eq!(wrong.status(), 422);
        assert!(wrong.text().await.unwrap().contains("value=\"잘못 적음\""));
        let form = [("key", "form1"), ("amount", "6,800원"), ("reason", "")];
        let given = sale.seller.ask(Method::POST, &page).header("accept", "text/html").form(&form);
        assert_eq!(given.send().await.unwrap().status(), 303);
        sale.app.done().await;
        assert_eq!(sale.state().await, "refunded", "{}", sale.app.engine);
    }
}

#[tokio::test]
async fn one_button_charges_what_it_showed_or_nothing() {
    for sale in Sale::each().await {
        // The first purchase keeps the card.
        let pay = format!("/pay/{}", sale.order["payment_id"].as_str().unwrap());
        let form = [("answer", "approve"), ("keep", "on"), ("key", "first")];
        let paid = sale.buyer.ask(Method::POST, &pay).header("accept", "text/html").form(&form);
        assert_eq!(paid.send().await.unwrap().status(), 303);
        let product = sale.order["lines"][0]["product_id"].as_str().unwrap();
        let variant = sale.order["lines"][0]["variant_id"].as_str().unwrap();
        let buy = format!("/products/{product}/buy");
        let sheet = sale.buyer.page(&buy).await.text().await.unwrap();
        let totals = format!("{variant}:9800:");
        assert!(sheet.contains(&format!("name=\"totals\" value=\"{totals}\"")), "{}", sale.app.engine);
        let press = async |key: &str, totals: &str| {
            let form =
                [("key", key), ("variant", variant), ("quantity", "1"), ("now", "1"), ("totals", totals)];
            let sent = sale.buyer.ask(Method::POST, &buy).header("accept", "text/html").form(&form);
            sent.send().await.unwrap().status().as_u16()
        };
        for changed in ["", "nonsense", &format!("{variant}:1"), &format!("{variant}:-9800")] {
            assert_eq!(press("changed", changed).await, 409, "{changed}");
        }
        assert_eq!(sale.app.sandbox.payments().len(), 1, "nothing was charged");
        assert_eq!(press("tap", &totals).await, 303);
        assert_eq!(press("tap", &totals).await, 303);
        let kept: i64 = sale.app.sandbox.payments().iter().map(|one| one.kept).sum();
        assert_eq!(kept, 19_600, "{}: one more charge, however often it is pressed", sale.app.engine);
    }
}

#[tokio::test]
async fn whoever_leaves_takes_card_and_name_along_and_the_order_stays() {
    for sale in Sale::each().await {
        let pay = format!("/pay/{}", sale.order["payment_id"].as_str().unwrap());
        let form = [("answer", "approve"), ("keep", "on"), ("key", "first")];
        sale.buyer.ask(Method::POST, &pay).header("accept", "text/html").form(&form).send().await.unwrap();
        let wanted = json!({ "title": "이른 아침", "products": [sale.order["lines"][0]["product_id"]] });
        let show: Value = sale
            .seller
            .post(&format!("/api/v1/stores/{}/broadcasts", sale.store), &wanted)
            .await
            .json()
            .await
            .unwrap();
        let chat = format!("/api/v1/broadcasts/{}/chat", show["id"].as_str().unwrap());
        assert_eq!(sale.buyer.post(&chat, &json!({ "text": "국산이에요?" })).await.status(), 201);

        let left = sale.buyer.ask(Method::DELETE, "/api/v1/me").send().await.unwrap();
        assert_eq!(left.status(), 204);
        sale.app.done().await;
        let db = &sale.app.app.base.db;
        let cards: i64 = base::sql!(value db, "select count(*) from stored_methods").unwrap();
        assert_eq!(cards, 0, "{}", sale.app.engine);
        let said: Value = sale.app.stranger().get(&chat).await.json().await.unwrap();
        assert_eq!(
            (&said["items"][0]["name"], &said["items"][0]["text"]),
            (&json!("손님"), &json!("국산이에요?"))
        );
        let orders: i64 =
            base::sql!(value db, "select count(*) from orders where payment_state = 'paid'").unwrap();
        assert_eq!(orders, 1, "the law has it kept");
    }
}
