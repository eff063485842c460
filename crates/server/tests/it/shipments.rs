//! Parcels through the front door: sent, seen, lost sight of, typed wrong, and told of by strangers.

use std::time::Duration;

use parcels::{Fault, Level};
use reqwest::Method;
use serde_json::{Value, json};

use crate::deal::{By, Deal, form, told};

/// The longest pause between two questions.
const MOMENT: Duration = Duration::from_secs(4 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn parcels(deal: &Deal) -> Vec<Value> {
    let path = format!("/api/v1/orders/{}/shipments", deal.id());
    let list: Value = deal.buyer.get(&path).await.json().await.unwrap();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_order_is_completed_when_all_of_its_parcels_are_there() {
    for deal in Deal::each(By::Parcel, 2).await {
        deal.send("600000000001").await;
        deal.send("600000000002").await;
        let sent = deal.now().await;
        assert_eq!((&sent["order_state"], &sent["fulfilment_state"]), (&json!("confirmed"), &json!("sent")));
        deal.app.parcels.scan("600000000001", Level::OutForDelivery);
        deal.app.parcels.scan("600000000002", Level::Moving);
        deal.app.later(MOMENT).await;
        let seen: Vec<_> = parcels(&deal).await.iter().map(|one| one["state"].clone()).collect();
        assert_eq!(seen, ["out", "moving"], "{}", deal.app.engine);
        // A service that loses its place takes nothing back.
        deal.app.parcels.scan("600000000001", Level::PickedUp);
        deal.app.later(MOMENT).await;
        assert_eq!(parcels(&deal).await[0]["state"], "out");
        deal.app.parcels.scan("600000000001", Level::Delivered);
        deal.app.later(MOMENT).await;
        assert_eq!(deal.now().await["order_state"], "confirmed", "{}: one is on its way", deal.app.engine);
        deal.app.parcels.scan("600000000002", Level::Delivered);
        deal.app.later(MOMENT).await;
        assert_eq!(deal.now().await["order_state"], "completed", "{}", deal.app.engine);
        let asked = deal.app.parcels.asked("600000000002");
        deal.app.later(DAY).await;
        assert_eq!(deal.app.parcels.asked("600000000002"), asked, "what is there is not asked about");
        let page = deal.buyer.page(&format!("/orders/{}", deal.id())).await.text().await.unwrap();
        assert!(page.contains("CJ대한통운") && page.contains("도착했어요"), "{page}");
    }
}

#[tokio::test]
async fn a_number_is_checked_kept_once_and_forgotten_when_it_was_wrong() {
    for deal in Deal::each(By::Parcel, 1).await {
        let path = deal.of_store(&format!("orders/{}/shipments", deal.id()));
        for (carrier, number) in [("cj", "123"), ("cj", ""), ("nobody", "600000000001"), ("direct", "1")] {
            let refused = deal.seller.post(&path, &json!({ "carrier": carrier, "number": number })).await;
            assert_eq!(refused.status(), 422, "{carrier} {number}");
        }
        let parcel = json!({ "carrier": "cj", "number": "6000-0000-0001" });
        let first: Value = deal.seller.post_with(&path, &parcel, "tap").await.json().await.unwrap();
        let again: Value = deal.seller.post_with(&path, &parcel, "tap").await.json().await.unwrap();
        assert_eq!((&first["id"], &first["number"]), (&again["id"], &json!("600000000001")));
        let other = json!({ "carrier": "epost", "number": "6000000000012" });
        assert_eq!(told(deal.seller.post_with(&path, &other, "tap").await).await, (422, "key-reused".into()));
        assert_eq!(told(deal.seller.post(&path, &parcel).await).await, (409, "parcel-known".into()));
        let rival = deal.app.shopper("다른 사장").await;
        assert_eq!(rival.post(&path, &other).await.status(), 404);

        let removal = deal.of_store(&format!("shipments/{}/removal", first["id"].as_str().unwrap()));
        assert_eq!(rival.post(&removal, &json!({})).await.status(), 404);
        assert_eq!(deal.seller.post(&removal, &json!({})).await.status(), 204, "{}", deal.app.engine);
        assert_eq!(deal.seller.post(&removal, &json!({})).await.status(), 409);
        assert_eq!(deal.now().await["fulfilment_state"], "preparing");
        assert!(parcels(&deal).await.is_empty());

        let page = format!("/sell/{}/orders/{}", deal.store, deal.id());
        let fields = [("key", "form"), ("carrier", "epost"), ("number", "60000x")];
        let wrong = form(&deal.seller, &format!("{page}/shipments"), &fields).await;
        assert_eq!(wrong.status(), 422);
        let wrong = wrong.text().await.unwrap();
        assert!(wrong.contains("value=\"60000x\"") && wrong.contains("value=\"epost\" selected"), "{wrong}");
        let fields = [("key", "form"), ("carrier", "epost"), ("number", "6000000000012")];
        deal.app.clock.advance(Duration::from_secs(1));
        assert_eq!(form(&deal.seller, &format!("{page}/shipments"), &fields).await.status(), 303);
        let shown = deal.seller.page(&page).await.text().await.unwrap();
        assert!(shown.contains("value=\"epost\" selected"), "the carrier is remembered");
        let delivered = parcels(&deal).await[0]["id"].as_str().unwrap().to_owned();
        deal.app.parcels.scan("6000000000012", Level::Delivered);
        deal.app.later(MOMENT).await;
        let removal = deal.of_store(&format!("shipments/{delivered}/removal"));
        assert_eq!(deal.seller.post(&removal, &json!({})).await.status(), 409, "it is there");
        deal.check().await;
    }
}

#[tokio::test]
async fn two_taps_at_once_send_one_parcel() {
    for deal in Deal::each(By::Parcel, 1).await {
        let path = deal.of_store(&format!("orders/{}/shipments", deal.id()));
        let parcel = json!({ "carrier": "cj", "number": "600000000001" });
        let (one, two, three) = tokio::join!(
            deal.seller.post_with(&path, &parcel, "tap"),
            deal.seller.post_with(&path, &parcel, "tap"),
            deal.seller.post_with(&path, &parcel, "other-tap"),
        );
        let mut answers = [one.status().as_u16(), two.status().as_u16(), three.status().as_u16()];
        answers.sort_unstable();
        assert!(answers == [201, 201, 409] || answers == [201, 409, 409], "{answers:?} {}", deal.app.engine);
        assert_eq!(parcels(&deal).await.len(), 1, "{}", deal.app.engine);
    }
}

#[tokio::test]
async fn only_a_paid_parcel_order_is_sent() {
    for deal in Deal::unpaid(By::Parcel).await {
        let path = deal.of_store(&format!("orders/{}/shipments", deal.id()));
        let parcel = json!({ "carrier": "cj", "number": "600000000001" });
        assert_eq!(deal.seller.post(&path, &parcel).await.status(), 409, "{}", deal.app.engine);
    }
    for deal in Deal::each(By::Pickup, 1).await {
        let path = deal.of_store(&format!("orders/{}/shipments", deal.id()));
        let parcel = json!({ "carrier": "cj", "number": "600000000001" });
        assert_eq!(deal.seller.post(&path, &parcel).await.status(), 409, "{}", deal.app.engine);
    }
}

#[tokio::test]
async fn a_service_in_trouble_is_asked_again_and_a_wrong_number_is_told() {
    for deal in Deal::each(By::Parcel, 1).await {
        deal.send("600000000001").await;
        for fault in [Fault::Lost, Fault::TooMany, Fault::Broken, Fault::WrongNumber] {
            deal.app.parcels.fail("600000000001", fault);
            deal.app.later(MOMENT).await;
            let parcel = parcels(&deal).await.remove(0);
            assert_eq!(parcel["state"], "sent", "{fault:?}");
            assert_eq!(parcel["is_doubted"], fault == Fault::WrongNumber, "{fault:?} {}", deal.app.engine);
        }
        let page = format!("/sell/{}/orders/{}", deal.store, deal.id());
        assert!(deal.seller.page(&page).await.text().await.unwrap().contains("번호가 맞는지"));
        deal.app.parcels.fail("600000000001", Fault::None);
        deal.app.parcels.scan("600000000001", Level::Moving);
        deal.app.later(MOMENT).await;
        assert_eq!(parcels(&deal).await[0]["is_doubted"], false);
        assert_eq!(parcels(&deal).await[0]["state"], "moving", "{}", deal.app.engine);
        // After two weeks nobody asks any more.
        deal.app.later(15 * DAY).await;
        let asked = deal.app.parcels.asked("600000000001");
        deal.app.later(DAY).await;
        assert_eq!(deal.app.parcels.asked("600000000001"), asked, "{}", deal.app.engine);
    }
}

#[tokio::test]
async fn a_callback_is_a_reason_to_look_and_never_believed() {
    for deal in Deal::each(By::Parcel, 1).await {
        let hook = async |body: &str| {
            let sent = deal.app.stranger().ask(Method::POST, "/hooks/parcels").body(body.to_owned());
            sent.send().await.unwrap().status().as_u16()
        };
        deal.send("600000000001").await;
        deal.app.parcels.scan("600000000001", Level::Moving);
        deal.app.later(MOMENT).await;
        let asked = deal.app.parcels.asked("600000000001");
        let forged = json!({
            "carrierId": "kr.cjlogistics", "trackingNumber": "600000000001", "level": 6, "status": "DELIVERED",
        });
        assert_eq!(hook(&forged.to_string()).await, 202);
        deal.app.done().await;
        assert_eq!(deal.app.parcels.asked("600000000001"), asked, "asked about a moment ago");
        for body in ["", "not json", "[]", r#"{"carrierId":"kr.cjlogistics","trackingNumber":"1"}"#] {
            assert_eq!(hook(body).await, 202, "a stranger learns nothing");
        }
        assert_eq!(hook(&"x".repeat(5_000)).await, 413);
        deal.app.clock.advance(Duration::from_secs(31));
        for _ in 0..5 {
            assert_eq!(hook(&forged.to_string()).await, 202);
        }
        deal.app.done().await;
        assert_eq!(deal.app.parcels.asked("600000000001"), asked + 1, "a flood of letters is one look");
        assert_eq!(parcels(&deal).await[0]["state"], "moving", "{}: it says nothing itself", deal.app.engine);
        // The service itself tells, once it was asked to.
        deal.app.parcels.scan("600000000001", Level::Delivered);
        deal.app.clock.advance(Duration::from_secs(31));
        assert_eq!(deal.app.parcels.deliver().await, 1, "{}", deal.app.engine);
        deal.app.done().await;
        assert_eq!(deal.now().await["order_state"], "completed", "{}", deal.app.engine);
    }
}

#[tokio::test]
async fn what_nobody_has_news_of_is_completed_after_ten_days() {
    for deal in Deal::each(By::Parcel, 1).await {
        let path = deal.of_store(&format!("orders/{}/shipments", deal.id()));
        assert_eq!(deal.seller.post(&path, &json!({ "carrier": "direct" })).await.status(), 201);
        shop::returning::begin_rounds(&deal.app.app.shop).await.unwrap();
        deal.app.later(9 * DAY).await;
        assert_eq!(deal.now().await["order_state"], "confirmed", "{}", deal.app.engine);
        deal.app.later(2 * DAY).await;
        assert_eq!(deal.now().await["order_state"], "completed", "{}", deal.app.engine);
        let late = deal.buyer.post(&format!("/api/v1/orders/{}/receipt", deal.id()), &json!({})).await;
        assert_eq!(late.status(), 409);
    }
}
