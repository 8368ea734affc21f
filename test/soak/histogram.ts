/** Counts of a Prometheus histogram by upper edge, summed over its label sets. */
export type Buckets = ReadonlyMap<number, number>;

/** Reads one histogram out of a metrics page; `labels` must all be there. */
export function bucketsOf(page: string, name: string, labels = ''): Buckets {
  const found = new Map<number, number>();
  for (const line of page.split('\n')) {
    if (!line.startsWith(`${name}_bucket{`) || !line.includes(labels)) continue;
    const edge = /le="([^"]+)"/.exec(line)?.[1];
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (edge === undefined) continue;
    const at = edge === '+Inf' ? Infinity : Number(edge);
    found.set(at, (found.get(at) ?? 0) + value);
  }
  return new Map([...found].toSorted(([one], [other]) => one - other));
}

/** Upper bound of the bucket in which a share of what came between two readings lies. */
export function quantileBetween(before: Buckets, after: Buckets, share: number): number {
  const counts = [...after].map(
    ([edge, count]) => [edge, count - (before.get(edge) ?? 0)] as const,
  );
  const total = counts.at(-1)?.[1] ?? 0;
  return counts.find(([, count]) => count >= share * total)?.[0] ?? NaN;
}

/** Sum of a counter or gauge over its label sets. */
export function totalOf(page: string, name: string): number {
  let total = 0;
  for (const line of page.split('\n')) {
    if (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) {
      total += Number(line.slice(line.lastIndexOf(' ') + 1));
    }
  }
  return total;
}
