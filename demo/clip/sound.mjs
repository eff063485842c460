// Makes the sound of the clip: one minute of a small market that ends where it begins.
//
// Everything is computed here, no recording is used: a murmur of people (filtered noise that swells),
// plucked strings with a slow tune of our own in five tones, a knife on a board, a bicycle bell, and
// the fishmonger's voice as soft vowels on the same beat as her mouth in the picture. All is written
// into a ring of 60 s, so a string that still rings at the end rings on at the start.
import { writeFileSync } from 'node:fs';
import { dice } from '../draw/hand.mjs';
import { LINES, MINUTE, SYLLABLE, spoken } from '../draw/scene.mjs';

const RATE = 48000, LENGTH = RATE * MINUTE;
const left = new Float32Array(LENGTH), right = new Float32Array(LENGTH);

function add(at, sample, pan) {
  const i = ((Math.round(at) % LENGTH) + LENGTH) % LENGTH;
  left[i] += sample * Math.cos((pan * Math.PI) / 2);
  right[i] += sample * Math.sin((pan * Math.PI) / 2);
}

/** A two-pole resonator. */
function resonator(frequency, width) {
  const r = Math.exp((-Math.PI * width) / RATE), a = 2 * r * Math.cos((2 * Math.PI * frequency) / RATE), b = -r * r;
  let y1 = 0, y2 = 0;
  return (x) => {
    const y = (1 - r) * x + a * y1 + b * y2;
    y2 = y1;
    y1 = y;
    return y;
  };
}

/** People far off: noise in the bands of speech, each band swelling on its own. */
function murmur() {
  const roll = dice(11);
  [[320, 200, 0.2], [540, 260, 0.7], [860, 300, 0.45], [1500, 500, 0.85], [2400, 800, 0.15]].forEach(([frequency, width, pan], band) => {
    const filter = resonator(frequency, width), warm = RATE, noise = new Float32Array(LENGTH);
    for (let i = 0; i < LENGTH; i++) noise[i] = roll() * 2 - 1;
    for (let i = -warm; i < LENGTH; i++) {
      const y = filter(noise[(i + LENGTH) % LENGTH]);
      if (i < 0) continue;
      const t = i / RATE, w = (2 * Math.PI) / MINUTE;
      const swell = 0.55 + 0.25 * Math.sin(w * (7 + band) * t + band) + 0.2 * Math.sin(w * (151 + band * 23) * t) * Math.sin(w * (13 + band * 2) * t);
      add(i, y * swell * 0.5, pan);
    }
  });
}

/** A plucked string (a delay line that loses its edge as it goes round). */
function pluck(at, frequency, loudness, pan, seed) {
  const roll = dice(seed), size = Math.round(RATE / frequency), line = new Float32Array(size);
  let smooth = 0;
  for (let i = 0; i < size; i++) {
    smooth += ((roll() * 2 - 1) - smooth) * 0.45;
    line[i] = smooth;
  }
  const start = Math.round(at * RATE);
  for (let i = 0, n = 0; i < RATE * 2.6; i++, n = (n + 1) % size) {
    const y = line[n];
    line[n] = (y * 0.5 + line[(n + 1) % size] * 0.5) * 0.9965;
    add(start + i, y * loudness * Math.min(1, i / 60) * Math.min(1, (RATE * 2.6 - i) / 4000), pan);
  }
}

/** The tune: 25 bars of 2.4 s, tones of one pentatonic scale, a low string under each bar. */
function tune() {
  const scale = [146.83, 164.81, 196, 220, 246.94, 293.66, 329.63, 392, 440, 493.88];
  const phrases = [[5, null, 6, 7, 6, null, 5, 4], [3, null, 4, 5, 4, 3, null, null], [7, null, 8, 7, 6, 5, 6, null], [5, 4, 3, null, 2, null, 3, null], [4, null, 5, null, 6, 5, 4, null]];
  for (let bar = 0; bar < 25; bar++) {
    pluck(bar * 2.4, scale[[0, 2, 3, 0, 1][bar % 5]] / 2, 0.34, 0.45, bar + 1);
    phrases[bar % 5].forEach((tone, i) => {
      if (tone !== null && !(bar % 5 === 4 && i > 5)) pluck(bar * 2.4 + i * 0.3 + (i % 2) * 0.012, scale[(tone + (bar > 12 ? 1 : 0)) % 10], 0.3 + (i === 0 ? 0.08 : 0), 0.3 + ((bar * 3 + i) % 5) * 0.1, bar * 10 + i + 40);
    });
  }
}

