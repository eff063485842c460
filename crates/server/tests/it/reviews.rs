//! Reviews through the front door: who may write one, what they come to, and what strangers cannot do with them.

use std::time::Duration;

use base::sql;
use people::{operator, person};
use reqwest::{Method, Response, multipart};
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::deal::{By, Deal, form, told, whither};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn good() -> Value {
    json!({ "stars": 5, "words": "싱싱하고 간이 딱 맞아요", "answers": [{ "aspect": "freshness", "answer": "high" }] })
}

fn lines(order: &Value) -> String {
    format!("/api/v1/orders/{}/lines/0/reviews", order["id"].as_str().unwrap())
}

async fn written(who: &Client, order: &Value, body: &Value) -> Value {
    let answer = who.post(&lines(order), body).await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

async fn send(who: &Client, method: Method, path: &str, body: Option<&Value>) -> Response {
    let request = who.ask(method, path).header("accept", "application/json");
    match body {
        Some(body) => request.json(body),
        None => request,
    }
    .send()
    .await
    .unwrap()
}

fn of(review: &Value, rest: &str) -> String {
    format!("/api/v1/reviews/{}{rest}", review["id"].as_str().unwrap())
}

async fn product(deal: &Deal) -> String {
    sql!(value & deal.app.app.base.db, "select product_id from order_lines where order_id = $1", deal.id())
        .unwrap()
}

async fn tally(deal: &Deal) -> Value {
    let path = format!("/api/v1/products/{}/reviews/tally", product(deal).await);
    deal.app.stranger().get(&path).await.json().await.unwrap()
}

/// What stands on the product is what its reviews come to.
async fn check(deal: &Deal) {
    let wrong: i64 = sql!(
        value & deal.app.app.base.db,
        "select count(*) from products p where p.reviews_count <>
           (select count(*) from reviews r where r.product_id = p.id and r.removed_at_ms is null and r.hidden_at_ms is null)
         or p.stars_sum <> (select coalesce(sum(r.stars), 0) from reviews r
            where r.product_id = p.id and r.removed_at_ms is null and r.hidden_at_ms is null)"
    )
    .unwrap();
    assert_eq!(wrong, 0, "{}: counts are exact", deal.app.engine);
    let wrong: i64 = sql!(
        value & deal.app.app.base.db,
        "select count(*) from reviews r where r.helpful <>
           (select count(*) from review_votes v where v.review_id = r.id)"
    )
    .unwrap();
    assert_eq!(wrong, 0, "{}: votes are exact", deal.app.engine);
}

/// Another buyer of the same goods, who has them.
async fn another(deal: &Deal, name: &str) -> (Client, Value) {
    let buyer = deal.app.shopper(name).await;
    let order = deal.place(&buyer, By::Pickup, 1).await;
    let confirmation = json!({ "card": "approve", "amount_won": order["total_won"] });
    let path = format!("/api/v1/payments/{}/confirmation", order["payment_id"].as_str().unwrap());
    assert_eq!(buyer.post(&path, &confirmation).await.status(), 200);
    let handed = deal.seller.post(&deal.of_store("handovers"), &json!({ "order_id": order["id"] })).await;
    assert_eq!(handed.status(), 200);
    (buyer, order)
}

async fn operator(app: &App) -> Client {
    let client = app.shopper("시장지기").await;
    let me: Value = client.get("/api/v1/me").await.json().await.unwrap();
    let id = me["id"].as_str().unwrap().parse().unwrap();
    let mut tx = app.app.base.db.begin().await.unwrap();
    operator::appoint(&mut tx, &id, app.clock.now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(person::find(&app.app.base.db, &id).await.unwrap().is_some());
    client
}

#[tokio::test]
async fn only_who_has_the_goods_writes_a_review_and_only_one() {
    for deal in Deal::each(By::Parcel, 2).await {
        let engine = deal.app.engine;
        let early = told(deal.buyer.post(&lines(&deal.order), &good()).await).await;
        assert_eq!(early, (409, "not-received".into()), "{engine}");
        deal.send("600000000001").await;
        assert_eq!(
            deal.buyer.post(&lines(&deal.order), &good()).await.status(),
            409,
            "on the way is not here"
        );
        let got = deal.buyer.post(&format!("/api/v1/orders/{}/receipt", deal.id()), &json!({})).await;
        assert_eq!(got.status(), 204);
        for other in [&deal.app.shopper("남").await, &deal.app.stranger(), &deal.seller] {
            assert_eq!(other.post(&lines(&deal.order), &good()).await.status(), 404, "{engine}: not theirs");
        }
        for (wrong, field) in [
            (json!({ "stars": 0 }), "stars"),
            (json!({ "stars": 6 }), "stars"),
            (json!({ "stars": 3, "words": "가".repeat(2_001) }), "words"),
            (json!({ "stars": 3, "answers": [{ "aspect": "size", "answer": "high" }] }), "answers"),
            (json!({ "stars": 3, "photos": ["a".repeat(40)] }), "photos"),
        ] {
            let refused = deal.buyer.post(&lines(&deal.order), &wrong).await;
            assert_eq!(refused.status(), 422, "{engine}: {field}");
            let refused: Value = refused.json().await.unwrap();
            assert!(refused["fields"].to_string().contains(field), "{refused}");
        }
        let first = deal.buyer.post_with(&lines(&deal.order), &good(), "k1").await;
        assert_eq!(first.status(), 201);
        let first: Value = first.json().await.unwrap();
        let again: Value =
            deal.buyer.post_with(&lines(&deal.order), &good(), "k1").await.json().await.unwrap();
        assert_eq!(first["id"], again["id"], "{engine}: the same key is the same review");
        let other = told(deal.buyer.post_with(&lines(&deal.order), &json!({ "stars": 1 }), "k1").await).await;
        assert_eq!(other, (422, "key-reused".into()));
        let second = told(deal.buyer.post(&lines(&deal.order), &good()).await).await;
        assert_eq!(second, (409, "review-written".into()));
        assert_eq!(first["name"], "지*");
        assert_eq!(deal.buyer.post(&lines(&deal.order).replace("/0/", "/7/"), &good()).await.status(), 404);
        check(&deal).await;
    }
}

#[tokio::test]
async fn who_sent_it_back_or_called_it_off_writes_none() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let wish = json!({ "lines": [{ "variant_id": deal.variant, "quantity": 1 }], "reason": "faulty" });
        let back: Value = deal
            .buyer
            .post(&format!("/api/v1/orders/{}/returns", deal.id()), &wish)
            .await
            .json()
            .await
            .unwrap();
        let refused = told(deal.buyer.post(&lines(&deal.order), &good()).await).await;
        assert_eq!(refused, (409, "sent-back".into()), "{}", deal.app.engine);
        let keep = format!("/api/v1/returns/{}/taking-back", back["id"].as_str().unwrap());
        assert_eq!(deal.buyer.post(&keep, &json!({})).await.status(), 200);
        let refund = deal.of_store(&format!("orders/{}/refunds", deal.id()));
        let whole = json!({ "reason": "상했어요" });
        assert_eq!(deal.seller.post(&refund, &whole).await.status(), 201);
        deal.app.done().await;
        assert_eq!(deal.now().await["payment_state"], "refunded");
        let refused = told(deal.buyer.post(&lines(&deal.order), &good()).await).await;
        assert_eq!(refused, (409, "sent-back".into()), "{}", deal.app.engine);
        let canceled = deal.place(&deal.buyer, By::Pickup, 1).await;
        let path = format!("/api/v1/orders/{}/cancellation", canceled["id"].as_str().unwrap());
        deal.buyer.post(&path, &json!({})).await;
        assert_eq!(deal.buyer.post(&lines(&canceled), &good()).await.status(), 409);
        assert_eq!(tally(&deal).await["count"], 0);
        check(&deal).await;
    }
}

