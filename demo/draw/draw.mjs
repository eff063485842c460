// Writes every demo picture to ../pictures. Run: node demo/draw/draw.mjs [name ...]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { food } from './products-food.mjs';
import { home } from './products-home.mjs';
import { sea } from './products-sea.mjs';

const MAX_BYTES = 20 * 1024;
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'pictures');
mkdirSync(folder, { recursive: true });
const pictures = { ...sea, ...food, ...home };
const wanted = process.argv.slice(2);
for (const [name, draw] of Object.entries(pictures)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const text = String(draw());
  if (Buffer.byteLength(text) > MAX_BYTES) console.error(`${name}.svg is ${Buffer.byteLength(text)} bytes, over ${MAX_BYTES}`);
  writeFileSync(join(folder, `${name}.svg`), text);
}
