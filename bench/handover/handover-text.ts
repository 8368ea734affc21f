import type { BenchReport } from '../lib/report.ts';
import type { Distribution } from '../lib/distribution.ts';

interface Figures {
  readonly kills: number;
  readonly handovers: number;
  readonly gapOursMs: Distribution;
  readonly gapHeardMs: Distribution;
  readonly lostWords: number;
  readonly lostAgentWords: number;
  readonly repeatedWords: number;
  readonly toolsRunTwice: number;
  readonly callsEnded: number;
  readonly callsStuck: number;
}

const columns = [
  'deaths',
  'ours p50',
  'p99 ms',
  'heard p50',
  'p99 ms',
  'lost',
  'of agent',
  'twice',
  'tools 2×',
  'ended',
  'stuck',
] as const;

/** The report as a table, for people. */
export function handoverText({ summary, samplesFile }: BenchReport): string {
  const { pairs, moments } = summary as Readonly<Record<string, Readonly<Record<string, Figures>>>>;
  const rows = [
    ...Object.entries(pairs ?? {}),
    ...Object.entries(moments ?? {}),
    ['all', summary as unknown as Figures] as const,
  ];
  const widest = Math.max(...rows.map(([name]) => name.length));
  const head = ''.padEnd(widest) + columns.map((name) => name.padStart(10)).join('');
  const lines = rows.map(([name, of]) => {
    const cells = [
      of.kills,
      of.gapOursMs.p50,
      of.gapOursMs.p99,
      of.gapHeardMs.p50,
      of.gapHeardMs.p99,
      of.lostWords,
      of.lostAgentWords,
      of.repeatedWords,
      of.toolsRunTwice,
      of.callsEnded,
      of.callsStuck,
    ];
    return (
      name.padEnd(widest) + cells.map((cell) => String(Math.round(cell)).padStart(10)).join('')
    );
  });
  return [head, ...lines, `samples: ${samplesFile}`].join('\n');
}
