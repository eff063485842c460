// The hand that cuts all demo pictures: paper shapes with one light from the upper left.
//
// Every shape is a sheet of coloured paper. It throws a hard shadow to the lower right and keeps a
// darker rim on that side, so fish, cloth and dumplings look cut by the same scissors. Shadows keep
// their direction inside turned groups because the offset is turned back by the same matrix.

/** The paper drawer: every colour that the pictures use, by what it is. */
export const C = {
  ink: '#2b2320', paper: '#fbf4e4', rice: '#fffaf0', riceD: '#e8dac0',
  persimmon: '#e0702e', persimmonD: '#b9501c', persimmonL: '#f39a56',
  mandarin: '#f08c1e', mandarinD: '#cf6a10', mandarinL: '#fbb04c',
  cabbage: '#5c8a3f', cabbageD: '#3f672c', cabbageL: '#93b862', cabbageLL: '#d3df9c',
  brine: '#2f6180', brineD: '#1f4660', brineL: '#7aa9bd', brineLL: '#c4dbe0',
  chilli: '#c5392a', chilliD: '#962418', chilliL: '#e06a4c',
  soy: '#4b2d1e', wood: '#bd8a56', woodD: '#8f6238', woodL: '#dcb281',
  clay: '#7a452b', clayD: '#56301e', clayL: '#a3673f', gold: '#e9b64d', goldD: '#c88f2b', goldL: '#f7d98c',
  silver: '#dfe6e6', silverD: '#a9b7bb', slate: '#3d4a52', slateD: '#2a343a',
  plum: '#7d3f5c', plumD: '#5b2a42', plumL: '#b27890', indigo: '#33497e', indigoD: '#22325c', indigoL: '#6a80b3',
  jade: '#6fa58f', jadeD: '#4d8070', jadeL: '#a9cdbb', apricot: '#f2b48c', apricotD: '#d68f66',
  skin: '#f0c39b', skinD: '#d9a077', hair: '#3a2b26', pink: '#ee9fa0', pinkD: '#d47a80',
};

const round = (n) => String(Math.round(n * 10) / 10).replace(/^(-?)0\./, '$1.');

