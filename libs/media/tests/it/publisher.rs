//! A browser's part of WHIP, played by str0m: real offers, ICE, DTLS, SRTP, H.264 and Opus over loopback.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, MediaTime, Mid, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, UdpSocket};

/// A phone that has made its offer.
pub(crate) struct Phone {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    /// The only way out, where UDP is blocked.
    tcp: Option<Tcp>,
    pending: Option<SdpPendingOffer>,
    pub(crate) offer: String,
    video: Mid,
    audio: Mid,
    /// The picture's layers, and how far each has got.
    layers: Vec<(Option<Rid>, usize)>,
}

/// What the phone films, and what a test tells it while it sends.
#[derive(Clone)]
pub(crate) struct Scene {
    film: Arc<Mutex<Arc<Vec<Bytes>>>>,
    /// The same, smaller.
    low: Arc<Vec<Bytes>>,
    orders: Arc<Mutex<Orders>>,
    /// Key pictures the other side asked for.
    pub(crate) asked: Arc<AtomicU32>,
}

#[derive(Clone, Copy)]
pub(crate) struct Orders {
    pub(crate) camera: bool,
    /// Whether there is room for the high picture, of a phone that has two.
    pub(crate) room: bool,
    pub(crate) microphone: bool,
    pub(crate) gone: bool,
    /// Every so-manieth packet is lost on the way; 0 loses none.
    pub(crate) lose: u32,
}

impl Scene {
    pub(crate) fn new(size: &str) -> Scene {
        Scene {
            film: Arc::new(Mutex::new(Arc::new(access_units(size)))),
            low: Arc::default(),
            orders: Arc::new(Mutex::new(Orders {
                camera: true,
                room: true,
                microphone: true,
                gone: false,
                lose: 0,
            })),
            asked: Arc::default(),
        }
    }

    /// A scene for a phone that sends it in two sizes.
    pub(crate) fn in_two_sizes(high: &str, low: &str) -> Scene {
        Scene { low: Arc::new(access_units(low)), ..Scene::new(high) }
    }

    pub(crate) fn turn(&self, size: &str) {
        *self.film.lock().unwrap() = Arc::new(access_units(size));
    }

    pub(crate) fn order(&self, order: impl FnOnce(&mut Orders)) {
        order(&mut self.orders.lock().unwrap());
    }

    fn orders(&self) -> Orders {
        *self.orders.lock().unwrap()
    }
}

/// A connection by which packets go, each behind its length.
struct Tcp {
    local: SocketAddr,
    server: SocketAddr,
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    /// What was read of packets that are not whole yet.
    got: Vec<u8>,
}

impl Phone {
    pub(crate) async fn new() -> Phone {
        Phone::connected(None, &[]).await
    }

    /// A phone that sends its picture in two sizes.
    pub(crate) async fn with_layers() -> Phone {
        Phone::connected(None, &["h", "l"]).await
    }

    /// A phone whose network swallows all UDP.
    pub(crate) async fn behind_a_wall(server: SocketAddr) -> Phone {
        let connection = TcpStream::connect(server).await.unwrap();
        connection.set_nodelay(true).unwrap();
        let local = connection.local_addr().unwrap();
        let (read, write) = connection.into_split();
        Phone::connected(Some(Tcp { local, server, read, write, got: Vec::new() }), &[]).await
    }