#[tokio::test]
async fn who_sells_it_does_not_praise_it() {
    for deal in Deal::each(By::Pickup, 1).await {
        let order = deal.place(&deal.seller, By::Pickup, 1).await;
        let confirmation = json!({ "card": "approve", "amount_won": order["total_won"] });
        let path = format!("/api/v1/payments/{}/confirmation", order["payment_id"].as_str().unwrap());
        assert_eq!(deal.seller.post(&path, &confirmation).await.status(), 200);
        deal.seller.post(&deal.of_store("handovers"), &json!({ "order_id": order["id"] })).await;
        let refused = told(deal.seller.post(&lines(&order), &good()).await).await;
        assert_eq!(refused, (409, "own-store".into()), "{}", deal.app.engine);
    }
}

#[tokio::test]
async fn what_reviews_come_to_is_exact_also_when_they_come_at_once() {
    for deal in Deal::each(By::Parcel, 1).await {
        let engine = deal.app.engine;
        deal.receive().await;
        let (b, of_b) = another(&deal, "김은희").await;
        let (c, of_c) = another(&deal, "남궁민수").await;
        let low = json!({ "stars": 2, "answers": [{ "aspect": "freshness", "answer": "low" }] });
        let high = good();
        let (one, two, three) = tokio::join!(
            written(&deal.buyer, &deal.order, &high),
            written(&b, &of_b, &high),
            written(&c, &of_c, &low),
        );
        check(&deal).await;
        let sum = tally(&deal).await;
        assert_eq!(
            (&sum["count"], &sum["stars_sum"], &sum["mean_tenths"]),
            (&json!(3), &json!(12), &json!(40))
        );
        assert_eq!(sum["stars"], json!([0, 1, 0, 0, 2]), "{engine}");
        let fresh = &sum["aspects"][0];
        assert_eq!(fresh["aspect"], "freshness");
        assert_eq!(fresh["answers"][2], json!({ "answer": "high", "count": 2, "percent": 67 }));
        assert_eq!((&two["name"], &three["name"]), (&json!("김*희"), &json!("남**수")));

        let changed = send(&c, Method::PUT, &of(&three, ""), Some(&json!({ "stars": 5 }))).await;
        assert_eq!(changed.status(), 200);
        assert_eq!(send(&b, Method::PUT, &of(&three, ""), Some(&good())).await.status(), 404, "another's");
        assert_eq!(tally(&deal).await["stars_sum"], 15, "{engine}");
        assert_eq!(send(&b, Method::DELETE, &of(&three, ""), None).await.status(), 404);
        assert_eq!(send(&c, Method::DELETE, &of(&three, ""), None).await.status(), 200);
        assert_eq!(send(&c, Method::DELETE, &of(&three, ""), None).await.status(), 200, "twice is once");
        assert_eq!(tally(&deal).await["count"], 2);
        assert_eq!(b.get(&of(&three, "")).await.status(), 404, "taken back is gone for others");
        assert_eq!(c.post(&of(&three, "/restoration"), &json!({})).await.status(), 200);
        assert_eq!(tally(&deal).await["count"], 3);

        deal.app.later(31 * DAY).await;
        let late = told(send(&c, Method::PUT, &of(&three, ""), Some(&good())).await).await;
        assert_eq!(late, (409, "review-over".into()), "{engine}");
        assert_eq!(send(&deal.buyer, Method::DELETE, &of(&one, ""), None).await.status(), 200, "always");
        check(&deal).await;
    }
}