/** A small seeded random source, so that a redraw gives the same file byte for byte. */
export function dice(seed) {
  let a = seed * 2654435761 >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A smooth path through points; `closed` joins the last to the first. */
export function smooth(points, closed = true, tension = 0.17) {
  const n = points.length;
  if (n === 2 && !closed) return `M${points.map((q) => q.map(Math.round).join(' ')).join('L')}`;
  const p = (i) => (closed ? points[(i + n) % n] : points[Math.max(0, Math.min(n - 1, i))]);
  const whole = Math.round;
  const join = (numbers) => numbers.join(' ').replaceAll(' -', '-');
  // Relative whole numbers: the eye cannot tell at 800 px, and the file is half as long.
  let [px, py] = points[0].map(whole);
  let d = `M${px} ${py}c`;
  for (let i = 0; i < (closed ? n : n - 1); i++) {
    const [a, b, c, e] = [p(i - 1), p(i), p(i + 1), p(i + 2)];
    const [x, y] = [whole(c[0]), whole(c[1])];
    const lead = [b[0] + (c[0] - a[0]) * tension - px, b[1] + (c[1] - a[1]) * tension - py];
    const rest = [c[0] - (e[0] - b[0]) * tension - px, c[1] - (e[1] - b[1]) * tension - py, x - px, y - py];
    // After the first piece the lead is the mirror of the last handle, which is what `s` means.
    const step = (i ? rest : [...lead, ...rest]).map(whole).map((v) => v || 0);
    d += (i === 1 ? 's' : i && step[0] >= 0 ? ' ' : '') + join(step);
    [px, py] = [x, y];
  }
  return d + (closed ? 'Z' : '');
}

/** A polygon with straight sides. */
export const poly = (points) => 'M' + points.map(([x, y]) => `${Math.round(x)} ${Math.round(y)}`).join('L') + 'Z';

/** An ellipse as scissors cut it: not quite even. */
export function blob(cx, cy, rx, ry = rx, { n = 10, w = 0.025, seed = 1 } = {}) {
  const roll = dice(seed);
  const points = [];
  for (let i = 0; i < n; i++) {
    const a = (i / n) * Math.PI * 2;
    const k = 1 + (roll() - 0.5) * 2 * w;
    points.push([cx + Math.cos(a) * rx * k, cy + Math.sin(a) * ry * k]);
  }
  return smooth(points);
}

/** A rectangle with rounded corners and slightly leaning sides. */
export function rect(x, y, w, h, r = 6, lean = 3, seed = 1) {
  const roll = dice(seed);
  const j = () => (roll() - 0.5) * 2 * lean;
  const [a, b, c, d] = [[x + j(), y + j()], [x + w + j(), y + j()], [x + w + j(), y + h + j()], [x + j(), y + h + j()]];
  const toward = (p, q) => {
    const l = Math.hypot(q[0] - p[0], q[1] - p[1]) || 1;
    const k = Math.min(r, l / 2) / l;
    return `${Math.round(p[0] + (q[0] - p[0]) * k)} ${Math.round(p[1] + (q[1] - p[1]) * k)}`;
  };
  const at = (p) => `${Math.round(p[0])} ${Math.round(p[1])}`;
  return `M${toward(a, b)}L${toward(b, a)}Q${at(b)} ${toward(b, c)}L${toward(c, b)}Q${at(c)} ${toward(c, d)}`
    + `L${toward(d, c)}Q${at(d)} ${toward(d, a)}L${toward(a, d)}Q${at(a)} ${toward(a, b)}Z`;
}

/** A leaf from one point to another, `w` wide. */
export function leaf(x0, y0, x1, y1, w, bend = 0) {
  const dx = x1 - x0, dy = y1 - y0, l = Math.hypot(dx, dy) || 1;
  const nx = -dy / l, ny = dx / l;
  const at = (t, s) => [x0 + dx * t + nx * (s * w + bend * Math.sin(t * Math.PI)), y0 + dy * t + ny * (s * w + bend * Math.sin(t * Math.PI))];
  const [a, b, c, d] = [at(0.3, 0.6), at(0.7, 0.5), at(0.7, -0.5), at(0.3, -0.6)];
  const w0 = Math.round, pair = ([x, y]) => `${w0(x)} ${w0(y)}`;
  return `M${pair([x0, y0])}C${pair(a)} ${pair(b)} ${pair([x1, y1])}C${pair(c)} ${pair(d)} ${pair([x0, y0])}Z`;
}

/** One picture: collects shapes, writes the SVG. */
export class Sheet {
  constructor(w, h, background) {
    Object.assign(this, { w, h, out: [], defs: [], count: 0, matrix: [1, 0, 0, 1], memory: new Map() });
    if (background) this.out.push(`<rect width="${w}" height="${h}" fill="${background}"/>`);
  }

  /** Turns a screen offset into the current group's coordinates. */
  local(x, y) {
    const [a, b, c, d] = this.matrix;
    const det = a * d - b * c || 1;
    return [(d * x - c * y) / det, (a * y - b * x) / det];
  }

  /** Draws `fn` moved, turned and scaled. */
  at(x, y, { rot = 0, k = 1, kx = k, ky = k, fade = 1 } = {}, fn) {
    const kept = this.matrix;
    const r = (rot * Math.PI) / 180;
    const [a, b, c, d] = kept;
    const [e, f, g, h] = [Math.cos(r) * kx, Math.sin(r) * kx, -Math.sin(r) * ky, Math.cos(r) * ky];
    this.matrix = [a * e + c * f, b * e + d * f, a * g + c * h, b * g + d * h];
    const turn = rot ? ` rotate(${round(rot)})` : '';
    const size = kx !== 1 || ky !== 1 ? ` scale(${Math.round(kx * 1000) / 1000} ${Math.round(ky * 1000) / 1000})` : '';
    this.out.push(`<g transform="translate(${round(x)} ${round(y)})${turn}${size}"${fade < 1 ? ` opacity="${fade}"` : ''}>`);
    fn();
    this.out.push('</g>');
    this.matrix = kept;
  }

  /** Names a path once, however often it is used. */
  name(d) {
    if (!this.memory.has(d)) {
      const id = `a${(this.count++).toString(36)}`;
      this.memory.set(d, id);
      this.defs.push(`<path id="${id}" d="${d}"/>`);
    }
    return this.memory.get(d);
  }

  /**
   * A cut shape. Its shadow takes the root's fill, a transparent brown. `dark` leaves a rim of `k` px on the lower right; `lift` is how high the paper
   * lies (the shadow's length); `inside` draws more, clipped to the shape.
   */
  cut(d, fill, { dark, k = 9, lift = 1, inside } = {}) {
    const id = this.name(d);
    const move = (x, y) => {
      const [u, v] = this.local(x, y);
      return ` x="${Math.round(u)}" y="${Math.round(v)}"`;
    };
    if (lift) this.out.push(`<use href="#${id}"${move(7 * lift, 10 * lift)}/>`);
    this.out.push(`<use href="#${id}" fill="${dark || fill}"/>`);
    if (dark || inside) {
      // The path moves into its clip, where `use` still finds it.
      const clip = `c${id}`;
      const bare = `<path id="${id}" d="${d}"/>`;
      const at = this.defs.indexOf(bare);
      if (at >= 0) this.defs[at] = `<clipPath id="${clip}">${bare}</clipPath>`;
      this.out.push(`<g clip-path="url(#${clip})">`);
      if (dark) this.out.push(`<use href="#${id}"${move(-k, -k * 1.2)} fill="${fill}"/>`);
      if (inside) inside();
      this.out.push('</g>');
    }
  }

  /** Draws `fn` once and stamps it again wherever the same key comes; shadows turn with the stamp. */
  stamp(key, x, y, o, fn) {
    const id = `s${key}`;
    if (!this.memory.has(id)) {
      const { out, matrix } = this;
      Object.assign(this, { out: [], matrix: [1, 0, 0, 1] });
      fn();
      this.defs.push(`<g id="${id}">${this.out.join('')}</g>`);
      Object.assign(this, { out, matrix });
      this.memory.set(id, id);
    }
    const at = this.out.length;
    this.at(x, y, o, () => {});
    const [open] = this.out.splice(at);
    this.out.push(open.replace('<g', `<use href="#${id}"`).replace('>', '/>'));
  }

  /** A flat shape with no shadow. */
  flat(d, fill, opacity = 1) {
    this.path(d, ` fill="${fill}"${opacity < 1 ? ` opacity="${opacity}"` : ''}/>`);
  }

  /** Writes a path; one that looks like the path before it is joined to that one. */
  path(d, style) {
    const last = this.out[this.out.length - 1];
    if (last && last.startsWith('<path') && last.endsWith(`"${style}`)) this.out[this.out.length - 1] = `${last.slice(0, -style.length - 1)}${d}"${style}`;
    else this.out.push(`<path d="${d}"${style}`);
  }

  /** A drawn line through points. */
  line(points, colour, width, { opacity = 1, straight = false } = {}) {
    const d = straight ? 'M' + points.map((p) => p.map(Math.round).join(' ')).join('L') : smooth(points, false);
    this.path(d, ` fill="none" stroke="${colour}" stroke-width="${round(width)}"${opacity < 1 ? ` opacity="${opacity}"` : ''}/>`);
  }

  dot(x, y, r, fill, opacity = 1) {
    this.out.push(`<circle cx="${round(x)}" cy="${round(y)}" r="${round(r)}" fill="${fill}"${opacity < 1 ? ` opacity="${opacity}"` : ''}/>`);
  }

  /** The long fibres of hanji over the whole sheet. */
  fibres(seed = 3, count = 26, colour = '#7a5a34') {
    const roll = dice(seed);
    let d = '';
    for (let i = 0; i < count; i++) {
      const x = roll() * this.w, y = roll() * this.h, a = roll() * 6.28, l = 20 + roll() * 50;
      d += `M${round(x)} ${round(y)}q${round(Math.cos(a) * l * 0.5 + roll() * 14)} ${round(Math.sin(a) * l * 0.5 - roll() * 14)} ${round(Math.cos(a) * l)} ${round(Math.sin(a) * l)}`;
    }
    this.out.push(`<path d="${d}" fill="none" stroke="${colour}" stroke-width="1.6" opacity=".16"/>`);
  }

  /** Steam: pale ribbons that rise and bend. */
  steam(x, y, h = 150, { colour = '#ffffff', phase = 0, opacity = 0.7 } = {}) {
    for (const [dx, k, o] of [[-46, 0.8, 0], [4, 1, 2], [52, 0.72, 4]]) {
      const w = 11, top = y - h * k, s = (t) => Math.sin(t * 5 + o + phase) * 16;
      const left = [], right = [];
      for (let i = 0; i <= 4; i++) {
        const t = i / 4, yy = y + (top - y) * t, half = w * Math.sin(Math.PI * (0.1 + 0.85 * t));
        left.push([x + dx + s(t) - half, yy]);
        right.unshift([x + dx + s(t) + half, yy]);
      }
      this.flat(smooth([...left, ...right]), colour, opacity);
    }
  }

  toString() {
    const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.w} ${this.h}" fill="#4213" stroke-linecap="round" stroke-linejoin="round"><defs>${this.defs.join('')}</defs>${this.out.join('')}</svg>\n`;
    return text.replace(/ d="[^"]*"/g, (d) => d.replace(/ -/g, '-')).replace(/"#(\w)\1(\w)\2(\w)\3"/g, '"#$1$2$3"').replace(/opacity="0\./g, 'opacity=".');
  }
}

