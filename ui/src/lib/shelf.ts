// A bounded MediaSource: appends one after another, forgets the past, says plainly when the browser cannot.
import { type Join, Unplayable } from "./chain";
import { ranges, stale } from "./ranges";

/** Seconds of the past that stay; with twice that held, the rest goes. */
const KEEP = 8;
/** How long a browser may take to open a MediaSource before we call it broken. */
const OPEN_MS = 5_000;

declare global {
  interface Window {
    ManagedMediaSource?: typeof MediaSource;
  }
}

/** Whether this browser has any kind of MediaSource. */
export const hasMediaSource = "ManagedMediaSource" in window || "MediaSource" in window;

/** One MediaSource with one muxed buffer under a video. */
export class Shelf {
  private buffer: SourceBuffer | undefined;
  private source: MediaSource | undefined;
  private codecs = "";

  constructor(private readonly video: HTMLVideoElement) {}

  /** Opens for these codecs; a second call with others changes the type, a broken source is replaced. */
  async open(join: Join): Promise<void> {
    const kind = `video/mp4; codecs="${join.codecs}"`;
    const Source = window.ManagedMediaSource ?? window.MediaSource;
    if (!Source?.isTypeSupported(kind)) throw new Unplayable(kind);
    if (this.buffer && this.source?.readyState === "open" && !this.video.error) {
      if (this.codecs !== kind) this.buffer.changeType(kind);
      this.codecs = kind;
      return;
    }
    this.close();
    const source = (this.source = new Source());
    const opened = new Promise<void>((ok, no) => {
      source.addEventListener("sourceopen", () => ok(), { once: true });
      setTimeout(() => no(new Error("MediaSource does not open")), OPEN_MS);
    });
    this.video.disableRemotePlayback = true;
    this.video.src = URL.createObjectURL(source);
    await opened;
    URL.revokeObjectURL(this.video.src);
    this.buffer = source.addSourceBuffer(kind);
    this.codecs = kind;
  }

  /** Appends; a full buffer is emptied behind the picture and tried once more. */
  async append(bytes: ArrayBuffer): Promise<void> {
    await this.forget(KEEP);
    try {
      await this.work((buffer) => buffer.appendBuffer(bytes));
    } catch (problem) {
      if ((problem as DOMException).name !== "QuotaExceededError") throw problem;
      await this.forget(1);
      await this.work((buffer) => buffer.appendBuffer(bytes));
    }
  }

  /** Nothing more will come. */
  finish(): void {
    if (this.source?.readyState === "open" && !this.buffer?.updating) this.source.endOfStream();
  }

  close(): void {
    this.buffer = undefined;
    this.source = undefined;
    if (!this.video.src) return;
    this.video.removeAttribute("src");
    this.video.load();
  }

  private async forget(keep: number): Promise<void> {
    const until = this.buffer && stale(ranges(this.buffer.buffered), this.video.currentTime, keep);
    if (until) await this.work((buffer) => buffer.remove(0, until));
  }

  private work(act: (buffer: SourceBuffer) => void): Promise<void> {
    const buffer = this.buffer;
    return new Promise((ok, no) => {
      if (!buffer || this.source?.readyState !== "open") return no(new Error("closed"));
      buffer.onupdateend = () => ok();
      buffer.onerror = () => no(new Error("not appended"));
      act(buffer);
    });
  }
}
