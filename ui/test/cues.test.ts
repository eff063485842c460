import { describe, expect, it } from "vitest";
import { at } from "../src/lib/cues";

const sheet = [{ seconds: 30 }, { seconds: 120 }, { seconds: 60 }];

describe("a cue sheet", () => {
  it("stands at the cue whose time it is", () => {
    expect(at(sheet, 0)).toEqual({ place: 0, left: 30, share: 0, over: false });
    expect(at(sheet, 29.5).place).toBe(0);
    expect(at(sheet, 30)).toEqual({ place: 1, left: 120, share: 0, over: false });
    expect(at(sheet, 90)).toEqual({ place: 1, left: 60, share: 0.5, over: false });
  });
  it("stays at the last one when all is said, and at the first before it begins", () => {
    expect(at(sheet, 999)).toEqual({ place: 2, left: 0, share: 1, over: true });
    expect(at(sheet, -5)).toEqual({ place: 0, left: 30, share: 0, over: false });
    expect(at([], 5).place).toBe(0);
  });
});
