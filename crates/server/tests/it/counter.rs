//! At the counter: a sign is scanned, paid on the phone, shown and handed over; and every proof that is not good.

use std::time::Duration;

use base::sql;
use serde_json::{Value, json};
use shop::counter::paid;
use shop::order::OrderId;

use crate::app::Client;
use crate::deal::{By, Deal, form, told, whither};
use crate::discounts::hidden;

/// The first sign of a stall.
async fn sign(deal: &Deal) -> String {
    let page = deal.seller.page(&format!("/sell/{}/signs", deal.store)).await.text().await.unwrap();
    page.split("/q/").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Picks at a sign, looks, and pays; gives the order's id.
async fn bought(deal: &Deal, buyer: &Client, code: &str, pieces: &str) -> String {
    let here = format!("/here/{code}");
    let field = format!("q-{}", deal.variant);
    let look = form(buyer, &here, &[(&field, pieces)]).await;
    assert_eq!(look.status(), 200, "{}", deal.app.engine);
    let look = look.text().await.unwrap();
    let (key, total) = (hidden(&look, "key"), hidden(&look, "total"));
    let fields = [("key", key), ("total", total), ("act", "pay"), ("agreed", "on"), (field.as_str(), pieces)];
    let pay = whither(&form(buyer, &here, &fields).await);
    assert!(pay.starts_with("/pay/"), "{pay}");
    // A second tap is the same order.
    assert_eq!(whither(&form(buyer, &here, &fields).await), pay);
    let paid = whither(&form(buyer, &pay, &[("key", "a-key-of-this-try"), ("answer", "approve")]).await);
    let order = paid.strip_prefix("/orders/").and_then(|rest| rest.strip_suffix("/paid"));
    order.unwrap_or_else(|| panic!("{paid}")).to_owned()
}

/// What the buyer of an order shows now.
async fn proof(deal: &Deal, order: &str) -> paid::Proof {
    let (store, id) = (deal.store.parse().unwrap(), order.parse::<OrderId>().unwrap());
    let order = shop::order::of_store(&deal.app.app.base.db, &store, &id).await.unwrap();
    paid::proof(&deal.app.app.shop, &order).await.unwrap()
}

async fn is_sound(deal: &Deal) {
    deal.check().await;
    let broken = shop::audit::books(&deal.app.app.base.db).await.unwrap();
    assert!(broken.is_empty(), "{}: {broken:?}", deal.app.engine);
}

#[tokio::test]
async fn a_scan_leads_to_goods_that_are_paid_shown_and_handed_over_once() {
    for deal in Deal::unpaid(By::Pickup).await {
        let (code, walker) = (sign(&deal).await, deal.app.shopper("걷는 손님").await);
        assert_eq!(whither(&walker.page(&format!("/q/{code}")).await), format!("/here/{code}"));
        assert_eq!(
            whither(&walker.page(&format!("/q/{}", code.to_uppercase())).await),
            format!("/here/{code}")
        );
        let shelf = walker.page(&format!("/here/{code}")).await.text().await.unwrap();
        assert!(shelf.contains("자반고등어") && shelf.contains("사업자등록번호"), "{shelf}");
        let order = bought(&deal, &walker, &code, "2").await;
        assert_eq!(deal.stock().await, (8, 1), "{}", deal.app.engine);

        let moving = walker.page(&format!("/orders/{order}/paid")).await;
        assert_eq!(moving.headers()["cache-control"], "no-store");
        let moving = moving.text().await.unwrap();
        let now = proof(&deal, &order).await;
        let (first, last) = now.digits.split_at(3);
        assert!(moving.contains(&format!("{first} {last}")) && moving.contains("class=\"qr\""), "{moving}");
        assert!(moving.contains(&format!("thing-{}", now.thing)));
        // There is nothing that stays: no code to read out, no picture that is good for ever.
        let receipt = walker.page(&format!("/orders/{order}")).await.text().await.unwrap();
        assert!(!receipt.contains("class=\"qr\""), "{receipt}");

        // The seller's own screen shows the thing of the moment, and finds the order by what is read out.
        let desk = format!("/sell/{}/handover", deal.store);
        let shown = deal.seller.page(&format!("{desk}?code={first}%20{last}")).await;
        assert_eq!(shown.status(), 200, "{}", deal.app.engine);
        assert!(shown.text().await.unwrap().contains("자반고등어"));
        let shown = deal.seller.page(&desk).await.text().await.unwrap();
        assert!(shown.contains(&format!("thing-{}", now.thing)));
        // A telephone's own camera leads there too.
        let scanned = whither(&deal.seller.page(&format!("/paid?t={}", now.token)).await);
        assert_eq!(scanned, format!("{desk}?p={}", now.token));
        assert_eq!(deal.seller.page(&scanned).await.status(), 200);
        let done = whither(&form(&deal.seller, &desk, &[("order", &order)]).await);
        assert!(deal.seller.page(&done).await.text().await.unwrap().contains("건네줬어요"));

        // Used up: the tap, the squares, the digits.
        assert_eq!(form(&deal.seller, &desk, &[("order", &order)]).await.status(), 409);
        let again =
            told(deal.seller.post(&deal.of_store("handovers"), &json!({ "proof": now.token })).await).await;
        assert_eq!(again, (409, "handed-over-before".into()), "{}", deal.app.engine);
        assert_eq!(deal.seller.page(&scanned).await.status(), 409);
        assert_eq!(deal.seller.page(&format!("{desk}?code={}", now.digits)).await.status(), 409);
        let moving = walker.page(&format!("/orders/{order}/paid")).await.text().await.unwrap();
        assert!(moving.contains("잘 받으셨어요") && !moving.contains("class=\"qr\""), "{moving}");

        let signs = deal.seller.page(&format!("/sell/{}/signs", deal.store)).await.text().await.unwrap();
        assert!(signs.contains("2번 찍고 1건 주문"), "{signs}");
        is_sound(&deal).await;
    }
}

#[tokio::test]
async fn a_proof_is_good_for_twenty_seconds_and_for_its_own_store_alone() {
    for deal in Deal::unpaid(By::Pickup).await {
        let (code, walker) = (sign(&deal).await, deal.app.shopper("걷는 손님").await);
        let order = bought(&deal, &walker, &code, "1").await;
        let path = deal.of_store("handovers");
        let token = async || proof(&deal, &order).await.token;
        let shot = proof(&deal, &order).await;

        // A screenshot: good for a moment, and then worth nothing.
        deal.app.clock.advance(Duration::from_secs(20));
        let stale = told(deal.seller.post(&path, &json!({ "proof": shot.token })).await).await;
        assert_eq!(stale, (409, "proof-stale".into()), "{}", deal.app.engine);
        let desk = format!("/sell/{}/handover", deal.store);
        let page = deal.seller.page(&format!("{desk}?p={}", shot.token)).await;
        assert_eq!(page.status(), 409);
        assert!(page.text().await.unwrap().contains("지난 화면"), "said clearly");
        let page = deal.seller.page(&format!("{desk}?code={}", shot.digits)).await;
        assert_eq!(page.status(), 409, "digits go stale as well");
        assert_ne!(proof(&deal, &order).await.digits, shot.digits);

        // Made up, cut off, of another moment with this one's mark, of tomorrow.
        let now = token().await;
        let parts: Vec<&str> = now.split('.').collect();
        let step: i64 = parts[1].parse().unwrap();
        let turned: String = parts[2].chars().rev().collect();
        for forged in [
            format!("{}.{}.{turned}", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], step + 1, parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[2]),
            format!("{now}.0"),
            String::new(),
        ] {
            let refused = told(deal.seller.post(&path, &json!({ "proof": forged })).await).await;
            assert_eq!(refused, (422, "not-our-code".into()), "{forged}");
            assert_eq!(deal.seller.page(&format!("/paid?t={forged}")).await.status(), 422);
        }
        // The order's standing picture, which another order may have, is not one of these.
        let refused = told(deal.seller.post(&path, &json!({ "token": now })).await).await;
        assert_eq!(refused, (422, "not-our-code".into()));

        // Another stall is told whose it is, and reaches nothing.
        let rival = deal.app.shopper("다른 사장").await;
        let (other, _) = crate::sale::open_stall(&rival, 1).await;
        let there = format!("/api/v1/stores/{other}/handovers");
        let refused = told(rival.post(&there, &json!({ "proof": token().await })).await).await;
        assert_eq!(refused, (409, "other-store".into()), "{}", deal.app.engine);
        assert_eq!(rival.page(&format!("/sell/{other}/handover?p={}", token().await)).await.status(), 409);
        let digits = proof(&deal, &order).await.digits;
        assert_eq!(rival.page(&format!("/sell/{other}/handover?code={digits}")).await.status(), 409);
        assert_eq!(rival.page(&format!("/paid?t={}", token().await)).await.status(), 409);
        assert_eq!(rival.post(&path, &json!({ "proof": token().await })).await.status(), 404);
        assert_eq!(walker.post(&path, &json!({ "proof": token().await })).await.status(), 404);
        assert_eq!(rival.page(&format!("/orders/{order}/paid")).await.status(), 404, "it is the buyer's own");

        // Whoever walks off with the goods cannot call the payment off behind the stall's back.
        let off = walker.post(&format!("/api/v1/orders/{order}/cancellation"), &json!({})).await;
        assert_eq!(off.status(), 409, "{}", deal.app.engine);
        assert_eq!(form(&walker, &format!("/orders/{order}/cancellation"), &[]).await.status(), 409);

        // Of two hands that hold a good one, one is first.
        let now = token().await;
        let body = json!({ "proof": now });
        let (one, two) = tokio::join!(deal.seller.post(&path, &body), deal.seller.post(&path, &body));
        let mut answers = [one.status().as_u16(), two.status().as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "{}", deal.app.engine);
        is_sound(&deal).await;
    }
}

