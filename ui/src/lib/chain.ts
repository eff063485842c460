// The chain: media by one held GET per part, no playlist.
//
// `join` says where to begin; the page may bring it along. h{NEXT}.mp4 is all that came before, in one body. Then
// n{N}.m4s is asked while n{N-1} is being appended; the origin holds the request until the part exists, so it is there
// one round trip after it was made. On a line that was late a moment ago several parts are asked for at once: a packet
// that is lost then holds up one of them, and not all that follow. The header x-init names the initialisation the part needs. What goes wrong ends the
// ride; the loop joins again, and only three failures without one part give up.
import { Backoff, sleep } from "./backoff";
import type { Layer } from "./ease";

/** What `/media/{b}/join` answers. */
export interface Join {
  codecs: string;
  init: number;
  first: number;
  next: number;
  part_ms: number;
  segment_ms: number;
  epoch_ms: number;
  /** Where part `first` is on the video's own time. */
  first_ms?: number;
  width: number;
  height: number;
  state: "live" | "waiting" | "ended";
}

/** Where the media goes. */
export interface Sink {
  /** A join that will be played: open or re-open for its codecs. Throws when the browser cannot. */
  open(join: Join): Promise<void>;
  /** Appends in order; resolves when it is in the buffer. `held`: a part that was made just now. */
  append(bytes: ArrayBuffer, what: "before" | "init" | "held"): Promise<void>;
  /** Which of two pictures to go on with, asked with every part; null: the same. */
  turn?(layer: Layer, fetched: (file: string) => Promise<Got>): Promise<Turn | null>;
  /** live, waiting, ended, offline. */
  state(state: string): void;
}

/** Another picture, and its next part. */
export interface Turn {
  layer: Layer;
  next: number;
}

/** Failures in a row, without a part in between, after which another way of playing is tried. */
const GIVE_UP = 3;
/** A held request longer than this means the publisher or the line is gone: ask `join` which. */
const PATIENCE_MS = 5_000;
/** A part that comes this much after its time was held up on the line… */
const LATE_MS = 80;
/** …and for so many parts, this many are asked for at once. */
const WARY = 150;
const DEEP = 3;
/** A part that a later one has overtaken for so long hangs on a lost packet: it is asked for once more. */
const HANGS_MS = 100;
/** How often `join` is asked while the publisher is away. */
const WAITING_MS = 1_000;

/**
 * Rides until the broadcast ends (resolves true), it gives up (false) or `stop` says so. `brought` is a join that the
 * page was written with: it saves the first question.
 */
export async function ride(base: string, sink: Sink, stop: AbortSignal, brought: Join | null = null, get: typeof fetch = fetch): Promise<boolean> {
  const backoff = new Backoff(250, 8_000);
  while (!stop.aborted) {
    try {
      const join = brought ?? (await ask(base, stop, get));
      brought = null;
      if (join.state === "ended") return ended(sink);
      if (join.state === "waiting") {
        backoff.reset();
        sink.state("waiting");
        await sleep(WAITING_MS, stop);
        continue;
      }
      await pump(base, join, sink, stop, get, () => backoff.reset());
    } catch (problem) {
      if (stop.aborted) break;
      if (problem instanceof Unplayable) return false;
      const online = globalThis.navigator?.onLine !== false;
      if (!online) sink.state("offline");
      if (online && backoff.count >= GIVE_UP - 1) return false;
      await sleep(backoff.next(), stop);
      if (!online) backoff.reset();
    }
  }
  return true;
}

/** Where the broadcast is now. */
async function ask(base: string, stop: AbortSignal, get: typeof fetch): Promise<Join> {
  const answer = await timed(get, `${base}/join`, stop);
  if (answer.status === 410) return { state: "ended" } as Join;
  if (!answer.ok) throw new Error(`join ${answer.status}`);
  return JSON.parse(new TextDecoder().decode(answer.bytes)) as Join;
}

/** The browser cannot play this at all; another try is useless. */
export class Unplayable extends Error {}

function ended(sink: Sink): boolean {
  sink.state("ended");
  return true;
}

