//! One viewer's WebRTC connection: packets already cut, encrypted by str0m for this viewer alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::format::Codec;
use str0m::media::{MediaKind, Mid, Pt};
use str0m::net::Receive;
use str0m::rtp::{RtpWrite, SeqNo};
use str0m::{Event, IceConnectionState, Input, Output, Rtc};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep_until;

use crate::fan::{Bundle, Frame, Seat, Stamp};
use crate::net::{Batch, Net, Packet, Place};

/// A browser that took our answer must reach us within this time; its player has long fallen back by then.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A connection without a single packet for this long is over. Browsers check every few seconds.
const SILENT_FOR: Duration = Duration::from_secs(20);
/// Packets kept to be sent again: a second of picture at the bit rates we ask for.
const MAX_KEPT: usize = 512;
const KEEP_FOR: Duration = Duration::from_secs(1);
/// Above this share of repeated bytes a viewer's path is too thin, and repeating makes it worse.
const MAX_REPEATED: f32 = 0.15;

/// What a viewer needs to run.
pub(crate) struct Viewer {
    pub rtc: Rtc,
    pub net: Net,
    pub place: Place,
    pub seat: Seat,
}

struct Pump {
    viewer: Viewer,
    video: Option<Line>,
    audio: Option<Line>,
    connected: bool,
    /// Pictures are skipped until a key picture comes.
    waits_for_key: bool,
    out: Batch,
}

/// Where frames of one kind go.
struct Line {
    mid: Mid,
    payload: Pt,
    next: SeqNo,
    marks: Marks,
}

/// What the marker of a packet says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marks {
    /// The last packet of a picture.
    Ends,
    /// Nothing.
    Nothing,
}

/// Why the loop goes on or not.
enum Next {
    Wait(Instant),
    Over,
}

impl Viewer {
    /// Run until the viewer or its stream is gone.
    pub(crate) fn run(self) -> impl Future<Output = ()> {
        let (video, audio, out) = (None, None, Batch::default());
        Pump { viewer: self, video, audio, connected: false, waits_for_key: true, out }.run()
    }
}

impl Pump {
    async fn run(mut self) {
        let (mut heard, mut silent_for) = (Instant::now(), CONNECT_WITHIN);
        while let Next::Wait(until) = self.drain() {
            self.viewer.net.send_all(&mut self.out).await;
            let silent_at = heard + silent_for;
            tokio::select! {
                frame = self.viewer.seat.frames.recv(), if self.connected => match frame {
                    Ok(bundle) => self.write(&bundle),
                    Err(RecvError::Lagged(_)) => self.skip(),
                    Err(RecvError::Closed) => break,
                },
                packet = self.viewer.place.packets.recv() => {
                    let Some(packet) = packet else { break };
                    (heard, silent_for) = (packet.at, SILENT_FOR);
                    self.receive(&packet);
                }
                () = sleep_until(until.min(silent_at).into()) => {
                    if Instant::now() >= silent_at || !self.tick() {
                        break;
                    }
                }
                _ = &mut self.viewer.seat.dismissed => break,
            }
        }
        // Say goodbye, so that the browser knows at once.
        let _ = self.viewer.rtc.close();
        self.drain();
        self.viewer.net.send_all(&mut self.out).await;
    }

    /// Everything str0m has to say. It must be drained between any two inputs.
    fn drain(&mut self) -> Next {
        loop {
            match self.viewer.rtc.poll_output() {
                Ok(Output::Timeout(until)) => {
                    return if self.viewer.rtc.is_alive() { Next::Wait(until) } else { Next::Over };
                }
                Ok(Output::Transmit(packet)) => self.viewer.net.collect(&packet, &mut self.out),
                Ok(Output::Event(Event::IceConnectionStateChange(IceConnectionState::Disconnected)))
                | Ok(Output::Event(Event::Closed)) => return Next::Over,
                Ok(Output::Event(event)) => self.event(event),
                Err(error) => {
                    tracing::debug!("A viewer's connection broke: {error}");
                    return Next::Over;
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected => {
                self.connected = true;
                self.skip();
            }
            Event::MediaAdded(added) => match added.kind {
                MediaKind::Video => self.video = self.line(added.mid, Codec::H264, Marks::Ends),
                MediaKind::Audio => self.audio = self.line(added.mid, Codec::Opus, Marks::Nothing),
            },
            Event::KeyframeRequest(_) => self.viewer.seat.fan.want_key(),
            _ => {}
        }
    }

    /// The line for a medium of the answer, in the form the viewer likes best.
    fn line(&mut self, mid: Mid, codec: Codec, marks: Marks) -> Option<Line> {
        let rtc = &mut self.viewer.rtc;
        let liked = rtc.media(mid)?.remote_pts().to_vec();
        let known = rtc.codec_config().params();
        let ours = |pt: &Pt| known.iter().any(|params| params.pt() == *pt && params.spec().codec == codec);
        let payload = liked.into_iter().find(ours)?;
        let mut direct = rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None)?;
        stream.set_rtx_cache(MAX_KEPT, KEEP_FOR, Some(MAX_REPEATED));
        Some(Line { mid, payload, next: SeqNo::from(1), marks })
    }

    /// Go on at the next key picture, and from what is sent now.
    fn skip(&mut self) {
        let seat = &mut self.viewer.seat;
        seat.frames = seat.frames.resubscribe();
        seat.fan.want_key();
        self.waits_for_key = true;
    }

    fn write(&mut self, bundle: &Bundle) {
        let rtc = &mut self.viewer.rtc;
        for frame in bundle.iter() {
            match frame {
                Frame::Picture { key: false, .. } if self.waits_for_key => {}
                Frame::Picture { stamp, payloads, .. } => {
                    self.waits_for_key = false;
                    send(rtc, self.video.as_mut(), *stamp, payloads);
                }
                Frame::Sound { stamp, payload } => {
                    send(rtc, self.audio.as_mut(), *stamp, std::slice::from_ref(payload));
                }
            }
        }
        self.tick();
    }

    fn receive(&mut self, packet: &Packet) {
        let Ok(contents) = packet.data.as_ref().try_into() else { return };
        let destination = self.viewer.net.candidate_for(packet.way, packet.from);
        let receive = Receive { proto: packet.way, source: packet.from, destination, contents };
        if let Err(error) = self.viewer.rtc.handle_input(Input::Receive(packet.at, receive)) {
            tracing::debug!("A packet from {} was not understood: {error}", packet.from);
        }
    }

    /// Time goes on; false when the connection broke.
    fn tick(&mut self) -> bool {
        self.viewer.rtc.handle_input(Input::Timeout(Instant::now())).is_ok()
    }
}

fn send(rtc: &mut Rtc, line: Option<&mut Line>, stamp: Stamp, payloads: &[Arc<[u8]>]) -> Option<()> {
    let line = line?;
    let mut direct = rtc.direct_api();
    let stream = direct.stream_tx_by_mid(line.mid, None)?;
    for (n, payload) in payloads.iter().enumerate() {
        let number = line.next;
        line.next = SeqNo::from(*number + 1);
        let packet = RtpWrite::new(line.payload, number, stamp.rtp, stamp.at, payload.clone());
        let last = n + 1 == payloads.len();
        stream.write_rtp(packet.marker(last && line.marks == Marks::Ends).nackable(true));
    }
    Some(())
}
