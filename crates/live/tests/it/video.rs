//! The video's front door: who may send, what is refused and how.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use live::demo::{Act, Cue};
use live::{chat, stream};

use crate::market::{Answer, Market, running_market, until};

/// The film of the demo's show: a minute, with sound.
const FILM: &[u8] = include_bytes!("../../../../demo/clip/market.mp4");

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
async fn a_viewer_by_webrtc_needs_no_key_and_a_browser_on_air() {
    let market = running_market().await;
    let (show, key) = market.show_with_key().await;
    let whep = format!("/media/{}/whep", show.id);
    let early = post(&market, &whep, "", "v=0").await;
    assert_eq!(early.status, StatusCode::NOT_FOUND, "nobody has gone on air");
    let broken = post(&market, &format!("/media/{}/whip", show.id), &key, "this is no SDP").await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST, "but the stream is open now");
    let nobody = post(&market, &whep, "", "v=0").await;
    assert_eq!(nobody.status, StatusCode::CONFLICT);
    assert_eq!(nobody.json()["type"], "/problems/by-parts-only");
    assert_eq!(nobody.header("access-control-allow-origin"), "*");
    let huge = post(&market, &whep, "", "v=0\r\n".repeat(20_000)).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    let unknown = post(&market, &format!("/media/{NOBODY}/whep"), "", "v=0").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let gone = Request::delete(format!("{whep}/nobody")).body(Body::empty()).unwrap();
    assert_eq!(market.ask(gone).await.status, StatusCode::OK, "gone is what was asked for");
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

async fn joined(market: &Market, show: &live::Broadcast) -> serde_json::Value {
    market.get(&format!("/media/{}/join", show.id)).await.json()
}