#[tokio::test]
async fn helpful_counts_people_and_not_the_writer() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let review = written(&deal.buyer, &deal.order, &good()).await;
        let helpful = of(&review, "/helpful");
        let own = told(send(&deal.buyer, Method::PUT, &helpful, None).await).await;
        assert_eq!(own, (409, "own-review".into()), "{}", deal.app.engine);
        assert_eq!(send(&deal.app.stranger(), Method::PUT, &helpful, None).await.status(), 401);
        let (a, b) = (deal.app.shopper("가").await, deal.app.shopper("나").await);
        tokio::join!(
            send(&a, Method::PUT, &helpful, None),
            send(&a, Method::PUT, &helpful, None),
            send(&b, Method::PUT, &helpful, None)
        );
        let now: Value = a.get(&of(&review, "")).await.json().await.unwrap();
        assert_eq!(now["helpful"], 2, "{}", deal.app.engine);
        check(&deal).await;
        send(&a, Method::DELETE, &helpful, None).await;
        send(&a, Method::DELETE, &helpful, None).await;
        let now: Value = a.get(&of(&review, "")).await.json().await.unwrap();
        assert_eq!(now["helpful"], 1);
        check(&deal).await;
    }
}

#[tokio::test]
async fn reviews_are_read_page_by_page_in_the_order_asked_for() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let mut ids = vec![written(&deal.buyer, &deal.order, &good()).await["id"].clone()];
        let mut last = None;
        for name in ["가나", "다라", "마바"] {
            deal.app.clock.advance(Duration::from_secs(1));
            let (buyer, order) = another(&deal, name).await;
            let review = written(&buyer, &order, &good()).await;
            ids.push(review["id"].clone());
            last = Some(review);
        }
        let reader = deal.app.shopper("독자").await;
        let second = json!({ "id": ids[1] });
        assert_eq!(send(&reader, Method::PUT, &of(&second, "/helpful"), None).await.status(), 200);
        let path = format!("/api/v1/products/{}/reviews", product(&deal).await);
        let read = async |sort: &str| {
            let (mut all, mut cursor) = (Vec::new(), String::new());
            loop {
                let page: Value =
                    reader.get(&format!("{path}?limit=3&sort={sort}{cursor}")).await.json().await.unwrap();
                all.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return all,
                }
            }
        };
        let newest: Vec<_> = ids.iter().rev().cloned().collect();
        assert_eq!(read("newest").await, newest, "{}", deal.app.engine);
        assert_eq!(read("helpful").await[0], ids[1]);
        assert_eq!(read("helpful").await.len(), 4);
        assert_eq!(read("photos").await, Vec::<Value>::new());
        assert_eq!(reader.get(&format!("{path}?sort=best")).await.status(), 400);
        assert_eq!(reader.get(&format!("{path}?cursor=!")).await.status(), 400);
        assert!(last.is_some());
    }
}

