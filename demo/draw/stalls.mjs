// The front of each stall: awning, bulb, stallholder, goods. All eight are built on one frame.
import { C, Sheet, blob, card, dice, leaf, poly, rect, smooth } from './hand.mjs';
import { fish, ice, squid, tray } from './fish.mjs';
import { ball, bowl, dumpling, injeolmi, kimchiQuarter, mandarin, napa, onion, persimmon, riceStick, roundDumpling, sweetPotato } from './food.mjs';
import { jeogori, onggi, vest } from './products-home.mjs';
import { anchovy } from './products-sea.mjs';
import { arm, person } from './people.mjs';

/** A striped awning with a scalloped edge. */
export function awning(s, x, y, w, h, light, dark, { n = 9, sway = 0, rim = '#00000022' } = {}) {
  const step = w / n, c = x + w / 2, top = (v) => Math.round(c + (v - c) * 0.93), whole = Math.round;
  const stripe = (i) => {
    const [x0, x1, low] = [x + i * step, x + (i + 1) * step, y + h + 30 + Math.sin(i * 0.9 + sway) * 3];
    return `M${top(x0)} ${y}L${top(x1)} ${y}L${whole(x1)} ${y + h}Q${whole(x1)} ${low.toFixed(1)} ${whole((x0 + x1) / 2)} ${(low + 2).toFixed(1)}Q${whole(x0)} ${low.toFixed(1)} ${whole(x0)} ${y + h}Z`;
  };
  const every = [...Array(n).keys()];
  s.path(every.map(stripe).join(''), ` transform="translate(8 12)"/>`);
  for (const [odd, fill] of [[0, dark], [1, light]]) s.flat(every.filter((i) => i % 2 === odd).map(stripe).join(''), fill);
  s.flat(poly([[x, y + h - 8], [x + w, y + h - 8], [x + w, y + h + 4], [x, y + h + 4]]), rim);
}

/** A bulb on its wire with a round of light. */
export function bulb(s, x, y, { k = 1, swing = 0, wire = 120, glow = true } = {}) {
  s.at(x, y, { rot: swing, k }, () => {
    if (glow) { s.dot(0, wire + 32, 120, '#ffe9a8', 0.2); s.dot(0, wire + 32, 74, '#fff0bd', 0.34); }
    s.line([[0, 0], [0, wire]], C.ink, 4.5, { straight: true });
    s.cut(rect(-12, wire - 8, 24, 22, 5, 1, 2), C.slate, { lift: 0.3 });
    s.cut(smooth([[0, wire + 8], [14, wire + 16], [27, wire + 40], [18, wire + 62], [0, wire + 68], [-18, wire + 62], [-27, wire + 40], [-14, wire + 16]]), '#ffe08a', { dark: '#f2b840', k: 5, lift: 0.3 });
    s.flat(blob(-9, wire + 36, 7, 12, {}), '#fffbe6');
  });
}

function stall({ wall, wallD, light, dark, cloth, clothD, who, back, goods }) {
  const s = new Sheet(800, 600, wall);
  s.flat(rect(0, 150, 800, 300, 0, 0), wallD, 0.5);
  s.cut(rect(54, 60, 26, 560, 3, 2, 2), C.woodD, { lift: 0.6 });
  s.cut(rect(720, 60, 26, 560, 3, 2, 3), C.woodD, { lift: 0.6 });
  if (back) back(s);
  for (const [x, rot] of [[236, 0], [586, 3]]) s.stamp('bulb', x, 60, { k: 0.8, rot }, () => bulb(s, 0, 0, { wire: 94 }));
  s.at(400, 318, { k: 0.78 }, () => person(s, { pocket: false, ...who }));
  awning(s, 6, -6, 788, 96, light, dark);
  s.cut(poly([[46, 418], [754, 418], [792, 492], [8, 492]]), C.woodL, { dark: C.wood, k: 6, lift: 0.4 });
  s.cut(rect(0, 488, 800, 130, 4, 2, 3), cloth, { dark: clothD, k: 6, lift: 0.2, inside: () => { for (let i = 0; i < 9; i++) s.line([[50 + i * 90, 500], [44 + i * 92, 620]], clothD, 5, { opacity: 0.5 }); } });
  goods(s);
  return s;
}

