//! The same bus in process and on a real NATS.

use std::time::Duration;

use base::Bus;
use bytes::Bytes;

async fn carries(sender: &Bus, receiver: &Bus) {
    let mut listener = receiver.subscribe();
    sender.publish("live:a", Bytes::from_static(b"{}")).await.unwrap();
    let event = tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.unwrap().unwrap();
    assert_eq!((&*event.topic, &*event.payload), ("live:a", &b"{}"[..]));
}

#[tokio::test]
async fn in_process() {
    let bus = Bus::open("local:").await.unwrap();
    carries(&bus, &bus).await;
}

#[tokio::test]
async fn between_two_processes_over_nats() {
    let Ok(url) = std::env::var("DANGOL_TEST_NATS") else { return };
    let (here, there) = (Bus::open(&url).await.unwrap(), Bus::open(&url).await.unwrap());
    carries(&here, &there).await;
}

#[tokio::test]
async fn an_unknown_address_is_refused() {
    assert!(Bus::open("redis://localhost").await.is_err());
}
