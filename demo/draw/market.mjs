// The hero picture of the market and the poster of the kimjang broadcast.
import { C, Sheet, blob, card, dice, leaf, poly, rect, smooth } from './hand.mjs';
import { fish, ice } from './fish.mjs';
import { bowl, kimchiQuarter, mandarin, napa, persimmon, roundDumpling } from './food.mjs';
import { arm, person } from './people.mjs';
import { awning, bulb } from './stalls.mjs';

/** A string of small bulbs that hangs between two points. */
function lights(s, x0, y0, x1, y1, sag, n) {
  const at = (t) => [x0 + (x1 - x0) * t, y0 + (y1 - y0) * t + sag * 4 * t * (1 - t)];
  s.line([at(0), at(0.25), at(0.5), at(0.75), at(1)], C.ink, 4);
  for (let i = 1; i < n; i++) {
    const [x, y] = at(i / n);
    s.stamp('lamp', x, y, {}, () => { s.dot(0, 26, 44, '#ffe9a8', 0.34); s.flat(rect(-7, 0, 14, 13, 3, 1), C.slate); s.flat(blob(0, 26, 15, 18, {}), '#ffd970'); s.flat(blob(-4, 21, 5, 7, {}), '#fffbe6'); });
  }
}

/** A stall of the hero: posts, awning, keeper, counter. */
function booth(s, x, w, light, dark, cloth, clothD, who, goods) {
  const mid = x + w / 2;
  s.flat(rect(x + 20, 330, w - 40, 330, 0, 0), '#5a3b26', 0.28);
  for (const px of [x + 14, x + w - 34]) s.cut(rect(px, 300, 20, 560, 3, 2, 2), C.woodD, { lift: 0.6 });
  s.stamp('bulb', mid - w * 0.26, 300, { k: 0.74 }, () => bulb(s, 0, 0, { wire: 90 }));
  s.at(mid, 540, { k: 0.66 }, () => person(s, { pocket: false, ...who }));
  awning(s, x - 14, 236, w + 28, 88, light, dark, { n: 7 });
  s.cut(poly([[x + 8, 620], [x + w - 8, 620], [x + w + 18, 690], [x - 18, 690]]), C.woodL, { dark: C.wood, k: 5, lift: 0.4 });
  s.cut(rect(x - 18, 686, w + 36, 190, 4, 2, 3), cloth, { dark: clothD, k: 6, lift: 0.4 });
  goods(mid);
}