/** A square product sheet: coloured paper and a round of lamp light, as every product has. */
export function product(paper, lamp, draw, seed = 1) {
  const s = new Sheet(800, 800, paper);
  s.fibres(seed, 22);
  s.cut(blob(392, 404, 350, 346, { n: 14, w: 0.012, seed: seed + 40 }), lamp, { lift: 0.7 });
  draw(s);
  return s;
}

// Strokes of a hand that writes price cards with a fat pen; each digit in a 10 x 16 box.
const STROKES = {
  0: [[[5, 1], [1, 6], [2, 14], [6, 15], [9, 9], [7, 2], [5, 1]]], 1: [[[3, 4], [6, 1], [5.4, 15]]],
  2: [[[1, 4], [5, 1], [8, 4], [6, 9], [1, 15], [9, 14.5]]], 3: [[[1, 2], [7, 1.4], [8, 4], [4, 7], [8.4, 10], [7, 14], [1, 14.6]]],
  4: [[[6, 1], [1, 10], [9.4, 9.6]], [[7, 6], [6.6, 15.4]]], 5: [[[8.6, 1.4], [2.4, 1.8], [2, 7], [7, 7], [8.4, 11], [5, 15], [1, 14]]],
  6: [[[7, 1], [2, 7], [1.6, 12], [5, 15], [8.4, 11.6], [6, 8.4], [2, 10.6]]], 7: [[[1, 2], [8.6, 1.6], [4, 15]]],
  8: [[[7.6, 3], [4, 1], [2, 4], [8, 11], [5, 15], [1.6, 12], [8, 4.6], [7.6, 3]]], 9: [[[8, 4], [4, 1], [1.4, 5], [5, 8], [8, 4], [7.4, 10], [5.4, 15.4]]],
  ',': [[[2, 13.6], [1, 17.4]]],
  원: [[[4, 1], [1.6, 2.6], [3.6, 5], [6, 3.2], [4, 1]], [[0.6, 7.4], [7.6, 6.8]], [[4, 7.4], [3.6, 9.6]], [[9.8, 0.6], [9.6, 10]], [[6.6, 8.8], [9.4, 8.6]], [[1.6, 10.6], [1.6, 15], [10, 14.6]]],
};

