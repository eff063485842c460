//! Discounts at the front door: the seller's forms, the buyer's review, and what programs see, on both engines.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::sale::{open_stall, order_for};

/// A form as a browser without JavaScript sends it.
async fn submit(who: &Client, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let asked = who.ask(Method::POST, path).header("accept", "text/html").header("accept-language", "ko");
    let answer = asked.form(fields).send().await.unwrap();
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

async fn read(who: &Client, path: &str) -> String {
    let asked = who.ask(Method::GET, path).header("accept", "text/html").header("accept-language", "ko");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

/// The value of a hidden field.
pub(crate) fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let at = page
        .split(&format!("name=\"{name}\" value=\""))
        .nth(1)
        .unwrap_or_else(|| panic!("no {name}: {page}"));
    at.split('"').next().unwrap()
}

#[tokio::test]
async fn a_seller_makes_a_discount_and_a_buyer_reads_it_everywhere() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let (store, product) = open_stall(&seller, 50).await;
        let base = format!("/sell/{store}/promotions");
        let blank = read(&seller, &format!("{base}/new")).await;
        let key = hidden(&blank, "key").to_owned();
        let wrong = [("key", key.as_str()), ("gives", "percentage"), ("percent", "200"), ("name", "김장철")];
        let (status, _, page) = submit(&seller, &format!("{base}/new"), &wrong).await;
        assert_eq!(status, 422, "{}", app.engine);
        assert!(
            page.contains("value=\"200\"") && page.contains("value=\"김장철\""),
            "what was typed is kept"
        );
        let right = [
            ("key", key.as_str()),
            ("gives", "percentage"),
            ("percent", "10%"),
            ("from_quantity", "3"),
            ("most_won", ""),
            ("ends_at", "2026-12-31"),
        ];
        for _ in 0..2 {
            let (status, to, _) = submit(&seller, &format!("{base}/new"), &right).await;
            assert_eq!((status, to.starts_with(&format!("{base}?saved="))), (303, true), "{to}");
        }
        let list = read(&seller, &base).await;
        assert_eq!(
            list.matches("3개부터 10% 할인</a>").count(),
            1,
            "a form sent twice is one discount: {list}"
        );

        let shopper = app.shopper("지나").await;
        let page = read(&shopper, &format!("/products/{}", product["id"].as_str().unwrap())).await;
        assert!(page.contains("3개부터 10% 할인"), "{}", app.engine);
        assert!(read(&shopper, "/").await.contains("3개부터 10% 할인"), "on the card too");

        let id = list.split(&format!("{base}/")).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let (status, to, _) = submit(&seller, &format!("{base}/{id}/ending"), &[]).await;
        assert_eq!(status, 303);
        let undo = format!("{base}/{id}/resumption");
        assert!(read(&seller, &to).await.contains(&undo), "what was ended can be taken up again");
        assert!(!read(&shopper, "/").await.contains("3개부터 10% 할인"));
        submit(&seller, &undo, &[]).await;
        assert!(read(&shopper, "/").await.contains("3개부터 10% 할인"));
        let rival = app.shopper("다른 사장").await;
        for path in [format!("{base}/{id}"), base.clone(), format!("/sell/{store}/coupons/new")] {
            assert_eq!(rival.page(&path).await.status(), 404, "{path}");
        }
    }
}

#[tokio::test]
async fn a_coupon_at_the_review_keeps_what_was_typed_and_is_charged_as_shown() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let (store, product) = open_stall(&seller, 50).await;
        let new = read(&seller, &format!("/sell/{store}/coupons/new")).await;
        let form = [
            ("key", hidden(&new, "key")),
            ("code", "김장 2026"),
            ("gives", "amount"),
            ("amount_won", "2,000원"),
            ("quantity", "1"),
            ("per_buyer", "1"),
        ];
        let (status, to, _) = submit(&seller, &format!("/sell/{store}/coupons/new"), &form).await;
        assert_eq!(status, 303, "{}", app.engine);
        assert!(read(&seller, &to).await.contains("쿠폰 김장2026 · 2,000원 할인"), "the words to share");

        let jina = app.shopper("지나").await;
        let variant = product["variants"][0]["id"].as_str().unwrap();
        let review = read(&jina, &format!("/checkout?variant={variant}&quantity=2")).await;
        let (key, items) = (hidden(&review, "key").to_owned(), hidden(&review, "items").to_owned());
        let typed = |coupon: &'static str, page: &str, act: &'static str| {
            let mut form: Vec<(&str, String)> = vec![
                ("key", key.clone()),
                ("items", items.clone()),
                ("hand_over", "pickup".into()),
                ("recipient", "지나".into()),
                ("phone", "010-0000-0001".into()),
                ("note", "문 앞에".into()),
                ("coupon", coupon.into()),
                ("agreed", "on".into()),
            ];
            for name in ["total_parcel", "total_pickup", "applied"] {
                form.push((name, hidden(page, name).to_owned()));
            }
            if !act.is_empty() {
                form.push(("act", act.into()));
            }
            form
        };
        let send = async |form: Vec<(&str, String)>| {
            let fields: Vec<(&str, &str)> =
                form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            submit(&jina, "/checkout", &fields).await
        };
        let (status, _, page) = send(typed("없는번호", &review, "coupon")).await;
        assert_eq!(status, 422, "{}", app.engine);
        assert!(page.contains("이 가게에 없는 쿠폰이에요"), "{page}");
        assert!(page.contains("value=\"문 앞에\"") && page.contains("value=\"없는번호\""));
        let (status, _, page) = send(typed("김장2026", &page, "coupon")).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(hidden(&page, "total_pickup"), "17600");
        assert!(page.contains("value=\"문 앞에\"") && page.contains("−2,000원"));

        // Pressing "pay" with a code whose price was not seen yet shows the price first.
        let (status, _, unseen) = send(typed("김장2026", &review, "")).await;
        assert_eq!((status, hidden(&unseen, "total_pickup")), (200, "17600"));

        // A price from the browser counts for nothing.
        let mut cheap = typed("김장2026", &page, "");
        cheap.iter_mut().find(|(name, _)| *name == "total_pickup").unwrap().1 = "100".into();
        let (status, _, again) = send(cheap).await;
        assert_eq!((status, hidden(&again, "total_pickup")), (409, "17600"));
        assert!(again.contains("value=\"문 앞에\""), "the review is still there");

        let (status, to, _) = send(typed("김장2026", &page, "")).await;
        assert_eq!(status, 303);
        let pay = read(&jina, &to).await;
        assert!(pay.contains("17,600원") && pay.contains("할인 2,000원"), "{pay}");

        // The same form once more is the same order; somebody else comes too late.
        let (status, same, _) = send(typed("김장2026", &page, "")).await;
        assert_eq!((status, same), (303, to));
        let minsu = app.shopper("민수").await;
        let lines = json!({ "lines": [{ "variant_id": variant, "quantity": 2 }], "coupon": "김장2026" });
        let late = minsu.ask(Method::POST, "/api/v1/quotes").json(&lines).send().await.unwrap();
        assert_eq!(late.status(), 409);
        let late: Value = late.json().await.unwrap();
        assert_eq!(late["type"], "/problems/coupon-used-up", "{}", app.engine);
    }
}

