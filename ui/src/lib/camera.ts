// Camera and microphone, and the reasons why there are none.

export type Facing = "user" | "environment";

/** 720p at 30 is what the house sends; the phone turns it upright by itself. */
export function wanted(facing: Facing): MediaTrackConstraints {
  return { facingMode: { ideal: facing }, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
}

export const VOICE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Browsers inside other apps refuse the camera; the words say to open Chrome. */
const IN_APP = /KAKAOTALK|NAVER\(inapp|Instagram|FBAN|FBAV| Line\//i;

/** A word for what stands in the way before asking, or "". */
export function obstacle(agent = navigator.userAgent): "" | "inapp" | "insecure" {
  if (IN_APP.test(agent)) return "inapp";
  return isSecureContext && navigator.mediaDevices ? "" : "insecure";
}

/** A word for why getUserMedia failed. */
export function refusal(problem: unknown): "denied" | "nocamera" | "taken" {
  const name = (problem as DOMException).name;
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "nocamera" : "taken";
}

/** The address that leaves the app: KakaoTalk has its own, Android has intents. */
export function outside(href: string, agent = navigator.userAgent): string {
  if (/KAKAOTALK/i.test(agent)) return `kakaotalk://web/openExternal?url=${encodeURIComponent(href)}`;
  return href.replace(/^https?:/, "intent:") + "#Intent;scheme=https;package=com.android.chrome;end";
}

/** No microphone in a room is as silent as this: it is switched off. */
const SWITCHED_OFF = 1e-5;

/** Calls back with the loudness of a stream, 0 to 1, and whether anything is heard at all, until the signal stops. */
export function loudness(stream: MediaStream, tell: (level: number, hears: boolean) => void, stop: AbortSignal): void {
  const audio = new AudioContext();
  const ear = audio.createAnalyser();
  ear.fftSize = 1024;
  audio.createMediaStreamSource(stream).connect(ear);
  const wave = new Float32Array(ear.fftSize);
  const wake = (): void => void audio.resume();
  document.addEventListener("pointerdown", wake);
  let shown = 0;
  const timer = setInterval(() => {
    ear.getFloatTimeDomainData(wave);
    const power = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
    // Speech is around −30 dB: the middle of the bar. It falls slower than it rises, as a needle would.
    const level = Math.max(0, Math.min(1, 1 + Math.log10(power + 1e-5) / 2.2));
    shown = Math.max(level, shown * 0.85);
    tell(shown, power > SWITCHED_OFF);
  }, 80);
  stop.addEventListener("abort", () => {
    clearInterval(timer);
    document.removeEventListener("pointerdown", wake);
    void audio.close();
  });
}
