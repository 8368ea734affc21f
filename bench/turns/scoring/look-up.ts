import type { Observation } from './observed.ts';

/** Whether the line sounds at that time. */
export function soundsAt(observed: readonly Observation[], lineId: string, atMs: number): boolean {
  return linesOf(observed).some(
    (line) => line.lineId === lineId && line.startMs <= atMs && line.endMs > atMs,
  );
}

/** Every line that was begun, and when it was over; `Infinity`: not before the dialogue was. */
export function linesOf(
  observed: readonly Observation[],
): readonly { readonly lineId: string; readonly startMs: number; readonly endMs: number }[] {
  return observed.flatMap((start) => {
    if (start.type !== 'lineStarted') return [];
    const { lineId } = start;
    const end = observed.find((other) => other.type === 'lineEnded' && other.lineId === lineId);
    return [{ lineId, startMs: start.atMs, endMs: end?.atMs ?? Infinity }];
  });
}

/** Times of one kind of observation, of one line or of all. */
export function timesOf(
  observed: readonly Observation[],
  type: Observation['type'],
  lineId?: string,
): readonly number[] {
  return observed.flatMap((one) => {
    if (one.type !== type) return [];
    return lineId === undefined || ('lineId' in one && one.lineId === lineId) ? [one.atMs] : [];
  });
}

/** The first of ascending times in (afterMs, afterMs + withinMs]. */
export function firstAfter(
  times: readonly number[],
  afterMs: number,
  withinMs: number,
): number | null {
  return times.find((atMs) => atMs > afterMs && atMs <= afterMs + withinMs) ?? null;
}

/** Time passed since then; `null` where nothing happened. */
export function since(fromMs: number, atMs: number | null): number | null {
  return atMs === null ? null : atMs - fromMs;
}
