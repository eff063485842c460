// Things of the kitchen and the field. Each function draws around 0,0 or where it is told.
import { C, blob, dice, leaf, poly, rect, smooth } from './hand.mjs';

/** A bowl from the side with its mouth open: `inside` draws what it holds. */
export function bowl(s, cx, y, r, { fill = C.rice, dark = C.riceD, mouth = '#fff', depth = 0.78, foot = true, inside, rim = 0.3 } = {}) {
  if (foot) s.cut(rect(cx - r * 0.36, y + r * depth - 14, r * 0.72, 34, 8, 1, 3), dark, { lift: 0.8 });
  s.cut(smooth([[cx - r, y], [cx + r, y], [cx + r * 0.86, y + r * depth * 0.6], [cx + r * 0.46, y + r * depth], [cx - r * 0.46, y + r * depth], [cx - r * 0.86, y + r * depth * 0.6]], true, 0.13), fill, { dark, k: 14, lift: 1.2 });
  s.cut(blob(cx, y, r * 1.01, r * rim, { n: 16, w: 0.005, seed: 3 }), mouth, { lift: 0.25 });
  if (inside) inside();
}

/** A half-moon dumpling with pleats. */
export function dumpling(s, { skin = '#fbf0d9', dark = '#dcc49c', blush = '#e9cfa4' } = {}) {
  s.cut(smooth([[-112, 30], [-96, -22], [-52, -58], [0, -70], [52, -58], [96, -22], [112, 30], [60, 54], [0, 60], [-60, 54]], true, 0.16), skin, {
    dark, k: 10, inside: () => {
      s.flat(smooth([[-70, 30], [0, 6], [74, 30], [40, 56], [-40, 56]]), blush, 0.7);
      s.flat(smooth([[-80, -10], [-44, -40], [-10, -48], [-40, -22]]), '#ffffff', 0.8);
    },
  });
  s.cut(smooth([[-118, 30], [-100, -24], [-58, -64], [0, -80], [58, -64], [100, -24], [118, 30], [100, 26], [80, -8], [46, -38], [0, -50], [-46, -38], [-80, -8], [-100, 26]], true, 0.1), skin, { dark, k: 5, lift: 0.45 });
  for (let i = 0; i < 9; i++) {
    const a = Math.PI * (1.08 + i * 0.105), x = Math.cos(a), y = Math.sin(a);
    s.line([[x * 108, 28 + y * 102], [x * 96 + 5, 28 + y * 86], [x * 86, 28 + y * 72]], dark, 5);
  }
}

/** A round dumpling with a twisted top, seen from above. */
export function roundDumpling(s, r = 70, { skin = '#fdf3df', dark = '#dbc39b', heart = '#eed9b2' } = {}) {
  s.cut(blob(0, 0, r, r * 0.92, { n: 12, w: 0.02, seed: 5 }), skin, { dark, k: 9, lift: 0.7 });
  for (let i = 0; i < 10; i++) {
    const a = i * 0.628;
    s.line([[Math.cos(a) * r * 0.2, Math.sin(a) * r * 0.18], [Math.cos(a + 0.35) * r * 0.5, Math.sin(a + 0.35) * r * 0.46], [Math.cos(a + 0.5) * r * 0.8, Math.sin(a + 0.5) * r * 0.74]], dark, 5, { opacity: 0.9 });
  }
  s.cut(blob(0, -2, r * 0.2, r * 0.18, { seed: 2, w: 0.08 }), heart, { dark, k: 4, lift: 0.3 });
}

