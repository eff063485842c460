// The people of the market, cut from the same paper; the clip moves them with the same numbers.
import { C, blob, rect, ribbon, smooth } from './hand.mjs';

/** A hand of one thumb and a mitten, palm at 0,0, fingers up. */
export function mitten(s, { skin = C.skin, dark = C.skinD, flip = 1, point = false } = {}) {
  if (point) s.cut(ribbon([[0, 4], [2, -30], [4, -62]], (t) => 11 - t * 3), skin, { dark, k: 3, lift: 0.3 });
  s.cut(smooth([[-26, 18], [-28, -16], [-14, -34], [10, -36], [26, -18], [26, 16], [0, 32]]), skin, { dark, k: 5, lift: 0.5 });
  s.cut(smooth([[-20 * flip, 6], [-40 * flip, -8], [-38 * flip, -24], [-22 * flip, -18], [-10 * flip, 4]]), skin, { dark, k: 3, lift: 0.3 });
}

/** One arm: shoulder, elbow and wrist, then the hand turned by `rot`. */
export function arm(s, shoulder, elbow, wrist, { sleeve, sleeveD, skin = C.skin, skinD = C.skinD, glove = null, rot = 0, flip = 1, point = false, hold = null }) {
  const along = (k) => [elbow[0] + (wrist[0] - elbow[0]) * k, elbow[1] + (wrist[1] - elbow[1]) * k];
  s.cut(ribbon([along(0), along(0.5), wrist], (t) => 27 - t * 6), glove || skin, { dark: glove ? '#a93a2c' : skinD, k: 6, lift: 0.6 });
  if (hold) s.at(wrist[0], wrist[1], { rot }, hold);
  s.at(wrist[0], wrist[1], { rot }, () => mitten(s, { skin: glove || skin, dark: glove ? '#a93a2c' : skinD, flip, point }));
  const half = [(shoulder[0] + elbow[0]) / 2 + flip * 10, (shoulder[1] + elbow[1]) / 2];
  s.cut(ribbon([shoulder, half, elbow, along(0.16), along(0.32)], (t) => 42 - t * 8), sleeve, { dark: sleeveD, k: 8, lift: 0.8 });
  s.cut(ribbon([along(0.24), along(0.25), along(0.42), along(0.43)], () => 34), sleeve, { dark: sleeveD, k: 5, lift: 0.5 });
}

/**
 * A person from the waist up, neck at 0,0. `talk` opens the mouth (0..1), `blink` shuts the eyes,
 * `tilt` leans the head. `front` draws between body and arms; `arms` draws the arms.
 */
