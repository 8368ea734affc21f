import { distribution, rounded, type Distribution } from '../../lib/distribution.ts';
import type { Marks, OverlapMark } from './marks.ts';

/** What one way of deciding made of a set of dialogues. Rates are shares, 0–1. */
export interface TurnFigures {
  readonly dialogues: number;
  readonly holds: number;
  /** Holds in which the turn was ended. */
  readonly cutInRate: number;
  /** … and the agent was heard before the caller had finished. */
  readonly heardCutInRate: number;
  readonly cutInsInSpeech: number;
  readonly ends: number;
  /** Ends noticed after more than 1.6 s, or never. */
  readonly missedEndRate: number;
  /** Of ends that were not missed. */
  readonly endDelayMs: Distribution;
  readonly firstAudioMs: Distribution;
  /** Backchannels and interruptions: first sample to the first lowered one sent. */
  readonly duckMs: Distribution;
  readonly duckMissedRate: number;
  readonly interruptions: number;
  readonly trueYieldRate: number;
  readonly yieldMs: Distribution;
  /** Interruptions over which the agent came back to its level before they were over. */
  readonly falseResumeRate: number;
  readonly backchannels: number;
  readonly falseYieldRate: number;
  /** Backchannels that were waited out: how long the agent was lowered. */
  readonly backchannelGapMs: Distribution;
  readonly coughs: number;
  readonly coughYieldRate: number;
  readonly coughDuckRate: number;
  readonly resumptions: {
    readonly n: number;
    readonly committedRate: number;
    readonly retractedRate: number;
    readonly heardRate: number;
  };
  readonly earlyAnswers: { readonly n: number; readonly takenRate: number };
  readonly selfInterruptions: number;
  readonly selfDucks: number;
  readonly unspokenTurns: number;
  readonly lines: number;
  /** By the definitions of Full-Duplex-Bench v1, as far as they need no words. */
  readonly fullDuplexBench: {
    readonly pauseTakeoverRate: number;
    readonly turnLatencyMs: number;
    readonly interruptionTakeoverRate: number;
    readonly interruptionLatencyMs: number;
  };
}

/** Figures of a set of dialogues. */
export function figuresOf(all: readonly Marks[]): TurnFigures {
  const holds = all.flatMap((marks) => marks.holds);
  const ends = all.flatMap((marks) => marks.ends);
  const overlaps = all.flatMap((marks) => marks.overlaps);
  const resumptions = all.flatMap((marks) => marks.resumptions);
  const of = (kind: OverlapMark['kind']): readonly OverlapMark[] =>
    overlaps.filter((overlap) => overlap.kind === kind);
  const [spoken, interruptions, backchannels, coughs] = [
    overlaps.filter(({ kind }) => kind !== 'cough'),
    of('interruption'),
    of('backchannel'),
    of('cough'),
  ];
  const total = (count: (marks: Marks) => number): number =>
    all.reduce((sum, marks) => sum + count(marks), 0);
  const early = total((marks) => marks.earlyAnswers);
  const firstAudio = known(ends.map(({ firstAudioMs }) => firstAudioMs));
  const replies = known(interruptions.map(({ replyMs }) => replyMs));
  return {
    dialogues: all.length,
    holds: holds.length,
    cutInRate: share(holds, ({ cutIn }) => cutIn),
    heardCutInRate: share(holds, ({ heard }) => heard),
    cutInsInSpeech: total((marks) => marks.cutInsInSpeech),
    ends: ends.length,
    missedEndRate: share(ends, ({ missed }) => missed),
    endDelayMs: distribution(known(ends.map((end) => (end.missed ? null : end.delayMs)))),
    firstAudioMs: distribution(firstAudio),
    duckMs: distribution(known(spoken.map(({ duckMs }) => duckMs))),
    duckMissedRate: share(spoken, ({ duckMs }) => duckMs === null),
    interruptions: interruptions.length,
    trueYieldRate: share(interruptions, ({ yieldMs }) => yieldMs !== null),
    yieldMs: distribution(known(interruptions.map(({ yieldMs }) => yieldMs))),
    falseResumeRate: share(interruptions, ({ falseResume }) => falseResume),
    backchannels: backchannels.length,
    falseYieldRate: share(backchannels, ({ yieldMs }) => yieldMs !== null),
    backchannelGapMs: distribution(known(backchannels.map(({ loweredMs }) => loweredMs))),
    coughs: coughs.length,
    coughYieldRate: share(coughs, ({ yieldMs }) => yieldMs !== null),
    coughDuckRate: share(coughs, ({ duckMs }) => duckMs !== null),
    resumptions: {
      n: resumptions.length,
      committedRate: share(resumptions, ({ committed }) => committed),
      retractedRate: share(resumptions, ({ retracted }) => retracted),
      heardRate: share(resumptions, ({ heard }) => heard),
    },
    earlyAnswers: {
      n: early,
      takenRate: ratio(
        total((marks) => marks.earlyAnswersTaken),
        early,
      ),
    },
    selfInterruptions: total((marks) => marks.selfInterruptions),
    selfDucks: total((marks) => marks.selfDucks),
    unspokenTurns: total((marks) => marks.unspokenTurns),
    lines: total((marks) => marks.lines),
    fullDuplexBench: {
      pauseTakeoverRate: ratio(
        total((marks) => marks.takeovers),
        total((marks) => marks.heldTurns),
      ),
      turnLatencyMs: distribution(firstAudio).mean,
      interruptionTakeoverRate: ratio(replies.length, interruptions.length),
      interruptionLatencyMs: distribution(replies).mean,
    },
  };
}

/** A point of the end-of-turn curve, in eot-bench's terms. */
export interface CurvePoint {
  /** Mean delay over all ends that were noticed at all, ms. */
  readonly delayMs: number;
  readonly cutInRate: number;
}

/** Where these dialogues lie on the curve of their way of deciding. */
export function curvePoint(all: readonly Marks[]): CurvePoint {
  const holds = all.flatMap((marks) => marks.holds);
  return {
    delayMs: distribution(endDelaysMs(all)).mean,
    cutInRate: share(holds, ({ cutIn }) => cutIn),
  };
}

/** Delays of all ends that were noticed at all, ms. */
export function endDelaysMs(all: readonly Marks[]): readonly number[] {
  return known(all.flatMap((marks) => marks.ends.map(({ delayMs }) => delayMs)));
}

function known(values: readonly (number | null)[]): readonly number[] {
  return values.filter((value) => value !== null);
}

function share<T>(list: readonly T[], holds: (one: T) => boolean): number {
  return ratio(list.filter(holds).length, list.length);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : rounded(part / whole);
}
