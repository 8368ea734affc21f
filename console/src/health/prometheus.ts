/** One line of the text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus' text format; comments and lines that are not samples are left out. */
export function readMetrics(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (parts === null) return [];
    const [, name = '', labelText = '', value = ''] = parts;
    const labels: Record<string, string> = {};
    for (const [, key = '', text = ''] of labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[key] = text;
    }
    return [{ name, labels, value: value === '+Inf' ? Infinity : Number(value) }];
  });
}

/** Sum over all series of a name; `null` where there is none. */
export function sum(samples: readonly Sample[], name: string): number | null {
  const found = samples.filter((sample) => sample.name === name);
  return found.length === 0 ? null : found.reduce((total, { value }) => total + value, 0);
}

/**
 * A quantile of a histogram over all its series, interpolated within its bucket as Prometheus does
 * it; the last finite bound where it lies beyond. `null` when nothing was counted.
 */
export function quantile(samples: readonly Sample[], name: string, share: number): number | null {
  const byBound = new Map<number, number>();
  for (const sample of samples) {
    if (sample.name !== `${name}_bucket`) continue;
    const le = sample.labels['le'] ?? '';
    const bound = le === '+Inf' ? Infinity : Number(le);
    byBound.set(bound, (byBound.get(bound) ?? 0) + sample.value);
  }
  const buckets = [...byBound].sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const rank = share * total;
  let below = { bound: 0, count: 0 };
  for (const [bound, count] of buckets) {
    if (count >= rank) {
      if (bound === Infinity) return below.bound;
      const within = count === below.count ? 1 : (rank - below.count) / (count - below.count);
      return below.bound + (bound - below.bound) * within;
    }
    below = { bound, count };
  }
  return below.bound;
}
