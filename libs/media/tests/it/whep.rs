//! A viewer's part of WHEP, played by str0m: what a phone sends arrives, and everything around it.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use media::{Config, Error, State, Stream};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;

use crate::bench::{self, Bench, complaints, quick, until};
use crate::publisher::{Phone, Scene};

/// A browser that wants to watch.
struct Screen {
    rtc: Box<Rtc>,
    socket: UdpSocket,
    local: SocketAddr,
    pending: Option<SdpPendingOffer>,
    offer: String,
    video: Mid,
}

/// What came to a screen, and what a test tells it.
#[derive(Default)]
struct Seen {
    pictures: Vec<Bytes>,
    sounds: usize,
    /// The connection was closed by the other side.
    closed: bool,
    /// Ask for a key picture whenever time passes.
    nags: bool,
    /// Leave without a word.
    gone: bool,
}

type Shared = Arc<Mutex<Seen>>;

impl Screen {
    async fn new(direction: Direction) -> Screen {
        str0m::crypto::from_feature_flags().install_process_default();
        let mut config = RtcConfig::new().clear_codecs().enable_opus(true, false);
        config.codec_config().add_h264(102.into(), Some(103.into()), true, 0x42e01f);
        let mut rtc = Box::new(config.build(Instant::now()));
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
        let mut api = rtc.sdp_api();
        let video = api.add_media(MediaKind::Video, direction, None, None, None);
        api.add_media(MediaKind::Audio, direction, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let offer = offer.to_sdp_string();
        Screen { rtc, socket, local, pending: Some(pending), offer, video }
    }

    /// Take the answer and watch in the background.
    fn watch(mut self, answer: &str) -> Shared {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
        let seen = Shared::default();
        tokio::spawn(self.run(seen.clone()));
        seen
    }

    async fn run(mut self, seen: Shared) {
        let mut buffer = vec![0; 2048];
        while !seen.lock().unwrap().gone {
            let until = match self.rtc.poll_output().unwrap() {
                Output::Timeout(until) => until,
                Output::Transmit(packet) => {
                    let _ = self.socket.try_send_to(&packet.contents, packet.destination);
                    continue;
                }
                Output::Event(event) => {
                    let mut seen = seen.lock().unwrap();
                    match event {
                        Event::MediaData(data) if data.params.spec().codec == Codec::H264 => {
                            seen.pictures.push(Bytes::copy_from_slice(&data.data));
                        }
                        Event::MediaData(_) => seen.sounds += 1,
                        Event::Closed => seen.closed = true,
                        _ => {}
                    }
                    continue;
                }
            };
            if !self.rtc.is_alive() {
                seen.lock().unwrap().closed = true;
                return;
            }
            let nags = seen.lock().unwrap().nags;
            if nags && let Some(mut writer) = self.rtc.writer(self.video) {
                let _ = writer.request_keyframe(None, KeyframeRequestKind::Pli);
            }
            let until = until.min(Instant::now() + Duration::from_millis(50));
            tokio::select! {
                got = self.socket.recv_from(&mut buffer) => {
                    let (length, source) = got.unwrap();
                    let Ok(contents) = buffer[..length].try_into() else { continue };
                    let receive = Receive { proto: Protocol::Udp, source, destination: self.local, contents };
                    self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
                }
                () = tokio::time::sleep_until(until.into()) => {
                    self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
                }
            }
        }
    }
}

async fn on_air(bench: &Bench) -> (Arc<Stream>, String, Scene) {
    let stream = bench.origin.open("show").await.unwrap();
    let scene = Scene::new("640x360");
    let phone = Phone::new().await;
    let answer = stream.publish(&phone.offer).await.unwrap();
    phone.send(&answer.sdp, scene.clone());
    until(&stream, |state| state == State::Live).await;
    (stream, answer.session, scene)
}

async fn viewer(stream: &Stream) -> (String, Shared) {
    let screen = Screen::new(Direction::RecvOnly).await;
    let answer = stream.view(&screen.offer).await.unwrap();
    let bound = answer.sdp.lines().filter(|line| line.starts_with("a=msid:show ")).count();
    assert_eq!(bound, 2, "picture and sound are kept in step:\n{}", answer.sdp);
    (answer.session, screen.watch(&answer.sdp))
}

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn pictures(seen: &Shared) -> usize {
    seen.lock().unwrap().pictures.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_sees_and_hears_what_the_phone_sends() {
    let bench = Bench::start(quick()).await;
    let (stream, _, scene) = Box::pin(on_air(&bench)).await;
    let (session, seen) = viewer(&stream).await;
    eventually("sixty pictures came", || pictures(&seen) >= 60).await;
    assert_eq!(stream.stats().viewers, 1);
    assert!(seen.lock().unwrap().sounds > 50, "{} packets of sound", seen.lock().unwrap().sounds);

    let came = seen.lock().unwrap().pictures.clone();
    let film = bench::write(&bench.folder, "seen.h264", &came);
    assert_eq!(complaints(&film), "", "every picture decodes, from the first on");
    assert_eq!(bench::decoded(&film), came.len());

    stream.unview(&session).unwrap();
    assert!(matches!(stream.unview(&session).unwrap_err(), Error::NoSession));
    eventually("the viewer was told", || seen.lock().unwrap().closed).await;
    eventually("the seat is free", || stream.stats().viewers == 0).await;
    assert_eq!(stream.state(), State::Live);
    scene.order(|orders| orders.gone = true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_stays_in_step_when_the_phone_turns_and_loses_packets() {
    let bench = Bench::start(quick()).await;
    let (stream, _, scene) = Box::pin(on_air(&bench)).await;
    let (_, seen) = viewer(&stream).await;
    eventually("pictures came", || pictures(&seen) >= 10).await;
    scene.order(|orders| orders.lose = 40);
    scene.turn("360x640");
    let before = pictures(&seen);
    eventually("pictures go on", || pictures(&seen) >= before + 60).await;
    let film = bench::write(&bench.folder, "seen.h264", &seen.lock().unwrap().pictures);
    let complaints = complaints(&film);
    assert!(!complaints.contains("Invalid data"), "{complaints}");
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_are_counted_and_become_free() {
    let bench = Bench::start(Config { whep_viewers: 2, ..quick() }).await;
    let (stream, _, _) = Box::pin(on_air(&bench)).await;
    let (first, _) = viewer(&stream).await;
    let (_second, _) = viewer(&stream).await;
    let screen = Screen::new(Direction::RecvOnly).await;
    let full = stream.view(&screen.offer).await.unwrap_err();
    assert!(matches!(full, Error::TooManyViewers { max: 2 }) && full.status() == 503, "{full}");
    stream.unview(&first).unwrap();
    assert!(stream.view(&screen.offer).await.is_ok(), "a seat is free at once");
    // That one took an answer and never came.
    eventually("who never comes loses the seat", || stream.stats().viewers == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_seats_turn_it_off() {
    let bench = Bench::start(Config { whep_viewers: 0, ..quick() }).await;
    let (stream, _, _) = Box::pin(on_air(&bench)).await;
    let screen = Screen::new(Direction::RecvOnly).await;
    assert_eq!(stream.view(&screen.offer).await.unwrap_err().status(), 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_browser_sends_is_for_parts_only() {
    let bench = Bench::start(quick()).await;
    let stream = bench.origin.open("show").await.unwrap();
    let screen = Screen::new(Direction::RecvOnly).await;
    let nobody = stream.view(&screen.offer).await.unwrap_err();
    assert!(matches!(nobody, Error::NotByWebRtc { .. }) && nobody.status() == 409, "{nobody}");
    stream.play(bench::clip("320x180", 2)).unwrap();
    until(&stream, |state| state == State::Live).await;
    let clip = stream.view(&screen.offer).await.unwrap_err();
    assert!(matches!(clip, Error::NotByWebRtc { .. }), "{clip}");
    stream.end().await.unwrap();
    assert!(matches!(stream.view(&screen.offer).await.unwrap_err(), Error::Ended { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_are_told_when_the_phone_leaves_and_may_come_again() {
    let bench = Bench::start(quick()).await;
    let (stream, session, _) = Box::pin(on_air(&bench)).await;
    let (_, seen) = viewer(&stream).await;
    eventually("pictures came", || pictures(&seen) >= 5).await;
    let left = Instant::now();
    stream.unpublish(&session).unwrap();
    eventually("the viewer was told", || seen.lock().unwrap().closed).await;
    assert!(left.elapsed() < Duration::from_secs(1), "at once, not after {:?}", left.elapsed());
    assert_eq!(stream.stats().viewers, 0);

    let (stream, _, scene) = Box::pin(on_air(&bench)).await;
    let (_, seen) = viewer(&stream).await;
    eventually("pictures come again", || pictures(&seen) >= 5).await;
    // No goodbye: the tunnel swallowed it.
    scene.order(|orders| orders.gone = true);
    eventually("the viewer was told", || seen.lock().unwrap().closed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_viewers_at_once_are_one_question_for_a_key_picture() {
    // Segments so long that nothing else asks for one.
    let bench = Bench::start(Config { segment: Duration::from_secs(60), ..quick() }).await;
    let (stream, _, scene) = Box::pin(on_air(&bench)).await;
    let (asked, begun) = (scene.asked.load(Ordering::Relaxed), Instant::now());
    let screens = join_all((0..50).map(|_| viewer(&stream))).await;
    eventually("all fifty see it", || screens.iter().all(|(_, seen)| pictures(seen) > 0)).await;
    for (_, seen) in &screens {
        seen.lock().unwrap().nags = true;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let most = begun.elapsed().as_millis() as u32 / 600 + 1;
    let asked = scene.asked.load(Ordering::Relaxed) - asked;
    assert!((2..=most).contains(&asked), "{asked} questions in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_offers_of_viewers_are_told_apart_and_take_no_seat() {
    let bench = Bench::start(Config { whep_viewers: 1, ..quick() }).await;
    let (stream, _, _) = Box::pin(on_air(&bench)).await;
    let good = Screen::new(Direction::RecvOnly).await.offer;
    let sends = Screen::new(Direction::SendOnly).await.offer;
    let talks = Screen::new(Direction::SendRecv).await.offer;
    let many = format!("{good}{}", "m=video 9 UDP/TLS/RTP/SAVPF 102\r\n".repeat(20));
    for offer in ["", "hello", "v=0\r\n", &"v=0\r\n".repeat(100_000), &sends, &talks, &many] {
        let error = stream.view(offer).await.unwrap_err();
        assert!(matches!(error, Error::BrokenOffer { .. }) && error.status() == 400, "{error}");
    }
    let vp8_only = good.replace("H264", "VP8X");
    assert!(matches!(stream.view(&vp8_only).await.unwrap_err(), Error::NoVideo));
    for cut in (0..good.len()).step_by(37) {
        if let Ok(answer) = stream.view(&good[..cut]).await {
            stream.unview(&answer.session).unwrap();
        }
    }
    assert!(stream.view(&good).await.is_ok(), "the seat is still free");
}
