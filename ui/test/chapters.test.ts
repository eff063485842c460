// A replay's chapters, and where on the video they lie.
import { describe, expect, test } from "vitest";
import { clockwise, moments } from "../src/lib/chapters";
import { placeIn } from "../src/lib/hls";

const pin = (at_ms: number, name: string) => ({ type: "pin", at_ms, product: { name, name_en: `${name} (en)` } });

test("cards and answers are chapters; talk and taking down are not", () => {
  const events = [pin(1_000, "고등어"), { type: "chat", at_ms: 2_000, text: "와" }, { type: "unpin", at_ms: 3_000 }, pin(4_000, "고등어"), { type: "answered", at_ms: 20_000, said: "택배 되나요" }, pin(30_000, "고등어")];
  expect(moments(events, true, "질문:")).toEqual([
    { at_ms: 1_000, said: "고등어" },
    { at_ms: 20_000, said: "질문: 택배 되나요" },
    { at_ms: 30_000, said: "고등어" },
  ]);
  expect(moments(events, false, "Question:")[0]!.said).toBe("고등어 (en)");
});

test("seconds are read as a clock", () => expect([5, 65, 3_723].map(clockwise)).toEqual(["0:05", "1:05", "1:02:03"]));

describe("a moment's place in the video", () => {
  const epoch = 1_700_000_000_000;
  // Two minutes of silence between the second and the third fragment.
  const fragments = [0, 4, 8].map((start, n) => ({ start, duration: 4, programDateTime: epoch + start * 1000 + (n === 2 ? 120_000 : 0) }));
  test("is counted from its fragment", () => expect(placeIn(fragments, epoch + 5_000)).toBe(5));
  test("before the beginning is the beginning", () => expect(placeIn(fragments, epoch - 9_000)).toBe(0));
  test("in a hole is where it goes on", () => expect(placeIn(fragments, epoch + 60_000)).toBe(8));
  test("after a hole counts no silence", () => expect(placeIn(fragments, epoch + 130_000)).toBe(10));
  test("after the end is nowhere", () => expect(placeIn(fragments, epoch + 200_000)).toBe(null));
});
