//! The till: walk-in sales on the same stock and ledger, the way back, and what happens without a line.

use std::time::Duration;

use base::sql;
use reqwest::Method;
use serde_json::{Value, json};

use crate::deal::{By, Deal, form, told, whither};
use crate::discounts::hidden;

/// A sale of mackerel.
fn sale(deal: &Deal, pieces: i64, tender: &str) -> Value {
    json!({ "lines": [{ "variant_id": deal.variant, "quantity": pieces, "price_won": 10_000 }], "tender": tender })
}

/// The same, made while the line was down.
fn before(deal: &Deal, pieces: i64) -> Value {
    let mut sale = sale(deal, pieces, "cash");
    sale["offline"] = json!(true);
    sale["sold_at"] = json!("2026-11-23T21:55:00Z");
    sale
}

async fn made(deal: &Deal, sale: &Value) -> Value {
    let answer = deal.seller.post(&deal.of_store("till/sales"), sale).await;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{}: {body}", deal.app.engine);
    body
}

async fn is_sound(deal: &Deal) {
    deal.check().await;
    let broken = shop::audit::books(&deal.app.app.base.db).await.unwrap();
    assert!(broken.is_empty(), "{}: {broken:?}", deal.app.engine);
}

#[tokio::test]
async fn a_sale_is_one_order_paid_and_handed_over_on_the_same_stock() {
    // One mackerel of ten is held by somebody who is paying online.
    for deal in Deal::unpaid(By::Pickup).await {
        let page = deal.seller.page(&format!("/sell/{}/till", deal.store)).await.text().await.unwrap();
        let key = hidden(&page, "key").to_owned();
        let (q, p) = (format!("q-{}", deal.variant), format!("p-{}", deal.variant));
        let till = format!("/sell/{}/till", deal.store);
        let fields = |received: &'static str| {
            vec![
                ("key", key.clone()),
                ("tender", "cash".into()),
                ("received", received.into()),
                (q.as_str(), "2".into()),
                (p.as_str(), "10000".into()),
            ]
        };
        let send = async |fields: Vec<(&str, String)>| {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            form(&deal.seller, &till, &fields).await
        };
        // Less than it costs: it comes back as it was typed, and nothing is written.
        let short = send(fields("15,000")).await;
        assert_eq!(short.status(), 422);
        let short = short.text().await.unwrap();
        assert!(short.contains("value=\"15,000\"") && short.contains("값보다 적어요"), "{short}");
        assert_eq!(deal.stock().await, (10, 1));
        // Two taps are one sale.
        let receipt = whither(&send(fields("50,000원")).await);
        assert_eq!(whither(&send(fields("50,000원")).await), receipt, "{}", deal.app.engine);
        assert_eq!(deal.stock().await, (8, 1), "{}", deal.app.engine);
        let shown = deal.seller.page(&receipt).await.text().await.unwrap();
        assert!(shown.contains("30,000원") && shown.contains("되돌리기"), "{shown}");
        let other = send(vec![
            ("key", key.clone()),
            ("tender", "cash".into()),
            (q.as_str(), "1".into()),
            (p.as_str(), "10000".into()),
        ])
        .await;
        assert_eq!(other.status(), 422, "another sale under the same key");

        // The terminal's number is written beside it; nothing is asked of any payment company.
        let mut card = sale(&deal, 1, "terminal");
        card["approval"] = json!("30021947");
        let card = made(&deal, &card).await;
        assert_eq!(
            (&card["approval"], &card["total_won"], &card["change_won"]),
            (&json!("30021947"), &json!(10_000), &json!(0))
        );
        made(&deal, &sale(&deal, 1, "onnuri")).await;
        made(&deal, &sale(&deal, 1, "zeropay")).await;
        assert_eq!(deal.app.sandbox.payments().len(), 0, "nobody was asked for money");
        assert_eq!(deal.stock().await, (5, 1), "{}", deal.app.engine);
        // Five are there and one is promised: five more are too many, and no price but today's is taken.
        let path = deal.of_store("till/sales");
        assert_eq!(
            told(deal.seller.post(&path, &sale(&deal, 5, "cash")).await).await,
            (409, "few-left".into())
        );
        let mut cheap = sale(&deal, 1, "cash");
        cheap["lines"][0]["price_won"] = json!(9_000);
        assert_eq!(told(deal.seller.post(&path, &cheap).await).await, (409, "price-changed".into()));
        assert_eq!(told(deal.seller.post(&path, &json!({ "lines": [] })).await).await.0, 409);
        for pieces in [0, -1, 100] {
            assert_eq!(deal.seller.post(&path, &sale(&deal, pieces, "cash")).await.status(), 422, "{pieces}");
        }
        assert_eq!(deal.stock().await, (5, 1));
        let list: Value = deal.seller.get(&path).await.json().await.unwrap();
        assert_eq!(list["items"].as_array().unwrap().len(), 4);
        is_sound(&deal).await;
    }
}

