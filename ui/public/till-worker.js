// Keeps the till's page and what it is made of, so that it opens while the line is down. Nothing else of a seller's pages is
// kept, and what the server refuses (signed out, no longer of this store) is forgotten at once.
const KEEP = "dangol-till-1";
/** So long may the line think before the kept page is shown instead. */
const PATIENCE_MS = 4_000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("dangol-till-") && name !== KEEP).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

const isTill = (url) => /^\/sell\/[^/]+\/till$/.test(url.pathname);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && isTill(url)) event.respondWith(page(url, request));
  else if (url.pathname.startsWith("/assets/") || url.pathname.startsWith("/photos/")) event.respondWith(piece(request));
});

/** The page as it is now; as it was, when the line is down or too slow. */
async function page(url, request) {
  const keep = await caches.open(KEEP);
  const name = url.origin + url.pathname;
  const kept = await keep.match(name);
  const now = fetch(request).then(async (answer) => {
    if (answer.ok && !answer.redirected) await keep.put(name, answer.clone());
    else if (answer.status >= 500) return kept ? kept.clone() : answer;
    else await keep.delete(name);
    return answer;
  });
  if (!kept) return now;
  const late = new Promise((done) => setTimeout(() => done(kept.clone()), PATIENCE_MS));
  return Promise.race([now.catch(() => kept.clone()), late]);
}

/** Scripts, styles and pictures of the till: their names change when they do. */
async function piece(request) {
  const keep = await caches.open(KEEP);
  const kept = await keep.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && answer.type === "basic") await keep.put(request, answer.clone());
  return answer;
}
