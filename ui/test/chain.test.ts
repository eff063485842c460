import { describe, expect, it } from "vitest";
import { type Join, ride, type Sink } from "../src/lib/chain";

const JOIN: Join = { codecs: "avc1.42e01f,mp4a.40.2", init: 1, first: 7, next: 10, part_ms: 200, segment_ms: 2000, epoch_ms: 0, width: 640, height: 360, state: "live" };

/** An origin in a function: `answer` per path; what was asked is written down. */
function origin(answer: (path: string, count: number) => Response | Error): { get: typeof fetch; asked: string[] } {
  const asked: string[] = [];
  const get = (async (url: RequestInfo | URL, options?: RequestInit) => {
    const path = String(url).slice("/m/".length);
    asked.push(path);
    const given = answer(path, asked.filter((one) => one === path).length);
    if (given instanceof Error) throw given;
    if (given.status === 299) return new Promise<Response>((_, no) => options!.signal!.addEventListener("abort", () => no(new DOMException("", "AbortError"))));
    return given;
  }) as typeof fetch;
  return { get, asked };
}
const json = (join: Partial<Join>): Response => new Response(JSON.stringify({ ...JOIN, ...join }));
const part = (init: number): Response => new Response(new Uint8Array(4), { headers: { "x-init": String(init) } });
const held = (): Response => new Response(null, { status: 299 });

/** Notes what arrives; stops the ride when `enough` says so. */
function sink(stop: AbortController, enough: (parts: number) => boolean): Sink & { log: string[] } {
  const log: string[] = [];
  let parts = 0;
  return {
    log,
    open: async (join) => void log.push(`open ${join.next}`),
    append: async (_, what) => {
      log.push(what);
      if (what !== "init" && enough(++parts)) stop.abort();
    },
    state: (state) => void (log[log.length - 1] === state || log.push(state)),
  };
}
const media = (into: { log: string[] }): string[] => into.log.filter((line) => line !== "live");

