//! One WebRTC connection: str0m decides, this task carries packets and time to it and frames away.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use str0m::media::{KeyframeRequestKind, MediaKind, Mid, Rid};
use str0m::net::Receive;
use str0m::{Event, IceConnectionState, Input, Output, Rtc};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use crate::clock::Kind;
use crate::ingest::Ingest;
use crate::layer::Layer;
use crate::net::{Net, Packet, Place};
use crate::offer;
use crate::stream::WallClock;
use crate::{Stats, Stream};

/// A browser that took our answer must reach us within this time.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// A connection without a single packet for this long is over. Browsers check every few seconds.
const SILENT_FOR: Duration = Duration::from_secs(20);
/// How often figures are told and silence is noticed.
const TICK: Duration = Duration::from_secs(1);

/// What a session needs to run.
pub(crate) struct Session {
    pub rtc: Rtc,
    pub net: Net,
    pub place: Place,
    pub ingest: Ingest,
    pub stream: Arc<Stream>,
    pub generation: u64,
    pub wall: WallClock,
}

struct Pump {
    session: Session,
    video: Option<Mid>,
    /// The names of the high and the low picture, where there are two.
    rids: Option<[Rid; 2]>,
    network: Network,
}

/// What str0m last said about the path.
#[derive(Default)]
struct Network {
    rtt_ms: Option<u32>,
    lost_percent: f32,
}

/// Why the loop goes on or not.
enum Next {
    Wait(Instant),
    Over,
}

impl Session {
    /// Run until the publisher leaves or is told to.
    pub(crate) async fn run(self, stop: oneshot::Receiver<()>) {
        let (stream, generation) = (self.stream.clone(), self.generation);
        let mut pump = Pump { session: self, video: None, rids: None, network: Network::default() };
        pump.run(stop).await;
        stream.left(generation);
    }
}

impl Pump {
    async fn run(&mut self, mut stop: oneshot::Receiver<()>) {
        let mut heard = Instant::now();
        let mut silent_for = CONNECT_WITHIN;
        let mut tick = Instant::now() + TICK;
        while let Next::Wait(until) = self.drain() {
            tokio::select! {
                packet = self.session.place.packets.recv() => {
                    let Some(packet) = packet else { return };
                    (heard, silent_for) = (packet.at, SILENT_FOR);
                    self.receive(&packet);
                }
                () = sleep_until(until.min(tick).into()) => {
                    if self.session.rtc.handle_input(Input::Timeout(Instant::now())).is_err() {
                        return;
                    }
                }
                _ = &mut stop => {
                    // Say goodbye, so that the browser knows at once.
                    let _ = self.session.rtc.close();
                    self.drain();
                    return;
                }
            }
            self.ask_for_key();
            if Instant::now() >= tick {
                tick += TICK;
                self.tell();
            }
            if heard.elapsed() > silent_for {
                return;
            }
        }
    }

