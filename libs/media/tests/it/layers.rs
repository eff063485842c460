//! A phone that sends its picture in two sizes.

use std::sync::Arc;
use std::time::Duration;

use media::{Error, Reload, State, Stream};
use quick_m3u8::config::ParsingOptions;

use crate::bench::{self, Bench, clip, complaints, quick, seams, until};
use crate::publisher::{Phone, Scene};

async fn live(bench: &Bench) -> (Arc<Stream>, Scene, media::Answer) {
    let stream = bench.origin.open("show").await.unwrap();
    let phone = Phone::with_layers().await;
    assert!(phone.offer.contains("a=simulcast:send h;l"), "{}", phone.offer);
    let answer = stream.publish(&phone.offer).await.unwrap();
    assert!(answer.sdp.contains("a=simulcast:recv h;l"), "{}", answer.sdp);
    let scene = Scene::in_two_sizes("320x180", "160x90");
    phone.send(&answer.sdp, scene.clone());
    until(&stream, |state| state == State::Live).await;
    (stream, scene, answer)
}

/// Wait until the join answer of a layer (`join`, `ljoin`) tells this width.
async fn until_wide(bench: &Bench, join: &str, width: u64) {
    for _ in 0..200 {
        let answer: serde_json::Value = serde_json::from_slice(&bench.get("show", join).await.body).unwrap();
        if answer["width"] == width {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{join} never told a width of {width}");
}

/// The newest segment number of the low playlist.
async fn low_playlist_at(bench: &Bench, msn: u64) -> String {
    loop {
        match bench.origin.serve("show", "llive.m3u8", Reload { msn: Some(msn), part: None }).await {
            Ok(served) => return String::from_utf8(served.body.to_vec()).unwrap(),
            Err(Error::NotYet { .. } | Error::TooFar { .. }) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_with_two_sizes_makes_two_renditions_of_which_the_high_one_is_recorded() {
    let bench = Bench::start(quick()).await;
    let (stream, ..) = Box::pin(live(&bench)).await;
    let multi = bench.text("show", "multi.m3u8").await;
    assert!(multi.contains("RESOLUTION=320x180\nlive.m3u8\n"), "{multi}");
    assert!(multi.contains("RESOLUTION=160x90\nllive.m3u8\n"), "{multi}");
    bench.playlist_at("show", 4).await;
    let low = low_playlist_at(&bench, 3).await;
    let mut reader = quick_m3u8::Reader::from_str(&low, ParsingOptions::default());
    while reader.read_line().unwrap().is_some() {}
    assert!(low.contains("#EXT-X-MAP:URI=\"li0.mp4\"") && low.contains("\nls0.m4s\n"), "{low}");
    assert!(low.contains("URI=\"ln") && !low.contains("\"n"), "{low}");
    assert!(!low.contains("DISCONTINUITY"), "{low}");

    let dates = |playlist: &str| -> Vec<i64> {
        let lines = playlist.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
        lines.map(|date| date.parse::<jiff::Timestamp>().unwrap().as_millisecond()).collect()
    };
    let high = bench.text("show", "live.m3u8").await;
    for (high, low) in dates(&high).iter().zip(dates(&low)).skip(1) {
        assert!((high - low).abs() < 150, "segments begin together: {high} {low}");
    }

    let join = bench.join("show").await;
    let ljoin: serde_json::Value = serde_json::from_slice(&bench.get("show", "ljoin").await.body).unwrap();
    assert_eq!((join["width"].as_u64(), ljoin["width"].as_u64()), (Some(320), Some(160)));
    assert_eq!(join["epoch_ms"], ljoin["epoch_ms"]);
    let next = ljoin["next"].as_u64().unwrap();
    let head = bench.get("show", &format!("lh{next}.mp4")).await.body;
    let part = bench.get("show", &format!("ln{next}.m4s")).await.body;
    let film = bench::write(&bench.folder, "low.mp4", &[head, part]);
    assert_eq!(complaints(&film), "");
    let segment = bench.get("show", "ls1.m4s").await.body;
    assert!(bench::samples(&segment, 1) > 10 && bench::samples(&segment, 2) > 10, "picture and sound");
    for wrong in ["lvod.m3u8", "lmulti.m3u8", "lx", "l", "lls0.m4s", "ls999.m4s"] {
        let error = bench.origin.serve("show", wrong, Reload::default()).await.unwrap_err();
        assert!(matches!(error, Error::NoFile { .. }), "{wrong}: {error}");
    }

    stream.end().await.unwrap();
    assert!(bench.text("show", "llive.m3u8").await.contains("#EXT-X-ENDLIST"));
    let recorded = bench::recorded(&bench, "show").await;
    assert_eq!((seams(&recorded, 1), seams(&recorded, 2)), (vec![], vec![]));
    let vod = bench.text("show", "vod.m3u8").await;
    assert!(!vod.contains("DISCONTINUITY") && !vod.contains("\nl"), "{vod}");
    assert!(bench.stored("show/ls0.m4s").await.is_none());
    assert_eq!(complaints(&bench.folder.path().join("show/vod.m3u8").to_string_lossy()), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_goes_on_in_the_small_size_while_there_is_no_room_for_the_large_one() {
    let bench = Bench::start(quick()).await;
    let (stream, scene, _) = Box::pin(live(&bench)).await;
    bench.playlist_at("show", 1).await;
    let mut states = stream.watch();
    states.mark_unchanged();
    scene.order(|orders| orders.room = false);
    until_wide(&bench, "join", 160).await;
    let msn = bench.text("show", "live.m3u8").await.matches("#EXTINF").count() as u64;
    bench.playlist_at("show", msn + 1).await;
    scene.order(|orders| orders.room = true);
    until_wide(&bench, "join", 320).await;
    bench.playlist_at("show", msn + 4).await;
    assert!(!states.has_changed().unwrap(), "it was live all the time, never standing still");
    assert_eq!(stream.stats().width, 320);

    let live = bench.text("show", "live.m3u8").await;
    assert_eq!(live.matches("#EXT-X-DISCONTINUITY\n").count(), 2, "{live}");
    let low = bench.text("show", "llive.m3u8").await;
    assert!(!low.contains("DISCONTINUITY"), "the low one never changed: {low}");
    stream.end().await.unwrap();
    let recorded = bench::recorded(&bench, "show").await;
    assert_eq!((seams(&recorded, 1), seams(&recorded, 2)), (vec![], vec![]), "no seam at either change");
    let complaints = complaints(&bench.folder.path().join("show/vod.m3u8").to_string_lossy());
    assert!(complaints.lines().all(|line| !line.contains("error")), "{complaints}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_the_low_picture_sees_the_next_publisher_who_has_only_one() {
    let bench = Bench::start(quick()).await;
    let (stream, scene, answer) = Box::pin(live(&bench)).await;
    low_playlist_at(&bench, 1).await;
    scene.order(|orders| orders.gone = true);
    stream.unpublish(&answer.session).unwrap();
    stream.play(clip("180x320", 2)).unwrap();
    until_wide(&bench, "ljoin", 180).await;
    let multi = bench.text("show", "multi.m3u8").await;
    assert_eq!(multi.matches("#EXT-X-STREAM-INF").count(), 1, "there is only one now: {multi}");
    stream.end().await.unwrap();
}
