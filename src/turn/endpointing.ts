import {
  beginOver,
  endOver,
  hearOver,
  judgesOverlap,
  pauseOver,
  settleLingering,
  silenceOver,
} from './overlap.ts';
import { decideEnd, pauseLearnt, query } from './end-of-turn.ts';
import { listening, type ListeningOptions, type TurnOptions } from './options.ts';
import { startAnswer, maybeSpeculate, dropSpeculation } from './speculation.ts';
import { andThen, type Outcome } from './outcome.ts';
import { present } from './presence.ts';
import { echoLimit, learnt } from './suspicion.ts';
import type { CallerState, TurnState } from './state.ts';
import type { CommitCause, TurnEffect, TurnInput } from './vocabulary.ts';

/** How far below the threshold a frame must fall to count as silence (Silero's own iterator). */
const hysteresis = 0.15;

/** Speech and silence of the caller, frame by frame: rules T1 to T3. */
export function fromDetector(
  before: TurnState,
  frame: TurnInput & { type: 'vad' },
  nowMs: number,
  options: ListeningOptions,
): Outcome {
  const { threshold } = listening(options.detection);
  const state: TurnState = {
    ...learnt(before, frame, { threshold, nowMs }, options),
    audioMs: frame.audioMs,
    lastFrameAtMs: nowMs,
  };
  // [T2] The detector may lag behind a commit or a clear: what it hears of that audio is past.
  if (frame.audioMs <= state.floorAudioMs) return [state, []];
  // [T64], [T65] The key and the mute button say more than a detector.
  if (state.muted || state.pressed) return [state, []];
  const { caller, agent } = state;
  const sounds = agent.kind === 'speaking';
  // [T29]
  if (options.halfDuplex && sounds && (caller.kind === 'silent' || caller.kind === 'onset')) {
    return [{ ...state, caller: { kind: 'silent' } }, []];
  }
  // [T28] What the agent says into the caller's microphone is not the caller.
  const isEcho = (frame.echo ?? 0) >= echoLimit;
  const isSpeech = !isEcho && frame.probability >= threshold;
  const isSilence =
    isEcho || (!isSpeech && frame.probability < Math.max(0.01, threshold - hysteresis));
  switch (caller.kind) {
    case 'silent':
    case 'onset': {
      if (isSilence) return [{ ...state, caller: { kind: 'silent' } }, []];
      if (!isSpeech) return [state, []];
      const fromAudioMs =
        caller.kind === 'onset' ? caller.fromAudioMs : frame.audioMs - frame.frameMs;
      const speechMs = (caller.kind === 'onset' ? caller.speechMs : 0) + frame.frameMs;
      const { onsetMs, idleOnsetMs } = options.times;
      return speechMs < (sounds ? onsetMs : idleOnsetMs)
        ? [{ ...state, caller: { kind: 'onset', fromAudioMs, speechMs } }, []]
        : startSpeaking(state, { onsetAudioMs: fromAudioMs, speechMs }, nowMs, options);
    }
    case 'speaking':
    case 'paused':
      if (isSpeech || (caller.kind === 'speaking' && !isSilence)) {
        const speaking = speakingOn(caller, frame.audioMs);
        return hearOver(
          { ...pauseLearnt(state, caller, frame.audioMs - frame.frameMs), caller: speaking },
          { speechMs: isSpeech ? frame.frameMs : 0, echoPath: frame.echoPath ?? 'none' },
          nowMs,
          options,
        );
      }
      return silence(
        { ...state, caller: pausedNow(caller) },
        isEcho && frame.probability >= threshold ? frame.frameMs : 0,
        nowMs,
        options,
      );
  }
}

type Talking = CallerState & { kind: 'speaking' | 'paused' };

function speakingOn({ audioStartMs, onsetAudioMs, shown }: Talking, audioMs: number): Talking {
  return { kind: 'speaking', audioStartMs, onsetAudioMs, lastSpeechAudioMs: audioMs, shown };
}

function pausedNow(caller: Talking): Talking & { kind: 'paused' } {
  return caller.kind === 'paused' ? caller : { ...caller, kind: 'paused', askedMs: 0, score: null };
}

/** One more frame of silence in what may still be the same turn. */
function silence(
  state: TurnState,
  echoMs: number,
  nowMs: number,
  options: ListeningOptions,
): Outcome {
  if (state.overlap.kind === 'candidate') {
    const heard = echoMs > 0 ? silenceOver(state, echoMs) : state;
    return pauseOver(heard, nowMs, options);
  }
  return endpoint(state, nowMs, options);
}

/** [T3], [T30] to [T33]: whether the pause is the end; if not yet, who is to be asked. */
export function endpoint(state: TurnState, nowMs: number, options: ListeningOptions): Outcome {
  const { caller } = state;
  if (caller.kind !== 'paused' || state.overlap.kind === 'candidate') return [state, []];
  const cause = decideEnd(state, caller, options);
  if (cause !== null) return stopSpeaking(state, { cause, nowMs }, options);
  return andThen(query(state, caller, options), (asked) => maybeSpeculate(asked, nowMs, options));
}

