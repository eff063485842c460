//! Looking back at a show, through the front door, on both engines.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base::{Won, sql};
use live::audience::{self, Watched};
use live::broadcast::Replay;
use live::{BroadcastId, broadcast, diagnosis, reaction};
use people::{People, Sender};
use serde_json::{Value, json};
use shop::delivery::{HandOver, Recipient};
use shop::order::{self, Asking, NewLine, NewOrder};
use shop::product::ProductId;
use shop::showing::{OnAir, Shows};
use shop::{Buyer, VariantId};
use tower::ServiceExt;
use web::ui::Setting;

use crate::market::{Answer, Market, NOON_MS, Somebody, markets, until};
use crate::prices::sellable;

const MINUTE_MS: i64 = 60_000;

async fn look_back(market: &Market, show: &BroadcastId) -> Value {
    let path = format!("/api/v1/broadcasts/{show}/diagnosis");
    market.api(&market.seller, Method::GET, &path, "", json!(null)).await.json()
}

async fn page(market: &Market, who: &Somebody, store: &str, show: &BroadcastId) -> Answer {
    market.page(who, &format!("/sell/{store}/live/{show}/diagnosis")).await
}

/// An order of one piece from a show, at the clock's time; paid for unless it is left open.
async fn order(market: &Market, variant: &VariantId, show: &BroadcastId, paid: bool) {
    let buyer = Buyer::person(market.shopper.person.clone(), market.live.base.random.token::<16>());
    let lines = [NewLine { variant: variant.clone(), quantity: 1 }];
    let asking = Asking { lines: &lines, broadcast: Some(show.as_str()), coupon: None };
    let quote = order::quote(&market.shop, &buyer, asking).await.unwrap();
    let wanted = NewOrder {
        lines: lines.to_vec(),
        hand_over: HandOver::Pickup,
        to: Recipient { recipient: "영희".into(), phone: "010-1234-5678".into(), ..Recipient::default() },
        broadcast: Some(show.to_string()),
        expected_total_won: Some(quote.total(HandOver::Pickup)),
        ..NewOrder::default()
    };
    let key = market.live.base.random.token::<8>();
    let placed = order::place(&market.shop, &buyer, &key, wanted).await.unwrap();
    if paid {
        // No payment company is at hand here; what it would lead to is this.
        let mut tx = market.live.base.db.begin().await.unwrap();
        sql!(run &mut tx, "update orders set order_state = 'confirmed' where id = $1", &placed.order)
            .unwrap();
        tx.commit().await.unwrap();
    }
}

async fn watched(market: &Market, show: &BroadcastId, minute: i64, viewers: i64) {
    let seen = Watched { viewer_seconds: viewers * 60, peak: viewers + 1 };
    audience::remember(&market.live, show, NOON_MS + minute * MINUTE_MS, seen).await.unwrap();
}

/// A show of four minutes from noon: the mackerel pinned in the first, the hairtail from then on.
async fn busy_show(market: &Market) -> BroadcastId {
    let mackerel = sellable(market, 9, Some(Won(9_000))).await;
    let show = market.on_air().await.id;
    let pin = format!("/live/{show}/pin");
    market.form(&market.seller, &pin, &[("product", market.mackerel.as_str())]).await;
    for text in ["두 손 주세요", "싱싱해 보여요"] {
        market.form(&market.shopper, &format!("/live/{show}/chat"), &[("text", text)]).await;
    }
    market.form(&market.seller, &format!("/live/{show}/chat"), &[("text", "어서 오세요")]).await;
    for _ in 0..3 {
        market.form(&market.shopper, &format!("/live/{show}/reactions"), &[("kind", "heart")]).await;
    }
    until("the hearts are written", async || {
        let seconds = reaction::seconds(&market.live.base.db, &show, 9).await.unwrap();
        seconds.iter().flat_map(|second| second.counts.values()).sum::<i64>() == 3
    })
    .await;
    order(market, &mackerel, &show, true).await;
    order(market, &mackerel, &show, true).await;
    order(market, &mackerel, &show, false).await;
    market.clock.advance(Duration::from_secs(20));
    market.form(&market.seller, &pin, &[("product", market.hairtail.as_str())]).await;
    order(market, &mackerel, &show, true).await;
    broadcast::end(&market.live.base.db, &show, NOON_MS + 4 * MINUTE_MS).await.unwrap();
    market.clock.advance(Duration::from_millis(5 * MINUTE_MS as u64));
    order(market, &mackerel, &show, true).await;
    for (minute, viewers) in [(0, 8), (1, 9), (2, 4), (3, 4)] {
        watched(market, &show, minute, viewers).await;
    }
    audience::remember_taps(&market.live, &show, NOON_MS, &market.mackerel, 11).await.unwrap();
    show
}

