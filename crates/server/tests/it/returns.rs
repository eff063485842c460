//! Returns through the front door: every step, every clock, and everything that must not happen twice.

use std::time::Duration;

use base::sql;
use serde_json::{Value, json};

use crate::app::Client;
use crate::deal::{By, Deal, form, told, whither};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A wish of so many pieces, for a reason.
fn wish(deal: &Deal, quantity: i64, reason: &str) -> Value {
    json!({ "lines": [{ "variant_id": deal.variant, "quantity": quantity }], "reason": reason })
}

async fn ask(deal: &Deal, body: &Value) -> reqwest::Response {
    deal.buyer.post(&format!("/api/v1/orders/{}/returns", deal.id()), body).await
}

/// Asks, and gives the return.
async fn asked(deal: &Deal, body: &Value) -> Value {
    let answer = ask(deal, body).await;
    assert_eq!(answer.status(), 201, "{}", deal.app.engine);
    answer.json().await.unwrap()
}

/// The seller does something with a return.
async fn seller(deal: &Deal, back: &Value, what: &str, body: &Value) -> reqwest::Response {
    let path = deal.of_store(&format!("returns/{}/{what}", back["id"].as_str().unwrap()));
    deal.seller.post(&path, body).await
}

/// The buyer does something with it.
async fn buyer(deal: &Deal, back: &Value, what: &str, body: &Value) -> reqwest::Response {
    deal.buyer.post(&format!("/api/v1/returns/{}/{what}", back["id"].as_str().unwrap()), body).await
}

fn accept() -> Value {
    json!({ "answer": "accept" })
}

/// From asked to arrived.
async fn arrived(deal: &Deal, back: &Value, goods: &str) {
    assert_eq!(seller(deal, back, "answer", &accept()).await.status(), 200);
    let here = seller(deal, back, "arrival", &json!({ "goods": goods })).await;
    assert_eq!(here.status(), 200, "{}", deal.app.engine);
}

async fn now(deal: &Deal, back: &Value) -> Value {
    deal.buyer.get(&format!("/api/v1/returns/{}", back["id"].as_str().unwrap())).await.json().await.unwrap()
}

#[tokio::test]
async fn goods_go_back_and_the_money_comes_once() {
    for deal in Deal::each(By::Parcel, 3).await {
        deal.receive().await;
        let back = asked(&deal, &wish(&deal, 2, "mind")).await;
        assert_eq!((&back["state"], &back["refund_won"]), (&json!("asked"), &json!(20_000)));
        assert_eq!(seller(&deal, &back, "answer", &accept()).await.status(), 200);
        let sent = json!({ "carrier": "epost", "number": "6000000000012" });
        assert_eq!(buyer(&deal, &back, "dispatch", &sent).await.status(), 200);
        assert_eq!(deal.stock().await, (7, 0));
        assert_eq!(seller(&deal, &back, "arrival", &json!({ "goods": "shelf" })).await.status(), 200);
        assert_eq!(deal.stock().await, (9, 0), "{}", deal.app.engine);
        let none = json!({});
        let taps = tokio::join!(
            seller(&deal, &back, "refund", &none),
            seller(&deal, &back, "refund", &none),
            seller(&deal, &back, "refund", &none),
            seller(&deal, &back, "refund", &none),
        );
        for tap in [taps.0, taps.1, taps.2, taps.3] {
            assert_eq!(tap.status(), 200, "{}: a second tap is as the first", deal.app.engine);
        }
        deal.app.done().await;
        let total = deal.order["total_won"].as_i64().unwrap();
        assert_eq!(deal.kept(), total - 20_000, "{}", deal.app.engine);
        let back = now(&deal, &back).await;
        assert_eq!((&back["state"], &back["paid_won"]), (&json!("refunded"), &json!(20_000)));
        let refunds: i64 = sql!(value & deal.app.app.base.db, "select count(*) from refunds").unwrap();
        assert_eq!(refunds, 1);
        deal.check().await;
    }
}