#[tokio::test]
async fn money_that_went_back_takes_the_goods_with_it() {
    for deal in Deal::unpaid(By::Pickup).await {
        let (code, walker) = (sign(&deal).await, deal.app.shopper("걷는 손님").await);
        let order = bought(&deal, &walker, &code, "1").await;
        let path = deal.of_store("handovers");
        assert_eq!(
            form(&deal.seller, &format!("/sell/{}/orders/{order}/cancellation", deal.store), &[])
                .await
                .status(),
            303
        );
        let token = proof(&deal, &order).await.token;
        let refused = told(deal.seller.post(&path, &json!({ "proof": token })).await).await;
        assert_eq!(refused, (409, "proof-refunded".into()), "{}", deal.app.engine);
        deal.app.done().await;
        let token = proof(&deal, &order).await.token;
        let refused = told(deal.seller.post(&path, &json!({ "proof": token })).await).await;
        assert_eq!(refused, (409, "proof-refunded".into()), "{}: when it is there", deal.app.engine);
        let page = deal.seller.page(&format!("/sell/{}/handover?p={token}", deal.store)).await;
        assert!(page.text().await.unwrap().contains("돈을 돌려드린 주문"));
        let moving = walker.page(&format!("/orders/{order}/paid")).await.text().await.unwrap();
        assert!(!moving.contains("class=\"qr\""), "{moving}");
        is_sound(&deal).await;
    }
}

