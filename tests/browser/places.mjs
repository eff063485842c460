/** Where things are in the demo market, found as a shopper finds them: by following links. */

async function links(market, path, pattern) {
  const answer = await fetch(market.base + path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  const html = await answer.text();
  return [...new Set([...html.matchAll(pattern)].map(([, link]) => link))];
}

/** The broadcast that is always on air in the demo. */
export async function onAir(market, within = 30_000) {
  const until = Date.now() + within;
  while (Date.now() < until) {
    for (const link of await links(market, "/live", /href="(\/live\/[\w-]+)"/g)) {
      const answer = await fetch(`${market.base}/media/${link.split("/").pop()}/join`);
      if (answer.ok && (await answer.json()).state === "live") return link.split("/").pop();
    }
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error("no broadcast is on air in the demo");
}

/** The four pages a shopper meets: name → path. */
export async function shopPages(market) {
  const [store] = await links(market, "/", /href="(\/stores\/[\w-]+)"/g);
  const [product] = await links(market, store, /href="(\/products\/[\w-]+)"/g);
  return { home: "/", store, product, live: `/live/${await onAir(market)}` };
}

/** Every public page there is one of: name → path. */
export async function publicPages(market) {
  const replays = await links(market, "/live", /href="(\/live\/[\w-]+)"/g);
  return {
    ...(await shopPages(market)), calendar: "/live", "another-live": replays.at(-1), cart: "/cart",
    "sign-in": "/sign-in", api: "/api",
  };
}
