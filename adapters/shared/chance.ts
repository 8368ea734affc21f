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

/** How delays with the same median and 95th percentile can be spread otherwise. */
export type DelayShape = 'lognormal' | 'normal' | 'heavy' | 'bimodal';

/** Share of the faster of two modes, and how wide each is, as a share of its middle. */
const bimodal = { fastShare: 0.85, width: 0.1 };
/** Shortest delay of a shape that would go below zero, ms. */
const shortestMs = 1;

/**
 * A delay, ms, with this median and 95th percentile. `normal` keeps its spread when both are moved by
 * the same amount; `heavy` is log-logistic, with a tail like a power; `bimodal` has 85 % of the delays
 * around the median and the others around the 95th percentile.
 */
export function drawShapedMs(shape: DelayShape, spread: DelaySpread, random: Random): number {
  const { p50, p95 } = spread;
  switch (shape) {
    case 'lognormal':
      return drawDelayMs(spread, random);
    case 'normal':
      return Math.max(shortestMs, p50 + ((p95 - p50) / z95) * drawNormal(random));
    case 'heavy': {
      const power = Math.log(p95 / p50) / Math.log(0.95 / 0.05);
      const share = Math.min(Math.max(random(), 1e-9), 1 - 1e-9);
      return p50 * (share / (1 - share)) ** power;
    }
    case 'bimodal': {
      const { fastShare, width } = bimodal;
      const inMode = (centreMs: number, place: number): number =>
        centreMs * (1 + width * (place - 0.5));
      const share = random();
      if (share < fastShare) {
        return inMode(p50 / inMode(1, 0.5 / fastShare), share / fastShare);
      }
      const slowShare = 1 - fastShare;
      const atP95 = inMode(1, (0.95 - fastShare) / slowShare);
      return inMode(p95 / atP95, (share - fastShare) / slowShare);
    }
  }
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