#[tokio::test]
async fn what_it_comes_to_follows_from_who_is_to_blame() {
    for deal in Deal::each(By::Parcel, 2).await {
        deal.receive().await;
        let delivery = deal.order["delivery_won"].as_i64().unwrap();
        assert!(delivery > 0);
        let sums = async |body: Value| {
            let back = asked(&deal, &body).await;
            assert_eq!(buyer(&deal, &back, "taking-back", &json!({})).await.status(), 200);
            let won = |name: &str| back[name].as_i64().unwrap();
            (won("goods_won"), won("delivery_won"), won("fee_won"), won("refund_won"))
        };
        assert_eq!(sums(wish(&deal, 2, "mind")).await, (20_000, 0, 0, 20_000), "{}", deal.app.engine);
        assert_eq!(sums(wish(&deal, 1, "faulty")).await, (10_000, 0, 0, 10_000));
        assert_eq!(sums(wish(&deal, 2, "wrong")).await, (20_000, delivery, 0, 20_000 + delivery));
        let mut collect = wish(&deal, 1, "mind");
        collect["postage"] = json!("collect");
        let fee: i64 =
            sql!(value & deal.app.app.base.db, "select parcel_won from stores where id = $1", &deal.store)
                .unwrap();
        assert_eq!(sums(collect).await, (10_000, 0, fee, 10_000 - fee));
        let mut collect = wish(&deal, 2, "late");
        collect["postage"] = json!("collect");
        assert_eq!(sums(collect).await, (20_000, delivery, 0, 20_000 + delivery));
        // In two goes: the last brings the delivery back, once.
        let first = asked(&deal, &wish(&deal, 1, "faulty")).await;
        let second = asked(&deal, &wish(&deal, 1, "faulty")).await;
        assert_eq!(
            (&first["refund_won"], &second["refund_won"]),
            (&json!(10_000), &json!(10_000 + delivery))
        );
        for back in [&first, &second] {
            arrived(&deal, back, "write-off").await;
            assert_eq!(seller(&deal, back, "refund", &json!({})).await.status(), 200);
        }
        deal.app.done().await;
        assert_eq!((deal.kept(), deal.stock().await), (0, (8, 0)), "{}: written off", deal.app.engine);
        assert_eq!(deal.now().await["payment_state"], "refunded");
        deal.check().await;
    }
}

#[tokio::test]
async fn each_clock_runs_out_at_its_own_time() {
    for deal in Deal::each(By::Parcel, 9).await {
        deal.send("600000000001").await;
        let back = asked(&deal, &wish(&deal, 1, "mind")).await;
        assert_eq!(back["state"], "asked", "{}: it has not even arrived", deal.app.engine);
        let got = deal.buyer.post(&format!("/api/v1/orders/{}/receipt", deal.id()), &json!({})).await;
        assert_eq!(got.status(), 204);
        // Received on Tuesday, 24 November: until the end of Tuesday, 1 December.
        deal.app.later(7 * DAY).await;
        asked(&deal, &wish(&deal, 1, "mind")).await;
        deal.app.later(DAY).await;
        let late = told(ask(&deal, &wish(&deal, 1, "mind")).await).await;
        assert_eq!(late, (409, "return-too-late".into()), "{}", deal.app.engine);
        asked(&deal, &wish(&deal, 1, "wrong")).await;
        let mut noticed = wish(&deal, 1, "wrong");
        noticed["noticed_on"] = json!("2026-11-25");
        asked(&deal, &noticed).await;
        noticed["noticed_on"] = json!("2027-11-25");
        assert_eq!(ask(&deal, &noticed).await.status(), 422, "nobody knows what is to come");
        deal.app.later(30 * DAY).await;
        noticed["noticed_on"] = json!("2026-11-25");
        assert_eq!(told(ask(&deal, &noticed).await).await, (409, "return-too-late".into()));
        asked(&deal, &wish(&deal, 1, "faulty")).await;
        deal.app.later(60 * DAY).await;
        assert_eq!(told(ask(&deal, &wish(&deal, 1, "faulty")).await).await, (409, "return-too-late".into()));
        let page = deal.buyer.page(&format!("/orders/{}", deal.id())).await.text().await.unwrap();
        assert!(!page.contains("returns/new"), "nothing is offered that is refused");
        deal.check().await;
    }
}

#[tokio::test]
async fn what_spoils_goes_back_only_when_it_is_not_as_it_should_be() {
    for deal in Deal::of(By::Parcel, 2, "fresh").await {
        let early = told(ask(&deal, &wish(&deal, 1, "faulty")).await).await;
        assert_eq!(early, (409, "not-yet-sent".into()), "{}", deal.app.engine);
        deal.receive().await;
        let refused = told(ask(&deal, &wish(&deal, 1, "mind")).await).await;
        assert_eq!(refused, (409, "not-returnable".into()), "{}", deal.app.engine);
        let page = deal.buyer.page(&format!("/orders/{}/returns/new", deal.id())).await.text().await.unwrap();
        assert!(page.contains("주문하실 때 확인하셨어요"), "{page}");
        asked(&deal, &wish(&deal, 1, "faulty")).await;
        // Where nobody agreed to the exception there is none.
        let mut tx = deal.app.app.base.db.begin().await.unwrap();
        sql!(run &mut tx, "update orders set withdrawal_agreed = false where id = $1", deal.id()).unwrap();
        tx.commit().await.unwrap();
        asked(&deal, &wish(&deal, 1, "mind")).await;
    }
}

