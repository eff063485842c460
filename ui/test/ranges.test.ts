import { expect, it } from "vitest";
import { ahead, edge, overHole, stale } from "../src/lib/ranges";

it("counts what can be played without a hole, over rounding", () => {
  expect(ahead([[0, 2], [2.01, 3], [5, 6]], 1)).toBeCloseTo(2);
  expect(ahead([[5, 6]], 1)).toBe(0);
  expect(ahead([], 1)).toBe(0);
});

it("leaps over a hole only when nothing is left to play", () => {
  expect(overHole([[0, 2], [22, 24]], 1)).toBeNull();
  expect(overHole([[0, 2], [22, 24]], 1.8)).toBeCloseTo(22.001);
  expect(overHole([[0, 2], [22, 24]], 1.7)).toBeNull();
  expect(overHole([[0, 2], [22, 24]], 1.7, true)).toBeCloseTo(22.001);
  expect(overHole([[0, 2], [2.02, 2.1]], 1.9)).toBeNull();
  expect(overHole([[0, 2]], 2)).toBeNull();
  expect(overHole([[3600, 3602]], 0)).toBeCloseTo(3600.001);
});

it("finds the live edge inside the last range", () => {
  expect(edge([[0, 2], [22, 24]], 0.5)).toBe(23.5);
  expect(edge([[0, 2], [22, 22.2]], 0.5)).toBe(22);
  expect(edge([], 0.5)).toBeNull();
});

it("forgets the past only when twice the keep is held", () => {
  expect(stale([[0, 20]], 10, 8)).toBeNull();
  expect(stale([[0, 20]], 17, 8)).toBe(9);
});
