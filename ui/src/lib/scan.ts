// Reading stripes and squares by the camera: the browser's own reader where it has one, and else a decoder that is fetched
// when somebody first asks for it.
import { obstacle } from "./camera";

/** What reads one picture of a camera; "" when there is nothing in it. */
type Reader = (video: HTMLVideoElement) => Promise<string>;

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
type DetectorKind = { new (wanted: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> };

const WANTED = ["qr_code", "ean_13", "ean_8", "upc_a", "upc_e", "code_128", "code_39", "itf"];
/** Looks in a second: more only warms the hand. */
const PAUSE_MS = 120;

async function reader(): Promise<Reader> {
  const kind = (globalThis as { BarcodeDetector?: DetectorKind }).BarcodeDetector;
  const formats = kind ? (await kind.getSupportedFormats().catch(() => [])).filter((one) => WANTED.includes(one)) : [];
  if (kind && formats.includes("qr_code")) {
    const detector = new kind({ formats });
    return async (video) => (await detector.detect(video).catch(() => []))[0]?.rawValue ?? "";
  }
  const { decoder } = await import("./zxing");
  return decoder();
}

/** Shows the camera in `video` and calls back with each thing it reads, once while it stays in view. Resolves to false when there is no camera. */
export async function scan(video: HTMLVideoElement, tell: (text: string) => void, stop: AbortSignal): Promise<boolean> {
  if (obstacle()) return false;
  const wanted = { video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false };
  const stream = await navigator.mediaDevices.getUserMedia(wanted).catch(() => undefined);
  if (!stream) return false;
  const end = (): void => {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
    video.hidden = true;
  };
  if (stop.aborted) return end(), true;
  stop.addEventListener("abort", end);
  video.srcObject = stream;
  video.hidden = false;
  await video.play().catch(() => undefined);
  const read = await reader();
  let last = "";
  let missed = 0;
  const look = async (): Promise<void> => {
    if (stop.aborted) return;
    const text = video.readyState >= 2 ? await read(video) : "";
    // Out of sight for a moment, the same thing counts anew.
    if (!text) missed += 1;
    if (missed > 5) last = "";
    if (text) {
      missed = 0;
      if (text !== last) tell((last = text));
    }
    setTimeout(() => void look(), PAUSE_MS);
  };
  void look();
  return true;
}
