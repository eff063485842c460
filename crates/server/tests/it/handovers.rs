//! Pickups at the stall: the picture, the code, one tap, and what nobody fetched.

use std::time::Duration;

use serde_json::json;
use shop::handover;

use crate::deal::{By, Deal, form, told, whither};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn token(deal: &Deal) -> String {
    let shop = &deal.app.app.shop;
    let store = deal.store.parse().unwrap();
    let order =
        shop::order::of_store(&deal.app.app.base.db, &store, &deal.id().parse().unwrap()).await.unwrap();
    handover::token(shop, &order).await.unwrap()
}

#[tokio::test]
async fn a_scan_and_one_tap_hand_a_pickup_over_once() {
    for deal in Deal::each(By::Pickup, 1).await {
        let page = deal.buyer.page(&format!("/orders/{}", deal.id())).await.text().await.unwrap();
        assert!(
            page.contains("class=\"qr\"") && page.contains(deal.now().await["pickup_code"].as_str().unwrap())
        );
        let token = token(&deal).await;
        let seller = &deal.seller;
        let here = whither(&seller.page(&format!("/handover?t={token}")).await);
        let shown = seller.page(&here).await.text().await.unwrap();
        assert!(shown.contains("자반고등어") && shown.contains("건네줬어요"), "{shown}");
        let tap = format!("/sell/{}/handover", deal.store);
        let done = whither(&form(seller, &tap, &[("order", deal.id())]).await);
        assert!(seller.page(&done).await.text().await.unwrap().contains("건네줬어요"));
        assert_eq!(form(seller, &tap, &[("order", deal.id())]).await.status(), 409, "{}", deal.app.engine);
        assert_eq!(seller.page(&here).await.status(), 409, "the picture is used up");
        let now = deal.now().await;
        assert_eq!(
            (&now["order_state"], &now["fulfilment_state"]),
            (&json!("completed"), &json!("handed-over"))
        );
        let page = deal.buyer.page(&format!("/orders/{}", deal.id())).await.text().await.unwrap();
        assert!(!page.contains("class=\"qr\""));
        deal.check().await;
    }
}

#[tokio::test]
async fn a_picture_that_is_not_ours_or_anothers_is_refused() {
    for deal in Deal::each(By::Pickup, 1).await {
        let token = token(&deal).await;
        let path = deal.of_store("handovers");
        let (id, signed) = token.split_once('.').unwrap();
        let turned: String = signed.chars().rev().collect();
        for forged in [format!("{id}.{turned}"), format!("{id}."), id.to_owned(), "x.y".into(), String::new()]
        {
            let refused = told(deal.seller.post(&path, &json!({ "token": forged })).await).await;
            assert_eq!(refused, (422, "not-our-code".into()), "{forged}");
            let scanned = deal.seller.page(&format!("/handover?t={forged}")).await;
            assert_eq!(scanned.status(), 422);
        }
        // Another stall's seller is told whose it is, and reaches nothing.
        let rival = deal.app.shopper("다른 사장").await;
        let (other, _) = crate::sale::open_stall(&rival, 1).await;
        let scanned = rival.page(&format!("/handover?t={token}")).await;
        assert_eq!(scanned.status(), 409);
        assert!(scanned.text().await.unwrap().contains("고등어네의 주문"));
        assert_eq!(rival.post(&path, &json!({ "token": token })).await.status(), 404);
        let there = format!("/api/v1/stores/{other}/handovers");
        assert_eq!(rival.post(&there, &json!({ "token": token })).await.status(), 404);
        assert_eq!(rival.post(&there, &json!({ "order_id": deal.id() })).await.status(), 404);
        assert_eq!(rival.page(&format!("/sell/{other}/handover?t={token}")).await.status(), 404);
        assert_eq!(deal.buyer.post(&path, &json!({ "token": token })).await.status(), 404);
        assert_eq!(deal.seller.post(&path, &json!({ "token": token })).await.status(), 200);
    }
}

