//! Several stores in one go, at the front door and for programs, on both engines.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::discounts::hidden;
use crate::sale::{open_stall, order_for};

/// The secret of a browser, which holds its cart.
const CART: &str = "cart=00112233445566778899aabbccddeeff";

/// A form as a browser without JavaScript sends it: the status, where it leads, and the page.
async fn submit(who: &Client, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let asked = who.ask(Method::POST, path).header("accept", "text/html").header("cookie", CART);
    let answer = asked.form(fields).send().await.unwrap();
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

async fn read(who: &Client, path: &str) -> String {
    let asked = who.ask(Method::GET, path).header("accept", "text/html").header("cookie", CART);
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

/// Two stalls with one product each; their variants.
async fn two_stalls(app: &App, stock: i64) -> [Value; 2] {
    let mut variants = Vec::new();
    for name in ["한파도", "쌀집"] {
        let (_, product) = open_stall(&app.shopper(name).await, stock).await;
        variants.push(product["variants"][0]["id"].clone());
    }
    variants.try_into().unwrap()
}

/// The review of both, filled in as a browser without JavaScript would.
fn filled(page: &str) -> Vec<(String, String)> {
    let mut form = vec![("key".to_owned(), hidden(page, "key").to_owned())];
    for (field, place) in ["store", "items", "total_parcel", "total_pickup", "applied"]
        .into_iter()
        .flat_map(|field| [(field, ""), (field, ".1")])
    {
        let name = format!("{field}{place}");
        form.push((name.clone(), hidden(page, &name).to_owned()));
    }
    for (name, value) in [
        ("hand_over", "pickup"),
        ("hand_over.1", "pickup"),
        ("recipient", "지나"),
        ("phone", "010-0000-0001"),
        ("agreed", "on"),
        ("agreed.1", "on"),
    ] {
        form.push((name.to_owned(), value.to_owned()));
    }
    form
}

fn refs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn a_basket_of_two_stalls_walks_through_both_payments() {
    for app in App::each().await {
        let variants = two_stalls(&app, 5).await;
        let jina = app.shopper("지나").await;
        for variant in &variants {
            submit(&jina, "/cart", &[("variant", variant.as_str().unwrap())]).await;
        }
        assert!(read(&jina, "/cart").await.contains("href=\"/checkout\""), "{}", app.engine);
        let review = read(&jina, "/checkout").await;
        let mut form = filled(&review);

        // A number changed in the browser is refused and nothing is ordered.
        let shown = form.iter_mut().find(|(name, _)| name == "total_pickup.1").unwrap();
        let right = std::mem::replace(&mut shown.1, "100".to_owned());
        assert_eq!(submit(&jina, "/checkout", &refs(&form)).await.0, 409, "{}", app.engine);
        form.iter_mut().find(|(name, _)| name == "total_pickup.1").unwrap().1 = right;

        let mut nameless = form.clone();
        nameless.iter_mut().find(|(name, _)| name == "recipient").unwrap().1 = String::new();
        let (status, _, page) = submit(&jina, "/checkout", &refs(&nameless)).await;
        assert_eq!(status, 422);
        assert!(page.contains("010-0000-0001"), "what was typed is kept");

        let (status, first, _) = submit(&jina, "/checkout", &refs(&form)).await;
        assert_eq!((status, first.starts_with("/pay/")), (303, true), "{first}");
        assert_eq!(submit(&jina, "/checkout", &refs(&form)).await.1, first, "the same key, the same orders");
        assert!(!read(&jina, "/cart").await.contains("href=\"/checkout\""), "the cart is empty");
        let (_, walk, _) = submit(&jina, &first, &[("answer", "approve")]).await;
        assert!(walk.starts_with("/checkouts/"), "{walk}");
        let page = read(&jina, &walk).await;
        let next = format!("/pay/{}", page.split("href=\"/pay/").nth(1).unwrap().split('"').next().unwrap());
        assert_ne!(next, first);
        assert_eq!(submit(&jina, &next, &[("answer", "approve")]).await.1, walk);
        assert!(!read(&jina, &walk).await.contains("href=\"/pay/"), "all is paid");
        let rival = app.shopper("남").await;
        assert_eq!(rival.page(&walk).await.status(), 404);
    }
}

#[tokio::test]
async fn programs_order_from_several_stalls_or_from_none() {
    for app in App::each().await {
        let [fish, rice] = two_stalls(&app, 2).await;
        let jina = app.shopper("지나").await;
        let of = |fish_count: i64, rice_count: i64| {
            let mut orders = [order_for(&fish), order_for(&rice)];
            orders[0]["lines"][0]["quantity"] = json!(fish_count);
            orders[1]["lines"][0]["quantity"] = json!(rice_count);
            json!({ "orders": orders })
        };
        let path = "/api/v1/checkouts";
        let refused = jina.post(path, &of(1, 3)).await;
        assert_eq!(refused.status(), 409, "{}", app.engine);
        let told: Value = refused.json().await.unwrap();
        assert!(told.to_string().contains("orders.1"), "{told}");
        for wrong in [json!({ "orders": [] }), json!({ "orders": [order_for(&fish)] }), of(-1, 1)] {
            assert_eq!(jina.post(path, &wrong).await.status(), 422, "{wrong}");
        }
        let made = jina.post_with(path, &of(2, 2), "k").await;
        assert_eq!(made.status(), 201, "a refusal held nothing");
        let made: Value = made.json().await.unwrap();
        assert_eq!((&made["due_won"], made["orders"].as_array().unwrap().len()), (&json!(4 * 9_800), 2));
        assert_eq!(made["orders"][1]["checkout_id"], made["id"]);
        let again: Value = jina.post_with(path, &of(2, 2), "k").await.json().await.unwrap();
        assert_eq!(again["id"], made["id"]);
        assert_eq!(jina.post_with(path, &of(2, 1), "k").await.status(), 422);
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(jina.get(&one).await.status(), 200);
        assert_eq!(app.shopper("남").await.ask(Method::GET, &one).send().await.unwrap().status(), 404);
    }
}