/** [T2] and the floor rules at onset. */
function startSpeaking(
  before: TurnState,
  { onsetAudioMs, speechMs }: { readonly onsetAudioMs: number; readonly speechMs: number },
  nowMs: number,
  options: ListeningOptions,
): Outcome {
  const { prefixPaddingMs } = listening(options.detection);
  const audioStartMs = Math.max(before.floorAudioMs, onsetAudioMs - prefixPaddingMs, 0);
  const caller = {
    kind: 'speaking',
    audioStartMs,
    onsetAudioMs,
    lastSpeechAudioMs: before.audioMs,
    shown: true,
  } as const;
  const started: TurnEffect = { type: 'event', event: { type: 'speechStarted', audioStartMs } };
  return andThen(present({ ...before, caller, idleArmed: false }, nowMs), (state) => {
    if (state.agent.kind === 'idle') {
      return andThen(settleLingering({ ...state, owesAnswer: false }), (now) => [now, [started]]);
    }
    if (judgesOverlap(options)) return beginOver(state, speechMs, nowMs, options);
    // [T12] The model judges; what it thinks about nobody hears yet.
    const shown = options.authority !== 'model' || state.agent.kind === 'thinking';
    return [{ ...state, caller: { ...caller, shown }, owesAnswer: false }, shown ? [started] : []];
  });
}

/** [T3], [T4]: the speech is over; a turn if it was shown, an annotation if not. */
export function stopSpeaking(
  state: TurnState,
  { cause, nowMs }: { readonly cause: CommitCause; readonly nowMs: number },
  options: TurnOptions,
): Outcome {
  const { caller, audioMs } = state;
  if (caller.kind !== 'speaking' && caller.kind !== 'paused') return [state, []];
  const over: TurnState = {
    ...state,
    caller: { kind: 'silent' },
    floorAudioMs: Math.max(state.floorAudioMs, audioMs),
    transcript: null,
    speculations: 0,
    presentAtMs: nowMs,
  };
  if (!caller.shown) {
    const event = {
      type: 'speechDismissed',
      verdict: 'backchannel',
      audioStartMs: caller.audioStartMs,
      audioEndMs: audioMs,
      text: '',
    } as const;
    return [over, [{ type: 'event', event }]];
  }
  const committed: readonly TurnEffect[] = [
    { type: 'event', event: { type: 'speechStopped', audioEndMs: audioMs } },
    {
      type: 'commitTurn',
      cause: options.authority === 'model' ? 'model' : cause,
      fromAudioMs: caller.audioStartMs,
      toAudioMs: audioMs,
      speechEndAudioMs: caller.lastSpeechAudioMs,
    },
  ];
  const answers = options.authority === 'gateway' && options.detection?.createResponse === true;
  if (!answers || state.agent.kind !== 'idle') {
    const owing: TurnState = { ...over, owesAnswer: answers, committedAtMs: null };
    return andThen([owing, committed], dropSpeculation);
  }
  const speechEndAtMs = nowMs - (audioMs - caller.lastSpeechAudioMs);
  return andThen([{ ...over, committedAtMs: nowMs, speechEndAtMs }, committed], (next) =>
    startAnswer(next, state.transcript?.text ?? ''),
  );
}

/** Whether detector frames decide anything. */
export function listens(options: TurnOptions): options is ListeningOptions {
  return options.detection !== null && options.authority !== 'backend';
}

/**
 * [T4] Call time at which missing input ends the caller's speech. Under `backend` authority, with
 * detection off or with the key down no frames are asked for, so that their absence says nothing.
 */
export function noInputAtMs(state: TurnState, options: TurnOptions): number | null {
  return state.caller.kind !== 'silent' &&
    listens(options) &&
    !state.pressed &&
    state.lastFrameAtMs !== null
    ? state.lastFrameAtMs + options.times.noInputMs
    : null;
}

/** [T4] */
export function noInput(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  if (state.caller.kind === 'onset') return [{ ...state, caller: { kind: 'silent' } }, []];
  return state.overlap.kind === 'candidate'
    ? endOver(state, nowMs, options)
    : stopSpeaking(state, { cause: 'silence', nowMs }, options);
}

/** [T1] Settings changed: an onset that nobody listens to any more comes to nothing. */
export function forgetUnheard(state: TurnState, options: TurnOptions): Outcome {
  return state.caller.kind === 'onset' && !listens(options)
    ? [{ ...state, caller: { kind: 'silent' } }, []]
    : [state, []];
}

/** [T35] Whether the turn has become longer than any turn may be. */
export function tooLong({ caller, audioMs }: TurnState, { times }: TurnOptions): boolean {
  const speaks = caller.kind === 'speaking' || caller.kind === 'paused';
  return speaks && caller.shown && audioMs - caller.audioStartMs >= times.longestTurnMs;
}