#[tokio::test]
async fn never_more_pieces_than_were_bought_however_many_ask() {
    for deal in Deal::each(By::Parcel, 3).await {
        deal.receive().await;
        for (quantity, status) in [(4, 409), (0, 422), (-1, 422), (i64::MAX, 422)] {
            assert_eq!(ask(&deal, &wish(&deal, quantity, "mind")).await.status(), status, "{quantity}");
        }
        let nothing = json!({ "lines": [], "reason": "mind" });
        assert_eq!(ask(&deal, &nothing).await.status(), 422);
        let mut strange = wish(&deal, 1, "mind");
        strange["lines"][0]["variant_id"] = json!("0190a1b2-0000-7000-8000-000000000000");
        assert_eq!(ask(&deal, &strange).await.status(), 404);
        let two = wish(&deal, 2, "mind");
        let (a, b, c) = tokio::join!(ask(&deal, &two), ask(&deal, &two), ask(&deal, &two));
        let mut answers = [a.status().as_u16(), b.status().as_u16(), c.status().as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [201, 409, 409], "{}", deal.app.engine);
        let key = "tap";
        let path = format!("/api/v1/orders/{}/returns", deal.id());
        let one = wish(&deal, 1, "mind");
        let (first, again) =
            tokio::join!(deal.buyer.post_with(&path, &one, key), deal.buyer.post_with(&path, &one, key),);
        let (first, again): (Value, Value) = (first.json().await.unwrap(), again.json().await.unwrap());
        assert_eq!(first["id"], again["id"], "{}", deal.app.engine);
        let other = wish(&deal, 1, "faulty");
        assert_eq!(told(deal.buyer.post_with(&path, &other, key).await).await, (422, "key-reused".into()));
        deal.check().await;
    }
}

#[tokio::test]
async fn what_went_back_by_hand_is_not_paid_again() {
    for deal in Deal::each(By::Parcel, 2).await {
        deal.receive().await;
        let back = asked(&deal, &wish(&deal, 2, "mind")).await;
        arrived(&deal, &back, "shelf").await;
        let total = deal.order["total_won"].as_i64().unwrap();
        let refunds = deal.of_store(&format!("orders/{}/refunds", deal.id()));
        let part = json!({ "amount_won": total - 5_000 });
        assert_eq!(deal.seller.post(&refunds, &part).await.status(), 201);
        let paid: Value = seller(&deal, &back, "refund", &json!({})).await.json().await.unwrap();
        assert_eq!((&paid["state"], &paid["paid_won"]), (&json!("refunded"), &json!(5_000)));
        deal.app.done().await;
        assert_eq!(deal.kept(), 0, "{}", deal.app.engine);
        deal.check().await;
    }
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let refunds = deal.of_store(&format!("orders/{}/refunds", deal.id()));
        assert_eq!(deal.seller.post(&refunds, &json!({})).await.status(), 201);
        let refused = told(ask(&deal, &wish(&deal, 1, "faulty")).await).await;
        assert_eq!(refused, (409, "nothing-to-refund".into()), "{}", deal.app.engine);
    }
}

