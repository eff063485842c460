//! Clips of a show that is over: what is found, who may have it made, and what customers see.

use std::process::Command;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use base::jobs::Workers;
use base::{Won, sql};
use bytes::Bytes;
use live::broadcast::Replay;
use live::clip::{self, Clip, Stage};
use live::{BroadcastId, broadcast, stream};
use people::{People, Sender};
use shop::product::{self, Draft, NewVariant};
use tower::ServiceExt;
use web::ui::Setting;

use crate::market::{Answer, Market, NOON_MS, Somebody, markets, running_market, until};
use crate::prices::sellable;

const FILM: &[u8] = include_bytes!("../../../../demo/clip/market.mp4");

/// A show of four minutes from noon that was recorded, as far as the database knows: the mackerel shown for a minute
/// and a half, then the hairtail for five seconds, then the mackerel.
async fn over(market: &Market) -> BroadcastId {
    let show = market.on_air().await.id;
    let pin = format!("/live/{show}/pin");
    for (product, seconds) in [(&market.mackerel, 90), (&market.hairtail, 5), (&market.mackerel, 145)] {
        market.form(&market.seller, &pin, &[("product", product.as_str())]).await;
        market.clock.advance(Duration::from_secs(seconds));
    }
    let db = &market.live.base.db;
    broadcast::end(db, &show, NOON_MS + 240_000).await.unwrap();
    let replay = Replay { epoch_ms: NOON_MS, from_ms: NOON_MS, duration_ms: 240_000 };
    broadcast::close(db, &show, Some(replay)).await.unwrap();
    show
}

fn path(market: &Market, show: &BroadcastId) -> String {
    format!("/sell/{}/live/{show}/clips", market.store)
}

async fn clips(market: &Market, show: &BroadcastId) -> Vec<Clip> {
    clip::all(&market.live.base.db, show).await.unwrap()
}

async fn work(market: &Market) {
    let mut workers = Workers::default();
    market.live.jobs(&mut workers);
    while workers.work_once(&market.live.base.db, &market.clock).await.unwrap() {}
}

async fn act(market: &Market, who: &Somebody, clip: &Clip, act: &str) -> Answer {
    let path = format!("{}/{}", path(market, &clip.broadcast_id), clip.id);
    market.plain_form(Some(who), &path, &[("act", act)]).await
}

async fn jobs(market: &Market) -> i64 {
    sql!(value & market.live.base.db, "select count(*) from jobs where name = 'live-clip'").unwrap()
}

#[tokio::test]
async fn clips_are_found_once_where_a_product_was_shown() {
    for market in markets().await {
        let show = over(&market).await;
        for _ in 0..2 {
            let answer = market.plain_form(Some(&market.seller), &path(&market, &show), &[]).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        }
        let found = clips(&market, &show).await;
        let seen: Vec<_> =
            found.iter().map(|clip| ((clip.from_ms - NOON_MS) / 1000, clip.to_ms - clip.from_ms)).collect();
        assert_eq!(seen, [(0, 60_000), (95, 60_000)], "{}", market.engine);
        assert!(found.iter().all(|clip| clip.product_id == market.mackerel && clip.stage == Stage::Proposed));
        let page = market.page(&market.seller, &path(&market, &show)).await;
        assert!(page.text().contains("자반고등어 두 손") && page.text().contains("1:35"), "{}", page.text());
        assert!(!page.headers.contains_key("refresh"), "nothing is being made");
        let over = market.page(&market.seller, &format!("/sell/{}/live/{show}", market.store)).await.text();
        assert!(over.contains("/recording.mp4") && over.contains("/clips"), "{over}");
    }
}

