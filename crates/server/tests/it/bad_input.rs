//! What a hostile or broken client sends to the till: refused clearly, and nothing is held, charged or lost.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::app::App;
use crate::payments::Sale;
use crate::sale::{open_stall, order_for};

impl Sale {
    /// What the payment company keeps of everything it took.
    fn kept(&self) -> i64 {
        self.app.sandbox.payments().iter().map(|one| one.kept).sum()
    }

    async fn check(&self) {
        let broken = shop::audit::books(&self.app.app.base.db).await.unwrap();
        assert!(broken.is_empty(), "{}: {broken:#?}", self.app.engine);
    }
}

#[tokio::test]
async fn a_browser_that_changes_the_amount_on_the_way_back_pays_nothing() {
    for sale in Sale::each().await {
        let pay = format!("/pay/{}", sale.order["payment_id"].as_str().unwrap());
        let form = [("answer", "window"), ("key", "tap")];
        let sent = sale.buyer.ask(Method::POST, &pay).header("accept", "text/html").form(&form);
        assert_eq!(sent.send().await.unwrap().status(), 303, "{}", sale.app.engine);
        let page = sale.buyer.page(&format!("{pay}/window")).await.text().await.unwrap();
        let (_, door) = page.split_once("/checkout/").unwrap();
        let key = door.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').next().unwrap();
        let outside = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let pressed =
            outside.post(format!("{}/checkout/{key}", sale.app.sandbox.url())).body("answer=approve");
        let back = pressed.send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
        let (_, told) = back.split_once('?').unwrap();
        assert!(told.contains("amount=9800"), "{told}");
        let changed = [
            told.replace("amount=9800", "amount=1"),
            told.replace("amount=9800", "amount=-9800"),
            told.replace("amount=9800", "amount=9223372036854775807"),
            told.replace(key, "pay_somebody_elses"),
        ];
        for told in changed {
            let refused = sale.buyer.page(&format!("{pay}/window/done?{told}")).await;
            assert_eq!(refused.status(), 409, "{told}");
        }
        let words = told.replace("amount=9800", "amount=all");
        assert_eq!(sale.buyer.page(&format!("{pay}/window/done?{words}")).await.status(), 400);
        let stranger = sale.app.shopper("남").await;
        assert_eq!(stranger.page(&format!("{pay}/window/done?{told}")).await.status(), 404);
        assert_eq!((sale.kept(), sale.state().await), (0, json!("awaiting")), "{}", sale.app.engine);

        let paid = sale.buyer.page(&format!("{pay}/window/done?{told}")).await;
        assert_eq!(paid.status(), 303);
        assert_eq!((sale.kept(), sale.state().await), (9_800, json!("paid")), "{}", sale.app.engine);
        sale.check().await;
    }
}

#[tokio::test]
async fn quantities_that_no_stall_has_are_refused_and_hold_nothing() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let (store, product) = open_stall(&seller, 5).await;
        let variant = &product["variants"][0]["id"];
        let buyer = app.shopper("지나").await;
        let strange = [
            json!(-1),
            json!(0),
            json!(100),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(1e30),
            json!(1.5),
            json!("2"),
            json!(null),
        ];
        for quantity in &strange {
            let mut order = order_for(variant);
            order["lines"][0]["quantity"] = quantity.clone();
            let status = buyer.post("/api/v1/orders", &order).await.status().as_u16();
            assert!(matches!(status, 400 | 422), "{quantity} was answered with {status}");
            // The same below a good line, and so often that a sum would run over.
            order["lines"] = json!([{ "variant_id": variant, "quantity": 1 }, order["lines"][0]]);
            let status = buyer.post("/api/v1/orders", &order).await.status().as_u16();
            assert!(matches!(status, 400 | 422), "{quantity} was answered with {status}");
        }
        let many: Vec<_> = (0..51).map(|_| json!({ "variant_id": variant, "quantity": 99 })).collect();
        let mut order = order_for(variant);
        order["lines"] = json!(many);
        assert_eq!(buyer.post("/api/v1/orders", &order).await.status(), 422);
        order["lines"] = json!(many[..50]);
        assert_eq!(buyer.post("/api/v1/orders", &order).await.status(), 409, "more than there is");
        order["lines"] = json!([]);
        assert_eq!(buyer.post("/api/v1/orders", &order).await.status(), 409, "nothing at all");
        let movements = format!("/api/v1/stores/{store}/stock/{}/movements", variant.as_str().unwrap());
        for quantity in &strange {
            if *quantity == 100 {
                continue;
            }
            let change = json!({ "reason": "received", "quantity": quantity });
            let status = seller.post(&movements, &change).await.status().as_u16();
            assert!(matches!(status, 400 | 422), "{quantity} was answered with {status}");
        }
        let there: (i64, i64) =
            base::sql!(one & app.app.base.db, "select on_hand, reserved from stock_levels").unwrap();
        assert_eq!(there, (5, 0), "{}", app.engine);
    }
}