#[tokio::test]
async fn an_exchange_takes_goods_that_are_there_or_becomes_a_refund() {
    for deal in Deal::each(By::Parcel, 2).await {
        deal.receive().await;
        let mut body = wish(&deal, 1, "faulty");
        body["wish"] = json!("exchange");
        let back = asked(&deal, &body).await;
        arrived(&deal, &back, "write-off").await;
        let none = json!({});
        let (one, two) =
            tokio::join!(seller(&deal, &back, "exchange", &none), seller(&deal, &back, "exchange", &none));
        assert_eq!((one.status().as_u16(), two.status().as_u16()), (200, 200), "{}", deal.app.engine);
        assert_eq!(deal.stock().await, (7, 0), "{}: taken once", deal.app.engine);
        assert_eq!(seller(&deal, &back, "refund", &none).await.status(), 409, "not both");
        let parcel = json!({ "carrier": "cj", "number": "600000000009" });
        assert_eq!(seller(&deal, &back, "shipments", &parcel).await.status(), 201);
        let shown = deal.buyer.page(&format!("/returns/{}", back["id"].as_str().unwrap())).await;
        assert!(shown.text().await.unwrap().contains("600000000009"));
        assert_eq!(deal.kept(), deal.order["total_won"].as_i64().unwrap());

        // The last seven are wanted by another buyer in the very moment of the next exchange.
        let next = asked(&deal, &body).await;
        arrived(&deal, &next, "write-off").await;
        let rival = deal.app.shopper("민수").await;
        let wanted = deal.wanted(By::Pickup, 7);
        let (again, order) =
            tokio::join!(seller(&deal, &next, "exchange", &none), rival.post("/api/v1/orders", &wanted));
        let answers = (again.status().as_u16(), order.status().as_u16());
        assert!(answers == (200, 409) || answers == (409, 201), "{answers:?} {}", deal.app.engine);
        if answers.0 == 409 {
            assert_eq!(told(again).await.1, "exchange-sold-out");
            assert_eq!(now(&deal, &next).await["state"], "arrived", "the clock goes on");
            assert_eq!(seller(&deal, &next, "refund", &none).await.status(), 200);
        }
        deal.app.done().await;
        deal.check().await;
    }
}

#[tokio::test]
async fn steps_are_taken_in_their_order_by_those_who_may() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let back = asked(&deal, &wish(&deal, 1, "mind")).await;
        let none = json!({});
        let goods = json!({ "goods": "shelf" });
        let rival = deal.app.shopper("다른 사장").await;
        let id = back["id"].as_str().unwrap();
        for (what, body) in
            [("answer", &accept()), ("arrival", &goods), ("refund", &none), ("interest", &none)]
        {
            let path = deal.of_store(&format!("returns/{id}/{what}"));
            assert_eq!(rival.post(&path, body).await.status(), 404, "{what}");
            assert_eq!(deal.buyer.post(&path, body).await.status(), 404, "{what}");
        }
        let (other, _) = crate::sale::open_stall(&rival, 1).await;
        let foreign = format!("/api/v1/stores/{other}/returns/{id}/answer");
        assert_eq!(rival.post(&foreign, &accept()).await.status(), 404, "another store's return");
        for what in ["taking-back", "dispatch"] {
            assert_eq!(
                rival.post(&format!("/api/v1/returns/{id}/{what}"), &none).await.status(),
                404,
                "{what}"
            );
        }
        assert_eq!(rival.get(&format!("/api/v1/returns/{id}")).await.status(), 404);

        for (what, body) in [("arrival", &goods), ("refund", &none), ("exchange", &none)] {
            assert_eq!(seller(&deal, &back, what, body).await.status(), 409, "asked: {what}");
        }
        assert_eq!(buyer(&deal, &back, "dispatch", &none).await.status(), 409, "nobody said yes yet");
        assert_eq!(seller(&deal, &back, "answer", &accept()).await.status(), 200);
        for (what, body) in [("refund", &none), ("exchange", &none)] {
            assert_eq!(seller(&deal, &back, what, body).await.status(), 409, "accepted: {what}");
        }
        let refuse = json!({ "answer": "refuse", "reason": "그냥" });
        assert_eq!(seller(&deal, &back, "answer", &refuse).await.status(), 409, "a yes is a yes");
        let wrong = json!({ "carrier": "cj", "number": "1" });
        assert_eq!(buyer(&deal, &back, "dispatch", &wrong).await.status(), 422);
        assert_eq!(buyer(&deal, &back, "dispatch", &none).await.status(), 200, "brought to the stall");
        assert_eq!(buyer(&deal, &back, "taking-back", &none).await.status(), 409, "it is on its way");
        assert_eq!(seller(&deal, &back, "arrival", &goods).await.status(), 200);
        assert_eq!(seller(&deal, &back, "arrival", &goods).await.status(), 200, "a second tap");
        assert_eq!(deal.stock().await, (10, 0), "{}: booked in once", deal.app.engine);
        assert_eq!(seller(&deal, &back, "exchange", &none).await.status(), 409, "the buyer wants money");
        assert_eq!(seller(&deal, &back, "interest", &none).await.status(), 404, "none is owed");
        // What is on its way back does not go back a step.
        let step = [("from", "sent"), ("to", "preparing")];
        let stage = format!("/sell/{}/orders/{}/stage", deal.store, deal.id());
        assert_eq!(form(&deal.seller, &stage, &step).await.status(), 409);
        deal.check().await;
    }
}

