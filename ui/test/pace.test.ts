import { describe, expect, it } from "vitest";
import { Pace } from "../src/lib/pace";

/** A picture that is played: parts come with `late(n)` seconds of lateness; answers what happened. */
function play(seconds: number, late: (n: number) => number, start = 0.2) {
  const pace = new Pace(0.2);
  let rate = 1;
  let buffer = start;
  let stalls = 0;
  let stood = false;
  let part = 0;
  let lastStep = 0;
  const buffers: number[] = [];
  for (let now = 0; now < seconds * 1000; now += 10) {
    while (part * 200 + late(part) * 1000 <= now) {
      buffer += 0.2;
      part++;
      pace.arrived(now);
    }
    buffer -= stood && buffer < 0.05 ? 0 : 0.01 * rate;
    if (buffer <= 0) {
      if (!stood) (stalls++, pace.stalled(now));
      stood = true;
      buffer = 0;
    } else if (buffer > 0.05) stood = false;
    if (now % 50 === 0) pace.sample(buffer);
    if (now - lastStep >= 700) {
      lastStep = now;
      const step = pace.step(now);
      if (step?.jump) buffer = pace.target + 0.2;
      rate = step?.rate ?? rate;
    }
    buffers.push(buffer);
  }
  return { stalls, target: pace.target, rest: buffers.slice(-500).reduce((a, b) => a + b, 0) / 500 };
}

describe("the pace", () => {
  it("settles near 150 ms at the low point on a calm line, without a stall", () => {
    const { stalls, target, rest } = play(60, () => 0, 0.4);
    expect(stalls).toBe(0);
    expect(target).toBeCloseTo(0.15, 2);
    expect(rest).toBeGreaterThan(0.2);
    expect(rest).toBeLessThan(0.35);
  });

  it("comes back from three seconds behind by one jump", () => {
    expect(play(10, () => 0, 3).rest).toBeLessThan(0.5);
  });

  it("jumps once over what came while the page loaded, later it hurries instead", () => {
    const pace = new Pace(0.2);
    pace.begun(1000);
    pace.sample(0.9);
    expect(pace.step(1700)!.jump).toBe(true);
    pace.sample(0.9);
    expect(pace.step(2400)).toEqual({ rate: 1.15, jump: false });
  });

  it("comes back from one second behind by speed", () => {
    expect(play(20, () => 0, 1.2).rest).toBeLessThan(0.4);
  });

  it("grows its buffer on a jittery line until it stops stalling, but never past 600 ms", () => {
    let seed = 7;
    const late = Array.from({ length: 1000 }, () => ((seed = (seed * 48271) % 2147483647) % 350) / 1000);
    const early = play(20, (n) => late[n]!);
    const whole = play(120, (n) => late[n]!);
    expect(whole.target).toBeGreaterThan(0.25);
    expect(whole.target).toBeLessThanOrEqual(0.6);
    expect(whole.stalls - early.stalls).toBeLessThan(3);
  });

  it("rests after a stall before it hurries", () => {
    const pace = new Pace(0.2);
    pace.stalled(1000);
    pace.sample(0.4);
    expect(pace.step(1700)).toEqual({ rate: 1, jump: false });
    pace.sample(0.4);
    expect(pace.step(3700)!.rate).toBeGreaterThan(1);
  });

  it("slows down when the buffer is thin", () => {
    const pace = new Pace(0.2);
    pace.sample(0.05);
    expect(pace.step(700)!.rate).toBe(0.96);
  });
});
