//! Events leave after the commit, in order, and a rolled-back one never leaves.

use std::time::Duration;

use base::{Bus, events};
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn events_reach_the_bus_in_order_and_only_after_commit() {
    for (engine, db, _folder) in crate::engines().await {
        let bus = Bus::local();
        let mut listener = bus.subscribe();
        let stop = CancellationToken::new();
        let relay = tokio::spawn(events::relay(db.clone(), bus, stop.clone()));

        let mut undone = db.begin().await.unwrap();
        events::put(&mut undone, "live:a", &json!({ "type": "lost" })).await.unwrap();
        undone.rollback().await.unwrap();

        let mut tx = db.begin().await.unwrap();
        events::put(&mut tx, "live:a", &json!({ "type": "chat", "n": 0 })).await.unwrap();
        let more: Vec<_> =
            (1..50).map(|n| ("live:a".to_string(), json!({ "type": "chat", "n": n }))).collect();
        events::put_all(&mut tx, &more).await.unwrap();
        tx.commit().await.unwrap();

        for n in 0..50 {
            let event =
                tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.unwrap().unwrap();
            assert_eq!(&*event.topic, "live:a");
            let payload: serde_json::Value = serde_json::from_slice(&event.payload).unwrap();
            assert_eq!(payload["n"], n, "{engine}");
        }
        stop.cancel();
        relay.await.unwrap();
    }
}
