//! A phone and its viewers, in a process of their own.

use std::collections::HashMap;
use std::io::BufRead;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;

use super::{Count, Delays, Failure};

/// When pictures were written, by their count; only the newest matter.
type Written = Arc<Mutex<HashMap<u32, Instant>>>;

struct Peer {
    rtc: Box<Rtc>,
    socket: UdpSocket,
    local: SocketAddr,
    pending: SdpPendingOffer,
    video: Mid,
    audio: Mid,
    films: bool,
}

#[derive(Clone, Default)]
struct Seen {
    written: Written,
    delays: Delays,
    watching: Arc<AtomicU64>,
    packets: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

#[expect(clippy::print_stdout, reason = "the pipe to the parent")]
pub(crate) fn run() -> Result<(), Failure> {
    str0m::crypto::from_feature_flags().install_process_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (seen, mut waiting) = (Seen::default(), None);
    let film = Arc::new(film()?);
    let mut sinks = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let words: Vec<String> = serde_json::from_str(&line?)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = match words.as_slice() {
            [what @ ("film" | "watch")] => {
                let (peer, offer) = runtime.block_on(Peer::new(*what == "film"))?;
                waiting = Some(peer);
                serde_json::to_string(&offer)?
            }
            ["answer", sdp] => {
                let peer = waiting.take().ok_or("no offer was made")?;
                runtime.spawn(peer.accept(sdp)?.run(seen.clone(), film.clone()));
                "true".into()
            }
            ["count"] => serde_json::to_string(&seen.count())?,
            ["sink", number] => {
                let sockets: Result<Vec<_>, _> =
                    (0..number.parse()?).map(|_| runtime.block_on(UdpSocket::bind("127.0.0.1:0"))).collect();
                let sockets = sockets?;
                let ports: Result<Vec<u16>, _> =
                    sockets.iter().map(|socket| socket.local_addr().map(|at| at.port())).collect();
                sinks.extend(sockets.into_iter().map(|socket| {
                    runtime.spawn(async move {
                        let mut buffer = [0; 2048];
                        while socket.recv(&mut buffer).await.is_ok() {}
                    })
                }));
                serde_json::to_string(&ports?)?
            }
            _ => return Err("not a word of ours".into()),
        };
        println!("{answer}");
    }
    Ok(())
}

impl Seen {
    fn count(&self) -> Count {
        let mut delays = std::mem::take(&mut *self.delays.lock().unwrap_or_else(PoisonError::into_inner));
        delays.sort_unstable();
        let at =
            |share: usize| delays.get(delays.len() * share / 100).map_or(0.0, |us| f64::from(*us) / 1000.0);
        Count {
            watching: self.watching.load(Ordering::Relaxed) as usize,
            packets: self.packets.swap(0, Ordering::Relaxed),
            bytes: self.bytes.swap(0, Ordering::Relaxed),
            late_ms_p50: at(50),
            late_ms_p95: at(95),
        }
    }

    fn packet(&self, packet: &RtpPacket) {
        self.packets.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(packet.payload.len() as u64, Ordering::Relaxed);
        if packet.header.marker {
            let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = written.get(&packet.header.timestamp) {
                let us = at.elapsed().as_micros() as u32;
                self.delays.lock().unwrap_or_else(PoisonError::into_inner).push(us);
            }
        }
    }
}

impl Peer {
    async fn new(films: bool) -> Result<(Peer, String), Failure> {
        let mut config = RtcConfig::new().clear_codecs().enable_opus(true, false).set_rtp_mode(!films);
        config.codec_config().add_h264(102.into(), Some(103.into()), true, 0x42e01f);
        let mut rtc = Box::new(config.build(Instant::now()));
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let local = socket.local_addr()?;
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        let direction = if films { Direction::SendOnly } else { Direction::RecvOnly };
        let mut api = rtc.sdp_api();
        let video = api.add_media(MediaKind::Video, direction, None, None, None);
        let audio = api.add_media(MediaKind::Audio, direction, None, None, None);
        let (offer, pending) = api.apply().ok_or("nothing to offer")?;
        Ok((Peer { rtc, socket, local, pending, video, audio, films }, offer.to_sdp_string()))
    }

    fn accept(self, answer: &str) -> Result<Connected, Failure> {
        let Peer { mut rtc, socket, local, pending, video, audio, films } = self;
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;
        Ok(Connected { rtc, socket, local, video, audio, films, since: None, pictures: 0, sounds: 0, at: 0 })
    }
}

