// Product pictures of the hanbok and the pottery stall, and the fallback picture of each category.
import { C, blob, dice, leaf, poly, product, rect, smooth } from './hand.mjs';
import { bigLeaf, board, fish, ice, plate, tray } from './fish.mjs';
import { bowl, chives, mandarin, napa, onion, persimmon } from './food.mjs';

const CLOTH = '#d5c3cb', CLOTH_LAMP = '#f6ebe6', POT = '#cfc3ae', POT_LAMP = '#f4ebd9';

function hanger(s, y = 150) {
  s.line([[400, y], [400, y - 36], [424, y - 58], [404, y - 78], [384, y - 62]], C.slate, 8);
  s.cut(smooth([[400, y - 8], [560, y + 74], [556, y + 92], [400, y + 26], [244, y + 92], [240, y + 74]], true, 0.08), C.wood, { dark: C.woodD, k: 5, lift: 0.6 });
}

/** A quilted vest in one colour. */
export function vest(s, fill, dark, light, lining) {
  hanger(s);
  s.cut(smooth([[300, 190], [360, 168], [440, 168], [500, 190], [480, 330], [400, 380], [320, 330]], true, 0.1), lining, { lift: 0.4 });
  for (const side of [-1, 1]) {
    const x = (v) => 400 + side * v;
    s.cut(smooth([[x(58), 170], [x(150), 196], [x(166), 260], [x(150), 330], [x(196), 400], [x(204), 640], [x(100), 660], [x(2), 656], [x(4), 420], [x(24), 330], [x(50), 260]], true, 0.1), fill, { dark, k: 11, lift: 0.9, inside: () => {
      for (let i = -2; i < 13; i++) s.line([[x(-20), 180 + i * 44], [x(230), 150 + i * 44]], light, 3.4, { straight: true, opacity: 0.85 });
      for (let i = -2; i < 13; i++) s.line([[x(-20) + side * 4, 186 + i * 44], [x(230), 156 + i * 44]], dark, 2.4, { straight: true, opacity: 0.5 });
      for (let i = 0; i < 6; i++) s.line([[x(10 + i * 40), 160], [x(10 + i * 40), 680]], dark, 2.4, { straight: true, opacity: 0.45 });
      s.line([[x(60), 170], [x(28), 330], [x(8), 420], [x(6), 656]], lining, 17);
    } });
    s.cut(rect(x(106) - 48, 520, 96, 100, 10, 3, 4), fill, { dark, k: 6, lift: 0.5, inside: () => s.flat(rect(x(106) - 50, 518, 100, 18, 2, 1), lining) });
  }
  for (const y of [440, 500, 560]) { s.line([[384, y], [420, y]], lining, 7, { straight: true }); s.dot(386, y, 10, C.gold); s.dot(383, y - 3, 4, C.goldL); }
}

/** A jeogori laid flat with its ribbon. */
export function jeogori(s, fill = C.apricot, dark = C.apricotD, collar = '#fffaf0', ribbon = C.chilli) {
  for (const side of [-1, 1]) {
    const x = (v) => 400 + side * v;
    s.cut(smooth([[x(90), 226], [x(180), 250], [x(338), 380], [x(352), 440], [x(330), 500], [x(262), 520], [x(180), 470], [x(120), 430]], true, 0.13), fill, { dark, k: 12, lift: 1, inside: () => s.flat(smooth([[x(308), 350], [x(370), 420], [x(340), 520], [x(270), 540], [x(300), 470]]), collar) });
  }
  s.cut(smooth([[270, 240], [350, 216], [450, 216], [530, 240], [548, 360], [566, 520], [480, 556], [400, 548], [320, 556], [234, 520], [252, 360]], true, 0.1), fill, { dark, k: 12, inside: () => {
    for (let i = 0; i < 7; i++) s.line([[250 + i * 50, 210], [240 + i * 53, 570]], dark, 2.4, { opacity: 0.35 });
    s.flat(smooth([[262, 260], [300, 240], [290, 400], [262, 500]]), '#ffffff', 0.28);
  } });
  s.cut(smooth([[346, 212], [376, 204], [404, 330], [470, 470], [438, 500], [372, 400], [340, 280]], true, 0.1), collar, { dark: '#d9cdb6', k: 5, lift: 0.5 });
  s.cut(smooth([[454, 212], [424, 204], [396, 330], [356, 414], [384, 430], [424, 380], [460, 280]], true, 0.1), collar, { dark: '#d9cdb6', k: 5, lift: 0.5 });
  s.cut(smooth([[420, 470], [448, 470], [470, 600], [500, 716], [452, 722], [430, 600]], true, 0.1), ribbon, { dark: C.chilliD, k: 6, lift: 0.7 });
  s.cut(smooth([[412, 470], [436, 474], [420, 590], [400, 668], [358, 660], [392, 570]], true, 0.1), ribbon, { dark: C.chilliD, k: 6, lift: 0.7 });
  s.cut(smooth([[424, 476], [506, 436], [560, 452], [520, 486], [440, 496]], true, 0.15), ribbon, { dark: C.chilliD, k: 5, lift: 0.7 });
  s.cut(rect(404, 450, 44, 46, 12, 2, 3), ribbon, { dark: C.chilliD, k: 5, lift: 0.5 });
}

