// Writes the clip's frames as SVG: node frames.mjs FOLDER RATE
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MINUTE, scene } from '../draw/scene.mjs';

const [folder, rate] = [process.argv[2], Number(process.argv[3])];
for (let i = 0; i < MINUTE * rate; i++) writeFileSync(join(folder, `${String(i).padStart(5, '0')}.svg`), String(scene(i / rate)));
