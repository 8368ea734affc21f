import type { BenchReport } from '../lib/report.ts';
import type { Distribution } from '../lib/distribution.ts';
import { profileNames } from './engine/profiles.ts';
import type { Curves } from './engine/curves.ts';
import type { TurnFigures } from './scoring/summary.ts';

type ProfileSummary = TurnFigures & {
  readonly noTranscript: TurnFigures;
  readonly withScores: TurnFigures;
  readonly withScoresNoTranscript: TurnFigures;
};

/** A report of `bench turns` for people. */
export function turnsText({ machine, summary, samplesFile, config }: BenchReport): string {
  const rows = profileNames.flatMap((name) => {
    const profile = summary[name] as ProfileSummary;
    return [
      row(name, profile),
      row('  no transcripts', profile.noTranscript),
      row('  with scores', profile.withScores),
      row('  scores alone', profile.withScoresNoTranscript),
    ];
  });
  const curves = summary['curves'] as Curves;
  const curve = (name: string, points: Curves['fixed']): string => {
    const cells = points.map((point) => `${ms(point.delayMs)}:${percent(point.cutInRate)}`);
    return `  ${name.padEnd(16)}${cells.join('  ')}`;
  };
  const scored = Object.entries(curves.scoredByAuc).map(([auc, { points }]) =>
    curve(`scored ${auc}`, points),
  );
  return [
    `parley bench turns (${machine.cpu}, ${machine.cores} cores, Node ${machine.node})`,
    `${String(config['dialogues'])} dialogues, ${String(config['echoDialogues'])} more with echo; ` +
      'transcripts and scores are stand-ins made from the truth',
    '',
    heading,
    ...rows,
    '',
    'delay after the end of speech : pauses cut into',
    curve('fixed timer', curves.fixed),
    curve('analytic', curves.analytic),
    curve('dynamic', curves.dynamic),
    ...scored,
    `  fixed and analytic differ by at most ${curves.fixedFromAnalyticPoints} points`,
    '',
    `echo: ${JSON.stringify(echoCounts(summary))}`,
    `real time: ${JSON.stringify((summary['realTime'] as { agreement?: unknown } | null)?.agreement ?? null)}`,
    `samples: ${samplesFile}`,
  ].join('\n');
}

const columns = [
  ['cut-ins', 9],
  ['heard', 8],
  ['missed', 8],
  ['end p50/p95', 13],
  ['first audio', 13],
  ['duck', 11],
  ['backch. yield', 15],
  ['interr. yield', 15],
  ['after p50/p95', 14],
] as const;
const heading = ''.padEnd(18) + columns.map(([name, width]) => name.padStart(width)).join('');

function row(name: string, figures: TurnFigures): string {
  const cells = [
    percent(figures.cutInRate),
    percent(figures.heardCutInRate),
    percent(figures.missedEndRate),
    pair(figures.endDelayMs),
    pair(figures.firstAudioMs),
    pair(figures.duckMs),
    percent(figures.falseYieldRate),
    percent(figures.trueYieldRate),
    pair(figures.yieldMs),
  ];
  return name.padEnd(18) + cells.map((cell, at) => cell.padStart(columns[at]![1])).join('');
}

function echoCounts(summary: BenchReport['summary']): unknown {
  const echo = summary['echo'] as { readonly unguarded: TurnFigures };
  const guarded = profileNames.map((name) => [
    name,
    (summary[name] as { readonly selfInterruptions: number | null }).selfInterruptions,
  ]);
  return {
    selfInterruptions: Object.fromEntries(guarded) as unknown,
    unguarded: echo.unguarded.selfInterruptions,
    lines: echo.unguarded.lines,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function ms(value: number): string {
  return String(Math.round(value));
}

function pair({ p50, p95 }: Distribution): string {
  return `${ms(p50)}/${ms(p95)}`;
}
