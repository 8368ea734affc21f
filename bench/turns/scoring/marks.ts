import type { TruthEvent } from '../dialogues/director.ts';
import { firstAfter, linesOf, since, soundsAt, timesOf } from './look-up.ts';
import type { Observation, PlayedDialogue } from './observed.ts';

/** An end found later than this is missed, ms. */
const missedAfterMs = 1_600;
/** An answer that comes later than this answers something else, ms. */
const answerWithinMs = 6_000;
/** A gate may fire so long after an overlap's end and still mean it, ms. */
const gateAfterMs = 150;
/** Words come later: a yield so long after the end still answers the overlap, ms. */
const yieldAfterMs = 1_500;
/** Without caller sound for so long, what the agent does about the caller comes from nothing, ms. */
const nobodySpokeMs = 2_000;
/** Speech of the agent this long inside a turn is a takeover (Full-Duplex-Bench), ms. */
const takeoverMs = 1_000;

type Turn = TruthEvent & { readonly type: 'turn' };
type GapEvent = TruthEvent & { readonly type: 'gap' };
type OverlapEvent = TruthEvent & { readonly type: 'overlap' };

/** Where an event is, so that two runs of the same dialogues can be compared. */
interface Place {
  readonly dialogue: number;
  readonly exchange: number;
}

/** A pause inside a turn. */
export interface HoldMark extends Place {
  readonly lengthMs: number;
  /** The turn was ended in it. */
  readonly cutIn: boolean;
  /** … and the agent was heard before the caller had finished. */
  readonly heard: boolean;
}

/** A pause after what looked like an end. */
export interface ResumptionMark extends Place {
  readonly committed: boolean;
  readonly retracted: boolean;
  readonly heard: boolean;
}

/** The end of a turn that did not begin over the agent. */
export interface EndMark extends Place {
  /** From the last sample to the turn's end, ms; `null`: nobody noticed. */
  readonly delayMs: number | null;
  readonly missed: boolean;
  /** To the first sample of the answer, ms; `null`: none came, or it had begun before the end. */
  readonly firstAudioMs: number | null;
}

export interface OverlapMark extends Place {
  readonly kind: OverlapEvent['kind'];
  /** From its first sample to the first lowered one, ms. */
  readonly duckMs: number | null;
  readonly yieldMs: number | null;
  /** How long the agent was lowered, where it came back, ms. */
  readonly loweredMs: number | null;
  /** The agent came back to its level while the caller went on. */
  readonly falseResume: boolean;
  /** From its end to the first sample of a new line, ms. */
  readonly replyMs: number | null;
}

/** Everything that is counted in one dialogue. */
export interface Marks {
  readonly holds: readonly HoldMark[];
  readonly resumptions: readonly ResumptionMark[];
  readonly ends: readonly EndMark[];
  readonly overlaps: readonly OverlapMark[];
  /** Turns ended while the caller spoke: too late for a pause that was just over, or without one. */
  readonly cutInsInSpeech: number;
  /** Short answers in the agent's last second, and how many of them became turns. */
  readonly earlyAnswers: number;
  readonly earlyAnswersTaken: number;
  /** Turns with a planned pause, and those in which the agent took over. */
  readonly heldTurns: number;
  readonly takeovers: number;
  /** Lines given up, and lines lowered, without the caller. */
  readonly selfInterruptions: number;
  readonly selfDucks: number;
  /** Turns without the caller. */
  readonly unspokenTurns: number;
  readonly lines: number;
}

/** Finds what happened at each event of the truth. */
export function marksOf(played: PlayedDialogue): Marks {
  const { truth, observed, index: dialogue } = played;
  const turns = truth.filter((event) => event.type === 'turn');
  const gaps = truth.filter((event) => event.type === 'gap');
  const overlaps = truth.filter((event) => event.type === 'overlap');
  const commits = timesOf(observed, 'committed');
  const early = turns.filter((turn) => turn.early);
  const alone = turns.filter((turn) => !turn.early);
  const place = ({ exchange }: { readonly exchange: number }): Place => ({ dialogue, exchange });
  const alive = overlaps.filter((overlap) => soundsAt(observed, overlap.lineId, overlap.startMs));
  return {
    holds: gaps
      .filter(({ kind }) => kind === 'hold')
      .map((gap) => ({ ...place(gap), ...holdMark(gap, { commits, turns, observed }) })),
    resumptions: gaps
      .filter(({ kind }) => kind === 'resumption')
      .map((gap) => ({ ...place(gap), ...resumptionMark(gap, { commits, turns, observed }) })),
    ends: alone.map((turn) => ({ ...place(turn), ...endMark(turn, { commits, observed }) })),
    overlaps: alive.map((overlap) => ({ ...place(overlap), ...overlapMark(overlap, observed) })),
    cutInsInSpeech: commits.filter((atMs) => inSpeech(atMs, turns, gaps)).length,
    earlyAnswers: early.length,
    earlyAnswersTaken: early.filter((turn) => firstAfter(commits, turn.startMs, 2_500) !== null)
      .length,
    ...takeoversOf(turns, gaps, observed),
    ...unprovoked(truth, observed),
    lines: timesOf(observed, 'lineStarted').length,
  };
}

