import { audibleMs } from './audible.ts';
import {
  bestFit,
  correlationAt,
  energyOf,
  refine,
  thin,
  thinnedBy,
  type Fit,
} from './correlation.ts';

/** How a recording compares with what was spoken into it. */
export interface Judgement {
  /** Normalised cross-correlation at the one best place of the whole clip, −1 to 1. */
  readonly correlation: number;
  /** Sample of the recording at which the clip begins, at that place. */
  readonly startSample: number;
  /** Longest single stretch of the clip that is missing from the recording, ms. */
  readonly lostMs: number;
  /** Longest single stretch of sound that was heard once more, or that nobody said, ms. */
  readonly repeatedMs: number;
  /** Silence put between parts of the clip (a player that ran dry), ms in all. */
  readonly gapMs: number;
  /** Audible time of the recording before and after the clip, ms. */
  readonly extraMs: number;
}

/** Least correlation of an answer that counts as heard. */
const heardCorrelation = 0.95;

/** Most that may be lost or repeated in one piece, ms. */
const toleranceMs = 20;

/** Whether the clip was heard: correlation ≥ 0.95, nothing lost or repeated over 20 ms. */
export function wasHeard(judgement: Judgement): boolean {
  return (
    judgement.correlation >= heardCorrelation &&
    judgement.lostMs <= toleranceMs &&
    judgement.repeatedMs <= toleranceMs
  );
}

/** A stretch of the clip that is found in the recording at one lag. */
interface Run {
  readonly lag: number;
  /** Clip samples: begin of the first and end of the last segment that fits. */
  readonly fromSample: number;
  toSample: number;
  /** Correlations of the segments found there. */
  readonly correlations: number[];
}

const segmentMs = 60;
const hopMs = 20;
const blockMs = 5;
/** A segment is found where it correlates at least this well. */
const foundCorrelation = 0.9;
/** How far the recording may jump between two segments, ms. */
const searchMs = 400;
/** Parts of the clip this far below its own level carry no evidence, dB. */
const quietBelowClipDb = 25;

/**
 * Compares a recording with the clip that was spoken. Gain, delay and noise below the speech do
 * not matter. Besides the one correlation over the whole clip, the lag is followed through it in
 * segments of 60 ms, which tells where it jumps (a cut, a repetition, a gap), and every 5 ms of
 * sound must be found at the lag that holds there.
 *
 * @param recording what was heard, best cut to the part in which the answer can be
 * @param clip what was spoken; must hold sound
 */
export function judge(recording: Float32Array, clip: Float32Array, rateHz: number): Judgement {
  const fit = bestFit(recording, clip);
  const perMs = rateHz / 1000;
  const runs = followLag(recording, clip, { rateHz, lag: fit.lagSample });
  const gain = gainOf(recording, clip, runs);
  const splits = runs
    .slice(1)
    .map((run, i) => splitBetween(recording, clip, { before: runs[i]!, after: run, gain, perMs }));

  let lostSamples = longestMissing(recording, clip, {
    runs,
    splits,
    gain,
    block: Math.round(blockMs * perMs),
  });
  let repeatedMs = 0;
  let gapMs = 0;
  for (const [i, split] of splits.entries()) {
    const before = runs[i]!.lag;
    const after = runs[i + 1]!.lag;
    lostSamples = Math.max(lostSamples, before - after);
    if (after <= before) continue;
    const soundMs = audibleMs(recording, rateHz, {
      fromSample: split + before,
      toSample: split + after,
    });
    repeatedMs = Math.max(repeatedMs, soundMs);
    gapMs += (after - before) / perMs - soundMs;
  }
  const begins = runs[0] === undefined ? fit.lagSample : runs[0].lag;
  const ends = (runs.at(-1)?.lag ?? fit.lagSample) + clip.length;
  return {
    correlation: fit.correlation,
    startSample: fit.lagSample,
    lostMs: lostSamples / perMs,
    repeatedMs,
    gapMs,
    extraMs:
      audibleMs(recording, rateHz, { toSample: begins }) +
      audibleMs(recording, rateHz, { fromSample: ends }),
  };
}

/** Where each part of the clip is in the recording: stretches of constant lag, in order. */
function followLag(
  recording: Float32Array,
  clip: Float32Array,
  { rateHz, lag: firstLag }: { readonly rateHz: number; readonly lag: number },
): Run[] {
  const length = Math.round((segmentMs * rateHz) / 1000);
  const hop = Math.round((hopMs * rateHz) / 1000);
  const quiet =
    (energyOf(clip, 0, clip.length) / clip.length) * length * 10 ** (-quietBelowClipDb / 10);
  const thinRecording = thin(recording);
  const reach = Math.round((searchMs * rateHz) / 1000);
  const runs: Run[] = [];
  let lag = firstLag;
  for (let from = 0; from + length <= clip.length; from += hop) {
    const segment = clip.subarray(from, from + length);
    if (energyOf(segment, 0, length) < quiet) continue;
    const found = findSegment({ recording, thinRecording, segment, at: from + lag, reach });
    if (found === null) continue;
    lag = found.lagSample - from;
    const last = runs.at(-1);
    // One sample of play lets a slightly resampled copy count as one run.
    if (last !== undefined && Math.abs(last.lag - lag) <= 1) {
      last.toSample = from + length;
      last.correlations.push(found.correlation);
    } else {
      const correlations = [found.correlation];
      runs.push({ lag, fromSample: from, toSample: from + length, correlations });
    }
  }
  return joinRuns(trustworthy(runs));
}

/**
 * Without chance likenesses: a steady vowel also fits one pitch period off, though nowhere as well
 * as the recording fits elsewhere.
 */
