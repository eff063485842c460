//! A publisher's or a viewer's offer and our answer.

use std::time::{Duration, Instant};

use str0m::change::SdpOffer;
use str0m::crypto::dtls::DtlsCert;
use str0m::format::Codec;
use str0m::rtp::Extension;
use str0m::{Rtc, RtcConfig};

use crate::Error;
use crate::net::Net;

/// Offers larger than this are refused; a browser's is about 8 KB.
const MAX_OFFER: usize = 256 << 10;
/// A viewer offers picture and sound; more than a few media is something else.
const MAX_MEDIA: usize = 8;
/// Never go below this: Chromium's encoder would show a slide show instead of a smaller picture.
const MIN_KBPS: u32 = 300;
/// Payload types and profiles we take, best first: constrained baseline, baseline, main, high and constrained
/// high (iPhones). Packetization mode 1 only, and level 3.1, which is 720p30: Safari refuses higher levels.
const H264: [(u8, u8, u32); 5] = [
    (108, 109, 0x42e01f),
    (127, 121, 0x42001f),
    (123, 119, 0x4d001f),
    (114, 115, 0x64001f),
    (116, 117, 0x640c1f),
];

/// A session agreed upon, not yet connected.
pub(crate) struct Agreed {
    pub rtc: Rtc,
    pub answer: String,
    /// The user fragment by which the browser's first packets name the session.
    pub fragment: String,
}

/// Read a publisher's offer and answer it.
pub(crate) fn agree(offer: &str, net: &Net, cert: DtlsCert, kbps: (u32, u32)) -> Result<Agreed, Error> {
    let config = config(cert)
        .set_stats_interval(Some(Duration::from_secs(1)))
        .set_rtcp_report_interval_video(Duration::from_secs(1));
    let agreed = answer(offer, net, config)?;
    Ok(Agreed { answer: tune(&agreed.answer, kbps), ..agreed })
}

/// Read a viewer's offer and answer it. Of all extensions only the one that tells picture from sound is
/// agreed on: the others would have the viewer report on every packet.
pub(crate) fn agree_to_show(offer: &str, net: &Net, cert: DtlsCert) -> Result<Agreed, Error> {
    if offer.matches("\nm=").count() > MAX_MEDIA {
        return Err(Error::BrokenOffer { reason: format!("it has more than {MAX_MEDIA} media") });
    }
    let config = config(cert).clear_extension_map().set_extension(4, Extension::RtpMid).set_rtp_mode(true);
    let agreed = answer(offer, net, config)?;
    let agreed = Agreed { answer: bind(&agreed.answer), ..agreed };
    let sends = |line: &str| matches!(line, "a=sendrecv" | "a=recvonly");
    if agreed.answer.lines().any(sends) || !agreed.answer.contains("a=sendonly") {
        return Err(Error::BrokenOffer { reason: "a viewer receives, and does nothing else".into() });
    }
    Ok(agreed)
}

fn answer(offer: &str, net: &Net, config: RtcConfig) -> Result<Agreed, Error> {
    let broken = |reason: String| Error::BrokenOffer { reason };
    if offer.len() > MAX_OFFER {
        return Err(broken(format!("it is larger than {MAX_OFFER} bytes")));
    }
    if !offer.contains("m=video") || !offer.to_ascii_lowercase().contains("h264") {
        // Ask the parser first: nonsense is not a missing camera.
        SdpOffer::from_sdp_string(offer).map_err(|e| broken(e.to_string()))?;
        return Err(Error::NoVideo);
    }
    let mut rtc = config.build(Instant::now());
    for candidate in net.candidates() {
        rtc.add_local_candidate(candidate.map_err(|e| broken(e.to_string()))?);
    }
    let offer = SdpOffer::from_sdp_string(offer).map_err(|e| broken(e.to_string()))?;
    let answer = rtc.sdp_api().accept_offer(offer).map_err(|e| broken(e.to_string()))?.to_sdp_string();
    if !answer.contains("profile-level-id") {
        return Err(Error::NoVideo);
    }
    let fragment = rtc.direct_api().local_ice_credentials().ufrag;
    Ok(Agreed { rtc, answer, fragment })
}

/// What is done with an offer before anybody is let in, for fuzzing.
#[cfg(fuzzing)]
pub(crate) fn read(offer: &str) {
    static CERT: std::sync::OnceLock<DtlsCert> = std::sync::OnceLock::new();
    let cert = CERT.get_or_init(|| {
        let crypto = str0m::crypto::from_feature_flags();
        let cert = crypto.dtls_provider.generate_certificate().expect("there is a provider");
        crypto.install_process_default();
        cert
    });
    if offer.len() > MAX_OFFER {
        return;
    }
    let Ok(offer) = SdpOffer::from_sdp_string(offer) else { return };
    let mut rtc = config(cert.clone()).build(Instant::now());
    if let Ok(answer) = rtc.sdp_api().accept_offer(offer) {
        tune(&answer.to_sdp_string(), (2500, 3000));
    }
}

fn config(cert: DtlsCert) -> RtcConfig {
    let mut config =
        RtcConfig::new().clear_codecs().enable_opus(true, false).set_ice_lite(true).set_dtls_cert(cert);
    for (payload, retransmit, profile) in H264 {
        config.codec_config().add_h264(payload.into(), Some(retransmit.into()), true, profile);
    }
    config
}

/// Hints only an answer can carry. Chromium starts its encoder at the rate it finds behind H.264, and sends
/// its microphone in stereo only when asked; others skip what they do not know.
fn tune(answer: &str, (start_kbps, max_kbps): (u32, u32)) -> String {
    let opus = payload_of(answer, "opus/48000");
    let mut out = String::with_capacity(answer.len() + 512);
    for line in answer.lines() {
        out.push_str(line);
        if let Some(rest) = line.strip_prefix("a=fmtp:") {
            if rest.contains("profile-level-id") {
                out.push_str(&format!(
                    ";x-google-start-bitrate={start_kbps};x-google-min-bitrate={MIN_KBPS};x-google-max-bitrate={max_kbps}"
                ));
            } else if opus.is_some() && rest.split(' ').next() == opus && !rest.contains("stereo=") {
                out.push_str(";stereo=1");
            }
        }
        out.push_str("\r\n");
    }
    out
}

/// Picture and sound as tracks of one stream: browsers keep no others in step.
fn bind(answer: &str) -> String {
    let mut out = String::with_capacity(answer.len() + 64);
    for line in answer.lines() {
        match line.split_once("msid:") {
            Some((start, names)) if start == "a=" || start.starts_with("a=ssrc:") => {
                let track = names.split(' ').next_back().unwrap_or_default();
                out.push_str(&format!("{start}msid:show {track}"));
            }
            _ => out.push_str(line),
        }
        out.push_str("\r\n");
    }
    out
}

fn payload_of<'a>(answer: &'a str, codec: &str) -> Option<&'a str> {
    let line = answer.lines().find(|line| line.starts_with("a=rtpmap:") && line.contains(codec))?;
    line.strip_prefix("a=rtpmap:")?.split(' ').next()
}

/// Whether a payload is a picture.
pub(crate) fn is_video(codec: Codec) -> bool {
    codec == Codec::H264
}
