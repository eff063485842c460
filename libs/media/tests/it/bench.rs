//! Everything a test needs around a stream: a workbench, not a benchmark.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::{Clip, Config, Origin, Reload, Served, State, Stream};
use mp4_atom::{Any, DecodeMaybe, TrunSamples};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use tempfile::TempDir;

/// An origin on loopback with a folder as its store.
pub(crate) struct Bench {
    pub(crate) origin: Origin,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) folder: TempDir,
}

/// Parts a quarter as long as usual make tests four times as quick.
pub(crate) fn quick() -> Config {
    Config {
        part: Duration::from_millis(100),
        segment: Duration::from_millis(1000),
        udp: ([127, 0, 0, 1], 0).into(),
        hold: Duration::from_secs(3),
        ..Config::default()
    }
}

impl Bench {
    pub(crate) async fn start(config: Config) -> Bench {
        Bench::on(TempDir::new().unwrap(), config).await
    }

    /// On what another process left behind.
    pub(crate) async fn on(folder: TempDir, config: Config) -> Bench {
        let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let origin = Origin::new(config, store.clone()).await.unwrap();
        Bench { origin, store, folder }
    }

    pub(crate) async fn get(&self, id: &str, file: &str) -> Served {
        self.origin.serve(id, file, Reload::default()).await.unwrap()
    }

    pub(crate) async fn text(&self, id: &str, file: &str) -> String {
        String::from_utf8(self.get(id, file).await.body.to_vec()).unwrap()
    }

    pub(crate) async fn join(&self, id: &str) -> serde_json::Value {
        serde_json::from_slice(&self.get(id, "join").await.body).unwrap()
    }

    /// The playlist once segment `msn` is closed.
    pub(crate) async fn playlist_at(&self, id: &str, msn: u64) -> String {
        loop {
            let reload = Reload { msn: Some(msn), part: None };
            match self.origin.serve(id, "live.m3u8", reload).await {
                Ok(served) => return String::from_utf8(served.body.to_vec()).unwrap(),
                Err(media::Error::NotYet { .. }) => continue,
                Err(media::Error::TooFar { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(crate) async fn stored(&self, path: &str) -> Option<Bytes> {
        self.store.get(&path.into()).await.ok()?.bytes().await.ok()
    }
}

pub(crate) async fn until(stream: &Stream, wanted: impl Fn(State) -> bool) -> State {
    let mut state = stream.watch();
    let reached = tokio::time::timeout(Duration::from_secs(20), state.wait_for(|state| wanted(*state)));
    *reached.await.expect("the state came in time").unwrap()
}

/// A film by ffmpeg: moving picture, a tone, a key picture every half second.
pub(crate) fn film(size: &str, seconds: u32, more: &[&str]) -> Bytes {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("film.mp4");
    let picture = format!("testsrc2=size={size}:rate=30:duration={seconds}");
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound]);
    command.args([
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-profile:v",
        "baseline",
        "-pix_fmt",
        "yuv420p",
    ]);
    command.args(["-bf", "0", "-g", "15", "-c:a", "aac", "-ac", "2", "-b:a", "96k"]).args(more).arg(&out);
    assert!(command.status().unwrap().success(), "ffmpeg made the film");
    std::fs::read(out).unwrap().into()
}

pub(crate) fn clip(size: &str, seconds: u32) -> Arc<Clip> {
    Arc::new(Clip::read(film(size, seconds, &[])).unwrap())
}

/// What ffmpeg says while it decodes everything; nothing is what we want to hear.
pub(crate) fn complaints(input: &str) -> String {
    let out = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-i",
            input,
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "-1",
            "-f",
            "null",
            "-",
        ])
        .output()
        .unwrap();
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// How many pictures ffmpeg decodes.
pub(crate) fn decoded(input: &str) -> usize {
    let arguments = ["-v", "error", "-i", input, "-fps_mode", "passthrough", "-f", "framecrc", "-"];
    let out = Command::new("ffmpeg").args(arguments).output().unwrap();
    String::from_utf8(out.stdout).unwrap().lines().filter(|line| !line.starts_with('#')).count()
}

/// Fields of every packet of a stream (`v:0`, `a:0`) as ffprobe reads them.
pub(crate) fn packets(input: &str, stream: &str) -> Vec<(f64, f64, bool)> {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream, "-of", "csv=p=0", "-show_entries"])
        .args(["packet=pts_time,duration_time,flags", input])
        .output()
        .unwrap();
    assert!(out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let read = |line: &str| {
        let mut fields = line.split(',');
        let mut number = || fields.next().unwrap().parse().unwrap();
        (number(), number(), line.contains('K'))
    };
    text.lines().filter(|line| !line.is_empty()).map(read).collect()
}

/// Seams in the timeline of a track (1 picture, 2 sound) over parts in a row, in ticks: the truth of the
/// boxes, where ffprobe would guess lengths.
pub(crate) fn seams(mut media: &[u8], track: u32) -> Vec<i64> {
    let (mut seams, mut end) = (Vec::new(), None);
    while let Some(atom) = Any::decode_maybe(&mut media).unwrap() {
        let Any::Moof(moof) = atom else { continue };
        for traf in moof.traf.iter().filter(|traf| traf.tfhd.track_id == track) {
            let starts = traf.tfdt.as_ref().unwrap().base_media_decode_time as i64;
            seams.extend(end.map(|end| starts - end).filter(|seam| *seam != 0));
            let TrunSamples::Explicit(samples) = &traf.trun[0].samples else { panic!("samples are listed") };
            let length: i64 = samples.iter().map(|sample| i64::from(sample.duration.unwrap())).sum();
            end = Some(starts + length);
        }
    }
    seams
}

/// How many samples of a track there are.
pub(crate) fn samples(mut media: &[u8], track: u32) -> usize {
    let mut count = 0;
    while let Some(atom) = Any::decode_maybe(&mut media).unwrap() {
        let Any::Moof(moof) = atom else { continue };
        let ours = moof.traf.iter().filter(|traf| traf.tfhd.track_id == track);
        count += ours.flat_map(|traf| &traf.trun).map(|run| run.samples.len()).sum::<usize>();
    }
    count
}

/// All segments of a recording in a row.
pub(crate) async fn recorded(bench: &Bench, id: &str) -> Vec<u8> {
    let mut film = Vec::new();
    for file in bench.text(id, "vod.m3u8").await.lines().filter(|line| line.ends_with(".m4s")) {
        film.extend_from_slice(&bench.get(id, file).await.body);
    }
    film
}

pub(crate) fn write(folder: &TempDir, name: &str, parts: &[Bytes]) -> String {
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, parts.concat()).unwrap();
    path.to_string_lossy().into_owned()
}
