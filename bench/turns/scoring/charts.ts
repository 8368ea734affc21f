import { cumulative, type Chart, type Series } from '../../lib/svg.ts';
import type { Curves } from '../engine/curves.ts';
import type { EndMark, OverlapMark } from './marks.ts';
import { publishedPoints } from './published.ts';
import type { CurvePoint } from './summary.ts';

export interface TurnChartData {
  readonly curves: Curves;
  /** Ends of turns by profile. */
  readonly ends: ReadonlyMap<string, readonly EndMark[]>;
  /** Speech over the agent by who measured it. */
  readonly overlaps: ReadonlyMap<string, readonly OverlapMark[]>;
}

/** Plots of a run. */
export function turnCharts({ curves, ends, overlaps }: TurnChartData): readonly Chart[] {
  const scored = Object.entries(curves.scoredByAuc).map(([auc, { points }]) =>
    line(`scored, AUC ${auc}`, points),
  );
  return [
    {
      title: 'End of turn (*: published elsewhere, on other recordings)',
      xLabel: 'mean delay after the end of speech, ms',
      yLabel: 'share of pauses cut into',
      yBudget: 0.05,
      series: [
        line('fixed timer', curves.fixed),
        line('analytic timer', curves.analytic),
        line('dynamic', curves.dynamic),
        ...scored,
        ...publishedSeries(),
      ],
    },
    shares(
      'From the end of speech to the end of the turn, by profile',
      ends,
      ({ delayMs }) => delayMs,
    ),
    shares('From the onset to the first lowered sample', overlaps, (mark) =>
      mark.kind === 'cough' ? null : mark.duckMs,
    ),
    shares('From the onset of an interruption to the agent giving up', overlaps, (mark) =>
      mark.kind === 'interruption' ? mark.yieldMs : null,
    ),
  ];
}

function line(name: string, points: readonly CurvePoint[]): Series {
  return { name, points: points.map(({ delayMs, cutInRate }) => [delayMs, cutInRate]) };
}

function publishedSeries(): readonly Series[] {
  const systems = [...new Set(publishedPoints.map(({ system }) => system))];
  return systems.map((system) => ({
    ...line(
      `${system} *`,
      publishedPoints.filter((point) => point.system === system),
    ),
    dots: true,
  }));
}

function shares<Mark>(
  title: string,
  marks: ReadonlyMap<string, readonly Mark[]>,
  valueOf: (mark: Mark) => number | null,
): Chart {
  const series = [...marks].map(([name, own]) => ({
    name,
    points: cumulative(own.map(valueOf).filter((value) => value !== null)),
  }));
  return { title, xLabel: 'ms', yLabel: 'share', series };
}