const crate = (s, x, y, w, h) => { s.cut(rect(x, y, w, h, 6, 3, x), C.wood, { dark: C.woodD, k: 6, lift: 0.7, inside: () => s.line([[x, y + h / 2], [x + w, y + h / 2]], C.woodD, 4, { opacity: 0.5 }) }); };
const shelf = (s, y) => s.cut(rect(84, y, 632, 16, 3, 2, 2), C.wood, { dark: C.woodD, k: 4, lift: 0.5 });
const jarRow = (s, y, xs, k) => xs.forEach((x) => s.stamp('jar', x, y, { k }, () => onggi(s)));

export const stalls = {
  'stall-fish': () => stall({ wall: '#b9d3da', wallD: '#9dbfca', light: '#f7f3e6', dark: C.brine, cloth: '#4b86a0', clothD: C.brineD,
    who: { style: 'perm', scarf: ['#c8473c', '#96291f'], cloth: '#4b6e86', clothD: '#34526a', apron: '#e9e3d0', apronD: '#c9bfa4', look: 0.3, talk: 0.5 },
    back: (s) => { for (const x of [150, 214, 650]) s.stamp('f', x, 270, { rot: 90, k: 0.26 }, () => fish(s)); },
    goods: (s) => {
      s.cut(rect(30, 420, 740, 86, 10, 3, 3), '#dfeef0', { dark: '#b3ced6', k: 7 });
      ice(s, 400, 462, 330, 30, 5, 14);
      for (const [x, y, r] of [[160, 440, -6], [220, 478, -4], [400, 446, -5], [470, 482, -3]]) s.stamp('f', x, y, { rot: r, k: 0.37 }, () => fish(s));
      s.at(640, 452, { rot: 96, k: 0.3 }, () => squid(s));
      card(s, 132, 530, '9,800원', { k: 0.9 }); card(s, 656, 532, '15,000원', { rot: 4, k: 0.9 });
    } }),
  'stall-banchan': () => stall({ wall: '#ecd0a2', wallD: '#ddba83', light: '#fbf1dc', dark: C.chilli, cloth: '#a5402f', clothD: C.chilliD,
    who: { style: 'bun', cloth: '#7a8f5c', clothD: '#5a6d40', apron: '#fbf4e4', apronD: '#dccfb0', talk: 0, tilt: -4 },
    back: (s) => { shelf(s, 300); jarRow(s, 262, [140, 232, 560, 660], 0.2); },
    goods: (s) => {
      for (const [x, c] of [[130, 0], [400, 1], [670, 0]]) bowl(s, x, 436, 108, { fill: c ? C.clay : '#f6f1e2', dark: c ? C.clayD : '#cfc4a8', mouth: c ? C.clayL : '#fff', depth: 0.6, foot: false, rim: 0.26 });
      s.stamp('q', 400, 418, { k: 0.42 }, () => kimchiQuarter(s)); s.stamp('q', 404, 390, { rot: 6, k: 0.36 }, () => kimchiQuarter(s));
      s.cut(smooth([[46, 436], [80, 400], [130, 388], [180, 400], [214, 436], [130, 454]]), C.cabbage, { dark: C.cabbageD, k: 7, lift: 0.3, inside: () => { for (let i = 0; i < 6; i++) s.line([[60 + i * 24, 446], [90 + i * 19, 396], [110 + i * 20, 440]], '#77a653', 6); } });
      s.cut(smooth([[586, 436], [620, 404], [670, 392], [720, 404], [754, 436], [670, 454]]), '#b87a36', { dark: '#8f5a26', k: 7, lift: 0.3 });
      const roll = dice(4); for (let i = 0; i < 15; i++) s.stamp('an', 612 + roll() * 116, 408 + roll() * 34, { rot: (roll() - 0.5) * 80, k: 0.36 }, () => anchovy(s));
      card(s, 400, 546, '13,000원', { k: 0.95, rot: -3 }); card(s, 130, 548, '12,000원', { k: 0.8, rot: 3 }); card(s, 672, 546, '7,000원', { k: 0.85 });
    } }),
  'stall-produce': () => stall({ wall: '#cfdfb2', wallD: '#b9cf96', light: '#f8f3df', dark: C.cabbage, cloth: '#77a653', clothD: C.cabbageD,
    who: { style: 'short', cloth: '#d9895b', clothD: '#b2663b', apron: C.cabbage, apronD: C.cabbageD, talk: 0.7, look: -0.4 },
    back: (s) => { for (const [x, r] of [[140, 84], [172, 92], [640, 86], [676, 95]]) s.stamp('on', x, 280, { rot: r, k: 0.34 }, () => onion(s)); },
    goods: (s) => {
      s.flat(poly([[24, 452], [254, 452], [776, 452], [776, 480], [24, 480]]), C.woodD);
      for (const [x, y] of [[84, 420], [190, 420]]) s.stamp('n', x, y, { k: 0.42 }, () => napa(s));
      for (const [x, y] of [[326, 452], [394, 446], [464, 452], [360, 424], [430, 422]]) s.stamp('m', x, y, { k: 1 }, () => mandarin(s, 42, false));
      for (const [x, y] of [[594, 446], [662, 440], [730, 446], [628, 410], [700, 408]]) s.stamp('p', x, y, {}, () => persimmon(s, 46));
      crate(s, 24, 476, 230, 70); crate(s, 284, 484, 232, 62); crate(s, 546, 476, 230, 70);
      card(s, 140, 520, '11,000원', { k: 0.8 }); card(s, 400, 524, '14,000원', { k: 0.8, rot: 3 }); card(s, 662, 520, '13,000원', { k: 0.8, rot: -2 });
    } }),
  'stall-dumpling': () => stall({ wall: '#ead3b4', wallD: '#d8b991', light: '#fdf6e4', dark: C.persimmon, cloth: '#c8753c', clothD: C.persimmonD,
    who: { style: 'bun', grey: true, cloth: '#8d5a6c', clothD: '#6b3f51', apron: '#fbf4e4', apronD: '#dccfb0', talk: 0.3 },
    back: (s) => shelf(s, 296),
    goods: (s) => {
      for (const [x, n] of [[150, 2], [650, 2]]) for (let i = n; i >= 0; i--) {
        const y = 470 - i * 34;
        s.stamp('st', x, y - 4, {}, () => { s.cut(rect(-116, -6, 232, 44, 14, 2, 3), C.wood, { dark: C.woodD, k: 6, lift: 0.7 }); s.flat(rect(-116, 10, 232, 8, 3, 1), C.woodD, 0.6); });
      }
      for (const x of [150, 650]) { s.cut(blob(x, 398, 116, 34, { n: 14, w: 0.004, seed: 2 }), '#f3e4c0', { lift: 0.2 }); for (const [dx, dy] of [[-66, 2], [0, -8], [66, 2], [-32, 14], [34, 14]]) s.stamp('rd', x + dx, 390 + dy, { kx: 0.52, ky: 0.42 }, () => roundDumpling(s, 66)); }
      s.cut(blob(400, 462, 122, 34, { n: 14, w: 0.004, seed: 5 }), '#8fb3bd', { dark: '#5f8c9a', k: 5 });
      for (const [x, y] of [[338, 448], [402, 442], [464, 448], [368, 466], [436, 466]]) s.stamp('hd', x, y, { k: 0.34 }, () => dumpling(s));
      s.steam(150, 376, 150); s.steam(650, 376, 160, { phase: 1 });
      card(s, 400, 540, '7,500원', { k: 0.95 }); card(s, 662, 548, '5,000원', { k: 0.8, rot: 4 });
    } }),
  'stall-hanbok': () => stall({ wall: '#e2d2d6', wallD: '#cfb9c0', light: '#faf0ea', dark: C.plum, cloth: '#96617a', clothD: C.plumD,
    who: { style: 'long', cloth: '#f1e4c8', clothD: '#d5c29a', apron: null, collar: C.chilli, talk: 0, tilt: 3, glasses: true },
    back: (s) => { s.line([[70, 176], [730, 176]], C.woodD, 10); s.at(96, 160, { k: 0.3 }, () => jeogori(s)); s.at(520, 150, { k: 0.3 }, () => vest(s, C.indigo, C.indigoD, C.indigoL, '#e9d8ae')); },
    goods: (s) => {
      const bolts = [['#e9a178', '#c97b50'], [C.jadeL, C.jade], ['#f3d28b', '#d3a955'], [C.indigoL, C.indigo], ['#e7b6b8', '#c68388']];
      bolts.forEach(([f, d], i) => { s.at(96 + i * 64, 462, {}, () => { s.cut(rect(-30, -70, 60, 96, 12, 2, i + 2), f, { dark: d, k: 7, lift: 0.8 }); s.flat(rect(-26, -76, 52, 18, 9, 1), d); }); });
      bolts.forEach(([f, d], i) => s.cut(rect(470 + (i % 2) * 6, 468 - i * 20, 210, 24, 9, 2, i + 4), f, { dark: d, k: 5, lift: 0.5 }));
      card(s, 226, 546, '42,000원', { k: 0.9 }); card(s, 580, 544, '28,000원', { k: 0.9, rot: 3 });
    } }),
  'stall-ricecake': () => stall({ wall: '#f0dcd0', wallD: '#e0c2b2', light: '#fffaf0', dark: '#d98a8c', cloth: '#c9868a', clothD: '#a35f66',
    who: { style: 'short', grey: true, cloth: '#fbf4e4', clothD: '#dccfb0', apron: '#8b5a4a', apronD: '#683f32', talk: 0.6, look: 0.3 },
    back: (s) => { shelf(s, 290); s.at(160, 262, { k: 0.8 }, () => { s.cut(smooth([[-84, -50], [84, -50], [64, 34], [-64, 34]], true, 0.05), C.clay, { dark: C.clayD, k: 8 }); s.cut(blob(0, -50, 86, 18, { n: 14, w: 0.004 }), '#fffaf0', { lift: 0.2 }); }); s.steam(160, 210, 96); },
    goods: (s) => {
      s.cut(rect(20, 452, 240, 36, 8, 2, 2), C.woodD, { lift: 0.7 }); s.cut(rect(282, 452, 236, 36, 8, 2, 3), C.woodD, { lift: 0.7 }); s.cut(rect(540, 452, 240, 36, 8, 2, 4), C.woodD, { lift: 0.7 });
      for (const [x, y] of [[150, 450], [140, 424], [156, 398]]) s.stamp('rs', x, y, { k: 0.42 }, () => riceStick(s, 460));
      for (const [x, y] of [[320, 446], [380, 446], [440, 446], [490, 446], [350, 412], [410, 412], [464, 412], [380, 380], [436, 380]]) s.stamp('ij', x, y, { k: 0.38 }, () => injeolmi(s));
      const kinds = [['#f7b9b6', '#d98a8c'], ['#fffaf0', '#ddd0b8'], ['#9dbd72', '#6f9247']];
      let i = 0; for (const [x, y] of [[576, 446], [630, 446], [684, 446], [738, 446], [602, 412], [656, 412], [710, 412], [630, 380], [684, 380]]) { const n = i++ % 3; s.stamp(`b${n}`, x, y, { k: 1 }, () => ball(s, 28, kinds[n][0], kinds[n][1])); }
      card(s, 140, 540, '9,000원', { k: 0.9 }); card(s, 400, 544, '8,000원', { k: 0.9, rot: 3 }); card(s, 662, 540, '6,500원', { k: 0.9, rot: -2 });
    } }),
  'stall-dried': () => stall({ wall: '#e2d2b2', wallD: '#ceb78f', light: '#f8f0dc', dark: '#8a6a3a', cloth: '#9a7440', clothD: '#6f5128',
    who: { style: 'short', cloth: '#5f7d6a', clothD: '#435e4e', apron: '#c9a15a', apronD: '#a57e3a', talk: 0.2, glasses: true, tilt: 3 },
    back: (s) => {
      s.line([[80, 172], [240, 182], [330, 172]], '#b8924e', 5);
      for (let c = 0; c < 4; c++) for (let r = 0; r < 3; r++) s.stamp('gam', 112 + c * 44, 206 + r * 44 + (c % 2) * 14, { k: 0.36 }, () => { s.cut(blob(0, 0, 52, 56, { seed: 3 }), '#cf6a2a', { dark: '#9a4517', k: 8, lift: 0.6 }); s.flat(leaf(-30, -46, 30, -46, 24), '#7d6a3c'); });
      for (const [x, k] of [[590, 0], [640, 1], [690, 0]]) s.cut(smooth([[x - 24, 160], [x + 24, 160], [x + 30, 220], [x + 16, 280], [x + 28, 340], [x - 6, 352], [x - 28, 330], [x - 14, 270], [x - 30, 220]]), k ? '#2c4a3b' : '#20352c', { dark: '#16251f', k: 5, lift: 0.7 });
    },
    goods: (s) => {
      s.stamp('t', 140, 452, { kx: 0.36, ky: 0.17 }, () => tray(s, 0, 0, 320, 300)); s.stamp('t', 400, 452, { kx: 0.36, ky: 0.17 }, () => tray(s, 0, 0, 320, 300)); s.stamp('t', 660, 452, { kx: 0.36, ky: 0.17 }, () => tray(s, 0, 0, 320, 300));
      const roll = dice(8);
      s.cut(smooth([[60, 452], [96, 416], [140, 402], [184, 416], [220, 452], [140, 470]]), '#b9c2c0', { lift: 0.3 });
      for (let i = 0; i < 18; i++) s.stamp('an', 84 + roll() * 112, 416 + roll() * 40, { rot: (roll() - 0.5) * 90, k: 0.4 }, () => anchovy(s));
      s.cut(smooth([[320, 452], [356, 412], [400, 396], [444, 412], [480, 452], [400, 470]]), '#a06a30', { dark: '#7a4c1e', k: 7, lift: 0.3, inside: () => { for (let i = 0; i < 26; i++) s.stamp('gr', 330 + roll() * 140, 400 + roll() * 64, { rot: roll() * 180 }, () => s.flat(leaf(-9, 0, 9, 0, 8), '#d29a55')); } });
      for (let i = 0; i < 4; i++) s.cut(rect(592 + i * 5, 444 - i * 15, 138, 18, 5, 3, i + 2), i % 2 ? '#3c5a41' : '#2f4634', { dark: '#22352a', k: 4, lift: 0.4 });
      card(s, 140, 544, '22,000원', { k: 0.85 }); card(s, 400, 548, '5,000원', { k: 0.85, rot: 3 }); card(s, 662, 544, '19,000원', { k: 0.85, rot: -2 });
    } }),
  'stall-pottery': () => stall({ wall: '#dcd3c0', wallD: '#c5b89e', light: '#f6efdf', dark: C.slate, cloth: '#6b5a4a', clothD: '#4b3d30',
    who: { style: 'perm', grey: true, cloth: '#a45b3c', clothD: '#7d3f26', apron: '#3f5661', apronD: '#2b3d46', talk: 0, tilt: -3 },
    back: (s) => { shelf(s, 302); jarRow(s, 256, [146, 250, 560, 656], 0.24); },
    goods: (s) => {
      s.stamp('jar', 120, 430, { k: 0.46 }, () => onggi(s)); s.stamp('jar', 232, 458, { k: 0.28 }, () => onggi(s));
      for (const [x, y, f, d] of [[360, 432, '#4a352d', '#2b1d18'], [486, 436, '#eee7d4', '#b3a98f']]) bowl(s, x, y, 66, { fill: f, dark: d, mouth: f === '#eee7d4' ? '#fbf7ea' : '#6a5045', depth: 0.72, foot: false, rim: 0.26 });
      s.line([[432, 456], [486, 466], [540, 454]], C.brine, 6, { opacity: 0.7 });
      for (const [x, r] of [[600, -6], [668, 2], [730, -3]]) s.stamp('kn', x, 436, { rot: 90 + r, k: 0.5 }, () => { s.cut(smooth([[-96, 20], [-70, -22], [40, -26], [40, 24]], true, 0.06), '#c9d4d8', { dark: '#6c7880', k: 9 }); s.cut(rect(40, -22, 92, 34, 12, 2, 3), '#8b5731', { dark: '#5d371c', k: 6, lift: 0.6 }); });
      card(s, 150, 546, '32,000원', { k: 0.9 }); card(s, 420, 548, '15,000원', { k: 0.9, rot: 3 }); card(s, 668, 546, '45,000원', { k: 0.9, rot: -2 });
    } }),
};
