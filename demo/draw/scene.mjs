// The fishmonger's stall as the live show sees it: 720 x 1280, drawn for any second of one minute.
//
// Everything that moves is a function of `t` with a period of 60 s, so the clip ends where it begins.
import { C, Sheet, blob, card, poly, rect, ribbon, smooth } from './hand.mjs';
import { fish, ice, squid } from './fish.mjs';
import { roundDumpling } from './food.mjs';
import { arm, person } from './people.mjs';
import { awning, bulb } from './stalls.mjs';

export const MINUTE = 60;
export const LINES = [
  [0.4, 4.6, '어서 오세요, 파도네예요!'],
  [5.6, 11.6, '오늘 새벽 경매에서 받아 온 고등어예요'],
  [12.4, 18.4, '눈이 맑지요? 배도 팽팽해요'],
  [19.4, 25.4, '한 손에 9,800원, 손질도 해 드려요'],
  [26.4, 32.4, '조림용, 구이용, 자반 중에 고르세요'],
  [33.4, 39.4, '구이는 껍질부터 중불에 7분이에요'],
  [40.4, 46.4, '은갈치도 은빛이 그대로예요'],
  [47.4, 53.2, '오후 2시 전에 주문하시면 오늘 보내요'],
  [54.0, 58.8, '궁금한 건 채팅으로 물어보세요'],
];

/** Syllables a second while she speaks; the sound uses the same beat. */
export const SYLLABLE = 6;

/** How wide the mouth is open at `t`: 0 between lines. */
export function mouth(t) {
  const line = LINES.find(([a, b]) => t >= a && t < a + spoken(a, b));
  if (!line) return 0;
  const beat = (t - line[0]) * SYLLABLE, n = Math.floor(beat);
  const strength = [0.9, 0.45, 0.75, 0.3, 1, 0.55, 0.7][n % 7];
  return Math.max(0, Math.sin((beat - n) * Math.PI)) * strength;
}

/** How long a line is spoken: by its syllables, never longer than it is shown. */
export function spoken(a, b) {
  const text = LINES.find((l) => l[0] === a)[2];
  return Math.min(b - a, (text.replace(/[^가-힣0-9]/g, '').length + 1) / SYLLABLE + 0.3);
}

const REST = { l: [[-176, 150], [-128, 224], 10], r: [[176, 150], [128, 224], -10] };
const POSES = {
  rest: REST,
  wave: { l: REST.l, r: [[218, 138], [214, 4], 8], wave: 1 },
  hold: { l: [[-186, 168], [-118, 112], 36], r: [[186, 162], [112, 96], -40], fish: 1 },
  near: { l: [[-196, 152], [-124, 92], 30], r: [[196, 146], [120, 76], -36], fish: 1, near: 1 },
  card: { l: [[-214, 140], [-196, 84], 200], r: REST.r, pointL: 1 },
  open: { l: [[-206, 150], [-214, 46], -16], r: [[206, 150], [214, 46], 16] },
  seven: { l: REST.l, r: [[206, 146], [186, 16], 6], pointR: 1 },
  tail: { l: REST.l, r: [[214, 140], [198, 84], 160], pointR: 1 },
};
const PLAN = [[0, 'rest'], [0.5, 'wave'], [4.2, 'rest'], [5.4, 'hold'], [12.2, 'near'], [18.4, 'rest'], [19.2, 'card'], [25.4, 'rest'], [26.2, 'open'], [32.6, 'rest'], [33.2, 'seven'], [39.4, 'rest'], [40.2, 'tail'], [46.4, 'rest'], [47.2, 'open'], [53, 'rest'], [54, 'wave'], [58.4, 'rest']];
const TURN = 0.7;

const ease = (x) => { const t = Math.max(0, Math.min(1, x)); return t * t * (3 - 2 * t); };
const mix = (a, b, k) => a + (b - a) * k;

/** The pose at `t`, on its way from the one before. */
function pose(t) {
  let at = 0;
  while (at + 1 < PLAN.length && PLAN[at + 1][0] <= t) at++;
  const to = POSES[PLAN[at][1]], from = POSES[PLAN[Math.max(0, at - 1)][1]], k = ease((t - PLAN[at][0]) / TURN);
  const limb = (a, b) => [0, 1].map((i) => [mix(a[i][0], b[i][0], k), mix(a[i][1], b[i][1], k)]).concat([mix(a[2], b[2], k)]);
  const flag = (name) => mix(from[name] || 0, to[name] || 0, k);
  return { l: limb(from.l, to.l), r: limb(from.r, to.r), fish: flag('fish'), near: flag('near'), wave: flag('wave'), pointL: flag('pointL') > 0.5, pointR: flag('pointR') > 0.5 };
}

const turn = (t, n, o = 0) => Math.sin((2 * Math.PI * n * t) / MINUTE + o);