#[tokio::test]
async fn the_seller_answers_once_and_another_store_cannot() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let review = written(&deal.buyer, &deal.order, &good()).await;
        let id = review["id"].as_str().unwrap();
        let answer = deal.of_store(&format!("reviews/{id}/answer"));
        let rival = deal.app.shopper("옆집").await;
        let (theirs, _) = crate::sale::open_stall(&rival, 1).await;
        let body = json!({ "answer": "고맙습니다" });
        assert_eq!(send(&rival, Method::PUT, &answer, Some(&body)).await.status(), 404);
        let sideways = format!("/api/v1/stores/{theirs}/reviews/{id}/answer");
        assert_eq!(
            send(&rival, Method::PUT, &sideways, Some(&body)).await.status(),
            404,
            "through their own door"
        );
        assert_eq!(send(&deal.buyer, Method::PUT, &answer, Some(&body)).await.status(), 404);
        let page = rival.page(&format!("/sell/{theirs}/reviews/{id}")).await;
        assert_eq!(page.status(), 404);
        let open = deal.of_store("reviews?unanswered=true");
        let waiting = async || -> usize {
            let list: Value = deal.seller.get(&open).await.json().await.unwrap();
            list["items"].as_array().unwrap().len()
        };
        assert_eq!(waiting().await, 1);
        assert_eq!(send(&deal.seller, Method::PUT, &answer, Some(&body)).await.status(), 200);
        assert_eq!(waiting().await, 0, "{}", deal.app.engine);
        let told: Value = deal.buyer.get(&of(&review, "")).await.json().await.unwrap();
        assert_eq!(told["answer"], "고맙습니다");
        let long = json!({ "answer": "가".repeat(1_001) });
        assert_eq!(send(&deal.seller, Method::PUT, &answer, Some(&long)).await.status(), 422);
        assert_eq!(send(&deal.seller, Method::DELETE, &answer, None).await.status(), 200);
        assert_eq!(waiting().await, 1);
    }
}

