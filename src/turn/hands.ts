import { cut, andThen, withFloor, type Outcome } from './outcome.ts';
import { dropSpeculation } from './speculation.ts';
import { endOver, release, settleLingering } from './overlap.ts';
import { listens, stopSpeaking } from './endpointing.ts';
import { present } from './presence.ts';
import type { TurnEffect, TurnInput } from './vocabulary.ts';
import type { TurnOptions } from './options.ts';
import type { TurnState } from './state.ts';

/** Keys of one input (a count); more are not taken. */
const digitsLimit = 64;

/** [T5] The client commits by hand. */
export function manualCommit(
  before: TurnState,
  { audioMs }: TurnInput & { type: 'client.commit' },
  nowMs: number,
): Outcome {
  const { caller } = before;
  const speechEndAudioMs =
    caller.kind === 'speaking' || caller.kind === 'paused' ? caller.lastSpeechAudioMs : null;
  const alive = andThen(present(before, nowMs), (now) => forgetSpeech(now, audioMs, nowMs));
  return andThen(alive, (state) => [
    { ...state, idleArmed: false, committedAtMs: null },
    [
      {
        type: 'commitTurn',
        cause: 'manual',
        fromAudioMs: null,
        toAudioMs: null,
        speechEndAudioMs,
      },
    ],
  ]);
}

/** [T6] */
export function clear(
  state: TurnState,
  { audioMs }: TurnInput & { type: 'client.clear' },
  nowMs: number,
): Outcome {
  return forgetSpeech(state, audioMs, nowMs);
}

/** Speech in progress is taken or forgotten; an agent that was lowered for it goes on. */
function forgetSpeech(before: TurnState, audioMs: number, nowMs: number): Outcome {
  const settled = andThen(settleLingering(before), dropSpeculation);
  return andThen(settled, (state) => {
    const judged = state.overlap.kind === 'candidate';
    const next: TurnState = {
      ...state,
      caller: { kind: 'silent' },
      overlap: { kind: 'none' },
      floorAudioMs: audioMs,
      transcript: null,
      speculations: 0,
    };
    return judged ? release(next, nowMs) : [next, []];
  });
}

/** [T65] A muted caller says nothing: speech in progress ends where it is. */
export function mute(
  state: TurnState,
  muted: boolean,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  const next: TurnState = { ...state, muted };
  if (!muted || state.pressed || !listens(options)) return [next, []];
  return state.overlap.kind === 'candidate'
    ? endOver(next, nowMs, options)
    : stopSpeaking(
        state.caller.kind === 'onset' ? { ...next, caller: { kind: 'silent' } } : next,
        { cause: 'silence', nowMs },
        options,
      );
}

/** [T64] Push-to-talk: the key says who has the floor. */
export function pushToTalk(
  state: TurnState,
  { pressed, audioMs }: TurnInput & { type: 'client.ptt' },
  nowMs: number,
  options: TurnOptions,
): Outcome {
  if (pressed === state.pressed) return [state, []];
  // After a handover, whoever decides now ends what the key began.
  if (options.authority !== 'gateway') return [{ ...state, pressed: false }, []];
  return pressed ? keyDown(state, audioMs, nowMs) : keyUp(state, audioMs, nowMs, options);
}

function keyDown(before: TurnState, audioMs: number, nowMs: number): Outcome {
  const alive = andThen(present(before, nowMs), settleLingering);
  return andThen(alive, (state) => {
    const { caller, agent } = state;
    const talking = caller.kind === 'speaking' || caller.kind === 'paused';
    const audioStartMs = talking ? caller.audioStartMs : Math.max(state.floorAudioMs, audioMs);
    const shown = talking && caller.shown;
    const effects: readonly TurnEffect[] = [
      ...(shown
        ? []
        : [{ type: 'event', event: { type: 'speechStarted', audioStartMs } } as const]),
      ...(agent.kind === 'idle' ? [] : interruptedByKey),
    ];
    return [
      {
        ...state,
        pressed: true,
        agent: withFloor(agent, 'full'),
        caller: {
          kind: 'speaking',
          audioStartMs,
          onsetAudioMs: audioStartMs,
          lastSpeechAudioMs: audioStartMs,
          shown: true,
        },
        overlap: { kind: 'none' },
        owesAnswer: false,
        idleArmed: false,
        calmUntilMs: null,
        committedAtMs: null,
      },
      effects,
    ];
  });
}

