import { expect, test } from "vitest";
import { Line } from "../src/lib/whep";

const came = (packetsReceived: number, packetsLost: number) => ({ packetsReceived, packetsLost });

test("a line moves while packets come", () => {
  const line = new Line();
  expect(line.moves(came(1, 0))).toBe(true);
  expect(line.moves(came(1, 0))).toBe(false);
  expect(line.moves(came(2, 0))).toBe(true);
});

test("a line is bad when a tenth is lost over seconds, not by one burst", () => {
  const line = new Line();
  line.moves(came(400, 30));
  line.moves(came(1000, 30));
  expect(line.bad).toBe(false);
  line.moves(came(1450, 90));
  expect(line.bad).toBe(true);
});
