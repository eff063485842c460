// Fish and other things of the sea. Each function draws around 0,0; the caller moves and turns it.
import { C, blob, dice, leaf, poly, rect, smooth } from './hand.mjs';

/** A fish seen from its side, nose to the left, about 580 long. */
export function fish(s, { back = C.brine, backD = C.brineD, belly = C.silver, bellyD = C.silverD, fin = C.brineD, stripes = true, fat = 1, lift = 1 } = {}) {
  const f = (y) => y * fat;
  s.cut(smooth([[196, -6], [244, -46], [306, -92], [284, -20], [280, 4], [306, 88], [246, 44], [196, 10]], true, 0.12), fin, { lift });
  s.cut(smooth([[-96, f(-76)], [-70, f(-122)], [-20, f(-112)], [24, f(-70)]], true, 0.14), fin, { lift: 0.6 * lift });
  s.cut(poly([[70, f(-56)], [96, f(-88)], [132, f(-40)]]), fin, { lift: 0.6 * lift });
  s.cut(poly([[60, f(50)], [92, f(84)], [126, f(34)]]), fin, { lift: 0.6 * lift });
  s.cut(poly([[-90, f(74)], [-60, f(112)], [-34, f(72)]]), fin, { lift: 0.6 * lift });
  const body = smooth([[-284, 8], [-240, f(-34)], [-150, f(-78)], [-40, f(-88)], [80, f(-62)], [168, f(-26)], [214, -11], [214, 11], [168, f(22)], [80, f(54)], [-40, f(80)], [-150, f(74)], [-240, f(40)]]);
  s.cut(body, belly, {
    dark: bellyD, k: 8, lift,
    inside: () => {
      s.flat(smooth([[-300, -6], [-230, f(-14)], [-140, f(-8)], [-40, f(-16)], [60, f(-8)], [150, -8], [230, -4], [230, -60], [60, -140], [-120, -140], [-300, -90]], true, 0.12), back);
      s.flat(smooth([[-260, f(-40)], [-150, f(-70)], [-40, f(-78)], [80, f(-56)], [80, f(-66)], [-40, f(-98)], [-160, f(-92)]], true, 0.12), C.paper, 0.22);
      if (stripes) {
        for (let i = 0; i < 13; i++) {
          const x = -120 + i * 25, top = f(-92 + i * 4.4), low = f(-26 + i * 1.4);
          s.line([[x, top], [x + 11, top * 0.66 + low * 0.34], [x - 3, top * 0.34 + low * 0.66], [x + 9, low]], backD, 8.5 - i * 0.3);
        }
      }
      s.flat(smooth([[-120, f(20)], [0, f(30)], [120, f(18)], [0, f(20)]]), '#ffffff', 0.75);
      s.line([[-178, f(-66)], [-152, f(-30)], [-152, f(24)], [-180, f(64)]], backD, 7, { opacity: 0.75 });
    },
  });
  s.cut(leaf(-146, f(4), -62, f(24), 34), fin, { lift: 0.4 });
  s.dot(-222, f(-14), 21, C.gold);
  s.dot(-222, f(-14), 17, '#fff8e2');
  s.dot(-221, f(-13), 11.5, C.ink);
  s.dot(-226, f(-18), 4.4, '#fff');
  s.line([[-284, 9], [-262, 17], [-246, 16]], backD, 5);
}

/** Cracked ice: pale facets. */
export function ice(s, cx, cy, rx, ry, seed = 5, count = 26) {
  const roll = dice(seed);
  for (let i = 0; i < count; i++) {
    const a = roll() * 6.28, q = Math.sqrt(roll()), x = cx + Math.cos(a) * rx * q, y = cy + Math.sin(a) * ry * q, r = 22 + roll() * 24;
    const points = [];
    for (let j = 0; j < 5; j++) points.push([x + Math.cos(a + j * 1.256) * r * (0.7 + roll() * 0.5), y + Math.sin(a + j * 1.256) * r * 0.8 * (0.7 + roll() * 0.5)]);
    s.flat(poly(points), ['#f4fafa', '#dcebee', '#c8dfe5'][i % 3]);
  }
}

/** A round bamboo tray. */
export function tray(s, cx, cy, rx, ry = rx, { wood = C.wood, woodD = C.woodD, woodL = C.woodL } = {}) {
  s.cut(blob(cx, cy, rx, ry, { n: 16, w: 0.008, seed: 9 }), wood, { dark: woodD, k: 8 });
  s.cut(blob(cx, cy, rx - 26, ry - 24, { n: 16, w: 0.008, seed: 12 }), woodL, {
    lift: 0, inside: () => {
      for (let i = -12; i <= 12; i++) s.line([[cx + i * rx / 9 - ry, cy - ry], [cx + i * rx / 9 + ry, cy + ry]], wood, 3, { straight: true, opacity: 0.55 });
      for (let i = -12; i <= 12; i++) s.line([[cx + i * rx / 9 + ry, cy - ry], [cx + i * rx / 9 - ry, cy + ry]], wood, 3, { straight: true, opacity: 0.55 });
    },
  });
}

