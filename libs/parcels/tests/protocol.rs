//! Both protocols, spoken to the server as a shop would.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parcels::{Fault, Level, Parcels, Settings};
use serde_json::{Value, json};

const MORNING_MS: i64 = 1_795_471_200_000;
const PACE_MS: i64 = 60_000;

struct Service {
    parcels: Parcels,
    now_ms: Arc<AtomicI64>,
}

impl Service {
    async fn open(pace_ms: Option<i64>) -> Service {
        let now_ms = Arc::new(AtomicI64::new(MORNING_MS));
        let clock = now_ms.clone();
        let now: parcels::Now = Arc::new(move || clock.load(Ordering::SeqCst));
        Service { parcels: Parcels::start(Settings { now, pace_ms }).await.unwrap(), now_ms }
    }

    async fn track(&self, key: &str, number: &str) -> Option<(u16, Value)> {
        let query = "query($carrierId: ID!, $trackingNumber: String!) {
            track(carrierId: $carrierId, trackingNumber: $trackingNumber) { lastEvent { time status { code } } } }";
        let body = json!({
            "query": query, "variables": { "carrierId": "kr.cjlogistics", "trackingNumber": number },
        });
        let asked = reqwest::Client::new()
            .post(format!("{}/graphql", self.parcels.url()))
            .header("authorization", format!("TRACKQL-API-KEY {key}:secret"))
            .json(&body);
        let answer = asked.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.unwrap()))
    }

    async fn info(&self, number: &str) -> Value {
        let path = format!("/api/v1/trackingInfo?t_key=practice&t_code=04&t_invoice={number}");
        reqwest::get(format!("{}{path}", self.parcels.url())).await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn a_parcel_stands_where_it_was_scanned_in_both_protocols() {
    let service = Service::open(None).await;
    service.parcels.scan("600000000001", Level::OutForDelivery);
    let (_, seen) = service.track("practice", "600000000001").await.unwrap();
    let last = &seen["data"]["track"]["lastEvent"];
    assert_eq!(last["status"]["code"], "OUT_FOR_DELIVERY");
    assert_eq!(last["time"], "2026-11-24T07:00:00+09:00");
    service.parcels.scan("600000000001", Level::Delivered);
    let info = service.info("600000000001").await;
    assert_eq!((&info["level"], &info["complete"]), (&json!(6), &json!(true)));
    assert_eq!(info["trackingDetails"].as_array().unwrap().len(), 2);
    assert_eq!(service.parcels.asked("600000000001"), 2);
}

#[tokio::test]
async fn refusals_are_told_as_each_service_tells_them() {
    let service = Service::open(None).await;
    let code = |answer: Option<(u16, Value)>| {
        let (status, body) = answer.unwrap();
        (status, body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(code(service.track("practice", "600000000002").await), (200, "NOT_FOUND".into()));
    assert_eq!(code(service.track("stolen", "600000000002").await), (200, "UNAUTHENTICATED".into()));
    assert_eq!(code(service.track("practice", "600000000429").await).0, 429);
    assert_eq!(code(service.track("practice", "600000000500").await), (200, "INTERNAL".into()));
    assert!(service.track("practice", "600000000408").await.is_none());
    assert_eq!(service.info("600000000404").await["status"], false);
    service.parcels.scan("600000000003", Level::Ready);
    service.parcels.fail("600000000003", Fault::TooMany);
    assert_eq!(service.info("600000000003").await["code"], "106");
}

#[tokio::test]
async fn at_a_pace_any_number_moves_by_itself() {
    let service = Service::open(Some(PACE_MS)).await;
    let level = async || service.info("600000000004").await["level"].as_i64().unwrap();
    assert_eq!(level().await, 1);
    service.now_ms.fetch_add(2 * PACE_MS, Ordering::SeqCst);
    assert_eq!(level().await, 3);
    service.now_ms.fetch_add(60 * PACE_MS, Ordering::SeqCst);
    assert_eq!(level().await, 6);
}
