/** A measured figure beside its reference, printed exactly as the Rust benches print theirs. */

const json = process.argv.includes("--json");

const plain = (value) => (Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2));

/** One figure on standard output. The ratio is value over reference. */
export function figure(name, value, unit, reference, against) {
  const ratio = value / reference;
  if (json) console.log(JSON.stringify({ name, value, unit, reference, ratio }));
  else console.log(`${name.padEnd(28)} ${plain(value).padStart(12)} ${unit.padEnd(14)} ${against}: ${plain(reference)}  ratio ${ratio.toFixed(3)}`);
}

/** Tells a person who waits what is going on, on standard error. */
export const say = (text) => console.error(`    ${text}`);

export function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : NaN;
}

/** The number after a flag, such as --minutes 20. */
export function number(flag, otherwise) {
  const at = process.argv.indexOf(flag);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}
