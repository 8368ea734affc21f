/**
 * What `stand-in.onnx` computes from Smart Turn v3's features `[80, 800]`, written to be read.
 * `make.py` says the same as a graph; a test holds the two together.
 */

const bands = 80;
const frames = 800;
/** Bands are taken in groups of four. */
const groups = 20;
const groupBands = bands / groups;
/** A frame is speech within 24 dB of the loudest one: a feature of 1 is 40 dB. */
const speechRange = 0.6;
/** The last frames of speech, counted back from its end: 80 ms, then 160 ms, then 260 ms. */
const stretches = [
  [1, 8],
  [9, 24],
  [25, 50],
] as const;

/** Numbers the judgement is made from. */
export const pooledLength = stretches.length * groups;

export interface StandInWeights {
  readonly bias: number;
  /** `pooledLength` of them. */
  readonly weights: readonly number[];
}

/**
 * How the spectrum of the last stretches of speech differs from that of all speech. Neither how
 * long the turn is nor how long the silence after it goes in: they are for others to judge.
 */
export function pooled(features: Float32Array): Float64Array {
  const level = Float64Array.from({ length: frames }, (_, frame) => {
    let sum = 0;
    for (let band = 0; band < bands; band += 1) sum += features[band * frames + frame]!;
    return sum / bands;
  });
  const least = level.reduce((a, b) => Math.max(a, b), -Infinity) - speechRange;
  // Frames of speech from here to the end; 0 where there is none.
  const fromEnd = new Int32Array(frames);
  let count = 0;
  for (let frame = frames - 1; frame >= 0; frame -= 1) {
    if (level[frame]! < least) continue;
    count += 1;
    fromEnd[frame] = count;
  }
  const all = profile(features, fromEnd, 1, frames);
  return Float64Array.from(
    stretches.flatMap(([first, last]) =>
      [...profile(features, fromEnd, first, last)].map((value, group) => value - all[group]!),
    ),
  );
}

/** @returns probability that the turn is over, 0–1 */
export function standIn(features: Float32Array, { bias, weights }: StandInWeights): number {
  const sum = pooled(features).reduce((total, value, i) => total + value * weights[i]!, bias);
  return 1 / (1 + Math.exp(-sum));
}

/** Mean of each group of bands over the frames that are `first` to `last` from the end. */
function profile(
  features: Float32Array,
  fromEnd: Int32Array,
  first: number,
  last: number,
): Float64Array {
  const sums = new Float64Array(groups);
  let count = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    if (fromEnd[frame]! < first || fromEnd[frame]! > last) continue;
    count += 1;
    for (let band = 0; band < bands; band += 1) {
      const group = Math.floor(band / groupBands);
      sums[group] = sums[group]! + features[band * frames + frame]! / groupBands;
    }
  }
  return sums.map((sum) => sum / Math.max(1, count));
}
