import type { CallSummary } from '../api.ts';

/** What is measured of a turn. */
export type Measure = 'silence' | 'first_audio';

export const measureNames: Readonly<Record<Measure, string>> = {
  silence: 'End of speech → heard',
  first_audio: 'End of speech → first audible sample sent',
};

/** Turns of one agent on one backend. */
export interface Group {
  readonly name: string;
  /** Ascending, ms. */
  readonly samplesMs: readonly number[];
}

/** How a group's samples lie; ms but for `n` and `ratio`. */
export interface Distribution {
  readonly n: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly stddev: number;
  /** p75 − p25. */
  readonly iqr: number;
  /** p95 ÷ p50. */
  readonly ratio: number;
}

/**
 * First audio of every turn of finished calls, by agent and backend, in the order of their names.
 * Calls with a handover are left out: their turns belong to more than one backend.
 */
export function groupsOf(calls: readonly CallSummary[], measure: Measure): readonly Group[] {
  const groups = new Map<string, number[]>();
  for (const { agent, backend, active, handovers, turns } of calls) {
    if (active || handovers.length > 0) continue;
    const name = agent === backend ? agent : `${agent} · ${backend}`;
    for (const turn of turns) {
      const sample = measured(turn, measure);
      if (sample === null) continue;
      const list = groups.get(name) ?? [];
      list.push(sample);
      groups.set(name, list);
    }
  }
  return [...groups]
    .map(([name, samples]) => ({ name, samplesMs: samples.sort((a, b) => a - b) }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function measured(
  { stages, firstAudioMs, userEndMs }: CallSummary['turns'][number],
  measure: Measure,
): number | null {
  if (measure === 'silence') return stages?.silenceMs ?? null;
  if (firstAudioMs === null || userEndMs === null) return null;
  return Math.max(0, firstAudioMs - userEndMs);
}

/** @param sortedMs ascending, not empty */
export function distributionOf(sortedMs: readonly number[]): Distribution {
  const at = (share: number): number => quantileOf(sortedMs, share);
  const n = sortedMs.length;
  const mean = sortedMs.reduce((total, value) => total + value, 0) / n;
  const squares = sortedMs.reduce((total, value) => total + (value - mean) ** 2, 0);
  const [p25, p50, p75, p95] = [at(0.25), at(0.5), at(0.75), at(0.95)];
  return {
    ...{ n, p25, p50, p75, p90: at(0.9), p95, p99: at(0.99), max: sortedMs[n - 1]! },
    stddev: n < 2 ? 0 : Math.sqrt(squares / (n - 1)),
    iqr: p75 - p25,
    ratio: p50 === 0 ? NaN : p95 / p50,
  };
}

/** Linear between the two nearest ranks. */
function quantileOf(sorted: readonly number[], share: number): number {
  const rank = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
  return low + (high - low) * (rank - Math.floor(rank));
}
