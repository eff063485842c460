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

async fn left(db: &base::Db) -> i64 {
    base::sql!(value db, "select count(*) from events").unwrap()
}

async fn next(listener: &mut tokio::sync::broadcast::Receiver<base::bus::Event>) -> String {
    let event = tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.unwrap().unwrap();
    String::from_utf8(event.payload.to_vec()).unwrap()
}

#[tokio::test]
async fn what_was_told_is_forgotten_when_the_relay_ends() {
    for (engine, db, _folder) in crate::engines().await {
        let bus = Bus::local();
        let mut listener = bus.subscribe();
        let stop = CancellationToken::new();
        let relay = tokio::spawn(events::relay(db.clone(), bus, stop.clone()));
        let mut tx = db.begin().await.unwrap();
        events::put(&mut tx, "live:a", &json!({ "type": "chat" })).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(next(&mut listener).await, r#"{"type":"chat"}"#);
        stop.cancel();
        relay.await.unwrap();
        assert_eq!(left(&db).await, 0, "{engine}");
    }
}

#[tokio::test]
async fn what_a_dead_process_left_is_told_by_another() {
    for (engine, db, _folder) in crate::engines().await {
        // An id of 1970: its process committed it and was killed before it could tell.
        let mut tx = db.begin().await.unwrap();
        base::sql!(run &mut tx,
            "insert into events (id, topic, payload)
             values ('00000000-0000-7000-8000-000000000000', 'live:a', '{\"type\":\"stage\"}')")
        .unwrap();
        tx.commit().await.unwrap();
        let bus = Bus::local();
        let mut listener = bus.subscribe();
        let stop = CancellationToken::new();
        let relay = tokio::spawn(events::relay(db.clone(), bus, stop.clone()));
        assert_eq!(next(&mut listener).await, r#"{"type":"stage"}"#);
        stop.cancel();
        relay.await.unwrap();
        assert_eq!(left(&db).await, 0, "{engine}");
    }
}