#[tokio::test]
async fn the_last_piece_is_sold_once_online_or_at_the_till() {
    for deal in Deal::unpaid(By::Pickup).await {
        // Nine are free; eight go, and one is left for two.
        made(&deal, &sale(&deal, 8, "cash")).await;
        let wanted = deal.wanted(By::Pickup, 1);
        for round in 0..4 {
            let path = deal.of_store("till/sales");
            let one = sale(&deal, 1, "cash");
            let key = format!("round-{round}-of-the-till");
            let (online, till, twice) = tokio::join!(
                deal.buyer.post("/api/v1/orders", &wanted),
                deal.seller.post_with(&path, &one, &key),
                deal.seller.post_with(&path, &one, &key)
            );
            let answers = (online.status().as_u16(), till.status().as_u16(), twice.status().as_u16());
            assert!(matches!(answers, (201, 409, 409) | (409, 201, 201)), "{}: {answers:?}", deal.app.engine);
            let (on_hand, reserved) = deal.stock().await;
            assert_eq!(on_hand, reserved, "{}: nothing is left for anybody else", deal.app.engine);
            is_sound(&deal).await;
            if answers.0 == 201 {
                let order: Value = online.json().await.unwrap();
                let off = format!("/api/v1/orders/{}/cancellation", order["id"].as_str().unwrap());
                assert_eq!(deal.buyer.post(&off, &json!({})).await.status(), 200);
            } else {
                let sold: Value = till.json().await.unwrap();
                let off =
                    deal.of_store(&format!("till/sales/{}/voiding", sold["order_id"].as_str().unwrap()));
                assert_eq!(deal.seller.post(&off, &json!({ "reason": "다시 해 보기" })).await.status(), 200);
            }
        }
    }
}

#[tokio::test]
async fn a_slip_is_taken_back_within_ten_seconds_and_called_off_with_a_reason_later() {
    for deal in Deal::unpaid(By::Pickup).await {
        let receipt = |sale: &Value| {
            format!("/sell/{}/till/receipts/{}", deal.store, sale["order_id"].as_str().unwrap())
        };
        let slip = made(&deal, &sale(&deal, 3, "cash")).await;
        let undo = format!("{}/undo", receipt(&slip));
        for _ in 0..2 {
            assert_eq!(form(&deal.seller, &undo, &[]).await.status(), 303, "{}", deal.app.engine);
        }
        assert_eq!(deal.stock().await, (10, 1), "{}", deal.app.engine);
        let late = made(&deal, &sale(&deal, 2, "onnuri")).await;
        deal.app.clock.advance(Duration::from_secs(16));
        assert_eq!(form(&deal.seller, &format!("{}/undo", receipt(&late)), &[]).await.status(), 409);
        let void = format!("{}/void", receipt(&late));
        assert_eq!(form(&deal.seller, &void, &[("reason", "  ")]).await.status(), 422, "a reason is needed");
        let (one, two) = tokio::join!(
            form(&deal.seller, &void, &[("reason", "손님이 마음을 바꿨어요")]),
            form(&deal.seller, &void, &[("reason", "손님이 마음을 바꿨어요")])
        );
        assert_eq!((one.status().as_u16(), two.status().as_u16()), (303, 303), "{}", deal.app.engine);
        assert_eq!(deal.stock().await, (10, 1));
        let shown = deal.seller.page(&receipt(&late)).await.text().await.unwrap();
        assert!(shown.contains("손님이 마음을 바꿨어요"), "{shown}");
        let refunds: i64 = sql!(
            value & deal.app.app.base.db,
            "select count(*) from refunds where store_id = $1 and state = 'done'",
            &deal.store
        )
        .unwrap();
        assert_eq!(refunds, 2, "{}: one for each sale, however often it was tapped", deal.app.engine);
        deal.app.done().await;
        is_sound(&deal).await;
    }
}

