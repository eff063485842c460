//! The life of a stream: come, go, come back, end, be killed.

use std::time::Duration;

use media::{Config, Error, Record, Reload, State, recover};
use quick_m3u8::Reader;
use quick_m3u8::config::ParsingOptions;

use crate::bench::{Bench, clip, complaints, packets, quick, until};

fn parses(playlist: &str) {
    let mut reader = Reader::from_str(playlist, ParsingOptions::default());
    while reader.read_line().unwrap_or_else(|error| panic!("{error:?}\n{playlist}")).is_some() {}
}

fn recorded(bench: &Bench, id: &str) -> String {
    bench.folder.path().join(id).join("vod.m3u8").to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_broadcast_is_a_recording_that_plays() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 5).await;
    assert!(bench.text("show", "vod.m3u8").await.contains("PLAYLIST-TYPE:EVENT"));
    let recording = stream.end().await.unwrap().expect("something was recorded");
    assert_eq!(stream.end().await.unwrap(), Some(recording), "twice answers the same");
    assert!(bench.text("show", "live.m3u8").await.contains("#EXT-X-ENDLIST"));
    assert_eq!(bench.join("show").await["state"], "ended");

    let vod = bench.text("show", "vod.m3u8").await;
    parses(&vod);
    assert!(vod.contains("PLAYLIST-TYPE:VOD") && vod.ends_with("#EXT-X-ENDLIST\n"), "{vod}");
    let path = recorded(&bench, "show");
    assert_eq!(complaints(&path), "");
    let pictures = packets(&path, "v:0");
    let seconds = pictures.len() as f64 / 30.0;
    assert!((recording.duration_ms as f64 / 1000.0 - seconds).abs() < 0.1, "{recording:?} {seconds}");
    assert!(matches!(bench.origin.open("show").await.map(|_| ()), Ok(())), "still in memory");
    bench.origin.forget("show");
    assert!(matches!(bench.origin.open("show").await.map(|_| ()), Err(Error::Ended { .. })));
    assert!(!bench.get("show", "s0.m4s").await.body.is_empty(), "served from the store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turned_phone_makes_a_discontinuity_that_ffmpeg_follows() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let wide = stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 1).await;
    stream.unpublish(&wide).unwrap();
    assert!(matches!(stream.unpublish(&wide), Err(Error::NoSession)));
    stream.play(clip("180x320", 2)).unwrap();
    let playlist = bench.playlist_at("show", 5).await;
    parses(&playlist);
    assert!(playlist.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i1.mp4\""), "{playlist}");
    let join = bench.join("show").await;
    assert_eq!((join["width"].as_u64(), join["height"].as_u64()), (Some(180), Some(320)));
    stream.end().await.unwrap();
    let complaints = complaints(&recorded(&bench, "show"));
    assert!(complaints.lines().all(|line| !line.contains("error")), "{complaints}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_who_comes_back_goes_on_in_the_same_time() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let session = stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 1).await;
    let before = bench.join("show").await;
    stream.unpublish(&session).unwrap();
    assert!(matches!(stream.state(), State::Gone { .. }));
    assert_eq!(bench.join("show").await["state"], "waiting");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    stream.play(clip("320x180", 2)).unwrap();
    until(&stream, |state| state == State::Live).await;
    let playlist = bench.playlist_at("show", 5).await;
    let after = bench.join("show").await;
    assert_eq!(before["epoch_ms"], after["epoch_ms"]);
    assert_eq!(after["init"], 1);
    let dates: Vec<i64> = playlist
        .lines()
        .filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"))
        .map(|date| date.parse::<jiff::Timestamp>().unwrap().as_millisecond())
        .collect();
    let hole = dates.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!((1500..4000).contains(&hole), "the gap is a hole in the timeline: {dates:?}");
    stream.end().await.unwrap();
    assert_eq!(complaints(&recorded(&bench, "show")), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_who_stays_away_ends_the_stream() {
    let config = Config { reconnect_grace: Duration::from_secs(1), ..quick() };
    let bench = Bench::start(config).await;
    let stream = bench.origin.open("show").await.unwrap();
    let session = stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 0).await;
    stream.unpublish(&session).unwrap();
    until(&stream, |state| state == State::Ended).await;
    assert!(stream.end().await.unwrap().is_some());
    assert!(bench.text("show", "vod.m3u8").await.contains("#EXT-X-ENDLIST"));
}

/// A process that dies without a word: its runtime is gone in the middle of everything.
fn killed_after(segments: u64, config: Config) -> (tempfile::TempDir, serde_json::Value) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (folder, join) = runtime.block_on(async {
        let bench = Bench::start(config).await;
        let stream = bench.origin.open("show").await.unwrap();
        stream.play(clip("320x180", 2)).unwrap();
        bench.playlist_at("show", segments).await;
        // What is listed was stored: wait for the recording to get there.
        while bench.stored("show/vod.m3u8").await.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let join = bench.join("show").await;
        (bench.folder, join)
    });
    // A put that was under way finishes or not, as the disk pleases, but none begins after this.
    runtime.shutdown_timeout(Duration::from_secs(5));
    (folder, join)
}