function flower(s, r, petal, heart) {
  for (let i = 0; i < 5; i++) { const a = i * 1.256; s.flat(blob(Math.cos(a) * r * 0.6, Math.sin(a) * r * 0.6, r * 0.5, r * 0.46, { n: 7, seed: i }), petal); }
  s.dot(0, 0, r * 0.32, heart);
}

/** A breathing jar with its lid. */
export function onggi(s, k = 1) {
  s.cut(smooth([[-110, -170], [110, -170], [190, -90], [216, 20], [190, 140], [120, 226], [-120, 226], [-190, 140], [-216, 20], [-190, -90]], true, 0.15), C.clay, { dark: C.clayD, k: 22 * k, lift: 1.2, inside: () => {
    s.flat(smooth([[-150, -110], [-178, 0], [-164, 110], [-136, 120], [-150, 10], [-116, -120]]), C.clayL, 0.95);
    s.flat(smooth([[-92, -120], [-112, 0], [-100, 90], [-88, 0], [-74, -124]]), C.clayL, 0.5);
    s.line([[-200, -40], [-80, -20], [80, -20], [205, -44]], C.clayL, 6, { opacity: 0.7 });
    s.line([[-214, 0], [-80, 22], [80, 22], [214, -2]], C.clayL, 6, { opacity: 0.7 });
    s.line([[-90, 120], [-40, 60], [0, 124], [40, 60], [90, 118]], C.clayL, 10, { opacity: 0.9 });
  } });
  s.cut(rect(-134, -196, 268, 40, 18, 2, 3), C.clayL, { dark: C.clay, k: 8, lift: 0.6 });
  s.cut(smooth([[-150, -190], [-120, -236], [-40, -258], [40, -258], [120, -236], [150, -190], [0, -178]], true, 0.12), C.clay, { dark: C.clayD, k: 10, lift: 0.7, inside: () => s.flat(smooth([[-110, -216], [-40, -244], [20, -246], [-40, -228]]), C.clayL, 0.9) });
  s.cut(rect(-30, -284, 60, 34, 14, 2, 2), C.clay, { dark: C.clayD, k: 6, lift: 0.4 });
}

