import { agentSlow, fromAgent, idleAtMs, idleFired, slowAtMs } from './floor.ts';
import { awayAtMs, wentAway } from './presence.ts';
import {
  calmAtMs,
  classified,
  endOver,
  judgeAtMs,
  lingerAtMs,
  reconcile,
  release,
  settleLingering,
  wordsOver,
} from './overlap.ts';
import { clear, digitsAtMs, digitsOver, dtmf, manualCommit, mute, pushToTalk } from './hands.ts';
import { cut, andThen, withFloor, type Outcome } from './outcome.ts';
import { dropSpeculation, dropUnwanted, takeWords } from './speculation.ts';
import {
  endpoint,
  forgetUnheard,
  fromDetector,
  listens,
  noInput,
  noInputAtMs,
  stopSpeaking,
  tooLong,
} from './endpointing.ts';
import { fillerAtMs, fillerFired, fromTool } from './tool-waits.ts';
import { fromBackend } from './backend-turns.ts';
import type { ListeningOptions, TurnOptions } from './options.ts';
import type { TurnEffect, TurnInput, TurnStep } from './vocabulary.ts';
import type { TurnState } from './state.ts';

/**
 * Decides who has the floor. Pure: the same inputs at the same times give the same effects. Rules
 * are in RULES.md; each lives in the file named for it.
 */
export function step(
  state: TurnState,
  input: TurnInput,
  nowMs: number,
  options: TurnOptions,
): TurnStep {
  const [next, effects] = andThen(adjust(state, nowMs, options), (now) =>
    dispatch(now, input, nowMs, options),
  );
  return { state: next, effects, wakeAtMs: wakeAtMs(next, options) };
}

/** Settings may have changed since the last step. */
function adjust(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  return andThen(reconcile(state, nowMs, options), (judged) =>
    andThen(forgetUnheard(judged, options), (now) => dropUnwanted(now, options)),
  );
}

function dispatch(
  state: TurnState,
  input: TurnInput,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  switch (input.type) {
    case 'vad':
      return listens(options) ? heard(state, input, nowMs, options) : [state, []];
    case 'eot':
      return scored(state, input, nowMs, options);
    case 'interrupt':
      return classified(state, input.probability, nowMs, options);
    case 'partial':
    case 'final':
      return worded(state, input, nowMs, options);
    case 'model.begins':
      return modelBegins(state, nowMs, options);
    case 'line.opened':
    case 'line.audio':
    case 'line.outlook':
    case 'line.closed':
    case 'agent.quiet':
    case 'playback':
      return fromAgent(state, input, nowMs, options);
    case 'backend':
      return fromBackend(state, input, nowMs, options);
    case 'tool':
      return fromTool(state, input, nowMs);
    case 'client.commit':
      return manualCommit(state, input, nowMs);
    case 'client.clear':
      return clear(state, input, nowMs);
    case 'client.mute':
      return mute(state, input.muted, nowMs, options);
    case 'client.ptt':
      return pushToTalk(state, input, nowMs, options);
    case 'client.dtmf':
      return dtmf(state, input.digit, nowMs, options);
    case 'client.interrupt': // [T16]
      return state.agent.kind === 'idle'
        ? [state, []]
        : [{ ...state, agent: withFloor(state.agent, 'full'), calmUntilMs: null }, cut];
    case 'client.aec':
      return [{ ...state, aec: input.active }, []];
    case 'context':
      return dropSpeculation(state);
    case 'tick':
      return onTick(state, nowMs, options);
  }
}

function heard(
  state: TurnState,
  frame: TurnInput & { type: 'vad' },
  nowMs: number,
  options: ListeningOptions,
): Outcome {
  return andThen(fromDetector(state, frame, nowMs, options), (now) =>
    // [T35] A key that is down for so long is stuck.
    tooLong(now, options)
      ? stopSpeaking({ ...now, pressed: false }, { cause: 'limit', nowMs }, options)
      : [now, []],
  );
}

/** [T12] Who answers a pause has judged it to be the end. */
function modelBegins(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { caller } = state;
  return options.authority === 'model' && caller.kind === 'paused' && caller.shown
    ? stopSpeaking(state, { cause: 'silence', nowMs }, options)
    : [state, []];
}

/** [T32] */
function scored(
  state: TurnState,
  { probability, speechEndAudioMs }: TurnInput & { type: 'eot' },
  nowMs: number,
  options: TurnOptions,
): Outcome {
  const { caller } = state;
  const fits =
    caller.kind === 'paused' &&
    (speechEndAudioMs === null || caller.lastSpeechAudioMs === speechEndAudioMs);
  return fits && listens(options)
    ? endpoint({ ...state, caller: { ...caller, score: probability } }, nowMs, options)
    : [state, []];
}

/** [T22], [T33], [T50] */
function worded(
  state: TurnState,
  input: TurnInput & { type: 'partial' | 'final' },
  nowMs: number,
  options: TurnOptions,
): Outcome {
  if (state.overlap.kind !== 'none') return wordsOver(state, input, nowMs, options);
  return input.echo === true ? [state, []] : takeWords(state, input.text, nowMs);
}

/** A wait of the machine: when it ends, and what happens then. */
interface Wait {
  readonly atMs: (state: TurnState, options: TurnOptions) => number | null;
  readonly fire: (state: TurnState, nowMs: number, options: TurnOptions) => Outcome;
}

const waits: readonly Wait[] = [
  { atMs: noInputAtMs, fire: noInput },
  { atMs: judgeAtMs, fire: endOver },
  { atMs: lingerAtMs, fire: settleLingering },
  { atMs: calmAtMs, fire: release },
  { atMs: idleAtMs, fire: (state, nowMs) => idleFired(state, nowMs) },
  { atMs: digitsAtMs, fire: (state, _nowMs, options) => digitsOver(state, options) },
  { atMs: fillerAtMs, fire: fillerFired },
  { atMs: slowAtMs, fire: agentSlow },
  { atMs: awayAtMs, fire: wentAway },
];

/** Gives the floor to a line that opens only after the step: nobody else is asked meanwhile. */
function isRequest({ type }: TurnEffect): boolean {
  return type === 'startResponse' || type === 'say';
}

/** Everything that is due, each once, in the order of `waits`, up to the first request for a line. */
function onTick(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  let outcome: Outcome = [state, []];
  for (const { atMs, fire } of waits) {
    if (outcome[1].some(isRequest)) break;
    outcome = andThen(outcome, (now) => {
      const dueMs = atMs(now, options);
      return dueMs !== null && nowMs >= dueMs ? fire(now, nowMs, options) : [now, []];
    });
  }
  return outcome;
}

function wakeAtMs(state: TurnState, options: TurnOptions): number | null {
  const open = waits.map(({ atMs }) => atMs(state, options)).filter((atMs) => atMs !== null);
  return open.length === 0 ? null : Math.min(...open);
}
