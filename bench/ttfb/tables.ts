import type { Machine } from '../lib/machine.ts';
import { turnStages } from '../../src/ports/stages.ts';
import type { Difference } from './differences.ts';
import type { MadeCall } from './journal.ts';
import type { Interval } from './intervals.ts';
import type { AgentSummary, SureDistribution } from './summary.ts';

const columns = [
  'agent',
  'call',
  'turn',
  'warmUp',
  'atMs',
  'firstPacketMs',
  'firstAudioMs',
  'firstHeardMs',
  'silenceMs',
  ...turnStages,
] as const;

/** Every turn as a row (RFC 4180). Nobody told: empty. Stages are the lengths of their parts, ms. */
export function samplesCsv(calls: readonly MadeCall[]): string {
  const rows = calls.flatMap(({ turns, warmUp }) =>
    turns.map((one) => [
      ...[one.agent, one.call, one.turn, warmUp, one.atMs],
      ...[one.firstPacketMs, one.firstAudioMs, one.firstHeardMs, one.stages?.silenceMs ?? null],
      ...turnStages.map((stage) => one.stages?.partsMs[stage] ?? null),
    ]),
  );
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(Math.round(value * 1e3) / 1e3);
  if (typeof value === 'boolean') return String(value);
  // A sheet would take a leading sign for a formula.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The figures for a document: a row for each agent, and the differences that are real. */
export function summaryMarkdown(
  summary: {
    readonly backends: Readonly<Record<string, AgentSummary>>;
    readonly differences: readonly Difference[];
  },
  { command, machine }: { readonly command: string; readonly machine: Machine },
): string {
  const head = ['agent', 'turns', 'failed', 'first audio p50', 'p95', 'p99', 'max', 'SD', 'IQR'];
  const rows = Object.entries(summary.backends).map(([name, agent]) => agentRow(name, agent));
  const real = summary.differences.filter((one) => one.real);
  const { atTime, cpu, cores, node } = machine;
  return [
    `\`${command}\` · ${atTime} · ${cpu}, ${cores} cores, Node ${node}`,
    '',
    "From the end of the caller's wave to the first audible sample, ms; in brackets where the truth",
    'lies with 95 % confidence.',
    '',
    row([...head, 'p95 ÷ p50']),
    row([...head, ''].map((_, place) => (place === 0 ? '---' : '--:'))),
    ...rows.map(row),
    '',
    real.length === 0
      ? 'No difference between them that these turns can tell from chance.'
      : 'Differences that are real (Holm, 5 %):',
    ...(real.length === 0 ? [] : ['', ...real.map(differenceLine)]),
    '',
  ].join('\n');
}

function agentRow(name: string, agent: AgentSummary): readonly string[] {
  const { firstAudioMs, spread, turns, failures } = agent;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return [
    name.replaceAll('|', '\\|'),
    String(turns),
    String(failed),
    sure(firstAudioMs, 'p50'),
    sure(firstAudioMs, 'p95'),
    ...[firstAudioMs.p99, firstAudioMs.max, spread.sdMs, spread.iqrMs].map(whole),
    spread.p95OverP50.toFixed(2),
  ];
}

function sure({ ci95, ...distribution }: SureDistribution, key: 'p50' | 'p95'): string {
  return `${whole(distribution[key])} ${interval(ci95[key])}`;
}

function interval({ low, high }: Interval): string {
  return `[${low === null ? '?' : whole(low)}–${high === null ? '?' : whole(high)}]`;
}

function differenceLine({ a, b, metric, byMs, p }: Difference): string {
  const name = metric === 'spread' ? 'IQR' : metric;
  const side = byMs < 0 ? 'below' : 'above';
  return `- ${name} of ${b} is ${whole(Math.abs(byMs))} ms ${side} that of ${a} (p ${p.toPrecision(2)})`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function whole(value: number): string {
  return String(Math.round(value));
}
