//! A recording as one film to keep.

use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use media::{Clip, Download, Error, download};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tempfile::TempDir;

use crate::bench::{Bench, clip, complaints, film, packets, quick, write};

fn store(bench: &Bench) -> Arc<dyn ObjectStore> {
    Arc::new(LocalFileSystem::new_with_prefix(bench.folder.path()).unwrap())
}

async fn saved(download: Download) -> (TempDir, String, Bytes) {
    let length = download.length;
    let parts: Vec<Bytes> = download.bytes().try_collect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "film.mp4", &parts);
    let bytes = Bytes::from(parts.concat());
    assert_eq!(bytes.len() as u64, length, "the length was promised");
    (folder, path, bytes)
}

fn at(bytes: &[u8], name: &[u8]) -> usize {
    bytes.windows(4).position(|four| four == name).unwrap()
}

fn probed(path: &str, what: &str) -> String {
    let out =
        Command::new("ffprobe").args(["-v", "error", "-of", "csv=p=0", "-show_entries", what, path]).output();
    String::from_utf8(out.unwrap().stdout).unwrap().trim().to_owned()
}

/// Where a track begins and ends as a player shows it.
fn shown(path: &str, stream: &str) -> (f64, f64) {
    let packets = packets(path, stream);
    let heard: Vec<_> = packets.iter().filter(|packet| packet.0 + packet.1 > 0.0).collect();
    let end = heard.iter().map(|packet| packet.0 + packet.1).fold(0.0, f64::max);
    (heard.iter().map(|packet| packet.0).fold(f64::MAX, f64::min), end)
}

fn plays(path: &str, bytes: &[u8]) -> f64 {
    assert!(at(bytes, b"moov") < at(bytes, b"mdat"), "it plays while it loads");
    assert_eq!(complaints(path), "");
    let (picture, sound) = (shown(path, "v:0"), shown(path, "a:0"));
    assert!(picture.0.abs() < 0.001 && sound.0.abs() < 0.05, "from zero: {picture:?} {sound:?}");
    assert!((picture.1 - sound.1).abs() < 0.25, "{picture:?} {sound:?}");
    Clip::read(Bytes::copy_from_slice(bytes)).expect("and our own reader takes it");
    probed(path, "format=duration").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_is_saved_as_one_film_that_plays_while_it_loads() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 6).await;
    let recording = stream.end().await.unwrap().unwrap();
    let whole = download(&store(&bench), "show", None).await.unwrap();
    assert_eq!(whole.starts_ms, recording.starts_ms);
    assert!((whole.duration_ms - recording.duration_ms).abs() < 100, "{} {recording:?}", whole.duration_ms);
    let (_folder, path, bytes) = saved(whole).await;
    let seconds = plays(&path, &bytes);
    assert!((seconds - recording.duration_ms as f64 / 1000.0).abs() < 0.1, "{seconds} {recording:?}");
    let once: Vec<_> = packets(&path, "v:0");
    let recorded = bench.folder.path().join("show/vod.m3u8");
    assert_eq!(once.len(), packets(&recorded.to_string_lossy(), "v:0").len(), "every picture is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_begins_with_a_key_picture_and_nothing_outside_is_found() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 6).await;
    let recording = stream.end().await.unwrap().unwrap();
    let (from, to) = (recording.starts_ms + 1_300, recording.starts_ms + 2_600);
    let cut = download(&store(&bench), "show", Some(from..to)).await.unwrap();
    assert!((from - 1_000..=from).contains(&cut.starts_ms), "{} {from}", cut.starts_ms);
    let promised = (to - cut.starts_ms) as f64 / 1000.0;
    let (_folder, path, bytes) = saved(cut).await;
    let seconds = plays(&path, &bytes);
    assert!((seconds - promised).abs() < 0.1, "{seconds} {promised}");
    assert!(packets(&path, "v:0")[0].2, "a key picture first");
    for outside in
        [0..1_000, to + 3_600_000..to + 3_700_000, i64::MAX - 1..i64::MAX, i64::MIN..i64::MIN + 1, to..from]
    {
        let nothing = download(&store(&bench), "show", Some(outside)).await;
        assert!(matches!(nothing, Err(Error::NoFile { .. })));
    }
    assert!(matches!(download(&store(&bench), "nobody", None).await, Err(Error::NoFile { .. })));
}

/// A picture and a tone that begin together each second, so that their distance can be measured.
fn beats() -> Arc<Clip> {
    let more = [
        "-vf",
        "drawbox=color=white:t=fill:enable='lt(mod(t,1),0.5)',drawbox=color=black:t=fill:enable='gte(mod(t,1),0.5)'",
        "-af",
        "volume='if(lt(mod(t,1),0.5),1,0)':eval=frame",
    ];
    Arc::new(Clip::read(film("320x180", 4, &more)).unwrap())
}

/// Moments at which the sound of a film begins anew, and at which the picture becomes bright.
fn heard_and_seen(path: &str) -> (Vec<f64>, Vec<f64>) {
    let moments = |arguments: &[&str], word: &str| -> Vec<f64> {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-i", path]).args(arguments).args(["-f", "null", "-"]);
        let out = command.output().unwrap();
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let after = text.split(word).skip(1);
        after.filter_map(|rest| rest.split_whitespace().next()?.parse().ok()).collect()
    };
    let heard = moments(&["-vn", "-af", "silencedetect=n=-40dB:d=0.2"], "silence_end: ");
    let seen = moments(&["-an", "-vf", "blackdetect=d=0.2:pix_th=0.3"], "black_end:");
    (heard, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_closed_and_picture_and_sound_stay_together() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let first = stream.play(beats()).unwrap();
    bench.playlist_at("show", 6).await;
    stream.unpublish(&first).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_700)).await;
    stream.play(beats()).unwrap();
    bench.playlist_at("show", 13).await;
    let recording = stream.end().await.unwrap().unwrap();
    let (_folder, path, bytes) = saved(download(&store(&bench), "show", None).await.unwrap()).await;
    let seconds = plays(&path, &bytes);
    assert!((seconds - recording.duration_ms as f64 / 1000.0).abs() < 0.3, "{seconds} {recording:?}");
    let (heard, seen) = heard_and_seen(&path);
    assert!(seen.len() > 3, "{seen:?}");
    for moment in &seen {
        let nearest = heard.iter().map(|heard| (heard - moment).abs()).fold(f64::MAX, f64::min);
        assert!(nearest < 0.05 || *moment > seconds - 0.6, "{nearest} at {moment}: {heard:?} {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_turned_phone_the_longer_part_is_kept() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let wide = stream.play(clip("320x180", 2)).unwrap();
    bench.playlist_at("show", 2).await;
    stream.unpublish(&wide).unwrap();
    stream.play(clip("180x320", 2)).unwrap();
    bench.playlist_at("show", 8).await;
    stream.end().await.unwrap();
    let (_folder, path, bytes) = saved(download(&store(&bench), "show", None).await.unwrap()).await;
    plays(&path, &bytes);
    assert_eq!(probed(&path, "stream=width,height"), "180,320");
}