#[tokio::test]
async fn four_digits_find_the_order_and_two_taps_hand_it_over_once() {
    for deal in Deal::each(By::Pickup, 1).await {
        let page = format!("/sell/{}/handover", deal.store);
        let code = deal.now().await["pickup_code"].as_str().unwrap().to_owned();
        let found = deal.seller.page(&format!("{page}?code={code}")).await.text().await.unwrap();
        assert!(found.contains("자반고등어"), "{found}");
        let other = if code == "0000" { "1111" } else { "0000" };
        assert_eq!(deal.seller.page(&format!("{page}?code={other}")).await.status(), 404);
        let path = deal.of_store("handovers");
        let tap = json!({ "order_id": deal.id() });
        let (one, two) = tokio::join!(deal.seller.post(&path, &tap), deal.seller.post(&path, &tap));
        let mut answers = [one.status().as_u16(), two.status().as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "{}", deal.app.engine);
        let again = told(deal.seller.post(&path, &tap).await).await;
        assert_eq!(again, (409, "handed-over-before".into()));
    }
}

#[tokio::test]
async fn unpaid_orders_and_parcels_are_not_handed_over() {
    for deal in Deal::unpaid(By::Pickup).await {
        let tap = json!({ "order_id": deal.id() });
        let refused = told(deal.seller.post(&deal.of_store("handovers"), &tap).await).await;
        assert_eq!(refused, (409, "not-paid".into()), "{}", deal.app.engine);
        let token = json!({ "token": token(&deal).await });
        let refused = told(deal.seller.post(&deal.of_store("handovers"), &token).await).await;
        assert_eq!(refused, (409, "not-paid".into()));
    }
    for deal in Deal::each(By::Parcel, 1).await {
        let tap = json!({ "order_id": deal.id() });
        let refused = told(deal.seller.post(&deal.of_store("handovers"), &tap).await).await;
        assert_eq!(refused, (409, "not-a-pickup".into()), "{}", deal.app.engine);
    }
}

#[tokio::test]
async fn what_nobody_fetches_by_its_day_may_be_called_off_with_its_money() {
    for deal in Deal::each(By::Pickup, 2).await {
        let page = format!("/sell/{}/handover", deal.store);
        let path = deal.of_store(&format!("orders/{}/giving-up", deal.id()));
        for (days, status) in [("0", 422), ("31", 422), ("soon", 422), ("2", 303)] {
            assert_eq!(form(&deal.seller, &format!("{page}/days"), &[("days", days)]).await.status(), status);
        }
        deal.app.later(DAY).await;
        assert!(!deal.seller.page(&page).await.text().await.unwrap().contains("안 찾아가셨어요"));
        assert_eq!(deal.seller.post(&path, &json!({})).await.status(), 409, "it is not its day");
        deal.app.later(DAY + Duration::from_secs(1)).await;
        assert!(deal.seller.page(&page).await.text().await.unwrap().contains("안 찾아가셨어요"));
        assert_eq!(deal.app.shopper("남").await.post(&path, &json!({})).await.status(), 404);
        // The buyer comes in this very moment: one of both happens.
        let tap = json!({ "order_id": deal.id() });
        let (none, there) = (json!({}), deal.of_store("handovers"));
        let (off, over) = tokio::join!(deal.seller.post(&path, &none), deal.seller.post(&there, &tap));
        deal.app.done().await;
        let now = deal.now().await;
        if off.status() == 204 {
            assert_eq!(over.status(), 409);
            assert_eq!(
                (&now["order_state"], &now["payment_state"]),
                (&json!("canceled"), &json!("refunded"))
            );
            assert_eq!((deal.kept(), deal.stock().await), (0, (10, 0)), "{}", deal.app.engine);
        } else {
            assert_eq!((off.status().as_u16(), over.status().as_u16()), (409, 200));
            assert_eq!(now["order_state"], "completed");
            assert_eq!((deal.kept(), deal.stock().await), (20_000, (8, 0)), "{}", deal.app.engine);
        }
        assert_eq!(deal.seller.post(&path, &json!({})).await.status(), 409);
        deal.check().await;
    }
}
