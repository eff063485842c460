// Writes every demo picture to ../pictures. Run: node demo/draw/draw.mjs [name ...]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { market } from './market.mjs';
import { food } from './products-food.mjs';
import { home } from './products-home.mjs';
import { sea } from './products-sea.mjs';
import { scene } from './scene.mjs';
import { stalls } from './stalls.mjs';

// Scenes with whole people and streets are larger; they are shown one at a time, products in dozens.
const MAX_BYTES = 20 * 1024, MAX_SCENE_BYTES = 40 * 1024;
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'pictures');
mkdirSync(folder, { recursive: true });
const pictures = { ...sea, ...food, ...home, ...stalls, ...market, poster: () => scene(10, { still: true }) };
const wanted = process.argv.slice(2);
for (const [name, draw] of Object.entries(pictures)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const text = String(draw());
  const limit = /^(market|poster)/.test(name) ? MAX_SCENE_BYTES : MAX_BYTES;
  if (Buffer.byteLength(text) > limit) {
    console.error(`${name}.svg is ${Buffer.byteLength(text)} bytes, over ${limit}`);
    process.exitCode = 1;
  }
  writeFileSync(join(folder, `${name}.svg`), text);
}