    async fn connected(tcp: Option<Tcp>, rids: &[&str]) -> Phone {
        str0m::crypto::from_feature_flags().install_process_default();
        let mut config = RtcConfig::new().clear_codecs().enable_opus(true, false);
        config.codec_config().add_h264(102.into(), Some(103.into()), true, 0x42e01f);
        let mut rtc = config.build(Instant::now());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
        if let Some(tcp) = &tcp {
            let candidate = Candidate::builder().tcp().host(tcp.local).tcptype(TcpType::Active);
            rtc.add_local_candidate(candidate.build().unwrap());
        }
        let mut api = rtc.sdp_api();
        let simulcast = (!rids.is_empty()).then(|| Simulcast {
            send: rids.iter().map(|rid| SimulcastLayer::new(rid)).collect(),
            recv: Vec::new(),
        });
        let video = api.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast);
        let audio = api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let offer = offer.to_sdp_string();
        let layers = match rids {
            [] => vec![(None, 0)],
            rids => rids.iter().map(|rid| (Some((*rid).into()), 0)).collect(),
        };
        Phone { rtc, socket, local, tcp, pending: Some(pending), offer, video, audio, layers }
    }

    /// Take the answer and send in the background until the scene says gone.
    pub(crate) fn send(mut self, answer: &str, scene: Scene) -> tokio::task::JoinHandle<()> {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
        tokio::spawn(self.run(scene))
    }

    async fn run(mut self, scene: Scene) {
        let mut buffer = vec![0; 2048];
        let (mut connected, mut sent) = (None, 0u32);
        let (mut picture, mut sound) = (0u32, 0u32);
        let mut keys = vec![true; self.layers.len()];
        let mut opus = opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Audio).unwrap();
        while !scene.orders().gone {
            let until = loop {
                match self.rtc.poll_output().unwrap() {
                    Output::Timeout(until) => break until,
                    Output::Transmit(packet) => {
                        sent += 1;
                        let lose = scene.orders().lose;
                        if let Some(tcp) = &mut self.tcp {
                            if packet.proto == Protocol::Tcp {
                                tcp.send(&packet.contents).await;
                            }
                        } else if lose == 0 || !sent.is_multiple_of(lose) {
                            let _ = self.socket.try_send_to(&packet.contents, packet.destination);
                        }
                    }
                    Output::Event(Event::Connected) => connected = Some(Instant::now()),
                    Output::Event(Event::KeyframeRequest(request)) => {
                        scene.asked.fetch_add(1, Ordering::Relaxed);
                        let asked = |(rid, _): &(Option<Rid>, usize)| *rid == request.rid;
                        self.layers.iter().position(asked).into_iter().for_each(|layer| keys[layer] = true);
                    }
                    Output::Event(_) => {}
                }
            };
            if let Some(connected) = connected {
                let elapsed = connected.elapsed().as_millis() as u32;
                if elapsed >= picture * 100 / 3 {
                    picture += 1;
                    if scene.orders().camera {
                        for (layer, key) in keys.iter_mut().enumerate() {
                            if layer > 0 || scene.orders().room {
                                self.film(&scene, picture, layer, key);
                            }
                        }
                        continue;
                    }
                }
                if elapsed >= sound * 20 {
                    sound += 1;
                    if scene.orders().microphone {
                        self.speak(&mut opus, sound);
                        continue;
                    }
                }
            }
            let until = until.min(Instant::now() + Duration::from_millis(5));
            tokio::select! {
                got = Tcp::next(&mut self.tcp) => {
                    let (local, source, data) = got;
                    let Ok(contents) = data[..].try_into() else { continue };
                    let receive = Receive { proto: Protocol::Tcp, source, destination: local, contents };
                    self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
                }
                got = self.socket.recv_from(&mut buffer), if self.tcp.is_none() => {
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

    /// The film's first picture is its only key picture: start over whenever one is asked for.
    fn film(&mut self, scene: &Scene, picture: u32, layer: usize, key: &mut bool) {
        let film = if layer == 0 { scene.film.lock().unwrap().clone() } else { scene.low.clone() };
        let (rid, at) = self.layers[layer];
        let at = if std::mem::take(key) { 0 } else { (at + 1) % film.len() };
        self.layers[layer].1 = at;
        let time = MediaTime::from_90khz(u64::from(picture) * 3000);
        self.write(self.video, rid, Codec::H264, time, &film[at]);
    }

    fn speak(&mut self, opus: &mut opus::Encoder, sound: u32) {
        let wave = |n: u32| (f32::sin((sound * 960 + n) as f32 * 0.0576) * 9000.0) as i16;
        let packet = opus.encode_vec(&(0..960).map(wave).collect::<Vec<_>>(), 400).unwrap();
        let time = MediaTime::new(u64::from(sound) * 960, str0m::media::Frequency::FORTY_EIGHT_KHZ);
        self.write(self.audio, None, Codec::Opus, time, &packet);
    }

    fn write(&mut self, mid: Mid, rid: Option<Rid>, codec: Codec, time: MediaTime, data: &[u8]) {
        let Some(mut writer) = self.rtc.writer(mid) else { return };
        if let Some(rid) = rid {
            writer = writer.rid(rid);
        }
        let Some(payload) = writer.payload_params().find(|params| params.spec().codec == codec) else {
            return;
        };
        let payload = payload.pt();
        writer.write(payload, Instant::now(), time, data.to_vec()).unwrap();
    }
}

impl Tcp {
    async fn send(&mut self, packet: &[u8]) {
        let framed = [&(packet.len() as u16).to_be_bytes()[..], packet].concat();
        let _ = self.write.write_all(&framed).await;
    }

    /// The next packet; never, without a connection.
    async fn next(tcp: &mut Option<Tcp>) -> (SocketAddr, SocketAddr, Vec<u8>) {
        let Some(tcp) = tcp else { return std::future::pending().await };
        loop {
            if let [high, low, rest @ ..] = &tcp.got[..]
                && let Some(packet) = rest.get(..usize::from(u16::from_be_bytes([*high, *low])))
            {
                let packet = packet.to_vec();
                tcp.got.drain(..packet.len() + 2);
                return (tcp.local, tcp.server, packet);
            }
            if tcp.read.read_buf(&mut tcp.got).await.unwrap_or(0) == 0 {
                return std::future::pending().await;
            }
        }
    }
}

/// Two seconds of film as one access unit a picture, in Annex B, with one key picture at the start.
fn access_units(size: &str) -> Vec<Bytes> {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("film.h264");
    let picture = format!("testsrc2=size={size}:rate=30:duration=10");
    let mut command = Command::new("ffmpeg");
    command.args([
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        &picture,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ]);
    command.args(["-tune", "zerolatency", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", "999"]);
    command.args(["-x264-params", "aud=1:repeat-headers=1:slices=1:scenecut=0", "-b:v", "500k"]).arg(&out);
    assert!(command.status().unwrap().success(), "ffmpeg made the film");
    let film = std::fs::read(out).unwrap();
    let delimiter = [0, 0, 0, 1, 9];
    let starts: Vec<usize> =
        film.windows(5).enumerate().filter(|(_, at)| *at == delimiter).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([film.len()]);
    starts.iter().zip(ends).map(|(from, to)| Bytes::copy_from_slice(&film[*from..to])).collect()
}
