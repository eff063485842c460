//! Encoders: real ffmpeg sends by RTMP, and some who are no encoders.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::rtmp::{self, Hello};
use media::{Origin, State, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bench::{Bench, complaints, quick, recorded, until, write};

const KEY: &str = "show_right-key";

/// An ffmpeg that goes when the test does.
struct Sender(Child);

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sender {
    /// Whether it ended well, and what it said.
    fn wait(mut self) -> (bool, String) {
        let ended = self.0.wait().unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(self.0.stderr.as_mut().unwrap(), &mut said).unwrap();
        (ended.success(), said)
    }
}

/// The port; a key opens the stream named before its underscore.
async fn doors(origin: &Origin) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let origin = origin.clone();
    let door = async move |hello: Hello| match hello.key.split_once('_') {
        Some((id, "right-key")) if hello.app == "live" => {
            origin.open(id).await.map_err(|error| error.to_string())
        }
        _ => Err("this key opens nothing".to_owned()),
    };
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let door = door.clone();
            tokio::spawn(async move {
                let _ = rtmp::take(socket, door).await;
            });
        }
    });
    at
}

/// A film with B-frames and this sound, as OBS would make it.
fn film(bench: &Bench, seconds: u32, rate: &str, more: &[&str]) -> String {
    let path = bench.folder.path().join(format!("in-{rate}-{}.mp4", more.len())).display().to_string();
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-y", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30"]);
    ffmpeg.args(["-f", "lavfi", "-i", "sine=440:r=48000", "-t", &seconds.to_string()]);
    ffmpeg.args(["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "60", "-pix_fmt", "yuv420p"]);
    ffmpeg.args(["-c:a", "aac", "-ac", "2", "-ar", rate]).args(more).arg(&path);
    assert!(ffmpeg.status().unwrap().success());
    path
}

fn send(path: &str, to: SocketAddr, key: &str) -> Sender {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-loglevel", "error", "-re", "-i", path, "-c", "copy", "-f", "flv"]);
    ffmpeg.arg(format!("rtmp://{to}/live/{key}")).stdin(Stdio::null()).stderr(Stdio::piped());
    Sender(ffmpeg.spawn().unwrap())
}

/// A hash for each packet or, decoded, for each frame of a track.
fn hashes(path: &str, track: &str, decode: bool) -> Vec<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-loglevel", "error", "-i", path, "-map", track]);
    if !decode {
        ffmpeg.args(["-c", "copy"]);
    }
    let out = ffmpeg.args(["-fps_mode", "passthrough", "-f", "framemd5", "-"]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let hash = |line: &str| line.split(',').nth(5).unwrap().trim().to_owned();
    text.lines().filter(|line| !line.starts_with('#')).map(hash).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_is_packed_as_it_is_with_its_b_frames_and_its_sound() {
    for rate in ["48000", "44100"] {
        let bench = Bench::start(quick()).await;
        let to = doors(&bench.origin).await;
        let path = film(&bench, 7, rate, &[]);
        let sender = send(&path, to, KEY);
        let stream = opened(&bench, "show").await;
        until(&stream, |state| state == State::Live).await;
        let (well, said) = tokio::task::spawn_blocking(move || sender.wait()).await.unwrap();
        assert!(well, "{said}");
        until(&stream, |state| matches!(state, State::Gone { .. })).await;
        stream.end().await.unwrap();

        let shown = shown(&bench).await;
        assert_eq!(complaints(&shown), "", "{rate}");
        let (sent, got) = (hashes(&path, "0:v", true), hashes(&shown, "0:v", true));
        assert_eq!(got.len(), sent.len(), "{rate}: every picture, once");
        assert_eq!(got, sent, "{rate}: in the order they are seen in");
        let sent: HashSet<String> = hashes(&path, "0:a", false).into_iter().collect();
        let got = hashes(&shown, "0:a", false);
        assert!(got.len() > sent.len() * 9 / 10, "{rate}: {} of {} frames of sound", got.len(), sent.len());
        assert!(got.iter().all(|frame| sent.contains(frame)), "{rate}: the sound is passed through");
    }
}

/// The recording as one file.
async fn shown(bench: &Bench) -> String {
    let init = bench.get("show", "i0.mp4").await.body;
    write(&bench.folder, "shown.mp4", &[init, recorded(bench, "show").await.into()])
}

/// The stream, once an encoder has opened it.
async fn opened(bench: &Bench, id: &str) -> Arc<Stream> {
    for _ in 0..500 {
        if let Some(stream) = bench.origin.stream(id) {
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no encoder came");
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_and_picture_stay_together() {
    let bench = Bench::start(quick()).await;
    let to = doors(&bench.origin).await;
    let sender = send(&film(&bench, 6, "44100", &[]), to, KEY);
    let stream = opened(&bench, "show").await;
    until(&stream, |state| state == State::Live).await;
    drop(tokio::task::spawn_blocking(move || sender.wait()).await.unwrap());
    stream.end().await.unwrap();
    let shown = shown(&bench).await;
    let times = |track| crate::bench::packets(&shown, track);
    let (video, audio) = (times("v:0"), times("a:0"));
    for pair in audio.windows(2) {
        let seam = pair[1].0 - pair[0].0 - pair[0].1;
        assert!(seam.abs() < 0.001, "a seam of {seam} s at {}", pair[0].0);
    }
    let ends = |packets: &[(f64, f64, bool)]| packets.iter().map(|one| one.0 + one.1).fold(0.0, f64::max);
    let apart = ends(&video) - ends(&audio);
    assert!(apart.abs() < 0.15, "sound ends {apart} s before the picture");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_without_sound_gets_silence() {
    let bench = Bench::start(quick()).await;
    let to = doors(&bench.origin).await;
    let sender = send(&film(&bench, 4, "48000", &["-an"]), to, KEY);
    let stream = opened(&bench, "show").await;
    until(&stream, |state| state == State::Live).await;
    drop(tokio::task::spawn_blocking(move || sender.wait()).await.unwrap());
    stream.end().await.unwrap();
    let shown = shown(&bench).await;
    assert_eq!(complaints(&shown), "");
    let frames = hashes(&shown, "0:a", false).len();
    assert!(frames > 120, "{frames} frames of silence");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_second_encoder_are_told_why() {
    let bench = Bench::start(quick()).await;
    let to = doors(&bench.origin).await;
    let path = film(&bench, 30, "48000", &[]);
    let (well, said) = send(&path, to, "show_wrong-key").wait();
    assert!(!well && said.contains("this key opens nothing"), "{said}");
    assert!(bench.origin.stream("show").is_none());

    let first = send(&path, to, KEY);
    let stream = opened(&bench, "show").await;
    until(&stream, |state| state == State::Live).await;
    let (well, said) = send(&path, to, KEY).wait();
    assert!(!well && said.contains("already has a publisher"), "{said}");
    assert!(stream.stats().kbps > 0 || stream.stats().width == 640);
    drop(first);
    until(&stream, |state| matches!(state, State::Gone { .. })).await;
    let _second = send(&path, to, KEY);
    until(&stream, |state| state == State::Live).await;
    stream.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_codecs_are_refused_in_words() {
    let bench = Bench::start(quick()).await;
    let to = doors(&bench.origin).await;
    let path = film(&bench, 4, "22050", &[]);
    let (well, said) = send(&path, to, KEY).wait();
    assert!(!well, "{said}");
    let stream = opened(&bench, "show").await;
    assert_ne!(stream.state(), State::Live, "nothing of it is shown");
}

/// What a client may send after the handshake, as far as the door lets it.
async fn after_handshake(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(to).await.unwrap();
    let hello = [vec![3], vec![0; 1536], vec![0; 1536]].concat();
    socket.write_all(&hello).await.unwrap();
    let mut answer = vec![0; 3073];
    socket.read_exact(&mut answer).await.unwrap();
    // The other side may close in the middle of it.
    let _ = socket.write_all(bytes).await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut rest)).await.unwrap();
    rest
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_encoder_gets_nowhere_and_disturbs_nobody() {
    let bench = Bench::start(quick()).await;
    let to = doors(&bench.origin).await;
    let sender = send(&film(&bench, 30, "48000", &[]), to, KEY);
    let stream = opened(&bench, "show").await;
    until(&stream, |state| state == State::Live).await;

    let mut no_rtmp = TcpStream::connect(to).await.unwrap();
    no_rtmp.write_all(format!("GET / HTTP/1.1\r\n{}", "a".repeat(4000)).as_bytes()).await.unwrap();
    let mut said = Vec::new();
    let _ = no_rtmp.read_to_end(&mut said).await;
    assert!(said.is_empty());
    // A command of objects within objects, as deep as fits.
    let deep = [vec![2, 0, 1, b'a'], [3, 0, 1, b'a'].repeat(900)].concat();
    let command = |body: &[u8]| {
        let mut out = vec![3, 0, 0, 0];
        out.extend(&(body.len() as u32).to_be_bytes()[1..]);
        out.extend([20, 0, 0, 0, 0]);
        for (n, part) in body.chunks(128).enumerate() {
            out.extend(if n > 0 { &[0xc3][..] } else { &[] });
            out.extend(part);
        }
        out
    };
    assert!(after_handshake(to, &command(&deep)).await.is_empty());
    // A picture before any key, a chunk size of nothing, a chunk of no stream, a flood.
    assert!(after_handshake(to, &[3, 0, 0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0x17]).await.is_empty());
    assert!(after_handshake(to, &[2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0]).await.is_empty());
    assert!(after_handshake(to, &[0xc7, 1, 2, 3]).await.is_empty());
    assert!(after_handshake(to, &command(&vec![0; 3000]).repeat(10)).await.is_empty());
    // Somebody who says nothing is let go.
    let began = Instant::now();
    let mut silent = TcpStream::connect(to).await.unwrap();
    let _ = silent.read_to_end(&mut said).await;
    assert!(began.elapsed() < Duration::from_secs(15));

    assert_eq!(stream.state(), State::Live);
    drop(sender);
    stream.end().await.unwrap();
}
