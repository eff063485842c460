// Product pictures of the banchan, dumpling, rice-cake and produce stalls.
import { C, blob, dice, leaf, poly, product, rect, smooth } from './hand.mjs';
import { anchovy } from './products-sea.mjs';
import { bigLeaf, board, plate, tray } from './fish.mjs';
import { ball, bowl, chives, chopsticks, dumpling, injeolmi, kimchiQuarter, mandarin, napa, napaHalf, onion, persimmon, riceStick, roundDumpling, sesame, sweetPotato } from './food.mjs';

const WARM = '#e8c795', WARM_LAMP = '#f9ecd0', GREEN = '#cddcae', GREEN_LAMP = '#f3f2d9', MILK = '#d9c3b8', MILK_LAMP = '#f7ece2';

/** One rolled bite of kimchi, cut side up. */
function kimchiRoll(s, seed) {
  s.cut(blob(0, 0, 68, 54, { n: 10, w: 0.06, seed }), C.chilli, { dark: C.chilliD, k: 8, lift: 0.6 });
  s.flat(blob(-2, -3, 52, 39, { n: 10, w: 0.06, seed: seed + 1 }), '#f5d6ab');
  s.line([[-36, 8], [-20, -20], [14, -24], [34, -4], [20, 20], [-8, 20], [-16, 2], [6, -6]], C.chilli, 9);
  s.flat(blob(24, -22, 15, 9, { seed: 3 }), '#8f9a3f');
}

/** A mound of dressed greens. */
function mound(s, x, y, w, h, fill, dark, light, seed, thick = 10) {
  s.cut(smooth([[x - w, y + h * 0.5], [x - w * 0.8, y - h * 0.2], [x - w * 0.3, y - h * 0.7], [x + w * 0.3, y - h * 0.7], [x + w * 0.8, y - h * 0.2], [x + w, y + h * 0.5], [x, y + h * 0.8]]), fill, { dark, k: 11, inside: () => {
    const roll = dice(seed);
    for (let i = 0; i < 17; i++) {
      const px = x - w + roll() * w * 2, py = y - h * 0.6 + roll() * h * 1.3, a = roll() * 3.14;
      const dx = Math.cos(a) * w * 0.5, dy = Math.sin(a) * h * 0.3;
      s.line([[px - dx, py - dy], [px + dy * 0.5, py - dx * 0.16], [px + dx, py + dy]], i % 3 ? light : dark, thick, { opacity: 0.9 });
    }
  } });
}