#[tokio::test]
async fn amounts_that_nobody_paid_do_not_go_back() {
    for sale in Sale::each().await {
        sale.pay("approve", "tap").await;
        let order = sale.order["id"].as_str().unwrap();
        let path = format!("/api/v1/stores/{}/orders/{order}/refunds", sale.store);
        for amount in [json!(-1), json!(0), json!(i64::MAX), json!(1e30), json!(0.5), json!("1")] {
            let asked = json!({ "amount_won": amount });
            let status = sale.seller.post(&path, &asked).await.status().as_u16();
            assert!(matches!(status, 400 | 422), "{amount} was answered with {status}");
        }
        assert_eq!(sale.seller.post(&path, &json!({ "amount_won": 9_801 })).await.status(), 409);
        sale.app.done().await;
        assert_eq!(sale.kept(), 9_800, "{}", sale.app.engine);
        sale.check().await;
    }
}

#[tokio::test]
async fn a_sellers_own_door_does_not_lead_to_anothers_order_or_stock() {
    for sale in Sale::each().await {
        sale.pay("approve", "tap").await;
        let rival = sale.app.shopper("다른 사장").await;
        let (own, _) = open_stall(&rival, 5).await;
        let order = sale.order["id"].as_str().unwrap();
        let line = &sale.order["lines"][0];
        let (product, variant) = (line["product_id"].as_str().unwrap(), line["variant_id"].as_str().unwrap());
        let api: Value = rival.get("/openapi.json").await.json().await.unwrap();
        let mut tried = 0;
        for (path, methods) in api["paths"].as_object().unwrap() {
            let is_inside = path.starts_with("/api/v1/stores/{store}/")
                && ["{order}", "{product}", "{variant}"].iter().any(|held| path.contains(held));
            if !is_inside {
                continue;
            }
            let path = path
                .replace("{store}", &own)
                .replace("{order}", order)
                .replace("{product}", product)
                .replace("{variant}", variant);
            for method in methods.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                let key = uuid::Uuid::new_v4().to_string();
                let body = json!({ "amount_won": 1_000, "reason": "received", "quantity": 1 });
                let asked = rival.ask(method.clone(), &path).header("idempotency-key", key).json(&body);
                let answer = asked.send().await.unwrap();
                let (status, text) = (answer.status(), answer.text().await.unwrap());
                let is_empty = status == 200 && method == Method::GET && text.contains("\"items\":[]");
                assert!(status.is_client_error() || is_empty, "{method} {path} answered {status}: {text}");
                tried += 1;
            }
        }
        assert!(tried >= 6, "only {tried} routes were tried");
        for page in ["/stage", "/cancellation", "/refunds"] {
            let path = format!("/sell/{own}/orders/{order}{page}");
            let form = [("key", "k"), ("amount", "1000"), ("to", "preparing"), ("from", "new")];
            let sent = rival.ask(Method::POST, &path).header("accept", "text/html").form(&form);
            let status = sent.send().await.unwrap().status();
            assert!(status.is_client_error(), "{path} answered {status}");
            assert_eq!(rival.page(&format!("/sell/{own}/orders/{order}")).await.status(), 404);
        }
        sale.app.done().await;
        assert_eq!((sale.kept(), sale.state().await), (9_800, json!("paid")), "{}", sale.app.engine);
        sale.check().await;
    }
}

