/** Level at which a 10 ms window counts as heard, dBFS. */
const audibleDbfs = -50;

/** Length of the window that decides, ms. */
const audibleWindowMs = 10;

/** Where to look, in samples; the whole recording unless told otherwise. */
export interface Span {
  readonly fromSample?: number;
  readonly toSample?: number;
}

/** RMS level of `samples` in [fromSample, toSample), dBFS; −Infinity for silence or an empty span. */
export function levelOf(samples: Float32Array, span: Span = {}): number {
  const [from, to] = clampSpan(samples, span);
  let energy = 0;
  for (let i = from; i < to; i += 1) energy += samples[i]! * samples[i]!;
  return to > from ? 10 * Math.log10(energy / (to - from)) : -Infinity;
}

/**
 * First sample of the first 10 ms window above −50 dBFS, in steps of 1 ms; `null` when there is
 * none in the span.
 */
export function firstAudible(
  samples: Float32Array,
  rateHz: number,
  span: Span = {},
): number | null {
  const window = Math.round((rateHz * audibleWindowMs) / 1000);
  const step = Math.max(1, Math.round(rateHz / 1000));
  const [from, to] = clampSpan(samples, span);
  for (let start = from; start + window <= to; start += step) {
    if (isAudible(samples, start, window)) return start;
  }
  return null;
}

/** One past the last sample of the last 10 ms window above −50 dBFS; `null` when there is none. */
export function lastAudible(samples: Float32Array, rateHz: number, span: Span = {}): number | null {
  const window = Math.round((rateHz * audibleWindowMs) / 1000);
  const step = Math.max(1, Math.round(rateHz / 1000));
  const [from, to] = clampSpan(samples, span);
  for (let end = to; end - window >= from; end -= step) {
    if (isAudible(samples, end - window, window)) return end;
  }
  return null;
}

/** How much of the span is audible, ms, counted in windows of 10 ms. */
export function audibleMs(samples: Float32Array, rateHz: number, span: Span = {}): number {
  const window = Math.round((rateHz * audibleWindowMs) / 1000);
  const [from, to] = clampSpan(samples, span);
  let windows = 0;
  for (let start = from; start + window <= to; start += window) {
    if (isAudible(samples, start, window)) windows += 1;
  }
  return windows * audibleWindowMs;
}

function isAudible(samples: Float32Array, start: number, window: number): boolean {
  return levelOf(samples, { fromSample: start, toSample: start + window }) > audibleDbfs;
}

function clampSpan(samples: Float32Array, span: Span): [number, number] {
  const from = Math.max(0, Math.floor(span.fromSample ?? 0));
  return [from, Math.min(samples.length, Math.floor(span.toSample ?? samples.length))];
}