#[tokio::test]
async fn every_number_of_a_show_is_counted_from_what_happened() {
    for market in markets().await {
        let show = busy_show(&market).await;
        let seen = look_back(&market, &show).await;
        let engine = market.engine;
        assert_eq!(
            seen["totals"],
            json!({ "viewers": 6, "peak": 10, "chat": 2, "reactions": 3, "taps": 11, "orders": 3, "sold_won": 27_000 }),
            "{engine}"
        );
        assert_eq!(seen["afterwards"], json!({ "orders": 1, "sold_won": 12_000 }), "{engine}");
        let minutes = seen["minutes"].as_array().unwrap();
        assert_eq!(minutes.len(), 4, "{engine}: an end at the full minute begins none");
        for (what, total) in seen["totals"].as_object().unwrap() {
            if what != "viewers" && what != "peak" {
                let sum: i64 = minutes.iter().map(|minute| minute[what].as_i64().unwrap()).sum();
                assert_eq!(total, &json!(sum), "{engine}: {what}");
            }
        }
        assert_eq!(seen["fall"], json!({ "at_ms": NOON_MS + 2 * MINUTE_MS, "before": 9, "after": 4 }));
        let spans: Vec<_> =
            seen["pinned"].as_array().unwrap().iter().map(|band| band["to_ms"].clone()).collect();
        assert_eq!(spans, [json!(NOON_MS + 20_000), json!(NOON_MS + 4 * MINUTE_MS)], "{engine}");
        let best = &seen["products"][0];
        assert_eq!(best["product"], json!(market.mackerel));
        assert_eq!(
            (&best["orders"], &best["orders_shown"], &best["taps"]),
            (&json!(3), &json!(2), &json!(11))
        );
        assert_eq!(seen["tips"][0]["kind"], "people-left", "{engine}");
        assert_eq!(seen["tips"][0]["product"], json!(market.hairtail), "{engine}");
        assert_eq!(seen["usual"], Value::Null, "{engine}: there were no shows before");
    }
}

#[tokio::test]
async fn the_page_says_the_same_as_the_numbers() {
    for market in markets().await {
        let show = busy_show(&market).await;
        let replay = Replay { epoch_ms: NOON_MS, from_ms: NOON_MS, duration_ms: 4 * MINUTE_MS };
        broadcast::close(&market.live.base.db, &show, Some(replay)).await.unwrap();
        let page = page(&market, &market.seller, market.store.as_str(), &show).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        let text = page.text().replace(['\u{2068}', '\u{2069}'], "");
        for words in [
            "시작하고 1분째에 9명이 봐서 가장 많았어요",
            "시작하고 2분에 9명에서 4명으로 줄었어요",
            "은갈치 이야기를 할 때 나갔어요",
            "다시 보기에서 1건, 12,000원어치",
            "앞선 방송이 세 번 모이면",
            "<svg class=\"chart\" role=\"img\"",
        ] {
            assert!(text.contains(words), "{}: {words} in {text}", market.engine);
        }
        // Every minute leads to its moment of the video, in the picture and in the table.
        for minute in 1..4 {
            let moment = format!("data-at-ms=\"{}\"", NOON_MS + minute * MINUTE_MS);
            assert!(text.matches(&moment).count() >= 2, "{}: minute {minute}", market.engine);
        }
        let over = market.page(&market.seller, &format!("/sell/{}/live/{show}", market.store)).await;
        assert!(over.text().contains(&format!("/live/{show}/diagnosis")), "{}: no way there", market.engine);
    }
}

#[tokio::test]
async fn only_the_store_looks_back_at_its_show() {
    for market in markets().await {
        let show = market.on_air().await;
        let api = format!("/api/v1/broadcasts/{}/diagnosis", show.id);
        assert_eq!(
            page(&market, &market.seller, market.store.as_str(), &show.id).await.status,
            409,
            "still on"
        );
        broadcast::end(&market.live.base.db, &show.id, NOON_MS + 1).await.unwrap();
        let others =
            people::member::stores_of(&market.live.base.db, &market.stranger.person.id).await.unwrap();
        let theirs = page(&market, &market.stranger, others[0].as_str(), &show.id).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{}: through her own stall", market.engine);
        let ours = page(&market, &market.stranger, market.store.as_str(), &show.id).await;
        assert!(ours.status.is_client_error(), "{}: through ours", market.engine);
        let refused = market.api(&market.stranger, Method::GET, &api, "", json!(null)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", market.engine);
    }
}

#[tokio::test]
async fn a_show_that_nobody_saw_has_a_friendly_page() {
    for market in markets().await {
        for began in [true, false] {
            let show = if began { market.on_air().await } else { market.show().await };
            broadcast::end(&market.live.base.db, &show.id, NOON_MS + 90_000).await.unwrap();
            let page = page(&market, &market.seller, market.store.as_str(), &show.id).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.text());
            assert!(page.text().contains("누구나 처음은 그래요"), "{}", market.engine);
            assert!(!page.text().contains("<svg class=\"chart\""), "{}: nothing to draw", market.engine);
            assert_eq!(look_back(&market, &show.id).await["tips"], json!([]));
        }
    }
}

