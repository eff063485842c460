//! Questions about a product, and why it was bought, through the front door.

use std::time::Duration;

use base::sql;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::deal::{By, Deal, form, told, whither};
use crate::sale::open_stall;

struct Stall {
    app: App,
    seller: Client,
    store: String,
    product: String,
}

impl Stall {
    async fn each() -> Vec<Stall> {
        let mut all = Vec::new();
        for app in App::each().await {
            let seller = app.shopper("한파도").await;
            let (store, product) = open_stall(&seller, 5).await;
            let product = product["id"].as_str().unwrap().to_owned();
            all.push(Stall { app, seller, store, product });
        }
        all
    }

    fn path(&self) -> String {
        format!("/api/v1/products/{}/questions", self.product)
    }

    async fn seen_by(&self, who: &Client) -> Vec<Value> {
        let list: Value = who.get(&self.path()).await.json().await.unwrap();
        list["items"].as_array().unwrap().iter().map(|item| item["words"].clone()).collect()
    }

    async fn waiting(&self) -> usize {
        let path = format!("/api/v1/stores/{}/questions?unanswered=true", self.store);
        let list: Value = self.seller.get(&path).await.json().await.unwrap();
        list["items"].as_array().unwrap().len()
    }

    async fn answer(&self, question: &Value, words: &str) -> Response {
        let path = format!("/api/v1/stores/{}/questions/{}/answer", self.store, id(question));
        put(&self.seller, &path, &json!({ "answer": words })).await
    }
}

fn id(question: &Value) -> &str {
    question["id"].as_str().unwrap()
}

async fn put(who: &Client, path: &str, body: &Value) -> Response {
    who.ask(Method::PUT, path).header("accept", "application/json").json(body).send().await.unwrap()
}