/** One round from a join on. Returns when a part is gone after others came; throws when something failed. */
async function pump(base: string, join: Join, sink: Sink, stop: AbortSignal, get: typeof fetch, good: () => void): Promise<void> {
  const round = new AbortController();
  let wishes = new AbortController();
  const end = (): void => {
    round.abort();
    wishes.abort();
  };
  stop.addEventListener("abort", end);
  const fetched = (file: string, signal = round.signal, cache?: RequestCache): Promise<Got> => {
    const answer = timed(get, `${base}/${file}`, signal, cache);
    answer.catch(() => {}); // Awaited later, or dropped with the round.
    return answer;
  };
  let layer: Layer = "";
  let n = join.next;
  let [last, wary] = [0, 0];
  /** Parts from `n` on that are on their way. */
  const asked: Promise<Got>[] = [];
  const part = (at: number, cache?: RequestCache): Promise<Got> => fetched(`${layer}n${at}.m4s`, wishes.signal, cache);
  const more = (): void => {
    while (asked.length < (wary > 0 ? DEEP : 1)) asked.push(part(n + asked.length));
  };
  try {
    // On the way while the buffer opens.
    const before = fetched(`h${join.next}.mp4`);
    await sink.open(join);
    more();
    const caught = await before;
    if (!caught.ok) throw new Error(`catch-up ${caught.status}`);
    await sink.append(caught.bytes, "before");
    sink.state("live");
    let init = caught.init;
    let missed = false;
    while (!round.signal.aborted) {
      let open = true;
      // Past the browser's cache, where the second of two equal questions waits for the first.
      const again = asked[1]?.then(() => sleep(HANGS_MS, wishes.signal)).then(() => (open ? part(n, "no-store") : asked[0]!));
      const answer = await (again ? Promise.any([asked[0]!, again]) : asked[0]!).catch((problem: Error & Partial<AggregateError>) => {
        // Silence means the publisher or the line is gone; a hiccup is asked again at once, but only once.
        if ((problem.errors?.[0] ?? problem).name === "AbortError" || missed) throw problem;
        return null;
      });
      open = false;
      if (!answer || answer.status >= 500) {
        if (missed) throw new Error(`part ${answer?.status}`);
        missed = true;
        asked[0] = part(n);
        continue;
      }
      if (answer.status === 204) return; // Nothing more comes; `join` says why.
      if (!answer.ok) {
        // 404, 410: too old, or over. `join` knows, unless it has just sent us here.
        if (n === join.next) throw new Error(`part ${answer.status}`);
        return;
      }
      const now = performance.now();
      wary = last && now - last > join.part_ms + LATE_MS ? WARY : wary - 1;
      last = now;
      asked.shift();
      const turn: Turn | null = (await sink.turn?.(layer, fetched)) ?? null;
      const from = layer;
      n++;
      if (turn) {
        ({ layer, next: n } = turn);
        wishes.abort();
        wishes = new AbortController();
        asked.length = 0;
      }
      const caught = turn && fetched(`${layer}h${n}.mp4`);
      more();
      if (answer.init !== init) {
        const head = await fetched(`${from}i${answer.init}.mp4`);
        if (!head.ok) throw new Error(`init ${head.status}`);
        await sink.append(head.bytes, "init");
        init = answer.init;
      }
      await sink.append(answer.bytes, "held");
      if (caught) {
        const { ok, bytes, init: its } = await caught;
        if (!ok) throw new Error("turn");
        await sink.append(bytes, "before");
        init = its;
      }
      sink.state("live");
      missed = false;
      good();
    }
  } finally {
    stop.removeEventListener("abort", end);
    end();
  }
}

/** An answer with its body. */
export interface Got {
  ok: boolean;
  status: number;
  init: number;
  bytes: ArrayBuffer;
}

/**
 * A GET that ends when the signal stops or nothing came for too long. With the page's own credentials, though media
 * knows no cookies: only so it goes over the page's warm connection, and finds what the page preloaded.
 */
async function timed(get: typeof fetch, url: string, stop: AbortSignal, cache: RequestCache = "default"): Promise<Got> {
  const one = new AbortController();
  const end = (): void => one.abort();
  if (stop.aborted) end();
  stop.addEventListener("abort", end);
  const timer = setTimeout(end, PATIENCE_MS);
  try {
    const answer = await get(url, { signal: one.signal, cache });
    return { ok: answer.ok, status: answer.status, init: Number(answer.headers.get("x-init") ?? 0), bytes: await answer.arrayBuffer() };
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", end);
  }
}
