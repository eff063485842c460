//! Killed at every crash point: a process of its own works on the same rows and dies where it is told to, the
//! payment company living on. The next process does what is due, the buyer presses again with the same keys, and
//! in the end what was acknowledged is there, once, and both books agree.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use base::{Base, Blobs, Bus, Clock, Db, Random, Won, sql};
use serde_json::json;
use shop::order::{OrderId, place};
use shop::payment::refund::{self, NewRefund};
use shop::payment::{self, APPROVE, IntentState};
use shop::{Buyer, Shop};

use crate::stall::{MORNING_MS, Stall, open, order_of, work_all};

const POINTS: [&str; 9] = [
    "group-written",
    "group-committed",
    "pay-begun",
    "pay-answered",
    "news-stored",
    "news-read",
    "poll-answered",
    "refund-asked",
    "refund-answered",
];
/// Its answer is lost, so that news and questions are what tells of the payment.
const CARD: &str = "late";
/// What an aborted process ends with.
const ABORTED: i32 = 6;
/// In the environment: what the process that dies needs to know, as JSON.
const WORK: &str = "DANGOL_TEST_CRASH";

#[test]
fn killed_at_any_point_nothing_acknowledged_is_lost_and_nothing_is_charged_twice() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Ok(work) = std::env::var(WORK) {
        runtime.block_on(die(&work));
        panic!("it came past the point");
    }
    runtime.block_on(async {
        for point in POINTS {
            for mut stall in Stall::each().await {
                kill_at(point, &mut stall).await;
            }
        }
    });
}

/// Lets a process die at `point`, and looks at what it left.
async fn kill_at(point: &str, stall: &mut Stall) {
    let variant = stall.goods("고등어", 9_800, 1).await;
    let buyer = stall.buyer("단골").await;
    let person = buyer.person.clone().unwrap().id;
    let work = json!({
        "url": stall.url, "company": stall.sandbox.url(), "store": stall.store, "variant": variant, "person": person,
    });
    let killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("crash::killed_at_any_point_nothing_acknowledged_is_lost_and_nothing_is_charged_twice")
        .env(WORK, work.to_string())
        .env("DANGOL_CRASH", point)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&killed.stderr).into_owned();
    assert_eq!(killed.status.signal(), Some(ABORTED), "{point} on {}: {said}", stall.engine);
    stall.check().await;

    // Whatever was left to be done is done; then the buyer, who heard nothing, presses again.
    stall.restart().await;
    for _ in 0..3 {
        stall.later(Duration::from_secs(70)).await;
        stall.check().await;
    }
    let acknowledged = |word: &str| said.lines().find_map(|line| line.strip_prefix(word).map(str::to_owned));
    let placed = place(&stall.shop, &buyer, "order", order_of(&variant, 1)).await.unwrap();
    if let Some(before) = acknowledged("ordered ") {
        assert_eq!(before, placed.order.to_string(), "{point}");
    }
    let paid = payment::pay(&stall.shop, &placed.intent, "pay", CARD).await.unwrap();
    if acknowledged("paid").is_some() {
        assert_eq!(paid.state, IntentState::Succeeded, "{point}");
    }
    if paid.state != IntentState::Succeeded {
        // Their question never arrived, or they never asked: they are told so, and pay anew.
        payment::pay(&stall.shop, &placed.intent, "pay again", APPROVE).await.unwrap();
    }
    stall.later(Duration::from_secs(70)).await;
    give_back(&stall.shop, stall, &placed.order).await;
    stall.later(Duration::from_secs(70)).await;
    let kept: Vec<_> = stall.sandbox.payments().iter().map(|one| (one.taken, one.kept)).collect();
    assert_eq!(kept, [(9_800, 9_300)], "{point} on {}: one charge, one refund", stall.engine);
    assert_eq!(stall.stock(&variant).await, (0, 0), "{point} on {}", stall.engine);
    let orders: i64 = sql!(value & stall.base.db, "select count(*) from orders").unwrap();
    assert_eq!((orders, stall.compared().await.unsettled), (1, 0), "{point} on {}", stall.engine);
    stall.check().await;
}

async fn give_back(shop: &Shop, stall: &Stall, order: &OrderId) {
    let new = NewRefund { amount_won: Some(Won(500)), reason: String::new() };
    refund::ask(shop, &stall.store, order, "back", new).await.unwrap();
}

/// The process that dies: a whole sale, from the order to the refund, with what is acknowledged said aloud.
async fn die(work: &str) {
    let work: serde_json::Value = serde_json::from_str(work).unwrap();
    let text = |name: &str| work[name].as_str().unwrap().to_owned();
    let base = Base {
        db: Db::open(&text("url")).await.unwrap(),
        bus: Bus::local(),
        blobs: Blobs::folder(&std::env::temp_dir()).unwrap(),
        clock: Clock::mock(MORNING_MS),
        random: Random::system(),
    };
    let shop = open(&base, &text("company"));
    let person = people::person::find(&base.db, &text("person").parse().unwrap()).await.unwrap().unwrap();
    let buyer = Buyer::person(person, "0".repeat(32));
    let variant = text("variant").parse().unwrap();
    let placed = place(&shop, &buyer, "order", order_of(&variant, 1)).await.unwrap();
    eprintln!("ordered {}", placed.order);
    payment::pay(&shop, &placed.intent, "pay", CARD).await.unwrap();
    hear(&shop, &base, &text("store"), &placed.intent).await;
    base.clock.advance(Duration::from_secs(6));
    work_all(&shop, &base).await;
    eprintln!("paid");
    let store = text("store").parse().unwrap();
    let new = NewRefund { amount_won: Some(Won(500)), reason: String::new() };
    refund::ask(&shop, &store, &placed.order, "back", new).await.unwrap();
    work_all(&shop, &base).await;
}

/// News of the payment comes to the store's door.
async fn hear(shop: &Shop, base: &Base, store: &str, intent: &payment::IntentId) {
    use tower::ServiceExt;
    let last = payment::last_attempt(&base.db, intent).await.unwrap().unwrap();
    let news = json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": { "orderId": last.id } });
    let (router, _) = shop::routes(shop.clone()).split_for_parts();
    let request = axum::http::Request::post(format!("/hooks/sandbox/{store}"))
        .body(axum::body::Body::from(news.to_string()))
        .unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), 200);
}