#[test]
fn what_was_recorded_survives_a_kill() {
    let (folder, _) = killed_after(4, quick());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bench = Bench::on(folder, quick()).await;
        // A kill between the two puts of a segment: it is stored, but not listed.
        let listed = String::from_utf8(bench.stored("show/vod.m3u8").await.unwrap().to_vec()).unwrap();
        let stored = std::fs::read_dir(bench.folder.path().join("show")).unwrap();
        let segments =
            stored.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|ext| ext == "m4s"));
        let segments = segments.count();
        let cut = listed.rfind("#EXT-X-PROGRAM-DATE-TIME").unwrap();
        let path = bench.folder.path().join("show/vod.m3u8");
        std::fs::write(&path, &listed[..cut]).unwrap();

        let recording = recover(&bench.store, "show").await.unwrap().unwrap();
        assert_eq!(recover(&bench.store, "show").await.unwrap(), Some(recording));
        let vod = bench.text("show", "vod.m3u8").await;
        parses(&vod);
        assert_eq!(vod.matches("#EXTINF").count(), segments, "every stored segment is listed:\n{vod}");
        assert!(vod.contains("PLAYLIST-TYPE:VOD") && vod.ends_with("#EXT-X-ENDLIST\n"));
        assert_eq!(complaints(&path.to_string_lossy()), "");
        assert!(recording.duration_ms > 1500, "{recording:?}");
        assert_eq!(recover(&bench.store, "never").await.unwrap(), None);
    });
}

#[test]
fn a_killed_broadcast_goes_on_without_using_a_name_twice() {
    let (folder, before) = killed_after(2, quick());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bench = Bench::on(folder, quick()).await;
        let stream = bench.origin.open("show").await.unwrap();
        assert!(matches!(stream.state(), State::Gone { .. }));
        stream.play(clip("320x180", 2)).unwrap();
        until(&stream, |state| state == State::Live).await;
        while bench.join("show").await["first"].is_null() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let join = bench.join("show").await;
        assert_eq!(join["epoch_ms"], before["epoch_ms"]);
        assert!(join["first"].as_u64() > before["next"].as_u64());
        assert!(join["init"].as_u64() > before["init"].as_u64());
        let playlist = bench.text("show", "live.m3u8").await;
        assert!(playlist.contains("#EXT-X-DISCONTINUITY"), "{playlist}");
        tokio::time::sleep(Duration::from_millis(1500)).await;
        stream.end().await.unwrap();
        assert_eq!(complaints(&recorded(&bench, "show")), "");
        let vod = bench.text("show", "vod.m3u8").await;
        assert!(vod.contains("\ns0.m4s") && vod.contains("\ns1000"), "both lives are in it:\n{vod}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_carries_only_so_many_streams() {
    let bench = Bench::start(Config { max_streams: 1, ..quick() }).await;
    bench.origin.open("one").await.unwrap();
    assert!(matches!(bench.origin.open("two").await.map(|_| ()), Err(Error::TooManyStreams { max: 1 })));
    assert!(matches!(bench.origin.open("../etc").await.map(|_| ()), Err(Error::Refused { .. })));
    assert_eq!(bench.origin.serve("../etc", "vod.m3u8", Default::default()).await.unwrap_err().status(), 400);
    assert_eq!(bench.origin.serve("one", "x.exe", Default::default()).await.unwrap_err().status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_that_is_not_recorded_leaves_nothing() {
    let bench = Bench::start(Config { record: Record::Nothing, ..quick() }).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    let playlist = bench.playlist_at("show", 3).await;
    assert!(playlist.contains("s0.m4s"), "seen while it is on air: {playlist}");
    stream.mark("pin", stream.now_ms(), "{}").unwrap();
    let vod = bench.origin.serve("show", "vod.m3u8", Reload::default()).await;
    assert!(matches!(vod, Err(Error::NoFile { .. })), "{vod:?}");
    assert_eq!(stream.end().await.unwrap(), None);
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0);
}
