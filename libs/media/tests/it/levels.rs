//! The loudness of a recording, judged by ffmpeg.

use std::process::Command;
use std::sync::Arc;

use futures::TryStreamExt;
use media::{Clip, download, level};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tempfile::TempDir;

use crate::bench::{Bench, complaints, film, packets, quick, write};

/// Loudness and true peak of a recording, and its film.
async fn heard(bench: &Bench) -> (f64, f64, TempDir, String) {
    let store: Arc<dyn ObjectStore> =
        Arc::new(LocalFileSystem::new_with_prefix(bench.folder.path()).unwrap());
    let parts: Vec<_> = download(&store, "show", None).await.unwrap().bytes().try_collect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "film.mp4", &parts);
    let out = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-i", &path, "-vn", "-af", "ebur128=peak=true", "-f", "null", "-"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let sums = text.rsplit_once("Summary:").unwrap().1;
    let number = |name: &str| -> f64 {
        let after = sums.split(name).nth(1).unwrap();
        after.split_whitespace().next().unwrap().parse().unwrap()
    };
    (number("I:"), number("Peak:"), folder, path)
}

/// A tone whose loudness goes up and down, with short bursts.
async fn recorded(volume: &str) -> Bench {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let more = ["-af", volume];
    stream.play(Arc::new(Clip::read(film("320x180", 4, &more)).unwrap())).unwrap();
    bench.playlist_at("show", 10).await;
    stream.end().await.unwrap();
    bench.origin.forget("show");
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_show_with_bursts_is_as_loud_as_all_and_no_peak_is_too_high() {
    let bench = recorded("volume='if(lt(mod(t,1),0.04),3,0.15+0.05*mod(t,2))':eval=frame").await;
    let store: Arc<dyn ObjectStore> =
        Arc::new(LocalFileSystem::new_with_prefix(bench.folder.path()).unwrap());
    let (before, _, _folder, old) = heard(&bench).await;
    let playlist = bench.text("show", "vod.m3u8").await;
    let done = level(&store, "show").await.unwrap().expect("there was something to do");
    assert!((done.lufs - before).abs() < 0.5, "{done:?} {before}");
    let (after, peak, _folder2, path) = heard(&bench).await;
    assert!((after + 16.0).abs() <= 1.0, "{before} → {after}, {done:?}");
    assert!(peak <= -1.0, "{peak}");
    assert_eq!(complaints(&path), "");
    assert_eq!(packets(&path, "v:0"), packets(&old, "v:0"), "pictures stay where they are");
    assert_eq!(packets(&path, "a:0"), packets(&old, "a:0"), "and so does each frame of sound");

    let changed = bench.text("show", "vod.m3u8").await;
    let files = |text: &str| {
        text.lines().filter(|line| line.ends_with(".m4s")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(files(&changed).len(), files(&playlist).len());
    assert!(files(&changed).iter().all(|file| !files(&playlist).contains(file)), "all names are new");
    for old in files(&playlist) {
        assert!(!bench.get("show", &old).await.body.is_empty(), "who plays by the old list goes on");
    }
    assert_eq!(level(&store, "show").await.unwrap(), None, "once");
    assert_eq!(bench.text("show", "vod.m3u8").await, changed);
    assert_eq!(complaints(&bench.folder.path().join("show/vod.m3u8").to_string_lossy()), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loud_show_is_turned_down_and_silence_stays_silence() {
    let bench = recorded("volume=6").await;
    let store: Arc<dyn ObjectStore> =
        Arc::new(LocalFileSystem::new_with_prefix(bench.folder.path()).unwrap());
    let done = level(&store, "show").await.unwrap().expect("there was something to do");
    assert!(done.gain_db < -3.0, "{done:?}");
    let (after, peak, ..) = heard(&bench).await;
    assert!((after + 16.0).abs() <= 1.0 && peak <= -1.0, "{after} {peak}");

    let silent = recorded("volume=0").await;
    let store: Arc<dyn ObjectStore> =
        Arc::new(LocalFileSystem::new_with_prefix(silent.folder.path()).unwrap());
    assert_eq!(level(&store, "show").await.unwrap(), None);
    assert_eq!(level(&store, "nobody").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_heard_is_heard_at_its_moment() {
    let bench = recorded("volume='if(lt(mod(t,1),0.5),0.8,0)':eval=frame").await;
    let store: Arc<dyn ObjectStore> =
        Arc::new(LocalFileSystem::new_with_prefix(bench.folder.path()).unwrap());
    let (_, _, _folder, path) = heard(&bench).await;
    let before = beginnings(&path);
    level(&store, "show").await.unwrap().expect("there was something to do");
    let (_, _, _folder, path) = heard(&bench).await;
    let after = beginnings(&path);
    assert!(before.len() >= 3 && before.len() == after.len(), "{before:?} {after:?}");
    // Where the looped film begins again, each encoder has its own opinion of the silence.
    let mut apart: Vec<f64> = before.iter().zip(&after).map(|(before, after)| before - after).collect();
    apart.sort_by(f64::total_cmp);
    assert!(apart[apart.len() / 2].abs() < 0.006, "{apart:?}");
}

/// When the sound comes back after silence.
fn beginnings(path: &str) -> Vec<f64> {
    let mut command = Command::new("ffmpeg");
    command.args([
        "-hide_banner",
        "-i",
        path,
        "-vn",
        "-af",
        "silencedetect=n=-32dB:d=0.2",
        "-f",
        "null",
        "-",
    ]);
    let text = String::from_utf8_lossy(&command.output().unwrap().stderr).into_owned();
    let after = text.split("silence_end: ").skip(1);
    after.filter_map(|rest| rest.split_whitespace().next()?.parse().ok()).collect()
}
