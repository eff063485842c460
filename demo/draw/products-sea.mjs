// Product pictures of the fish stall and the dried-goods stall.
import { C, blob, dice, leaf, poly, product, rect, smooth } from './hand.mjs';
import { bigLeaf, board, fish, ice, lemon, oyster, plate, squid, tray } from './fish.mjs';

const SEA = '#bcd6db', SEA_LAMP = '#e9f2ee', GOLD = { back: '#d9a33c', backD: '#a87420', belly: '#f6dc92', bellyD: '#d8b258', fin: '#c28a2c', stripes: false };

export const sea = {
  mackerel: () => product(SEA, SEA_LAMP, (s) => {
    tray(s, 400, 410, 330, 322);
    ice(s, 400, 412, 262, 250, 5, 34);
    bigLeaf(s, 150, 560, 330, 640, 62);
    bigLeaf(s, 640, 190, 500, 130, 54, C.cabbageL, C.cabbage);
    s.stamp('fish', 404, 300, { rot: -13, k: 1.06 }, () => fish(s));
    s.stamp('fish', 410, 512, { rot: -9, k: 1.06 }, () => fish(s));
    lemon(s, 640, 640, 62);
  }, 2),

  'mackerel-grilled': () => product('#d9c7a3', '#f6ead0', (s) => {
    plate(s, 400, 430, 340, 250, { rim: C.brine });
    bigLeaf(s, 150, 420, 330, 300, 70);
    s.at(410, 430, { rot: -12, k: 1.06 }, () => {
      s.cut(smooth([[180, -30], [276, -88], [262, -10], [292, 66], [180, 22]], true, 0.1), '#7a4a22', { lift: 0.7 });
      s.cut(smooth([[-262, -10], [-180, -84], [-40, -112], [90, -84], [196, -34], [196, 22], [90, 78], [-40, 112], [-180, 88]]), '#d79543', {
        dark: '#a2622a', k: 12, inside: () => {
          s.flat(smooth([[-262, -60], [-100, -130], [120, -120], [220, -20], [120, -34], [-40, -46], [-180, -34]]), '#5b5a4e');
          s.flat(smooth([[-240, -38], [-100, -58], [40, -60], [180, -24], [60, -30], [-100, -26]]), '#b97a35');
          for (let i = 0; i < 5; i++) s.line([[-190 + i * 82, -120], [-150 + i * 82, 120]], '#5d3313', 15, { opacity: 0.75, straight: true });
          s.line([[-220, 6], [-60, 0], [100, 2], [190, -6]], '#f2c67e', 8, { opacity: 0.9 });
          s.flat(smooth([[-170, 46], [-60, 62], [60, 48], [-60, 78]]), '#f7d597', 0.9);
        },
      });
    });
    lemon(s, 600, 560, 66);
    s.cut(blob(236, 556, 66, 48, { seed: 8, w: 0.06 }), '#fdfaf0', { dark: '#ddd7c2', k: 9, lift: 0.7 });
    s.steam(400, 290, 190);
  }, 3),

  hairtail: () => product('#7fa6b8', '#dfecec', (s) => {
    board(s, 92, 150, 620, 520);
    const ribbon = (points, wide) => {
      const left = [], right = [];
      points.forEach(([x, y], i) => {
        const [a, b] = [points[Math.max(0, i - 1)], points[Math.min(points.length - 1, i + 1)]];
        const l = Math.hypot(b[0] - a[0], b[1] - a[1]), w = wide(i / (points.length - 1));
        left.push([x - ((b[1] - a[1]) / l) * w, y + ((b[0] - a[0]) / l) * w]);
        right.unshift([x + ((b[1] - a[1]) / l) * w, y - ((b[0] - a[0]) / l) * w]);
      });
      return smooth([...left, ...right]);
    };
    const spine = [[132, 262], [220, 228], [360, 216], [500, 232], [622, 286], [640, 372], [560, 428], [420, 430], [300, 446], [220, 500], [240, 568], [340, 596], [470, 590], [600, 612]];
    const wide = (t) => (t < 0.08 ? 34 + t * 190 : 50 * Math.pow(1 - t, 0.62) + 2);
    s.cut(ribbon(spine.map(([x, y]) => [x - 4, y - 13]), (t) => wide(t) * 1.08), C.silverD, { lift: 1 });
    s.cut(ribbon(spine, wide), '#eef4f5', { dark: '#b7c7cd', k: 8, lift: 0.4, inside: () => {
      s.line(spine.slice(1, 12), '#c9d6db', 9);
      s.line(spine.slice(1, 10).map(([x, y]) => [x - 2, y - 17]), '#ffffff', 9);
    } });
    s.line([[196, 200], [212, 232], [208, 276]], '#8fa3ab', 6);
    s.cut(leaf(222, 250, 272, 262, 22), '#9fb2b9', { lift: 0.3 });
    s.dot(168, 238, 18, C.gold);
    s.dot(168, 238, 11, C.ink);
    s.dot(164, 234, 4, '#fff');
    s.line([[112, 270], [146, 270], [170, 262]], '#6f858e', 6);
    s.flat(poly([[122, 268], [127, 282], [133, 269]]), '#fff');
    s.flat(poly([[141, 270], [146, 282], [151, 269]]), '#fff');
    bigLeaf(s, 640, 600, 566, 500, 44);
    bigLeaf(s, 655, 590, 690, 480, 44, C.cabbageL, C.cabbage);
  }, 4),

  squid: () => product(SEA, SEA_LAMP, (s) => {
    tray(s, 400, 410, 330, 322, { wood: C.brineL, woodD: C.brine, woodL: C.brineLL });
    ice(s, 400, 412, 262, 250, 8, 34);
    s.stamp('squid', 300, 396, { rot: -14, k: 1 }, () => squid(s));
    s.stamp('squid', 510, 410, { rot: 13, k: 0.94 }, () => squid(s));
  }, 5),

  oyster: () => product('#9dbcc4', '#e6eeea', (s) => {
    plate(s, 400, 410, 336, 318, { fill: '#f9f6ec', rim: C.brine });
    ice(s, 400, 412, 250, 230, 3, 26);
    for (const [x, y, r, n] of [[290, 280, -20, 1], [520, 290, 24, 4], [232, 448, 10, 7], [570, 470, -18, 9], [392, 570, 6, 12], [404, 412, -8, 15]]) s.at(x, y, { rot: r, k: 1.02 }, () => oyster(s, n));
    lemon(s, 610, 620, 56);
    bigLeaf(s, 170, 620, 270, 560, 40);
  }, 6),

  croaker: () => product('#e6c98e', '#f9edcf', (s) => {
    s.cut(rect(100, 120, 600, 570, 18, 5, 3), '#f6efe0', { dark: '#ddd0b3', k: 9 });
    s.line([[640, 90], [632, 250], [640, 420], [630, 600], [638, 720]], '#b8924e', 17);
    s.line([[628, 90], [646, 250], [628, 420], [644, 600], [626, 720]], '#d9b878', 10);
    for (let i = 0; i < 5; i++) {
      s.stamp('fish', 376, 180 + i * 112, { rot: i % 2 ? -2.5 : 1.5, k: 0.86 }, () => fish(s, { ...GOLD, fat: 0.86, lift: 0.8 }));
      s.line([[612, 152 + i * 112], [584, 182 + i * 112], [612, 212 + i * 112]], '#d9b878', 13);
      s.line([[592, 160 + i * 112], [566, 182 + i * 112], [590, 204 + i * 112]], '#b8924e', 8);
    }
  }, 7),

  seaweed: () => product('#cdd6b8', '#f1efd9', (s) => {
    for (const [x0, x1, b, c] of [[250, 150, -60, '#20352c'], [330, 250, 40, '#2c4a3b'], [400, 380, -40, '#1d3129'], [460, 500, 50, '#2c4a3b'], [520, 620, -30, '#20352c'], [300, 330, 20, '#38604a'], [470, 420, -24, '#38604a']]) {
      const points = [];
      const n = 11;
      for (let i = 0; i <= n; i++) { const t = i / n; points.push([x0 + (x1 - x0) * t + Math.sin(t * 3) * b - 34 - (i % 2) * 22, 150 + t * 380]); }
      for (let i = n; i >= 0; i--) { const t = i / n; points.push([x0 + (x1 - x0) * t + Math.sin(t * 3) * b + 34 + (i % 2) * 22, 150 + t * 380]); }
      s.cut(smooth(points, true, 0.2), c, { dark: '#16251f', k: 6, lift: 0.8 });
    }
    s.cut(rect(218, 150, 340, 54, 12, 4, 2), C.gold, { dark: C.goldD, k: 7 });
    s.line([[218, 176], [388, 170], [558, 178]], C.goldL, 6);
    s.cut(smooth([[176, 520], [624, 520], [590, 640], [500, 704], [300, 704], [210, 640]], true, 0.12), C.rice, { dark: C.riceD, k: 14, lift: 1.2 });
    s.cut(blob(400, 524, 226, 62, { n: 14, w: 0.006, seed: 3 }), '#fff', { lift: 0.3 });
    s.flat(blob(400, 528, 202, 48, { n: 14, w: 0.006, seed: 5 }), '#d9cfa6');
    for (const [x, y, r] of [[320, 524, -10], [400, 514, 14], [470, 532, -4], [390, 544, 8]]) s.at(x, y, { rot: r }, () => s.cut(smooth([[-64, 0], [-30, -17], [0, -6], [34, -18], [66, 2], [30, 14], [0, 8], [-34, 17]]), '#2c4a3b', { lift: 0.3 }));
    s.flat(blob(346, 540, 14, 6, {}), '#f6e7ad');
    s.flat(blob(452, 508, 10, 5, {}), '#f6e7ad');
  }, 8),

  broth: () => product('#d8cbb0', '#f5ecd7', (s) => {
    for (const [x, y, r, c] of [[520, 270, 16, '#2f4634'], [560, 380, -8, '#3c5a41']]) s.at(x, y, { rot: r }, () => s.cut(smooth([[-190, -96], [-60, -110], [70, -94], [190, -104], [196, 0], [186, 100], [60, 92], [-70, 108], [-192, 96], [-184, 0]], true, 0.16), c, { dark: '#22352a', k: 9, inside: () => { s.line([[-190, -30], [0, -20], [190, -34]], '#5d7d5b', 7, { opacity: 0.6 }); s.line([[-190, 40], [0, 46], [190, 36]], '#5d7d5b', 5, { opacity: 0.5 }); } }));
    tray(s, 330, 510, 236, 200);
    const roll = dice(12);
    for (let i = 0; i < 17; i++) {
      const a = roll() * 6.28, q = Math.sqrt(roll()) * 0.82;
      s.stamp('anchovy', 330 + Math.cos(a) * 160 * q, 500 + Math.sin(a) * 128 * q, { rot: roll() * 360 }, () => anchovy(s, 1.15));
    }
  }, 9),

  'barley-tea': () => product('#d9b57c', '#f6e6c4', (s) => {
    const roll = dice(7);
    for (let i = 0; i < 130; i++) {
      const t = Math.sqrt(roll()), a = roll() * 6.28, x = 262 + Math.cos(a) * 176 * t, y = 610 + Math.sin(a) * 72 * t - (1 - t) * 60;
      s.stamp(`grain${i % 3}`, x, y, { rot: roll() * 180 }, () => { s.cut(leaf(-24, 0, 24, 0, 21), ['#b97b38', '#d29a55', '#9a6228'][i % 3], { lift: 0.3 }); s.line([[-15, 0], [15, 0]], '#683c17', 3, { straight: true }); });
    }
    s.cut(smooth([[404, 300], [716, 300], [690, 480], [640, 560], [480, 560], [430, 480]], true, 0.12), '#eee7d6', { dark: '#c9bda2', k: 14, lift: 1.3, inside: () => { s.line([[404, 420], [560, 436], [716, 420]], C.brine, 8, { opacity: 0.7 }); s.line([[404, 442], [560, 458], [716, 442]], C.brine, 4, { opacity: 0.6 }); } });
    s.cut(blob(560, 300, 158, 50, { n: 14, w: 0.006, seed: 3 }), '#fbf7ea', { lift: 0.3 });
    s.flat(blob(562, 304, 138, 38, { n: 14, w: 0.006, seed: 5 }), '#a8642a');
    s.flat(smooth([[450, 300], [540, 276], [640, 284], [540, 292]]), '#d79a54', 0.9);
    for (const [r, k] of [[-30, 1], [-10, 1.1], [12, 1]]) s.stamp('ear', 210, 480, { rot: r, k }, () => {
      s.line([[0, 0], [6, -120], [0, -210]], '#b98a3c', 7);
      for (let j = 0; j < 6; j++) { s.cut(leaf(0, -190 - j * 20, -24, -226 - j * 20, 17), C.gold, { dark: C.goldD, k: 3, lift: 0.2 }); s.cut(leaf(0, -190 - j * 20, 26, -226 - j * 20, 17), C.goldL, { dark: C.gold, k: 3, lift: 0.2 }); }
      s.line([[0, -300], [-10, -366]], C.goldD, 3); s.line([[0, -300], [12, -366]], C.goldD, 3);
    });
    s.steam(560, 250, 150);
  }, 10),

  gotgam: () => product('#b9d0d2', '#f4ead2', (s) => {
    s.cut(rect(60, 96, 680, 44, 10, 3, 4), C.wood, { dark: C.woodD, k: 9 });
    for (let c = 0; c < 4; c++) {
      const x = 166 + c * 156;
      s.line([[x, 130], [x + 4, 400], [x, 690 - (c % 2) * 60]], '#c9a56a', 6);
      for (let r = 0; r < (c % 2 ? 3 : 4); r++) {
        const y = 216 + r * 138 + (c % 2) * 40;
        s.stamp('gam', x, y, { rot: ((c * 7 + r * 5) % 9) - 4 }, () => {
          s.cut(smooth([[0, -52], [44, -44], [62, 0], [46, 42], [4, 66], [-42, 46], [-62, 2], [-44, -44]]), '#cf6a2a', { dark: '#9a4517', k: 12, inside: () => {
            s.line([[-22, -44], [-36, 0], [-16, 50]], '#e8935a', 9); s.line([[14, -48], [22, 0], [6, 56]], '#a94e1b', 5, { opacity: 0.7 });
            s.flat(blob(-26, -14, 15, 22, { seed: 3 }), '#f4c596', 0.65);
          } });
          for (const a of [-150, -100, -60, -20]) s.cut(leaf(0, -50, Math.cos((a * Math.PI) / 180) * 44, -50 + Math.sin((a * Math.PI) / 180) * 20 + 8, 20), '#7d6a3c', { lift: 0.2 });
        });
      }
    }
  }, 11),
};

/** One dried anchovy, about 130 long. */
export function anchovy(s, k = 1) {
  s.flat(poly([[46 * k, 0], [72 * k, -15 * k], [64 * k, 0], [72 * k, 15 * k]]), '#8f9a9d');
  s.cut(leaf(-66 * k, 0, 54 * k, 0, 30 * k, -6), '#dfe3df', { dark: '#a9aea8', k: 3, lift: 0.35 });
  s.line([[-50 * k, -6 * k], [0, -13 * k], [46 * k, -4 * k]], '#6d7f88', 6 * k);
  s.dot(-48 * k, -3 * k, 4.2 * k, C.ink);
}