async fn asked(stall: &Stall, who: &Client, words: &str, secret: bool) -> Value {
    let answer = who.post(&stall.path(), &json!({ "words": words, "secret": secret })).await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn what_is_answered_openly_is_for_everybody_and_a_secret_is_not() {
    for stall in Stall::each().await {
        let engine = stall.app.engine;
        let (asker, other) = (stall.app.shopper("김은희").await, stall.app.shopper("남").await);
        let refused = stall.app.stranger().post(&stall.path(), &json!({ "words": "몇 마리예요?" })).await;
        assert_eq!(refused.status(), 401);
        assert_eq!(asker.post(&stall.path(), &json!({ "words": " " })).await.status(), 422);
        let open = asked(&stall, &asker, "몇 마리예요?", false).await;
        let secret = asked(&stall, &asker, "깎아 주실 수 있어요?", true).await;
        assert_eq!(open["name"], "김*희");
        assert_eq!(
            (stall.seen_by(&asker).await.len(), stall.seen_by(&other).await.len()),
            (2, 0),
            "{engine}"
        );
        assert_eq!(
            other.get(&format!("/api/v1/questions/{}", id(&open))).await.status(),
            404,
            "not answered yet"
        );
        assert_eq!(stall.waiting().await, 2);
        for question in [&open, &secret] {
            assert_eq!(stall.answer(question, "두 마리예요").await.status(), 200, "{engine}");
        }
        assert_eq!(stall.waiting().await, 0);
        assert_eq!(stall.seen_by(&other).await, [json!("몇 마리예요?")], "{engine}");
        assert_eq!(stall.seen_by(&asker).await.len(), 2);
        assert_eq!(other.get(&format!("/api/v1/questions/{}", id(&secret))).await.status(), 404);
        let page =
            stall.app.stranger().page(&format!("/products/{}", stall.product)).await.text().await.unwrap();
        assert!(
            page.contains("몇 마리예요?") && page.contains("두 마리예요") && !page.contains("깎아"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn another_stores_seller_answers_nothing_and_another_shopper_changes_nothing() {
    for stall in Stall::each().await {
        let engine = stall.app.engine;
        let asker = stall.app.shopper("김은희").await;
        let question = asked(&stall, &asker, "몇 마리예요?", false).await;
        let rival = stall.app.shopper("옆집").await;
        let (theirs, _) = open_stall(&rival, 1).await;
        for store in [&stall.store, &theirs] {
            let path = format!("/api/v1/stores/{store}/questions/{}/answer", id(&question));
            assert_eq!(
                put(&rival, &path, &json!({ "answer": "저희가 싸요" })).await.status(),
                404,
                "{engine}"
            );
            let page = format!("/sell/{store}/questions/{}", id(&question));
            assert_eq!(rival.page(&page).await.status(), 404);
        }
        let own = format!("/api/v1/questions/{}", id(&question));
        let other = json!({ "words": "네 마리예요?" });
        assert_eq!(put(&rival, &own, &other).await.status(), 404);
        assert_eq!(rival.ask(Method::DELETE, &own).send().await.unwrap().status(), 404);
        assert_eq!(put(&asker, &own, &other).await.status(), 200);
        assert_eq!(stall.answer(&question, "네 마리예요").await.status(), 200);
        assert_eq!(
            told(put(&asker, &own, &other).await).await,
            (409, "question-answered".into()),
            "{engine}"
        );
        assert_eq!(asker.ask(Method::DELETE, &own).send().await.unwrap().status(), 200);
        assert_eq!(stall.seen_by(&asker).await.len(), 0);
        assert_eq!(stall.answer(&question, "다섯 마리").await.status(), 404, "taken back");
        assert_eq!(asker.post(&format!("{own}/restoration"), &json!({})).await.status(), 200);
        assert_eq!(stall.seen_by(&rival).await.len(), 1);
    }
}

#[tokio::test]
async fn ten_questions_a_day_are_enough_and_the_same_key_is_the_same_question() {
    for stall in Stall::each().await {
        let asker = stall.app.shopper("김은희").await;
        let body = json!({ "words": "몇 마리예요?" });
        let first: Value = asker.post_with(&stall.path(), &body, "k").await.json().await.unwrap();
        let again: Value = asker.post_with(&stall.path(), &body, "k").await.json().await.unwrap();
        assert_eq!(first["id"], again["id"], "{}", stall.app.engine);
        let other = told(asker.post_with(&stall.path(), &json!({ "words": "다른 것" }), "k").await).await;
        assert_eq!(other, (422, "key-reused".into()));
        for number in 2..=10 {
            asked(&stall, &asker, &format!("질문 {number}"), false).await;
        }
        let refused = told(asker.post(&stall.path(), &body).await).await;
        assert_eq!(refused, (409, "asked-enough".into()), "{}", stall.app.engine);
        stall.app.later(Duration::from_secs(25 * 3600)).await;
        asked(&stall, &asker, "내일의 질문", false).await;
    }
}

#[tokio::test]
async fn without_a_script_one_asks_changes_takes_back_and_is_answered() {
    for stall in Stall::each().await {
        let asker = stall.app.shopper("김은희").await;
        let path = format!("/products/{}/questions", stall.product);
        let page = asker.page(&path).await.text().await.unwrap();
        let (_, rest) = page.split_once("name=\"key\" value=\"").unwrap();
        let key = rest.split('"').next().unwrap();
        let wrong = form(&asker, &path, &[("key", key), ("words", ""), ("secret", "on")]).await;
        assert_eq!(wrong.status(), 422);
        assert!(wrong.text().await.unwrap().contains("checked"), "nothing is lost");
        let fields = [("key", key), ("words", "몇 마리예요?"), ("secret", "on")];
        let sent = whither(&form(&asker, &path, &fields).await);
        assert!(asker.page(&sent).await.text().await.unwrap().contains("문의를 보냈어요"));
        let question: Value = asker.get(&stall.path()).await.json().await.unwrap();
        let own = format!("/questions/{}", id(&question["items"][0]));
        assert!(asker.page(&own).await.text().await.unwrap().contains("checked"));
        whither(&form(&asker, &own, &[("words", "세 마리예요?")]).await);
        let removed = whither(&form(&asker, &format!("{own}/removal"), &[]).await);
        assert!(asker.page(&removed).await.text().await.unwrap().contains(&format!("{own}/restoration")));
        whither(&form(&asker, &format!("{own}/restoration"), &[]).await);
        let home = stall.seller.page(&format!("/sell/{}", stall.store)).await.text().await.unwrap();
        assert!(home.contains("상품 문의") && home.contains("1건"), "{home}");
        let list = stall.seller.page(&format!("/sell/{}/questions", stall.store)).await.text().await.unwrap();
        assert!(list.contains("세 마리예요?"));
        let answer = format!("/sell/{}{own}", stall.store);
        assert!(stall.seller.page(&answer).await.text().await.unwrap().contains("세 마리예요?"));
        let done = whither(
            &form(&stall.seller, &format!("{answer}/answer"), &[("answer", "네, 세 마리예요")]).await,
        );
        assert!(stall.seller.page(&done).await.text().await.unwrap().contains("답글을 올렸어요"));
        let shown = stall.app.stranger().page(&path).await.text().await.unwrap();
        assert!(shown.contains("네, 세 마리예요") && shown.contains("김*희"), "{shown}");
        whither(&form(&stall.seller, &format!("{answer}/answer"), &[]).await);
        assert_eq!(stall.waiting().await, 1, "{}", stall.app.engine);
    }
}

#[tokio::test]
async fn who_leaves_takes_their_secrets_along() {
    for stall in Stall::each().await {
        let asker = stall.app.shopper("김은희").await;
        let open = asked(&stall, &asker, "몇 마리예요?", false).await;
        let secret = asked(&stall, &asker, "비밀이에요", true).await;
        asked(&stall, &asker, "아직 답이 없어요", false).await;
        for question in [&open, &secret] {
            stall.answer(question, "네").await;
        }
        assert_eq!(asker.ask(Method::DELETE, "/api/v1/me").send().await.unwrap().status(), 204);
        stall.app.done().await;
        let db = &stall.app.app.base.db;
        let left: Vec<(String, String)> = sql!(all db, "select words, name from product_questions").unwrap();
        assert_eq!(left, [("몇 마리예요?".to_owned(), String::new())], "{}", stall.app.engine);
    }
}

#[tokio::test]
async fn why_it_was_bought_is_one_tap_and_shown_from_five_on() {
    for deal in Deal::each(By::Pickup, 1).await {
        let engine = deal.app.engine;
        let path = |order: &Value| format!("/orders/{}/reason", order["id"].as_str().unwrap());
        let page = deal.buyer.page(&format!("/orders/{}", deal.id())).await.text().await.unwrap();
        assert!(page.contains("왜 사셨어요?"), "{page}");
        let stranger = deal.app.shopper("남").await;
        assert_eq!(form(&stranger, &path(&deal.order), &[("reason", "price")]).await.status(), 404);
        assert_eq!(form(&deal.buyer, &path(&deal.order), &[("reason", "because")]).await.status(), 422);
        whither(&form(&deal.buyer, &path(&deal.order), &[("reason", "price")]).await);
        whither(&form(&deal.buyer, &path(&deal.order), &[("reason", "explained")]).await);
        let told_of: Vec<String> = sql!(values & deal.app.app.base.db, "select reason from reasons").unwrap();
        assert_eq!(told_of, ["explained"], "{engine}: one answer an order, changeable");
        let unpaid = deal.place(&deal.buyer, By::Pickup, 1).await;
        let early =
            put(&deal.buyer, &format!("/api/v1{}", path(&unpaid)), &json!({ "reason": "price" })).await;
        assert_eq!(told(early).await, (409, "not-paid".into()), "{engine}");
        let shares =
            async || -> Value { deal.seller.get(&deal.of_store("reasons")).await.json().await.unwrap() };
        for reason in ["explained", "fresh", "price"] {
            let buyer = deal.app.shopper("손님").await;
            let order = deal.place(&buyer, By::Pickup, 1).await;
            let card = json!({ "card": "approve", "amount_won": order["total_won"] });
            let pay = format!("/api/v1/payments/{}/confirmation", order["payment_id"].as_str().unwrap());
            assert_eq!(buyer.post(&pay, &card).await.status(), 200);
            let said = put(&buyer, &format!("/api/v1{}", path(&order)), &json!({ "reason": reason })).await;
            assert_eq!(said.status(), 204);
        }
        assert_eq!(shares().await, json!({ "answers": 0, "items": [] }), "{engine}: four are too few");
        let few = deal.seller.page(&format!("/sell/{}/reasons", deal.store)).await.text().await.unwrap();
        assert!(few.contains("5명") && !few.contains("<meter"), "{few}");
        let card = json!({ "card": "approve", "amount_won": unpaid["total_won"] });
        let pay = format!("/api/v1/payments/{}/confirmation", unpaid["payment_id"].as_str().unwrap());
        assert_eq!(deal.buyer.post(&pay, &card).await.status(), 200);
        whither(&form(&deal.buyer, &path(&unpaid), &[("reason", "explained")]).await);
        let five = shares().await;
        assert_eq!(five["answers"], 5);
        assert_eq!(five["items"][0], json!({ "reason": "explained", "count": 3, "percent": 60 }), "{engine}");
        let shown = deal.seller.page(&format!("/sell/{}/reasons", deal.store)).await.text().await.unwrap();
        assert!(shown.contains("60%"), "{shown}");
        assert_eq!(stranger.page(&format!("/sell/{}/reasons", deal.store)).await.status(), 404);
    }
}
