// A replay's chapters: what was shown, and which questions were answered. A tap leads there.
//
// `.chapters` holds `<ol>` and template[data-row=chapter] (time, said); data-answered is the words before a question, and
// data-lang the page's language. It stays hidden as long as there is nothing to jump to.
import { row } from "./fill";
import { jump } from "./jump";
import type { Timed } from "./timeline";

type Event = Timed & Record<string, unknown>;
type Player = HTMLElement & { place(at_ms: number): number | null };

/** The same card put up again within this time is the same chapter. */
const SAME_MS = 10_000;
/** How long the playlist may take. */
const TRIES = 60;
const LOOK_MS = 500;

/** The moments that are worth a jump, in order, and their words. */
export function moments(events: readonly Event[], korean: boolean, answered: string): { at_ms: number; said: string }[] {
  const found: { at_ms: number; said: string }[] = [];
  for (const event of events) {
    const product = event["product"] as Record<string, string> | undefined;
    const said = event.type === "pin" && product ? String(korean ? product["name"] : product["name_en"] || product["name"]) : event.type === "answered" ? `${answered} ${String(event["said"])}` : "";
    const last = found[found.length - 1];
    if (!said || (last?.said === said && event.at_ms - last.at_ms < SAME_MS)) continue;
    found.push({ at_ms: event.at_ms, said });
  }
  return found;
}

/** Seconds as a clock: 1:02:03, 12:05. */
export function clockwise(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Fills `.chapters` when the player knows where on the video a moment lies. */
export function chapters(place: HTMLElement, player: Player, events: readonly Event[], tries = TRIES): void {
  const list = place.querySelector("ol");
  const all = moments(events, place.dataset["lang"] !== "en", place.dataset["answered"] ?? "");
  if (!list || !all.length || tries <= 0) return;
  const rows = all.flatMap(({ at_ms, said }) => {
    const at = player.place(at_ms);
    const made = at === null ? null : row(place, "chapter", { time: clockwise(at), said });
    made?.querySelector("button")?.addEventListener("click", () => jump(player, at!));
    return made ? [made] : [];
  });
  if (!rows.length) return void setTimeout(() => chapters(place, player, events, tries - 1), LOOK_MS);
  list.replaceChildren(...rows);
  place.hidden = false;
}
