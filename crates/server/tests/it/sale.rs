//! A sale from end to end through the API, on both engines, and what a rival cannot reach.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Client};

/// A stall of the demo's kind, whole by law.
fn stall() -> Value {
    json!({
        "category": "fish",
        "name": { "ko": "고등어네" },
        "line": { "ko": "새벽에 들어온 것만" },
        "pickup": { "ko": "3번 골목" },
        "hours": { "ko": "06:00–18:00" },
        "identity": {
            "company": "고등어네", "representative": "한파도", "address": "등대길 7", "phone": "010-0000-0011",
            "business_number": "000-00-00015", "mail_order_exempt": true,
        },
    })
}

fn mackerel(stock: i64) -> Value {
    json!({
        "name": { "ko": "고등어 한 손" },
        "category": "other", "attributes": { "certificate": ["none"] },
        "origin": { "ko": "고등어: 국내산(제주)" },
        "variants": [{ "pick": [], "price_won": 9800, "stock": stock }],
        "pickup": true,
    })
}

pub(crate) fn order_for(variant: &Value) -> Value {
    json!({
        "lines": [{ "variant_id": variant, "quantity": 1 }],
        "hand_over": "pickup", "recipient": "지나", "phone": "010-0000-0001", "agreed": true,
    })
}

/// Opens a stall with one product and gives the store's id and the product.
pub(crate) async fn open_stall(seller: &Client, stock: i64) -> (String, Value) {
    let opened = seller.post("/api/v1/stores", &stall()).await;
    assert_eq!(opened.status(), 201);
    let store: Value = opened.json().await.unwrap();
    let store = store["id"].as_str().unwrap().to_owned();
    let made = seller.post(&format!("/api/v1/stores/{store}/products"), &mackerel(stock)).await;
    assert_eq!(made.status(), 201);
    let product: Value = made.json().await.unwrap();
    let shown: Value = seller
        .get(&format!("/api/v1/products/{}", product["id"].as_str().unwrap()))
        .await
        .json()
        .await
        .unwrap();
    (store, shown)
}

#[tokio::test]
async fn the_last_box_is_sold_once_and_paid_for() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let (_, product) = open_stall(&seller, 1).await;
        let order = order_for(&product["variants"][0]["id"]);
        let (jina, minsu) = (app.shopper("지나").await, app.shopper("민수").await);
        let (first, second) =
            tokio::join!(jina.post("/api/v1/orders", &order), minsu.post("/api/v1/orders", &order));
        let mut answers = [first.status().as_u16(), second.status().as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [201, 409], "{}", app.engine);

        let (winner, placed) = if first.status() == 201 { (&jina, first) } else { (&minsu, second) };
        let placed: Value = placed.json().await.unwrap();
        let payment = placed["payment_id"].as_str().unwrap();
        let confirmation = json!({ "card": "approve", "amount_won": placed["total_won"] });
        let path = format!("/api/v1/payments/{payment}/confirmation");
        assert_eq!(winner.post(&path, &confirmation).await.status(), 200, "{}", app.engine);
        let order: Value = winner
            .get(&format!("/api/v1/orders/{}", placed["id"].as_str().unwrap()))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(order["payment_state"], "paid", "{}", app.engine);
    }
}

#[tokio::test]
async fn the_same_key_gives_the_same_order() {
    for app in App::each().await {
        let (_, product) = open_stall(&app.shopper("한파도").await, 5).await;
        let jina = app.shopper("지나").await;
        let order = order_for(&product["variants"][0]["id"]);
        let first: Value = jina.post_with("/api/v1/orders", &order, "tap").await.json().await.unwrap();
        let again: Value = jina.post_with("/api/v1/orders", &order, "tap").await.json().await.unwrap();
        assert_eq!(first["id"], again["id"], "{}", app.engine);
        let mut other = order.clone();
        other["lines"][0]["quantity"] = json!(2);
        assert_eq!(jina.post_with("/api/v1/orders", &other, "tap").await.status(), 422, "{}", app.engine);
    }
}

#[tokio::test]
async fn a_rival_changes_nothing_of_anothers_by_any_route() {
    let app = App::start().await;
    let (store, product) = open_stall(&app.shopper("한파도").await, 5).await;
    let product = product["id"].as_str().unwrap();
    let buyer = app.shopper("지나").await;
    let shown: Value = buyer.get(&format!("/api/v1/products/{product}")).await.json().await.unwrap();
    let order: Value =
        buyer.post("/api/v1/orders", &order_for(&shown["variants"][0]["id"])).await.json().await.unwrap();

    let rival = app.shopper("다른 사장").await;
    open_stall(&rival, 5).await;
    let api: Value = rival.get("/openapi.json").await.json().await.unwrap();
    let mut tried = 0;
    for (path, methods) in api["paths"].as_object().unwrap() {
        if !["{store}", "{order}", "{payment}"].iter().any(|held| path.contains(held)) {
            continue;
        }
        let path = path
            .replace("{store}", &store)
            .replace("{product}", product)
            .replace("{order}", order["id"].as_str().unwrap())
            .replace("{payment}", order["payment_id"].as_str().unwrap());
        for method in methods.as_object().unwrap().keys() {
            let reads_what_is_public = method == "get" && !path.contains("/orders/");
            if reads_what_is_public {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            for who in [&rival, &app.stranger()] {
                let key = uuid::Uuid::new_v4().to_string();
                let asked = who.ask(method.clone(), &path).header("idempotency-key", key).json(&mackerel(1));
                let status = asked.send().await.unwrap().status();
                assert!(status.is_client_error(), "{method} {path} answered {status}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 14, "only {tried} routes were tried");
}

#[tokio::test]
async fn a_seller_finds_the_door_and_a_stranger_does_not() {
    let app = App::start().await;
    let seller = app.shopper("한파도").await;
    let (store, _) = open_stall(&seller, 5).await;
    for room in ["", "/products", "/products/new", "/orders", "/live"] {
        let path = format!("/sell/{store}{room}");
        assert_eq!(seller.page(&path).await.status(), 200, "{path}");
        assert_eq!(app.shopper("손님").await.page(&path).await.status(), 404, "{path}");
        let away = app.stranger().page(&path).await;
        assert_eq!(away.status(), 303, "{path}");
        assert!(away.headers()["location"].to_str().unwrap().starts_with("/sign-in?to="));
    }
}
