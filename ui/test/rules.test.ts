import { describe, expect, it } from "vitest";
import { flatten, plain } from "../build/flatten";
import { Backoff } from "../src/lib/backoff";
import { ceiling, type Light, light, Retreat, uplinkWord } from "../src/lib/light";

describe("backoff", () => {
  it("doubles to its cap, half of it by chance, and starts again after success", () => {
    const least = new Backoff(1000, 15_000, () => 0);
    const most = new Backoff(1000, 15_000, () => 1);
    expect(Array.from({ length: 6 }, () => least.next())).toEqual([500, 1000, 2000, 4000, 7500, 7500]);
    expect(Array.from({ length: 6 }, () => most.next())).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
    most.reset();
    expect(most.next()).toBe(1000);
  });
});

describe("the traffic light", () => {
  it("is red when nothing leaves, or too much is lost", () => {
    expect(light({ kbps: 0, loss: 0, room_kbps: 5000 })).toBe("red");
    expect(light({ kbps: 1500, loss: 0.2, room_kbps: 0 })).toBe("red");
    expect(light({ kbps: 200, loss: 0, room_kbps: 250 })).toBe("red");
  });
  it("is yellow on a thin or lossy line", () => {
    expect(light({ kbps: 600, loss: 0, room_kbps: 700 })).toBe("yellow");
    expect(light({ kbps: 1500, loss: 0.05, room_kbps: 2000 })).toBe("yellow");
  });
  it("is green for a still picture on a wide line", () => {
    expect(light({ kbps: 150, loss: 0, room_kbps: 3000 })).toBe("green");
  });
});

it("says the uplink in words and asks the encoder for no more than it carries", () => {
  expect([5000, 1500, 400].map(uplinkWord)).toEqual(["good", "fair", "poor"]);
  expect(ceiling(null)).toBe(1_750_000);
  expect(ceiling(1000)).toBe(700_000);
  expect(ceiling(100)).toBe(500_000);
  expect(ceiling(90_000)).toBe(2_000_000);
});

it("drops the doubles for wide screens", () => {
  expect(plain("a{}@supports (color:lab(0% 0 0)){:root{--x:lab(1% 0 0)}}b{}@supports (display:grid){c{}}")).toBe("a{}b{}@supports (display:grid){c{}}");
});

describe("flattening layers for old phones", () => {
  it("removes the order line and unwraps blocks, also nested ones", () => {
    expect(flatten("@layer a,b;@layer a{p{x:y}}@media print{@layer b{q{x:y}}}r{}")).toBe("p{x:y}@media print{q{x:y}}r{}");
  });
  it("does not count braces in strings", () => {
    expect(flatten('@layer a{p{content:"}"}}q{}')).toBe('p{content:"}"}q{}');
  });
});

describe("an uplink that collapses", () => {
  /** What is sent at each look, two seconds apart. */
  const looks = (lights: Light[]): number[] => {
    const retreat = new Retreat();
    return lights.map((one, n) => (retreat.look(one, n * 2_000), retreat.size));
  };
  const changes = (sizes: number[]): [number, number][] => sizes.flatMap((size, n) => (size === (sizes[n - 1] ?? 1) ? [] : [[n * 2, size] as [number, number]]));

  it("makes the picture smaller, then sends the sound alone, and tries the picture again ever more rarely", () => {
    expect(changes(looks(Array(90).fill("red")))).toEqual([[6, 1.5], [14, 2], [22, 0], [38, 2], [46, 0], [76, 2], [84, 0], [144, 2], [152, 0]]);
  });

  it("keeps the picture when there is room again", () => {
    expect(changes(looks([...Array(18).fill("red"), ...Array(60).fill("green")]))).toEqual([[6, 1.5], [14, 2], [22, 0], [38, 2]]);
  });

  it("does nothing for a few red looks", () => {
    expect(changes(looks(["red", "red", "red", "yellow", "red", "red", "red", "green"]))).toEqual([]);
  });
});
