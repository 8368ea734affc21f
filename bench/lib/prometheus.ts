import { emptyDistribution, rounded, type Distribution } from './distribution.ts';

/** What a metrics page says at one moment (Prometheus text format 0.0.4). */
export class MetricsSnapshot {
  readonly #samples: readonly Sample[];

  constructor(text: string) {
    this.#samples = text.split('\n').flatMap((line) => readSample(line) ?? []);
  }

  /** Sum over all label sets that have these labels; 0 where there is no such sample. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let total = 0;
    for (const sample of this.#samples) {
      if (sample.name === name && has(sample, labels)) total += sample.value;
    }
    return total;
  }

  /** Whether there is a sample of this name at all. */
  has(name: string): boolean {
    return this.#samples.some((sample) => sample.name === name);
  }

  /** Cumulative counts by upper edge, ascending, summed over label sets. */
  buckets(name: string): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    for (const { name: sampleName, labels, value } of this.#samples) {
      if (sampleName !== `${name}_bucket`) continue;
      const edge = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
      found.set(edge, (found.get(edge) ?? 0) + value);
    }
    return new Map([...found].toSorted(([one], [other]) => one - other));
  }
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * What a histogram saw between two moments. Percentiles lie inside buckets and are interpolated
 * there, so they are as fine as the buckets; above the last edge, that edge stands. The mean is
 * exact.
 *
 * @param scale turns the metric's unit into that of the result
 */
export function histogramBetween(
  { before, after }: { readonly before: MetricsSnapshot; readonly after: MetricsSnapshot },
  name: string,
  scale: number,
): Distribution {
  const earlier = before.buckets(name);
  const counts = [...after.buckets(name)].map(
    ([edge, count]) => [edge, count - (earlier.get(edge) ?? 0)] as const,
  );
  const n = counts.at(-1)?.[1] ?? 0;
  if (n <= 0) return emptyDistribution;
  const sum = after.sum(`${name}_sum`) - before.sum(`${name}_sum`);
  const mean = sum / n;
  const at = (share: number): number => rounded(quantile(counts, share * n) * scale);
  let squares = 0;
  let lowEdge = 0;
  let lowCount = 0;
  for (const [edge, count] of counts) {
    const middle = edge === Infinity ? lowEdge : (lowEdge + edge) / 2;
    squares += (count - lowCount) * (middle - mean) ** 2;
    lowCount = count;
    if (edge !== Infinity) lowEdge = edge;
  }
  return {
    n,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
    mean: rounded(mean * scale),
    stddev: rounded(Math.sqrt(squares / n) * scale),
  };
}

function quantile(counts: readonly (readonly [number, number])[], rank: number): number {
  let lowEdge = 0;
  let lowCount = 0;
  for (const [edge, count] of counts) {
    if (count >= rank && count > lowCount) {
      if (edge === Infinity) return lowEdge;
      return lowEdge + ((edge - lowEdge) * (rank - lowCount)) / (count - lowCount);
    }
    if (edge !== Infinity) lowEdge = edge;
    lowCount = count;
  }
  return lowEdge;
}

function has({ labels }: Sample, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

function readSample(line: string): Sample | null {
  const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
  if (found === null) return null;
  const [, name, labelText, value] = found;
  const labels: Record<string, string> = {};
  for (const [, label, text] of (labelText ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[label!] = text!;
  }
  return { name: name!, labels, value: value === '+Inf' ? Infinity : Number(value) };
}
