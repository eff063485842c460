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
/** From the server's newest frame to the one on screen: the network, the jitter buffer, the decoder. */
const LAG_MS = 80;
/** A line that WebRTC does not get through is not tried again in this tab. */
const SHUT = "whep-shut";

/** What the browser says of the incoming picture. */
export interface Came {
  packetsReceived: number;
  packetsLost: number;
}

/** Shows `url`'s picture until it breaks, is refused or `stop`; `shown` is called at the first picture. */
export async function watch(video: HTMLVideoElement, url: string, stop: AbortSignal, shown: (clock: Clock) => void): Promise<void> {
  if (sessionStorage.getItem(SHUT)) return;
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
    // The server's media clock as it answered; from there on ours counts.
    const [now_ms, answered] = [Number(answer.headers.get("x-now")), performance.now()];
    const clock: Clock = () => now_ms + performance.now() - answered - LAG_MS;
    const came = await whileItComes(peer, video, receiver, begun, stop, () => shown(clock));
    if (!came && !stop.aborted) sessionStorage.setItem(SHUT, "1");
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
  shown: () => void,
): Promise<boolean> {
  let [moved, told] = [begun, false];
  const line = new Line();
  // The server's goodbye shows in the transport alone; the connection calls itself connected for a long while.
  const over = (): boolean => [peer.connectionState, receiver.transport?.state].some((state) => state === "failed" || state === "closed");
  while (!stop.aborted && !over()) {
    await new Promise((later) => setTimeout(later, LOOK_MS));
    const came = await report(receiver);
    const now = performance.now();
    if (came && line.moves(came)) moved = now;
    if (!told && video.readyState >= 2 && video.videoWidth > 0) {
      told = true;
      shown();
    }
    if (line.bad || now - (told ? moved : begun) > PATIENCE_MS) break;
  }
  return told;
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