#[tokio::test]
async fn a_reported_review_is_hidden_by_an_operator_and_by_nobody_else() {
    for deal in Deal::each(By::Parcel, 1).await {
        let engine = deal.app.engine;
        deal.receive().await;
        let review = written(&deal.buyer, &deal.order, &good()).await;
        let (report, hiding) = (of(&review, "/report"), of(&review, "/hiding"));
        let why = json!({ "reason": "private", "words": "전화번호가 있어요" });
        assert_eq!(send(&deal.app.stranger(), Method::PUT, &report, Some(&why)).await.status(), 401);
        let reader = deal.app.shopper("독자").await;
        for _ in 0..2 {
            assert_eq!(send(&reader, Method::PUT, &report, Some(&why)).await.status(), 204);
        }
        let reported: i64 = sql!(value & deal.app.app.base.db, "select reported from reviews").unwrap();
        assert_eq!(reported, 1, "{engine}: once a person");
        let reason = json!({ "reason": "다른 손님의 전화번호" });
        for who in [&reader, &deal.seller, &deal.buyer] {
            assert_eq!(send(who, Method::PUT, &hiding, Some(&reason)).await.status(), 403, "{engine}");
            assert_eq!(who.page("/reviews/reported").await.status(), 403);
        }
        let operator = operator(&deal.app).await;
        let list = operator.page("/reviews/reported").await.text().await.unwrap();
        assert!(list.contains("전화번호가 있어요"), "{list}");
        assert_eq!(
            send(&operator, Method::PUT, &hiding, Some(&json!({ "reason": " " }))).await.status(),
            422
        );
        assert_eq!(send(&operator, Method::PUT, &hiding, Some(&reason)).await.status(), 200);
        check(&deal).await;
        assert_eq!(tally(&deal).await["count"], 0, "{engine}");
        let page = format!("/reviews/{}", review["id"].as_str().unwrap());
        assert_eq!(reader.page(&page).await.status(), 404);
        let own = deal.buyer.page(&page).await.text().await.unwrap();
        assert!(own.contains("다른 손님의 전화번호"), "the writer is told why");
        whither(&form(&operator, &format!("{page}/showing"), &[]).await);
        assert_eq!(tally(&deal).await["count"], 1);
        check(&deal).await;
    }
}

#[tokio::test]
async fn who_leaves_is_a_regular_and_cannot_be_found() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let review = written(&deal.buyer, &deal.order, &good()).await;
        let (other, order) = another(&deal, "김은희").await;
        let theirs = written(&other, &order, &good()).await;
        assert_eq!(send(&deal.buyer, Method::PUT, &of(&theirs, "/helpful"), None).await.status(), 200);
        assert_eq!(send(&deal.buyer, Method::DELETE, "/api/v1/me", None).await.status(), 204);
        deal.app.done().await;
        let db = &deal.app.app.base.db;
        let known: i64 = sql!(value db,
            "select count(*) from reviews where id = $1 and (writer <> '' or name <> '')", review["id"].as_str().unwrap())
        .unwrap();
        assert_eq!(known, 0, "{}", deal.app.engine);
        let now: Value = other.get(&of(&review, "")).await.json().await.unwrap();
        assert_eq!((&now["name"], &now["words"]), (&json!(""), &json!("싱싱하고 간이 딱 맞아요")));
        let page = format!("/products/{}", product(&deal).await);
        assert!(other.page(&page).await.text().await.unwrap().contains("단골"));
        check(&deal).await;
    }
}

fn picture() -> Vec<u8> {
    include_bytes!("../../../../ui/public/icon-192.png").to_vec()
}