export function person(s, { skin = C.skin, skinD = C.skinD, hair = C.hair, style = 'bun', cloth = C.brine, clothD = C.brineD, apron = C.persimmon, apronD = C.persimmonD, scarf = null, talk = 0, blink = 0, tilt = 0, look = 0, brow = 0, grey = false, collar = C.paper, arms = null, glasses = false, pocket = true } = {}) {
  const hairC = grey ? '#a8a09a' : hair, hairL = grey ? '#c9c2bb' : '#5a463e';
  s.cut(smooth([[-40, -10], [-110, 16], [-150, 70], [-160, 190], [-156, 330], [156, 330], [160, 190], [150, 70], [110, 16], [40, -10]], true, 0.13), cloth, { dark: clothD, k: 12, inside: () => s.flat(smooth([[-120, 40], [-84, 24], [-100, 140], [-112, 300], [-146, 300]]), '#ffffff', 0.1) });
  s.cut(smooth([[-36, -50], [36, -50], [40, 6], [0, 46], [-40, 6]], true, 0.12), skinD, { lift: 0.2 });
  s.cut(smooth([[-46, -8], [0, 52], [46, -8], [58, 8], [0, 84], [-58, 8]], true, 0.06), collar, { dark: '#d9cdb6', k: 3, lift: 0.3 });
  if (apron) {
    s.line([[-66, 4], [-70, 60], [-76, 110]], apronD, 15); s.line([[66, 4], [70, 60], [76, 110]], apronD, 15);
    s.cut(rect(-92, 96, 184, 250, 16, 3, 3), apron, { dark: apronD, k: 9, lift: 0.5, inside: () => { if (pocket) s.cut(rect(-56, 214, 112, 90, 10, 2, 3), apron, { dark: apronD, k: 6, lift: 0.4 }); s.line([[-86, 106], [0, 103], [86, 106]], '#ffffff', 5, { opacity: 0.45 }); } });
  }
  s.at(0, -40, { rot: tilt }, () => {
    if (style === 'bun') s.cut(blob(34, -166, 44, 38, { seed: 3 }), hairC, { dark: grey ? '#857d77' : '#241a17', k: 6 });
    if (style === 'perm') s.cut(blob(0, -84, 116, 104, { n: 15, w: 0.08, seed: 6 }), hairC, { dark: grey ? '#857d77' : '#241a17', k: 9 });
    if (style === 'long') s.cut(smooth([[-90, -110], [0, -170], [90, -110], [104, 10], [84, 60], [-84, 60], [-104, 10]]), hairC, { dark: grey ? '#857d77' : '#241a17', k: 8 });
    for (const x of [-82, 82]) s.cut(blob(x, -56, 17, 23, { seed: 2 }), skin, { dark: skinD, k: 4, lift: 0.3 });
    s.cut(smooth([[0, -150], [60, -134], [84, -84], [80, -36], [52, 8], [0, 26], [-52, 8], [-80, -36], [-84, -84], [-60, -134]]), skin, { dark: skinD, k: 10, lift: 0.7 });
    const l = look * 7;
    for (const side of [-1, 1]) {
      s.flat(blob(side * 50 + l * 0.5, -26, 19, 13, { seed: 2 }), '#e98f73', 0.55);
      if (blink > 0.5) s.line([[side * 32 - 12 + l, -62], [side * 32 + l, -57], [side * 32 + 12 + l, -62]], C.ink, 6);
      else { s.dot(side * 32 + l, -62, 9.5, C.ink); s.dot(side * 32 + l - 3, -66, 3.2, '#fff'); }
      s.line([[side * 18 + l, -88 - brow], [side * 34 + l, -95 - brow * 1.4], [side * 50 + l, -88 - brow]], grey ? '#7d756f' : C.hair, 6.5);
      if (glasses) s.out.push(`<circle cx="${side * 33 + l}" cy="-61" r="24" fill="none" stroke="${C.soy}" stroke-width="4.5"/>`);
    }
    if (glasses) s.line([[-9 + l, -62], [9 + l, -62]], C.soy, 4.5);
    s.line([[l - 2, -46], [l + 8, -34], [l - 3, -31]], skinD, 5);
    if (talk > 0.12) {
      const h = 6 + talk * 17;
      s.flat(smooth([[-22 + l, -12], [0 + l, -13], [22 + l, -12], [15 + l, -12 + h], [0 + l, -8 + h * 1.1], [-15 + l, -12 + h]]), '#7c2a22');
      s.flat(smooth([[-16 + l, -11], [0 + l, -12], [16 + l, -11], [12 + l, -6], [-12 + l, -6]]), '#fff');
      if (talk > 0.5) s.flat(blob(l, -10 + h * 0.75, 11, 5, {}), '#d96a5c');
    } else s.line([[-24 + l, -12], [-10 + l, -2], [10 + l, -2], [24 + l, -12]], '#8c3a2c', 6);
    if (style === 'bun' || style === 'long') s.cut(smooth([[-88, -66], [-90, -122], [-50, -160], [0, -168], [50, -160], [90, -122], [88, -66], [70, -100], [30, -124], [-10, -130], [-50, -116], [-74, -92]], true, 0.15), hairC, { dark: grey ? '#857d77' : '#241a17', k: 6, lift: 0.4, inside: () => s.line([[-70, -120], [-30, -150], [20, -156]], hairL, 8, { opacity: 0.8 }) });
    if (style === 'perm') s.cut(smooth([[-92, -60], [-100, -110], [-66, -160], [-20, -168], [30, -172], [76, -152], [100, -106], [92, -60], [76, -96], [52, -112], [24, -120], [-6, -112], [-40, -120], [-68, -100]], true, 0.2), hairC, { dark: grey ? '#857d77' : '#241a17', k: 6, lift: 0.4, inside: () => { for (const [x, y] of [[-60, -130], [-20, -146], [26, -148], [64, -128]]) s.line([[x - 14, y + 6], [x, y - 8], [x + 14, y + 6]], hairL, 6, { opacity: 0.8 }); } });
    if (style === 'short') s.cut(smooth([[-86, -60], [-94, -112], [-56, -162], [6, -174], [62, -160], [94, -112], [86, -60], [78, -104], [40, -122], [-20, -118], [-64, -110], [-78, -90]], true, 0.14), hairC, { dark: grey ? '#857d77' : '#241a17', k: 6, lift: 0.4, inside: () => s.line([[-60, -130], [-14, -152], [30, -154]], hairL, 8, { opacity: 0.8 }) });
    if (scarf) {
      s.cut(smooth([[-92, -82], [-88, -132], [-46, -172], [4, -182], [54, -170], [92, -130], [94, -82], [50, -112], [0, -120], [-50, -112]], true, 0.15), scarf[0], { dark: scarf[1], k: 8, lift: 0.5, inside: () => { for (const [x, y] of [[-50, -140], [0, -152], [46, -142], [-24, -124], [26, -126], [72, -112], [-76, -106]]) s.dot(x, y, 7, C.paper, 0.9); } });
      s.cut(smooth([[84, -100], [130, -126], [136, -96], [100, -84]]), scarf[0], { dark: scarf[1], k: 4, lift: 0.4 });
      s.cut(smooth([[86, -92], [124, -70], [108, -50], [84, -78]]), scarf[0], { dark: scarf[1], k: 4, lift: 0.4 });
    }
  });
  if (arms) arms();
}