/** The voice: a hummed vowel a syllable, its pitch falling over each line. */
function voice() {
  const vowels = [[760, 1250], [420, 2100], [520, 900], [380, 1500], [640, 1700]];
  LINES.forEach(([a, b], line) => {
    const count = Math.floor((spoken(a, b) - 0.2) * SYLLABLE);
    for (let n = 0; n < count; n++) {
      const [f1, f2] = vowels[(n * 3 + line * 2) % 5], one = resonator(f1, 90), two = resonator(f2, 130);
      const pitch = 232 * (1 + 0.12 * Math.sin(n * 1.3 + line) - 0.1 * (n / count)), size = Math.round(RATE / SYLLABLE * 0.92);
      let phase = 0;
      for (let i = 0; i < size; i++) {
        const t = i / size;
        phase = (phase + (pitch * (1 + 0.02 * Math.sin(t * 6))) / RATE) % 1;
        const source = (phase < 0.6 ? phase / 0.6 : (1 - phase) / 0.4) * 2 - 1;
        add((a + n / SYLLABLE) * RATE + i, (one(source) * 3 + two(source) * 1.6) * Math.sin(Math.PI * t) ** 0.8 * 0.2, 0.5);
      }
    }
  });
}

/** A knife on the board, and a bicycle bell going by. */
function market() {
  const roll = dice(5);
  for (const [from, count] of [[4.7, 3], [18.6, 4], [32.6, 4], [39.6, 3], [46.6, 3], [53.3, 3]]) {
    for (let n = 0; n < count; n++) {
      const body = resonator(190, 60), edge = resonator(2600, 900);
      for (let i = 0; i < RATE * 0.12; i++) {
        const hit = i < 90 ? roll() * 2 - 1 : 0;
        add((from + n * 0.19) * RATE + i, (body(hit) * 5 + edge(hit) * 1.3) * 0.8, 0.55);
      }
    }
  }
  for (const at of [11.8, 12.02, 44.9, 45.1]) {
    for (let i = 0; i < RATE * 1.4; i++) {
      const t = i / RATE;
      add(at * RATE + i, (Math.sin(2 * Math.PI * 2093 * t) + 0.6 * Math.sin(2 * Math.PI * 4410 * t) + 0.3 * Math.sin(2 * Math.PI * 5880 * t)) * Math.exp(-t * 4.5) * 0.05 * Math.min(1, i / 40), 0.2 + (at > 40 ? 0.55 : 0));
    }
  }
}

murmur();
tune();
voice();
market();
let peak = 0;
for (let i = 0; i < LENGTH; i++) peak = Math.max(peak, Math.abs(left[i]), Math.abs(right[i]));
const bytes = Buffer.alloc(44 + LENGTH * 4);
bytes.write('RIFF', 0); bytes.writeUInt32LE(36 + LENGTH * 4, 4); bytes.write('WAVEfmt ', 8); bytes.writeUInt32LE(16, 16);
bytes.writeUInt16LE(1, 20); bytes.writeUInt16LE(2, 22); bytes.writeUInt32LE(RATE, 24); bytes.writeUInt32LE(RATE * 4, 28);
bytes.writeUInt16LE(4, 32); bytes.writeUInt16LE(16, 34); bytes.write('data', 36); bytes.writeUInt32LE(LENGTH * 4, 40);
for (let i = 0; i < LENGTH; i++) {
  bytes.writeInt16LE(Math.round((left[i] / peak) * 29000), 44 + i * 4);
  bytes.writeInt16LE(Math.round((right[i] / peak) * 29000), 46 + i * 4);
}
writeFileSync(process.argv[2], bytes);