interface Context {
  readonly commits: readonly number[];
  readonly turns: readonly Turn[];
  readonly observed: readonly Observation[];
}

function holdMark(gap: GapEvent, context: Context): Omit<HoldMark, keyof Place> {
  const lengthMs = gap.endMs - gap.startMs;
  const cutIn = committedIn(gap, context.commits);
  return { lengthMs, cutIn, heard: cutIn && heardIn(gap, context) };
}

function resumptionMark(gap: GapEvent, context: Context): Omit<ResumptionMark, keyof Place> {
  const committed = committedIn(gap, context.commits);
  const retracts = timesOf(context.observed, 'retracted');
  return {
    committed,
    retracted: committed && firstAfter(retracts, gap.startMs, 3_000) !== null,
    heard: committed && heardIn(gap, context),
  };
}

function committedIn({ startMs, endMs }: GapEvent, commits: readonly number[]): boolean {
  return firstAfter(commits, startMs, endMs - startMs) !== null;
}

/** Whether a line that began after the pause did was heard before the turn's true end. */
function heardIn({ startMs, exchange }: GapEvent, { turns, observed }: Context): boolean {
  const endMs = turns.find((turn) => turn.exchange === exchange)?.endMs ?? startMs;
  return firstAfter(timesOf(observed, 'lineStarted'), startMs, endMs - startMs) !== null;
}

function endMark(
  turn: Turn,
  { commits, observed }: Pick<Context, 'commits' | 'observed'>,
): Omit<EndMark, keyof Place> {
  const delayMs = since(turn.endMs, firstAfter(commits, turn.endMs, answerWithinMs));
  const starts = timesOf(observed, 'lineStarted');
  const begunBefore = firstAfter(starts, turn.startMs, turn.endMs - turn.startMs) !== null;
  const answeredMs = firstAfter(starts, turn.endMs, answerWithinMs);
  const firstAudioMs = begunBefore && delayMs === null ? null : since(turn.endMs, answeredMs);
  return { delayMs, missed: delayMs === null || delayMs > missedAfterMs, firstAudioMs };
}

function overlapMark(
  { kind, lineId, startMs, endMs }: OverlapEvent,
  observed: readonly Observation[],
): Omit<OverlapMark, keyof Place> {
  const lengthMs = endMs - startMs;
  const lowered = firstAfter(timesOf(observed, 'lowered', lineId), startMs, lengthMs + gateAfterMs);
  const yielded = firstAfter(
    timesOf(observed, 'yielded', lineId),
    startMs,
    lengthMs + yieldAfterMs,
  );
  const resumes = timesOf(observed, 'resumed', lineId);
  const resumed = lowered === null ? null : firstAfter(resumes, lowered, 10_000);
  // A gate that cuts at once is at least as good as one that ducks.
  const quiet = lowered === null || (yielded !== null && yielded < lowered) ? yielded : lowered;
  return {
    kind,
    duckMs: since(startMs, quiet),
    yieldMs: since(startMs, yielded),
    loweredMs: resumed === null || lowered === null ? null : resumed - lowered,
    falseResume: resumed !== null && resumed < endMs,
    replyMs: since(endMs, firstAfter(timesOf(observed, 'lineStarted'), endMs, answerWithinMs)),
  };
}

function takeoversOf(
  turns: readonly Turn[],
  gaps: readonly GapEvent[],
  observed: readonly Observation[],
): Pick<Marks, 'heldTurns' | 'takeovers'> {
  const held = turns.filter((turn) =>
    gaps.some((gap) => gap.exchange === turn.exchange && gap.kind === 'hold'),
  );
  const taken = held.filter((turn) =>
    linesOf(observed).some(({ startMs, endMs }) => {
      if (startMs <= turn.startMs || startMs >= turn.endMs) return false;
      return Math.min(endMs, turn.endMs) - startMs >= takeoverMs;
    }),
  );
  return { heldTurns: held.length, takeovers: taken.length };
}

function unprovoked(
  truth: readonly TruthEvent[],
  observed: readonly Observation[],
): Pick<Marks, 'selfInterruptions' | 'selfDucks' | 'unspokenTurns'> {
  const spoken = truth.flatMap((event) =>
    event.type === 'turn' || event.type === 'overlap' ? [event] : [],
  );
  const alone = (atMs: number, forMs: number): boolean =>
    !spoken.some(({ startMs, endMs }) => startMs <= atMs && endMs >= atMs - forMs);
  const count = (type: Observation['type'], forMs: number): number =>
    timesOf(observed, type).filter((atMs) => alone(atMs, forMs)).length;
  return {
    selfInterruptions: count('yielded', nobodySpokeMs),
    selfDucks: count('lowered', 500),
    unspokenTurns: count('committed', 5_000),
  };
}

function inSpeech(atMs: number, turns: readonly Turn[], gaps: readonly GapEvent[]): boolean {
  const inside = turns.some(({ startMs, endMs }) => startMs < atMs && atMs <= endMs);
  const explained = gaps.some(({ startMs, endMs }) => startMs < atMs && atMs <= endMs);
  return inside && !explained;
}