#[tokio::test]
async fn without_a_script_a_buyer_reviews_with_a_photo_and_the_seller_answers_with_one_tap() {
    for deal in Deal::each(By::Parcel, 1).await {
        let engine = deal.app.engine;
        deal.receive().await;
        let order = deal.buyer.page(&format!("/orders/{}", deal.id())).await.text().await.unwrap();
        let path = format!("/orders/{}/reviews/0", deal.id());
        assert!(order.contains(&path), "{order}");
        let blank = deal.buyer.page(&path).await.text().await.unwrap();
        assert!(blank.contains("신선도") && blank.contains("싱싱해요"), "{blank}");
        let (_, rest) = blank.split_once("name=\"key\" value=\"").unwrap();
        let key = rest.split('"').next().unwrap().to_owned();
        let post = async |stars: &str, file: (&'static str, Vec<u8>)| {
            let photo = multipart::Part::bytes(file.1).file_name(file.0);
            let form = multipart::Form::new()
                .text("key", key.clone())
                .text("stars", stars.to_owned())
                .text("a-freshness", "high")
                .text("words", "간이 딱 맞아요")
                .part("photos", photo);
            let sent = deal.buyer.ask(Method::POST, &path).header("accept", "text/html").multipart(form);
            sent.send().await.unwrap()
        };
        let wrong = post("", ("생선.png", picture())).await;
        assert_eq!(wrong.status(), 422);
        let wrong = wrong.text().await.unwrap();
        assert!(
            wrong.contains("간이 딱 맞아요") && wrong.contains("photo_order"),
            "{engine}: nothing is lost"
        );
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
        let refused = post("5", ("나쁜.svg", svg)).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().await.unwrap().contains("나쁜.svg"));
        let review = whither(&post("5", ("생선.png", picture())).await);
        let again = whither(&post("5", ("생선.png", picture())).await);
        assert_eq!(review, again, "{engine}: sent twice it is one");
        let shown = deal.app.stranger().page(&format!("/products/{}", product(&deal).await)).await;
        let shown = shown.text().await.unwrap();
        assert!(
            shown.contains("간이 딱 맞아요") && shown.contains("지*") && shown.contains("5.0"),
            "{shown}"
        );
        assert!(shown.contains("\"aggregateRating\""));
        let photo = shown.split("/photos/").find(|part| part.contains("/240.jpg")).unwrap();
        let photo = format!("/photos/{}/240.jpg", photo.split('/').next().unwrap());
        assert_eq!(deal.app.stranger().page(&photo).await.headers()["content-type"], "image/jpeg");

        let home = deal.seller.page(&format!("/sell/{}", deal.store)).await.text().await.unwrap();
        assert!(home.contains("후기와 답글"));
        let list = format!("/sell/{}/reviews", deal.store);
        let keep =
            form(&deal.seller, &format!("/sell/{}/phrases", deal.store), &[("phrase", "또 오세요!")]).await;
        whither(&keep);
        let open = deal.seller.page(&list).await.text().await.unwrap();
        assert!(open.contains("간이 딱 맞아요") && open.contains("value=\"또 오세요!\""), "{open}");
        let id = review.split(['/', '?']).nth(2).unwrap();
        let answer = format!("{list}/{id}/answer");
        let done = whither(&form(&deal.seller, &answer, &[("answer", "또 오세요!")]).await);
        let done = deal.seller.page(&done).await.text().await.unwrap();
        assert!(done.contains("답글을 올렸어요"));
        let all = deal.app.stranger().page(&format!("/products/{}/reviews", product(&deal).await)).await;
        assert!(all.text().await.unwrap().contains("또 오세요!"));
        let reader = deal.app.shopper("독자").await;
        whither(&form(&reader, &format!("/reviews/{id}/helpful"), &[("helpful", "on")]).await);
        assert_eq!(form(&reader, &format!("/reviews/{id}/report"), &[("reason", "")]).await.status(), 422);
        whither(&form(&reader, &format!("/reviews/{id}/report"), &[("reason", "ad")]).await);
        let gone = whither(&form(&deal.buyer, &format!("/reviews/{id}/removal"), &[]).await);
        assert!(deal.buyer.page(&gone).await.text().await.unwrap().contains("restoration"));
        whither(&form(&deal.buyer, &format!("/reviews/{id}/restoration"), &[]).await);
        check(&deal).await;
    }
}
