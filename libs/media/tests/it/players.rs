//! What players see: playlists by the rules, media that decodes, parts that are held.

use std::time::{Duration, Instant};

use bytes::Bytes;
use media::{Cache, Error, Reload, State};
use quick_m3u8::HlsLine;
use quick_m3u8::Reader;
use quick_m3u8::config::ParsingOptions;

use crate::bench::{Bench, clip, complaints, packets, quick, until, write};

/// `URI`s and durations of all parts, and whether they are independent.
fn parts(playlist: &str) -> Vec<(u64, f64, bool)> {
    let read = |line: &str| {
        let field =
            |name: &str| line.split(name).nth(1).unwrap().split([',', '"']).next().unwrap().to_owned();
        let n = field("URI=\"n").trim_end_matches(".m4s").parse().unwrap();
        (n, field("DURATION=").parse().unwrap(), line.contains("INDEPENDENT=YES"))
    };
    playlist.lines().filter(|line| line.starts_with("#EXT-X-PART:")).map(read).collect()
}

fn value(playlist: &str, tag: &str) -> Option<String> {
    playlist.lines().find_map(|line| line.strip_prefix(tag).map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_playlist_keeps_the_rules_of_low_latency_hls() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 4)).unwrap();
    let playlist = bench.playlist_at("show", 5).await;

    let mut reader = Reader::from_str(&playlist, ParsingOptions::default());
    let mut known = 0;
    while let Some(line) = reader.read_line().unwrap() {
        known += usize::from(matches!(line, HlsLine::KnownTag(_)));
    }
    assert!(known > 20, "an independent parser reads every tag:\n{playlist}");

    let target: f64 = value(&playlist, "#EXT-X-PART-INF:PART-TARGET=").unwrap().parse().unwrap();
    let parts = parts(&playlist);
    assert!(parts.len() > 15, "{playlist}");
    for pair in parts.windows(2) {
        assert_eq!(pair[1].0, pair[0].0 + 1, "flat numbers");
        assert!(pair[0].1 <= target + 0.001, "{:?} is longer than {target}", pair[0]);
        let last_of_segment = pair[1].2;
        assert!(last_of_segment || pair[0].1 >= target * 0.85 - 0.001, "{:?} is too short", pair[0]);
    }
    let next = parts.last().unwrap().0 + 1;
    assert!(playlist.contains(&format!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"n{next}.m4s\"")), "{playlist}");
    assert!(playlist.contains("CAN-BLOCK-RELOAD=YES"));
    let target_duration: f64 = value(&playlist, "#EXT-X-TARGETDURATION:").unwrap().parse().unwrap();
    for line in playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")) {
        assert!(line.trim_end_matches(',').parse::<f64>().unwrap().round() <= target_duration);
    }
    let multi = bench.text("show", "multi.m3u8").await;
    assert!(
        multi.contains("CODECS=\"avc1.42C0") && multi.contains("mp4a.40.2\",RESOLUTION=320x180"),
        "{multi}"
    );
    stream.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn init_and_parts_in_a_row_decode_without_a_gap() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    until(&stream, |state| state == State::Live).await;
    while bench.join("show").await["first"].is_null() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let join = bench.join("show").await;
    let first = join["first"].as_u64().unwrap();
    let mut film: Vec<Bytes> = vec![bench.get("show", &format!("i{}.mp4", join["init"])).await.body];
    for n in first..first + 50 {
        let part = bench.get("show", &format!("n{n}.m4s")).await;
        assert_eq!(part.init, Some(0));
        assert_eq!(part.cache, Cache::Immutable);
        film.push(part.body);
    }
    let now_ms = stream.now_ms();
    let path = write(&bench.folder, "film.mp4", &film);
    assert_eq!(complaints(&path), "");
    // The clip turned over twice in these five seconds: no seam in either track.
    for track in ["v:0", "a:0"] {
        let packets = packets(&path, track);
        assert!(packets.len() > 140, "{track} has {}", packets.len());
        for pair in packets.windows(2) {
            let seam = pair[1].0 - pair[0].0 - pair[0].1;
            assert!(seam.abs() < 0.001, "{track} has a seam of {seam} s at {}", pair[0].0);
        }
    }
    let (video, audio) = (packets(&path, "v:0"), packets(&path, "a:0"));
    assert!(video[0].2, "starts with a key picture");
    let ends = |packets: &[(f64, f64, bool)]| packets.last().map(|last| last.0 + last.1).unwrap();
    let apart = ends(&video) - ends(&audio);
    assert!(apart.abs() < 0.1, "sound ends {apart} s before the picture");
    let wall_ms = join["epoch_ms"].as_i64().unwrap() + (ends(&video) * 1000.0) as i64;
    let late = now_ms - wall_ms;
    assert!(late.abs() < 300, "media time is wall clock, but {late} ms");
    stream.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_body_catches_up_with_all_that_came_before_a_part() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    until(&stream, |state| state == State::Live).await;
    let join = loop {
        let join = bench.join("show").await;
        if join["next"].as_u64() > join["first"].as_u64().map(|first| first + 2) {
            break join;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let (first, next) = (join["first"].as_u64().unwrap(), join["next"].as_u64().unwrap());
    let caught_up = bench.get("show", &format!("h{next}.mp4")).await;
    assert_eq!((caught_up.cache, caught_up.init), (Cache::Immutable, Some(0)));
    let mut singly = bench.get("show", "i0.mp4").await.body.to_vec();
    for n in first..next {
        singly.extend_from_slice(&bench.get("show", &format!("n{n}.m4s")).await.body);
    }
    assert!(caught_up.body == singly, "the same bytes, in one body");
    // It never changes, also when newer ones were asked for in between.
    bench.get("show", &format!("n{next}.m4s")).await;
    bench.get("show", &format!("h{}.mp4", next + 1)).await;
    assert!(bench.get("show", &format!("h{next}.mp4")).await == caught_up);
    for name in ["h0.mp4".to_owned(), format!("h{}.mp4", next + 50)] {
        let missing = bench.origin.serve("show", &name, Reload::default()).await;
        assert!(matches!(missing, Err(media::Error::NoFile { .. })), "{name}: {missing:?}");
    }
    stream.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_held_until_it_exists_and_never_missing_when_hinted() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let early = Instant::now();
    let origin = bench.origin.clone();
    let held = tokio::spawn(async move { origin.serve("show", "n0.m4s", Reload::default()).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!held.is_finished());
    stream.play(clip("320x180", 2)).unwrap();
    assert!(held.await.unwrap().is_ok());
    assert!(early.elapsed() > Duration::from_millis(300));

    let next = bench.join("show").await["next"].as_u64().unwrap();
    let waits = (next..next + 5).map(|n| stream.part(n));
    assert!(futures::future::join_all(waits).await.iter().all(Result::is_ok));
    let far = stream.part(next + 1000).await.unwrap_err();
    assert!(matches!(far, Error::TooFar { .. }) && far.status() == 400, "{far}");

    let session = stream.play(clip("320x180", 1)).unwrap_err();
    assert_eq!(session.status(), 409);
    stream.end().await.unwrap();
    let ended = bench.join("show").await["next"].as_u64().unwrap();
    assert!(stream.part(ended).await.unwrap().body.is_empty(), "nothing more comes, and that is no error");
    assert!(matches!(stream.part(ended + 1000).await.unwrap_err(), Error::TooFar { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_publisher_makes_held_requests_answer_try_again() {
    let config = media::Config { hold: Duration::from_millis(200), ..quick() };
    let bench = Bench::start(config).await;
    let stream = bench.origin.open("show").await.unwrap();
    let part = stream.part(0).await.unwrap_err();
    assert_eq!(part.status(), 503, "not a 404, which caches would keep");
    let playlist = stream.playlist(Reload { msn: Some(0), part: Some(0) }).await.unwrap_err();
    assert_eq!(playlist.status(), 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playlist_reload_waits_for_its_part() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 0).await;
    for _ in 0..12 {
        let before = bench.text("show", "live.m3u8").await;
        let listed = parts(&before).last().unwrap().0;
        // Where the next part will be: in the open segment, or in the next when that one is closed.
        let msn: u64 = value(&before, "#EXT-X-MEDIA-SEQUENCE:").unwrap().parse().unwrap();
        let closed = before.matches("#EXTINF").count() as u64;
        let tail = before.rsplit("#EXTINF").next().unwrap();
        let reload =
            Reload { msn: Some(msn + closed), part: Some(tail.matches("#EXT-X-PART:").count() as u64) };
        let after = stream.playlist(reload).await.unwrap();
        assert_eq!(after.cache, Cache::Short);
        let after = String::from_utf8(after.body.to_vec()).unwrap();
        assert!(parts(&after).last().unwrap().0 > listed || after.matches("#EXTINF").count() as u64 > closed);
    }
    let far = stream.playlist(Reload { msn: Some(1000), part: None }).await.unwrap_err();
    assert_eq!(far.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_a_window_and_no_more() {
    let config = media::Config { window: Duration::from_secs(3), ..quick() };
    let bench = Bench::start(config).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    let playlist = bench.playlist_at("show", 12).await;
    let first: u64 = value(&playlist, "#EXT-X-MEDIA-SEQUENCE:").unwrap().parse().unwrap();
    assert!(first > 0, "{playlist}");
    assert!(stream.segment(0).is_none());
    assert!(stream.part(0).await.is_err());
    assert!(stream.segment(first).is_some());
    // What left memory is still there for late viewers, from the recording.
    assert!(!bench.get("show", "s0.m4s").await.body.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_in_the_live_playlist_and_in_the_recording() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 0).await;
    let now = stream.now_ms();
    stream.mark("pin-1", now, r#"{"name":"고등어 \"두 손\"","off":"10%"}"#).unwrap();
    let wanted = "X-DATA=\"{%22name%22:%22고등어 \\%22두 손\\%22%22,%22off%22:%2210%25%22}\"";
    let live = bench.text("show", "live.m3u8").await;
    assert!(live.contains("#EXT-X-DATERANGE:ID=\"pin-1\"") && live.contains(wanted), "{live}");
    assert!(stream.mark("no spaces", now, "{}").is_err());
    assert!(stream.mark("long", now, &"x".repeat(10_000)).is_err());
    stream.end().await.unwrap();
    assert!(bench.text("show", "vod.m3u8").await.contains(wanted));
}
