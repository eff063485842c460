// The other ways to play: hls.js for replays and for browsers that the chain does not suit, the browser's own HLS last.
import Hls from "hls.js/light";
import type { Clock } from "./clock";

/** Tries to mend a broken stream before giving up. */
const MENDS = 5;

/** Plays a playlist; answers its clock, or null when nothing here can play it. */
export async function playHls(video: HTMLVideoElement, url: string, live: boolean, stop: AbortSignal, failed: () => void): Promise<Clock | null> {
  // canPlayType lies: Chrome answers "maybe" and then fails on live playlists. So hls.js is asked first.
  if (!Hls.isSupported()) return native(video, url);
  const hls = new Hls({
    lowLatencyMode: live,
    backBufferLength: live ? 10 : 60,
    liveSyncOnStallIncrease: 0.1,
    // The player's own pace keeps the distance: hls.js hurries only while a whole second is buffered.
    maxLiveSyncPlaybackRate: 1,
    startPosition: live ? -1 : 0,
  });
  let mends = 0;
  hls.on(Hls.Events.FRAG_BUFFERED, () => (mends = 0));
  hls.on(Hls.Events.ERROR, (_, problem) => {
    if (!problem.fatal) return;
    if (mends++ === MENDS) failed();
    if (mends > MENDS) return;
    if (problem.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else setTimeout(() => (problem.details.startsWith("manifest") ? hls.loadSource(url) : hls.startLoad()), 400 * mends);
  });
  stop.addEventListener("abort", () => hls.destroy());
  hls.loadSource(url);
  hls.attachMedia(video);
  return () => hls.playingDate?.getTime() ?? null;
}

function native(video: HTMLVideoElement, url: string): Clock | null {
  if (!video.canPlayType("application/vnd.apple.mpegurl")) return null;
  video.src = url;
  const dated = video as HTMLVideoElement & { getStartDate?: () => Date };
  return () => {
    const from = dated.getStartDate?.().getTime();
    return from ? from + video.currentTime * 1000 : null;
  };
}