#[tokio::test]
async fn a_second_press_while_the_first_is_running_is_told_so() {
    for sale in Sale::each().await {
        // The first press stands before the payment company's door until it is let in.
        let (come, comes) = oneshot::channel();
        let (go, told) = oneshot::channel::<()>();
        let once = Mutex::new(Some((come, told)));
        sale.app.app.base.db.watch_points(move |place| {
            let held = if place == "pay-begun" { once.lock().unwrap().take() } else { None };
            Box::pin(async move {
                if let Some((come, told)) = held {
                    come.send(()).unwrap();
                    told.await.unwrap();
                }
            })
        });
        let again = async {
            comes.await.unwrap();
            for (card, key, status, problem) in [
                ("approve", "tap", 409, "still-running"),
                ("approve", "other-tap", 409, "still-running"),
                ("decline", "tap", 422, "key-reused"),
            ] {
                let (answered, body) = sale.pay(card, key).await;
                assert_eq!(
                    (answered, &body["type"]),
                    (status, &json!(format!("/problems/{problem}"))),
                    "{key}"
                );
            }
            go.send(()).unwrap();
        };
        let (first, ()) = tokio::join!(sale.pay("approve", "tap"), again);
        assert_eq!((first.0, &first.1["state"]), (200, &json!("succeeded")), "{}", sale.app.engine);
        let (status, same) = sale.pay("approve", "tap").await;
        assert_eq!((status, &same["attempt_id"]), (200, &first.1["attempt_id"]));
        assert_eq!((sale.app.sandbox.payments().len(), sale.kept()), (1, 9_800), "{}", sale.app.engine);
        sale.check().await;
    }
}

#[tokio::test]
async fn a_true_letter_that_comes_before_its_time_or_again_long_after_changes_nothing() {
    for sale in Sale::each().await {
        let account = sale.open_account().await;
        let name = account["attempt_id"].as_str().unwrap();
        let company = async |method: Method, path: &str, body: Value| -> Value {
            let request = reqwest::Client::new()
                .request(method, format!("{}{path}", sale.app.sandbox.url()))
                .basic_auth(format!("test_sk_{}", sale.store), Some(""));
            request.body(body.to_string()).send().await.unwrap().json().await.unwrap()
        };
        let payment = company(Method::GET, &format!("/v1/payments/orders/{name}"), Value::Null).await;
        let letter = |at: &str| {
            json!({ "createdAt": at, "secret": payment["secret"], "status": "DONE", "orderId": name })
                .to_string()
        };
        // Somebody has seen the secret: the letter is believed, and the company asked, and it says no.
        assert_eq!(sale.hook(&letter("early")).await, 200);
        sale.app.done().await;
        assert_eq!((sale.state().await, sale.kept()), (json!("awaiting"), 0), "{}", sale.app.engine);
        company(Method::POST, "/sandbox/deposits", json!({ "orderId": name })).await;
        assert_eq!(sale.hook(&letter("true")).await, 200);
        sale.app.done().await;
        assert_eq!((sale.state().await, sale.kept()), (json!("paid"), 9_800), "{}", sale.app.engine);
        let path =
            format!("/api/v1/stores/{}/orders/{}/refunds", sale.store, sale.order["id"].as_str().unwrap());
        assert_eq!(sale.seller.post(&path, &json!({})).await.status(), 201);
        sale.app.done().await;
        assert_eq!((sale.state().await, sale.kept()), (json!("refunded"), 0), "{}", sale.app.engine);
        sale.app.later(Duration::from_secs(3_600)).await;
        for replayed in ["true", "long after"] {
            assert_eq!(sale.hook(&letter(replayed)).await, 200);
        }
        sale.app.done().await;
        assert_eq!((sale.state().await, sale.kept()), (json!("refunded"), 0), "{}", sale.app.engine);
        sale.check().await;
    }
}