function keyUp(
  state: TurnState,
  audioMs: number,
  nowMs: number,
  { detection }: TurnOptions,
): Outcome {
  const { caller } = state;
  const up: TurnState = { ...state, pressed: false, presentAtMs: nowMs };
  // A commit or a clear while the key was down has taken what was said.
  if (caller.kind !== 'speaking' && caller.kind !== 'paused') return [up, []];
  const audioEndMs = Math.max(caller.audioStartMs, audioMs);
  const over: TurnState = {
    ...up,
    caller: { kind: 'silent' },
    floorAudioMs: audioEndMs,
    transcript: null,
    speculations: 0,
    speechEndAtMs: nowMs,
  };
  const committed: readonly TurnEffect[] = [
    { type: 'event', event: { type: 'speechStopped', audioEndMs } },
    {
      type: 'commitTurn',
      cause: 'manual',
      fromAudioMs: caller.audioStartMs,
      toAudioMs: audioEndMs,
      speechEndAudioMs: audioEndMs,
    },
  ];
  // With detection off the client asks for answers itself.
  const answers = detection?.createResponse === true;
  if (!answers) return andThen([over, committed], dropSpeculation);
  return state.agent.kind === 'idle'
    ? andThen([over, committed], (next) =>
        andThen(dropSpeculation(next), (plain) => [
          plain,
          [{ type: 'startResponse', cause: 'turn' }],
        ]),
      )
    : andThen([{ ...over, owesAnswer: true }, committed], dropSpeculation);
}

/** [T66] A key of the telephone: the first one silences the agent, `#` or a wait ends the input. */
export function dtmf(
  state: TurnState,
  digit: string,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  if (options.authority !== 'gateway') return [state, []];
  const text = state.digits?.text ?? '';
  const first = state.digits === null;
  const interrupts = first && state.agent.kind !== 'idle';
  const cutFirst = andThen(present(state, nowMs), (now) => [
    {
      ...now,
      idleArmed: false,
      digits: { text, atMs: nowMs },
      ...(interrupts ? { agent: withFloor(now.agent, 'full'), calmUntilMs: null } : {}),
    },
    interrupts ? interruptedByKey : [],
  ]);
  return andThen(cutFirst, (now) => {
    if (digit === '#') return digitsOver(now, options);
    const digits = { text: `${text}${digit}`.slice(0, digitsLimit), atMs: nowMs };
    return [{ ...now, digits }, []];
  });
}

/** [T66] Call time at which no further key is waited for. */
export function digitsAtMs({ digits }: TurnState, { times }: TurnOptions): number | null {
  return digits === null ? null : digits.atMs + times.digitsMs;
}

/** [T66] */
export function digitsOver(state: TurnState, { authority }: TurnOptions): Outcome {
  const { digits } = state;
  if (digits === null) return [state, []];
  const over: TurnState = { ...state, digits: null };
  if (digits.text === '') return [over, []];
  // [T51] The conversation has changed.
  return andThen(dropSpeculation(over), (now) => {
    const committed: readonly TurnEffect[] = [{ type: 'commitDigits', digits: digits.text }];
    // [T14]
    if (authority !== 'gateway') return [now, committed];
    return state.agent.kind === 'idle'
      ? [now, [...committed, { type: 'startResponse', cause: 'turn' }]]
      : [{ ...now, owesAnswer: true }, committed];
  });
}

const interruptedByKey: readonly TurnEffect[] = [
  { type: 'event', event: { type: 'interruption', by: 'key', judgedMs: 0 } },
  ...cut,
];