/** A quarter of kimchi: pale ribs on the left, red leaf on the right, about 420 long. */
export function kimchiQuarter(s) {
  s.cut(smooth([[-214, 20], [-196, -44], [-110, -84], [10, -98], [120, -88], [206, -40], [222, 20], [190, 70], [90, 92], [-40, 92], [-150, 74]]), C.chilli, {
    dark: C.chilliD, k: 11, inside: () => {
      for (const [y, w, c] of [[-54, 36, '#f2c9a0'], [-8, 40, '#f7dcb4'], [42, 36, '#f2c9a0']]) {
        s.flat(smooth([[-226, y + 16], [-130, y - w * 0.5], [0, y - w * 0.34], [92, y + 2], [0, y + w * 0.36], [-130, y + w * 0.6]], true, 0.13), c);
        s.line([[-190, y + 14], [-60, y + 4], [70, y + 5]], C.chilliL, 6);
      }
      for (const [x, y, r] of [[60, -58, 0], [130, -20, 1], [100, 40, 0], [170, 20, 1], [20, 62, 0], [-40, -72, 1]]) s.flat(blob(x, y, 30, 16, { seed: x + 70, w: 0.16 }), r ? '#8f9a3f' : C.chilliD, 0.85);
      s.line([[-150, -60], [0, -80], [120, -68]], C.chilliL, 9, { opacity: 0.9 });
      const roll = dice(5);
      for (let i = 0; i < 22; i++) s.dot(-170 + roll() * 370, -70 + roll() * 140, 2.5 + roll() * 2.5, '#8d1f12', 0.8);
    },
  });
}

/** Chopped spring onion. */
export function chives(s, spots) {
  for (const [x, y, r] of spots) s.at(x, y, { rot: r }, () => { s.cut(rect(-16, -8, 32, 16, 7, 1, 4), C.cabbageL, { dark: C.cabbage, k: 3, lift: 0.3 }); });
}

/** Sesame seeds. */
export function sesame(s, cx, cy, rx, ry, count, seed = 4) {
  const roll = dice(seed);
  for (let i = 0; i < count; i++) {
    const a = roll() * 6.28, q = Math.sqrt(roll());
    s.stamp('sesame', cx + Math.cos(a) * rx * q, cy + Math.sin(a) * ry * q, { rot: roll() * 180 }, () => s.flat(leaf(-9, 0, 9, 0, 10), '#fbeecb'));
  }
}

/** A whole napa cabbage standing, about 360 x 460. */
export function napa(s) {
  const frill = (cx, cy, rx, ry, rot, fill, dark, seed) => s.at(cx, cy, { rot }, () => {
    const points = [];
    for (let i = 0; i < 22; i++) { const a = (i / 22) * 6.283, k = i % 2 ? 1 : 0.91; points.push([Math.cos(a) * rx * k, Math.sin(a) * ry * k]); }
    s.cut(smooth(points), fill, { dark, k: 9, lift: 0.7, inside: () => {
      s.line([[0, ry], [0, 0], [0, -ry * 0.8]], '#f3f6dc', 15);
      for (const t of [-0.5, -0.2, 0.1]) for (const d of [-1, 1]) s.line([[0, ry * (t + 0.25)], [d * rx * 0.4, ry * t], [d * rx * 0.72, ry * (t - 0.2)]], '#f3f6dc', 5, { opacity: 0.85 });
    } });
  });
  frill(-118, -96, 92, 156, -17, C.cabbage, C.cabbageD);
  frill(118, -96, 92, 156, 17, C.cabbage, C.cabbageD);
  frill(-58, -130, 92, 150, -8, C.cabbageL, C.cabbage);
  frill(60, -130, 92, 150, 8, C.cabbageL, C.cabbage);
  frill(0, -116, 100, 150, 0, '#bdd486', C.cabbageL);
  s.cut(smooth([[-150, -40], [-90, -70], [0, -40], [90, -70], [150, -40], [166, 60], [140, 170], [70, 222], [0, 230], [-70, 222], [-140, 170], [-166, 60]]), '#eef2d2', { dark: '#c8d49c', k: 13, lift: 0.7, inside: () => {
    for (const x of [-100, -52, 0, 52, 100]) s.line([[x * 0.5, 226], [x * 1.1, 90], [x * 1.05, -50]], '#d3dcae', 7);
    s.flat(smooth([[-150, -60], [-60, -80], [0, -44], [70, -84], [160, -60], [140, -16], [70, -34], [0, -2], [-70, -30], [-140, -10]]), '#c3d68c', 0.9);
    s.line([[-128, 30], [-124, 110], [-92, 170]], '#ffffff', 13, { opacity: 0.8 });
  } });
  s.flat(blob(0, 222, 46, 15, { seed: 3 }), '#d9cfae');
}