/** A plate seen a little from above. */
export function plate(s, cx, cy, rx, ry, { fill = C.rice, dark = C.riceD, rim = C.brineL } = {}) {
  s.cut(blob(cx, cy, rx, ry, { n: 16, w: 0.006, seed: 4 }), fill, { dark, k: 10, lift: 1.3 });
  if (rim) s.out.push(`<ellipse cx="${cx}" cy="${cy}" rx="${rx - 20}" ry="${ry - 17}" fill="none" stroke="${rim}" stroke-width="5" opacity=".8"/>`);
  s.flat(blob(cx + 4, cy + 6, rx - 58, ry - 48, { n: 14, w: 0.006, seed: 6 }), dark, 0.5);
}

/** One squid, head down, about 560 tall. */
export function squid(s) {
  const body = '#b96a55', dark = '#8c4a3c', light = '#d99580';
  for (const [x, y, b] of [[-66, 262, 40], [-40, 296, -24], [-14, 312, 26], [14, 312, -26], [40, 296, 24], [66, 262, -40]]) s.cut(leaf(x * 0.5, 100, x * 1.7, y, 26, b), body, { dark, k: 4, lift: 0.6 });
  s.cut(leaf(-26, 110, -150, 300, 17, -46), light, { lift: 0.5 });
  s.cut(leaf(26, 110, 150, 300, 17, 46), light, { lift: 0.5 });
  s.cut(smooth([[0, -300], [70, -232], [150, -150], [84, -120], [0, -150], [-84, -120], [-150, -150], [-70, -232]], true, 0.12), light, { dark: body, k: 8 });
  s.cut(smooth([[0, -292], [52, -220], [76, -110], [80, 20], [62, 92], [0, 106], [-62, 92], [-80, 20], [-76, -110], [-52, -220]]), body, {
    dark, k: 12, inside: () => {
      s.flat(smooth([[-10, -250], [-40, -180], [-56, -60], [-50, 40], [-34, 40], [-34, -80], [-8, -190]]), light, 0.9);
      const roll = dice(4);
      for (let i = 0; i < 34; i++) { const [x, y] = [Math.round(-20 + roll() * 84), Math.round(-220 + roll() * 300)]; s.line([[x, y], [x + 1, y]], dark, 9, { opacity: 0.5 }); }
    },
  });
  s.cut(smooth([[-60, 84], [0, 96], [60, 84], [66, 130], [44, 168], [0, 178], [-44, 168], [-66, 130]]), light, { dark: body, k: 7, lift: 0.5 });
  for (const x of [-40, 40]) {
    s.dot(x, 130, 18, '#fff8e8');
    s.dot(x, 131, 11, C.ink);
    s.dot(x - 4, 126, 4, '#fff');
  }
}

/** An oyster in its half shell. */
export function oyster(s, seed = 1) {
  s.cut(blob(0, 0, 118, 88, { n: 11, w: 0.1, seed }), '#8b8a84', { dark: '#5f605d', k: 9 });
  s.flat(blob(-2, -3, 98, 70, { n: 11, w: 0.06, seed: seed + 2 }), '#f3efe6');
  s.flat(blob(22, 14, 60, 38, { n: 9, w: 0.05, seed: seed + 3 }), '#d9dfe6');
  s.cut(blob(-6, -2, 72, 46, { n: 10, w: 0.08, seed: seed + 5 }), '#f0e3c8', { dark: '#cdbb98', k: 7, lift: 0.5 });
  s.line([[-62, 14], [-36, 32], [-8, 36], [20, 30], [46, 36], [62, 16]], '#6f6a5e', 11);
  s.line([[-34, -22], [-14, -30], [10, -26]], '#ffffff', 9, { opacity: 0.9 });
}

/** Perilla or other broad leaf with a rib. */
export function bigLeaf(s, x0, y0, x1, y1, w, fill = C.cabbage, dark = C.cabbageD) {
  s.cut(leaf(x0, y0, x1, y1, w), fill, { dark, k: 5, lift: 0.6, inside: () => s.line([[x0, y0], [x1, y1]], C.cabbageL, 5, { opacity: 0.8 }) });
}

/** A slice of lemon. */
export function lemon(s, x, y, r) {
  s.cut(blob(x, y, r, r, { seed: 2, w: 0.01 }), C.gold, { lift: 0.6 });
  s.flat(blob(x, y, r * 0.86, r * 0.86, { seed: 3, w: 0.01 }), '#fff6d6');
  for (let i = 0; i < 8; i++) {
    const a = i * 0.785 + 0.2, p = (q, b) => [x + Math.cos(a + b) * r * q, y + Math.sin(a + b) * r * q];
    s.flat(smooth([p(0.14, 0), p(0.7, -0.3), p(0.76, 0), p(0.7, 0.3)], true, 0.1), '#f4cf58');
  }
}

/** A chopping board. */
export function board(s, x, y, w, h) {
  s.cut(rect(x, y, w, h, 26, 4, 7), C.wood, { dark: C.woodD, k: 12, lift: 1.3, inside: () => {
    for (let i = 1; i < 6; i++) s.line([[x, y + (h * i) / 6 + 6], [x + w * 0.4, y + (h * i) / 6 - 4], [x + w, y + (h * i) / 6 + 5]], C.woodD, 3, { opacity: 0.28 });
  } });
}