struct Connected {
    rtc: Box<Rtc>,
    socket: UdpSocket,
    local: SocketAddr,
    video: Mid,
    audio: Mid,
    films: bool,
    since: Option<Instant>,
    pictures: u32,
    sounds: u32,
    at: usize,
}

impl Connected {
    async fn run(mut self, seen: Seen, film: Arc<Vec<Bytes>>) {
        let mut buffer = vec![0; 2048];
        let mut first = true;
        loop {
            let until = match self.rtc.poll_output() {
                Ok(Output::Timeout(until)) => until,
                Ok(Output::Transmit(packet)) => {
                    let _ = self.socket.try_send_to(&packet.contents, packet.destination);
                    continue;
                }
                Ok(Output::Event(Event::Connected)) => {
                    self.since = Some(Instant::now());
                    continue;
                }
                Ok(Output::Event(Event::KeyframeRequest(_))) => {
                    self.at = 0;
                    continue;
                }
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    if std::mem::take(&mut first) {
                        seen.watching.fetch_add(1, Ordering::Relaxed);
                    }
                    seen.packet(&packet);
                    continue;
                }
                Ok(_) => continue,
                Err(_) => return,
            };
            if !self.rtc.is_alive() {
                return;
            }
            if self.films && self.film(&film, &seen.written) {
                continue;
            }
            let soon = if self.films { Duration::from_millis(2) } else { Duration::from_secs(1) };
            tokio::select! {
                got = self.socket.recv_from(&mut buffer) => {
                    let Ok((length, source)) = got else { return };
                    let Ok(contents) = buffer[..length].try_into() else { continue };
                    let receive = Receive { proto: Protocol::Udp, source, destination: self.local, contents };
                    let _ = self.rtc.handle_input(Input::Receive(Instant::now(), receive));
                }
                () = tokio::time::sleep_until(until.min(Instant::now() + soon).into()) => {
                    let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
                }
            }
        }
    }

    /// Send what is due; false when nothing is.
    fn film(&mut self, film: &[Bytes], written: &Written) -> bool {
        let Some(since) = self.since else { return false };
        let elapsed = since.elapsed().as_millis() as u32;
        if elapsed >= self.pictures * 100 / 3 {
            self.pictures += 1;
            let count = self.pictures * 3000;
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            written.insert(count, Instant::now());
            written.remove(&count.wrapping_sub(3000 * 300));
            drop(written);
            let picture = film[self.at].clone();
            self.at = (self.at + 1) % film.len();
            self.write(self.video, Codec::H264, MediaTime::from_90khz(count.into()), &picture);
            return true;
        }
        if elapsed >= self.sounds * 20 {
            self.sounds += 1;
            let time = MediaTime::new(u64::from(self.sounds) * 960, Frequency::FORTY_EIGHT_KHZ);
            // As long as a usual packet; nobody listens.
            let packet = [&[0xfc][..], &[0x55; 79]].concat();
            self.write(self.audio, Codec::Opus, time, &packet);
            return true;
        }
        false
    }

    fn write(&mut self, mid: Mid, codec: Codec, time: MediaTime, data: &[u8]) {
        let Some(writer) = self.rtc.writer(mid) else { return };
        let Some(payload) = writer.payload_params().find(|params| params.spec().codec == codec) else {
            return;
        };
        let payload = payload.pt();
        let _ = writer.write(payload, Instant::now(), time, data.to_vec());
    }
}

/// Ten seconds of 720p at 2.5 Mbit/s, a picture each.
fn film() -> Result<Vec<Bytes>, Failure> {
    let out = std::env::temp_dir().join(format!("whep-{}.h264", std::process::id()));
    let source = "testsrc2=size=1280x720:rate=30:duration=10,noise=alls=12:allf=t";
    let status = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            source,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
        ])
        .args(["-tune", "zerolatency", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", "999"])
        .args(["-x264-params", "aud=1:repeat-headers=1:slices=1:scenecut=0"])
        .args(["-b:v", "2400k", "-maxrate", "2400k", "-bufsize", "600k"])
        .arg(&out)
        .status()?;
    if !status.success() {
        return Err("ffmpeg made no film".into());
    }
    let film = std::fs::read(&out)?;
    std::fs::remove_file(out)?;
    let delimiter = [0, 0, 0, 1, 9];
    let starts: Vec<usize> =
        film.windows(5).enumerate().filter(|(_, at)| *at == delimiter).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([film.len()]);
    Ok(starts.iter().zip(ends).map(|(from, to)| Bytes::copy_from_slice(&film[*from..to])).collect())
}