export const food = {
  kimchi: () => product(WARM, WARM_LAMP, (s) => {
    bowl(s, 400, 396, 310, { fill: C.clay, dark: C.clayD, mouth: C.clayL, depth: 0.92 });
    s.flat(blob(400, 400, 280, 76, { n: 16, w: 0.005, seed: 3 }), '#4e2a18');
    s.stamp('quarter', 392, 372, { rot: -4, k: 1.16 }, () => kimchiQuarter(s));
    s.stamp('quarter', 408, 292, { rot: 5, k: 1.06 }, () => kimchiQuarter(s));
    s.flat(smooth([[92, 396], [170, 442], [300, 470], [400, 474], [500, 470], [630, 442], [708, 396], [700, 440], [600, 490], [400, 512], [200, 490], [100, 440]], true, 0.1), C.clay);
    s.line([[96, 412], [200, 462], [400, 486], [600, 462], [704, 412]], C.clayL, 15);
    s.line([[150, 520], [180, 590], [220, 636]], C.clayL, 13, { opacity: 0.6 });
    chives(s, [[330, 250, 20], [420, 236, -30], [500, 268, 10], [370, 310, -50]]);
    sesame(s, 410, 290, 190, 60, 16);
  }, 21),

  'kimchi-plate': () => product('#bcd3d0', '#eef1e4', (s) => {
    plate(s, 400, 430, 336, 270, { rim: C.brine });
    for (const [x, y, n] of [[262, 350, 1], [400, 330, 3], [538, 350, 5], [226, 440, 7], [360, 432, 9], [496, 440, 11], [600, 444, 4], [300, 530, 13], [440, 530, 15]]) s.stamp(`roll${n % 2}`, x, y, { rot: (n * 47) % 60 }, () => kimchiRoll(s, 2 + (n % 2)));
    sesame(s, 400, 420, 220, 110, 26);
    chives(s, [[330, 380, 10], [470, 390, -30], [400, 480, 40]]);
    chopsticks(s, 540, 250, 154);
  }, 22),

  'radish-kimchi': () => product(WARM, WARM_LAMP, (s) => {
    plate(s, 400, 440, 340, 264, { rim: C.cabbage });
    const radish = () => {
      for (const [y, b, c, d] of [[-90, -40, '#7d8f37', '#596a24'], [-20, -20, '#93a64a', '#6d7f31'], [60, 30, '#7d8f37', '#596a24'], [110, 44, '#6d7f31', '#4f5e22']]) s.cut(leaf(86, 0, 330, y, 52, b), c, { dark: d, k: 6, lift: 0.5 });
      s.cut(smooth([[-196, 8], [-150, -44], [-60, -76], [40, -72], [100, -36], [108, 10], [80, 52], [0, 78], [-90, 66], [-160, 40]]), '#e6653f', { dark: C.chilliD, k: 12, inside: () => {
        s.flat(smooth([[-160, -10], [-60, -58], [40, -56], [-40, -34]]), '#f7c39a', 0.95);
        s.flat(blob(-40, 22, 70, 30, { seed: 5, w: 0.14 }), C.chilli, 0.9); s.flat(blob(50, -10, 40, 26, { seed: 7, w: 0.16 }), C.chilli, 0.9);
        const roll = dice(3); for (let i = 0; i < 24; i++) s.dot(-160 + roll() * 250, -60 + roll() * 120, 3 + roll() * 3, '#8d1f12', 0.85);
      } });
      s.line([[-194, 8], [-222, 18]], '#e6653f', 8);
    };
    for (const [x, y, r] of [[330, 300, -10], [350, 420, 2], [330, 540, 9]]) s.stamp('radish', x, y, { rot: r, k: 1.02 }, radish);
    sesame(s, 330, 430, 190, 150, 20);
  }, 23),

  anchovy: () => product('#d9bb8a', '#f7e9cc', (s) => {
    bowl(s, 400, 420, 300, { fill: '#f6f1e2', dark: '#cfc4a8', depth: 0.8, mouth: '#fffdf5' });
    s.flat(blob(400, 424, 268, 70, { n: 16, w: 0.005, seed: 3 }), '#8f5a26');
    s.cut(smooth([[140, 424], [200, 352], [300, 296], [400, 276], [500, 300], [600, 356], [660, 424], [560, 470], [400, 486], [240, 470]]), '#b87a36', { dark: '#8f5a26', k: 12, lift: 0.4 });
    const roll = dice(9);
    for (let i = 0; i < 52; i++) { const a = roll() * 6.28, q = Math.sqrt(roll()); s.stamp('anchovy', 400 + Math.cos(a) * 236 * q, 398 + Math.sin(a) * 78 * q - (1 - q) * 30, { rot: (roll() - 0.5) * 120 + (i % 2) * 180, k: 0.78 }, () => { s.cut(leaf(-66, 0, 62, 0, 32, -6), '#e3c48c', { dark: '#a06c2e', k: 4, lift: 0.3 }); s.line([[-44, -6], [6, -11], [50, -3]], '#8a5a26', 5); s.dot(-48, -2, 5, C.ink); }); }
    for (const [x, y, r] of [[300, 350, 0], [430, 320, 40], [520, 390, -30], [360, 430, 70], [460, 440, 10]]) s.stamp('walnut', x, y, { rot: r }, () => { s.cut(smooth([[-40, 0], [-28, -30], [0, -22], [28, -32], [42, 0], [30, 30], [0, 22], [-28, 30]]), '#c99555', { dark: '#8f5f2c', k: 6, lift: 0.5 }); s.line([[-26, -10], [-6, 0], [-20, 14]], '#8f5f2c', 5); s.line([[26, -10], [8, 0], [22, 14]], '#8f5f2c', 5); });
    sesame(s, 400, 390, 220, 70, 30);
  }, 24),

  namul: () => product('#cfd8b4', '#f6f0da', (s) => {
    plate(s, 400, 430, 344, 290, { rim: C.cabbage });
    mound(s, 284, 372, 168, 140, C.cabbage, C.cabbageD, '#77a653', 3, 14);
    mound(s, 536, 372, 156, 132, '#f4ead2', '#d8c8a2', '#fffdf4', 5, 10);
    mound(s, 408, 532, 186, 124, '#8a5b34', '#5f3c20', '#a8764a', 7, 9);
    sesame(s, 300, 350, 100, 60, 12, 2); sesame(s, 414, 510, 110, 50, 14, 3);
    for (const [x, y, r] of [[530, 330, 20], [560, 370, -40], [500, 384, 60]]) s.at(x, y, { rot: r }, () => s.line([[-15, 0], [15, 4]], C.chilli, 6));
  }, 25),

  cabbage: () => product(GREEN, GREEN_LAMP, (s) => {
    s.at(268, 396, { rot: -10, k: 1.06 }, () => napa(s));
    s.at(528, 470, { rot: 12, k: 1.06 }, () => napaHalf(s));
  }, 31),

  mandarin: () => product('#bcd8b6', '#f5f1d6', (s) => {
    s.at(270, 336, { rot: -8 }, () => mandarin(s, 156));
    s.at(528, 316, { rot: 12 }, () => mandarin(s, 142));
    // A peeled one: the skin opened like a flower, segments on it.
    for (let i = 0; i < 5; i++) { const a = i * 1.256 - 0.4; s.cut(leaf(420, 560, 420 + Math.cos(a) * 220, 560 + Math.sin(a) * 140, 130), '#fbe6bd', { dark: C.mandarin, k: 9, lift: 0.6 }); }
    s.cut(blob(420, 552, 118, 96, { n: 12, w: 0.012, seed: 6 }), '#f59a2a', { dark: C.mandarinD, k: 11 });
    for (let i = 0; i < 9; i++) { const a = i * 0.698; s.line([[420, 540], [420 + Math.cos(a) * 60, 548 + Math.sin(a) * 46], [420 + Math.cos(a) * 108, 552 + Math.sin(a) * 86]], '#fde5b4', 6); }
    s.flat(blob(420, 540, 15, 12, {}), '#fdf3d8');
    s.flat(blob(376, 512, 34, 20, { seed: 4 }), '#ffc06a', 0.8);
  }, 32),

  'mandarin-box': () => product('#bcd8b6', '#f5f1d6', (s) => {
    s.cut(rect(96, 250, 608, 180, 10, 2, 2), C.woodD, { lift: 0.5 });
    let i = 0;
    for (const [x, y] of [[190, 300], [330, 280], [470, 284], [610, 300], [256, 350], [400, 340], [546, 350], [170, 400], [320, 410], [470, 408], [622, 400]]) s.stamp(i++ % 3 ? 'm0' : 'm1', x, y, { rot: (i * 31) % 30 - 15 }, () => mandarin(s, 88, (i - 1) % 3 === 0));
    s.cut(rect(76, 440, 648, 96, 8, 3, 4), C.wood, { dark: C.woodD, k: 10 });
    s.cut(rect(76, 552, 648, 96, 8, 3, 5), C.wood, { dark: C.woodD, k: 10 });
    for (const x of [92, 652]) s.cut(rect(x, 430, 56, 228, 6, 2, 3), C.woodL, { dark: C.wood, k: 7, lift: 0.6 });
    for (const y of [488, 600]) for (const x of [112, 672]) s.dot(x + 8, y, 6, C.woodD);
    s.line([[200, 470], [400, 464], [620, 472]], C.woodD, 4, { opacity: 0.4 });
    s.line([[180, 606], [420, 598], [600, 604]], C.woodD, 4, { opacity: 0.4 });
  }, 33),

  persimmon: () => product('#b7cfc6', '#f4efd9', (s) => {
    s.at(276, 340, { rot: -8 }, () => persimmon(s, 168));
    s.at(550, 356, { rot: 10 }, () => persimmon(s, 142));
    s.cut(smooth([[400, 440], [530, 462], [580, 550], [520, 640], [400, 668], [280, 640], [220, 550], [270, 462]]), '#e9791f', { dark: '#b9500f', k: 12 });
    s.flat(blob(398, 552, 158, 98, { n: 12, w: 0.01, seed: 4 }), '#f9a544');
    s.flat(blob(398, 552, 126, 72, { n: 12, w: 0.01, seed: 6 }), '#fbb863');
    for (let i = 0; i < 8; i++) { const a = i * 0.785; s.flat(leaf(398 + Math.cos(a) * 18, 552 + Math.sin(a) * 12, 398 + Math.cos(a) * 96, 552 + Math.sin(a) * 56, 20), '#f3892a'); if (i % 2) s.flat(leaf(398 + Math.cos(a) * 44, 552 + Math.sin(a) * 27, 398 + Math.cos(a) * 84, 552 + Math.sin(a) * 50, 16), '#6b3515'); }
    s.dot(398, 552, 9, '#fdd9a0');
  }, 34),

  'sweet-potato': () => product('#d9c29a', '#f8ecd2', (s) => {
    tray(s, 400, 430, 336, 270);
    s.stamp('sp', 380, 300, { rot: -12, k: 1 }, () => sweetPotato(s));
    s.stamp('sp', 440, 412, { rot: 7, k: 1 }, () => sweetPotato(s));
    s.at(370, 548, { rot: -5, k: 1.08 }, () => {
      sweetPotato(s, 2);
      s.cut(smooth([[20, -80], [120, -60], [200, -16], [236, 16], [170, 46], [70, 78], [20, 60], [46, 20], [14, -20]], true, 0.13), '#f6c240', { dark: '#dd9a22', k: 10, lift: 0.5, inside: () => { s.flat(smooth([[40, -56], [110, -40], [170, -6], [110, -16], [56, -24]]), '#fbe08a'); s.flat(blob(110, 26, 60, 20, { seed: 3, w: 0.1 }), '#eaab2c', 0.8); } });
    });
    s.steam(500, 480, 190);
  }, 35),

  'spring-onion': () => product(GREEN, GREEN_LAMP, (s) => {
    for (const [y, r] of [[-104, -4], [-52, 3], [0, -2], [52, 4], [104, -3]]) s.at(390 - y * 0.36, 410 + y * 0.72, { rot: -32 + r, k: 1.1 }, () => onion(s, r * 4));
    s.at(352, 436, { rot: -27 }, () => { s.cut(rect(-28, -112, 56, 224, 12, 3, 2), C.gold, { dark: C.goldD, k: 6 }); s.line([[-8, -108], [-4, 0], [-9, 108]], C.goldL, 6); });
  }, 36),

  dumplings: () => product('#d7cbb4', '#f8efdc', (s) => {
    plate(s, 400, 430, 342, 280, { fill: '#8fb3bd', dark: '#5f8c9a', rim: '#dcebec' });
    for (const [x, y, r] of [[270, 340, -12], [512, 330, 10], [230, 470, 6], [420, 440, -4], [320, 580, -8]]) s.stamp('d', x, y, { rot: r, k: 1.06 }, () => dumpling(s));
    s.cut(blob(574, 540, 96, 82, { n: 12, w: 0.01, seed: 2 }), C.rice, { dark: C.riceD, k: 8 });
    s.flat(blob(574, 540, 72, 58, { n: 12, w: 0.01, seed: 3 }), C.soy);
    s.flat(blob(552, 520, 24, 10, { seed: 3 }), '#8a5a3a', 0.9);
    chives(s, [[590, 548, 20], [556, 556, -40]]); s.dot(600, 526, 6, C.chilli); s.dot(574, 540, 5, C.chilli);
  }, 41),

  'dumplings-steamer': () => product('#cfc2a6', '#f6ead2', (s) => {
    s.cut('M82 450V566C82 676 240 726 400 726S718 676 718 566V450Z', C.wood, { dark: C.woodD, k: 14, lift: 1.2, inside: () => {
      for (const y of [70, 84]) s.out.push(`<path d="M82 ${450 + y}C82 ${590 + y - 40} 240 ${640 + y - 40} 400 ${640 + y - 40}S718 ${590 + y - 40} 718 ${450 + y}" fill="none" stroke="${C.woodD}" stroke-width="7" opacity=".6"/>`);
      s.cut(rect(370, 610, 60, 130, 8, 2, 3), C.woodL, { lift: 0.4 });
    } });
    s.cut(blob(400, 454, 318, 180, { n: 16, w: 0.004, seed: 5 }), C.woodL, { dark: C.wood, k: 10, lift: 0.3 });
    s.flat(blob(400, 456, 284, 152, { n: 16, w: 0.004, seed: 7 }), '#f3e4c0');
    for (let i = -5; i <= 5; i++) s.line([[400 + i * 50, 456 - 140 * Math.sqrt(1 - (i * i) / 36)], [400 + i * 50, 456 + 140 * Math.sqrt(1 - (i * i) / 36)]], '#e0cb9a', 4, { straight: true, opacity: 0.6 });
    for (const [x, y, k] of [[280, 384, 0.98], [404, 360, 0.98], [524, 384, 0.98], [212, 456, 1], [340, 466, 1.06], [470, 466, 1.06], [594, 458, 1], [288, 536, 1], [410, 552, 1.04], [530, 534, 1]]) s.stamp('r', x, y, { rot: x % 60, k: k * 0.9 }, () => roundDumpling(s, 74));
    s.steam(320, 300, 210); s.steam(500, 310, 180, { phase: 1 });
  }, 42),

  'kimchi-dumplings': () => product('#e0b9a0', '#f9e8d8', (s) => {
    plate(s, 400, 430, 342, 286, { fill: '#f7f1e0', rim: C.chilli });
    const red = { skin: '#f8dcc4', dark: '#d49a7c', blush: '#e58a66' };
    for (const [x, y, r] of [[280, 330, -14], [520, 336, 12], [232, 462, 4], [566, 470, -6]]) s.stamp('d', x, y, { rot: r, k: 1.06 }, () => dumpling(s, red));
    s.at(400, 546, { k: 1.25 }, () => {
      s.cut(smooth([[-112, 34], [-96, -20], [-50, -56], [0, -66], [50, -56], [96, -20], [112, 34], [0, 62]], true, 0.15), '#fbeedd', { dark: '#dcb99c', k: 8 });
      s.cut(smooth([[-84, 28], [-68, -10], [-34, -36], [0, -42], [34, -36], [68, -10], [84, 28], [0, 44]], true, 0.15), '#d2593a', { dark: '#a5361f', k: 6, lift: 0.2, inside: () => { const roll = dice(6); for (let i = 0; i < 20; i++) s.flat(blob(-70 + roll() * 140, -34 + roll() * 70, 12, 7, { seed: i, w: 0.2 }), ['#f5d9a8', '#8f9a3f', '#e98b62'][i % 3]); } });
    });
  }, 43),

  pancake: () => product('#d7c58f', '#f6edcc', (s) => {
    plate(s, 400, 450, 340, 250, { fill: '#6b4a35', dark: '#4b3223', rim: '#8d6a4e' });
    for (const [x, y, n] of [[420, 500, 3], [392, 440, 5], [404, 378, 8]]) {
      s.cut(blob(x, y, 232, 146, { n: 16, w: 0.03, seed: n }), '#dfa640', { dark: '#a86c1e', k: 16, inside: () => {
        s.flat(blob(x - 10, y - 10, 186, 108, { n: 14, w: 0.05, seed: n + 3 }), '#f0c566');
        const roll = dice(n);
        for (let i = 0; i < 10; i++) s.flat(blob(x - 150 + roll() * 300, y - 90 + roll() * 180, 26, 14, { seed: i + n, w: 0.16 }), '#c98a2c', 0.8);
      } });
    }
    for (const [x, y, r] of [[330, 350, 20], [420, 320, -24], [500, 366, 40], [380, 410, -10], [470, 420, 14]]) s.at(x, y, { rot: r }, () => s.cut(leaf(-46, 0, 46, 0, 20), C.cabbageL, { dark: C.cabbage, k: 4, lift: 0.2 }));
    for (const [x, y] of [[410, 366], [450, 352], [344, 390]]) s.flat(blob(x, y, 15, 10, { seed: x, w: 0.1 }), C.chilli);
    s.steam(400, 270, 170);
  }, 44),

  hotteok: () => product('#e3bf8a', '#fbead0', (s) => {
    s.cut(blob(400, 392, 268, 228, { n: 16, w: 0.014, seed: 3 }), '#dd9a3e', { dark: '#a9661f', k: 17, lift: 1.1, inside: () => {
      s.flat(blob(384, 362, 218, 180, { n: 14, w: 0.02, seed: 5 }), '#efbb5e');
      s.flat(blob(320, 290, 70, 38, { n: 10, w: 0.05, seed: 8 }), '#f8d68c', 0.9);
      for (const [x, y, r] of [[470, 270, 40], [540, 340, 30], [270, 350, 28], [420, 240, 24], [560, 420, 34], [240, 430, 26]]) s.flat(blob(x, y, r, r * 0.66, { seed: x, w: 0.12 }), '#c07d2a', 0.75);
    } });
    s.cut(smooth([[196, 420], [290, 360], [400, 338], [510, 360], [604, 420], [510, 452], [400, 462], [290, 452]], true, 0.14), '#6a3413', { dark: '#48210a', k: 6, lift: 0.2, inside: () => s.flat(smooth([[220, 426], [330, 440], [460, 442], [590, 424], [460, 466], [330, 464]]), '#a85c1d') });
    const roll = dice(11);
    for (let i = 0; i < 34; i++) { const a = roll() * 6.28, q = Math.sqrt(roll()); s.stamp(`seed${i % 3}`, 400 + Math.cos(a) * 176 * q, 402 + Math.sin(a) * 42 * q, { rot: roll() * 180 }, () => s.cut(leaf(-22, 0, 22, 0, 22), ['#f4e3b4', '#8ea352', '#c98f4a'][i % 3], { lift: 0.3 })); }
    s.flat(smooth([[388, 452], [418, 452], [414, 506], [402, 518], [392, 502]]), '#8a4513');
    s.cut(poly([[120, 430], [400, 590], [680, 470], [600, 730], [220, 730]]), '#f8f1e0', { dark: '#dccfb2', k: 12, lift: 1.1, inside: () => {
      s.flat(poly([[400, 590], [690, 460], [610, 740], [470, 740]]), '#e9dcc0');
      s.line([[140, 470], [400, 622], [668, 508]], C.persimmon, 11, { straight: true });
      s.line([[152, 496], [400, 644], [660, 532]], C.persimmonL, 5, { straight: true });
    } });
    s.steam(400, 170, 120);
  }, 45),

  garaetteok: () => product(MILK, MILK_LAMP, (s) => {
    board(s, 86, 300, 628, 340);
    for (const [x, y] of [[430, 566], [410, 474], [440, 390], [420, 306]]) s.stamp('stick', x, y, { rot: x % 5 - 2, k: 1.08 }, () => riceStick(s, 460));
    s.cut(blob(640, 640, 84, 60, { n: 12, w: 0.01, seed: 2 }), C.rice, { dark: C.riceD, k: 8 });
    s.flat(blob(640, 636, 62, 40, { n: 12, w: 0.01, seed: 3 }), '#b9701f'); s.flat(blob(620, 624, 20, 8, {}), '#efb564');
    s.steam(420, 250, 190);
  }, 51),

  injeolmi: () => product('#cdb58f', '#f7ebd0', (s) => {
    plate(s, 400, 440, 340, 270, { fill: '#5f7f7a', dark: '#40605c', rim: '#93b3a8' });
    for (const [x, y, r] of [[246, 420, -8], [400, 400, 6], [556, 424, -4], [310, 530, 10], [484, 534, -10], [330, 300, 4], [480, 296, -8]]) s.stamp('in', x, y, { rot: r, k: 0.98 }, () => injeolmi(s));
    const roll = dice(3);
    for (let i = 0; i < 60; i++) s.dot(180 + roll() * 440, 300 + roll() * 320, 1.6 + roll() * 3, '#efcf8d', 0.9);
  }, 52),

  siru: () => product('#d6c0b4', '#f7eadf', (s) => {
    plate(s, 400, 520, 330, 170, { fill: '#f4ecd8', rim: C.clay });
    const layers = [['#fbf4e6', '#e0d2b8'], ['#7a3a34', '#552420'], ['#fbf4e6', '#e0d2b8'], ['#7a3a34', '#552420']];
    const roll = dice(6);
    layers.forEach(([c, d], i) => {
      const y = 520 - i * 62;
      s.cut(smooth([[160, y - 40], [400, y + 40], [640, y - 40], [640, y + 24], [400, y + 108], [160, y + 24]], true, 0.03), c, { dark: d, k: 12, lift: i ? 0.1 : 1.1 });
      s.flat(poly([[400, y + 36], [642, y - 44], [642, y + 26], [400, y + 108]]), d, 0.55);
      for (let j = 0; j < 12; j++) { const t = roll(); s.flat(blob(170 + t * 460, y + 14 + (t < 0.5 ? t : 1 - t) * 150 - 20 + roll() * 40, 9, 6, { seed: j, w: 0.15 }), i % 2 ? '#9c574c' : '#fffdf6'); }
    });
    s.cut(smooth([[156, 290], [400, 208], [644, 290], [400, 378]], true, 0.03), '#8d4940', { dark: '#6a302a', k: 6, lift: 0 });
    for (let j = 0; j < 60; j++) { const u = roll() - 0.5, v = roll() - 0.5; s.stamp(`bean${j % 2}`, 400 + (u - v) * 226, 292 + (u + v) * 78, { rot: roll() * 180 }, () => s.cut(blob(0, 0, 15, 11, { seed: 3, w: 0.1 }), j % 2 ? '#a8655a' : '#74352e', { lift: 0.25 })); }
    s.steam(400, 220, 150);
  }, 53),

  kkultteok: () => product('#d4cdbb', '#f7f0e2', (s) => {
    plate(s, 400, 430, 338, 290, { fill: '#8a5a3c', dark: '#633c25', rim: '#b58259' });
    const kinds = [['#f7b9b6', '#d98a8c'], ['#fffaf0', '#ddd0b8'], ['#9dbd72', '#6f9247']];
    let i = 0;
    for (const [x, y] of [[270, 330], [400, 312], [530, 330], [208, 430], [336, 428], [466, 428], [594, 430], [274, 532], [402, 544], [530, 532]]) { const n = i++ % 3; s.stamp(`b${n}`, x, y, { rot: 0 }, () => ball(s, 66, kinds[n][0], kinds[n][1])); }
    sesame(s, 400, 430, 230, 150, 16);
    bigLeaf(s, 620, 610, 540, 640, 40);
  }, 54),
};
