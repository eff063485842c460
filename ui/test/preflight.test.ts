// What the pre-flight finds in pictures.
import { describe, expect, test } from "vitest";
import { brightness, HEIGHT, light, shakes, shift, type Thumb, WIDTH } from "../src/lib/preflight";

const drawn = (paint: (x: number, y: number) => number): Thumb => Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => paint(at % WIDTH, Math.floor(at / WIDTH)));
/** A market stall: boxes of different brightness. */
const stall = (dx = 0, dy = 0): Thumb => drawn((x, y) => 60 + ((Math.floor((x + dx + 40) / 5) * 37 + Math.floor((y + dy + 40) / 7) * 53) % 140));
const isMiddle = (x: number, y: number): boolean => x > 9 && x < 22 && y > 9 && y < 22;

describe("light", () => {
  test("a stall in the morning is well lit", () => expect(light(stall())).toBe(null));
  test("a stall before dawn is dark", () => expect(light(drawn(() => 20))).toBe("dark"));
  test("a face before a window is backlit", () => expect(light(drawn((x, y) => (isMiddle(x, y) ? 30 : 220)))).toBe("backlit"));
  test("a lamp on the goods is not", () => expect(light(drawn((x, y) => (isMiddle(x, y) ? 220 : 60)))).toBe(null));
  test("a white page is not", () => expect(light(drawn(() => 250))).toBe(null));
});

describe("shaking", () => {
  test("the shift of a picture is found", () => {
    expect(shift(stall(), stall(2, 0))).toEqual([-2, 0]);
    expect(shift(stall(), stall(0, -3))).toEqual([0, 3]);
    expect(shift(stall(), stall())).toEqual([0, 0]);
  });
  const film = (at: (n: number) => Thumb, count = 12): Thumb[] => Array.from({ length: count }, (_, n) => at(n));
  test("a trembling hand shakes", () => expect(shakes(film((n) => stall(n % 2 ? 2 : -1, n % 3)))).toBe(true));
  test("a phone on a stand does not", () => expect(shakes(film(() => stall()))).toBe(false));
  test("a camera that is turned does not", () => expect(shakes(film((n) => stall(n, 0)))).toBe(false));
  test("a hand in the picture does not", () => {
    const hand = (n: number): Thumb => stall().map((value, at) => (at % WIDTH > 12 + (n % 2) * 4 && at % WIDTH < 17 + (n % 2) * 4 && at > 300 && at < 500 ? 240 : value));
    expect(shakes(film(hand))).toBe(false);
  });
  test("nothing is said before three seconds", () => expect(shakes(film((n) => stall(n % 2 ? 2 : -1), 6))).toBe(false));
});

test("brightness weighs colours as eyes do", () => {
  expect([...brightness(Uint8ClampedArray.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]))]).toEqual([76, 149, 29]);
});
