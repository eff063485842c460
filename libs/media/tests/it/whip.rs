//! WHIP from a phone to a recording.

use std::sync::atomic::Ordering;

use media::{Answer, Error, State, Stream};

use crate::bench::{self, Bench, complaints, packets, quick, seams, until};
use crate::publisher::{Phone, Scene};

async fn live(bench: &Bench) -> (std::sync::Arc<Stream>, Answer, Scene, tokio::task::JoinHandle<()>) {
    let stream = bench.origin.open("show").await.unwrap();
    let scene = Scene::new("320x180");
    let phone = Phone::new().await;
    let answer = stream.publish(&phone.offer).await.unwrap();
    let sending = phone.send(&answer.sdp, scene.clone());
    until(&stream, |state| state == State::Live).await;
    (stream, answer, scene, sending)
}

fn recorded(bench: &Bench) -> String {
    bench.folder.path().join("show/vod.m3u8").to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_goes_live_and_its_show_is_recorded() {
    let bench = Bench::start(quick()).await;
    let (stream, answer, scene, sending) = Box::pin(live(&bench)).await;
    for hint in ["x-google-start-bitrate=2500", "stereo=1", "a=ice-lite", "profile-level-id=42e01f"] {
        assert!(answer.sdp.contains(hint), "{hint} is missing:\n{}", answer.sdp);
    }
    let second = Phone::new().await;
    let refused = stream.publish(&second.offer).await.unwrap_err();
    assert!(matches!(refused, Error::AlreadyPublishing { .. }), "{refused}");

    let playlist = bench.playlist_at("show", 4).await;
    assert!(scene.asked.load(Ordering::Relaxed) >= 4, "a key picture is asked for before each segment ends");
    for line in playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")) {
        let seconds: f64 = line.trim_end_matches(',').parse().unwrap();
        assert!((0.4..2.5).contains(&seconds), "segments are about a second: {playlist}");
    }
    let stats = stream.stats();
    assert!((10..=40).contains(&stats.fps) && stats.kbps > 50 && stats.sound > 50, "{stats:?}");
    assert_eq!((stats.width, stats.height), (320, 180));

    stream.unpublish(&answer.session).unwrap();
    assert!(matches!(stream.state(), State::Gone { .. }));
    let recording = stream.end().await.unwrap().unwrap();
    assert!(recording.duration_ms > 4000, "{recording:?}");
    assert_eq!(complaints(&recorded(&bench)), "");
    let video = packets(&recorded(&bench), "v:0");
    assert!(video.len() as f64 > recording.duration_ms as f64 / 1000.0 * 15.0, "{} pictures", video.len());
    let film = bench::recorded(&bench, "show").await;
    assert_eq!((seams(&film, 1), seams(&film, 2)), (vec![], vec![]), "picture and sound have no seam");
    scene.order(|orders| orders.gone = true);
    sending.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_turns_and_loses_packets_stays_watchable() {
    let bench = Bench::start(quick()).await;
    let (stream, _, scene, _sending) = Box::pin(live(&bench)).await;
    bench.playlist_at("show", 1).await;
    scene.order(|orders| orders.lose = 40);
    scene.turn("180x320");
    let playlist = bench.playlist_at("show", 6).await;
    let stats = stream.stats();
    assert_eq!((stats.width, stats.height), (180, 320), "{stats:?}\n{playlist}");
    stream.end().await.unwrap();
    let vod = bench.text("show", "vod.m3u8").await;
    assert!(vod.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i1.mp4\""), "{vod}");
    let complaints = complaints(&recorded(&bench));
    assert!(!complaints.contains("Invalid data"), "{complaints}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_camera_leaves_the_sound_going() {
    let bench = Bench::start(quick()).await;
    let (stream, _, scene, _sending) = Box::pin(live(&bench)).await;
    bench.playlist_at("show", 1).await;
    scene.order(|orders| orders.camera = false);
    until(&stream, |state| state == State::Paused).await;
    let from = bench.join("show").await["next"].as_u64().unwrap();
    for n in from..from + 15 {
        bench.get("show", &format!("n{n}.m4s")).await;
    }
    assert_eq!(bench.join("show").await["state"], "live");
    scene.order(|orders| orders.camera = true);
    until(&stream, |state| state == State::Live).await;
    let msn = bench.text("show", "live.m3u8").await.matches("#EXTINF").count() as u64;
    bench.playlist_at("show", msn + 1).await;
    stream.end().await.unwrap();
    let film = bench::recorded(&bench, "show").await;
    assert_eq!((seams(&film, 1), seams(&film, 2)), (vec![], vec![]), "picture and sound have no seam");
    assert_eq!(complaints(&recorded(&bench)), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_phone_has_silence_rather_than_no_sound() {
    let bench = Bench::start(quick()).await;
    let (stream, _, scene, _sending) = Box::pin(live(&bench)).await;
    bench.playlist_at("show", 0).await;
    scene.order(|orders| orders.microphone = false);
    bench.playlist_at("show", 3).await;
    scene.order(|orders| orders.microphone = true);
    bench.playlist_at("show", 5).await;
    stream.end().await.unwrap();
    let film = bench::recorded(&bench, "show").await;
    assert_eq!(seams(&film, 2), [] as [i64; 0], "the sound has no seam");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_never_says_a_thing_has_silence_too() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let phone = Phone::new().await;
    let answer = stream.publish(&phone.offer).await.unwrap();
    let scene = Scene::new("320x180");
    scene.order(|orders| orders.microphone = false);
    let _sending = phone.send(&answer.sdp, scene);
    bench.playlist_at("show", 3).await;
    stream.end().await.unwrap();
    let film = bench::recorded(&bench, "show").await;
    assert_eq!(seams(&film, 2), [] as [i64; 0], "the sound has no seam");
    assert!(bench::samples(&film, 2) > 100, "there is silence, not nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_vanishes_comes_back_into_the_same_show() {
    let bench = Bench::start(quick()).await;
    let (stream, _, scene, sending) = Box::pin(live(&bench)).await;
    bench.playlist_at("show", 1).await;
    // No goodbye: the tunnel swallowed it.
    scene.order(|orders| orders.gone = true);
    sending.await.unwrap();
    until(&stream, |state| matches!(state, State::Gone { .. })).await;
    let epoch = stream.epoch_ms();
    let again = Scene::new("320x180");
    let phone = Phone::new().await;
    let answer = stream.publish(&phone.offer).await.unwrap();
    phone.send(&answer.sdp, again);
    until(&stream, |state| state == State::Live).await;
    let msn = bench.text("show", "live.m3u8").await.matches("#EXTINF").count() as u64;
    let playlist = bench.playlist_at("show", msn + 1).await;
    assert!(playlist.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i1.mp4\""), "{playlist}");
    assert_eq!(stream.epoch_ms(), epoch);
    stream.end().await.unwrap();
    assert_eq!(complaints(&recorded(&bench)), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_offers_are_told_apart() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    for offer in ["", "hello", "v=0\r\n", &"v=0\r\n".repeat(100_000)] {
        let error = stream.publish(offer).await.unwrap_err();
        assert!(matches!(error, Error::BrokenOffer { .. }) && error.status() == 400, "{error}");
    }
    let phone = Phone::new().await;
    let vp8_only = phone.offer.replace("H264", "VP8X");
    assert!(matches!(stream.publish(&vp8_only).await.unwrap_err(), Error::NoVideo));
    for cut in (0..phone.offer.len()).step_by(37) {
        let _ = stream.publish(&phone.offer[..cut]).await;
    }
    assert!(stream.publish(&phone.offer).await.is_ok(), "the place is still free");
}