export const market = {
  market: () => {
    const s = new Sheet(1600, 900, '#fbe3bd');
    s.flat(smooth([[-20, -20], [1620, -20], [1620, 300], [1300, 250], [1000, 296], [700, 236], [400, 290], [180, 250], [-20, 300]], true, 0.16), '#fbd9ab');
    s.flat(smooth([[-20, -20], [1620, -20], [1620, 170], [1360, 210], [1100, 150], [800, 196], [520, 140], [260, 200], [-20, 160]], true, 0.16), '#f8cba0');
    s.dot(800, 372, 170, '#fff1c9', 0.7); s.dot(800, 372, 104, '#ffdf8f');
    // The harbour at the end of the alley: hills, sea, lighthouse, a boat.
    s.flat(smooth([[480, 470], [600, 400], [700, 440], [800, 410], [940, 450], [1060, 396], [1140, 470], [1140, 540], [480, 540]]), '#c79f93');
    s.cut(rect(480, 464, 660, 150, 0, 2, 2), '#7aa9bd', { lift: 0 });
    for (const [x, y, w] of [[640, 492, 70], [840, 486, 90], [730, 516, 120], [930, 522, 60], [800, 548, 90]]) s.line([[x, y], [x + w / 2, y + 4], [x + w, y]], '#dcebec', 5, { opacity: 0.8 });
    s.cut(poly([[932, 352], [968, 352], [980, 474], [920, 474]]), C.paper, { dark: '#d9cdb6', k: 5, lift: 0.5, inside: () => { s.flat(rect(910, 384, 80, 24, 0, 0), C.chilli); s.flat(rect(910, 430, 80, 24, 0, 0), C.chilli); } });
    s.cut(poly([[926, 352], [950, 322], [974, 352]]), C.chilli, { lift: 0.4 }); s.dot(950, 346, 6, '#ffe9a8');
    s.cut(smooth([[640, 500], [770, 500], [748, 530], [664, 530]], true, 0.06), '#96291f', { lift: 0.5 }); s.cut(poly([[700, 500], [700, 424], [752, 494]]), C.paper, { lift: 0.4 }); s.line([[699, 500], [699, 418]], C.woodD, 5);
    // The paved alley.
    s.cut(poly([[560, 600], [1040, 600], [1330, 910], [270, 910]]), '#e3c49a', { lift: 0 });
    for (const y of [640, 700, 780]) s.line([[560 - (y - 600) * 0.93, y], [800, y + 5], [1040 + (y - 600) * 0.93, y]], '#cfa97a', 4, { opacity: 0.7 });
    for (const x of [-2, -1, 0, 1, 2]) s.line([[800 + x * 80, 604], [800 + x * 180, 904]], '#cfa97a', 4, { opacity: 0.6 });
    // Small far stalls on both sides.
    for (const [x, c, f] of [[486, C.gold, 0], [1010, C.plumL, 1]]) {
      s.cut(rect(x, 500, 130, 130, 3, 2, 2), '#a9764a', { lift: 0.5 }); s.flat(rect(x + 10, 520, 110, 60, 2, 1), '#6f4a2c');
      awning(s, x - 12, 466, 154, 40, C.paper, c, { n: 5 });
      for (let i = 0; i < 4; i++) s.dot(x + 26 + i * 27, 584, 17, f ? ['#e9a178', C.jade, C.indigoL, C.pink][i] : [C.cabbage, C.chilli, C.cabbageL, C.persimmon][i]);
      s.flat(rect(x, 594, 130, 44, 3, 2), '#8f6238');
    }
    booth(s, 24, 400, '#f8f3df', C.cabbage, '#77a653', C.cabbageD, { style: 'short', cloth: '#d9895b', clothD: '#b2663b', apron: C.cabbage, apronD: C.cabbageD, talk: 0.7, look: 0.5 }, (m) => {
      for (const x of [-126, -46]) s.stamp('napa', m + x, 630, { k: 0.36 }, () => napa(s));
      for (const [x, y] of [[40, 650], [92, 650], [146, 650], [66, 618], [120, 618]]) s.stamp('per', m + x, y, {}, () => persimmon(s, 34));
      for (const [x, y] of [[-150, 716], [-90, 716], [-30, 716], [-120, 690], [-60, 690]]) s.stamp('man', m + x, y, {}, () => mandarin(s, 36, false));
      s.cut(rect(m - 196, 728, 210, 76, 6, 3, 3), C.wood, { dark: C.woodD, k: 6 });
      card(s, m + 112, 748, '11,000원', { k: 0.8 });
    });
    booth(s, 1176, 400, '#f7f3e6', C.brine, '#4b86a0', C.brineD, { style: 'perm', scarf: ['#c8473c', '#96291f'], cloth: '#4b6e86', clothD: '#34526a', apron: '#e9e3d0', apronD: '#c9bfa4', look: -0.6, talk: 0.5 }, (m) => {
      s.cut(rect(m - 200, 622, 400, 76, 8, 3, 3), '#dfeef0', { dark: '#b3ced6', k: 6 });
      ice(s, m, 660, 180, 24, 5, 10);
      for (const [x, y, r] of [[-104, 640, -6], [86, 640, -4], [-60, 678, -3], [110, 680, -5]]) s.stamp('fish', m + x, y, { rot: r, k: 0.32 }, () => fish(s));
      card(s, m - 96, 752, '9,800원', { k: 0.85 });
      for (const y of [836, 804, 772]) s.cut(rect(m + 26, y, 160, 36, 12, 2, 2), C.wood, { dark: C.woodD, k: 5, lift: 0.6 }); s.cut(blob(m + 106, 772, 82, 22, { n: 12, w: 0.004 }), '#f3e4c0', { lift: 0.2 });
      for (const x of [-44, 0, 44]) s.stamp('rd', m + 106 + x, 766, { kx: 0.4, ky: 0.32 }, () => roundDumpling(s, 60));
      s.steam(m + 106, 750, 130);
    });
    // A regular with her basket, walking in.
    s.at(800, 590, { k: 0.66 }, () => {
      s.flat(blob(0, 392, 120, 18, {}), '#40230f', 0.2);
      for (const x of [-26, 26]) { s.flat(rect(x - 12, 330, 24, 44, 4, 1), C.skinD); s.flat(rect(x - 18, 366, 36, 24, 9, 1), C.soy); }
      s.cut(smooth([[-62, 110], [62, 110], [84, 220], [92, 336], [0, 346], [-92, 336], [-84, 220]]), '#7d5a74', { dark: '#5b3d54', k: 8 });
      s.cut(smooth([[-40, -20], [40, -20], [84, 30], [78, 140], [-78, 140], [-84, 30]]), '#e3b04b', { dark: '#bb8a2c', k: 9, lift: 0.7 });
      s.cut(smooth([[70, 20], [108, 60], [104, 130], [78, 128], [66, 60]]), '#d49f3a', { dark: '#a97a22', k: 5, lift: 0.5 });
      s.cut(rect(58, 128, 104, 74, 14, 3, 3), C.woodL, { dark: C.wood, k: 6 }); s.line([[66, 130], [110, 92], [156, 130]], C.woodD, 8);
      s.cut(leaf(84, 130, 60, 60, 26), C.cabbage, { lift: 0.3 }); s.cut(leaf(104, 130, 120, 52, 26), C.cabbageL, { lift: 0.3 }); s.dot(138, 124, 17, C.persimmon);
      s.cut(blob(0, -78, 62, 68, { seed: 4 }), C.hair, { dark: '#241a17', k: 8 }); s.cut(blob(0, -140, 32, 27, { seed: 2 }), C.hair, { dark: '#241a17', k: 5, lift: 0.5 });
    });
    lights(s, 410, 262, 800, 60, 70, 7); lights(s, 800, 60, 1190, 262, 70, 7);
    s.cut(smooth([[-20, -20], [1620, -20], [1620, 40], [1400, 74], [1200, 48], [1000, 80], [800, 56], [600, 80], [400, 48], [200, 74], [-20, 40]], true, 0.16), '#c9502a', { dark: '#a83f1c', k: 8 });
    return s;
  },

  'poster-kimjang': () => {
    const s = new Sheet(720, 1280, '#efd09c');
    s.flat(rect(0, 0, 720, 760, 0, 0), '#f7e2b8');
    for (const y of [330]) s.cut(rect(30, y + 90, 660, 18, 3, 2, 2), C.wood, { dark: C.woodD, k: 4 });
    for (const [x, k] of [[110, 1], [610, 1]]) s.at(x, 352, { k: 0.62 * k }, () => { s.cut(smooth([[-90, -110], [90, -110], [130, 0], [90, 108], [-90, 108], [-130, 0]]), C.clay, { dark: C.clayD, k: 14, inside: () => s.line([[-86, -60], [-100, 10], [-80, 70]], C.clayL, 16) }); s.cut(rect(-104, -136, 208, 40, 18, 2, 3), C.clayL, { dark: C.clay, k: 6, lift: 0.5 }); });
    awning(s, -14, -8, 748, 150, '#fbf1dc', C.chilli, { n: 9 });
    bulb(s, 560, 138, { wire: 110 });
    s.at(360, 640, { k: 1.2 }, () => person(s, { style: 'bun', cloth: '#7a8f5c', clothD: '#5a6d40', apron: '#fbf4e4', apronD: '#dccfb0', pocket: false, talk: 0.8, look: 0.2, arms: () => {
      const both = { sleeve: '#7a8f5c', sleeveD: '#5a6d40', glove: '#d2503f' };
      s.at(4, 158, { rot: -5, k: 0.62 }, () => kimchiQuarter(s));
      arm(s, [-128, 66], [-186, 176], [-124, 156], { ...both, rot: 34, flip: -1 });
      arm(s, [128, 66], [186, 172], [128, 146], { ...both, rot: -36, flip: 1 });
    } }));
    s.cut(rect(-10, 930, 740, 380, 4, 2, 3), '#a5402f', { dark: C.chilliD, k: 7, lift: 0.4 });
    for (const x of [92, 628]) s.stamp('napa', x, 900, { k: 0.66 }, () => napa(s));
    bowl(s, 360, 930, 226, { fill: '#c94a35', dark: '#8d2417', mouth: '#e0674c', depth: 0.7, foot: false, rim: 0.27, inside: () => {
      s.cut(smooth([[160, 930], [220, 880], [320, 852], [420, 856], [510, 890], [560, 930], [460, 962], [260, 962]]), '#b52f1f', { dark: '#8d2012', k: 8, lift: 0.3, inside: () => {
        const roll = dice(6);
        for (let i = 0; i < 26; i++) { const x = 180 + roll() * 350, y = 870 + roll() * 80; s.line([[x, y], [x + 24, y - 8 + roll() * 16], [x + 50, y + roll() * 10]], ['#f2a07e', '#f8cfae', '#7f9a3f'][i % 3], 8); }
      } });
    } });
    card(s, 360, 1180, '13,000원', { k: 1.5, rot: -3 });
    return s;
  },
};