#[tokio::test]
async fn a_refusal_has_its_reason_and_gives_the_pieces_free() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.receive().await;
        let back = asked(&deal, &wish(&deal, 1, "mind")).await;
        let silent = json!({ "answer": "refuse", "reason": " " });
        assert_eq!(seller(&deal, &back, "answer", &silent).await.status(), 422, "{}", deal.app.engine);
        let refuse = json!({ "answer": "refuse", "reason": "포장을 뜯어 쓰셨어요" });
        assert_eq!(seller(&deal, &back, "answer", &refuse).await.status(), 200);
        let path = format!("/returns/{}", back["id"].as_str().unwrap());
        assert!(deal.buyer.page(&path).await.text().await.unwrap().contains("포장을 뜯어 쓰셨어요"));
        let next = asked(&deal, &wish(&deal, 1, "faulty")).await;
        // Goods that come back worn may be refused when they are seen; the stock never took them.
        assert_eq!(seller(&deal, &next, "answer", &accept()).await.status(), 200);
        assert_eq!(buyer(&deal, &next, "dispatch", &json!({})).await.status(), 200);
        assert_eq!(seller(&deal, &next, "answer", &refuse).await.status(), 200);
        assert_eq!(deal.stock().await, (9, 0), "{}", deal.app.engine);
        asked(&deal, &wish(&deal, 1, "faulty")).await;
        deal.check().await;
    }
}

#[tokio::test]
async fn a_late_refund_owes_interest_and_the_seller_is_told_in_time() {
    for deal in Deal::each(By::Parcel, 2).await {
        deal.receive().await;
        let back = asked(&deal, &wish(&deal, 2, "mind")).await;
        arrived(&deal, &back, "shelf").await;
        let page = format!("/sell/{}/returns/{}", deal.store, back["id"].as_str().unwrap());
        let clock = async || deal.seller.page(&page).await.text().await.unwrap();
        assert!(clock().await.contains("3영업일 안에 환불해 주세요"), "{}", deal.app.engine);
        shop::returning::begin_rounds(&deal.app.app.shop).await.unwrap();
        let reminded = async || -> i64 {
            let db = &deal.app.app.base.db;
            sql!(value db, "select count(*) from returns where reminded_at_ms > 0").unwrap()
        };
        deal.app.later(DAY).await;
        assert_eq!(reminded().await, 0, "there is time");
        deal.app.later(2 * DAY).await;
        assert_eq!(reminded().await, 1, "{}", deal.app.engine);
        assert!(clock().await.contains("오늘 안에 환불해 주세요"));
        // Due on Friday, 27 November; given back on Monday, 7 December: ten days.
        deal.app.later(10 * DAY).await;
        assert!(clock().await.contains("10일 지났어요"));
        let paid: Value = seller(&deal, &back, "refund", &json!({})).await.json().await.unwrap();
        assert_eq!((&paid["paid_won"], &paid["interest_won"]), (&json!(20_000), &json!(82)));
        assert!(clock().await.contains("82원"));
        assert_eq!(seller(&deal, &back, "interest", &json!({})).await.status(), 200);
        assert_eq!(seller(&deal, &back, "interest", &json!({})).await.status(), 404, "once");
        deal.app.done().await;
        assert_eq!(
            deal.kept(),
            deal.order["total_won"].as_i64().unwrap() - 20_000,
            "interest is not ours to send"
        );
        deal.check().await;
    }
}

