// Draws a jar from 24 sides and writes ../photos/onggi-turn-01.webp … 24.webp: the demo's full turn.
// Run: node demo/draw/turn.mjs (needs what tests/browser needs: its packages and a Chromium, which makes the WebP).
//
// The jar's outline stays, as that of any pot on a wheel; what is scratched and stuck on it travels round: a mark at the
// angle a stands at R·sin a, is as wide as cos a, and is out of sight behind.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browser } from '../../tests/browser/people.mjs';
import { C, smooth } from './hand.mjs';

const SIDES = 24, SIZE = 800, WIDE = 480;
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'photos');

/** Half the jar's width at a height, from its shoulders to its foot. */
const outline = [[190, 128], [230, 196], [300, 254], [390, 276], [490, 258], [580, 204], [640, 152]];
const body = smooth([...outline.map(([y, r]) => [400 + r, y]), ...[...outline].reverse().map(([y, r]) => [400 - r, y])], true, 0.16);
function radius(y) {
  const at = outline.findIndex(([next]) => next >= y);
  const [[y0, r0], [y1, r1]] = [outline[at - 1], outline[at]];
  return r0 + ((y - y0) / (y1 - y0)) * (r1 - r0);
}

/** A line on the jar, given as [angle, height] points; only what faces us is drawn. */
function scratched(points, turn, colour, width) {
  const runs = [[]];
  for (const [angle, y] of points) {
    const a = angle + turn;
    if (Math.cos(a) > 0.04) runs.at(-1).push([400 + radius(y) * Math.sin(a) * 0.985, y]);
    else if (runs.at(-1).length) runs.push([]);
  }
  return runs.filter((run) => run.length > 1).map((run) =>
    `<path d="M${run.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`).join('');
}

const steps = (n, make) => Array.from({ length: n + 1 }, (_, i) => make(i / n));

/** Two grasses, a fish of the stall, and a mark: no side looks like another. */
function marks(turn) {
  const wave = (y, high, times) => steps(160, (t) => [t * 2 * Math.PI, y + high * Math.sin(t * 2 * Math.PI * times)]);
  const grass = (angle, lean) => steps(24, (t) => [angle + lean * t * t, 540 - 190 * t]);
  const fish = (angle, y, k) => steps(60, (t) => {
    const u = t * 2 * Math.PI;
    return [angle + k * 0.34 * Math.cos(u), y + k * 46 * Math.sin(u) * (1 - 0.5 * Math.cos(u))];
  });
  const tail = (angle, y, k) => [[angle - k * 0.32, y], [angle - k * 0.5, y - 34 * k], [angle - k * 0.5, y + 34 * k], [angle - k * 0.32, y]].flatMap((point, i, all) =>
    i ? steps(6, (t) => [all[i - 1][0] + (point[0] - all[i - 1][0]) * t, all[i - 1][1] + (point[1] - all[i - 1][1]) * t]) : [point]);
  const ring = (angle, y, r) => steps(40, (t) => [angle + (r / 260) * Math.cos(t * 2 * Math.PI), y + r * Math.sin(t * 2 * Math.PI)]);
  return [
    scratched(wave(262, 8, 9), turn, C.clayL, 8), scratched(wave(290, 5, 9), turn, C.clayL, 5),
    ...[-0.42, -0.2, 0.02, 0.3].map((lean, i) => scratched(grass(0.06 * i, lean), turn, C.clayL, 10)),
    scratched(fish(2.2, 430, 1), turn, C.goldL, 9), scratched(tail(2.2, 430, 1), turn, C.goldL, 9), scratched(ring(2.42, 424, 6), turn, C.goldL, 6),
    scratched(ring(4.3, 420, 62), turn, C.gold, 9), scratched(ring(4.3, 420, 44), turn, C.gold, 5),
    scratched(steps(10, (t) => [4.3, 386 + t * 68]), turn, C.gold, 8), scratched(steps(10, (t) => [4.17 + t * 0.26, 420]), turn, C.gold, 8),
  ].join('');
}

/** The two ears to lift it by: in front of the jar, at its side, or behind it. */
function ears(turn, front) {
  return [1.15, 1.15 + Math.PI].map((angle) => {
    const a = angle + turn, depth = Math.cos(a);
    if (depth > 0 !== front) return '';
    const x = 400 + 268 * Math.sin(a), wide = 16 + 46 * Math.abs(depth);
    return `<path d="M${x - wide} 322q${wide} 66 ${2 * wide} 0" fill="none" stroke="${front ? C.clayL : C.clayD}" stroke-width="26" stroke-linecap="round"/>`;
  }).join('');
}

function side(number) {
  const turn = (number / SIDES) * 2 * Math.PI;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}">
<defs><clipPath id="jar"><path d="${body}"/></clipPath><radialGradient id="lamp" cx="34%" cy="28%" r="80%"><stop offset="0" stop-color="#fff" stop-opacity=".34"/><stop offset=".45" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#1c0d06" stop-opacity=".5"/></radialGradient>
<radialGradient id="room" cx="42%" cy="34%" r="75%"><stop offset="0" stop-color="#f4ebd9"/><stop offset="1" stop-color="#cfc3ae"/></radialGradient></defs>
<rect width="800" height="800" fill="url(#room)"/><ellipse cx="416" cy="664" rx="300" ry="58" fill="${C.woodD}"/><ellipse cx="400" cy="650" rx="300" ry="58" fill="${C.wood}"/><ellipse cx="400" cy="648" rx="270" ry="48" fill="none" stroke="${C.woodL}" stroke-width="4"/>
<ellipse cx="440" cy="652" rx="190" ry="30" fill="#2b1a10" opacity=".45"/>
${ears(turn, false)}<path d="${body}" fill="${C.clay}"/><g clip-path="url(#jar)">${marks(turn)}<rect width="800" height="800" fill="url(#lamp)"/></g>${ears(turn, true)}
<ellipse cx="400" cy="190" rx="130" ry="26" fill="${C.clayD}"/><path d="M262 178q0-16 138-16t138 16v16q-20 26-138 26T262 194Z" fill="${C.clayL}"/><path d="M254 178q20-62 146-66 126 4 146 66-40 22-146 22T254 178Z" fill="${C.clay}"/><path d="M290 166q34-38 100-42-70 14-84 46Z" fill="${C.clayL}" opacity=".9"/><rect x="368" y="84" width="64" height="36" rx="14" fill="${C.clayL}"/>
</svg>`;
}

const chrome = await browser();
const page = await chrome.newPage();
for (let number = 0; number < SIDES; number++) {
  const webp = await page.evaluate(async ([svg, wide]) => {
    const picture = Object.assign(new Image(), { src: `data:image/svg+xml,${encodeURIComponent(svg)}` });
    await picture.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: wide, height: wide });
    canvas.getContext('2d').drawImage(picture, 0, 0, wide, wide);
    return canvas.toDataURL('image/webp', 0.82).split(',')[1];
  }, [side(number), WIDE]);
  writeFileSync(join(folder, `onggi-turn-${String(number + 1).padStart(2, '0')}.webp`), Buffer.from(webp, 'base64'));
}
await chrome.close();