#[tokio::test]
async fn three_shows_before_make_a_comparison() {
    for market in markets().await {
        for viewers in [3, 50, 7] {
            let show = market.on_air().await.id;
            broadcast::end(&market.live.base.db, &show, market.clock.now_ms() + 2 * MINUTE_MS).await.unwrap();
            let seen = Watched { viewer_seconds: viewers * 120, peak: viewers };
            audience::remember(&market.live, &show, market.clock.now_ms(), seen).await.unwrap();
            assert_eq!(look_back(&market, &show).await["usual"], Value::Null, "{}", market.engine);
            market.clock.advance(Duration::from_secs(600));
        }
        let show = market.on_air().await;
        broadcast::end(&market.live.base.db, &show.id, market.clock.now_ms() + 1).await.unwrap();
        let usual = look_back(&market, &show.id).await["usual"].clone();
        assert_eq!((&usual["shows"], &usual["totals"]["peak"]), (&json!(3), &json!(7)), "{}", market.engine);
        assert_eq!(usual["totals"]["viewers"], json!(7), "{}: two minutes' worth", market.engine);
    }
}

#[tokio::test]
async fn a_minute_that_is_written_twice_counts_once() {
    for market in markets().await {
        let show = market.on_air().await;
        broadcast::end(&market.live.base.db, &show.id, NOON_MS + 2 * MINUTE_MS).await.unwrap();
        for _ in 0..2 {
            watched(&market, &show.id, 0, 6).await;
            audience::remember_taps(&market.live, &show.id, NOON_MS, &market.mackerel, 4).await.unwrap();
        }
        let seen = diagnosis::of(&market.live.base.db, &market.find(&show.id).await).await.unwrap();
        assert_eq!((seen.minutes[0].viewers, seen.totals.taps), (6, 4), "{}", market.engine);
        // Another process counts its own.
        let other = market.reborn().await;
        let here = Watched { viewer_seconds: 60, peak: 1 };
        audience::remember(&other, &show.id, NOON_MS, here).await.unwrap();
        let seen = diagnosis::of(&market.live.base.db, &market.find(&show.id).await).await.unwrap();
        assert_eq!(seen.minutes[0].viewers, 7, "{}", market.engine);
    }
}

#[tokio::test]
async fn who_opens_a_sheet_counts_once_a_minute_and_only_during_the_show() {
    for market in markets().await {
        let show = market.on_air().await;
        audience::look(&market.live).await.unwrap();
        let at = |product: &ProductId| OnAir {
            show: show.id.to_string(),
            store: market.store.clone(),
            product: product.clone(),
        };
        for who in ["영희", "영희", "철수"] {
            market.live.tapped(&at(&market.mackerel), who);
        }
        // Of another stall, or of no show at all.
        market.live.tapped(
            &OnAir { store: "019358f0-0000-7000-8000-000000000000".parse().unwrap(), ..at(&market.kimchi) },
            "영희",
        );
        market.live.tapped(&OnAir { show: "nothing".into(), ..at(&market.mackerel) }, "영희");
        for _ in 0..2 {
            audience::write(&market.live).await;
        }
        broadcast::end(&market.live.base.db, &show.id, NOON_MS + MINUTE_MS).await.unwrap();
        audience::look(&market.live).await.unwrap();
        market.live.tapped(&at(&market.mackerel), "민수");
        audience::write(&market.live).await;
        let seen = look_back(&market, &show.id).await;
        assert_eq!(seen["totals"]["taps"], json!(2), "{}", market.engine);
    }
}

#[tokio::test]
async fn a_sheet_that_opens_from_a_show_is_told_to_the_show() {
    for market in markets().await {
        sellable(&market, 5, None).await;
        let show = market.on_air().await.id;
        audience::look(&market.live).await.unwrap();
        let setting = Setting {
            clock: market.clock.clone(),
            market: Arc::new(RwLock::new(web::Market::default())),
            greet: None,
        };
        let people = People::new(market.live.base.clone(), Sender::Sandbox);
        let (pages, _) = shop::routes(market.shop.clone()).split_for_parts();
        let app = web::layers::dress(pages.layer(Extension(people)), setting);
        for query in ["", &format!("?broadcast={show}"), &format!("?broadcast={show}")] {
            let sheet = Request::get(format!("/products/{}/buy{query}", market.mackerel))
                .header("authorization", market.shopper.bearer())
                .body(Body::empty())
                .unwrap();
            assert_eq!(app.clone().oneshot(sheet).await.unwrap().status(), StatusCode::OK, "{query}");
        }
        audience::write(&market.live).await;
        broadcast::end(&market.live.base.db, &show, NOON_MS + MINUTE_MS).await.unwrap();
        let seen = look_back(&market, &show).await;
        assert_eq!(seen["totals"]["taps"], json!(1), "{}: one person, one minute", market.engine);
    }
}