/** A stew pot at the boil. */
export function ttukbaegi(s) {
  plate(s, 400, 600, 250, 82, { fill: C.wood, dark: C.woodD, rim: null });
  for (const x of [150, 650]) s.cut(rect(x - 42, 440, 84, 46, 20, 2, 3), '#3d2c26', { dark: '#241813', k: 6 });
  bowl(s, 400, 420, 246, { fill: '#4a352d', dark: '#2b1d18', mouth: '#5d443a', depth: 0.86, foot: false, inside: () => {
    s.flat(blob(400, 424, 216, 56, { n: 16, w: 0.005, seed: 3 }), '#b5702c');
    s.flat(blob(370, 414, 150, 34, { n: 12, w: 0.03, seed: 5 }), '#cf8d40');
    for (const [x, y, r] of [[290, 410, 8], [392, 398, -6], [480, 424, 10], [366, 444, 4]]) s.at(x, y, { rot: r }, () => { s.cut(poly([[-40, -20], [32, -26], [44, 2], [42, 20], [-32, 26], [-42, 4]]), '#fdf6e4', { dark: '#dccdaa', k: 6, lift: 0.4 }); });
    for (const [x, y] of [[440, 388], [250, 432], [540, 412]]) s.cut(blob(x, y, 30, 14, { seed: x, w: 0.04 }), '#a9c274', { dark: C.cabbage, k: 4, lift: 0.3 });
    s.flat(blob(330, 384, 18, 8, {}), C.chilli); s.flat(blob(436, 442, 20, 8, {}), C.chilli);
    for (const [x, y, r] of [[240, 412, 11], [556, 430, 12], [430, 414, 9], [336, 436, 8]]) { s.dot(x, y, r, '#e3b062'); s.dot(x - 3, y - 3, r * 0.4, '#fff3d3'); }
    chives(s, [[320, 404, 20], [510, 394, -40], [410, 430, 60]]);
  } });
  s.line([[190, 480], [214, 540], [262, 592]], '#7c5f52', 15, { opacity: 0.7 });
  s.steam(400, 360, 220);
}

function bojagi(s, x, y, size, seed = 3) {
  const colours = ['#e9a178', '#f3d28b', '#8fb7a2', '#c9dcc6', '#d87f6f', '#b6c7dc', '#7f94bf', '#f7ead0', '#b98aa2', '#e7c1b4'];
  const roll = dice(seed);
  s.cut(rect(x, y, size, size, 4, 4, 2), '#f7ead0', { dark: '#d8c7a0', k: 8, lift: 1.1 });
  const split = (px, py, w, h, n) => {
    if (n === 0 || (w < size * 0.22 && h < size * 0.22)) { s.flat(rect(px + 3, py + 3, w - 6, h - 6, 2, 2, n + px), colours[Math.floor(roll() * colours.length)], 0.94); return; }
    const t = 0.32 + roll() * 0.36;
    if (w > h) { split(px, py, w * t, h, n - 1); split(px + w * t, py, w * (1 - t), h, n - 1); } else { split(px, py, w, h * t, n - 1); split(px, py + h * t, w, h * (1 - t), n - 1); }
  };
  split(x + 14, y + 14, size - 28, size - 28, 5);
}

