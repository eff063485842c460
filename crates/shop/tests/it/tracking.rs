//! Both adapters against a service that speaks their protocols, with everything that goes wrong there.

use std::sync::Arc;

use parcels::{Fault, Level, Parcels, Settings};
use serde_json::{Value, json};
use shop::carrier;
use shop::shipment::{Seen, Tracker};

const MORNING_MS: i64 = 1_795_471_200_000;

async fn service() -> Parcels {
    Parcels::start(Settings { now: Arc::new(|| MORNING_MS), pace_ms: None }).await.unwrap()
}

fn tracker(entry: Value) -> Tracker {
    Tracker::of_file(serde_json::from_value(json!({ "tracker": entry })).unwrap()).unwrap().unwrap()
}

fn both(parcels: &Parcels, key: &str) -> [Tracker; 2] {
    [
        tracker(json!({
            "service": "delivery-tracker", "client_id": key, "client_secret": "s", "url": parcels.url(),
        })),
        tracker(json!({ "service": "sweettracker", "key": key, "url": parcels.url() })),
    ]
}

#[tokio::test]
async fn each_service_is_understood_and_its_troubles_are_no_news() {
    let parcels = service().await;
    let cj = carrier::find("cj").unwrap();
    for tracker in both(&parcels, parcels::KEY) {
        let look = async |number: &str| tracker.look(cj, number).await;
        parcels.scan("600000000001", Level::OutForDelivery);
        let Seen::At { level, at_ms, place } = look("600000000001").await else { panic!("it was scanned") };
        assert_eq!((level, at_ms, place.as_str()), (5, Some(MORNING_MS), "연습터미널"));
        assert_eq!(look("600000000002").await, Seen::NotFound, "nobody put it in");
        for number in ["600000000408", "600000000429", "600000000500"] {
            assert_eq!(look(number).await, Seen::Away, "{number}");
        }
        parcels.fail("600000000001", Fault::WrongNumber);
        assert_eq!(look("600000000001").await, Seen::NotFound);
        parcels.fail("600000000001", Fault::None);
        assert!(!format!("{tracker:?}").contains(parcels::KEY), "a key was printed");
    }
    for tracker in both(&parcels, "stolen") {
        assert_eq!(tracker.look(cj, "600000000001").await, Seen::Away, "a wrong key is no news of a parcel");
    }
    parcels.stop();
    for tracker in both(&parcels, parcels::KEY) {
        assert_eq!(tracker.look(cj, "600000000001").await, Seen::Away);
    }
}

#[tokio::test]
async fn only_delivery_tracker_tells_by_itself() {
    let parcels = service().await;
    let cj = carrier::find("cj").unwrap();
    let [delivery, sweet] = both(&parcels, parcels::KEY);
    let later = MORNING_MS + 48 * 3_600_000;
    assert!(delivery.register(cj, "600000000001", "http://127.0.0.1:9/hooks/parcels", later).await);
    assert!(!sweet.register(cj, "600000000001", "http://127.0.0.1:9/hooks/parcels", later).await);
}

#[test]
fn without_an_entry_nobody_is_asked() {
    assert!(Tracker::of_file(serde_json::from_value(json!({})).unwrap()).unwrap().is_none());
    assert!(
        serde_json::from_value::<shop::shipment::tracker::File>(json!({ "tracker": { "service": "x" } }))
            .is_err()
    );
}
