import type { BenchReport } from './report.ts';

/** A report for people: one line a figure, distributions in short. */
export function summaryText({ bench, machine, summary, samplesFile }: BenchReport): string {
  const lines = Object.entries(summary)
    .filter(([name]) => name !== 'steps' && name !== 'held')
    .map(([name, value]) => `  ${name}: ${short(value)}`);
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`;
  return [`parley bench ${bench} (${where})`, ...lines, `samples: ${samplesFile}`].join('\n');
}

function short(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('p50' in value && 'p99' in value && 'max' in value && 'n' in value) {
    const { n, p50, p99, max } = value;
    return `p50 ${String(p50)}, p99 ${String(p99)}, max ${String(max)} (n ${String(n)})`;
  }
  const entries = Object.entries(value).filter(([name]) => name !== 'held');
  const parts = entries.map(([name, part]) =>
    Array.isArray(value) ? short(part) : `${name} ${short(part)}`,
  );
  return `{ ${parts.join('; ')} }`;
}
