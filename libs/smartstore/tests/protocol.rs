//! The client against the practice store: everything that works, and everything that fails.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use smartstore::practice::{Fault, Line, Practice};
use smartstore::{Client, Cursor, Dispatch, Error, Secret, Settings, practice};

const MORNING_MS: i64 = 1_795_471_200_000;
const ID: &str = "aaaabbbbcccc";
const SECRET: &str = "$2a$04$abcdefghijklmnopqrstuv";
const MINUTE_MS: i64 = 60_000;

struct Room {
    now: Arc<AtomicI64>,
    store: Practice,
    client: Client,
}

fn client(url: String, id: &str, secret: &str, now: &Arc<AtomicI64>) -> Client {
    let now = now.clone();
    Client::new(Settings {
        url,
        client_id: id.to_owned(),
        secret: Secret::new(secret),
        now: Arc::new(move || now.load(Ordering::SeqCst)),
        pause: Duration::from_millis(5),
    })
    .unwrap()
}

async fn room(rate: u32) -> Room {
    let now = Arc::new(AtomicI64::new(MORNING_MS));
    let ticking = now.clone();
    let settings = practice::Settings {
        client_id: ID.to_owned(),
        secret: SECRET.to_owned(),
        now: Arc::new(move || ticking.load(Ordering::SeqCst)),
        rate,
        page: 3,
    };
    let store = Practice::start(settings).await.unwrap();
    let client = client(store.url(), ID, SECRET, &now);
    Room { now, store, client }
}

fn since(from_ms: i64) -> Cursor {
    Cursor { from_ms, sequence: None }
}

