/** Numbers in [0, 1), the same ones for the same seed. */
export type Random = () => number;

/** Median and 95th percentile of a delay, ms. */
export interface DelaySpread {
  readonly p50: number;
  readonly p95: number;
}

/** 95 % of a standard normal distribution lie below this. */
const z95 = 1.644853626951472;

/** A generator of 32 bits of state (xorshift after Marsaglia 2003, behind a mixing of the seed). */
export function seededRandom(seed: number): Random {
  // A zero state would stay zero.
  let state = mix(seed) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A seed for one of several generators made from one seed: its `ordinal` counts from 0. */
export function derivedSeed(seed: number, ordinal: number): number {
  return mix(mix(seed) + Math.imul(ordinal + 1, 0x9e37_79b9));
}

/** A 32-bit hash of a text (FNV-1a). */
export function textHash(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  }
  return hash >>> 0;
}

/** A delay, ms, from the log-normal distribution with this median and 95th percentile. */
export function drawDelayMs({ p50, p95 }: DelaySpread, random: Random): number {
  const sigma = Math.log(p95 / p50) / z95;
  return p50 * Math.exp(sigma * drawNormal(random));
}

/** Standard normal by Box and Muller. The logarithm's argument is never zero. */
function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

/** Spreads neighbouring seeds apart (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