#[tokio::test]
async fn the_day_closes_to_the_won_with_what_was_sold_online_and_at_the_till() {
    for deal in Deal::each(By::Pickup, 2).await {
        made(&deal, &sale(&deal, 1, "cash")).await;
        made(&deal, &sale(&deal, 2, "terminal")).await;
        made(&deal, &sale(&deal, 1, "onnuri")).await;
        let slip = made(&deal, &sale(&deal, 1, "zeropay")).await;
        let off = deal.of_store(&format!("till/sales/{}/voiding", slip["order_id"].as_str().unwrap()));
        assert_eq!(deal.seller.post(&off, &json!({ "reason": "잘못 눌렀어요" })).await.status(), 200);
        deal.app.done().await;
        let closed = deal.seller.post(&deal.of_store("day-closes"), &json!({})).await;
        assert_eq!(closed.status(), 201, "{}", deal.app.engine);
        let close: Value = closed.json().await.unwrap();
        assert_eq!(close["taken_won"], 70_000, "{}: {close}", deal.app.engine);
        assert_eq!((&close["returned_won"], &close["net_won"]), (&json!(10_000), &json!(60_000)));
        assert_eq!((&close["ledger_sum_won"], &close["difference_won"]), (&json!(0), &json!(0)), "{close}");
        let of = |method: &str| {
            let all = close["methods"].as_array().unwrap();
            let one =
                all.iter().find(|one| one["method"] == method).unwrap_or_else(|| panic!("{method}: {close}"));
            (one["taken_won"].as_i64().unwrap(), one["returned_won"].as_i64().unwrap())
        };
        assert_eq!(
            [of("card"), of("cash"), of("terminal"), of("onnuri"), of("zeropay")],
            [(20_000, 0), (10_000, 0), (20_000, 0), (10_000, 0), (10_000, 10_000)]
        );
        // What lies in the drawer is no payment company's, and their list lacks nothing of it.
        let accounts: Vec<(String, i64)> = sql!(
            all & deal.app.app.base.db,
            "select account, cast(sum(amount_won) as bigint) from ledger_entries where store_id = $1
             group by account order by account",
            &deal.store
        )
        .unwrap();
        let expected = [
            ("merchant-payable", -20_000),
            ("merchant-sales", -40_000),
            ("psp-clearing", 20_000),
            ("till", 40_000),
        ];
        assert_eq!(accounts, expected.map(|(name, won)| (name.to_owned(), won)), "{}", deal.app.engine);
        deal.app.later(Duration::from_secs(2 * 24 * 3600)).await;
        let differences: i64 = sql!(
            value & deal.app.app.base.db,
            "select count(*) from payment_differences where store_id = $1",
            &deal.store
        )
        .unwrap();
        assert_eq!(differences, 0, "{}", deal.app.engine);
        let page = deal
            .seller
            .page(&format!("/sell/{}/day-closes/2026-11-24", deal.store))
            .await
            .text()
            .await
            .unwrap();
        assert!(page.contains("온누리") && page.contains("현금"), "{page}");
        // A rate is a contract's; the drawer has none.
        let rates = json!({ "rates": [{ "method": "cash", "rate_ppm": 10_000, "each_won": 0 }] });
        let refused = deal
            .seller
            .ask(Method::PUT, &deal.of_store("settlement-rates"))
            .json(&rates)
            .send()
            .await
            .unwrap();
        assert!(refused.status().is_client_error(), "{}", refused.status());
        is_sound(&deal).await;
    }
}