fn ids(all: &[&str]) -> Vec<String> {
    all.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn one_token_serves_until_half_an_hour_is_left_of_it() {
    let room = room(1_000).await;
    let everybody: Vec<_> = (0..8).map(|_| room.client.check()).collect();
    for one in everybody {
        one.await.unwrap();
    }
    assert_eq!(room.store.asked("/token"), 1);
    room.now.fetch_add(150 * MINUTE_MS, Ordering::SeqCst);
    room.client.check().await.unwrap();
    assert_eq!(room.store.asked("/token"), 1, "exactly half an hour is left");
    room.now.fetch_add(1_000, Ordering::SeqCst);
    room.client.changed(&since(MORNING_MS)).await.unwrap();
    assert_eq!(room.store.asked("/token"), 2);
    // One that counts no more before its time is replaced once, and only once.
    room.store.fail("/last-changed-statuses", Fault::Expired);
    room.client.changed(&since(MORNING_MS)).await.unwrap();
    assert_eq!(room.store.asked("/token"), 3);
    room.store.fail("/last-changed-statuses", Fault::Expired);
    room.store.fail("/last-changed-statuses", Fault::Expired);
    let refused = room.client.changed(&since(MORNING_MS)).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Refused { status: 401, code, trace, .. } if code == "GW.AUTHN" && trace.starts_with("practice-")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_never_said() {
    let room = room(1_000).await;
    let wrong = "$2a$04$zyxwvutsrqponmlkjihgfe";
    let other = client(room.store.url(), ID, wrong, &room.now);
    let refused = other.check().await.unwrap_err();
    assert!(matches!(&refused, Error::Refused { status: 400, .. }), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("zyxw"));
    assert_eq!(format!("{:?}", Secret::new(wrong)), "***");
    let none = client(room.store.url(), ID, "not a salt", &room.now).check().await.unwrap_err();
    assert!(matches!(none, Error::Secret));
}

#[tokio::test]
async fn every_change_is_seen_once_over_pages_within_one_moment() {
    let room = room(1_000).await;
    // Ten in one millisecond, three to an answer: only the sequence leads on.
    for number in 0..10 {
        room.store.put(Line::paid(&format!("2026{number:04}"), "FISH-1", 1, MORNING_MS));
    }
    let (mut cursor, mut seen, mut rounds) = (since(MORNING_MS), Vec::new(), 0);
    loop {
        let changes = room.client.changed(&cursor).await.unwrap();
        seen.extend(changes.changed.iter().map(|one| one.product_order_id.clone()));
        cursor = changes.next;
        rounds += 1;
        if !changes.has_more {
            break;
        }
    }
    assert_eq!((seen.len(), rounds), (10, 4));
    seen.dedup();
    assert_eq!(seen.len(), 10);
    assert_eq!(cursor, since(MORNING_MS), "what comes later in the same moment is not missed");
    let nothing = room.client.changed(&since(MORNING_MS + 1)).await.unwrap();
    assert_eq!((nothing.changed.len(), nothing.next), (0, since(MORNING_MS + 1)));
    let kept: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
    assert_eq!(kept, cursor, "a cursor can be kept");
}

#[tokio::test]
async fn orders_are_asked_for_in_batches_of_three_hundred() {
    let room = room(1_000).await;
    let all: Vec<String> = (0..650).map(|number| format!("P{number}")).collect();
    for id in &all {
        room.store.put(Line::paid(id, "FISH-1", 2, MORNING_MS));
    }
    let orders = room.client.orders(&all).await.unwrap();
    assert_eq!((orders.len(), room.store.asked("/query")), (650, 3));
    assert_eq!((orders[0].quantity, orders[0].seller_product_code.as_str()), (2, "FISH-1"));
    assert!(room.client.orders(&[]).await.unwrap().is_empty());
    assert_eq!(room.store.asked("/query"), 3, "nobody is asked about nothing");
}

#[tokio::test]
async fn each_line_says_what_became_of_it() {
    let room = room(1_000).await;
    for id in ["A", "B", "C"] {
        room.store.put(Line::paid(id, "FISH-1", 1, MORNING_MS));
    }
    let outcome = room.client.confirm(&ids(&["A", "B", "nobody's"])).await.unwrap();
    assert_eq!(outcome.done, ids(&["A", "B"]));
    assert_eq!(
        (outcome.refused[0].product_order_id.as_str(), outcome.refused[0].code.as_str()),
        ("nobody's", "104442")
    );
    let parcel = |id: &str, number: &str| Dispatch {
        product_order_id: id.to_owned(),
        company: "CJGLS".to_owned(),
        number: number.to_owned(),
        at_ms: MORNING_MS,
    };
    let sent = room
        .client
        .dispatch(&[parcel("A", "600012345678"), parcel("B", "wrong"), parcel("C", "600012345679")])
        .await
        .unwrap();
    assert_eq!(sent.done, ids(&["A"]));
    let refused: Vec<&str> = sent.refused.iter().map(|one| one.product_order_id.as_str()).collect();
    assert_eq!((refused, sent.unknown.len()), (vec!["B", "C"], 0));
    let line = room.store.line("A").unwrap();
    assert_eq!((line.status.as_str(), line.parcel.as_deref()), ("DISPATCHED", Some("600012345678")));
}

#[tokio::test]
async fn it_asks_no_faster_than_it_may_and_backs_off_when_told() {
    let room = room(20).await;
    for _ in 0..70 {
        room.client.changed(&since(MORNING_MS)).await.unwrap();
    }
    assert_eq!(
        room.store.asked("/last-changed-statuses"),
        70,
        "the bucket was waited for: nothing had to be asked twice"
    );
    for _ in 0..2 {
        room.store.fail("/query", Fault::TooOften);
    }
    room.client.orders(&ids(&["A"])).await.unwrap();
    assert_eq!(room.store.asked("/query"), 3);
    for _ in 0..5 {
        room.store.fail("/confirm", Fault::TooOften);
    }
    let busy = room.client.confirm(&ids(&["A"])).await.unwrap_err();
    assert!(matches!(&busy, Error::Busy { trace } if trace.starts_with("practice-")), "{busy}");
}

#[tokio::test]
async fn what_breaks_is_told_apart() {
    let room = room(1_000).await;
    room.store.put(Line::paid("A", "FISH-1", 1, MORNING_MS));
    room.client.check().await.unwrap();
    room.store.fail("/confirm", Fault::Lost);
    assert!(matches!(room.client.confirm(&ids(&["A"])).await.unwrap_err(), Error::Away));
    assert!(!room.store.line("A").unwrap().confirmed);
    assert_eq!(room.store.asked("/confirm"), 1, "what may have arrived is not sent again by itself");
    room.store.fail("/confirm", Fault::Garbage);
    assert!(matches!(room.client.confirm(&ids(&["A"])).await.unwrap_err(), Error::Strange { .. }));
    room.store.fail("/confirm", Fault::Broken);
    let broken = room.client.confirm(&ids(&["A"])).await.unwrap_err();
    assert!(
        matches!(&broken, Error::Refused { status: 500, code, .. } if code == "GW.INTERNAL_SERVER_ERROR"),
        "{broken}"
    );
    assert_eq!(room.client.confirm(&ids(&["A"])).await.unwrap().done, ids(&["A"]));
    room.store.stop();
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn products_come_a_page_at_a_time() {
    let room = room(1_000).await;
    for number in 0..5 {
        room.store.put_product(100 + number, &format!("물건 {number}"), 1_000 + number, number);
    }
    let first = room.client.products(1, 3).await.unwrap();
    let second = room.client.products(2, 3).await.unwrap();
    assert_eq!((first.goods.len(), second.goods.len(), first.total), (3, 2, 5));
    assert_eq!((first.goods[1].origin_product_no, first.goods[1].sale_won), (101, 1_001));
    assert_eq!(room.client.product(101).await.unwrap()["originProduct"]["name"], "물건 1");
    let none = room.client.product(7).await.unwrap_err();
    assert!(matches!(&none, Error::Refused { status: 404, .. }), "{none}");
}