#[tokio::test]
async fn programs_make_coupons_ask_prices_and_see_what_was_taken_off() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let (store, product) = open_stall(&seller, 50).await;
        let coupons = format!("/api/v1/stores/{store}/coupons");
        let new = json!({ "name": { "ko": "단골 쿠폰", "en": "Regulars" }, "gives": "percentage", "percent": 50,
            "most_won": 3000, "quantity": 5 });
        let made = seller.post_with(&coupons, &new, "k").await;
        assert_eq!(made.status(), 201, "{}", app.engine);
        let made: Value = made.json().await.unwrap();
        let code = made["code"].as_str().unwrap();
        let again: Value = seller.post_with(&coupons, &new, "k").await.json().await.unwrap();
        assert_eq!((&again["id"], made["standing"].as_str()), (&made["id"], Some("running")));
        let other = json!({ "percent": 40, "quantity": 5 });
        assert_eq!(seller.post_with(&coupons, &other, "k").await.status(), 422);
        let promotions = format!("/api/v1/stores/{store}/promotions");
        let made = seller
            .post(&promotions, &json!({ "gives": "amount", "amount_won": 800, "first_order": true }))
            .await;
        assert_eq!(made.status(), 201);

        let jina = app.shopper("지나").await;
        let mut order = order_for(&product["variants"][0]["id"]);
        order["coupon"] = json!(code.to_lowercase());
        let quote = jina.ask(Method::POST, "/api/v1/quotes").json(&order).send().await.unwrap();
        let quote: Value = quote.json().await.unwrap();
        // 9,800 less 800 is 9,000; half of that is more than the coupon's 3,000.
        assert_eq!(quote["pickup"]["total_won"], 6_000, "{} {quote}", app.engine);
        assert!(quote["parcel"].is_null(), "it is not sent");
        order["expected_total_won"] = quote["pickup"]["total_won"].clone();
        let placed: Value = jina.post("/api/v1/orders", &order).await.json().await.unwrap();
        assert_eq!((&placed["total_won"], &placed["discount_won"]), (&json!(6_000), &json!(3_800)));
        assert_eq!(placed["discounts"][1]["name"], "단골 쿠폰");
        assert_eq!(placed["lines"][0]["discount_won"], 3_800);
        let path = format!("/api/v1/payments/{}/confirmation", placed["payment_id"].as_str().unwrap());
        let body = json!({ "card": "approve", "amount_won": 6_000 });
        assert_eq!(jina.post(&path, &body).await.status(), 200);
        let list: Value = seller.get(&coupons).await.json().await.unwrap();
        assert_eq!(
            (&list["items"][0]["orders"], &list["items"][0]["discount_won"]),
            (&json!(1), &json!(3_000))
        );
        assert_eq!(list["items"][0]["redeemed"], 1);
        let id = list["items"][0]["id"].as_str().unwrap();
        let ended: Value =
            seller.post(&format!("{coupons}/{id}/ending"), &json!({})).await.json().await.unwrap();
        assert_eq!(ended["standing"], "over");
        let refused = app.shopper("민수").await.post("/api/v1/orders", &order).await;
        assert_eq!(refused.status(), 409);
        let order_page = read(&jina, &format!("/orders/{}", placed["id"].as_str().unwrap())).await;
        assert!(order_page.contains("단골 쿠폰") && order_page.contains("−3,000원"), "{order_page}");
    }
}