#[tokio::test]
async fn a_sign_leads_to_its_own_goods_and_forgets_nothing_typed() {
    for deal in Deal::unpaid(By::Pickup).await {
        let seller = &deal.seller;
        let base = format!("/sell/{}/signs", deal.store);
        let page = seller.page(&base).await.text().await.unwrap();
        let key = hidden(&page, "key").to_owned();
        let product: String = sql!(
            value & deal.app.app.base.db,
            "select product_id from variants where id = $1",
            &deal.variant
        )
        .unwrap();
        // A shelf without a name or without goods comes back as it was typed.
        let wrong =
            form(seller, &base, &[("key", &key), ("kind", "shelf"), ("name", ""), ("product", &product)])
                .await;
        assert_eq!(wrong.status(), 422);
        assert!(wrong.text().await.unwrap().contains(&format!("value=\"{product}\" checked")));
        let wrong = form(seller, &base, &[("key", &key), ("kind", "shelf"), ("name", "2번 매대")]).await;
        assert_eq!(wrong.status(), 422);
        let shelf = [("key", key.as_str()), ("kind", "shelf"), ("name", "2번 매대"), ("product", &product)];
        for _ in 0..2 {
            assert_eq!(form(seller, &base, &shelf).await.status(), 303);
        }
        for _ in 0..2 {
            assert_eq!(form(seller, &format!("{base}/products"), &[]).await.status(), 303);
        }
        let signs: Vec<(String, String)> = sql!(
            all & deal.app.app.base.db,
            "select kind, code from signs where store_id = $1 order by kind",
            &deal.store
        )
        .unwrap();
        let kinds: Vec<&str> = signs.iter().map(|(kind, _)| kind.as_str()).collect();
        // Two products are on sale, each with one sign however often it is asked for.
        assert_eq!(kinds, ["product", "product", "shelf", "stall"], "{}", deal.app.engine);
        let code = &signs[2].1;
        let shown = deal.buyer.page(&format!("/here/{code}")).await.text().await.unwrap();
        assert!(shown.contains("자반고등어") && shown.matches("class=\"tile\"").count() == 1, "{shown}");

        // Nothing picked, too much, and goods of another stall.
        let here = format!("/here/{code}");
        let none = form(&deal.buyer, &here, &[]).await;
        assert_eq!(none.status(), 422);
        let field = format!("q-{}", deal.variant);
        let many = form(&deal.buyer, &here, &[(&field, "50")]).await;
        assert_eq!(many.status(), 409, "{}", deal.app.engine);
        assert!(many.text().await.unwrap().contains("value=\"50\""), "what was typed is there");
        assert_eq!(form(&deal.buyer, &here, &[(&field, "두 개")]).await.status(), 422);
        let rival = deal.app.shopper("다른 사장").await;
        let (other, theirs) = crate::sale::open_stall(&rival, 5).await;
        let theirs = format!("q-{}", theirs["variants"][0]["id"].as_str().unwrap());
        assert_eq!(form(&deal.buyer, &here, &[(&theirs, "1")]).await.status(), 404);

        // Paper: of three sizes, for those who work here, and never another store's signs.
        for size in ["a4", "a6", "label"] {
            let paper = seller.page(&format!("{base}.pdf?size={size}&code={code}")).await;
            assert_eq!(
                (paper.status().as_u16(), &paper.headers()["content-type"]),
                (200, &"application/pdf".parse().unwrap())
            );
        }
        assert_eq!(seller.page(&format!("{base}.pdf?size=a3&code={code}")).await.status(), 422);
        assert_eq!(seller.page(&format!("{base}.pdf?size=a4")).await.status(), 422);
        assert_eq!(rival.page(&format!("{base}.pdf?size=a4&code={code}")).await.status(), 404);
        assert_eq!(rival.page(&format!("/sell/{other}/signs.pdf?size=a4&code={code}")).await.status(), 404);
        assert_eq!(form(&rival, &format!("/sell/{other}/signs/{code}/removal"), &[]).await.status(), 404);

        // Taken down it leads nowhere, and can be hung up again.
        assert_eq!(form(seller, &format!("{base}/{code}/removal"), &[]).await.status(), 303);
        assert_eq!(deal.buyer.page(&format!("/q/{code}")).await.status(), 404);
        assert_eq!(form(seller, &format!("{base}/{code}/restoration"), &[]).await.status(), 303);
        assert_eq!(deal.buyer.page(&format!("/q/{code}")).await.status(), 303);
        assert_eq!(deal.buyer.page("/q/zzzzzzzz").await.status(), 404);
    }
}