/// A show that is on air with a real picture.
async fn filmed(market: &Market) -> (live::Broadcast, String) {
    let (show, key) = market.show_with_key().await;
    let film = Arc::new(media::Clip::read(Bytes::from_static(FILM)).unwrap());
    stream::publish_film(&market.live, &show.id, film).await.unwrap();
    until("the first part", async || joined(market, &show).await["state"] == "live").await;
    assert_eq!(market.find(&show.id).await.stage.word(), "live");
    (show, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_show_is_watched_ended_and_seen_again() {
    let market = running_market().await;
    let (show, key) = filmed(&market).await;
    let at = |file: &str| format!("/media/{}/{file}", show.id);

    let join = joined(&market, &show).await;
    let first = join["first"].as_u64().unwrap();
    let part = market.get(&at(&format!("n{first}.m4s"))).await;
    assert_eq!((part.status, part.header("x-init")), (StatusCode::OK, "0"));
    assert_eq!(part.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(part.header("access-control-expose-headers"), "x-init, x-now, location");
    assert!(part.header("set-cookie").is_empty() && part.header("content-encoding").is_empty());
    let far = market.get(&at(&format!("n{}.m4s", first + 100_000))).await;
    assert_eq!(
        (far.status, far.json()["type"].as_str()),
        (StatusCode::BAD_REQUEST, Some("/problems/too-far"))
    );
    let second = post(&market, &at("whip"), &key, "v=0").await;
    assert_eq!(
        (second.status, second.json()["type"].as_str()),
        (StatusCode::CONFLICT, Some("/problems/already-publishing"))
    );

    let form = [("product", market.mackerel.as_str())];
    let pin = market.form(&market.seller, &format!("/live/{}/pin", show.id), &form).await.json();
    market.form(&market.shopper, &format!("/live/{}/chat", show.id), &[("text", "싱싱하네요")]).await;
    let playlist = market.get(&at("live.m3u8")).await;
    assert!(playlist.text().contains("#EXT-X-DATERANGE"), "{}", playlist.text());
    until("a segment is kept", async || market.get(&at("vod.m3u8")).await.text().contains(".m4s")).await;

    let ended = market.form(&market.seller, &format!("/live/{}/ending", show.id), &[]).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.text());
    let replay = market.find(&show.id).await.replay().unwrap();
    assert!(replay.duration_ms > 1_000, "{replay:?}");
    let vod = market.get(&at("vod.m3u8")).await.text();
    assert!(vod.contains("#EXT-X-ENDLIST"), "{vod}");
    let segment = vod.lines().find(|line| line.ends_with(".m4s")).unwrap();
    let request = Request::get(at(segment)).header("range", "bytes=4-7").body(Body::empty()).unwrap();
    let range = market.ask(request).await;
    assert_eq!((range.status, range.body.len()), (StatusCode::PARTIAL_CONTENT, 4));
    assert!(range.header("content-range").starts_with("bytes 4-7/"));

    let told = market.get(&format!("/live/{}/replay.json", show.id)).await.json();
    let events = told["events"].as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["pin", "chat"]);
    assert_eq!(events[0]["at_ms"], pin["at_ms"]);
    for event in events {
        let at_ms = event["at_ms"].as_i64().unwrap();
        assert!(
            at_ms >= replay.from_ms && at_ms <= replay.from_ms + replay.duration_ms + 1_000,
            "{told} {replay:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_brings_the_beginning_of_the_picture_along() {
    let market = running_market().await;
    let (show, _) = filmed(&market).await;
    let page = market.get(&format!("/live/{}", show.id)).await.text();
    let before = page.split("rel=\"preload\" as=\"fetch\" crossorigin href=\"").nth(1).unwrap();
    let before = market.get(before.split('"').next().unwrap()).await;
    assert_eq!((before.status, before.header("x-init")), (StatusCode::OK, "0"));
    assert_eq!(before.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(&before.body[4..8], b"ftyp", "an init segment first");
    assert!(before.body.len() > 10_000, "and pictures");
    let join = page.split("data-join=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#34;", "\"");
    let join: serde_json::Value = serde_json::from_str(&join).unwrap();
    assert_eq!(join["state"], "live");
    assert_eq!(join["codecs"], joined(&market, &show).await["codecs"]);

    market.form(&market.seller, &format!("/live/{}/ending", show.id), &[]).await;
    let over = market.get(&format!("/live/{}", show.id)).await.text();
    assert!(!over.contains("data-join") && !over.contains("as=\"fetch\""), "{over}");
    let quiet = market.show().await;
    let announced = market.get(&format!("/live/{}", quiet.id)).await.text();
    assert!(!announced.contains("data-join"), "nothing comes in before the show");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_always_on_and_leaves_nothing_behind() {
    let market = running_market().await;
    let show = market.show().await;
    market.live.demo(show.id.clone(), bytes::Bytes::from_static(FILM)).await.unwrap();
    until("the demo is on air", async || market.find(&show.id).await.stage.word() == "live").await;
    until("there is a part", async || joined(&market, &show).await["state"] == "live").await;
    let hello = Cue {
        at_s: 0,
        act: Act::Say { name: "솔밭댁".into(), text: "안녕하세요".into(), from: chat::From::Shopper },
    };
    let stop = tokio_util::sync::CancellationToken::new();
    let script = market.live.clone();
    let shown = Cue { at_s: 0, act: Act::Pin { product: market.mackerel.clone() } };
    let (cues, halt) = (vec![hello, shown], stop.clone());
    let playing = tokio::spawn(async move { script.demo_script(cues, 3_600, halt).await });
    until("the script speaks", async || market.find(&show.id).await.pinned.is_some()).await;
    let lines = market.get(&format!("/api/v1/broadcasts/{}/chat", show.id)).await.json();
    assert_eq!(lines["items"][0]["name"], "솔밭댁");
    stop.cancel();
    playing.await.unwrap();

    // Whoever presses "end" ends it for a moment.
    market.form(&market.seller, &format!("/live/{}/ending", show.id), &[]).await;
    until("it is on air again", async || market.find(&show.id).await.stage.word() == "live").await;
    let kept = market.live.base.blobs.get(&format!("recordings/{}/vod.m3u8", show.id)).await.unwrap();
    assert!(kept.is_none(), "the demo records nothing");
    market.live.shutdown().await;
    assert_eq!(market.find(&show.id).await.stage.word(), "live");
}
