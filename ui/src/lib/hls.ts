// The other ways to play: hls.js for replays and for browsers that the chain does not suit, the browser's own HLS last.
import Hls from "hls.js/light";
import type { Clock } from "./clock";

/** Tries to mend a broken stream before giving up. */
const MENDS = 5;

/** A playlist that plays: its clock, and where on the video's own time a moment of that clock lies (null: nowhere). */
export interface Playing {
  clock: Clock;
  place(at_ms: number): number | null;
}

/** Plays a playlist; null when nothing here can play it. */
export async function playHls(video: HTMLVideoElement, url: string, live: boolean, stop: AbortSignal, failed: () => void): Promise<Playing | null> {
  // canPlayType lies: Chrome answers "maybe" and then fails on live playlists. So hls.js is asked first.
  if (!Hls.isSupported()) return native(video, url);
  const hls = new Hls({
    lowLatencyMode: live,
    // Live, the browser itself makes room: when hls.js 1.7 takes old pictures away while a part is being appended, it takes
    // the segment under way for lost, and waits until its parts have left the playlist: eight seconds.
    backBufferLength: live ? Infinity : 60,
    liveSyncOnStallIncrease: 0.1,
    // The player's own pace keeps the distance: hls.js hurries only while a whole second is buffered.
    maxLiveSyncPlaybackRate: 1,
    // Begin with the large picture; a thin line is noticed soon enough.
    abrEwmaDefaultEstimate: 6_000_000,
    // Half the usual memory: with so little buffered, an old idea of the line is a stall.
    abrEwmaFastLive: 1,
    abrEwmaSlowLive: 4,
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
  return {
    clock: () => hls.playingDate?.getTime() ?? null,
    place: (at_ms) => placeIn(hls.latestLevelDetails?.fragments ?? [], at_ms),
  };
}

/** A fragment as far as its time is concerned. */
export interface Dated {
  start: number;
  duration: number;
  programDateTime: number | null;
}

/** A show that was interrupted has holes in its clock and none in its video: a moment in a hole is where it goes on. */
export function placeIn(fragments: readonly Dated[], at_ms: number): number | null {
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null) continue;
    if (at_ms < programDateTime + duration * 1000) return start + Math.max(0, at_ms - programDateTime) / 1000;
  }
  return null;
}

function native(video: HTMLVideoElement, url: string): Playing | null {
  if (!video.canPlayType("application/vnd.apple.mpegurl")) return null;
  video.src = url;
  const dated = video as HTMLVideoElement & { getStartDate?: () => Date };
  const from = (): number | null => dated.getStartDate?.().getTime() || null;
  return {
    clock: () => (from() === null ? null : from()! + video.currentTime * 1000),
    place: (at_ms) => (from() === null ? null : Math.max(0, at_ms - from()!) / 1000),
  };
}
