// One WHIP session: offer, answer, stats, end. Who owns it decides when to make the next one.
import type { Sent } from "./light";

/** Baseline with packetisation mode 1 decodes everywhere; then what phones encode in hardware. */
const ORDER = ["42e01f", "42001f", "4d", "64"];
/** From this ceiling on a small picture goes along, for viewers on thin lines. */
const TWO_FROM = 900_000;
const LOW_BITS = 350_000;
/** 360 lines of 720. */
const LOW_SCALE = 2;
/** Two encoders at once are too much for a phone with fewer cores. */
const TWO_CORES = 4;

/** The server said no: with a sentence for the person. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** A connected publisher. */
export class Whip {
  private session: string | undefined;
  private before = { bytes: 0, sent: 0, lost: 0, at: 0 };

  private constructor(
    private readonly peer: RTCPeerConnection,
    private readonly video: RTCRtpSender,
    private readonly audio: RTCRtpSender,
    private readonly key: string,
  ) {}

  /** Sends the stream's tracks to `url`; `gone` is called once when the connection fails. */
  static async open(url: string, key: string, stream: MediaStream, bits: number, gone: () => void): Promise<Whip> {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const camera = peer.addTransceiver(stream.getVideoTracks()[0]!, {
      direction: "sendonly",
      streams: [stream],
      sendEncodings: encodings(bits),
    });
    const voice = peer.addTransceiver(stream.getAudioTracks()[0]!, { direction: "sendonly", streams: [stream] });
    prefer(camera);
    const whip = new Whip(peer, camera.sender, voice.sender, key);
    try {
      // Keep the size: every change of it is a new initialisation for every viewer.
      const settings = camera.sender.getParameters();
      settings.degradationPreference = "maintain-resolution";
      await camera.sender.setParameters(settings).catch(() => {});
      await peer.setLocalDescription(await peer.createOffer());
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/sdp", authorization: `Bearer ${key}` },
        body: peer.localDescription!.sdp,
      });
      const text = await answer.text();
      if (!answer.ok) throw new Refused(answer.status, detail(text));
      whip.session = new URL(answer.headers.get("location") ?? url, new URL(url, location.href)).href;
      await peer.setRemoteDescription({ type: "answer", sdp: text });
      await connected(peer);
    } catch (problem) {
      whip.close();
      throw problem;
    }
    let patience: ReturnType<typeof setTimeout> | undefined;
    peer.onconnectionstatechange = () => {
      clearTimeout(patience);
      if (peer.connectionState === "failed") gone();
      // "disconnected" often heals by itself within a moment.
      else if (peer.connectionState === "disconnected") patience = setTimeout(gone, 3_000);
    };
    return whip;
  }

  replace(track: MediaStreamTrack): Promise<void> {
    return (track.kind === "video" ? this.video : this.audio).replaceTrack(track);
  }

  /** Sends a smaller picture when the line carries no more; by 0, none. */
  async shrink(by: number): Promise<void> {
    const settings = this.video.getParameters();
    for (const encoding of settings.encodings) {
      encoding.active = by > 0;
      if (by) encoding.scaleResolutionDownBy = encoding.rid === "l" ? by * LOW_SCALE : by;
    }
    await this.video.setParameters(settings).catch(() => {});
  }

  /** What left since the last call; null the first time. */
  async sent(): Promise<Sent | null> {
    const now = { bytes: 0, sent: 0, lost: 0, at: performance.now() };
    let room_kbps = 0;
    (await this.peer.getStats()).forEach((report) => {
      if (report.type === "outbound-rtp") {
        now.bytes += report.bytesSent;
        now.sent += report.packetsSent;
      } else if (report.type === "remote-inbound-rtp") now.lost += report.packetsLost;
      else if (report.type === "candidate-pair" && report.nominated) room_kbps = (report.availableOutgoingBitrate ?? 0) / 1000;
    });
    const before = this.before;
    this.before = now;
    if (!before.at) return null;
    const packets = now.sent - before.sent;
    return {
      kbps: ((now.bytes - before.bytes) * 8) / (now.at - before.at),
      loss: packets > 0 ? Math.max(0, now.lost - before.lost) / packets : 0,
      room_kbps,
    };
  }

  /** Tells the server and lets go; also works while the page is leaving. */
  close(): void {
    this.peer.onconnectionstatechange = null;
    this.peer.close();
    if (this.session) void fetch(this.session, { method: "DELETE", keepalive: true, headers: { authorization: `Bearer ${this.key}` } }).catch(() => {});
    this.session = undefined;
  }
}

/** One picture, or a small one with it: browsers count them upwards, and ignore those they cannot send. */
function encodings(bits: number): RTCRtpEncodingParameters[] {
  const high = { maxBitrate: bits, maxFramerate: 30 };
  if (bits < TWO_FROM || (navigator.hardwareConcurrency ?? 0) < TWO_CORES) return [high];
  return [
    { rid: "l", maxBitrate: LOW_BITS, maxFramerate: 30, scaleResolutionDownBy: LOW_SCALE },
    { rid: "h", ...high },
  ];
}

function prefer(camera: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities?.("video")?.codecs;
  if (!codecs || !camera.setCodecPreferences) return;
  const rank = (line = ""): number => ORDER.findIndex((profile) => line.includes(`profile-level-id=${profile}`));
  const h264 = codecs.filter((codec) => codec.mimeType === "video/H264" && /packetization-mode=1/.test(codec.sdpFmtpLine ?? "") && rank(codec.sdpFmtpLine) >= 0);
  h264.sort((a, b) => rank(a.sdpFmtpLine) - rank(b.sdpFmtpLine));
  if (h264.length) camera.setCodecPreferences([...h264, ...codecs.filter((codec) => codec.mimeType === "video/rtx")]);
}

function connected(peer: RTCPeerConnection): Promise<void> {
  return new Promise((ok, no) => {
    const timer = setTimeout(() => no(new Error("no connection")), 10_000);
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === "connected") ok();
      else if (peer.connectionState === "failed") no(new Error("failed"));
      else return;
      clearTimeout(timer);
    };
  });
}

function detail(text: string): string {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string };
    return [problem.title, problem.detail].filter(Boolean).join(". ");
  } catch {
    return "";
  }
}
