import type { Group, Measure } from './figures.ts';

/** A sample of a bench run, as far as it is looked at. */
interface BenchSample {
  readonly agent: string;
  readonly firstAudioMs: number | null;
  readonly firstHeardMs?: number | null;
  /** Not counted: the first turn with a backend. */
  readonly warmUp?: boolean;
}

/**
 * Samples of a file of `bench ttfb` (`bench/out/ttfb.json`), by agent.
 *
 * @throws RangeError where it is no such file
 */
export function benchGroups(text: string, name: string, measure: Measure): readonly Group[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new RangeError(`${name} is not JSON.`);
  }
  if (!isRun(data)) throw new RangeError(`${name} is not a file of bench ttfb.`);
  const groups = new Map<string, number[]>();
  for (const { agent, firstAudioMs, firstHeardMs = null, warmUp } of data.samples) {
    const sample = measure === 'silence' ? (firstHeardMs ?? firstAudioMs) : firstAudioMs;
    if (warmUp === true || typeof sample !== 'number') continue;
    const list = groups.get(agent) ?? [];
    list.push(sample);
    groups.set(agent, list);
  }
  return [...groups]
    .map(([agent, samples]) => ({
      name: `${name}: ${agent}`,
      samplesMs: samples.sort((a, b) => a - b),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function isRun(data: unknown): data is { readonly samples: readonly BenchSample[] } {
  if (typeof data !== 'object' || data === null || !('samples' in data)) return false;
  const { samples } = data;
  return (
    Array.isArray(samples) &&
    samples.every(
      (sample: unknown) =>
        typeof sample === 'object' &&
        sample !== null &&
        'agent' in sample &&
        typeof sample.agent === 'string',
    )
  );
}