/** Half a napa cabbage, its yellow heart up. */
export function napaHalf(s) {
  s.cut(smooth([[0, -236], [84, -190], [146, -80], [150, 60], [104, 170], [0, 214], [-104, 170], [-150, 60], [-146, -80], [-84, -190]]), C.cabbageL, { dark: C.cabbage, k: 10, inside: () => {
    s.flat(smooth([[0, -200], [70, -150], [120, -40], [124, 70], [84, 156], [0, 196], [-84, 156], [-124, 70], [-120, -40], [-70, -150]]), '#f7f4dc');
    for (const [w, c] of [[104, '#e4e9a4'], [82, '#f6eeb0'], [62, '#eedd7c'], [40, '#f8efb4'], [20, '#ecd668']]) {
      s.flat(smooth([[0, -40 - w * 1.5], [w * 0.7, -30 - w * 0.9], [w, 20], [w * 0.5, 110], [0, 150], [-w * 0.5, 110], [-w, 20], [-w * 0.7, -30 - w * 0.9]]), c);
    }
    s.flat(smooth([[-40, 214], [-26, 150], [0, 120], [26, 150], [40, 214]]), '#fbfaf0');
    for (const a of [-1, 1]) for (const w of [30, 56, 84]) s.line([[a * w * 0.3, 150], [a * w * 0.9, 60], [a * w, -60 + w * 0.2], [a * w * 0.7, -120]], '#fbf8e2', 6);
  } });
}

/** A mandarin with its leaf. */
export function mandarin(s, r = 110, leafy = true) {
  s.cut(blob(0, 0, r, r * 0.9, { n: 12, w: 0.012, seed: 6 }), C.mandarin, { dark: C.mandarinD, k: r * 0.13, inside: () => {
    s.flat(blob(-r * 0.36, -r * 0.34, r * 0.34, r * 0.24, { seed: 2 }), C.mandarinL, 0.95);
    for (let i = 0; i < 9; i++) { const [x, y] = [r * (-0.5 + ((i * 37) % 100) / 90), r * (-0.1 + ((i * 53) % 70) / 100)]; s.line([[x, y], [x + 1, y]], C.mandarinD, r * 0.056, { opacity: 0.8 }); }
  } });
  s.flat(poly([[0, -r * 0.62], [r * 0.1, -r * 0.5], [0, -r * 0.4], [-r * 0.1, -r * 0.5]]), C.cabbageD);
  if (leafy) {
    s.cut(leaf(0, -r * 0.55, r * 0.86, -r * 1.02, r * 0.4, -8), C.cabbage, { dark: C.cabbageD, k: 5, lift: 0.5, inside: () => s.line([[0, -r * 0.55], [r * 0.8, -r * 0.98]], C.cabbageL, 5) });
    s.line([[0, -r * 0.5], [-r * 0.04, -r * 0.8]], C.woodD, r * 0.07);
  }
}

/** A sweet persimmon. */
export function persimmon(s, r = 120) {
  s.cut(smooth([[0, -r * 0.7], [r * 0.6, -r * 0.72], [r, -r * 0.2], [r * 0.86, r * 0.44], [r * 0.3, r * 0.74], [-r * 0.3, r * 0.74], [-r * 0.86, r * 0.44], [-r, -r * 0.2], [-r * 0.6, -r * 0.72]]), '#f08a2c', { dark: '#cb5f14', k: r * 0.12, inside: () => {
    s.flat(blob(-r * 0.5, -r * 0.2, r * 0.22, r * 0.32, { seed: 2 }), '#fbb765', 0.95);
    s.line([[r * 0.1, -r * 0.4], [r * 0.24, r * 0.2], [r * 0.1, r * 0.7]], '#d9701d', r * 0.06);
  } });
  for (const [a, w] of [[-20, 1], [200, 1], [60, 0.8], [120, 0.8], [-90, 0.6]]) {
    const q = (a * Math.PI) / 180;
    s.cut(leaf(0, -r * 0.5, Math.cos(q) * r * 0.62 * w, -r * 0.5 + Math.sin(q) * r * 0.36 * w, r * 0.34), C.cabbage, { dark: C.cabbageD, k: 4, lift: 0.35 });
  }
  s.cut(rect(-r * 0.06, -r * 0.72, r * 0.12, r * 0.24, 5, 1, 2), C.woodD, { lift: 0.3 });
}