export const home = {
  vest: () => product(CLOTH, CLOTH_LAMP, (s) => vest(s, '#cc5f31', '#97401b', '#e88f62', '#f5dfb4'), 61),
  'vest-blue': () => product('#c3cad6', '#eef0ee', (s) => vest(s, C.indigo, C.indigoD, C.indigoL, '#e9d8ae'), 62),
  jeogori: () => product('#cbd8cc', '#f5f0e2', (s) => s.at(0, -30, {}, () => jeogori(s)), 63),

  trousers: () => product('#cdbfd6', '#f4ecec', (s) => {
    s.cut(smooth([[250, 170], [400, 160], [550, 170], [572, 330], [600, 520], [590, 676], [540, 690], [470, 684], [440, 540], [404, 400], [364, 540], [330, 684], [262, 690], [210, 676], [200, 520], [228, 330]], true, 0.1), '#b5283c', { dark: '#7f1629', k: 12, inside: () => {
      const roll = dice(14);
      const spots = [[280, 260], [380, 240], [480, 270], [540, 360], [260, 380], [360, 340], [450, 380], [240, 500], [320, 470], [480, 500], [566, 480], [270, 610], [516, 610], [230, 640], [570, 590], [330, 580]];
      spots.forEach(([x, y], i) => { const [u, v] = [x + roll() * 14, y + roll() * 14]; s.at(u + 28, v + 18, { rot: i * 40 }, () => s.flat(leaf(0, 0, 44, 6, 20), '#6f9a52')); s.stamp(`f${i % 2}`, u, v, { rot: i * 33 }, () => flower(s, i % 2 ? 30 : 38, i % 2 ? '#f6c9cf' : '#f7f0e3', C.gold)); });
      s.line([[404, 400], [400, 300], [402, 200]], '#7f1629', 5);
    } });
    s.cut(rect(240, 150, 320, 54, 14, 3, 3), '#8f1c30', { dark: '#66101f', k: 6, lift: 0.4, inside: () => { for (let i = 0; i < 15; i++) s.line([[256 + i * 21, 158], [254 + i * 21, 198]], '#c84a5c', 5); } });
    for (const x of [206, 470]) s.cut(rect(x, 664, 126, 34, 12, 3, 4), '#8f1c30', { lift: 0.3 });
  }, 64),

  bojagi: () => product('#bcccc6', '#f4efe2', (s) => s.at(400, 400, { rot: -7 }, () => bojagi(s, -258, -258, 516, 9)), 65),

  onggi: () => product(POT, POT_LAMP, (s) => {
    s.at(300, 430, { k: 1.12 }, () => onggi(s));
    s.at(588, 556, { k: 0.62 }, () => onggi(s));
  }, 71),
  ttukbaegi: () => product('#d9b48c', '#f8e8cf', ttukbaegi, 72),

  knife: () => product('#b9c4c2', '#eceee4', (s) => {
    board(s, 84, 210, 632, 420);
    for (const [x, y] of [[230, 500], [290, 520], [350, 534]]) { s.cut(blob(x, y, 62, 56, { n: 12, w: 0.01, seed: 3 }), '#fdfbf0', { dark: '#d6dcb8', k: 7, lift: 0.7 }); s.out.push(`<ellipse cx="${x - 3}" cy="${y - 3}" rx="44" ry="39" fill="none" stroke="#dfe6c4" stroke-width="4"/>`); }
    s.cut(smooth([[400, 480], [520, 470], [600, 500], [610, 550], [560, 590], [410, 590], [390, 540]]), '#fbf8ea', { dark: '#d6dcb8', k: 9, lift: 0.8, inside: () => s.flat(smooth([[540, 470], [630, 480], [630, 600], [560, 600]]), '#b9cf86', 0.9) });
    s.at(400, 330, { rot: -13 }, () => {
      s.cut(smooth([[-302, 40], [-270, -24], [-190, -50], [90, -56], [90, 54], [-240, 56]], true, 0.07), '#6c7880', { dark: '#3d474d', k: 6, inside: () => {
        s.flat(poly([[-320, 26], [100, 18], [100, 60], [-320, 62]]), '#d9e2e4');
        s.line([[-296, 34], [-100, 20], [90, 17]], '#f8fbfb', 5);
        const roll = dice(5); for (let i = 0; i < 26; i++) s.flat(blob(-220 + roll() * 300, -36 + roll() * 46, 13, 9, { seed: i, w: 0.1 }), i % 2 ? '#7f8c94' : '#5a666d', 0.7);
      } });
      s.cut(rect(88, -50, 30, 66, 5, 1, 3), C.gold, { dark: C.goldD, k: 5, lift: 0.4 });
      s.cut(smooth([[116, -44], [200, -48], [290, -40], [314, -12], [296, 20], [200, 12], [116, 14]], true, 0.12), '#8b5731', { dark: '#5d371c', k: 9, lift: 0.9, inside: () => { s.line([[120, -26], [220, -30], [300, -20]], '#b07a4c', 6); } });
      for (const x of [160, 230]) { s.dot(x, -14, 8, C.gold); s.dot(x - 2, -16, 3, C.goldL); }
    });
  }, 73),

  'tea-bowl': () => product('#bfc2ae', '#f1ecdc', (s) => {
    s.cut(rect(110, 590, 580, 72, 18, 4, 4), C.woodD, { dark: '#6b4524', k: 9, lift: 1.1 });
    bowl(s, 400, 330, 262, { fill: '#8b8a78', dark: '#615f50', mouth: '#a3a18c', depth: 0.98, inside: () => {
      s.flat(blob(402, 334, 234, 62, { n: 16, w: 0.006, seed: 3 }), '#c9a35c'); s.flat(smooth([[230, 330], [360, 300], [520, 312], [380, 322]]), '#e8cd92', 0.9);
    } });
    s.cut(smooth([[140, 344], [260, 404], [420, 420], [560, 402], [660, 344], [640, 440], [560, 486], [400, 500], [240, 470], [160, 430]], true, 0.15), '#eee7d4', { lift: 0, inside: () => {
      for (let i = 0; i < 11; i++) s.line([[130, 372 + i * 12], [280, 424 + i * 8], [460, 434 + i * 7], [670, 360 + i * 11]], i % 3 ? '#d4cbb2' : '#8b8a78', i % 3 ? 4 : 3, { opacity: 0.8 });
    } });
    s.flat(poly([[620, 380], [668, 350], [650, 430], [600, 470]]), '#8b8a78', 0.8);
    s.steam(400, 262, 150);
    bigLeaf(s, 200, 640, 130, 560, 44);
  }, 74),

  'category-fish': () => product('#a9c9d2', '#e9f2ee', (s) => { ice(s, 400, 560, 240, 90, 4, 22); s.at(396, 420, { rot: -10, k: 1.12 }, () => fish(s)); }, 81),
  'category-produce': () => product('#c6d9a6', '#f4f2d8', (s) => {
    s.at(300, 400, { rot: -6, k: 1.05 }, () => napa(s));
    s.at(560, 560, { rot: 6 }, () => persimmon(s, 120));
    s.at(440, 620, { rot: -6 }, () => mandarin(s, 84));
  }, 82),
  'category-food': () => product('#e8c795', '#f9ecd0', (s) => {
    bowl(s, 400, 430, 280, { fill: '#f7f3e6', dark: '#cfc6ae', depth: 0.8, inside: () => {
      s.cut(smooth([[150, 430], [210, 330], [320, 270], [400, 256], [490, 274], [600, 340], [650, 430], [520, 476], [400, 486], [280, 476]]), '#fffdf6', { dark: '#e6dcc4', k: 13, lift: 0.3, inside: () => { const roll = dice(5); for (let i = 0; i < 60; i++) s.stamp('grain', 180 + roll() * 440, 280 + roll() * 190, { rot: roll() * 180 }, () => s.flat(leaf(-13, 0, 13, 0, 11), '#e9dfc6')); } });
    } });
    s.line([[130, 500], [280, 540], [400, 548], [520, 540], [668, 502]], C.brine, 9, { opacity: 0.75 });
    s.steam(400, 250, 160);
  }, 83),
  'category-clothing': () => product('#d5c3cb', '#f6ebe6', (s) => s.at(0, -30, {}, () => jeogori(s, C.jadeL, C.jade, '#fffaf0', C.plum)), 84),
  'category-household': () => product(POT, POT_LAMP, (s) => s.at(400, 440, { k: 1.22 }, () => onggi(s)), 85),
  'category-other': () => product('#d9c9a4', '#f7eed8', (s) => {
    s.cut(smooth([[190, 360], [610, 360], [640, 480], [610, 640], [400, 668], [190, 640], [160, 480]], true, 0.1), '#d8694a', { dark: '#a8442b', k: 17, lift: 1.2, inside: () => { s.line([[400, 350], [300, 480], [200, 640]], '#a8442b', 8, { opacity: 0.7 }); s.line([[400, 350], [510, 500], [600, 640]], '#a8442b', 8, { opacity: 0.7 }); s.flat(smooth([[200, 400], [330, 380], [260, 480], [196, 560]]), '#ee947a', 0.7); } });
    s.cut(leaf(400, 340, 190, 210, 150, 20), '#e58668', { dark: '#b5502f', k: 9 });
    s.cut(leaf(400, 340, 610, 210, 150, -20), '#d8694a', { dark: '#a8442b', k: 9 });
    s.cut(leaf(400, 340, 300, 480, 90, 30), '#e58668', { dark: '#b5502f', k: 7, lift: 0.7 });
    s.cut(leaf(400, 340, 510, 490, 90, -30), '#d8694a', { dark: '#a8442b', k: 7, lift: 0.7 });
    s.cut(blob(400, 336, 62, 52, { seed: 4, w: 0.04 }), '#ee947a', { dark: '#a8442b', k: 9, lift: 0.8 });
  }, 86),
};
