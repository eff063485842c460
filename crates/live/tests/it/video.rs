//! The video's front door: who may send, what is refused and how.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::market::{Answer, Market, running_market};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

async fn post(market: &Market, path: &str, key: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/sdp")
        .body(body.into())
        .unwrap();
    market.ask(request).await
}

#[tokio::test]
async fn a_publisher_shows_the_key_and_an_offer_that_reads() {
    let market = running_market().await;
    let (show, key) = market.show_with_key().await;
    let whip = format!("/media/{}/whip", show.id);
    let wrong = post(&market, &whip, "wrong", "v=0").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.json()["type"], "/problems/wrong-key");
    assert_eq!(wrong.json()["detail"], "방송실을 새로 열고 다시 시작해 주세요.");
    assert_eq!(wrong.header("content-type"), "application/problem+json");
    assert_eq!(wrong.header("access-control-allow-origin"), "*");
    let other = market.show_with_key().await.1;
    assert_eq!(post(&market, &whip, &other, "v=0").await.status, StatusCode::UNAUTHORIZED);

    let broken = post(&market, &whip, &key, "this is no SDP").await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST, "{}", broken.text());
    assert_eq!(broken.json()["type"], "/problems/broken-offer");
    let huge = post(&market, &whip, &key, "v=0\r\n".repeat(20_000)).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    let unknown = post(&market, &format!("/media/{NOBODY}/whip"), &key, "v=0").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    market.form(&market.seller, &format!("/live/{}/ending", show.id), &[]).await;
    let late = post(&market, &whip, &key, "v=0").await;
    assert_eq!(late.json()["type"], "/problems/show-over");
}

#[tokio::test]
async fn a_stall_that_is_on_air_does_not_begin_another_show() {
    let market = running_market().await;
    market.on_air().await;
    let (second, key) = market.show_with_key().await;
    let refused = post(&market, &format!("/media/{}/whip", second.id), &key, "v=0").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.json()["type"], "/problems/on-air-elsewhere");
}

#[tokio::test]
async fn the_uplink_is_counted_up_to_its_limit() {
    let market = running_market().await;
    let (show, key) = market.show_with_key().await;
    let uplink = format!("/media/{}/uplink", show.id);
    let counted = post(&market, &uplink, &key, vec![7; 256 * 1024]).await;
    assert_eq!(counted.json()["bytes"], 256 * 1024);
    assert_eq!(post(&market, &uplink, &key, vec![7; 600 * 1024]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post(&market, &uplink, "", vec![7]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn viewers_of_a_show_without_a_picture_are_told_to_wait() {
    let market = running_market().await;
    let show = market.show().await;
    let join = market.get(&format!("/media/{}/join", show.id)).await;
    assert_eq!(join.json()["state"], "waiting", "{}", join.text());
    assert_eq!(join.header("cache-control"), "public, max-age=0, s-maxage=1");
    let early = market.get(&format!("/media/{}/live.m3u8", show.id)).await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(early.header("cache-control"), "no-store");
    assert_eq!(market.get(&format!("/media/{NOBODY}/join")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(market.get("/media/..%2f..%2fetc/passwd").await.status, StatusCode::NOT_FOUND);
    let preflight = Request::options(format!("/media/{}/whip", show.id)).body(Body::empty()).unwrap();
    let allowed = market.ask(preflight).await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert!(allowed.header("access-control-allow-headers").contains("authorization"));
    market.form(&market.seller, &format!("/live/{}/ending", show.id), &[]).await;
    market.clock.advance(std::time::Duration::from_secs(2));
    crate::market::until("the end is known", async || {
        market.get(&format!("/media/{}/join", show.id)).await.json()["state"] == "ended"
    })
    .await;
}