/** A sweet potato lying. */
export function sweetPotato(s, seed = 1) {
  s.cut(smooth([[-220, 16], [-150, -48], [-30, -78], [100, -62], [190, -20], [232, 14], [170, 44], [60, 76], [-70, 74], [-170, 50]]), '#a8475a', { dark: '#7c2d42', k: 11, inside: () => {
    s.flat(smooth([[-150, -26], [-30, -56], [90, -44], [-20, -32]]), '#c9707c', 0.9);
    for (let i = 0; i < 8; i++) { const x = -140 + ((i * 67 + seed * 30) % 290), y = -36 + ((i * 41 + seed * 17) % 90); s.line([[x, y], [x + 26, y + 4]], '#7c2d42', 4, { opacity: 0.7 }); }
  } });
  s.line([[230, 14], [258, 20]], '#7c2d42', 6);
}

/** A stack of white rice-cake sticks seen from their ends. */
export function riceStick(s, l = 420) {
  s.cut(rect(-l / 2, -44, l, 88, 40, 2, 3), '#fffaf0', { dark: '#ddd0b8', k: 12, lift: 0.8, inside: () => s.line([[-l / 2 + 60, -22], [0, -25], [l / 2 - 90, -21]], '#ffffff', 11) });
  s.cut(blob(-l / 2 + 36, 0, 36, 42, { seed: 3, w: 0.015 }), '#f1e6d0', { lift: 0.2 });
  s.out.push(`<ellipse cx="${-l / 2 + 36}" cy="0" rx="20" ry="25" fill="none" stroke="#ddcdae" stroke-width="4"/>`);
}

/** A cube of injeolmi, dusted. */
export function injeolmi(s) {
  s.cut(smooth([[-78, -30], [-20, -68], [66, -58], [86, -18], [80, 44], [20, 70], [-66, 58], [-84, 14]], true, 0.13), '#d9ae62', { dark: '#b3853d', k: 9, lift: 0.8, inside: () => {
    s.flat(smooth([[-80, -34], [-18, -66], [68, -56], [82, -20], [16, -2], [-62, -10]], true, 0.12), '#efcf8d');
    const roll = dice(8);
    for (let i = 0; i < 22; i++) s.dot(-70 + roll() * 140, -54 + roll() * 110, 2 + roll() * 3, '#b3853d', 0.55);
  } });
}

/** A rice-cake ball with a light patch. */
export function ball(s, r, fill, dark, light = '#ffffff') {
  s.cut(blob(0, 0, r, r * 0.9, { n: 10, w: 0.015, seed: 7 }), fill, { dark, k: r * 0.17, lift: 0.7, inside: () => s.flat(blob(-r * 0.32, -r * 0.34, r * 0.3, r * 0.18, { seed: 2 }), light, 0.75) });
}

/** Chopsticks. */
export function chopsticks(s, x, y, rot, colour = C.soy) {
  s.at(x, y, { rot }, () => {
    for (const o of [-13, 13]) { s.cut(poly([[-260, o - 4], [260, o * 1.5 - 8], [260, o * 1.5 + 8], [-260, o + 4]]), colour, { lift: 0.8 }); s.flat(poly([[200, o * 1.4 - 8], [260, o * 1.5 - 8], [260, o * 1.5 + 8], [200, o * 1.4 + 8]]), C.gold); }
  });
}

/** A spring onion from root (left) to leaf (right), about 640 long. */
export function onion(s, bend = 0) {
  for (let i = 0; i < 5; i++) s.line([[-300, i * 5 - 10], [-330 - (i % 2) * 14, i * 12 - 24]], '#cdb98e', 4);
  for (const [b, y, c, d] of [[-36, -64, C.cabbage, C.cabbageD], [34, 58, C.cabbage, C.cabbageD], [-6, -6, C.cabbageL, C.cabbage]]) s.cut(leaf(-20, 0, 320, y + bend, 40, b), c, { dark: d, k: 5, lift: 0.5 });
  s.cut(smooth([[-306, 0], [-292, -24], [-240, -22], [-40, -19], [60, -13], [110, 0], [60, 13], [-40, 19], [-240, 22], [-292, 24]], true, 0.1), '#fbfaf0', { dark: '#d5dcb6', k: 6, lift: 0.6, inside: () => { s.flat(poly([[-60, -30], [120, -30], [120, 30], [20, 30]]), '#cfe09a', 0.9); s.line([[-280, -8], [-40, -7]], '#ffffff', 5); } });
}
