// Watching by WebRTC (WHEP): a quarter of a second behind, for the first few viewers and as long as their line is good.
// Whoever calls this goes on by the chain when it resolves.
import type { Clock } from "./clock";

/** So long may the first picture take, and so long may it stand still, before the chain is the better choice. */
const PATIENCE_MS = 1_500;
const LOOK_MS = 250;
/** Of a second's packets this share may be lost; nothing here makes the picture smaller for a thin line. */
const MAX_LOST = 0.1;
/** Too few packets to judge a line by. */
const FEW = 500;
/** Statistics count from 1900. */
const FROM_1900_MS = 2_208_988_800_000;

/** What the browser says of the incoming picture. */
export interface Came {
  packetsReceived: number;
  packetsLost: number;
  estimatedPlayoutTimestamp?: number;
}

/** Shows `url`'s picture until it breaks, is refused or `stop`; `shown` is called at the first picture. */
export async function watch(video: HTMLVideoElement, url: string, stop: AbortSignal, shown: (clock: Clock) => void): Promise<void> {
  const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const media = new MediaStream();
  let session = "";
  const leave = (): void => void (session && fetch(session, { method: "DELETE", keepalive: true }).catch(() => {}));
  addEventListener("pagehide", leave);
  try {
    const begun = performance.now();
    const { receiver } = peer.addTransceiver("video", { direction: "recvonly" });
    peer.addTransceiver("audio", { direction: "recvonly" });
    peer.addEventListener("track", ({ track }) => media.addTrack(track));
    await peer.setLocalDescription();
    // Without the word in our offer Chromium plays one channel.
    const sdp = peer.localDescription!.sdp.replace("useinbandfec=1", "useinbandfec=1;stereo=1");
    const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]);
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/sdp" }, body: sdp, signal });
    if (!answer.ok) return;
    session = new URL(answer.headers.get("location") ?? url, new URL(url, location.href)).href;
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    video.srcObject = media;
    void video.play().catch(() => {});
    await whileItComes(peer, video, receiver, begun, stop, shown);
  } catch {
    // Refused, unreachable or unknown to this browser: the chain says what is the matter.
  } finally {
    removeEventListener("pagehide", leave);
    leave();
    peer.close();
    video.srcObject = null;
  }
}

async function whileItComes(
  peer: RTCPeerConnection,
  video: HTMLVideoElement,
  receiver: RTCRtpReceiver,
  begun: number,
  stop: AbortSignal,
  shown: (clock: Clock) => void,
): Promise<void> {
  let [moved, told, at_ms, looked] = [begun, false, null as number | null, begun];
  const line = new Line();
  // The server's goodbye shows in the transport alone; the connection calls itself connected for a long while.
  const over = (): boolean => [peer.connectionState, receiver.transport?.state].some((state) => state === "failed" || state === "closed");
  while (!stop.aborted && !over()) {
    await new Promise((later) => setTimeout(later, LOOK_MS));
    const came = await report(receiver);
    const now = performance.now();
    if (came?.estimatedPlayoutTimestamp) [at_ms, looked] = [came.estimatedPlayoutTimestamp - FROM_1900_MS, now];
    if (came && line.moves(came)) moved = now;
    if (!told && video.readyState >= 2 && video.videoWidth > 0) {
      told = true;
      shown(() => (at_ms === null ? null : at_ms + performance.now() - looked));
    }
    if (line.bad || now - (told ? moved : begun) > PATIENCE_MS) return;
  }
}

async function report(receiver: RTCRtpReceiver): Promise<Came | undefined> {
  for (const said of (await receiver.getStats()).values()) if (said.type === "inbound-rtp") return said as Came;
  return undefined;
}

/** Whether packets come, and whether too many are missing. */
export class Line {
  private before: Came = { packetsReceived: 0, packetsLost: 0 };
  private judged: Came = this.before;
  bad = false;

  /** Takes the newest counts; true when something came since. */
  moves(came: Came): boolean {
    const moves = came.packetsReceived > this.before.packetsReceived;
    this.before = came;
    const [here, lost] = [came.packetsReceived - this.judged.packetsReceived, came.packetsLost - this.judged.packetsLost];
    if (here + lost > FEW) {
      this.bad ||= lost / (here + lost) > MAX_LOST;
      this.judged = came;
    }
    return moves;
  }
}