    /// Everything str0m has to say. It must be drained between any two inputs.
    fn drain(&mut self) -> Next {
        loop {
            match self.session.rtc.poll_output() {
                Ok(Output::Timeout(until)) => {
                    return if self.session.rtc.is_alive() { Next::Wait(until) } else { Next::Over };
                }
                Ok(Output::Transmit(packet)) => self.session.net.send(&packet),
                Ok(Output::Event(Event::IceConnectionStateChange(IceConnectionState::Disconnected)))
                | Ok(Output::Event(Event::Closed)) => return Next::Over,
                Ok(Output::Event(event)) => self.event(event),
                Err(error) => {
                    tracing::warn!("A publisher's connection broke: {error}");
                    return Next::Over;
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        let session = &mut self.session;
        match event {
            Event::MediaAdded(added) if added.kind == MediaKind::Video => {
                self.video = Some(added.mid);
                // Of more than two, the others are not shown to anybody.
                let layers = added.simulcast.map(|simulcast| simulcast.recv).unwrap_or_default();
                self.rids = high_and_low(&layers.iter().map(|layer| layer.rid).collect::<Vec<_>>());
                if self.rids.is_some() {
                    session.stream.expect_low();
                }
            }
            Event::MediaData(data) => {
                let arrived_us = session.wall.us(data.network_time);
                let rtp = data.time.numer() as u32;
                if !offer::is_video(data.params.spec().codec) {
                    session.ingest.audio(rtp, arrived_us, &data.data);
                } else if let Some(layer) = layer_of(self.rids, data.rid) {
                    session.ingest.video(layer, rtp, arrived_us, &data.data, data.contiguous);
                }
            }
            Event::SenderFeedback(report) => {
                let is_video = Some(report.mid) == self.video;
                let layer = layer_of(self.rids, report.rid).filter(|_| is_video);
                let kind = match layer {
                    Some(layer) => Kind::of(layer),
                    None if is_video => return,
                    None => Kind::Audio,
                };
                let info = report.sender_info;
                if let Ok(sender) = info.ntp_time.duration_since(UNIX_EPOCH) {
                    session.ingest.report(kind, info.rtp_time.numer() as u32, sender.as_micros() as i64);
                }
            }
            Event::PeerStats(stats) => {
                let pair = stats.selected_candidate_pair.and_then(|pair| pair.current_round_trip_time);
                let rtt = stats.rtt.or(pair).map(|rtt| rtt.as_millis() as u32);
                self.network.rtt_ms = rtt.or(self.network.rtt_ms);
                if let Some(lost) = stats.ingress_loss_fraction {
                    self.network.lost_percent = lost * 100.0;
                }
            }
            Event::MediaIngressStats(stats) => {
                self.network.rtt_ms = stats.rtt.map(|rtt| rtt.as_millis() as u32).or(self.network.rtt_ms);
            }
            _ => {}
        }
    }

    fn receive(&mut self, packet: &Packet) {
        let Ok(contents) = packet.data.as_ref().try_into() else { return };
        let destination = self.session.net.candidate_for(packet.way, packet.from);
        let receive = Receive { proto: packet.way, source: packet.from, destination, contents };
        if let Err(error) = self.session.rtc.handle_input(Input::Receive(packet.at, receive)) {
            tracing::debug!("A packet from {} was not understood: {error}", packet.from);
        }
    }

    /// WebRTC encoders send no key pictures of their own accord.
    fn ask_for_key(&mut self) {
        let session = &mut self.session;
        let Some(video) = self.video.filter(|_| session.rtc.is_connected()) else { return };
        for (layer, rid) in Layer::ALL.into_iter().zip(rids_of(self.rids)) {
            if session.ingest.asks_for_key(layer, session.wall.us(Instant::now()))
                && let Some(mut writer) = session.rtc.writer(video)
                && let Err(error) = writer.request_keyframe(rid, KeyframeRequestKind::Pli)
            {
                tracing::debug!("A key picture could not be asked for: {error}");
            }
        }
    }

    fn tell(&mut self) {
        let now_us = self.session.wall.us(Instant::now());
        let stats = self.session.ingest.stats(now_us);
        let network = &self.network;
        let stats = Stats { rtt_ms: network.rtt_ms, lost_percent: network.lost_percent, ..stats };
        self.session.stream.set_stats(self.session.generation, stats);
    }
}

/// Which of the offered layers is which: `l` is the low one, else the last; `h` the high one, else the first.
fn high_and_low(rids: &[Rid]) -> Option<[Rid; 2]> {
    let named = |name: &str| rids.iter().copied().find(|rid| **rid == *name);
    let low = named("l").or(rids.last().copied())?;
    let high = named("h").or(rids.iter().copied().find(|rid| *rid != low))?;
    Some([high, low]).filter(|_| high != low)
}

/// Which of the two a picture is; `None`: neither.
fn layer_of(rids: Option<[Rid; 2]>, rid: Option<Rid>) -> Option<Layer> {
    let (Some([high, low]), Some(rid)) = (rids, rid) else { return Some(Layer::High) };
    match rid {
        _ if rid == high => Some(Layer::High),
        _ if rid == low => Some(Layer::Low),
        _ => None,
    }
}

/// The names of the layers that come in; a picture that comes alone has none.
fn rids_of(rids: Option<[Rid; 2]>) -> Vec<Option<Rid>> {
    rids.map_or(vec![None], |rids| rids.map(Some).to_vec())
}