/// The value of a form's hidden field.
fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn without_a_script_a_buyer_asks_and_a_seller_settles() {
    for deal in Deal::each(By::Parcel, 2).await {
        deal.receive().await;
        let order = format!("/orders/{}", deal.id());
        assert!(deal.buyer.page(&order).await.text().await.unwrap().contains("returns/new"));
        let page = deal.buyer.page(&format!("{order}/returns/new")).await.text().await.unwrap();
        assert!(page.contains("12월 1일") && page.contains("전자상거래법 제17조 제1항"), "{page}");
        let key = hidden(&page, "key").to_owned();
        let quantity = format!("q-{}", deal.variant);
        let check = async |who: &Client, pieces: &str, reason: &str| {
            let fields = [
                ("key", key.as_str()),
                (quantity.as_str(), pieces),
                ("reason", reason),
                ("wish", "refund"),
                ("postage", "prepaid"),
                ("noticed_on", ""),
                ("words", "두 마리가 상했어요"),
            ];
            form(who, &format!("{order}/returns/check"), &fields).await
        };
        for (pieces, reason) in [("", "faulty"), ("3", "faulty"), ("many", "faulty"), ("1", "")] {
            let wrong = check(&deal.buyer, pieces, reason).await;
            assert_eq!(wrong.status(), 422, "{pieces} {reason}");
            let wrong = wrong.text().await.unwrap();
            assert!(wrong.contains("두 마리가 상했어요"), "nothing typed is lost");
        }
        let stranger = deal.app.shopper("남").await;
        assert_eq!(check(&stranger, "2", "faulty").await.status(), 404);
        let shown = check(&deal.buyer, "2", "faulty").await;
        assert_eq!(shown.status(), 200);
        let shown = shown.text().await.unwrap();
        let total = deal.order["total_won"].as_i64().unwrap();
        assert!(shown.contains(&format!("{}원", base::money::grouped(total))), "{shown}");
        let none: i64 = sql!(value & deal.app.app.base.db, "select count(*) from returns").unwrap();
        assert_eq!(none, 0, "{}: looking asks for nothing", deal.app.engine);
        let fields = [
            ("key", key.as_str()),
            (quantity.as_str(), "2"),
            ("reason", "faulty"),
            ("wish", "refund"),
            ("postage", "prepaid"),
            ("words", "두 마리가 상했어요"),
        ];
        let asked = whither(&form(&deal.buyer, &format!("{order}/returns"), &fields).await);
        let again = whither(&form(&deal.buyer, &format!("{order}/returns"), &fields).await);
        assert_eq!(asked, again);
        assert_eq!(deal.buyer.page(&asked).await.status(), 200);

        let list = deal.seller.page(&format!("/sell/{}/returns", deal.store)).await.text().await.unwrap();
        assert!(list.contains("자반고등어") && list.contains("답해 주세요"), "{list}");
        let home = deal.seller.page(&format!("/sell/{}", deal.store)).await.text().await.unwrap();
        assert!(home.contains("1건"));
        let here = format!("/sell/{}{asked}", deal.store);
        let refused =
            form(&deal.seller, &format!("{here}/answer"), &[("answer", "refuse"), ("reason", "")]).await;
        assert_eq!(refused.status(), 422);
        whither(&form(&deal.seller, &format!("{here}/answer"), &[("answer", "accept")]).await);
        let wrong =
            form(&deal.buyer, &format!("{asked}/dispatch"), &[("carrier", "cj"), ("number", "12")]).await;
        assert_eq!(wrong.status(), 422);
        assert!(wrong.text().await.unwrap().contains("value=\"12\""));
        let number = [("carrier", "cj"), ("number", "600000000007")];
        whither(&form(&deal.buyer, &format!("{asked}/dispatch"), &number).await);
        whither(&form(&deal.seller, &format!("{here}/arrival"), &[("goods", "shelf")]).await);
        whither(&form(&deal.seller, &format!("{here}/refund"), &[]).await);
        deal.app.done().await;
        assert_eq!(deal.kept(), 0, "{}", deal.app.engine);
        assert!(deal.buyer.page(&asked).await.text().await.unwrap().contains("돈을 돌려드렸어요"));
        assert_eq!(deal.seller.page(&here).await.status(), 200);
        deal.check().await;
    }
}

#[tokio::test]
async fn a_pickup_goes_back_to_the_stall_without_a_parcel() {
    for deal in Deal::each(By::Pickup, 1).await {
        let tap = json!({ "order_id": deal.id() });
        assert_eq!(deal.seller.post(&deal.of_store("handovers"), &tap).await.status(), 200);
        let mut body = wish(&deal, 1, "mind");
        body["postage"] = json!("collect");
        let back = asked(&deal, &body).await;
        assert_eq!(
            (&back["fee_won"], &back["refund_won"]),
            (&json!(0), &json!(10_000)),
            "{}",
            deal.app.engine
        );
        arrived(&deal, &back, "shelf").await;
        assert_eq!(seller(&deal, &back, "refund", &json!({})).await.status(), 200);
        deal.app.done().await;
        assert_eq!((deal.kept(), deal.stock().await), (0, (10, 0)));
        deal.check().await;
    }
}