describe("the chain", () => {
  it("takes all that came before in one body, then one held part after another", async () => {
    const stop = new AbortController();
    const { get, asked } = origin((path) => (path === "join" ? json({}) : path === "n12.m4s" ? held() : part(1)));
    const into = sink(stop, (parts) => parts === 3);
    expect(await ride("/m", into, stop.signal, null, get)).toBe(true);
    expect(media(into)).toEqual(["open 10", "before", "held", "held"]);
    expect(asked).toEqual(["join", "h10.mp4", "n10.m4s", "n11.m4s", "n12.m4s"]);
  });

  it("begins with the join that the page brought, and asks again when that is too old", async () => {
    const stop = new AbortController();
    const { get, asked } = origin((path) => (path === "join" ? json({ next: 20 }) : path === "h10.mp4" ? new Response(null, { status: 404 }) : part(1)));
    const into = sink(stop, (parts) => parts === 1);
    expect(await ride("/m", into, stop.signal, JOIN, get)).toBe(true);
    expect(asked.filter((path) => !path.startsWith("n"))).toEqual(["h10.mp4", "join", "h20.mp4"]);
    expect(media(into)).toEqual(["open 10", "open 20", "before"]);
  });

  it("goes on with the other picture from its key picture when it is told to, and back", async () => {
    const stop = new AbortController();
    const { get, asked } = origin((path) => (path === "join" ? json({}) : part(path.includes("l") ? 5 : 1)));
    const into = sink(stop, (parts) => parts === 8);
    const turns = [null, { layer: "l" as const, next: 30 }, null, { layer: "" as const, next: 40 }];
    into.turn = async () => turns.shift() ?? null;
    expect(await ride("/m", into, stop.signal, null, get)).toBe(true);
    expect(asked.slice(0, 10)).toEqual(["join", "h10.mp4", "n10.m4s", "n11.m4s", "lh30.mp4", "ln30.m4s", "ln31.m4s", "h40.mp4", "n40.m4s", "n41.m4s"]);
    expect(media(into)).toEqual(["open 10", "before", "held", "held", "before", "held", "held", "before", "held"]);
  });

  it("asks only one part beyond the newest", async () => {
    const stop = new AbortController();
    const { get, asked } = origin((path) => (path === "join" ? json({}) : path.startsWith("h") ? part(1) : held()));
    await ride("/m", sink(stop, (parts) => parts === 1), stop.signal, null, get);
    expect(asked.filter((path) => path.startsWith("n"))).toEqual(["n10.m4s"]);
  });

  it("asks for several at once after a late one, in order, and for none of them after a turn", async () => {
    const stop = new AbortController();
    const late = (): Promise<void> => new Promise((done) => setTimeout(done, JOIN.part_ms + 150));
    const dropped: string[] = [];
    const { get, asked } = origin((path) => (path === "join" ? json({}) : Number(path.slice(1, 3)) > 13 && !path.includes("l") && path !== "n30.m4s" ? held() : part(1)));
    const slow = (async (url: RequestInfo | URL, options?: RequestInit) => {
      if (String(url).endsWith("/n11.m4s")) await late();
      options?.signal?.addEventListener("abort", () => dropped.push(String(url).slice("/m/".length)));
      return get(url, options);
    }) as typeof fetch;
    const into = sink(stop, (parts) => parts === 6);
    let turns = 0;
    into.turn = async () => (++turns === 4 ? { layer: "l" as const, next: 30 } : null);
    expect(await ride("/m", into, stop.signal, null, slow)).toBe(true);
    // n11 was late: with n12, n13 and n14 are asked for as well; then the turn drops what still waits.
    expect(asked.slice(0, 7)).toEqual(["join", "h10.mp4", "n10.m4s", "n11.m4s", "n12.m4s", "n13.m4s", "n14.m4s"]);
    expect(dropped).toEqual(expect.arrayContaining(["n14.m4s", "n15.m4s"]));
    expect(asked).toContain("lh30.mp4");
    expect(media(into).slice(0, 7)).toEqual(["open 10", "before", "held", "held", "held", "held", "before"]);
  });

  it("asks once more, past the cache, for a part that a later one has overtaken", async () => {
    const stop = new AbortController();
    const past: string[] = [];
    const { get, asked } = origin((path, count) => (path === "join" ? json({}) : path === "n12.m4s" && count === 1 ? held() : Number(path.slice(1, 3)) > 14 ? held() : part(1)));
    const slow = (async (url: RequestInfo | URL, options?: RequestInit) => {
      if (String(url).endsWith("/n11.m4s")) await new Promise((done) => setTimeout(done, JOIN.part_ms + 150));
      if (options?.cache === "no-store") past.push(String(url));
      return get(url, options);
    }) as typeof fetch;
    const into = sink(stop, (parts) => parts === 6);
    expect(await ride("/m", into, stop.signal, null, slow)).toBe(true);
    expect(past).toEqual(["/m/n12.m4s"]);
    expect(asked.filter((path) => path === "n12.m4s").length).toBe(2);
    expect(media(into)).toEqual(["open 10", "before", "held", "held", "held", "held", "held"]);
  });

  it("appends a new init before the part that needs it", async () => {
    const stop = new AbortController();
    const { get } = origin((path) => (path === "join" ? json({}) : part(path === "n11.m4s" ? 2 : 1)));
    const into = sink(stop, (parts) => parts === 3);
    await ride("/m", into, stop.signal, null, get);
    expect(media(into)).toEqual(["open 10", "before", "held", "init", "held"]);
  });

  it("asks once more after a hiccup, and joins anew when a part is gone", async () => {
    const stop = new AbortController();
    const { get, asked } = origin((path, count) => {
      if (path === "join") return json({ next: count === 1 ? 8 : 21 });
      if (path === "n8.m4s" && count === 1) return new Error("hiccup");
      return path === "n9.m4s" ? new Response(null, { status: 404 }) : part(1);
    });
    const into = sink(stop, (parts) => parts === 3);
    await ride("/m", into, stop.signal, null, get);
    expect(into.log.filter((line) => line.startsWith("open"))).toEqual(["open 8", "open 21"]);
    expect(asked.filter((path) => path === "n8.m4s").length).toBe(2);
  });

  it("says waiting while the seller is away and ended when the show is over", async () => {
    const stop = new AbortController();
    const { get } = origin((_, count) => json({ state: count === 1 ? "waiting" : "ended" }));
    const into = sink(stop, () => false);
    expect(await ride("/m", into, stop.signal, null, get)).toBe(true);
    expect(into.log).toEqual(["waiting", "ended"]);
  });

  it("gives up after three failures without a part between", async () => {
    const { get, asked } = origin(() => new Response(null, { status: 503 }));
    expect(await ride("/m", sink(new AbortController(), () => false), new AbortController().signal, null, get)).toBe(false);
    expect(asked).toEqual(["join", "join", "join"]);
  });
});