#[tokio::test]
async fn what_nobody_fetches_goes_back_on_the_stall_by_itself() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    for deal in Deal::each(By::Pickup, 2).await {
        let (code, walker) = (sign(&deal).await, deal.app.shopper("걷는 손님").await);
        let counter = bought(&deal, &walker, &code, "1").await;
        let db = &deal.app.app.base.db;
        let state = async |id: &str| -> (String, String) {
            sql!(one db, "select order_state, canceled_for from orders where id = $1", id).unwrap()
        };
        deal.app.app.shop.begin_rounds().await.unwrap();
        // Three days it waits, and one more in which the seller may still wait longer.
        for _ in 0..3 {
            deal.app.later(DAY).await;
        }
        deal.app.later(Duration::from_secs(12 * 3600)).await;
        assert_eq!(state(deal.id()).await.0, "confirmed", "{}", deal.app.engine);
        deal.app.later(DAY).await;
        assert_eq!(state(deal.id()).await, ("canceled".into(), "no-show".into()), "{}", deal.app.engine);
        assert_eq!(deal.now().await["payment_state"], "refunded");
        // Goods that somebody carried away are not on the stall, whether or not anybody looked at the proof.
        assert_eq!(state(&counter).await.0, "confirmed", "{}", deal.app.engine);
        assert_eq!(deal.stock().await.0, 9);
        let kept: Value = json!(deal.kept());
        assert_eq!(kept, 10_000);
        is_sound(&deal).await;
    }
}
