import { describe, expect, it } from "vitest";
import { type Layer, Line } from "../src/lib/ease";

/** Plays for some seconds on a line where a part of 200 ms takes `takes(second, layer)` of them; when it turned, and to what. */
function play(seconds: number, takes: (second: number, layer: Layer) => number): [number, Layer][] {
  const line = new Line();
  const turns: [number, Layer][] = [];
  let layer: Layer = "";
  let at = 0;
  for (let n = 0; at < seconds * 1000; n++) {
    // Held until it exists, then as long as the line takes for it.
    at = Math.max(at + takes(at / 1000, layer) * 1000, n * 200);
    line.arrived(at, n * 200);
    const want = line.choose(layer, at);
    if (want === layer) continue;
    turns.push([Math.round(at / 1000), want]);
    line.turned(want, at);
    [layer, n] = [want, Math.floor(at / 200)];
  }
  return turns;
}

describe("which picture", () => {
  it("stays large on a calm line, and on one that hiccups and makes up for it", () => {
    expect(play(60, () => 0.05)).toEqual([]);
    expect(play(60, (second) => (Math.floor(second) % 7 === 0 ? 0.35 : 0.02))).toEqual([]);
  });

  it("becomes small when parts come too slowly for two seconds", () => {
    expect(play(15, (second, layer) => (second < 5 || layer === "l" ? 0.05 : 0.3))).toEqual([[9, "l"]]);
  });

  it("becomes large again after twenty calm seconds, and waits longer when that was too early", () => {
    expect(play(40, (second, layer) => (second < 12 && layer === "" ? 0.3 : 0.05))).toEqual([[4, "l"], [24, ""]]);
    expect(play(100, (_, layer) => (layer === "" ? 0.3 : 0.05))).toEqual([[4, "l"], [24, ""], [28, "l"], [68, ""], [72, "l"]]);
  });

  it("becomes small when it stood still twice in ten seconds, not for one stall", () => {
    const line = new Line();
    line.stalled(1_000);
    expect(line.choose("", 1_100)).toBe("");
    line.stalled(12_000);
    expect(line.choose("", 12_100)).toBe("");
    line.stalled(15_000);
    expect(line.choose("", 15_100)).toBe("l");
  });

  it("stays small for as long as even that comes too slowly", () => {
    expect(play(90, () => 0.3)).toEqual([[4, "l"]]);
  });
});
