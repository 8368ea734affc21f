import { cutInShare } from '../dialogues/holds.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import { marksOf, type Marks } from '../scoring/marks.ts';
import { curvePoint, endDelaysMs, type CurvePoint } from '../scoring/summary.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';
import { distribution, rounded } from '../../lib/distribution.ts';
import { playPrepared, type PreparedDialogue } from './play.ts';
import { dynamicTurns, fixedTurns, scoredTurns } from './turn-settings.ts';

/** Accuracies of the stand-in end-of-turn model: areas under the curve. */
const endAucs = [0.8, 0.9, 0.95] as const;
/** The one whose curve is `scored`. */
export const usualEndAuc = 0.9;

const fixedSilencesMs = [200, 300, 400, 500, 600, 800, 1_000, 1_300, 1_600] as const;
const dynamicFactors = [0.4, 0.55, 0.7, 0.85, 1, 1.3, 1.6, 2] as const;
const scoredShifts = [-2, -1, -0.4, 0.2, 0.8, 1.6, 3] as const;
const scoredTimeoutsMs = [700, 1_200, 2_000] as const;

/** Delay against cut-ins of every way to end a turn, without transcripts. */
export interface Curves {
  readonly fixed: readonly CurvePoint[];
  /**
   * What such timers must give on the generator's pauses: the share of pauses longer than the delay,
   * averaged over the measured delays. (Where the distribution bends, at 300 ms, the average of the
   * shares is not the share at the average.)
   */
  readonly analytic: readonly CurvePoint[];
  /** Largest distance between the two, in points of percent. */
  readonly fixedFromAnalyticPoints: number;
  /** The same from the share at the mean delay. */
  readonly fixedFromAnalyticAtMeanPoints: number;
  readonly dynamic: readonly CurvePoint[];
  /** With the stand-in of {@link usualEndAuc}. */
  readonly scored: readonly CurvePoint[];
  /** For each accuracy: its curve, and how far it is from the goal of 5 % at 550 ms. */
  readonly scoredByAuc: Readonly<Record<string, ScoredCurve>>;
}

interface ScoredCurve {
  readonly points: readonly CurvePoint[];
  /** Least delay at no more than 5 % cut-ins; `null`: no point has so few. */
  readonly delayAt5Ms: number | null;
  /** Least cut-ins at no more than 550 ms; `null`: no point is so quick. */
  readonly cutInRateAt550: number | null;
}

/** Plays the dialogues under every setting of the curves. */
export function measureCurves(
  dialogues: readonly PreparedDialogue[],
  parameters: GeneratorParameters,
): Curves {
  const play = (turns: TurnOptions, endAuc: number | null): readonly Marks[] =>
    dialogues.map((dialogue) => marksOf(playPrepared(dialogue, { turns, endAuc }, parameters)));
  const point = (turns: TurnOptions, endAuc: number | null): CurvePoint =>
    curvePoint(play(turns, endAuc));
  const timers = fixedSilencesMs.map((silenceMs) => play(fixedTurns(silenceMs), null));
  const fixed = timers.map(curvePoint);
  const analytic = timers.map((marks) => analyticPoint(endDelaysMs(marks)));
  const fromFixed = (shareOf: (index: number) => number): number =>
    rounded(
      100 * Math.max(...fixed.map(({ cutInRate }, index) => Math.abs(cutInRate - shareOf(index)))),
    );
  const byAuc = endAucs.map((auc) => {
    const grid = scoredTimeoutsMs.flatMap((timeoutMs) =>
      scoredShifts.map((shift) => point(scoredTurns(shift, timeoutMs), auc)),
    );
    return [String(auc), scoredCurve(grid)] as const;
  });
  const scoredByAuc = Object.fromEntries(byAuc);
  return {
    fixed,
    analytic,
    fixedFromAnalyticPoints: fromFixed((index) => analytic[index]!.cutInRate),
    fixedFromAnalyticAtMeanPoints: fromFixed((index) => cutInShare(fixed[index]!.delayMs)),
    dynamic: dynamicFactors.map((factor) => point(dynamicTurns(factor), null)),
    scored: scoredByAuc[String(usualEndAuc)]!.points,
    scoredByAuc,
  };
}

function analyticPoint(delaysMs: readonly number[]): CurvePoint {
  const sum = delaysMs.reduce((total, delayMs) => total + cutInShare(delayMs), 0);
  const cutInRate = delaysMs.length === 0 ? 0 : rounded(sum / delaysMs.length);
  return { delayMs: distribution(delaysMs).mean, cutInRate };
}

function scoredCurve(grid: readonly CurvePoint[]): ScoredCurve {
  const fewCutIns = grid.filter(({ cutInRate }) => cutInRate <= 0.05);
  const quick = grid.filter(({ delayMs }) => delayMs <= 550);
  return {
    points: front(grid),
    delayAt5Ms: fewCutIns.length === 0 ? null : Math.min(...fewCutIns.map((one) => one.delayMs)),
    cutInRateAt550: quick.length === 0 ? null : Math.min(...quick.map((one) => one.cutInRate)),
  };
}

/** Points that no other beats in both: thresholds are chosen on the same dialogues, as eot-bench does. */
function front(points: readonly CurvePoint[]): readonly CurvePoint[] {
  let fewest = Infinity;
  return points
    .toSorted((a, b) => a.delayMs - b.delayMs || a.cutInRate - b.cutInRate)
    .filter(({ cutInRate }) => {
      if (cutInRate >= fewest) return false;
      fewest = cutInRate;
      return true;
    });
}
