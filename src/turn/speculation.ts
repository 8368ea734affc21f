import { normalised } from './words.ts';
import type { TurnState } from './state.ts';
import type { TurnOptions } from './options.ts';
import type { Outcome } from './outcome.ts';

/** [T50] What the caller says in this turn, so far; [T51] an answer to other words is dropped. */
export function takeWords(state: TurnState, text: string, nowMs: number): Outcome {
  const { caller, transcript, speculation } = state;
  if (caller.kind !== 'speaking' && caller.kind !== 'paused') return [state, []];
  if (transcript?.text === text) return [state, []];
  const heard: TurnState = { ...state, transcript: { text, sinceMs: nowMs } };
  return speculation !== null && speculation.words !== normalised(text)
    ? dropSpeculation(heard)
    : [heard, []];
}

/** [T50] Begins an answer when the words stand still and the end is likely. */
export function maybeSpeculate(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { caller, transcript, speculation } = state;
  const { times, detection, authority } = options;
  const may =
    options.speculation &&
    authority === 'gateway' &&
    detection?.createResponse === true &&
    state.agent.kind === 'idle' &&
    speculation === null &&
    state.speculations < times.speculationLimit;
  if (!may || caller.kind !== 'paused' || !caller.shown || transcript === null) return [state, []];
  const words = normalised(transcript.text);
  const stable = nowMs - transcript.sinceMs >= times.stableMs;
  const likely =
    (caller.score ?? 0) >= times.speculateScore ||
    state.audioMs - caller.lastSpeechAudioMs >= times.speculateSilenceMs;
  const short = state.audioMs - caller.audioStartMs <= times.speculateWithinMs;
  if (words === '' || !stable || !likely || !short) return [state, []];
  const speculationId = state.speculationCount + 1;
  return [
    {
      ...state,
      speculation: { speculationId, words },
      speculations: state.speculations + 1,
      speculationCount: speculationId,
    },
    [{ type: 'speculate', speculationId, text: transcript.text }],
  ];
}

/** [T51] What it rested on is no more. */
export function dropSpeculation(state: TurnState): Outcome {
  const { speculation } = state;
  if (speculation === null) return [state, []];
  const { speculationId } = speculation;
  return [{ ...state, speculation: null }, [{ type: 'dropSpeculation', speculationId }]];
}

/** [T51] Settings changed: nobody here starts answers any more. */
export function dropUnwanted(state: TurnState, { authority }: TurnOptions): Outcome {
  return authority === 'gateway' ? [state, []] : dropSpeculation(state);
}

/** [T14], [T51] The turn is answered: by what was begun, if it was begun on the very same words. */
export function startAnswer(state: TurnState, text: string): Outcome {
  const { speculation } = state;
  if (speculation === null) return [state, [{ type: 'startResponse', cause: 'turn' }]];
  const { speculationId, words } = speculation;
  const next: TurnState = { ...state, speculation: null };
  return words === normalised(text)
    ? [next, [{ type: 'startResponse', cause: 'turn', speculationId }]]
    : [
        next,
        [
          { type: 'dropSpeculation', speculationId },
          { type: 'startResponse', cause: 'turn' },
        ],
      ];
}
