import { describe, expect, it } from "vitest";
import { Hold, Timeline } from "../src/lib/timeline";

const pin = (at_ms: number) => ({ type: "pin", at_ms });

describe("a hold", () => {
  it("keeps a pin until the media clock has passed it", () => {
    const hold = new Hold();
    hold.put(pin(2000));
    hold.put(pin(1000));
    expect(hold.due(999, 1500)).toEqual([]);
    expect(hold.due(1000, 1500)).toEqual([pin(1000)]);
    expect(hold.due(2500, 2600)).toEqual([pin(2000)]);
    expect(hold.due(9000, 9000)).toEqual([]);
  });

  it("does not wait for a picture that never comes", () => {
    const hold = new Hold(4000);
    hold.put(pin(1000));
    expect(hold.due(null, 4999)).toEqual([]);
    expect(hold.due(null, 5001)).toEqual([pin(1000)]);
  });

  it("stays with a picture that is late, but not with one that stands for ever", () => {
    const hold = new Hold(4000, 12_000);
    hold.put(pin(1000));
    expect(hold.due(900, 6000)).toEqual([]);
    expect(hold.due(900, 13_001)).toEqual([pin(1000)]);
  });
});

describe("a timeline", () => {
  const events = [pin(1000), { type: "chat", at_ms: 1500 }, pin(9000)];

  it("tells each event once while playing", () => {
    const timeline = new Timeline(events);
    expect(timeline.move(900)).toEqual({ fresh: true, events: [] });
    expect(timeline.move(1100)).toEqual({ fresh: false, events: [pin(1000)] });
    expect(timeline.move(1300)).toEqual({ fresh: false, events: [] });
    expect(timeline.move(1600).events).toHaveLength(1);
  });

  it("tells everything anew after a seek, back or forth", () => {
    const timeline = new Timeline(events);
    timeline.move(900);
    expect(timeline.move(9500)).toEqual({ fresh: true, events });
    expect(timeline.move(1600)).toEqual({ fresh: true, events: events.slice(0, 2) });
  });
});