/** A passer-by far back, in muted paper. */
function passer(s, x, y, coat, bob) {
  s.at(x, y + bob, {}, () => {
    s.flat(smooth([[-30, 0], [-34, -90], [-14, -124], [14, -124], [34, -90], [30, 0]]), coat);
    s.flat(blob(0, -150, 22, 25, {}), '#e6bd98');
    s.flat(smooth([[-24, -148], [-20, -176], [4, -182], [24, -170], [24, -150], [0, -162]]), '#5a463e');
    s.flat(rect(26, -52, 40, 36, 6, 1), '#c9975c');
  });
}

/** A wall clock whose red hand goes round once in the minute. */
function clock(s, x, y, r, t) {
  s.cut(blob(x, y, r, r, { n: 20, w: 0.003 }), C.wood, { dark: C.woodD, k: 6 });
  s.cut(blob(x, y, r * 0.84, r * 0.84, { n: 20, w: 0.003 }), C.paper, { lift: 0.2 });
  const hand = (turns, length, width, colour) => { const a = turns * Math.PI * 2; s.line([[x - Math.sin(a) * r * 0.1, y + Math.cos(a) * r * 0.1], [x + Math.sin(a) * length, y - Math.cos(a) * length]], colour, width, { straight: true }); };
  for (let i = 0; i < 12; i++) { const a = i * 0.5236; s.line([[x + Math.sin(a) * r * 0.66, y - Math.cos(a) * r * 0.66], [x + Math.sin(a) * r * 0.74, y - Math.cos(a) * r * 0.74]], C.ink, i % 3 ? 3 : 6, { straight: true }); }
  hand(7.02 / 12, r * 0.4, 9, C.ink);
  hand(1 / 60, r * 0.6, 6, C.ink);
  if (t !== null) hand(t / MINUTE, r * 0.68, 3.6, C.chilli);
  s.dot(x, y, 6, C.chilli);
}

/** The hairtail that hangs over the right end of the ice. */
function hairtail(s) {
  const spine = [[-190, 0], [-120, -22], [-40, -8], [40, 16], [120, 6], [210, -20]];
  s.cut(ribbon(spine, (t) => (t < 0.1 ? 16 + t * 120 : 30 * Math.pow(1 - t, 0.5) + 2)), '#eef4f5', { dark: '#9fb4bd', k: 6, lift: 0.7, inside: () => { s.line(spine.map(([x, y]) => [x, y - 9]), '#ffffff', 6); s.line(spine, '#c9d6db', 5); } });
  s.dot(-168, -4, 10, C.gold); s.dot(-168, -4, 6, C.ink);
}