/** Writes a price by hand; returns nothing, ends where it ends. */
export function handwrite(s, text, x, y, size, colour) {
  const k = size / 16;
  let at = x, d = '';
  for (const c of text) {
    for (const stroke of STROKES[c] || []) d += smooth(stroke.map(([u, v]) => [at + u * k, y + v * k]), false);
    at += k * (c === ',' ? 5 : 12);
  }
  s.out.push(`<path d="${d}" fill="none" stroke="${colour}" stroke-width="${round(size * 0.13)}"/>`);
}

/** A price card on a stick-free paper slip. */
export function card(s, x, y, price, { rot = -4, k = 1, colour = C.ink } = {}) {
  s.at(x, y, { rot, k }, () => {
    const w = 30 + price.length * 24;
    s.cut(rect(-w / 2, -38, w, 76, 5, 3, price.length + 3), C.paper, { lift: 0.7 });
    s.flat(rect(-w / 2 + 7, -31, w - 14, 5, 2, 1), C.persimmon);
    handwrite(s, price, -w / 2 + 22, -16, 36, colour);
  });
}

/** A band along a line: `wide(t)` is half its width at t from 0 to 1. */
export function ribbon(points, wide) {
  const left = [], right = [];
  points.forEach(([x, y], i) => {
    const [a, b] = [points[Math.max(0, i - 1)], points[Math.min(points.length - 1, i + 1)]];
    const l = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1, w = wide(i / (points.length - 1));
    left.push([x - ((b[1] - a[1]) / l) * w, y + ((b[0] - a[0]) / l) * w]);
    right.unshift([x + ((b[1] - a[1]) / l) * w, y - ((b[0] - a[0]) / l) * w]);
  });
  return smooth([...left, ...right]);
}
