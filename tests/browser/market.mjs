/**
 * A throw-away market: the real program on a new folder and free ports, with the demo in it.
 *
 * `DANGOL` names the program; without it the debug build of this checkout runs. What the program says goes to a
 * file in test-results/, so that a failed journey can be read from both sides.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export const RESULTS = join(ROOT, "test-results");
/** A debug build on two busy cores draws and records the whole demo first. */
const READY_WITHIN_MS = 120_000;
const STOPS_WITHIN_MS = 25_000;

export const program = () =>
  process.env.DANGOL ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/dangol");

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function ready(url, child) {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`dangol ended at once with ${child.exitCode}; see test-results/`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`dangol was not ready after ${READY_WITHIN_MS / 1000} s`);
}

/** Starts a market on this address; `stop()` asks it to end politely, `kill()` does not ask, `restart()` starts again on the same data. */
export async function startMarket(name, { demo = true, more = [], host = "127.0.0.1" } = {}) {
  if (!existsSync(program())) throw new Error(`${program()} is not there; ./run test builds it`);
  mkdirSync(RESULTS, { recursive: true });
  const data = mkdtempSync(join(tmpdir(), "dangol-market-"));
  const port = await freePort();
  const base = `http://${host === "127.0.0.1" ? "localhost" : host}:${port}`;
  const log = createWriteStream(join(RESULTS, `${name}.server.log`));
  const market = { base, data, port };

  market.restart = async () => {
    const words = ["serve", ...(demo ? ["--demo"] : []), "--data", data, "--listen", `${host}:${port}`, ...more];
    market.child = spawn(program(), words, { stdio: ["ignore", "pipe", "pipe"], cwd: data });
    market.pid = market.child.pid;
    market.child.stdout.pipe(log, { end: false });
    market.child.stderr.pipe(log, { end: false });
    await ready(`${base}/health/ready`, market.child);
  };
  const end = async (signal) => {
    const { child } = market;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOPS_WITHIN_MS);
    await gone;
    clearTimeout(late);
  };
  market.kill = () => end("SIGKILL");
  market.stop = async () => {
    await end("SIGTERM");
    log.end();
    rmSync(data, { recursive: true, force: true });
  };
  await market.restart();
  return market;
}