#[tokio::test]
async fn nobody_else_and_no_other_show_touches_a_clip() {
    for market in markets().await {
        let show = over(&market).await;
        market.plain_form(Some(&market.seller), &path(&market, &show), &[]).await;
        let clip = clips(&market, &show).await.swap_remove(0);
        let theirs =
            people::member::stores_of(&market.live.base.db, &market.stranger.person.id).await.unwrap();
        let theirs = theirs[0].clone();
        for page in ["clips", "recording.mp4"] {
            let foreign = format!("/sell/{theirs}/live/{show}/{page}");
            assert_eq!(market.page(&market.stranger, &foreign).await.status, StatusCode::NOT_FOUND, "{page}");
            let ours = format!("/sell/{}/live/{show}/{page}", market.store);
            assert!(market.page(&market.stranger, &ours).await.status.is_client_error(), "{page}");
        }
        for wanted in ["make", "publish", "withdraw", "remove"] {
            let foreign = format!("/sell/{theirs}/live/{show}/clips/{}", clip.id);
            let answer = market.plain_form(Some(&market.stranger), &foreign, &[("act", wanted)]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{wanted}");
            assert!(act(&market, &market.stranger, &clip, wanted).await.status.is_client_error());
        }
        let other = over_again(&market).await;
        for wanted in ["make", "publish", "withdraw", "remove", "", "drop table"] {
            let path = format!("{}/{}", path(&market, &other), clip.id);
            let answer = market.plain_form(Some(&market.seller), &path, &[("act", wanted)]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{wanted}");
        }
        assert_eq!(
            act(&market, &market.seller, &clip, "publish").await.status,
            StatusCode::NOT_FOUND,
            "not ready"
        );
        let kept = clips(&market, &show).await;
        assert!(
            kept.len() == 2 && kept.iter().all(|clip| clip.stage == Stage::Proposed),
            "{}",
            market.engine
        );
    }
}

async fn over_again(market: &Market) -> BroadcastId {
    let show = market.on_air().await.id;
    let (db, now_ms) = (&market.live.base.db, market.clock.now_ms());
    broadcast::end(db, &show, now_ms + 60_000).await.unwrap();
    let replay = Replay { epoch_ms: now_ms, from_ms: now_ms, duration_ms: 60_000 };
    broadcast::close(db, &show, Some(replay)).await.unwrap();
    show
}

#[tokio::test]
async fn moments_outside_the_show_are_refused_and_a_double_tap_makes_one() {
    for market in markets().await {
        let show = over(&market).await;
        market.plain_form(Some(&market.seller), &path(&market, &show), &[]).await;
        let clip = clips(&market, &show).await.swap_remove(0);
        let make = format!("{}/{}", path(&market, &show), clip.id);
        for (from, to) in [
            ("-5", "20"),
            ("0", "5"),
            ("0", "121"),
            ("230", "250"),
            ("20", "0"),
            ("9223372036854775807", "0"),
            ("-9223372036854775808", "9223372036854775807"),
            ("9223372036854775807", "9223372036854775807"),
        ] {
            let form = [("act", "make"), ("from", from), ("to", to)];
            let answer = market.plain_form(Some(&market.seller), &make, &form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{from} {to}: {}", answer.text());
            assert!(answer.text().contains("정해 주세요"), "{}", answer.text());
        }
        let letters = [("act", "make"), ("from", "eins"), ("to", "zwei")];
        assert!(market.plain_form(Some(&market.seller), &make, &letters).await.status.is_client_error());
        assert_eq!(jobs(&market).await, 0);

        let (first, second) = tokio::join!(
            act(&market, &market.seller, &clip, "make"),
            act(&market, &market.seller, &clip, "make")
        );
        assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
        assert_eq!(jobs(&market).await, 1, "{}", market.engine);
        let page = market.page(&market.seller, &path(&market, &show)).await;
        assert!(page.header("refresh").starts_with("3; url=/sell/"), "{}", page.header("refresh"));
        assert!(page.text().contains("만들고 있어요"), "{}", page.text());
        // There is no recording behind this show.
        work(&market).await;
        assert_eq!(clips(&market, &show).await[0].stage, Stage::Failed, "{}", market.engine);
        assert_eq!(
            act(&market, &market.seller, &clip, "make").await.status,
            StatusCode::SEE_OTHER,
            "once more"
        );
        assert_eq!(act(&market, &market.seller, &clip, "remove").await.status, StatusCode::SEE_OTHER);
        work(&market).await;
        assert_eq!(clips(&market, &show).await.len(), 1, "what is removed stays removed");
    }
}

/// The page of a product, as a customer sees it.
async fn product_page(market: &Market) -> String {
    let setting = Setting {
        clock: market.clock.clone(),
        market: Arc::new(RwLock::new(web::Market::default())),
        greet: None,
    };
    let people = People::new(market.live.base.clone(), Sender::Sandbox);
    let (pages, _) = shop::routes(market.shop.clone()).split_for_parts();
    let app = web::layers::dress(pages.layer(Extension(people)), setting);
    let request = Request::get(format!("/products/{}", market.mackerel)).body(Body::empty()).unwrap();
    let body = app.oneshot(request).await.unwrap().into_body();
    String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap()
}

fn probed(film: &[u8], what: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    std::fs::write(&path, film).unwrap();
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-of", "csv=p=0", "-show_entries", what])
        .arg(path)
        .output();
    let out = out.unwrap();
    assert!(out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_is_made_of_what_was_recorded_and_put_on_the_products_page() {
    let market = running_market().await;
    sellable(&market, 5, None).await;
    let show = market.show().await.id;
    let film = Arc::new(media::Clip::read(Bytes::from_static(FILM)).unwrap());
    stream::publish_film(&market.live, &show, film).await.unwrap();
    until("it is on air", async || market.find(&show).await.stage.word() == "live").await;
    market.form(&market.seller, &format!("/live/{show}/pin"), &[("product", market.mackerel.as_str())]).await;
    tokio::time::sleep(Duration::from_secs(13)).await;
    market.form(&market.seller, &format!("/live/{show}/ending"), &[]).await;
    until("it is closed", async || broadcast::is_closed(&market.live.base.db, &show).await.unwrap()).await;
    work(&market).await;

    let saved =
        market.page(&market.seller, &format!("/sell/{}/live/{show}/recording.mp4", market.store)).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text());
    assert!(
        saved.header("content-disposition").starts_with("attachment; filename=\"2"),
        "{:?}",
        saved.headers
    );
    assert_eq!(saved.header("content-length"), saved.body.len().to_string());
    let seconds: f64 = probed(&saved.body, "format=duration").parse().unwrap();
    assert!((12.0..18.0).contains(&seconds), "{seconds}");

    let recording = format!("recordings/{show}/stream.json");
    let kept = market.live.base.blobs.get(&recording).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&kept).contains("\"leveled\":true"), "its loudness was looked at");

    let clip = clips(&market, &show).await.pop().expect("found when the show was closed");
    act(&market, &market.seller, &clip, "make").await;
    work(&market).await;
    let clip = clips(&market, &show).await.pop().unwrap();
    assert_eq!((clip.stage, clip.progress, clip.drawn_won), (Stage::Ready, 100, 12_000));
    assert!(!product_page(&market).await.contains("/media/clips/"), "not before it is published");
    act(&market, &market.seller, &clip, "publish").await;
    act(&market, &market.seller, &clip, "publish").await;
    let page = product_page(&market).await;
    assert!(page.contains(&clip.address()) && page.contains("preload=\"none\""), "{page}");

    let film = market.get(&clip.address()).await;
    assert_eq!(film.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(probed(&film.body, "stream=width,height").lines().next(), Some("720,1280"));
    let seconds: f64 = probed(&film.body, "format=duration").parse().unwrap();
    let wanted = (clip.to_ms - clip.from_ms) as f64 / 1000.0;
    assert!((seconds - wanted).abs() < 0.2, "{seconds} {wanted}");
    let part = Request::get(clip.address()).header("range", "bytes=4-7").body(Body::empty()).unwrap();
    let part = market.ask(part).await;
    assert_eq!((part.status, part.body.as_slice()), (StatusCode::PARTIAL_CONTENT, b"ftyp".as_slice()));
    assert_eq!(part.header("content-range"), format!("bytes 4-7/{}", film.body.len()));
    let beyond =
        Request::get(clip.address()).header("range", "bytes=999999999-").body(Body::empty()).unwrap();
    assert_eq!(market.ask(beyond).await.status, StatusCode::RANGE_NOT_SATISFIABLE);
    for nothing in ["nothing.mp4", "..%2Frecordings%2Fstream.json", "%2e%2e", "x", "a%00.mp4"] {
        assert_eq!(
            market.get(&format!("/media/clips/{nothing}")).await.status,
            StatusCode::NOT_FOUND,
            "{nothing}"
        );
    }

    act(&market, &market.seller, &clip, "withdraw").await;
    assert!(!product_page(&market).await.contains("/media/clips/"), "taken off");
    act(&market, &market.seller, &clip, "publish").await;
    sell_for(&market, 11_000).await;
    assert!(!product_page(&market).await.contains("/media/clips/"), "its price does not hold any more");
    let page = market.page(&market.seller, &path(&market, &show)).await.text();
    assert!(page.contains("지금 가격과 달라서"), "{page}");
    act(&market, &market.seller, &clip, "remove").await;
    assert!(clips(&market, &show).await.iter().all(|left| left.id != clip.id));
    // Customers saw it: it is kept (see retention.rs), and the moment can be made anew with today's price.
    let again = market.plain_form(Some(&market.seller), &path(&market, &show), &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert!(clips(&market, &show).await.iter().any(|found| found.from_ms == clip.from_ms));
}

/// Changes the price of the mackerel.
async fn sell_for(market: &Market, won: i64) {
    let now = product::find(&market.live.base.db, &market.mackerel).await.unwrap();
    let draft = Draft {
        name: "자반고등어 두 손".into(),
        origin: "국산(부산)".into(),
        category: now.category,
        attributes: now.attributes,
        variants: vec![NewVariant { price_won: Won(won), stock: 5, ..NewVariant::default() }],
        pickup: true,
        ..Draft::default()
    };
    product::change(&market.shop, &market.store, &market.mackerel, draft).await.unwrap();
}
