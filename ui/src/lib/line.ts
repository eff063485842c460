// A socket that listens and comes back: 1 s … 15 s with jitter, at once when the phone is online again.
import { Backoff } from "./backoff";

/** The server asks to sign in again. */
const SIGN_IN = 4401;

/** Every frame is one JSON object with a type; who listens ignores types it does not know. */
export interface Frame {
  type: string;
  [field: string]: unknown;
}

/** Opens `path` and hands over frames until `stop`. `state` hears "open", "lost", and "left" whenever a connection is let go. */
export function listen(path: string, hear: (frame: Frame) => void, state: (is: "open" | "lost" | "left") => void, stop: AbortSignal): void {
  const backoff = new Backoff(1_000, 15_000);
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = (): void => {
    clearTimeout(timer);
    if (stop.aborted || socket) return;
    socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
    socket.onmessage = ({ data }) => {
      backoff.reset();
      state("open");
      try {
        const frame = JSON.parse(data) as Frame;
        // We read too slowly and missed something: the hello of a new connection is the truth.
        if (frame.type === "resync") leave();
        else hear(frame);
      } catch (problem) {
        console.warn(problem); // One odd frame must not end the evening.
      }
    };
    socket.onclose = ({ code }) => {
      if (code === SIGN_IN) return location.reload();
      state("lost");
      leave();
    };
  };
  /** Lets go without waiting for a polite goodbye, and comes back a little later. */
  const leave = (): void => {
    if (socket) socket.onmessage = socket.onclose = null;
    socket?.close();
    socket = undefined;
    state("left");
    clearTimeout(timer);
    if (!stop.aborted) timer = setTimeout(open, backoff.next());
  };
  addEventListener("online", open, { signal: stop } as AddEventListenerOptions);
  stop.addEventListener("abort", leave);
  open();
}