function trustworthy(runs: readonly Run[]): Run[] {
  const all = runs.flatMap((run) => run.correlations).sort((a, b) => a - b);
  const usual = all[all.length >> 1] ?? 1;
  const least = 1 - (0.01 + 3 * (1 - usual));
  return runs.filter(
    ({ correlations }) => correlations.length > 1 && Math.max(...correlations) >= least,
  );
}

/** Runs of the same lag made one where nothing trustworthy stands between them. */
function joinRuns(runs: readonly Run[]): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    if (last !== undefined && Math.abs(last.lag - run.lag) <= 1) {
      last.toSample = run.toSample;
      last.correlations.push(...run.correlations);
    } else {
      joined.push({ ...run });
    }
  }
  return joined;
}

/** Place of the segment in the recording, or `null` where it is not to be found. */
function findSegment({
  recording,
  thinRecording,
  segment,
  at,
  reach,
}: {
  readonly recording: Float32Array;
  readonly thinRecording: Float32Array;
  readonly segment: Float32Array;
  readonly at: number;
  readonly reach: number;
}): Fit | null {
  const correlation = correlationAt(recording, segment, at);
  if (correlation > 0.98) return { correlation, lagSample: at };
  const here = refine(recording, segment, { aroundSample: at, reach: 1 });
  const from = Math.max(0, Math.floor((at - reach) / thinnedBy));
  const to = Math.ceil((at + reach + segment.length) / thinnedBy);
  const coarse = bestThinLag(thinRecording.subarray(from, to), thin(segment));
  const there = refine(recording, segment, {
    aroundSample: (from + coarse) * thinnedBy,
    reach: thinnedBy + 2,
  });
  // A jump needs clearly better evidence than staying: voices repeat themselves every period.
  if (there.correlation > here.correlation + 0.03) {
    return there.correlation >= foundCorrelation ? there : null;
  }
  return here.correlation >= foundCorrelation ? here : null;
}

function bestThinLag(recording: Float32Array, segment: Float32Array): number {
  let best = { correlation: -1, lag: 0 };
  for (let lag = 0; lag + segment.length <= recording.length; lag += 1) {
    const correlation = correlationAt(recording, segment, lag);
    if (correlation > best.correlation) best = { correlation, lag };
  }
  return best.lag;
}

/** Clip sample at which the lag changes from one run to the next: least residual on both sides. */
function splitBetween(
  recording: Float32Array,
  clip: Float32Array,
  {
    before,
    after,
    gain,
    perMs,
  }: {
    readonly before: Run;
    readonly after: Run;
    readonly gain: number;
    readonly perMs: number;
  },
): number {
  const step = Math.round(perMs);
  const from = Math.max(before.fromSample, Math.min(before.toSample, after.fromSample) - 60 * step);
  const to = Math.min(after.toSample, Math.max(before.toSample, after.fromSample) + 60 * step);
  let residual = 0;
  for (let at = from; at < to; at += step) {
    residual += residualOf(recording, clip, { from: at, to: at + step, lag: after.lag, gain });
  }
  let best = { at: from, residual };
  for (let at = from; at < to; at += step) {
    residual += residualOf(recording, clip, { from: at, to: at + step, lag: before.lag, gain });
    residual -= residualOf(recording, clip, { from: at, to: at + step, lag: after.lag, gain });
    if (residual < best.residual) best = { at: at + step, residual };
  }
  return best.at;
}

/** Longest stretch of sound in the clip that is not in the recording at the lag that holds there. */
function longestMissing(
  recording: Float32Array,
  clip: Float32Array,
  {
    runs,
    splits,
    gain,
    block,
  }: {
    readonly runs: readonly Run[];
    readonly splits: readonly number[];
    readonly gain: number;
    readonly block: number;
  },
): number {
  if (runs.length === 0) return clip.length;
  const blocks: { readonly residual: number; readonly energy: number }[] = [];
  for (let from = 0; from + block <= clip.length; from += block) {
    const run = runs[splits.filter((split) => split <= from).length];
    const energy = gain * gain * energyOf(clip, from, from + block);
    const residual =
      run === undefined
        ? energy
        : residualOf(recording, clip, { from, to: from + block, lag: run.lag, gain });
    blocks.push({ residual, energy });
  }
  const noise =
    blocks.map(({ residual }) => residual).sort((a, b) => a - b)[blocks.length >> 1] ?? 0;
  const total = blocks.reduce((sum, { energy }) => sum + energy, 0);
  const quiet = (total / Math.max(1, blocks.length)) * 10 ** (-quietBelowClipDb / 10);
  let longest = 0;
  let current = 0;
  for (const { residual, energy } of blocks) {
    const missing = energy > Math.max(quiet, 4 * noise) && residual > energy / 2;
    current = missing ? current + block : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

/** How loud the clip is in the recording, as a factor. */
function gainOf(recording: Float32Array, clip: Float32Array, runs: readonly Run[]): number {
  let product = 0;
  let energy = 0;
  for (const { lag, fromSample, toSample } of runs) {
    for (let i = fromSample; i < toSample; i += 1) {
      product += clip[i]! * (recording[i + lag] ?? 0);
      energy += clip[i]! * clip[i]!;
    }
  }
  return energy > 0 ? product / energy : 1;
}

function residualOf(
  recording: Float32Array,
  clip: Float32Array,
  {
    from,
    to,
    lag,
    gain,
  }: { readonly from: number; readonly to: number; readonly lag: number; readonly gain: number },
): number {
  let residual = 0;
  for (let i = from; i < to; i += 1) {
    const difference = (recording[i + lag] ?? 0) - gain * (clip[i] ?? 0);
    residual += difference * difference;
  }
  return residual;
}
