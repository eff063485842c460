//! The protocol, spoken to the server as a shop would: what it grants, what it refuses and how, what it remembers.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::Method;
use sandbox::{Sandbox, Settings, Status};
use serde_json::{Value, json};

const MORNING_MS: i64 = 1_795_471_200_000;

struct Company {
    sandbox: Sandbox,
    now_ms: Arc<AtomicI64>,
}

impl Company {
    async fn open(books: Option<PathBuf>) -> Company {
        let now_ms = Arc::new(AtomicI64::new(MORNING_MS));
        let clock = now_ms.clone();
        let settings = Settings {
            seed: 1,
            now: Arc::new(move || clock.load(Ordering::SeqCst)),
            webhook: None,
            books,
            chaos_percent: 0,
        };
        Company { sandbox: Sandbox::start(settings).await.unwrap(), now_ms }
    }

    async fn ask(&self, method: Method, key: &str, path: &str, body: Value, once: &str) -> (u16, Value) {
        let mut request = reqwest::Client::new()
            .request(method, format!("{}{path}", self.sandbox.url()))
            .basic_auth(key, Some(""))
            .body(body.to_string());
        if !once.is_empty() {
            request = request.header("idempotency-key", once);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    async fn post(&self, path: &str, body: Value, once: &str) -> (u16, Value) {
        self.ask(Method::POST, "test_sk_mine", path, body, once).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, "test_sk_mine", path, json!({}), "").await
    }

    /// A payment its buyer has agreed to by this card.
    async fn agreed(&self, order: &str, card: &str) -> String {
        let body =
            json!({ "orderId": order, "amount": 9_800, "orderName": "고등어", "metadata": { "card": card } });
        let (status, payment) = self.post("/v1/payments", body, "").await;
        assert_eq!(status, 200);
        payment["paymentKey"].as_str().unwrap().to_owned()
    }

    async fn confirm(&self, key: &str, order: &str, amount: i64, once: &str) -> (u16, Value) {
        let body = json!({ "paymentKey": key, "orderId": order, "amount": amount });
        self.post("/v1/payments/confirm", body, once).await
    }
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn every_refusal_has_its_status_and_its_code() {
    let company = Company::open(None).await;
    let nobody = company.ask(Method::GET, "live_sk_x", "/v1/payments/orders/order-1", json!({}), "").await;
    assert_eq!(code(&nobody), (401, "UNAUTHORIZED_KEY"));
    assert_eq!(code(&company.get("/v1/payments/orders/order-1").await), (404, "NOT_FOUND_PAYMENT"));
    let short = company.post("/v1/payments", json!({ "orderId": "x", "amount": 9_800 }), "").await;
    assert_eq!(code(&short), (400, "INVALID_REQUEST"));
    let little = company.post("/v1/payments", json!({ "orderId": "order-0", "amount": 99 }), "").await;
    assert_eq!(code(&little), (400, "BELOW_MINIMUM_AMOUNT"));

    let key = company.agreed("order-1", "approve").await;
    assert_eq!(code(&company.confirm(&key, "order-1", 1, "").await), (400, "INVALID_REQUEST"));
    assert_eq!(company.confirm(&key, "order-1", 9_800, "").await.0, 200);
    let again = company.confirm(&key, "order-1", 9_800, "").await;
    assert_eq!(code(&again), (400, "ALREADY_PROCESSED_PAYMENT"));
    let rival = company.ask(Method::GET, "test_sk_rival", "/v1/payments/orders/order-1", json!({}), "").await;
    assert_eq!(code(&rival), (404, "NOT_FOUND_PAYMENT"));

    let declined = company.agreed("order-2", "decline").await;
    assert_eq!(code(&company.confirm(&declined, "order-2", 9_800, "").await), (403, "REJECT_CARD_PAYMENT"));
    let late = company.agreed("order-3", "approve").await;
    company.now_ms.fetch_add(31 * 60_000, Ordering::SeqCst);
    let late = company.confirm(&late, "order-3", 9_800, "").await;
    assert_eq!(code(&late), (404, "NOT_FOUND_PAYMENT_SESSION"));
    let long = company.post("/v1/payments", json!({}), &"k".repeat(301)).await;
    assert_eq!(code(&long), (400, "INVALID_IDEMPOTENCY_KEY"));
}

#[tokio::test]
async fn parts_go_back_until_nothing_is_left_and_a_key_is_one_of_them() {
    let company = Company::open(None).await;
    let key = company.agreed("order-1", "approve").await;
    company.confirm(&key, "order-1", 9_800, "").await;
    let path = format!("/v1/payments/{key}/cancel");
    let part = json!({ "cancelReason": "상해서", "cancelAmount": 3_000 });
    for _ in 0..3 {
        let (status, payment) = company.post(&path, part.clone(), "r1").await;
        assert_eq!((status, &payment["balanceAmount"]), (200, &json!(6_800)));
        assert_eq!(payment["status"], "PARTIAL_CANCELED");
    }
    let much = json!({ "cancelReason": "더", "cancelAmount": 6_801 });
    assert_eq!(code(&company.post(&path, much, "r2").await), (403, "NOT_CANCELABLE_AMOUNT"));
    let rest = company.post(&path, json!({ "cancelReason": "나머지" }), "r3").await;
    assert_eq!((rest.0, &rest.1["status"]), (200, &json!("CANCELED")));
    let more = company.post(&path, json!({ "cancelReason": "또" }), "r4").await;
    assert_eq!(code(&more), (400, "ALREADY_CANCELED_PAYMENT"));
    let list = "/v1/transactions?startDate=2026-11-24T00:00:00&endDate=2026-11-25T00:00:00";
    let (_, all) = company.get(list).await;
    let rows: Vec<_> = all.as_array().unwrap().iter().map(|row| (&row["status"], &row["amount"])).collect();
    assert_eq!(
        rows,
        [
            (&json!("DONE"), &json!(9_800)),
            (&json!("PARTIAL_CANCELED"), &json!(3_000)),
            (&json!("CANCELED"), &json!(6_800))
        ]
    );
    let (_, next) = company
        .get(&format!("{list}&limit=1&startingAfter={}", all[0]["transactionKey"].as_str().unwrap()))
        .await;
    assert_eq!(next.as_array().unwrap().len(), 1);
    assert_eq!(next[0]["transactionKey"], all[1]["transactionKey"]);
}

#[tokio::test]
async fn an_answer_may_be_lost_and_the_same_key_finds_it_again() {
    let company = Company::open(None).await;
    let key = company.agreed("order-1", "silent").await;
    let lost = reqwest::Client::new()
        .post(format!("{}/v1/payments/confirm", company.sandbox.url()))
        .basic_auth("test_sk_mine", Some(""))
        .header("idempotency-key", "c1")
        .body(json!({ "paymentKey": key, "orderId": "order-1", "amount": 9_800 }).to_string())
        .send()
        .await;
    assert!(lost.is_err(), "the connection ends without an answer");
    assert_eq!(company.sandbox.payments()[0].status, Status::Done);
    let (status, found) = company.confirm(&key, "order-1", 9_800, "c1").await;
    assert_eq!((status, &found["status"]), (200, &json!("DONE")));
    let busy = company.agreed("order-2", "busy").await;
    let first = company.confirm(&busy, "order-2", 9_800, "c2").await;
    assert_eq!(code(&first), (409, "IDEMPOTENT_REQUEST_PROCESSING"));
    assert_eq!(company.confirm(&busy, "order-2", 9_800, "c2").await.0, 200);
    let broken = company.agreed("order-3", "broken").await;
    assert_eq!(company.confirm(&broken, "order-3", 9_800, "c3").await.0, 500);
    assert_eq!(company.confirm(&broken, "order-3", 9_800, "c3").await.0, 200);
}

#[tokio::test]
async fn a_kept_card_is_one_merchants_and_one_customers() {
    let company = Company::open(None).await;
    let issue = json!({ "customerKey": "customer-1", "authKey": "approve" });
    let (_, kept) = company.post("/v1/billing/authorizations/issue", issue, "").await;
    let path = format!("/v1/billing/{}", kept["billingKey"].as_str().unwrap());
    let ask = |customer: &str| json!({ "customerKey": customer, "orderId": "order-1", "amount": 9_800 });
    let other = company.post(&path, ask("customer-2"), "").await;
    assert_eq!(code(&other), (403, "NOT_MATCHES_CUSTOMER_KEY"));
    let rival = company.ask(Method::POST, "test_sk_rival", &path, ask("customer-1"), "").await;
    assert_eq!(code(&rival), (404, "NOT_FOUND_BILLING_KEY"));
    let (status, paid) = company.post(&path, ask("customer-1"), "").await;
    assert_eq!((status, &paid["status"]), (200, &json!("DONE")));
}

#[tokio::test]
async fn the_books_outlive_the_company() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books.jsonl");
    let first = Company::open(Some(books.clone())).await;
    let key = first.agreed("order-1", "approve").await;
    first.confirm(&key, "order-1", 9_800, "c1").await;
    let path = format!("/v1/payments/{key}/cancel");
    let part = json!({ "cancelReason": "상해서", "cancelAmount": 3_000 });
    first.post(&path, part.clone(), "r1").await;
    first.sandbox.stop();
    // A line cut off in the middle, as a killed process leaves it.
    std::fs::OpenOptions::new()
        .append(true)
        .open(&books)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"Payment\":{\"merch"))
        .unwrap();
    let second = Company::open(Some(books.clone())).await;
    assert_eq!(second.sandbox.payments()[0].kept, 6_800);
    let (_, again) = second.post(&path, part, "r1").await;
    assert_eq!(again["balanceAmount"], 6_800, "the key is remembered too");
    let other = second.agreed("order-2", "approve").await;
    assert_ne!(other, key, "no name is given out twice");
    second.sandbox.stop();
    assert_eq!(Company::open(Some(books)).await.sandbox.payments().len(), 2);
}