/** The whole picture at second `t`; `still` is for the poster: no caption, no second hand. */
export function scene(t, { still = false } = {}) {
  const s = new Sheet(720, 1280, '#f6dcb4');
  // Cloth moves in steps, as paper does when it is moved by hand; that also keeps the clip small.
  const slow = Math.floor(t * 4) / 4;
  // The alley in the morning: sky, far roofs, passers-by.
  s.flat(rect(0, 0, 720, 520, 0, 0), '#fbe7c4');
  s.dot(150, 430, 86, '#fff4d2', 0.9); s.dot(150, 430, 58, '#ffe29a');
  s.flat(poly([[0, 520], [90, 470], [190, 516], [300, 462], [420, 520], [540, 466], [720, 520], [720, 700], [0, 700]]), '#e9c69a');
  for (const [x, c] of [[-40, '#d99a86'], [170, '#a9bf95'], [470, '#9db8c4'], [640, '#d9b27c']]) { s.flat(poly([[x, 560], [x + 180, 560], [x + 200, 620], [x - 20, 620]]), c); s.flat(rect(x, 620, 180, 220, 0, 0), '#e3bf92'); }
  s.flat(rect(0, 760, 720, 200, 0, 0), '#d9b384');
  const walk = (t / MINUTE) * 1100;
  passer(s, ((walk + 100) % 1100) - 200, 820, '#8a7fa0', -Math.abs(turn(t, 90)) * 7);
  passer(s, 860 - ((walk + 640) % 1100), 806, '#7f9a86', -Math.abs(turn(t, 84)) * 7);
  // Next door's steamer.
  s.cut(rect(528, 700, 190, 56, 14, 2, 2), C.wood, { dark: C.woodD, k: 6 }); s.cut(rect(528, 646, 190, 56, 14, 2, 3), C.wood, { dark: C.woodD, k: 6 });
  s.cut(blob(623, 646, 96, 26, { n: 14, w: 0.004 }), '#f3e4c0', { lift: 0.2 });
  for (const [x, y] of [[566, 640], [624, 632], [682, 640]]) s.stamp('rd', x, y, { kx: 0.46, ky: 0.36 }, () => roundDumpling(s, 62));
  s.steam(623, 626, 190, { phase: (-2 * Math.PI * 24 * t) / MINUTE, opacity: 0.62 });
  s.cut(rect(22, 100, 34, 900, 4, 2, 2), C.woodD, { lift: 0.8 });
  s.cut(rect(664, 100, 34, 900, 4, 2, 4), C.woodD, { lift: 0.8 });
  clock(s, 596, 396, 74, still ? null : t);
  s.line([[596, 322], [596, 190]], C.ink, 3, { straight: true });

  // The stallholder.
  const p = pose(t), blinkAt = [2.1, 6.4, 9.9, 13.5, 17.2, 21, 24.6, 29.3, 33.9, 37.1, 42.2, 45.5, 50.1, 53.6, 57.2];
  const blink = blinkAt.some((b) => t >= b && t < b + 0.15) ? 1 : 0;
  const look = p.pointL ? -0.9 : p.pointR && p.r[2] > 60 ? 0.9 : turn(t, 7) * 0.4;
  const k = 1.17, red = '#d2503f';
  s.at(352 + turn(t, 20) * 4, 668 + turn(t, 40) * 3, { k, rot: turn(t, 10) * 0.8 }, () => {
    person(s, {
      style: 'perm', scarf: ['#c8473c', '#96291f'], cloth: '#4b6e86', clothD: '#34526a', apron: '#e9e3d0', apronD: '#c9bfa4', pocket: false,
      talk: still ? 0.7 : mouth(t), blink: still ? 0 : blink, look, tilt: turn(t, 15, 1) * 3 + p.near * 3, brow: mouth(t) * 4 + p.near * 5,
      arms: () => {
        if (p.fish > 0.02) s.stamp('fish', 0, mix(390, mix(100, 74, p.near), ease(p.fish)), { rot: -4 + turn(t, 36) * 2.4, k: mix(0.62, 0.72, p.near) }, () => fish(s));
        const both = { sleeve: '#4b6e86', sleeveD: '#34526a', glove: red };
        arm(s, [-128, 66], p.l[0], p.l[1], { ...both, rot: p.l[2] + (p.fish ? 0 : turn(t, 50) * 4), flip: -1, point: p.pointL });
        arm(s, [128, 66], p.r[0], p.r[1], { ...both, rot: p.r[2] + p.wave * turn(t, 110) * 24 + (p.fish ? 0 : turn(t, 45) * 4), flip: 1, point: p.pointR });
      },
    });
  });

  // Ice, fish and cards in front.
  s.cut(rect(-10, 866, 740, 130, 8, 4, 3), '#dfeef0', { dark: '#b3ced6', k: 9 });
  ice(s, 360, 926, 340, 46, 5, 24);
  for (const [x, y, r] of [[140, 908, -6], [214, 962, -4], [330, 914, -5]]) s.stamp('fish', x, y, { rot: r, k: 0.42 }, () => fish(s));
  s.at(430, 956, { rot: 92, k: 0.3 }, () => squid(s));
  s.stamp('tail', 566, 906, { rot: -4, k: 0.74 }, () => hairtail(s));
  s.stamp('tail', 584, 958, { rot: 3, k: 0.74 }, () => hairtail(s));
  s.cut(rect(-10, 990, 740, 310, 4, 2, 3), '#4b86a0', { dark: C.brineD, k: 7, lift: 0.4, inside: () => { for (let i = 0; i < 9; i++) s.line([[40 + i * 84, 1000], [36 + i * 86 + turn(slow, 12, i) * 5, 1300]], C.brineD, 6, { opacity: 0.45 }); } });
  for (const [y, n, c] of [[1120, 0, '#6ba3b8'], [1176, 1, '#3b7590'], [1232, 2, '#8fbccb']]) {
    const crest = [[-20, 1300]];
    for (let i = 0; i <= 16; i++) crest.push([-20 + i * 48, y + (i % 2 ? -15 : 15) + turn(slow, 9, n + i) * 4]);
    s.cut(smooth([...crest, [760, 1300]], true, 0.2), c, { lift: 0.5 });
  }
  card(s, 142, 868, '9,800원', { k: 1.05, rot: -5 + turn(slow, 18) });
  card(s, 590, 864, '14,000원', { k: 0.96, rot: 4 + turn(slow, 16, 2) });
  awning(s, -14, -8, 748, 150, '#f7f3e6', C.brine, { n: 9, sway: (2 * Math.PI * 14 * slow) / MINUTE });
  bulb(s, 168, 138, { k: 1, wire: 150, swing: turn(t, 15) * 5 });

  if (!still) caption(s, t);
  return s;
}

/** The host's line on a slip of paper below the awning. */
function caption(s, t) {
  const line = LINES.find(([a, b]) => t >= a - 0.25 && t < b + 0.25);
  if (!line) return;
  const [a, b, text] = line, k = ease((t - a + 0.25) / 0.25) * ease((b + 0.25 - t) / 0.25);
  if (k < 0.03) return;
  const width = Math.min(700, 60 + [...text].reduce((w, c) => w + (/[가-힣]/.test(c) ? 33 : c === ' ' ? 10 : 19), 0));
  s.at(360, 232 - (1 - k) * 14, { fade: Math.round(k * 100) / 100 }, () => {
    s.cut(rect(-width / 2, -40, width, 76, 14, 3, text.length), C.paper, { lift: 0.6 });
    s.out.push(`<text x="0" y="11" text-anchor="middle" font-family="NanumSquareRound, NanumGothic, Noto Sans CJK KR, sans-serif" font-weight="700" font-size="34" fill="${C.ink}">${text}</text>`);
  });
}