#[tokio::test]
async fn what_was_sold_without_a_line_is_never_lost_and_never_silently_too_much() {
    for deal in Deal::unpaid(By::Pickup).await {
        // Nine were free when the line went down. Meanwhile five more were sold online, and the till sold six.
        let online = deal.place(&deal.buyer, By::Pickup, 5).await;
        assert_eq!(deal.stock().await, (10, 6));
        let path = deal.of_store("till/sales");
        let gone = before(&deal, 6);
        let (one, two) = tokio::join!(
            deal.seller.post_with(&path, &gone, "made-by-the-till-1"),
            deal.seller.post_with(&path, &gone, "made-by-the-till-1")
        );
        assert_eq!((one.status().as_u16(), two.status().as_u16()), (201, 201), "{}", deal.app.engine);
        let sold: Value = one.json().await.unwrap();
        assert_eq!(
            (&sold["over"], &sold["offline"]),
            (&json!(2), &json!(true)),
            "{}: {sold}",
            deal.app.engine
        );
        assert_eq!(sold["sold_at"], "2026-11-23T21:55:00Z");
        // What is promised stays promised, and the book is as full as the promises.
        assert_eq!(deal.stock().await, (6, 6), "{}", deal.app.engine);
        // Sent once more, as a sale of that moment or of this: it is the same one.
        let mut again = gone.clone();
        again["offline"] = json!(false);
        assert_eq!(deal.seller.post_with(&path, &again, "made-by-the-till-1").await.status(), 201);
        assert_eq!(deal.stock().await, (6, 6));

        // It is told on the till, on the seller's home and when the day is closed.
        for page in ["", "/till", "/day-closes"] {
            let shown = deal.seller.page(&format!("/sell/{}{page}", deal.store)).await.text().await.unwrap();
            assert!(
                shown.contains("더 판 것 1건")
                    || shown.contains("직접 맞출 것이 1건")
                    || shown.contains("1건</span></a>"),
                "{page}"
            );
        }
        let overs: Value = deal.seller.get(&deal.of_store("till/overs")).await.json().await.unwrap();
        let over = overs["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(overs["items"][0]["pieces"], 2);
        let page = format!("/sell/{}/till/overs", deal.store);
        let shown = deal.seller.page(&page).await.text().await.unwrap();
        assert!(
            shown.contains(online["number"].as_str().unwrap()),
            "who waits for such goods is named: {shown}"
        );

        // They are missing, and all that is left is promised: an order has to go first.
        let settle = format!("{page}/{over}");
        let promised = form(&deal.seller, &settle, &[("act", "missing")]).await;
        assert_eq!(promised.status(), 409, "{}", deal.app.engine);
        assert!(promised.text().await.unwrap().contains("먼저 취소"));
        let off = format!("/api/v1/orders/{}/cancellation", online["id"].as_str().unwrap());
        assert_eq!(deal.buyer.post(&off, &json!({})).await.status(), 200);
        for _ in 0..2 {
            assert_eq!(form(&deal.seller, &settle, &[("act", "missing")]).await.status(), 303);
        }
        assert_eq!(
            form(&deal.seller, &settle, &[("act", "found")]).await.status(),
            409,
            "it was said otherwise"
        );
        assert_eq!(deal.stock().await, (4, 1), "{}", deal.app.engine);
        is_sound(&deal).await;

        // With an allowance of three, three pieces beyond the book are told and done; the fourth waits.
        let settings = format!("/sell/{}/till/settings", deal.store);
        assert_eq!(form(&deal.seller, &settings, &[("allowance", "많이")]).await.status(), 422);
        assert_eq!(form(&deal.seller, &settings, &[("allowance", "3")]).await.status(), 303);
        let within = made(&deal, &before(&deal, 5)).await;
        assert_eq!(within["over"], 0, "{}: {within}", deal.app.engine);
        let beyond = made(&deal, &before(&deal, 2)).await;
        assert_eq!(beyond["over"], 1, "{}: {beyond}", deal.app.engine);
        assert_eq!(deal.stock().await, (1, 1));
        // A sale that is called off takes what it wrote in with it.
        let off = deal.of_store(&format!("till/sales/{}/voiding", beyond["order_id"].as_str().unwrap()));
        assert_eq!(deal.seller.post(&off, &json!({ "reason": "잘못 적었어요" })).await.status(), 200);
        assert_eq!(deal.stock().await, (1, 1), "{}", deal.app.engine);
        let overs: Value = deal.seller.get(&deal.of_store("till/overs")).await.json().await.unwrap();
        assert_eq!(overs["items"].as_array().unwrap().len(), 0);
        is_sound(&deal).await;

        // A price of before is the price that was paid; a clock that is years wrong is not believed.
        let mut old = before(&deal, 1);
        old["lines"][0]["price_won"] = json!(9_000);
        old["sold_at"] = json!("1999-01-01T00:00:00Z");
        let old = made(&deal, &old).await;
        assert_eq!((&old["total_won"], &old["over"]), (&json!(9_000), &json!(0)));
        assert!(old["sold_at"].as_str().unwrap().starts_with("2026-11-2"), "{old}");
        is_sound(&deal).await;
    }
}

#[tokio::test]
async fn nobody_reaches_another_stores_till() {
    for deal in Deal::unpaid(By::Pickup).await {
        let sold = made(&deal, &before(&deal, 12)).await;
        let (order, store) = (sold["order_id"].as_str().unwrap(), &deal.store);
        let overs: Value = deal.seller.get(&deal.of_store("till/overs")).await.json().await.unwrap();
        let over = overs["items"][0]["id"].as_str().unwrap();
        let rival = deal.app.shopper("다른 사장").await;
        let (other, theirs) = crate::sale::open_stall(&rival, 5).await;
        let stranger = deal.app.stranger();
        // By the front door of the store itself.
        for path in [
            "till",
            "till/receipts",
            "till/overs",
            "till/settings",
            "signs",
            &format!("till/receipts/{order}"),
        ] {
            assert_eq!(rival.page(&format!("/sell/{store}/{path}")).await.status(), 404, "{path}");
            let asked = stranger.page(&format!("/sell/{store}/{path}")).await.status().as_u16();
            assert!(matches!(asked, 303 | 401), "{path}: {asked}");
        }
        for path in ["till", "till/sales", "till/overs"] {
            assert_eq!(rival.get(&deal.of_store(path)).await.status(), 404, "{path}");
            assert_eq!(stranger.get(&deal.of_store(path)).await.status(), 401, "{path}");
        }
        assert_eq!(rival.post(&deal.of_store("till/sales"), &sale(&deal, 1, "cash")).await.status(), 404);
        // By the rival's own door, with this store's ids.
        let there = |rest: &str| format!("/api/v1/stores/{other}/{rest}");
        assert_eq!(
            rival.post(&there("till/sales"), &sale(&deal, 1, "cash")).await.status(),
            404,
            "goods of another"
        );
        assert_eq!(rival.post(&there("till/sales"), &before(&deal, 1)).await.status(), 404);
        let reason = json!({ "reason": "가져가기" });
        assert_eq!(rival.post(&there(&format!("till/sales/{order}/voiding")), &reason).await.status(), 404);
        assert_eq!(
            rival
                .post(&there(&format!("till/overs/{over}/settling")), &json!({ "found": "found" }))
                .await
                .status(),
            404
        );
        assert_eq!(
            form(&rival, &format!("/sell/{other}/till/receipts/{order}/undo"), &[]).await.status(),
            404
        );
        assert_eq!(
            form(&rival, &format!("/sell/{other}/till/receipts/{order}/void"), &[("reason", "x")])
                .await
                .status(),
            404
        );
        assert_eq!(
            form(&rival, &format!("/sell/{other}/till/overs/{over}"), &[("act", "found")]).await.status(),
            404
        );
        assert_eq!(rival.page(&format!("/sell/{other}/till/receipts/{order}")).await.status(), 404);
        // A code is taught to one's own goods alone, and the same stripes may lie on two stalls.
        let teach = async |who: &crate::app::Client, path: String, variant: &Value| {
            let body = json!({ "code": "8801234567893", "variant_id": variant });
            who.ask(Method::PUT, &path).json(&body).send().await.unwrap().status().as_u16()
        };
        assert_eq!(teach(&rival, there("till/barcodes"), &json!(deal.variant)).await, 404);
        assert_eq!(teach(&rival, there("till/barcodes"), &theirs["variants"][0]["id"]).await, 204);
        assert_eq!(teach(&deal.seller, deal.of_store("till/barcodes"), &json!(deal.variant)).await, 204);
        let shown = deal.seller.page(&format!("/sell/{store}/till")).await.text().await.unwrap();
        assert!(shown.contains("data-codes=\"8801234567893"), "{shown}");
        // An allowance of another's product is nobody's to set.
        let product: String = sql!(
            value & deal.app.app.base.db,
            "select product_id from variants where id = $1",
            &deal.variant
        )
        .unwrap();
        let field = format!("allowance.{product}");
        assert_eq!(
            form(&rival, &format!("/sell/{other}/till/settings"), &[("allowance", "0"), (&field, "9")])
                .await
                .status(),
            303
        );
        let own: Option<i64> = sql!(
            value & deal.app.app.base.db,
            "select offline_allowance from products where id = $1",
            &product
        )
        .unwrap();
        assert_eq!(own, None, "{}", deal.app.engine);
        is_sound(&deal).await;
    }
}
